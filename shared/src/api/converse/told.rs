//! Calls of tools and their results in words, for a conversation that has used some and may use none any more: the API
//! takes them as such only together with tools that may be used.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolConfiguration.html>

use super::block;
use super::context::Context;
use crate::ir::{Loss, ToolResult, ToolUse, Why};
use crate::wire::json::Writer;

/// Writes which tool was called, and with what.
pub(super) fn write_use(tool: &ToolUse<'_>, at: &str, context: &mut Context<'_>, a: &mut Writer<'_>) {
    let ToolUse { id, name, arguments, .. } = tool;
    write_words(&format!("Call {id} of the tool {name}: {arguments}"), at, context, a);
}

/// Writes what came of a call.
pub(super) fn write_result(result: &ToolResult<'_>, at: &str, context: &mut Context<'_>, a: &mut Writer<'_>) {
    let what = if result.is_error { "Error" } else { "Result" };
    write_words(&format!("{what} of call {}:", result.id), at, context, a);
    block::write_parts(result, at, context, a);
}

fn write_words(words: &str, at: &str, context: &mut Context<'_>, a: &mut Writer<'_>) {
    context.lose(Loss::new(at.to_owned(), Why::Approximated));
    a.object(|o| o.key("text").string(words));
}
