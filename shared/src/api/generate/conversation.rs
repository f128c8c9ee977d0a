//! The conversation: instructions apart, one content for each change of speaker.
//!
//! <https://ai.google.dev/api/caching#Content>

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use super::part;
use super::request::Context;
use crate::api::member::{of_kind, optional, present, rest, within};
use crate::error::Error;
use crate::ir::{Block, Loss, Request, Rest, Role, Turn, Why};
use crate::wire::json::{Json, Kind, Writer};

/// How ids begin that stand for none: the API knows a call by its place, others by its id.
pub(super) const MADE: &str = "call_gemini_";

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
pub(super) fn read<'a>(contents: Json<'a>, turns: &mut Vec<Turn<'a>>) -> Result<(), Error> {
    let mut calls = Calls::default();
    for (index, content) in contents.items().enumerate() {
        let turn = read_content(content, &mut calls);
        turns.push(turn.map_err(|error| within(format!("contents[{index}]"))(error))?);
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

/// What goes to `systemInstruction` and what to `contents`.
pub(super) struct Conversation<'r> {
    system: Vec<Piece<'r>>,
    contents: Vec<Content<'r>>,
    /// The names of the functions that calls of these ids are for.
    names: BTreeMap<&'r str, &'r str>,
}

struct Content<'r> {
    role: &'r str,
    pieces: Vec<Piece<'r>>,
    rest: &'r Rest<'r>,
}

/// A block and where it stood.
#[derive(Clone, Copy)]
struct Piece<'r> {
    at: At,
    block: &'r Block<'r>,
}

/// Where a block stood among the client's turns.
#[derive(Clone, Copy)]
struct At {
    turn: usize,
    block: usize,
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "messages[{}].content[{}]", self.turn, self.block)
    }
}

impl<'r> Conversation<'r> {
    /// Puts each turn in its place.
    pub(super) fn of(request: &'r Request<'_>, context: &mut Context<'_>) -> Conversation<'r> {
        let names = request.turns.iter().flat_map(|turn| &turn.blocks).filter_map(|block| match block {
            Block::ToolUse(tool) => Some((&*tool.id, &*tool.name)),
            _ => None,
        });
        let mut conversation =
            Conversation { system: Vec::new(), contents: Vec::new(), names: names.collect() };
        for (index, turn) in request.turns.iter().enumerate() {
            conversation.push(index, turn, context);
        }
        conversation.ask_with_instructions(context);
        conversation
    }

    fn push(&mut self, index: usize, turn: &'r Turn<'_>, context: &mut Context<'_>) {
        if turn.name.is_some() {
            context.lose(Loss::dropped(format!("messages[{index}].name")));
        }
        let pieces = turn.blocks.iter().enumerate();
        let pieces = pieces.map(|(at, block)| Piece { at: At { turn: index, block: at }, block });
        let pieces: Vec<_> = pieces.filter(|piece| part::may(piece.block, &piece.at, context)).collect();
        if pieces.is_empty() && !context.own {
            return;
        }
        let role = match &turn.role {
            Role::System | Role::Developer => {
                return self.instruct(pieces, index, context);
            }
            Role::Assistant => "model",
            Role::User => "user",
            Role::Other(word) if context.own => word,
            Role::Other(_) => {
                context.lose(Loss::new(format!("messages[{index}].role"), Why::Approximated));
                "user"
            }
        };
        self.speak(role, pieces, index, turn, context);
    }

    fn instruct(&mut self, pieces: Vec<Piece<'r>>, index: usize, context: &mut Context<'_>) {
        if !self.contents.is_empty() {
            context.lose(Loss::new(format!("messages[{index}]"), Why::Moved));
        }
        self.system.extend(pieces);
    }

    /// <https://ai.google.dev/gemini-api/docs/function-calling>: the results of parallel calls come in one content.
    fn speak(
        &mut self,
        role: &'r str,
        pieces: Vec<Piece<'r>>,
        index: usize,
        turn: &'r Turn<'_>,
        context: &mut Context<'_>,
    ) {
        if !context.own {
            let lost = turn.rest.iter().map(|(name, _)| Loss::dropped(format!("messages[{index}].{name}")));
            lost.for_each(|loss| context.lose(loss));
        }
        match self.contents.last_mut() {
            Some(last) if last.role == role && !context.own => last.pieces.extend(pieces),
            _ => self.contents.push(Content { role, pieces, rest: &turn.rest }),
        }
    }

    /// The API demands a content: instructions alone are the question.
    fn ask_with_instructions(&mut self, context: &mut Context<'_>) {
        const NOTHING: &Rest<'static> = &Rest::new();
        if context.own || !self.contents.is_empty() || self.system.is_empty() {
            return;
        }
        context.lose(Loss::new("messages[0]", Why::Moved));
        let pieces = std::mem::take(&mut self.system);
        self.contents.push(Content { role: "user", pieces, rest: NOTHING });
    }

    /// Writes `systemInstruction` and `contents`.
    pub(super) fn write(&self, context: &mut Context<'_>, o: &mut Writer<'_>) {
        if !self.system.is_empty() && context.may("systemInstruction") {
            o.key("systemInstruction").object(|o| self.write_parts(&self.system, context, o));
        }
        o.key("contents").array(|a| {
            for content in &self.contents {
                a.object(|o| {
                    o.key("role").string(content.role);
                    self.write_parts(&content.pieces, context, o);
                    let own = content.rest.iter().filter(|_| context.own);
                    own.for_each(|(name, value)| o.key(name).json(*value));
                });
            }
        });
    }

    fn write_parts(&self, pieces: &[Piece<'r>], context: &mut Context<'_>, o: &mut Writer<'_>) {
        let mut seals = part::Seals::default();
        o.key("parts").array(|a| {
            for piece in pieces {
                part::write(piece.block, &piece.at, &self.names, &mut seals, context, a);
            }
        });
    }
}
