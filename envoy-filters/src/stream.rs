//! One request: the callbacks that Envoy makes while it passes.
//!
//! Each takes the state out and puts the next one in, so that a callback in an order that was not thought of finds
//! [`State::Passing`] and lets Envoy go on.

use std::rc::Rc;

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Request, Response, header};
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, BufferType, MapType};
use shared::error::{Error, Fault, Kind};
use shared::exchange::{self, Reply};
use shared::gateway::Gateway;
use shared::host::{CallError, Host};
use shared::relay::{Ending, Relay};
use shared::report::Outcome;

use crate::exchange::{Exchange, Step};
use crate::reports::Queue;
use crate::slots::Body;
use crate::world::Envoy;
use crate::{abi, failure, message};

/// The context of one request.
pub(crate) struct Stream {
    gateway: Rc<Gateway>,
    envoy: Envoy,
    reports: Rc<Queue>,
    state: State,
    /// Whether the client's request has a body, into which the provider's can be put.
    has_body: bool,
    /// The head of the client's request, once it was asked.
    asked: Request<Bytes>,
}

/// What Envoy's local replies take from the filter (`FILTER_STATE(wasm.plano_words:PLAIN)`): a body, and the
/// request's id.
const WORDS: &str = "plano_words";
const ID: &str = "plano_id";

#[derive(Default)]
enum State {
    /// What comes is not touched: the gateway's own answer is on its way out.
    #[default]
    Passing,
    /// The head is there, the body is coming.
    Asked(Request<()>),
    /// The gateway's future has it.
    Running(Exchange),
    /// The provider's stream goes through the relay.
    Relaying(Box<Relay>, Body),
    /// This goes out once what Envoy wanted to say has come to its end.
    Replacing(Response<Bytes>),
    /// The client got its last byte; what still comes is dropped.
    Finished,
}

/// Where in an answer a callback stands: what may be changed there differs.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// At its head, and more follows.
    Head,
    /// At its head, which is all of it.
    OnlyHead,
    /// In its body, and more follows.
    Body,
    /// At the end of its body.
    End,
    /// At its trailers: the body can be replaced only if none of it went out.
    Trailers,
}

impl Stream {
    pub(crate) fn new(gateway: Rc<Gateway>, envoy: Envoy, reports: Rc<Queue>) -> Stream {
        Stream {
            gateway,
            envoy,
            reports,
            state: State::default(),
            has_body: false,
            asked: Request::default(),
        }
    }
}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _: usize, end: bool) -> Action {
        self.has_body = !end;
        let Some(head) = message::read_request(abi::pairs(MapType::HttpRequestHeaders)) else {
            let error = Error::invalid("The request's path makes no sense.");
            return self.refuse(Request::default(), &error);
        };
        if end {
            return self.begin(head.map(|()| Bytes::new()));
        }
        if announced(&head) > self.gateway.limits.body_bytes {
            return self.refuse_size(head);
        }
        self.state = State::Asked(head);
        Action::Pause
    }

    /// Envoy keeps the pieces; `size` is of all that came.
    fn on_http_request_body(&mut self, size: usize, end: bool) -> Action {
        let State::Asked(head) = std::mem::take(&mut self.state) else { return Action::Pause };
        if size > self.gateway.limits.body_bytes {
            return self.refuse_size(head);
        }
        if !end {
            self.state = State::Asked(head);
            return Action::Pause;
        }
        self.begin(head.map(|()| abi::bytes(BufferType::HttpRequestBody, size)))
    }

    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        let State::Asked(head) = std::mem::take(&mut self.state) else { return Action::Pause };
        self.begin(head.map(|()| abi::bytes(BufferType::HttpRequestBody, usize::MAX)))
    }

    fn on_http_response_headers(&mut self, _: usize, end: bool) -> Action {
        match std::mem::take(&mut self.state) {
            State::Running(exchange) => self.hear(exchange, end),
            // Envoy did not wait for the whole request.
            State::Asked(head) => self.explain(head, end),
            State::Passing => Action::Continue,
            other => {
                self.state = other;
                Action::Continue
            }
        }
    }

    fn on_http_response_body(&mut self, size: usize, end: bool) -> Action {
        let place = if end { Place::End } else { Place::Body };
        match std::mem::take(&mut self.state) {
            State::Running(exchange) => self.take_in(exchange, size, place),
            State::Relaying(relay, body) => {
                body.push(abi::bytes(BufferType::HttpResponseBody, size));
                self.pump(relay, body, place)
            }
            State::Replacing(response) => self.replace(response, place),
            State::Passing => Action::Continue,
            State::Finished | State::Asked(_) => {
                self.state = State::Finished;
                abi::set_bytes(BufferType::HttpResponseBody, &[]);
                Action::Continue
            }
        }
    }

    fn on_http_response_trailers(&mut self, _: usize) -> Action {
        match std::mem::take(&mut self.state) {
            State::Running(exchange) => self.take_in(exchange, 0, Place::Trailers),
            State::Relaying(relay, body) => self.pump(relay, body, Place::Trailers),
            State::Replacing(response) => self.replace(response, Place::Trailers),
            _ => Action::Continue,
        }
    }

    /// The end of the stream, good or bad. Who is still answering then was left by the provider or by the client.
    fn on_log(&mut self) {
        let ending = failure::of_stream(&abi::details());
        match std::mem::take(&mut self.state) {
            State::Relaying(relay, _) => {
                self.reports.push(relay.finish(ending, self.envoy.now(), &mut BytesMut::new()));
            }
            State::Running(exchange) => self.close(exchange, ending),
            _ => {}
        }
    }
}

