//! The conversation as the API wants it: instructions apart, speakers in turn, results of tools first.

use super::block;
use super::request::Context;
use crate::api::gather::{At, Conversation, Gather};
use crate::ir::{Block, Loss, Request};
use crate::wire::json::Writer;

impl Gather for Context<'_> {
    const ASSISTANT: &'static str = "assistant";
    const RESULTS_FIRST: bool = true;
    const INSTRUCTS_AMID: bool = false;

    fn is_own(&self) -> bool {
        false
    }

    fn takes(&mut self, block: &Block<'_>, at: At) -> bool {
        block::may(block, &at.to_string(), self)
    }

    fn lose(&mut self, loss: Loss) {
        Context::lose(self, loss);
    }
}

/// Writes `messages` and `system`.
pub(super) fn write(request: &Request<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    let conversation = Conversation::of(request, context);
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
