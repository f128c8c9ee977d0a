//! The world as a value.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, Ready, ready};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use http::{Request, Response};
use serde_json::Value;
use shared::api::Api;
use shared::dialect::Dialect;
use shared::exchange::{self, Reply};
use shared::gateway::{Compiled, CompiledProvider};
use shared::host::{BodyError, CallError, Host, Timestamp};

/// A world with one provider, which always answers the same. Its clock goes on by a minute whenever it is looked at.
pub(crate) struct World {
    pub(crate) status: u16,
    pub(crate) media_type: &'static str,
    pub(crate) answer: Bytes,
    /// What the provider got, attempt by attempt.
    pub(crate) sent: RefCell<Vec<Request<Bytes>>>,
    pub(crate) now: Cell<u64>,
}

impl Default for World {
    fn default() -> World {
        World {
            status: 200,
            media_type: "application/json",
            answer: Bytes::new(),
            sent: RefCell::default(),
            now: Cell::new(1_440_938_160),
        }
    }
}

pub(crate) struct Body(pub(crate) VecDeque<Bytes>);

impl Stream for Body {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.pop_front().map(Ok))
    }
}

impl Host for World {
    type Body = Body;
    type Sleep = Ready<()>;
    const NAME: &'static str = "test";
    const RESENDS: bool = true;

    fn call(
        &self,
        _: Request<Bytes>,
        _: Duration,
    ) -> impl Future<Output = Result<Response<Bytes>, CallError>> {
        ready(Err(CallError::Timeout))
    }

    fn send(
        &self,
        request: Request<Bytes>,
        _: Duration,
    ) -> impl Future<Output = Result<Response<Body>, CallError>> {
        self.sent.borrow_mut().push(request);
        let body = Body([self.answer.clone()].into());
        let response =
            Response::builder().status(self.status).header("content-type", self.media_type).body(body);
        ready(response.map_err(|_| CallError::Timeout))
    }

    fn sleep(&self, _: Duration) -> Ready<()> {
        ready(())
    }

    fn now(&self) -> Timestamp {
        self.now.set(self.now.get() + 60);
        Timestamp(self.now.get() * 1_000_000)
    }

    fn random(&self) -> u64 {
        0
    }
}

/// Sends `body` for a client of `client` to a model of this provider, and gives what the provider got and the reply.
pub(crate) fn exchange(
    dialect: &Dialect,
    client: Api,
    body: &Value,
    world: World,
) -> (Request<Bytes>, Reply<Body>) {
    let model = body["model"].as_str().unwrap_or_default();
    let request = Request::post(path(client).replace("MODEL", model))
        .header("authorization", "Bearer callers-own")
        .header("x-api-key", "callers-own")
        .body(Bytes::from(body.to_string()))
        .unwrap();
    let (mut sent, reply) = run(usual(dialect), request, &world);
    (sent.pop().expect("the provider was asked"), reply)
}

/// All models of a provider at its usual place.
pub(crate) fn usual(dialect: &Dialect) -> CompiledProvider {
    let base = dialect.base.unwrap_or(dialect.example);
    CompiledProvider { base: dialect.root_of(base), ..CompiledProvider::usual(dialect) }
}

/// What the provider gets for a request, attempt by attempt, and the reply.
pub(crate) fn run(
    provider: CompiledProvider,
    request: Request<Bytes>,
    world: &World,
) -> (Vec<Request<Bytes>>, Reply<Body>) {
    let mut compiled = Compiled::new(vec![provider]);
    compiled.listeners[0].max_retries = 1;
    let gateway = compiled.open(|name| Some(format!("value-of-{name}"))).unwrap();
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(reply) = pin!(exchange::run(&gateway, world, request)).poll(&mut context) else {
        panic!("nothing in this world makes anybody wait");
    };
    (world.sent.take(), reply)
}

fn path(client: Api) -> &'static str {
    match client {
        Api::Completions => "/v1/chat/completions",
        Api::Messages => "/v1/messages",
        Api::Responses => "/v1/responses",
        Api::Converse => panic!("no client speaks it"),
        Api::Generate => "/v1beta/models/MODEL:generateContent",
    }
}
