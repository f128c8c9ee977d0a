//! A gateway of several providers, in a world that says what it is told.

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use serde_json::Value;
use shared::dialect::{Dialect, Encoding};
use shared::gateway::{Compiled, CompiledProvider, Gateway, Serves, Template};
use shared::report::Report;

use crate::common::{Answer, Pieces, World};

/// What a provider says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) media_type: &'static str,
    pub(crate) body: &'static str,
}

impl Said {
    pub(crate) fn json(body: &'static str) -> Said {
        Said { status: 200, media_type: "application/json", body }
    }

    pub(crate) fn events(body: &'static str) -> Said {
        Said { media_type: "text/event-stream", ..Said::json(body) }
    }
}

/// What came of a request.
pub(crate) struct Played {
    pub(crate) sent: Vec<Request<Bytes>>,
    pub(crate) status: StatusCode,
    headers: HeaderMap,
    body: String,
    pub(crate) report: Report,
}

impl Played {
    /// The last request that a provider got.
    pub(crate) fn sent(&self) -> &Request<Bytes> {
        self.sent.last().unwrap_or_else(|| panic!("a provider was asked: {}", self.body))
    }

    pub(crate) fn text(&self) -> &str {
        &self.body
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// A header of the answer; empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

pub(crate) fn get(uri: &str) -> Request<Bytes> {
    Request::get(uri).body(Bytes::new()).unwrap()
}

pub(crate) fn ask(uri: &str, media_type: &str, body: &str) -> Request<Bytes> {
    let request = Request::post(uri).header("content-type", media_type);
    request.body(Bytes::copy_from_slice(body.as_bytes())).unwrap()
}

/// Plays a request against these answers.
pub(crate) fn play(request: Request<Bytes>, said: &[Said]) -> Played {
    play_with(&gateway(), request, said)
}

/// The same at another gateway.
pub(crate) fn play_with(gateway: &Gateway, request: Request<Bytes>, said: &[Said]) -> Played {
    let world = World::<true> { encoding: Some(Encoding::Cl100k), ..World::saying(said.iter().map(answer)) };
    let reached = world.play(gateway, request);
    let body = String::from_utf8(reached.body.to_vec()).unwrap();
    let (status, headers) = (reached.head.status, reached.head.headers);
    Played { sent: reached.sent, status, headers, body, report: reached.report }
}

fn answer(said: &Said) -> Answer {
    let response = Response::builder().status(said.status).header("content-type", said.media_type);
    Ok(response.body(Pieces::new(&[said.body.as_bytes()], false)).unwrap())
}

/// OpenAI's, Anthropic's, Gemini's and Bedrock's own servers, and somebody's own that follows OpenAI; `openai/gpt-4o` is the default.
pub(crate) fn gateway() -> Gateway {
    let mut compiled = Compiled::new(vec![
        CompiledProvider {
            serves: Serves::Exact("gpt-4o".to_owned()),
            default: true,
            ..provider("openai", "openai/gpt-4o", "")
        },
        provider("anthropic", "claude/*", ""),
        provider("gemini", "gemini/*", ""),
        provider("amazon_bedrock", "nova/*", "https://bedrock.test"),
        provider("mistral", "mistral/*", ""),
        provider("openrouter", "openrouter/*", ""),
        provider("groq", "groq/*", ""),
        CompiledProvider {
            apis: vec![shared::api::Api::Completions],
            ..provider("openai", "own/*", "https://own.test/v1")
        },
    ]);
    for listener in &mut compiled.listeners {
        listener.max_retries = 2;
    }
    compiled.aliases = ["fast", "small"].map(|alias| (alias.to_owned(), "openai/gpt-4o".to_owned())).into();
    compiled.open(|_| None).unwrap()
}

/// All models of a provider under a name of our own.
pub(crate) fn provider(dialect: &str, name: &str, base: &str) -> CompiledProvider {
    let usual = CompiledProvider::usual(Dialect::named(dialect).unwrap());
    let prefix = name.split('/').next().unwrap().to_owned();
    let base = if base.is_empty() { usual.base.clone() } else { base.to_owned() };
    let access_key = Some(Template::new(format!("sk-{prefix}")));
    CompiledProvider { name: name.to_owned(), prefix, base, access_key, ..usual }
}
