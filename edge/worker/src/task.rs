//! Work under way: clients' requests, and reports behind their answers.
//!
//! Whatever a task waits for, JavaScript polls it anew, so nothing has to be woken. While a task is polled it belongs to
//! whoever polls it: should that fail, the other tasks are as they were.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures_core::Stream;
use http::Response;

use crate::body::Streamed;
use crate::head;
use crate::platform;

thread_local! {
    static TASKS: RefCell<BTreeMap<u32, Task>> = const { RefCell::new(BTreeMap::new()) };
    static LAST: Cell<u32> = const { Cell::new(0) };
}

type Eventual<T> = Pin<Box<dyn Future<Output = T>>>;

/// An answer's body.
pub(crate) enum Body {
    /// All of it.
    Whole(Bytes),
    /// As it comes.
    Streamed(Streamed),
}

/// Something to be done.
pub(crate) enum Task {
    /// Finds out what the answer is.
    Answer(Eventual<Response<Body>>),
    /// Gives the answer.
    Stream(Streamed),
    /// Tells the backend.
    Report(Eventual<()>),
}

/// Takes a task up; the number is what JavaScript calls it.
pub(crate) fn add(task: Task) -> u32 {
    let number = LAST.get().wrapping_add(1);
    LAST.set(number);
    TASKS.with_borrow_mut(|tasks| tasks.insert(number, task));
    number
}

/// Works on a task until it has to wait.
pub(crate) fn poll(number: u32) {
    let Some(task) = take(number) else { return };
    if let Some(task) = task.poll(&mut Context::from_waker(Waker::noop())) {
        TASKS.with_borrow_mut(|tasks| tasks.insert(number, task));
    }
}

/// Gives a task up.
pub(crate) fn abandon(number: u32) {
    drop(take(number));
}

fn take(number: u32) -> Option<Task> {
    TASKS.with_borrow_mut(|tasks| tasks.remove(&number))
}

impl Task {
    /// What is left to be done.
    fn poll(self, context: &mut Context<'_>) -> Option<Task> {
        match self {
            Task::Answer(mut answer) => match answer.as_mut().poll(context) {
                Poll::Ready(answer) => begin(answer).and_then(|stream| give(stream, context)),
                Poll::Pending => Some(Task::Answer(answer)),
            },
            Task::Stream(stream) => give(stream, context),
            Task::Report(mut report) => match report.as_mut().poll(context) {
                Poll::Ready(()) => done(),
                Poll::Pending => Some(Task::Report(report)),
            },
        }
    }
}

/// Gives the head of an answer, and its body where all of it is there.
fn begin(answer: Response<Body>) -> Option<Streamed> {
    let (parts, body) = answer.into_parts();
    let (status, head) = (parts.status.as_u16(), head::of_headers(&parts.headers));
    match body {
        Body::Whole(bytes) => platform::respond(status, &head, &bytes),
        Body::Streamed(stream) => {
            platform::open(status, &head);
            return Some(stream);
        }
    }
    None
}

/// Gives the next piece of an answer.
fn give(mut stream: Streamed, context: &mut Context<'_>) -> Option<Task> {
    match Pin::new(&mut stream).poll_next(context) {
        Poll::Ready(Some(Ok(piece))) => platform::give(&piece),
        Poll::Ready(Some(Err(error))) => {
            platform::break_off(&error.0);
            return None;
        }
        Poll::Ready(None) => return done(),
        Poll::Pending => {}
    }
    Some(Task::Stream(stream))
}

fn done() -> Option<Task> {
    platform::end();
    None
}
