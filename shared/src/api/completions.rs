//! OpenAI Chat Completions, and the many APIs that follow it.
//!
//! - [`request`]: the top level's parameters; [`message`]: the conversation; [`part`]: its content; [`tool`]: tools on
//!   offer, the choice among them, and calls; [`reasoning`]: what vendors made of thinking.
//! - [`answer`]: pieces of an answer, be they deltas or the whole message, put together as events; [`call`]: its tool
//!   calls, which may come in any order; [`usage`].
//! - [`response`], [`stream`]: whole and streamed answers.
//!
//! <https://platform.openai.com/docs/api-reference/chat>

mod message;
mod part;
mod reasoning;
mod request;
mod tool;

use bytes::BytesMut;

use super::{Echo, Read, ReadStream, Sink, Write, WriteStream, openai};
use crate::dialect::Quirks;
use crate::error::Error;
use crate::ir::{Loss, Request, Response};
use crate::wire::json::{Json, Malformed};

/// The family.
pub struct Completions;

impl Read for Completions {
    fn request<'a>(&self, body: Json<'a>) -> Result<Request<'a>, Error> {
        request::read(body)
    }

    fn portable(&self, request: &Request<'_>) -> Result<(), Error> {
        request::portable(request)
    }

    fn response(&self, _: Json<'_>, _: &mut Sink<'_>) -> Result<(), Malformed> {
        Err(Malformed { offset: 0, what: "not there yet" })
    }

    fn stream(&self) -> Box<dyn ReadStream> {
        struct Nothing;
        impl ReadStream for Nothing {
            fn push(&mut self, _: crate::wire::Frame<'_>, _: &mut Sink<'_>) {}
            fn finish(&mut self, _: &mut Sink<'_>) {}
        }
        Box::new(Nothing)
    }

    fn error(&self, status: u16, body: &[u8]) -> Error {
        openai::read_error(status, body)
    }
}

impl Write for Completions {
    fn request(
        &self,
        request: &Request<'_>,
        quirks: &Quirks,
        out: &mut BytesMut,
    ) -> Result<Vec<Loss>, Error> {
        request::write(request, quirks, out)
    }

    fn response(&self, _: &Response, _: &Echo, _: &mut BytesMut) {}

    fn stream(&self, _: Echo) -> Box<dyn WriteStream> {
        struct Nothing;
        impl WriteStream for Nothing {
            fn push(&mut self, _: &crate::ir::Event<'_>, _: &mut BytesMut) {}
        }
        Box::new(Nothing)
    }

    fn error(&self, error: &Error, _: &Echo, out: &mut BytesMut) {
        openai::write_error(error, out);
    }
}
