//! Tools and the choice among them.
//!
//! The members of a `namespace` are read as tools of their own, called `namespace__name` where nobody else is: no other
//! API has namespaces. What a model then calls is given back its namespace by what was [`declared`].
//!
//! <https://platform.openai.com/docs/api-reference/responses/create#responses_create-tools>

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::hosted;
use crate::api::family::Api;
use crate::api::hosted::{Work, unknown, work};
use crate::api::member::{
    boolean, missing, of_kind, optional, present, required, rest, string, within, wrong,
};
use crate::api::openai;
use crate::error::Error;
use crate::ir::{Function, Loss, Rest, Tool, ToolChoice, ToolKind, Why};
use crate::sorted;
use crate::wire::crc;
use crate::wire::json::{Json, Kind, Writer};

/// Reads `tools`.
pub(super) fn read<'a>(tools: Json<'a>) -> Result<Vec<Tool<'a>>, Error> {
    let mut read = Vec::new();
    let declared = declared(tools);
    for (index, tool) in of_kind(tools, "tools", Kind::Array)?.items().enumerate() {
        read_tool(tool, &declared, &mut read).map_err(within(format_args!("tools[{index}]")))?;
    }
    Ok(read)
}

fn read_tool<'a>(
    tool: Json<'a>,
    declared: &BTreeMap<String, Declared>,
    tools: &mut Vec<Tool<'a>>,
) -> Result<(), Error> {
    let kind = required(tool, "type")?;
    match &*kind {
        "function" => tools.push(Tool::Function(read_function(tool)?)),
        "custom" => tools.push(read_custom(tool)?),
        "namespace" => read_namespace(tool, declared, tools)?,
        _ => tools.push(Tool::Hosted { api: Api::Responses, kind, raw: tool }),
    }
    Ok(())
}

fn read_function<'a>(tool: Json<'a>) -> Result<Function<'a>, Error> {
    Ok(Function {
        name: required(tool, "name")?,
        description: optional(tool, "description")?,
        schema: present(tool, "parameters").map(|it| of_kind(it, "parameters", Kind::Object)).transpose()?,
        strict: present(tool, "strict").map(|it| boolean(it, "strict")).transpose()?,
        cache: None,
        rest: rest(tool, &["type", "name", "description", "parameters", "strict"]),
    })
}

fn read_custom<'a>(tool: Json<'a>) -> Result<Tool<'a>, Error> {
    Ok(Tool::Custom {
        name: required(tool, "name")?,
        description: optional(tool, "description")?,
        format: present(tool, "format").map(|it| of_kind(it, "format", Kind::Object)).transpose()?,
        rest: rest(tool, &["type", "name", "description", "format"]),
    })
}

/// D14: the members keep apart from other tools of the same name.
fn read_namespace<'a>(
    namespace: Json<'a>,
    declared: &BTreeMap<String, Declared>,
    tools: &mut Vec<Tool<'a>>,
) -> Result<(), Error> {
    let space = required(namespace, "name")?;
    let members = present(namespace, "tools").ok_or_else(|| missing("tools"))?;
    let before = tools.len();
    for (index, member) in of_kind(members, "tools", Kind::Array)?.items().enumerate() {
        read_tool(member, declared, tools).map_err(within(format_args!("tools[{index}]")))?;
    }
    for tool in tools.iter_mut().skip(before) {
        let (name, rest) = match tool {
            Tool::Function(function) => (&mut function.name, &mut function.rest),
            Tool::Custom { name, rest, .. } => (name, rest),
            Tool::Hosted { .. } => return Err(wrong("tools", "functions and custom tools only")),
        };
        *name = Cow::Owned(hoisted(declared, Some(&space), name));
        rest.retain(|(name, _)| name != "namespace");
        rest.push((Cow::Borrowed("namespace"), namespace));
    }
    Ok(())
}

/// What a tool of a namespace is called where there are no namespaces.
pub(super) fn joined(namespace: &str, name: &str) -> String {
    format!("{namespace}__{name}")
}

