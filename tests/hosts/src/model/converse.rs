//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html>

use corpus::Body;
use serde_json::{Value, json};

use super::{History, Speaker, Turn, contents, halves, strings};

pub(super) struct Converse;

impl Speaker for Converse {
    fn history(&self, request: &Value) -> History {
        let blocks = contents(request);
        let inside = |kind: &'static str| {
            blocks.iter().map(move |block| &block[kind]).filter(|inner| inner.is_object())
        };
        History {
            calls: strings(inside("toolUse"), "toolUseId", |_| true),
            results: strings(inside("toolResult"), "toolUseId", |_| true),
            seals: Vec::new(),
        }
    }

    /// The scripted model is none that is known to.
    fn thinks(&self, _: &Value) -> bool {
        false
    }

    fn say(&self, turn: &Turn<'_>, _: bool) -> Body {
        let mut frames = vec![("messageStart", json!({"role": "assistant"}))];
        let index = |number: usize, mut value: Value| {
            value["contentBlockIndex"] = json!(number);
            value
        };
        if turn.calls.is_empty() {
            frames.push(("contentBlockDelta", index(0, json!({"delta": {"text": turn.words}}))));
            frames.push(("contentBlockStop", index(0, json!({}))));
        }
        for (number, call) in turn.calls.iter().enumerate() {
            let start = json!({"start": {"toolUse": {"toolUseId": turn.id(number), "name": call.name}}});
            frames.push(("contentBlockStart", index(number, start)));
            for piece in halves(&call.arguments) {
                frames.push((
                    "contentBlockDelta",
                    index(number, json!({"delta": {"toolUse": {"input": piece}}})),
                ));
            }
            frames.push(("contentBlockStop", index(number, json!({}))));
        }
        let reason = if turn.calls.is_empty() { "end_turn" } else { "tool_use" };
        frames.push(("messageStop", json!({"stopReason": reason})));
        let usage = json!({"inputTokens": 900, "outputTokens": 30, "totalTokens": 930});
        frames.push(("metadata", json!({"usage": usage, "metrics": {"latencyMs": 5}})));
        let lines: String = frames.iter().map(|(name, frame)| format!("event {name} {frame}\n")).collect();
        Body { extension: "frames".to_owned(), bytes: corpus::frames::encode(&lines) }
    }

    fn refuse(&self, why: &str) -> Value {
        json!({"message": why})
    }
}
