//! Words that go on from a text, of providers whose models only chat.

use serde_json::{Value, json};

use crate::world::{Played, Said, ask, play};

fn complete(model: &str, members: Value, said: &[Said]) -> Played {
    let mut body = json!({"model": model, "prompt": "Once upon"});
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    let mut request = ask("/v1/completions", "application/json", &body.to_string());
    request.headers_mut().insert("x-plano-loss", "report".parse().unwrap());
    play(request, said)
}

const MESSAGE: &str = r#"{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"thinking",
    "thinking":"Hm","signature":"s"},{"type":"text","text":" a time"}],"stop_reason":"max_tokens","stop_sequence":null,
    "usage":{"input_tokens":3,"output_tokens":4}}"#;

#[test]
fn a_text_is_the_first_message_of_a_chat() {
    let asked =
        json!({"max_tokens": 9, "temperature": 0.5, "stop": ["."], "best_of": 2, "n": 1, "logprobs": 3});
    let played = complete("claude/m", asked, &[Said::json(MESSAGE)]);
    let sent: Value = serde_json::from_slice(played.sent().body()).unwrap();
    assert_eq!(
        sent,
        json!({"model": "m", "messages": [{"role": "user", "content": "Once upon"}], "max_tokens": 9,
            "temperature": 0.5, "stop_sequences": ["."]})
    );
    assert_eq!(played.header("x-plano-lost"), "best_of, logprobs");
    assert_eq!(
        played.json(),
        json!({"id": "cmpl-msg_1", "object": "text_completion", "created": 0, "model": "claude/m",
            "choices": [{"text": " a time", "index": 0, "logprobs": null, "finish_reason": "length"}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}})
    );
    assert_eq!((&*played.report.operation, played.report.usage.total()), ("text_completion", 7));
}

/// A provider of chats in the client's own API is asked for one, too.
#[test]
fn a_chat_of_the_same_api_is_no_text() {
    let said = r#"{"id":"chatcmpl-1","object":"chat.completion","created":5,"model":"m","choices":[{"index":0,
        "message":{"role":"assistant","content":" a time"},"finish_reason":"stop"}]}"#;
    let played = complete("groq/m", json!({"prompt": ["Once"], "seed": 1e0}), &[Said::json(said)]);
    assert_eq!(played.sent().uri(), "https://api.groq.com/openai/v1/chat/completions");
    let sent: Value = serde_json::from_slice(played.sent().body()).unwrap();
    assert_eq!(sent, json!({"model": "m", "messages": [{"role": "user", "content": "Once"}], "seed": 1.0}));
    assert_eq!(
        played.json(),
        json!({"id": "cmpl-1", "object": "text_completion", "created": 5, "model": "groq/m",
            "choices": [{"text": " a time", "index": 0, "logprobs": null, "finish_reason": "stop"}]})
    );
}

#[test]
fn a_stream_of_a_chat_is_a_stream_of_text() {
    let chunk = |members: &str| {
        format!("data: {{\"id\":\"chatcmpl-1\",\"created\":5,\"model\":\"m\",{members}}}\n\n")
    };
    let said = chunk(r#""choices":[{"index":0,"delta":{"role":"assistant","content":""}}]"#)
        + &chunk(r#""choices":[{"index":0,"delta":{"content":" a"}}]"#)
        + &chunk(r#""choices":[{"index":0,"delta":{},"finish_reason":"stop"}]"#)
        + &chunk(r#""choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}"#);
    let asked = json!({"stream": true, "stream_options": {"include_usage": true}});
    let whole =
        complete("groq/m", asked.clone(), &[Said::events((said.clone() + "data: [DONE]\n\n").leak())]);
    let events: Vec<&str> = whole.text().split_terminator("\n\n").map(|event| &event[6..]).collect();
    let (last, chunks) = events.split_last().unwrap();
    assert_eq!(*last, "[DONE]");
    let said_so = chunks.iter().map(|chunk| serde_json::from_str::<Value>(chunk).unwrap()).map(|chunk| {
        assert_eq!((&chunk["id"], &chunk["object"]), (&json!("cmpl-1"), &json!("text_completion")));
        json!([
            chunk["choices"][0]["text"],
            chunk["choices"][0]["finish_reason"],
            chunk["usage"]["total_tokens"]
        ])
    });
    assert_eq!(
        said_so.collect::<Vec<_>>(),
        [json!([" a", null, null]), json!(["", "stop", null]), json!([null, null, 7])]
    );
    // One that breaks off says so.
    let cut =
        complete("groq/m", asked, &[Said::events(said[..said.find("finish").unwrap()].to_owned().leak())]);
    assert!(cut.text().ends_with("\n\n") && cut.text().contains("data: {\"error\":"), "{}", cut.text());
    assert!(!cut.text().contains("[DONE]"));
}

#[test]
fn what_no_chat_can_do_is_refused() {
    for (members, param) in [
        (json!({"suffix": "."}), "suffix"),
        (json!({"echo": true}), "echo"),
        (json!({"prompt": ["a", "b"]}), "prompt"),
        (json!({"prompt": [1, 2]}), "prompt"),
        (json!({"prompt": null}), "prompt"),
    ] {
        let played = complete("claude/m", members, &[]);
        assert_eq!((played.status.as_u16(), &played.json()["error"]["param"]), (400, &json!(param)));
        assert!(played.sent.is_empty());
    }
    let strict = json!({"model": "claude/m", "prompt": "a", "n": 2}).to_string();
    let mut strict = ask("/v1/completions", "application/json", &strict);
    strict.headers_mut().insert("x-plano-loss", "strict".parse().unwrap());
    assert_eq!(play(strict, &[]).json()["error"]["code"], "translation_loss");
    assert_eq!(
        complete("claude/m", json!({"echo": false, "suffix": null}), &[Said::json(MESSAGE)]).status,
        200
    );
}
