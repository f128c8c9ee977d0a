//! Whole answers: `chat.completion`.
//!
//! <https://platform.openai.com/docs/api-reference/chat/object>

use std::borrow::Cow;

use bytes::BytesMut;

use super::answer::{self, Answer, Choice, Others};
use super::{reasoning, tool, usage};
use crate::api::aim::{Aim, Sink};
use crate::api::cite::Cited;
use crate::api::codec::Echo;
use crate::api::family::Api;
use crate::api::{cite, lost, openai};
use crate::error::{Error, Kind};
use crate::ir::{Block, Event, Loss, Media, Response, Rest, Source, Start, StopReason, Usage};
use crate::wire::json::{Json, Malformed, Writer};

/// The members of an answer that are read, the last of them its [head](answer::HEAD).
const MEMBERS: [&str; 8] = ["error", "object", "choices", "usage", "id", "model", "created", "service_tier"];

/// Reads a whole answer, as one delta that has everything.
pub(super) fn read(body: Json<'_>, aim: Aim, sink: &mut Sink<'_>) -> Result<(), Malformed> {
    let [error, object, choices, usage, head @ ..] = body.pick(MEMBERS);
    if let Some(error) = failure_of(body, error, object) {
        sink(Event::Fail(error));
        return Ok(());
    }
    let Some((Some(choice), others)) = choices.map(Choice::split) else {
        return Err(Malformed { offset: 0, what: "expected an answer with choices" });
    };
    let mut answer = Answer::new(aim);
    answer.start(head, body, sink);
    if let Err(error) = finish(&mut answer, choice, &others, usage, sink) {
        sink(Event::Fail(error));
    }
    Ok(())
}

fn finish(
    answer: &mut Answer,
    choice: Choice<'_>,
    others: &[Choice<'_>],
    usage: Option<Json<'_>>,
    sink: &mut Sink<'_>,
) -> Result<(), Error> {
    answer.choice(&choice, sink)?;
    let mut answers = Others::new(answer.aim());
    answers.take(others, sink)?;
    answers.finish(sink)?;
    if let Some(usage) = usage.and_then(Json::present) {
        usage::name_others(usage, answer.aim(), sink);
        sink(Event::Usage(usage::read(usage)));
    }
    answer.finish(sink)
}

/// The error that a body with a status of success has instead of an answer (E8), by two of its members.
pub(super) fn failure_of(body: Json<'_>, error: Option<Json<'_>>, object: Option<Json<'_>>) -> Option<Error> {
    let bare = || object.filter(|object| object.string().as_deref() == Some("error"));
    let inner = error.and_then(Json::present).or_else(|| bare().map(|_| body))?;
    // OpenRouter and vLLM say the status in `code`.
    let status = inner.get("code").and_then(Json::number).filter(|status| (400..600).contains(status));
    Some(openai::error_of(inner, status.map_or(Kind::Api, Kind::of_status)))
}

/// What ids of chats begin with.
const CHAT: &str = "chatcmpl-";

/// What every object of an answer says of it.
#[derive(Clone, Debug)]
pub(super) struct Head {
    id: String,
    created: u64,
    service_tier: Option<String>,
    /// What ids of calls are made from where the provider gave none.
    base: String,
}

impl Head {
    pub(super) fn new(start: &Start<'_>, echo: &Echo) -> Head {
        let base = if start.id.is_empty() { &*echo.id } else { &*start.id };
        Head {
            id: format!(
                "{}{}",
                if echo.is_text { "cmpl-" } else { CHAT },
                base.strip_prefix(CHAT).unwrap_or(base)
            ),
            created: start.created.unwrap_or(echo.created),
            service_tier: start.service_tier.as_deref().map(|tier| openai::tier_word(tier).to_owned()),
            base: base.to_owned(),
        }
    }

    /// Takes the tier that is told of late.
    pub(super) fn set_tier(&mut self, tier: &str) {
        self.service_tier = Some(openai::tier_word(tier).to_owned());
    }

    /// The answer's id.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// D18: the client sees the model it asked for.
    pub(super) fn write(&self, object: &str, echo: &Echo, o: &mut Writer<'_>) {
        o.key("id").string(&self.id);
        o.key("object").string(object);
        o.key("created").integer(self.created);
        o.key("model").string(&echo.model);
        if let Some(tier) = &self.service_tier {
            o.key("service_tier").string(tier);
        }
    }

    /// A call's id, made from the answer's and the call's place where the provider gave none.
    pub(super) fn call_id<'i>(&self, id: &'i str, place: usize) -> Cow<'i, str> {
        match id.is_empty() {
            true => Cow::Owned(format!("call_{}_{place}", self.base)),
            false => Cow::Borrowed(id),
        }
    }
}

