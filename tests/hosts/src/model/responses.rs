//! <https://platform.openai.com/docs/api-reference/responses-streaming>

use corpus::Body;
use serde_json::{Value, json};

use super::{History, Speaker, Turn, halves, strings};

pub(super) struct Responses;

impl Speaker for Responses {
    fn history(&self, request: &Value) -> History {
        let items: Vec<&Value> = request["input"].as_array().into_iter().flatten().collect();
        let of = |kind: &'static str| move |item: &Value| item["type"] == kind;
        History {
            calls: strings(items.iter().copied(), "call_id", of("function_call")),
            results: strings(items.iter().copied(), "call_id", of("function_call_output")),
            seals: strings(items.iter().copied(), "encrypted_content", of("reasoning")),
        }
    }

    fn thinks(&self, request: &Value) -> bool {
        let include = request["include"].as_array().into_iter().flatten();
        include.into_iter().any(|what| what == "reasoning.encrypted_content")
    }

    fn say(&self, turn: &Turn<'_>, thinks: bool) -> Body {
        let mut events =
            vec![json!({"type": "response.created", "response": response(turn, "in_progress", &[])})];
        let mut output = Vec::new();
        for (item, deltas) in items(turn, thinks) {
            let index = output.len();
            events.push(
                json!({"type": "response.output_item.added", "output_index": index, "item": begun(&item)}),
            );
            for mut delta in deltas {
                delta["output_index"] = json!(index);
                delta["item_id"] = item["id"].clone();
                events.push(delta);
            }
            events.push(json!({"type": "response.output_item.done", "output_index": index, "item": item}));
            output.push(item);
        }
        events.push(json!({"type": "response.completed", "response": response(turn, "completed", &output)}));
        for (number, event) in events.iter_mut().enumerate() {
            event["sequence_number"] = json!(number);
        }
        super::events(&events, |event| Some(event["type"].as_str()?.to_owned()))
    }

    fn refuse(&self, why: &str) -> Value {
        json!({"error": {"message": why, "type": "invalid_request_error", "param": null, "code": null}})
    }
}

/// The items of a turn, and the events by which they grow.
fn items(turn: &Turn<'_>, thinks: bool) -> Vec<(Value, Vec<Value>)> {
    let id = |kind: &str, number: usize| format!("{kind}_{}_{number}", turn.number);
    if turn.calls.is_empty() {
        let part = json!({"type": "output_text", "text": turn.words, "annotations": [], "logprobs": []});
        let delta = json!({"type": "response.output_text.delta", "content_index": 0, "delta": turn.words, "logprobs": []});
        let empty = json!({"type": "output_text", "text": "", "annotations": [], "logprobs": []});
        let added = json!({"type": "response.content_part.added", "content_index": 0, "part": empty});
        let text = json!({"type": "response.output_text.done", "content_index": 0, "text": turn.words, "logprobs": []});
        let done = json!({"type": "response.content_part.done", "content_index": 0, "part": part});
        let item = json!({"type": "message", "id": id("msg", 0), "role": "assistant", "status": "completed", "content": [part]});
        return vec![(item, vec![added, delta, text, done])];
    }
    let mut items = Vec::new();
    if thinks {
        items.push((
            json!({"type": "reasoning", "id": id("rs", 0), "summary": [], "encrypted_content": turn.seal()}),
            Vec::new(),
        ));
    }
    for (number, call) in turn.calls.iter().enumerate() {
        let arguments = call.arguments.to_string();
        let item = json!({"type": "function_call", "id": id("fc", number), "call_id": turn.id(number), "name": call.name,
            "arguments": arguments, "status": "completed"});
        let mut deltas: Vec<Value> = halves(&call.arguments)
            .into_iter()
            .map(|piece| json!({"type": "response.function_call_arguments.delta", "delta": piece}))
            .collect();
        deltas.push(json!({"type": "response.function_call_arguments.done", "name": call.name, "arguments": arguments}));
        items.push((item, deltas));
    }
    items
}

/// An item as it is when it begins.
fn begun(item: &Value) -> Value {
    let mut item = item.clone();
    for (key, empty) in [("arguments", json!("")), ("content", json!([])), ("status", json!("in_progress"))] {
        if item.get(key).is_some() {
            item[key] = empty;
        }
    }
    item
}

fn response(turn: &Turn<'_>, status: &str, output: &[Value]) -> Value {
    let details = json!({"cached_tokens": 0});
    let usage = json!({"input_tokens": 900, "input_tokens_details": details, "output_tokens": 30,
        "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 930});
    json!({"id": format!("resp_{}", turn.number), "object": "response", "created_at": 1_760_000_000, "status": status,
        "model": "m-1", "output": output, "error": null, "incomplete_details": null, "instructions": null, "metadata": {},
        "parallel_tool_calls": true, "temperature": 1.0, "top_p": 1.0, "tool_choice": "auto", "tools": [],
        "usage": if status == "completed" { usage } else { Value::Null }})
}
