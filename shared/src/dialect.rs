//! Providers as rows of data: where each is, what it speaks, how it wants its key, what it refuses.
//!
//! A base is the complete root of an API. What is called follows from the provider and the API spoken with it, never
//! from the path that a client came by.

mod encoding;
mod rows;

pub use encoding::Encoding;
pub use rows::{ANYTHING, DIALECTS};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::api::Api;
use crate::gateway::Cloud;
use crate::wire::Framing;

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
    /// `web_search_options`; and what of tools: `custom_tools` for free text, `allowed_tools` for a choice among some.
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
        only_bytes: false,
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
    /// The root where it follows from `region` and `project`, for the regions that begin so; the first that fits counts.
    pub places: &'static [(Name, &'static str)],
    /// The variables that usually hold these two; of the region's, the first that is set counts.
    pub usual_place: UsualPlace,
    /// The service that requests are signed for (SigV4), where they can be signed instead of carrying a key.
    pub signs: Option<&'static str>,
    /// The cloud whose accounts lend tokens for it.
    pub tokens: Option<Cloud>,
    /// A `base_url` to show where the configuration must say.
    pub example: &'static str,
    /// The path that a `base_url` without one gets.
    pub root: &'static str,
    /// Endings of a `base_url` that mean another root: what other gateways have people write.
    pub endings: &'static [(&'static str, &'static str)],
    /// The APIs it speaks; the first is for clients of any other. None: it is not served yet.
    pub apis: &'static [Api],
    /// Models that speak other APIs than the rest; the first that fits counts.
    pub speaks: &'static [(Name, &'static [Api])],
    /// The APIs that it has in a form of its own.
    pub forms: &'static [Form],
    /// Where operations are that are not in the usual place behind the root.
    pub routes: &'static [Route],
    /// What it has besides answers, and in which of its APIs. Of one that is reached at an address of somebody's own
    /// nobody can know, so it is asked for anything that is in the API's family.
    pub tasks: &'static [(Api, &'static [Task])],
    /// Where that is, where it is not at the client's own path behind the root.
    pub elsewhere: &'static [Elsewhere],
    /// The version of the API where routes have one in them and the configuration says nothing.
    pub api_version: &'static str,
    /// How its key is sent, by API, where that is not the usual way of the API.
    pub auth: &'static [(Api, Auth)],
    /// Headers it wants besides.
    pub headers: &'static [(&'static str, &'static str)],
    /// Headers whose values are in these variables, left out where they are not set.
    pub variables: &'static [(&'static str, &'static str)],
    /// Whether it is called with the caller's own credential where the configuration has none.
    pub passthrough: bool,
    /// How the names of its own models begin: what a name without a provider is taken for.
    pub makes: &'static [&'static str],
    pub quirks: Quirks,
    /// Models that differ from the provider's quirks; the first that fits counts.
    pub models: &'static [&'static [ModelQuirks]],
}

/// How a key is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// `authorization: Bearer KEY`
    Bearer,
    /// The key alone, in this header.
    Header(&'static str),
}

/// Where an operation is, behind the root.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    pub api: Api,
    /// How the root ends that the route is for.
    pub under: &'static str,
    /// `{model}` stands for the percent-encoded model, `{version}` for the version of the API.
    pub path: &'static str,
    /// The path for answers that are to be streamed, where it is another.
    pub stream: Option<&'static str>,
}

/// The variables that usually hold where an account is.
#[derive(Clone, Copy, Debug)]
pub struct UsualPlace {
    pub region: &'static [&'static str],
    pub project: Option<&'static str>,
}

/// An API in a form that is not its maker's: what differs of its bodies, headers and streams.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    pub api: Api,
    /// Top-level members that the path says, and the body must not.
    pub drops: &'static [&'static str],
    /// Headers of the API that are members of the body instead.
    pub moves: &'static [Move],
    pub framing: Framing,
    /// Whether images and documents must be there in bytes: their addresses are not fetched.
    pub only_bytes: bool,
    /// The API in whose words its errors are where they are not in those of the form's.
    pub errors: Api,
}

