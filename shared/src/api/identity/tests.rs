//! A turn with tools, there and back: an answer of a provider as its API has it, given to a client of another API, given
//! back by that client with the results of the tools, and written for a provider again.

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::seal::{Piece, Seal};
use crate::api::aim::Aim;
use crate::api::codec::Echo;
use crate::api::family::Api;
use crate::api::passage::Passage;
use crate::api::{self};
use crate::dialect::{Dialect, Quirks};
use crate::error::Error;
use crate::ir::{Event, Response};
use crate::wire::Scanner;
use crate::wire::json::Json;

const CLIENTS: [Api; 4] = [Api::Completions, Api::Messages, Api::Responses, Api::Generate];
const UPSTREAMS: [Api; 5] = [Api::Completions, Api::Messages, Api::Responses, Api::Converse, Api::Generate];

fn quirks(upstream: Api) -> &'static Quirks {
    let (dialect, model) = match upstream {
        Api::Completions => ("openrouter", "m"),
        Api::Messages => ("anthropic", "claude-sonnet-4-5"),
        Api::Responses => ("openai", "gpt-5"),
        Api::Converse => ("amazon_bedrock", "anthropic.claude-sonnet-4-5"),
        Api::Generate => ("gemini", "gemini-3-pro"),
    };
    Dialect::named(dialect).unwrap().quirks(model)
}

/// What a client does with an answer before it gives it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Habit {
    /// Gives everything back.
    Keeps,
    /// Gives back readable thinking, and no seals but those it must.
    Reads,
    /// Gives back only what its API insists on.
    Forgets,
}

const HABITS: [Habit; 3] = [Habit::Keeps, Habit::Reads, Habit::Forgets];

fn echo() -> Echo {
    Echo { model: "m".to_owned(), id: "7".to_owned(), request: Bytes::from_static(b"{}"), ..Echo::default() }
}

/// A provider's answer as the client gets it, streamed or whole.
fn answer(body: &Value, upstream: Api, client: Api, streamed: bool) -> Value {
    answer_to(&echo(), body, upstream, client, streamed)
}

fn answer_to(echo: &Echo, body: &Value, upstream: Api, client: Api, streamed: bool) -> Value {
    let text = body.to_string();
    let mut response = Response::default();
    let mut out = BytesMut::new();
    let mut writer = client.write().stream(echo.clone());
    let mut order = crate::ir::Order::default();
    let mut passage = Passage::new(upstream, client, echo);
    let mut take = |event: Event<'_>| {
        order.check(&event);
        response.push(&event);
        writer.push(&event, &mut out);
    };
    let read =
        upstream.read().response(Json::parse(text.as_bytes()).unwrap(), Aim::Translation, &mut |event| {
            passage.push(event, &mut take);
        });
    read.unwrap();
    if streamed {
        return gathered(client, &out);
    }
    let mut out = BytesMut::new();
    client.write().response(&response, echo, &mut out);
    serde_json::from_slice(&out).unwrap()
}

/// What a client makes of a stream of its API.
fn gathered(client: Api, stream: &[u8]) -> Value {
    let mut response = Response::default();
    let mut reader = client.read().stream(Aim::Translation);
    let mut scanner: Scanner = client.framing().scanner(1 << 22);
    let mut take = |event: Event<'_>| response.push(&event);
    scanner.push(stream, &mut |frame| reader.push(frame, &mut take)).unwrap();
    reader.finish(&mut take);
    let mut out = BytesMut::new();
    client.write().response(&response, &echo(), &mut out);
    serde_json::from_slice(&out).unwrap()
}

