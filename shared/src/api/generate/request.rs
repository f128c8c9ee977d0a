//! A request: the conversation, the tools, and what is said about the answer.
//!
//! <https://ai.google.dev/api/generate-content#request-body>

use std::borrow::Cow;
use std::fmt::Display;

use bytes::BytesMut;

use super::{conversation, parameters, tool};
use crate::api::family::Api;
use crate::api::form;
use crate::api::member::{boolean, missing, of_kind, present, rest, string};
use crate::api::rest::losses;
use crate::dialect::Quirks;
use crate::error::Error;
use crate::ir::{Loss, Request, Rest};
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

/// Puts the members of the object `outer` that have no place elsewhere among the request's, named with a dot.
pub(super) fn keep_inner<'a>(outer: &str, value: Json<'a>, named: &[&str], into: &mut Rest<'a>) {
    let inner = rest(value, named).into_iter();
    into.extend(inner.map(|(name, value)| (Cow::Owned(format!("{outer}.{name}")), value)));
}

/// What there is to know and to note while a request is written.
pub(super) struct Context<'c> {
    /// Whether the client speaks this API too: its own words go back as they are.
    pub(super) own: bool,
    pub(super) quirks: &'c Quirks,
    pub(super) losses: Vec<Loss>,
    /// The first thing that can be neither written nor left out.
    refusal: Option<Error>,
}

/// Writes a request. The model and whether to stream are said by the path.
pub(super) fn write(request: &Request<'_>, quirks: &Quirks, out: &mut BytesMut) -> Result<Vec<Loss>, Error> {
    let own = request.api.is_none_or(|api| api == Api::Generate);
    let mut losses = losses(request, Api::Generate)?;
    let mut held = String::new();
    let request = &*form::adapt(request, Api::Generate, quirks, &mut held, &mut losses)?;
    let mut context = Context { own, quirks, losses, refusal: None };
    Writer::new(out).object(|o| {
        conversation::write(request, &mut context, o);
        tool::write(request, &mut context, o);
        parameters::write(request, &mut context, o);
        parameters::write_tier(request, &mut context, o);
        write_rest(request, &context, o);
    });
    context.refusal.map_or(Ok(context.losses), Err)
}

fn write_rest(request: &Request<'_>, context: &Context<'_>, o: &mut Writer<'_>) {
    let inner = |name: &str| OUTER.iter().any(|outer| name.starts_with(outer));
    for (name, value) in request.rest.iter().filter(|(name, _)| context.own && !inner(name)) {
        o.key(name).json(*value);
    }
}

impl Context<'_> {
    /// Notes that something is lost.
    pub(super) fn lose(&mut self, loss: Loss) {
        self.losses.push(loss);
    }

    /// Notes something that can be neither written nor left out.
    pub(super) fn refuse(&mut self, error: Error) {
        self.refusal.get_or_insert(error);
    }

    /// Whether the provider takes this member; a loss where it doesn't.
    pub(super) fn may(&mut self, name: &str) -> bool {
        let may = !self.quirks.drops.contains(&name);
        if !may {
            self.lose(Loss::dropped(name.to_owned()));
        }
        may
    }

    /// The request's members that belong into the object before the dot.
    pub(super) fn inner<'r>(&self, request: &'r Request<'_>, outer: &str) -> Vec<(&'r str, Json<'r>)> {
        let own = request.rest.iter().filter(|_| self.own);
        own.filter_map(|(name, value)| Some((name.strip_prefix(outer)?, *value))).collect()
    }

    /// Writes members that the representation has no place for, or notes them as lost.
    pub(super) fn write_rest(&mut self, rest: &Rest<'_>, path: &dyn Display, o: &mut Writer<'_>) {
        for (name, value) in rest {
            if self.own {
                o.key(name).json(*value);
            } else {
                self.lose(Loss::dropped(format!("{path}.{name}")));
            }
        }
    }

    /// Notes a mark on what is worth keeping: this API keeps what it sees fit.
    pub(super) fn lose_cache(&mut self, marked: bool, path: &dyn Display) {
        if marked {
            self.lose(Loss::dropped(format!("{path}.cache_control")));
        }
    }
}
