//! Whole answers, and the parts that streams have in common with them.

use bytes::BytesMut;

use crate::api::codec::Echo;
use crate::api::family::Api;
use crate::api::generate::answer::SOURCES;
use crate::api::generate::{error, logprobs, stop, usage};
use crate::api::{lost, messages};
use crate::ir::{Block, Citations, Event, Loss, Media, Response, Source, Start, ToolUse};
use crate::wire::json::{Json, Writer};

/// Writes a whole answer; one that the provider broke off is its error.
pub(in crate::api::generate) fn write(response: &Response, echo: &Echo, out: &mut BytesMut) {
    if let Some(failure) = &response.error {
        return error::write(failure, out);
    }
    Writer::new(out).object(|o| {
        o.key("candidates").array(|a| {
            let answers = std::iter::once(response).chain(&response.others);
            (0..).zip(answers).for_each(|(index, answer)| a.object(|o| write_candidate(answer, index, o)));
        });
        usage::write(&response.usage, o.key("usageMetadata"));
        write_names(&response.start, echo, o);
    });
}

fn write_candidate(answer: &Response, index: u32, o: &mut Writer<'_>) {
    let refused = answer.blocks.iter().any(|block| matches!(block, Block::Refusal(_)));
    write_content(o, |a| answer.blocks.iter().for_each(|block| write_block(block, a)));
    o.key("finishReason").string(stop::word(answer.stop.as_ref(), refused));
    o.key("index").integer(index);
    let lists = answer.blocks.iter().filter_map(tokens);
    if lists.clone().next().is_some() {
        logprobs::write(lists, o.key("logprobsResult"));
    }
    for name in SOURCES {
        let sources = answer.blocks.iter().rev().find_map(|block| cited(block, name));
        sources.iter().for_each(|sources| o.key(name).raw(sources));
    }
}

/// What of an event no answer says. The tier that serves one goes in a header of Google's own, and is for its clients in
/// none of their types.
pub(in crate::api::generate) fn lacks(event: &Event<'_>) -> Vec<Loss> {
    match event {
        Event::Open { block, .. } => lost::foreign(Api::Generate, block),
        Event::Usage(usage) => {
            lost::uncounted(&[("cache_write", usage.cache_write), ("cache_write_1h", usage.cache_write_1h)])
        }
        Event::Stop(stop) => lost::unsaid(stop, false),
        Event::Start(Start { service_tier: Some(tier), .. }) | Event::Tier(tier) => match &**tier {
            "default" | "standard" | "on_demand" => Vec::new(),
            _ => lost::dropped("service_tier"),
        },
        _ => Vec::new(),
    }
}

/// Writes a candidate's `content`.
pub(super) fn write_content(o: &mut Writer<'_>, parts: impl FnOnce(&mut Writer<'_>)) {
    o.key("content").object(|o| {
        o.key("parts").array(|a| parts(a));
        o.key("role").string("model");
    });
}

/// Writes which model answers, and the answer's id.
pub(super) fn write_names(start: &Start<'_>, echo: &Echo, o: &mut Writer<'_>) {
    o.key("modelVersion").string(&echo.model);
    o.key("responseId").string(if start.id.is_empty() { &echo.id } else { &start.id });
}

/// A text's tokens with their log probabilities.
fn tokens<'b>(block: &'b Block<'_>) -> Option<&'b str> {
    let Block::Text(text) = block else { return None };
    text.logprobs.as_deref()
}

/// What a text says of its sources under this name, in the API's own words.
fn cited(block: &Block<'_>, name: &str) -> Option<String> {
    let Block::Text(text) = block else { return None };
    let Some(Citations { api: Api::Generate, raw }) = &text.citations else { return None };
    let list = Json::parse(raw.as_bytes()).ok()?;
    list.items().filter_map(|item| item.get(name)).last().map(|sources| sources.raw().to_owned())
}

/// Writes a block as a part.
pub(super) fn write_block(block: &Block<'_>, a: &mut Writer<'_>) {
    match block {
        Block::Opaque { api: Api::Generate, raw } => a.raw(raw),
        // Nothing that only another API's clients can read, and nothing that only conversations have.
        Block::Opaque { .. } | Block::ToolResult(_) | Block::Sealed { .. } => {}
        Block::Text(text) => write_words(&text.text, text.signature.as_deref(), a),
        Block::Refusal(words) => write_words(words, None, a),
        Block::Thinking(thought) => write_thought(&thought.text, thought.signature.as_deref(), a),
        Block::Image(media) | Block::Document(media) | Block::Audio(media) | Block::Video(media) => {
            write_media(media, a)
        }
        Block::ToolUse(tool) => write_call(tool, a),
    }
}

/// Writes words.
pub(super) fn write_words(words: &str, signature: Option<&str>, a: &mut Writer<'_>) {
    a.object(|o| {
        o.key("text").string(words);
        signature.iter().for_each(|signature| o.key("thoughtSignature").string(signature));
    });
}

/// Writes a thought.
pub(super) fn write_thought(words: &str, signature: Option<&str>, a: &mut Writer<'_>) {
    if words.is_empty() && signature.is_none() {
        return;
    }
    a.object(|o| {
        o.key("text").string(words);
        o.key("thought").boolean(true);
        signature.iter().for_each(|signature| o.key("thoughtSignature").string(signature));
    });
}

/// Writes a call, whose arguments are an object here.
pub(super) fn write_call(tool: &ToolUse<'_>, a: &mut Writer<'_>) {
    a.object(|o| {
        o.key("functionCall").object(|o| {
            if !tool.id.is_empty() {
                o.key("id").string(&tool.id);
            }
            o.key("name").string(&tool.name);
            messages::write_input(tool.kind, &tool.arguments, o.key("args"));
        });
        tool.signature.iter().for_each(|signature| o.key("thoughtSignature").string(signature));
    });
}

/// Writes bytes, or the transcript of a recording beside which there are none.
pub(super) fn write_media(media: &Media<'_>, a: &mut Writer<'_>) {
    if let Source::Base64 { media_type, data } = &media.source {
        a.object(|o| {
            o.key("inlineData").object(|o| {
                o.key("mimeType").string(media_type);
                o.key("data").string(data);
            });
        });
    }
    media.context.iter().for_each(|transcript| write_words(transcript, None, a));
}
