//! <https://docs.anthropic.com/en/api/messages-streaming>

use corpus::Body;
use serde_json::{Value, json};

use super::{History, Speaker, Turn, contents, halves, strings};

pub(super) struct Messages;

impl Speaker for Messages {
    fn history(&self, request: &Value) -> History {
        let blocks = contents(request);
        let of = |kind: &'static str| move |block: &Value| block["type"] == kind;
        History {
            calls: strings(blocks.iter().copied(), "id", of("tool_use")),
            results: strings(blocks.iter().copied(), "tool_use_id", of("tool_result")),
            seals: strings(blocks.iter().copied(), "signature", of("thinking")),
        }
    }

    fn thinks(&self, request: &Value) -> bool {
        matches!(request["thinking"]["type"].as_str(), Some("enabled" | "adaptive"))
    }

    fn say(&self, turn: &Turn<'_>, thinks: bool) -> Body {
        let usage = json!({"input_tokens": 900, "output_tokens": 1, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0});
        let message = json!({"id": format!("msg_{}", turn.number), "type": "message", "role": "assistant", "model": "m-1",
            "content": [], "stop_reason": null, "stop_sequence": null, "usage": usage});
        let mut events = vec![json!({"type": "message_start", "message": message})];
        for (index, (open, deltas)) in blocks(turn, thinks).into_iter().enumerate() {
            events.push(json!({"type": "content_block_start", "index": index, "content_block": open}));
            events.extend(
                deltas
                    .into_iter()
                    .map(|delta| json!({"type": "content_block_delta", "index": index, "delta": delta})),
            );
            events.push(json!({"type": "content_block_stop", "index": index}));
        }
        let reason = if turn.calls.is_empty() { "end_turn" } else { "tool_use" };
        let delta = json!({"stop_reason": reason, "stop_sequence": null});
        events.push(json!({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 30}}));
        events.push(json!({"type": "message_stop"}));
        super::events(&events, |event| Some(event["type"].as_str()?.to_owned()))
    }

    fn refuse(&self, why: &str) -> Value {
        json!({"type": "error", "error": {"type": "invalid_request_error", "message": why}})
    }
}

/// The blocks of a turn: how each opens, and what it grows by.
fn blocks(turn: &Turn<'_>, thinks: bool) -> Vec<(Value, Vec<Value>)> {
    let mut blocks = Vec::new();
    if turn.calls.is_empty() {
        return vec![(
            json!({"type": "text", "text": ""}),
            vec![json!({"type": "text_delta", "text": turn.words})],
        )];
    }
    if thinks {
        let thought = json!({"type": "thinking_delta", "thinking": "The next step."});
        let seal = json!({"type": "signature_delta", "signature": turn.seal()});
        blocks.push((json!({"type": "thinking", "thinking": "", "signature": ""}), vec![thought, seal]));
    }
    for (number, call) in turn.calls.iter().enumerate() {
        let id = format!("toolu_{}", turn.id(number));
        let open = json!({"type": "tool_use", "id": id, "name": call.name, "input": {}});
        let pieces =
            halves(&call.arguments).map(|piece| json!({"type": "input_json_delta", "partial_json": piece}));
        blocks.push((open, pieces.into()));
    }
    blocks
}
