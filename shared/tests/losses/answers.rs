//! What becomes of each documented feature of each provider's answers on its way to each client.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Map, Value, json};
use shared::api::Api;

use crate::probe::CLIENTS;
use crate::world::{Got, UPSTREAMS, Upstream, receive};
use crate::worst;

/// A family of providers.
pub(crate) struct Family {
    /// Where its table stands in the page.
    pub(crate) mark: &'static str,
    upstream: &'static str,
    probes: &'static str,
}

pub(crate) const FAMILIES: [Family; 5] = [
    Family {
        mark: "answers of completions",
        upstream: "openai",
        probes: include_str!("answers/completions.json"),
    },
    Family {
        mark: "answers of messages",
        upstream: "messages",
        probes: include_str!("answers/messages.json"),
    },
    Family {
        mark: "answers of responses",
        upstream: "responses",
        probes: include_str!("answers/responses.json"),
    },
    Family {
        mark: "answers of generate",
        upstream: "generate",
        probes: include_str!("answers/generate.json"),
    },
    Family {
        mark: "answers of converse",
        upstream: "converse",
        probes: include_str!("answers/converse.json"),
    },
];

impl Family {
    pub(crate) fn upstream(&self) -> &'static Upstream {
        UPSTREAMS.iter().find(|upstream| upstream.name == self.upstream).expect("a provider of the family")
    }

    /// The plain answer, and then one for each feature.
    pub(crate) fn answers(&self) -> Vec<(String, Value)> {
        let file: Value = serde_json::from_str(self.probes).expect("the answers are JSON");
        let features = file["probes"].as_array().expect("the probes are a list").iter().map(|probe| {
            let mut answer = file["base"].clone();
            let place =
                answer.pointer_mut(probe["at"].as_str().expect("a place")).expect("there is the place");
            let members: Map<String, Value> = probe["with"].as_object().expect("members").clone();
            place.as_object_mut().expect("an object").extend(members);
            (probe["feature"].as_str().expect("a feature has a name").to_owned(), answer)
        });
        [("nothing".to_owned(), file["base"].clone())].into_iter().chain(features).collect()
    }
}

/// The fates of whole answers' features, by client.
pub(crate) fn table(family: &Family) -> String {
    let answers = family.answers();
    let mut table = String::from("| |");
    CLIENTS.iter().for_each(|client| write!(table, " {} |", client.title).unwrap());
    write!(table, "\n|---|{}\n", "---|".repeat(CLIENTS.len())).unwrap();
    let got = |answer: &Value| {
        CLIENTS.each_ref().map(|client| receive(client, family.upstream(), &answer.to_string(), false))
    };
    let base = got(&answers[0].1);
    for (feature, answer) in answers.iter().skip(1) {
        let fates: Vec<_> =
            got(answer).iter().zip(&base).map(|(got, base)| worst(&base.losses, &got.losses)).collect();
        writeln!(table, "| {feature} | {} |", fates.join(" | ")).unwrap();
    }
    table
}

/// Two answers that differ are two different ones to the client, or the difference is named: in the report, and in the
/// head where that can still carry it.
#[test]
fn nothing_vanishes_in_answers() {
    let mut vanished = Vec::new();
    for (family, client) in
        FAMILIES.iter().flat_map(|family| CLIENTS.iter().map(move |client| (family, client)))
    {
        let mut seen = BTreeMap::<Got, String>::new();
        for (feature, answer) in family.answers() {
            let got = receive(client, family.upstream(), &answer.to_string(), false);
            let at = format!("{} to {}: `{feature}`", family.upstream, client.name);
            assert_eq!(got.status, 200, "{at}: {got:?}");
            let named = got.losses.iter().any(|loss| loss != "answer.system_fingerprint");
            assert_eq!(got.lost.is_some(), named, "{at}: {got:?}");
            check(&mut seen, got, &at, feature, &mut vanished);
        }
    }
    assert!(vanished.is_empty(), "{}", vanished.join("\n"));
}

/// The same of streams, whose losses only the report has.
#[test]
fn nothing_vanishes_in_streams() {
    let mut vanished = Vec::new();
    for (family, client) in
        FAMILIES.iter().flat_map(|family| CLIENTS.iter().map(move |client| (family, client)))
    {
        let mut seen = BTreeMap::<Got, String>::new();
        for (feature, answer) in family.answers() {
            let Some(stream) = streamed(family.upstream().api, &answer) else { continue };
            let got = receive(client, family.upstream(), &stream, true);
            let at = format!("{} to {}, streamed: `{feature}`", family.upstream, client.name);
            assert_eq!((got.status, &got.lost), (200, &None), "{at}: {got:?}");
            check(&mut seen, got, &at, feature, &mut vanished);
        }
    }
    assert!(vanished.is_empty(), "{}", vanished.join("\n"));
}

fn check(seen: &mut BTreeMap<Got, String>, got: Got, at: &str, feature: String, vanished: &mut Vec<String>) {
    let base = seen.iter().find(|(_, feature)| *feature == "nothing").map(|(base, _)| &base.losses);
    if base.is_some_and(|base| got.losses.iter().any(|loss| !base.contains(loss))) {
        return;
    }
    match seen.get(&got) {
        Some(other) => vanished.push(format!("{at} is told as `{other}` is")),
        None => drop(seen.insert(got, feature)),
    }
}

/// An answer as its provider would stream it, in few pieces; none where that takes frames that are not text.
pub(crate) fn streamed(api: Api, answer: &Value) -> Option<String> {
    Some(match api {
        Api::Generate => data(answer),
        Api::Responses => {
            data(&json!({"type": "response.completed", "sequence_number": 0, "response": answer}))
        }
        Api::Completions => {
            let mut chunk = answer.clone();
            for choice in chunk["choices"].as_array_mut()? {
                choice["delta"] = choice["message"].take();
                let calls = choice["delta"]["tool_calls"].as_array_mut();
                calls.into_iter().flatten().for_each(|call| call["index"] = 0.into());
                choice["delta"].as_object_mut()?.retain(|_, value| !value.is_null());
                choice.as_object_mut()?.remove("message");
            }
            data(&chunk) + "data: [DONE]\n\n"
        }
        Api::Messages => messages(answer),
        Api::Converse => return None,
    })
}

fn messages(answer: &Value) -> String {
    let mut start = answer.clone();
    let blocks = start["content"].take();
    start["content"] = json!([]);
    for name in ["stop_reason", "stop_sequence", "stop_details", "context_management"] {
        start.as_object_mut().expect("a message").remove(name);
    }
    let mut stream = data(&json!({"type": "message_start", "message": start}));
    for (index, block) in blocks.as_array().into_iter().flatten().enumerate() {
        stream += &data(&json!({"type": "content_block_start", "index": index, "content_block": block}));
        stream += &data(&json!({"type": "content_block_stop", "index": index}));
    }
    let names = ["stop_reason", "stop_sequence", "stop_details", "context_management"];
    let delta: Map<String, Value> =
        names.iter().map(|name| ((*name).to_owned(), answer[*name].clone())).collect();
    stream += &data(&json!({"type": "message_delta", "delta": delta, "usage": answer["usage"]}));
    stream + &data(&json!({"type": "message_stop"}))
}

fn data(event: &Value) -> String {
    format!("data: {event}\n\n")
}