/// How the client declared a tool, where that is not as a plain function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Declared {
    pub namespace: Option<String>,
    /// The name within the namespace.
    pub name: String,
    pub kind: ToolKind,
}

/// The custom tools and the members of namespaces in a request's `tools`, by the names that other APIs know them by, of
/// which no two are the same.
pub(super) fn declared(tools: Json<'_>) -> BTreeMap<String, Declared> {
    let mut all = BTreeMap::new();
    // Most requests declare functions only.
    if !tools.items().any(|tool| matches!(&*text(tool, "type"), "custom" | "namespace")) {
        return all;
    }
    let is_space = |tool: &Json<'_>| text(*tool, "type") == "namespace";
    let plain = tools.items().filter(|tool| !is_space(tool)).map(|tool| text(tool, "name").into_owned());
    let mut taken = sorted::set(plain);
    for tool in tools.items() {
        let name = text(tool, "name");
        match &*text(tool, "type") {
            "custom" => {
                let declared = Declared { namespace: None, name: name.to_string(), kind: ToolKind::Custom };
                all.insert(name.into_owned(), declared);
            }
            "namespace" => {
                for member in tool.get("tools").into_iter().flat_map(Json::items) {
                    let declared = declared_in(&name, member);
                    let known = free(&joined(&name, &declared.name), &taken);
                    taken.insert(known.clone());
                    all.insert(known, declared);
                }
            }
            _ => {}
        }
    }
    all
}

fn declared_in(space: &str, member: Json<'_>) -> Declared {
    let kind = if text(member, "type") == "custom" { ToolKind::Custom } else { ToolKind::Function };
    Declared { namespace: Some(space.to_owned()), name: text(member, "name").into_owned(), kind }
}

/// A name like this one that nobody has, and that is not longer than what most APIs take.
fn free(name: &str, taken: &BTreeSet<String>) -> String {
    const LONGEST: usize = 64;
    let is_free = |name: &str| name.len() <= LONGEST && !taken.contains(name);
    if is_free(name) {
        return name.to_owned();
    }
    // The checksum of the whole name keeps apart what begins alike.
    let (head, _) = name.split_at(name.floor_char_boundary(LONGEST - 12));
    let sum = crc::sum(name.as_bytes());
    let mut others = (0..1000u32).map(|attempt| format!("{head}_{:08x}", sum.wrapping_add(attempt)));
    others.find(|other| is_free(other)).unwrap_or_else(|| name.to_owned())
}

/// What other APIs know a tool by.
pub(super) fn hoisted(declared: &BTreeMap<String, Declared>, space: Option<&str>, name: &str) -> String {
    let Some(space) = space else { return name.to_owned() };
    let is_it = |own: &Declared| own.namespace.as_deref() == Some(space) && own.name == name;
    let known = declared.iter().find(|(_, own)| is_it(own)).map(|(known, _)| known.clone());
    known.unwrap_or_else(|| joined(space, name))
}

/// The names of the custom tools.
pub(super) fn customs(tools: Json<'_>) -> Vec<String> {
    let custom = declared(tools).into_iter().filter(|(_, own)| own.kind == ToolKind::Custom);
    custom.map(|(known, _)| known).collect()
}

fn text<'a>(object: Json<'a>, name: &str) -> Cow<'a, str> {
    object.get(name).and_then(Json::string).unwrap_or_default()
}

/// Writes the elements of `tools`; all of them are [allowed](refuse_foreign).
pub(super) fn write(tools: &[Tool<'_>], own: bool, losses: &mut Vec<Loss>, w: &mut Writer<'_>) {
    let mut last = None;
    for (index, tool) in tools.iter().enumerate() {
        let namespace = if own { namespace_of(tool) } else { None };
        match namespace {
            Some(whole) if last != namespace => w.json(whole),
            Some(_) => {}
            None => write_tool(tool, own, index, losses, w),
        }
        last = namespace;
    }
}

/// The namespace, as a whole, that a tool was read from.
fn namespace_of<'a>(tool: &Tool<'a>) -> Option<Json<'a>> {
    let (Tool::Function(Function { rest, .. }) | Tool::Custom { rest, .. }) = tool else { return None };
    rest.iter().find(|(name, _)| name == "namespace").map(|(_, whole)| *whole)
}

