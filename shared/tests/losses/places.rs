//! What is lost is named where the client wrote it.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::probe::CLIENTS;
use crate::world::{UPSTREAMS, send};

/// Whether a client's request has something at a place like `tools[0].strict(approximated)`.
fn is_there(request: &Map<String, Value>, loss: &str) -> bool {
    let place = loss.split('(').next().unwrap_or_default().replace(['.', '['], "/").replace(']', "");
    let (name, rest) =
        place.split_once('/').map_or((&*place, String::new()), |(name, rest)| (name, format!("/{rest}")));
    request.get(name).is_some_and(|member| member.pointer(&rest).is_some())
}

/// What is no member of its own, by the client and the feature, and how it is lost: blocks of a message that are no parts of
/// its content are counted like these, and a word may say several things.
const NOWHERE: [(&str, &str, &str); 20] = [
    ("completions", "assistant reasoning_content", "messages[1].content[0]"),
    ("completions", "assistant reasoning_content", "messages[1].content[0].thinking"),
    ("completions", "assistant refusal", "messages[1].content[0](approximated)"),
    ("completions", "function_call and function message", "tools(approximated)"),
    ("completions", "function_call", "parallel_tool_calls"),
    ("completions", "functions", "parallel_tool_calls"),
    ("completions", "tool call with invalid JSON", "messages[1].content[0].arguments(approximated)"),
    ("generate", "functionCall with a thoughtSignature", "contents[1].parts[0].signature"),
    ("generate", "functionResponse with parts", "contents[2].parts[0].content[1](moved)"),
    ("generate", "model thought", "contents[1].parts[0].thinking"),
    ("generate", "model thought", "contents[1].thinking"),
    ("generate", "responseMimeType: application/json", "generationConfig.responseSchema(approximated)"),
    ("generate", "responseSchema", "generationConfig.responseSchema.strict(approximated)"),
    ("messages", "assistant thinking", "messages[1].thinking"),
    ("messages", "output_config.effort", "thinking"),
    ("messages", "thinking: disabled", "output_config.effort(approximated)"),
    ("responses", "function_call_output with an image", "input[2].content[0](moved)"),
    ("responses", "include: log probabilities", "top_logprobs"),
    ("responses", "reasoning item: summary", "input[1].thinking"),
    ("responses", "tools: namespace", "tools[0].namespace"),
];

#[test]
fn places_are_those_that_the_client_wrote() {
    let mut strays = BTreeSet::new();
    for client in &CLIENTS {
        for (feature, request) in client.requests() {
            for upstream in &UPSTREAMS {
                let losses = send(client, upstream, &request).losses;
                let stray = losses.iter().filter(|loss| {
                    !is_there(&request, loss) && !NOWHERE.contains(&(client.name, &*feature, &**loss))
                });
                strays.extend(stray.map(|loss| format!("{}: `{feature}` is lost as {loss}", client.name)));
            }
        }
    }
    assert!(strays.is_empty(), "{} stray\n{}", strays.len(), Vec::from_iter(strays).join("\n"));
}