/// A header that is a member of the body instead.
#[derive(Clone, Copy, Debug)]
pub struct Move {
    pub header: &'static str,
    pub member: &'static str,
    pub shape: Shape,
}

/// What becomes of a header's value in a body.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// A string that must be there: `own` where the client says `usual` or nothing.
    Word { usual: &'static str, own: &'static str },
    /// An array of the words between commas, but for those that begin so: the provider refuses them, and they are lost.
    List { refused: &'static [&'static str] },
}

/// What can be asked of a provider besides an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// How many tokens a request has.
    Count,
    /// Vectors for texts.
    Embeddings,
    /// OpenAI's Completions of before Chat Completions.
    Texts,
    /// Pictures, made and edited.
    Images,
    /// Speech, and what was said in it.
    Audio,
    Moderations,
    Rerank,
    /// Files that the provider keeps.
    Files,
    /// Many requests at once, answered later.
    Batches,
    /// Responses that the provider keeps.
    Responses,
}

impl Task {
    /// The word for it in errors.
    pub fn name(self) -> &'static str {
        match self {
            Task::Count => "a counter of tokens",
            Task::Embeddings => "embeddings",
            Task::Texts => "text completions",
            Task::Images => "images",
            Task::Audio => "audio",
            Task::Moderations => "moderations",
            Task::Rerank => "rerank",
            Task::Files => "files",
            Task::Batches => "batches",
            Task::Responses => "stored responses",
        }
    }
}

/// Where what is asked besides an answer is, behind the root.
#[derive(Clone, Copy, Debug)]
pub struct Elsewhere {
    pub api: Api,
    pub tasks: &'static [Task],
    /// How the root ends that the place is for.
    pub under: &'static str,
    /// `{path}` stands for the usual path, `{model}` and `{version}` as in a [`Route`].
    pub path: &'static str,
}

/// What a provider's models are like that differ from the others.
#[derive(Clone, Copy, Debug)]
pub struct ModelQuirks {
    pub model: Name,
    pub quirks: Quirks,
}

/// Which models a row is for.
#[derive(Clone, Copy, Debug)]
pub enum Name {
    Exact(&'static str),
    Prefix(&'static str),
    /// This part anywhere: names may begin with a region, or be ARNs.
    Part(&'static str),
}

impl Name {
    pub(crate) fn fits(self, model: &str) -> bool {
        match self {
            Name::Exact(name) => model == name,
            Name::Prefix(prefix) => model.starts_with(prefix),
            Name::Part(part) => model.contains(part),
        }
    }
}

impl Dialect {
    /// The provider of this id or other spelling, in any case.
    pub fn named(id: &str) -> Option<&'static Dialect> {
        DIALECTS.iter().find(|row| row.spellings().any(|spelling| spelling.eq_ignore_ascii_case(id)))
    }

    /// The id and its other spellings.
    pub fn spellings(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.id).chain(self.aliases.iter().copied())
    }

    /// The complete root that a configured `base_url` means, without a slash at its end.
    pub fn root_of(&self, base_url: &str) -> String {
        let base = base_url.trim_end_matches('/');
        let host_only = base.split_once("://").is_some_and(|(_, rest)| !rest.contains('/'));
        if host_only {
            return format!("{base}{}", self.root);
        }
        let other =
            self.endings.iter().find_map(|(from, to)| Some(format!("{}{to}", base.strip_suffix(from)?)));
        other.unwrap_or_else(|| base.to_owned())
    }

    /// The root for a region and a project, with what is not given left open (`{region}`).
    pub fn place(&self, region: Option<&str>, project: Option<&str>) -> Option<String> {
        let (_, root) = self.places.iter().find(|(name, _)| name.fits(region.unwrap_or_default()))?;
        Some(settle(root, region, project))
    }

    /// The APIs that a model speaks; the first is for clients of any other.
    pub fn apis_of(&self, model: &str) -> &'static [Api] {
        let own = self.speaks.iter().find(|(name, _)| name.fits(model));
        own.map_or(self.apis, |(_, apis)| apis)
    }

