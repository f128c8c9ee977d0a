//! The objects among a request's parameters: `output_config`, `metadata`.

use std::borrow::Cow;

use super::schema;
use super::thinking::Plan;
use crate::api::context::Context;
use crate::api::member::keep_inner;
use crate::api::member::{missing, of_kind, optional, present, within};
use crate::error::Error;
use crate::ir::{Format, Loss, Request, Thinking, Why};
use crate::wire::json::{Json, Kind, Writer};

/// Reads `output_config`: how hard to try, and the answer's form.
pub(super) fn read_output<'a>(value: Json<'a>, request: &mut Request<'a>) -> Result<(), Error> {
    let output = of_kind(value, "output_config", Kind::Object)?;
    if let Some(effort) = optional(output, "effort").map_err(within("output_config"))? {
        request.thinking.get_or_insert_with(Thinking::default).effort = Some(effort);
    }
    if let Some(format) = present(output, "format") {
        read_format(Cow::Borrowed("output_config.format"), format, request)?;
    }
    keep_inner("output_config", output, &["effort", "format"], &mut request.rest);
    Ok(())
}

/// Reads `output_config.format`, or `output_format` as it was called before.
pub(super) fn read_format<'a>(
    name: Cow<'a, str>,
    value: Json<'a>,
    request: &mut Request<'a>,
) -> Result<(), Error> {
    let format = of_kind(value, &name, Kind::Object)?;
    if format.get("type").and_then(Json::string).as_deref() != Some("json_schema") {
        request.rest.push((name, value));
        return Ok(());
    }
    let schema = present(format, "schema").ok_or_else(|| missing("schema"));
    let schema = schema.and_then(|schema| of_kind(schema, "schema", Kind::Object)).map_err(within(name))?;
    request.format = Some(Format::Schema { name: None, description: None, schema, strict: None });
    Ok(())
}

/// Reads `metadata`, which has one documented member.
pub(super) fn read_metadata<'a>(value: Json<'a>, request: &mut Request<'a>) -> Result<(), Error> {
    let metadata = of_kind(value, "metadata", Kind::Object)?;
    request.user = optional(metadata, "user_id").map_err(within("metadata"))?;
    keep_inner("metadata", metadata, &["user_id"], &mut request.rest);
    Ok(())
}

/// Writes `output_config` where there is something to say in it.
pub(super) fn write_output(
    request: &Request<'_>,
    plan: &Plan<'_>,
    context: &mut Context<'_>,
    o: &mut Writer<'_>,
) {
    let schema = schema_of(request.format.as_ref(), context);
    let inner = context.inner(request, "output_config.");
    if plan.effort().is_none() && schema.is_none() && inner.is_empty() || !context.may("output_config") {
        return;
    }
    o.key("output_config").object(|o| {
        plan.effort().iter().for_each(|effort| o.key("effort").string(effort));
        if let Some(schema) = schema {
            o.key("format").object(|o| {
                o.key("type").string("json_schema");
                write_schema(schema, context, o.key("schema"));
            });
        }
        inner.iter().for_each(|(name, value)| o.key(name).json(*value));
    });
}

fn write_schema(schema: Json<'_>, context: &mut Context<'_>, value: &mut Writer<'_>) {
    match context.own {
        true => value.json(schema),
        false => schema::write(schema, &"response_format.schema", context.losses(), value),
    }
}

/// The schema that the answer must keep to, always strictly; the name that OpenAI demands says nothing to the model.
fn schema_of<'r>(format: Option<&Format<'r>>, context: &mut Context<'_>) -> Option<Json<'r>> {
    match format? {
        // JSON without a schema is [a tool](crate::api::form) by now.
        Format::Text | Format::Json => None,
        Format::Schema { description, schema, strict, .. } => {
            if description.is_some() {
                context.lose(Loss::dropped("response_format.description"));
            }
            if *strict == Some(false) {
                context.lose(Loss::new("response_format.strict", Why::Approximated));
            }
            Some(*schema)
        }
    }
}

/// Writes `metadata`: whom the request is made for. Labels of the client's own have no place.
pub(super) fn write_metadata(request: &Request<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    if request.metadata.is_some() {
        context.lose(Loss::dropped("metadata"));
    }
    let inner = context.inner(request, "metadata.");
    if request.user.is_none() && inner.is_empty() || !context.may("metadata") {
        return;
    }
    o.key("metadata").object(|o| {
        request.user.iter().for_each(|user| o.key("user_id").string(user));
        inner.iter().for_each(|(name, value)| o.key(name).json(*value));
    });
}

/// Writes `service_tier`. OpenAI's `default` is what is called `standard_only` here; its other tiers have no equal.
pub(super) fn write_tier(request: &Request<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    let Some(tier) = &request.service_tier else { return };
    let word = match &**tier {
        tier if context.own => tier,
        "auto" => "auto",
        "default" | "standard" | "standard_only" => "standard_only",
        _ => return context.lose(Loss::dropped("service_tier")),
    };
    if context.may("service_tier") {
        o.key("service_tier").string(word);
    }
}
