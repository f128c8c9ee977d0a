//! Tools on offer, the choice among them, and the calls in a conversation.
//!
//! <https://platform.openai.com/docs/guides/function-calling?api-mode=chat>

use std::borrow::Cow;

use super::part::{flag, read_cache};
use crate::api::codec::Echo;
use crate::api::context::Context;
use crate::api::family::Api;
use crate::api::hosted::{Search, Work, unknown, work};
use crate::api::member::{missing, of_kind, optional, present, required, rest, within, wrong};
use crate::api::openai;
use crate::error::Error;
use crate::ir::{Block, Function, Loss, Rest, Tool, ToolChoice, ToolKind, ToolUse, Why};
use crate::wire::json::{Json, Kind, Outline, Writer};

/// Reads `tools`.
pub(super) fn read<'a>(tools: Json<'a>) -> Result<Vec<Tool<'a>>, Error> {
    let tool = |(index, tool)| read_tool(tool).map_err(within(format_args!("tools[{index}]")));
    of_kind(tools, "tools", Kind::Array)?.items().enumerate().map(tool).collect()
}

/// B3: a tool of a kind that is not known is one that the provider runs itself.
fn read_tool<'a>(tool: Json<'a>) -> Result<Tool<'a>, Error> {
    let kind = required(tool, "type")?;
    let inner = || present(tool, &kind).ok_or_else(|| missing(&kind));
    match &*kind {
        "function" => {
            let mut function = read_function(inner()?).map_err(within("function"))?;
            function.cache = read_cache(tool)?;
            function.rest.extend(rest(tool, &["type", "function", "cache_control"]));
            Ok(Tool::Function(function))
        }
        "custom" => read_custom(inner()?, rest(tool, &["type", "custom"])).map_err(within("custom")),
        _ => Ok(Tool::Hosted { api: Api::Completions, kind, raw: tool }),
    }
}

/// The members of `function` itself are named with a dot where they are kept.
fn read_function<'a>(function: Json<'a>) -> Result<Function<'a>, Error> {
    let parameters = present(function, "parameters");
    let known = ["name", "description", "parameters", "strict"];
    let inside = |(name, value)| (Cow::Owned(format!("function.{name}")), value);
    Ok(Function {
        name: required(function, "name")?,
        description: optional(function, "description")?,
        schema: parameters.map(|schema| of_kind(schema, "parameters", Kind::Object)).transpose()?,
        strict: flag(function, "strict")?,
        cache: None,
        rest: rest(function, &known).into_iter().map(inside).collect(),
    })
}

/// The members of `custom` itself are named with a dot, and `outer` are those beside it.
fn read_custom<'a>(custom: Json<'a>, outer: Rest<'a>) -> Result<Tool<'a>, Error> {
    let inside = |(name, value)| (Cow::Owned(format!("custom.{name}")), value);
    let inner = rest(custom, &["name", "description", "format"]).into_iter().map(inside);
    Ok(Tool::Custom {
        name: required(custom, "name")?,
        description: optional(custom, "description")?,
        format: present(custom, "format"),
        rest: inner.chain(outer).collect(),
    })
}

/// The names of the custom tools in `tools`.
pub(super) fn customs(tools: Json<'_>) -> Vec<String> {
    let name = |tool: Json<'_>| Some(tool.get("custom")?.get("name")?.string()?.into_owned());
    tools.items().filter_map(name).collect()
}

/// Reads `functions`, the legacy form of `tools`.
pub(super) fn read_functions<'a>(functions: Json<'a>) -> Result<Vec<Tool<'a>>, Error> {
    let read = |(index, function)| {
        let read = read_function(function).map_err(within(format_args!("functions[{index}]")));
        read.map(Tool::Function)
    };
    of_kind(functions, "functions", Kind::Array)?.items().enumerate().map(read).collect()
}

/// Reads `tool_choice`.
pub(super) fn read_choice<'a>(choice: Json<'a>) -> Result<ToolChoice<'a>, Error> {
    match choice.kind() {
        Kind::String => read_choice_word(choice),
        Kind::Object => read_choice_object(choice).map_err(within("tool_choice")),
        _ => Err(wrong("tool_choice", "a string or an object")),
    }
}

/// `any` is Mistral's word for `required`.
fn read_choice_word<'a>(choice: Json<'a>) -> Result<ToolChoice<'a>, Error> {
    Ok(match choice.string().as_deref() {
        Some("auto") => ToolChoice::Auto,
        Some("none") => ToolChoice::None,
        Some("required" | "any") => ToolChoice::Required,
        _ => other_choice(choice),
    })
}

