//! Rows about answers and streams.

use bytes::BytesMut;
use serde_json::{Value, json};
use shared::api::{Api, Echo};
use shared::host::Timestamp;
use shared::relay::{Ending, Relay};
use shared::report::{Outcome, Report};

use crate::said::{self, Call, Usage};
use crate::wire;
use crate::world::CLIENTS;
use crate::{chunk, counted, events, message, question, streamed, words};

/// What a client reads of a stream.
fn said(client: Api, upstream: Api, stream: &str) -> said::Said {
    said::read(client, &streamed(client, upstream, vec![stream.as_bytes()]).body, true)
}

fn call(id: &str, arguments: Value) -> Call {
    Call { id: id.to_owned(), name: "f".to_owned(), arguments }
}

#[test]
fn p1_a_call_of_gemini_keeps_its_arguments() {
    let part = json!({"functionCall": {"id": "a", "name": "f", "args": {"city": "Łódź", "days": [1, 2]}}});
    let stream = events(
        Api::Generate,
        &[json!({"candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP"}],
            "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}})],
    );
    for client in CLIENTS {
        let said = said(client, Api::Generate, &stream);
        assert_eq!(said.calls, [call("a", json!({"city": "Łódź", "days": [1, 2]}))], "{client:?}");
        assert_eq!(said.stop, "tool_use");
    }
}

#[test]
fn p2_an_empty_list_of_calls_is_no_call() {
    let stream = events(
        Api::Completions,
        &[
            chunk(json!({"role": "assistant", "content": "", "tool_calls": []}), Value::Null),
            chunk(json!({"content": "Hi", "tool_calls": []}), Value::Null),
            chunk(json!({"tool_calls": []}), json!("stop")),
        ],
    );
    for client in [Api::Messages, Api::Responses, Api::Generate] {
        let said = said(client, Api::Completions, &stream);
        assert_eq!(
            (said.text.as_str(), said.calls.len(), said.stop.as_str()),
            ("Hi", 0, "done"),
            "{client:?}"
        );
    }
    let body = streamed(Api::Messages, Api::Completions, vec![stream.as_bytes()]).body;
    assert!(!String::from_utf8_lossy(&body).contains("input_json_delta"));
}

#[test]
fn p3_each_event_is_passed_on_as_it_comes() {
    let upstreams = [
        (
            Api::Completions,
            vec![
                chunk(json!({"content": "one "}), Value::Null),
                chunk(json!({"content": "two"}), Value::Null),
            ],
        ),
        (Api::Messages, message(&[words(&["one ", "two"])], "end_turn")),
    ];
    for (upstream, all) in upstreams {
        for client in CLIENTS {
            let mut relay = Relay::new(client, upstream, Echo::default(), 1 << 20, Report::default());
            for event in &all {
                let mut out = BytesMut::new();
                relay.push(events_of(upstream, event).as_bytes(), Timestamp(0), &mut out);
                for word in ["one ", "two"].iter().filter(|word| event.to_string().contains(**word)) {
                    assert!(String::from_utf8_lossy(&out).contains(word), "{client:?} waits for `{word}`");
                }
            }
        }
    }
}

/// One event, without what ends a stream.
fn events_of(api: Api, event: &Value) -> String {
    events(api, std::slice::from_ref(event)).replace("data: [DONE]\n\n", "")
}

#[test]
fn p4_calls_that_come_interleaved_stay_apart() {
    let piece = |index: u64, id: Value, arguments: &str| {
        let name = if id.is_null() { Value::Null } else { json!("f") };
        json!({"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": arguments}})
    };
    let both = |one: Value, other: Value| chunk(json!({"tool_calls": [one, other]}), Value::Null);
    let stream = events(
        Api::Completions,
        &[
            both(piece(0, json!("a"), "{\"x\""), piece(1, json!("b"), "{\"y\"")),
            both(piece(1, Value::Null, ":2}"), piece(0, Value::Null, ":1}")),
            chunk(json!({}), json!("tool_calls")),
        ],
    );
    for client in CLIENTS {
        let calls = said(client, Api::Completions, &stream).calls;
        assert_eq!(calls, [call("a", json!({"x": 1})), call("b", json!({"y": 2}))], "{client:?}");
    }
}

