//! Blocks of content, written. Each is an object whose one member says what it is.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlock.html>

use super::context::Context;
use super::{media, told};
use crate::api::family::Api;
use crate::api::gather::Piece;
use crate::api::messages;
use crate::ir::{Block, Cache, Citations, Loss, Text, Thought, ToolResult, ToolUse, Why};
use crate::wire::json::Writer;

/// Whether the API takes a block at all; what is left out is noted.
///
/// Blank texts are refused by the API and say nothing; thinking without its seal and what other APIs sealed are
/// refused too.
pub(super) fn may(block: &Block<'_>, at: &str, context: &mut Context<'_>) -> bool {
    let lost = match block {
        Block::Text(Text { text, .. }) | Block::Refusal(text) if text.is_empty() => return false,
        Block::Text(Text { text, .. }) | Block::Refusal(text) => text.trim().is_empty(),
        Block::Thinking(thought) => thought.signature.is_none(),
        Block::Sealed { id, .. } => id.is_some(),
        Block::Opaque { api, .. } => *api != Api::Converse,
        _ => false,
    };
    if lost {
        context.lose(Loss::dropped(at.to_owned()));
    }
    !lost
}

/// Writes blocks that [`may`] be written, and the marks of caches behind those that have one.
pub(super) fn write_all(pieces: &[Piece<'_>], context: &mut Context<'_>, a: &mut Writer<'_>) {
    for Piece { at, block } in pieces {
        write(block, &at.to_string(), context, a);
        write_mark(mark(block), a);
    }
}

fn mark<'b>(block: &'b Block<'_>) -> Option<&'b Cache<'b>> {
    match block {
        Block::Text(text) => text.cache.as_ref(),
        Block::ToolUse(tool) => tool.cache.as_ref(),
        Block::ToolResult(result) => result.cache.as_ref(),
        Block::Image(media) | Block::Document(media) | Block::Audio(media) | Block::Video(media) => {
            media.cache.as_ref()
        }
        _ => None,
    }
}

/// Writes the mark of a cache, which is an element of its own (F5).
pub(super) fn write_mark(cache: Option<&Cache<'_>>, a: &mut Writer<'_>) {
    let Some(cache) = cache else { return };
    a.object(|o| {
        o.key("cachePoint").object(|o| {
            o.key("type").string("default");
            cache.ttl.iter().for_each(|ttl| o.key("ttl").string(ttl));
        });
    });
}

fn write(block: &Block<'_>, at: &str, context: &mut Context<'_>, a: &mut Writer<'_>) {
    match block {
        Block::Text(text) => write_text(text, at, context, a),
        Block::Refusal(words) => {
            context.lose(Loss::new(at.to_owned(), Why::Approximated));
            a.object(|o| o.key("text").string(words));
        }
        Block::Thinking(thought) => write_thought(thought, a),
        Block::Sealed { data, .. } => write_sealed(data, a),
        Block::ToolUse(tool) if context.more.tells => told::write_use(tool, at, context, a),
        Block::ToolResult(result) if context.more.tells => told::write_result(result, at, context, a),
        Block::ToolUse(tool) => write_use(tool, at, context, a),
        Block::ToolResult(result) => write_result(result, at, context, a),
        Block::Image(image) => media::write_image(image, at, context, a),
        Block::Document(document) => media::write_document(document, at, context, a),
        Block::Opaque { raw, .. } => a.raw(raw),
        Block::Audio(audio) => media::write_audio(audio, at, context, a),
        Block::Video(video) => media::write_video(video, at, context, a),
    }
}

fn write_text(text: &Text<'_>, at: &str, context: &mut Context<'_>, a: &mut Writer<'_>) {
    context.lose_rest(&text.rest, &at);
    match &text.citations {
        Some(Citations { api: Api::Converse, raw }) => return write_cited(&text.text, raw, a),
        Some(_) => context.lose(Loss::dropped(format!("{at}.citations"))),
        None => {}
    }
    a.object(|o| o.key("text").string(&text.text));
}

/// Writes a text with what it rests on.
pub(super) fn write_cited(text: &str, citations: &str, a: &mut Writer<'_>) {
    a.object(|o| {
        o.key("citationsContent").object(|o| {
            o.key("content").array(|a| a.object(|o| o.key("text").string(text)));
            o.key("citations").raw(citations);
        });
    });
}

/// Writes thinking with its seal.
pub(super) fn write_thought(thought: &Thought<'_>, a: &mut Writer<'_>) {
    a.object(|o| {
        o.key("reasoningContent").object(|o| {
            o.key("reasoningText").object(|o| {
                o.key("text").string(&thought.text);
                thought.signature.iter().for_each(|seal| o.key("signature").string(seal));
            });
        });
    });
}

/// Writes thinking that cannot be read.
pub(super) fn write_sealed(data: &str, a: &mut Writer<'_>) {
    a.object(|o| o.key("reasoningContent").object(|o| o.key("redactedContent").string(data)));
}

fn write_use(tool: &ToolUse<'_>, at: &str, context: &mut Context<'_>, a: &mut Writer<'_>) {
    context.lose_rest(&tool.rest, &at);
    if tool.signature.is_some() {
        context.lose(Loss::dropped(format!("{at}.signature")));
    }
    a.object(|o| {
        o.key("toolUse").object(|o| {
            o.key("toolUseId").string(&tool.id);
            o.key("name").string(&tool.name);
            if !messages::write_input(tool.kind, &tool.arguments, o.key("input")) {
                context.lose(Loss::new(format!("{at}.arguments"), Why::Approximated));
            }
        });
    });
}

fn write_result(result: &ToolResult<'_>, at: &str, context: &mut Context<'_>, a: &mut Writer<'_>) {
    context.lose_rest(&result.rest, &at);
    a.object(|o| {
        o.key("toolResult").object(|o| {
            o.key("toolUseId").string(&result.id);
            o.key("content").array(|a| write_parts(result, at, context, a));
            if result.is_error {
                o.key("status").string("error");
            }
        });
    });
}

/// Writes what is in a result.
pub(super) fn write_parts(result: &ToolResult<'_>, at: &str, context: &mut Context<'_>, a: &mut Writer<'_>) {
    let parts = result.content.iter().enumerate();
    parts.for_each(|(index, part)| write_part(part, &format!("{at}.content[{index}]"), context, a));
}

/// Writes a part of a result. There are no marks of caches within.
fn write_part(part: &Block<'_>, at: &str, context: &mut Context<'_>, a: &mut Writer<'_>) {
    if !may(part, at, context) {
        return;
    }
    if mark(part).is_some() {
        context.lose(Loss::dropped(format!("{at}.cache_control")));
    }
    match part {
        Block::Text(_) | Block::Refusal(_) | Block::Image(_) | Block::Document(_) | Block::Video(_) => {
            write(part, at, context, a)
        }
        _ => context.lose(Loss::dropped(at.to_owned())),
    }
}
