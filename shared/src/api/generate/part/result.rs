//! What came of calls.
//!
//! A result is an object: `output` has what came of the call, `error` what went wrong, and any other object is all of
//! what came of it.
//!
//! <https://ai.google.dev/api/caching#FunctionResponse>

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Display;

use super::{media, read as part, write as block};
use crate::api::context::Context;
use crate::api::generate::conversation::{Calls, MADE};
use crate::api::member::{of_kind, optional, present, required, rest, within};
use crate::error::Error;
use crate::ir::{Block, Loss, Media, Rest, Source, Text, ToolKind, ToolResult, Why};
use crate::wire::json::{Json, Kind, Writer};

/// Begins the names of what stands beside a `functionResponse`, and not in it.
pub(super) const BESIDE: &str = "part.";

/// Reads a `functionResponse`.
pub(super) fn read<'a>(response: Json<'a>, calls: &mut Calls<'a>) -> Result<ToolResult<'a>, Error> {
    let name = required(response, "name")?;
    let id = optional(response, "id")?.filter(|id| !id.is_empty());
    let value =
        present(response, "response").map(|value| of_kind(value, "response", Kind::Object)).transpose()?;
    let (text, is_error) = value.map_or((None, false), read_value);
    let mut content: Vec<_> = text.map(Block::text).into_iter().collect();
    if let Some(parts) = present(response, "parts") {
        let parts = of_kind(parts, "parts", Kind::Array)?.items().enumerate();
        for (index, part) in parts {
            content.push(part::read(part, calls).map_err(|error| within(format!("parts[{index}]"))(error))?);
        }
    }
    Ok(ToolResult {
        id: calls.answer(&name, id),
        content,
        is_error,
        kind: ToolKind::Function,
        cache: None,
        rest: rest(response, &["id", "name", "response", "parts"]),
    })
}

/// The text of a result, and whether it is an error. An `output` that looks like an object itself stays in its object,
/// so that it is written as it was.
fn read_value(value: Json<'_>) -> (Option<Cow<'_, str>>, bool) {
    let mut members = value.fields();
    let only = members.next().filter(|_| members.next().is_none());
    let text = only.and_then(|(name, inner)| Some((name, inner.string()?)));
    match text {
        Some((name, text)) if name == "error" => (Some(text), true),
        Some((name, text)) if name == "output" && object(&text).is_none() => (Some(text), false),
        _ => (Some(Cow::Borrowed(value.raw())), false),
    }
}

fn object(text: &str) -> Option<Json<'_>> {
    Json::parse(text.as_bytes()).ok().filter(|json| json.kind() == Kind::Object)
}

/// Writes a part with a `functionResponse`.
pub(super) fn write(
    result: &ToolResult<'_>,
    at: &dyn Display,
    names: &BTreeMap<&str, &str>,
    context: &mut Context<'_>,
    o: &mut Writer<'_>,
) {
    context.lose_cache(result.cache.is_some(), at);
    let (beside, inner): (Rest<'_>, Rest<'_>) =
        result.rest.iter().cloned().partition(|(name, _)| name.starts_with(BESIDE));
    o.key("functionResponse").object(|o| {
        if !result.id.starts_with(MADE) {
            o.key("id").string(&result.id);
        }
        o.key("name").string(name(&result.id, names, at, context));
        write_value(result, at, context, o.key("response"));
        write_parts(result, at, context, o);
        context.write_rest(&inner, at, o);
    });
    let named = |(name, value): (Cow<'_, str>, _)| (Cow::Owned(name.replacen(BESIDE, "", 1)), value);
    context.write_rest(&beside.into_iter().map(named).collect(), at, o);
}

/// The name of the function that was called; a result that no call is known for is still one.
fn name<'n>(
    id: &'n str,
    names: &BTreeMap<&str, &'n str>,
    at: &dyn Display,
    context: &mut Context<'_>,
) -> &'n str {
    if let Some(name) = names.get(id) {
        return name;
    }
    if let Some(name) = id.strip_prefix(MADE).and_then(|rest| rest.strip_prefix("of_")) {
        return name;
    }
    context.lose(Loss::new(format!("{at}.tool_use_id"), Why::Approximated));
    "unknown"
}

fn write_value(result: &ToolResult<'_>, at: &dyn Display, context: &mut Context<'_>, w: &mut Writer<'_>) {
    let mut texts = Vec::new();
    for (index, block) in result.content.iter().enumerate() {
        if let Some(text) = text_of(block) {
            let at = format!("{at}.content[{index}]");
            block::lose_about(block, &at, context);
            lose_rest(block, &at, context);
            texts.push(text);
        }
    }
    let text = texts.join("\n");
    if !result.is_error && texts.is_empty() {
        return w.json(Json::EMPTY);
    }
    match object(&text).filter(|_| !result.is_error) {
        Some(json) => w.json(json),
        None => w.object(|o| o.key(if result.is_error { "error" } else { "output" }).string(&text)),
    }
}

/// Words have no members of their own in an `output`; those of a document that say what it is are told by its words.
fn lose_rest(block: &Block<'_>, at: &str, context: &mut Context<'_>) {
    let (Block::Text(Text { rest, .. }) | Block::Document(Media { rest, .. })) = block else { return };
    let title = matches!(block, Block::Document(Media { title: Some(_), .. })).then_some("title");
    let names = rest.iter().map(|(name, _)| &**name).filter(|name| !matches!(*name, "type" | "content"));
    names.chain(title).for_each(|name| context.lose(Loss::dropped(format!("{at}.{name}"))));
}

fn text_of<'b>(block: &'b Block<'_>) -> Option<&'b str> {
    match block {
        Block::Text(text) => Some(&text.text),
        Block::Refusal(words) => Some(words),
        Block::Document(media) => match &media.source {
            Source::Text(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// What is not text stands beside it.
fn write_parts(result: &ToolResult<'_>, at: &dyn Display, context: &mut Context<'_>, o: &mut Writer<'_>) {
    let others = result.content.iter().enumerate().filter(|(_, block)| text_of(block).is_none());
    let others = others.map(|(index, block)| (format!("{at}.content[{index}]"), block));
    let others: Vec<_> = others.filter(|(at, block)| block::may(block, at, context)).collect();
    if others.is_empty() {
        return;
    }
    o.key("parts").array(|a| {
        for (at, block) in &others {
            match block {
                Block::Image(media) | Block::Document(media) | Block::Audio(media) | Block::Video(media) => {
                    a.object(|o| media::write(media, at, context, o));
                }
                Block::Opaque { raw, .. } => a.raw(raw),
                _ => context.lose(Loss::dropped(at.clone())),
            }
        }
    });
}
