//! Turns gathered as most APIs want them: instructions apart, one message for each change of speaker.

use std::fmt;

use crate::error::Error;
use crate::ir::{Block, Loss, Request, Rest, Role, Turn, Why};

/// What an API wants of a conversation, and who notes what it does not get.
pub(super) trait Gather {
    /// The assistant's role in the API's words.
    const ASSISTANT: &'static str;
    /// Whether results of tools come before anything else in a message.
    const RESULTS_FIRST: bool;
    /// Whether the API knows instructions amid the conversation; then they stay there for clients of its own.
    const INSTRUCTS_AMID: bool;

    /// Whether the client speaks the API itself: its messages stay as they are.
    fn is_own(&self) -> bool;

    /// Whether the API has a place for a block; notes what it has none for.
    fn takes(&mut self, block: &Block<'_>, at: At) -> bool;

    /// Notes that something is lost.
    fn lose(&mut self, loss: Loss);
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
    pub(super) fn of<G: Gather>(request: &'r Request<'_>, gather: &mut G) -> Conversation<'r> {
        let mut conversation = Conversation { system: Vec::new(), messages: Vec::new() };
        for (index, turn) in request.turns.iter().enumerate() {
            conversation.push(index, turn, gather);
        }
        conversation.ask_with_instructions(gather);
        if G::RESULTS_FIRST && !gather.is_own() {
            conversation.messages.iter_mut().for_each(|message| message.put_results_first(gather));
        }
        conversation
    }

    fn push<G: Gather>(&mut self, index: usize, turn: &'r Turn<'_>, gather: &mut G) {
        lose_about(index, turn, gather);
        let pieces = turn.blocks.iter().enumerate();
        let pieces = pieces.map(|(at, block)| Piece { at: At { turn: index, block: at }, block });
        let pieces: Vec<_> = pieces.filter(|piece| gather.takes(piece.block, piece.at)).collect();
        if pieces.is_empty() && !gather.is_own() {
            return lose_empty(index, turn, gather);
        }
        let stays = G::INSTRUCTS_AMID && gather.is_own() && !self.messages.is_empty();
        match &turn.role {
            Role::System | Role::Developer if !stays => self.instruct(index, pieces, gather),
            role => self.speak(word(role, index, gather), pieces, &turn.rest, gather.is_own()),
        }
    }

    /// Instructions are words, and stand before the conversation.
    fn instruct(&mut self, index: usize, pieces: Vec<Piece<'r>>, gather: &mut impl Gather) {
        if !self.messages.is_empty() {
            gather.lose(Loss::new(format!("messages[{index}]"), Why::Moved));
        }
        let is_own = gather.is_own();
        let (words, others): (Vec<_>, Vec<_>) =
            pieces.into_iter().partition(|piece| is_own || matches!(piece.block, Block::Text(_)));
        others.iter().for_each(|piece| gather.lose(Loss::dropped(piece.at.to_string())));
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
    fn ask_with_instructions(&mut self, gather: &mut impl Gather) {
        const NOTHING: &Rest<'static> = &Rest::new();
        if gather.is_own() || !self.messages.is_empty() || self.system.is_empty() {
            return;
        }
        gather.lose(Loss::new("messages[0]", Why::Moved));
        let pieces = std::mem::take(&mut self.system);
        self.messages.push(Message { role: "user", pieces, rest: NOTHING });
    }
}

impl Message<'_> {
    fn put_results_first(&mut self, gather: &mut impl Gather) {
        let is_result = |piece: &Piece<'_>| matches!(piece.block, Block::ToolResult(_));
        if self.pieces.is_sorted_by_key(|piece| !is_result(piece)) {
            return;
        }
        let last = self.pieces.iter().rposition(is_result).unwrap_or_default();
        let moved = self.pieces.iter().take(last).filter(|piece| !is_result(piece));
        moved.for_each(|piece| gather.lose(Loss::new(piece.at.to_string(), Why::Moved)));
        let (results, others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.pieces).into_iter().partition(is_result);
        self.pieces = [results, others].concat();
    }
}

/// Notes what is said about a turn and has no place in a message.
fn lose_about(index: usize, turn: &Turn<'_>, gather: &mut impl Gather) {
    if turn.name.is_some() {
        gather.lose(Loss::dropped(format!("messages[{index}].name")));
    }
    if !gather.is_own() {
        let lost = turn.rest.iter().map(|(name, _)| Loss::dropped(format!("messages[{index}].{name}")));
        lost.for_each(|loss| gather.lose(loss));
    }
}

/// Notes a message that says nothing and is left out: what had something to say has been noted by its own place.
fn lose_empty(index: usize, turn: &Turn<'_>, gather: &mut impl Gather) {
    if turn.blocks.iter().all(says_nothing) {
        gather.lose(Loss::dropped(format!("messages[{index}]")));
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
fn word<'r, G: Gather>(role: &'r Role<'_>, index: usize, gather: &mut G) -> &'r str {
    match role {
        Role::User => "user",
        Role::Assistant => G::ASSISTANT,
        Role::System | Role::Developer => "system",
        Role::Other(word) if gather.is_own() => word,
        Role::Other(_) => {
            gather.lose(Loss::new(format!("messages[{index}].role"), Why::Approximated));
            "user"
        }
    }
}