fn write_tool(tool: &Tool<'_>, own: bool, index: usize, losses: &mut Vec<Loss>, w: &mut Writer<'_>) {
    let rest = match tool {
        Tool::Function(function) => {
            if !own && function.strict == Some(true) && !fits_strict(function) {
                losses.push(Loss::new(format!("tools[{index}].strict"), Why::Approximated));
            }
            if function.cache.is_some() {
                losses.push(Loss::dropped(format!("tools[{index}].cache_control")));
            }
            &function.rest
        }
        Tool::Custom { rest, .. } => rest,
        Tool::Hosted { raw, .. } => match work(tool, Api::Responses) {
            Some(work) => return write_hosted(&work, index, losses, w),
            None => return w.json(*raw),
        },
    };
    w.object(|o| {
        match tool {
            Tool::Function(function) => write_function(function, own, o),
            Tool::Custom { name, description, format, .. } => {
                write_custom(name, description.as_deref(), *format, o);
            }
            Tool::Hosted { .. } => {}
        }
        write_rest(rest, own, &format!("tools[{index}]"), losses, o);
    });
}

fn write_hosted(work: &Work<'_>, index: usize, losses: &mut Vec<Loss>, w: &mut Writer<'_>) {
    if let Work::Search(search) = work {
        losses.extend(search.losses(&hosted::TAKEN, &format!("tools[{index}]")));
    }
    hosted::write(work, w);
}

/// `strict` is written though nobody asked: this API takes its absence for `true`, all others for `false`.
fn write_function(function: &Function<'_>, own: bool, o: &mut Writer<'_>) {
    o.key("type").string("function");
    o.key("name").string(&function.name);
    if let Some(description) = &function.description {
        o.key("description").string(description);
    }
    match function.schema {
        Some(schema) => o.key("parameters").json(schema),
        None if own => o.key("parameters").null(),
        None => o.key("parameters").raw(r#"{"type":"object","properties":{}}"#),
    }
    match function.strict {
        Some(true) if !own && !fits_strict(function) => o.key("strict").boolean(false),
        Some(strict) => o.key("strict").boolean(strict),
        None if own => {}
        None => o.key("strict").boolean(false),
    }
}

/// Whether the schema is one that this API can be strict about: others can be strict about more.
fn fits_strict(function: &Function<'_>) -> bool {
    function.schema.is_some_and(openai::fits_strict)
}

fn write_custom(name: &str, description: Option<&str>, format: Option<Json<'_>>, o: &mut Writer<'_>) {
    o.key("type").string("custom");
    o.key("name").string(name);
    if let Some(description) = description {
        o.key("description").string(description);
    }
    if let Some(format) = format {
        write_format(format, o.key("format"));
    }
}

/// A custom tool's format; Completions has a grammar's members one level deeper.
fn write_format(format: Json<'_>, w: &mut Writer<'_>) {
    let Some(grammar) = format.get("grammar").filter(|it| it.kind() == Kind::Object) else {
        return w.json(format);
    };
    w.object(|o| {
        o.key("type").string("grammar");
        for (name, value) in grammar.fields() {
            o.key(&name).json(value);
        }
    });
}

/// Members that go back to their own family, and are lost on the way from any other.
fn write_rest(rest: &Rest<'_>, own: bool, path: &str, losses: &mut Vec<Loss>, o: &mut Writer<'_>) {
    for (name, value) in rest {
        if own {
            o.key(name).json(*value);
        } else {
            losses.push(Loss::dropped(format!("{path}.{name}")));
        }
    }
}

/// Fails for a tool, or a choice, that only another API's provider knows.
pub(super) fn refuse_foreign(tools: &[Tool<'_>], choice: Option<&ToolChoice<'_>>) -> Result<(), Error> {
    for (index, tool) in tools.iter().enumerate() {
        let Tool::Hosted { api, kind, .. } = tool else { continue };
        if *api != Api::Responses && work(tool, Api::Responses).is_none() {
            return Err(unknown(kind, &format!("tools[{index}]")));
        }
    }
    match choice {
        Some(ToolChoice::Other { api, raw }) if *api != Api::Responses => {
            let message =
                format!("The choice {raw} of the {} API has no equal in the Responses API.", api.name());
            Err(Error::invalid_param("tool_choice", message))
        }
        _ => Ok(()),
    }
}

/// Reads `tool_choice`.
pub(super) fn read_choice<'a>(choice: Json<'a>) -> Result<ToolChoice<'a>, Error> {
    let other = ToolChoice::Other { api: Api::Responses, raw: Cow::Borrowed(choice.raw()) };
    if choice.kind() == Kind::String {
        return Ok(read_mode(&string(choice, "tool_choice")?).unwrap_or(other));
    }
    let kind =
        required(of_kind(choice, "tool_choice", Kind::Object)?, "type").map_err(within("tool_choice"))?;
    Ok(match &*kind {
        "function" => named(choice, ToolKind::Function)?,
        "custom" => named(choice, ToolKind::Custom)?,
        "allowed_tools" => read_allowed(choice).unwrap_or(other),
        _ => other,
    })
}

