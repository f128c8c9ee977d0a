//! What is sent and what comes back, and the laws of both.

use bytes::BytesMut;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::spelling;
use crate::api::aim::Aim;
use crate::api::codec::Echo;
use crate::api::family::Api;
use crate::dialect::{Dialect, Quirks};
use crate::ir::{Block, Event, Order, Request, Response};
use crate::wire::json::Json;
use crate::wire::sse::Scanner;

/// What of a request of `from` is written for a model, and what is lost.
fn written(from: Api, model: &str, body: &Value) -> Result<(Value, Vec<String>), String> {
    let text = body.to_string();
    let json = Json::parse(text.as_bytes()).unwrap();
    let plain = from.read().straighten(json);
    let json = plain.as_ref().map_or(json, |plain| Json::parse(plain).unwrap());
    let request = from.read().request(json).map_err(|error| error.param.unwrap_or(error.message))?;
    let quirks = Dialect::named("gemini").unwrap().quirks(model);
    let mut out = BytesMut::new();
    let losses = Api::Generate.write().request(&request, quirks, &mut out).map_err(|error| error.message)?;
    let losses = losses.iter().map(ToString::to_string).collect();
    Ok((serde_json::from_slice(&out).unwrap(), losses))
}

fn check(from: Api, body: Value, expected: Value, lost: &[&str]) {
    let (sent, losses) = written(from, "gemini-2.5-pro", &body).unwrap();
    assert_eq!(sent, expected);
    assert_eq!(losses, lost);
}

fn asked(contents: Value) -> Value {
    json!({"contents": contents})
}

#[test]
fn a_tool_turn_of_completions() {
    let body = json!({
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "weather?"},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{\"x\":1}"}},
                {"id": "b", "type": "function", "function": {"name": "g", "arguments": ""}}]},
            {"role": "tool", "tool_call_id": "b", "content": "{\"sunny\":true}"},
            {"role": "tool", "tool_call_id": "a", "content": "rain"}],
        "tools": [{"type": "function", "function": {"name": "f", "parameters":
            {"$schema": "x", "type": "object", "properties": {"x": {"const": 1, "pattern": "y"}}}}}],
        "tool_choice": {"type": "function", "function": {"name": "f"}}});
    let expected = json!({
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [
            {"role": "user", "parts": [{"text": "weather?"}]},
            {"role": "model", "parts": [
                {"functionCall": {"id": "a", "name": "f", "args": {"x": 1}}},
                {"functionCall": {"id": "b", "name": "g", "args": {}}}]},
            {"role": "user", "parts": [
                {"functionResponse": {"id": "b", "name": "g", "response": {"sunny": true}}},
                {"functionResponse": {"id": "a", "name": "f", "response": {"output": "rain"}}}]}],
        "tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema":
            {"type": "object", "properties": {"x": {"enum": [1]}}}}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}}});
    check(Api::Completions, body, expected, &["tools[0].parameters.properties.x.pattern"]);
}

#[test]
fn parameters_have_their_places() {
    let body = json!({
        "model": "m", "max_tokens": 9, "temperature": 0.50, "top_p": 0.9, "top_k": 3, "stop_sequences": ["x"],
        "thinking": {"type": "enabled", "budget_tokens": 2000}, "metadata": {"user_id": "u"},
        "messages": [{"role": "user", "content": "hi"}]});
    let mut expected = asked(json!([{"role": "user", "parts": [{"text": "hi"}]}]));
    expected["generationConfig"] = json!({
        "maxOutputTokens": 9, "temperature": 0.5, "topP": 0.9, "topK": 3, "stopSequences": ["x"],
        "thinkingConfig": {"thinkingBudget": 2000, "includeThoughts": true}});
    check(Api::Messages, body, expected, &["user"]);
}

