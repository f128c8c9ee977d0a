//! What an answer says, read from its API's documented shape and not by the code under test.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use shared::api::Api;

use crate::wire;

/// What of an answer has to survive a translation.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Said {
    /// All words for the user, refusals included.
    pub(crate) text: String,
    /// All words of thinking, without white space: families set its parts apart in different ways.
    pub(crate) thinking: String,
    pub(crate) calls: Vec<Call>,
    /// Why the answer ended, in the words that the families have in common.
    pub(crate) stop: String,
    pub(crate) usage: Usage,
    /// The model that answers.
    pub(crate) model: String,
}

/// A tool that is called.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Call {
    /// Empty where the API gives none.
    pub(crate) id: String,
    pub(crate) name: String,
    /// As a value; the string itself where it is not JSON.
    pub(crate) arguments: Value,
}

/// Tokens; input counts what came from and went into a cache, output counts reasoning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) input: u64,
    pub(crate) output: u64,
    pub(crate) cache_read: u64,
    pub(crate) cache_write: u64,
    pub(crate) reasoning: u64,
}

/// Reads an answer, whole or streamed.
pub(crate) fn read(api: Api, body: &[u8], streams: bool) -> Said {
    let mut said = if streams { streamed(api, body) } else { whole(api, body) };
    // Some APIs do not tell a call from the end, and OpenAI does not where the tool was forced.
    if said.stop == "done" && !said.calls.is_empty() {
        said.stop = "tool_use".to_owned();
    }
    said.thinking.retain(|char| !char.is_whitespace());
    said
}

fn whole(api: Api, body: &[u8]) -> Said {
    let body: Value = serde_json::from_slice(body).expect("an answer is JSON");
    match api {
        Api::Completions => completions(&body),
        Api::Messages => messages(&body),
        Api::Responses => responses(&body),
        Api::Generate => generate(&[body]),
        Api::Converse => converse(&body),
    }
}

fn streamed(api: Api, body: &[u8]) -> Said {
    let events = wire::events(api, body);
    match api {
        Api::Completions => completions(&completions_of(&events)),
        Api::Messages => messages(&messages_of(&events)),
        Api::Responses => responses_of(&events),
        Api::Generate => generate(&events.into_iter().map(|(_, data)| data).collect::<Vec<_>>()),
        Api::Converse => converse(&converse_of(&events)),
    }
}

/// <https://platform.openai.com/docs/api-reference/chat/object>
fn completions(body: &Value) -> Said {
    let choice = &body["choices"][0];
    let message = &choice["message"];
    let mut calls: Vec<Call> = items(&message["tool_calls"]).map(completions_call).collect();
    if message["function_call"].is_object() {
        calls.push(Call::new("", &message["function_call"], "arguments"));
    }
    let thinking = ["reasoning_content", "reasoning"].iter().find_map(|name| message[*name].as_str());
    let usage = [&body["usage"], &body["x_groq"]["usage"]].into_iter().find(|usage| usage.is_object());
    Said {
        text: text(&message["content"]) + &text(&message["refusal"]),
        thinking: thinking.unwrap_or_default().to_owned(),
        calls,
        stop: stop(&choice["finish_reason"]),
        usage: usage.map_or_else(Usage::default, openai_usage("prompt_tokens", "completion_tokens")),
        model: text(&body["model"]),
    }
}

fn completions_call(call: &Value) -> Call {
    match call["type"].as_str() {
        Some("custom") => Call::new(&text(&call["id"]), &call["custom"], "input"),
        _ => Call::new(&text(&call["id"]), &call["function"], "arguments"),
    }
}

