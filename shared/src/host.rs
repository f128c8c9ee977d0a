//! What the gateway asks of the world.

mod patient;

pub use patient::{Patient, Timer};

pub use crate::timestamp::Timestamp;

use std::fmt;
use std::future::{Future, ready};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use http::{Request, Response};
use serde::{Deserialize, Serialize};

use crate::dialect::Encoding;
use crate::gateway::{Account, Lent};
use crate::timestamp::in_seconds;

/// The world, as far as the gateway needs it. A host moves bytes and decides nothing.
///
/// Nothing here asks for `Send` or an executor: the futures are polled by tokio, by JavaScript's event loop, by Spin's
/// runtime, or by the callbacks of an Envoy filter.
pub trait Host {
    /// A provider's answer as it comes.
    type Body: Stream<Item = Result<Bytes, BodyError>> + Unpin;

    /// A timer.
    type Sleep: Future<Output = ()> + Unpin;

    /// Whether a request that failed may be sent again; in Envoy its own retry policy does that.
    const RESENDS: bool;

    /// Whether [`fetch`](Host::fetch) does anything.
    const FETCHES: bool = false;

    /// Whether a client sees that an answer of unknown length broke off. Where it does not, such an answer is told whole or
    /// not at all.
    const BREAKS_OFF: bool = true;

    /// The host's word for itself in reports: `native`, `worker`, `spin`, `envoy`.
    const NAME: &'static str;

    /// A side call: small, answered whole.
    fn call(
        &self,
        request: Request<Bytes>,
        deadline: Duration,
    ) -> impl Future<Output = Result<Response<Bytes>, CallError>>;

    /// An attempt at the provider: the head when it comes (within `deadline`), the body as it comes.
    fn send(
        &self,
        request: Request<Bytes>,
        deadline: Duration,
    ) -> impl Future<Output = Result<Response<Self::Body>, CallError>>;

    /// Gets what is at an address that a client names; the gateway has checked how it is
    /// [written](crate::egress::Egress::check). A host that resolves names itself connects to no address that the egress
    /// rules do not [admit](crate::egress::Egress::admits); none follows redirects.
    fn fetch(
        &self,
        _request: Request<Bytes>,
        _deadline: Duration,
    ) -> impl Future<Output = Result<Response<Self::Body>, CallError>> {
        ready(Err(CallError::Forbidden("this host fetches nothing".to_owned())))
    }

    /// What an account lends for now. A host that can keeps it and renews it before its time is up, once for all who
    /// ask; why it cannot be had goes to its log.
    fn lend(&self, _account: &Account) -> impl Future<Output = Result<Arc<Lent>, CallError>> {
        ready(Err(CallError::Forbidden("this host asks no accounts".to_owned())))
    }

    /// Waits.
    fn sleep(&self, time: Duration) -> Self::Sleep;

    /// The time of day.
    fn now(&self) -> Timestamp;

    /// Any number, as hard to guess as the host can make it.
    fn random(&self) -> u64;

    /// How many tokens a text has in a published encoding; none where the host has no table of it, or none for a text so
    /// long. The tables have megabytes, so guests have none.
    fn tokens(&self, _encoding: Encoding, _text: &str) -> Option<u64> {
        None
    }
}

/// A request that got no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// No connection: name resolution, TCP or TLS. The request was not sent.
    Connect(String),
    /// No head within the deadline.
    Timeout,
    /// The connection broke before the head came.
    Broken(String),
    /// What came is no head that HTTP allows, or is longer than the host takes.
    Garbled(String),
    /// The host does not let this address be called.
    Forbidden(String),
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallError::Connect(why) => write!(f, "could not connect: {why}"),
            CallError::Timeout => f.write_str("no answer in time"),
            CallError::Broken(why) => write!(f, "the connection broke: {why}"),
            CallError::Garbled(why) => write!(f, "what came is not HTTP: {why}"),
            CallError::Forbidden(why) => write!(f, "not allowed: {why}"),
        }
    }
}

impl std::error::Error for CallError {}

/// An answer's body that broke off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BodyError(pub String);

impl BodyError {
    /// The provider said nothing for as long as the gateway waits.
    pub fn silence(patience: Duration) -> BodyError {
        BodyError(format!("nothing came for {}", in_seconds(patience)))
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BodyError {}

/// What `work` comes to, or nothing where `time` is up first. For hosts whose runtime brings no such thing.
pub async fn within<T>(work: impl Future<Output = T>, time: impl Future<Output = ()>) -> Option<T> {
    let mut work = std::pin::pin!(work);
    let mut time = std::pin::pin!(time);
    std::future::poll_fn(|context| match (work.as_mut().poll(context), time.as_mut()) {
        (Poll::Ready(value), _) => Poll::Ready(Some(value)),
        (Poll::Pending, time) => time.poll(context).map(|()| None),
    })
    .await
}
