//! Spans, and where they go.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::gateway::Template;

/// Spans, and where they go.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Tracing {
    /// How many requests in a hundred get spans: none unless said.
    #[cfg_attr(feature = "schema", schemars(range(max = 100)))]
    pub random_sampling: Option<u8>,
    /// Without effect, as in Plano.
    pub trace_arch_internal: Option<bool>,
    /// The collector: `http://localhost:4317` unless said.
    pub opentracing_grpc_endpoint: Option<String>,
    pub span_attributes: Option<SpanAttributes>,
    /// Other places that hear of requests.
    #[serde(default)]
    pub exporters: Vec<Exporter>,
}

/// What spans tell besides.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SpanAttributes {
    /// Request headers whose names begin like this.
    #[serde(default)]
    pub header_prefixes: Vec<String>,
    /// Always this.
    #[serde(default, rename = "static")]
    pub constant: BTreeMap<String, String>,
}

/// Another place that hears of requests.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub enum Exporter {
    /// <https://posthog.com>
    Posthog {
        url: String,
        api_key: Template,
        /// The request header that tells users apart.
        distinct_id_header: Option<String>,
        /// Whether what was said is sent too: no unless said.
        capture_messages: Option<bool>,
    },
}