#[test]
fn p6_the_first_chunk_says_who_speaks() {
    let generate = json!({"candidates": [{"content": {"parts": [{"text": "Hi"}]}, "finishReason": "STOP"}]});
    let streams = [(Api::Messages, message(&[words(&["Hi"])], "end_turn")), (Api::Generate, vec![generate])];
    for (upstream, all) in streams {
        let stream = events(upstream, &all);
        let body = streamed(Api::Completions, upstream, vec![stream.as_bytes()]).body;
        let chunks = wire::events(Api::Completions, &body);
        assert_eq!(chunks[0].1["choices"][0]["delta"]["role"], "assistant", "{upstream:?}");
        assert!(
            chunks.iter().filter(|(_, chunk)| chunk["choices"][0]["delta"]["role"].is_string()).count() == 1
        );
    }
}

#[test]
fn p7_characters_cut_in_two_by_the_network_stay_whole() {
    const WORDS: &str = "Łódź 👩‍👩‍👧 漢字";
    let stream = events(Api::Messages, &message(&[words(&[WORDS])], "end_turn"));
    let bytes: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
    for client in CLIENTS {
        let body = streamed(client, Api::Messages, bytes.clone()).body;
        assert_eq!(said::read(client, &body, true).text, WORDS, "{client:?}");
    }
}

