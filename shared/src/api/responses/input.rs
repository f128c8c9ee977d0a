//! The conversation as the client sends it: `input` items read into turns.
//!
//! <https://platform.openai.com/docs/api-reference/responses/create#responses_create-input>

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::tools::{Declared, hoisted};
use crate::api::family::Api;
use crate::api::member::{missing, of_kind, optional, present, required, rest, string, within, wrong};
use crate::api::openai;
use crate::api::written::Written;
use crate::error::Error;
use crate::ir::{
    Block, Citations, Media, Place, Request, Rest, Role, Source, Text, Thought, ToolKind, ToolResult,
    ToolUse, Turn,
};
use crate::wire::json::{Json, Kind};

/// Who uses a model has two names, of which only the body tells the client's; those with one are `spelling`'s.
pub(super) const WRITTEN: Written = Written {
    differs: |place| place == "user",
    listed: |_, _| None,
    is_named: |written, name| written == name || name == "user" && written == "safety_identifier",
    holds: |_| false,
};

/// Reads `input`: a string, an array of items, or (as some servers take it) one item.
/// `declared` are the request's tools.
pub(super) fn read<'a>(
    input: Json<'a>,
    declared: BTreeMap<String, Declared>,
    request: &mut Request<'a>,
) -> Result<(), Error> {
    let mut turns = Turns { declared, ..Turns::default() };
    let before = request.turns.len();
    let behind = |place: Place| Place { turn: place.turn + before, ..place };
    match input.kind() {
        // Text alone, or an item alone, is where the first would be.
        Kind::String => {
            turns.push(Role::User, Block::text(string(input, "input")?));
            request.places.push(Place::of_turn(before));
        }
        Kind::Object => request.places.push(behind(read_item(input, &mut turns).map_err(within("input"))?)),
        Kind::Array => {
            for (index, item) in input.items().enumerate() {
                let place = read_item(item, &mut turns).map_err(within(format_args!("input[{index}]")))?;
                request.places.push(behind(place));
            }
        }
        _ => return Err(wrong("input", "a string or an array")),
    }
    request.turns.append(&mut turns.turns);
    Ok(())
}

/// What a call's name within its namespace is kept as.
pub(super) const NAME_WITHIN: &str = "namespace.name";

/// Turns in the making: consecutive items of one author form one, unless a second message has members of its own.
#[derive(Default)]
struct Turns<'a> {
    turns: Vec<Turn<'a>>,
    declared: BTreeMap<String, Declared>,
    /// Whether the last turn has a message, whose members its `rest` are.
    has_message: bool,
}

impl<'a> Turns<'a> {
    fn push(&mut self, role: Role<'a>, block: Block<'a>) {
        match self.turns.last_mut().filter(|turn| turn.role == role) {
            Some(turn) => turn.blocks.push(block),
            None => {
                self.turns.push(Turn::new(role, vec![block]));
                self.has_message = false;
            }
        }
    }

    fn push_message(&mut self, role: Role<'a>, blocks: Vec<Block<'a>>, rest: Rest<'a>) {
        let has_message = self.has_message;
        let open = |turn: &&mut Turn<'a>| turn.role == role && (!has_message || rest.is_empty());
        let joined = self.turns.last_mut().filter(open);
        match joined {
            Some(turn) => {
                turn.blocks.extend(blocks);
                turn.rest.extend(rest);
            }
            None => self.turns.push(Turn { rest, ..Turn::new(role, blocks) }),
        }
        self.has_message = true;
    }
}

/// Reads an item, and says where it begins: a message has parts, everything else is one.
fn read_item<'a>(item: Json<'a>, turns: &mut Turns<'a>) -> Result<Place, Error> {
    let has_role = item.get("role").is_some();
    let kind = optional(of_kind(item, "type", Kind::Object)?, "type")?;
    let is_message = kind.as_deref().map_or(has_role, |kind| kind == "message");
    let end = Place::end(&turns.turns);
    match is_message {
        true => read_message(item, turns)?,
        false => read_other(item, kind.as_deref(), turns)?,
    }
    Ok(Place::of_added(&turns.turns, end, is_message))
}

fn read_other<'a>(item: Json<'a>, kind: Option<&str>, turns: &mut Turns<'a>) -> Result<(), Error> {
    match kind {
        Some("function_call") => push_call(item, ToolKind::Function, turns),
        Some("custom_tool_call") => push_call(item, ToolKind::Custom, turns),
        Some("function_call_output") => push_output(item, ToolKind::Function, turns),
        Some("custom_tool_call_output") => push_output(item, ToolKind::Custom, turns),
        Some("reasoning") => read_reasoning(item, turns),
        None if item.get("id").is_none() => Err(missing("type")),
        // An id alone refers to an item that the provider keeps.
        kind => {
            turns.push(kind.map_or(Role::Assistant, author), opaque(item));
            Ok(())
        }
    }
}