/// A stream's chunks put together as the answer they stand for.
fn completions_of(events: &[(String, Value)]) -> Value {
    let mut message = Map::new();
    let mut calls: BTreeMap<u64, Map<String, Value>> = BTreeMap::new();
    let mut whole = json!({"choices": [{"finish_reason": null}]});
    for (_, chunk) in events {
        assert!(chunk["error"].is_null(), "the stream failed: {chunk}");
        keep(&mut whole, chunk, &["model", "usage", "x_groq"]);
        let Some(choice) = items(&chunk["choices"]).find(|choice| choice["index"] == 0) else { continue };
        keep(&mut whole["choices"][0], choice, &["finish_reason"]);
        let delta = &choice["delta"];
        for name in ["content", "refusal", "reasoning_content", "reasoning"] {
            append(&mut message, name, &delta[name]);
        }
        for call in items(&delta["tool_calls"]) {
            let entry = calls.entry(call["index"].as_u64().unwrap_or(0)).or_default();
            merge(entry, call);
        }
        if delta["function_call"].is_object() {
            let entry = message.entry("function_call").or_insert_with(|| json!({}));
            merge(entry.as_object_mut().unwrap(), &delta["function_call"]);
        }
    }
    message.insert("tool_calls".to_owned(), calls.into_values().map(Value::Object).collect());
    whole["choices"][0]["message"] = Value::Object(message);
    whole
}

/// Joins the pieces of a call: arguments grow, everything else is said once.
fn merge(call: &mut Map<String, Value>, piece: &Value) {
    for (name, value) in piece.as_object().into_iter().flatten() {
        match value {
            Value::Object(_) => {
                let inner = call.entry(name).or_insert_with(|| json!({}));
                merge(inner.as_object_mut().unwrap(), value);
            }
            Value::String(_) if name == "arguments" || name == "input" => append(call, name, value),
            Value::Null => {}
            _ => {
                call.insert(name.clone(), value.clone());
            }
        }
    }
}

/// <https://docs.claude.com/en/api/messages>
fn messages(body: &Value) -> Said {
    let mut said = Said { stop: stop(&body["stop_reason"]), model: text(&body["model"]), ..Said::default() };
    for block in items(&body["content"]) {
        match block["type"].as_str().unwrap_or_default() {
            "text" => said.text += &text(&block["text"]),
            "thinking" => said.thinking += &text(&block["thinking"]),
            "tool_use" => said.calls.push(Call::new(&text(&block["id"]), block, "input")),
            _ => {}
        }
    }
    said.usage = messages_usage(&body["usage"]);
    said
}

fn messages_usage(usage: &Value) -> Usage {
    let count = |name: &str| usage[name].as_u64().unwrap_or(0);
    let (cache_read, cache_write) = (count("cache_read_input_tokens"), count("cache_creation_input_tokens"));
    Usage {
        input: count("input_tokens") + cache_read + cache_write,
        output: count("output_tokens"),
        cache_read,
        cache_write,
        reasoning: 0,
    }
}

fn messages_of(events: &[(String, Value)]) -> Value {
    let mut whole = json!({});
    let mut blocks = Vec::new();
    for (name, event) in events {
        assert!(event["type"] == name.as_str() && name != "error", "an event's name is its type: {event}");
        match name.as_str() {
            "message_start" => whole = event["message"].clone(),
            "content_block_start" => {
                assert_eq!(event["index"], blocks.len(), "blocks are opened in their order");
                blocks.push(event["content_block"].clone());
            }
            "content_block_delta" => grow(blocks.last_mut().unwrap(), &event["delta"]),
            "message_delta" => {
                keep(&mut whole, &event["delta"], &["stop_reason", "stop_sequence"]);
                let counts = event["usage"].as_object().into_iter().flatten();
                counts.for_each(|(name, value)| whole["usage"][name] = value.clone());
            }
            _ => {}
        }
    }
    whole["content"] = Value::Array(blocks);
    whole
}

fn grow(block: &mut Value, delta: &Value) {
    let block = block.as_object_mut().unwrap();
    match delta["type"].as_str().unwrap_or_default() {
        "text_delta" => append(block, "text", &delta["text"]),
        "thinking_delta" => append(block, "thinking", &delta["thinking"]),
        "signature_delta" => append(block, "signature", &delta["signature"]),
        "input_json_delta" => append(block, "input", &delta["partial_json"]),
        _ => {}
    }
}