    /// The provider's own form of an API, where it has one.
    pub fn form(&self, api: Api) -> Option<&'static Form> {
        self.forms.iter().find(|form| form.api == api)
    }

    /// Where an operation of `api` is, which some APIs have in another place for answers that are to be streamed. `base`
    /// is a complete root, `version` the configured one.
    pub fn address(&self, base: &str, api: Api, model: &str, version: Option<&str>, stream: bool) -> String {
        let route = self.routes.iter().find(|route| route.api == api && base.ends_with(route.under));
        let own = route.map(|route| route.stream.filter(|_| stream).unwrap_or(route.path));
        let path = own.unwrap_or(usual_path(api, stream));
        self.fill(base, path, model, version)
    }

    /// Where `task` of `api` is. `path` is where it usually is behind the root.
    pub fn task_address(
        &self,
        base: &str,
        (api, task): (Api, Task),
        path: &str,
        model: &str,
        version: Option<&str>,
    ) -> String {
        let fits =
            |row: &&Elsewhere| row.api == api && row.tasks.contains(&task) && base.ends_with(row.under);
        let elsewhere = self.elsewhere.iter().find(fits);
        let path = elsewhere.map_or(path.to_owned(), |row| row.path.replace("{path}", path));
        self.fill(base, &path, model, version)
    }

    /// Whether it has this at this address.
    pub fn has(&self, base: &str, api: Api, task: Task) -> bool {
        let in_list =
            |list: &[(Api, &[Task])]| list.iter().any(|(of, tasks)| *of == api && tasks.contains(&task));
        let own_address = self.base.is_some_and(|usual| usual != base);
        in_list(self.tasks) || (own_address && in_list(ANYTHING))
    }

    fn fill(&self, base: &str, path: &str, model: &str, version: Option<&str>) -> String {
        if !path.contains('{') {
            return [base, "/", path].concat();
        }
        let path = path.replace("{version}", version.unwrap_or(self.api_version));
        [base, "/", &path.replace("{model}", &segment(model))].concat()
    }

    /// How the key is sent in this API.
    pub fn auth(&self, api: Api) -> Auth {
        let own = self.auth.iter().find(|(of, _)| *of == api).map(|(_, auth)| *auth);
        own.unwrap_or(match api {
            Api::Messages => Auth::Header("x-api-key"),
            Api::Generate => Auth::Header("x-goog-api-key"),
            Api::Completions | Api::Responses | Api::Converse => Auth::Bearer,
        })
    }

    /// The headers that go with this API besides the key.
    pub fn headers(&self, api: Api) -> impl Iterator<Item = (&'static str, &'static str)> {
        // https://docs.anthropic.com/en/api/versioning: a version goes with every request.
        let version =
            (api == Api::Messages && self.form(api).is_none()).then_some(("anthropic-version", "2023-06-01"));
        self.headers.iter().copied().chain(version)
    }

    /// What to know of this model.
    pub fn quirks(&self, model: &str) -> &Quirks {
        let row = self.models.iter().copied().flatten().find(|row| row.model.fits(model));
        row.map_or(&self.quirks, |row| &row.quirks)
    }

    /// Whether the name is one that the provider gives its own models.
    pub fn makes(&self, model: &str) -> bool {
        self.makes.iter().any(|beginning| model.starts_with(beginning))
    }
}

/// A root with `{region}` and `{project}` filled in as far as they are given.
pub fn settle(root: &str, region: Option<&str>, project: Option<&str>) -> String {
    let mut settled = root.to_owned();
    for (name, value) in [("{region}", region), ("{project}", project)] {
        if let Some(value) = value {
            settled = settled.replace(name, value);
        }
    }
    settled
}

