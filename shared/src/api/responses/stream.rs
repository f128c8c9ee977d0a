//! Answers read: a provider's stream, and a whole answer as the stream it would have been.
//!
//! Items may grow at the same time and be repeated whole when they are done; blocks may neither. So each block has a
//! [`Key`], only the oldest that is open grows in the open, and what the repetition says beyond what came before is
//! all that is taken from it.
//!
//! <https://platform.openai.com/docs/api-reference/responses-streaming>

use std::borrow::Cow;
use std::collections::{BTreeSet, VecDeque};

use super::tools::joined;
use crate::api::aim::{Aim, Sink};
use crate::api::codec::ReadStream;
use crate::api::family::Api;
use crate::api::lost::{self, Shape};
use crate::api::openai;
use crate::error::{Error, Kind};
use crate::ir::{Citations, Delta, Event, Loss, Open, Start, Stop, StopReason, ToolKind, Usage, Why};
use crate::wire::Frame;
use crate::wire::json::{self, Index, Json, Malformed};

/// Reads a whole answer.
pub(super) fn read(body: Json<'_>, aim: Aim, sink: &mut Sink<'_>) -> Result<(), Malformed> {
    let is_answer = ["output", "status"].iter().any(|name| body.get(name).is_some());
    match body.get("error").and_then(Json::present) {
        _ if is_answer => Reader::new(aim).last(body, "", sink),
        Some(error) => sink(Event::Fail(openai::error_of(error, Kind::Api))),
        None => return Err(Malformed { offset: 0, what: "no response object" }),
    }
    Ok(())
}

/// Reads a stream.
#[derive(Default)]
pub(super) struct Reader {
    aim: Aim,
    /// For the index of an event.
    room: Index,
    phase: Phase,
    /// The blocks that are open; only the first has been given away, and grows as its words come.
    open: VecDeque<Growing>,
    /// The index of the first of `open`.
    index: u32,
    /// The blocks that have ended.
    ended: BTreeSet<Key>,
    /// The ids of the items that are done.
    done: BTreeSet<String>,
    /// The tier that has been told of.
    tier: Option<String>,
    /// Whether the last event was a piece of a block, and not what repeats one whole.
    grew: bool,
    used_tool: bool,
    refused: bool,
}

#[derive(Default, PartialEq)]
enum Phase {
    /// Nothing has come yet.
    #[default]
    Waiting,
    Running,
    Over,
}

/// Which of an answer's blocks: the part of a list of an item.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    item: u64,
    list: List,
    part: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum List {
    Summary,
    Content,
    /// A tool's arguments or input.
    Call,
    /// `encrypted_content`.
    Seal,
    /// The item as a whole.
    Item,
}

/// A block that is open.
struct Growing {
    key: Key,
    block: Open<'static>,
    /// What has come while an older block was open.
    waiting: Vec<Delta<'static>>,
    /// How much of its text has come, in bytes, and how many annotations and tokens with log probabilities.
    length: usize,
    citations: usize,
    tokens: usize,
    ended: bool,
}

/// The members that events have.
#[derive(Default)]
struct Said<'a> {
    kind: Cow<'a, str>,
    item_index: u64,
    part_index: u64,
    item_id: Option<Json<'a>>,
    delta: Option<Json<'a>>,
    /// The whole of what the deltas gave piece by piece.
    whole: Option<Json<'a>>,
    /// An item, a part, an annotation or the response.
    object: Option<Json<'a>>,
    logprobs: Option<Json<'a>>,
}

impl<'a> Said<'a> {
    fn of(event: Json<'a>, name: &'a str) -> Said<'a> {
        let mut said = Said { kind: Cow::Borrowed(name), ..Said::default() };
        for (name, value) in event.fields() {
            match &*name {
                "type" => said.kind = value.string().unwrap_or_default(),
                "output_index" => said.item_index = value.number().unwrap_or_default(),
                "content_index" | "summary_index" => said.part_index = value.number().unwrap_or_default(),
                "item_id" => said.item_id = Some(value),
                "delta" => said.delta = Some(value),
                "text" | "refusal" | "arguments" | "input" => said.whole = Some(value),
                "logprobs" => said.logprobs = Some(value),
                "item" | "part" | "annotation" | "response" => said.object = value.present(),
                _ => {}
            }
        }
        said
    }

    fn object(&self) -> Json<'a> {
        self.object.unwrap_or(Json::NULL)
    }

    fn key(&self, list: List) -> Key {
        Key { item: self.item_index, list, part: if list == List::Call { 0 } else { self.part_index } }
    }

    fn thinking(&self) -> Open<'static> {
        Open::Thinking { id: self.item_id.and_then(Json::string).map(to_static) }
    }
}

