//! An answer put together from its pieces: the deltas of a stream, or the one message of a whole answer.

use std::borrow::Cow;
use std::collections::VecDeque;

use super::call::{Calls, Piece};
use super::reasoning::Pieces;
use super::shape;
use crate::api::aim::{Aim, Sink};
use crate::api::family::Api;
use crate::api::lost::{self, Shape};
use crate::api::openai;
use crate::error::Error;
use crate::ir::{Citations, Delta, Event, Loss, MOST_CHOICES, Open, Source, Start, Stop, StopReason, Why};
use crate::sorted::Numbered;
use crate::wire::json::{Json, Kind};

/// The members of an answer that are read, or say nothing of it.
const KNOWN: Shape = Shape(&[
    ("id", None),
    ("object", None),
    ("model", None),
    ("created", None),
    ("service_tier", None),
    ("choices", None),
    ("usage", None),
    ("x_groq", Some(&GROQ)),
    ("error", None),
    // Makes all events of one length.
    ("obfuscation", None),
]);

/// The same of what Groq says of an answer.
pub(super) const GROQ: Shape = Shape(&[("id", None), ("seed", None), ("usage", None), ("error", None)]);

/// The members of an answer that say what it is.
pub(super) const HEAD: [&str; 4] = ["id", "model", "created", "service_tier"];

/// The same of a choice.
const KNOWN_OF_CHOICE: [&str; 9] = [
    "index",
    "delta",
    "message",
    "error",
    "finish_reason",
    "native_finish_reason",
    "stop_reason",
    "logprobs",
    "usage",
];

/// The same of a call.
const CALL: Shape = Shape(&[
    ("index", None),
    ("id", None),
    ("type", None),
    ("function", Some(&shape::FUNCTION)),
    ("custom", Some(&shape::CUSTOM)),
    ("extra_content", Some(&shape::EXTRA)),
]);

/// The same of an element of `reasoning_details`.
const DETAIL: Shape = Shape(&[
    ("type", None),
    ("index", None),
    ("id", None),
    ("format", None),
    ("text", None),
    ("summary", None),
    ("signature", None),
    ("data", None),
]);

/// The same of an image.
const IMAGE: Shape = Shape(&[("type", None), ("index", None), ("image_url", Some(&Shape(&[("url", None)])))]);

/// The same of a recording.
const AUDIO: Shape = Shape(&[("id", None), ("data", None), ("transcript", None)]);

/// The same of a part of content that is words or thinking.
const PART: Shape =
    Shape(&[("type", None), ("text", None), ("thinking", Some(&Shape(&[("type", None), ("text", None)])))]);

/// Turns pieces into events that keep to the invariant of [`Event`].
///
/// This API's pieces may come in any order. Text is over when something else comes; a call is over when its
/// arguments are complete JSON and something else comes. What comes before that waits.
#[derive(Debug, Default)]
pub(super) struct Answer {
    aim: Aim,
    begun: bool,
    /// How many blocks have been opened.
    opened: u32,
    open: Option<What>,
    waiting: VecDeque<Waiting>,
    calls: Calls,
    stop: Option<Stop<'static>>,
    refused: bool,
}

/// A choice's members, found in one pass: every event of a stream has one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice<'a> {
    whole: Json<'a>,
    number: u32,
    delta: Option<Json<'a>>,
    message: Option<Json<'a>>,
    error: Option<Json<'a>>,
    finish_reason: Option<Json<'a>>,
    stop_reason: Option<Json<'a>>,
    logprobs: Option<Json<'a>>,
    pub(super) usage: Option<Json<'a>>,
}

impl<'a> Choice<'a> {
    /// The choice with the index 0, or without one, and the others.
    pub(super) fn split(choices: Json<'a>) -> (Option<Choice<'a>>, Vec<Choice<'a>>) {
        let (mut first, mut others) = (None, Vec::new());
        for choice in choices.items().map(Choice::read) {
            match choice.number {
                0 => first = first.or(Some(choice)),
                _ => others.push(choice),
            }
        }
        (first, others)
    }

