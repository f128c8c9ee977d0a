//! An answer put together for a client: its items, and the response object around them.
//!
//! <https://platform.openai.com/docs/api-reference/responses/object>

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::BytesMut;

use super::parameters::Parameters;
use super::tools::{self, Declared};
use crate::api::cite::{Cited, Link, Unit};
use crate::api::codec::Echo;
use crate::api::family::Api;
use crate::api::{cite, lost, openai};
use crate::error::{Error, Kind};
use crate::ir::{Citations, Delta, Event, Loss, Open, Start, StopReason, ToolKind, Usage};
use crate::wire::json::{Index, Json, Writer};

/// The object that a function without arguments is called with, for clients read it as JSON (D4).
pub(super) const NO_ARGUMENTS: Delta<'_> = Delta::Arguments(Cow::Borrowed("{}"));

/// An answer, as far as it has come.
pub(super) struct Answer {
    pub id: String,
    /// What the ids of items are made from.
    base: String,
    model: String,
    created: u64,
    /// When it was whole, in seconds since 1970.
    pub completed: Option<u64>,
    parameters: Parameters,
    declared: BTreeMap<String, Declared>,
    pub items: Vec<Item>,
    usage: Option<Usage>,
    stop: Option<StopReason>,
    error: Option<Error>,
}

/// An element of `output`.
pub(super) enum Item {
    Message {
        id: String,
        parts: Vec<Part>,
    },
    Reasoning {
        id: String,
        summary: Vec<String>,
        seal: Option<String>,
    },
    Call(Call),
    Image {
        id: String,
        data: String,
    },
    /// An item in this API's own words.
    Raw(String),
}

/// A part of a message.
#[derive(Default)]
pub(super) struct Part {
    pub text: String,
    pub is_refusal: bool,
    /// JSON texts.
    pub annotations: Vec<String>,
    /// JSON texts of tokens.
    pub logprobs: Vec<String>,
}

/// A tool's call.
pub(super) struct Call {
    pub id: String,
    call_id: String,
    name: String,
    namespace: Option<String>,
    kind: ToolKind,
    /// Arguments or input.
    pub text: String,
}

impl Answer {
    /// An answer to the request that `echo` tells of.
    pub(super) fn new(echo: Echo) -> Answer {
        let mut index = Index::default();
        let request = index.parse(&echo.request).unwrap_or(Json::NULL);
        Answer {
            id: format!("resp_{}", echo.id),
            parameters: Parameters::of(request),
            declared: request.get("tools").map(tools::declared).unwrap_or_default(),
            base: echo.id,
            model: echo.model,
            created: echo.created,
            completed: echo.completed,
            items: Vec::new(),
            usage: None,
            stop: None,
            error: None,
        }
    }

    /// Takes the next event.
    pub(super) fn push(&mut self, event: &Event<'_>) {
        match event {
            Event::Start(start) => self.start(start),
            Event::Open { block, .. } => self.open(block),
            Event::Delta { delta, .. } => self.grow(delta),
            Event::Usage(usage) => self.usage.get_or_insert_default().update(usage),
            Event::Stop(stop) => self.stop = Some(stop.reason.clone()),
            Event::Tier(tier) => self.parameters.set_tier(Some(tier)),
            Event::Fail(error) => self.error = Some(error.clone()),
            Event::Close { .. } if self.lacks_arguments() => self.grow(&NO_ARGUMENTS),
            Event::Close { .. } | Event::Choice { .. } | Event::Lost(_) | Event::Ping | Event::End => {}
        }
    }

    /// Whether the last item is a function's call without arguments.
    pub(super) fn lacks_arguments(&self) -> bool {
        let Some(Item::Call(call)) = self.items.last() else { return false };
        call.kind == ToolKind::Function && call.text.is_empty()
    }

    fn start(&mut self, start: &Start<'_>) {
        if !start.id.is_empty() {
            let base = start.id.strip_prefix("resp_").unwrap_or(&start.id);
            self.base = base.to_owned();
            self.id = format!("resp_{base}");
        }
        self.created = start.created.unwrap_or(self.created);
        self.parameters.set_tier(start.service_tier.as_deref());
    }

    /// Begins a block: a part of the last item, or a new item. A block of another API's own has no place here.
    fn open(&mut self, block: &Open<'_>) {
        if !self.continues(block) {
            let Some(item) = self.item(block) else { return };
            self.items.push(item);
        }
        self.add_part(block);
    }

    /// Begins a block's part in the last item, which is its own.
    pub(super) fn add_part(&mut self, block: &Open<'_>) {
        match (self.items.last_mut(), block) {
            (Some(Item::Message { parts, .. }), block) => {
                parts.push(Part { is_refusal: *block == Open::Refusal, ..Part::default() });
            }
            (Some(Item::Reasoning { summary, .. }), Open::Thinking { .. }) => summary.push(String::new()),
            (Some(Item::Reasoning { seal, .. }), Open::Sealed { data, .. }) => *seal = Some(data.to_string()),
            _ => {}
        }
    }

