//! Answers written as a stream: for each step of the answer the events that the API documents, in their order.
//!
//! <https://platform.openai.com/docs/api-reference/responses-streaming>

use bytes::{BufMut, BytesMut};

use super::answer::{Answer, Item, NO_ARGUMENTS, Part, annotations, items, write_summary};
use crate::api::codec::{Echo, WriteStream};
use crate::api::openai;
use crate::error::Error;
use crate::ir::{Delta, Event, Open};
use crate::wire::json::{Stencils, Writer};

/// Writes a stream. An item is done when the next one begins or the answer stops: only then is it known to be whole.
pub(super) struct Stream {
    answer: Answer,
    sequence: u64,
    phase: Phase,
    /// How many items are done.
    done: usize,
    open: Opened,
    /// By the kind of event, and by how many events there had been when the open block began.
    stencils: Stencils<(&'static str, u64)>,
    /// That number.
    began: u64,
}

#[derive(PartialEq)]
enum Phase {
    Waiting,
    Running,
    Over,
}

/// What kind of block is open.
#[derive(Clone, Copy, PartialEq)]
enum Opened {
    /// A part of a message.
    Words,
    /// A part of a summary.
    Thought,
    Call,
    /// A block without events of its own: it came whole, or has no place in this API.
    Mute,
}

impl Stream {
    /// A stream that answers the request `echo` tells of.
    pub(super) fn new(echo: Echo) -> Stream {
        Stream::after(echo, 0)
    }

    /// A stream that goes on where so many events have been.
    pub(super) fn after(echo: Echo, events: u64) -> Stream {
        let answer = Answer::new(echo);
        let stencils = Stencils::default();
        Stream {
            answer,
            sequence: events,
            phase: Phase::Waiting,
            done: 0,
            open: Opened::Mute,
            stencils,
            began: 0,
        }
    }
}

impl WriteStream for Stream {
    fn push(&mut self, event: &Event<'_>, out: &mut BytesMut) {
        if self.phase == Phase::Over {
            return;
        }
        match event {
            Event::Open { block, .. } => return self.begin(block, out),
            Event::Close { .. } if self.open == Opened::Mute => return,
            Event::Ping => return out.put_slice(b": ping\n\n"),
            Event::Close { index } if self.answer.lacks_arguments() => {
                self.push(&Event::Delta { index: *index, delta: NO_ARGUMENTS }, out);
            }
            _ => self.answer.push(event),
        }
        match event {
            Event::Start(_) => self.start(out),
            Event::Delta { delta, .. } => self.grow(delta, out),
            Event::Close { .. } => self.close(out),
            Event::Stop(_) => self.finish_item(self.answer.status(), out),
            Event::Fail(error) => self.fail(error, out),
            Event::End => self.end(out),
            _ => {}
        }
    }

    fn completed(&mut self, at: u64) {
        self.answer.completed = Some(at);
    }
}

impl Stream {
    fn start(&mut self, out: &mut BytesMut) {
        self.phase = Phase::Running;
        self.lifecycle("response.created", "in_progress", out);
        self.lifecycle("response.in_progress", "in_progress", out);
    }

    fn end(&mut self, out: &mut BytesMut) {
        self.phase = Phase::Over;
        let status = self.answer.status();
        self.finish_item(status, out);
        self.lifecycle(&format!("response.{status}"), status, out);
    }

    /// Nothing that is open becomes done: the client must see that it was broken off.
    ///
    /// OpenAI's helpers take nothing before `response.created`, so a response that fails at once begins nevertheless. One
    /// that a provider began itself has an id that is not known here.
    fn fail(&mut self, error: &Error, out: &mut BytesMut) {
        match self.phase {
            Phase::Waiting if self.sequence > 0 => self.error(error, out),
            Phase::Waiting => {
                self.start(out);
                self.lifecycle("response.failed", "failed", out);
            }
            Phase::Running | Phase::Over => self.lifecycle("response.failed", "failed", out),
        }
        self.phase = Phase::Over;
    }