    fn read(choice: Json<'a>) -> Choice<'a> {
        const MEMBERS: [&str; 8] =
            ["index", "delta", "message", "error", "finish_reason", "stop_reason", "logprobs", "usage"];
        let [index, delta, message, error, finish_reason, stop_reason, logprobs, usage] =
            choice.pick(MEMBERS);
        let number = index.and_then(Json::number::<u64>).unwrap_or(0);
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        Choice { whole: choice, number, delta, message, error, finish_reason, stop_reason, logprobs, usage }
    }
}

/// The others of several answers.
#[derive(Debug, Default)]
pub(super) struct Others {
    aim: Aim,
    answers: Numbered<Answer>,
}

impl Others {
    pub(super) fn new(aim: Aim) -> Others {
        Others { aim, answers: Numbered::default() }
    }

    /// Takes choices that are not the first.
    pub(super) fn take(&mut self, choices: &[Choice<'_>], sink: &mut Sink<'_>) -> Result<(), Error> {
        for choice in choices {
            let number = choice.number;
            if number >= MOST_CHOICES {
                sink(Event::Lost(Loss::of_answer("choices", Why::Dropped)));
                continue;
            }
            let mut give = |event: Event<'_>| event.of_choice(number, sink);
            let Some(answer) = self.answers.of(number, || Answer::new(self.aim)) else { continue };
            answer.begin(Json::NULL, &mut give);
            answer.choice(choice, &mut give)?;
        }
        Ok(())
    }

    /// Whether the provider said of each how it ended.
    pub(super) fn have_stopped(&self) -> bool {
        self.answers.values().all(Answer::has_stopped)
    }

    /// Ends them all.
    pub(super) fn finish(&mut self, sink: &mut Sink<'_>) -> Result<(), Error> {
        let mut answers = self.answers.iter_mut();
        answers.try_for_each(|(number, answer)| answer.finish(&mut |event| event.of_choice(number, sink)))
    }
}

/// What a block is, as far as it tells to which block a piece belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Text,
    Refusal,
    /// With OpenRouter's number of the block.
    Thinking(Option<u64>),
    Audio,
    /// With its place among the calls.
    Call(usize),
    /// Comes in one piece.
    Whole,
}

/// A block that cannot be opened yet.
#[derive(Debug)]
struct Waiting {
    what: What,
    open: Open<'static>,
    deltas: Vec<Delta<'static>>,
}

impl Answer {
    pub(super) fn new(aim: Aim) -> Answer {
        Answer { aim, ..Answer::default() }
    }

    /// What the answer is read for.
    pub(super) fn aim(&self) -> Aim {
        self.aim
    }

    /// Whether the answer has begun.
    pub(super) fn has_begun(&self) -> bool {
        self.begun
    }

    /// Whether the provider said how it ended.
    pub(super) fn has_stopped(&self) -> bool {
        self.stop.is_some()
    }

    /// Begins the answer with what a chunk or a whole answer says of it, unless it has begun.
    pub(super) fn begin(&mut self, body: Json<'_>, sink: &mut Sink<'_>) {
        if !self.begun {
            self.start(body.pick(HEAD), body, sink);
        }
    }