fn read_mode(mode: &str) -> Option<ToolChoice<'static>> {
    match mode {
        "auto" => Some(ToolChoice::Auto),
        "none" => Some(ToolChoice::None),
        "required" => Some(ToolChoice::Required),
        _ => None,
    }
}

fn named<'a>(choice: Json<'a>, kind: ToolKind) -> Result<ToolChoice<'a>, Error> {
    Ok(ToolChoice::Named { name: required(choice, "name").map_err(within("tool_choice"))?, kind })
}

/// The tools allowed, where all of them are the client's own.
fn read_allowed<'a>(choice: Json<'a>) -> Option<ToolChoice<'a>> {
    let required = choice.get("mode")?.string()? == "required";
    let name = |tool: Json<'a>| match &*tool.get("type")?.string()? {
        "function" | "custom" => tool.get("name")?.string(),
        _ => None,
    };
    let names = choice.get("tools")?.items().map(name).collect::<Option<Vec<_>>>()?;
    Some(ToolChoice::Allowed { names, required })
}

/// Writes `tool_choice`; it is [allowed](refuse_foreign).
pub(super) fn write_choice(choice: &ToolChoice<'_>, tools: &[Tool<'_>], w: &mut Writer<'_>) {
    match choice {
        ToolChoice::Auto => w.string("auto"),
        ToolChoice::None => w.string("none"),
        ToolChoice::Required => w.string("required"),
        ToolChoice::Named { name, kind } => write_name(name, *kind, w),
        ToolChoice::Other { raw, .. } => w.raw(raw),
        ToolChoice::Allowed { names, required } => w.object(|o| {
            o.key("type").string("allowed_tools");
            o.key("mode").string(if *required { "required" } else { "auto" });
            o.key("tools")
                .array(|a| names.iter().for_each(|name| write_name(name, kind_named(tools, name), a)));
        }),
    }
}

fn write_name(name: &str, kind: ToolKind, w: &mut Writer<'_>) {
    w.object(|o| {
        o.key("type").string(if kind == ToolKind::Custom { "custom" } else { "function" });
        o.key("name").string(name);
    });
}

/// What kind of tool has `name`.
fn kind_named(tools: &[Tool<'_>], name: &str) -> ToolKind {
    let custom = |tool: &Tool<'_>| matches!(tool, Tool::Custom { name: own, .. } if own == name);
    if tools.iter().any(custom) { ToolKind::Custom } else { ToolKind::Function }
}