/// The request in which a client gives an answer back, with a result for each call.
fn next(client: Api, answer: &Value, habit: Habit) -> Value {
    let question = json!({"role": "user", "content": "go"});
    match client {
        Api::Messages => {
            let results = each(&answer["content"], "type", "tool_use");
            let results: Vec<_> = results
                .iter()
                .map(|call| json!({"type": "tool_result", "tool_use_id": call["id"]}))
                .collect();
            json!({"model": "m", "max_tokens": 100, "messages": [question,
                {"role": "assistant", "content": answer["content"]}, {"role": "user", "content": results}]})
        }
        Api::Completions => {
            let mut message = answer["choices"][0]["message"].clone();
            let members = message.as_object_mut().unwrap();
            members.retain(|name, _| match habit {
                Habit::Keeps => true,
                Habit::Reads => name != "reasoning_details",
                Habit::Forgets => !name.starts_with("reasoning"),
            });
            let calls = message["tool_calls"].as_array().cloned().unwrap_or_default();
            let results =
                calls.iter().map(|call| json!({"role": "tool", "tool_call_id": call["id"], "content": "r"}));
            let messages: Vec<_> = [question, message].into_iter().chain(results).collect();
            json!({"model": "m", "messages": messages})
        }
        Api::Responses => {
            let mut items = answer["output"].as_array().unwrap().clone();
            if habit == Habit::Forgets {
                // Codex gives no ids back.
                items.iter_mut().for_each(|item| drop(item.as_object_mut().unwrap().remove("id")));
            }
            let calls = each(&answer["output"], "type", "function_call");
            let results = calls.iter().map(
                |call| json!({"type": "function_call_output", "call_id": call["call_id"], "output": "r"}),
            );
            let input: Vec<_> = [question].into_iter().chain(items).chain(results).collect();
            json!({"model": "m", "input": input})
        }
        _ => next_of_generate(answer, habit),
    }
}

fn next_of_generate(answer: &Value, habit: Habit) -> Value {
    let mut content = answer["candidates"][0]["content"].clone();
    let parts = content["parts"].as_array_mut().unwrap();
    if habit != Habit::Keeps {
        parts.retain(|part| part.get("thought").is_none());
    }
    let calls: Vec<_> = parts.iter().filter_map(|part| part.get("functionCall").cloned()).collect();
    let results = calls.iter().map(|call| {
        let mut result = json!({"name": call["name"], "response": {"output": "r"}});
        if let Some(id) = call.get("id").filter(|_| habit != Habit::Forgets) {
            result["id"] = id.clone();
        }
        json!({"functionResponse": result})
    });
    let results: Vec<_> = results.collect();
    json!({"contents": [{"role": "user", "parts": [{"text": "go"}]}, content, {"role": "user", "parts": results}]})
}

fn each(list: &Value, name: &str, word: &str) -> Vec<Value> {
    let list = list.as_array().cloned().unwrap_or_default();
    list.into_iter().filter(|element| element[name] == word).collect()
}

/// The client's request as a provider gets it.
fn sent(request: &Value, client: Api, upstream: Api) -> Value {
    try_sent(request, client, upstream).unwrap()
}

/// The same; the error where the request is refused.
fn try_sent(request: &Value, client: Api, upstream: Api) -> Result<Value, Error> {
    let text = request.to_string();
    let mut request = client.read().request(Json::parse(text.as_bytes()).unwrap())?;
    request.api = Some(client);
    let mut out = BytesMut::new();
    api::write_request(request, upstream, quirks(upstream), &mut out)?;
    Ok(serde_json::from_slice(&out).unwrap())
}

/// The seals and ids of the assistant's turn, in their order, as the API has them.
fn marks(upstream: Api, turn: &[Value]) -> Vec<Value> {
    let is_mark = |block: &&Value| match upstream {
        Api::Messages => block["type"] != "text",
        Api::Converse => block.get("text").is_none(),
        Api::Responses => block["type"] != "message" && block.get("role").is_none(),
        Api::Generate => block.get("functionCall").is_some() || block.get("thoughtSignature").is_some(),
        Api::Completions => true,
    };
    let mut marks: Vec<_> = turn.iter().filter(is_mark).cloned().collect();
    if upstream == Api::Responses {
        // What a call's item is called itself is nobody's concern.
        let calls = marks.iter_mut().filter(|item| item["type"] == "function_call");
        calls.for_each(|item| {
            item.as_object_mut().unwrap().retain(|name, _| name != "id" && name != "status")
        });
    }
    marks
}

/// The turn in a provider's answer.
fn answered(upstream: Api, body: &Value) -> Vec<Value> {
    let list = match upstream {
        Api::Messages => &body["content"],
        Api::Converse => &body["output"]["message"]["content"],
        Api::Responses => &body["output"],
        Api::Generate => &body["candidates"][0]["content"]["parts"],
        Api::Completions => return message_marks(&body["choices"][0]["message"]),
    };
    marks(upstream, list.as_array().unwrap())
}

