//! A provider's answer, whole or as a stream.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html>

use std::borrow::Cow;

use super::REASONS;
use crate::api::aim::{Aim, Sink};
use crate::api::cite::{Link, Place, Unit};
use crate::api::codec::ReadStream;
use crate::api::family::Api;
use crate::api::lost::{self, Shape};
use crate::api::{cite, exception};
use crate::error::Error;
use crate::ir::{Citations, Delta, Event, Loss, Open, Start, Stop, StopReason, ToolKind, Usage, Why};
use crate::wire::json::{Json, Kind, Malformed};
use crate::wire::{self, Frame};

/// What an answer is read for, and an event of a stream that tells of all of it. What its fields of the model's own say
/// is looked for where it ends; how long it took is in the gateway's own account.
const ANSWER: Shape = Shape(&[
    ("output", Some(&Shape(&[("message", Some(&Shape(&[("role", None), ("content", None)])))]))),
    ("stopReason", None),
    ("usage", Some(&USAGE)),
    ("metrics", Some(&Shape(&[("latencyMs", None)]))),
    ("serviceTier", Some(&Shape(&[("type", None)]))),
    ("additionalModelResponseFields", None),
    // Makes all events of one length.
    ("p", None),
]);

/// The last two are what the two before them were called once.
const USAGE: Shape = Shape(&[
    ("inputTokens", None),
    ("outputTokens", None),
    ("totalTokens", None),
    ("cacheReadInputTokens", None),
    ("cacheWriteInputTokens", None),
    ("cacheDetails", Some(&Shape(&[("ttl", None), ("inputTokens", None)]))),
    ("cacheReadInputTokenCount", None),
    ("cacheWriteInputTokenCount", None),
]);

/// A block of a kind that is known. Its citations are read where their text ends.
const BLOCK: Shape = Shape(&[
    ("text", None),
    ("citationsContent", Some(&Shape(&[("content", Some(&Shape(&[("text", None)]))), ("citations", None)]))),
    ("reasoningContent", Some(&Shape(&[("reasoningText", Some(&SIGNED)), ("redactedContent", None)]))),
    ("toolUse", Some(&Shape(&[("toolUseId", None), ("name", None), ("input", None)]))),
    ("image", Some(&IMAGE)),
]);

const SIGNED: Shape = Shape(&[("text", None), ("signature", None)]);

const IMAGE: Shape = Shape(&[("format", None), ("source", Some(&Shape(&[("bytes", None)])))]);

/// The events of a stream but for the last. What is in their blocks is looked at there.
const EVENT: Shape = Shape(&[
    ("role", None),
    ("contentBlockIndex", None),
    ("start", None),
    ("delta", None),
    ("stopReason", None),
    ("additionalModelResponseFields", None),
    ("p", None),
]);

/// What a block grows by.
const DELTA: Shape = Shape(&[
    ("text", None),
    ("citation", None),
    ("reasoningContent", Some(&Shape(&[("text", None), ("signature", None), ("redactedContent", None)]))),
    ("toolUse", Some(&Shape(&[("input", None)]))),
    ("image", Some(&IMAGE)),
]);

const SPAN: Shape =
    Shape(&[("documentIndex", None), ("searchResultIndex", None), ("start", None), ("end", None)]);

/// A citation of a kind that is known.
const CITATION: Shape = Shape(&[
    ("title", None),
    ("source", None),
    ("sourceContent", Some(&Shape(&[("text", None)]))),
    (
        "location",
        Some(&Shape(&[
            ("web", Some(&Shape(&[("url", None)]))),
            ("documentChar", Some(&SPAN)),
            ("documentPage", Some(&SPAN)),
            ("documentChunk", Some(&SPAN)),
            ("searchResultLocation", Some(&SPAN)),
        ])),
    ),
]);

/// Reads an answer as the events it would have been streamed as.
pub(super) fn read(body: Json<'_>, aim: Aim, sink: &mut Sink<'_>) -> Result<(), Malformed> {
    let content = body.get("output").and_then(|output| output.get("message")?.get("content"));
    let Some(content) = content.filter(|content| content.kind() == Kind::Array) else {
        return Err(Malformed { offset: 0, what: "expected an output with a message" });
    };
    let mut reader = Reader::new(aim);
    reader.begin(body, sink);
    content.items().for_each(|block| reader.block(block, sink));
    reader.stop(body, sink);
    reader.account(body, sink);
    Ok(())
}

