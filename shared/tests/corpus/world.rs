//! The world as a value: a clock that stands still, dice that are not thrown, a provider that says what the case says.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{Future, Ready, ready};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use corpus::{Body, Case, Expected, MADE_AT, MADE_ID};
use futures_core::Stream;
use http::{HeaderMap, Request, Response};
use shared::exchange::{self, Reply};

use shared::host::{BodyError, CallError, Host, Timestamp};
use shared::relay::{Ending, Relay};
use shared::report::Report;

use crate::gateway::GATEWAY;

/// What came of a case.
pub(crate) struct Played {
    /// The body that the provider received, where it was asked.
    pub(crate) sent: Option<Bytes>,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) report: Report,
}

/// Plays a case whose provider answers in these pieces; where the outline says so, its connection breaks after them.
pub(crate) fn play(case: &Case, pieces: &[&[u8]]) -> Played {
    run(case, Pieces::new(pieces, case.outline.cut))
}

/// Plays a case whose provider's connection breaks after these pieces.
pub(crate) fn play_broken(case: &Case, pieces: &[&[u8]]) -> Played {
    run(case, Pieces::new(pieces, true))
}

fn run(case: &Case, pieces: Pieces) -> Played {
    let world = World { case, answer: RefCell::new(Some(pieces)), sent: RefCell::default() };
    let reply = at_once(exchange::run(&GATEWAY, &world, request(case)));
    let sent = world.sent.take();
    match reply {
        Reply::Whole { response, report } => {
            let (head, body) = response.into_parts();
            Played { sent, status: head.status.as_u16(), headers: head.headers, body, report: *report }
        }
        Reply::Stream { head, body, relay } => {
            let (body, report) = pump(body, *relay);
            let status = head.status().as_u16();
            Played { sent, status, headers: head.into_parts().0.headers, body, report }
        }
    }
}

fn request(case: &Case) -> Request<Bytes> {
    let mut request = Request::post(case.path()).header("content-type", "application/json");
    for (name, value) in &case.outline.headers {
        request = request.header(name, value);
    }
    let request = request.header("x-request-id", MADE_ID);
    request.body(Bytes::copy_from_slice(&case.request)).expect("the case is a request")
}

fn pump(body: Pieces, mut relay: Relay) -> (Bytes, Report) {
    let now = Timestamp(MADE_AT * 1_000_000);
    let mut out = BytesMut::new();
    for piece in &body.pieces {
        relay.push(piece, now, &mut out);
    }
    let ending = if body.broken { Ending::Broken("reset".to_owned()) } else { Ending::Complete };
    let report = relay.finish(ending, now, &mut out);
    (out.freeze(), report)
}

/// The result of a future that waits for nothing.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("nothing in this world makes anybody wait"),
    }
}

impl Played {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// What came, as what is expected from now on.
    pub(crate) fn expected(&self) -> Expected<'_> {
        let streams = self.header("content-type").is_some_and(|value| value.starts_with("text/event-stream"));
        let extension = if streams { "sse" } else { "json" };
        Expected {
            sent: self.sent.as_deref(),
            got: Body { extension: extension.to_owned(), bytes: self.body.to_vec() },
            status: self.status,
            losses: &self.report.losses,
        }
    }
}

/// Words by which an API's stream says that it is over.
pub(crate) struct Marks {
    stopped: &'static [&'static str],
    failed: &'static [&'static str],
}

/// The marks of an API, by its name.
pub(crate) fn marks(api: &str) -> Marks {
    match api {
        "completions" => {
            Marks { stopped: &["\"finish_reason\":\"", "data: [DONE]"], failed: &["data: {\"error\":"] }
        }
        "messages" => Marks {
            stopped: &["\"type\":\"message_delta\"", "event: message_stop"],
            failed: &["event: error\n"],
        },
        "generate" => Marks {
            stopped: &["\"finishReason\":", "\"blockReason\":"],
            // In an event, or in the array that a stream is without `alt=sse`.
            failed: &["{\"error\":{\"code\":"],
        },
        "converse" => Marks { stopped: &["messageStop"], failed: &[":exception-type"] },
        _ => Marks {
            stopped: &["event: response.completed", "event: response.incomplete"],
            failed: &["event: error\n", "event: response.failed\n"],
        },
    }
}

impl Marks {
    pub(crate) fn stopped(&self, stream: &[u8]) -> bool {
        contains_any(stream, self.stopped)
    }

    pub(crate) fn failed(&self, stream: &[u8]) -> bool {
        contains_any(stream, self.failed)
    }
}

fn contains_any(stream: &[u8], words: &[&str]) -> bool {
    let text = String::from_utf8_lossy(stream);
    words.iter().any(|word| text.contains(word))
}

struct World<'c> {
    case: &'c Case,
    answer: RefCell<Option<Pieces>>,
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
        let outline = &self.case.outline;
        let mut response = Response::builder().status(outline.status);
        for (name, value) in &outline.answer_headers {
            response = response.header(name, value);
        }
        let body = self.answer.take().ok_or(CallError::Timeout)?;
        let response = response.header("content-type", self.case.answer.media_type()).body(body);
        Ok(response.expect("the case is a response"))
    }

    fn sleep(&self, _: Duration) -> Ready<()> {
        ready(())
    }

    fn now(&self) -> Timestamp {
        Timestamp(MADE_AT * 1_000_000)
    }

    fn random(&self) -> u64 {
        4
    }
}

/// A provider's body.
struct Pieces {
    pieces: VecDeque<Bytes>,
    /// Whether the connection breaks at the end.
    broken: bool,
}

impl Pieces {
    fn new(pieces: &[&[u8]], broken: bool) -> Pieces {
        Pieces { pieces: pieces.iter().map(|piece| Bytes::copy_from_slice(piece)).collect(), broken }
    }
}

impl Stream for Pieces {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let end = self.broken.then(|| Err(BodyError("reset".to_owned())));
        Poll::Ready(self.pieces.pop_front().map(Ok).or_else(|| {
            self.broken = false;
            end
        }))
    }
}
