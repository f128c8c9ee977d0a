//! An exchange as it was recorded between a client library and a provider.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use shared::api::Api;

use crate::wire;

/// The folders of the recordings whose API the gateway serves, and which it is.
const SERVED: [(&str, Api); 16] = [
    ("anthropic/messages", Api::Messages),
    ("azure-openai/chat-completions", Api::Completions),
    ("bedrock/converse", Api::Converse),
    ("bedrock/converse-stream", Api::Converse),
    ("deepseek/chat-completions", Api::Completions),
    ("gemini/generate-content", Api::Generate),
    ("groq/chat-completions", Api::Completions),
    ("mistral/chat-completions", Api::Completions),
    ("ollama/chat-completions", Api::Completions),
    ("openai/chat-completions", Api::Completions),
    ("openai/responses", Api::Responses),
    ("together/chat-completions", Api::Completions),
    ("vertex/generate-content", Api::Generate),
    ("vertex/stream-generate-content", Api::Generate),
    ("vllm/chat-completions", Api::Completions),
    // The same words at another path.
    ("writer/chat", Api::Completions),
];

/// The folders of what Bedrock's models were asked in their makers' own words: Claude's are those of Messages.
const INVOKED: [&str; 2] = ["bedrock/invoke", "bedrock/invoke-with-response-stream"];

/// The folders of the recordings of other operations, which only providers of the same API have, and their paths.
const OPERATIONS: [(&str, &str); 12] = [
    ("azure-openai/embeddings", "/v1/embeddings"),
    ("cohere/v1-rerank", "/v1/rerank"),
    ("mistral/embeddings", "/v1/embeddings"),
    ("openai/completions", "/v1/completions"),
    ("openai/embeddings", "/v1/embeddings"),
    ("openai/images-generations", "/v1/images/generations"),
    ("together/completions", "/v1/completions"),
    ("vllm/completions", "/v1/completions"),
    ("vllm/embeddings", "/v1/embeddings"),
    ("voyageai/embeddings", "/v1/embeddings"),
    ("voyageai/rerank", "/v1/rerank"),
    ("writer/completions", "/v1/completions"),
];

/// One request and its answer.
pub(crate) struct Recording {
    /// As in `openai/responses/04`.
    pub(crate) name: String,
    pub(crate) api: Api,
    /// The provider that answers, by its name in this world.
    pub(crate) provider: &'static str,
    /// The model that answers, as that provider knows it.
    pub(crate) model: String,
    /// The request's body.
    pub(crate) request: Bytes,
    pub(crate) status: u16,
    pub(crate) media_type: String,
    /// The answer's body.
    pub(crate) answer: Bytes,
    /// Whether the answer is a stream.
    pub(crate) streams: bool,
}

/// The members of a file that matter here.
#[derive(Deserialize)]
struct File<'a> {
    path: String,
    #[serde(borrow)]
    request: &'a RawValue,
    status: u16,
    response_headers: Value,
    #[serde(borrow)]
    response: Option<&'a RawValue>,
    response_text: Option<String>,
    response_base64: Option<String>,
}