/// One segment of a path, whatever is in it.
pub fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// Where an operation usually is behind the root.
fn usual_path(api: Api, stream: bool) -> &'static str {
    match api {
        Api::Generate if stream => "models/{model}:streamGenerateContent?alt=sse",
        Api::Generate => "models/{model}:generateContent",
        Api::Completions => "chat/completions",
        Api::Messages => "messages",
        Api::Responses => "responses",
        Api::Converse if stream => "model/{model}/converse-stream",
        Api::Converse => "model/{model}/converse",
    }
}

/// What RFC 3986 leaves alone in a segment of a path; a model's `/` and `:` are part of its name (ARNs).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[cfg(test)]
mod tests {
    use super::*;

    fn address(base_url: &str, id: &str, api: Api, model: &str) -> String {
        let dialect = Dialect::named(id).unwrap();
        let base = if base_url.is_empty() { dialect.base.unwrap() } else { base_url };
        dialect.address(&dialect.root_of(base), api, model, None, false)
    }

    #[test]
    fn every_row_is_sane() {
        for row in DIALECTS {
            assert!(
                row.spellings().all(|spelling| std::ptr::eq(Dialect::named(spelling).unwrap(), row)),
                "{}",
                row.id
            );
            assert!(
                row.root.is_empty() || (row.root.starts_with('/') && !row.root.ends_with('/')),
                "{}",
                row.id
            );
            assert!(
                row.base.is_some() != row.example.starts_with("http"),
                "{}: a base or an example",
                row.id
            );
            if let Some(base) = row.base {
                assert_eq!(row.root_of(base), base, "{}: a base is a complete root", row.id);
                assert!(base.is_empty() || base.starts_with("https://"), "{}", row.id);
                let host = base.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
                assert!(
                    base.is_empty() || row.root_of(&host) == base,
                    "{}: host and root make the base",
                    row.id
                );
            }
            for (name, value) in row.headers.iter().chain(row.variables) {
                assert!(
                    name.parse::<http::HeaderName>().is_ok()
                        && name.to_lowercase() == *name
                        && !value.is_empty()
                );
            }
        }
    }

    /// The 26 providers of Plano are all there, the ones included that it only half knew (A7).
    #[test]
    fn a7_every_provider_has_a_row() {
        let ids = "openai xiaomi mistral deepseek groq gemini google anthropic github plano azure_openai xai \
                   together_ai together ollama moonshotai zhipu qwen amazon_bedrock amazon chatgpt digitalocean do \
                   do_ai vercel openrouter astraflow astraflow_cn meta minimax edenai";
        assert!(ids.split_whitespace().all(|id| Dialect::named(id).is_some()));
        assert!(Dialect::named("OpenAI").is_some());
        for wrong in ["vercel_ai", "open_router", "eden_ai", ""] {
            assert!(Dialect::named(wrong).is_none(), "{wrong}");
        }
    }

    /// The path follows from the provider and the API it is spoken to in (A1, A2).
    #[test]
    fn a1_a2_paths_follow_from_provider_and_upstream_api() {
        for (id, address_of) in [
            ("groq", "https://api.groq.com/openai/v1/chat/completions"),
            ("gemini", "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions"),
            ("zhipu", "https://open.bigmodel.cn/api/paas/v4/chat/completions"),
            ("deepseek", "https://api.deepseek.com/v1/chat/completions"),
        ] {
            assert_eq!(address("", id, Api::Completions, "m"), address_of);
        }
        let qwen = "https://dashscope.aliyuncs.com";
        assert_eq!(
            address(qwen, "qwen", Api::Completions, "m"),
            "https://dashscope.aliyuncs.com/compatible-mode/v1/chat/completions"
        );
        assert_eq!(address("", "anthropic", Api::Messages, "m"), "https://api.anthropic.com/v1/messages");
        assert_eq!(
            address("", "chatgpt", Api::Responses, "m"),
            "https://chatgpt.com/backend-api/codex/responses"
        );
    }

