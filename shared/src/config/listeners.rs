//! Entry points.

use serde::Deserialize;

use super::Prose;
use crate::gateway::ListenerKind;

/// The entry points, as a list or in the old form.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Listeners {
    List(Vec<Listener>),
    Legacy(LegacyListeners),
}

/// An entry point.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Listener {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: ListenerKind,
    /// Model listeners have 12000 unless said, prompt listeners 10000; agent listeners must say.
    pub port: Option<u16>,
    /// The address to listen on: `127.0.0.1` unless said.
    pub address: Option<String>,
    /// How long a provider may take until its answer begins: `300s` unless said, `30s` for agents.
    #[cfg_attr(feature = "schema", schemars(example = "300s"))]
    pub timeout: Option<String>,
    /// How often a failed request is sent again: never unless said.
    #[cfg_attr(feature = "schema", schemars(range(max = 100)))]
    pub max_retries: Option<u32>,
    /// After which silence a streamed answer gets a comment or a ping: `15s` unless said; `off` for never. Not in Plano.
    #[cfg_attr(feature = "schema", schemars(example = "15s"))]
    pub keep_alive: Option<String>,
    /// Whether answers say what the translation of their requests could not carry, as with `x-plano-loss: report`. Not in
    /// Plano.
    pub report_losses: Option<bool>,
    /// Whether a request is refused that a translation could not carry whole, as with `x-plano-loss: strict`. Not in Plano.
    pub strict: Option<bool>,
    /// What chooses among the agents.
    pub router: Option<Router>,
    /// The agents that an agent listener chooses from.
    #[serde(default)]
    pub agents: Vec<ListenerAgent>,
    /// Filters that requests go through, by id.
    #[serde(default)]
    pub input_filters: Vec<String>,
    /// Filters that answers go through, by id.
    #[serde(default)]
    pub output_filters: Vec<String>,
}

/// What chooses among agents.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Router {
    PlanoOrchestratorV1,
}

/// An agent as a listener offers it.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListenerAgent {
    /// The agent's id.
    pub id: String,
    /// What it is for: the router reads this.
    pub description: Prose,
    /// Whether it gets what fits no other.
    pub default: Option<bool>,
    /// Filters that its requests go through, by id.
    #[serde(default)]
    pub input_filters: Vec<String>,
}

/// The entry points in the form before v0.3.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LegacyListeners {
    /// For prompts.
    pub ingress_traffic: Option<LegacyEntry>,
    /// For models.
    pub egress_traffic: Option<LegacyEntry>,
}

/// An entry point in the form before v0.3.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LegacyEntry {
    pub address: Option<String>,
    pub port: Option<u16>,
    pub message_format: Option<MessageFormat>,
    #[cfg_attr(feature = "schema", schemars(example = "300s"))]
    pub timeout: Option<String>,
}

/// What clients send.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum MessageFormat {
    Openai,
}

impl Listeners {
    /// The entry points as a list, each with the keys that it is under. The old form's come after their kinds.
    pub fn entries(&self) -> Vec<(super::Path, Listener)> {
        let root = super::Path::default().key("listeners");
        match self {
            Listeners::List(list) => {
                let indexed = list.iter().cloned().enumerate();
                indexed.map(|(index, listener)| (root.index(index), listener)).collect()
            }
            Listeners::Legacy(old) => {
                let prompt = old.ingress_traffic.as_ref().map(|entry| {
                    (root.key("ingress_traffic"), entry.listener("ingress_traffic", ListenerKind::Prompt))
                });
                let model = old.egress_traffic.as_ref().map(|entry| {
                    (root.key("egress_traffic"), entry.listener("egress_traffic", ListenerKind::Model))
                });
                prompt.into_iter().chain(model).collect()
            }
        }
    }
}

impl LegacyEntry {
    fn listener(&self, name: &str, kind: ListenerKind) -> Listener {
        Listener {
            name: name.to_owned(),
            kind,
            port: self.port,
            address: self.address.clone(),
            timeout: self.timeout.clone(),
            max_retries: None,
            keep_alive: None,
            report_losses: None,
            strict: None,
            router: None,
            agents: Vec::new(),
            input_filters: Vec::new(),
            output_filters: Vec::new(),
        }
    }
}
