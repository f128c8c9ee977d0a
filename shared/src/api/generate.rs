//! Gemini's own API: `generateContent` and `streamGenerateContent`.
//!
//! Which model is asked, and whether its answer is streamed, is said by the path and not by the body.
//!
//! <https://ai.google.dev/api/generate-content>

mod answer;
mod code;
mod conversation;
mod error;
mod grounding;
mod logprobs;
mod parameters;
mod part;
mod path;
mod request;
mod response;
mod schema;
mod shape;
mod spelling;
mod stop;
mod tool;
mod usage;

#[cfg(test)]
mod tests;

use bytes::{Bytes, BytesMut};

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

pub(super) use conversation::MADE;
pub use path::wants_events;

/// The family.
pub struct Generate;

impl Read for Generate {
    fn straighten(&self, body: Json<'_>) -> Option<Bytes> {
        spelling::straighten(body)
    }

    fn written(&self) -> Option<&'static Written> {
        Some(&spelling::WRITTEN)
    }

    fn work<'a>(&self, kind: &str, _: Json<'a>) -> Option<Work<'a>> {
        tool::work_of(kind)
    }

    fn steps<'a>(&self, block: Json<'a>, _: &mut Vec<Loss>) -> Vec<Step<'a>> {
        code::step(block).into_iter().collect()
    }

    fn step_shape(&self) -> &'static Shape {
        &code::STEP
    }

    fn links<'a>(&self, citations: Json<'a>, text: &str, losses: &mut Vec<Loss>) -> Vec<Link<'a>> {
        grounding::links(citations, text, losses)
    }

    fn shape(&self) -> &'static Shape {
        &shape::REQUEST
    }

    fn request<'a>(&self, body: Json<'a>) -> Result<Request<'a>, Error> {
        request::read(body)
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

impl Write for Generate {
    /// Blank lines: Google's own client for Python takes any line but a blank one and `data:` for JSON.
    fn ping(&self) -> &'static [u8] {
        b"\n\n"
    }

    fn request(
        &self,
        request: &Request<'_>,
        quirks: &Quirks,
        out: &mut BytesMut,
    ) -> Result<Vec<Loss>, Error> {
        request::write(request, quirks, out)
    }

    fn steps(&self, steps: &[Step<'_>], _: u32, _: &mut Vec<Loss>) -> Vec<String> {
        code::write(steps)
    }

    fn tells(&self, what: &What<'_>) -> bool {
        matches!(what, What::Ran(_) | What::Printed { .. })
    }

    fn has_choices(&self) -> bool {
        true
    }

    fn has_other_ends(&self) -> bool {
        true
    }

    fn lacks(&self, event: &Event<'_>) -> Vec<Loss> {
        response::lacks(event)
    }

    fn citations(&self, cited: &Cited<'_>, losses: &mut Vec<Loss>) -> Option<String> {
        Some(grounding::write(cited, losses))
    }

    fn response(&self, response: &Response, echo: &Echo, out: &mut BytesMut) {
        response::write(response, echo, out);
    }

    fn stream(&self, echo: Echo) -> Box<dyn WriteStream> {
        Box::new(response::Writer::new(echo))
    }

    fn error(&self, error: &Error, _: &Echo, out: &mut BytesMut) {
        error::write(error, out);
    }
}
