//! Thinking, as it is asked for: by an effort, and by whatever else a provider has for it.

use crate::api::context::Context;
use crate::api::effort;
use crate::dialect::Switch;
use crate::ir::{Loss, Request, Thinking, ThinkingMode, Why};
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
    let is_said = context.own || switch == Switch::Reasoning;
    if !is_said && tells_of_thoughts(thinking) {
        context.lose(Loss::dropped("thinking.summary"));
    }
    match switch {
        Switch::Effort => write_effort(thinking, context, o),
        Switch::Thinking => write_kind(thinking, context, o),
        Switch::EnableThinking => write_flag(thinking, context, o),
        Switch::Reasoning => write_object(thinking, context, o),
    }
}

/// Whether the client says something about thoughts that it would otherwise get, or not get: without thinking there are
/// none to be left out.
fn tells_of_thoughts(thinking: &Thinking<'_>) -> bool {
    match thinking.summary.as_deref() {
        None => false,
        Some("omitted") => thinking.is_on(),
        Some(_) => !thinking.is_off(),
    }
}

fn write_effort(thinking: &Thinking<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    let said = effort::of(thinking).or_else(|| of_mode(thinking.mode));
    let Some((effort, exact)) = said.filter(|_| context.may_extra("reasoning_effort")) else { return };
    if !exact {
        context.lose(Loss::new("thinking.budget", Why::Approximated));
    }
    if let Some(effort) = context.effort(effort) {
        o.key("reasoning_effort").string(effort);
    }
}

/// The effort where only the mode is said.
fn of_mode(mode: ThinkingMode) -> Option<(&'static str, bool)> {
    match mode {
        ThinkingMode::Disabled => Some(("none", true)),
        ThinkingMode::Enabled => Some(("medium", false)),
        ThinkingMode::Adaptive | ThinkingMode::Unsaid => None,
    }
}

/// Whether the model is to think; none where the client leaves that to it.
fn wanted(thinking: &Thinking<'_>) -> Option<bool> {
    (thinking.is_on() || thinking.is_off()).then_some(thinking.is_on())
}

/// `thinking: {"type": …}`, and the effort where the provider knows efforts too.
fn write_kind(thinking: &Thinking<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    let Some(wanted) = wanted(thinking) else { return };
    let kind = if wanted { "enabled" } else { "disabled" };
    o.key("thinking").object(|o| o.key("type").string(kind));
    let hard = thinking.effort.is_some() || thinking.budget.is_some();
    if wanted && hard {
        write_effort(thinking, context, o);
    }
}

/// `enable_thinking`, and the budget, also in the place of an effort.
fn write_flag(thinking: &Thinking<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    let Some(wanted) = wanted(thinking) else { return };
    o.key("enable_thinking").boolean(wanted);
    let effort = thinking.effort.as_deref().filter(|_| wanted);
    let budget = thinking.budget.filter(|_| wanted).or_else(|| effort::budget(effort?));
    if effort.is_some() {
        let why = if thinking.budget.or(budget).is_none() { Why::Dropped } else { Why::Approximated };
        context.lose(Loss::new("reasoning_effort", why));
    }
    budget.iter().for_each(|&budget| o.key("thinking_budget").integer(budget));
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
