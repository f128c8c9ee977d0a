//! Requests to providers and the backend, and what has come back of them.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use http::{Request, Response};
use shared::host::{BodyError, CallError};

use crate::head::of_request;
use crate::platform;

thread_local! {
    static CALLS: RefCell<BTreeMap<u32, Progress>> = const { RefCell::new(BTreeMap::new()) };
    static LAST: Cell<u32> = const { Cell::new(0) };
}

/// How far a call is.
#[derive(Default)]
struct Progress {
    head: Option<Result<Response<()>, CallError>>,
    pieces: VecDeque<Bytes>,
    end: Option<Result<(), BodyError>>,
    is_read: bool,
}

/// A call under way. Dropping it lets the provider go.
#[derive(Debug)]
pub(crate) struct Call(u32);

impl Call {
    /// Sends a request.
    pub(crate) fn send(request: &Request<Bytes>) -> Call {
        let number = LAST.get().wrapping_add(1);
        LAST.set(number);
        CALLS.with_borrow_mut(|calls| calls.insert(number, Progress::default()));
        platform::send(number, &of_request(request), request.body());
        Call(number)
    }

    /// The answer once its head has come.
    pub(crate) async fn answer(self) -> Result<Response<Answer>, CallError> {
        let head = poll_fn(|_| self.look(|progress| progress.head.take())).await?;
        Ok(head.map(|()| Answer(self)))
    }

    fn look<T>(&self, at: impl FnOnce(&mut Progress) -> Option<T>) -> Poll<T> {
        let seen = CALLS.with_borrow_mut(|calls| calls.get_mut(&self.0).and_then(at));
        seen.map_or(Poll::Pending, Poll::Ready)
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let progress = CALLS.with_borrow_mut(|calls| calls.remove(&self.0));
        if progress.is_none_or(|progress| progress.end.is_none()) {
            platform::cancel(self.0);
        }
    }
}

/// The body of an answer, read as fast as it is taken.
#[derive(Debug)]
pub(crate) struct Answer(Call);

impl Stream for Answer {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut reads = false;
        let next = self.0.look(|progress| {
            let next = progress.next();
            reads = next.is_none() && !std::mem::replace(&mut progress.is_read, true);
            next
        });
        if reads {
            platform::read(self.0.0);
        }
        next
    }
}

impl Progress {
    /// What comes next of the body, where that is known: a piece, its end, or why it ended too early.
    fn next(&mut self) -> Option<Option<Result<Bytes, BodyError>>> {
        if let Some(piece) = self.pieces.pop_front() {
            return Some(Some(Ok(piece)));
        }
        self.end.clone().map(|end| end.err().map(Err))
    }
}

/// The head of an answer has come.
pub(crate) fn head(call: u32, head: Result<Response<()>, CallError>) {
    change(call, |progress| progress.head = Some(head));
}

/// A piece of an answer's body has come.
pub(crate) fn piece(call: u32, piece: Bytes, is_last: bool) {
    change(call, |progress| {
        progress.is_read = false;
        progress.pieces.extend(Some(piece).filter(|piece| !piece.is_empty()));
        progress.end = is_last.then_some(Ok(()));
    });
}

/// An answer's body broke off.
pub(crate) fn broken(call: u32, why: String) {
    change(call, |progress| progress.end = Some(Err(BodyError(why))));
}

/// Changes what is known of a call, unless nobody asks about it any more.
fn change(call: u32, change: impl FnOnce(&mut Progress)) {
    CALLS.with_borrow_mut(|calls| {
        if let Some(progress) = calls.get_mut(&call) {
            change(progress);
        }
    });
}
