//! A provider's stream, read.

use crate::api::aim::{Aim, Sink};
use crate::api::codec::ReadStream;
use crate::api::completions::answer::{Answer, Choice, GROQ, Others};
use crate::api::completions::response::failure_of;
use crate::api::completions::usage;
use crate::api::lost;
use crate::error::Error;
use crate::ir::{Delta, Event};
use crate::wire::Frame;
use crate::wire::json::{Index, Json, Kind};

/// Reads chunks until `[DONE]`.
///
/// What a chunk with a `finish_reason` says counts only at the end: content, usage and other reasons may still follow.
#[derive(Debug, Default)]
pub(in crate::api::completions) struct Reader {
    answer: Answer,
    others: Others,
    index: Index,
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

    /// Some servers make all events of one length.
    fn idle(&self) -> Option<&'static [&'static str]> {
        Some(&["obfuscation", "p"])
    }

    fn go_on(&mut self, delta: Delta<'_>, sink: &mut Sink<'_>) -> bool {
        !self.over && self.answer.go_on(delta, sink)
    }

    fn finish(&mut self, sink: &mut Sink<'_>) {
        if self.over || !self.answer.has_stopped() || !self.others.have_stopped() {
            return;
        }
        let taken = self.done(sink);
        self.end_on(taken, sink);
    }
}

impl Reader {
    pub(in crate::api::completions) fn new(aim: Aim) -> Reader {
        Reader { answer: Answer::new(aim), others: Others::new(aim), ..Reader::default() }
    }

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
        self.others.finish(sink)?;
        self.answer.finish(sink)
    }

    fn take(&mut self, name: &str, data: &[u8], sink: &mut Sink<'_>) -> Result<(), Error> {
        // Taken out and put back, so that all events are indexed in the same room.
        let mut index = std::mem::take(&mut self.index);
        let chunk = index.parse(data).ok().filter(|chunk| chunk.kind() == Kind::Object);
        let chunk =
            chunk.ok_or_else(|| Error::upstream("The provider sent a chunk that is not a JSON object."));
        let taken = chunk.and_then(|chunk| self.chunk(name, chunk, sink));
        self.index = index;
        taken
    }

    fn chunk(&mut self, name: &str, chunk: Json<'_>, sink: &mut Sink<'_>) -> Result<(), Error> {
        let [error, object, choices, usage, groq] =
            chunk.pick(["error", "object", "choices", "usage", "x_groq"]);
        if let Some(error) = failure_of(chunk, error, object) {
            return Err(error);
        }
        if name == "error" {
            return Err(crate::api::openai::error_of(chunk, crate::error::Kind::Api));
        }
        self.groq(groq, sink)?;
        let (choice, others) = choices.map(Choice::split).unwrap_or_default();
        let usage = counted(usage, choice.as_ref(), groq);
        if choice.is_some() || usage.is_some() || !others.is_empty() {
            self.answer.begin(chunk, sink);
        }
        choice.map_or(Ok(()), |choice| self.answer.choice(&choice, sink))?;
        self.others.take(&others, sink)?;
        if let Some(usage) = usage {
            usage::name_others(usage, self.answer.aim(), sink);
            sink(Event::Usage(usage::read(usage)));
        }
        Ok(())
    }

    /// What Groq says at an answer's end: also why there is no more of it.
    fn groq(&self, groq: Option<Json<'_>>, sink: &mut Sink<'_>) -> Result<(), Error> {
        let Some(groq) = groq.filter(|_| self.answer.has_begun()) else { return Ok(()) };
        lost::name_unknown(groq, &GROQ, "x_groq.", self.answer.aim(), sink);
        match groq.get("error").and_then(Json::string).filter(|why| !why.is_empty()) {
            Some(why) => Err(Error::upstream(format!("The provider stopped the answer early: {why}."))),
            None => Ok(()),
        }
    }
}

/// E4: usage, in whichever chunk it comes, and also where Groq (`x_groq`) and Moonshot (the choice) have it.
fn counted<'a>(
    usage: Option<Json<'a>>,
    choice: Option<&Choice<'a>>,
    groq: Option<Json<'a>>,
) -> Option<Json<'a>> {
    let counts = |usage: Option<Json<'a>>| usage.filter(|usage| usage.kind() == Kind::Object);
    counts(usage).or_else(|| counts(choice?.usage)).or_else(|| counts(groq?.get("usage")))
}