impl ReadStream for Reader {
    fn push(&mut self, frame: Frame<'_>, sink: &mut Sink<'_>) {
        if self.phase == Phase::Over || frame.data == b"[DONE]" {
            return;
        }
        // Taken out and put back, so that all events are indexed in the same room.
        let mut index = std::mem::take(&mut self.room);
        match index.parse(frame.data) {
            Ok(event) => self.event(event, frame.name, sink),
            Err(error) => {
                self.fail(
                    Error::upstream(format!("The provider sent an event that is not JSON: {error}.")),
                    sink,
                );
            }
        }
        self.room = index;
    }

    /// Events are counted, and made of one length.
    fn idle(&self) -> Option<&'static [&'static str]> {
        Some(&["sequence_number", "obfuscation"])
    }

    fn go_on(&mut self, delta: Delta<'_>, sink: &mut Sink<'_>) -> bool {
        let Some(block) = self.open.front_mut().filter(|_| self.grew) else { return false };
        let (Delta::Text(more) | Delta::Thinking(more) | Delta::Arguments(more)) = &delta else {
            return false;
        };
        block.length += more.len();
        sink(Event::Delta { index: self.index, delta });
        true
    }

    /// All that must be said comes with the last event; without it the answer was cut off (E9).
    fn finish(&mut self, _: &mut Sink<'_>) {}
}

/// How events begin that only tell how far an item is, which comes whole at its end, or that somebody is there.
const PROGRESS: [&str; 9] = [
    "response.code_interpreter_call",
    "response.compaction.",
    "response.file_search_call.",
    "response.image_generation_call.",
    "response.mcp_call",
    "response.mcp_list_tools.",
    "response.shell_call_",
    "response.web_search_call.",
    "keepalive",
];

impl Reader {
    pub(super) fn new(aim: Aim) -> Reader {
        Reader { aim, ..Reader::default() }
    }

    fn event(&mut self, event: Json<'_>, name: &str, sink: &mut Sink<'_>) {
        let said = Said::of(event, name);
        self.grew = said.kind.ends_with(".delta");
        let text = || Open::Text;
        let refusal = || Open::Refusal;
        let thinking = || said.thinking();
        match &*said.kind {
            "response.created" | "response.queued" | "response.in_progress" => {
                self.begin(said.object(), sink)
            }
            "response.output_item.added" => self.item_added(&said, sink),
            "response.output_item.done" => self.item_done(said.item_index, said.object(), sink),
            "response.content_part.added" => self.part_added(&said, List::Content, sink),
            "response.content_part.done" => self.part_done(&said, List::Content, sink),
            "response.reasoning_summary_part.added" => self.part_added(&said, List::Summary, sink),
            "response.reasoning_summary_part.done" => self.part_done(&said, List::Summary, sink),
            "response.output_text.delta" => self.delta(&said, List::Content, text, sink),
            "response.output_text.done" => self.whole(&said, List::Content, text, sink),
            "response.output_text.annotation.added" => self.annotation(&said, sink),
            "response.refusal.delta" => self.delta(&said, List::Content, refusal, sink),
            "response.refusal.done" => self.whole(&said, List::Content, refusal, sink),
            "response.reasoning_text.delta" => self.delta(&said, List::Content, thinking, sink),
            "response.reasoning_text.done" => self.whole(&said, List::Content, thinking, sink),
            "response.reasoning_summary_text.delta" => self.delta(&said, List::Summary, thinking, sink),
            "response.reasoning_summary_text.done" => self.whole(&said, List::Summary, thinking, sink),
            "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta" => {
                self.grow(said.key(List::Call), string(said.delta), sink);
            }
            "response.function_call_arguments.done" | "response.custom_tool_call_input.done" => {
                self.complete(said.key(List::Call), &string(said.whole), sink);
            }
            kind @ ("response.completed"
            | "response.incomplete"
            | "response.failed"
            | "response.cancelled") => {
                self.last(said.object(), kind.trim_start_matches("response."), sink);
            }
            "error" => self.fail(error_of(event.get("error").and_then(Json::present).unwrap_or(event)), sink),
            // What stands before a provider may not know of its events, and breaks off with the error alone.
            "" => {
                if let Some(error) = event.get("error").and_then(Json::present) {
                    self.fail(error_of(error), sink);
                }
            }
            kind if PROGRESS.iter().any(|known| kind.starts_with(known)) => {}
            kind => lost::name_event(kind, sink),
        }
    }

