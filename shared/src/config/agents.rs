//! Agents and filters.

use serde::Deserialize;

/// A service that answers conversations.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Agent {
    /// The name that listeners know it by.
    pub id: String,
    /// Where it is.
    pub url: String,
}

/// A service that looks at requests or answers.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// The name that listeners know it by.
    pub id: String,
    /// Where it is.
    pub url: String,
    /// How it is spoken to: `mcp` unless said.
    #[serde(rename = "type")]
    pub kind: Option<FilterKind>,
    /// How MCP is carried.
    pub transport: Option<Transport>,
    /// The tool to call: the filter's id unless said.
    pub tool: Option<String>,
}

/// How a filter is spoken to.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum FilterKind {
    Mcp,
    Http,
}

/// How MCP is carried.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    StreamableHttp,
}
