//! Parts of a client's request, read.

use std::borrow::Cow;

use super::result::BESIDE;
use super::{media, result};
use crate::api::family::Api;
use crate::api::generate::conversation::Calls;
use crate::api::member::{boolean, of_kind, optional, present, required, rest, within};
use crate::error::Error;
use crate::ir::{Block, Text, Thought, ToolKind, ToolUse};
use crate::wire::json::{Json, Kind};

/// Reads a part. One of a kind that has no form in the representation stays as it is.
pub(in crate::api::generate) fn read<'a>(part: Json<'a>, calls: &mut Calls<'a>) -> Result<Block<'a>, Error> {
    if part.kind() != Kind::Object {
        return Err(Error::invalid("Each part must be an object."));
    }
    if let Some(call) = present(part, "functionCall") {
        return read_call(part, of_kind(call, "functionCall", Kind::Object)?, calls);
    }
    if let Some(response) = present(part, "functionResponse") {
        let response = of_kind(response, "functionResponse", Kind::Object)?;
        let mut read = result::read(response, calls).map_err(within("functionResponse"))?;
        let beside = rest(part, &["functionResponse"]).into_iter();
        read.rest.extend(beside.map(|(name, value)| (Cow::Owned(format!("{BESIDE}{name}")), value)));
        return Ok(Block::ToolResult(read));
    }
    for name in ["inlineData", "fileData"] {
        if let Some(data) = present(part, name) {
            return media::read(part, name, of_kind(data, name, Kind::Object)?);
        }
    }
    match present(part, "text") {
        Some(_) => read_text(part),
        None => Ok(opaque(part)),
    }
}

pub(super) fn opaque(part: Json<'_>) -> Block<'_> {
    Block::Opaque { api: Api::Generate, raw: Cow::Borrowed(part.raw()) }
}

fn read_text<'a>(part: Json<'a>) -> Result<Block<'a>, Error> {
    let text = required(part, "text")?;
    let thought = present(part, "thought").map(|thought| boolean(thought, "thought")).transpose()?;
    if thought != Some(true) {
        return Ok(Block::Text(Text {
            text,
            signature: optional(part, "thoughtSignature")?,
            rest: rest(part, &["text", "thought", "thoughtSignature"]),
            ..Text::default()
        }));
    }
    Ok(Block::Thinking(Thought {
        text,
        signature: optional(part, "thoughtSignature")?,
        id: None,
        rest: rest(part, &["text", "thought", "thoughtSignature"]),
    }))
}

fn read_call<'a>(part: Json<'a>, call: Json<'a>, calls: &mut Calls<'a>) -> Result<Block<'a>, Error> {
    let inside = within("functionCall");
    let name = required(call, "name").map_err(&inside)?;
    let id = optional(call, "id").map_err(&inside)?.filter(|id| !id.is_empty());
    let args = present(call, "args").map(|args| of_kind(args, "args", Kind::Object)).transpose();
    Ok(Block::ToolUse(ToolUse {
        id: calls.call(&name, id),
        name,
        kind: ToolKind::Function,
        arguments: Cow::Borrowed(args.map_err(&inside)?.map_or("", Json::raw)),
        signature: optional(part, "thoughtSignature")?,
        cache: None,
        rest: rest(part, &["functionCall", "thoughtSignature", "thought"]),
    }))
}
