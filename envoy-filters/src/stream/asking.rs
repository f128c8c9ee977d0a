//! The way to the provider: the client's request becomes the provider's.

use bytes::Bytes;
use http::Request;
use proxy_wasm::types::{Action, BufferType, MapType};
use shared::error::{Error, Fault, Kind};
use shared::exchange::{Caller, Reply};
use shared::host::CallError;

use super::{State, Stream};
use crate::exchange::{Exchange, Step};
use crate::slots::Body;
use crate::{abi, message};

impl Stream {
    /// Lets Envoy keep the body until it is whole, unless its `size` is too large already.
    pub(super) fn wait_for_body(&mut self, size: usize) -> Action {
        let limit = self.gateway.limits.body_bytes;
        if size > limit {
            let message = format!("The body is longer than {limit} bytes.");
            return self.refuse(&Error::new(Fault::Client, Kind::TooLarge, message));
        }
        self.state = State::Asked;
        Action::Pause
    }

    /// Hands the request to the gateway.
    pub(super) fn begin(&mut self, body: Bytes) -> Action {
        let request = std::mem::take(&mut self.asked).map(|_| body);
        let caller = Caller::of(&self.envoy, &request);
        self.caller = Some(caller.clone());
        self.ask(Exchange::begin(self.gateway.clone(), self.envoy.clone(), caller, request))
    }

    /// Lets the gateway's future go on until it wants something sent, waits, or has an answer of its own.
    pub(super) fn ask(&mut self, mut exchange: Exchange) -> Action {
        loop {
            let action = match exchange.advance() {
                Step::Reply(reply) => return self.answer(reply),
                Step::Wait => Action::Pause,
                Step::Send(request) => match self.forward(&request) {
                    Ok(()) => Action::Continue,
                    Err(error) => {
                        self.envoy.slots.answer.set(Some(Err(error)));
                        continue;
                    }
                },
            };
            self.state = State::Running(exchange);
            return action;
        }
    }

    /// Answers without the provider.
    pub(super) fn refuse(&mut self, error: &Error) -> Action {
        self.answer(self.refusal(error))
    }

    fn answer(&mut self, reply: Reply<Body>) -> Action {
        abi::answer(&self.whole(reply));
        self.state = State::Passing;
        Action::Pause
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
        Ok(())
    }
}
