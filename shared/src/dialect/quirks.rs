//! What a provider, or a model of its, does otherwise than the makers of the API.

use super::Name;

/// What to know of a provider in order to write to it.
#[derive(Clone, Copy, Debug)]
pub struct Quirks {
    /// Completions: what the limit on the answer is called.
    pub max_tokens: MaxTokens,
    /// Completions: whether `stream_options.include_usage` is understood.
    pub stream_usage: bool,
    /// Completions: the role of instructions from developers where it is not `developer`.
    pub developer: Option<&'static str>,
    /// Top-level members that the provider refuses and that are left out, with a loss. Completions: `function.strict` and
    /// `image_url.detail` are members further inside, of requests by clients of other APIs.
    pub drops: &'static [&'static str],
    /// Completions: members that the provider has under another name: OpenAI's name, and its own.
    pub renames: &'static [(&'static str, &'static str)],
    /// Completions: members beyond those all servers know that it takes from clients of other APIs: `store`, `metadata`,
    /// `service_tier`, `prompt_cache_key`, `verbosity`, `reasoning_effort`, `top_k`, `cache_control`,
    /// `web_search_options`; the part `video_url`; and what of tools: `custom_tools` for free text, `allowed_tools` for a choice among some.
    /// Completions and Responses: `prompt_cache_breakpoint`, on parts.
    /// Converse: what the model takes in `additionalModelRequestFields`: `top_k`, `thinking`; `stop_sequence` where it
    /// says which text ended it.
    pub extras: &'static [&'static str],
    /// Completions: the member of an assistant's message that its thinking comes back in: `reasoning_content`,
    /// `reasoning` or `reasoning_details`; none where it must not come back.
    pub reasoning: Option<&'static str>,
    /// Top-level members that must have a value (as JSON), whatever the client says. Where that is `stream`, a client that
    /// wants a whole answer gets the stream gathered.
    pub sets: &'static [(&'static str, &'static str)],
    /// Completions: how clients of other APIs switch thinking on and off.
    pub switch: Switch,
    /// Completions: the client's words of `reasoning_effort` and the provider's. Empty: all words pass; otherwise a
    /// word that is not listed is left out, with a loss.
    pub efforts: &'static [(&'static str, &'static str)],
    /// Messages: the limit on the answer where the client set none; the API demands one.
    pub default_max_tokens: u64,
    /// Messages, Generate: whether thinking is asked for by a budget of tokens; otherwise the model decides, and is told
    /// how hard to try.
    pub budgets: bool,
    /// Completions: what it takes for the id of a call, where it does not take any.
    pub call_ids: Option<CallIds>,
    /// Completions: whether calls come with Gemini's signatures and want them back.
    pub signed_calls: bool,
    /// Generate: the signature of calls that another model made, where the model takes none without.
    pub unsigned_calls: Option<&'static str>,
    /// Completions: how many texts may end an answer.
    pub stops: usize,
    /// The forms of answers that can be asked for as such: `json_object`, `json_schema`. Any other is asked for by a tool
    /// that the model must use. Messages, Converse: where `json_schema` is among them, tools can be strict too.
    pub formats: &'static [&'static str],
    /// The highest temperature.
    pub max_temperature: Option<f32>,
    /// Embeddings: whether `encoding_format` is understood. Where it is not, the provider gives numbers, and who wants
    /// them in Base64 gets them so all the same.
    pub encoding_format: bool,
    /// Under which name the provider's counter knows the model.
    pub counted: Counted,
    /// Completions: how documents are attached.
    pub documents: Documents,
    /// Completions: how recordings are attached.
    pub recordings: Recordings,
    /// Whether images and documents must be there in bytes though the API has a place for their addresses.
    pub only_bytes: bool,
}

/// Under which name a provider counts a model's tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Its own.
    Named,
    /// What is left of its own from here on.
    From(&'static str),
    /// Under none.
    Never,
}

/// How thinking is asked for in Chat Completions, which has no member for it but `reasoning_effort`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// Not besides `reasoning_effort`.
    Effort,
    /// `thinking: {"type": "enabled"}` or `"disabled"`, and `reasoning_effort` where it is among the extras.
    Thinking,
    /// `enable_thinking`, and `thinking_budget` in tokens.
    EnableThinking,
    /// `reasoning: {"effort": …}` or `{"max_tokens": …}`.
    Reasoning,
}

/// How documents are attached in Chat Completions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Documents {
    /// In a `file`: in bytes, or by an id.
    File,
    /// In a `file`, whose `file_data` may be an address too.
    FileOrAddress,
    /// As a value: `document_url`, an address or a `data:` URL, or the `file_id` of a `file`.
    Value,
    /// Not at all.
    None,
}

/// How recordings are attached in Chat Completions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recordings {
    /// `input_audio` is an object with `data` and `format`.
    Object,
    /// `input_audio` is the Base64, or an address.
    Value,
    /// Not at all.
    None,
}

/// What a provider takes for the id of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallIds {
    /// The shortest, in bytes.
    pub least: usize,
    /// The longest, in bytes.
    pub most: usize,
    /// What it may have besides letters and digits; none: anything.
    pub marks: Option<&'static str>,
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
    /// The provider's name for a member.
    pub fn name<'n>(&self, member: &'n str) -> &'n str {
        self.renames.iter().find(|(from, _)| *from == member).map_or(member, |(_, to)| to)
    }

    /// What a provider is like unless its row says otherwise.
    pub const USUAL: Quirks = Quirks {
        max_tokens: MaxTokens::Legacy,
        stream_usage: true,
        developer: Some("system"),
        drops: &[],
        renames: &[],
        extras: &[],
        switch: Switch::Effort,
        reasoning: None,
        sets: &[],
        efforts: &[],
        default_max_tokens: 4096,
        budgets: true,
        call_ids: None,
        signed_calls: false,
        unsigned_calls: None,
        stops: usize::MAX,
        formats: &["json_object", "json_schema"],
        max_temperature: None,
        encoding_format: false,
        counted: Counted::Named,
        documents: Documents::File,
        recordings: Recordings::Object,
        only_bytes: false,
    };
}

/// What a provider's models are like that differ from the others.
#[derive(Clone, Copy, Debug)]
pub struct ModelQuirks {
    pub model: Name,
    pub quirks: Quirks,
}