    fn error(&mut self, error: &Error, out: &mut BytesMut) {
        self.event("error", out, |o, _| {
            openai::optional(o.key("code"), error.code.as_deref());
            o.key("message").string(&error.message);
            openai::optional(o.key("param"), error.param.as_deref());
        });
    }

    fn begin(&mut self, block: &Open<'_>, out: &mut BytesMut) {
        self.open = Opened::Mute;
        if !self.answer.continues(block) {
            let Some(item) = self.answer.item(block) else { return };
            self.finish_item("completed", out);
            self.answer.items.push(item);
            self.event("response.output_item.added", out, |o, answer| write_item(answer, "in_progress", o));
        }
        self.answer.add_part(block);
        self.began = self.sequence;
        self.open = self.part_added(block, out);
    }

    fn part_added(&mut self, block: &Open<'_>, out: &mut BytesMut) -> Opened {
        match (self.answer.items.last(), block) {
            (Some(Item::Message { .. }), _) => {
                self.event("response.content_part.added", out, write_part);
                Opened::Words
            }
            (Some(Item::Reasoning { .. }), Open::Thinking { .. }) => {
                self.event("response.reasoning_summary_part.added", out, write_thought);
                Opened::Thought
            }
            (Some(Item::Call(_)), _) => Opened::Call,
            _ => Opened::Mute,
        }
    }

    fn grow(&mut self, delta: &Delta<'_>, out: &mut BytesMut) {
        match (self.answer.items.last(), delta) {
            (Some(Item::Message { .. }), Delta::Citations(citations)) => {
                annotations(citations).iter().for_each(|annotation| self.annotation(annotation, out));
            }
            (Some(Item::Message { parts, .. }), Delta::Text(more)) => {
                let is_refusal = parts.last().is_some_and(|part| part.is_refusal);
                let kind = if is_refusal { "response.refusal.delta" } else { "response.output_text.delta" };
                self.delta(kind, more, out);
            }
            (Some(Item::Message { .. }), Delta::Logprobs(list)) => self.tokens(&items(list), out),
            (Some(Item::Reasoning { .. }), Delta::Thinking(more)) => {
                self.delta("response.reasoning_summary_text.delta", more, out);
            }
            (Some(Item::Call(call)), Delta::Arguments(more)) => {
                self.delta(call.delta_event(), more, out);
            }
            _ => {}
        }
    }

    fn delta(&mut self, kind: &'static str, more: &str, out: &mut BytesMut) {
        write_head(kind, self.sequence, out);
        self.stencils.write((kind, self.began), more, out, |more, out| {
            write_rest(out, |o| write_delta(&self.answer, kind, more, &[], o));
        });
        self.sequence += 1;
    }

    fn tokens(&mut self, tokens: &[String], out: &mut BytesMut) {
        let kind = "response.output_text.delta";
        self.event(kind, out, |o, answer| write_delta(answer, kind, "", tokens, o));
    }

    fn annotation(&mut self, annotation: &str, out: &mut BytesMut) {
        self.event("response.output_text.annotation.added", out, |o, answer| {
            write_place(answer, o);
            let index =
                last_part(answer).and_then(|part| part.annotations.iter().position(|it| it == annotation));
            o.key("annotation_index").integer(index.unwrap_or(0) as u64);
            o.key("annotation").raw(annotation);
        });
    }

    fn close(&mut self, out: &mut BytesMut) {
        match std::mem::replace(&mut self.open, Opened::Mute) {
            Opened::Words => self.close_words(out),
            Opened::Thought => self.close_thought(out),
            Opened::Call => self.close_call(out),
            Opened::Mute => {}
        }
    }

    fn close_words(&mut self, out: &mut BytesMut) {
        let is_refusal = last_part(&self.answer).is_some_and(|part| part.is_refusal);
        let kind = if is_refusal { "response.refusal.done" } else { "response.output_text.done" };
        self.event(kind, out, |o, answer| {
            write_place(answer, o);
            let text = last_part(answer).map_or("", |part| &part.text);
            o.key(if is_refusal { "refusal" } else { "text" }).string(text);
            if let Some(part) = last_part(answer).filter(|_| !is_refusal) {
                o.key("logprobs").array(|a| part.logprobs.iter().for_each(|token| a.raw(token)));
            }
        });
        self.event("response.content_part.done", out, write_part);
    }