    /// Says who answers, once.
    fn begin(&mut self, response: Json<'_>, sink: &mut Sink<'_>) {
        if self.phase != Phase::Waiting {
            return;
        }
        self.phase = Phase::Running;
        let created = response.get("created_at");
        self.tier = tier(response).map(Cow::into_owned);
        sink(Event::Start(Start {
            id: string(response.get("id")),
            model: string(response.get("model")),
            created: created.and_then(whole_seconds),
            service_tier: tier(response),
        }));
    }

    fn item_added(&mut self, said: &Said<'_>, sink: &mut Sink<'_>) {
        if let Some(call) = tool_use(said.object()) {
            self.open(said.key(List::Call), || call, sink);
        }
    }

    fn part_added(&mut self, said: &Said<'_>, list: List, sink: &mut Sink<'_>) {
        match &*string(said.object().get("type")) {
            "output_text" => self.open(said.key(list), || Open::Text, sink),
            "refusal" => self.open(said.key(list), || Open::Refusal, sink),
            "summary_text" | "reasoning_text" => self.open(said.key(list), || said.thinking(), sink),
            _ => {}
        }
    }

    fn part_done(&mut self, said: &Said<'_>, list: List, sink: &mut Sink<'_>) {
        self.part(said.key(list), said.object(), said.item_id, sink);
    }

    fn delta(
        &mut self,
        said: &Said<'_>,
        list: List,
        block: impl FnOnce() -> Open<'static>,
        sink: &mut Sink<'_>,
    ) {
        self.open(said.key(list), block, sink);
        self.grow(said.key(list), string(said.delta), sink);
        said.logprobs.iter().for_each(|tokens| self.tokens(said.key(list), *tokens, sink));
    }

    fn whole(
        &mut self,
        said: &Said<'_>,
        list: List,
        block: impl FnOnce() -> Open<'static>,
        sink: &mut Sink<'_>,
    ) {
        self.open(said.key(list), block, sink);
        self.complete(said.key(list), &string(said.whole), sink);
    }

    fn annotation(&mut self, said: &Said<'_>, sink: &mut Sink<'_>) {
        self.cite(said.key(List::Content), said.object(), sink);
    }

    /// An item as a whole: what of it has not come yet comes now, and all of its blocks end.
    fn item_done(&mut self, index: u64, item: Json<'_>, sink: &mut Sink<'_>) {
        if item.kind() != json::Kind::Object {
            return;
        }
        self.done.extend(item.get("id").and_then(Json::string).map(Cow::into_owned));
        match &*string(item.get("type")) {
            "message" => {
                lost::name_others(
                    item,
                    &["id", "type", "status", "role", "content"],
                    "output.message.",
                    self.aim,
                    sink,
                );
                self.parts(index, List::Content, item, "content", sink);
            }
            "reasoning" => self.reasoning(index, item, sink),
            "function_call" => {
                lost::name_others_of_call(item, &CALL, "output.function_call.", self.aim, sink);
                self.call(index, item, "arguments", sink);
            }
            "custom_tool_call" => {
                lost::name_others_of_call(item, &CALL, "output.custom_tool_call.", self.aim, sink);
                self.call(index, item, "input", sink);
            }
            _ => self.opaque(index, item, sink),
        }
    }

    fn parts(&mut self, item_index: u64, list: List, item: Json<'_>, name: &str, sink: &mut Sink<'_>) {
        let parts = item.get(name).into_iter().flat_map(Json::items);
        for (index, part) in (0..).zip(parts) {
            self.part(Key { item: item_index, list, part: index }, part, item.get("id"), sink);
        }
    }

    /// A part as a whole.
    fn part(&mut self, key: Key, part: Json<'_>, item_id: Option<Json<'_>>, sink: &mut Sink<'_>) {
        let thinking = || Open::Thinking { id: item_id.and_then(Json::string).map(to_static) };
        lost::name_unknown(part, &PART, "output.content.", self.aim, sink);
        let text = match &*string(part.get("type")) {
            "output_text" => {
                self.open(key, || Open::Text, sink);
                part.get("text")
            }
            "refusal" => {
                self.open(key, || Open::Refusal, sink);
                part.get("refusal")
            }
            "summary_text" | "reasoning_text" => {
                self.open(key, thinking, sink);
                part.get("text")
            }
            kind => {
                let at = format_args!("output.content.{kind}");
                return sink(Event::Lost(Loss::of_answer(at, Why::Dropped)));
            }
        };
        self.complete(key, &string(text), sink);
        self.more_tokens(key, part.get("logprobs").unwrap_or(Json::NULL), sink);
        let known = self.growing(key).map_or(usize::MAX, |block| block.citations);
        for annotation in part.get("annotations").into_iter().flat_map(Json::items).skip(known) {
            self.cite(key, annotation, sink);
        }
        self.end(key, sink);
    }

