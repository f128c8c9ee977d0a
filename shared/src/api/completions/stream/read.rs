//! A provider's stream, read.

use crate::api::completions::answer::Answer;
use crate::api::completions::response::{failure, first_choice};
use crate::api::completions::usage;
use crate::api::{ReadStream, Sink};
use crate::error::Error;
use crate::ir::Event;
use crate::wire::Frame;
use crate::wire::json::{Json, Kind};

/// Reads chunks until `[DONE]`.
///
/// What a chunk with a `finish_reason` says counts only at the end: content, usage and other reasons may still follow.
#[derive(Debug, Default)]
pub(in crate::api::completions) struct Reader {
    answer: Answer,
    /// Whether `End` or `Fail` has been given.
    over: bool,
}

impl ReadStream for Reader {
    fn push(&mut self, frame: Frame<'_>, sink: &mut Sink<'_>) {
        let data = frame.data.trim_ascii();
        if self.over || data.is_empty() {
            return;
        }
        let taken = match data {
            b"[DONE]" => self.done(sink),
            _ => self.take(frame.name, data, sink),
        };
        self.end_on(taken, sink);
    }

    fn finish(&mut self, sink: &mut Sink<'_>) {
        if self.over || !self.answer.has_stopped() {
            return;
        }
        let taken = self.done(sink);
        self.end_on(taken, sink);
    }
}

impl Reader {
    fn end_on(&mut self, taken: Result<(), Error>, sink: &mut Sink<'_>) {
        if let Err(error) = taken {
            self.over = true;
            sink(Event::Fail(error));
        }
    }

    fn done(&mut self, sink: &mut Sink<'_>) -> Result<(), Error> {
        if !self.answer.has_begun() {
            return Err(Error::upstream("The provider's stream ended without an answer."));
        }
        self.over = true;
        self.answer.finish(sink)
    }

    fn take(&mut self, name: &str, data: &[u8], sink: &mut Sink<'_>) -> Result<(), Error> {
        let chunk = Json::parse(data).ok().filter(|chunk| chunk.kind() == Kind::Object);
        let chunk =
            chunk.ok_or_else(|| Error::upstream("The provider sent a chunk that is not a JSON object."))?;
        if let Some(error) = failure(chunk) {
            return Err(error);
        }
        if name == "error" {
            return Err(crate::api::openai::error_of(chunk, crate::error::Kind::Api));
        }
        let choice = chunk.get("choices").and_then(first_choice);
        let usage = counted(chunk, choice);
        if choice.is_some() || usage.is_some() {
            self.answer.begin(chunk, sink);
        }
        choice.map_or(Ok(()), |choice| self.answer.choice(choice, sink))?;
        if let Some(usage) = usage {
            sink(Event::Usage(usage::read(usage)));
        }
        Ok(())
    }
}

/// E4: usage, in whichever chunk it comes, and also where Groq (`x_groq`) and Moonshot (the choice) have it.
fn counted<'a>(chunk: Json<'a>, choice: Option<Json<'a>>) -> Option<Json<'a>> {
    let of = |object: Json<'a>| object.get("usage").filter(|usage| usage.kind() == Kind::Object);
    of(chunk).or_else(|| of(choice?)).or_else(|| of(chunk.get("x_groq")?))
}