#[test]
fn p8_a_long_last_event_comes_whole() {
    let long = "word ".repeat(60_000);
    let part = json!({"type": "output_text", "text": long, "annotations": []});
    let item =
        json!({"id": "i", "type": "message", "role": "assistant", "status": "completed", "content": [part]});
    let whole = |status: &str, output: Value| {
        json!({"id": "r", "object": "response", "status": status, "model": "m", "output": output,
        "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}})
    };
    let place = json!({"item_id": "i", "output_index": 0, "content_index": 0});
    let event = |name: &str, number: u64, more: Value| {
        let mut event = json!({"type": name, "sequence_number": number});
        let members = [place.clone(), more].into_iter().filter_map(|value| value.as_object().cloned());
        event.as_object_mut().unwrap().extend(members.flatten());
        event
    };
    let stream = events(
        Api::Responses,
        &[
            event("response.created", 0, json!({"response": whole("in_progress", json!([]))})),
            event(
                "response.output_item.added",
                1,
                json!({"item": {"id": "i", "type": "message", "role": "assistant", "status": "in_progress", "content": []}}),
            ),
            event(
                "response.content_part.added",
                2,
                json!({"part": {"type": "output_text", "text": "", "annotations": []}}),
            ),
            event("response.output_text.delta", 3, json!({"delta": long})),
            event("response.output_text.done", 4, json!({"text": long})),
            event("response.content_part.done", 5, json!({"part": part})),
            event("response.output_item.done", 6, json!({"item": item})),
            event("response.completed", 7, json!({"response": whole("completed", json!([item]))})),
        ],
    );
    let pieces: Vec<&[u8]> = stream.as_bytes().chunks(16_384).collect();
    for client in CLIENTS {
        let said = said::read(client, &streamed(client, Api::Responses, pieces.clone()).body, true);
        assert!(said.text == long && said.stop == "done", "{client:?}");
    }
}

#[test]
fn p9_a_stream_of_messages_has_all_its_events_in_their_order() {
    let piece =
        json!([{"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]);
    let stream = events(
        Api::Completions,
        &[
            chunk(json!({"role": "assistant", "reasoning_content": "hm"}), Value::Null),
            chunk(json!({"content": "Hi"}), Value::Null),
            chunk(json!({"tool_calls": piece}), Value::Null),
            chunk(json!({}), json!("tool_calls")),
            counted(),
        ],
    );
    let body = streamed(Api::Messages, Api::Completions, vec![stream.as_bytes()]).body;
    let all = wire::events(Api::Messages, &body);
    let mut names: Vec<&str> =
        all.iter().map(|(name, _)| name.as_str()).filter(|name| *name != "ping").collect();
    names.dedup();
    let block = ["content_block_start", "content_block_delta", "content_block_stop"];
    let expected: Vec<&str> = ["message_start"]
        .into_iter()
        .chain(block.repeat(3))
        .chain(["message_delta", "message_stop"])
        .collect();
    assert_eq!(names, expected);
    let start = &all[0].1["message"];
    assert_eq!(
        (&start["type"], &start["role"], &start["content"]),
        (&json!("message"), &json!("assistant"), &json!([]))
    );
    assert!(start["usage"]["input_tokens"].is_u64() && start["usage"]["output_tokens"].is_u64());
}

#[test]
fn p12_usage_comes_once_at_the_end_and_only_where_it_was_asked_for() {
    let stream = events(Api::Messages, &message(&[words(&["Hi"])], "end_turn"));
    let chunks = |include: bool| {
        let mut body = question(Api::Completions, Api::Messages, true);
        body["stream_options"]["include_usage"] = include.into();
        let answer =
            crate::Answer { status: 200, media_type: "text/event-stream", pieces: vec![stream.as_bytes()] };
        let played = crate::play(
            Api::Completions,
            &crate::model(Api::Messages),
            true,
            body.to_string().into(),
            &answer,
        );
        wire::events(Api::Completions, &played.body)
    };
    let asked = chunks(true);
    let counted: Vec<usize> = (0..asked.len()).filter(|at| asked[*at].1["usage"].is_object()).collect();
    // Right before `[DONE]`.
    assert_eq!(counted, [asked.len() - 2]);
    assert_eq!(asked[counted[0]].1["choices"], json!([]));
    assert!(chunks(false).iter().all(|(_, chunk)| chunk["usage"].is_null() && chunk["choices"] != json!([])));
}

#[test]
fn p13_a_failure_in_mid_stream_is_an_error_in_the_clients_words() {
    let mut all = message(&[words(&["Hi"])], "end_turn");
    all.truncate(3);
    all.push(json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}));
    let stream = events(Api::Messages, &all);
    for (client, mark) in [
        (Api::Completions, "data: {\"error\":"),
        (Api::Responses, "event: response.failed\n"),
        (Api::Generate, "data: {\"error\":"),
    ] {
        let played = streamed(client, Api::Messages, vec![stream.as_bytes()]);
        let text = String::from_utf8_lossy(&played.body);
        assert!(
            text.contains(mark) && text.contains("Overloaded") && text.contains("Hi"),
            "{client:?}: {text}"
        );
        assert!(!text.contains("[DONE]") && !text.contains("response.completed"), "{client:?}");
        assert!(played.report.outcome != Outcome::Answered);
    }
}

#[test]
fn p14_what_a_client_that_leaves_has_used_is_accounted_for() {
    let stream = events(Api::Messages, &message(&[words(&["Hi"])], "end_turn")[..4]);
    let mut relay = Relay::new(Api::Completions, Api::Messages, Echo::default(), 1 << 20, Report::default());
    let mut out = BytesMut::new();
    relay.push(stream.as_bytes(), Timestamp(0), &mut out);
    let report = relay.finish(Ending::Abandoned, Timestamp(0), &mut out);
    assert_eq!((report.usage.input, report.usage.cache_read), (Some(100), Some(60)));
    assert!(report.outcome != Outcome::Answered);
}

#[test]
fn p20_cached_tokens_are_counted_once_in_every_dialect() {
    let of_completions =
        events(Api::Completions, &[chunk(json!({"content": "Hi"}), json!("stop")), counted()]);
    let of_messages = events(Api::Messages, &message(&[words(&["Hi"])], "end_turn"));
    for client in CLIENTS {
        // The readers of said.rs hold totals to be sums.
        let usage = said(client, Api::Completions, &of_completions).usage;
        assert_eq!((usage.input, usage.output, usage.cache_read), (100, 20, 60), "{client:?}");
        let usage = said(client, Api::Messages, &of_messages).usage;
        assert_eq!((usage.input, usage.output, usage.cache_read), (100, 20, 60), "{client:?}");
    }
}

#[test]
fn p21_clients_of_messages_are_told_of_cached_tokens() {
    let stream = events(Api::Completions, &[chunk(json!({"content": "Hi"}), json!("stop")), counted()]);
    let usage = said(Api::Messages, Api::Completions, &stream).usage;
    assert_eq!(usage, Usage { input: 100, output: 20, cache_read: 60, ..Usage::default() });
    let body = streamed(Api::Messages, Api::Completions, vec![stream.as_bytes()]).body;
    let all = wire::events(Api::Messages, &body);
    let (_, last) = all.iter().find(|(name, _)| name == "message_delta").unwrap();
    assert_eq!(
        (&last["usage"]["input_tokens"], &last["usage"]["cache_read_input_tokens"]),
        (&json!(40), &json!(60))
    );
}

#[test]
fn d15_thinking_is_never_part_of_the_words() {
    let thinking = json!({"type": "thinking_delta", "thinking": "let me see"});
    let thought = (json!({"type": "thinking", "thinking": "", "signature": ""}), vec![thinking]);
    let stream = events(Api::Messages, &message(&[thought, words(&["Hi"])], "end_turn"));
    for client in CLIENTS {
        let said = said(client, Api::Messages, &stream);
        assert_eq!((said.text.as_str(), said.thinking.as_str()), ("Hi", "letmesee"), "{client:?}");
    }
}

#[test]
fn d19_of_several_answers_the_first_is_told_whole() {
    let choice =
        |index: u64, text: &str| json!({"index": index, "delta": {"content": text}, "finish_reason": null});
    let mut mixed = chunk(json!({}), Value::Null);
    mixed["choices"] = json!([choice(1, "other"), choice(0, "first")]);
    let mut last = chunk(json!({}), json!("stop"));
    last["choices"][0]["index"] = 1.into();
    let stream = events(Api::Completions, &[mixed, last, chunk(json!({"content": "!"}), json!("length"))]);
    for client in [Api::Messages, Api::Responses, Api::Generate] {
        let said = said(client, Api::Completions, &stream);
        assert_eq!((said.text.as_str(), said.stop.as_str()), ("first!", "max_tokens"), "{client:?}");
    }
    // A client of the same API gets them all.
    let body = streamed(Api::Completions, Api::Completions, vec![stream.as_bytes()]).body;
    assert!(String::from_utf8_lossy(&body).contains("other"));
}

#[test]
fn e17_messages_stream_to_clients_of_responses_and_the_last_words_come_last() {
    let stream = events(Api::Messages, &message(&[words(&["Hi ", "you"])], "end_turn"));
    let said = said(Api::Responses, Api::Messages, &stream);
    assert_eq!((said.text.as_str(), said.stop.as_str()), ("Hi you", "done"));
    let body = streamed(Api::Completions, Api::Messages, vec![stream.as_bytes()]).body;
    let chunks = wire::events(Api::Completions, &body);
    let ends: Vec<usize> = (0..chunks.len()).filter(|at| chunks[*at].0 == "[DONE]").collect();
    assert_eq!(ends, [chunks.len() - 1]);
}

#[test]
fn p27_a_custom_tool_is_offered_to_any_model_and_called_as_one() {
    const PATCH: &str = "*** Begin Patch\n*** Add File: \"a\"\n+1\n*** End Patch";
    let input = json!({"input": PATCH});
    let call = json!({"type": "tool_use", "id": "t", "name": "apply_patch", "input": {}});
    let pieces = [input.to_string()].map(|json| json!({"type": "input_json_delta", "partial_json": json}));
    let of_messages = events(Api::Messages, &message(&[(call, pieces.into())], "tool_use"));
    let part = json!({"functionCall": {"id": "t", "name": "apply_patch", "args": input}});
    let chunk =
        json!({"candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP"}]});
    for (upstream, stream) in [(Api::Messages, of_messages), (Api::Generate, events(Api::Generate, &[chunk]))]
    {
        let mut body = question(Api::Responses, upstream, true);
        body["tools"] = json!([{"type": "custom", "name": "apply_patch", "description": "Changes files."}]);
        let answer =
            crate::Answer { status: 200, media_type: "text/event-stream", pieces: vec![stream.as_bytes()] };
        let played =
            crate::play(Api::Responses, &crate::model(upstream), true, body.to_string().into(), &answer);
        assert!(String::from_utf8_lossy(&played.sent.unwrap()).contains("apply_patch"), "{upstream:?}");
        let all = wire::events(Api::Responses, &played.body);
        let item = &all.last().unwrap().1["response"]["output"][0];
        let found = [&item["type"], &item["name"], &item["input"], &item["call_id"]];
        assert_eq!(found, ["custom_tool_call", "apply_patch", PATCH, "t"], "{upstream:?}");
        assert!(all.iter().any(|(name, _)| name == "response.custom_tool_call_input.done"));
    }
}