    fn close_thought(&mut self, out: &mut BytesMut) {
        self.event("response.reasoning_summary_text.done", out, |o, answer| {
            write_place(answer, o);
            o.key("text").string(last_thought(answer));
        });
        self.event("response.reasoning_summary_part.done", out, write_thought);
    }

    fn close_call(&mut self, out: &mut BytesMut) {
        let Some(Item::Call(call)) = self.answer.items.last() else { return };
        let (done, name) = (call.done_event(), call.text_name());
        self.event(done, out, |o, answer| {
            write_place(answer, o);
            let Some(Item::Call(call)) = answer.items.last() else { return };
            o.key(name).string(&call.text);
        });
    }

    /// The last item is whole, unless it was already.
    fn finish_item(&mut self, status: &str, out: &mut BytesMut) {
        if self.done < self.answer.items.len() {
            self.done = self.answer.items.len();
            self.event("response.output_item.done", out, |o, answer| write_item(answer, status, o));
        }
    }

    /// An event with the whole response.
    fn lifecycle(&mut self, kind: &str, status: &str, out: &mut BytesMut) {
        let done = self.done;
        self.event(kind, out, |o, answer| answer.write(status, done, o.key("response")));
    }

    fn event(&mut self, kind: &str, out: &mut BytesMut, members: impl FnOnce(&mut Writer<'_>, &Answer)) {
        write_head(kind, self.sequence, out);
        write_rest(out, |o| members(o, &self.answer));
        self.sequence += 1;
    }
}

/// Writes the beginning of an event: its kind and number.
fn write_head(kind: &str, number: u64, out: &mut BytesMut) {
    for part in ["event: ", kind, "\ndata: {\"type\":\"", kind, "\",\"sequence_number\":"] {
        out.put_slice(part.as_bytes());
    }
    Writer::new(out).integer(number);
}

/// Writes the other members of an event, and its end.
fn write_rest(out: &mut BytesMut, members: impl FnOnce(&mut Writer<'_>)) {
    out.put_u8(b',');
    members(&mut Writer::new(out));
    out.put_slice(b"}\n\n");
}

fn write_delta(answer: &Answer, kind: &str, more: &str, tokens: &[String], o: &mut Writer<'_>) {
    write_place(answer, o);
    o.key("delta").string(more);
    if kind == "response.output_text.delta" {
        o.key("logprobs").array(|a| tokens.iter().for_each(|token| a.raw(token)));
    }
}

/// The part that is open in the last item.
fn last_part(answer: &Answer) -> Option<&Part> {
    let Some(Item::Message { parts, .. }) = answer.items.last() else { return None };
    parts.last()
}

fn last_thought(answer: &Answer) -> &str {
    let Some(Item::Reasoning { summary, .. }) = answer.items.last() else { return "" };
    summary.last().map_or("", |text| text)
}

/// Where the open block stands.
fn write_place(answer: &Answer, o: &mut Writer<'_>) {
    let Some(item) = answer.items.last() else { return };
    o.key("item_id").string(item.id());
    o.key("output_index").integer(last_index(answer.items.len()));
    match item {
        Item::Message { parts, .. } => o.key("content_index").integer(last_index(parts.len())),
        Item::Reasoning { summary, .. } => o.key("summary_index").integer(last_index(summary.len())),
        _ => {}
    }
}

fn last_index(count: usize) -> u64 {
    count.saturating_sub(1) as u64
}

fn write_item(answer: &Answer, status: &str, o: &mut Writer<'_>) {
    o.key("output_index").integer(last_index(answer.items.len()));
    answer.items.iter().rev().take(1).for_each(|item| item.write(status, o.key("item")));
}

fn write_part(o: &mut Writer<'_>, answer: &Answer) {
    write_place(answer, o);
    last_part(answer).iter().for_each(|part| part.write(o.key("part")));
}

fn write_thought(o: &mut Writer<'_>, answer: &Answer) {
    write_place(answer, o);
    write_summary(last_thought(answer), o.key("part"));
}

#[cfg(test)]
mod tests;
