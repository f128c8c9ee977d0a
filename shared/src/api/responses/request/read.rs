//! A client's request, read.

use std::borrow::Cow;

use super::write::LOGPROBS;
use crate::api::family::Api;
use crate::api::member::{boolean, integer, missing, of_kind, optional, present, required, string, within};
use crate::api::responses::{input, tools};
use crate::error::Error;
use crate::ir::{Block, Format, Request, Role, Thinking, Turn};
use crate::wire::json::{Json, Kind};

/// Reads a client's request.
pub(in crate::api::responses) fn read<'a>(body: Json<'a>) -> Result<Request<'a>, Error> {
    if body.kind() != Kind::Object {
        return Err(Error::invalid("The body must be a JSON object."));
    }
    let mut request = Request { api: Some(Api::Responses), ..Request::default() };
    for (name, value) in body.fields().filter(|(_, value)| !value.is_null()) {
        read_member(&mut request, name, value)?;
    }
    read_include(&mut request);
    read_conversation(body, &mut request)?;
    read_user(body, &mut request)?;
    Ok(request)
}

fn read_member<'a>(request: &mut Request<'a>, name: Cow<'a, str>, value: Json<'a>) -> Result<(), Error> {
    match &*name {
        "model" => request.model = string(value, &name)?,
        "tools" => request.tools = tools::read(value)?,
        "tool_choice" => request.tool_choice = Some(tools::read_choice(value)?),
        "parallel_tool_calls" => request.parallel_tools = Some(boolean(value, &name)?),
        "max_output_tokens" => request.max_tokens = Some(integer(value, &name)?),
        "temperature" => request.temperature = Some(of_kind(value, &name, Kind::Number)?),
        "top_p" => request.top_p = Some(of_kind(value, &name, Kind::Number)?),
        "top_logprobs" => request.logprobs = Some(integer(value, &name)?),
        "reasoning" => read_reasoning(request, of_kind(value, &name, Kind::Object)?)?,
        "text" => read_text(request, of_kind(value, &name, Kind::Object)?)?,
        "stream" => request.stream = boolean(value, &name)?,
        "metadata" => request.metadata = Some(of_kind(value, &name, Kind::Object)?),
        "service_tier" => request.service_tier = Some(string(value, &name)?),
        "prompt_cache_key" => request.cache_key = Some(string(value, &name)?),
        "store" => request.store = Some(boolean(value, &name)?),
        "instructions" | "input" | "user" | "safety_identifier" => {}
        _ => request.rest.push((name, value)),
    }
    Ok(())
}

/// Log probabilities are given where `include` asks for them, however many `top_logprobs` there are to be.
fn read_include(request: &mut Request<'_>) {
    let include = request.rest.iter().find(|(name, _)| name == "include").map(|(_, value)| *value);
    let wanted =
        include.into_iter().flat_map(Json::items).any(|word| word.string().as_deref() == Some(LOGPROBS));
    if wanted {
        request.logprobs.get_or_insert(0);
    }
}

/// Whether answers of other APIs are as this member asks anyway: it says what is usual, or asks for what the
/// representation carries.
pub(in crate::api::responses) fn carries(name: &str, value: Json<'_>) -> bool {
    const CARRIED: [&str; 2] = ["reasoning.encrypted_content", LOGPROBS];
    match name {
        "background" => value.boolean() == Some(false),
        "include" => value.items().all(|word| word.string().is_some_and(|word| CARRIED.contains(&&*word))),
        "prompt_cache_retention" => value.string().as_deref() == Some("in_memory"),
        "truncation" => value.string().as_deref() == Some("disabled"),
        _ => false,
    }
}

/// Reads `instructions` as the first turn and `input` as those behind it.
fn read_conversation<'a>(body: Json<'a>, request: &mut Request<'a>) -> Result<(), Error> {
    if let Some(instructions) = present(body, "instructions") {
        let text = string(instructions, "instructions")?;
        request.turns.push(Turn::new(Role::System, vec![Block::text(text)]));
    }
    match present(body, "input") {
        Some(given) => {
            let declared = body.get("tools").map(tools::declared).unwrap_or_default();
            input::read(given, declared, request)?;
        }
        None if STATE.iter().any(|name| present(body, name).is_some()) => {}
        None => return Err(missing("input")),
    }
    Ok(())
}

