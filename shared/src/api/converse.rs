//! Amazon Bedrock's Converse and ConverseStream, as they are spoken to providers.
//!
//! No client of the gateway speaks this API, so requests of it are not read; answers of it are written nevertheless,
//! which is how the reader is held to the writer.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>

mod answer;
mod block;
mod context;
mod conversation;
mod error;
mod media;
mod request;
mod told;
mod tool;
mod write;

use bytes::BytesMut;

use super::aim::{Aim, Sink};
use super::cite::Link;
use super::codec::{Echo, Read, ReadStream, Write, WriteStream};
use crate::dialect::Quirks;
use crate::error::Error;
use crate::ir::{Loss, Request, Response, StopReason};
use crate::wire::json::{Json, Malformed};

/// The family.
pub struct Converse;

/// The words for why an answer ended; the first of a reason is the one that is written.
const REASONS: [(&str, StopReason); 7] = [
    ("end_turn", StopReason::Done),
    ("max_tokens", StopReason::MaxTokens),
    ("stop_sequence", StopReason::StopSequence),
    ("tool_use", StopReason::ToolUse),
    ("content_filtered", StopReason::Refusal),
    ("guardrail_intervened", StopReason::Refusal),
    ("model_context_window_exceeded", StopReason::ContextWindow),
];

impl Read for Converse {
    fn request<'a>(&self, _: Json<'a>) -> Result<Request<'a>, Error> {
        Err(Error::invalid("Converse is spoken to providers, not by clients."))
    }

    fn links<'a>(&self, citations: Json<'a>, _: &str, losses: &mut Vec<Loss>) -> Vec<Link<'a>> {
        answer::links(citations, losses)
    }

    fn response(&self, body: Json<'_>, aim: Aim, sink: &mut Sink<'_>) -> Result<(), Malformed> {
        answer::read(body, aim, sink)
    }

    fn stream(&self, aim: Aim) -> Box<dyn ReadStream> {
        Box::new(answer::Reader::new(aim))
    }

    fn error(&self, status: u16, body: &[u8]) -> Error {
        error::read(status, body)
    }
}

impl Write for Converse {
    fn request(
        &self,
        request: &Request<'_>,
        quirks: &Quirks,
        out: &mut BytesMut,
    ) -> Result<Vec<Loss>, Error> {
        request::write(request, quirks, out)
    }

    fn response(&self, response: &Response, _: &Echo, out: &mut BytesMut) {
        write::response(response, out);
    }

    fn stream(&self, _: Echo) -> Box<dyn WriteStream> {
        Box::new(write::Stream::default())
    }

    fn error(&self, error: &Error, _: &Echo, out: &mut BytesMut) {
        error::write(error, out);
    }
}