fn message_marks(message: &Value) -> Vec<Value> {
    let details = message["reasoning_details"].as_array().cloned().unwrap_or_default();
    let calls = message["tool_calls"].as_array().cloned().unwrap_or_default();
    details.into_iter().chain(calls).map(without_index).collect()
}

fn without_index(mut mark: Value) -> Value {
    mark.as_object_mut().unwrap().retain(|name, _| name != "index");
    mark
}

/// The same turn in what a provider gets, and the ids of the results.
fn returned(upstream: Api, sent: &Value) -> (Vec<Value>, Vec<Value>) {
    let ids = |list: &Value, pointer: &str| {
        let list = list.as_array().cloned().unwrap_or_default();
        list.iter().filter_map(|element| element.pointer(pointer).cloned()).collect()
    };
    match upstream {
        Api::Messages => (
            list(upstream, &sent["messages"][1]["content"]),
            ids(&sent["messages"][2]["content"], "/tool_use_id"),
        ),
        Api::Converse => (
            list(upstream, &sent["messages"][1]["content"]),
            ids(&sent["messages"][2]["content"], "/toolResult/toolUseId"),
        ),
        Api::Responses => {
            let items = sent["input"].as_array().unwrap().iter().skip(1).cloned();
            let items: Vec<_> = items.filter(|item| item["type"] != "function_call_output").collect();
            (
                marks(upstream, &items),
                ids(&json!(each(&sent["input"], "type", "function_call_output")), "/call_id"),
            )
        }
        Api::Generate => (
            list(upstream, &sent["contents"][1]["parts"]),
            ids(&sent["contents"][2]["parts"], "/functionResponse/id"),
        ),
        Api::Completions => (message_marks(&sent["messages"][1]), ids(&sent["messages"], "/tool_call_id")),
    }
}

fn list(upstream: Api, value: &Value) -> Vec<Value> {
    marks(upstream, value.as_array().map_or(&[][..], Vec::as_slice))
}

/// The ids of an answer's calls.
fn call_ids(upstream: Api, marks: &[Value]) -> Vec<Value> {
    let pointer = match upstream {
        Api::Messages => "/id",
        Api::Converse => "/toolUse/toolUseId",
        Api::Responses => "/call_id",
        Api::Generate => "/functionCall/id",
        Api::Completions => "/function/arguments",
    };
    let is_call = |mark: &&Value| upstream != Api::Completions || mark.get("function").is_some();
    let id = |mark: &Value| match upstream {
        Api::Completions => mark.get("id").cloned(),
        _ => mark.pointer(pointer).cloned(),
    };
    marks.iter().filter(is_call).filter_map(id).collect()
}

/// Every way there and back gives the same seals and ids, and another family's provider sees nothing of it.
fn check(upstream: Api, body: &Value) {
    let wanted = answered(upstream, body);
    for client in CLIENTS.into_iter().filter(|client| *client != upstream) {
        for (habit, streamed) in HABITS.into_iter().flat_map(|habit| [(habit, false), (habit, true)]) {
            let answer = answer(body, upstream, client, streamed);
            let request = next(client, &answer, habit);
            let sent_back = sent(&request, client, upstream);
            let (got, results) = returned(upstream, &sent_back);
            let way =
                format!("{upstream:?} by {client:?} that {habit:?}, streamed: {streamed}\n{body}\n{request}");
            assert_eq!(got, wanted, "{way}");
            assert_eq!(results, call_ids(upstream, &wanted), "{way}");
            for other in UPSTREAMS {
                assert!(
                    !sent(&request, client, other).to_string().contains("planoseal"),
                    "{way} to {other:?}"
                );
            }
        }
    }
}

fn base64() -> impl Strategy<Value = String> {
    "[A-Za-z0-9+/]{4,40}".prop_map(|text| format!("{text}=="))
}

/// Words, which may be in any letters.
fn words() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z ]{1,20}", "\\PC{1,12}x"]
}

