//! Addresses that requests name.

use serde::Deserialize;

/// How images and documents that requests name by their addresses are fetched for providers that take only bytes. Without
/// it such requests are refused.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Fetch {
    /// The hosts they may be on: `images.example.com`, `*.example.com` for all below, `*` for any that is public; with a
    /// port where it is not the usual one.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub hosts: Vec<String>,
    /// Whether `http://` will do, too.
    #[serde(default)]
    pub http: bool,
    /// Networks that they may be in though they are not public, like `10.1.0.0/16`.
    #[serde(default)]
    pub private_networks: Vec<String>,
    /// The longest of them, in bytes: 10 MiB unless said.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub file_bytes: Option<usize>,
    /// All of one request's together, in bytes: 20 MiB unless said.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub request_bytes: Option<usize>,
    /// How many one request may name: 20 unless said.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100)))]
    pub files: Option<usize>,
    /// How long all of one request's may take: `10s` unless said.
    #[cfg_attr(feature = "schema", schemars(example = "10s"))]
    pub timeout: Option<String>,
}
