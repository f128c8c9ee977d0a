//! The conversation as the API wants it: instructions apart, one message for each change of speaker, results of tools
//! first.

use crate::api::context::Context;
use crate::api::gather::{Conversation, Piece, Wants};
use crate::api::messages::block;
use crate::ir::{Block, Request};
use crate::wire::json::Writer;

/// The API joins messages of one role by itself, but wants parallel results in one, and before anything else:
/// <https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/implement-tool-use#handling-tool-use-and-tool-result-content-blocks>.
const WANTS: Wants = Wants {
    assistant: "assistant",
    results_first: true,
    instructs_amid: true,
    takes: |block, at, context| block::may(block, &at, context),
};

/// The request's conversation as the API wants it.
pub(super) fn gather<'r>(request: &'r Request<'_>, context: &mut Context<'_>) -> Conversation<'r> {
    Conversation::of(request, &WANTS, context)
}

/// Writes `system`, a string where that says it all.
pub(super) fn write_system(conversation: &Conversation<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    if !conversation.system.is_empty() && context.may("system") {
        write_content(&conversation.system, context, o.key("system"));
    }
}

/// Writes the elements of `messages`.
pub(super) fn write_messages(conversation: &Conversation<'_>, context: &mut Context<'_>, a: &mut Writer<'_>) {
    for message in &conversation.messages {
        a.object(|o| {
            o.key("role").string(message.role);
            write_content(&message.pieces, context, o.key("content"));
            if context.own {
                message.rest.iter().for_each(|(name, value)| o.key(name).json(*value));
            }
        });
    }
}

fn write_content(pieces: &[Piece<'_>], context: &mut Context<'_>, value: &mut Writer<'_>) {
    if let [Piece { block: Block::Text(text), .. }] = pieces
        && block::is_plain(text)
    {
        return value.string(&text.text);
    }
    value.array(|a| pieces.iter().for_each(|piece| block::write(piece.block, &piece.at, context, a)));
}