/// Writes a whole answer.
pub(super) fn write(response: &Response, echo: &Echo, out: &mut BytesMut) {
    let head = Head::new(&response.start, echo);
    let legacy = tool::is_legacy(echo);
    Writer::new(out).object(|o| {
        head.write("chat.completion", echo, o);
        o.key("choices").array(|a| {
            let answers = std::iter::once(response).chain(&response.others);
            (0..).zip(answers).for_each(|(index, answer)| write_choice(answer, index, &head, legacy, a));
        });
        if is_known(&response.usage) {
            usage::write(&response.usage, o.key("usage"));
        }
    });
}

fn write_choice(answer: &Response, index: u32, head: &Head, legacy: bool, a: &mut Writer<'_>) {
    a.object(|o| {
        o.key("index").integer(index);
        o.key("message").object(|o| write_message(&answer.blocks, head, legacy, o));
        write_logprobs(&answer.blocks, o.key("logprobs"));
        o.key("finish_reason").string(finish_reason(answer, legacy));
    });
}

/// Writes the tokens of all words together, or `null` where there are none.
fn write_logprobs(blocks: &[Block<'_>], value: &mut Writer<'_>) {
    let lists = blocks.iter().filter_map(|block| match block {
        Block::Text(text) => text.logprobs.as_deref(),
        _ => None,
    });
    let lists: Vec<&str> = lists.collect();
    match lists.is_empty() {
        true => value.null(),
        false => write_tokens(&lists, value),
    }
}

/// Writes the value of a choice's `logprobs`.
pub(super) fn write_tokens(lists: &[&str], value: &mut Writer<'_>) {
    value.object(|o| {
        o.key("content").array(|a| lists.iter().for_each(|list| write_items(list, a)));
        o.key("refusal").null();
    });
}

/// Writes the elements of a list in JSON.
fn write_items(list: &str, a: &mut Writer<'_>) {
    let list = Json::parse(list.as_bytes()).unwrap_or(Json::NULL);
    list.items().for_each(|item| a.json(item));
}

/// Whether the provider counted anything.
pub(super) fn is_known(usage: &Usage) -> bool {
    usage.input.is_some() || usage.output.is_some()
}

fn finish_reason(response: &Response, legacy: bool) -> &str {
    let refused = response.blocks.iter().any(|block| matches!(block, Block::Refusal(_)));
    let reason = response.stop.as_ref().map_or(&StopReason::Done, |stop| &stop.reason);
    answer::word(reason, refused, legacy)
}

fn write_message(blocks: &[Block<'_>], head: &Head, legacy: bool, o: &mut Writer<'_>) {
    o.key("role").string("assistant");
    write_words("content", blocks, text, o);
    write_words("refusal", blocks, refusal, o);
    write_reasoning(blocks, o);
    write_citations(blocks, o);
    write_media(blocks, head, o);
    write_calls(blocks, head, legacy, o);
}

fn text<'b>(block: &'b Block<'_>) -> Option<&'b str> {
    match block {
        Block::Text(text) => Some(&text.text),
        _ => None,
    }
}

fn refusal<'b>(block: &'b Block<'_>) -> Option<&'b str> {
    match block {
        Block::Refusal(words) => Some(words),
        _ => None,
    }
}

/// Writes the words of all blocks of a kind together, or `null` where there is none.
fn write_words(
    name: &str,
    blocks: &[Block<'_>],
    words: impl for<'b> Fn(&'b Block<'_>) -> Option<&'b str>,
    o: &mut Writer<'_>,
) {
    let mut found: Option<String> = None;
    for words in blocks.iter().filter_map(words) {
        found.get_or_insert_default().push_str(words);
    }
    openai::optional(o.key(name), found.as_deref());
}

/// C2: thinking, in the members that most clients know; seals where OpenRouter's clients look for them.
fn write_reasoning(blocks: &[Block<'_>], o: &mut Writer<'_>) {
    let text = reasoning::joined(blocks);
    if !text.is_empty() {
        o.key("reasoning_content").string(&text);
    }
    let sealed = |block: &Block<'_>| match block {
        Block::Thinking(thought) => thought.signature.is_some(),
        Block::Sealed { .. } => true,
        _ => false,
    };
    if blocks.iter().any(sealed) {
        o.key("reasoning_details").array(|a| reasoning::write_details(blocks, a));
    }
}

fn write_citations(blocks: &[Block<'_>], o: &mut Writer<'_>) {
    let lists: Vec<&str> = blocks.iter().filter_map(own_citations).collect();
    if lists.is_empty() {
        return;
    }
    o.key("annotations").array(|a| {
        for list in lists {
            let list = Json::parse(list.as_bytes()).unwrap_or(Json::NULL);
            list.items().for_each(|citation| a.json(citation));
        }
    });
}

/// Annotations of what a text rests on; none where nothing has an address. They count the characters of all of the
/// message's content.
pub(super) fn citations(cited: &Cited<'_>, losses: &mut Vec<Loss>) -> Option<String> {
    let before = cited.before.chars().count();
    let addressed: Vec<_> =
        cited.links.iter().filter_map(|link| Some((link, link.url.as_deref()?))).collect();
    if addressed.len() < cited.links.len() {
        losses.push(cite::dropped("document"));
    }
    if addressed.iter().any(|(link, _)| link.is_quoted() || link.place.is_some()) {
        losses.push(cite::approximated());
    }
    let mut out = BytesMut::new();
    Writer::new(&mut out).array(|a| {
        for (link, url) in &addressed {
            a.object(|o| {
                o.key("type").string("url_citation");
                o.key("url_citation").object(|o| openai::write_link(link, url, cited.text, before, o));
            });
        }
    });
    (!addressed.is_empty()).then(|| String::from_utf8_lossy(&out).into_owned())
}

/// What of an event no message of this API says.
pub(super) fn lacks(event: &Event<'_>) -> Vec<Loss> {
    match event {
        Event::Open { block, .. } => lost::foreign(Api::Completions, block),
        Event::Usage(usage) => lost::uncounted(&[("cache_write_1h", usage.cache_write_1h)]),
        Event::Stop(stop) => lost::unsaid(stop, false),
        Event::Start(Start { service_tier: Some(tier), .. }) | Event::Tier(tier) => openai::lost_tier(tier),
        _ => Vec::new(),
    }
}

fn own_citations<'b>(block: &'b Block<'_>) -> Option<&'b str> {
    let Block::Text(text) = block else { return None };
    let citations = text.citations.as_ref()?;
    (citations.api == Api::Completions).then_some(&*citations.raw)
}

fn write_media(blocks: &[Block<'_>], head: &Head, o: &mut Writer<'_>) {
    let is_image = |block: &&Block<'_>| matches!(block, Block::Image(_));
    if blocks.iter().any(|block| is_image(&block)) {
        o.key("images").array(|a| blocks.iter().for_each(|block| write_image(block, a)));
    }
    let audio = blocks.iter().find_map(|block| match block {
        Block::Audio(media) => Some(media),
        _ => None,
    });
    if let Some(media) = audio {
        write_audio(media, head, o);
    }
}

fn write_image(block: &Block<'_>, a: &mut Writer<'_>) {
    if let Block::Image(Media { source: Source::Base64 { media_type, data }, .. }) = block {
        write_image_data(media_type, data, a);
    }
}

/// A generated image, as OpenRouter and others give it.
pub(super) fn write_image_data(media_type: &str, data: &str, a: &mut Writer<'_>) {
    a.object(|o| {
        o.key("type").string("image_url");
        o.key("image_url").object(|o| o.key("url").string(&openai::data_url(media_type, data)));
    });
}

fn write_audio(media: &Media<'_>, head: &Head, o: &mut Writer<'_>) {
    let Source::Base64 { data, .. } = &media.source else { return };
    o.key("audio").object(|o| {
        o.key("id").string(media.title.as_deref().unwrap_or(&head.id));
        o.key("data").string(data);
        o.key("transcript").string(media.context.as_deref().unwrap_or_default());
        // No other API says how long a recording may be referred to; here it may not.
        o.key("expires_at").integer(head.created);
    });
}

fn write_calls(blocks: &[Block<'_>], head: &Head, legacy: bool, o: &mut Writer<'_>) {
    let calls = blocks.iter().filter_map(|block| match block {
        Block::ToolUse(call) => Some(call),
        _ => None,
    });
    let mut calls = calls.enumerate().peekable();
    if let Some((_, call)) = calls.next_if(|_| legacy) {
        tool::write_function_call(Some(&call.name), tool::input_of(call), o);
    }
    if calls.peek().is_none() {
        return;
    }
    o.key("tool_calls").array(|a| {
        for (place, call) in calls {
            tool::write_call(call, &head.call_id(&call.id, place), &Rest::new(), a);
        }
    });
}