/// Runs of thinking, words and calls, of which the last is a call. Each has a seed that its texts are made from.
fn any_turn() -> impl Strategy<Value = Vec<(u8, String, String)>> {
    let piece = (0..4u8, words(), base64());
    (prop::collection::vec(piece, 0..5), words(), base64()).prop_map(|(mut pieces, text, seal)| {
        pieces.push((3, text, seal));
        pieces
    })
}

fn of_messages(turn: &[(u8, String, String)]) -> Value {
    let content = turn.iter().enumerate().map(|(at, (kind, text, seal))| match kind {
        0 => json!({"type": "thinking", "thinking": if at == 1 { "" } else { text }, "signature": seal}),
        1 => json!({"type": "redacted_thinking", "data": seal}),
        2 => json!({"type": "text", "text": text}),
        _ => json!({"type": "tool_use", "id": format!("toolu_{at}"), "name": "f", "input": {"x": text}}),
    });
    json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "c", "content": content.collect::<Vec<_>>(),
        "stop_reason": "tool_use", "stop_sequence": null, "usage": {"input_tokens": 1, "output_tokens": 1}})
}

fn of_converse(turn: &[(u8, String, String)]) -> Value {
    let content = turn.iter().enumerate().map(|(at, (kind, text, seal))| match kind {
        0 => json!({"reasoningContent": {"reasoningText": {"text": text, "signature": seal}}}),
        1 => json!({"reasoningContent": {"redactedContent": seal}}),
        2 => json!({"text": text}),
        _ => json!({"toolUse": {"toolUseId": format!("tooluse_{at}"), "name": "f", "input": {"x": text}}}),
    });
    json!({"output": {"message": {"role": "assistant", "content": content.collect::<Vec<_>>()}}, "stopReason": "tool_use",
        "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}})
}

fn of_responses(turn: &[(u8, String, String)]) -> Value {
    let output = turn.iter().enumerate().map(|(at, (kind, text, seal))| match kind {
        0 => json!({"type": "reasoning", "id": format!("rs_{at}"), "summary": [{"type": "summary_text", "text": text},
            {"type": "summary_text", "text": seal}], "encrypted_content": seal}),
        1 => json!({"type": "reasoning", "id": format!("rs_{at}"), "summary": [], "encrypted_content": seal}),
        2 => json!({"type": "message", "id": format!("msg_{at}"), "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": text, "annotations": []}]}),
        _ => json!({"type": "function_call", "id": format!("fc_{at}"), "status": "completed",
            "call_id": format!("call_{at}"), "name": "f", "arguments": json!({"x": text}).to_string()}),
    });
    json!({"id": "resp_1", "object": "response", "status": "completed", "model": "m",
        "output": output.collect::<Vec<_>>(), "usage": null})
}

/// With ids, as newer models give them, or without.
fn of_generate(turn: &[(u8, String, String)], has_ids: bool) -> Value {
    let mut first = true;
    let parts = turn.iter().enumerate().map(|(at, (kind, text, seal))| match kind {
        0 => json!({"text": text, "thought": true, "thoughtSignature": seal}),
        1 => json!({"text": "", "thoughtSignature": seal}),
        2 => json!({"text": text, "thoughtSignature": seal}),
        _ => {
            let mut part = json!({"functionCall": {"name": "f", "args": {"x": text}}});
            if has_ids {
                part["functionCall"]["id"] = json!(format!("id{at}"));
            }
            // Parallel calls have their seal on the first.
            if std::mem::take(&mut first) {
                part["thoughtSignature"] = json!(seal);
            }
            part
        }
    });
    json!({"candidates": [{"content": {"role": "model", "parts": parts.collect::<Vec<_>>()}, "finishReason": "STOP",
        "index": 0}], "responseId": "r-1/x", "modelVersion": "g"})
}

