//! Blocks, written as parts.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::{media, result};
use crate::api::context::Context;
use crate::api::family::Api;
use crate::api::generate::conversation::MADE;
use crate::api::messages;
use crate::ir::{Block, Loss, Text, Thought, ToolUse, Why};
use crate::wire::json::Writer;

/// Whether the API has a place for a block; a loss where it hasn't.
pub(in crate::api::generate) fn may(block: &Block<'_>, at: &dyn Display, context: &mut Context<'_>) -> bool {
    let lost = match block {
        Block::Opaque { api, .. } => *api != Api::Generate,
        Block::Sealed { .. } => true,
        // The API refuses empty words.
        Block::Text(text) => return context.own || !text.text.is_empty() || text.signature.is_some(),
        _ => false,
    };
    if lost {
        context.lose(Loss::dropped(at.to_string()));
    }
    !lost
}

/// Writes a block as a part. `names` are the functions' by the ids of calls; `called` is whether there has been a call
/// in this content, since only the first of parallel ones is signed.
pub(in crate::api::generate) fn write(
    block: &Block<'_>,
    at: &dyn Display,
    names: &BTreeMap<&str, &str>,
    called: &mut bool,
    context: &mut Context<'_>,
    a: &mut Writer<'_>,
) {
    match block {
        Block::Opaque { raw, .. } => a.raw(raw),
        Block::Sealed { .. } => {}
        Block::Thinking(thought) => write_thought(thought, at, context, a),
        Block::Text(text) => a.object(|o| write_text(text, at, context, o)),
        Block::Refusal(words) => a.object(|o| o.key("text").string(words)),
        Block::Image(media) | Block::Document(media) | Block::Audio(media) | Block::Video(media) => {
            a.object(|o| media::write(media, at, context, o));
        }
        Block::ToolUse(tool) => a.object(|o| write_call(tool, at, called, context, o)),
        Block::ToolResult(result) => a.object(|o| result::write(result, at, names, context, o)),
    }
}

/// Notes what is said about words, or a document that is told in words, and has no place.
pub(super) fn lose_about(block: &Block<'_>, at: &dyn Display, context: &mut Context<'_>) {
    let text = match block {
        Block::Text(text) => text,
        Block::Document(media) => return media::lose_about(media, at, context),
        _ => return,
    };
    context.lose_cache(text.cache.is_some(), at);
    if text.citations.is_some() {
        context.lose(Loss::dropped(format!("{at}.citations")));
    }
}

fn write_text(text: &Text<'_>, at: &dyn Display, context: &mut Context<'_>, o: &mut Writer<'_>) {
    o.key("text").string(&text.text);
    text.signature.iter().for_each(|signature| o.key("thoughtSignature").string(signature));
    lose_about(&Block::Text(text.clone()), at, context);
    context.write_rest(&text.rest, at, o);
}

/// Words of other models' thinking say something without a signature too, but nothing says nothing.
fn write_thought(thought: &Thought<'_>, at: &dyn Display, context: &mut Context<'_>, a: &mut Writer<'_>) {
    if thought.text.is_empty() && thought.signature.is_none() && !context.own {
        return;
    }
    a.object(|o| {
        o.key("text").string(&thought.text);
        o.key("thought").boolean(true);
        thought.signature.iter().for_each(|signature| o.key("thoughtSignature").string(signature));
        context.write_rest(&thought.rest, at, o);
    });
}

fn write_call(
    tool: &ToolUse<'_>,
    at: &dyn Display,
    called: &mut bool,
    context: &mut Context<'_>,
    o: &mut Writer<'_>,
) {
    context.lose_cache(tool.cache.is_some(), at);
    let first = !std::mem::replace(called, true);
    o.key("functionCall").object(|o| {
        if !tool.id.starts_with(MADE) {
            o.key("id").string(&tool.id);
        }
        o.key("name").string(&tool.name);
        if !context.own || !tool.arguments.is_empty() {
            let valid = messages::write_input(tool.kind, &tool.arguments, o.key("args"));
            if !valid {
                context.lose(Loss::new(format!("{at}.arguments"), Why::Approximated));
            }
        }
    });
    let stand_in = context.quirks.unsigned_calls.filter(|_| first && !context.own);
    let signature = tool.signature.as_deref().or(stand_in);
    signature.iter().for_each(|signature| o.key("thoughtSignature").string(signature));
    context.write_rest(&tool.rest, at, o);
}
