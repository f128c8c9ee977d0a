//! Functions on offer, the provider's own tools, and which must be used.
//!
//! <https://ai.google.dev/api/caching#Tool>

use std::borrow::Cow;

use super::schema;
use crate::api::context::Context;
use crate::api::family::Api;
use crate::api::hosted::{Search, Work, unknown, work};
use crate::api::member::keep_inner;
use crate::api::member::{of_kind, optional, present, required, rest, string, within};
use crate::error::Error;
use crate::ir::{Function, Loss, Request, Tool, ToolChoice, ToolKind};
use crate::wire::json::{Json, Kind, Writer};

/// Reads `tools`. All but functions are known by the member that they are.
pub(super) fn read<'a>(tools: Json<'a>) -> Result<Vec<Tool<'a>>, Error> {
    let mut read = Vec::new();
    for (index, tool) in of_kind(tools, "tools", Kind::Array)?.items().enumerate() {
        read_tool(tool, &mut read).map_err(|error| within(format!("tools[{index}]"))(error))?;
    }
    Ok(read)
}

fn read_tool<'a>(tool: Json<'a>, into: &mut Vec<Tool<'a>>) -> Result<(), Error> {
    if tool.kind() != Kind::Object {
        return Err(Error::invalid("Each tool must be an object."));
    }
    for (name, value) in tool.fields().filter(|(_, value)| !value.is_null()) {
        if name != "functionDeclarations" {
            into.push(Tool::Hosted { api: Api::Generate, kind: name, raw: value });
            continue;
        }
        for (index, function) in of_kind(value, &name, Kind::Array)?.items().enumerate() {
            let read = read_function(function);
            into.push(read.map_err(|error| within(format!("functionDeclarations[{index}]"))(error))?);
        }
    }
    Ok(())
}

fn read_function<'a>(function: Json<'a>) -> Result<Tool<'a>, Error> {
    let named = ["name", "description", "parameters", "parametersJsonSchema"];
    let schema = ["parametersJsonSchema", "parameters"]
        .into_iter()
        .find_map(|name| Some((name, present(function, name)?)));
    Ok(Tool::Function(Function {
        name: required(function, "name")?,
        description: optional(function, "description")?,
        schema: schema.map(|(name, schema)| of_kind(schema, name, Kind::Object)).transpose()?,
        strict: None,
        cache: None,
        rest: rest(function, &named),
    }))
}

/// A mode that only this API has, among the members that have no place in the representation.
///
/// <https://ai.google.dev/gemini-api/docs/function-calling#function_calling_modes>
const VALIDATED: &str = "toolConfig.functionCallingConfig.mode";

/// Reads `toolConfig`.
pub(super) fn read_config<'a>(config: Json<'a>, request: &mut Request<'a>) -> Result<(), Error> {
    const CALLING: &str = "functionCallingConfig";
    let config = of_kind(config, "toolConfig", Kind::Object)?;
    keep_inner("toolConfig", config, &[CALLING], &mut request.rest);
    let Some(calling) = present(config, CALLING) else { return Ok(()) };
    let inside = within("toolConfig.functionCallingConfig");
    let calling = of_kind(calling, "toolConfig.functionCallingConfig", Kind::Object)?;
    let names = read_names(calling).map_err(&inside)?;
    let mode = optional(calling, "mode").map_err(&inside)?.unwrap_or_default();
    request.tool_choice = Some(match &*mode.to_ascii_uppercase() {
        // In calls that follow their schemas, which others may give as well; the word itself goes back to its own API alone.
        "VALIDATED" => {
            let mode = calling.get("mode").map(|mode| (Cow::Borrowed(VALIDATED), mode));
            request.rest.extend(mode);
            allowed_of(names)
        }
        "NONE" => ToolChoice::None,
        "ANY" => required_of(names),
        "AUTO" | "" | "MODE_UNSPECIFIED" => allowed_of(names),
        _ => {
            let raw = Cow::Borrowed(calling.raw());
            ToolChoice::Other { api: Api::Generate, raw }
        }
    });
    Ok(())
}

fn read_names<'a>(calling: Json<'a>) -> Result<Vec<Cow<'a, str>>, Error> {
    const NAMES: &str = "allowedFunctionNames";
    let Some(names) = present(calling, NAMES) else { return Ok(Vec::new()) };
    of_kind(names, NAMES, Kind::Array)?.items().map(|name| string(name, NAMES)).collect()
}

