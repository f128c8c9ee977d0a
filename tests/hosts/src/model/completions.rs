//! <https://platform.openai.com/docs/api-reference/chat/streaming>

use corpus::Body;
use serde_json::{Value, json};

use super::{History, Speaker, Turn, all, halves, strings};

pub(super) struct Completions;

impl Speaker for Completions {
    fn history(&self, request: &Value) -> History {
        let messages = request["messages"].as_array().into_iter().flatten();
        let calls = all(&request["messages"], "tool_calls").into_iter().filter_map(Value::as_array).flatten();
        History {
            calls: strings(calls, "id", |_| true),
            results: strings(messages, "tool_call_id", |message| message["role"] == "tool"),
            seals: Vec::new(),
        }
    }

    fn thinks(&self, _: &Value) -> bool {
        false
    }

    fn say(&self, turn: &Turn<'_>, _: bool) -> Body {
        let mut deltas = vec![
            json!({"role": "assistant", "content": if turn.calls.is_empty() { turn.words } else { "" }}),
        ];
        for (index, call) in turn.calls.iter().enumerate() {
            let [first, second] = halves(&call.arguments);
            let function = json!({"name": call.name, "arguments": first});
            deltas.push(json!({"tool_calls": [{"index": index, "id": turn.id(index), "type": "function", "function": function}]}));
            deltas.push(json!({"tool_calls": [{"index": index, "function": {"arguments": second}}]}));
        }
        let reason = if turn.calls.is_empty() { "stop" } else { "tool_calls" };
        let mut chunks: Vec<Value> = deltas.into_iter().map(|delta| chunk(turn, delta, None)).collect();
        chunks.push(chunk(turn, json!({}), Some(reason)));
        let mut last = chunk(turn, json!({}), None);
        last["choices"] = json!([]);
        last["usage"] = json!({"prompt_tokens": 900, "completion_tokens": 30, "total_tokens": 930});
        chunks.push(last);
        let mut body = super::events(&chunks, |_| None);
        body.bytes.extend_from_slice(b"data: [DONE]\n\n");
        body
    }

    fn refuse(&self, why: &str) -> Value {
        json!({"error": {"message": why, "type": "invalid_request_error", "param": null, "code": null}})
    }
}

fn chunk(turn: &Turn<'_>, delta: Value, reason: Option<&str>) -> Value {
    let choice = json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": reason});
    json!({"id": format!("chatcmpl-{}", turn.number), "object": "chat.completion.chunk", "created": 1_760_000_000,
           "model": "m-1", "choices": [choice]})
}
