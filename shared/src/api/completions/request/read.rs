//! A client's request, read.

use std::borrow::Cow;

use crate::api::completions::{message, reasoning, tool};
use crate::api::family::Api;
use crate::api::member::{boolean, integer, missing, of_kind, present, string, within, wrong};
use crate::error::Error;
use crate::ir::{Format, Request, Tool, ToolChoice};
use crate::wire::json::{Json, Kind};

/// Reads a request. A member that is `null` is one that was not given.
pub(in crate::api::completions) fn read<'a>(body: Json<'a>) -> Result<Request<'a>, Error> {
    if body.kind() != Kind::Object {
        return Err(Error::invalid("The request must be a JSON object."));
    }
    let mut request = Request { api: Some(Api::Completions), ..Request::default() };
    let messages = present(body, "messages").ok_or_else(|| missing("messages"))?;
    message::read(messages, &mut request)?;
    for (name, value) in body.fields().filter(|(_, value)| !value.is_null()) {
        read_member(name, value, &mut request)?;
    }
    legacy(body, &mut request)?;
    read_user(body, &mut request)?;
    Ok(request)
}

fn read_member<'a>(name: Cow<'a, str>, value: Json<'a>, request: &mut Request<'a>) -> Result<(), Error> {
    match &*name {
        "messages" | "functions" | "function_call" | "max_tokens" | "top_logprobs" | tool::SEARCH => {}
        "user" | "safety_identifier" => {}
        "model" => request.model = string(value, &name)?,
        "tools" => request.tools = tool::read(value)?,
        "tool_choice" => request.tool_choice = Some(tool::read_choice(value)?),
        "parallel_tool_calls" => request.parallel_tools = Some(boolean(value, &name)?),
        "max_completion_tokens" => request.max_tokens = Some(integer(value, &name)?),
        "temperature" => request.temperature = Some(of_kind(value, &name, Kind::Number)?),
        "top_p" => request.top_p = Some(of_kind(value, &name, Kind::Number)?),
        "top_k" => request.top_k = Some(of_kind(value, &name, Kind::Number)?),
        "seed" => request.seed = Some(of_kind(value, &name, Kind::Number)?),
        "frequency_penalty" => request.frequency_penalty = Some(of_kind(value, &name, Kind::Number)?),
        "presence_penalty" => request.presence_penalty = Some(of_kind(value, &name, Kind::Number)?),
        "stop" => request.stop = read_stop(value)?,
        "n" => request.answers = Some(integer(value, &name)?).filter(|&answers| answers != 1),
        "logprobs" => read_logprobs(value, request)?,
        "reasoning_effort" | "reasoning" | "thinking" | "enable_thinking" | "thinking_budget" => {
            reasoning::read_wish(name, value, request)?;
        }
        "response_format" => read_format(name, value, request)?,
        "verbosity" => request.verbosity = Some(string(value, &name)?),
        "stream" => request.stream = boolean(value, &name)?,
        "stream_options" => read_stream_options(value, request)?,
        "metadata" => request.metadata = Some(of_kind(value, &name, Kind::Object)?),
        "service_tier" => request.service_tier = Some(string(value, &name)?),
        "prompt_cache_key" => request.cache_key = Some(string(value, &name)?),
        "store" => request.store = Some(boolean(value, &name)?),
        _ => request.rest.push((name, value)),
    }
    Ok(())
}

/// The older spellings, which count where the newer ones are missing, and the search that is no tool here.
fn legacy<'a>(body: Json<'a>, request: &mut Request<'a>) -> Result<(), Error> {
    if let (None, Some(limit)) = (request.max_tokens, present(body, "max_tokens")) {
        request.max_tokens = Some(integer(limit, "max_tokens")?);
    }
    if let Some(count) = present(body, "top_logprobs") {
        request.logprobs = Some(integer(count, "top_logprobs")?);
    }
    if let Some(options) = present(body, tool::SEARCH) {
        let kind = Cow::Borrowed(tool::SEARCH);
        request.tools.push(Tool::Hosted { api: Api::Completions, kind, raw: options });
    }
    if let Some(functions) = present(body, "functions") {
        request.tools.extend(tool::read_functions(functions)?);
        // An answer in this form has room for one call.
        request.parallel_tools.get_or_insert(false);
    }
    if let (None, Some(choice)) = (&request.tool_choice, present(body, "function_call")) {
        request.tool_choice = Some(read_function_choice(choice)?);
    }
    Ok(())
}