    /// Whether a block belongs to the last item: words to a message, thinking to that of the same id, a seal without an
    /// id to what it comes behind.
    pub(super) fn continues(&self, block: &Open<'_>) -> bool {
        match (self.items.last(), block) {
            (Some(Item::Message { .. }), Open::Text | Open::Refusal | Open::Audio { .. }) => true,
            (
                Some(Item::Reasoning { id, seal: None, .. }),
                Open::Thinking { id: Some(own) } | Open::Sealed { id: Some(own), .. },
            ) => id == own,
            (Some(Item::Reasoning { seal: None, .. }), Open::Sealed { id: None, .. }) => true,
            _ => false,
        }
    }

    /// The item that a block begins. Of a recording only the transcript has a place.
    pub(super) fn item(&self, block: &Open<'_>) -> Option<Item> {
        Some(match block {
            Open::Text | Open::Refusal | Open::Audio { .. } => {
                Item::Message { id: self.made_id("msg"), parts: Vec::new() }
            }
            Open::Thinking { id } | Open::Sealed { id, .. } => Item::Reasoning {
                id: id.as_ref().map_or_else(|| self.made_id("rs"), |id| id.to_string()),
                summary: Vec::new(),
                seal: None,
            },
            Open::ToolUse { id, name, kind, .. } => Item::Call(self.call(id, name, *kind)),
            Open::Image { data, .. } => Item::Image { id: self.made_id("ig"), data: data.to_string() },
            Open::Opaque { api: Api::Responses, raw } => Item::Raw(raw.to_string()),
            Open::Opaque { .. } => return None,
        })
    }

    /// D14: a tool of a namespace comes back as one.
    fn call(&self, id: &str, name: &str, kind: ToolKind) -> Call {
        let declared = self.declared.get(name);
        let made = self.made_id(if kind == ToolKind::Custom { "ctc" } else { "fc" });
        Call {
            call_id: if id.is_empty() { self.made_id("call") } else { id.to_owned() },
            id: made,
            name: declared.map_or(name, |declared| &declared.name).to_owned(),
            namespace: declared.and_then(|declared| declared.namespace.clone()),
            kind,
            text: String::new(),
        }
    }

    /// The id of the item that comes next.
    fn made_id(&self, prefix: &str) -> String {
        format!("{prefix}_{}_{}", self.base, self.items.len())
    }

    fn grow(&mut self, delta: &Delta<'_>) {
        match (self.items.last_mut(), delta) {
            (Some(Item::Message { parts, .. }), delta) => grow_part(parts.last_mut(), delta),
            (Some(Item::Reasoning { summary, .. }), Delta::Thinking(more)) => {
                summary.iter_mut().last().into_iter().for_each(|text| text.push_str(more));
            }
            (Some(Item::Call(call)), Delta::Arguments(more)) => call.text.push_str(more),
            _ => {}
        }
    }

    /// How the response ended.
    pub(super) fn status(&self) -> &'static str {
        match (&self.error, self.incomplete()) {
            (Some(_), _) => "failed",
            (None, Some(_)) => "incomplete",
            (None, None) => "completed",
        }
    }

    /// Why the answer is not all that the model had to say.
    fn incomplete(&self) -> Option<&str> {
        match self.stop.as_ref()? {
            StopReason::MaxTokens | StopReason::ContextWindow => Some("max_output_tokens"),
            StopReason::Refusal if !self.has_refusal() => Some("content_filter"),
            StopReason::Other(why) if why == "max_messages" || why == "steered" => Some(why),
            _ => None,
        }
    }

    /// Whether the model refused in words, which is an answer.
    fn has_refusal(&self) -> bool {
        let refuses = |item: &Item| match item {
            Item::Message { parts, .. } => parts.iter().any(|part| part.is_refusal),
            _ => false,
        };
        self.items.iter().any(refuses)
    }

    /// Writes the response object. Its `output` has the first `count` items.
    pub(super) fn write(&self, status: &str, count: usize, w: &mut Writer<'_>) {
        let incomplete = self.incomplete().filter(|_| status == "incomplete");
        w.object(|o| {
            o.key("id").string(&self.id);
            o.key("object").string("response");
            o.key("created_at").integer(self.created);
            o.key("status").string(status);
            match self.completed.filter(|_| status == "completed") {
                Some(time) => o.key("completed_at").integer(time),
                None => o.key("completed_at").null(),
            }
            write_failure(self.error.as_ref().filter(|_| status == "failed"), o.key("error"));
            match incomplete {
                Some(reason) => o.key("incomplete_details").object(|o| o.key("reason").string(reason)),
                None => o.key("incomplete_details").null(),
            }
            o.key("model").string(&self.model);
            o.key("output").array(|a| self.write_items(status, count, a));
            self.parameters.write(o);
            write_usage(self.usage.as_ref(), o.key("usage"));
        });
    }

    /// Only the last item can have been broken off.
    fn write_items(&self, status: &str, count: usize, a: &mut Writer<'_>) {
        let last = self.items.len().saturating_sub(1);
        for (index, item) in self.items.iter().enumerate().take(count) {
            let is_broken = index == last && status == "incomplete";
            item.write(if is_broken { status } else { "completed" }, a);
        }
    }
}

