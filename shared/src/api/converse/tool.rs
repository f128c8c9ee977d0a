//! Tools on offer, and which of them must be used.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolConfiguration.html>

use std::collections::BTreeSet;

use super::block;
use super::context::Context;
use crate::api::family::Api;
use crate::api::hosted::unknown;
use crate::api::messages;
use crate::dialect::Quirks;
use crate::error::Error;
use crate::ir::{Block, Function, Loss, Request, Tool, ToolChoice, Why};
use crate::sorted;
use crate::wire::json::{Json, Writer};

/// Writes `toolConfig`.
pub(super) fn write(request: &Request<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    let own = has_own_choice(request, context.quirks);
    if matches!(request.tool_choice, Some(ToolChoice::None)) && !own {
        return leave_out(request, context);
    }
    if request.parallel_tools == Some(false) && !request.tools.is_empty() && !own {
        context.lose(Loss::dropped("parallel_tool_calls"));
    }
    let offered = offered(request);
    if offered.is_empty() {
        return without_tools(request, context, o);
    }
    o.key("toolConfig").object(|o| {
        o.key("tools").array(|a| {
            offered.iter().for_each(|(index, tool)| write_tool(tool, &format!("tools[{index}]"), context, a));
        });
        if !own {
            write_choice(request.tool_choice.as_ref(), context, o);
        }
    });
}

/// The tools on offer, by their numbers: where only some are allowed those alone, for the API has no such choice.
fn offered<'r, 'a>(request: &'r Request<'a>) -> Vec<(usize, &'r Tool<'a>)> {
    let allowed = match &request.tool_choice {
        Some(ToolChoice::Allowed { names, .. }) => Some(names),
        _ => None,
    };
    let is_offered =
        |tool: &Tool<'_>| allowed.is_none_or(|names| names.iter().any(|name| name == tool.name()));
    request.tools.iter().enumerate().filter(|(_, tool)| is_offered(tool)).collect()
}

/// D8: whether the choice is put to Claude in its own words. Converse has none for no tool and for one at a time; but what
/// is among the model's own fields goes to the model as it is, where `toolChoice` does not say otherwise.
///
/// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolChoice.html>
fn has_own_choice(request: &Request<'_>, quirks: &Quirks) -> bool {
    let needed = match &request.tool_choice {
        Some(ToolChoice::Other { .. }) => false,
        Some(ToolChoice::None) => !request.tools.iter().any(|tool| matches!(tool, Tool::Hosted { .. })),
        _ => request.parallel_tools == Some(false),
    };
    needed && quirks.extras.contains(&"tool_choice") && !offered(request).is_empty()
}

/// Writes the choice among the model's own fields, where it belongs there.
pub(super) fn write_own_choice(request: &Request<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    if !has_own_choice(request, context.quirks) {
        return;
    }
    let choice = request.tool_choice.as_ref().unwrap_or(&ToolChoice::Auto);
    if let ToolChoice::Allowed { .. } = choice {
        context.lose(Loss::new("tool_choice", Why::Approximated));
    }
    let single = request.parallel_tools.map(|parallel| !parallel).filter(|&single| single);
    o.key("tool_choice").object(|o| messages::write_choice_members(choice, single, o));
}

/// Where no tool may be used, the API can be told of none; it then refuses calls and results of before as such.
fn leave_out(request: &Request<'_>, context: &mut Context<'_>) {
    if !request.tools.is_empty() || is_told(request, context.quirks) {
        context.lose(Loss::new("tool_choice", Why::Approximated));
    }
}

/// Whether calls and results are told in words, for no tool may be used any more.
pub(super) fn is_told(request: &Request<'_>, quirks: &Quirks) -> bool {
    let forbidden = matches!(request.tool_choice, Some(ToolChoice::None));
    let mut blocks = request.turns.iter().flat_map(|turn| &turn.blocks);
    let is_of_tool = |block: &Block<'_>| matches!(block, Block::ToolUse(_) | Block::ToolResult(_));
    forbidden && !has_own_choice(request, quirks) && blocks.any(is_of_tool)
}

