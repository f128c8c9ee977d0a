//! A provider's stream, read.

use std::borrow::Cow;

use super::collected::Collected;
use crate::api::aim::{Aim, Sink};
use crate::api::codec::ReadStream;
use crate::api::family::Api;
use crate::api::lost::{self, Shape};
use crate::api::messages::usage::{self, Counts};
use crate::api::messages::{error, response};
use crate::error::Error;
use crate::ir::{Citations, Delta, Event, Loss, Open, Start, Stop, StopReason, ToolKind, Why};
use crate::wire::Frame;
use crate::wire::json::{Index, Json};

/// The members of a message, and of what is said of it at its end, that are read.
const KNOWN: [&str; 8] = ["id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "usage"];

/// The members of a block of words or thinking that are read.
const BLOCK: Shape = Shape(&[
    ("type", None),
    ("text", None),
    ("citations", None),
    ("thinking", None),
    ("signature", None),
    ("data", None),
]);

/// Reads events. Why the answer ended waits for the last of them, so that it comes once and after all blocks.
#[derive(Debug, Default)]
pub(in crate::api::messages) struct Reader {
    aim: Aim,
    index: Index,
    begun: bool,
    over: bool,
    block: Option<Block>,
    /// How many blocks have been opened.
    count: u32,
    counts: Counts,
    stop: Option<Stop<'static>>,
    /// Whether a tool's run has been asked for.
    used: bool,
}

/// The block that is open, and what must be known of it.
#[derive(Debug)]
enum Block {
    Text,
    Thinking,
    /// The input that stands if no pieces of it come.
    ToolUse(Option<String>),
    /// Whole from its beginning.
    Sealed,
    Collected(Collected),
}

impl ReadStream for Reader {
    fn push(&mut self, frame: Frame<'_>, sink: &mut Sink<'_>) {
        if self.over {
            return;
        }
        // Not of this API, but some servers that follow it end their streams so.
        if frame.data == b"[DONE]" {
            return self.finish(sink);
        }
        // Taken out and put back, so that all events are indexed in the same room.
        let mut index = std::mem::take(&mut self.index);
        match index.parse(frame.data) {
            Ok(event) => self.event(frame.name, event, sink),
            Err(why) => self
                .fail(Error::upstream(format!("The provider sent an event that is no JSON: {why}.")), sink),
        }
        self.index = index;
    }

    fn idle(&self) -> Option<&'static [&'static str]> {
        Some(&[])
    }

    fn go_on(&mut self, delta: Delta<'_>, sink: &mut Sink<'_>) -> bool {
        let goes_on = matches!(
            (&self.block, &delta),
            (Some(Block::Text), Delta::Text(_))
                | (Some(Block::Thinking), Delta::Thinking(_))
                | (Some(Block::ToolUse(None)), Delta::Arguments(_))
        );
        let goes_on = goes_on && !self.over;
        if goes_on {
            self.say(delta, sink);
        }
        goes_on
    }

    fn finish(&mut self, sink: &mut Sink<'_>) {
        if !self.over && self.stop.is_some() {
            self.end(sink);
        }
    }
}

impl Reader {
    pub(in crate::api::messages) fn new(aim: Aim) -> Reader {
        Reader { aim, ..Reader::default() }
    }

    /// Reads a whole answer with this `content`.
    pub(in crate::api::messages) fn whole(
        &mut self,
        message: Json<'_>,
        content: Json<'_>,
        sink: &mut Sink<'_>,
    ) {
        self.begin(message, sink);
        self.stop = response::read_stop(message);
        // Where an answer does not say why it ended, its blocks tell.
        if self.aim.tells_words() || self.stop.is_none() {
            content.items().for_each(|block| self.open(block, sink));
        }
        self.end(sink);
    }

    fn event(&mut self, name: &str, event: Json<'_>, sink: &mut Sink<'_>) {
        let [word, delta] = event.pick(["type", "delta"]);
        let word = word.and_then(Json::string).unwrap_or(Cow::Borrowed(name));
        let member = |name| event.get(name).unwrap_or(Json::NULL);
        match &*word {
            "content_block_delta" => self.grow(delta.unwrap_or(Json::NULL), sink),
            "content_block_start" => self.open(member("content_block"), sink),
            "content_block_stop" => self.close(sink),
            "message_start" => self.begin(member("message"), sink),
            "message_delta" => self.last_words(event, sink),
            "message_stop" => self.end(sink),
            "ping" if self.begun => sink(Event::Ping),
            "error" => self.fail(error::of_event(event), sink),
            _ if event.get("error").is_some() => self.fail(error::of_event(event), sink),
            // New kinds of events may come at any time: https://docs.anthropic.com/en/api/versioning
            _ => lost::name_event(&word, sink),
        }
    }

    fn fail(&mut self, error: Error, sink: &mut Sink<'_>) {
        self.over = true;
        sink(Event::Fail(error));
    }