fn allowed_of(names: Vec<Cow<'_, str>>) -> ToolChoice<'_> {
    match names.is_empty() {
        true => ToolChoice::Auto,
        false => ToolChoice::Allowed { names, required: false },
    }
}

fn required_of(mut names: Vec<Cow<'_, str>>) -> ToolChoice<'_> {
    match names.len() {
        0 => ToolChoice::Required,
        1 => ToolChoice::Named { name: names.pop().unwrap_or_default(), kind: ToolKind::Function },
        _ => ToolChoice::Allowed { names, required: true },
    }
}

/// Writes `tools` and `toolConfig`.
pub(super) fn write(request: &Request<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    // What is only allowed, and not required, is offered alone: the API has no such choice.
    let allowed = match &request.tool_choice {
        Some(ToolChoice::Allowed { names, required: false }) if !context.own => Some(names),
        _ => None,
    };
    let offered = |name: &str| allowed.is_none_or(|names| names.iter().any(|own| own == name));
    if !request.tools.is_empty() && context.may("tools") {
        o.key("tools").array(|a| {
            write_functions(&request.tools, &offered, context, a);
            write_hosted(&request.tools, context, a);
        });
    }
    write_config(request, context, o);
}

fn write_functions(
    tools: &[Tool<'_>],
    offered: &dyn Fn(&str) -> bool,
    context: &mut Context<'_>,
    a: &mut Writer<'_>,
) {
    let is_offered = |tool: &Tool<'_>| match tool {
        Tool::Function(Function { name, .. }) => offered(name),
        Tool::Custom { .. } | Tool::Hosted { .. } => false,
    };
    if !tools.iter().any(is_offered) {
        return;
    }
    a.object(|o| {
        o.key("functionDeclarations").array(|a| {
            for (index, tool) in tools.iter().enumerate().filter(|(_, tool)| is_offered(tool)) {
                a.object(|o| write_function(tool, &format!("tools[{index}]"), context, o));
            }
        });
    });
}

fn write_function(tool: &Tool<'_>, path: &str, context: &mut Context<'_>, o: &mut Writer<'_>) {
    match tool {
        // What takes free text is a function by now (`identity::adapt`).
        Tool::Hosted { .. } | Tool::Custom { .. } => {}
        Tool::Function(function) => {
            o.key("name").string(&function.name);
            function.description.iter().for_each(|text| o.key("description").string(text));
            if let Some(schema) = function.schema {
                write_schema(schema, path, context, o);
            }
            if function.strict == Some(true) {
                context.lose(Loss::dropped(format!("{path}.strict")));
            }
            context.lose_cache(function.cache.is_some(), &path);
            context.write_rest(&function.rest, &path, o);
        }
    }
}

/// A schema of nothing is none: the API refuses objects without properties.
fn write_schema(schema: Json<'_>, path: &str, context: &mut Context<'_>, o: &mut Writer<'_>) {
    if context.own {
        return o.key("parametersJsonSchema").json(schema);
    }
    if schema.fields().next().is_none() {
        return;
    }
    schema::write(schema, &format!("{path}.parameters"), context.losses(), o.key("parametersJsonSchema"));
}

fn write_hosted(tools: &[Tool<'_>], context: &mut Context<'_>, a: &mut Writer<'_>) {
    for (index, tool) in tools.iter().enumerate() {
        match tool {
            Tool::Hosted { api: Api::Generate, kind, raw } => a.object(|o| o.key(kind).json(*raw)),
            Tool::Hosted { kind, .. } => {
                let path = format!("tools[{index}]");
                match work(tool, Api::Generate) {
                    Some(work) => write_work(&work, &path, context, a),
                    None => context.refuse(unknown(kind, &path)),
                }
            }
            _ => {}
        }
    }
}

/// The work that a tool is for.
pub(super) fn work_of<'a>(kind: &str) -> Option<Work<'a>> {
    match kind {
        "googleSearch" | "googleSearchRetrieval" => Some(Work::Search(Search::default())),
        "codeExecution" => Some(Work::Code),
        _ => None,
    }
}

/// <https://ai.google.dev/gemini-api/docs/google-search>: a search is told nothing more.
fn write_work(work: &Work<'_>, path: &str, context: &mut Context<'_>, a: &mut Writer<'_>) {
    let name = match work {
        Work::Code => "codeExecution",
        Work::Search(search) => {
            search.losses(&[], path).for_each(|loss| context.lose(loss));
            "googleSearch"
        }
    };
    a.object(|o| o.key(name).json(Json::EMPTY));
}

fn write_config(request: &Request<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    let inner = context.inner(request, "toolConfig.");
    let (modes, inner): (Vec<_>, Vec<_>) =
        inner.into_iter().partition(|(name, _)| VALIDATED.strip_prefix("toolConfig.") == Some(name));
    let idle = request.tools.is_empty() && !context.own;
    let choice = request.tool_choice.as_ref().filter(|_| !idle);
    if (inner.is_empty() && choice.is_none()) || !context.may("toolConfig") {
        return;
    }
    o.key("toolConfig").object(|o| {
        choice.iter().for_each(|choice| {
            write_choice(choice, modes.first().map(|mode| mode.1), context, o.key("functionCallingConfig"))
        });
        inner.iter().for_each(|(name, value)| o.key(name).json(*value));
    });
}

/// `own` is a mode that only this API has.
fn write_choice(
    choice: &ToolChoice<'_>,
    own: Option<Json<'_>>,
    context: &mut Context<'_>,
    w: &mut Writer<'_>,
) {
    let (mode, names): (_, Vec<&str>) = match choice {
        ToolChoice::Auto => ("AUTO", Vec::new()),
        ToolChoice::None => ("NONE", Vec::new()),
        ToolChoice::Required => ("ANY", Vec::new()),
        ToolChoice::Named { name, .. } => ("ANY", vec![&**name]),
        ToolChoice::Allowed { names, required: true } => ("ANY", names.iter().map(|name| &**name).collect()),
        ToolChoice::Allowed { names, .. } => {
            let own = names.iter().filter(|_| context.own);
            ("AUTO", own.map(|name| &**name).collect())
        }
        ToolChoice::Other { api: Api::Generate, raw } => return w.raw(raw),
        ToolChoice::Other { .. } => {
            let message = "This form of `tool_choice` cannot be asked of this model's provider.";
            context.refuse(Error::invalid_param("tool_choice", message).with_code("unsupported_parameter"));
            ("AUTO", Vec::new())
        }
    };
    w.object(|o| {
        match own {
            Some(mode) => o.key("mode").json(mode),
            None => o.key("mode").string(mode),
        }
        if !names.is_empty() {
            o.key("allowedFunctionNames").array(|a| names.iter().for_each(|name| a.string(name)));
        }
    });
}
