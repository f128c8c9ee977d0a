//! Turns gathered as most APIs want them: instructions apart, one message for each change of speaker.

use std::fmt;

use super::context::Context;
use crate::error::Error;
use crate::ir::{Block, Loss, Request, Rest, Role, Turn, Why};

/// What an API wants of a conversation.
pub(super) struct Wants<More = ()> {
    /// The assistant's role in the API's words.
    pub(super) assistant: &'static str,
    /// Whether results of tools come before anything else in a message.
    pub(super) results_first: bool,
    /// Whether the API knows instructions amid the conversation; then they stay there for clients of its own.
    pub(super) instructs_amid: bool,
    /// Whether the API has a place for a block; notes what it has none for.
    pub(super) takes: fn(&Block<'_>, At, &mut Context<'_, More>) -> bool,
}

/// Where a block stood among the client's turns.
#[derive(Clone, Copy)]
pub(super) struct At {
    turn: usize,
    block: usize,
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "messages[{}].content[{}]", self.turn, self.block)
    }
}

/// A block and where it stood.
#[derive(Clone, Copy)]
pub(super) struct Piece<'r> {
    pub(super) at: At,
    pub(super) block: &'r Block<'r>,
}

/// What one speaker says before another does.
pub(super) struct Message<'r> {
    pub(super) role: &'r str,
    pub(super) pieces: Vec<Piece<'r>>,
    /// Members of the client's own message.
    pub(super) rest: &'r Rest<'r>,
}

/// The instructions, and all that is said after them.
pub(super) struct Conversation<'r> {
    pub(super) system: Vec<Piece<'r>>,
    pub(super) messages: Vec<Message<'r>>,
}

impl<'r> Conversation<'r> {
    /// Puts each turn in its place.
    ///
    /// A client's own messages stay as they are.
    pub(super) fn of<More>(
        request: &'r Request<'_>,
        wants: &Wants<More>,
        context: &mut Context<'_, More>,
    ) -> Conversation<'r> {
        let mut conversation = Conversation { system: Vec::new(), messages: Vec::new() };
        for (index, turn) in request.turns.iter().enumerate() {
            conversation.push(index, turn, wants, context);
        }
        conversation.ask_with_instructions(context);
        if wants.results_first && !context.own {
            conversation.messages.iter_mut().for_each(|message| message.put_results_first(context));
        }
        conversation
    }

    fn push<More>(
        &mut self,
        index: usize,
        turn: &'r Turn<'_>,
        wants: &Wants<More>,
        context: &mut Context<'_, More>,
    ) {
        lose_about(index, turn, context);
        let pieces = turn.blocks.iter().enumerate();
        let pieces = pieces.map(|(at, block)| Piece { at: At { turn: index, block: at }, block });
        let pieces: Vec<_> = pieces.filter(|piece| (wants.takes)(piece.block, piece.at, context)).collect();
        if pieces.is_empty() && !context.own {
            return lose_empty(index, turn, context);
        }
        let stays = wants.instructs_amid && context.own && !self.messages.is_empty();
        match &turn.role {
            Role::System | Role::Developer if !stays => self.instruct(index, pieces, context),
            role => self.speak(word(role, wants.assistant, index, context), pieces, &turn.rest, context.own),
        }
    }

    /// Instructions are words, and stand before the conversation.
    fn instruct(&mut self, index: usize, pieces: Vec<Piece<'r>>, context: &mut Context<'_, impl Sized>) {
        if !self.messages.is_empty() {
            context.lose(Loss::new(format!("messages[{index}]"), Why::Moved));
        }
        let is_own = context.own;
        let (words, others): (Vec<_>, Vec<_>) =
            pieces.into_iter().partition(|piece| is_own || matches!(piece.block, Block::Text(_)));
        others.iter().for_each(|piece| context.lose(Loss::dropped(piece.at.to_string())));
        self.system.extend(words);
    }

    /// D6: speakers alternate, and the results of parallel calls are one message.
    fn speak(&mut self, role: &'r str, pieces: Vec<Piece<'r>>, rest: &'r Rest<'r>, is_own: bool) {
        match self.messages.last_mut() {
            Some(last) if last.role == role && !is_own => last.pieces.extend(pieces),
            _ => self.messages.push(Message { role, pieces, rest }),
        }
    }

    /// The APIs demand a message: instructions alone are the question.
    fn ask_with_instructions(&mut self, context: &mut Context<'_, impl Sized>) {
        const NOTHING: &Rest<'static> = &Rest::new();
        if context.own || !self.messages.is_empty() || self.system.is_empty() {
            return;
        }
        context.lose(Loss::new("messages[0]", Why::Moved));
        let pieces = std::mem::take(&mut self.system);
        self.messages.push(Message { role: "user", pieces, rest: NOTHING });
    }
}

impl Message<'_> {
    fn put_results_first(&mut self, context: &mut Context<'_, impl Sized>) {
        let is_result = |piece: &Piece<'_>| matches!(piece.block, Block::ToolResult(_));
        if self.pieces.is_sorted_by_key(|piece| !is_result(piece)) {
            return;
        }
        let last = self.pieces.iter().rposition(is_result).unwrap_or_default();
        let moved = self.pieces.iter().take(last).filter(|piece| !is_result(piece));
        moved.for_each(|piece| context.lose(Loss::new(piece.at.to_string(), Why::Moved)));
        let (results, others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.pieces).into_iter().partition(is_result);
        self.pieces = [results, others].concat();
    }
}

/// Notes what is said about a turn and has no place in a message.
fn lose_about(index: usize, turn: &Turn<'_>, context: &mut Context<'_, impl Sized>) {
    if turn.name.is_some() {
        context.lose(Loss::dropped(format!("messages[{index}].name")));
    }
    if !context.own {
        let lost = turn.rest.iter().map(|(name, _)| Loss::dropped(format!("messages[{index}].{name}")));
        lost.for_each(|loss| context.lose(loss));
    }
}

/// Notes a message that says nothing and is left out: what had something to say has been noted by its own place.
fn lose_empty(index: usize, turn: &Turn<'_>, context: &mut Context<'_, impl Sized>) {
    if turn.blocks.iter().all(says_nothing) {
        context.lose(Loss::dropped(format!("messages[{index}]")));
    }
}

fn says_nothing(block: &Block<'_>) -> bool {
    match block {
        Block::Text(text) => text.text.is_empty(),
        Block::Refusal(words) => words.is_empty(),
        _ => false,
    }
}

/// Fails where nobody says anything: no API answers that, and each refuses it in words about its own members.
pub(super) fn check_asks(request: &Request<'_>) -> Result<(), Error> {
    if request.turns.iter().flat_map(|turn| &turn.blocks).all(says_nothing) {
        let message = "The conversation is empty: there is nothing to answer.";
        return Err(Error::invalid_param("messages", message).with_code("empty_conversation"));
    }
    Ok(())
}

/// The role's word; what the API does not know speaks as the user.
fn word<'r, More>(
    role: &'r Role<'_>,
    assistant: &'static str,
    index: usize,
    context: &mut Context<'_, More>,
) -> &'r str {
    match role {
        Role::User => "user",
        Role::Assistant => assistant,
        Role::System | Role::Developer => "system",
        Role::Other(word) if context.own => word,
        Role::Other(_) => {
            context.lose(Loss::new(format!("messages[{index}].role"), Why::Approximated));
            "user"
        }
    }
}
