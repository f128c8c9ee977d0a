//! What nobody has heard of: a member put into each object of each request and answer. It is carried, named as lost, or
//! a reason to refuse, wherever it stands.

use std::collections::BTreeSet;

use serde_json::Value;
use shared::api::Api;

use crate::answers::{FAMILIES, framed, streamed};
use crate::probe::CLIENTS;
use crate::world::{Got, Sent, UPSTREAMS, receive, send};

/// The member, which is not like any that there is.
const NAME: &str = "unheard";
const WORD: &str = "Of-Tomorrow";

/// Where a client's or a model's own words stand, in which there is nothing to be known.
const FREE: [&str; 14] = [
    "args",
    "arguments",
    "categories",
    "headers",
    "input",
    "input_schema",
    "json",
    "labels",
    "logit_bias",
    "metadata",
    "parameters",
    "parametersJsonSchema",
    "responseSchema",
    "schema",
];

/// The places of the objects in a value, but for those that are free.
fn objects(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.push(at.to_owned());
            let known = members.iter().filter(|(name, _)| !FREE.contains(&name.as_str()));
            known.for_each(|(name, value)| objects(value, &format!("{at}/{name}"), found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| objects(item, &format!("{at}/{index}"), found));
        }
        _ => {}
    }
}

/// The value with the member in each of its objects in turn, and where it is.
fn with_unheard(value: &Value) -> Vec<(String, Value)> {
    let mut places = Vec::new();
    objects(value, "", &mut places);
    let put = |place: String| {
        let mut value = value.clone();
        let object = value.pointer_mut(&place).and_then(Value::as_object_mut).expect("there is the object");
        object.insert(NAME.to_owned(), WORD.into());
        (place, value)
    };
    places.into_iter().map(put).collect()
}

/// What tells of steps that a provider took itself, which are lost by the name of their work.
const STEPS: [&str; 7] = [
    "code_execution_tool_result",
    "code_interpreter_call",
    "codeExecutionResult",
    "executableCode",
    "server_tool_use",
    "web_search_call",
    "web_search_tool_result",
];

/// Whether a place is in what a loss names by its path, as in `messages[0].content`.
fn stands_in(place: &str, loss: &str) -> bool {
    // What a model thought is lost as such, wherever it stands in a message.
    let path = loss.strip_suffix(".thinking").unwrap_or(loss);
    let path = path.replace('[', "/").replace([']', '('], "").replace('.', "/");
    place
        .strip_prefix('/')
        .and_then(|place| place.strip_prefix(&*path))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether what a place is in is lost as a whole, and named by its name, its type, or its one member.
fn is_lost(value: &Value, place: &str, losses: &[String]) -> bool {
    let dropped = losses.iter().filter(|loss| !loss.ends_with(')'));
    let names: Vec<_> = dropped.filter_map(|loss| loss.rsplit('.').next()).collect();
    if losses.iter().any(|loss| stands_in(place, loss)) {
        return true;
    }
    let object = value.pointer(place).and_then(Value::as_object).expect("there is the object");
    let is_step = names.iter().any(|name| matches!(*name, "code_execution" | "web_search"));
    let is_lost = |word: &str| names.contains(&word) || (is_step && STEPS.contains(&word));
    if object.len() == 2 && object.keys().any(|name| is_lost(name)) {
        return true;
    }
    let parts = place.split('/').skip(1);
    let ends = place.match_indices('/').map(|(at, _)| at).skip(1).chain([place.len()]);
    parts.zip(ends).any(|(name, end)| {
        let kind = place.get(..end).and_then(|at| value.pointer(at)?["type"].as_str());
        [Some(name), kind].into_iter().flatten().any(is_lost)
    })
}

/// Whether a feature is that tools are not to be called, so that some providers do not hear of them.
fn is_idle(feature: &str, place: &str) -> bool {
    let unused = ["tool_choice: none", "tool_choice: allowed_tools", "toolConfig: NONE"];
    unused.contains(&feature) && place.starts_with("/tools/")
}

#[test]
fn what_is_unheard_of_in_requests_is_told() {
    let mut vanished = BTreeSet::new();
    for client in &CLIENTS {
        for (feature, request) in client.requests() {
            let plain: Vec<Sent> =
                UPSTREAMS.iter().map(|upstream| send(client, upstream, &request)).collect();
            for (place, request) in &with_unheard(&Value::from(request)) {
                if is_idle(&feature, place) {
                    continue;
                }
                for (upstream, plain) in UPSTREAMS.iter().zip(&plain) {
                    let sent = send(client, upstream, request.as_object().expect("a request is an object"));
                    if !(sent.refused
                        || sent.losses != plain.losses
                        || sent.says(WORD)
                        || is_lost(request, place, &plain.losses))
                    {
                        vanished
                            .insert(format!("{} to {}: `{feature}` at {place}", client.name, upstream.name));
                    }
                }
            }
        }
    }
    assert!(vanished.is_empty(), "{} vanish\n{}", vanished.len(), Vec::from_iter(vanished).join("\n"));
}

#[test]
fn what_is_unheard_of_in_answers_is_told() {
    let mut vanished = BTreeSet::new();
    for family in &FAMILIES {
        for client in &CLIENTS {
            for (feature, answer) in family.answers() {
                for stream in [false, true] {
                    let api = family.upstream().api;
                    // Converse's events have members of their own: they are what the word is put into.
                    let is_framed = stream && api == Api::Converse;
                    let answer = if is_framed { Value::from(streamed(api, &answer)) } else { answer.clone() };
                    let put = |answer: &Value| -> Got {
                        let bytes = match answer.as_array() {
                            Some(events) => framed(api, events),
                            None if stream => framed(api, &streamed(api, answer)),
                            None => answer.to_string().into_bytes(),
                        };
                        receive(client, family.upstream(), &bytes, stream)
                    };
                    let plain = put(&answer);
                    let unheard = with_unheard(&answer).into_iter();
                    // An event's name is no member of anything.
                    let is_place = |place: &str| !is_framed || place.matches('/').count() > 1;
                    for (place, answer) in unheard.filter(|(place, _)| is_place(place)) {
                        let got = put(&answer);
                        if !(got.losses != plain.losses
                            || got.says(WORD)
                            || is_lost(&answer, &place, &plain.losses))
                        {
                            let how = if stream { ", streamed" } else { "" };
                            vanished.insert(format!(
                                "{} to {}{how}: `{feature}` at {place}",
                                family.upstream().name,
                                client.name
                            ));
                        }
                    }
                }
            }
        }
    }
    assert!(vanished.is_empty(), "{} vanish\n{}", vanished.len(), Vec::from_iter(vanished).join("\n"));
}