/// Whose an item is that has no form in the representation.
fn author(kind: &str) -> Role<'static> {
    match kind {
        "mcp_approval_response" => Role::User,
        kind if kind.ends_with("_output") => Role::User,
        _ => Role::Assistant,
    }
}

/// Kept whole, for its own API.
pub(super) fn opaque<'a>(item: Json<'a>) -> Block<'a> {
    Block::Opaque { api: Api::Responses, raw: Cow::Borrowed(item.raw()) }
}

fn read_message<'a>(item: Json<'a>, turns: &mut Turns<'a>) -> Result<(), Error> {
    let role = read_role(required(item, "role")?);
    let content = present(item, "content").ok_or_else(|| missing("content"))?;
    let blocks = read_content(content, "content", |part| in_message(item, part))?;
    let is_known = |block: &Block<'_>| !matches!(block, Block::Opaque { .. });
    if !blocks.is_empty() && !blocks.iter().any(is_known) {
        turns.push(role, opaque(item));
        return Ok(());
    }
    turns.push_message(role, blocks, rest(item, &["type", "role", "content"]));
    Ok(())
}

fn read_role(role: Cow<'_, str>) -> Role<'_> {
    match &*role {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "system" => Role::System,
        "developer" => Role::Developer,
        _ => Role::Other(role),
    }
}

/// A part without a form in the representation as a message of its own: on its own it could not be told from an item.
fn in_message<'a>(item: Json<'a>, part: Json<'a>) -> Block<'a> {
    let role = item.get("role").map_or("null", Json::raw);
    let raw = format!(r#"{{"type":"message","role":{role},"content":[{}]}}"#, part.raw());
    Block::Opaque { api: Api::Responses, raw: Cow::Owned(raw) }
}

/// Reads what is a string or an array of parts; `other` keeps a part that has no form in the representation.
fn read_content<'a>(
    content: Json<'a>,
    name: &str,
    other: impl Fn(Json<'a>) -> Block<'a>,
) -> Result<Vec<Block<'a>>, Error> {
    match content.kind() {
        Kind::String => Ok(vec![Block::text(string(content, name)?)]),
        Kind::Array => {
            let read =
                |(index, part)| read_part(part, &other).map_err(within(format_args!("{name}[{index}]")));
            content.items().enumerate().map(read).collect()
        }
        _ => Err(wrong(name, "a string or an array")),
    }
}

fn read_part<'a>(part: Json<'a>, other: impl Fn(Json<'a>) -> Block<'a>) -> Result<Block<'a>, Error> {
    Ok(match &*required(part, "type")? {
        "input_text" | "output_text" | "text" => Block::Text(read_text(part)?),
        "refusal" => Block::Refusal(required(part, "refusal")?),
        "input_image" => Block::Image(read_image(part)?),
        "input_file" => Block::Document(read_file(part)?),
        "input_audio" => Block::Audio(read_audio(part)?),
        _ => other(part),
    })
}

/// Words, with the annotations of an answer that comes back.
fn read_text<'a>(part: Json<'a>) -> Result<Text<'a>, Error> {
    let filled = |name| part.get(name).filter(|list| list.items().next().is_some());
    let mut others = rest(part, &["type", "text", "annotations", "logprobs"]);
    others.extend(filled("logprobs").map(|list| (Cow::Borrowed("logprobs"), list)));
    let cache = openai::take_mark(&mut others);
    Ok(Text {
        text: required(part, "text")?,
        citations: filled("annotations")
            .map(|list| Citations { api: Api::Responses, raw: Cow::Borrowed(list.raw()) }),
        logprobs: None,
        cache,
        signature: None,
        rest: others,
    })
}

fn read_image<'a>(part: Json<'a>) -> Result<Media<'a>, Error> {
    let url = optional(part, "image_url")?.map(openai::source_of_url);
    let source = match url {
        Some(source) => source,
        None => Source::File(optional(part, "file_id")?.ok_or_else(|| missing("image_url"))?),
    };
    let mut rest = rest(part, &["type", "image_url", "file_id", "detail"]);
    let cache = openai::take_mark(&mut rest);
    Ok(Media { detail: optional(part, "detail")?, cache, rest, ..Media::new(source) })
}

