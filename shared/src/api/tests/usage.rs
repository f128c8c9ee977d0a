//! What an answer used, in every pair, whole and streamed: one set of numbers, in each family's own counts.

use super::*;
use crate::ir::{Start, Usage};

/// All of the prompt, what of it was read from a cache, and what written to one, for an hour and at all; all of the answer,
/// and what of it was thinking; recordings in both.
const INPUT: u64 = 100;
const READ: u64 = 30;
const WRITTEN: u64 = 10;
const HOUR: u64 = 4;
const OUTPUT: u64 = 50;
const THOUGHT: u64 = 20;
const HEARD: u64 = 7;
const SPOKEN: u64 = 5;

const UPSTREAMS: [Api; 5] = [Api::Completions, Api::Messages, Api::Responses, Api::Generate, Api::Converse];
const CLIENTS: [Api; 4] = [Api::Completions, Api::Messages, Api::Responses, Api::Generate];

/// The counts as a provider gives them. Anthropic's and Amazon's input is what no cache has to do with, Google's output
/// what is not thought.
fn counts(upstream: Api) -> Value {
    match upstream {
        Api::Completions => json!({
            "prompt_tokens": INPUT, "completion_tokens": OUTPUT, "total_tokens": INPUT + OUTPUT,
            "prompt_tokens_details": {"cached_tokens": READ, "cache_write_tokens": WRITTEN, "audio_tokens": HEARD},
            "completion_tokens_details": {"reasoning_tokens": THOUGHT, "audio_tokens": SPOKEN}}),
        Api::Messages => json!({
            "input_tokens": INPUT - READ - WRITTEN, "output_tokens": OUTPUT,
            "cache_read_input_tokens": READ, "cache_creation_input_tokens": WRITTEN,
            "cache_creation": {"ephemeral_5m_input_tokens": WRITTEN - HOUR, "ephemeral_1h_input_tokens": HOUR},
            "output_tokens_details": {"thinking_tokens": THOUGHT}}),
        Api::Responses => json!({
            "input_tokens": INPUT, "output_tokens": OUTPUT, "total_tokens": INPUT + OUTPUT,
            "input_tokens_details": {"cached_tokens": READ, "cache_write_tokens": WRITTEN},
            "output_tokens_details": {"reasoning_tokens": THOUGHT}}),
        Api::Generate => json!({
            "promptTokenCount": INPUT, "cachedContentTokenCount": READ,
            "candidatesTokenCount": OUTPUT - THOUGHT, "thoughtsTokenCount": THOUGHT,
            "totalTokenCount": INPUT + OUTPUT,
            "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": HEARD}],
            "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": SPOKEN}]}),
        Api::Converse => json!({
            "inputTokens": INPUT - READ - WRITTEN, "outputTokens": OUTPUT, "totalTokens": INPUT + OUTPUT,
            "cacheReadInputTokens": READ, "cacheWriteInputTokens": WRITTEN,
            "cacheDetails": [{"ttl": "5m", "inputTokens": WRITTEN - HOUR}, {"ttl": "1h", "inputTokens": HOUR}]}),
    }
}

/// What of the numbers a family's providers tell.
fn told(upstream: Api) -> Usage {
    let known = |apis: &[Api], count| apis.contains(&upstream).then_some(count);
    Usage {
        input: Some(INPUT),
        output: Some(OUTPUT),
        cache_read: Some(READ),
        cache_write: (upstream != Api::Generate).then_some(WRITTEN),
        cache_write_1h: known(&[Api::Messages, Api::Converse], HOUR),
        reasoning: (upstream != Api::Converse).then_some(THOUGHT),
        audio_input: known(&[Api::Completions, Api::Generate], HEARD),
        audio_output: known(&[Api::Completions, Api::Generate], SPOKEN),
    }
}