    fn begin(&mut self, message: Json<'_>, sink: &mut Sink<'_>) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        let word = |name| message.get(name).and_then(Json::string);
        let usage = message.get("usage").unwrap_or(Json::NULL);
        sink(Event::Start(Start {
            id: word("id").unwrap_or_default(),
            model: word("model").unwrap_or_default(),
            created: None,
            service_tier: usage.get("service_tier").and_then(Json::string),
        }));
        lost::name_others(message, &KNOWN, "", self.aim, sink);
        self.count_usage(usage, sink);
    }

    /// E14: members that are not there say nothing.
    fn count_usage(&mut self, usage: Json<'_>, sink: &mut Sink<'_>) {
        self.counts.update(usage);
        lost::name_unknown(usage, &usage::SHAPE, "usage.", self.aim, sink);
        if let Some(usage) = self.counts.usage().filter(|_| !usage.is_null()) {
            sink(Event::Usage(usage));
        }
    }

    fn open(&mut self, block: Json<'_>, sink: &mut Sink<'_>) {
        self.begin(Json::NULL, sink);
        self.close(sink);
        let text = |name| block.get(name).and_then(Json::string).unwrap_or_default();
        let kind = text("type");
        if matches!(&*kind, "text" | "thinking" | "redacted_thinking") {
            lost::name_unknown(block, &BLOCK, "content.", self.aim, sink);
        }
        match &*kind {
            "text" => {
                self.announce(Open::Text, Block::Text, sink);
                self.say(Delta::Text(text("text")), sink);
                self.cite(block.get("citations").map(Json::raw).filter(|raw| raw.len() > 2), sink);
            }
            "thinking" => {
                self.announce(Open::Thinking { id: None }, Block::Thinking, sink);
                self.say(Delta::Thinking(text("thinking")), sink);
                self.say(Delta::Signature(text("signature")), sink);
            }
            "redacted_thinking" => {
                self.announce(Open::Sealed { data: text("data"), id: None }, Block::Sealed, sink);
            }
            "tool_use" => self.open_use(block, sink),
            _ => self.block = Some(Block::Collected(Collected::new(block))),
        }
    }

    fn open_use(&mut self, block: Json<'_>, sink: &mut Sink<'_>) {
        let text = |name| block.get(name).and_then(Json::string).unwrap_or_default();
        let input = block.get("input").and_then(Json::present).unwrap_or(Json::EMPTY);
        self.used = true;
        let open =
            Open::ToolUse { id: text("id"), name: text("name"), kind: ToolKind::Function, signature: None };
        self.announce(open, Block::ToolUse(Some(input.raw().to_owned())), sink);
        lost::name_others_of_call(
            block,
            &["type", "id", "name", "input"],
            "content.tool_use.",
            self.aim,
            sink,
        );
    }

    fn announce(&mut self, open: Open<'_>, block: Block, sink: &mut Sink<'_>) {
        sink(Event::Open { index: self.count, block: open });
        self.count += 1;
        self.block = Some(block);
    }

    fn grow(&mut self, delta: Json<'_>, sink: &mut Sink<'_>) {
        let text = |name| delta.get(name).and_then(Json::string).unwrap_or_default();
        let word = text("type");
        match (&mut self.block, &*word) {
            (Some(Block::Collected(collected)), _) => collected.grow(delta),
            (Some(Block::Text), "text_delta") => self.say(Delta::Text(text("text")), sink),
            (Some(Block::Text), "citations_delta") => {
                let list = delta.get("citation").map(|citation| format!("[{}]", citation.raw()));
                self.cite(list.as_deref(), sink);
            }
            (Some(Block::Thinking), "thinking_delta") => self.say(Delta::Thinking(text("thinking")), sink),
            (Some(Block::Thinking), "signature_delta") => self.say(Delta::Signature(text("signature")), sink),
            (Some(Block::ToolUse(input)), "input_json_delta") => {
                let piece = text("partial_json");
                if !piece.is_empty() {
                    *input = None;
                }
                self.say(Delta::Arguments(piece), sink);
            }
            _ => sink(Event::Lost(Loss::of_answer(format_args!("content.{word}"), Why::Dropped))),
        }
    }

    fn say(&self, delta: Delta<'_>, sink: &mut Sink<'_>) {
        let empty = match &delta {
            Delta::Text(text) | Delta::Thinking(text) | Delta::Signature(text) | Delta::Arguments(text) => {
                text.is_empty()
            }
            Delta::Citations(_) | Delta::Logprobs(_) | Delta::Audio(_) => false,
        };
        if !empty {
            sink(Event::Delta { index: self.count.saturating_sub(1), delta });
        }
    }

    fn cite(&self, list: Option<&str>, sink: &mut Sink<'_>) {
        let Some(raw) = list.filter(|raw| raw.starts_with('[')) else { return };
        self.say(Delta::Citations(Citations { api: Api::Messages, raw: Cow::Borrowed(raw) }), sink);
    }

    fn close(&mut self, sink: &mut Sink<'_>) {
        match self.block.take() {
            None => return,
            Some(Block::Collected(collected)) => {
                let open = Open::Opaque { api: Api::Messages, raw: Cow::Owned(collected.finish()) };
                self.announce(open, Block::Sealed, sink);
                self.block = None;
            }
            Some(Block::ToolUse(Some(input))) => self.say(Delta::Arguments(Cow::Owned(input)), sink),
            Some(_) => {}
        }
        sink(Event::Close { index: self.count.saturating_sub(1) });
    }

    fn last_words(&mut self, event: Json<'_>, sink: &mut Sink<'_>) {
        self.begin(Json::NULL, sink);
        self.close(sink);
        let delta = event.get("delta").unwrap_or(Json::NULL);
        self.stop = response::read_stop(delta).or(self.stop.take());
        lost::name_others(delta, &KNOWN, "", self.aim, sink);
        lost::name_others(event, &["type", "delta", "usage"], "", self.aim, sink);
        self.count_usage(event.get("usage").unwrap_or(Json::NULL), sink);
    }

    /// An answer that ended without saying why was done, or wants its tools run.
    fn end(&mut self, sink: &mut Sink<'_>) {
        self.begin(Json::NULL, sink);
        self.close(sink);
        let reason = if self.used { StopReason::ToolUse } else { StopReason::Done };
        sink(Event::Stop(self.stop.take().unwrap_or(Stop { reason, sequence: None })));
        sink(Event::End);
        self.over = true;
    }
}
