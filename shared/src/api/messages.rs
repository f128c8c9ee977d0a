//! Anthropic's Messages API, as its clients speak it and as it is spoken to providers.
//!
//! <https://docs.anthropic.com/en/api/messages>

mod block;
mod citation;
mod error;
mod hosted;
mod parameters;
mod request;
mod response;
mod schema;
mod shape;
mod stream;
mod thinking;
mod tool;
mod usage;

use bytes::BytesMut;

use super::aim::{Aim, Sink};
use super::cite::{Cited, Link};
use super::codec::{Echo, Read, ReadStream, Write, WriteStream};
use super::hosted::Work;
use super::lost::Shape;
use super::steps::{Step, What};
use super::written::Written;
use crate::dialect::Quirks;
use crate::error::Error;
use crate::ir::{Event, Loss, Request, Response};
use crate::wire::json::{Json, Malformed};

pub(super) use block::write_input;
pub(super) use request::write_thinking;
pub(super) use schema::write as write_strict_schema;
pub(super) use tool::{CUSTOM, write_choice_members, write_schema};

/// The family.
pub struct Messages;

impl Read for Messages {
    fn shape(&self) -> &'static Shape {
        &shape::REQUEST
    }

    fn written(&self) -> Option<&'static Written> {
        Some(&tool::WRITTEN)
    }

    fn request<'a>(&self, body: Json<'a>) -> Result<Request<'a>, Error> {
        request::read(body)
    }

    fn portable(&self, request: &Request<'_>) -> Result<(), Error> {
        request::portable(request)
    }

    fn work<'a>(&self, kind: &str, tool: Json<'a>) -> Option<Work<'a>> {
        hosted::work(kind, tool)
    }

    fn work_members(&self) -> Option<&'static [&'static str]> {
        Some(&hosted::MEMBERS)
    }

    fn steps<'a>(&self, block: Json<'a>, losses: &mut Vec<Loss>) -> Vec<Step<'a>> {
        hosted::step(block, losses).into_iter().collect()
    }

    fn step_shape(&self) -> &'static Shape {
        &hosted::STEP
    }

    fn links<'a>(&self, citations: Json<'a>, _: &str, losses: &mut Vec<Loss>) -> Vec<Link<'a>> {
        citation::links(citations, losses)
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
        error::read(status, body)
    }

    fn is_error(&self, body: Json<'_>) -> bool {
        body.get("type").and_then(Json::string).is_some_and(|word| word == "error")
    }
}

impl Write for Messages {
    /// <https://docs.anthropic.com/en/docs/build-with-claude/streaming#ping-events>
    fn ping(&self) -> &'static [u8] {
        b"event: ping\ndata: {\"type\":\"ping\"}\n\n"
    }

    fn request(
        &self,
        request: &Request<'_>,
        quirks: &Quirks,
        out: &mut BytesMut,
    ) -> Result<Vec<Loss>, Error> {
        request::write(request, quirks, out)
    }

    fn steps(&self, steps: &[Step<'_>], first: u32, _: &mut Vec<Loss>) -> Vec<String> {
        hosted::write_steps(steps, first)
    }

    fn tells(&self, _: &What<'_>) -> bool {
        true
    }

    fn lacks(&self, event: &Event<'_>) -> Vec<Loss> {
        response::lacks(event)
    }

    fn citations(&self, cited: &Cited<'_>, losses: &mut Vec<Loss>) -> Option<String> {
        Some(citation::write(cited, losses))
    }

    fn response(&self, response: &Response, echo: &Echo, out: &mut BytesMut) {
        response::write(response, echo, out);
    }

    fn stream(&self, echo: Echo) -> Box<dyn WriteStream> {
        Box::new(stream::Writer::new(echo))
    }

    fn error(&self, error: &Error, echo: &Echo, out: &mut BytesMut) {
        error::write(error, &echo.id, out);
    }
}