impl Context for Stream {
    fn on_http_call_response(&mut self, number: u32, headers: usize, size: usize, _: usize) {
        self.envoy.slots.put_call(number, abi::call_answer(headers, size));
        match std::mem::take(&mut self.state) {
            State::Running(exchange) if !exchange.is_answered() => {
                if self.ask(exchange) == Action::Continue {
                    let _ = hostcalls::resume_http_request();
                }
            }
            other => self.state = other,
        }
    }
}

/// The request.
impl Stream {
    fn begin(&mut self, request: Request<Bytes>) -> Action {
        *self.asked.uri_mut() = request.uri().clone();
        *self.asked.headers_mut() = request.headers().clone();
        self.ask(Exchange::begin(self.gateway.clone(), self.envoy.clone(), request))
    }

    /// Lets the future go on towards the provider.
    fn ask(&mut self, mut exchange: Exchange) -> Action {
        loop {
            match exchange.advance() {
                Step::Wait => {
                    self.state = State::Running(exchange);
                    return Action::Pause;
                }
                Step::Send(request) => match self.forward(&request) {
                    Ok(()) => {
                        self.state = State::Running(exchange);
                        return Action::Continue;
                    }
                    Err(error) => self.envoy.slots.answer.set(Some(Err(error))),
                },
                Step::Reply(reply) => return self.answer(reply),
            }
        }
    }

    /// Makes the request that Envoy holds the one that goes to the provider.
    fn forward(&self, request: &Request<Bytes>) -> Result<(), CallError> {
        let unfit = || CallError::Forbidden(format!("{} is no address", request.uri()));
        let pairs = message::write_request(request).ok_or_else(unfit)?;
        if self.has_body {
            abi::set_bytes(BufferType::HttpRequestBody, request.body());
        } else if !request.body().is_empty() {
            return Err(CallError::Forbidden("Envoy adds no body to a request that has none".to_owned()));
        }
        abi::set_pairs(MapType::HttpRequestHeaders, &pairs);
        abi::choose_route();
        Ok(())
    }

    /// Answers without the provider.
    fn answer(&mut self, reply: Reply<Body>) -> Action {
        let response = self.whole(reply);
        abi::answer(&response);
        self.state = State::Passing;
        Action::Pause
    }

    fn refuse(&mut self, head: Request<()>, error: &Error) -> Action {
        let head = head.map(|()| Bytes::new());
        let reply = exchange::refuse(&self.gateway, &self.envoy, &head, error);
        self.answer(reply)
    }

    fn refuse_size(&mut self, head: Request<()>) -> Action {
        let limit = self.gateway.limits.body_bytes;
        let error =
            Error::new(Fault::Client, Kind::TooLarge, format!("The body is longer than {limit} bytes."));
        self.refuse(head, &error)
    }
}

/// The answer.
impl Stream {
    /// Hands the future the provider's head, or what Envoy says instead.
    fn hear(&mut self, mut exchange: Exchange, end: bool) -> Action {
        let body = Body::default();
        if end {
            body.finish();
        }
        exchange.hear(heard(), body);
        self.listen(exchange, if end { Place::OnlyHead } else { Place::Head })
    }

    /// Takes a piece of the body out of Envoy's hands for the future, which may want all of it first.
    fn take_in(&mut self, exchange: Exchange, size: usize, place: Place) -> Action {
        if let Some(body) = &exchange.body {
            if size > 0 {
                body.push(abi::bytes(BufferType::HttpResponseBody, size));
            }
            if place != Place::Body {
                body.finish();
            }
        }
        abi::set_bytes(BufferType::HttpResponseBody, &[]);
        self.listen(exchange, place)
    }

    /// Lets the future go on towards the client.
    fn listen(&mut self, mut exchange: Exchange, place: Place) -> Action {
        match exchange.advance() {
            Step::Reply(Reply::Stream { head, body, relay }) if place != Place::OnlyHead => {
                abi::set_pairs(MapType::HttpResponseHeaders, &message::write_response(&head, None));
                self.pump(relay, body, place)
            }
            Step::Reply(reply) => {
                let response = self.whole(reply);
                self.replace(response, place)
            }
            Step::Wait | Step::Send(_) => {
                if place == Place::Head {
                    self.leave_words();
                }
                self.state = State::Running(exchange);
                Action::Pause
            }
        }
    }

