//! What of an answer its client does not get.
//!
//! Readers name what the representation has no place for, writers what their API has no place for. Neither reads an
//! answer's words a second time for it: members that nobody knows are looked for where an answer begins and ends.

use std::borrow::Cow;
use std::fmt;

use super::aim::{Aim, Sink};
use super::family::Api;
use crate::ir::{Delta, Event, Loss, Open, Stop, StopReason, Why};
use crate::wire::json::{Json, Kind};

/// The longest name of a member that goes into an account, in bytes: longer ones are no words of an API.
const LONGEST_NAME: usize = 64;

/// The most members of a request that are named because nobody has heard of them.
const MOST_UNREAD: usize = 32;

/// Gives an event on, and what of it clients of `to` do not get.
pub(super) fn give(to: Api, event: Event<'_>, sink: &mut Sink<'_>) {
    if is_plain(&event) {
        return sink(event);
    }
    let losses = to.write().lacks(&event);
    sink(event);
    losses.into_iter().for_each(|loss| sink(Event::Lost(loss)));
}

/// Whether an event is one that every API has; nearly all are.
fn is_plain(event: &Event<'_>) -> bool {
    match event {
        Event::Delta { delta, .. } => !matches!(delta, Delta::Logprobs(_) | Delta::Audio(_)),
        Event::Open { block, .. } => {
            matches!(block, Open::Text | Open::Thinking { .. } | Open::ToolUse { .. })
        }
        Event::Close { .. } | Event::Ping | Event::Lost(_) | Event::Fail(_) | Event::End => true,
        // What it lacks has been named by its own passage.
        Event::Choice { .. } => true,
        Event::Start(_) | Event::Usage(_) | Event::Stop(_) | Event::Tier(_) => false,
    }
}

/// That something has no place.
pub(super) fn dropped(path: &str) -> Vec<Loss> {
    vec![Loss::of_answer(path, Why::Dropped)]
}

/// That only something like it has a place.
pub(super) fn approximated(path: &str) -> Vec<Loss> {
    vec![Loss::of_answer(path, Why::Approximated)]
}

/// What is only a mark where nothing but its id and its status is in it: that a model has thought, which usage says too.
const MARKS: &[&str] = &["reasoning"];

/// That a block in another API's words has no place: by its `type`, or by its one member's name.
pub(super) fn foreign(to: Api, block: &Open<'_>) -> Vec<Loss> {
    let Open::Opaque { api, raw } = block else { return Vec::new() };
    let Some(json) = Json::parse(raw.as_bytes()).ok().filter(|_| *api != to) else { return Vec::new() };
    let kind = json.get("type").and_then(Json::string).or_else(|| json.fields().next().map(|(name, _)| name));
    let kind = kind.as_deref().unwrap_or("content");
    let is_mark = MARKS.contains(&kind)
        && !json.others(&["type", "id", "status"]).any(|(_, value)| says_something(value));
    if is_mark { Vec::new() } else { dropped(kind) }
}

/// That counts have no place, where they are more than 0.
pub(super) fn uncounted(counts: &[(&str, Option<u64>)]) -> Vec<Loss> {
    let lost = counts.iter().filter(|(_, count)| count.is_some_and(|count| count > 0));
    lost.map(|(name, _)| Loss::of_answer(format_args!("usage.{name}"), Why::Dropped)).collect()
}

/// That a way to end has no word of its own: the text that ended it, and what only some models do.
pub(super) fn unsaid(stop: &Stop<'_>, says_sequence: bool) -> Vec<Loss> {
    let mut losses = Vec::new();
    if stop.sequence.is_some() && !says_sequence {
        losses.extend(dropped("stop_sequence"));
    }
    if matches!(stop.reason, StopReason::Pause | StopReason::ContextWindow | StopReason::Other(_)) {
        losses.extend(approximated("stop_reason"));
    }
    losses
}

/// Names the members of an object in a provider's answer that are not `known` and say something, where that is an aim.
pub(super) fn name_others(object: Json<'_>, known: &[&str], at: &str, aim: Aim, sink: &mut Sink<'_>) {
    if !aim.tells_losses() {
        return;
    }
    for (name, value) in object.others(known) {
        if name.len() <= LONGEST_NAME && says_something(value) {
            sink(Event::Lost(Loss::dropped(["answer.", at, &*name].concat())));
        }
    }
}

/// Names an event of a kind that nobody knows: new ones may come at any time. An endless name is no kind.
pub(super) fn name_event(kind: &str, sink: &mut Sink<'_>) {
    if kind.len() <= LONGEST_NAME {
        sink(Event::Lost(Loss::of_answer(kind, Why::Dropped)));
    }
}