/// `safety_identifier` is the new name of `user`; whoever gives both means two things.
fn read_user<'a>(body: Json<'a>, request: &mut Request<'a>) -> Result<(), Error> {
    let safety = present(body, "safety_identifier");
    match present(body, "user") {
        None => request.user = safety.map(|safety| string(safety, "safety_identifier")).transpose()?,
        Some(user) => {
            request.user = Some(string(user, "user")?);
            request.rest.extend(safety.map(|safety| (Cow::Borrowed("safety_identifier"), safety)));
        }
    }
    Ok(())
}

/// B2: `function_call` is a word or a name.
fn read_function_choice<'a>(choice: Json<'a>) -> Result<ToolChoice<'a>, Error> {
    match choice.kind() {
        Kind::Object => tool::read_named(choice).map_err(within("function_call")),
        _ => tool::read_choice(choice)
            .map_err(|error| Error { param: Some("function_call".to_owned()), ..error }),
    }
}

/// B1: `stop` is one text or several.
fn read_stop<'a>(value: Json<'a>) -> Result<Vec<Cow<'a, str>>, Error> {
    match value.kind() {
        Kind::String => Ok(vec![string(value, "stop")?]),
        Kind::Array => {
            let read = |(index, text): (usize, Json<'a>)| {
                text.string().ok_or_else(|| wrong(&format!("stop[{index}]"), "a string"))
            };
            value.items().enumerate().map(read).collect()
        }
        _ => Err(wrong("stop", "a string or an array of strings")),
    }
}

fn read_logprobs(value: Json<'_>, request: &mut Request<'_>) -> Result<(), Error> {
    if boolean(value, "logprobs")? {
        request.logprobs = Some(0);
    }
    Ok(())
}

fn read_stream_options<'a>(options: Json<'a>, request: &mut Request<'a>) -> Result<(), Error> {
    for (name, value) in of_kind(options, "stream_options", Kind::Object)?.fields() {
        match &*name {
            "include_usage" if value.is_null() => {}
            "include_usage" => {
                let wanted = boolean(value, "include_usage").map_err(within("stream_options"))?;
                request.include_usage = Some(wanted);
            }
            _ => request.rest.push((Cow::Owned(format!("stream_options.{name}")), value)),
        }
    }
    Ok(())
}

fn read_format<'a>(name: Cow<'a, str>, value: Json<'a>, request: &mut Request<'a>) -> Result<(), Error> {
    let kind = of_kind(value, &name, Kind::Object)?.get("type").and_then(Json::string);
    match kind.as_deref() {
        Some("text") => request.format = Some(Format::Text),
        Some("json_object") => request.format = Some(Format::Json),
        Some("json_schema") => {
            let schema = read_schema(value).map_err(within("response_format"))?;
            request.format = Some(schema);
        }
        _ => request.rest.push((name, value)),
    }
    Ok(())
}

fn read_schema<'a>(format: Json<'a>) -> Result<Format<'a>, Error> {
    let inner = present(format, "json_schema").ok_or_else(|| missing("json_schema"))?;
    let text = |name| present(inner, name).map(|value| string(value, name)).transpose();
    let schema = present(inner, "schema").map(|value| of_kind(value, "schema", Kind::Object)).transpose();
    let strict = present(inner, "strict").map(|value| boolean(value, "strict")).transpose();
    let inside = within("json_schema");
    Ok(Format::Schema {
        name: text("name").map_err(&inside)?,
        description: text("description").map_err(&inside)?,
        // Without a schema any object will do.
        schema: schema.map_err(&inside)?.unwrap_or(Json::EMPTY),
        strict: strict.map_err(&inside)?,
    })
}

/// Refuses what other APIs cannot be asked for and what cannot be left out either: a spoken answer.
pub(in crate::api::completions) fn portable(request: &Request<'_>) -> Result<(), Error> {
    for (name, value) in &request.rest {
        let needed = match &**name {
            "audio" => true,
            "modalities" => value.items().any(|word| word.string().is_some_and(|word| word != "text")),
            _ => false,
        };
        if needed {
            let message = format!("`{name}` cannot be asked of this model's provider.");
            return Err(Error::invalid_param(name.clone(), message).with_code("unsupported_parameter"));
        }
    }
    Ok(())
}

/// Whether other APIs do what a member asks for anyway.
pub(in crate::api::completions) fn carries(name: &str, value: Json<'_>) -> bool {
    match name {
        "logit_bias" => value.fields().next().is_none(),
        "modalities" => value.items().all(|word| word.string().as_deref() == Some("text")),
        "prompt_cache_retention" => value.string().as_deref() == Some("in_memory"),
        "include_reasoning" => value.boolean() == Some(true),
        _ => false,
    }
}
