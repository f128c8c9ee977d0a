//! A request, written for a provider.
//!
//! The model is in the path, and nothing of it in the body (F8).

use std::borrow::Cow;

use bytes::BytesMut;

use super::context::Context;
use super::{conversation, tool};
use crate::api::family::Api;
use crate::api::rest::losses;
use crate::api::{form, messages};
use crate::dialect::Quirks;
use crate::error::Error;
use crate::ir::{Format, Loss, Request, Thinking, Why};
use crate::wire::json::{Json, Writer};

/// Writes a request in the provider's dialect.
pub(super) fn write(request: &Request<'_>, quirks: &Quirks, out: &mut BytesMut) -> Result<Vec<Loss>, Error> {
    let mut losses = losses(request, Api::Converse)?;
    let mut held = String::new();
    let request = &*form::adapt(request, Api::Converse, quirks, &mut held, &mut losses)?;
    let mut context = Context::new(false, quirks, losses);
    context.more.tells = tool::is_told(request, quirks);
    Writer::new(out).object(|o| write_members(request, &mut context, o));
    context.finish()
}

fn write_members(request: &Request<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    conversation::write(request, context, o);
    let mut thinks = false;
    let extra = object(|o| thinks = write_extra(request, context, o));
    write_present("inferenceConfig", &object(|o| write_inference(request, thinks, context, o)), o);
    tool::write(request, context, o);
    write_present("additionalModelRequestFields", &extra, o);
    write_format(request.format.as_ref(), context, o);
    write_tier(request.service_tier.as_deref(), context, o);
    write_metadata(request.metadata, context, o);
    // The answer says which text ended it only where that is asked for.
    if !request.stop.is_empty() && context.quirks.extras.contains(&"stop_sequence") {
        o.key("additionalModelResponseFieldPaths").array(|a| a.string("/stop_sequence"));
    }
    lose_the_homeless(request, context);
}

/// An object's text.
fn object(members: impl FnOnce(&mut Writer<'_>)) -> String {
    text(|value| value.object(members))
}

/// A value's text.
fn text(value: impl for<'o> FnOnce(&mut Writer<'o>)) -> String {
    let mut out = BytesMut::new();
    value(&mut Writer::new(&mut out));
    String::from_utf8_lossy(&out).into_owned()
}

/// Writes an object that has something in it.
fn write_present(name: &str, object: &str, o: &mut Writer<'_>) {
    if object != "{}" {
        o.key(name).raw(object);
    }
}

/// Writes what only some models take; says whether the model will think.
fn write_extra(request: &Request<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) -> bool {
    let thinks = write_thinking(request, context, o);
    tool::write_own_choice(request, context, o);
    let Some(top_k) = request.top_k.filter(|_| context.may("top_k")) else { return thinks };
    // Thinking goes with the usual randomness only.
    if thinks || !context.quirks.extras.contains(&"top_k") {
        context.lose(Loss::dropped("top_k"));
    } else {
        o.key("top_k").json(top_k);
    }
    thinks
}

fn write_thinking(request: &Request<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) -> bool {
    if context.quirks.extras.contains(&"thinking") {
        let (thinks, losses) = messages::write_thinking(request, context.quirks, o);
        context.losses().extend(losses);
        return thinks;
    }
    let wanted = |thinking: &Thinking<'_>| {
        let shown = thinking.summary.as_deref().is_some_and(|word| word != "omitted");
        thinking.is_on() || (shown && !thinking.is_off())
    };
    if request.thinking.as_ref().is_some_and(wanted) {
        context.lose(Loss::dropped("thinking"));
    }
    false
}

/// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InferenceConfiguration.html>
fn write_inference(request: &Request<'_>, thinks: bool, context: &mut Context<'_>, o: &mut Writer<'_>) {
    request.max_tokens.iter().for_each(|&limit| o.key("maxTokens").integer(limit));
    write_temperature(request.temperature, thinks, context, o);
    if let Some(top_p) = request.top_p.filter(|_| context.may("top_p")) {
        match thinks && number(top_p) < 0.95 {
            true => context.lose(Loss::dropped("top_p")),
            false => o.key("topP").json(top_p),
        }
    }
    let kept: Vec<&str> = request.stop.iter().map(|text| &**text).filter(|text| !text.is_empty()).collect();
    if kept.len() < request.stop.len() {
        context.lose(Loss::dropped("stop"));
    }
    if !kept.is_empty() {
        o.key("stopSequences").array(|a| kept.iter().for_each(|text| a.string(text)));
    }
}

/// The API's temperatures end at 1; thinking goes with none but that.
fn write_temperature(
    temperature: Option<Json<'_>>,
    thinks: bool,
    context: &mut Context<'_>,
    o: &mut Writer<'_>,
) {
    let Some(wanted) = temperature.filter(|_| context.may("temperature")) else { return };
    let value = number(wanted);
    if thinks && (value - 1.0).abs() > f32::EPSILON {
        return context.lose(Loss::dropped("temperature"));
    }
    if value <= 1.0 {
        return o.key("temperature").json(wanted);
    }
    context.lose(Loss::new("temperature", Why::Clamped));
    o.key("temperature").integer(1);
}

fn number(json: Json<'_>) -> f32 {
    json.decimal().unwrap_or_default()
}

/// Writes `outputConfig`, whose schema is JSON in a string.
fn write_format(format: Option<&Format<'_>>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    // JSON without a schema is a tool by now.
    let Some(Format::Schema { name, description, schema, strict }) = format else { return };
    if *strict == Some(false) {
        context.lose(Loss::new("response_format.strict", Why::Approximated));
    }
    let definition = object(|o| {
        let closed = text(|value| {
            messages::write_strict_schema(*schema, &"response_format.schema", context.losses(), value);
        });
        o.key("schema").string(&closed);
        name.iter().for_each(|name| o.key("name").string(name));
        description.iter().for_each(|text| o.key("description").string(text));
    });
    o.key("outputConfig").object(|o| {
        o.key("textFormat").object(|o| {
            o.key("type").string("json_schema");
            o.key("structure").object(|o| o.key("jsonSchema").raw(&definition));
        });
    });
}

/// Writes `serviceTier`; the automatic one is what nothing said means.
fn write_tier(tier: Option<&str>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    let word = match tier {
        None | Some("auto") => return,
        Some("standard" | "standard_only") => "default",
        Some(word @ ("priority" | "default" | "flex" | "reserved")) => word,
        Some(_) => return context.lose(Loss::dropped("service_tier")),
    };
    o.key("serviceTier").object(|o| o.key("type").string(word));
}

/// Writes `requestMetadata`, where the API takes all of it.
///
/// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html#bedrock-runtime_Converse-request-requestMetadata>
fn write_metadata(metadata: Option<Json<'_>>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    let Some(metadata) = metadata else { return };
    let plain = |text: &str| {
        let is_plain =
            |c: char| c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || ":_@$#=/+,-.".contains(c);
        text.len() <= 256 && text.chars().all(is_plain)
    };
    let fits = |(name, value): (Cow<'_, str>, Json<'_>)| {
        !name.is_empty() && plain(&name) && value.string().is_some_and(|text| plain(&text))
    };
    match metadata.fields().count() <= 16 && metadata.fields().all(fits) {
        true => o.key("requestMetadata").json(metadata),
        false => context.lose(Loss::dropped("metadata")),
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
        ("user", request.user.is_some()),
        ("prompt_cache_key", request.cache_key.is_some()),
        ("store", request.store == Some(true)),
    ];
    for (name, _) in homeless.into_iter().filter(|(_, said)| *said) {
        context.lose(Loss::dropped(name));
    }
}

#[cfg(test)]
mod tests;