/// All recordings of the APIs that the gateway serves; nothing where there are none on this machine.
pub(crate) fn all() -> Vec<Recording> {
    let served = SERVED.iter().flat_map(|(folder, api)| of_folder(folder, *api));
    let mut found: Vec<Recording> = served.chain(invoked().filter(Recording::is_of_messages)).collect();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

/// All recordings of other operations, and their paths.
pub(crate) fn operations() -> Vec<(Recording, &'static str)> {
    let of = |(folder, path): (&str, &'static str)| {
        of_folder(folder, Api::Completions).into_iter().map(move |recording| {
            // OpenAI has none of these itself.
            let provider = if path.ends_with("rerank") { "together_ai" } else { recording.provider };
            (Recording { provider, ..recording }, path)
        })
    };
    OPERATIONS.into_iter().flat_map(of).collect()
}

fn invoked() -> impl Iterator<Item = Recording> {
    INVOKED.iter().flat_map(|folder| of_folder(folder, Api::Messages)).map(|recording| {
        // A client asks for the model by a member, and for the version of the API by a header.
        Recording { provider: "amazon_bedrock", ..recording }
    })
}

/// The recordings that are not replayed, each as its folder and its model.
pub(crate) fn left() -> Vec<String> {
    let folders = |home: &Path| fs::read_dir(home).into_iter().flatten().map(|entry| entry.unwrap().path());
    let apis = folders(&home()).filter(|path| path.is_dir()).flat_map(|provider| folders(&provider));
    let names = apis.map(|path| path.strip_prefix(home()).unwrap().to_string_lossy().into_owned());
    let replayed = SERVED.map(|(folder, _)| folder).into_iter().chain(OPERATIONS.map(|(folder, _)| folder));
    let replayed: Vec<_> = replayed.chain(INVOKED).collect();
    let others = invoked().filter(|recording| !recording.is_of_messages());
    let others = others.map(|recording| {
        let (folder, _) = recording.name.rsplit_once('/').expect("a folder and a number");
        format!("{folder} {}", recording.model)
    });
    names.filter(|folder| !replayed.contains(&&**folder)).chain(others).collect()
}

/// Where recordings are: next to the repository, unless `PLANO_RECORDED` says otherwise.
fn home() -> PathBuf {
    let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/recorded");
    std::env::var_os("PLANO_RECORDED").map_or_else(usual, PathBuf::from)
}

fn of_folder(folder: &str, api: Api) -> Vec<Recording> {
    let files = fs::read_dir(home().join(folder)).into_iter().flatten();
    files.map(|file| Recording::load(&file.unwrap().path(), folder, api)).collect()
}

impl Recording {
    fn load(path: &Path, folder: &str, api: Api) -> Recording {
        let text = fs::read_to_string(path).unwrap();
        let file: File<'_> = serde_json::from_str(&text).unwrap();
        let number: String = path.file_name().unwrap().to_string_lossy().chars().take(2).collect();
        let media_type = file.response_headers["content-type"].as_str().unwrap_or("application/json");
        Recording {
            name: format!("{folder}/{number}"),
            api,
            provider: api.name(),
            model: model_in(&file.path),
            request: body_of(file.request),
            status: file.status,
            media_type: media_type.to_owned(),
            streams: file.status == 200 && file.response.is_none(),
            answer: file.answer(),
        }
    }

    /// Whether the provider answered, and did not refuse.
    pub(crate) fn answered(&self) -> bool {
        self.status == 200
    }

    /// Whether a model of Bedrock's was asked in the words of Messages, or was said to be.
    fn is_of_messages(&self) -> bool {
        self.model.contains("anthropic.claude-") && self.asked()["messages"].is_array()
    }

    /// The request's body as a value.
    pub(crate) fn asked(&self) -> Value {
        serde_json::from_slice(&self.request).unwrap_or_default()
    }

    /// The request as a client of the same API makes it: on Bedrock the version of the API stands in it, which is a
    /// header's elsewhere.
    pub(crate) fn asked_by_client(&self) -> Value {
        let mut asked = self.asked();
        if INVOKED.iter().any(|folder| self.name.starts_with(folder)) {
            asked.as_object_mut().unwrap().remove("anthropic_version");
            asked["stream"] = self.streams.into();
        }
        asked
    }

    /// The answer as a client of the same API gets it: Bedrock has the events of Messages in binary frames.
    pub(crate) fn answer_to_client(&self) -> Bytes {
        match self.answer_is_framed() {
            true => Bytes::from(unframed(&self.answer)),
            false => self.answer.clone(),
        }
    }

    fn answer_is_framed(&self) -> bool {
        self.api == Api::Messages && self.media_type.ends_with("eventstream")
    }
}

/// The model in the path of a request to Bedrock; none where it stands in the body.
fn model_in(path: &str) -> String {
    let model = path.strip_prefix("/model/").and_then(|rest| rest.split('/').next());
    percent_encoding::percent_decode_str(model.unwrap_or_default()).decode_utf8_lossy().into_owned()
}

impl File<'_> {
    fn answer(self) -> Bytes {
        match (self.response, self.response_text, self.response_base64) {
            (Some(json), ..) => Bytes::copy_from_slice(json.get().as_bytes()),
            (_, Some(text), _) => Bytes::from(text),
            (.., data) => Bytes::from(base64(&data.unwrap_or_default())),
        }
    }
}

/// A body's bytes: its own where it was JSON, the string's otherwise.
fn body_of(recorded: &RawValue) -> Bytes {
    match serde_json::from_str(recorded.get()) {
        Ok(Value::String(text)) => Bytes::from(text),
        _ => Bytes::copy_from_slice(recorded.get().as_bytes()),
    }
}

/// The events of Messages in Bedrock's binary frames, as its makers send them.
///
/// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_PayloadPart.html>
fn unframed(stream: &[u8]) -> String {
    let chunks = wire::events(Api::Converse, stream).into_iter().filter(|(name, _)| name == "chunk");
    let texts = chunks.map(|(_, chunk)| base64(chunk["bytes"].as_str().expect("a chunk has bytes")));
    let texts = texts.map(|bytes| String::from_utf8(bytes).expect("an event is text"));
    let lines = texts.map(|text| {
        let event: Value = serde_json::from_str(&text).expect("an event is JSON");
        format!("event: {}\ndata: {text}\n\n", event["type"].as_str().expect("an event has a type"))
    });
    lines.collect()
}

/// The bytes that Base64 text stands for (RFC 4648).
fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.bytes().filter_map(|byte| DIGITS.iter().position(|digit| *digit == byte));
    let (mut out, mut held, mut bits) = (Vec::new(), 0_usize, 0);
    for digit in digits {
        held = (held << 6 | digit) & 0xffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((held >> bits & 0xff) as u8);
        }
    }
    out
}
