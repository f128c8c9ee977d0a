//! A provider of each family, as its row has it, that takes every request.

use std::cell::RefCell;
use std::future::{Future, Ready, ready};
use std::pin::{Pin, pin};
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::{Request, Response};
use serde_json::{Map, Value};
use shared::api::Api;
use shared::dialect::Dialect;
use shared::exchange::{self, Reply};
use shared::gateway::{Compiled, CompiledProvider, Gateway};
use shared::host::{BodyError, CallError, Host, Timestamp};
use shared::relay::Ending;

use crate::probe::{Client, body};

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

/// Puts a request to the gateway, for a model of the upstream.
pub(crate) fn send(client: &Client, upstream: &Upstream, request: &Map<String, Value>) -> Sent {
    let (path, body) = body(client, &format!("{}/m", upstream.name), request.clone());
    let request = Request::post(path).header("x-request-id", "1").body(body).expect("a request");
    let world = World::default();
    let mut exchange = pin!(exchange::run(&GATEWAY, &world, request));
    let Poll::Ready(reply) = exchange.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("nothing here makes anybody wait");
    };
    let Reply::Whole { response, report } = reply else { panic!("the provider does not stream") };
    let (uri, body) = world.sent.take().unwrap_or_default();
    let status = response.status().as_u16();
    assert!(status < 500 || status == 502, "{}: {status}", String::from_utf8_lossy(response.body()));
    Sent { refused: report.attempts == 0, losses: report.losses, uri, body }
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

/// Puts the client's plain request to the gateway, which the upstream answers with `answer`, streamed or not.
pub(crate) fn receive(client: &Client, upstream: &Upstream, answer: &str, stream: bool) -> Got {
    let (mut path, body) = body(client, &format!("{}/m", upstream.name), client.streamed(stream));
    if stream {
        path = path.replace(":generateContent", ":streamGenerateContent?alt=sse");
    }
    let request = Request::post(path).header("x-request-id", "1").header("x-plano-loss", "report");
    let world = World { answer: Some((Bytes::from(answer.to_owned()), stream)), ..World::default() };
    let mut exchange = pin!(exchange::run(&GATEWAY, &world, request.body(body).expect("a request")));
    let Poll::Ready(reply) = exchange.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("nothing here makes anybody wait");
    };
    let (head, body, report) = match reply {
        Reply::Whole { response, report } => {
            let (head, body) = response.into_parts();
            (head, body, *report)
        }
        Reply::Stream { head, mut body, mut relay } => {
            let mut out = BytesMut::new();
            relay.push(&body.0.take().unwrap_or_default(), Timestamp(0), &mut out);
            let report = relay.finish(Ending::Complete, Timestamp(0), &mut out);
            (head.into_parts().0, out.freeze(), report)
        }
    };
    let word = |name| head.headers.get(name).map(|value| value.to_str().expect("plain text").to_owned());
    let (lost, model) = (word("x-plano-lost"), report.provider_model);
    Got { status: head.status.as_u16(), losses: report.losses, lost, body, model }
}

#[derive(Default)]
struct World {
    sent: RefCell<Option<(String, Bytes)>>,
    /// What the provider answers, and whether as a stream.
    answer: Option<(Bytes, bool)>,
}

/// A body in one piece, or none.
pub(crate) struct Piece(Option<Bytes>);

impl Stream for Piece {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}

impl Host for World {
    type Body = Piece;
    type Sleep = Ready<()>;
    const RESENDS: bool = false;
    const NAME: &'static str = "test";

    async fn call(&self, _: Request<Bytes>, _: Duration) -> Result<Response<Bytes>, CallError> {
        Err(CallError::Timeout)
    }

    async fn send(&self, request: Request<Bytes>, _: Duration) -> Result<Response<Piece>, CallError> {
        self.sent.replace(Some((request.uri().to_string(), request.into_body())));
        let (status, body, stream) = match &self.answer {
            Some((body, stream)) => (200, Some(body.clone()), *stream),
            None => (400, None, false),
        };
        let kind = if stream { "text/event-stream" } else { "application/json" };
        let response = Response::builder().status(status).header("content-type", kind).body(Piece(body));
        Ok(response.expect("a response"))
    }

    fn sleep(&self, _: Duration) -> Ready<()> {
        ready(())
    }

    fn now(&self) -> Timestamp {
        Timestamp(1_765_432_109_000_000)
    }

    fn random(&self) -> u64 {
        4
    }
}
