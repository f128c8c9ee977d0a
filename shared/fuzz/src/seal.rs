//! Seals that come back: whatever a client makes of them, and as they were given.

use bytes::BytesMut;
use serde_json::{Value, json};
use shared::api::{self, Aim, Api, Echo, Passage};
use shared::dialect::Quirks;
use shared::ir::{Event, Response};
use shared::wire::json::Json;

use crate::choose;

const CLIENTS: [Api; 4] = [Api::Completions, Api::Messages, Api::Responses, Api::Generate];
const SEALERS: [Api; 3] = [Api::Messages, Api::Responses, Api::Generate];

/// Longer seals than this may be too long for an id.
const LONGEST: usize = 4096;

/// Longer ids, and other letters, are not taken by all who seal.
const LONGEST_ID: usize = 40;

/// A text that looks packed, with a right checksum or any, is unpacked or is an id like others; a seal and an id that a
/// provider gave come back to it. The first byte says where the one ends and the other begins.
pub(crate) fn seal(data: &[u8]) {
    let (cut, data) = choose(data);
    let text = String::from_utf8_lossy(data);
    for packed in [packed(data), format!("planoseal1{text}")] {
        CLIENTS.into_iter().for_each(|client| sent(client, &packed));
    }
    let at = (0..=cut.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    let (signature, rest) = text.split_at(at.unwrap_or_default());
    let is_legal = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    let id = rest.chars().filter(is_legal).take(LONGEST_ID).collect::<String>();
    if signature.is_empty() || id.is_empty() || text.len() > LONGEST || id.starts_with("planoseal1") {
        return;
    }
    for from in SEALERS {
        CLIENTS.into_iter().filter(|client| *client != from).for_each(|client| {
            comes_back(from, client, signature, &id);
        });
    }
}

/// The packed form of these bytes.
fn packed(bytes: &[u8]) -> String {
    let mut bytes = bytes.to_vec();
    bytes.resize(bytes.len().next_multiple_of(3), 0);
    format!("planoseal1{}{}", base64(&crc32fast::hash(&bytes).to_be_bytes()), base64(&bytes))
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let number = (0..3).fold(0, |number, at| number << 8 | u32::from(*group.get(at).unwrap_or(&0)));
        let letter = |at: usize| char::from(LETTERS[(number >> (18 - 6 * at)) as usize & 63]);
        text.extend((0..=group.len()).map(letter));
    }
    text
}

/// Every family's provider gets JSON of a request with this text wherever a client gives something back.
fn sent(client: Api, packed: &str) {
    let body = conversation(client, &given(client, packed, packed), packed).to_string();
    for to in CLIENTS.into_iter().chain([Api::Converse]) {
        let _ = written(client, &body, to);
    }
}

/// The request as its provider gets it; none where it is refused.
fn written(client: Api, body: &str, to: Api) -> Option<Value> {
    let body = Json::parse(body.as_bytes()).expect("a request that was made here is JSON");
    let mut request = client.read().request(body).ok()?;
    request.api = Some(client);
    let mut out = BytesMut::new();
    api::write_request(request, to, &Quirks::USUAL, &mut out).ok()?;
    Some(serde_json::from_slice(&out).expect("a request that was written is JSON"))
}

/// What a model of the family says before it calls a tool: as an answer, and as a client gives it back.
fn given(api: Api, signature: &str, id: &str) -> Value {
    let call = json!({"name": "f", "arguments": "{}"});
    match api {
        Api::Messages => json!([{"type": "thinking", "thinking": "t", "signature": signature},
            {"type": "redacted_thinking", "data": signature}, {"type": "tool_use", "id": id, "name": "f", "input": {}}]),
        Api::Responses => json!([
            {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "t"}],
                "encrypted_content": signature},
            {"type": "function_call", "id": "fc_1", "call_id": id, "name": "f", "arguments": "{}"}]),
        Api::Generate => json!([{"text": "t", "thought": true},
            {"functionCall": {"name": "f", "args": {}, "id": id}, "thoughtSignature": signature}]),
        _ => json!({"role": "assistant", "tool_calls": [{"id": id, "type": "function", "function": call}],
            "reasoning_details": [{"type": "reasoning.text", "text": "t", "signature": signature}]}),
    }
}

/// The next request after such words, with the tool's result.
fn conversation(client: Api, said: &Value, id: &str) -> Value {
    match client {
        Api::Messages => json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "a"},
            {"role": "assistant", "content": said},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": id, "content": "r"}]}]}),
        Api::Responses => {
            let mut input = vec![json!({"role": "user", "content": "a"})];
            input.extend(said.as_array().into_iter().flatten().cloned());
            input.push(json!({"type": "function_call_output", "call_id": id, "output": "r"}));
            json!({"model": "m", "input": input})
        }
        Api::Generate => json!({"contents": [{"role": "user", "parts": [{"text": "a"}]},
            {"role": "model", "parts": said},
            {"role": "user", "parts": [{"functionResponse": {"name": "f", "id": id, "response": {}}}]}]}),
        _ => json!({"model": "m", "messages": [{"role": "user", "content": "a"}, said,
            {"role": "tool", "tool_call_id": id, "content": "r"}]}),
    }
}

/// A provider's answer with these words.
fn answer(from: Api, said: &Value) -> Value {
    match from {
        Api::Messages => {
            json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": said,
            "stop_reason": "tool_use", "usage": {"input_tokens": 1, "output_tokens": 1}})
        }
        Api::Responses => {
            json!({"id": "resp_1", "object": "response", "model": "m", "status": "completed", "output": said})
        }
        _ => json!({"candidates": [{"content": {"role": "model", "parts": said}, "finishReason": "STOP"}]}),
    }
}

/// What a client gives back of its answer, and the id it calls the call by.
fn echoed(client: Api, answer: &Value) -> (Value, String) {
    let (said, ids) = match client {
        Api::Messages => (&answer["content"], "/id"),
        Api::Responses => (&answer["output"], "/call_id"),
        Api::Generate => (&answer["candidates"][0]["content"]["parts"], "/functionCall/id"),
        _ => (&answer["choices"][0]["message"], "/tool_calls/0/id"),
    };
    let id = match client {
        Api::Completions => said.pointer(ids),
        _ => said.as_array().and_then(|parts| parts.last()?.pointer(ids)),
    };
    (said.clone(), id.and_then(Value::as_str).expect("the answer has a call with an id").to_owned())
}

fn comes_back(from: Api, client: Api, signature: &str, id: &str) {
    let body = answer(from, &given(from, signature, id)).to_string();
    let (mut response, echo) = (Response::default(), Echo::default());
    let mut passage = Passage::new(from, client, &echo);
    let body = Json::parse(body.as_bytes()).expect("an answer that was made here is JSON");
    let mut take = |event: Event<'_>| passage.push(event, &mut |event| response.push(&event));
    from.read()
        .response(body, Aim::Translation, &mut take)
        .expect("an answer that was made here can be read");
    let mut out = BytesMut::new();
    client.write().response(&response, &echo, &mut out);
    let answer = serde_json::from_slice(&out).expect("an answer that was written is JSON");
    let (said, called) = echoed(client, &answer);
    let next = written(client, &conversation(client, &said, &called).to_string(), from);
    let next = next.expect("what the provider said can be said to it").to_string();
    for kept in [signature, id] {
        let kept = Value::from(kept).to_string();
        assert!(next.contains(&kept), "{from:?} to {client:?} and back: {kept} is not in {next}");
    }
}
