//! Thinking, as it is asked for: by a budget of tokens, or by an effort that the model spends as it sees fit.
//!
//! <https://docs.anthropic.com/en/docs/build-with-claude/extended-thinking>,
//! <https://docs.anthropic.com/en/docs/build-with-claude/effort>

use std::borrow::Cow;

use super::tool;
use crate::api::context::Context;
use crate::api::effort;
use crate::api::member::keep_inner;
use crate::api::member::{integer, of_kind, optional, present, required, within};
use crate::error::Error;
use crate::ir::{Block, Loss, Request, Role, Thinking, ThinkingMode, Turn, Why};
use crate::wire::json::{Json, Kind, Writer};

/// The least budget that the API takes.
const LEAST: u64 = 1024;

/// What a provider is told of thinking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan<'r> {
    /// Nothing: the model does what it does by itself.
    Unsaid,
    /// What the client said, who speaks this API.
    Said(&'r Thinking<'r>),
    Off,
    Budget(u64, Shown),
    /// The model decides, and tries so hard.
    Adaptive(Option<&'r str>, Shown),
}

/// How thinking is to be shown, where that is said.
type Shown = Option<&'static str>;

impl<'r> Plan<'r> {
    /// The effort to ask for.
    pub(super) fn effort(&self) -> Option<&'r str> {
        match self {
            Plan::Said(thinking) => thinking.effort.as_deref(),
            Plan::Adaptive(effort, _) => *effort,
            _ => None,
        }
    }

    /// The tokens that the gateway decided on.
    pub(super) fn budget(&self) -> Option<u64> {
        if let Plan::Budget(budget, _) = self { Some(*budget) } else { None }
    }

    /// Whether the gateway decided on thinking.
    pub(super) fn thinks(&self) -> bool {
        matches!(self, Plan::Budget(..) | Plan::Adaptive(..))
    }
}

/// Reads `thinking`. A form that is not known stays as it is.
pub(super) fn read<'a>(name: Cow<'a, str>, value: Json<'a>, request: &mut Request<'a>) -> Result<(), Error> {
    let said = of_kind(value, &name, Kind::Object)?;
    let inside = within("thinking");
    let mode = match &*required(said, "type").map_err(&inside)? {
        "enabled" => ThinkingMode::Enabled,
        "adaptive" => ThinkingMode::Adaptive,
        "disabled" => ThinkingMode::Disabled,
        _ => {
            request.rest.push((name, value));
            return Ok(());
        }
    };
    let budget = present(said, "budget_tokens").map(|budget| integer(budget, "budget_tokens")).transpose();
    let thinking = request.thinking.get_or_insert_with(Thinking::default);
    thinking.mode = mode;
    thinking.budget = budget.map_err(&inside)?;
    thinking.summary = optional(said, "display").map_err(&inside)?;
    keep_inner("thinking", said, &["type", "budget_tokens", "display"], &mut request.rest);
    Ok(())
}

/// Decides what the provider is told.
pub(super) fn plan<'r>(request: &'r Request<'_>, context: &mut Context<'_>) -> Plan<'r> {
    let Some(thinking) = &request.thinking else { return Plan::Unsaid };
    if context.own {
        return plan_said(thinking, request, context);
    }
    if thinking.is_off() {
        // Models that take budgets do not think unless they get one.
        return if context.quirks.budgets { Plan::Unsaid } else { Plan::Off };
    }
    if !thinking.is_on() {
        // Thoughts are to be seen, if there are any: here there are none unless they are asked for.
        if display(thinking) == Some("summarized") {
            context.lose(Loss::dropped("thinking.summary"));
        }
        return Plan::Unsaid;
    }
    if tool::is_forced(request.tool_choice.as_ref()) {
        context.lose(Loss::dropped("thinking"));
        return Plan::Unsaid;
    }
    match context.quirks.budgets {
        true => plan_budget(thinking, request, context),
        false => Plan::Adaptive(adaptive_effort(thinking, context), display(thinking)),
    }
}

/// What the client said, unless that would be refused: it may have had its last turn from another provider, whose
/// thinking is left out.
fn plan_said<'r>(thinking: &'r Thinking<'_>, request: &Request<'_>, context: &mut Context<'_>) -> Plan<'r> {
    if thinking.mode == ThinkingMode::Enabled && lacks_thoughts(&request.turns) {
        context.lose(Loss::dropped("thinking"));
        return Plan::Off;
    }
    Plan::Said(thinking)
}

