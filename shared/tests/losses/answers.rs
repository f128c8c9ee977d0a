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
        CLIENTS
            .each_ref()
            .map(|client| receive(client, family.upstream(), answer.to_string().as_bytes(), false))
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
            let got = receive(client, family.upstream(), answer.to_string().as_bytes(), false);
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
            let api = family.upstream().api;
            let got = receive(client, family.upstream(), &framed(api, &streamed(api, &answer)), true);
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

/// The events in which an answer's provider would stream it, in few pieces; Converse's are under their names.
pub(crate) fn streamed(api: Api, answer: &Value) -> Vec<Value> {
    match api {
        Api::Generate => vec![answer.clone()],
        Api::Responses => {
            vec![json!({"type": "response.completed", "sequence_number": 0, "response": answer})]
        }
        Api::Completions => vec![completions(answer)],
        Api::Messages => messages(answer),
        Api::Converse => converse(answer),
    }
}

/// The bytes of such events.
pub(crate) fn framed(api: Api, events: &[Value]) -> Vec<u8> {
    if api == Api::Converse {
        let named = |event: &Value| event.as_object().expect("an object").clone().into_iter().next();
        let named = events.iter().filter_map(named);
        let lines: String = named.map(|(name, data)| format!("event {name} {data}\n")).collect();
        return corpus::frames::encode(&lines);
    }
    let mut stream: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    stream += if api == Api::Completions { "data: [DONE]\n\n" } else { "" };
    stream.into_bytes()
}

fn completions(answer: &Value) -> Value {
    let mut chunk = answer.clone();
    for choice in chunk["choices"].as_array_mut().expect("choices") {
        choice["delta"] = choice["message"].take();
        let calls = choice["delta"]["tool_calls"].as_array_mut();
        calls.into_iter().flatten().for_each(|call| call["index"] = 0.into());
        choice["delta"].as_object_mut().expect("a delta").retain(|_, value| !value.is_null());
        choice.as_object_mut().expect("a choice").remove("message");
    }
    chunk
}

const LAST: [&str; 3] = ["stop_reason", "stop_sequence", "stop_details"];
/// What stands beside them.
const BESIDE: &str = "context_management";

fn messages(answer: &Value) -> Vec<Value> {
    let mut start = answer.clone();
    let blocks = start["content"].take();
    start["content"] = json!([]);
    start.as_object_mut().expect("a message").retain(|name, _| !LAST.contains(&&**name) && name != BESIDE);
    let mut events = vec![json!({"type": "message_start", "message": start})];
    for (index, block) in blocks.as_array().into_iter().flatten().enumerate() {
        events.push(json!({"type": "content_block_start", "index": index, "content_block": block}));
        events.push(json!({"type": "content_block_stop", "index": index}));
    }
    let delta: Map<String, Value> =
        LAST.iter().map(|name| ((*name).to_owned(), answer[*name].clone())).collect();
    let usage = &answer["usage"];
    events.push(json!({"type": "message_delta", "delta": delta, "usage": usage, BESIDE: answer[BESIDE]}));
    events.push(json!({"type": "message_stop"}));
    events
}

/// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStreamOutput.html>
fn converse(answer: &Value) -> Vec<Value> {
    let mut events = vec![json!({"messageStart": {"role": "assistant"}})];
    let blocks = answer["output"]["message"]["content"].as_array().into_iter().flatten();
    for (index, block) in blocks.enumerate() {
        let (start, deltas) = pieces(block);
        let starts = start.into_iter().map(|start| json!({"contentBlockStart": {"start": start}}));
        let deltas = deltas.into_iter().map(|delta| json!({"contentBlockDelta": {"delta": delta}}));
        for mut event in starts.chain(deltas).chain([json!({"contentBlockStop": {}})]) {
            let event_data = event.as_object_mut().expect("an event").values_mut().next();
            event_data.expect("its data")["contentBlockIndex"] = index.into();
            events.push(event);
        }
    }
    let of = |names: &[&str]| -> Map<String, Value> {
        let said = names.iter().filter(|name| !answer[**name].is_null());
        said.map(|name| ((*name).to_owned(), answer[*name].clone())).collect()
    };
    events.push(json!({"messageStop": of(&["stopReason", "additionalModelResponseFields"])}));
    let last = ["usage", "metrics", "trace", "performanceConfig", "serviceTier"];
    events.push(json!({"metadata": of(&last)}));
    events
}

/// What a block begins with, where it is announced, and what it grows by.
fn pieces(block: &Value) -> (Option<Value>, Vec<Value>) {
    let (kind, value) = block.as_object().and_then(|block| block.iter().next()).expect("a block");
    let without = |name: &str| {
        let mut head = value.clone();
        head.as_object_mut().expect("an object").remove(name);
        Some(json!({ kind: head }))
    };
    match &**kind {
        "toolUse" => (without("input"), vec![json!({"toolUse": {"input": value["input"].to_string()}})]),
        "image" => (without("source"), vec![json!({"image": {"source": value["source"]}})]),
        "reasoningContent" => match value["reasoningText"].as_object() {
            Some(text) => {
                let piece = |(name, value): (&String, &Value)| json!({"reasoningContent": {name: value}});
                (None, text.iter().map(piece).collect())
            }
            None => (None, vec![block.clone()]),
        },
        "citationsContent" => {
            let words = value["content"].as_array().into_iter().flatten().cloned();
            let cited = value["citations"].as_array().into_iter().flatten();
            (None, words.chain(cited.map(|citation| json!({"citation": citation}))).collect())
        }
        _ => (None, vec![block.clone()]),
    }
}