/// What a client's answer says of it: each count that is known and that the API has a member for, and its own total.
fn wanted(client: Api, usage: Usage) -> Value {
    let uncached = INPUT - READ - usage.cache_write.unwrap_or(0);
    let audio = |count: Option<u64>| count.map(|count| json!([{"modality": "AUDIO", "tokenCount": count}]));
    let mut wanted = match client {
        Api::Completions => json!({
            "prompt_tokens": INPUT, "completion_tokens": OUTPUT, "total_tokens": INPUT + OUTPUT,
            "prompt_tokens_details": {"cached_tokens": READ, "cache_write_tokens": usage.cache_write,
                "audio_tokens": usage.audio_input},
            "completion_tokens_details": {"reasoning_tokens": usage.reasoning, "audio_tokens": usage.audio_output}}),
        Api::Messages => json!({
            "input_tokens": uncached, "output_tokens": OUTPUT,
            "cache_read_input_tokens": READ, "cache_creation_input_tokens": usage.cache_write,
            "cache_creation": usage.cache_write_1h.map(|hour| json!({
                "ephemeral_5m_input_tokens": WRITTEN - hour, "ephemeral_1h_input_tokens": hour})),
            "output_tokens_details": {"thinking_tokens": usage.reasoning}}),
        Api::Responses => json!({
            "input_tokens": INPUT, "output_tokens": OUTPUT, "total_tokens": INPUT + OUTPUT,
            "input_tokens_details": {"cached_tokens": READ, "cache_write_tokens": usage.cache_write.unwrap_or(0)},
            "output_tokens_details": {"reasoning_tokens": usage.reasoning.unwrap_or(0)}}),
        _ => json!({
            "promptTokenCount": INPUT, "cachedContentTokenCount": READ,
            "candidatesTokenCount": OUTPUT - usage.reasoning.unwrap_or(0), "thoughtsTokenCount": usage.reasoning,
            "totalTokenCount": INPUT + OUTPUT,
            "promptTokensDetails": audio(usage.audio_input), "candidatesTokensDetails": audio(usage.audio_output)}),
    };
    prune(&mut wanted);
    wanted
}

/// Leaves out what is not known, and objects of nothing else.
fn prune(value: &mut Value) {
    let Some(members) = value.as_object_mut() else { return };
    members.values_mut().for_each(prune);
    members.retain(|_, value| !value.is_null() && value.as_object().is_none_or(|inner| !inner.is_empty()));
}

fn answer(upstream: Api) -> Value {
    let counts = counts(upstream);
    match upstream {
        Api::Completions => {
            json!({"id": "1", "usage": counts, "choices": [{"index": 0, "finish_reason": "stop",
            "message": {"role": "assistant", "content": "Hi"}}]})
        }
        Api::Messages => json!({"id": "1", "stop_reason": "end_turn", "usage": counts,
            "content": [{"type": "text", "text": "Hi"}]}),
        Api::Responses => {
            json!({"id": "1", "status": "completed", "usage": counts, "output": [{"type": "message",
            "id": "m", "content": [{"type": "output_text", "text": "Hi", "annotations": []}]}]})
        }
        Api::Generate => json!({"responseId": "1", "usageMetadata": counts, "candidates": [{"index": 0,
            "finishReason": "STOP", "content": {"role": "model", "parts": [{"text": "Hi"}]}}]}),
        Api::Converse => json!({"stopReason": "end_turn", "usage": counts,
            "output": {"message": {"role": "assistant", "content": [{"text": "Hi"}]}}}),
    }
}

/// The events of the same answer's stream that tell of it, by their names.
fn events(upstream: Api) -> Vec<(&'static str, Value)> {
    let (counts, answer) = (counts(upstream), answer(upstream));
    match upstream {
        Api::Completions => vec![
            (
                "",
                json!({"id": "1", "choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}]}),
            ),
            ("", json!({"id": "1", "choices": [], "usage": counts})),
        ],
        // The beginning has the counts of the prompt, the end those of the answer.
        Api::Messages => vec![
            ("", json!({"type": "message_start", "message": {"id": "1", "usage": counts}})),
            (
                "",
                json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {
                "output_tokens": OUTPUT, "output_tokens_details": {"thinking_tokens": THOUGHT}}}),
            ),
            ("", json!({"type": "message_stop"})),
        ],
        Api::Responses => vec![("", json!({"type": "response.completed", "response": answer}))],
        Api::Generate => vec![("", answer)],
        Api::Converse => vec![
            ("messageStart", json!({"role": "assistant"})),
            ("messageStop", json!({"stopReason": "end_turn"})),
            ("metadata", json!({"usage": counts})),
        ],
    }
}

fn read_stream(upstream: Api) -> Response {
    let (mut response, mut reader) = (Response::default(), upstream.read().stream(Aim::Translation));
    let mut take = |event: Event<'_>| response.push(&event);
    for (name, data) in events(upstream) {
        reader.push(Frame::event(name, data.to_string().as_bytes()), &mut take);
    }
    reader.finish(&mut take);
    response
}

