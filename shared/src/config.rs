//! Plano's configuration as types, and the checks that turn it into a [`Compiled`](crate::gateway::Compiled) one.
//!
//! The types are the schema: with the feature `schema` their JSON Schema is generated from them, descriptions
//! included. The text is read where there are files; what is here needs none.

mod agents;
mod check;
mod fetch;
mod finding;
mod listeners;
mod prompts;
mod providers;
mod routing;
mod telemetry;
pub mod variables;

pub use agents::{Agent, Filter, FilterKind, Transport};
pub use check::check;
pub use fetch::Fetch;
pub use finding::{Finding, Path, Severity, Step, suggestion};
pub use listeners::{
    LegacyEntry, LegacyListeners, Listener, ListenerAgent, Listeners, MessageFormat, Router,
};
pub use prompts::{
    Endpoint, HttpMethod, InputGuards, Jailbreak, OnException, Parameter, PromptGuards, PromptTarget,
    Protocol, Scalar, TargetEndpoint,
};
pub use providers::{Aws, AwsOrigin, Azure, Google, InlinePreference, Provider};
pub use routing::{
    Cache, CacheKind, CostCatalogue, LatencySource, MetricsSource, Prefer, PromptCaching, Routing,
    RoutingBudget, RoutingPreference, SelectionPolicy, StateStorage, StorageKind,
};
pub use telemetry::{Exporter, SpanAttributes, Tracing};

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::gateway::Template;

/// A configuration of the gateway, in Plano's YAML.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The generation of the configuration.
    pub version: Version,
    /// The entry points.
    pub listeners: Listeners,
    /// Services that agent listeners hand requests to.
    #[serde(default)]
    pub agents: Vec<Agent>,
    /// Services that look at requests and answers on their way.
    #[serde(default)]
    pub filters: Vec<Filter>,
    /// The hosts that prompt targets call, by name.
    #[serde(default)]
    pub endpoints: BTreeMap<String, Endpoint>,
    /// The models, and the providers that have them.
    pub model_providers: Option<Vec<Provider>>,
    /// The old name of `model_providers`.
    pub llm_providers: Option<Vec<Provider>>,
    /// Friendly names of models.
    #[serde(default)]
    pub model_aliases: BTreeMap<String, Alias>,
    /// Fine tuning.
    #[serde(default)]
    pub overrides: Overrides,
    /// Use of the providers' prompt caches.
    pub prompt_caching: Option<PromptCaching>,
    /// What prompt listeners tell the model first.
    pub system_prompt: Option<Prose>,
    /// What prompt listeners can do with a prompt.
    #[serde(default)]
    pub prompt_targets: Vec<PromptTarget>,
    /// Limits on tokens, by caller.
    #[serde(default)]
    pub ratelimits: Vec<RateLimit>,
    /// Spans, and where they go.
    pub tracing: Option<Tracing>,
    /// What the gateway mostly is.
    pub mode: Option<Mode>,
    /// Sessions and budgets of the model router.
    pub routing: Option<Routing>,
    /// Where conversations of the Responses API are kept.
    pub state_storage: Option<StateStorage>,
    /// What prompt listeners refuse.
    pub prompt_guards: Option<PromptGuards>,
    /// Which models are for which tasks.
    #[serde(default)]
    pub routing_preferences: Vec<RoutingPreference>,
    /// Where prices and speeds of models come from.
    #[serde(default)]
    pub model_metrics_sources: Vec<MetricsSource>,
    /// The most the gateway takes in. Not in Plano.
    #[serde(default)]
    pub limits: Limits,
    /// Images and documents that requests name by their addresses, for providers that take only bytes. Not in Plano.
    pub fetch: Option<Fetch>,
    /// The brightstaff that a gateway at the edge reports to. Not in Plano.
    pub backend: Option<Backend>,
}

/// The generation of a configuration.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Version {
    #[serde(rename = "v0.1")]
    Short,
    #[serde(rename = "v0.1.0")]
    First,
    #[serde(rename = "0.1-beta")]
    Beta,
    #[serde(rename = "0.2.0")]
    Second,
    #[serde(rename = "v0.3.0")]
    Third,
    #[serde(rename = "v0.4.0")]
    Fourth,
}

/// A friendly name.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Alias {
    /// A declared model: `provider/model`, or the model alone.
    pub target: String,
}

/// Fine tuning.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Overrides {
    /// How sure the choice of a prompt target must be.
    pub prompt_target_intent_matching_threshold: Option<f64>,
    /// Whether answers of tools are left out of the router's prompt.
    pub optimize_context_window: Option<bool>,
    /// Whether prompts go to the one endpoint there is.
    pub use_agent_orchestrator: Option<bool>,
    /// Whether conversations are not looked at for signs of trouble.
    pub disable_signals: Option<bool>,
    /// How long it may take to reach a provider: `5s` unless said.
    #[cfg_attr(feature = "schema", schemars(example = "5s"))]
    pub upstream_connect_timeout: Option<String>,
    /// The file of the certificate authorities that providers are checked against.
    pub upstream_tls_ca_path: Option<String>,
    /// The model that routes between models.
    pub llm_routing_model: Option<String>,
    /// The model that routes between agents.
    pub agent_orchestration_model: Option<String>,
    /// The longest prompt of the router, in tokens: 8192 unless said.
    pub orchestrator_model_context_length: Option<u64>,
}

/// A limit on tokens.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// The model it is for.
    pub model: String,
    /// Whom it is for.
    pub selector: Selector,
    pub limit: Limit,
}

/// A request header that tells callers apart.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Selector {
    /// The header's name.
    pub key: String,
    /// The header's value; `*` is any.
    pub value: String,
}

/// So many tokens in a time.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Limit {
    pub tokens: u64,
    pub unit: Unit,
}

/// A time.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    Second,
    Minute,
    Hour,
    Day,
}

/// What the gateway mostly is.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    Llm,
    Prompt,
}

/// The most the gateway takes in, in bytes.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// A request's body: 32 MiB unless said.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub body_bytes: Option<usize>,
    /// A request's head: 64 KiB unless said.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub header_bytes: Option<usize>,
    /// A provider's answer that is not a stream: 64 MiB unless said.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub answer_bytes: Option<usize>,
    /// One event of a provider's stream: 16 MiB unless said.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub event_bytes: Option<usize>,
}

/// The brightstaff that a gateway at the edge reports to.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Backend {
    /// Where it is: `https://brightstaff.example.com`.
    pub url: String,
    /// The token it asks for, as `$VAR`.
    pub token: Option<Template>,
}

/// Text for people or models. A `$NAME` in it whose variable is not set stays as it is.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(transparent)]
pub struct Prose(pub String);

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Prose {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Prose".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "x-prose": true })
    }
}

/// `writeOnly` marks the values that are never expanded where the configuration is read.
#[cfg(feature = "schema")]
impl schemars::JsonSchema for Template {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "writeOnly": true })
    }
}

impl Config {
    /// The providers, and the key that they are under.
    pub fn providers(&self) -> (&'static str, &[Provider]) {
        match (&self.model_providers, &self.llm_providers) {
            (None, Some(old)) => ("llm_providers", old),
            (own, _) => ("model_providers", own.as_deref().unwrap_or_default()),
        }
    }
}
