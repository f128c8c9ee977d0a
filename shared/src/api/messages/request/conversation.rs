//! The conversation as the API wants it: instructions apart, one message for each change of speaker, results of tools
//! first.

use std::fmt;

use super::Context;
use crate::api::messages::block;
use crate::ir::{Block, Loss, Request, Rest, Role, Turn, Why};
use crate::wire::json::Writer;

/// What goes to `system` and what to `messages`.
pub(super) struct Conversation<'r> {
    system: Vec<Piece<'r>>,
    messages: Vec<Message<'r>>,
}

struct Message<'r> {
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
pub(in crate::api::messages) struct At {
    pub(in crate::api::messages) turn: usize,
    pub(in crate::api::messages) block: usize,
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "messages[{}].content[{}]", self.turn, self.block)
    }
}

impl<'r> Conversation<'r> {
    /// Puts each turn in its place.
    pub(super) fn of(request: &'r Request<'_>, context: &mut Context<'_>) -> Conversation<'r> {
        let mut conversation = Conversation { system: Vec::new(), messages: Vec::new() };
        for (index, turn) in request.turns.iter().enumerate() {
            conversation.push(index, turn, context);
        }
        conversation.ask_with_instructions(context);
        conversation.messages.iter_mut().for_each(|message| message.put_results_first(context));
        conversation
    }

    fn push(&mut self, index: usize, turn: &'r Turn<'_>, context: &mut Context<'_>) {
        if turn.name.is_some() {
            context.lose(Loss::dropped(format!("messages[{index}].name")));
        }
        let pieces = kept(index, turn, context);
        if pieces.is_empty() {
            return;
        }
        let begun = !self.messages.is_empty();
        match &turn.role {
            Role::System | Role::Developer if !(context.own && begun) => {
                if begun {
                    context.lose(Loss::new(format!("messages[{index}]"), Why::Moved));
                }
                self.system.extend(pieces);
            }
            role => self.speak(word(role, index, context), pieces, index, turn, context),
        }
    }

    /// The API joins messages of one role by itself, but wants parallel results in one.
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
        match self.messages.last_mut() {
            Some(last) if last.role == role && !context.own => last.pieces.extend(pieces),
            _ => self.messages.push(Message { role, pieces, rest: &turn.rest }),
        }
    }

    /// The API demands a message: instructions alone are the question.
    fn ask_with_instructions(&mut self, context: &mut Context<'_>) {
        const NOTHING: &Rest<'static> = &Rest::new();
        if context.own || !self.messages.is_empty() || self.system.is_empty() {
            return;
        }
        context.lose(Loss::new("messages[0]", Why::Moved));
        let pieces = std::mem::take(&mut self.system);
        self.messages.push(Message { role: "user", pieces, rest: NOTHING });
    }

    /// Writes `system`, a string where that says it all.
    pub(super) fn write_system(&self, context: &mut Context<'_>, o: &mut Writer<'_>) {
        if !self.system.is_empty() && context.may("system") {
            write_content(&self.system, context, o.key("system"));
        }
    }

    pub(super) fn write_messages(&self, context: &mut Context<'_>, a: &mut Writer<'_>) {
        for message in &self.messages {
            a.object(|o| {
                o.key("role").string(message.role);
                write_content(&message.pieces, context, o.key("content"));
                if context.own {
                    message.rest.iter().for_each(|(name, value)| o.key(name).json(*value));
                }
            });
        }
    }
}

impl Message<'_> {
    /// <https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/implement-tool-use#handling-tool-use-and-tool-result-content-blocks>:
    /// results come before anything else in a message.
    fn put_results_first(&mut self, context: &mut Context<'_>) {
        let is_result = |piece: &Piece<'_>| matches!(piece.block, Block::ToolResult(_));
        if context.own || self.pieces.is_sorted_by_key(|piece| !is_result(piece)) {
            return;
        }
        let last = self.pieces.iter().rposition(is_result).unwrap_or_default();
        let moved = self.pieces.iter().take(last).filter(|piece| !is_result(piece));
        moved.for_each(|piece| context.lose(Loss::new(piece.at.to_string(), Why::Moved)));
        self.pieces.sort_by_key(|piece| !is_result(piece));
    }
}

/// The role's word; what the API does not know speaks as the user.
fn word<'r>(role: &'r Role<'_>, index: usize, context: &mut Context<'_>) -> &'r str {
    match role {
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::System | Role::Developer => "system",
        Role::Other(word) if context.own => word,
        Role::Other(_) => {
            context.lose(Loss::new(format!("messages[{index}].role"), Why::Approximated));
            "user"
        }
    }
}

/// A turn's blocks that the API takes.
fn kept<'r>(index: usize, turn: &'r Turn<'_>, context: &mut Context<'_>) -> Vec<Piece<'r>> {
    let pieces = turn.blocks.iter().enumerate();
    let pieces = pieces.map(|(at, block)| Piece { at: At { turn: index, block: at }, block });
    pieces.filter(|piece| block::may(piece.block, &piece.at, context)).collect()
}

fn write_content(pieces: &[Piece<'_>], context: &mut Context<'_>, value: &mut Writer<'_>) {
    if let [Piece { block: Block::Text(text), .. }] = pieces
        && block::is_plain(text)
    {
        return value.string(&text.text);
    }
    value.array(|a| pieces.iter().for_each(|piece| block::write(piece.block, &piece.at, context, a)));
}
