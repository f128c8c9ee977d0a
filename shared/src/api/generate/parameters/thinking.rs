//! Thinking: by a budget of tokens up to the second generation of models, by a level from the third on.
//!
//! <https://ai.google.dev/gemini-api/docs/thinking>

use std::borrow::Cow;

use crate::api::context::Context;
use crate::api::effort;
use crate::api::member::keep_inner;
use crate::api::member::{boolean, of_kind, optional, present, within};
use crate::error::Error;
use crate::ir::{Loss, Request, Thinking, ThinkingMode, Why};
use crate::wire::json::{Json, Kind, Writer};

/// The budget by which the model decides.
const DYNAMIC: i64 = -1;

const NAMED: [&str; 3] = ["includeThoughts", "thinkingBudget", "thinkingLevel"];

/// Reads `thinkingConfig`.
pub(super) fn read<'a>(said: Json<'a>, request: &mut Request<'a>) -> Result<(), Error> {
    let inside = within("thinkingConfig");
    let said = of_kind(said, "thinkingConfig", Kind::Object)?;
    let mut thinking = Thinking::default();
    match present(said, "thinkingBudget")
        .map(|budget| of_kind(budget, "thinkingBudget", Kind::Number))
        .transpose()
    {
        Ok(None) => {}
        Ok(Some(budget)) => match budget.number::<i64>() {
            Some(0) => thinking.mode = ThinkingMode::Disabled,
            Some(DYNAMIC) => thinking.mode = ThinkingMode::Adaptive,
            tokens => thinking.budget = tokens.and_then(|tokens| tokens.try_into().ok()),
        },
        Err(error) => return Err(inside(error)),
    }
    let level = optional(said, "thinkingLevel").map_err(&inside)?;
    thinking.effort = level.map(|level| Cow::Owned(level.to_ascii_lowercase()));
    let shown = present(said, "includeThoughts").map(|shown| boolean(shown, "includeThoughts")).transpose();
    thinking.summary = shown.map_err(&inside)?.map(|shown| if shown { "auto" } else { "omitted" }.into());
    keep_inner("generationConfig.thinkingConfig", said, &NAMED, &mut request.rest);
    request.thinking = Some(thinking);
    Ok(())
}

/// Writes `thinkingConfig`.
pub(super) fn write(request: &Request<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    let Some(thinking) = &request.thinking else { return };
    let amount = match (context.own, context.quirks.budgets) {
        (true, _) => said(thinking),
        (false, true) => budget(thinking, context).map(Amount::Budget),
        (false, false) => level(thinking, context).map(Amount::Level),
    };
    let shown = shown(thinking, context.own);
    let inner = context.inner(request, "generationConfig.thinkingConfig.");
    if (amount.is_none() && shown.is_none() && inner.is_empty()) || !context.may("thinkingConfig") {
        return;
    }
    o.key("thinkingConfig").object(|o| {
        match &amount {
            Some(Amount::Budget(tokens)) => o.key("thinkingBudget").integer(*tokens),
            Some(Amount::Level(word)) => o.key("thinkingLevel").string(&word.to_ascii_uppercase()),
            None => {}
        }
        shown.iter().for_each(|&shown| o.key("includeThoughts").boolean(shown));
        inner.iter().for_each(|(name, value)| o.key(name).json(*value));
    });
}

/// How much to think.
enum Amount<'t> {
    Budget(i64),
    Level(&'t str),
}

/// What a client of this API said.
fn said<'t>(thinking: &'t Thinking<'_>) -> Option<Amount<'t>> {
    match (&thinking.effort, thinking.mode, thinking.budget) {
        (Some(level), ..) => Some(Amount::Level(level)),
        (None, ThinkingMode::Disabled, _) => Some(Amount::Budget(0)),
        (None, ThinkingMode::Adaptive, _) => Some(Amount::Budget(DYNAMIC)),
        (None, _, budget) => Some(Amount::Budget(i64::try_from(budget?).ok()?)),
    }
}

fn budget(thinking: &Thinking<'_>, context: &mut Context<'_>) -> Option<i64> {
    if thinking.is_off() {
        return Some(0);
    }
    if let Some(budget) = thinking.budget {
        return i64::try_from(budget).ok();
    }
    if let Some(effort) = thinking.effort.as_deref() {
        context.lose(Loss::new("thinking.effort", Why::Approximated));
        let known = effort::budget(effort).and_then(|budget| i64::try_from(budget).ok());
        return Some(known.unwrap_or(DYNAMIC));
    }
    (thinking.mode != ThinkingMode::Unsaid).then_some(DYNAMIC)
}

/// Models that take levels cannot leave thinking altogether.
fn level(thinking: &Thinking<'_>, context: &mut Context<'_>) -> Option<&'static str> {
    let (word, exact) = match (thinking.is_off(), thinking.effort.as_deref(), thinking.budget) {
        (true, ..) => ("low", false),
        (_, Some(word @ ("low" | "high")), _) => (if word == "low" { "low" } else { "high" }, true),
        (_, Some("medium"), _) => ("medium", true),
        (_, Some("minimal"), _) => ("low", false),
        (_, Some(_), _) => ("high", false),
        (_, None, Some(budget)) => (effort::nearest(budget), false),
        (_, None, None) => return None,
    };
    if !exact {
        let what = if thinking.budget.is_some() { "thinking.budget" } else { "thinking.effort" };
        context.lose(Loss::new(what, Why::Approximated));
    }
    Some(word)
}

/// Whether thoughts are to be seen: other clients that ask for thinking expect it unless they say otherwise.
fn shown(thinking: &Thinking<'_>, own: bool) -> Option<bool> {
    match thinking.summary.as_deref() {
        Some("omitted") if own => Some(false),
        Some("omitted") => None,
        Some(_) => Some(true),
        None if own || thinking.is_off() => None,
        None => (thinking.mode != ThinkingMode::Unsaid).then_some(true),
    }
}
