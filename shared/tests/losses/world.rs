//! A provider of each family, as its row has it, that takes every request.

#[path = "../common/world.rs"]
mod common;

use std::sync::LazyLock;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Map, Value};
use shared::api::Api;
use shared::dialect::Dialect;
use shared::gateway::{Compiled, CompiledProvider, Gateway};
use shared::host::Timestamp;

use crate::probe::{Client, body};
use common::{Pieces, Reached, World};

/// A provider to translate for.
pub(crate) struct Upstream {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    dialect: &'static str,
    pub(crate) api: Api,
}

pub(crate) const UPSTREAMS: [Upstream; 6] = [
    Upstream { name: "openai", title: "OpenAI Completions", dialect: "openai", api: Api::Completions },
    Upstream { name: "compatible", title: "compatible servers", dialect: "tgi", api: Api::Completions },
    Upstream { name: "messages", title: "Messages", dialect: "anthropic", api: Api::Messages },
    Upstream { name: "responses", title: "Responses", dialect: "openai", api: Api::Responses },
    Upstream { name: "generate", title: "generateContent", dialect: "gemini", api: Api::Generate },
    Upstream { name: "converse", title: "Converse", dialect: "amazon_bedrock", api: Api::Converse },
];

static GATEWAY: LazyLock<Gateway> = LazyLock::new(|| {
    let compiled = Compiled::new(UPSTREAMS.iter().map(provider).collect());
    compiled.open(|_| None).expect("a configuration without secrets needs none")
});

fn provider(upstream: &Upstream) -> CompiledProvider {
    CompiledProvider {
        name: upstream.name.to_owned(),
        prefix: upstream.name.to_owned(),
        apis: vec![upstream.api],
        base: "http://provider.test/v1".to_owned(),
        access_key: None,
        passthrough: false,
        ..CompiledProvider::usual(Dialect::named(upstream.dialect).expect("a row"))
    }
}

/// What a provider got for a request.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sent {
    pub(crate) refused: bool,
    pub(crate) losses: Vec<String>,
    uri: String,
    body: Bytes,
}

impl Sent {
    /// Whether the provider gets this word.
    pub(crate) fn says(&self, word: &str) -> bool {
        says(&self.body, word)
    }
}

fn says(body: &[u8], word: &str) -> bool {
    body.windows(word.len()).any(|bytes| bytes == word.as_bytes())
}

/// Puts a request to the gateway, for a model of the upstream.
pub(crate) fn send(client: &Client, upstream: &Upstream, request: &Map<String, Value>) -> Sent {
    let (path, body) = body(client, &format!("{}/m", upstream.name), request.clone());
    let request = Request::post(path).header("x-request-id", "1").body(body).expect("a request");
    let mut reached = answered(b"", 400, "application/json").play(&GATEWAY, request);
    let (uri, body) =
        reached.sent.pop().map_or_else(Default::default, |sent| (sent.uri().to_string(), sent.into_body()));
    let status = reached.head.status.as_u16();
    assert!(status < 500 || status == 502, "{}: {status}", String::from_utf8_lossy(&reached.body));
    Sent { refused: reached.report.attempts == 0, losses: reached.report.losses, uri, body }
}

/// What a client got for a provider's answer: its head and body as far as they tell of the answer, and what was lost.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) losses: Vec<String>,
    /// What the head names.
    pub(crate) lost: Option<String>,
    pub(crate) body: Bytes,
    /// As the report says it: a stream's head is older than its first event.
    model: String,
}

impl Got {
    /// Whether the client gets this word.
    pub(crate) fn says(&self, word: &str) -> bool {
        says(&self.body, word)
    }
}

/// Puts the client's plain request to the gateway, which the upstream answers with `answer`, streamed or not.
pub(crate) fn receive(client: &Client, upstream: &Upstream, answer: &[u8], stream: bool) -> Got {
    receive_as(client, upstream, answer, stream, stream)
}

/// The same where the client asks for a stream or not, whatever the answer is.
pub(crate) fn receive_as(
    client: &Client,
    upstream: &Upstream,
    answer: &[u8],
    asked: bool,
    stream: bool,
) -> Got {
    let (mut path, body) = body(client, &format!("{}/m", upstream.name), client.streamed(asked));
    if asked {
        path = path.replace(":generateContent", ":streamGenerateContent?alt=sse");
    }
    let request = Request::post(path).header("x-request-id", "1").header("x-plano-loss", "report");
    let request = request.body(body).expect("a request");
    let kind = match (stream, upstream.api) {
        (false, _) => "application/json",
        (true, Api::Converse) => "application/vnd.amazon.eventstream",
        (true, _) => "text/event-stream",
    };
    let Reached { head, body, report, .. } = answered(answer, 200, kind).play(&GATEWAY, request);
    let word = |name| head.headers.get(name).map(|value| value.to_str().expect("plain text").to_owned());
    let (lost, model) = (word("x-plano-lost"), report.provider_model);
    Got { status: head.status.as_u16(), losses: report.losses, lost, body, model }
}

/// A world whose provider answers this.
fn answered(body: &[u8], status: u16, kind: &str) -> World<false> {
    let response = Response::builder().status(status).header("content-type", kind);
    let response = response.body(Pieces::new(&[body], false)).expect("a response");
    World { now: Timestamp(1_765_432_109_000_000), dice: 4, ..World::saying([Ok(response)]) }
}