/// What refers to things that only the provider keeps.
const STATE: [&str; 3] = ["previous_response_id", "conversation", "prompt"];

/// `safety_identifier` is the new name of `user`; whoever gives both means two things.
fn read_user<'a>(body: Json<'a>, request: &mut Request<'a>) -> Result<(), Error> {
    let safety = present(body, "safety_identifier");
    match (present(body, "user"), safety) {
        (Some(user), None) => request.user = Some(string(user, "user")?),
        (None, Some(safety)) => request.user = Some(string(safety, "safety_identifier")?),
        (Some(user), Some(safety)) => {
            request.user = Some(string(user, "user")?);
            request.rest.push((Cow::Borrowed("safety_identifier"), safety));
        }
        (None, None) => {}
    }
    Ok(())
}

fn read_reasoning<'a>(request: &mut Request<'a>, reasoning: Json<'a>) -> Result<(), Error> {
    let mut thinking = Thinking::default();
    for (name, value) in reasoning.fields().filter(|(_, value)| !value.is_null()) {
        match &*name {
            "effort" => thinking.effort = Some(string(value, "reasoning.effort")?),
            "summary" => thinking.summary = Some(string(value, "reasoning.summary")?),
            _ => request.rest.push((Cow::Owned(format!("reasoning.{name}")), value)),
        }
    }
    request.thinking = Some(thinking).filter(|thinking| *thinking != Thinking::default());
    Ok(())
}

/// Reads `text`: the answer's form (B7, D2) and verbosity.
fn read_text<'a>(request: &mut Request<'a>, text: Json<'a>) -> Result<(), Error> {
    for (name, value) in text.fields().filter(|(_, value)| !value.is_null()) {
        match &*name {
            "verbosity" => request.verbosity = Some(string(value, "text.verbosity")?),
            "format" => match read_format(value).map_err(within("text.format"))? {
                Some(format) => request.format = Some(format),
                None => request.rest.push((Cow::Borrowed("text.format"), value)),
            },
            _ => request.rest.push((Cow::Owned(format!("text.{name}")), value)),
        }
    }
    Ok(())
}

/// The form, unless it is one the representation does not have.
fn read_format<'a>(format: Json<'a>) -> Result<Option<Format<'a>>, Error> {
    Ok(match &*required(format, "type")? {
        "text" => Some(Format::Text),
        "json_object" => Some(Format::Json),
        "json_schema" => Some(Format::Schema {
            name: Some(required(format, "name")?),
            description: optional(format, "description")?,
            schema: of_kind(format.get("schema").ok_or_else(|| missing("schema"))?, "schema", Kind::Object)?,
            strict: present(format, "strict").map(|it| boolean(it, "strict")).transpose()?,
        }),
        _ => None,
    })
}

/// Fails where the request needs what only its own provider keeps: an earlier answer, a conversation, a stored prompt,
/// an item named by its id; or asks to be answered later.
pub(in crate::api::responses) fn portable(request: &Request<'_>) -> Result<(), Error> {
    for (name, value) in &request.rest {
        let needed = STATE.contains(&&**name) || (name == "background" && value.boolean() == Some(true));
        if needed {
            return Err(elsewhere(name.clone().into_owned()));
        }
    }
    let mut blocks = request.turns.iter().flat_map(|turn| &turn.blocks);
    if blocks.any(is_reference) { Err(elsewhere("input.item_reference".to_owned())) } else { Ok(()) }
}

fn elsewhere(param: String) -> Error {
    let message = format!(
        "'{param}' works only with a provider of the Responses API, and this model's provider speaks another one."
    );
    Error::invalid_param(param, message).with_code("unsupported_parameter")
}

/// D13: an item that only the provider who keeps it can resolve.
fn is_reference(block: &Block<'_>) -> bool {
    let Block::Opaque { api: Api::Responses, raw } = block else { return false };
    let Ok(item) = Json::parse(raw.as_bytes()) else { return false };
    item.get("type").and_then(Json::string).is_none_or(|kind| kind == "item_reference")
}