/// The API demands the tools of a conversation that has used some: they are named, with nothing more known of them.
fn without_tools(request: &Request<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    let names = used(request);
    if names.is_empty() {
        return;
    }
    context.lose(Loss::new("tools", Why::Approximated));
    o.key("toolConfig").object(|o| {
        o.key("tools").array(|a| {
            names.iter().for_each(|name| {
                write_spec(name, None, false, a, |o| messages::write_schema(Json::EMPTY, o))
            });
        });
    });
}

/// The names of the tools that the conversation has used.
fn used<'r>(request: &'r Request<'_>) -> BTreeSet<&'r str> {
    let blocks = request.turns.iter().flat_map(|turn| &turn.blocks);
    sorted::set(
        blocks.filter_map(|block| if let Block::ToolUse(tool) = block { Some(&*tool.name) } else { None }),
    )
}

fn write_tool(tool: &Tool<'_>, path: &str, context: &mut Context<'_>, a: &mut Writer<'_>) {
    check_name(tool.name(), path, context);
    match tool {
        Tool::Hosted { api: Api::Converse, raw, .. } => a.json(*raw),
        Tool::Hosted { kind, .. } => {
            context.refuse(unknown(kind, path));
        }
        Tool::Function(function) => write_function(function, path, context, a),
        // They are functions by now (`identity::adapt`).
        Tool::Custom { .. } => {}
    }
}

fn write_function(function: &Function<'_>, path: &str, context: &mut Context<'_>, a: &mut Writer<'_>) {
    context.lose_rest(&function.rest, &path);
    let schema = function.schema.unwrap_or(Json::EMPTY);
    let strict = is_strict(function, path, context);
    write_spec(&function.name, function.description.as_deref(), strict, a, |value| match strict {
        true => {
            messages::write_strict_schema(schema, &format!("{path}.parameters"), context.losses(), value);
        }
        false => messages::write_schema(schema, value),
    });
    block::write_mark(function.cache.as_ref(), a);
}

/// Only some models can be strict, and the others refuse to be asked.
fn is_strict(function: &Function<'_>, path: &str, context: &mut Context<'_>) -> bool {
    let strict = function.strict == Some(true);
    let can = context.quirks.formats.contains(&"json_schema");
    if strict && !can {
        context.lose(Loss::dropped(format!("{path}.strict")));
    }
    strict && can
}

/// Descriptions may not be empty.
fn write_spec(
    name: &str,
    description: Option<&str>,
    strict: bool,
    a: &mut Writer<'_>,
    schema: impl FnOnce(&mut Writer<'_>),
) {
    a.object(|o| {
        o.key("toolSpec").object(|o| {
            o.key("name").string(name);
            description
                .filter(|text| !text.is_empty())
                .iter()
                .for_each(|text| o.key("description").string(text));
            o.key("inputSchema").object(|o| schema(o.key("json")));
            if strict {
                o.key("strict").boolean(true);
            }
        });
    });
}

/// Names come back in answers and must be the client's own there, so one that the API refuses is not changed.
fn check_name(name: &str, path: &str, context: &mut Context<'_>) {
    let is_legal = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    if (1..=64).contains(&name.len()) && name.chars().all(is_legal) {
        return;
    }
    let message =
        format!("This model's API takes tools named by 1 to 64 letters, digits, `_` and `-`, not `{name}`.");
    context.refuse(Error::invalid_param(format!("{path}.name"), message).with_code("unsupported_tool_name"));
}

fn write_choice(choice: Option<&ToolChoice<'_>>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    let word = match choice {
        None | Some(ToolChoice::None) => return,
        Some(ToolChoice::Auto) => "auto",
        Some(ToolChoice::Required) => "any",
        Some(ToolChoice::Named { name, .. }) => {
            let tool = |o: &mut Writer<'_>| o.key("tool").object(|o| o.key("name").string(name));
            return o.key("toolChoice").object(tool);
        }
        Some(ToolChoice::Allowed { required, .. }) => {
            context.lose(Loss::new("tool_choice", Why::Approximated));
            if *required { "any" } else { "auto" }
        }
        Some(ToolChoice::Other { api: Api::Converse, raw }) => return o.key("toolChoice").raw(raw),
        Some(ToolChoice::Other { .. }) => {
            let message = "This form of `tool_choice` cannot be asked of this model's provider.";
            return context
                .refuse(Error::invalid_param("tool_choice", message).with_code("unsupported_parameter"));
        }
    };
    o.key("toolChoice").object(|o| o.key(word).json(Json::EMPTY));
}
