//! Tools on offer, and which of them must be used.
//!
//! A custom tool, which takes free text and which this API does not have, is offered as a function with one string,
//! `input`. Which tools were custom is known from the client's request, so `api/identity` takes the text out again.
//!
//! <https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/overview>

use std::borrow::Cow;

use super::{block, hosted, schema};
use crate::api::context::Context;
use crate::api::family::Api;
use crate::api::hosted::{Work, unknown, work};
use crate::api::member::{boolean, keep_inner, of_kind, optional, present, required, within};
use crate::api::written::Written;
use crate::error::Error;
use crate::ir::{Function, Loss, Request, Tool, ToolChoice, ToolKind, Why};
use crate::wire::json::{Json, Kind, Writer};

/// The schema under which a custom tool is offered.
pub(in crate::api) const CUSTOM: &str = r#"{"type":"object","properties":{"input":{"type":"string"}},"required":["input"],"additionalProperties":false}"#;

/// Reads `tools`. Those that the provider runs, or has a schema of its own for, are known by their `type` (B5).
pub(super) fn read<'a>(tools: Json<'a>) -> Result<Vec<Tool<'a>>, Error> {
    let tools = of_kind(tools, "tools", Kind::Array)?.items().enumerate();
    tools
        .map(|(index, tool)| read_tool(tool).map_err(|error| within(format!("tools[{index}]"))(error)))
        .collect()
}

/// A tool's schema has a name of its own here.
pub(super) const WRITTEN: Written = Written {
    differs: |place| place.starts_with("tools["),
    listed: |_, _| None,
    is_named: |written, name| written == name || name == "parameters" && written == "input_schema",
    holds: |_| false,
};

fn read_tool<'a>(tool: Json<'a>) -> Result<Tool<'a>, Error> {
    if tool.kind() != Kind::Object {
        return Err(Error::invalid("Each tool must be an object."));
    }
    let kind = optional(tool, "type")?.unwrap_or(Cow::Borrowed("custom"));
    if kind != "custom" {
        return Ok(Tool::Hosted { api: Api::Messages, kind, raw: tool });
    }
    let cache = block::cache(tool);
    let strict = present(tool, "strict").map(|strict| boolean(strict, "strict")).transpose()?;
    let schema = present(tool, "input_schema");
    let named = ["type", "name", "description", "input_schema", "strict"];
    Ok(Tool::Function(Function {
        name: required(tool, "name")?,
        description: optional(tool, "description")?,
        schema: schema.map(|schema| of_kind(schema, "input_schema", Kind::Object)).transpose()?,
        strict,
        rest: block::others(tool, &named, &cache),
        cache,
    }))
}

/// Reads `tool_choice`, and in it whether several tools may be used at once.
pub(super) fn read_choice<'a>(
    name: Cow<'a, str>,
    value: Json<'a>,
    request: &mut Request<'a>,
) -> Result<(), Error> {
    let choice = of_kind(value, &name, Kind::Object)?;
    let inside = within("tool_choice");
    let single = present(choice, "disable_parallel_tool_use");
    let single = single.map(|single| boolean(single, "disable_parallel_tool_use")).transpose();
    request.parallel_tools = single.map_err(&inside)?.map(|single| !single);
    request.tool_choice = Some(match &*required(choice, "type").map_err(&inside)? {
        "auto" => ToolChoice::Auto,
        "none" => ToolChoice::None,
        "any" => ToolChoice::Required,
        "tool" => {
            ToolChoice::Named { name: required(choice, "name").map_err(&inside)?, kind: ToolKind::Function }
        }
        _ => {
            request.tool_choice =
                Some(ToolChoice::Other { api: Api::Messages, raw: Cow::Borrowed(value.raw()) });
            return Ok(());
        }
    });
    keep_inner("tool_choice", choice, &["type", "name", "disable_parallel_tool_use"], &mut request.rest);
    Ok(())
}

/// Whether the choice makes the model use a tool, which does not go with thinking.
pub(super) fn is_forced(choice: Option<&ToolChoice<'_>>) -> bool {
    matches!(
        choice,
        Some(ToolChoice::Required | ToolChoice::Named { .. } | ToolChoice::Allowed { required: true, .. })
    )
}

/// Writes `tools` and `tool_choice`.
pub(super) fn write(request: &Request<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    // What only some tools are allowed for is offered those alone: the API has no such choice.
    let allowed = match &request.tool_choice {
        Some(ToolChoice::Allowed { names, .. }) => Some(names),
        _ => None,
    };
    let offered = |tool: &Tool<'_>| allowed.is_none_or(|names| names.iter().any(|name| name == tool.name()));
    if request.tools.iter().any(offered) && context.may("tools") {
        o.key("tools").array(|a| {
            let tools = request.tools.iter().enumerate().filter(|(_, tool)| offered(tool));
            tools.for_each(|(index, tool)| write_tool(tool, &format!("tools[{index}]"), context, a));
        });
    }
    write_choice(request, context, o);
}