fn grow_part(part: Option<&mut Part>, delta: &Delta<'_>) {
    match (part, delta) {
        (Some(part), Delta::Text(more)) => part.text.push_str(more),
        (Some(part), Delta::Citations(citations)) => part.annotations.extend(annotations(citations)),
        (Some(part), Delta::Logprobs(list)) => part.logprobs.extend(items(list)),
        _ => {}
    }
}

/// Annotations of what a text rests on. They count the characters of its own part.
pub(super) fn citations(cited: &Cited<'_>, losses: &mut Vec<Loss>) -> String {
    let mut out = BytesMut::new();
    Writer::new(&mut out).array(|a| {
        cited.links.iter().for_each(|link| a.object(|o| write_annotation(link, cited.text, o)));
    });
    let is_whole = |link: &Link<'_>| link.place.as_ref().is_none_or(|place| place.unit == Unit::Whole);
    if cited.links.iter().any(|link| link.is_quoted() || !is_whole(link)) {
        losses.push(cite::approximated());
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// What has no address is a file: the document by its number, its id (if it has one) and its title.
fn write_annotation(link: &Link<'_>, text: &str, o: &mut Writer<'_>) {
    if let Some(url) = &link.url {
        o.key("type").string("url_citation");
        return openai::write_link(link, url, text, 0, o);
    }
    let place = link.place.as_ref();
    o.key("type").string("file_citation");
    o.key("file_id").string(place.and_then(|place| place.file.as_deref()).unwrap_or_default());
    o.key("filename").string(link.title.as_deref().unwrap_or_default());
    o.key("index").integer(place.map_or(0, |place| place.index));
}

/// What of an event no response says. Of a recording it has the transcript.
pub(super) fn lacks(event: &Event<'_>) -> Vec<Loss> {
    match event {
        Event::Open { block: Open::Audio { .. }, .. } => lost::approximated("audio"),
        Event::Open { block, .. } => lost::foreign(Api::Responses, block),
        Event::Usage(usage) => lost::uncounted(&[
            ("cache_write_1h", usage.cache_write_1h),
            ("audio_input", usage.audio_input),
            ("audio_output", usage.audio_output),
        ]),
        Event::Stop(stop) => lost::unsaid(stop, false),
        Event::Start(Start { service_tier: Some(tier), .. }) | Event::Tier(tier) => openai::lost_tier(tier),
        _ => Vec::new(),
    }
}

/// The elements of a list in JSON.
pub(super) fn items(list: &str) -> Vec<String> {
    let list = Json::parse(list.as_bytes()).unwrap_or(Json::NULL);
    list.items().map(|item| item.raw().to_owned()).collect()
}

/// The annotations in citations of this API; those of others are not in its words.
pub(super) fn annotations(citations: &Citations<'_>) -> Vec<String> {
    let list = Json::parse(citations.raw.as_bytes()).ok().filter(|_| citations.api == Api::Responses);
    list.into_iter().flat_map(Json::items).map(|it| it.raw().to_owned()).collect()
}

impl Call {
    /// The member that its text stands in.
    pub(super) fn text_name(&self) -> &'static str {
        if self.kind == ToolKind::Custom { "input" } else { "arguments" }
    }

    /// The events that tell of its text.
    pub(super) fn delta_event(&self) -> &'static str {
        match self.kind {
            ToolKind::Function => "response.function_call_arguments.delta",
            ToolKind::Custom => "response.custom_tool_call_input.delta",
        }
    }

    /// The event that gives its text whole.
    pub(super) fn done_event(&self) -> &'static str {
        match self.kind {
            ToolKind::Function => "response.function_call_arguments.done",
            ToolKind::Custom => "response.custom_tool_call_input.done",
        }
    }

    fn write(&self, status: &str, o: &mut Writer<'_>) {
        o.key("id").string(&self.id);
        let is_custom = self.kind == ToolKind::Custom;
        o.key("type").string(if is_custom { "custom_tool_call" } else { "function_call" });
        if !is_custom {
            o.key("status").string(status);
        }
        o.key("call_id").string(&self.call_id);
        o.key("name").string(&self.name);
        self.namespace.iter().for_each(|namespace| o.key("namespace").string(namespace));
        o.key(self.text_name()).string(&self.text);
    }
}

