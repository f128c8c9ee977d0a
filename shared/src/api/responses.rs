//! OpenAI Responses: what clients of `/v1/responses` send and get, and providers of it.
//!
//! - requests: `request` (the top level), `tools`, `input` (items read), `history` (items written)
//! - answers read: `stream`
//! - answers written: `answer` (items and the response object), `parameters` (of the request, repeated),
//!   `events` (the stream)
//! - errors are as in `openai`
//!
//! <https://platform.openai.com/docs/api-reference/responses>

mod answer;
mod events;
mod history;
mod input;
mod parameters;
mod request;
mod stream;
mod tools;

use bytes::BytesMut;

use super::{Echo, Read, ReadStream, Sink, Write, WriteStream, openai};
use crate::dialect::Quirks;
use crate::error::Error;
use crate::ir::{Loss, Request, Response};
use crate::wire::json::{Json, Malformed};

/// The family.
pub struct Responses;

impl Read for Responses {
    fn request<'a>(&self, body: Json<'a>) -> Result<Request<'a>, Error> {
        request::read(body)
    }

    fn portable(&self, request: &Request<'_>) -> Result<(), Error> {
        request::portable(request)
    }

    fn response(&self, body: Json<'_>, sink: &mut Sink<'_>) -> Result<(), Malformed> {
        stream::read(body, sink)
    }

    fn stream(&self) -> Box<dyn ReadStream> {
        Box::new(stream::Reader::default())
    }

    fn error(&self, status: u16, body: &[u8]) -> Error {
        openai::read_error(status, body)
    }
}

impl Write for Responses {
    fn request(
        &self,
        request: &Request<'_>,
        quirks: &Quirks,
        out: &mut BytesMut,
    ) -> Result<Vec<Loss>, Error> {
        request::write(request, quirks, out)
    }

    fn response(&self, response: &Response, echo: &Echo, out: &mut BytesMut) {
        answer::write(response, echo, out);
    }

    fn stream(&self, echo: Echo) -> Box<dyn WriteStream> {
        Box::new(events::Stream::new(echo))
    }

    fn error(&self, error: &Error, _: &Echo, out: &mut BytesMut) {
        openai::write_error(error, out);
    }
}
