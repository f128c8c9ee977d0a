//! The world as a value: a provider that says what was recorded, a clock that stands still, dice that are not thrown.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{Future, Ready, ready};
use std::pin::{Pin, pin};
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::{Request, Response};
use shared::api::Api;
use shared::dialect::Dialect;
use shared::exchange::{self, Reply};
use shared::gateway::{Compiled, CompiledProvider, Gateway};
use shared::host::{BodyError, CallError, Host, Timestamp};
use shared::relay::{Ending, Relay};
use shared::report::Report;

/// The families that clients speak.
pub(crate) const CLIENTS: [Api; 4] = [Api::Completions, Api::Messages, Api::Responses, Api::Generate];
/// The families that providers speak.
pub(crate) const UPSTREAMS: [Api; 5] =
    [Api::Completions, Api::Messages, Api::Responses, Api::Generate, Api::Converse];

const NOW: Timestamp = Timestamp(1_765_432_109_000_000);

/// A provider of each family; its name is the family's.
static GATEWAY: LazyLock<Gateway> = LazyLock::new(|| {
    let compiled = Compiled::new(UPSTREAMS.map(provider).into());
    compiled.open(|_| None).expect("a configuration without secrets needs none")
});

fn provider(api: Api) -> CompiledProvider {
    let dialect = match api {
        Api::Completions | Api::Responses => "openai",
        Api::Messages => "anthropic",
        Api::Generate => "gemini",
        Api::Converse => "amazon",
    };
    let usual = CompiledProvider::usual(Dialect::named(dialect).expect("a row"));
    CompiledProvider {
        name: format!("{}/*", api.name()),
        prefix: api.name().to_owned(),
        apis: vec![api],
        base: "http://127.0.0.1/v1".to_owned(),
        access_key: None,
        ..usual
    }
}

/// What a provider answers.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) media_type: &'a str,
    pub(crate) pieces: Vec<&'a [u8]>,
}

/// What came of it.
pub(crate) struct Played {
    /// The body that the provider received, where it was asked.
    pub(crate) sent: Option<Bytes>,
    pub(crate) status: u16,
    pub(crate) body: Bytes,
    pub(crate) report: Report,
}

/// Asks the provider of `upstream`, as a client of `client` does, for a model with this name of its own.
pub(crate) fn play(
    client: Api,
    upstream: Api,
    model: &str,
    stream: bool,
    body: Bytes,
    answer: &Answer<'_>,
) -> Played {
    let path = match client {
        Api::Completions => "/v1/chat/completions".to_owned(),
        Api::Messages => "/v1/messages".to_owned(),
        Api::Responses => "/v1/responses".to_owned(),
        Api::Generate | Api::Converse => {
            let method = if stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
            format!("/v1beta/models/{}/{model}:{method}", upstream.name())
        }
    };
    ask(&path, body, answer)
}

/// Posts a body to a path of the gateway.
pub(crate) fn ask(path: &str, body: Bytes, answer: &Answer<'_>) -> Played {
    let request = Request::post(path).header("content-type", "application/json");
    run(request.body(body).expect("a request"), answer)
}

fn run(request: Request<Bytes>, answer: &Answer<'_>) -> Played {
    let world = World { answer, sent: RefCell::default() };
    let reply = at_once(exchange::run(&GATEWAY, &world, request));
    let sent = world.sent.take();
    match reply {
        Reply::Whole { response, report } => {
            Played { sent, status: response.status().as_u16(), body: response.into_body(), report: *report }
        }
        Reply::Stream { head, body, relay } => {
            let (body, report) = pump(body, *relay);
            Played { sent, status: head.status().as_u16(), body, report }
        }
    }
}

fn pump(body: Pieces, mut relay: Relay) -> (Bytes, Report) {
    let mut out = BytesMut::new();
    for piece in &body.0 {
        relay.push(piece, NOW, &mut out);
    }
    let report = relay.finish(Ending::Complete, NOW, &mut out);
    (out.freeze(), report)
}

/// The result of a future that waits for nothing.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("nothing in this world makes anybody wait"),
    }
}

struct World<'a> {
    answer: &'a Answer<'a>,
    sent: RefCell<Option<Bytes>>,
}

impl Host for World<'_> {
    type Body = Pieces;
    type Sleep = Ready<()>;
    const RESENDS: bool = false;
    const NAME: &'static str = "test";

    async fn call(&self, _: Request<Bytes>, _: Duration) -> Result<Response<Bytes>, CallError> {
        Err(CallError::Forbidden("there is nobody but the provider".to_owned()))
    }

    async fn send(&self, request: Request<Bytes>, _: Duration) -> Result<Response<Pieces>, CallError> {
        *self.sent.borrow_mut() = Some(request.into_body());
        let pieces = self.answer.pieces.iter().map(|piece| Bytes::copy_from_slice(piece)).collect();
        let response = Response::builder().status(self.answer.status);
        let response = response.header("content-type", self.answer.media_type).body(Pieces(pieces));
        Ok(response.expect("a response"))
    }

    fn sleep(&self, _: Duration) -> Ready<()> {
        ready(())
    }

    fn now(&self) -> Timestamp {
        NOW
    }

    fn random(&self) -> u64 {
        4
    }
}

/// A provider's body.
struct Pieces(VecDeque<Bytes>);

impl Stream for Pieces {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.pop_front().map(Ok))
    }
}
