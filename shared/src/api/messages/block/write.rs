//! Blocks, written.

use std::fmt::Display;

use super::mark::write_cache;
use super::media;
use crate::api::context::Context;
use crate::api::family::Api;
use crate::error::Error;
use crate::ir::{Block, Citations, Loss, Media, Source, Text, Thought, ToolKind, ToolResult, ToolUse, Why};
use crate::wire::json::{Json, Kind, Writer};

/// Whether the API takes a block at all; what is left out is noted, and what cannot be is refused.
///
/// Empty texts are refused by the API and say nothing; thinking without its seal and what other APIs sealed are
/// refused too.
pub(in crate::api::messages) fn may(block: &Block<'_>, at: &dyn Display, context: &mut Context<'_>) -> bool {
    let lost = match block {
        Block::Text(Text { text, .. }) | Block::Refusal(text) if text.is_empty() => return false,
        Block::Text(Text { text, .. }) | Block::Refusal(text) => !context.own && text.trim().is_empty(),
        Block::Thinking(thought) => !context.own && thought.signature.is_none(),
        // This API gives what it seals no id: one that has an id is another's.
        Block::Sealed { id, .. } => id.is_some(),
        Block::Opaque { api, .. } => *api != Api::Messages,
        Block::Audio(_) => {
            context.refuse(unfit(at, "This model's API takes no recordings."));
            false
        }
        Block::Video(_) => {
            context.refuse(unfit(at, "This model's API takes no videos."));
            false
        }
        Block::Image(media) | Block::Document(media) => {
            check_source(media, at, context);
            false
        }
        Block::ToolUse(_) | Block::ToolResult(_) => false,
    };
    if lost {
        context.lose(Loss::dropped(at.to_string()));
    }
    !lost
}

/// An uploaded file is known only where it was uploaded.
fn check_source(media: &Media<'_>, at: &dyn Display, context: &mut Context<'_>) {
    if !context.own && matches!(media.source, Source::File(_)) {
        context.refuse(unfit(at, "The file was uploaded to another provider; send its bytes or a URL."));
    }
}

fn unfit(at: &dyn Display, message: &str) -> Error {
    Error::invalid_param(at.to_string(), message).with_code("unsupported_content")
}

/// Whether there is nothing to say of the text but its words.
pub(in crate::api::messages) fn is_plain(text: &Text<'_>) -> bool {
    text.cache.is_none() && text.citations.is_none() && text.rest.is_empty()
}

/// Writes a block that [`may`] be written.
pub(in crate::api::messages) fn write(
    block: &Block<'_>,
    at: &dyn Display,
    context: &mut Context<'_>,
    a: &mut Writer<'_>,
) {
    if let Block::Opaque { raw, .. } = block {
        return a.raw(raw);
    }
    a.object(|o| match block {
        Block::Text(text) => write_text(text, at, context, o),
        Block::Refusal(words) => {
            context.lose(Loss::new(at.to_string(), Why::Approximated));
            o.key("type").string("text");
            o.key("text").string(words);
        }
        Block::Thinking(thought) => write_thought(thought, context, o),
        Block::Sealed { data, .. } => {
            o.key("type").string("redacted_thinking");
            o.key("data").string(data);
        }
        Block::ToolUse(tool) => write_use(tool, at, context, o),
        Block::ToolResult(result) => write_result(result, at, context, o),
        Block::Image(media) => media::write("image", media, at, context, o),
        Block::Document(media) | Block::Audio(media) | Block::Video(media) => {
            media::write("document", media, at, context, o);
        }
        Block::Opaque { .. } => {}
    });
}

fn write_text(text: &Text<'_>, at: &dyn Display, context: &mut Context<'_>, o: &mut Writer<'_>) {
    o.key("type").string("text");
    o.key("text").string(&text.text);
    match &text.citations {
        Some(Citations { api: Api::Messages, raw }) => o.key("citations").raw(raw),
        Some(_) => context.lose(Loss::dropped(format!("{at}.citations"))),
        None => {}
    }
    write_cache(text.cache.as_ref(), o);
    context.write_rest(&text.rest, at, o);
}

/// Other APIs' members of a thought only say in which form it came.
fn write_thought(thought: &Thought<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    o.key("type").string("thinking");
    o.key("thinking").string(&thought.text);
    o.key("signature").string(thought.signature.as_deref().unwrap_or_default());
    if context.own {
        thought.rest.iter().for_each(|(name, value)| o.key(name).json(*value));
    }
}

fn write_use(tool: &ToolUse<'_>, at: &dyn Display, context: &mut Context<'_>, o: &mut Writer<'_>) {
    o.key("type").string("tool_use");
    o.key("id").string(&tool.id);
    o.key("name").string(&tool.name);
    if !write_input(tool.kind, &tool.arguments, o.key("input")) {
        context.lose(Loss::new(format!("{at}.arguments"), Why::Approximated));
    }
    if tool.signature.is_some() {
        context.lose(Loss::dropped(format!("{at}.signature")));
    }
    write_cache(tool.cache.as_ref(), o);
    context.write_rest(&tool.rest, at, o);
}

/// Writes arguments as the object that the API demands; says whether they could be written as they are.
///
/// Text that is no JSON object is wrapped in the way the API's documentation tells clients to give invalid JSON back:
/// <https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/fine-grained-tool-streaming>. A custom tool's text is
/// wrapped as [its tool](crate::api::messages::tool) says it will be.
pub(in crate::api) fn write_input(kind: ToolKind, arguments: &str, value: &mut Writer<'_>) -> bool {
    if kind == ToolKind::Custom {
        value.object(|o| o.key("input").string(arguments));
        return true;
    }
    if arguments.trim().is_empty() {
        value.json(Json::EMPTY);
        return true;
    }
    match Json::parse(arguments.as_bytes()).ok().filter(|json| json.kind() == Kind::Object) {
        Some(json) => value.json(json),
        None => {
            value.object(|o| o.key("INVALID_JSON").string(arguments));
            return false;
        }
    }
    true
}

fn write_result(result: &ToolResult<'_>, at: &dyn Display, context: &mut Context<'_>, o: &mut Writer<'_>) {
    o.key("type").string("tool_result");
    o.key("tool_use_id").string(&result.id);
    let parts = result.content.iter().enumerate();
    let parts = parts.map(|(index, block)| (format!("{at}.content[{index}]"), block));
    let parts: Vec<_> = parts.filter(|(at, block)| may(block, at, context)).collect();
    match parts.as_slice() {
        [] => {}
        [(_, Block::Text(text))] if is_plain(text) => o.key("content").string(&text.text),
        parts => {
            o.key("content").array(|a| parts.iter().for_each(|(at, block)| write(block, at, context, a)))
        }
    }
    if result.is_error {
        o.key("is_error").boolean(true);
    }
    write_cache(result.cache.as_ref(), o);
    context.write_rest(&result.rest, at, o);
}
