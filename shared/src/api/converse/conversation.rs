//! The conversation as the API wants it: instructions apart, speakers in turn, results of tools first.

use super::block;
use super::context::{Context, More};
use crate::api::gather::{Conversation, Wants};
use crate::ir::Request;
use crate::wire::json::Writer;

const WANTS: Wants<More> = Wants {
    assistant: "assistant",
    results_first: true,
    instructs_amid: false,
    takes: |block, at, context| block::may(block, &at.to_string(), context),
};

/// Writes `messages` and `system`.
pub(super) fn write(request: &Request<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    let conversation = Conversation::of(request, &WANTS, context);
    o.key("messages").array(|a| {
        for message in &conversation.messages {
            a.object(|o| {
                o.key("role").string(message.role);
                o.key("content").array(|a| block::write_all(&message.pieces, context, a));
            });
        }
    });
    if !conversation.system.is_empty() {
        o.key("system").array(|a| block::write_all(&conversation.system, context, a));
    }
}