#[test]
fn thinking_goes_by_the_model() {
    for (model, effort, amount) in [
        ("gemini-2.5-pro", "medium", json!({"thinkingBudget": 8192})),
        ("gemini-2.5-flash", "none", json!({"thinkingBudget": 0})),
        ("gemini-3-pro-preview", "high", json!({"thinkingLevel": "HIGH"})),
        ("gemini-3-flash", "none", json!({"thinkingLevel": "LOW"})),
    ] {
        let body =
            json!({"model": "m", "reasoning_effort": effort, "messages": [{"role": "user", "content": "x"}]});
        let (sent, _) = written(Api::Completions, model, &body).unwrap();
        assert_eq!(sent["generationConfig"]["thinkingConfig"], amount, "{model}");
    }
}

#[test]
fn structured_output_has_a_native_field() {
    let format = json!({"type": "json_schema", "json_schema": {"name": "n", "schema":
        {"type": "object", "additionalProperties": false, "properties": {"a": {"type": "string"}}}}});
    let body =
        json!({"model": "m", "response_format": format, "messages": [{"role": "user", "content": "x"}]});
    let (sent, losses) = written(Api::Completions, "gemini-2.5-pro", &body).unwrap();
    let expected = json!({"responseMimeType": "application/json", "responseJsonSchema":
        {"type": "object", "additionalProperties": false, "properties": {"a": {"type": "string"}}}});
    assert_eq!((&sent["generationConfig"], losses), (&expected, Vec::new()));
}