fn of_completions(turn: &[(u8, String, String)]) -> Value {
    let (mut details, mut calls, mut content) = (Vec::new(), Vec::new(), String::new());
    for (at, (kind, text, seal)) in turn.iter().enumerate() {
        match kind {
            0 => details.push(json!({"type": "reasoning.text", "text": text, "signature": seal})),
            1 => details.push(json!({"type": "reasoning.encrypted", "data": seal, "id": format!("rs_{at}")})),
            2 => content.push_str(text),
            _ => calls.push(json!({"id": format!("call_{at}"), "type": "function",
                "function": {"name": "f", "arguments": json!({"x": text}).to_string()}})),
        }
    }
    json!({"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m", "choices": [{"index": 0,
        "finish_reason": "tool_calls", "message": {"role": "assistant", "content": content,
            "reasoning_details": details, "tool_calls": calls}}]})
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// **Law: Claude's signatures and redacted thinking come back as they were (P15 to P17).**
    #[test]
    fn p16_p17_thinking_of_messages(turn in any_turn()) {
        check(Api::Messages, &of_messages(&turn));
    }

    /// **Law: so do they on Bedrock.**
    #[test]
    fn p17_thinking_of_converse(turn in any_turn()) {
        check(Api::Converse, &of_converse(&turn));
    }

    /// **Law: sealed reasoning comes back under its item's id, with its summary.**
    #[test]
    fn reasoning_of_responses(turn in any_turn()) {
        check(Api::Responses, &of_responses(&turn));
    }

    /// **Law: Gemini's signatures come back on the parts they were on (P15).**
    #[test]
    fn p15_signatures_of_generate(turn in any_turn(), has_ids in any::<bool>()) {
        let mut turn = turn;
        // Words are one in Completions, and stand before all calls.
        let mut over = false;
        turn.retain(|(kind, ..)| {
            let stays = *kind != 2 || !over;
            over |= *kind >= 2;
            stays
        });
        check(Api::Generate, &of_generate(&turn, has_ids));
    }

    /// **Law: what vendors of Completions seal comes back in `reasoning_details`.**
    #[test]
    fn details_of_completions(turn in any_turn()) {
        check(Api::Completions, &of_completions(&turn));
    }

    /// **Law: a text that looks packed and is not is an ordinary one.**
    #[test]
    fn garbage_is_ordinary(tail in "[A-Za-z0-9_-]{0,80}", cut in any::<prop::sample::Index>()) {
        let call = [super::seal::Piece::Call { id: "call_1".to_owned(), signature: Some("sig".to_owned()) }];
        let packed = super::seal::Seal::pack(Api::Generate, &call, 1 << 20).unwrap();
        let (cut, _) = packed.split_at(cut.index(packed.len()));
        for id in [format!("planoseal1{tail}"), format!("planoseal{tail}"), format!("x{cut}"), format!("y{packed}")] {
            let turn = json!({"content": [{"type": "thinking", "thinking": "t", "signature": id},
                {"type": "tool_use", "id": id, "name": "f", "input": {}}]});
            let sent = sent(&next(Api::Messages, &turn, Habit::Keeps), Api::Messages, Api::Messages);
            prop_assert_eq!(&sent["messages"][1]["content"], &turn["content"]);
        }
    }
}

/// What somebody does to a packed text, at a place in it.
#[derive(Clone, Copy, Debug)]
enum Forgery {
    /// Ends it there.
    Cuts,
    /// Writes another letter there.
    Changes,
    /// Goes on from there with the text of another conversation, for another model.
    Splices,
    /// Says something more there.
    Inserts,
}

const FORGERIES: [Forgery; 4] = [Forgery::Cuts, Forgery::Changes, Forgery::Splices, Forgery::Inserts];

impl Forgery {
    /// The text as the forger sends it: the same for the same text, as a result has to name its call.
    fn of(self, text: &str, at: &prop::sample::Index) -> String {
        let call = [super::seal::Piece::Call { id: "call_9".to_owned(), signature: Some("b".repeat(400)) }];
        let other = super::seal::Seal::pack(Api::Generate, &call, 1 << 20).unwrap();
        let (head, tail) = text.split_at(at.index(text.len()));
        let behind = || tail.chars().skip(1);
        match self {
            Forgery::Cuts => head.to_owned(),
            Forgery::Changes if tail.starts_with('A') => head.chars().chain(['B']).chain(behind()).collect(),
            Forgery::Changes => head.chars().chain(['A']).chain(behind()).collect(),
            Forgery::Splices => head.chars().chain(other.chars().skip(head.len())).collect(),
            Forgery::Inserts => format!("{head}Cg0_{tail}"),
        }
    }