    /// Reasoning as a whole; an item of it that says nothing is only a mark for its own API.
    fn reasoning(&mut self, index: u64, item: Json<'_>, sink: &mut Sink<'_>) {
        lost::name_others(item, &REASONING, "output.reasoning.", self.aim, sink);
        self.parts(index, List::Summary, item, "summary", sink);
        self.parts(index, List::Content, item, "content", sink);
        if let Some(data) = item.get("encrypted_content").and_then(Json::string) {
            let id = item.get("id").and_then(Json::string).map(to_static);
            let block = || Open::Sealed { data: to_static(data), id };
            self.at_once(Key { item: index, list: List::Seal, part: 0 }, block, sink);
        }
        let is_known = |key: &Key| key.item == index;
        if !self.ended.iter().any(is_known) && !self.open.iter().any(|block| is_known(&block.key)) {
            self.opaque(index, item, sink);
        }
    }

    fn call(&mut self, index: u64, item: Json<'_>, name: &str, sink: &mut Sink<'_>) {
        let key = Key { item: index, list: List::Call, part: 0 };
        if let Some(call) = tool_use(item) {
            self.open(key, || call, sink);
        }
        self.complete(key, &string(item.get(name)), sink);
        self.end(key, sink);
    }

    fn opaque(&mut self, index: u64, item: Json<'_>, sink: &mut Sink<'_>) {
        let block = || Open::Opaque { api: Api::Responses, raw: Cow::Owned(item.raw().to_owned()) };
        self.at_once(Key { item: index, list: List::Item, part: 0 }, block, sink);
    }

    /// A block that comes whole.
    fn at_once(&mut self, key: Key, block: impl FnOnce() -> Open<'static>, sink: &mut Sink<'_>) {
        self.open(key, block, sink);
        self.end(key, sink);
    }

    /// The response as a whole, which says how it went.
    fn last(&mut self, response: Json<'_>, kind: &str, sink: &mut Sink<'_>) {
        self.begin(response, sink);
        lost::name_unknown(response, &RESPONSE, "", self.aim, sink);
        // Streams begin with the tier that was wished for.
        let served = tier(response).filter(|tier| self.tier.as_deref() != Some(&**tier));
        served.into_iter().for_each(|tier| sink(Event::Tier(tier)));
        for (index, item) in (0..).zip(response.get("output").into_iter().flat_map(Json::items)) {
            let id = item.get("id").and_then(Json::string);
            if id.is_none_or(|id| !self.done.contains(&*id)) {
                self.item_done(index, item, sink);
            }
        }
        let status = response.get("status").and_then(Json::string).unwrap_or(Cow::Borrowed(kind));
        let error = response.get("error").and_then(Json::present);
        match (&*status, error) {
            (_, Some(error)) => self.fail(error_of(error), sink),
            ("failed" | "cancelled", None) => {
                self.fail(Error::upstream(format!("The answer was {status}.")), sink)
            }
            // It is being answered in the background: there is no end to tell of.
            ("in_progress" | "queued", None) => {}
            _ => self.stop(response, &status, sink),
        }
    }

    fn stop(&mut self, response: Json<'_>, status: &str, sink: &mut Sink<'_>) {
        self.open.iter_mut().for_each(|block| block.ended = true);
        self.advance(sink);
        if let Some(usage) = response.get("usage").and_then(Json::present) {
            sink(Event::Usage(read_usage(usage)));
        }
        sink(Event::Stop(Stop { reason: self.reason(response, status), sequence: None }));
        sink(Event::End);
        self.phase = Phase::Over;
    }

    fn reason(&self, response: Json<'_>, status: &str) -> StopReason {
        let why = response.get("incomplete_details").and_then(|details| details.get("reason"));
        match (status, why.and_then(Json::string).as_deref()) {
            ("incomplete", Some("max_output_tokens")) => StopReason::MaxTokens,
            ("incomplete", Some("content_filter")) => StopReason::Refusal,
            ("incomplete", why) => StopReason::Other(why.unwrap_or("incomplete").to_owned()),
            _ if self.used_tool => StopReason::ToolUse,
            _ if self.refused => StopReason::Refusal,
            _ => StopReason::Done,
        }
    }