/// Reads events. What is said last is the account of the tokens, after why the answer ended (F3).
#[derive(Debug, Default)]
pub(super) struct Reader {
    aim: Aim,
    begun: bool,
    stopped: bool,
    over: bool,
    block: Option<Block>,
    /// The provider's number of the block that is open.
    number: Option<u64>,
    /// How many blocks have been opened.
    count: u32,
    /// Whether a tool's run has been asked for.
    used: bool,
    /// Why the answer is none, though it has ended.
    failure: Option<Error>,
}

/// Words for an answer that the model did not get right: it is none, and no other API has a word for it.
const GARBLED: [&str; 2] = ["malformed_model_output", "malformed_tool_use"];

/// The block that is open, and what must be known of it.
#[derive(Debug, PartialEq)]
enum Block {
    Text,
    Thinking,
    /// Whether a piece of the input has come.
    ToolUse(bool),
    Image {
        format: String,
        data: String,
    },
    /// Of a kind that is not known.
    Unknown,
}

impl ReadStream for Reader {
    fn push(&mut self, frame: Frame<'_>, sink: &mut Sink<'_>) {
        if self.over {
            return;
        }
        if frame.kind != wire::Kind::Event {
            return self.fail(exception::of_frame(frame), sink);
        }
        match Json::parse(frame.data) {
            Ok(event) => self.event(frame.name, event, sink),
            Err(why) => {
                let message = format!("The provider sent an event that is no JSON: {why}.");
                self.fail(Error::upstream(message), sink);
            }
        }
    }

    /// All events are made of one length.
    fn idle(&self) -> Option<&'static [&'static str]> {
        Some(&["p"])
    }

    fn go_on(&mut self, delta: Delta<'_>, sink: &mut Sink<'_>) -> bool {
        let goes_on = matches!(
            (&self.block, &delta),
            (Some(Block::Text), Delta::Text(_))
                | (Some(Block::Thinking), Delta::Thinking(_))
                | (Some(Block::ToolUse(true)), Delta::Arguments(_))
        );
        let goes_on = goes_on && !self.over && !self.stopped;
        if goes_on {
            self.say(delta, sink);
        }
        goes_on
    }

    fn finish(&mut self, sink: &mut Sink<'_>) {
        if self.stopped && !self.over {
            self.end(sink);
        }
    }
}

impl Reader {
    pub(super) fn new(aim: Aim) -> Reader {
        Reader { aim, ..Reader::default() }
    }

    fn event(&mut self, name: &str, event: Json<'_>, sink: &mut Sink<'_>) {
        if name != "metadata" {
            lost::name_unknown(event, &EVENT, "", self.aim, sink);
        }
        match name {
            "metadata" => {
                self.begin(Json::NULL, sink);
                tier(event).into_iter().for_each(|tier| sink(Event::Tier(tier)));
                self.account(event, sink);
            }
            // Nothing belongs behind the end.
            _ if self.stopped => {}
            "messageStart" => self.begin(Json::NULL, sink),
            "contentBlockStart" => self.open(event, sink),
            "contentBlockDelta" => self.grow(event, sink),
            "contentBlockStop" => self.close(sink),
            "messageStop" => self.stop(event, sink),
            // F7: new kinds of events may come at any time.
            _ => lost::name_event(name, sink),
        }
    }

    fn fail(&mut self, error: Error, sink: &mut Sink<'_>) {
        self.over = true;
        sink(Event::Fail(error));
    }

    /// The API gives its answers neither ids nor models' names, and streams say at their end which tier serves them.
    fn begin(&mut self, body: Json<'_>, sink: &mut Sink<'_>) {
        if !std::mem::replace(&mut self.begun, true) {
            sink(Event::Start(Start { service_tier: tier(body), ..Start::default() }));
        }
    }

