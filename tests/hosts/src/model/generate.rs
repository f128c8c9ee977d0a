//! <https://ai.google.dev/api/generate-content>; signatures: <https://ai.google.dev/gemini-api/docs/thought-signatures>

use corpus::Body;
use serde_json::{Value, json};

use super::{History, Speaker, Turn, strings};

pub(super) struct Generate;

impl Speaker for Generate {
    fn history(&self, request: &Value) -> History {
        let parts: Vec<&Value> = request["contents"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|content| content["parts"].as_array().into_iter().flatten())
            .collect();
        let inside =
            |kind: &'static str| parts.iter().map(move |part| &part[kind]).filter(|inner| inner.is_object());
        History {
            calls: strings(inside("functionCall"), "id", |_| true),
            results: strings(inside("functionResponse"), "id", |_| true),
            seals: strings(parts.iter().copied(), "thoughtSignature", |_| true),
        }
    }

    /// Its newest models always do.
    fn thinks(&self, _: &Value) -> bool {
        true
    }

    fn say(&self, turn: &Turn<'_>, _: bool) -> Body {
        let mut parts: Vec<Value> = turn.calls.iter().enumerate().map(|(number, call)| {
            json!({"functionCall": {"id": turn.id(number), "name": call.name, "args": call.arguments}})
        }).collect();
        match parts.first_mut() {
            // The first of parallel calls has the signature of them all.
            Some(first) => first["thoughtSignature"] = json!(turn.seal()),
            None => parts.push(json!({"text": turn.words})),
        }
        let chunk = |parts: Value, end: Option<&str>| {
            let candidate =
                json!({"content": {"role": "model", "parts": parts}, "index": 0, "finishReason": end});
            json!({"candidates": [candidate], "modelVersion": "m-1", "responseId": format!("r{}", turn.number),
                "usageMetadata": {"promptTokenCount": 900, "candidatesTokenCount": 30, "totalTokenCount": 930}})
        };
        let mut chunks: Vec<Value> = parts.into_iter().map(|part| chunk(json!([part]), None)).collect();
        chunks.push(chunk(json!([{"text": ""}]), Some("STOP")));
        chunks.iter_mut().for_each(|chunk| drop_null(&mut chunk["candidates"][0], "finishReason"));
        super::events(&chunks, |_| None)
    }

    fn refuse(&self, why: &str) -> Value {
        json!({"error": {"code": 400, "message": why, "status": "INVALID_ARGUMENT"}})
    }
}

/// Protobuf's JSON has no nulls.
fn drop_null(value: &mut Value, key: &str) {
    if let Some(members) = value.as_object_mut().filter(|members| members[key].is_null()) {
        members.remove(key);
    }
}
