//! The answer's form, asked for by a tool where an API or a model has no other way.
//!
//! The form becomes a tool that the model has to use, whose arguments are the answer; [`Unwrap`] makes words of them
//! again, so that clients see neither the tool nor its call.
//!
//! <https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/implement-tool-use#forcing-tool-use>

use std::borrow::Cow;

use bytes::BytesMut;

use super::family::Api;
use crate::dialect::Quirks;
use crate::error::Error;
use crate::ir::{
    Delta, Event, Format, Function, Loss, Open, Request, Stop, StopReason, Tool, ToolChoice, ToolKind, Why,
};
use crate::wire::json::{Json, Writer};

/// The tool whose arguments are the answer.
const WHOLE: &str = "structured_answer";
/// The tool whose one argument, [`VALUE`], is the answer: for answers that are no objects.
const WRAPPED: &str = "structured_answer_value";
const VALUE: &str = "value";

/// The schema of an object that nothing more is known of.
const ANY: &str = r#"{"type":"object","properties":{},"additionalProperties":true}"#;

/// What the tool is for, as the model is told.
const PURPOSE: &str =
    "Gives the answer. Call it once, with the complete answer as its arguments, and write nothing besides.";

/// The request with the answer's form in a way that the provider can be asked for. `held` keeps what is made anew.
///
/// Fails where the client has a tool of the name that is needed.
pub(super) fn adapt<'q>(
    request: &'q Request<'q>,
    api: Api,
    quirks: &Quirks,
    held: &'q mut String,
    losses: &mut Vec<Loss>,
) -> Result<Cow<'q, Request<'q>>, Error> {
    let own = request.api.is_none_or(|own| own == api);
    let foreign = request.format.as_ref().filter(|format| !own && !takes(api, quirks, format));
    let Some(format) = foreign else {
        return Ok(Cow::Borrowed(request));
    };
    let Some(choice) = forced(request) else {
        losses.push(Loss::dropped("response_format"));
        return Ok(Cow::Owned(Request { format: None, ..request.clone() }));
    };
    if request.tools.iter().any(|tool| matches!(tool.name(), WHOLE | WRAPPED)) {
        let message =
            format!("A tool may not be called `{WHOLE}` or `{WRAPPED}` where the answer has a form.");
        return Err(Error::invalid_param("tools", message).with_code("unsupported_tool_name"));
    }
    losses.push(Loss::new("response_format", Why::Approximated));
    let tool = tool(format, held);
    let mut adapted = request.clone();
    adapted.format = None;
    // Converse has no such switch, and nobody has asked for it.
    let single = request.tools.is_empty() && api != Api::Converse;
    adapted.parallel_tools = if single { Some(false) } else { request.parallel_tools };
    adapted.tool_choice = Some(choice.with(&tool.name));
    adapted.tools.push(Tool::Function(tool));
    Ok(Cow::Owned(adapted))
}

/// Whether an answer of this form can be asked for as such.
fn takes(api: Api, quirks: &Quirks, format: &Format<'_>) -> bool {
    let word = match format {
        Format::Text => return true,
        // https://docs.anthropic.com/en/docs/build-with-claude/structured-outputs: no JSON without a schema, as in
        // Converse.
        Format::Json if matches!(api, Api::Messages | Api::Converse) => return false,
        Format::Json => "json_object",
        Format::Schema { .. } => "json_schema",
    };
    quirks.formats.contains(&word)
}

/// Which tools the model may use besides the one that is the answer.
enum Besides<'c> {
    None,
    All,
    Only(&'c [Cow<'c, str>]),
}

