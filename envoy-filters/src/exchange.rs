//! The gateway's future for one request, polled by callbacks.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response};
use shared::exchange::{self, Caller, Reply};
use shared::gateway::Gateway;
use shared::host::CallError;

use crate::slots::{Body, Slots};
use crate::world::Envoy;

/// A request that is being answered.
pub(crate) struct Exchange {
    future: Pin<Box<dyn Future<Output = Reply<Body>>>>,
    slots: Rc<Slots>,
    /// The provider's body, once its head came.
    pub(crate) body: Option<Body>,
}

/// What the future came to.
pub(crate) enum Step {
    /// It waits for an answer.
    Wait,
    /// It wants this sent to the provider.
    Send(Request<Bytes>),
    /// It is done.
    Reply(Reply<Body>),
}

impl Exchange {
    pub(crate) fn begin(
        gateway: Rc<Gateway>,
        envoy: Envoy,
        caller: Caller,
        request: Request<Bytes>,
    ) -> Exchange {
        let slots = envoy.slots.clone();
        let future = Box::pin(async move { exchange::run(&gateway, &envoy, caller, request).await });
        Exchange { future, slots, body: None }
    }

    /// Lets the future go on as far as it can. Nobody has to wake it: the callbacks know when they filled a slot.
    pub(crate) fn advance(&mut self) -> Step {
        match self.future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(reply) => Step::Reply(reply),
            Poll::Pending => self.slots.outgoing.take().map_or(Step::Wait, Step::Send),
        }
    }

    /// Whether its request is with the provider, or was.
    pub(crate) fn is_answered(&self) -> bool {
        self.body.is_some()
    }

    /// The provider's head, or why there is none. `body` is what the callbacks push the rest into.
    pub(crate) fn hear(&mut self, answer: Result<Response<()>, CallError>, body: Body) {
        self.slots.answer.set(Some(answer.map(|head| head.map(|()| body.clone()))));
        self.body = Some(body);
    }

    /// There will be no answer, or no more of it: what the future makes of that.
    pub(crate) fn give_up(mut self, why: String) -> Option<Reply<Body>> {
        match &self.body {
            Some(body) => body.fail(why),
            None => self.slots.answer.set(Some(Err(CallError::Broken(why)))),
        }
        match self.advance() {
            Step::Reply(reply) => Some(reply),
            Step::Wait | Step::Send(_) => None,
        }
    }
}
