//! An answer, read: whole, or in pieces of which each has whole parts.
//!
//! A stream has no last word. It is over when it has said why, and the connection closes.
//!
//! <https://ai.google.dev/api/generate-content#generatecontentresponse>

use std::borrow::Cow;

use super::{error, logprobs, stop, usage};
use crate::api::aim::{Aim, Sink};
use crate::api::codec::ReadStream;
use crate::api::family::Api;
use crate::api::lost::{self, Shape};
use crate::error::Error;
use crate::ir::{Citations, Delta, Event, Loss, MOST_CHOICES, Open, Start, Stop, StopReason, ToolKind, Why};
use crate::sorted::Numbered;
use crate::wire::Frame;
use crate::wire::json::{Json, Malformed};

/// What of a candidate tells where its words come from.
pub(super) const SOURCES: [&str; 3] = ["citationMetadata", "groundingMetadata", "urlContextMetadata"];

/// The members of an answer, and of a piece of one, that are read.
const KNOWN: [&str; 6] =
    ["candidates", "promptFeedback", "usageMetadata", "responseId", "modelVersion", "error"];

/// The same of a candidate.
const KNOWN_OF_CANDIDATE: [&str; 8] = [
    "content",
    "finishReason",
    "finishMessage",
    "index",
    "logprobsResult",
    "citationMetadata",
    "groundingMetadata",
    "urlContextMetadata",
];

/// The same of a part that has words or a call.
const PART: Shape = Shape(&[
    ("text", None),
    ("thought", None),
    ("thoughtSignature", None),
    ("functionCall", Some(&Shape(&[("id", None), ("name", None), ("args", None)]))),
]);

/// The same of a picture or a recording.
const MEDIA: Shape = Shape(&[("inlineData", Some(&Shape(&[("mimeType", None), ("data", None)])))]);

/// Reads an answer as the events it would have been streamed as.
pub(super) fn read(body: Json<'_>, aim: Aim, sink: &mut Sink<'_>) -> Result<(), Malformed> {
    let known = ["candidates", "promptFeedback", "usageMetadata", "responseId", "error"];
    if known.iter().all(|name| body.get(name).is_none()) {
        return Err(Malformed { offset: 0, what: "expected an answer with candidates" });
    }
    let mut reader = Reader::new(aim);
    reader.chunk(body, sink);
    reader.end(sink);
    Ok(())
}

/// Reads pieces of an answer.
#[derive(Debug, Default)]
pub(super) struct Reader {
    aim: Aim,
    begun: bool,
    over: bool,
    block: Option<Block>,
    /// A seal on no words, which is given behind the words that are open: more may still be said of them.
    seal: Option<String>,
    /// How many blocks have been opened.
    count: u32,
    stop: Option<Stop<'static>>,
    /// Why the answer is none, though it has ended.
    failure: Option<Error>,
    /// Whether a call has been made.
    called: bool,
    /// Those of the other candidates.
    others: Numbered<Reader>,
}

/// The block that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    Text,
    /// Words that no others belong to.
    Signed,
    /// `true` once it is signed.
    Thinking(bool),
}

impl ReadStream for Reader {
    fn push(&mut self, frame: Frame<'_>, sink: &mut Sink<'_>) {
        if self.over {
            return;
        }
        match Json::parse(frame.data) {
            Ok(chunk) => self.chunk(chunk, sink),
            Err(why) => {
                let error = Error::upstream(format!("The provider sent an event that is no JSON: {why}."));
                self.fail(error, sink);
            }
        }
    }

    fn finish(&mut self, sink: &mut Sink<'_>) {
        if self.stop.is_some() && self.others.values().all(|other| other.stop.is_some()) {
            self.end(sink);
        }
    }
}

impl Reader {
    pub(super) fn new(aim: Aim) -> Reader {
        Reader { aim, ..Reader::default() }
    }