/// <https://platform.openai.com/docs/api-reference/responses/object>
fn responses(body: &Value) -> Said {
    let mut said = Said { model: text(&body["model"]), ..Said::default() };
    said.stop = match body["status"].as_str().unwrap_or_default() {
        "completed" => "done".to_owned(),
        _ => stop(&body["incomplete_details"]["reason"]),
    };
    for item in items(&body["output"]) {
        match item["type"].as_str().unwrap_or_default() {
            "message" => items(&item["content"])
                .for_each(|part| said.text += &(text(&part["text"]) + &text(&part["refusal"]))),
            "reasoning" => {
                let parts = items(&item["summary"]).chain(items(&item["content"]));
                parts.for_each(|part| said.thinking += &text(&part["text"]));
            }
            "function_call" => said.calls.push(Call::new(&text(&item["call_id"]), item, "arguments")),
            "custom_tool_call" => said.calls.push(Call::new(&text(&item["call_id"]), item, "input")),
            _ => {}
        }
    }
    said.usage = openai_usage("input_tokens", "output_tokens")(&body["usage"]);
    said
}

/// What the last event says, which what came before has to agree with.
fn responses_of(events: &[(String, Value)]) -> Said {
    let mut deltas: BTreeMap<(u64, u64), String> = BTreeMap::new();
    let mut last = Value::Null;
    for (number, (name, event)) in events.iter().enumerate() {
        assert_eq!(event["type"], name.as_str(), "an event's name is its type");
        assert_eq!(event["sequence_number"], number, "events are numbered");
        let place = ["output_index", "content_index"].map(|name| event[name].as_u64().unwrap_or(0));
        match name.as_str() {
            "response.output_text.delta" | "response.function_call_arguments.delta" => {
                *deltas.entry(place.into()).or_default() += event["delta"].as_str().unwrap();
            }
            "response.completed" | "response.incomplete" => last = event["response"].clone(),
            "response.failed" | "error" => panic!("the stream failed: {event}"),
            _ => {}
        }
    }
    for ((output, content), streamed) in deltas {
        let item = &last["output"][output as usize];
        let whole = [&item["content"][content as usize]["text"], &item["arguments"]];
        assert!(whole.iter().any(|whole| **whole == streamed), "deltas are not what is done: {streamed}");
    }
    responses(&last)
}

/// <https://ai.google.dev/api/generate-content#generatecontentresponse>
fn generate(chunks: &[Value]) -> Said {
    let mut said = Said::default();
    for chunk in chunks {
        // Of several answers the first is meant, whose number may be left out.
        let mut candidates = items(&chunk["candidates"]);
        let first = candidates.find(|candidate| candidate["index"].as_u64().unwrap_or(0) == 0);
        let candidate = first.unwrap_or(&Value::Null);
        for part in items(&candidate["content"]["parts"]) {
            match part["thought"].as_bool() {
                Some(true) => said.thinking += &text(&part["text"]),
                _ => said.text += &text(&part["text"]),
            }
            let call = &part["functionCall"];
            if call.is_object() {
                said.calls.push(Call::new(&text(&call["id"]), call, "args"));
            }
        }
        let reason = [&candidate["finishReason"], &chunk["promptFeedback"]["blockReason"]];
        reason.into_iter().filter(|reason| !reason.is_null()).for_each(|reason| said.stop = stop(reason));
        if chunk["usageMetadata"].is_object() {
            said.usage = generate_usage(&chunk["usageMetadata"]);
        }
        said.model = text(&chunk["modelVersion"]);
    }
    said
}

fn generate_usage(usage: &Value) -> Usage {
    let count = |name: &str| usage[name].as_u64().unwrap_or(0);
    let reasoning = count("thoughtsTokenCount");
    Usage {
        input: count("promptTokenCount") + count("toolUsePromptTokenCount"),
        output: count("candidatesTokenCount") + reasoning,
        cache_read: count("cachedContentTokenCount"),
        cache_write: 0,
        reasoning,
    }
}

/// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>
fn converse(body: &Value) -> Said {
    let mut said = Said { stop: stop(&body["stopReason"]), ..Said::default() };
    for block in items(&body["output"]["message"]["content"]) {
        said.text += &text(&block["text"]);
        said.thinking += &text(&block["reasoningContent"]["reasoningText"]["text"]);
        let call = &block["toolUse"];
        if call.is_object() {
            said.calls.push(Call::new(&text(&call["toolUseId"]), call, "input"));
        }
    }
    let count = |name: &str| body["usage"][name].as_u64().unwrap_or(0);
    let (cache_read, cache_write) = (count("cacheReadInputTokens"), count("cacheWriteInputTokens"));
    let input = count("inputTokens") + cache_read + cache_write;
    said.usage = Usage { input, output: count("outputTokens"), cache_read, cache_write, reasoning: 0 };
    said
}

fn converse_of(events: &[(String, Value)]) -> Value {
    let mut whole = json!({});
    let mut blocks: BTreeMap<u64, Map<String, Value>> = BTreeMap::new();
    for (name, event) in events {
        let block = blocks.entry(event["contentBlockIndex"].as_u64().unwrap_or(0)).or_default();
        match name.as_str() {
            "contentBlockStart" => {
                block.extend(event["start"].as_object().cloned().into_iter().flatten());
            }
            "contentBlockDelta" => {
                append(block, "text", &event["delta"]["text"]);
                if let Some(call) = block.get_mut("toolUse").and_then(Value::as_object_mut) {
                    append(call, "input", &event["delta"]["toolUse"]["input"]);
                }
            }
            "messageStop" => keep(&mut whole, event, &["stopReason"]),
            "metadata" => keep(&mut whole, event, &["usage"]),
            _ => {}
        }
    }
    whole["output"]["message"]["content"] = blocks.into_values().map(Value::Object).collect();
    whole
}

impl Call {
    fn new(id: &str, call: &Value, member: &str) -> Call {
        let arguments = match &call[member] {
            Value::String(text) if text.is_empty() => json!({}),
            Value::String(text) => serde_json::from_str(text).unwrap_or_else(|_| text.as_str().into()),
            Value::Null => json!({}),
            value => value.clone(),
        };
        Call { id: id.to_owned(), name: text(&call["name"]), arguments }
    }
}

/// A reader of OpenAI's usage, whose two APIs have different names for the same.
fn openai_usage(input: &'static str, output: &'static str) -> impl Fn(&Value) -> Usage {
    move |usage| {
        let count = |value: &Value| value.as_u64().unwrap_or(0);
        let (input_details, output_details) = if input == "prompt_tokens" {
            ("prompt_tokens_details", "completion_tokens_details")
        } else {
            ("input_tokens_details", "output_tokens_details")
        };
        let total = count(&usage["total_tokens"]);
        assert_eq!(total, count(&usage[input]) + count(&usage[output]), "the total is the sum: {usage}");
        Usage {
            input: count(&usage[input]),
            output: count(&usage[output]),
            cache_read: count(&usage[input_details]["cached_tokens"]),
            cache_write: 0,
            reasoning: count(&usage[output_details]["reasoning_tokens"]),
        }
    }
}

/// Each family's words, and in numbers Google's enumeration.
fn stop(reason: &Value) -> String {
    let word = match reason {
        Value::String(word) => word.to_lowercase(),
        other => other.to_string(),
    };
    let common = match word.as_str() {
        // Without a word for stop texts, they are an end like any other.
        "stop" | "end_turn" | "stop_sequence" | "eos" | "1" => "done",
        "length" | "max_tokens" | "max_output_tokens" | "2" => "max_tokens",
        "tool_calls" | "function_call" | "tool_use" => "tool_use",
        "content_filter" | "content_filtered" | "guardrail_intervened" | "refusal" | "safety" => "refusal",
        other => other,
    };
    common.to_owned()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Appends a piece of text to a member that grows; opening it empty where it was something else.
fn append(object: &mut Map<String, Value>, name: &str, piece: &Value) {
    let Some(piece) = piece.as_str() else { return };
    match object.get_mut(name) {
        Some(Value::String(text)) => text.push_str(piece),
        _ => {
            object.insert(name.to_owned(), piece.into());
        }
    }
}

/// Takes over members that are there.
fn keep(whole: &mut Value, from: &Value, names: &[&str]) {
    for name in names.iter().filter(|name| !from[**name].is_null()) {
        whole[*name] = from[*name].clone();
    }
}