    /// Begins the answer with its [`HEAD`].
    pub(super) fn start(&mut self, head: [Option<Json<'_>>; 4], body: Json<'_>, sink: &mut Sink<'_>) {
        self.begun = true;
        let [id, model, created, tier] = head;
        sink(Event::Start(Start {
            id: id.and_then(Json::string).unwrap_or_default(),
            model: model.and_then(Json::string).unwrap_or_default(),
            created: created.and_then(Json::number).filter(|&created| created > 0),
            service_tier: tier.and_then(Json::string),
        }));
        lost::name_unknown(body, &KNOWN, "", self.aim, sink);
    }

    /// Takes one choice: its `delta` or `message`, and how it ended. Writer's chunks say the same in both.
    pub(super) fn choice(&mut self, choice: &Choice<'_>, sink: &mut Sink<'_>) -> Result<(), Error> {
        match (choice.delta.and_then(Json::present), choice.message) {
            (Some(delta), _) => self.delta(delta, false, sink)?,
            (None, Some(message)) => self.delta(message, true, sink)?,
            (None, None) => {}
        }
        if let Some(tokens) = choice.logprobs.and_then(Json::present).filter(|_| self.aim.tells_words()) {
            self.logprobs(tokens, sink);
        }
        if let Some(error) = choice.error.and_then(Json::present) {
            return Err(openai::error_of(error, crate::error::Kind::Api));
        }
        match choice.finish_reason.and_then(Json::string) {
            // An empty word is some vendors' `null`.
            Some(word) if !word.is_empty() => {
                lost::name_others(choice.whole, &KNOWN_OF_CHOICE, "choices[0].", self.aim, sink);
                self.note_stop(&word, choice)
            }
            _ => Ok(()),
        }
    }

    /// Lets the open block grow by what a chunk like the last has.
    pub(super) fn go_on(&mut self, delta: Delta<'_>, sink: &mut Sink<'_>) -> bool {
        let Some(what) = self.open else { return false };
        match (what, &delta) {
            (What::Text | What::Refusal, Delta::Text(_)) | (What::Thinking(_), Delta::Thinking(_)) => {}
            // Behind complete arguments the same piece may begin another call.
            (What::Call(at), Delta::Arguments(piece)) if self.is_busy() => {
                self.calls.get_mut(at).into_iter().for_each(|call| call.grow(piece));
            }
            _ => return false,
        }
        self.grow(what, delta, sink);
        true
    }

    /// The tokens of the words that came last; those of refusals and of calls' arguments have no place.
    fn logprobs(&mut self, all: Json<'_>, sink: &mut Sink<'_>) {
        lost::name_unknown(all, &openai::LOGPROBS, "choices[0].logprobs.", self.aim, sink);
        let Some(tokens) = all.get("content").filter(|list| list.items().next().is_some()) else { return };
        match self.open == Some(What::Text) || self.waits(What::Text) {
            true => self.grow(What::Text, Delta::Logprobs(Cow::Borrowed(tokens.raw())), sink),
            false => sink(Event::Lost(Loss::of_answer("choices[0].logprobs", Why::Dropped))),
        }
    }

    fn note_stop(&mut self, word: &str, choice: &Choice<'_>) -> Result<(), Error> {
        if word == "error" {
            return Err(Error::upstream("The provider broke the answer off with an error."));
        }
        // vLLM says which stop text was met.
        let met = choice.stop_reason.and_then(Json::string).map(|text| Cow::Owned(text.into_owned()));
        let reason = match (reason(word), &met) {
            (StopReason::Done, Some(_)) => StopReason::StopSequence,
            (reason, _) => reason,
        };
        self.stop = Some(Stop { reason, sequence: met });
        Ok(())
    }

    fn delta(&mut self, delta: Json<'_>, whole: bool, sink: &mut Sink<'_>) -> Result<(), Error> {
        let members = Members::of(delta);
        let is_told = !whole || self.aim.tells_words();
        if is_told {
            self.words(&members, delta, whole, sink);
        }
        if let Some(words) = members.refusal.and_then(Json::string).filter(|words| !words.is_empty()) {
            self.refused = true;
            self.add(What::Refusal, Open::Refusal, Delta::Text(words), sink);
        }
        if is_told {
            members.images.into_iter().flat_map(Json::items).for_each(|image| self.image(image, sink));
            self.audio(members.audio, sink);
        }
        let calls = members.tool_calls.into_iter().flat_map(Json::items);
        for (place, call) in (0..).zip(calls) {
            self.name_unknown(call, &CALL, "tool_calls.", sink);
            self.call(&Piece::read(call, whole.then_some(place)), sink)?;
        }
        members.function_call.map_or(Ok(()), |call| self.call(&Piece::read_legacy(call), sink))
    }

    fn name_unknown(&self, value: Json<'_>, shape: &Shape, at: &str, sink: &mut Sink<'_>) {
        if self.aim.tells_losses() {
            lost::name_unknown(value, shape, &["choices[0].message.", at].concat(), self.aim, sink);
        }
    }

    /// Thinking and words, which no account is kept of.
    fn words(&mut self, members: &Members<'_>, delta: Json<'_>, whole: bool, sink: &mut Sink<'_>) {
        for name in &members.others {
            sink(Event::Lost(Loss::of_answer(format_args!("choices[0].message.{name}"), Why::Dropped)));
        }
        if members.reasons {
            self.reasoning(delta, whole, sink);
        }
        self.content(members.content, sink);
        self.citations(members.annotations, sink);
    }

    fn reasoning(&mut self, delta: Json<'_>, whole: bool, sink: &mut Sink<'_>) {
        let Pieces { text, details } = Pieces::of(delta);
        if let Some(text) = text {
            let open = Open::Thinking { id: None };
            self.add(What::Thinking(None), open, Delta::Thinking(text), sink);
        }
        for (place, detail) in (0..).zip(details.into_iter().flat_map(Json::items)) {
            self.name_unknown(detail, &DETAIL, "reasoning_details.", sink);
            let number = detail.get("index").and_then(Json::number).or(whole.then_some(place));
            self.detail(detail, number, sink);
        }
    }

    fn detail(&mut self, detail: Json<'_>, number: Option<u64>, sink: &mut Sink<'_>) {
        let text = |name| detail.get(name).and_then(Json::string).filter(|text| !text.is_empty());
        let id = text("id");
        if let Some(data) = text("data") {
            return self.whole(Open::Sealed { data, id }, sink);
        }
        let what = What::Thinking(number);
        if let Some(words) = text("text").or_else(|| text("summary")) {
            self.add(what, Open::Thinking { id: id.clone() }, Delta::Thinking(words), sink);
        }
        if let Some(signature) = text("signature") {
            self.add(what, Open::Thinking { id }, Delta::Signature(signature), sink);
        }
    }

    /// Content is a string; Mistral has an array of parts where the model thinks.
    ///
    /// <https://docs.mistral.ai/capabilities/reasoning/>
    fn content(&mut self, content: Option<Json<'_>>, sink: &mut Sink<'_>) {
        let Some(content) = content else { return };
        match content.string() {
            Some(words) => self.text(words, sink),
            None => content.items().for_each(|part| self.part(part, sink)),
        }
    }

    fn text(&mut self, words: Cow<'_, str>, sink: &mut Sink<'_>) {
        if !words.is_empty() {
            self.add(What::Text, Open::Text, Delta::Text(words), sink);
        }
    }

    fn part(&mut self, part: Json<'_>, sink: &mut Sink<'_>) {
        let kind = part.get("type").and_then(Json::string);
        if matches!(kind.as_deref(), Some("text" | "thinking")) {
            self.name_unknown(part, &PART, "content.", sink);
        }
        let words = |part: Json<'_>| part.get("text").and_then(Json::string).unwrap_or_default().into_owned();
        match kind.as_deref() {
            Some("text") => self.text(Cow::Owned(words(part)), sink),
            Some("thinking") => {
                let text: String =
                    part.get("thinking").into_iter().flat_map(Json::items).map(words).collect();
                let open = Open::Thinking { id: None };
                self.add(What::Thinking(None), open, Delta::Thinking(Cow::Owned(text)), sink);
            }
            _ => self.whole(Open::Opaque { api: Api::Completions, raw: Cow::Borrowed(part.raw()) }, sink),
        }
    }

    fn citations(&mut self, annotations: Option<Json<'_>>, sink: &mut Sink<'_>) {
        let Some(annotations) = annotations.filter(|list| list.items().next().is_some()) else { return };
        let citations = Citations { api: Api::Completions, raw: Cow::Borrowed(annotations.raw()) };
        self.add(What::Text, Open::Text, Delta::Citations(citations), sink);
    }

    /// A generated image, as OpenRouter and others give it.
    fn image(&mut self, image: Json<'_>, sink: &mut Sink<'_>) {
        self.name_unknown(image, &IMAGE, "images.", sink);
        let url = image.get("image_url").and_then(|inner| inner.get("url")).and_then(Json::string);
        match url.map(openai::source_of_url) {
            Some(Source::Base64 { media_type, data }) => self.whole(Open::Image { media_type, data }, sink),
            _ => sink(Event::Lost(Loss::of_answer("choices[0].message.images", Why::Dropped))),
        }
    }

    fn audio(&mut self, audio: Option<Json<'_>>, sink: &mut Sink<'_>) {
        let Some(audio) = audio else { return };
        self.name_unknown(audio, &AUDIO, "audio.", sink);
        let text = |name| audio.get(name).and_then(Json::string).filter(|text| !text.is_empty());
        let open = Open::Audio { id: text("id") };
        if let Some(data) = text("data") {
            self.add(What::Audio, open.clone(), Delta::Audio(data), sink);
        }
        if let Some(transcript) = text("transcript") {
            self.add(What::Audio, open, Delta::Text(transcript), sink);
        }
    }

    /// E2: a call in one piece or in fifty, several in one chunk.
    fn call(&mut self, piece: &Piece<'_>, sink: &mut Sink<'_>) -> Result<(), Error> {
        let at = self.calls.note(piece);
        let Some(call) = self.calls.get_mut(at) else { return Ok(()) };
        if call.closed {
            let late = !piece.arguments.trim().is_empty();
            return if late { Err(late_arguments()) } else { Ok(()) };
        }
        let Some(arguments) = call.hold(&piece.arguments) else { return Ok(()) };
        let what = What::Call(at);
        if self.open != Some(what) {
            let open = call.open();
            self.reach(what, open, sink);
        }
        if !arguments.is_empty() {
            self.grow(what, Delta::Arguments(arguments), sink);
        }
        Ok(())
    }

    /// Gives a block that is all there.
    fn whole(&mut self, open: Open<'_>, sink: &mut Sink<'_>) {
        self.reach(What::Whole, open, sink);
    }

    /// Lets a block grow, which is opened first where it has to be.
    fn add(&mut self, what: What, open: Open<'_>, delta: Delta<'_>, sink: &mut Sink<'_>) {
        self.reach(what, open, sink);
        self.grow(what, delta, sink);
    }

    fn grow(&mut self, what: What, delta: Delta<'_>, sink: &mut Sink<'_>) {
        if self.open == Some(what) {
            sink(Event::Delta { index: self.opened.saturating_sub(1), delta });
            return self.advance(sink);
        }
        if let Some(block) = self.waiting.iter_mut().rfind(|block| block.what == what) {
            block.deltas.push(delta.to_static());
        }
    }

    /// Makes sure that a block is open, or waits to be opened.
    fn reach(&mut self, what: What, open: Open<'_>, sink: &mut Sink<'_>) {
        let is_open = what != What::Whole && self.open == Some(what);
        if is_open || self.waits(what) {
            return;
        }
        if self.is_busy() {
            let waiting = Waiting { what, open: open.to_static(), deltas: Vec::new() };
            return self.waiting.push_back(waiting);
        }
        self.close(sink);
        self.begin_block(what, open, sink);
    }

    /// Whether a block waits that pieces of this kind go to: a call wherever it stands, others at the end only.
    fn waits(&self, what: What) -> bool {
        match what {
            What::Whole => false,
            What::Call(_) => self.waiting.iter().any(|block| block.what == what),
            _ => self.waiting.back().is_some_and(|block| block.what == what),
        }
    }

    /// Whether the open block is a call whose arguments are not complete.
    fn is_busy(&self) -> bool {
        match self.open {
            Some(What::Call(at)) => self.calls.get(at).is_some_and(|call| !call.is_complete()),
            _ => false,
        }
    }

    /// Opens what waits, as far as it can be opened now.
    fn advance(&mut self, sink: &mut Sink<'_>) {
        while !self.is_busy() {
            let Some(next) = self.waiting.pop_front() else { return };
            self.close(sink);
            self.begin_waiting(next, sink);
        }
    }

    fn begin_waiting(&mut self, block: Waiting, sink: &mut Sink<'_>) {
        self.begin_block(block.what, block.open, sink);
        let index = self.opened.saturating_sub(1);
        block.deltas.into_iter().for_each(|delta| sink(Event::Delta { index, delta }));
    }

    fn begin_block(&mut self, what: What, block: Open<'_>, sink: &mut Sink<'_>) {
        sink(Event::Open { index: self.opened, block });
        self.opened += 1;
        self.open = Some(what);
    }

    fn close(&mut self, sink: &mut Sink<'_>) {
        let Some(what) = self.open.take() else { return };
        if let What::Call(at) = what
            && let Some(call) = self.calls.get_mut(at)
        {
            call.closed = true;
        }
        sink(Event::Close { index: self.opened.saturating_sub(1) });
    }

    /// Ends the answer: gives all that still waits, then why it ended.
    pub(super) fn finish(&mut self, sink: &mut Sink<'_>) -> Result<(), Error> {
        self.close(sink);
        while let Some(next) = self.waiting.pop_front() {
            self.begin_waiting(next, sink);
            self.close(sink);
        }
        if self.calls.any_nameless() {
            return Err(Error::upstream("The provider sent a tool call without the tool's name."));
        }
        let said = self.stop.take().unwrap_or(Stop { reason: StopReason::Done, sequence: None });
        sink(Event::Stop(Stop { reason: self.told(said.reason), ..said }));
        sink(Event::End);
        Ok(())
    }

    /// The reason by what was said and what was given: some vendors say `stop` after tool calls, and OpenAI does
    /// after a refusal.
    fn told(&self, reason: StopReason) -> StopReason {
        match reason {
            StopReason::Done if !self.calls.is_empty() => StopReason::ToolUse,
            StopReason::Done if self.refused => StopReason::Refusal,
            reason => reason,
        }
    }
}

/// What a delta or message has, found in one go.
#[derive(Default)]
struct Members<'a> {
    content: Option<Json<'a>>,
    refusal: Option<Json<'a>>,
    annotations: Option<Json<'a>>,
    images: Option<Json<'a>>,
    audio: Option<Json<'a>>,
    tool_calls: Option<Json<'a>>,
    function_call: Option<Json<'a>>,
    /// Whether there is any of the members for thinking.
    reasons: bool,
    /// Members that have no place elsewhere.
    others: Vec<Cow<'a, str>>,
}

impl<'a> Members<'a> {
    fn of(delta: Json<'a>) -> Members<'a> {
        let mut members = Members::default();
        for (name, value) in delta.fields().filter(|(_, value)| !value.is_null()) {
            match &*name {
                "content" => members.content = Some(value),
                "refusal" => members.refusal = Some(value),
                "annotations" => members.annotations = Some(value),
                "images" => members.images = Some(value),
                "audio" => members.audio = Some(value),
                "tool_calls" => members.tool_calls = Some(value),
                "function_call" if value.kind() == Kind::Object => members.function_call = Some(value),
                "reasoning_content" | "reasoning" | "reasoning_details" => members.reasons = true,
                // The empty call is what some servers have for none.
                "role" | "function_call" => {}
                _ if lost::says_something(value) => members.others.push(name),
                _ => {}
            }
        }
        members
    }
}

/// The reason that a `finish_reason` names; the second line has vendors' own words.
fn reason(word: &str) -> StopReason {
    match word {
        "stop" => StopReason::Done,
        "eos" | "end_turn" | "eos_token" => StopReason::Done,
        "length" | "max_tokens" => StopReason::MaxTokens,
        "model_length" => StopReason::ContextWindow,
        "tool_calls" | "function_call" | "tool_use" => StopReason::ToolUse,
        "content_filter" | "safety" | "sensitive" => StopReason::Refusal,
        "stop_sequence" => StopReason::StopSequence,
        other => StopReason::Other(other.to_owned()),
    }
}

/// The `finish_reason` for a reason; `refused` where the answer itself says so, `legacy` where it has a
/// `function_call`.
pub(super) fn word(reason: &StopReason, refused: bool, legacy: bool) -> &str {
    match reason {
        StopReason::Done | StopReason::StopSequence | StopReason::Pause => "stop",
        StopReason::MaxTokens | StopReason::ContextWindow => "length",
        StopReason::ToolUse if legacy => "function_call",
        StopReason::ToolUse => "tool_calls",
        StopReason::Refusal if refused => "stop",
        StopReason::Refusal => "content_filter",
        StopReason::Other(word) => word,
    }
}

fn late_arguments() -> Error {
    Error::upstream("The provider went on with a tool call whose arguments were complete.")
}