    /// A `base_url` with a path is the complete root; the roots that zero configuration used to write work too (A3).
    #[test]
    fn a3_a_base_url_is_the_complete_root() {
        for (base, id, complete) in [
            ("https://api.groq.com/openai/v1", "groq", "https://api.groq.com/openai/v1/chat/completions"),
            ("https://api.groq.com", "groq", "https://api.groq.com/openai/v1/chat/completions"),
            ("http://fake:1/api/v2/", "groq", "http://fake:1/api/v2/chat/completions"),
            (
                "https://generativelanguage.googleapis.com/v1beta",
                "gemini",
                "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions",
            ),
            ("http://localhost:11434", "ollama", "http://localhost:11434/v1/chat/completions"),
            ("http://localhost:11434/", "openai", "http://localhost:11434/v1/chat/completions"),
            ("https://api.kimi.com/coding", "moonshotai", "https://api.kimi.com/coding/v1/chat/completions"),
            ("https://api.z.ai", "zhipu", "https://api.z.ai/api/paas/v4/chat/completions"),
        ] {
            assert_eq!(address(base, id, Api::Completions, "m"), complete);
        }
    }

    /// An API without a version in its path has a row of its own, whatever the provider is named (A4).
    #[test]
    fn a4_an_unversioned_path_is_a_row() {
        assert_eq!(
            address("", "perplexity", Api::Completions, "sonar"),
            "https://api.perplexity.ai/chat/completions"
        );
    }

    /// Azure: both surfaces, the version from the configuration, `api-key` (A5).
    #[test]
    fn a5_azure() {
        let azure = Dialect::named("azure_openai").unwrap();
        let host = "https://r.openai.azure.com";
        let deployment =
            "https://r.openai.azure.com/openai/deployments/gpt%205/chat/completions?api-version=";
        let root = azure.root_of(host);
        for base in [root.as_str(), &azure.root_of("https://r.openai.azure.com/openai/deployments/")] {
            assert_eq!(
                azure.address(base, Api::Completions, "gpt 5", Some("v9"), false),
                format!("{deployment}v9")
            );
        }
        assert_eq!(
            azure.address(&root, Api::Completions, "gpt 5", None, false),
            format!("{deployment}2025-01-01-preview")
        );
        assert_eq!(
            azure.address(&root, Api::Responses, "m", None, false),
            format!("{host}/openai/v1/responses")
        );
        let new = azure.root_of("https://r.openai.azure.com/openai/v1");
        assert_eq!(
            azure.address(&new, Api::Completions, "m", None, false),
            format!("{host}/openai/v1/chat/completions")
        );
        assert_eq!(azure.auth(Api::Completions), Auth::Header("api-key"));
    }

    /// Gateways that could be configured without an address have one (A6).
    #[test]
    fn a6_gateways_have_addresses() {
        for id in ["vercel", "openrouter", "edenai"] {
            assert!(Dialect::named(id).unwrap().base.is_some());
        }
    }

    /// A model in a path is one segment (A11).
    #[test]
    fn a11_models_in_paths_are_encoded() {
        let azure = Dialect::named("azure_openai").unwrap();
        let arn = "arn:aws:bedrock:us-east-1:1:inference-profile/us.x?y#z";
        let path = azure.address("https://h/openai", Api::Completions, arn, Some("1"), false);
        let encoded = "arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.x%3Fy%23z";
        assert_eq!(path, format!("https://h/openai/deployments/{encoded}/chat/completions?api-version=1"));
    }

    /// Where Bedrock's operation is follows from the model and from whether the answer is streamed (A10, A11).
    #[test]
    fn a10_a11_bedrock() {
        let bedrock = Dialect::named("amazon").unwrap();
        let address = |model, stream| bedrock.address("https://h", Api::Converse, model, None, stream);
        assert_eq!(
            address("us.amazon.nova-pro-v1:0", false),
            "https://h/model/us.amazon.nova-pro-v1%3A0/converse"
        );
        let arn = "arn:aws:bedrock:us-east-1:1:inference-profile/us.x";
        let encoded = "arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.x";
        assert_eq!(address(arn, true), format!("https://h/model/{encoded}/converse-stream"));
        assert_eq!(bedrock.auth(Api::Converse), Auth::Bearer);
        assert!(bedrock.quirks("us.anthropic.claude-sonnet-4-5-20250929-v1:0").budgets);
        assert!(!bedrock.quirks("anthropic.claude-opus-4-6-v1").budgets);
    }

