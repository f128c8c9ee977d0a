//! One request: the callbacks that Envoy makes while it passes.
//!
//! Each takes the state out and puts the next one in, so that a callback in an order that was not thought of finds
//! [`State::Passing`] and lets Envoy go on. [`asking`] is the way to the provider, [`answering`] the way back.

mod answering;
mod asking;

use std::rc::Rc;

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, BufferType, MapType};
use shared::error::Error;
use shared::exchange::{self, Caller, Reply};
use shared::gateway::Gateway;
use shared::host::Host;
use shared::relay::{Ending, Relay};
use shared::report::Report;

use crate::exchange::Exchange;
use crate::reports::Queue;
use crate::slots::Body;
use crate::world::Envoy;
use crate::{abi, failure, message};
use answering::Place;

/// The context of one request.
pub(crate) struct Stream {
    gateway: Rc<Gateway>,
    envoy: Envoy,
    reports: Rc<Queue>,
    state: State,
    /// The head of the client's request, until the gateway's future has it.
    asked: Request<Bytes>,
    /// Whose request the future has.
    caller: Option<Caller>,
    /// Whether Envoy holds a body of the request, in whose place the provider's can be put.
    has_body: bool,
    /// Whether Envoy holds, or held, a body of the answer.
    has_answer: bool,
}

#[derive(Default)]
enum State {
    /// What comes is not touched: the gateway's own answer is on its way out.
    #[default]
    Passing,
    /// The head is there, the body is coming.
    Asked,
    /// The gateway's future has it.
    Running(Exchange),
    /// The provider's stream goes through the relay.
    Relaying(Box<Relay>, Body),
    /// The provider's bytes pass as they are.
    Carrying(Box<Report>),
    /// This goes out once what Envoy wanted to say has come to its end.
    Replacing(Response<Bytes>),
    /// The client got its last byte; what still comes is dropped.
    Finished,
}

impl Stream {
    pub(crate) fn new(gateway: Rc<Gateway>, envoy: Envoy, reports: Rc<Queue>) -> Stream {
        let (state, asked) = (State::default(), Request::default());
        Stream { gateway, envoy, reports, state, asked, caller: None, has_body: false, has_answer: false }
    }
}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _: usize, end: bool) -> Action {
        let Some(head) = message::read_request(&abi::pairs(MapType::HttpRequestHeaders)) else {
            return self.refuse(&Error::invalid("The request's path makes no sense."));
        };
        self.asked = head.map(|()| Bytes::new());
        if end {
            return self.begin(Bytes::new());
        }
        self.wait_for_body(message::length(self.asked.headers()).unwrap_or(0))
    }

    /// Envoy keeps the pieces; `size` is of all that came.
    fn on_http_request_body(&mut self, size: usize, end: bool) -> Action {
        let State::Asked = self.resume() else { return Action::Pause };
        self.has_body = true;
        match end {
            true if size <= self.gateway.limits.body_bytes => {
                self.begin(abi::bytes(BufferType::HttpRequestBody, size))
            }
            _ => self.wait_for_body(size),
        }
    }

    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        let State::Asked = self.resume() else { return Action::Pause };
        abi::set_pairs(MapType::HttpRequestTrailers, &Vec::new());
        self.begin(abi::bytes(BufferType::HttpRequestBody, usize::MAX))
    }

    fn on_http_response_headers(&mut self, _: usize, end: bool) -> Action {
        let place = if end { Place::OnlyHead } else { Place::Head };
        match self.resume() {
            State::Running(exchange) => self.hear(exchange, place),
            // Envoy did not wait for the whole request.
            State::Asked => self.explain(place),
            _ => Action::Continue,
        }
    }

    fn on_http_response_body(&mut self, size: usize, end: bool) -> Action {
        let place = if end { Place::End } else { Place::Body };
        self.has_answer = true;
        match self.resume() {
            State::Running(exchange) if self.holds_back(size, place) => {
                self.state = State::Running(exchange);
                Action::Pause
            }
            State::Running(exchange) => self.take_in(exchange, size, place),
            State::Relaying(relay, body) => {
                body.push(abi::bytes(BufferType::HttpResponseBody, size));
                self.pump(relay, body, place)
            }
            State::Carrying(report) => self.carry(report, size, place),
            State::Replacing(response) => self.replace(response, place),
            State::Finished => {
                self.state = State::Finished;
                abi::set_bytes(BufferType::HttpResponseBody, &[]);
                Action::Continue
            }
            State::Passing | State::Asked => Action::Continue,
        }
    }

    fn on_http_response_trailers(&mut self, _: usize) -> Action {
        let place = if self.has_answer { Place::Trailers } else { Place::OnlyHead };
        match self.resume() {
            State::Running(exchange) => self.take_in(exchange, usize::MAX, place),
            State::Relaying(relay, body) => self.pump(relay, body, place),
            State::Carrying(report) => self.carry(report, 0, place),
            State::Replacing(response) => self.replace(response, place),
            _ => Action::Continue,
        }
    }
}

/// The end of the stream, good or bad. Who is still at work then was left by the provider or by the client.
///
/// Envoy tells of it twice: here and before, for its logs. A call of the filter for each would cost more.
impl Drop for Stream {
    fn drop(&mut self) {
        let state = self.resume();
        // Most have closed their account; why the others did not costs a call to learn.
        if matches!(state, State::Relaying(..) | State::Carrying(_) | State::Running(_) | State::Asked) {
            self.break_off(state);
        }
    }
}

impl Context for Stream {
    fn on_http_call_response(&mut self, number: u32, headers: usize, size: usize, _: usize) {
        self.envoy.slots.put_call(number, abi::call_answer(headers, size));
        match self.resume() {
            State::Running(exchange) if !exchange.is_answered() => {
                if self.ask(exchange) == Action::Continue {
                    let _ = hostcalls::resume_http_request();
                }
            }
            other => self.state = other,
        }
    }
}

impl Stream {
    /// Takes the state out at the beginning of a callback, which is a new moment.
    fn resume(&mut self) -> State {
        self.envoy.slots.now.set(None);
        std::mem::take(&mut self.state)
    }

    /// Closes the account of who is still at work when the stream is over.
    fn break_off(&self, state: State) {
        let details = abi::details();
        let ending = failure::of_stream(&details);
        match state {
            State::Relaying(relay, _) => {
                self.reports.push(&relay.finish(ending, self.envoy.now(), &mut BytesMut::new()));
            }
            State::Carrying(mut report) => {
                report.close(ending, self.envoy.now());
                self.reports.push(&report);
            }
            State::Running(exchange) => self.close(exchange.give_up(details), &ending),
            _ => self.close(Some(self.refusal(&Error::invalid("The request broke off."))), &ending),
        }
    }

    /// An error in the caller's words.
    fn refusal(&self, error: &Error) -> Reply<Body> {
        let (response, report) = exchange::refuse(&self.gateway, &self.envoy, &self.asked, error);
        Reply::Whole { response, report: Box::new(report) }
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
            Reply::Bytes { head, mut report, .. } => {
                report.close(Ending::Complete, self.envoy.now());
                (head.map(|()| Bytes::new()), *report)
            }
        };
        self.reports.push(&report);
        response
    }
}
