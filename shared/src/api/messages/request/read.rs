//! A client's request, read.

use std::borrow::Cow;

use crate::api::family::Api;
use crate::api::member::{
    boolean, integer, missing, of_kind, present, required, rest, string, within, wrong,
};
use crate::api::messages::{block, parameters, thinking, tool};
use crate::error::Error;
use crate::ir::{Block, Place, Request, Role, Turn};
use crate::wire::json::{Json, Kind};

/// Reads a request. A member that is `null` is one that was not given.
pub(in crate::api::messages) fn read<'a>(body: Json<'a>) -> Result<Request<'a>, Error> {
    if body.kind() != Kind::Object {
        return Err(Error::invalid("The request must be a JSON object."));
    }
    let mut request = Request { api: Some(Api::Messages), ..Request::default() };
    for name in ["model", "max_tokens", "messages"] {
        present(body, name).ok_or_else(|| missing(name))?;
    }
    // Instructions stand before the conversation, wherever the member stands.
    if let Some(system) = present(body, "system") {
        request.turns.push(Turn::new(Role::System, read_content(system, "system")?));
    }
    for (name, value) in body.fields().filter(|(_, value)| !value.is_null()) {
        read_member(name, value, &mut request)?;
    }
    Ok(request)
}

/// Refuses what other APIs cannot be asked for and what cannot be left out either: tools on servers that the provider
/// calls.
pub(in crate::api::messages) fn portable(request: &Request<'_>) -> Result<(), Error> {
    let asks = |name: &str, value: Json<'_>| name == "mcp_servers" && value.items().next().is_some();
    if !request.rest.iter().any(|(name, value)| asks(name, *value)) {
        return Ok(());
    }
    let message = "`mcp_servers` cannot be asked of this model's provider.";
    Err(Error::invalid_param("mcp_servers", message).with_code("unsupported_parameter"))
}

/// Whether other APIs do what a member asks for anyway.
pub(in crate::api::messages) fn carries(name: &str, value: Json<'_>) -> bool {
    match name {
        "mcp_servers" => value.items().next().is_none(),
        "speed" => value.string().as_deref() == Some("standard"),
        _ => false,
    }
}

fn read_member<'a>(name: Cow<'a, str>, value: Json<'a>, request: &mut Request<'a>) -> Result<(), Error> {
    match &*name {
        "system" => {}
        "model" => request.model = string(value, &name)?,
        "messages" => read_messages(value, request)?,
        "max_tokens" => request.max_tokens = Some(integer(value, &name)?),
        "temperature" => request.temperature = Some(of_kind(value, &name, Kind::Number)?),
        "top_p" => request.top_p = Some(of_kind(value, &name, Kind::Number)?),
        "top_k" => request.top_k = Some(of_kind(value, &name, Kind::Number)?),
        "stop_sequences" => request.stop = read_stop(value)?,
        "stream" => request.stream = boolean(value, &name)?,
        "tools" => request.tools = tool::read(value)?,
        "tool_choice" => tool::read_choice(name, value, request)?,
        "thinking" => thinking::read(name, value, request)?,
        "output_config" => parameters::read_output(value, request)?,
        "output_format" => parameters::read_format(name, value, request)?,
        "metadata" => parameters::read_metadata(value, request)?,
        "service_tier" => request.service_tier = Some(string(value, &name)?),
        _ => request.rest.push((name, value)),
    }
    Ok(())
}

fn read_messages<'a>(messages: Json<'a>, request: &mut Request<'a>) -> Result<(), Error> {
    for (index, message) in of_kind(messages, "messages", Kind::Array)?.items().enumerate() {
        let turn = read_message(message).map_err(|error| within(format!("messages[{index}]"))(error))?;
        request.places.push(Place::of_turn(request.turns.len()));
        request.turns.push(turn);
    }
    Ok(())
}

fn read_message<'a>(message: Json<'a>) -> Result<Turn<'a>, Error> {
    if message.kind() != Kind::Object {
        return Err(Error::invalid("Each message must be an object with `role` and `content`."));
    }
    let role = match required(message, "role")? {
        role if role == "user" => Role::User,
        role if role == "assistant" => Role::Assistant,
        role if role == "system" => Role::System,
        role => Role::Other(role),
    };
    let content = present(message, "content").ok_or_else(|| missing("content"))?;
    let blocks = read_content(content, "content")?;
    Ok(Turn { rest: rest(message, &["role", "content"]), ..Turn::new(role, blocks) })
}

/// Content is a string or an array of blocks.
pub(in crate::api::messages) fn read_content<'a>(
    content: Json<'a>,
    name: &str,
) -> Result<Vec<Block<'a>>, Error> {
    if let Some(text) = content.string() {
        return Ok(vec![Block::text(text)]);
    }
    if content.kind() != Kind::Array {
        return Err(wrong(name, "a string or an array of content blocks"));
    }
    let read = |(index, item)| block::read(item).map_err(|error| within(format!("{name}[{index}]"))(error));
    content.items().enumerate().map(read).collect()
}

fn read_stop<'a>(value: Json<'a>) -> Result<Vec<Cow<'a, str>>, Error> {
    let items = of_kind(value, "stop_sequences", Kind::Array)?.items().enumerate();
    items.map(|(index, text)| string(text, &format!("stop_sequences[{index}]"))).collect()
}
