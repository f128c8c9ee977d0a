//! What users of other gateways keep asking for: a test for each, named by its row in `docs/defects.md`.
//!
//! Providers' answers are written by hand from the providers' documentation, and what clients get is read by the same
//! independent readers that judge recorded exchanges.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test has to fail where it finds something else than it expects"
)]

mod answers;
mod requests;
#[path = "../recorded/said.rs"]
mod said;
#[path = "../recorded/wire.rs"]
mod wire;
#[path = "../recorded/world.rs"]
mod world;

use bytes::Bytes;
use serde_json::{Value, json};
use shared::api::Api;

use world::{Answer, Played, play};

/// A provider's stream of server-sent events, each named where its API names them.
fn events(api: Api, all: &[Value]) -> String {
    let named = matches!(api, Api::Messages | Api::Responses);
    let event = |data: &Value| match data["type"].as_str().filter(|_| named) {
        Some(name) => format!("event: {name}\ndata: {data}\n\n"),
        None => format!("data: {data}\n\n"),
    };
    let end = if api == Api::Completions { "data: [DONE]\n\n" } else { "" };
    all.iter().map(event).collect::<String>() + end
}

/// A chunk of completions with this delta and reason.
fn chunk(delta: Value, reason: Value) -> Value {
    json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})
}

/// The last chunk, with tokens.
fn counted() -> Value {
    json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120,
            "prompt_tokens_details": {"cached_tokens": 60}, "completion_tokens_details": {"reasoning_tokens": 5}}})
}

/// An answer of Messages in its events.
fn message(blocks: &[(Value, Vec<Value>)], reason: &str) -> Vec<Value> {
    let usage = json!({"input_tokens": 10, "cache_read_input_tokens": 60, "cache_creation_input_tokens": 30, "output_tokens": 1});
    let mut all = vec![
        json!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant",
        "model": "m", "content": [], "stop_reason": null, "stop_sequence": null, "usage": usage}}),
    ];
    for (index, (block, deltas)) in blocks.iter().enumerate() {
        all.push(json!({"type": "content_block_start", "index": index, "content_block": block}));
        let delta = |delta: &Value| json!({"type": "content_block_delta", "index": index, "delta": delta});
        all.extend(deltas.iter().map(delta));
        all.push(json!({"type": "content_block_stop", "index": index}));
    }
    all.push(json!({"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": null},
        "usage": {"output_tokens": 20}}));
    all.push(json!({"type": "message_stop"}));
    all
}

/// A block of text in its events.
fn words(pieces: &[&str]) -> (Value, Vec<Value>) {
    let deltas = pieces.iter().map(|text| json!({"type": "text_delta", "text": text}));
    (json!({"type": "text", "text": ""}), deltas.collect())
}

/// The name of a model of a family's provider.
fn model(upstream: Api) -> String {
    format!("{}/m", upstream.name())
}

/// A body of a client that asks for nothing special.
fn question(client: Api, upstream: Api, stream: bool) -> Value {
    let model = model(upstream);
    let messages = json!([{"role": "user", "content": "?"}]);
    match client {
        Api::Completions => json!({"model": model, "messages": messages, "stream": stream,
            "stream_options": {"include_usage": true}}),
        Api::Messages => json!({"model": model, "messages": messages, "stream": stream, "max_tokens": 9}),
        Api::Responses => json!({"model": model, "input": "?", "stream": stream}),
        Api::Generate | Api::Converse => json!({"contents": [{"role": "user", "parts": [{"text": "?"}]}]}),
    }
}

/// Streams a provider's answer to a client, in these pieces.
fn streamed(client: Api, upstream: Api, pieces: Vec<&[u8]>) -> Played {
    let answer = Answer { status: 200, media_type: "text/event-stream", pieces };
    let body = question(client, upstream, true).to_string();
    let played = play(client, &model(upstream), true, Bytes::from(body), &answer);
    assert_eq!(played.status, 200);
    played
}

/// What a provider is sent for a client's body; the gateway's refusal where it is not asked.
fn sent(client: Api, upstream: Api, body: &Value) -> Result<Value, Value> {
    let answer = Answer { status: 500, media_type: "text/plain", pieces: Vec::new() };
    let played = play(client, &model(upstream), false, Bytes::from(body.to_string()), &answer);
    let value = |bytes: &[u8]| serde_json::from_slice(bytes).expect("JSON");
    match played.sent {
        Some(sent) => Ok(value(&sent)),
        None => Err(value(&played.body)),
    }
}