/// The members of an object that are read, or that say nothing new, and what is in them; of an array, its elements'.
pub struct Shape(pub(super) &'static [(&'static str, Option<&'static Shape>)]);

/// In a shape: that its other members are not looked for here.
pub(super) const OTHERS: (&str, Option<&Shape>) = ("", None);

impl Shape {
    fn find(&self, name: &[u8]) -> Option<Option<&'static Shape>> {
        let named = self.0.iter().find(|(own, _)| own.as_bytes() == name);
        named.or_else(|| self.0.first().filter(|first| first.0 == OTHERS.0)).map(|(_, inner)| *inner)
    }

    /// The members of an object that it has not, or only with what may be in them.
    fn doubtful<'a>(&self, object: Json<'a>) -> impl Iterator<Item = (Cow<'a, str>, Json<'a>)> {
        object.wanted(|name| !matches!(self.find(name), Some(None)))
    }
}

/// Names the members of an answer's object, and of the objects in it, that its shape has not and that say something.
pub(super) fn name_unknown(value: Json<'_>, shape: &Shape, at: &str, aim: Aim, sink: &mut Sink<'_>) {
    if aim.tells_losses() {
        unknown(value, shape, at, &mut |loss| sink(Event::Lost(loss)));
    }
}

/// The same, told as losses.
pub(super) fn unknown(value: Json<'_>, shape: &Shape, at: &str, tell: &mut dyn FnMut(Loss)) {
    look(value, shape, None, &mut |place, member| {
        if says_something(member) {
            tell(Loss::of_answer(format_args!("{at}{}", place.names()), Why::Dropped));
        }
    });
}

/// The members of a client's request, however deep, that its API's shape has not; the most that are of use to anybody.
pub(super) fn unread(body: Json<'_>, shape: &Shape) -> Vec<Loss> {
    let mut losses = Vec::new();
    look(body, shape, None, &mut |place, member| {
        if losses.len() < MOST_UNREAD && !member.is_null() {
            losses.push(Loss::dropped(place.to_string()));
        }
    });
    losses
}

/// Tells of each member that the shape has not, however deep. Its place becomes words only where somebody asks.
fn look(value: Json<'_>, shape: &Shape, within: Option<&At<'_>>, tell: &mut dyn FnMut(&At<'_>, Json<'_>)) {
    for (index, item) in value.items().enumerate() {
        look(item, shape, Some(&At { within, part: Part::Element(index) }), tell);
    }
    for (name, member) in shape.doubtful(value) {
        let at = At { within, part: Part::Member(&name) };
        match shape.find(name.as_bytes()).flatten() {
            Some(inner) => look(member, inner, Some(&at), tell),
            None if name.len() <= LONGEST_NAME => tell(&at, member),
            None => {}
        }
    }
}

/// Where something stands: `messages[0].content`.
pub(super) struct At<'p> {
    pub(super) within: Option<&'p At<'p>>,
    pub(super) part: Part<'p>,
}

pub(super) enum Part<'p> {
    Member(&'p str),
    Element(usize),
}

impl At<'_> {
    /// The place without the numbers of elements, as an account of an answer has it: `content.text`.
    fn names(&self) -> String {
        let within = self.within.map(At::names).unwrap_or_default();
        match self.part {
            Part::Member(name) if within.is_empty() => name.to_owned(),
            Part::Member(name) => [&within, ".", name].concat(),
            Part::Element(_) => within,
        }
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.within.map_or(Ok(()), |within| within.fmt(f))?;
        match self.part {
            Part::Member(name) if self.within.is_none() => f.write_str(name),
            Part::Member(name) => write!(f, ".{name}"),
            Part::Element(index) => write!(f, "[{index}]"),
        }
    }
}

/// The same of a call. That the model itself has called is what all calls say, so only another caller is named.
pub(super) fn name_others_of_call(call: Json<'_>, known: &[&str], at: &str, aim: Aim, sink: &mut Sink<'_>) {
    if !aim.tells_losses() {
        return;
    }
    let caller = call.get("caller").and_then(|caller| caller.get("type")?.string());
    let is_model = caller.is_some_and(|caller| caller == "direct");
    name_others(call, known, at, aim, &mut |event| match event {
        Event::Lost(loss) if is_model && loss.path.ends_with(".caller") => {}
        event => sink(event),
    });
}

/// Whether a value is more than nothing, none or no.
pub(super) fn says_something(value: Json<'_>) -> bool {
    match value.kind() {
        Kind::Null => false,
        Kind::Object => value.fields().any(|(_, inner)| says_something(inner)),
        Kind::Array => value.items().next().is_some(),
        _ => !matches!(value.raw(), "0" | "0.0" | "false" | "\"\""),
    }
}
