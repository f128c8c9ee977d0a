//! The world as a value: providers that say what they are told to, a clock that stands still or jumps, dice that are not thrown.

#![allow(dead_code, reason = "not every test looks at all that came of a request")]

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, Ready, ready};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::response::Parts;
use http::{Request, Response};
use shared::dialect::Encoding;
use shared::exchange::{self, Caller, Reply};
use shared::gateway::Gateway;
use shared::host::{BodyError, CallError, Host, Timestamp};
use shared::relay::{Ending, Relay};
use shared::report::Report;

/// What a provider says to one attempt.
pub(crate) type Answer = Result<Response<Pieces>, CallError>;

/// A world whose providers give these answers one after the other. `RESENDS` is [`Host::RESENDS`].
#[derive(Default)]
pub(crate) struct World<const RESENDS: bool> {
    pub(crate) answers: RefCell<VecDeque<Answer>>,
    pub(crate) now: Timestamp,
    /// How far the clock goes on whenever somebody looks at it.
    pub(crate) tick: Duration,
    pub(crate) looked: Cell<u32>,
    /// What every throw of the dice gives.
    pub(crate) dice: u64,
    /// The one encoding that there is a table of, in which each text is a thousand tokens.
    pub(crate) encoding: Option<Encoding>,
    pub(crate) sent: RefCell<Vec<Request<Bytes>>>,
    pub(crate) slept: Cell<Duration>,
}

/// What came of a request.
pub(crate) struct Reached {
    /// What the providers got, attempt by attempt.
    pub(crate) sent: Vec<Request<Bytes>>,
    /// How long was waited between attempts.
    pub(crate) slept: Duration,
    pub(crate) head: Parts,
    pub(crate) body: Bytes,
    pub(crate) report: Report,
}

impl<const RESENDS: bool> World<RESENDS> {
    pub(crate) fn saying(answers: impl IntoIterator<Item = Answer>) -> World<RESENDS> {
        World { answers: RefCell::new(answers.into_iter().collect()), ..World::default() }
    }

    /// Plays a request at a gateway.
    pub(crate) fn play(self, gateway: &Gateway, request: Request<Bytes>) -> Reached {
        let caller = Caller::of(&self, &request);
        self.play_for(gateway, caller, request)
    }

    /// The same for who has been found to ask before.
    pub(crate) fn play_for(self, gateway: &Gateway, caller: Caller, request: Request<Bytes>) -> Reached {
        let (head, body, report) = match at_once(exchange::run(gateway, &self, caller, request)) {
            Reply::Whole { response, report } => {
                let (head, body) = response.into_parts();
                (head, body, *report)
            }
            Reply::Stream { head, body, relay } => {
                let (body, report) = pump(body, *relay, self.now);
                (head.into_parts().0, body, report)
            }
            Reply::Bytes { head, body, mut report } => {
                report.bytes_out = body.pieces.iter().map(|piece| piece.len() as u64).sum();
                report.close(body.ending(), self.now);
                let bytes = body.pieces.iter().flatten().copied().collect();
                (head.into_parts().0, bytes, *report)
            }
        };
        Reached { sent: self.sent.take(), slept: self.slept.get(), head, body, report }
    }
}

fn pump(body: Pieces, mut relay: Relay, now: Timestamp) -> (Bytes, Report) {
    let mut out = BytesMut::new();
    for piece in &body.pieces {
        relay.push(piece, now, &mut out);
    }
    let report = relay.finish(body.ending(), now, &mut out);
    (out.freeze(), report)
}

/// The result of a future that waits for nothing.
pub(crate) fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("nothing in this world makes anybody wait"),
    }
}

impl<const RESENDS: bool> Host for World<RESENDS> {
    type Body = Pieces;
    type Sleep = Ready<()>;
    const RESENDS: bool = RESENDS;
    const NAME: &'static str = "test";

    async fn call(&self, _: Request<Bytes>, _: Duration) -> Result<Response<Bytes>, CallError> {
        Err(CallError::Forbidden("there is nobody but the provider".to_owned()))
    }

    async fn send(&self, request: Request<Bytes>, _: Duration) -> Answer {
        self.sent.borrow_mut().push(request);
        self.answers.borrow_mut().pop_front().unwrap_or(Err(CallError::Timeout))
    }

    fn sleep(&self, time: Duration) -> Ready<()> {
        self.slept.set(self.slept.get() + time);
        ready(())
    }

    fn now(&self) -> Timestamp {
        self.looked.set(self.looked.get() + 1);
        Timestamp(self.now.0 + (self.tick * self.looked.get()).as_micros() as u64)
    }

    fn random(&self) -> u64 {
        self.dice
    }

    fn tokens(&self, encoding: Encoding, _: &str) -> Option<u64> {
        (self.encoding == Some(encoding)).then_some(1_000)
    }
}

/// A provider's body.
#[derive(Debug)]
pub(crate) struct Pieces {
    pieces: VecDeque<Bytes>,
    /// Whether the connection breaks at the end.
    broken: bool,
}

impl Pieces {
    pub(crate) fn new(pieces: &[&[u8]], broken: bool) -> Pieces {
        Pieces { pieces: pieces.iter().map(|piece| Bytes::copy_from_slice(piece)).collect(), broken }
    }

    fn ending(&self) -> Ending {
        if self.broken { Ending::Broken("reset".to_owned()) } else { Ending::Complete }
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
