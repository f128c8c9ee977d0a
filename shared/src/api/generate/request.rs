//! A request: the conversation, the tools, and what is said about the answer.
//!
//! <https://ai.google.dev/api/generate-content#request-body>

use std::borrow::Cow;

use bytes::BytesMut;

use super::{conversation, parameters, tool};
use crate::api::context::Context;
use crate::api::family::Api;
use crate::api::form;
use crate::api::member::{boolean, missing, of_kind, present, string};
use crate::api::rest::losses;
use crate::dialect::Quirks;
use crate::error::Error;
use crate::ir::{Loss, Request};
use crate::wire::json::{Json, Kind, Writer};

/// The objects whose inner members are among the request's, named with a dot.
const OUTER: [&str; 2] = ["generationConfig.", "toolConfig."];

/// Reads a request in its one spelling. A member that is `null` is one that was not given.
pub(super) fn read<'a>(body: Json<'a>) -> Result<Request<'a>, Error> {
    if body.kind() != Kind::Object {
        return Err(Error::invalid("The request must be a JSON object."));
    }
    let mut request = Request { api: Some(Api::Generate), ..Request::default() };
    // Instructions stand before the conversation, wherever the member stands.
    if let Some(system) = present(body, "systemInstruction") {
        request.turns.push(conversation::read_instruction(system)?);
    }
    let contents = present(body, "contents").ok_or_else(|| missing("contents"))?;
    conversation::read(of_kind(contents, "contents", Kind::Array)?, &mut request)?;
    for (name, value) in body.fields().filter(|(_, value)| !value.is_null()) {
        read_member(name, value, &mut request)?;
    }
    Ok(request)
}

fn read_member<'a>(name: Cow<'a, str>, value: Json<'a>, request: &mut Request<'a>) -> Result<(), Error> {
    match &*name {
        "systemInstruction" | "contents" => {}
        "model" => request.model = string(value, &name)?,
        "tools" => request.tools = tool::read(value)?,
        "toolConfig" => tool::read_config(value, request)?,
        "generationConfig" => parameters::read(value, request)?,
        "serviceTier" => request.service_tier = Some(string(value, &name)?),
        "store" => request.store = Some(boolean(value, &name)?),
        _ => request.rest.push((name, value)),
    }
    Ok(())
}

/// Writes a request. The model and whether to stream are said by the path.
pub(super) fn write(request: &Request<'_>, quirks: &Quirks, out: &mut BytesMut) -> Result<Vec<Loss>, Error> {
    let own = request.api.is_none_or(|api| api == Api::Generate);
    let mut losses = losses(request, Api::Generate)?;
    let mut held = String::new();
    let request = &*form::adapt(request, Api::Generate, quirks, &mut held, &mut losses)?;
    let mut context = Context::new(own, quirks, losses);
    Writer::new(out).object(|o| {
        conversation::write(request, &mut context, o);
        tool::write(request, &mut context, o);
        parameters::write(request, &mut context, o);
        parameters::write_tier(request, &mut context, o);
        write_rest(request, &context, o);
    });
    context.finish()
}

fn write_rest(request: &Request<'_>, context: &Context<'_>, o: &mut Writer<'_>) {
    let inner = |name: &str| OUTER.iter().any(|outer| name.starts_with(outer));
    for (name, value) in request.rest.iter().filter(|(name, _)| context.own && !inner(name)) {
        o.key(name).json(*value);
    }
}
