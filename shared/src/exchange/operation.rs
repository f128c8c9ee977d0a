//! What a method and a path ask for.

use std::borrow::Cow;

use bytes::Bytes;
use http::{Method, Request};
use percent_encoding::percent_decode_str;

use crate::api::Api;
use crate::dialect::Task;
use crate::error::{Error, Fault, Kind};

/// An operation, as a row. What is in no row does not exist.
#[derive(Debug)]
pub(super) struct Operation {
    /// The word for it in reports.
    pub(super) name: &'static str,
    /// The methods that are answered, as an `Allow` header has them (RFC 9110, section 10.2.1).
    pub(super) methods: &'static str,
    /// `{id}` stands for one segment, `{model}` for a model's name, which may have slashes in it, and `{version}` for a
    /// version of Gemini's API.
    pub(super) path: &'static str,
    /// The API that it belongs to; none where only headers tell who asks.
    api: Option<Api>,
    pub(super) work: Work,
}

/// How an operation is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// Whether the gateway is alive.
    Health,
    /// What is here at all: agents look before they ask.
    Hello,
    /// The models on offer.
    Models,
    /// One of them.
    Model,
    /// An answer from a model.
    Generate { stream: bool },
    /// How many tokens a request has.
    Count,
    /// Vectors for texts.
    Embed,
    /// Words that go on from a text.
    Continue,
    /// Whatever a provider of the same API has, as it is. What names no model is about something that a provider keeps.
    Carry { task: Task, names_model: bool },
}

/// The operation at a path, and what the path says besides.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) operation: &'static Operation,
    /// The model or the id in the path, decoded; empty where the path has none.
    pub(super) subject: String,
}

static OPERATIONS: &[Operation] = &[
    own("health", "/healthz", Work::Health),
    own("hello", "", Work::Hello),
    own("hello", "/api/hello", Work::Hello),
    // https://platform.openai.com/docs/api-reference
    asks("chat", Some(Api::Completions), "/v1/chat/completions", ANSWER),
    asks("chat", Some(Api::Responses), "/v1/responses", ANSWER),
    asks("count_tokens", Some(Api::Responses), "/v1/responses/input_tokens", Work::Count),
    asks("text_completion", Some(Api::Completions), "/v1/completions", Work::Continue),
    asks("embeddings", Some(Api::Completions), "/v1/embeddings", Work::Embed),
    asks("moderations", Some(Api::Completions), "/v1/moderations", model(Task::Moderations)),
    asks("rerank", Some(Api::Completions), "/v1/rerank", model(Task::Rerank)),
    asks("images", Some(Api::Completions), "/v1/images/generations", model(Task::Images)),
    asks("images", Some(Api::Completions), "/v1/images/edits", model(Task::Images)),
    asks("images", Some(Api::Completions), "/v1/images/variations", model(Task::Images)),
    asks("speech", Some(Api::Completions), "/v1/audio/speech", model(Task::Audio)),
    asks("transcriptions", Some(Api::Completions), "/v1/audio/transcriptions", model(Task::Audio)),
    asks("translations", Some(Api::Completions), "/v1/audio/translations", model(Task::Audio)),
    kept("batches", Some(Api::Completions), "GET, POST", "/v1/batches", Task::Batches),
    kept("batches", Some(Api::Completions), "GET", "/v1/batches/{id}", Task::Batches),
    kept("batches", Some(Api::Completions), "POST", "/v1/batches/{id}/cancel", Task::Batches),
    kept("responses", Some(Api::Responses), "GET, DELETE", "/v1/responses/{id}", Task::Responses),
    kept("responses", Some(Api::Responses), "POST", "/v1/responses/{id}/cancel", Task::Responses),
    kept("responses", Some(Api::Responses), "GET", "/v1/responses/{id}/input_items", Task::Responses),
    // OpenAI's and Anthropic's files are at the same paths.
    kept("files", None, "GET, POST", "/v1/files", Task::Files),
    kept("files", None, "GET, DELETE", "/v1/files/{id}", Task::Files),
    kept("files", None, "GET", "/v1/files/{id}/content", Task::Files),
    // https://docs.anthropic.com/en/api
    asks("chat", Some(Api::Messages), "/v1/messages", ANSWER),
    asks("count_tokens", Some(Api::Messages), "/v1/messages/count_tokens", Work::Count),
    kept("batches", Some(Api::Messages), "GET, POST", "/v1/messages/batches", Task::Batches),
    kept("batches", Some(Api::Messages), "GET, DELETE", "/v1/messages/batches/{id}", Task::Batches),
    kept("batches", Some(Api::Messages), "POST", "/v1/messages/batches/{id}/cancel", Task::Batches),
    kept("batches", Some(Api::Messages), "GET", "/v1/messages/batches/{id}/results", Task::Batches),
    // https://ai.google.dev/api
    asks("chat", Some(Api::Generate), "/{version}/models/{model}:generateContent", ANSWER),
    asks(
        "chat",
        Some(Api::Generate),
        "/{version}/models/{model}:streamGenerateContent",
        Work::Generate { stream: true },
    ),
    asks("count_tokens", Some(Api::Generate), "/{version}/models/{model}:countTokens", Work::Count),
    asks(
        "embeddings",
        Some(Api::Generate),
        "/{version}/models/{model}:embedContent",
        model(Task::Embeddings),
    ),
    asks(
        "embeddings",
        Some(Api::Generate),
        "/{version}/models/{model}:batchEmbedContents",
        model(Task::Embeddings),
    ),
    listed("models", Some(Api::Generate), "/v1beta/models", Work::Models),
    listed("models", Some(Api::Generate), "/v1beta/models/{model}", Work::Model),
    listed("models", None, "/v1/models", Work::Models),
    listed("models", None, "/v1/models/{model}", Work::Model),
];

