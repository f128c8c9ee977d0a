//! The way back: the provider's answer, or what Envoy says in its stead, becomes the client's.

use bytes::{Bytes, BytesMut};
use http::Response;
use proxy_wasm::hostcalls;
use proxy_wasm::types::{Action, BufferType, MapType};
use shared::error::{Error, Fault, Kind};
use shared::exchange::Reply;
use shared::host::{CallError, Host};
use shared::relay::{Ending, Relay};
use shared::report::{Outcome, Report};

use super::{State, Stream};
use crate::exchange::{Exchange, Step};
use crate::slots::Body;
use crate::{abi, failure, message};

/// What Envoy's local replies take from the filter (`FILTER_STATE(wasm.plano_words:PLAIN)`): a body, and the
/// request's id.
const WORDS: &str = "plano_words";
const ID: &str = "plano_id";

/// Where in an answer a callback stands: what may be changed there differs.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Place {
    /// At its head, and more follows.
    Head,
    /// There is nothing but its head.
    OnlyHead,
    /// In its body, and more follows.
    Body,
    /// At the end of its body.
    End,
    /// At its trailers: the body can be replaced only if none of it went out.
    Trailers,
}

impl Place {
    fn is_last(self) -> bool {
        !matches!(self, Place::Head | Place::Body)
    }
}

impl Stream {
    /// Hands the future the provider's head, or what Envoy says instead.
    pub(super) fn hear(&mut self, mut exchange: Exchange, place: Place) -> Action {
        let body = Body::default();
        if place.is_last() {
            body.finish();
        }
        exchange.hear(heard(), body);
        self.listen(exchange, place)
    }

    /// Whether Envoy should keep what is there of a body that the future wants whole: it is copied once, when all of it is
    /// there, or when it is too long.
    pub(super) fn holds_back(&self, size: usize, place: Place) -> bool {
        !place.is_last() && size <= self.gateway.limits.answer_bytes
    }

    /// Takes the body, `size` bytes at most, out of Envoy's hands for the future.
    pub(super) fn take_in(&mut self, exchange: Exchange, size: usize, place: Place) -> Action {
        if let Some(body) = &exchange.body {
            if self.has_answer {
                body.push(abi::bytes(BufferType::HttpResponseBody, size));
            }
            if place.is_last() {
                body.finish();
            }
        }
        // At the end `replace` puts another body into its place.
        if place == Place::Body {
            abi::set_bytes(BufferType::HttpResponseBody, &[]);
        }
        self.listen(exchange, place)
    }

    /// Lets the future go on towards the client.
    fn listen(&mut self, mut exchange: Exchange, place: Place) -> Action {
        match exchange.advance() {
            Step::Reply(Reply::Stream { head, body, relay }) if place != Place::OnlyHead => {
                abi::set_pairs(MapType::HttpResponseHeaders, &message::write_response(&head, None));
                self.pump(relay, body, place)
            }
            Step::Reply(Reply::Bytes { head, report, .. }) if place == Place::Head => {
                let length = message::length(head.headers());
                abi::set_pairs(MapType::HttpResponseHeaders, &message::write_response(&head, length));
                self.state = State::Carrying(report);
                Action::Continue
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

    /// Carries what is there of the body through the relay.
    pub(super) fn pump(&mut self, mut relay: Box<Relay>, body: Body, place: Place) -> Action {
        let mut out = BytesMut::new();
        while let Some(Ok(piece)) = body.take() {
            relay.push(&piece, self.envoy.now(), &mut out);
        }
        if relay.is_over() || place.is_last() {
            self.reports.push(&relay.finish(Ending::Complete, self.envoy.now(), &mut out));
            self.state = State::Finished;
        } else {
            self.state = State::Relaying(relay, body);
        }
        match place {
            Place::Body | Place::End => abi::set_bytes(BufferType::HttpResponseBody, &out),
            // The last words came too late to be said, so the stream must not look finished.
            _ if !out.is_empty() => drop(hostcalls::reset_http_response()),
            _ => {}
        }
        Action::Continue
    }

    /// Lets Envoy pass on what it has of a body, which are so many bytes more. Where the provider breaks off, so does Envoy.
    pub(super) fn carry(&mut self, mut report: Box<Report>, size: usize, place: Place) -> Action {
        report.bytes_out += size as u64;
        if place.is_last() {
            report.close(Ending::Complete, self.envoy.now());
            self.reports.push(&report);
        } else {
            self.state = State::Carrying(report);
        }
        Action::Continue
    }

    /// Puts `response` in the place of what Envoy is sending, of which nothing went out yet.
    pub(super) fn replace(&mut self, response: Response<Bytes>, place: Place) -> Action {
        match place {
            Place::OnlyHead => {
                abi::answer(&response);
                return Action::Pause;
            }
            Place::Head => {}
            Place::Body => abi::set_bytes(BufferType::HttpResponseBody, &[]),
            Place::End | Place::Trailers => {
                let pairs = message::write_response(&response, Some(response.body().len()));
                abi::set_pairs(MapType::HttpResponseHeaders, &pairs);
                abi::set_bytes(BufferType::HttpResponseBody, response.body());
                return Action::Continue;
            }
        }
        self.state = State::Replacing(response);
        Action::Pause
    }

    /// What Envoy says before the whole request was there, in the caller's words.
    pub(super) fn explain(&mut self, place: Place) -> Action {
        let head = message::read_response(&abi::pairs(MapType::HttpResponseHeaders));
        let kind = Kind::of_status(head.map_or(500, |head| head.status().as_u16()));
        let message = format!("The request was not taken in: {}.", abi::details());
        let response = self.whole(self.refusal(&Error::new(Fault::Client, kind, message)));
        self.replace(response, place)
    }

    /// Closes the account of an exchange that nobody can be answered for.
    pub(super) fn close(&self, reply: Option<Reply<Body>>, ending: &Ending) {
        let Some(Reply::Whole { mut report, .. }) = reply else { return };
        if *ending == Ending::Abandoned {
            report.outcome = Outcome::Abandoned;
        }
        self.reports.push(&report);
    }

    /// Leaves with Envoy what the client has to be told if the provider breaks off while the answer is still held
    /// back: no callback of the filter runs then.
    fn leave_words(&self) {
        let Some(caller) = &self.caller else { return };
        abi::leave(WORDS, &caller.told(&Error::cut("the connection broke")));
        abi::leave(ID, caller.id.as_bytes());
    }
}

/// What Envoy has got from the provider.
fn heard() -> Result<Response<()>, CallError> {
    let head = message::read_response(&abi::pairs(MapType::HttpResponseHeaders))
        .ok_or_else(|| CallError::Garbled("a head without a status".to_owned()))?;
    if is_providers_own(&head) {
        return Ok(head);
    }
    if let Some(error) = failure::of_answer(&abi::details()) {
        return Err(error);
    }
    let details = head.headers().get(message::DETAILS).map(|value| String::from_utf8_lossy(value.as_bytes()));
    match details.and_then(|details| failure::of_answer(&details)) {
        Some(error) => Err(error),
        None => Ok(head),
    }
}

/// Whether Envoy itself never says that, so that it need not be asked: it has no good news but for clients of gRPC, to whom
/// failures are good news with another status in a header.
///
/// <https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md>
fn is_providers_own(head: &Response<()>) -> bool {
    head.status().is_success() && !head.headers().contains_key("grpc-status")
}