    /// Only blocks of tools and images are announced.
    fn open(&mut self, event: Json<'_>, sink: &mut Sink<'_>) {
        self.begin(Json::NULL, sink);
        self.close(sink);
        self.number = event.get("contentBlockIndex").and_then(Json::number);
        let start = event.get("start").unwrap_or(Json::NULL);
        if let Some(tool) = start.get("toolUse").filter(|tool| !is_of_provider(*tool)) {
            lost::name_unknown(start, &BLOCK, "content.", self.aim, sink);
            self.open_use(tool, sink);
        } else if let Some(image) = start.get("image") {
            let format = image.get("format").and_then(Json::string).unwrap_or_default().into_owned();
            self.block = Some(Block::Image { format, data: String::new() });
            lost::name_unknown(start, &BLOCK, "content.", self.aim, sink);
        } else {
            for (name, _) in start.fields() {
                self.block = Some(Block::Unknown);
                lose(&name, sink);
            }
        }
    }

    fn open_use(&mut self, tool: Json<'_>, sink: &mut Sink<'_>) {
        let text = |name| tool.get(name).and_then(Json::string).unwrap_or_default();
        let (id, name) = (text("toolUseId"), text("name"));
        self.used = true;
        let open = Open::ToolUse { id, name, kind: ToolKind::Function, signature: None };
        self.announce(open, Block::ToolUse(false), sink);
    }

    fn announce(&mut self, open: Open<'_>, block: Block, sink: &mut Sink<'_>) {
        self.begin(Json::NULL, sink);
        sink(Event::Open { index: self.count, block: open });
        self.count += 1;
        self.block = Some(block);
    }

    fn grow(&mut self, event: Json<'_>, sink: &mut Sink<'_>) {
        self.begin(Json::NULL, sink);
        let number = event.get("contentBlockIndex").and_then(Json::number);
        if self.number != number {
            self.close(sink);
            self.number = number;
        }
        let delta = event.get("delta").unwrap_or(Json::NULL);
        if self.block != Some(Block::Unknown) {
            lost::name_unknown(delta, &DELTA, "content.", self.aim, sink);
        }
        let Some((name, value)) = delta.fields().find(|(_, value)| !value.is_null()) else { return };
        match (&mut self.block, &*name) {
            (Some(Block::Unknown), _) => {}
            (_, "text") => self.grow_text(Delta::Text(value.string().unwrap_or_default()), sink),
            (_, "citation") => {
                let raw = Cow::Owned(format!("[{}]", value.raw()));
                self.grow_text(Delta::Citations(Citations { api: Api::Converse, raw }), sink);
            }
            (_, "reasoningContent") => self.grow_thinking(value, sink),
            (Some(Block::ToolUse(said)), "toolUse") => {
                let piece = value.get("input").and_then(Json::string).unwrap_or_default();
                *said |= !piece.is_empty();
                self.say(Delta::Arguments(piece), sink);
            }
            (Some(Block::Image { data, .. }), "image") => {
                let bytes = value.get("source").and_then(|source| source.get("bytes")?.string());
                data.push_str(&bytes.unwrap_or_default());
            }
            _ => lose(&name, sink),
        }
    }

    fn grow_text(&mut self, delta: Delta<'_>, sink: &mut Sink<'_>) {
        self.turn_to(Block::Text, Open::Text, sink);
        self.say(delta, sink);
    }

    fn grow_thinking(&mut self, value: Json<'_>, sink: &mut Sink<'_>) {
        let text = |name| value.get(name).and_then(Json::string);
        if let Some(data) = text("redactedContent") {
            self.close(sink);
            self.announce(Open::Sealed { data, id: None }, Block::Unknown, sink);
            self.block = None;
            return sink(Event::Close { index: self.count.saturating_sub(1) });
        }
        self.turn_to(Block::Thinking, Open::Thinking { id: None }, sink);
        self.say(Delta::Thinking(text("text").unwrap_or_default()), sink);
        self.say(Delta::Signature(text("signature").unwrap_or_default()), sink);
    }