/// An answer that is streamed where the body says so.
const ANSWER: Work = Work::Generate { stream: false };

const fn own(name: &'static str, path: &'static str, work: Work) -> Operation {
    listed(name, None, path, work)
}

const fn listed(name: &'static str, api: Option<Api>, path: &'static str, work: Work) -> Operation {
    Operation { name, methods: "GET, HEAD", path, api, work }
}

const fn asks(name: &'static str, api: Option<Api>, path: &'static str, work: Work) -> Operation {
    Operation { name, methods: "POST", path, api, work }
}

const fn model(task: Task) -> Work {
    Work::Carry { task, names_model: true }
}

const fn kept(
    name: &'static str,
    api: Option<Api>,
    methods: &'static str,
    path: &'static str,
    task: Task,
) -> Operation {
    Operation { name, methods, path, api, work: Work::Carry { task, names_model: false } }
}

impl Operation {
    /// What there is at a path, without its query; a slash at its end does not matter.
    pub(super) fn at(path: &str) -> Option<Found> {
        let path = path.trim_end_matches('/');
        // Most rows have no hole and most paths are one of theirs, which is seen without taking rows apart.
        let whole = |operation: &&Operation| operation.path == path && !path.contains('{');
        if let Some(operation) = OPERATIONS.iter().find(whole) {
            return Some(Found { operation, subject: String::new() });
        }
        OPERATIONS.iter().find_map(|operation| {
            let subject = fit(operation.path, path)?;
            Some(Found { operation, subject: subject.into_owned() })
        })
    }

    /// Refuses a method that is not answered at this path. What is not read there is no model: its name may be anything,
    /// an operation's that does not exist included.
    pub(super) fn check_method(&self, method: &Method, path: &str) -> Result<(), Error> {
        if self.methods.split(',').any(|allowed| allowed.trim_start() == method.as_str()) {
            return Ok(());
        }
        if self.work == Work::Model {
            return Err(unknown(method, path));
        }
        let message = format!("{method} is not answered here; use {}.", self.methods);
        Err(Error::new(Fault::Client, Kind::MethodNotAllowed, message).with_code("method_not_allowed"))
    }
}

/// The API in whose words a caller wants its errors: the one its path belongs to, else the one its path or its headers
/// look like.
pub(super) fn caller(request: &Request<Bytes>, found: Option<&Found>) -> Api {
    if let Some(api) = found.and_then(|found| found.operation.api) {
        return api;
    }
    let path = request.uri().path();
    let has = |name: &str| request.headers().contains_key(name);
    match path {
        _ if path.starts_with("/v1beta/") || path.starts_with("/v1alpha/") => Api::Generate,
        _ if path.starts_with("/v1/responses/") => Api::Responses,
        _ if path.starts_with("/v1/messages/") => Api::Messages,
        _ if has("anthropic-version") => Api::Messages,
        // https://ai.google.dev/gemini-api/docs/api-versions: Gemini's first version is at paths like OpenAI's.
        _ if has("x-goog-api-key") || has("x-goog-api-client") => Api::Generate,
        _ => Api::Completions,
    }
}

/// There is nothing at the path.
pub(super) fn unknown(method: &Method, path: &str) -> Error {
    let message = format!("There is nothing at {method} {path}.");
    Error::new(Fault::Client, Kind::NotFound, message).with_code("unknown_url")
}

