//! Messages, read into turns.

use std::borrow::Cow;

use crate::api::completions::{part, reasoning, tool};
use crate::api::member::{of_kind, optional, present, required, within, wrong};
use crate::error::Error;
use crate::ir::{Block, Place, Request, Role, ToolResult, Turn};
use crate::wire::json::{Json, Kind};

/// Reads `messages`. Consecutive results of tools are one turn of the user's (D6).
pub(in crate::api::completions) fn read<'a>(
    messages: Json<'a>,
    request: &mut Request<'a>,
) -> Result<(), Error> {
    let mut turns = Turns::default();
    for (index, message) in of_kind(messages, "messages", Kind::Array)?.items().enumerate() {
        turns.read(message, index).map_err(within(format_args!("messages[{index}]")))?;
    }
    (request.turns, request.places) = (turns.turns, turns.places);
    Ok(())
}

#[derive(Default)]
struct Turns<'a> {
    turns: Vec<Turn<'a>>,
    places: Vec<Place>,
    /// Whether the last turn is one of tool results, which the next may join.
    results: bool,
    /// The id given to the last call of the legacy form, which has none.
    legacy: String,
}

impl<'a> Turns<'a> {
    fn read(&mut self, message: Json<'a>, index: usize) -> Result<(), Error> {
        if message.kind() != Kind::Object {
            return Err(Error::invalid("A message must be an object."));
        }
        let (end, role) = (Place::end(&self.turns), required(message, "role")?);
        match &*role {
            "tool" => self.push_result(read_result(message)?),
            "function" => {
                let id = Cow::Owned(self.legacy.clone());
                self.push_result(read_function_result(message, id)?);
            }
            "assistant" => {
                let turn = self.read_assistant(message, index)?;
                self.push(turn);
            }
            _ => self.push(read_plain(message)?),
        }
        self.places.push(Place::of_added(&self.turns, end, !self.results));
        Ok(())
    }

    fn push(&mut self, turn: Turn<'a>) {
        self.results = false;
        self.turns.push(turn);
    }

    fn push_result(&mut self, result: ToolResult<'a>) {
        let result = Block::ToolResult(result);
        match self.turns.last_mut() {
            Some(turn) if self.results => turn.blocks.push(result),
            _ => self.turns.push(Turn::new(Role::User, vec![result])),
        }
        self.results = true;
    }

    fn read_assistant(&mut self, message: Json<'a>, index: usize) -> Result<Turn<'a>, Error> {
        let mut turn = Turn::new(Role::Assistant, Vec::new());
        reasoning::read(message, &mut turn)?;
        if let Some(content) = present(message, "content") {
            turn.blocks.extend(part::read_content(content)?);
        }
        if let Some(refusal) = optional(message, "refusal")? {
            turn.blocks.push(Block::Refusal(refusal));
        }
        if let Some(calls) = present(message, "tool_calls") {
            turn.blocks.extend(tool::read_calls(calls)?);
        }
        if let Some(call) = present(message, "function_call") {
            self.legacy = format!("call_{index}");
            turn.blocks.push(tool::read_function_call(call, self.legacy.clone())?);
        }
        turn.name = optional(message, "name")?;
        let known = ["role", "content", "refusal", "tool_calls", "function_call", "name"];
        turn.rest.extend(unknown(message, &known).filter(|(name, _)| !reasoning::MEMBERS.contains(&&**name)));
        Ok(turn)
    }
}

/// A message of anyone but the assistant and the tools.
fn read_plain<'a>(message: Json<'a>) -> Result<Turn<'a>, Error> {
    let blocks = part::read_content(message.get("content").unwrap_or(Json::NULL))?;
    Ok(Turn {
        role: role(required(message, "role")?),
        blocks,
        name: optional(message, "name")?,
        rest: unknown(message, &["role", "content", "name"]).collect(),
    })
}

fn role(word: Cow<'_, str>) -> Role<'_> {
    match &*word {
        "system" => Role::System,
        "developer" => Role::Developer,
        "user" => Role::User,
        _ => Role::Other(word),
    }
}

fn read_result<'a>(message: Json<'a>) -> Result<ToolResult<'a>, Error> {
    Ok(ToolResult {
        id: required(message, "tool_call_id")?,
        content: part::read_content(message.get("content").unwrap_or(Json::NULL))?,
        cache: part::read_cache(message)?,
        rest: unknown(message, &["role", "content", "tool_call_id", "cache_control"]).collect(),
        ..ToolResult::default()
    })
}

/// A result in the legacy form, which names the function instead of the call.
fn read_function_result<'a>(message: Json<'a>, id: Cow<'a, str>) -> Result<ToolResult<'a>, Error> {
    if id.is_empty() {
        return Err(wrong("role", "`function` only after a `function_call` of the assistant"));
    }
    let content = present(message, "content").map(part::read_content).transpose()?;
    let rest = unknown(message, &["role", "content", "name"]).collect();
    Ok(ToolResult { id, content: content.unwrap_or_default(), rest, ..ToolResult::default() })
}

/// Members that are not `null` and not among `known`.
fn unknown<'a>(message: Json<'a>, known: &[&str]) -> impl Iterator<Item = (Cow<'a, str>, Json<'a>)> {
    message.fields().filter(|(name, value)| !value.is_null() && !known.contains(&&**name))
}