impl Item {
    /// The id that events about the item name it by.
    pub(super) fn id(&self) -> &str {
        match self {
            Item::Message { id, .. } | Item::Reasoning { id, .. } | Item::Image { id, .. } => id,
            Item::Call(call) => &call.id,
            Item::Raw(_) => "",
        }
    }

    /// Writes the item as it is by now.
    pub(super) fn write(&self, status: &str, w: &mut Writer<'_>) {
        if let Item::Raw(raw) = self {
            return w.raw(raw);
        }
        w.object(|o| match self {
            Item::Message { id, parts } => {
                o.key("id").string(id);
                o.key("type").string("message");
                o.key("status").string(status);
                o.key("role").string("assistant");
                o.key("content").array(|a| parts.iter().for_each(|part| part.write(a)));
            }
            Item::Reasoning { id, summary, seal } => {
                o.key("id").string(id);
                o.key("type").string("reasoning");
                o.key("summary").array(|a| summary.iter().for_each(|text| write_summary(text, a)));
                seal.iter().for_each(|seal| o.key("encrypted_content").string(seal));
            }
            Item::Image { id, data } => {
                o.key("id").string(id);
                o.key("type").string("image_generation_call");
                o.key("status").string(status);
                o.key("result").string(data);
            }
            Item::Call(call) => call.write(status, o),
            Item::Raw(_) => {}
        });
    }
}

impl Part {
    pub(super) fn write(&self, w: &mut Writer<'_>) {
        w.object(|o| {
            if self.is_refusal {
                o.key("type").string("refusal");
                o.key("refusal").string(&self.text);
                return;
            }
            o.key("type").string("output_text");
            o.key("annotations").array(|a| self.annotations.iter().for_each(|it| a.raw(it)));
            o.key("logprobs").array(|a| self.logprobs.iter().for_each(|it| a.raw(it)));
            o.key("text").string(&self.text);
        });
    }
}

/// Writes a part of a summary.
pub(super) fn write_summary(text: &str, w: &mut Writer<'_>) {
    w.object(|o| {
        o.key("type").string("summary_text");
        o.key("text").string(text);
    });
}

/// Writes a whole answer.
pub(super) fn write(response: &crate::ir::Response, echo: &Echo, out: &mut BytesMut) {
    let mut answer = Answer::new(echo.clone());
    response.replay(&mut |event| answer.push(&event));
    answer.write(answer.status(), answer.items.len(), &mut Writer::new(out));
}

fn write_failure(error: Option<&Error>, w: &mut Writer<'_>) {
    let Some(error) = error else { return w.null() };
    w.object(|o| {
        o.key("code").string(failure_code(error));
        o.key("message").string(&error.message);
    });
}

/// A failed response's code: one of those that the API lists, since clients have them as an enumeration.
fn failure_code(error: &Error) -> &str {
    const LISTED: [&str; 18] = [
        "bio_policy",
        "data_residency_mismatch",
        "empty_image_file",
        "failed_to_download_image",
        "image_content_policy_violation",
        "image_file_not_found",
        "image_file_too_large",
        "image_parse_error",
        "image_too_large",
        "image_too_small",
        "invalid_base64_image",
        "invalid_image",
        "invalid_image_format",
        "invalid_image_mode",
        "invalid_image_url",
        "misalignment_policy_violation",
        "unsupported_image_media_type",
        "vector_store_timeout",
    ];
    match (error.code.as_deref().filter(|code| LISTED.contains(code)), error.kind) {
        (Some(code), _) => code,
        (None, Kind::RateLimit) => "rate_limit_exceeded",
        (None, Kind::InvalidRequest | Kind::TooLarge) => "invalid_prompt",
        (None, _) => "server_error",
    }
}

fn write_usage(usage: Option<&Usage>, w: &mut Writer<'_>) {
    let Some(usage) = usage.filter(|usage| usage.input.is_some() || usage.output.is_some()) else {
        return w.null();
    };
    w.object(|o| {
        o.key("input_tokens").integer(usage.input.unwrap_or(0));
        o.key("input_tokens_details").object(|o| {
            o.key("cached_tokens").integer(usage.cache_read.unwrap_or(0));
            o.key("cache_write_tokens").integer(usage.cache_write.unwrap_or(0));
        });
        o.key("output_tokens").integer(usage.output.unwrap_or(0));
        o.key("output_tokens_details").object(|o| {
            o.key("reasoning_tokens").integer(usage.reasoning.unwrap_or(0));
        });
        o.key("total_tokens").integer(usage.total());
    });
}