fn read_whole(upstream: Api) -> Response {
    let (mut response, text) = (Response::default(), answer(upstream).to_string());
    let json = Json::parse(text.as_bytes()).unwrap();
    upstream.read().response(json, Aim::Translation, &mut |event| response.push(&event)).unwrap();
    response
}

fn echo() -> Echo {
    Echo { include_usage: true, ..Echo::default() }
}

/// The usage in a whole answer.
fn in_whole(client: Api, response: &Response) -> Value {
    let mut out = BytesMut::new();
    client.write().response(response, &echo(), &mut out);
    let whole: Value = serde_json::from_slice(&out).unwrap();
    whole[if client == Api::Generate { "usageMetadata" } else { "usage" }].clone()
}

/// The last usage in a stream's events.
fn in_stream(client: Api, response: &Response) -> Value {
    let (mut out, mut last) = (BytesMut::new(), Value::Null);
    let mut writer = client.write().stream(echo());
    response.replay(&mut |event| writer.push(&event, &mut out));
    let mut take = |frame: Frame<'_>| {
        let event: Value = serde_json::from_slice(frame.data).unwrap_or_default();
        let usage = match client {
            Api::Generate => &event["usageMetadata"],
            Api::Responses => &event["response"]["usage"],
            _ => &event["usage"],
        };
        if !usage.is_null() {
            last = usage.clone();
        }
    };
    client.framing().scanner(1 << 20).push(&out, &mut take).unwrap();
    last
}

/// D9, D10, E4, E14
#[test]
fn d9_d10_e4_e14_the_same_counts_in_every_pair() {
    for upstream in UPSTREAMS {
        let (whole, streamed) = (read_whole(upstream), read_stream(upstream));
        assert_eq!(whole.usage, told(upstream), "{upstream:?}");
        assert_eq!(streamed.usage, told(upstream), "{upstream:?}, streamed");
        for client in CLIENTS {
            let mut wanted = wanted(client, told(upstream));
            assert_eq!(in_whole(client, &whole), wanted, "{upstream:?} to {client:?}");
            // Anthropic's last event has no member for how long what is written is kept.
            wanted.as_object_mut().unwrap().remove("cache_creation");
            assert_eq!(in_stream(client, &streamed), wanted, "{upstream:?} to {client:?}, streamed");
        }
    }
}

/// Bedrock's streams say at their end which tier served them.
#[test]
fn a_tier_may_be_told_of_late() {
    let (mut response, mut reader) = (Response::default(), Api::Converse.read().stream(Aim::Translation));
    let mut take = |event: Event<'_>| response.push(&event);
    let metadata = json!({"usage": counts(Api::Converse), "serviceTier": {"type": "flex"}}).to_string();
    for (name, data) in [("messageStop", r#"{"stopReason":"end_turn"}"#), ("metadata", &*metadata)] {
        reader.push(Frame::event(name, data.as_bytes()), &mut take);
    }
    assert_eq!(response.start.service_tier.as_deref(), Some("flex"));
    let mut out = BytesMut::new();
    let mut writer = Api::Responses.write().stream(echo());
    for event in [Event::Start(Start::default()), Event::Tier("flex".into()), Event::End] {
        writer.push(&event, &mut out);
    }
    let stream = String::from_utf8_lossy(&out);
    let (_, completed) = stream.split_once("event: response.completed").unwrap();
    assert!(completed.contains(r#""service_tier":"flex""#), "{completed}");
}

/// Anthropic's streams tell at their beginning how long what is written is kept, and have no place for it at their end.
#[test]
fn what_is_told_too_late_for_a_stream_is_named() {
    let late = |usages: &[Usage]| {
        let (mut out, mut writer) = (BytesMut::new(), Api::Messages.write().stream(echo()));
        writer.push(&Event::Start(Start::default()), &mut out);
        for usage in usages {
            writer.push(&Event::Usage(*usage), &mut out);
            writer.push(&Event::Ping, &mut out);
        }
        writer.push(&Event::End, &mut out);
        writer.late().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let (hour, none) = (Usage { cache_write_1h: Some(HOUR), ..Usage::default() }, Usage::default());
    assert_eq!(late(&[none, hour]), ["answer.usage.cache_write_1h"]);
    assert!(late(&[hour, hour]).is_empty());
    assert!(late(&[none, Usage { cache_write_1h: Some(0), ..none }]).is_empty());
}