fn read_choice_object<'a>(choice: Json<'a>) -> Result<ToolChoice<'a>, Error> {
    match &*required(choice, "type")? {
        "function" => {
            let function = present(choice, "function").ok_or_else(|| missing("function"))?;
            read_named(function).map_err(within("function"))
        }
        "custom" => {
            let custom = present(choice, "custom").ok_or_else(|| missing("custom"))?;
            let name = required(custom, "name").map_err(within("custom"))?;
            Ok(ToolChoice::Named { name, kind: ToolKind::Custom })
        }
        "allowed_tools" => read_allowed(choice),
        _ => Ok(other_choice(choice)),
    }
}

fn other_choice<'a>(choice: Json<'a>) -> ToolChoice<'a> {
    ToolChoice::Other { api: Api::Completions, raw: Cow::Borrowed(choice.raw()) }
}

/// Reads the name of the one function to call.
pub(super) fn read_named<'a>(function: Json<'a>) -> Result<ToolChoice<'a>, Error> {
    Ok(ToolChoice::Named { name: required(function, "name")?, kind: ToolKind::Function })
}

fn read_allowed<'a>(choice: Json<'a>) -> Result<ToolChoice<'a>, Error> {
    // The documentation has it nested, some clients send it flat.
    let allowed = present(choice, "allowed_tools").unwrap_or(choice);
    let mode = optional(allowed, "mode").map_err(within("allowed_tools"))?;
    let tools = present(allowed, "tools").ok_or_else(|| within("allowed_tools")(missing("tools")))?;
    let names = tools.items().map(allowed_name).collect::<Option<_>>();
    Ok(match names {
        Some(names) => ToolChoice::Allowed { names, required: mode.as_deref() == Some("required") },
        None => other_choice(choice),
    })
}

fn allowed_name<'a>(tool: Json<'a>) -> Option<Cow<'a, str>> {
    let inner = tool.get("function").or_else(|| tool.get("custom")).unwrap_or(tool);
    inner.get("name")?.string()
}

/// Reads an assistant's `tool_calls`.
pub(super) fn read_calls<'a>(calls: Json<'a>) -> Result<Vec<Block<'a>>, Error> {
    let call = |(index, call)| read_call(call).map_err(within(format_args!("tool_calls[{index}]")));
    of_kind(calls, "tool_calls", Kind::Array)?.items().enumerate().map(call).collect()
}

fn read_call<'a>(call: Json<'a>) -> Result<Block<'a>, Error> {
    let (word, kind, input) = match present(call, "custom") {
        Some(_) => ("custom", ToolKind::Custom, "input"),
        None => ("function", ToolKind::Function, "arguments"),
    };
    let inner = present(call, word).ok_or_else(|| missing(word))?;
    Ok(Block::ToolUse(ToolUse {
        id: optional(call, "id")?.unwrap_or_default(),
        name: required(inner, "name").map_err(within(word))?,
        kind,
        arguments: text_or_raw(inner.get(input)),
        signature: signature(call),
        cache: read_cache(call)?,
        rest: rest(call, &["id", "type", "index", "function", "custom", "cache_control", "extra_content"]),
    }))
}

/// Reads the legacy `function_call`, which has no id.
pub(super) fn read_function_call<'a>(call: Json<'a>, id: String) -> Result<Block<'a>, Error> {
    Ok(Block::ToolUse(ToolUse {
        id: Cow::Owned(id),
        name: required(call, "name").map_err(within("function_call"))?,
        arguments: text_or_raw(call.get("arguments")),
        ..ToolUse::default()
    }))
}

/// Arguments are JSON as text; some clients and servers give the JSON itself.
pub(super) fn text_or_raw<'a>(arguments: Option<Json<'a>>) -> Cow<'a, str> {
    let Some(arguments) = arguments.and_then(Json::present) else { return Cow::Borrowed("") };
    arguments.string().unwrap_or(Cow::Borrowed(arguments.raw()))
}

/// The thought signature that Gemini's compatible API puts beside a call.
///
/// <https://ai.google.dev/gemini-api/docs/thought-signatures>
pub(super) fn signature<'a>(call: Json<'a>) -> Option<Cow<'a, str>> {
    call.get("extra_content")?.get("google")?.get("thought_signature")?.string()
}

