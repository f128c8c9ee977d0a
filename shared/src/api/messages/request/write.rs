//! A request, written for a provider.

use bytes::BytesMut;

use super::conversation::{gather, write_messages, write_system};
use crate::api::context::Context;
use crate::api::family::Api;
use crate::api::form;
use crate::api::messages::thinking::Plan;
use crate::api::messages::{parameters, thinking, tool};
use crate::api::rest::losses;
use crate::dialect::Quirks;
use crate::error::Error;
use crate::ir::{Loss, Request, Why};
use crate::wire::json::{Json, Writer};

/// The objects whose inner members are among the request's, named with a dot.
const OUTER: [&str; 4] = ["output_config.", "metadata.", "thinking.", "tool_choice."];

/// Writes a request in the provider's dialect.
pub(in crate::api::messages) fn write(
    request: &Request<'_>,
    quirks: &Quirks,
    out: &mut BytesMut,
) -> Result<Vec<Loss>, Error> {
    let own = request.api.is_none_or(|api| api == Api::Messages);
    let mut losses = losses(request, Api::Messages)?;
    let mut held = String::new();
    let request = &*form::adapt(request, Api::Messages, quirks, &mut held, &mut losses)?;
    let mut context = Context::new(own, quirks, losses);
    Writer::new(out).object(|o| write_members(request, &mut context, o));
    context.finish()
}

/// Writes the members by which Claude is asked to think, for an API that hands them on. Says whether it will think, and
/// what is lost.
pub(in crate::api) fn write_thinking(
    request: &Request<'_>,
    quirks: &Quirks,
    o: &mut Writer<'_>,
) -> (bool, Vec<Loss>) {
    let mut context = Context::new(false, quirks, Vec::new());
    let plan = thinking::plan(request, &mut context);
    thinking::write(request, &plan, &mut context, o);
    if let Some(effort) = plan.effort() {
        o.key("output_config").object(|o| o.key("effort").string(effort));
    }
    (plan.thinks(), std::mem::take(context.losses()))
}

fn write_members(request: &Request<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    let plan = thinking::plan(request, context);
    o.key("model").string(&request.model);
    write_limit(request, &plan, context, o);
    let conversation = gather(request, context);
    write_system(&conversation, context, o);
    o.key("messages").array(|a| write_messages(&conversation, context, a));
    tool::write(request, context, o);
    thinking::write(request, &plan, context, o);
    parameters::write_output(request, &plan, context, o);
    write_sampling(request, &plan, context, o);
    write_stop(request, context, o);
    if request.stream && context.may("stream") {
        o.key("stream").boolean(true);
    }
    parameters::write_metadata(request, context, o);
    parameters::write_tier(request, context, o);
    write_rest(request, context, o);
    context.quirks.sets.iter().for_each(|(name, value)| o.key(name).raw(value));
    lose_the_homeless(request, context);
}

/// The API demands a limit, and counts thinking in: a usual one leaves room for it.
fn write_limit(request: &Request<'_>, plan: &Plan<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    let usual = context.quirks.default_max_tokens.saturating_add(plan.budget().unwrap_or(0));
    if context.may("max_tokens") {
        o.key("max_tokens").integer(request.max_tokens.unwrap_or(usual));
    }
}

/// <https://docs.anthropic.com/en/docs/build-with-claude/extended-thinking#feature-compatibility>: thinking goes with a
/// temperature of 1 only, with a `top_p` from 0.95, and without `top_k`.
fn write_sampling(request: &Request<'_>, plan: &Plan<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    let value = |json: Json<'_>| json.decimal().unwrap_or_default();
    let free = !plan.thinks();
    context.write_temperature(request.temperature, free, o);
    context.write_unless(
        request.top_p.is_some_and(|top| !free && value(top) < 0.95),
        "top_p",
        request.top_p,
        o,
    );
    context.write_unless(!free, "top_k", request.top_k, o);
}

/// Texts of white space alone are refused by the API.
fn write_stop(request: &Request<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    let blank = |text: &str| !context.own && text.trim().is_empty();
    let kept: Vec<&str> = request.stop.iter().map(|text| &**text).filter(|text| !blank(text)).collect();
    if kept.len() < request.stop.len() {
        context.lose(Loss::dropped("stop"));
    }
    if !kept.is_empty() && context.may("stop_sequences") {
        o.key("stop_sequences").array(|a| kept.iter().for_each(|text| a.string(text)));
    }
}

fn write_rest(request: &Request<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    if !context.own {
        return;
    }
    for (name, value) in &request.rest {
        let inner = OUTER.iter().any(|outer| name.starts_with(outer));
        if !inner && context.may(name) {
            o.key(name).json(*value);
        }
    }
}

/// Notes the parameters that the API has no place for. A single answer and one that is not kept are what it gives
/// anyway.
fn lose_the_homeless(request: &Request<'_>, context: &mut Context<'_>) {
    let homeless = [
        ("seed", request.seed.is_some()),
        ("frequency_penalty", request.frequency_penalty.is_some()),
        ("presence_penalty", request.presence_penalty.is_some()),
        ("n", request.answers.is_some_and(|answers| answers != 1)),
        ("logprobs", request.logprobs.is_some()),
        ("verbosity", request.verbosity.is_some()),
        ("prompt_cache_key", request.cache_key.is_some()),
        ("store", request.store == Some(true)),
    ];
    for (name, _) in homeless.into_iter().filter(|(_, said)| *said) {
        context.lose(Loss::dropped(name));
    }
}

impl<'c> Context<'c> {
    /// The API's temperatures end at 1.
    fn write_temperature(&mut self, temperature: Option<Json<'_>>, free: bool, o: &mut Writer<'_>) {
        let Some(wanted) = temperature.filter(|_| self.may("temperature")) else { return };
        let value = wanted.decimal().unwrap_or_default();
        let most = self.quirks.max_temperature.unwrap_or(1.0);
        if !free && (value - 1.0).abs() > f32::EPSILON {
            return self.lose(Loss::dropped("temperature"));
        }
        if value <= most {
            return o.key("temperature").json(wanted);
        }
        self.lose(Loss::new("temperature", Why::Clamped));
        o.key("temperature").raw(&most.to_string());
    }

    fn write_unless(&mut self, never: bool, name: &'static str, value: Option<Json<'_>>, o: &mut Writer<'_>) {
        let Some(value) = value.filter(|_| self.may(name)) else { return };
        if never { self.lose(Loss::dropped(name)) } else { o.key(name).json(value) }
    }
}
