//! Thinking, for which this API has no place and its followers have three: `reasoning_content` (DeepSeek, Moonshot,
//! Qwen, vLLM, …), `reasoning` (Groq, newer vLLM, OpenRouter), and OpenRouter's `reasoning_details`, which also has
//! signatures and what only the provider can read.
//!
//! <https://openrouter.ai/docs/use-cases/reasoning-tokens>

use std::borrow::Cow;

use crate::api::context::Context;
use crate::api::member::{
    boolean, integer, of_kind, optional, present, required, rest, string, within, wrong,
};
use crate::error::Error;
use crate::ir::{Block, Loss, Request, Rest, Thinking, ThinkingMode, Thought, Turn};
use crate::wire::json::{Json, Kind, Writer};

/// The members of a message, or of a delta, that hold thinking.
pub(super) const MEMBERS: [&str; 3] = ["reasoning_content", "reasoning", "reasoning_details"];

/// Reads how much to think, in OpenAI's words or in those of [its followers](crate::dialect::Switch).
pub(super) fn read_wish<'a>(
    name: Cow<'a, str>,
    value: Json<'a>,
    request: &mut Request<'a>,
) -> Result<(), Error> {
    let thinking = request.thinking.get_or_insert_default();
    match &*name {
        "reasoning_effort" => take_effort(string(value, &name)?, thinking),
        "thinking_budget" => thinking.budget = Some(integer(value, &name)?),
        "enable_thinking" => thinking.mode = mode(boolean(value, &name)?),
        "thinking" => match value.get("type").and_then(Json::string).as_deref() {
            Some("enabled") => {
                thinking.mode = ThinkingMode::Enabled;
                thinking.budget = value.get("budget_tokens").and_then(Json::number);
            }
            Some("disabled") => thinking.mode = ThinkingMode::Disabled,
            _ => request.rest.push((name, value)),
        },
        _ => read_object(value, thinking).map_err(within("reasoning"))?,
    }
    request.thinking = request.thinking.take().filter(|thinking| *thinking != Thinking::default());
    Ok(())
}

fn take_effort<'a>(effort: Cow<'a, str>, thinking: &mut Thinking<'a>) {
    if effort == "none" {
        thinking.mode = ThinkingMode::Disabled;
    }
    thinking.effort = Some(effort);
}

fn mode(on: bool) -> ThinkingMode {
    if on { ThinkingMode::Enabled } else { ThinkingMode::Disabled }
}

fn read_object<'a>(said: Json<'a>, thinking: &mut Thinking<'a>) -> Result<(), Error> {
    of_kind(said, "", Kind::Object)?;
    if let Some(effort) = optional(said, "effort")? {
        take_effort(effort, thinking);
    }
    if let Some(budget) = present(said, "max_tokens") {
        thinking.budget = Some(integer(budget, "max_tokens")?);
    }
    if let Some(on) = present(said, "enabled") {
        thinking.mode = mode(boolean(on, "enabled")?);
    }
    if present(said, "exclude").and_then(Json::boolean) == Some(true) {
        thinking.summary = Some(Cow::Borrowed("omitted"));
    }
    Ok(())
}

/// Reads the thinking of an assistant's message.
pub(super) fn read<'a>(message: Json<'a>, turn: &mut Turn<'a>) -> Result<(), Error> {
    let details = present(message, "reasoning_details").filter(|it| it.items().next().is_some());
    for (index, detail) in details.into_iter().flat_map(Json::items).enumerate() {
        let path = format_args!("reasoning_details[{index}]").to_string();
        turn.blocks.push(read_detail(detail).map_err(within(path))?);
    }
    for name in ["reasoning_content", "reasoning"] {
        let Some(value) = present(message, name) else { continue };
        read_text(name, value, turn);
    }
    Ok(())
}

/// Text that says what has been read already is passed over.
fn read_text<'a>(name: &'static str, value: Json<'a>, turn: &mut Turn<'a>) {
    match value.string() {
        None => turn.rest.push((Cow::Borrowed(name), value)),
        Some(text) if text.is_empty() || text == joined(&turn.blocks) => {}
        Some(_) if !turn.blocks.is_empty() => turn.rest.push((Cow::Borrowed(name), value)),
        Some(text) => {
            // The rarer name is kept, so that the same server gets it back.
            let rest = if name == "reasoning" { vec![(Cow::Borrowed(name), value)] } else { Rest::new() };
            turn.blocks.push(Block::Thinking(Thought { text, rest, ..Thought::default() }));
        }
    }
}

/// The readable thinking of all blocks together.
pub(super) fn joined(blocks: &[Block<'_>]) -> String {
    let text = |block: &Block<'_>| match block {
        Block::Thinking(thought) => Some(thought.text.to_string()),
        _ => None,
    };
    blocks.iter().filter_map(text).collect()
}