    fn chunk(&mut self, chunk: Json<'_>, sink: &mut Sink<'_>) {
        if chunk.get("error").is_some_and(|error| !error.is_null()) {
            return self.fail(error::of_chunk(chunk), sink);
        }
        self.begin(chunk, sink);
        for candidate in chunk.get("candidates").into_iter().flat_map(Json::items) {
            match candidate.get("index").and_then(Json::number::<u64>).unwrap_or(0) {
                0 => self.candidate(candidate, sink),
                number => self.another(number, candidate, sink),
            }
        }
        if let Some(usage) = chunk.get("usageMetadata").and_then(Json::present) {
            usage::name_others(usage, self.aim, sink);
            sink(Event::Usage(usage::read(usage)));
        }
        self.feedback(chunk, sink);
    }

    fn another(&mut self, number: u64, candidate: Json<'_>, sink: &mut Sink<'_>) {
        let Some(number) = u32::try_from(number).ok().filter(|number| *number < MOST_CHOICES) else {
            return sink(Event::Lost(Loss::of_answer("candidates", Why::Dropped)));
        };
        let mut give = |event: Event<'_>| event.of_choice(number, sink);
        let Some(other) = self.others.of(number, || Reader::new(self.aim)) else { return };
        other.begin(Json::NULL, &mut give);
        other.candidate(candidate, &mut give);
        // What is wrong with one of several leaves the others as they are.
        other.failure = None;
    }

