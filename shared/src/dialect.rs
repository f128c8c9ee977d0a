//! Providers as rows of data.

use crate::api::Api;

/// What to know of a provider in order to write to it.
#[derive(Clone, Copy, Debug)]
pub struct Quirks {
    /// Completions: what the limit on the answer is called.
    pub max_tokens: MaxTokens,
    /// Completions: whether `stream_options.include_usage` is understood.
    pub stream_usage: bool,
    /// Completions: the role of instructions from developers where it is not `developer`.
    pub developer: Option<&'static str>,
    /// Top-level members that the provider refuses and that are left out, with a loss.
    pub drops: &'static [&'static str],
    /// Completions: members beyond those all servers know that it takes from clients of other APIs: `store`, `metadata`,
    /// `service_tier`, `prompt_cache_key`, `verbosity`, `reasoning_effort`, `top_k`, `cache_control`.
    pub extras: &'static [&'static str],
    /// Completions: the member of an assistant's message that its thinking comes back in: `reasoning_content`,
    /// `reasoning` or `reasoning_details`; none where it must not come back.
    pub reasoning: Option<&'static str>,
    /// Messages: the limit on the answer where the client set none; the API demands one.
    pub default_max_tokens: u64,
    /// The highest temperature.
    pub max_temperature: Option<f32>,
}

/// What Chat Completions calls the longest answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaxTokens {
    /// `max_completion_tokens`, as OpenAI and Azure want it for all newer models.
    Completion,
    /// `max_tokens`, as nearly everybody else does.
    Legacy,
}

impl Quirks {
    /// What a provider is like unless its row says otherwise.
    pub const USUAL: Quirks = Quirks {
        max_tokens: MaxTokens::Legacy,
        stream_usage: true,
        developer: Some("system"),
        drops: &[],
        extras: &[],
        reasoning: None,
        default_max_tokens: 4096,
        max_temperature: None,
    };
}

/// A provider.
#[derive(Clone, Copy, Debug)]
pub struct Dialect {
    /// Its id in configurations: the part of a model's name before the slash, or `provider_interface`.
    pub id: &'static str,
    /// Other spellings of the id.
    pub aliases: &'static [&'static str],
    /// Its name for people, `owned_by` in lists of models.
    pub name: &'static str,
    /// The environment variable that usually holds its key.
    pub key: Option<&'static str>,
    /// The complete root of its API; none where the configuration must say.
    pub base: Option<&'static str>,
    /// The path that a `base_url` without one gets.
    pub root: &'static str,
    /// The APIs it speaks; the first is for clients of any other.
    pub apis: &'static [Api],
    /// Where an API's operation is, behind the root, where that is not the usual place.
    /// `{model}` stands for the percent-encoded model.
    pub paths: &'static [(Api, &'static str)],
    /// How its key is sent, by API; the usual way of the API where none is given.
    pub auth: &'static [(Api, Auth)],
    /// Headers it wants besides.
    pub headers: &'static [(&'static str, &'static str)],
    pub quirks: Quirks,
}

/// How a key is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// `authorization: Bearer KEY`
    Bearer,
    /// The key alone, in this header.
    Header(&'static str),
}
