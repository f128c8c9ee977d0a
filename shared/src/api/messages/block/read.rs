//! Blocks, read.

use std::borrow::Cow;

use super::mark::{cache, others};
use super::media;
use crate::api::family::Api;
use crate::api::member::{boolean, of_kind, optional, present, required, rest};
use crate::api::messages::request::read_content;
use crate::error::Error;
use crate::ir::{Block, Citations, Text, Thought, ToolKind, ToolResult, ToolUse};
use crate::wire::json::{Json, Kind};

/// Reads a block. One of a kind that has no form in the representation stays as it is.
pub(in crate::api::messages) fn read<'a>(block: Json<'a>) -> Result<Block<'a>, Error> {
    if block.kind() != Kind::Object {
        return Err(Error::invalid("Each content block must be an object with a `type`."));
    }
    match &*required(block, "type")? {
        "text" => read_text(block).map(Block::Text),
        "thinking" => read_thought(block).map(Block::Thinking),
        "redacted_thinking" => Ok(Block::Sealed { data: required(block, "data")?, id: None }),
        "tool_use" => read_use(block).map(Block::ToolUse),
        "tool_result" => read_result(block).map(Block::ToolResult),
        "image" => Ok(media::read(block)?.map_or_else(|| opaque(block), Block::Image)),
        "document" => Ok(media::read(block)?.map_or_else(|| opaque(block), Block::Document)),
        "search_result" => media::read_search(block).map(Block::Document),
        _ => Ok(opaque(block)),
    }
}

fn opaque(block: Json<'_>) -> Block<'_> {
    Block::Opaque { api: Api::Messages, raw: Cow::Borrowed(block.raw()) }
}

fn read_text<'a>(block: Json<'a>) -> Result<Text<'a>, Error> {
    let citations = present(block, "citations").filter(|citations| citations.items().next().is_some());
    let cache = cache(block);
    Ok(Text {
        text: required(block, "text")?,
        citations: citations.map(|list| Citations { api: Api::Messages, raw: Cow::Borrowed(list.raw()) }),
        logprobs: None,
        signature: None,
        rest: others(block, &["type", "text", "citations"], &cache),
        cache,
    })
}

fn read_thought<'a>(block: Json<'a>) -> Result<Thought<'a>, Error> {
    Ok(Thought {
        text: required(block, "thinking")?,
        signature: optional(block, "signature")?.filter(|seal| !seal.is_empty()),
        id: None,
        rest: rest(block, &["type", "thinking", "signature"]),
    })
}

fn read_use<'a>(block: Json<'a>) -> Result<ToolUse<'a>, Error> {
    let input = present(block, "input").map(|input| of_kind(input, "input", Kind::Object)).transpose()?;
    let cache = cache(block);
    let mut rest = others(block, &["type", "id", "name", "input"], &cache);
    rest.retain(|(name, value)| name != "caller" || !is_direct(*value));
    Ok(ToolUse {
        id: required(block, "id")?,
        name: required(block, "name")?,
        kind: ToolKind::Function,
        arguments: Cow::Borrowed(input.map_or("", Json::raw)),
        signature: None,
        cache,
        rest,
    })
}

/// Whether the model itself wanted the tool, as it usually does, and no program of its.
fn is_direct(caller: Json<'_>) -> bool {
    caller.get("type").and_then(Json::string).as_deref() == Some("direct")
}

/// Content may be a string, blocks, or not there at all (B6).
fn read_result<'a>(block: Json<'a>) -> Result<ToolResult<'a>, Error> {
    let cache = cache(block);
    let content = present(block, "content").map(|content| read_content(content, "content")).transpose()?;
    let is_error = present(block, "is_error").map(|is_error| boolean(is_error, "is_error")).transpose()?;
    Ok(ToolResult {
        id: required(block, "tool_use_id")?,
        content: content.unwrap_or_default(),
        is_error: is_error.unwrap_or_default(),
        kind: ToolKind::Function,
        rest: others(block, &["type", "tool_use_id", "content", "is_error"], &cache),
        cache,
    })
}
