//! What the core asks of the world, asked of Workers.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use http::{Request, Response};
use http_body_util::{BodyExt, Limited};
use shared::host::{BodyError, CallError, Host, Patient, Timer, Timestamp, within};
use wasm_bindgen::JsValue;
use worker::js_sys::{Math, Uint8Array};
use worker::{
    AbortController, Body, Date, Delay, Fetch, Headers, HttpResponse, Method, RequestInit, RequestRedirect,
};

/// The most of a side call's answer that is taken in.
const CALL_BYTES: usize = 1 << 20;

/// Workers, as the core sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Worker;

impl Host for Worker {
    type Body = Patient<Answer>;
    type Sleep = Timer;
    const RESENDS: bool = true;
    const NAME: &'static str = "worker";

    async fn call(&self, request: Request<Bytes>, deadline: Duration) -> Result<Response<Bytes>, CallError> {
        let whole = async {
            let (head, body) = fetch(request, &AbortController::default()).await?.into_parts();
            let body = Limited::new(body, CALL_BYTES).collect().await;
            let body = body.map_err(|error| CallError::Broken(error.to_string()))?;
            Ok(Response::from_parts(head, body.to_bytes()))
        };
        within(whole, self.sleep(deadline)).await.unwrap_or(Err(CallError::Timeout))
    }

    async fn send(
        &self,
        request: Request<Bytes>,
        deadline: Duration,
    ) -> Result<Response<Self::Body>, CallError> {
        let mut fetching = Fetching::default();
        let response = within(fetch(request, &fetching.controller), self.sleep(deadline)).await;
        let response = response.unwrap_or(Err(CallError::Timeout))?;
        fetching.answered = true;
        Ok(response.map(|body| Patient::new(Answer(body), deadline, timer)))
    }

    fn sleep(&self, time: Duration) -> Timer {
        timer(time)
    }

    /// Workers stop the clock between two I/O operations, so times are as of the last one.
    fn now(&self) -> Timestamp {
        Timestamp(Date::now().as_millis().saturating_mul(1_000))
    }

    fn random(&self) -> u64 {
        let half = || (Math::random() * f64::from(u32::MAX)) as u64;
        (half() << 32) | half()
    }
}

fn timer(time: Duration) -> Timer {
    Box::pin(Alarm { rings: Date::now().as_millis().saturating_add(millis(time)), delay: None })
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// A timer that wakes whoever waited last: each piece of a stream is waited for by another task, and the platform's own
/// timer wakes the first.
struct Alarm {
    /// Milliseconds since 1970.
    rings: u64,
    delay: Option<(Waker, Delay)>,
}

impl Future for Alarm {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let alarm = &mut *self;
        if alarm.delay.as_ref().is_some_and(|(waker, _)| !waker.will_wake(context.waker())) {
            alarm.delay = None;
        }
        let rest = Duration::from_millis(alarm.rings.saturating_sub(Date::now().as_millis()));
        let (_, delay) = alarm.delay.get_or_insert_with(|| (context.waker().clone(), Delay::from(rest)));
        Pin::new(delay).poll(context)
    }
}

/// A fetch whose head has not come; it ends when nobody waits for it any more.
#[derive(Default)]
struct Fetching {
    controller: AbortController,
    answered: bool,
}

impl Drop for Fetching {
    fn drop(&mut self) {
        if !self.answered {
            std::mem::take(&mut self.controller).abort();
        }
    }
}

async fn fetch(request: Request<Bytes>, controller: &AbortController) -> Result<HttpResponse, CallError> {
    let request = javascript(request).map_err(|error| CallError::Forbidden(error.to_string()))?;
    let response = Fetch::Request(request).send_with_signal(&controller.signal()).await;
    let response = response.map_err(|error| CallError::Connect(error.to_string()))?;
    response.try_into().map_err(|error: worker::Error| CallError::Broken(error.to_string()))
}

/// The request as `fetch` takes it: the body in one piece, so that it has a length, and no redirect followed.
fn javascript(request: Request<Bytes>) -> Result<worker::Request, worker::Error> {
    let (head, body) = request.into_parts();
    let mut init = RequestInit::new();
    init.with_method(Method::from(head.method.to_string()))
        .with_headers(headers(&head.headers)?)
        .with_redirect(RequestRedirect::Manual);
    if !body.is_empty() {
        init.with_body(Some(JsValue::from(Uint8Array::from(body.as_ref()))));
    }
    worker::Request::new_with_init(&head.uri.to_string(), &init)
}

/// The headers as JavaScript has them: text. A value that is none, which no API asks for, stays here.
fn headers(of: &http::HeaderMap) -> Result<Headers, worker::Error> {
    let headers = Headers::new();
    for (name, value) in of {
        if let Ok(value) = value.to_str() {
            headers.append(name.as_str(), value)?;
        }
    }
    Ok(headers)
}

/// A provider's body. Dropping it cancels the fetch.
#[derive(Debug)]
pub(crate) struct Answer(Body);

impl Stream for Answer {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.0).poll_next(context).map_err(|error| BodyError(error.to_string()))
    }
}
