//! The corpus: what a client asks, what the provider must receive, what it answers, and what the client must get.
//!
//! What many exchanges have in common stands once, next to this crate's manifest:
//!
//! | file | is |
//! |---|---|
//! | `requests/CLIENT/WHAT.json` | a client's body, bytes as sent, with `<model>` for the model |
//! | `answers/UPSTREAM/WHAT.*` | what a provider answers; the extension tells its media type |
//! | `answers/UPSTREAM/WHAT.head.json` | the status and the headers of such an answer, as [`Outline`] has them |
//! | `features.json` | by WHAT: what all exchanges of that name are about, and whatever else their outlines share |
//!
//! Where nothing has the name WHAT, the shorter name without its last word counts: `error` for `error-404`.
//! One folder is one exchange, `CLIENT-to-UPSTREAM--WHAT`, and holds what is its own:
//!
//! | file | is |
//! |---|---|
//! | `case.json` | what of its [`Outline`] is not shared |
//! | `request.json`, `answer.*` | the client's body and the provider's, where they are not shared |
//! | `sent.json` | what the provider must receive; absent where that is the client's bytes with `m` for the model |
//! | `got.*` | what the client must get; absent where that is the answer's very bytes, with the client's name for the model |
//!
//! `answer.frames` are the binary frames of AWS, a line each: `event NAME JSON` or `exception NAME JSON` of
//! ConverseStream, `chunk JSON` of Claude's own stream.
//!
//! Files named `sent` and `got` are compared as JSON values, streams event by event. In their strings `<id>` stands
//! for the gateway's own id of the request, the string `<time>` for a number of seconds that it had to make itself, and
//! `<words>` for a host's own words on why a connection broke.
//! `UPDATE_EXPECT=1 cargo test -p shared --test corpus` writes them, losses and statuses anew, to be reviewed by hand
//! against the documentation of the providers: a wrong expectation is worse than none.

mod compare;
mod expect;
pub mod frames;
mod load;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Map, Value};

pub use compare::{Message, messages};
pub use expect::Expected;
pub use load::cases;

/// What the gateway's own id of a request is in process, and what [`MADE_AT`] is: what `got` files have as masks.
pub const MADE_ID: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
/// How providers' answers name the model `m`.
pub const DATED: &str = "m-2026-01-01";
/// Seconds since 1970 at which every case is played in process.
pub const MADE_AT: u64 = 1_765_432_109;

/// One exchange between a client, the gateway and a provider.
#[derive(Clone, Debug)]
pub struct Case {
    /// The folder's name, as in `messages-to-completions--parallel-tools-streamed`.
    pub name: String,
    /// The client's API: `completions`, `messages`, `responses` or `generate`.
    pub client: String,
    /// The provider's API: one of those, or `converse`.
    pub upstream: String,
    pub outline: Outline,
    /// The client's body.
    pub request: Vec<u8>,
    /// What the provider says.
    pub answer: Body,
    sent: Option<Vec<u8>>,
    got: Option<Body>,
    folder: PathBuf,
    /// What the folder's own `case.json` says.
    own: Map<String, Value>,
}

/// What there is to say of a case besides bodies.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outline {
    /// What the case is about, and which known defects it would find.
    pub about: String,
    /// The provider's row where it is not the one that the API is named after: `mistral`, `groq`, `together_ai`.
    pub dialect: Option<String>,
    /// What the client asks for where it is not its API's usual path.
    pub path: Option<String>,
    /// The client's headers besides its content type and credential.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The model as the client names it, where it is not `<provider>/m`.
    pub model: Option<String>,
    /// The provider's status.
    #[serde(default = "ok")]
    pub status: u16,
    /// The provider's headers besides its content type.
    #[serde(default)]
    pub answer_headers: BTreeMap<String, String>,
    /// The status the client gets, where it is not the provider's.
    pub expect_status: Option<u16>,
    /// Headers the client must get.
    #[serde(default)]
    pub expect_headers: BTreeMap<String, String>,
    /// What the translation cannot carry, as the report says it.
    #[serde(default)]
    pub losses: Vec<String>,
    /// The gateway refuses the request itself; no provider is asked.
    #[serde(default)]
    pub refused: bool,
    /// The provider's stream ends before its answer does.
    #[serde(default)]
    pub cut: bool,
}

/// Bytes and what they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// `json`, `sse`, `frames`, `html`, `txt`.
    pub extension: String,
    pub bytes: Vec<u8>,
}

