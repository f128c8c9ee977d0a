//! What Envoy's callbacks leave for the gateway's future, and what it leaves for them.
//!
//! Everything is in cells that are taken from and put back, so that no borrow can ever overlap another.

use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use http::{Request, Response};
use shared::host::{BodyError, CallError, Timestamp};

/// One stream's slots.
#[derive(Default)]
pub(crate) struct Slots {
    /// The request that the future wants sent.
    pub(crate) outgoing: Cell<Option<Request<Bytes>>>,
    /// The provider's answer.
    pub(crate) answer: Cell<Option<Result<Response<Body>, CallError>>>,
    /// The time in the callback that is running, if it was asked for: to ask costs a call of Envoy.
    pub(crate) now: Cell<Option<Timestamp>>,
    /// Answers to side calls, by Envoy's number for the call.
    calls: Cell<BTreeMap<u32, Result<Response<Bytes>, CallError>>>,
}

impl Slots {
    /// Puts a side call's answer where its future looks for it.
    pub(crate) fn put_call(&self, number: u32, answer: Result<Response<Bytes>, CallError>) {
        let mut calls = self.calls.take();
        calls.insert(number, answer);
        self.calls.set(calls);
    }

    /// A side call's answer, if it has come.
    pub(crate) fn take_call(&self, number: u32) -> Option<Result<Response<Bytes>, CallError>> {
        let mut calls = self.calls.take();
        let answer = calls.remove(&number);
        self.calls.set(calls);
        answer
    }
}

/// A provider's body: the callbacks push, the future or the relay takes. Clones share what is in it.
#[derive(Clone, Default)]
pub(crate) struct Body(Rc<Pieces>);

type Piece = Result<Bytes, BodyError>;

#[derive(Default)]
struct Pieces {
    waiting: Cell<VecDeque<Piece>>,
    finished: Cell<bool>,
}

impl Body {
    /// Appends a piece.
    pub(crate) fn push(&self, piece: Bytes) {
        self.append(Ok(piece));
    }

    /// No more will come, though there should be more.
    pub(crate) fn fail(&self, why: String) {
        self.append(Err(BodyError(why)));
    }

    /// No more will come.
    pub(crate) fn finish(&self) {
        self.0.finished.set(true);
    }

    /// Whether no more will come.
    pub(crate) fn is_finished(&self) -> bool {
        self.0.finished.get()
    }

    /// The next piece, if one is there.
    pub(crate) fn take(&self) -> Option<Piece> {
        let mut waiting = self.0.waiting.take();
        let piece = waiting.pop_front();
        self.0.waiting.set(waiting);
        piece
    }

    fn append(&self, piece: Piece) {
        let mut waiting = self.0.waiting.take();
        waiting.push_back(piece);
        self.0.waiting.set(waiting);
    }
}

impl Stream for Body {
    type Item = Piece;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.take() {
            Some(piece) => Poll::Ready(Some(piece)),
            None if self.is_finished() => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Waker;

    #[test]
    fn a_body_gives_what_was_pushed_and_then_ends() {
        let callbacks = Body::default();
        let mut future = callbacks.clone();
        let mut next = || Pin::new(&mut future).poll_next(&mut Context::from_waker(Waker::noop()));
        assert_eq!(next(), Poll::Pending);
        callbacks.push(Bytes::from_static(b"a"));
        callbacks.push(Bytes::from_static(b"b"));
        callbacks.finish();
        assert_eq!(next(), Poll::Ready(Some(Ok(Bytes::from_static(b"a")))));
        assert_eq!(next(), Poll::Ready(Some(Ok(Bytes::from_static(b"b")))));
        assert_eq!(next(), Poll::Ready(None));
    }

    #[test]
    fn calls_are_answered_by_number() {
        let slots = Slots::default();
        slots.put_call(2, Err(CallError::Timeout));
        assert!(slots.take_call(1).is_none());
        assert_eq!(slots.take_call(2).map(|answer| answer.is_err()), Some(true));
        assert!(slots.take_call(2).is_none());
    }
}
