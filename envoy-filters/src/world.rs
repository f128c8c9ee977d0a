//! Envoy as the gateway's future sees it.

use std::future::{Ready, poll_fn, ready};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use shared::host::{CallError, Host, Timestamp};

use crate::abi;
use crate::slots::{Body, Slots};

/// One stream's world.
#[derive(Clone)]
pub(crate) struct Envoy {
    pub(crate) slots: Rc<Slots>,
    /// The seed of this thread's random numbers, from the system's.
    seed: RandomState,
}

impl Envoy {
    /// A world of empty slots. `seed` is made once a thread.
    pub(crate) fn new(seed: RandomState) -> Envoy {
        Envoy { slots: Rc::default(), seed }
    }
}

impl Host for Envoy {
    type Body = Body;
    type Sleep = Ready<()>;

    /// Envoy's own retry policy does that.
    const RESENDS: bool = false;

    const NAME: &'static str = "envoy";

    async fn call(&self, request: Request<Bytes>, deadline: Duration) -> Result<Response<Bytes>, CallError> {
        let number = abi::dispatch(&request, deadline)?;
        poll_fn(|_| self.slots.take_call(number).map_or(Poll::Pending, Poll::Ready)).await
    }

    /// Leaves the request for the callback that is running, which lets Envoy send it. The deadline is the route's.
    async fn send(&self, request: Request<Bytes>, _: Duration) -> Result<Response<Body>, CallError> {
        self.slots.outgoing.set(Some(request));
        poll_fn(|_| self.slots.answer.take().map_or(Poll::Pending, Poll::Ready)).await
    }

    /// Does not wait: who does not send again has nothing to wait for.
    fn sleep(&self, _: Duration) -> Ready<()> {
        ready(())
    }

    fn now(&self) -> Timestamp {
        let now = self.slots.now.get().unwrap_or_else(abi::now);
        self.slots.now.set(Some(now));
        now
    }

    fn random(&self) -> u64 {
        // SipHash under a key of the system's randomness; the counter makes each number another.
        let mut hasher = self.seed.build_hasher();
        hasher.write_u64(abi::count());
        hasher.finish()
    }
}
