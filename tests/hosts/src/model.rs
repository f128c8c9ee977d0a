//! A model that follows a script, behind the API of any provider: how far a conversation is tells what it says next.
//!
//! It is as strict as the providers are. What it said must come back as it said it: the ids of its calls, each with one
//! result, and the seal on the thinking that led to them.

mod completions;
mod converse;
mod generate;
mod messages;
mod responses;

use corpus::Body;
use serde_json::Value;

/// What a model does, turn by turn.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    /// The calls of each turn; after the last the model says [`words`](Task::words).
    pub(crate) turns: Vec<Vec<Call>>,
    pub(crate) words: &'static str,
}

/// A tool's use.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) name: &'static str,
    pub(crate) arguments: Value,
}

/// A turn of a model, and what it is known by.
pub(crate) struct Turn<'t> {
    /// Counts from 0.
    pub(crate) number: usize,
    pub(crate) calls: &'t [Call],
    /// What is said where nothing is called.
    pub(crate) words: &'t str,
}

/// What came back of what the model had said, as its own API has it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct History {
    /// The ids of calls, in their order.
    pub(crate) calls: Vec<String>,
    /// The ids of results, in their order.
    pub(crate) results: Vec<String>,
    /// The seals, in their order.
    pub(crate) seals: Vec<String>,
}

/// What the scripted model of one API needs to know of it.
pub(crate) trait Speaker {
    /// What a request brings back.
    fn history(&self, request: &Value) -> History;

    /// Whether thinking was asked for, and is sealed therefore.
    fn thinks(&self, request: &Value) -> bool;

    /// How many seals a turn has, where it thinks.
    fn seals(&self, turn: &Turn<'_>) -> usize {
        usize::from(!turn.calls.is_empty())
    }

    /// The turn as a stream.
    fn say(&self, turn: &Turn<'_>, thinks: bool) -> Body;

    /// A request's refusal.
    fn refuse(&self, why: &str) -> Value;
}

impl Turn<'_> {
    /// The id of a call, as strange as providers make them.
    pub(crate) fn id(&self, call: usize) -> String {
        format!("call_{}x{call}_Zq", self.number)
    }

    /// The seal on the thinking of this turn: Base64, and longer than an id.
    pub(crate) fn seal(&self) -> String {
        format!("U2VhbCBv{}ZiB0dXJu", "QUJDREVG".repeat(20 + self.number))
    }
}

/// What the model of `api` says to a request, and the status it says it with.
pub(crate) fn answer(task: &Task, api: &str, request: &Value) -> (u16, Body) {
    let speaker = speaker(api);
    if !task.is_offered(request) {
        // Agents ask for titles and the like besides.
        return (200, speaker.say(&Turn { number: 0, calls: &[], words: "Fine." }, false));
    }
    let history = speaker.history(request);
    let turn = task.next(&history);
    let thinks = speaker.thinks(request);
    match task.check(speaker, &history, &turn, thinks) {
        Ok(()) => (200, speaker.say(&turn, thinks)),
        Err(why) => (400, json_body(&speaker.refuse(&why))),
    }
}

/// Whether a request asks the model of `api` to think.
pub(crate) fn thinks(api: &str, body: &[u8]) -> bool {
    serde_json::from_slice(body).is_ok_and(|request| speaker(api).thinks(&request))
}

fn speaker(api: &str) -> &'static dyn Speaker {
    match api {
        "messages" => &messages::Messages,
        "responses" => &responses::Responses,
        "generate" => &generate::Generate,
        "converse" => &converse::Converse,
        _ => &completions::Completions,
    }
}

impl Task {
    /// Whether a body asks for the task to be done.
    pub(crate) fn is_asked(&self, body: &[u8]) -> bool {
        serde_json::from_slice(body).is_ok_and(|request| self.is_offered(&request))
    }