/// Reads an element of `reasoning_details`.
fn read_detail<'a>(detail: Json<'a>) -> Result<Block<'a>, Error> {
    let kind = required(detail, "type")?;
    if kind == "reasoning.encrypted" {
        let id = optional(detail, "id")?;
        return Ok(Block::Sealed { data: required(detail, "data")?, id });
    }
    let text = match &*kind {
        "reasoning.text" => optional(detail, "text")?,
        "reasoning.summary" => optional(detail, "summary")?,
        _ => return Err(wrong("type", "reasoning.text, reasoning.summary or reasoning.encrypted")),
    };
    let mut thought = Thought {
        text: text.unwrap_or_default(),
        signature: optional(detail, "signature")?,
        id: optional(detail, "id")?,
        rest: rest(detail, &["type", "text", "summary", "signature", "id"]),
    };
    if kind == "reasoning.summary" {
        thought.rest.extend(present(detail, "type").map(|kind| (Cow::Borrowed("type"), kind)));
    }
    Ok(Block::Thinking(thought))
}

/// The member of a message that a turn's thinking goes to; none where the provider has no place for it.
fn member(blocks: &[Block<'_>], context: &Context<'_>) -> Option<&'static str> {
    if !context.own {
        return context.quirks.reasoning;
    }
    let thoughts = || {
        blocks.iter().filter_map(|block| match block {
            Block::Thinking(thought) => Some(thought),
            _ => None,
        })
    };
    let plain = |thought: &Thought<'_>| thought.signature.is_none() && thought.id.is_none();
    let named = |thought: &Thought<'_>| thought.rest.iter().all(|(name, _)| name == "reasoning");
    let sealed = blocks.iter().any(|block| matches!(block, Block::Sealed { .. }));
    if sealed || !thoughts().all(|thought| plain(thought) && named(thought)) {
        return Some("reasoning_details");
    }
    let rare = thoughts().any(|thought| !thought.rest.is_empty());
    Some(if rare { "reasoning" } else { "reasoning_content" })
}

/// Writes the thinking of a turn where the provider takes it back.
pub(super) fn write(blocks: &[Block<'_>], path: &str, context: &mut Context<'_>, o: &mut Writer<'_>) {
    let is_thinking = |block: &&Block<'_>| matches!(block, Block::Thinking(_) | Block::Sealed { .. });
    if !blocks.iter().any(|block| is_thinking(&block)) {
        return;
    }
    match member(blocks, context) {
        None => context.lose(Loss::dropped(format!("{path}.thinking"))),
        Some("reasoning_details") => {
            o.key("reasoning_details").array(|a| write_details(blocks, a));
        }
        Some(name) => {
            if blocks.iter().any(|block| matches!(block, Block::Sealed { .. })) {
                context.lose(Loss::dropped(format!("{path}.redacted_thinking")));
            }
            o.key(name).string(&joined(blocks));
        }
    }
}

/// Writes thinking as elements of `reasoning_details`.
pub(super) fn write_details(blocks: &[Block<'_>], a: &mut Writer<'_>) {
    for block in blocks {
        match block {
            Block::Thinking(thought) => write_thought(thought, a),
            Block::Sealed { data, id } => write_sealed(data, id.as_deref(), a),
            _ => {}
        }
    }
}

/// Readable thinking as an element of `reasoning_details`.
pub(super) fn write_thought(thought: &Thought<'_>, a: &mut Writer<'_>) {
    let summary = thought.rest.iter().any(|(name, _)| name == "type");
    a.object(|o| {
        if !summary {
            o.key("type").string("reasoning.text");
        }
        o.key(if summary { "summary" } else { "text" }).string(&thought.text);
        if let Some(signature) = &thought.signature {
            o.key("signature").string(signature);
        }
        write_id(thought.id.as_deref(), o);
        for (name, value) in thought.rest.iter().filter(|(name, _)| name != "reasoning") {
            o.key(name).json(*value);
        }
    });
}

/// Thinking that only its provider can read, as an element of `reasoning_details`.
pub(super) fn write_sealed(data: &str, id: Option<&str>, a: &mut Writer<'_>) {
    a.object(|o| {
        o.key("type").string("reasoning.encrypted");
        o.key("data").string(data);
        write_id(id, o);
    });
}

fn write_id(id: Option<&str>, o: &mut Writer<'_>) {
    if let Some(id) = id {
        o.key("id").string(id);
    }
}

/// The thinking in a delta or a whole answer: its text, wherever it stands, and OpenRouter's details.
pub(super) struct Pieces<'a> {
    pub(super) text: Option<Cow<'a, str>>,
    pub(super) details: Option<Json<'a>>,
}

impl<'a> Pieces<'a> {
    /// Details that have text of their own stand for the text beside them.
    pub(super) fn of(delta: Json<'a>) -> Pieces<'a> {
        let details = present(delta, "reasoning_details").filter(|it| it.kind() == Kind::Array);
        let has_text = |detail: Json<'_>| detail.get("text").or_else(|| detail.get("summary")).is_some();
        let text = match details {
            Some(details) if details.items().any(has_text) => None,
            _ => ["reasoning_content", "reasoning"]
                .into_iter()
                .find_map(|name| string(delta.get(name)?, name).ok().filter(|text| !text.is_empty())),
        };
        Pieces { text, details }
    }
}
