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
mod hosted;
mod input;
mod parameters;
mod request;
mod shape;
mod stream;
mod tools;

use bytes::BytesMut;

use super::aim::{Aim, Sink};
use super::cite::{Cited, Link};
use super::codec::{Echo, Read, ReadStream, Write, WriteStream};
use super::hosted::Work;
use super::lost::Shape;
use super::openai;
use super::steps::{Step, What};
use super::written::Written;
use crate::dialect::Quirks;
use crate::error::Error;
use crate::ir::{Event, Loss, Request, Response};
use crate::wire::json::{Json, Malformed};

/// The family.
pub struct Responses;

impl Read for Responses {
    fn shape(&self) -> &'static Shape {
        &shape::REQUEST
    }

    fn request<'a>(&self, body: Json<'a>) -> Result<Request<'a>, Error> {
        request::read(body)
    }

    fn written(&self) -> Option<&'static Written> {
        Some(&input::WRITTEN)
    }

    fn portable(&self, request: &Request<'_>) -> Result<(), Error> {
        request::portable(request)
    }

    fn customs(&self, tools: Json<'_>) -> Vec<String> {
        tools::customs(tools)
    }

    fn work<'a>(&self, kind: &str, tool: Json<'a>) -> Option<Work<'a>> {
        hosted::work(kind, tool)
    }

    fn work_members(&self) -> Option<&'static [&'static str]> {
        Some(&hosted::MEMBERS)
    }

    fn steps<'a>(&self, block: Json<'a>, losses: &mut Vec<Loss>) -> Vec<Step<'a>> {
        hosted::steps(block, losses)
    }

    fn step_shape(&self) -> &'static Shape {
        &hosted::STEP
    }

    fn links<'a>(&self, citations: Json<'a>, text: &str, losses: &mut Vec<Loss>) -> Vec<Link<'a>> {
        openai::links(citations, text, losses)
    }

    fn carries(&self, name: &str, value: Json<'_>) -> bool {
        request::carries(name, value)
    }

    fn response(&self, body: Json<'_>, aim: Aim, sink: &mut Sink<'_>) -> Result<(), Malformed> {
        stream::read(body, aim, sink)
    }

    fn stream(&self, aim: Aim) -> Box<dyn ReadStream> {
        Box::new(stream::Reader::new(aim))
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

    fn steps(&self, steps: &[Step<'_>], first: u32, losses: &mut Vec<Loss>) -> Vec<String> {
        hosted::write_steps(steps, first, losses)
    }

    fn tells(&self, _: &What<'_>) -> bool {
        true
    }

    fn lacks(&self, event: &Event<'_>) -> Vec<Loss> {
        answer::lacks(event)
    }

    fn citations(&self, cited: &Cited<'_>, losses: &mut Vec<Loss>) -> Option<String> {
        Some(answer::citations(cited, losses))
    }

    fn response(&self, response: &Response, echo: &Echo, out: &mut BytesMut) {
        answer::write(response, echo, out);
    }

    fn stream(&self, echo: Echo) -> Box<dyn WriteStream> {
        Box::new(events::Stream::new(echo))
    }

    /// Events are numbered from 0.
    fn repeats_request(&self) -> bool {
        true
    }

    fn break_off(&self, error: &Error, echo: Echo, events: u64, out: &mut BytesMut) {
        events::Stream::after(echo, events).push(&Event::Fail(error.clone()), out);
    }

    fn error(&self, error: &Error, _: &Echo, out: &mut BytesMut) {
        openai::write_error(error, out);
    }
}
