//! A provider of each family, as its row has it, that takes every request.

use std::cell::RefCell;
use std::future::{Future, Ready, ready};
use std::pin::{Pin, pin};
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use http::{Request, Response};
use serde_json::{Map, Value};
use shared::api::Api;
use shared::dialect::Dialect;
use shared::exchange::{self, Reply};
use shared::gateway::{Compiled, CompiledProvider, Gateway};
use shared::host::{BodyError, CallError, Host, Timestamp};

use crate::probe::{Client, body};

/// A provider to translate for.
pub(crate) struct Upstream {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    dialect: &'static str,
    api: Api,
}

pub(crate) const UPSTREAMS: [Upstream; 6] = [
    Upstream { name: "openai", title: "OpenAI Completions", dialect: "openai", api: Api::Completions },
    Upstream { name: "compatible", title: "compatible servers", dialect: "ollama", api: Api::Completions },
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

#[derive(Default)]
struct World {
    sent: RefCell<Option<(String, Bytes)>>,
}

/// No body.
pub(crate) struct Nothing;

impl Stream for Nothing {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(None)
    }
}

impl Host for World {
    type Body = Nothing;
    type Sleep = Ready<()>;
    const RESENDS: bool = false;
    const NAME: &'static str = "test";

    async fn call(&self, _: Request<Bytes>, _: Duration) -> Result<Response<Bytes>, CallError> {
        Err(CallError::Timeout)
    }

    async fn send(&self, request: Request<Bytes>, _: Duration) -> Result<Response<Nothing>, CallError> {
        self.sent.replace(Some((request.uri().to_string(), request.into_body())));
        let response =
            Response::builder().status(400).header("content-type", "application/json").body(Nothing);
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
