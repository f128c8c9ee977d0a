//! Thinking, as it is asked for: by an effort, and by whatever else a provider has for it.

use super::reasoning;
use super::request::Context;
use crate::dialect::Switch;
use crate::ir::{Loss, Request, Thinking, ThinkingMode, Why};
use crate::wire::json::Writer;

/// Writes how hard to think. Clients of this API are believed to know their provider's own switch.
pub(super) fn write(request: &Request<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    let Some(thinking) = &request.thinking else { return };
    if thinking.summary.is_some() {
        context.lose(Loss::dropped("thinking.summary"));
    }
    match context.quirks.switch {
        _ if context.own => write_effort(thinking, request.max_tokens, context, o),
        Switch::Effort => write_effort(thinking, request.max_tokens, context, o),
        Switch::Thinking => write_kind(thinking, request.max_tokens, context, o),
        Switch::EnableThinking => write_flag(thinking, context, o),
        Switch::Reasoning => write_object(thinking, context, o),
    }
}

fn write_effort(
    thinking: &Thinking<'_>,
    max_tokens: Option<u64>,
    context: &mut Context<'_>,
    o: &mut Writer<'_>,
) {
    let Some((effort, exact)) = reasoning::effort(thinking, max_tokens) else { return };
    if !context.may_extra("reasoning_effort") {
        return;
    }
    if !exact {
        context.lose(Loss::new("thinking.budget", Why::Approximated));
    }
    if let Some(effort) = context.effort(effort) {
        o.key("reasoning_effort").string(effort);
    }
}

/// Whether the model is to think; none where the client leaves that to it.
fn wanted(thinking: &Thinking<'_>) -> Option<bool> {
    let none = thinking.effort.as_deref() == Some("none") || thinking.budget == Some(0);
    match thinking.mode {
        ThinkingMode::Disabled => Some(false),
        _ if none => Some(false),
        ThinkingMode::Enabled | ThinkingMode::Adaptive => Some(true),
        ThinkingMode::Unsaid => (thinking.effort.is_some() || thinking.budget.is_some()).then_some(true),
    }
}

/// `thinking: {"type": …}`, and the effort where the provider knows efforts too.
fn write_kind(
    thinking: &Thinking<'_>,
    max_tokens: Option<u64>,
    context: &mut Context<'_>,
    o: &mut Writer<'_>,
) {
    let Some(wanted) = wanted(thinking) else { return };
    let kind = if wanted { "enabled" } else { "disabled" };
    o.key("thinking").object(|o| o.key("type").string(kind));
    let hard = thinking.effort.is_some() || thinking.budget.is_some();
    if wanted && hard {
        write_effort(thinking, max_tokens, context, o);
    }
}

/// `enable_thinking`, and the budget. There is no place for an effort.
fn write_flag(thinking: &Thinking<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    let Some(wanted) = wanted(thinking) else { return };
    o.key("enable_thinking").boolean(wanted);
    match thinking.budget.filter(|_| wanted) {
        Some(budget) => o.key("thinking_budget").integer(budget),
        None if wanted && thinking.effort.is_some() => context.lose(Loss::dropped("reasoning_effort")),
        None => {}
    }
}

/// `reasoning`: the budget as it is, or else the effort.
fn write_object(thinking: &Thinking<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    let Some(wanted) = wanted(thinking) else { return };
    let budget = thinking.budget.filter(|_| wanted);
    if budget.is_some() && thinking.effort.is_some() {
        context.lose(Loss::dropped("reasoning_effort"));
    }
    o.key("reasoning").object(|o| match (budget, &thinking.effort) {
        (Some(budget), _) => o.key("max_tokens").integer(budget),
        (None, Some(effort)) if wanted => o.key("effort").string(effort),
        (None, _) => o.key("enabled").boolean(wanted),
    });
}