fn write_tool(tool: &Tool<'_>, path: &str, context: &mut Context<'_>, a: &mut Writer<'_>) {
    check_name(tool.name(), path, context);
    match tool {
        Tool::Hosted { api: Api::Messages, raw, .. } => a.json(*raw),
        Tool::Hosted { kind, .. } => match work(tool, Api::Messages) {
            Some(work) => write_hosted(&work, path, context, a),
            None => context.refuse(unknown(kind, path)),
        },
        Tool::Function(function) => a.object(|o| write_function(function, path, context, o)),
        // They are functions by now (`identity::adapt`).
        Tool::Custom { .. } => {}
    }
}

fn write_hosted(work: &Work<'_>, path: &str, context: &mut Context<'_>, a: &mut Writer<'_>) {
    if let Work::Search(search) = work {
        search.losses(&hosted::TAKEN, path).for_each(|loss| context.lose(loss));
    }
    hosted::write(work, a);
}

/// Names come back in answers and must be the client's own there, so one that the API refuses is not changed.
fn check_name(name: &str, path: &str, context: &mut Context<'_>) {
    let is_legal = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    let fits = (1..=128).contains(&name.len()) && name.chars().all(is_legal);
    if !fits && !context.own {
        let message = format!(
            "This model's API takes tools named by 1 to 128 letters, digits, `_` and `-`, not `{name}`."
        );
        context
            .refuse(Error::invalid_param(format!("{path}.name"), message).with_code("unsupported_tool_name"));
    }
}

fn write_function(function: &Function<'_>, path: &str, context: &mut Context<'_>, o: &mut Writer<'_>) {
    o.key("name").string(&function.name);
    function.description.iter().for_each(|text| o.key("description").string(text));
    let schema = function.schema.unwrap_or(Json::EMPTY);
    let strict = strict(function, path, context);
    match strict {
        Some(true) if !context.own => {
            let path = format!("{path}.parameters");
            schema::write(schema, &path, context.losses(), o.key("input_schema"));
        }
        _ => write_schema(schema, o.key("input_schema")),
    }
    strict.iter().for_each(|&strict| o.key("strict").boolean(strict));
    block::write_cache(function.cache.as_ref(), o);
    context.write_rest(&function.rest, &path, o);
}

/// Whether arguments must keep to the schema, which not all models can. Not strict is what the API is anyway.
fn strict(function: &Function<'_>, path: &str, context: &mut Context<'_>) -> Option<bool> {
    let strict = function.strict.filter(|&strict| strict || context.own);
    if strict.is_none() || context.own || context.quirks.formats.contains(&"json_schema") {
        return strict;
    }
    context.lose(Loss::dropped(format!("{path}.strict")));
    None
}

/// The API demands a schema, and of it that it be an object's.
pub(in crate::api) fn write_schema(schema: Json<'_>, value: &mut Writer<'_>) {
    if schema.get("type").is_some() {
        return value.json(schema);
    }
    value.object(|o| {
        o.key("type").string("object");
        schema.fields().for_each(|(name, inner)| o.key(&name).json(inner));
        if schema.get("properties").is_none() {
            o.key("properties").json(Json::EMPTY);
        }
    });
}

/// Without tools there is nothing to choose; one at a time is said beside the choice.
fn write_choice(request: &Request<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    let single =
        request.parallel_tools.filter(|&parallel| !parallel || context.own).map(|parallel| !parallel);
    let choice = match &request.tool_choice {
        Some(ToolChoice::Auto | ToolChoice::None) | None if request.tools.is_empty() && !context.own => {
            return;
        }
        None if single.is_none() => return,
        None => &ToolChoice::Auto,
        Some(choice) => choice,
    };
    if !context.may("tool_choice") {
        return;
    }
    if let ToolChoice::Other { api, raw } = choice {
        return write_other_choice(*api, raw, context, o);
    }
    if let ToolChoice::Allowed { .. } = choice {
        context.lose(Loss::new("tool_choice", Why::Approximated));
    }
    let inner = context.inner(request, "tool_choice.");
    o.key("tool_choice").object(|o| {
        write_choice_members(choice, single, o);
        inner.iter().for_each(|(name, value)| o.key(name).json(*value));
    });
}

/// Writes a choice, and whether it is of one tool at a time: the API refuses that switch where none may be used.
pub(in crate::api) fn write_choice_members(
    choice: &ToolChoice<'_>,
    single: Option<bool>,
    o: &mut Writer<'_>,
) {
    let word = choice_word(choice);
    o.key("type").string(word);
    if let ToolChoice::Named { name, .. } = choice {
        o.key("name").string(name);
    }
    if let Some(single) = single.filter(|_| word != "none") {
        o.key("disable_parallel_tool_use").boolean(single);
    }
}

fn choice_word(choice: &ToolChoice<'_>) -> &'static str {
    match choice {
        ToolChoice::None => "none",
        ToolChoice::Required | ToolChoice::Allowed { required: true, .. } => "any",
        ToolChoice::Named { .. } => "tool",
        ToolChoice::Auto | ToolChoice::Other { .. } | ToolChoice::Allowed { .. } => "auto",
    }
}

fn write_other_choice(api: Api, raw: &str, context: &mut Context<'_>, o: &mut Writer<'_>) {
    if api == Api::Messages {
        return o.key("tool_choice").raw(raw);
    }
    let message = "This form of `tool_choice` cannot be asked of this model's provider.";
    context.refuse(Error::invalid_param("tool_choice", message).with_code("unsupported_parameter"));
}