    /// Leaves with Envoy what the client has to be told if the provider breaks off while the answer is still held
    /// back: no callback of the filter runs then.
    fn leave_words(&self) {
        let error = Error::cut("the connection broke");
        if let Reply::Whole { response, .. } =
            exchange::refuse(&self.gateway, &self.envoy, &self.asked, &error)
        {
            abi::leave(WORDS, response.body());
            let id = response.headers().get("x-request-id");
            abi::leave(ID, id.map(HeaderValue::as_bytes).unwrap_or_default());
        }
    }

    /// Carries what is there of the body through the relay.
    fn pump(&mut self, mut relay: Box<Relay>, body: Body, place: Place) -> Action {
        let mut out = BytesMut::new();
        while let Some(Ok(piece)) = body.take() {
            relay.push(&piece, self.envoy.now(), &mut out);
        }
        if relay.is_over() || matches!(place, Place::End | Place::Trailers) {
            self.reports.push(relay.finish(Ending::Complete, self.envoy.now(), &mut out));
            self.state = State::Finished;
        } else {
            self.state = State::Relaying(relay, body);
        }
        match place {
            Place::Body | Place::End => abi::set_bytes(BufferType::HttpResponseBody, &out),
            // The last words came too late to be said, so the stream must not look finished.
            Place::Trailers if !out.is_empty() => drop(hostcalls::reset_http_response()),
            _ => {}
        }
        Action::Continue
    }

    /// Puts `response` in the place of what Envoy is sending, of which nothing went out yet.
    fn replace(&mut self, response: Response<Bytes>, place: Place) -> Action {
        if place == Place::OnlyHead {
            abi::answer(&response);
            return Action::Pause;
        }
        if matches!(place, Place::Head | Place::Body) {
            if place == Place::Body {
                abi::set_bytes(BufferType::HttpResponseBody, &[]);
            }
            self.state = State::Replacing(response);
            return Action::Pause;
        }
        let pairs = message::write_response(&response, Some(response.body().len()));
        abi::set_pairs(MapType::HttpResponseHeaders, &pairs);
        abi::set_bytes(BufferType::HttpResponseBody, response.body());
        self.state = State::Passing;
        Action::Continue
    }

    /// Closes the account of an exchange that nobody can be answered for.
    fn close(&self, mut exchange: Exchange, ending: Ending) {
        let abandoned = ending == Ending::Abandoned;
        exchange.give_up(abi::details());
        if let Step::Reply(Reply::Whole { mut report, .. }) = exchange.advance() {
            if abandoned {
                report.outcome = Outcome::Abandoned;
            }
            self.reports.push(*report);
        }
    }

    /// What Envoy says before the whole request was there, in the caller's words.
    fn explain(&mut self, head: Request<()>, end: bool) -> Action {
        let status = message::read_response(abi::pairs(MapType::HttpResponseHeaders));
        let kind = Kind::of_status(status.map_or(500, |response| response.status().as_u16()));
        let message = format!("The request was not taken in: {}.", abi::details());
        let error = Error::new(Fault::Client, kind, message);
        let head = head.map(|()| Bytes::new());
        let reply = exchange::refuse(&self.gateway, &self.envoy, &head, &error);
        let response = self.whole(reply);
        self.replace(response, if end { Place::OnlyHead } else { Place::Head })
    }

    /// An answer that is all there, its report put in the queue.
    fn whole(&self, reply: Reply<Body>) -> Response<Bytes> {
        let (response, report) = match reply {
            Reply::Whole { response, report } => (response, *report),
            Reply::Stream { head, relay, .. } => {
                let mut out = BytesMut::new();
                let report = relay.finish(Ending::Complete, self.envoy.now(), &mut out);
                (head.map(|()| out.freeze()), report)
            }
        };
        self.reports.push(report);
        response
    }
}

/// What Envoy has got from the provider.
fn heard() -> Result<Response<()>, CallError> {
    if let Some(error) = failure::of_answer(&abi::details()) {
        return Err(error);
    }
    let head = message::read_response(abi::pairs(MapType::HttpResponseHeaders))
        .ok_or_else(|| CallError::Broken("a head without a status".to_owned()))?;
    let details = head.headers().get(message::DETAILS).map(|value| String::from_utf8_lossy(value.as_bytes()));
    match details.and_then(|details| failure::of_answer(&details)) {
        Some(error) => Err(error),
        None => Ok(head),
    }
}

/// The length that a request says its body has; 0 where it does not say.
fn announced(head: &Request<()>) -> usize {
    let length = head.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    length.and_then(|length| length.parse().ok()).unwrap_or(0)
}