    /// Opens a block of this kind unless one is open.
    fn turn_to(&mut self, block: Block, open: Open<'_>, sink: &mut Sink<'_>) {
        if self.block.as_ref() != Some(&block) {
            self.close(sink);
            self.announce(open, block, sink);
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

    fn close(&mut self, sink: &mut Sink<'_>) {
        match self.block.take() {
            None | Some(Block::Unknown) => return,
            // What could not be made is told beside it.
            Some(Block::Image { data, .. }) if data.is_empty() => return,
            Some(Block::Image { format, data }) => {
                let open = Open::Image { media_type: format!("image/{format}").into(), data: data.into() };
                self.announce(open, Block::Unknown, sink);
                self.block = None;
            }
            // A tool without arguments.
            Some(Block::ToolUse(false)) => self.say(Delta::Arguments(Cow::Borrowed("{}")), sink),
            Some(_) => {}
        }
        sink(Event::Close { index: self.count.saturating_sub(1) });
    }

    /// A block of a whole answer.
    fn block(&mut self, block: Json<'_>, sink: &mut Sink<'_>) {
        let Some((name, value)) = block.fields().find(|(_, value)| !value.is_null()) else { return };
        match &*name {
            "toolUse" if is_of_provider(value) => self.other(block, sink),
            "text" => self.grow_text(Delta::Text(value.string().unwrap_or_default()), sink),
            "citationsContent" => self.cited(value, sink),
            "reasoningContent" => {
                self.grow_thinking(value.get("reasoningText").unwrap_or(value), sink);
            }
            "toolUse" => {
                self.open_use(value, sink);
                self.block = Some(Block::ToolUse(true));
                let input = value.get("input").and_then(Json::present).unwrap_or(Json::EMPTY);
                self.say(Delta::Arguments(Cow::Borrowed(input.raw())), sink);
            }
            "image" => self.image(value),
            _ => return self.other(block, sink),
        }
        lost::name_unknown(block, &BLOCK, "content.", self.aim, sink);
        self.close(sink);
    }

    /// F7: a kind that is not known goes to nobody, but does not fail the answer.
    fn other(&mut self, block: Json<'_>, sink: &mut Sink<'_>) {
        self.close(sink);
        let open = Open::Opaque { api: Api::Converse, raw: Cow::Borrowed(block.raw()) };
        self.announce(open, Block::Text, sink);
        self.close(sink);
    }

    fn cited(&mut self, value: Json<'_>, sink: &mut Sink<'_>) {
        self.turn_to(Block::Text, Open::Text, sink);
        for piece in value.get("content").iter().flat_map(|content| content.items()) {
            self.say(Delta::Text(piece.get("text").and_then(Json::string).unwrap_or_default()), sink);
        }
        let citations = value.get("citations").filter(|citations| citations.items().next().is_some());
        if let Some(citations) = citations {
            let raw = Cow::Borrowed(citations.raw());
            self.say(Delta::Citations(Citations { api: Api::Converse, raw }), sink);
        }
    }

    fn image(&mut self, value: Json<'_>) {
        let format = value.get("format").and_then(Json::string).unwrap_or_default().into_owned();
        let bytes = value.get("source").and_then(|source| source.get("bytes")?.string());
        self.block = Some(Block::Image { format, data: bytes.unwrap_or_default().into_owned() });
    }

    /// An answer that does not say why it ended was done, or wants its tools run. F7: other words stay as they are.
    fn stop(&mut self, event: Json<'_>, sink: &mut Sink<'_>) {
        self.begin(Json::NULL, sink);
        self.close(sink);
        self.stopped = true;
        let usual = if self.used { StopReason::ToolUse } else { StopReason::Done };
        let word = event.get("stopReason").and_then(Json::string);
        if let Some(word) = word.as_deref().filter(|word| GARBLED.contains(word)) {
            self.failure = Some(Error::garbled(word, None));
            return;
        }
        let reason = word.map_or(usual, |word| {
            let known = REASONS.iter().find(|(own, _)| *own == word).map(|(_, reason)| reason.clone());
            known.unwrap_or_else(|| StopReason::Other(word.into_owned()))
        });
        let fields = event.get("additionalModelResponseFields");
        let met = fields.and_then(|fields| fields.get("stop_sequence")?.string());
        if let Some(fields) = fields {
            lost::name_others(fields, &["stop_sequence"], "additionalModelResponseFields.", self.aim, sink);
        }
        sink(Event::Stop(Stop { reason, sequence: met.map(|text| Cow::Owned(text.into_owned())) }));
    }

    fn account(&mut self, event: Json<'_>, sink: &mut Sink<'_>) {
        self.begin(Json::NULL, sink);
        lost::name_unknown(event, &ANSWER, "", self.aim, sink);
        if let Some(usage) = event.get("usage").map(usage).filter(|usage| *usage != Usage::default()) {
            sink(Event::Usage(usage));
        }
        if self.stopped {
            self.end(sink);
        }
    }

    fn end(&mut self, sink: &mut Sink<'_>) {
        self.over = true;
        sink(self.failure.take().map_or(Event::End, Event::Fail));
    }
}

/// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ServiceTier.html>
fn tier(body: Json<'_>) -> Option<Cow<'_, str>> {
    body.get("serviceTier")?.get("type")?.string()
}

/// Whether a tool was run by the provider, which is no call for the client to answer.
///
/// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolUseBlock.html>
fn is_of_provider(tool: Json<'_>) -> bool {
    tool.get("type").and_then(Json::string).as_deref() == Some("server_tool_use")
}

/// Tells that something of this name cannot be carried.
fn lose(name: &str, sink: &mut Sink<'_>) {
    sink(Event::Lost(Loss::of_answer(format_args!("content.{name}"), Why::Dropped)));
}

/// Kinds of places, the member that numbers one, and what it is counted in.
const PLACES: [(&str, &str, Unit); 4] = [
    ("documentChar", "documentIndex", Unit::Characters),
    ("documentPage", "documentIndex", Unit::Pages),
    ("documentChunk", "documentIndex", Unit::Blocks),
    ("searchResultLocation", "searchResultIndex", Unit::Results),
];

/// The sources in citations.
///
/// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Citation.html>
pub(super) fn links<'a>(citations: Json<'a>, losses: &mut Vec<Loss>) -> Vec<Link<'a>> {
    let mut links = Vec::new();
    for citation in citations.items() {
        let location = citation.get("location").unwrap_or(Json::NULL);
        let web = location.get("web").and_then(|web| web.get("url")?.string());
        let place = place(location);
        if web.is_none() && place.is_none() {
            let kind = location.fields().next().map(|(name, _)| name);
            losses.push(cite::dropped(kind.as_deref().unwrap_or("location")));
            continue;
        }
        lost::unknown(citation, &CITATION, "citations.", &mut |loss| losses.push(loss));
        let source = citation.get("source").and_then(Json::string);
        let is_result = place.as_ref().is_some_and(|place| place.unit == Unit::Results);
        let quoted = citation.get("sourceContent").into_iter().flat_map(Json::items);
        let quote: String = quoted.filter_map(|piece| piece.get("text")?.string()).collect();
        let quote = Some(quote).filter(|quote| !quote.is_empty()).map(Cow::Owned);
        let title = citation.get("title").and_then(Json::string);
        links.push(Link { url: web.or(source.filter(|_| is_result)), title, quote, place, range: None });
    }
    links
}

fn place(location: Json<'_>) -> Option<Place<'_>> {
    let found = PLACES.iter().find_map(|(name, index, unit)| Some((location.get(name)?, index, *unit)));
    let (inner, index, unit) = found?;
    let count = |name| inner.get(name).and_then(Json::number).unwrap_or(0);
    Some(Place { index: count(index), file: None, unit, span: count("start")..count("end") })
}

/// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html>: what was read from a cache or
/// written to one is not counted among the input.
fn usage(usage: Json<'_>) -> Usage {
    let count = |name| usage.get(name).and_then(Json::number::<u64>);
    let (cache_read, cache_write) = (count("cacheReadInputTokens"), count("cacheWriteInputTokens"));
    let parts = [count("inputTokens"), cache_read, cache_write];
    let details = usage.get("cacheDetails");
    let hour = details.iter().flat_map(|details| details.items());
    let mut hour = hour.filter(|detail| detail.get("ttl").and_then(Json::string).as_deref() == Some("1h"));
    Usage {
        input: parts.into_iter().flatten().reduce(u64::saturating_add),
        output: count("outputTokens"),
        cache_read,
        cache_write,
        cache_write_1h: hour.next().and_then(|detail| detail.get("inputTokens")?.number()),
        ..Usage::default()
    }
}

#[cfg(test)]
mod tests;
