//! OpenAI Chat Completions, and the many APIs that follow it.
//!
//! - `request`: the top level's parameters; `message`: the conversation; `part`: its content; `tool`: tools on
//!   offer, the choice among them, and calls; `reasoning`: what vendors made of thinking.
//! - `answer`: pieces of an answer, be they deltas or the whole message, put together as events; `call`: its tool
//!   calls, which may come in any order; `usage`.
//! - `response`, `stream`: whole and streamed answers.
//! - `text`: the API that was before chats, by way of one.
//!
//! <https://platform.openai.com/docs/api-reference/chat>

mod answer;
mod attached;
mod call;
mod message;
mod part;
mod reasoning;
mod request;
mod response;
mod shape;
mod stream;
mod text;
mod thinking;
mod tool;
mod usage;
mod written;

pub(crate) use text::chat;

use bytes::BytesMut;

use super::aim::{Aim, Sink};
use super::cite::{Cited, Link};
use super::codec::{Echo, Read, ReadStream, Write, WriteStream};
use super::hosted::Work;
use super::lost::Shape;
use super::openai;
use super::written::Written;
use crate::dialect::Quirks;
use crate::error::Error;
use crate::ir::{Event, Loss, Request, Response};
use crate::wire::json::{Json, Malformed};

/// The family.
pub struct Completions;

impl Read for Completions {
    fn shape(&self) -> &'static Shape {
        &shape::REQUEST
    }

    fn written(&self) -> Option<&'static Written> {
        Some(&written::WRITTEN)
    }

    fn request<'a>(&self, body: Json<'a>) -> Result<Request<'a>, Error> {
        request::read(body)
    }

    fn portable(&self, request: &Request<'_>) -> Result<(), Error> {
        request::portable(request)
    }

    fn customs(&self, tools: Json<'_>) -> Vec<String> {
        tool::customs(tools)
    }

    fn work<'a>(&self, kind: &str, tool: Json<'a>) -> Option<Work<'a>> {
        tool::work_of(kind, tool)
    }

    fn links<'a>(&self, citations: Json<'a>, text: &str, losses: &mut Vec<Loss>) -> Vec<Link<'a>> {
        openai::links(citations, text, losses)
    }

    fn carries(&self, name: &str, value: Json<'_>) -> bool {
        request::carries(name, value)
    }

    fn response(&self, body: Json<'_>, aim: Aim, sink: &mut Sink<'_>) -> Result<(), Malformed> {
        response::read(body, aim, sink)
    }

    fn stream(&self, aim: Aim) -> Box<dyn ReadStream> {
        Box::new(stream::Reader::new(aim))
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

    fn has_choices(&self) -> bool {
        true
    }

    fn lacks(&self, event: &Event<'_>) -> Vec<Loss> {
        response::lacks(event)
    }

    fn citations(&self, cited: &Cited<'_>, losses: &mut Vec<Loss>) -> Option<String> {
        response::citations(cited, losses)
    }

    fn response(&self, response: &Response, echo: &Echo, out: &mut BytesMut) {
        match echo.is_text {
            true => text::write(response, echo, out),
            false => response::write(response, echo, out),
        }
    }

    fn stream(&self, echo: Echo) -> Box<dyn WriteStream> {
        match echo.is_text {
            true => Box::new(text::Writer::new(echo)),
            false => Box::new(stream::Writer::new(echo)),
        }
    }

    fn error(&self, error: &Error, _: &Echo, out: &mut BytesMut) {
        openai::write_error(error, out);
    }
}