    #[test]
    fn keys_go_where_the_api_wants_them() {
        let named = |id| Dialect::named(id).unwrap();
        assert_eq!(named("anthropic").auth(Api::Messages), Auth::Header("x-api-key"));
        assert_eq!(
            named("anthropic").headers(Api::Messages).next(),
            Some(("anthropic-version", "2023-06-01"))
        );
        assert_eq!(named("openrouter").auth(Api::Messages), Auth::Bearer);
        assert_eq!(named("openai").auth(Api::Responses), Auth::Bearer);
        assert_eq!(named("openai").headers(Api::Completions).next(), None);
    }

    /// The operations of hosted models are where their hosts have them (A11).
    #[test]
    fn a11_hosted_models_have_their_hosts_paths() {
        let at = |id: &str, api, model: &str| {
            let row = Dialect::named(id).unwrap();
            row.address(row.example, api, model, None, false)
        };
        let mantle = "https://bedrock-mantle.us-west-2.api.aws";
        assert_eq!(at("bedrock_mantle", Api::Messages, "m"), format!("{mantle}/anthropic/v1/messages"));
        assert_eq!(at("bedrock_mantle", Api::Responses, "m"), format!("{mantle}/openai/v1/responses"));
        let foundry = Dialect::named("azure_anthropic").unwrap();
        for base in ["https://r.services.ai.azure.com", "https://r.services.ai.azure.com/anthropic/"] {
            let address = foundry.address(&foundry.root_of(base), Api::Messages, "m", None, false);
            assert_eq!(address, "https://r.services.ai.azure.com/anthropic/v1/messages");
        }
        assert_eq!(foundry.auth(Api::Messages), Auth::Header("x-api-key"));
    }

    #[test]
    fn quirks_depend_on_the_exact_model() {
        let moonshot = Dialect::named("moonshotai").unwrap();
        assert!(moonshot.quirks("kimi-k3").drops.contains(&"temperature"));
        assert!(moonshot.quirks("kimi-k3-0905").drops.is_empty());
        assert!(moonshot.quirks("kimi-for-coding").drops.contains(&"stream_options"));
        let openai = Dialect::named("openai").unwrap();
        assert!(openai.quirks("gpt-5-mini").drops.contains(&"temperature"));
        assert!(openai.quirks("gpt-5-chat-latest").drops.is_empty());
        assert!(openai.quirks("gpt-4o").drops.is_empty());
        let anthropic = Dialect::named("anthropic").unwrap();
        assert!(anthropic.quirks("claude-sonnet-4-5-20250929").budgets);
        assert!(!anthropic.quirks("claude-sonnet-4-6").budgets);
        assert!(anthropic.quirks("claude-opus-4-7").drops.contains(&"temperature"));
        let xai = |model| Dialect::named("xai").unwrap().quirks(model);
        assert!(
            xai("grok-4-0709").drops.contains(&"reasoning_effort") && xai("grok-4").drops.contains(&"stop")
        );
        assert_eq!(xai("grok-4-fast-non-reasoning").drops, ["web_search_options"]);
        assert!(xai("grok-4.3").extras.contains(&"reasoning_effort") && xai("grok-3").extras.is_empty());
        assert!(openai.quirks("o3-mini").drops.contains(&"logit_bias"));
        assert_eq!(openai.quirks("o3").name("max_tokens"), "max_completion_tokens");
        assert_eq!(openai.quirks("local-model").name("max_tokens"), "max_tokens");
        assert_eq!(Dialect::named("mistral").unwrap().quirks("any").name("seed"), "random_seed");
    }
}