/// Writes a call, as in a message or a whole answer.
pub(super) fn write_call(call: &ToolUse<'_>, id: &str, rest: &Rest<'_>, a: &mut Writer<'_>) {
    a.object(|o| {
        write_call_head(id, call.kind, o);
        let (word, input) = words(call.kind);
        o.key(word).object(|o| {
            o.key("name").string(&call.name);
            o.key(input).string(input_of(call));
        });
        write_signature(call.signature.as_deref(), o);
        for (name, value) in rest {
            o.key(name).json(*value);
        }
    });
}

/// A call's input. A function without arguments has the empty object.
pub(super) fn input_of<'c>(call: &'c ToolUse<'_>) -> &'c str {
    let empty = call.arguments.trim().is_empty() && call.kind == ToolKind::Function;
    if empty { "{}" } else { &call.arguments }
}

/// Writes the members of a call that are neither its name nor its arguments.
pub(super) fn write_call_head(id: &str, kind: ToolKind, o: &mut Writer<'_>) {
    o.key("id").string(id);
    o.key("type").string(words(kind).0);
}

/// Writes a seal where Gemini's compatible API looks for it.
pub(super) fn write_signature(signature: Option<&str>, o: &mut Writer<'_>) {
    let Some(signature) = signature else { return };
    o.key("extra_content").object(|o| {
        o.key("google").object(|o| o.key("thought_signature").string(signature));
    });
}

/// Whether the client asked in the legacy form, which it has to be answered in: at most one call, as `function_call`.
pub(super) fn is_legacy(echo: &Echo) -> bool {
    let Ok(outline) = Outline::scan(&echo.request) else { return false };
    outline.get("functions").is_some() && outline.get("tools").is_none()
}

/// Writes a call, or a piece of one, in the legacy form.
pub(super) fn write_function_call(name: Option<&str>, arguments: &str, o: &mut Writer<'_>) {
    o.key("function_call").object(|o| {
        if let Some(name) = name {
            o.key("name").string(name);
        }
        o.key("arguments").string(arguments);
    });
}

/// What a tool's description and its input are called in this API.
pub(super) fn words(kind: ToolKind) -> (&'static str, &'static str) {
    match kind {
        ToolKind::Function => ("function", "arguments"),
        ToolKind::Custom => ("custom", "input"),
    }
}

/// Writes a tool on offer. One that only another API's provider runs is refused by its name.
pub(super) fn write(tool: &Tool<'_>, path: &str, context: &mut Context<'_>, a: &mut Writer<'_>) {
    match tool {
        Tool::Function(function) => write_function(function, path, context, a),
        Tool::Custom { name, description, format, rest } => a.object(|o| {
            let (inner, outer): (Rest<'_>, Rest<'_>) =
                rest.iter().cloned().partition(|(name, _)| name.starts_with("custom."));
            o.key("type").string("custom");
            o.key("custom").object(|o| {
                write_name(name, description.as_deref(), o);
                write_custom_format(*format, o);
                context.write_inner(&inner, "custom.", &path, o);
            });
            context.write_rest(&outer, &path, o);
        }),
        Tool::Hosted { api: Api::Completions, raw, .. } => a.json(*raw),
        Tool::Hosted { kind, .. } => context.refuse(unknown(kind, path)),
    }
}

/// The member that asks for a search, which is no tool in this API.
pub(super) const SEARCH: &str = "web_search_options";

/// The work that a tool, or the options of a search, are for.
pub(super) fn work_of<'a>(kind: &str, options: Json<'a>) -> Option<Work<'a>> {
    let place = present(options, "user_location");
    (kind == SEARCH).then(|| {
        Work::Search(Search {
            context: present(options, "search_context_size"),
            place: place.map(|place| place.get("approximate").unwrap_or(place)),
            ..Search::default()
        })
    })
}

/// Whether a tool is written as [`SEARCH`]. Only few models search; the others refuse to be asked.
pub(super) fn is_search(tool: &Tool<'_>, context: &Context<'_>) -> bool {
    let can = context.quirks.extras.contains(&SEARCH);
    match tool {
        Tool::Hosted { api: Api::Completions, kind, .. } => kind == SEARCH,
        tool => can && matches!(work(tool, Api::Completions), Some(Work::Search(_))),
    }
}

/// Writes how to search.
pub(super) fn write_search(tool: &Tool<'_>, path: &str, context: &mut Context<'_>, value: &mut Writer<'_>) {
    if let Tool::Hosted { api: Api::Completions, raw, .. } = tool {
        return value.json(*raw);
    }
    let Some(Work::Search(search)) = work(tool, Api::Completions) else { return value.json(Json::EMPTY) };
    search.losses(&["context", "place"], path).for_each(|loss| context.lose(loss));
    value.object(|o| {
        search.context.iter().for_each(|size| o.key("search_context_size").json(*size));
        let Some(place) = search.place else { return };
        o.key("user_location").object(|o| {
            o.key("type").string("approximate");
            o.key("approximate").object(|o| {
                let known = place.fields().filter(|(name, value)| name != "type" && !value.is_null());
                known.for_each(|(name, value)| o.key(&name).json(value));
            });
        });
    });
}