    /// Forges every packed text in a value; how many there are.
    fn apply(self, value: &mut Value, at: &prop::sample::Index) -> usize {
        match value {
            Value::String(text) if text.starts_with("planoseal1") => {
                *text = self.of(text, at);
                1
            }
            Value::Array(values) => values.iter_mut().map(|value| self.apply(value, at)).sum(),
            Value::Object(members) => members.values_mut().map(|value| self.apply(value, at)).sum(),
            _ => 0,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// **Law: of a packed text that was tampered with no provider gets a seal.** It is an ordinary text, or refused.
    #[test]
    fn forged_seals_are_none(turn in any_turn(), at in any::<prop::sample::Index>(),
        forgery in prop::sample::select(FORGERIES.to_vec()))
    {
        let answers = [(Api::Messages, of_messages(&turn)), (Api::Converse, of_converse(&turn)),
            (Api::Generate, of_generate(&turn, true)), (Api::Completions, of_completions(&turn))];
        for (upstream, body) in answers {
            for client in CLIENTS.into_iter().filter(|client| *client != upstream) {
                let mut forged = next(client, &answer(&body, upstream, client, false), Habit::Keeps);
                if forgery.apply(&mut forged, &at) == 0 {
                    continue;
                }
                for sent in UPSTREAMS.map(|to| try_sent(&forged, client, to)).into_iter().flatten() {
                    let sent = sent.to_string();
                    let genuine = turn.iter().find(|(.., seal)| sent.contains(seal));
                    prop_assert!(genuine.is_none(), "{:?} of {:?} by {:?}: {:?} in {}", forgery, upstream, client,
                        genuine, sent);
                }
            }
        }
    }
}

/// A client's request with these tools, and what goes before.
/// A packed text that somebody made, with a right checksum.
fn forged(api: Api, pieces: &[Piece]) -> String {
    Seal::pack(api, pieces, 1 << 20).unwrap()
}

/// What a client of Completions gives back of a call under this id.
fn called(id: &str) -> Value {
    let call = json!({"id": id, "type": "function", "function": {"name": "f", "arguments": "{}"}});
    next(
        Api::Completions,
        &json!({"choices": [{"message": {"role": "assistant", "tool_calls": [call]}}]}),
        Habit::Keeps,
    )
}

/// **Law: whoever makes a packed text says no more with it than a client of the seals' own API says without.** Any other
/// provider hears nothing of it.
#[test]
fn who_forges_a_seal_says_nothing_that_others_may_not() {
    let (signature, id) = (Some("Rm9yZ2Vk".to_owned()), Some("rs_Rm9yZ2Vk".to_owned()));
    let pieces = [
        Piece::Thought { text: Some("Rm9yZ2Vk".to_owned()), signature: signature.clone(), id: id.clone() },
        Piece::Sealed { data: "Rm9yZ2Vk".to_owned(), id },
        Piece::Words { signature: "Rm9yZ2Vk".to_owned(), apart: true },
        Piece::Call { id: "call_9".to_owned(), signature },
    ];
    for api in CLIENTS.into_iter().filter(|api| *api != Api::Completions) {
        let request = called(&forged(api, &pieces));
        for upstream in UPSTREAMS.into_iter().filter(|upstream| super::kin(*upstream) != api) {
            let heard = sent(&request, Api::Completions, upstream).to_string();
            assert!(!heard.contains("Rm9yZ2Vk"), "{api:?} to {upstream:?}: {heard}");
        }
        let heard = sent(&request, Api::Completions, api);
        assert!(heard.to_string().contains("Rm9yZ2Vk"), "{heard}");
        assert_eq!(sent(&heard, api, api), heard, "a client of {api:?} says the same");
    }
}

/// A few bytes are a block in a packed text, so it is counted how many there are.
#[test]
fn more_seals_than_anybody_packs_are_refused() {
    let thought = Piece::Thought { text: Some(String::new()), signature: Some(String::new()), id: None };
    let id = |count: usize| forged(Api::Messages, &vec![thought.clone(); count]);
    let heard = sent(&called(&id(1000)), Api::Completions, Api::Messages);
    assert_eq!(heard["messages"][1]["content"].as_array().map(Vec::len), Some(1001));
    assert_eq!(Seal::pack(Api::Messages, &vec![thought.clone(); 1025], 1 << 20), None);
    let calls: Vec<_> = (0..20).map(|_| called(&id(1000))["messages"][1].clone()).collect();
    let request = json!({"model": "m", "messages": calls});
    let refused = try_sent(&request, Api::Completions, Api::Messages).unwrap_err();
    assert_eq!(refused.code.as_deref(), Some("too_many_seals"));
}

fn asks(client: Api, tools: Value, said: &[Value]) -> Value {
    match client {
        Api::Responses => json!({"model": "m", "tools": tools, "input": said}),
        _ => json!({"model": "m", "tools": tools, "messages": said}),
    }
}

fn calls(name: &str, arguments: &Value, upstream: Api) -> Value {
    let turn = [(3, String::new(), "QUJD".to_owned())];
    let mut body = match upstream {
        Api::Messages => of_messages(&turn),
        Api::Converse => of_converse(&turn),
        Api::Generate => of_generate(&turn, true),
        _ => of_completions(&turn),
    };
    match upstream {
        Api::Messages => {
            (body["content"][0]["name"], body["content"][0]["input"]) = (json!(name), arguments.clone())
        }
        Api::Converse => {
            let call = &mut body["output"]["message"]["content"][0]["toolUse"];
            (call["name"], call["input"]) = (json!(name), arguments.clone());
        }
        Api::Generate => {
            let call = &mut body["candidates"][0]["content"]["parts"][0]["functionCall"];
            (call["name"], call["args"]) = (json!(name), arguments.clone());
        }
        _ => {
            let call = &mut body["choices"][0]["message"]["tool_calls"][0]["function"];
            (call["name"], call["arguments"]) = (json!(name), json!(arguments.to_string()));
        }
    }
    body
}

const PATCH: &str = "*** Begin \"Patch\"\n+é\\😀\n";

/// A tool of free text is offered as a function and called as what it is, by any provider (B3, D14, P27).
#[test]
fn b3_d14_p27_custom_tools_come_back_as_custom_tools() {
    let grammar = json!({"type": "grammar", "syntax": "lark", "definition": "start: \"x\""});
    let tools = json!([{"type": "custom", "name": "apply_patch", "description": "Edits.", "format": grammar},
        {"type": "function", "name": "f", "parameters": {"type": "object"}}]);
    let request = asks(Api::Responses, tools, &[json!({"role": "user", "content": "go"})]);
    let echo = Echo { request: request.to_string().into(), ..echo() };
    for upstream in [Api::Completions, Api::Messages, Api::Converse, Api::Generate] {
        let offered = sent(&request, Api::Responses, upstream).to_string();
        assert!(
            offered.contains("Edits.")
                && offered.contains("(lark)")
                && offered.contains("additionalProperties")
        );
        assert!(!offered.contains("custom"), "{offered}");
        let called = calls("apply_patch", &json!({"input": PATCH}), upstream);
        for streamed in [false, true] {
            let answer = answer_to(&echo, &called, upstream, Api::Responses, streamed);
            let item = &answer["output"][0];
            assert_eq!((&item["type"], &item["name"]), (&json!("custom_tool_call"), &json!("apply_patch")));
            assert_eq!(item["input"], PATCH, "{upstream:?}, streamed: {streamed}");
            let result =
                json!({"type": "custom_tool_call_output", "call_id": item["call_id"], "output": "done"});
            let next = asks(Api::Responses, request["tools"].clone(), &[item.clone(), result]);
            let returned = sent(&next, Api::Responses, upstream).to_string();
            let input = serde_json::to_string(PATCH).unwrap();
            let twice = serde_json::to_string(&format!("{{\"input\":{input}}}")).unwrap();
            assert!(
                returned.contains(&format!("{{\"input\":{input}}}")) || returned.contains(&twice),
                "{returned}"
            );
        }
    }
}

/// The same for clients of Completions (B3).
#[test]
fn b3_custom_tools_of_completions() {
    let tools = json!([{"type": "custom", "custom": {"name": "shout", "format": {"type": "text"}}}]);
    let request = asks(Api::Completions, tools, &[json!({"role": "user", "content": "go"})]);
    let echo = Echo { request: request.to_string().into(), ..echo() };
    for upstream in [Api::Messages, Api::Converse, Api::Generate] {
        let called = calls("shout", &json!({"input": PATCH}), upstream);
        for streamed in [false, true] {
            let answer = answer_to(&echo, &called, upstream, Api::Completions, streamed);
            let call = &answer["choices"][0]["message"]["tool_calls"][0];
            assert_eq!(
                (&call["type"], &call["custom"]["input"]),
                (&json!("custom"), &json!(PATCH)),
                "{answer}"
            );
        }
    }
}

/// Members of namespaces keep apart from each other and from tools of the same name, and come back as what they were
/// (D14).
#[test]
fn d14_namespaces_keep_apart() {
    let tool = |name: &str| json!({"type": "function", "name": name, "parameters": {"type": "object"}});
    let space = |name: &str, tools: Value| json!({"type": "namespace", "name": name, "description": "", "tools": tools});
    let long = "x".repeat(70);
    let tools = json!([
        space("a", json!([tool("b__c"), tool("d")])),
        space("a__b", json!([tool("c"), tool(&long)])),
        tool("a__d")
    ]);
    let request = asks(Api::Responses, tools.clone(), &[json!({"role": "user", "content": "go"})]);
    let offered = sent(&request, Api::Responses, Api::Messages);
    let names: Vec<_> =
        offered["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names.iter().collect::<std::collections::BTreeSet<_>>().len(), 5, "{names:?}");
    assert!(names.contains(&"a__d") && names.iter().all(|name| name.len() <= 64), "{names:?}");
    let echo = Echo { request: request.to_string().into(), ..echo() };
    let whole = [("a", "b__c"), ("a", "d"), ("a__b", "c"), ("a__b", &*long)];
    for ((space, name), known) in whole.into_iter().zip(&names) {
        let called = calls(known, &json!({}), Api::Messages);
        let answer = answer_to(&echo, &called, Api::Messages, Api::Responses, false);
        let item = &answer["output"][0];
        assert_eq!((&item["namespace"], &item["name"]), (&json!(space), &json!(name)), "{known}");
        let next =
            asks(Api::Responses, tools.clone(), &[json!({"role": "user", "content": "go"}), item.clone()]);
        assert_eq!(sent(&next, Api::Responses, Api::Messages)["messages"][1]["content"][0]["name"], **known);
        let own = sent(&next, Api::Responses, Api::Responses);
        assert_eq!((&own["input"][1]["namespace"], &own["input"][1]["name"]), (&json!(space), &json!(name)));
        assert_eq!(own["tools"], tools);
    }
}

/// Where only some tools are allowed and there is no such choice, only those are offered (B3, P5).
#[test]
fn b3_p5_allowed_tools() {
    let tool = |name: &str| json!({"type": "function", "name": name, "parameters": {"type": "object", "properties": {}}});
    for (mode, wanted) in [("auto", "auto"), ("required", "required")] {
        let mut request =
            asks(Api::Responses, json!([tool("f"), tool("g")]), &[json!({"role": "user", "content": "go"})]);
        request["tool_choice"] =
            json!({"type": "allowed_tools", "mode": mode, "tools": [{"type": "function", "name": "g"}]});
        let vendor = sent(&request, Api::Responses, Api::Completions);
        assert_eq!(
            (&vendor["tools"][0]["function"]["name"], &vendor["tool_choice"]),
            (&json!("g"), &json!(wanted))
        );
        assert!(vendor["tools"].get(1).is_none());
        let claude = sent(&request, Api::Responses, Api::Messages);
        assert_eq!((&claude["tools"][0]["name"], claude["tools"].get(1)), (&json!("g"), None));
        let bedrock = sent(&request, Api::Responses, Api::Converse);
        assert_eq!(bedrock["toolConfig"]["tools"].as_array().map(Vec::len), Some(1));
        let gemini = sent(&request, Api::Responses, Api::Generate).to_string();
        assert!(gemini.contains("\"g\""), "{gemini}");
    }
}
