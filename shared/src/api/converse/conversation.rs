//! The conversation as the API wants it: instructions apart, speakers in turn, results of tools first.

use super::block;
use super::request::Context;
use crate::ir::{Block, Loss, Request, Role, Turn, Why};
use crate::wire::json::Writer;

/// A block and where it stood.
type Piece<'r> = (String, &'r Block<'r>);

/// What goes to `system` and what to `messages`.
#[derive(Default)]
struct Conversation<'r> {
    system: Vec<Piece<'r>>,
    messages: Vec<(&'static str, Vec<Piece<'r>>)>,
}

/// Writes `messages` and `system`.
pub(super) fn write(request: &Request<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    let mut conversation = Conversation::default();
    for (index, turn) in request.turns.iter().enumerate() {
        conversation.push(index, turn, context);
    }
    conversation.ask_with_instructions(context);
    o.key("messages").array(|a| {
        for (role, pieces) in &mut conversation.messages {
            put_results_first(pieces, context);
            a.object(|o| {
                o.key("role").string(role);
                o.key("content").array(|a| block::write_all(pieces, context, a));
            });
        }
    });
    if !conversation.system.is_empty() {
        o.key("system").array(|a| block::write_all(&conversation.system, context, a));
    }
}

impl<'r> Conversation<'r> {
    fn push(&mut self, index: usize, turn: &'r Turn<'_>, context: &mut Context<'_>) {
        let path = format!("messages[{index}]");
        if turn.name.is_some() {
            context.lose(Loss::dropped(format!("{path}.name")));
        }
        context.lose_rest(&turn.rest, &path);
        let pieces = turn.blocks.iter().enumerate();
        let mut pieces: Vec<_> = pieces.map(|(at, block)| (format!("{path}.content[{at}]"), block)).collect();
        pieces.retain(|(at, block)| block::may(block, at, context));
        if pieces.is_empty() {
            return;
        }
        match &turn.role {
            Role::System | Role::Developer => self.instruct(pieces, path, context),
            role => self.speak(word(role, &path, context), pieces),
        }
    }

    fn instruct(&mut self, pieces: Vec<Piece<'r>>, path: String, context: &mut Context<'_>) {
        if !self.messages.is_empty() {
            context.lose(Loss::new(path, Why::Moved));
        }
        let (words, others): (Vec<_>, Vec<_>) =
            pieces.into_iter().partition(|(_, block)| matches!(block, Block::Text(_)));
        others.into_iter().for_each(|(at, _)| context.lose(Loss::dropped(at)));
        self.system.extend(words);
    }

    /// D6: speakers alternate, and the results of parallel calls are one turn.
    fn speak(&mut self, role: &'static str, pieces: Vec<Piece<'r>>) {
        match self.messages.last_mut() {
            Some((last, said)) if *last == role => said.extend(pieces),
            _ => self.messages.push((role, pieces)),
        }
    }

    /// The API demands a message: instructions alone are the question.
    fn ask_with_instructions(&mut self, context: &mut Context<'_>) {
        if self.messages.is_empty() && !self.system.is_empty() {
            context.lose(Loss::new("messages[0]", Why::Moved));
            self.messages.push(("user", std::mem::take(&mut self.system)));
        }
    }
}

fn put_results_first(pieces: &mut [Piece<'_>], context: &mut Context<'_>) {
    let is_result = |(_, block): &Piece<'_>| matches!(block, Block::ToolResult(_));
    if pieces.is_sorted_by_key(|piece| !is_result(piece)) {
        return;
    }
    let last = pieces.iter().rposition(is_result).unwrap_or_default();
    let moved = pieces.iter().take(last).filter(|piece| !is_result(piece));
    moved.for_each(|(at, _)| context.lose(Loss::new(at.clone(), Why::Moved)));
    pieces.sort_by_key(|piece| !is_result(piece));
}

/// The role's word; what the API does not know speaks as the user.
fn word(role: &Role<'_>, path: &str, context: &mut Context<'_>) -> &'static str {
    match role {
        Role::Assistant => "assistant",
        Role::Other(_) => {
            context.lose(Loss::new(format!("{path}.role"), Why::Approximated));
            "user"
        }
        _ => "user",
    }
}