impl<'c> Besides<'c> {
    /// The choice that makes the model use one of them.
    fn with(self, name: &Cow<'c, str>) -> ToolChoice<'c> {
        match self {
            Besides::None => ToolChoice::Named { name: name.clone(), kind: ToolKind::Function },
            Besides::All => ToolChoice::Required,
            Besides::Only(names) => {
                let names = names.iter().chain([name]).cloned().collect();
                ToolChoice::Allowed { names, required: true }
            }
        }
    }
}

/// What else may be used; none where the client demands a tool's use, so that there will be no words to give a form.
fn forced<'q>(request: &'q Request<'_>) -> Option<Besides<'q>> {
    Some(match &request.tool_choice {
        None | Some(ToolChoice::Auto) if !request.tools.is_empty() => Besides::All,
        None | Some(ToolChoice::Auto | ToolChoice::None) => Besides::None,
        Some(ToolChoice::Allowed { names, required: false }) => Besides::Only(names),
        Some(_) => return None,
    })
}

fn tool<'q>(format: &Format<'q>, held: &'q mut String) -> Function<'q> {
    let (description, schema) = match format {
        Format::Schema { description, schema, .. } => (description.as_deref(), Some(*schema)),
        _ => (None, None),
    };
    let description =
        description.map_or(Cow::Borrowed(PURPOSE), |text| Cow::Owned(format!("{PURPOSE}\n\n{text}")));
    let (name, schema) = match schema {
        Some(schema) if is_object(schema) => (WHOLE, schema),
        Some(schema) => (WRAPPED, wrapped(schema, held)),
        None => (WHOLE, Json::parse(ANY.as_bytes()).unwrap_or(Json::EMPTY)),
    };
    Function {
        name: Cow::Borrowed(name),
        description: Some(description),
        schema: Some(schema),
        ..Function::default()
    }
}

/// Whether what a schema describes can be a tool's arguments.
fn is_object(schema: Json<'_>) -> bool {
    match schema.get("type") {
        Some(kind) => kind.string().as_deref() == Some("object"),
        None => ["anyOf", "oneOf", "allOf", "enum", "const", "$ref", "items"]
            .iter()
            .all(|name| schema.get(name).is_none()),
    }
}

/// The schema of an object whose one member is what `schema` describes. Definitions stay at the top, where they are
/// referred to.
fn wrapped<'q>(schema: Json<'_>, held: &'q mut String) -> Json<'q> {
    const DEFINITIONS: [&str; 2] = ["$defs", "definitions"];
    let mut out = BytesMut::new();
    Writer::new(&mut out).object(|o| {
        o.key("type").string("object");
        o.key("properties").object(|o| {
            o.key(VALUE).object(|o| {
                let own = schema.fields().filter(|(name, _)| !DEFINITIONS.contains(&&**name));
                own.for_each(|(name, value)| o.key(&name).json(value));
            });
        });
        o.key("required").array(|a| a.string(VALUE));
        let shared = schema.fields().filter(|(name, _)| DEFINITIONS.contains(&&**name));
        shared.for_each(|(name, value)| o.key(&name).json(value));
    });
    *held = String::from_utf8_lossy(&out).into_owned();
    Json::parse(held.as_bytes()).unwrap_or(Json::EMPTY)
}

/// Makes words of the calls that are the answer, in an answer on its way from a reader to a writer.
#[derive(Debug, Default)]
pub(super) struct Unwrap {
    inside: Inside,
    /// Whether the answer has come as a call.
    answered: bool,
    /// Whether there has been another call.
    called: bool,
}

/// What is open.
#[derive(Debug, Default)]
enum Inside {
    #[default]
    Other,
    /// Words.
    Whole,
    /// Arguments of which only one is the answer: it is known when they are complete.
    Wrapped(String),
}

impl Unwrap {
    /// Takes the next event and gives it on, changed where it is about the answer.
    pub(super) fn push(&mut self, event: Event<'_>, sink: &mut dyn FnMut(Event<'_>)) {
        match event {
            Event::Open { index, block: Open::ToolUse { name, .. } } if matches!(&*name, WHOLE | WRAPPED) => {
                self.answered = true;
                self.inside = if name == WHOLE { Inside::Whole } else { Inside::Wrapped(String::new()) };
                sink(Event::Open { index, block: Open::Text });
            }
            Event::Open { .. } => {
                self.called |= matches!(&event, Event::Open { block: Open::ToolUse { .. }, .. });
                sink(event);
            }
            Event::Delta { index, delta } => self.grow(index, delta, sink),
            Event::Close { index } => self.close(index, sink),
            Event::Stop(Stop { reason: StopReason::ToolUse, sequence }) if self.answered && !self.called => {
                sink(Event::Stop(Stop { reason: StopReason::Done, sequence }));
            }
            event => sink(event),
        }
    }

    fn grow(&mut self, index: u32, delta: Delta<'_>, sink: &mut dyn FnMut(Event<'_>)) {
        match (&mut self.inside, delta) {
            (Inside::Other, delta) => sink(Event::Delta { index, delta }),
            (Inside::Whole, Delta::Arguments(piece)) => {
                sink(Event::Delta { index, delta: Delta::Text(piece) });
            }
            (Inside::Wrapped(held), Delta::Arguments(piece)) => held.push_str(&piece),
            // A seal on a call that the client does not see.
            _ => {}
        }
    }

    /// What is not of the tool's form goes on as it is, as it would without the tool.
    fn close(&mut self, index: u32, sink: &mut dyn FnMut(Event<'_>)) {
        if let Inside::Wrapped(held) = std::mem::take(&mut self.inside) {
            let arguments = Json::parse(held.as_bytes()).ok();
            let value = arguments.and_then(|arguments| arguments.get(VALUE));
            let text = Cow::Borrowed(value.map_or(&*held, Json::raw));
            sink(Event::Delta { index, delta: Delta::Text(text) });
        }
        sink(Event::Close { index });
    }
}

#[cfg(test)]
mod tests;
