//! What says nothing, and what cannot be said.

use super::*;

const CLIENTS: [Api; 3] = [Api::Completions, Api::Messages, Api::Responses];
const UPSTREAMS: [Api; 3] = [Api::Messages, Api::Generate, Api::Converse];

/// A conversation, in the client's words, whose first message says this.
fn saying(client: Api, words: &str) -> Value {
    let turns = json!([{"role": "user", "content": words}, {"role": "assistant", "content": "Yes?"}]);
    match client {
        Api::Responses => question(client, json!({ "input": turns })),
        _ => question(client, json!({ "messages": turns })),
    }
}

/// An empty message is left out where the API refuses one, and that is told.
#[test]
fn empty_messages_are_named() {
    for client in CLIENTS {
        for upstream in UPSTREAMS.into_iter().filter(|upstream| *upstream != client) {
            let lost = |words| asked(client, &saying(client, words), upstream, &Quirks::USUAL).unwrap().1;
            assert_eq!(lost(""), ["messages[0]"], "{client:?} to {upstream:?}");
            assert_eq!(lost("hi"), [""; 0], "{client:?} to {upstream:?}");
        }
    }
}

/// A call beside empty words says something.
#[test]
fn calls_without_words_lose_none() {
    let call = json!({"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}});
    let turns = json!([{"role": "user", "content": "hi"},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": ""}]);
    let body = question(Api::Completions, json!({ "messages": turns }));
    for upstream in UPSTREAMS {
        let (_, lost) = asked(Api::Completions, &body, upstream, &Quirks::USUAL).unwrap();
        assert!(!lost.iter().any(|loss| loss.starts_with("messages")), "{upstream:?}: {lost:?}");
    }
}

/// A half of a character in a request is told by its place.
#[test]
fn halves_of_characters_are_named() {
    let body = br#"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"text","text":"\ud83d"}]}]}"#;
    for client in [Api::Completions, Api::Messages] {
        let request = read_request(Json::parse(body).unwrap(), client).unwrap();
        let unread: Vec<_> = request.unread.iter().map(Loss::to_string).collect();
        assert_eq!(unread, ["messages[0].content[0].text(approximated)"], "{client:?}");
    }
}

/// Numbers that are no counts are told what counts are; what is no number, that it must be one.
#[test]
fn counts_out_of_range_are_told_the_range() {
    let error = |limit: &str| {
        let body = format!(r#"{{"model":"m","max_tokens":{limit},"messages":[]}}"#);
        Api::Messages.read().request(Json::parse(body.as_bytes()).unwrap()).unwrap_err()
    };
    for limit in ["1e20", "18446744073709551616", "-1", "0.5"] {
        let error = error(limit);
        assert!(error.message.contains("from 0 to 18446744073709551615"), "{error}");
        assert_eq!(error.code.as_deref(), Some("invalid_value"));
    }
    assert_eq!(error("\"1\"").code.as_deref(), Some("invalid_type"));
}

/// A word that only one API has is none of another's enumeration.
#[test]
fn other_ends_have_a_word_that_the_client_knows() {
    let body = json!({"candidates": [{"content": {"parts": [{"text": "x"}]}, "finishReason": "OTHER"}]});
    for (client, at, word) in [
        (Api::Completions, "/choices/0/finish_reason", "stop"),
        (Api::Messages, "/stop_reason", "end_turn"),
        (Api::Responses, "/status", "completed"),
        (Api::Generate, "/candidates/0/finishReason", "OTHER"),
    ] {
        let (whole, events) = answered(Api::Generate, &body, client);
        assert_eq!(whole.pointer(at), Some(&json!(word)));
        let said = |event: &Value| event.to_string().contains(&format!("\"{word}\""));
        assert!(events.iter().any(said), "{events:?}");
    }
}

/// F7: a kind of event that nobody knows fails nothing, and is named; how far a tool's work is is no loss.
#[test]
fn f7_unknown_events_are_named() {
    let lost = |upstream: Api, name: &str, data: &str| {
        let (mut reader, mut lost) = (upstream.read().stream(Aim::Translation), Vec::new());
        reader.push(Frame::event(name, data.as_bytes()), &mut |event| match event {
            Event::Lost(loss) => lost.push(loss.to_string()),
            event => panic!("{event:?}"),
        });
        lost
    };
    for upstream in [Api::Messages, Api::Responses, Api::Converse] {
        // Converse's frames have the kind in their head alone.
        let data = |kind: &str| match upstream {
            Api::Converse => "{}".to_owned(),
            _ => format!(r#"{{"type":"{kind}"}}"#),
        };
        let told = lost(upstream, "tomorrow", &data("tomorrow"));
        assert_eq!(told, ["answer.tomorrow"], "{upstream:?}");
        let endless = "x".repeat(65);
        assert!(lost(upstream, &endless, &data(&endless)).is_empty(), "{upstream:?}");
    }
    let searching = "response.web_search_call.searching";
    assert!(lost(Api::Responses, searching, r#"{"type":"response.web_search_call.searching"}"#).is_empty());
}