    /// Whether the tools of the task are on offer.
    fn is_offered(&self, request: &Value) -> bool {
        let offered = ["tools", "toolConfig"].map(|key| all(&request[key], "name")).concat();
        self.turns.iter().flatten().all(|call| offered.iter().any(|name| *name == call.name))
    }

    /// The turn that follows on as many results.
    fn next(&self, history: &History) -> Turn<'_> {
        let mut left = history.results.len();
        for (number, calls) in self.turns.iter().enumerate() {
            if left < calls.len() {
                return Turn { number, calls, words: self.words };
            }
            left -= calls.len();
        }
        Turn { number: self.turns.len(), calls: &[], words: self.words }
    }

    /// Says how what came back differs from what was said.
    fn check(
        &self,
        speaker: &dyn Speaker,
        history: &History,
        now: &Turn<'_>,
        thinks: bool,
    ) -> Result<(), String> {
        let said: Vec<Turn<'_>> = self
            .turns
            .iter()
            .enumerate()
            .take(now.number)
            .map(|(number, calls)| Turn { number, calls, words: "" })
            .collect();
        let count: usize = said.iter().map(|turn| turn.calls.len()).sum();
        if history.calls.len() != count || history.results.len() != count {
            return Err(format!("{count} calls were made, but {history:?} came back"));
        }
        let ids: Vec<String> =
            said.iter().flat_map(|turn| (0..turn.calls.len()).map(|call| turn.id(call))).collect();
        let ends_so = |ids: &[String], came: &[String]| {
            came.iter().all(|came| ids.iter().any(|id| came.ends_with(id.as_str())))
        };
        if !ends_so(&ids, &history.calls) || !ends_so(&ids, &history.results) {
            return Err(format!("the ids of the calls were {ids:?}, but {history:?} came back"));
        }
        let seals: Vec<String> =
            said.iter().filter(|_| thinks).flat_map(|turn| vec![turn.seal(); speaker.seals(turn)]).collect();
        if history.seals == seals {
            Ok(())
        } else {
            Err(format!("the seals {seals:?} were set, but {:?} came back", history.seals))
        }
    }
}

/// A body of JSON.
fn json_body(value: &Value) -> Body {
    Body { extension: "json".to_owned(), bytes: value.to_string().into_bytes() }
}

/// A stream of events, each with the name that `name` finds in it.
fn events(events: &[Value], name: impl Fn(&Value) -> Option<String>) -> Body {
    let mut text = String::new();
    for event in events {
        name(event).iter().for_each(|name| text.push_str(&format!("event: {name}\n")));
        text.push_str(&format!("data: {event}\n\n"));
    }
    Body { extension: "sse".to_owned(), bytes: text.into_bytes() }
}

/// All values of this key, wherever they are, in their order.
fn all<'v>(value: &'v Value, key: &str) -> Vec<&'v Value> {
    match value {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, value)| if name == key { vec![value] } else { all(value, key) })
            .collect(),
        Value::Array(values) => values.iter().flat_map(|value| all(value, key)).collect(),
        _ => Vec::new(),
    }
}

/// What all messages of a request have for content.
fn contents(request: &Value) -> Vec<&Value> {
    let messages = request["messages"].as_array().into_iter().flatten();
    messages.flat_map(|message| message["content"].as_array().into_iter().flatten()).collect()
}

/// The strings at `key` of the values for which `is` holds.
fn strings<'v>(
    values: impl IntoIterator<Item = &'v Value>,
    key: &str,
    is: impl Fn(&Value) -> bool,
) -> Vec<String> {
    let found = values.into_iter().filter(|value| is(value)).filter_map(|value| value[key].as_str());
    found.map(str::to_owned).collect()
}

/// JSON text in two pieces, as arguments are streamed.
fn halves(arguments: &Value) -> [String; 2] {
    let text = arguments.to_string();
    let mut middle = text.len() / 2;
    while !text.is_char_boundary(middle) {
        middle += 1;
    }
    let (first, second) = text.split_at(middle);
    [first.to_owned(), second.to_owned()]
}