    fn fail(&mut self, error: Error, sink: &mut Sink<'_>) {
        self.phase = Phase::Over;
        sink(Event::Fail(error));
    }

    fn growing(&mut self, key: Key) -> Option<&mut Growing> {
        self.open.iter_mut().find(|block| block.key == key)
    }

    /// Opens a block, unless it is or was open.
    fn open(&mut self, key: Key, block: impl FnOnce() -> Open<'static>, sink: &mut Sink<'_>) {
        if self.ended.contains(&key) || self.growing(key).is_some() {
            return;
        }
        self.begin(Json::NULL, sink);
        let block = block();
        self.used_tool |= matches!(block, Open::ToolUse { .. });
        self.refused |= matches!(block, Open::Refusal);
        if self.open.is_empty() {
            sink(Event::Open { index: self.index, block: block.clone() });
        }
        let (waiting, length, citations, tokens, ended) = (Vec::new(), 0, 0, 0, false);
        self.open.push_back(Growing { key, block, waiting, length, citations, tokens, ended });
    }

    /// More of a block's text.
    fn grow(&mut self, key: Key, more: Cow<'_, str>, sink: &mut Sink<'_>) {
        let Some(block) = self.growing(key).filter(|_| !more.is_empty()) else { return };
        block.length += more.len();
        let delta = match block.block {
            Open::Thinking { .. } => Delta::Thinking(more),
            Open::ToolUse { .. } => Delta::Arguments(more),
            _ => Delta::Text(more),
        };
        self.give(key, delta, sink);
    }

    /// The whole of a block's text: what has not come yet comes now.
    fn complete(&mut self, key: Key, whole: &str, sink: &mut Sink<'_>) {
        let Some(block) = self.growing(key) else { return };
        if let Some(more) = whole.get(block.length..) {
            self.grow(key, Cow::Borrowed(more), sink);
        }
    }

    fn cite(&mut self, key: Key, annotation: Json<'_>, sink: &mut Sink<'_>) {
        let Some(block) = self.growing(key) else { return };
        block.citations += 1;
        let raw = Cow::Owned(format!("[{}]", annotation.raw()));
        self.give(key, Delta::Citations(Citations { api: Api::Responses, raw }), sink);
    }

    /// Tokens of a block's text with their log probabilities.
    fn tokens(&mut self, key: Key, list: Json<'_>, sink: &mut Sink<'_>) {
        let count = list.items().count();
        let Some(block) = self.growing(key).filter(|block| block.block == Open::Text && count > 0) else {
            return;
        };
        block.tokens += count;
        self.give(key, Delta::Logprobs(Cow::Borrowed(list.raw())), sink);
    }

    /// All tokens of a block's text: those that have not come yet come now.
    fn more_tokens(&mut self, key: Key, all: Json<'_>, sink: &mut Sink<'_>) {
        let known = self.growing(key).map_or(0, |block| block.tokens);
        let more: Vec<&str> = all.items().skip(known).map(Json::raw).collect();
        if let Ok(list) = Json::parse(format!("[{}]", more.join(",")).as_bytes()) {
            self.tokens(key, list, sink);
        }
    }

    /// Gives a delta away, or keeps it until its block's turn has come.
    fn give(&mut self, key: Key, delta: Delta<'_>, sink: &mut Sink<'_>) {
        if self.open.front().is_some_and(|first| first.key == key) {
            return sink(Event::Delta { index: self.index, delta });
        }
        if let Some(block) = self.growing(key) {
            block.waiting.push(delta.into_static());
        }
    }

    fn end(&mut self, key: Key, sink: &mut Sink<'_>) {
        if let Some(block) = self.growing(key) {
            block.ended = true;
            self.advance(sink);
        }
    }

    /// Closes the first block if it has ended, and gives the next one away as far as it has come.
    fn advance(&mut self, sink: &mut Sink<'_>) {
        while let Some(ended) = self.open.pop_front_if(|block| block.ended) {
            sink(Event::Close { index: self.index });
            self.ended.insert(ended.key);
            self.index += 1;
            let Some(next) = self.open.front_mut() else { return };
            sink(Event::Open { index: self.index, block: next.block.clone() });
            for delta in next.waiting.drain(..) {
                sink(Event::Delta { index: self.index, delta });
            }
        }
    }
}

