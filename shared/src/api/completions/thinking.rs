//! Thinking, as it is asked for: by an effort, and by whatever else a provider has for it.

use super::reasoning;
use super::request::Context;
use crate::dialect::Switch;
use crate::ir::{Loss, Request, Thinking, Why};
use crate::wire::json::Writer;

/// Writes how hard to think. Clients of this API are believed to know their provider's own switch.
pub(super) fn write(request: &Request<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    let Some(thinking) = &request.thinking else { return };
    let switch = match (context.own, thinking.budget, &thinking.effort) {
        (false, ..) => context.quirks.switch,
        (true, Some(_), _) => Switch::Reasoning,
        (true, None, Some(_)) => Switch::Effort,
        (true, None, None) => Switch::Thinking,
    };
    let shown = context.own || switch == Switch::Reasoning || !thinking.is_on();
    if thinking.summary.is_some() && !shown {
        context.lose(Loss::dropped("thinking.summary"));
    }
    match switch {
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
    (thinking.is_on() || thinking.is_off()).then_some(thinking.is_on())
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
    let effort = thinking.effort.as_deref().filter(|_| wanted && (context.own || budget.is_none()));
    if wanted && effort.is_none() && thinking.effort.is_some() {
        context.lose(Loss::dropped("reasoning_effort"));
    }
    o.key("reasoning").object(|o| {
        effort.iter().for_each(|effort| o.key("effort").string(effort));
        budget.iter().for_each(|&budget| o.key("max_tokens").integer(budget));
        if effort.is_none() && budget.is_none() {
            o.key("enabled").boolean(wanted);
        }
        if thinking.summary.as_deref() == Some("omitted") {
            o.key("exclude").boolean(true);
        }
    });
}