fn ok() -> u16 {
    200
}

impl Case {
    /// The path that the client asks for. Generate names the model and the way of answering there.
    pub fn path(&self) -> String {
        let usual = || match self.client.as_str() {
            "messages" => "/v1/messages".to_owned(),
            "responses" => "/v1/responses".to_owned(),
            "generate" if self.streams() => {
                format!("/v1beta/models/{}:streamGenerateContent?alt=sse", self.model())
            }
            "generate" => format!("/v1beta/models/{}:generateContent", self.model()),
            _ => "/v1/chat/completions".to_owned(),
        };
        self.outline.path.clone().unwrap_or_else(usual)
    }

    /// The provider's name in configurations, which begins its models' names.
    pub fn provider(&self) -> &str {
        self.outline.dialect.as_deref().unwrap_or(&self.upstream)
    }

    /// The model as the client names it.
    pub fn model(&self) -> String {
        self.outline.model.clone().unwrap_or_else(|| format!("{}/m", self.provider()))
    }

    /// The model as the provider names it.
    pub fn plain_model(&self) -> String {
        let model = self.model();
        let own = model.strip_prefix(self.provider()).and_then(|rest| rest.strip_prefix('/'));
        own.unwrap_or("m").to_owned()
    }

    /// Whether client and provider speak the same API.
    pub fn same_family(&self) -> bool {
        self.client == self.upstream
    }

    /// The status that the client must get.
    pub fn expect_status(&self) -> u16 {
        self.outline.expect_status.unwrap_or(self.outline.status)
    }

    /// Whether the client asks for a stream.
    pub fn asks_for_stream(&self) -> bool {
        let body: Value = serde_json::from_slice(&self.request).unwrap_or_default();
        body["stream"] == true || self.path().contains(":streamGenerateContent")
    }

    /// Whether the provider answers in events.
    pub fn streams(&self) -> bool {
        matches!(self.answer.extension.as_str(), "sse" | "frames")
    }

    /// Whether the client gets events.
    pub fn gets_stream(&self) -> bool {
        self.got.as_ref().unwrap_or(&self.answer).extension == "sse"
    }

    /// Says how what the provider received differs from what it should have.
    pub fn check_sent(&self, body: &[u8]) -> Result<(), String> {
        match &self.sent {
            Some(expected) => compare::json(expected, body),
            None => compare::bytes(&self.with_plain_model(), body),
        }
    }

    /// Says how what the client got differs from what it should have.
    pub fn check_got(&self, body: &[u8]) -> Result<(), String> {
        match &self.got {
            Some(expected) if expected.extension == "sse" => compare::stream(&expected.bytes, body),
            Some(expected) => compare::json(&expected.bytes, body),
            None => compare::bytes(&self.with_asked_model(), body),
        }
    }

    /// The provider's bytes with the client's name for the model.
    fn with_asked_model(&self) -> Vec<u8> {
        match std::str::from_utf8(&self.answer.bytes) {
            Ok(text) => text.replace(&format!("\"{DATED}\""), &format!("\"{}\"", self.model())).into_bytes(),
            Err(_) => self.answer.bytes.clone(),
        }
    }

    /// The client's bytes with the provider's name for the model.
    fn with_plain_model(&self) -> Vec<u8> {
        let text = String::from_utf8_lossy(&self.request);
        let [asked, plain] = [self.model(), self.plain_model()].map(|model| format!("\"{model}\""));
        text.replacen(&asked, &plain, 1).into_bytes()
    }
}

impl Body {
    /// The media type that the extension stands for.
    pub fn media_type(&self) -> &'static str {
        match self.extension.as_str() {
            "sse" => "text/event-stream",
            "frames" => "application/vnd.amazon.eventstream",
            "html" => "text/html",
            "txt" => "text/plain",
            _ => "application/json",
        }
    }

    /// Where each event of a stream ends.
    pub fn ends(&self) -> Vec<usize> {
        if self.extension == "frames" {
            return frames::ends(&self.bytes);
        }
        // The same length as before, so that positions stay.
        let text = String::from_utf8_lossy(&self.bytes).replace("\r\n", "\n\n").into_bytes();
        let ends = text.windows(2).enumerate().filter(|(_, pair)| pair == b"\n\n");
        ends.map(|(at, _)| at + 2).collect()
    }
}