/// The members of a call that are read.
const CALL: [&str; 8] = ["id", "type", "status", "call_id", "name", "namespace", "arguments", "input"];

/// The members of reasoning that are read.
const REASONING: [&str; 6] = ["id", "type", "status", "summary", "content", "encrypted_content"];

/// A part of a kind that is known.
const PART: Shape = Shape(&[
    ("type", None),
    ("text", None),
    ("refusal", None),
    ("annotations", None),
    ("logprobs", Some(&openai::TOKENS)),
]);

/// What of a response is read, and from `background` on what it repeats of its request or says of its account.
const RESPONSE: Shape = Shape(&[
    ("id", None),
    ("object", None),
    ("created_at", None),
    ("completed_at", None),
    ("status", None),
    ("error", None),
    ("incomplete_details", Some(&Shape(&[("reason", None)]))),
    ("model", None),
    ("service_tier", None),
    ("output", None),
    ("output_text", None),
    ("usage", Some(&USAGE)),
    ("background", None),
    ("billing", None),
    ("conversation", None),
    ("frequency_penalty", None),
    ("include", None),
    ("instructions", None),
    ("max_output_tokens", None),
    ("max_tool_calls", None),
    ("metadata", None),
    ("parallel_tool_calls", None),
    ("presence_penalty", None),
    ("previous_response_id", None),
    ("prompt", None),
    ("prompt_cache_key", None),
    ("prompt_cache_options", None),
    ("prompt_cache_retention", None),
    ("reasoning", None),
    ("safety_identifier", None),
    ("store", None),
    ("temperature", None),
    ("text", None),
    ("tool_choice", None),
    ("tools", None),
    ("top_k", None),
    ("top_logprobs", None),
    ("top_p", None),
    ("truncation", None),
    ("user", None),
]);

const USAGE: Shape = Shape(&[
    ("input_tokens", None),
    ("input_tokens_details", Some(&Shape(&[("cached_tokens", None), ("cache_write_tokens", None)]))),
    ("output_tokens", None),
    ("output_tokens_details", Some(&Shape(&[("reasoning_tokens", None)]))),
    ("total_tokens", None),
]);

/// The tool use that an item begins, if it is one.
fn tool_use(item: Json<'_>) -> Option<Open<'static>> {
    let kind = match &*item.get("type")?.string()? {
        "function_call" => ToolKind::Function,
        "custom_tool_call" => ToolKind::Custom,
        _ => return None,
    };
    let name = string(item.get("name"));
    let space = item.get("namespace").and_then(Json::string);
    let name = space.map_or_else(|| name.clone().into_owned(), |space| joined(&space, &name));
    let id = to_static(string(item.get("call_id")));
    Some(Open::ToolUse { id, name: Cow::Owned(name), kind, signature: None })
}

/// The tier that serves an answer: `auto` is what was wished for.
fn tier<'a>(response: Json<'a>) -> Option<Cow<'a, str>> {
    response.get("service_tier").and_then(Json::string).filter(|tier| tier != "auto")
}

/// The error of an `error` event or of a failed response.
fn error_of(error: Json<'_>) -> Error {
    let error = openai::error_of(error, Kind::Api);
    if error.kind == Kind::Api { Error { status: 502, ..error } } else { error }
}

fn read_usage(usage: Json<'_>) -> Usage {
    let count = |name: &str| usage.get(name).and_then(Json::number);
    let detail = |of: &str, name: &str| usage.get(of).and_then(|it| it.get(name)).and_then(Json::number);
    Usage {
        input: count("input_tokens"),
        output: count("output_tokens"),
        cache_read: detail("input_tokens_details", "cached_tokens"),
        cache_write: detail("input_tokens_details", "cache_write_tokens"),
        reasoning: detail("output_tokens_details", "reasoning_tokens"),
        ..Usage::default()
    }
}

/// Seconds since 1970. Some servers write a fraction as well.
fn whole_seconds(time: Json<'_>) -> Option<u64> {
    let fractional = || {
        let (whole, fraction) = time.raw().split_once('.')?;
        fraction.bytes().all(|digit| digit.is_ascii_digit()).then(|| whole.parse().ok()).flatten()
    };
    time.number().or_else(fractional)
}

/// A string's value; none where there is no string.
fn string<'a>(value: Option<Json<'a>>) -> Cow<'a, str> {
    value.and_then(Json::string).unwrap_or_default()
}

fn to_static(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}

#[cfg(test)]
mod tests;