fn read_file<'a>(part: Json<'a>) -> Result<Media<'a>, Error> {
    let (data, url) = (optional(part, "file_data")?, optional(part, "file_url")?);
    let source = match (data, url) {
        (Some(data), _) => bytes_of(data),
        (None, Some(url)) => Source::Url(url),
        (None, None) => Source::File(optional(part, "file_id")?.ok_or_else(|| missing("file_data"))?),
    };
    let (detail, title) = (optional(part, "detail")?, optional(part, "filename")?);
    let mut rest = rest(part, &["type", "file_data", "file_url", "file_id", "filename", "detail"]);
    let cache = openai::take_mark(&mut rest);
    Ok(Media { detail, title, cache, rest, ..Media::new(source) })
}

/// A file's bytes: a `data:` URL, or Base64 alone, which this API takes for a PDF's.
fn bytes_of(data: Cow<'_, str>) -> Source<'_> {
    match openai::source_of_url(data) {
        Source::Url(data) => Source::Base64 { media_type: Cow::Borrowed("application/pdf"), data },
        bytes => bytes,
    }
}

fn read_audio<'a>(part: Json<'a>) -> Result<Media<'a>, Error> {
    let audio = present(part, "input_audio").ok_or_else(|| missing("input_audio"))?;
    let member = |name| required(audio, name).map_err(within("input_audio"));
    let media_type = openai::audio_type(&member("format")?);
    Ok(Media::new(Source::Base64 { media_type, data: member("data")? }))
}

fn push_call<'a>(item: Json<'a>, kind: ToolKind, turns: &mut Turns<'a>) -> Result<(), Error> {
    let text = if kind == ToolKind::Custom { "input" } else { "arguments" };
    let (space, name) = (optional(item, "namespace")?, required(item, "name")?);
    let known = hoisted(&turns.declared, space.as_deref(), &name);
    let mut others = rest(item, &["type", "call_id", "name", text]);
    if space.is_some() {
        others.extend(item.get("name").map(|name| (Cow::Borrowed(NAME_WITHIN), name)));
    }
    let block = Block::ToolUse(ToolUse {
        id: required(item, "call_id")?,
        name: Cow::Owned(known),
        kind,
        arguments: required(item, text)?,
        rest: others,
        ..ToolUse::default()
    });
    turns.push(Role::Assistant, block);
    Ok(())
}

/// A result that names no call is one only its own API can place.
fn push_output<'a>(item: Json<'a>, kind: ToolKind, turns: &mut Turns<'a>) -> Result<(), Error> {
    let output = present(item, "output").ok_or_else(|| missing("output"))?;
    let block = match optional(item, "call_id")? {
        None => opaque(item),
        Some(id) => Block::ToolResult(ToolResult {
            id,
            content: read_content(output, "output", opaque)?,
            kind,
            rest: rest(item, &["type", "call_id", "output"]),
            ..ToolResult::default()
        }),
    };
    turns.push(Role::User, block);
    Ok(())
}

/// One item of reasoning as the blocks it consists of, each with the item's id: its summary's parts, its text's, its
/// seal. An item with none of them is only a mark, and stays whole.
fn read_reasoning<'a>(item: Json<'a>, turns: &mut Turns<'a>) -> Result<(), Error> {
    let id = optional(item, "id")?;
    let mut blocks = Vec::new();
    for list in ["summary", "content"] {
        for (index, part) in item.get(list).into_iter().flat_map(Json::items).enumerate() {
            let thought = read_thought(part, &id).map_err(within(format_args!("{list}[{index}]")))?;
            blocks.push(Block::Thinking(thought));
        }
    }
    if let Some(data) = optional(item, "encrypted_content")? {
        blocks.push(Block::Sealed { data, id });
    }
    if blocks.is_empty() {
        blocks.push(opaque(item));
    }
    blocks.into_iter().for_each(|block| turns.push(Role::Assistant, block));
    Ok(())
}

/// `type` stays with a part that is not a summary's, so that it goes back into its own list.
fn read_thought<'a>(part: Json<'a>, id: &Option<Cow<'a, str>>) -> Result<Thought<'a>, Error> {
    let is_summary = &*required(part, "type")? == "summary_text";
    let named: &[&str] = if is_summary { &["type", "text"] } else { &["text"] };
    Ok(Thought {
        text: required(part, "text")?,
        id: id.clone(),
        rest: rest(part, named),
        ..Thought::default()
    })
}