#[test]
fn media_of_all_kinds() {
    let image = |url: &str| json!({"type": "image_url", "image_url": {"url": url}});
    let content = json!([image("data:image/png;base64,AAAA"), image("https://x.test/a.JPG?b")]);
    let body = json!({"model": "m", "messages": [{"role": "user", "content": content}]});
    let expected = asked(json!([{"role": "user", "parts": [
        {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
        {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://x.test/a.JPG?b"}}]}]));
    check(Api::Completions, body, expected, &[]);
}

/// The third generation refuses calls without a signature; those of other models get one that stands for none.
#[test]
fn calls_of_other_models_pass() {
    let body = json!({"model": "m", "max_tokens": 1, "messages": [
        {"role": "assistant", "content": [
            {"type": "tool_use", "id": "a", "name": "f", "input": {}},
            {"type": "tool_use", "id": "b", "name": "f", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a"}]}]});
    let (sent, _) = written(Api::Messages, "gemini-3-pro-preview", &body).unwrap();
    let parts = &sent["contents"][0]["parts"];
    assert_eq!(parts[0]["thoughtSignature"], "skip_thought_signature_validator");
    assert!(parts[1].get("thoughtSignature").is_none());
}

/// Other providers' tools, files and unreadable thoughts are refused or reported, never silently left out.
#[test]
fn what_cannot_be_asked_is_refused() {
    let tool = json!({"type": "computer_20250124", "name": "computer"});
    let body = json!({"model": "m", "max_tokens": 1, "tools": [tool], "messages": [{"role": "user", "content": "x"}]});
    assert!(written(Api::Messages, "m", &body).unwrap_err().contains("computer_20250124"));
    let wrong = json!({"contents": [{"role": "user", "parts": [{"functionCall": {}}]}]});
    assert_eq!(written(Api::Generate, "m", &wrong).unwrap_err(), "contents[0].parts[0].functionCall.name");
    assert_eq!(written(Api::Generate, "m", &json!({})).unwrap_err(), "contents");
}

/// Calls and results without ids find each other by name and order.
#[test]
fn results_without_ids_find_their_calls() {
    let call = |name: &str| json!({"functionCall": {"name": name, "args": {}}});
    let result =
        |name: &str, text: &str| json!({"functionResponse": {"name": name, "response": {"output": text}}});
    let body = asked(json!([
        {"role": "model", "parts": [call("f"), call("g"), call("f")]},
        {"role": "user", "parts": [result("g", "1"), result("f", "2"), result("f", "3")]}]));
    let text = body.to_string();
    let request = Api::Generate.read().request(Json::parse(text.as_bytes()).unwrap()).unwrap();
    let mut out = BytesMut::new();
    Api::Completions.write().request(&request, &Quirks::USUAL, &mut out).unwrap();
    let sent: Value = serde_json::from_slice(&out).unwrap();
    let calls: Vec<_> = (0..3).map(|at| sent["messages"][0]["tool_calls"][at]["id"].clone()).collect();
    let results: Vec<_> = (1..4).map(|at| sent["messages"][at]["tool_call_id"].clone()).collect();
    assert_eq!(results, [calls[1].clone(), calls[0].clone(), calls[2].clone()]);
}

fn whole(body: &Value) -> Response {
    let text = body.to_string();
    let mut response = Response::default();
    let mut order = Order::default();
    let mut sink = |event: Event<'_>| {
        order.check(&event);
        response.push(&event);
    };
    Api::Generate
        .read()
        .response(Json::parse(text.as_bytes()).unwrap(), Aim::Translation, &mut sink)
        .unwrap();
    response
}

/// The fold of a stream, and how the writer puts it for a client.
fn streamed(stream: &str, client: Api, array: bool) -> (Response, String) {
    let mut response = Response::default();
    let mut order = Order::default();
    let mut out = BytesMut::new();
    let mut writer = client.write().stream(Echo { model: "mine".to_owned(), array, ..Echo::default() });
    let mut sink = |event: Event<'_>| {
        order.check(&event);
        response.push(&event);
        writer.push(&event, &mut out);
    };
    let mut reader = Api::Generate.read().stream(Aim::Translation);
    let mut scanner = Scanner::new(1 << 16);
    scanner.push(stream.as_bytes(), &mut |frame| reader.push(frame, &mut sink)).unwrap();
    scanner.finish(&mut |frame| reader.push(frame, &mut sink));
    reader.finish(&mut sink);
    (response, String::from_utf8(out.to_vec()).unwrap())
}

fn candidate(parts: Value) -> Value {
    json!({"candidates": [{"content": {"role": "model", "parts": parts}, "index": 0}],
        "modelVersion": "gemini", "responseId": "r"})
}

fn events(chunks: &[Value]) -> String {
    chunks.iter().map(|chunk| format!("data: {chunk}\r\n\r\n")).collect()
}

#[test]
fn usage_counts_thoughts_beside_the_words() {
    let mut body = candidate(json!([{"text": "hi"}]));
    body["usageMetadata"] = json!({"promptTokenCount": 10, "cachedContentTokenCount": 4, "candidatesTokenCount": 2,
        "thoughtsTokenCount": 5, "totalTokenCount": 17});
    let usage = whole(&body).usage;
    assert_eq!(
        (usage.input, usage.output, usage.cache_read, usage.reasoning),
        (Some(10), Some(7), Some(4), Some(5))
    );
}

#[test]
fn ends_have_their_words() {
    for (word, expected) in [
        ("STOP", "done"),
        ("MAX_TOKENS", "max_tokens"),
        ("SAFETY", "refusal"),
        ("MODEL_ARMOR", "refusal"),
        ("ESCALATION", "refusal"),
        ("CONTINUATION", "max_tokens"),
        ("TOO_MANY_TOOL_CALLS", "pause"),
        ("OTHER", "OTHER"),
    ] {
        let mut body = candidate(json!([{"text": "x"}]));
        body["candidates"][0]["finishReason"] = json!(word);
        assert_eq!(whole(&body).stop.unwrap().reason.word(), expected);
    }
    let blocked = json!({"promptFeedback": {"blockReason": "SAFETY"}});
    assert_eq!(whole(&blocked).stop.unwrap().reason.word(), "refusal");
}

/// A call that its own provider could not read is no end that a client of another API may take for one. The account is kept.
#[test]
fn a_garbled_answer_fails_elsewhere_and_only_there() {
    let mut body = candidate(json!([{"text": "x"}]));
    body["candidates"][0]["finishReason"] = json!("MALFORMED_FUNCTION_CALL");
    body["candidates"][0]["finishMessage"] = json!("Malformed function call: f(");
    body["usageMetadata"] = json!({"promptTokenCount": 10});
    for (response, client) in
        [(whole(&body), "whole"), (streamed(&events(&[body.clone()]), Api::Messages, false).0, "streamed")]
    {
        let error = response.error.unwrap();
        assert_eq!((error.status, error.code.as_deref()), (502, Some("garbled_answer")), "{client}");
        assert!(
            error.message.ends_with("(MALFORMED_FUNCTION_CALL): Malformed function call: f(."),
            "{error}"
        );
        assert_eq!((response.usage.input, response.ended), (Some(10), false), "{client}");
    }
    let mut own = Response::default();
    let json = body.to_string();
    let aim = Aim::Account;
    Api::Generate
        .read()
        .response(Json::parse(json.as_bytes()).unwrap(), aim, &mut |event| own.push(&event))
        .unwrap();
    assert_eq!((own.error, &*own.stop.unwrap().reason.word()), (None, "MALFORMED_FUNCTION_CALL"));
    body["candidates"][0]["index"] = json!(1);
    assert_eq!(whole(&body).error, None);
}

/// A stream that has not said why it ended was cut off; an error in it is told.
#[test]
fn only_what_was_said_to_end_has_ended() {
    let open = events(&[candidate(json!([{"text": "x"}]))]);
    let (response, text) = streamed(&open, Api::Generate, false);
    assert!(!response.ended && !text.contains("finishReason"));
    let failed =
        open + &events(&[json!({"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}})]);
    let (response, text) = streamed(&failed, Api::Generate, true);
    assert_eq!(response.error.unwrap().status, 503);
    let elements: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(elements[1]["error"]["status"], "UNAVAILABLE");
}

#[test]
fn a_call_and_its_signature_go_to_other_clients() {
    let parts = json!([{"text": "hm", "thought": true},
        {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "U0lH"}]);
    let mut last = candidate(parts);
    last["candidates"][0]["finishReason"] = json!("STOP");
    let (response, text) = streamed(&events(&[last]), Api::Messages, false);
    assert_eq!(response.stop.unwrap().reason.word(), "tool_use");
    assert!(
        response
            .blocks
            .iter()
            .any(|block| matches!(block, Block::ToolUse(tool) if tool.signature.as_deref() == Some("U0lH")))
    );
    assert!(text.contains(r#""name":"f""#), "{text}");
}

fn any_part() -> impl Strategy<Value = Value> {
    prop_oneof![
        "[a-z]{1,6}".prop_map(|text| json!({"text": text})),
        "[a-z]{1,6}".prop_map(|text| json!({"text": text, "thought": true})),
        ("[a-z]{1,6}", "[A-Za-z0-9]{4}")
            .prop_map(|(text, seal)| json!({"text": text, "thought": true, "thoughtSignature": seal})),
        ("[f-h]", any::<u8>())
            .prop_map(|(name, x)| json!({"functionCall": {"name": name, "args": {"x": x}}})),
        ("[f-h]", "[A-Za-z0-9]{4}").prop_map(
            |(name, seal)| json!({"functionCall": {"name": name, "args": {}}, "thoughtSignature": seal})
        ),
        Just(json!({"inlineData": {"mimeType": "image/png", "data": "AAAA"}})),
        Just(json!({"executableCode": {"language": "PYTHON", "code": "1"}})),
    ]
}

fn any_asked_part() -> impl Strategy<Value = Value> {
    prop_oneof![
        any_part(),
        Just(json!({"fileData": {"mimeType": "application/pdf", "fileUri": "gs://b/f"}})),
        ("[f-h]", "[a-z{}\"]{0,5}").prop_map(
            |(name, text)| json!({"functionResponse": {"name": name, "response": {"output": text}}})
        ),
        "[f-h]".prop_map(|name| json!({"functionResponse": {"name": name, "response": {"error": "e"}}})),
        ("[f-h]", any::<u8>())
            .prop_map(|(name, x)| json!({"functionResponse": {"name": name, "response": {"x": {"y": x}}}})),
        Just(json!({"text": "x", "videoMetadata": {"fps": 1}})),
    ]
}

proptest! {
    /// **Law: a whole answer folds to what its stream folds to, wherever that is cut into pieces.**
    #[test]
    fn whole_and_streamed_are_one(parts in prop::collection::vec(any_part(), 1..6)) {
        let mut body = candidate(Value::Array(parts.clone()));
        body["candidates"][0]["finishReason"] = json!("STOP");
        let mut chunks: Vec<Value> = parts.into_iter().map(|part| candidate(json!([part]))).collect();
        let last = chunks.len() - 1;
        chunks[last]["candidates"][0]["finishReason"] = json!("STOP");
        prop_assert_eq!(streamed(&events(&chunks), Api::Completions, false).0, whole(&body));
    }

    /// **Law: what is written for a client of this API reads as it was, as an array too.**
    #[test]
    fn an_answer_reads_as_it_was_written(parts in prop::collection::vec(any_part(), 1..6), array in any::<bool>()) {
        let mut body = candidate(Value::Array(parts));
        body["candidates"][0]["finishReason"] = json!("STOP");
        let (first, text) = streamed(&events(&[body]), Api::Generate, array);
        let text = if array {
            let elements: Vec<Value> = serde_json::from_str(&text).unwrap();
            events(&elements)
        } else {
            text
        };
        let (second, _) = streamed(&text, Api::Generate, false);
        prop_assert_eq!((first.blocks, first.stop), (second.blocks, second.stop));
    }

    /// **Law: a request that is read and written is the same request.**
    #[test]
    fn a_request_is_written_as_it_was_read(
        parts in prop::collection::vec(any_asked_part(), 1..6),
        config in prop::sample::subsequence(vec![
            ("temperature", json!(0.5)), ("topK", json!(3)), ("maxOutputTokens", json!(9)), ("candidateCount", json!(2)),
            ("thinkingConfig", json!({"thinkingBudget": -1, "includeThoughts": false, "new": 1})),
            ("responseMimeType", json!("application/json")), ("speechConfig", json!({"a": 1})),
            ("stopSequences", json!(["a", "b", "c", "d", "e", "f"])),
        ], 1..8),
    ) {
        let body = json!({
            "contents": [{"role": "user", "parts": [{"text": "q"}]}, {"role": "model", "parts": parts}],
            "systemInstruction": {"parts": [{"text": "s"}]},
            "generationConfig": config.into_iter().collect::<std::collections::BTreeMap<_, _>>(),
            "tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": {"type": "object"}}]}, {"googleSearch": {}}],
            "toolConfig": {"functionCallingConfig": {"mode": "VALIDATED"}, "retrievalConfig": {}},
            "safetySettings": [], "cachedContent": "c"});
        let (sent, losses) = written(Api::Generate, "gemini-2.5-pro", &body).unwrap();
        prop_assert_eq!(sent, body);
        prop_assert!(losses.is_empty());
    }

    #[test]
    fn straightening_changes_nothing_that_is_straight(parts in prop::collection::vec(any_asked_part(), 1..4)) {
        let body = asked(json!([{"role": "user", "parts": parts}])).to_string();
        let straight = spelling::straighten(Json::parse(body.as_bytes()).unwrap()).unwrap();
        prop_assert_eq!(std::str::from_utf8(&straight).unwrap(), body);
    }
}

/// The representation of a request holds nothing of this API alone without a name for it.
#[test]
fn a_request_of_nothing_says_nothing() {
    let mut out = BytesMut::new();
    let losses = Api::Generate.write().request(&Request::default(), &Quirks::USUAL, &mut out).unwrap();
    assert_eq!((&out[..], losses.len()), (&br#"{"contents":[]}"#[..], 0));
}
