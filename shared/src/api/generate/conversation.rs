//! The conversation: instructions apart, one content for each change of speaker.
//!
//! <https://ai.google.dev/api/caching#Content>

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::part;
use crate::api::context::Context;
use crate::api::gather::{Conversation, Piece, Wants};
use crate::api::member::{of_kind, optional, present, rest, within};
use crate::error::Error;
use crate::ir::{Block, Place, Request, Role, Turn};
use crate::sorted;
use crate::wire::json::{Json, Kind, Writer};

/// How ids begin that stand for none: the API knows a call by its place, others by its id.
pub(in crate::api) const MADE: &str = "call_gemini_";

/// The calls of a conversation that wait for their results, in their order.
#[derive(Default)]
pub(super) struct Calls<'a> {
    count: usize,
    waiting: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> Calls<'a> {
    /// The id of the next call; one that has none gets one by its place.
    pub(super) fn call(&mut self, name: &Cow<'a, str>, id: Option<Cow<'a, str>>) -> Cow<'a, str> {
        let id = id.unwrap_or_else(|| Cow::Owned(format!("{MADE}{}", self.count)));
        self.count += 1;
        self.waiting.push((name.clone(), id.clone()));
        id
    }

    /// The id of the call that a result is for: its own, else that of the first call of this name that still waits.
    pub(super) fn answer(&mut self, name: &str, id: Option<Cow<'a, str>>) -> Cow<'a, str> {
        let fits = |(called, known): &(Cow<'a, str>, Cow<'a, str>)| match &id {
            Some(id) => known == id,
            None => called == name,
        };
        match self.waiting.iter().position(fits) {
            Some(at) => self.waiting.remove(at).1,
            None => id.unwrap_or_else(|| Cow::Owned(format!("{MADE}of_{name}"))),
        }
    }
}

/// Reads `systemInstruction`, whose role means nothing.
pub(super) fn read_instruction<'a>(content: Json<'a>) -> Result<Turn<'a>, Error> {
    let blocks = read_parts(content, &mut Calls::default()).map_err(within("systemInstruction"))?;
    Ok(Turn { rest: rest(content, &["role", "parts"]), ..Turn::new(Role::System, blocks) })
}

/// Reads `contents`.
pub(super) fn read<'a>(contents: Json<'a>, request: &mut Request<'a>) -> Result<(), Error> {
    let mut calls = Calls::default();
    for (index, content) in contents.items().enumerate() {
        let turn = read_content(content, &mut calls);
        request.places.push(Place::of_turn(request.turns.len()));
        request.turns.push(turn.map_err(|error| within(format!("contents[{index}]"))(error))?);
    }
    Ok(())
}

fn read_content<'a>(content: Json<'a>, calls: &mut Calls<'a>) -> Result<Turn<'a>, Error> {
    if content.kind() != Kind::Object {
        return Err(Error::invalid("Each content must be an object with `role` and `parts`."));
    }
    let role = match optional(content, "role")? {
        Some(role) if role == "model" => Role::Assistant,
        None => Role::User,
        // Results of functions had a role of their own once.
        Some(role) if role == "user" || role == "function" || role.is_empty() => Role::User,
        Some(role) => Role::Other(role),
    };
    let blocks = read_parts(content, calls)?;
    Ok(Turn { rest: rest(content, &["role", "parts"]), ..Turn::new(role, blocks) })
}

fn read_parts<'a>(content: Json<'a>, calls: &mut Calls<'a>) -> Result<Vec<Block<'a>>, Error> {
    let Some(parts) = present(content, "parts") else { return Ok(Vec::new()) };
    let parts = of_kind(parts, "parts", Kind::Array)?.items().enumerate();
    let mut blocks = Vec::new();
    for (index, item) in parts {
        blocks.push(part::read(item, calls).map_err(|error| within(format!("parts[{index}]"))(error))?);
    }
    Ok(blocks)
}

/// <https://ai.google.dev/gemini-api/docs/function-calling>: the results of parallel calls come in one content.
const WANTS: Wants = Wants {
    assistant: "model",
    results_first: false,
    instructs_amid: false,
    takes: |block, at, context| part::may(block, &at, context),
};

/// Writes `systemInstruction` and `contents`.
pub(super) fn write(request: &Request<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    let names = names_of(request);
    let conversation = Conversation::of(request, &WANTS, context);
    if !conversation.system.is_empty() && context.may("systemInstruction") {
        o.key("systemInstruction").object(|o| write_parts(&conversation.system, &names, context, o));
    }
    o.key("contents").array(|a| {
        for content in &conversation.messages {
            a.object(|o| {
                o.key("role").string(content.role);
                write_parts(&content.pieces, &names, context, o);
                let own = content.rest.iter().filter(|_| context.own);
                own.for_each(|(name, value)| o.key(name).json(*value));
            });
        }
    });
}

/// The names of the functions that calls of these ids are for.
fn names_of<'r>(request: &'r Request<'_>) -> BTreeMap<&'r str, &'r str> {
    let blocks = request.turns.iter().flat_map(|turn| &turn.blocks);
    let names = blocks.filter_map(|block| match block {
        Block::ToolUse(tool) => Some((&*tool.id, &*tool.name)),
        _ => None,
    });
    sorted::map(names)
}

fn write_parts(
    pieces: &[Piece<'_>],
    names: &BTreeMap<&str, &str>,
    context: &mut Context<'_>,
    o: &mut Writer<'_>,
) {
    let mut called = false;
    o.key("parts").array(|a| {
        for piece in pieces {
            part::write(piece.block, &piece.at, names, &mut called, context, a);
        }
    });
}