fn write_function(function: &Function<'_>, path: &str, context: &mut Context<'_>, a: &mut Writer<'_>) {
    a.object(|o| {
        o.key("type").string("function");
        let (inner, outer): (Rest<'_>, Rest<'_>) =
            function.rest.iter().cloned().partition(|(name, _)| name.starts_with("function."));
        o.key("function").object(|o| {
            write_name(&function.name, function.description.as_deref(), o);
            if let Some(schema) = function.schema {
                o.key("parameters").json(schema);
            }
            if let Some(strict) = strict(function, path, context) {
                o.key("strict").boolean(strict);
            }
            context.write_inner(&inner, "function.", &path, o);
        });
        context.write_cache(function.cache.as_ref(), path, o);
        context.write_rest(&outer, &path, o);
    });
}

/// Whether arguments are strictly kept to the schema: other APIs can be strict about more than this one.
fn strict(function: &Function<'_>, path: &str, context: &mut Context<'_>) -> Option<bool> {
    if context.quirks.drops.contains(&"function.strict") {
        let lost = (function.strict == Some(true)).then(|| Loss::dropped(format!("{path}.strict")));
        lost.into_iter().for_each(|loss| context.lose(loss));
        return None;
    }
    let fits = || openai::fits_strict(function.schema.unwrap_or(Json::EMPTY));
    if function.strict != Some(true) || context.own || fits() {
        return function.strict;
    }
    context.lose(Loss::new(format!("{path}.strict"), Why::Approximated));
    None
}

fn write_name(name: &str, description: Option<&str>, o: &mut Writer<'_>) {
    o.key("name").string(name);
    if let Some(description) = description {
        o.key("description").string(description);
    }
}

/// A grammar is an object of its own here; Responses has its members beside `type`.
fn write_custom_format(format: Option<Json<'_>>, o: &mut Writer<'_>) {
    let Some(format) = format else { return };
    if format.get("definition").is_none() {
        return o.key("format").json(format);
    }
    o.key("format").object(|o| {
        o.key("type").string("grammar");
        o.key("grammar").object(|o| {
            for (name, value) in format.fields().filter(|(name, _)| name != "type") {
                o.key(&name).json(value);
            }
        });
    });
}

/// Writes `tool_choice`.
pub(super) fn write_choice(
    choice: &ToolChoice<'_>,
    tools: &[Tool<'_>],
    context: &mut Context<'_>,
    o: &mut Writer<'_>,
) {
    match choice {
        ToolChoice::Auto => o.key("tool_choice").string("auto"),
        ToolChoice::None => o.key("tool_choice").string("none"),
        ToolChoice::Required => o.key("tool_choice").string("required"),
        ToolChoice::Named { name, kind } => write_named(name, *kind, o.key("tool_choice")),
        ToolChoice::Allowed { names, required } => {
            write_allowed(names, *required, tools, o.key("tool_choice"))
        }
        ToolChoice::Other { api: Api::Completions, raw } => o.key("tool_choice").raw(raw),
        ToolChoice::Other { .. } => context.lose(Loss::dropped("tool_choice")),
    }
}

fn write_named(name: &str, kind: ToolKind, value: &mut Writer<'_>) {
    let (word, _) = words(kind);
    value.object(|o| {
        o.key("type").string(word);
        o.key(word).object(|o| o.key("name").string(name));
    });
}

fn write_allowed(names: &[Cow<'_, str>], required: bool, tools: &[Tool<'_>], value: &mut Writer<'_>) {
    value.object(|o| {
        o.key("type").string("allowed_tools");
        o.key("allowed_tools").object(|o| {
            o.key("mode").string(if required { "required" } else { "auto" });
            o.key("tools").array(|a| {
                names.iter().for_each(|name| write_named(name, kind_of(name, tools), a));
            });
        });
    });
}

fn kind_of(name: &str, tools: &[Tool<'_>]) -> ToolKind {
    let custom = |tool: &Tool<'_>| matches!(tool, Tool::Custom { name: own, .. } if own == name);
    if tools.iter().any(custom) { ToolKind::Custom } else { ToolKind::Function }
}
