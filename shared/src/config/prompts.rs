//! Prompt targets, the hosts they call, and what is refused.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Prose;
use crate::gateway::Template;

/// A host that prompt targets call.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// `host` or `host:port`.
    pub endpoint: String,
    /// How long it may take to reach it: `5s` unless said.
    #[cfg_attr(feature = "schema", schemars(example = "5s"))]
    pub connect_timeout: Option<String>,
    /// `http` unless said.
    pub protocol: Option<Protocol>,
    /// The `host` to send where it is not that of `endpoint`.
    pub http_host: Option<String>,
    /// Whether prompts that begin alike go to the same replica.
    pub prefix_affinity: Option<bool>,
}

/// How a host is spoken to.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    Http,
    Https,
}

/// Something that can be done with a prompt.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PromptTarget {
    pub name: String,
    /// What it is for: the model reads this.
    pub description: Prose,
    /// Whether it gets what fits no other.
    pub default: Option<bool>,
    /// Whether the endpoint's answer goes to the model.
    pub auto_llm_dispatch_on_response: Option<bool>,
    #[serde(default)]
    pub parameters: Vec<Parameter>,
    /// What is called.
    pub endpoint: Option<TargetEndpoint>,
    /// What the model is told first.
    pub system_prompt: Option<Prose>,
}

/// Something to find in a prompt.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    pub name: String,
    /// What it is: the model reads this.
    pub description: Prose,
    /// Its type, in Python's words: `str`, `int`, `list`.
    #[serde(rename = "type")]
    pub kind: String,
    pub required: Option<bool>,
    pub default: Option<Scalar>,
    /// The values it may have.
    #[serde(rename = "enum")]
    pub choices: Option<Vec<Scalar>>,
    /// Whether it stands in the path.
    pub in_path: Option<bool>,
    /// How it is written.
    pub format: Option<Prose>,
}

/// A value of a parameter.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Scalar {
    Boolean(bool),
    Integer(i64),
    Text(String),
}

/// What a prompt target calls.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TargetEndpoint {
    /// The name of one of `endpoints`.
    pub name: String,
    /// The path, with `{parameter}`s in it.
    pub path: String,
    /// `GET` unless said.
    pub http_method: Option<HttpMethod>,
    #[serde(default)]
    pub http_headers: BTreeMap<String, Template>,
}

/// How a prompt target calls.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "UPPERCASE")]
pub enum HttpMethod {
    Get,
    Post,
}

/// What prompt listeners refuse.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PromptGuards {
    pub input_guards: Option<InputGuards>,
}

/// What they refuse of prompts.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct InputGuards {
    pub jailbreak: Jailbreak,
}

/// Attempts to talk the model out of its rules.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Jailbreak {
    pub on_exception: OnException,
}

/// What is answered then.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OnException {
    pub message: Prose,
}