    fn begin(&mut self, chunk: Json<'_>, sink: &mut Sink<'_>) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        let word = |name| chunk.get(name).and_then(Json::string).unwrap_or_default();
        let usage = chunk.get("usageMetadata");
        let service_tier = usage.and_then(|usage| usage.get("serviceTier")?.string());
        let (id, model) = (word("responseId"), word("modelVersion"));
        sink(Event::Start(Start { id, model, service_tier, created: None }));
        lost::name_others(chunk, &KNOWN, "", self.aim, sink);
    }

    fn candidate(&mut self, candidate: Json<'_>, sink: &mut Sink<'_>) {
        let content = candidate.get("content").unwrap_or(Json::NULL);
        if self.stop.is_none() {
            let parts = content.get("parts");
            parts.iter().flat_map(|parts| parts.items()).for_each(|part| self.part(part, sink));
        }
        lost::name_others(content, &["parts", "role"], "candidates[0].content.", self.aim, sink);
        self.tokens(candidate, sink);
        self.cite(candidate, sink);
        let Some(word) = candidate.get("finishReason").and_then(Json::string) else { return };
        lost::name_others(candidate, &KNOWN_OF_CANDIDATE, "candidates[0].", self.aim, sink);
        let reason = stop::read(&word, self.called);
        let message = candidate.get("finishMessage").and_then(Json::string);
        // Its own clients know the word.
        self.failure = stop::failure(&word, message.as_deref()).filter(|_| self.aim.tells_words());
        match reason == StopReason::Refusal {
            true => self.refuse(message.as_deref(), sink),
            false if message.is_some() && self.failure.is_none() => {
                sink(Event::Lost(Loss::of_answer("candidates[0].finishMessage", Why::Dropped)));
            }
            false => {}
        }
        self.stop = Some(Stop { reason, sequence: None });
    }

    fn tokens(&mut self, candidate: Json<'_>, sink: &mut Sink<'_>) {
        let Some(result) = candidate.get("logprobsResult").and_then(Json::present) else { return };
        lost::name_unknown(result, &logprobs::RESULT, "candidates[0].logprobsResult.", self.aim, sink);
        match logprobs::read(result) {
            Some(list) if self.has_words() => self.say(Delta::Logprobs(Cow::Owned(list)), sink),
            Some(_) => self.lose("logprobsResult", sink),
            None => {}
        }
    }

    /// Whether words are open, of which more may be said.
    fn has_words(&self) -> bool {
        matches!(self.block, Some(Block::Text | Block::Signed))
    }

    /// Names a member of a candidate that has no place.
    fn lose(&self, name: &str, sink: &mut Sink<'_>) {
        if self.aim.tells_losses() {
            sink(Event::Lost(Loss::of_answer(format_args!("candidates[0].{name}"), Why::Dropped)));
        }
    }

    /// A prompt that was refused has no candidate.
    fn feedback(&mut self, chunk: Json<'_>, sink: &mut Sink<'_>) {
        let Some(feedback) = chunk.get("promptFeedback") else { return };
        lost::name_others(
            feedback,
            &["blockReason", "blockReasonMessage"],
            "promptFeedback.",
            self.aim,
            sink,
        );
        let Some(word) = feedback.get("blockReason").and_then(Json::string) else { return };
        let said = feedback.get("blockReasonMessage").and_then(Json::string);
        let said = said.unwrap_or_else(|| Cow::Owned(format!("The prompt was blocked: {word}.")));
        self.refuse(Some(&said), sink);
        self.stop = Some(Stop { reason: StopReason::Refusal, sequence: None });
    }

    fn refuse(&mut self, words: Option<&str>, sink: &mut Sink<'_>) {
        let Some(words) = words.filter(|words| !words.is_empty() && self.stop.is_none()) else { return };
        self.open(Open::Refusal, None, sink);
        self.say(Delta::Text(Cow::Borrowed(words)), sink);
        self.close_whole(sink);
    }

    fn part(&mut self, part: Json<'_>, sink: &mut Sink<'_>) {
        let signature = part.get("thoughtSignature").and_then(Json::string).filter(|seal| !seal.is_empty());
        if let Some(call) = part.get("functionCall").and_then(Json::present) {
            self.name_others(part, sink);
            return self.call(call, signature, sink);
        }
        let Some(text) = part.get("text").and_then(Json::string) else { return self.other(part, sink) };
        self.name_others(part, sink);
        if part.get("thought").and_then(Json::boolean) == Some(true) {
            return self.think(&text, signature, sink);
        }
        match signature {
            Some(signature) => self.signed(text, signature, sink),
            None if text.is_empty() => {}
            None => self.grow(Block::Text, Open::Text, Delta::Text(text), sink),
        }
    }

    fn name_others(&self, part: Json<'_>, sink: &mut Sink<'_>) {
        self.name_unknown(part, &PART, sink);
    }

    fn name_unknown(&self, part: Json<'_>, shape: &Shape, sink: &mut Sink<'_>) {
        lost::name_unknown(part, shape, "candidates[0].content.parts.", self.aim, sink);
    }

    /// Words that are signed, of which there may be none, stand for themselves.
    fn signed(&mut self, text: Cow<'_, str>, signature: Cow<'_, str>, sink: &mut Sink<'_>) {
        if text.is_empty() && self.has_words() && self.seal.is_none() {
            self.block = Some(Block::Signed);
            self.seal = Some(signature.into_owned());
            return;
        }
        self.open(Open::Text, Some(Block::Signed), sink);
        if !text.is_empty() {
            self.say(Delta::Text(text), sink);
        }
        self.say(Delta::Signature(signature), sink);
    }

    fn think(&mut self, text: &str, seal: Option<Cow<'_, str>>, sink: &mut Sink<'_>) {
        if text.is_empty() && seal.is_none() {
            return;
        }
        // What is signed is whole; what comes after is another.
        if self.block != Some(Block::Thinking(false)) || (text.is_empty() && self.block.is_none()) {
            self.open(Open::Thinking { id: None }, Some(Block::Thinking(false)), sink);
        }
        if !text.is_empty() {
            self.say(Delta::Thinking(Cow::Borrowed(text)), sink);
        }
        if let Some(seal) = seal {
            self.say(Delta::Signature(seal), sink);
            self.block = Some(Block::Thinking(true));
        }
    }

    /// A call comes whole.
    fn call(&mut self, call: Json<'_>, signature: Option<Cow<'_, str>>, sink: &mut Sink<'_>) {
        let text = |name| call.get(name).and_then(Json::string).unwrap_or_default();
        let (id, name) = (text("id"), text("name"));
        self.open(Open::ToolUse { id, name, kind: ToolKind::Function, signature }, None, sink);
        if let Some(args) = call.get("args").and_then(Json::present) {
            self.say(Delta::Arguments(Cow::Borrowed(args.raw())), sink);
        }
        self.close_whole(sink);
        self.called = true;
    }

    /// Media, and what has no form in the representation.
    fn other(&mut self, part: Json<'_>, sink: &mut Sink<'_>) {
        let data = part.get("inlineData").unwrap_or(Json::NULL);
        let word = |name| data.get(name).and_then(Json::string).unwrap_or_default();
        let (media_type, data) = (word("mimeType"), word("data"));
        match media_type.split('/').next() {
            Some("image") => {
                self.name_unknown(part, &MEDIA, sink);
                self.open(Open::Image { media_type, data }, None, sink);
            }
            Some("audio") => {
                self.name_unknown(part, &MEDIA, sink);
                self.open(Open::Audio { id: None }, None, sink);
                self.say(Delta::Audio(data), sink);
            }
            _ if part.fields().next().is_none() => return,
            _ => self.open(Open::Opaque { api: Api::Generate, raw: Cow::Borrowed(part.raw()) }, None, sink),
        }
        self.close_whole(sink);
    }

    /// Where the words come from is said beside them, mostly at the end.
    fn cite(&mut self, candidate: Json<'_>, sink: &mut Sink<'_>) {
        for name in SOURCES {
            let Some(sources) = candidate.get(name).filter(|sources| sources.fields().next().is_some())
            else {
                continue;
            };
            if !self.has_words() {
                self.lose(name, sink);
                continue;
            }
            let raw = Cow::Owned(format!(r#"[{{"{name}":{}}}]"#, sources.raw()));
            self.say(Delta::Citations(Citations { api: Api::Generate, raw }), sink);
        }
    }

    fn grow(&mut self, block: Block, open: Open<'_>, delta: Delta<'_>, sink: &mut Sink<'_>) {
        if self.block != Some(block) {
            self.open(open, Some(block), sink);
        }
        self.say(delta, sink);
    }

    fn open(&mut self, open: Open<'_>, block: Option<Block>, sink: &mut Sink<'_>) {
        self.close(sink);
        sink(Event::Open { index: self.count, block: open });
        self.count += 1;
        self.block = block;
    }

    fn say(&self, delta: Delta<'_>, sink: &mut Sink<'_>) {
        sink(Event::Delta { index: self.count.saturating_sub(1), delta });
    }

    fn close(&mut self, sink: &mut Sink<'_>) {
        if self.block.take().is_some() {
            self.close_whole(sink);
        }
        if let Some(seal) = self.seal.take() {
            self.open(Open::Text, None, sink);
            self.say(Delta::Signature(Cow::Owned(seal)), sink);
            self.close_whole(sink);
        }
    }

    fn close_whole(&self, sink: &mut Sink<'_>) {
        sink(Event::Close { index: self.count.saturating_sub(1) });
    }

    fn fail(&mut self, error: Error, sink: &mut Sink<'_>) {
        self.over = true;
        sink(Event::Fail(error));
    }

    /// A whole answer that does not say why it ended was done.
    fn end(&mut self, sink: &mut Sink<'_>) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        self.close(sink);
        for (number, other) in self.others.iter_mut() {
            other.end(&mut |event| event.of_choice(number, sink));
        }
        if let Some(error) = self.failure.take() {
            return sink(Event::Fail(error));
        }
        let reason = if self.called { StopReason::ToolUse } else { StopReason::Done };
        sink(Event::Stop(self.stop.take().unwrap_or(Stop { reason, sequence: None })));
        sink(Event::End);
    }
}