/// What stands in a path where the pattern has a hole; nothing where the path does not fit.
fn fit<'p>(pattern: &str, path: &'p str) -> Option<Cow<'p, str>> {
    let (pattern, path) = match pattern.strip_prefix("/{version}") {
        Some(rest) => (rest, without_version(path)?),
        None => (pattern, path),
    };
    let Some((before, hole)) = pattern.split_once('{') else {
        return (pattern == path).then_some(Cow::Borrowed(""));
    };
    let (name, after) = hole.split_once('}')?;
    let subject = path.strip_prefix(before)?.strip_suffix(after)?;
    percent_decode_str(subject).decode_utf8().ok().filter(|subject| is_subject(name, subject))
}

fn without_version(path: &str) -> Option<&str> {
    ["/v1beta", "/v1alpha", "/v1"].iter().find_map(|version| path.strip_prefix(version))
}

/// Whether what stands in a hole of this name can be what the name says.
fn is_subject(name: &str, subject: &str) -> bool {
    let one_segment = !subject.contains('/') && !matches!(subject, "." | "..");
    !subject.is_empty() && (name == "model" || one_segment)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(method: &str, path: &str) -> Result<(&'static str, String), u16> {
        let found = Operation::at(path).ok_or(404_u16)?;
        found.operation.check_method(&method.parse().unwrap(), path).map_err(|error| error.status)?;
        Ok((found.operation.path, found.subject))
    }

    #[track_caller]
    fn check(method: &str, path: &str, pattern: &'static str, subject: &str) {
        assert_eq!(of(method, path), Ok((pattern, subject.to_owned())));
    }

    #[test]
    fn paths_lead_to_operations() {
        check("POST", "/v1/messages", "/v1/messages", "");
        check("POST", "/v1/chat/completions/", "/v1/chat/completions", "");
        check("GET", "/v1/models/", "/v1/models", "");
        check("GET", "/v1/models/openai%2Fgpt", "/v1/models/{model}", "openai/gpt");
        check("GET", "/v1/models/openai/gpt", "/v1/models/{model}", "openai/gpt");
        check("GET", "/v1beta/models/openai/gpt", "/v1beta/models/{model}", "openai/gpt");
        check("DELETE", "/v1/files/file-1", "/v1/files/{id}", "file-1");
        check("GET", "/v1/files/file-1/content", "/v1/files/{id}/content", "file-1");
        check("POST", "/v1/responses/input_tokens", "/v1/responses/input_tokens", "");
        check("POST", "/v1/messages/batches", "/v1/messages/batches", "");
        check("HEAD", "/", "", "");
        check("HEAD", "/api/hello", "/api/hello", "");
    }

    #[test]
    fn models_stand_in_paths_of_gemini() {
        let stream = "/{version}/models/{model}:streamGenerateContent";
        check("POST", "/v1beta/models/openai/gpt-4o:streamGenerateContent", stream, "openai/gpt-4o");
        check("POST", "/v1alpha/models/m:streamGenerateContent", stream, "m");
        let whole = "/{version}/models/{model}:generateContent";
        check("POST", "/v1/models/ollama%2Fllama3:8b:generateContent", whole, "ollama/llama3:8b");
        check("POST", "/v1beta/models/m:countTokens", "/{version}/models/{model}:countTokens", "m");
        assert_eq!(of("POST", "/v2/models/m:generateContent"), Err(404));
        assert_eq!(of("POST", "/v1beta/models/:generateContent"), Err(404));
        assert_eq!(of("POST", "/v1beta/models/m:unheardOf"), Err(404));
    }

    #[test]
    fn what_is_not_listed_does_not_exist() {
        for path in [
            "/v1/messages/../models",
            "/v1//messages",
            "/v1/files/a/b",
            "/v1/files/../models",
            "/v1/files/..",
            "/v1/files/%2e%2E/content",
            "/v1/files//content",
            "/v1/messages/of/tomorrow",
        ] {
            assert_eq!(of("POST", path), Err(404), "{path}");
        }
        assert_eq!(of("GET", "/v1/chat/completions"), Err(405));
        assert_eq!(of("POST", "/healthz"), Err(405));
        assert_eq!(of("POST", "/"), Err(405));
    }

    /// A row that another one hides would never answer.
    #[test]
    fn every_row_is_reached() {
        for row in OPERATIONS {
            let path = row.path.replace("{version}", "v1beta").replace("{model}", "m").replace("{id}", "i");
            let found = Operation::at(&path).unwrap().operation;
            assert!(std::ptr::eq(found, row), "{path} leads to {}", found.path);
        }
    }
}
