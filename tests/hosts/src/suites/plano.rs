//! Two suites of Plano's own that need no key, re-expressed: its smoke test, and of the demo of filters at a model
//! listener what needs no filter.

use serde_json::json;

use super::{Outcome, equal, holds};
use crate::client::Question;
use crate::host::{Host, Kind};
use crate::provider::{Provider, Script};
use corpus::{Body, messages};

/// Plays both.
pub async fn plano(kind: Kind) {
    super::play(kind, "plano", async |host, provider| {
        vec![
            ("smoke: /healthz".to_owned(), healthz(host).await),
            ("model listener: the list names the model".to_owned(), lists(host).await),
            ("model listener: an answer of the provider".to_owned(), answers(host, provider).await),
            ("model listener: a streamed answer".to_owned(), streams(host, provider).await),
        ]
    })
    .await;
}

async fn healthz(host: &Host) -> Outcome {
    equal("status", &200, &Question::get("/healthz").ask(host.address).await?.status)
}

async fn lists(host: &Host) -> Outcome {
    let list = Question::get("/v1/models").ask(host.address).await?;
    holds(list.text(), list.text().contains("gpt-listed"))
}

/// The demo's provider gives a fixed text.
async fn answers(host: &Host, provider: &Provider) -> Outcome {
    let answer = json!({
        "id": "chatcmpl-fake", "object": "chat.completion", "created": 1_700_000_000, "model": "gpt-listed",
        "choices": [{"index": 0, "finish_reason": "stop",
            "message": {"role": "assistant", "content": "Hello from the fake provider!"}}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    });
    provider
        .say(Script::body(&Body { extension: "json".to_owned(), bytes: answer.to_string().into_bytes() }));
    let answer = Question::post("/v1/chat/completions", question(false)).ask(host.address).await?;
    equal("status", &200, &answer.status)?;
    let content = &answer.json()["choices"][0]["message"]["content"];
    equal("content", &json!("Hello from the fake provider!"), content)
}

/// The demo's provider streams a text in which a filter would hide something; without one, nothing is hidden.
async fn streams(host: &Host, provider: &Provider) -> Outcome {
    let words = ["The password is ", "secret123", " for now."];
    let chunk = |delta, reason: Option<&str>| {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": reason});
        let chunk = json!({"id": "chatcmpl-fake", "object": "chat.completion.chunk", "created": 1_700_000_000,
            "model": "gpt-listed", "choices": [choice]});
        format!("data: {chunk}\n\n")
    };
    let mut stream: String = words.iter().map(|word| chunk(json!({"content": word}), None)).collect();
    stream.push_str(&chunk(json!({}), Some("stop")));
    stream.push_str("data: [DONE]\n\n");
    provider.say(Script::body(&Body { extension: "sse".to_owned(), bytes: stream.into_bytes() }));
    let answer = Question::post("/v1/chat/completions", question(true)).ask(host.address).await?;
    let events = messages(&answer.body);
    let said: String = events.iter().filter_map(|event| content(&event.data)).collect();
    equal("content", &words.concat(), &said)?;
    equal("the last event", &Some("[DONE]"), &events.last().map(|event| event.data.as_str()))
}

fn content(data: &str) -> Option<String> {
    let chunk: serde_json::Value = serde_json::from_str(data).ok()?;
    Some(chunk["choices"][0]["delta"]["content"].as_str()?.to_owned())
}

fn question(stream: bool) -> String {
    let messages = [json!({"role": "user", "content": "Hello"})];
    json!({"model": "openai/gpt-listed", "messages": messages, "stream": stream}).to_string()
}
