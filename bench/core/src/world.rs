//! A host in memory: its provider answers at once, always the same, and counts what it was sent.

use std::cell::Cell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::{Request, Response};
use shared::api::Api;
use shared::exchange::{self, Caller, Reply};
use shared::gateway::{Compiled, CompiledProvider, Gateway, Serves};
use shared::host::{BodyError, CallError, Host, Timestamp};
use shared::relay::Pump;
use shared::report::Report;

/// A world whose provider answers in these pieces.
pub struct World {
    media_type: &'static str,
    pieces: Vec<Bytes>,
    sent: Cell<usize>,
}

/// What came of a request.
pub struct Played {
    /// Bytes that the provider got.
    pub sent: usize,
    /// Bytes that the client got.
    pub got: usize,
    pub report: Report,
}

/// An answer on its way.
pub struct Pieces(std::vec::IntoIter<Bytes>);

impl World {
    /// A provider whose whole answer this is.
    pub fn whole(answer: Bytes) -> World {
        World { media_type: "application/json", pieces: vec![answer], sent: Cell::new(0) }
    }

    /// A provider that streams these pieces.
    pub fn streaming(pieces: Vec<Bytes>) -> World {
        World { media_type: "text/event-stream; charset=utf-8", pieces, sent: Cell::new(0) }
    }

    /// Answers a request to its last byte, as a host would.
    pub fn play(&self, gateway: &Gateway, request: Request<Bytes>) -> Played {
        let caller = Caller::of(&self, &request);
        match at_once(exchange::run(gateway, &self, caller, request)) {
            Reply::Whole { response, report } => {
                Played { sent: self.sent.get(), got: response.body().len(), report: *report }
            }
            Reply::Stream { body, relay, .. } => self.pump(body, *relay),
            Reply::Bytes { report, .. } => Played { sent: self.sent.get(), got: 0, report: *report },
        }
    }

    fn pump(&self, body: Pieces, relay: shared::relay::Relay) -> Played {
        let account = Cell::new(Report::default());
        let mut pump = Pump::new(self, body, relay, None, self.now(), Some(|report| account.set(report)));
        let mut got = 0;
        while let Some(piece) =
            at_once(std::future::poll_fn(|context| Pin::new(&mut pump).poll_next(context)))
        {
            got += piece.len();
        }
        drop(pump);
        Played { sent: self.sent.get(), got, report: account.into_inner() }
    }
}

/// A gateway with a provider of each of these families, by the family's name.
///
/// # Panics
/// Never: the configuration has no secrets.
pub fn gateway() -> Gateway {
    let providers = [("openai", Api::Completions), ("anthropic", Api::Messages)];
    let compiled = Compiled::new(providers.map(|(dialect, api)| provider(dialect, api)).into());
    compiled.open(|_| None).expect("a configuration without secrets needs none")
}

fn provider(dialect: &str, api: Api) -> CompiledProvider {
    CompiledProvider {
        name: format!("{}/*", api.name()),
        prefix: api.name().to_owned(),
        serves: Serves::Any,
        apis: vec![api],
        base: "http://127.0.0.1:9/v1".to_owned(),
        access_key: None,
        ..CompiledProvider::usual(
            shared::dialect::Dialect::named(dialect).expect("a row of the table of dialects"),
        )
    }
}

/// A client's request with the headers that SDKs send.
///
/// # Panics
/// Never: the parts are right.
pub fn ask(api: Api, body: Bytes) -> Request<Bytes> {
    let path = match api {
        Api::Messages => "/v1/messages",
        Api::Responses => "/v1/responses",
        _ => "/v1/chat/completions",
    };
    Request::post(path)
        .header("host", "127.0.0.1:12000")
        .header("accept", "application/json")
        .header("content-type", "application/json")
        .header("content-length", body.len())
        .header("user-agent", "OpenAI/Python 3.52.0")
        .header("authorization", "Bearer the-clients-own-credential")
        .header("x-stainless-lang", "python")
        .header("x-stainless-retry-count", "0")
        .body(body)
        .expect("a method, a path and plain headers make a request")
}

fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("nothing in this world makes anybody wait"),
    }
}

impl Stream for Pieces {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.next().map(Ok))
    }
}

impl Host for &World {
    type Body = Pieces;
    type Sleep = std::future::Pending<()>;

    const RESENDS: bool = false;
    const NAME: &'static str = "memory";

    async fn call(&self, _: Request<Bytes>, _: Duration) -> Result<Response<Bytes>, CallError> {
        Err(CallError::Timeout)
    }

    async fn send(&self, request: Request<Bytes>, _: Duration) -> Result<Response<Pieces>, CallError> {
        self.sent.set(request.body().len());
        let response = Response::builder()
            .header("content-type", self.media_type)
            .header("date", "Thu, 01 Jan 2026 00:00:00 GMT")
            .header("x-request-id", "req_0123456789")
            .header("openai-processing-ms", "12")
            .header("x-ratelimit-remaining-requests", "9999")
            .body(Pieces(self.pieces.clone().into_iter()));
        response.map_err(|error| CallError::Broken(error.to_string()))
    }

    fn sleep(&self, _: Duration) -> Self::Sleep {
        std::future::pending()
    }

    fn now(&self) -> Timestamp {
        Timestamp(1_760_000_000_000_000)
    }

    fn random(&self) -> u64 {
        0x0123_4567_89ab_cdef
    }
}

/// Joins pieces to larger ones of `events` each, as a busy connection delivers them.
pub fn bursts(pieces: &[Bytes], events: usize) -> Vec<Bytes> {
    let join = |pieces: &[Bytes]| {
        let mut joined = BytesMut::new();
        pieces.iter().for_each(|piece| joined.extend_from_slice(piece));
        joined.freeze()
    };
    pieces.chunks(events).map(join).collect()
}