/// A budget has to leave room for the answer, and the model's last thoughts must have come back with the results of the
/// tools it called.
fn plan_budget<'r>(thinking: &Thinking<'_>, request: &Request<'_>, context: &mut Context<'_>) -> Plan<'r> {
    let most = request.max_tokens.map_or(u64::MAX, |limit| limit.saturating_sub(1));
    if most < LEAST || lacks_thoughts(&request.turns) {
        context.lose(Loss::dropped("thinking"));
        return Plan::Unsaid;
    }
    let wanted = thinking.budget.unwrap_or_else(|| {
        let share = request.max_tokens.map_or(u64::MAX, |limit| limit / 5 * 4);
        thinking.effort.as_deref().and_then(effort::budget).unwrap_or(effort::USUAL).min(share)
    });
    let budget = wanted.clamp(LEAST, most);
    match thinking.budget {
        Some(said) if said != budget => context.lose(Loss::new("thinking.budget", Why::Clamped)),
        None if thinking.effort.is_some() => context.lose(Loss::new("thinking.effort", Why::Approximated)),
        _ => {}
    }
    Plan::Budget(budget, display(thinking))
}

/// Whether results of tools come last, and what the assistant said before them does not begin with sealed thinking.
///
/// <https://docs.anthropic.com/en/docs/build-with-claude/extended-thinking#preserving-thinking-blocks>
fn lacks_thoughts(turns: &[Turn<'_>]) -> bool {
    let has_result = |turn: &Turn<'_>| turn.blocks.iter().any(|block| matches!(block, Block::ToolResult(_)));
    let is_thought = |block: &Block<'_>| match block {
        Block::Thinking(thought) => thought.signature.is_some(),
        Block::Sealed { id, .. } => id.is_none(),
        _ => false,
    };
    let before = turns.iter().rev().skip_while(|turn| turn.role != Role::Assistant);
    let said = before.take_while(|turn| turn.role == Role::Assistant).last();
    let first = said.and_then(|turn| turn.blocks.first());
    turns.last().is_some_and(has_result) && !first.is_some_and(is_thought)
}

/// The effort in the API's words, which know none below `low`.
fn adaptive_effort<'r>(thinking: &'r Thinking<'_>, context: &mut Context<'_>) -> Option<&'r str> {
    let approximate = |context: &mut Context<'_>, what| context.lose(Loss::new(what, Why::Approximated));
    match (thinking.effort.as_deref(), thinking.budget) {
        (Some("minimal"), _) => {
            approximate(context, "thinking.effort");
            Some("low")
        }
        (Some(effort), _) => Some(effort),
        (None, Some(budget)) => {
            approximate(context, "thinking.budget");
            Some(effort::nearest(budget))
        }
        (None, None) => None,
    }
}

/// Other APIs' words for a summary all mean that it is to be seen.
fn display(thinking: &Thinking<'_>) -> Shown {
    thinking.summary.as_deref().map(|word| if word == "omitted" { "omitted" } else { "summarized" })
}

/// Writes `thinking`.
pub(super) fn write(request: &Request<'_>, plan: &Plan<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    let (word, budget, display) = match plan {
        Plan::Unsaid => return,
        Plan::Off => ("disabled", None, None),
        Plan::Budget(budget, display) => ("enabled", Some(*budget), *display),
        Plan::Adaptive(_, display) => ("adaptive", None, *display),
        Plan::Said(thinking) => {
            let word = match thinking.mode {
                ThinkingMode::Unsaid => return,
                ThinkingMode::Enabled => "enabled",
                ThinkingMode::Adaptive => "adaptive",
                ThinkingMode::Disabled => "disabled",
            };
            (word, thinking.budget, thinking.summary.as_deref())
        }
    };
    let inner = context.inner(request, "thinking.");
    if !context.may("thinking") {
        return;
    }
    o.key("thinking").object(|o| {
        o.key("type").string(word);
        budget.iter().for_each(|&budget| o.key("budget_tokens").integer(budget));
        display.iter().for_each(|display| o.key("display").string(display));
        inner.iter().for_each(|(name, value)| o.key(name).json(*value));
    });
}
