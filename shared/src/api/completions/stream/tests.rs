//! Streams in, events out; events in, streams out.

use bytes::BytesMut;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Reader, Writer};
use crate::api::aim::Aim;
use crate::api::codec::{Echo, ReadStream, WriteStream};
use crate::api::completions::response;
use crate::error::Error;
use crate::ir::{
    Block, Delta, Event, Open, Order, Response, Start, Stop, StopReason, Thought, ToolKind, ToolUse, Usage,
};
use crate::wire::Frame;
use crate::wire::json::Json;

/// Reads frames, and holds their events to the invariant of [`Event`].
fn fold(frames: &[String]) -> Response {
    let mut response = Response::default();
    let mut order = Order::default();
    let mut reader = Reader::default();
    let mut sink = |event: Event<'_>| {
        order.check(&event);
        response.push(&event);
    };
    for data in frames {
        reader.push(Frame::event("", data.as_bytes()), &mut sink);
    }
    reader.finish(&mut sink);
    response
}

/// A chunk with this choice.
fn chunk(delta: Value, finish: Value) -> String {
    json!({"id": "c", "object": "chat.completion.chunk", "created": 7, "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
    .to_string()
}

fn deltas(deltas: impl IntoIterator<Item = Value>, finish: &str) -> Vec<String> {
    let mut frames: Vec<String> = deltas.into_iter().map(|delta| chunk(delta, Value::Null)).collect();
    frames.push(chunk(json!({}), finish.into()));
    frames.push("[DONE]".to_owned());
    frames
}

#[track_caller]
fn check(frames: &[String], blocks: &[Block<'static>], reason: &StopReason) {
    let response = fold(frames);
    assert_eq!(response.error, None);
    assert!(response.ended);
    assert_eq!(response.blocks, blocks);
    assert_eq!(&response.stop.unwrap().reason, reason);
}

#[track_caller]
fn check_fails(frames: &[String], message: &str) {
    let response = fold(frames);
    let error = response.error.expect("an error");
    assert!(error.message.contains(message), "{error}");
    assert!(!response.ended && response.stop.is_none());
}

/// Writer's chunks have what is new twice.
#[test]
fn a_chunk_that_says_everything_twice_is_read_once() {
    let twice = |text: &str| {
        let said = json!({"role": "assistant", "content": text});
        let choice = json!({"index": 0, "delta": said, "message": said, "finish_reason": null});
        json!({"id": "c", "model": "m", "choices": [choice]}).to_string()
    };
    let mut frames = vec![twice("Hel"), twice("lo")];
    frames.extend(deltas([], "stop"));
    check(&frames, &[Block::text("Hello")], &StopReason::Done);
}

fn call(id: &'static str, name: &'static str, arguments: &'static str) -> Block<'static> {
    Block::ToolUse(ToolUse {
        id: id.into(),
        name: name.into(),
        arguments: arguments.into(),
        ..ToolUse::default()
    })
}

/// A piece of a call in a delta.
fn piece(index: Value, id: Value, name: Value, arguments: Value) -> Value {
    json!({"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": arguments}})
}

fn calls(pieces: impl IntoIterator<Item = Value>) -> Value {
    json!({"tool_calls": pieces.into_iter().collect::<Vec<_>>()})
}

#[test]
fn e1_text_and_calls_are_blocks_of_their_own() {
    let frames = deltas(
        [
            json!({"role": "assistant", "content": ""}),
            json!({"content": "a"}),
            json!({"content": "b", "tool_calls": []}),
            calls([piece(json!(0), json!("1"), json!("f"), json!(""))]),
            calls([piece(json!(0), Value::Null, Value::Null, json!("{\"x\""))]),
            calls([piece(json!(0), json!(""), json!(""), json!(":1}"))]),
            calls([piece(json!(1), json!("2"), json!("g"), json!("{}"))]),
        ],
        "tool_calls",
    );
    let wanted = [Block::text("ab"), call("1", "f", r#"{"x":1}"#), call("2", "g", "{}")];
    check(&frames, &wanted, &StopReason::ToolUse);
}

#[test]
fn e2_several_whole_calls_in_one_chunk() {
    let two = [
        piece(json!(0), json!("1"), json!("f"), json!("{\"a\":1}")),
        piece(json!(1), json!("2"), json!("g"), json!("{\"b\":2}")),
    ];
    let wanted = [call("1", "f", "{\"a\":1}"), call("2", "g", "{\"b\":2}")];
    check(&deltas([calls(two.clone())], "tool_calls"), &wanted, &StopReason::ToolUse);
    // The same without indices, and all with the same one.
    for index in [Value::Null, json!(0)] {
        let mut same = two.clone();
        same.iter_mut().for_each(|call| call["index"] = index.clone());
        check(&deltas([calls(same)], "tool_calls"), &wanted, &StopReason::ToolUse);
    }
}

#[test]
fn e2_arguments_in_fifty_pieces() {
    let text = format!("{{\"a\":\"{}\"}}", "x".repeat(41));
    let mut pieces = vec![calls([piece(json!(0), json!("1"), json!("f"), Value::Null)])];
    // Ids that are repeated, and (with some servers) made up anew.
    for (at, character) in text.chars().enumerate() {
        let id = ["1", "", "other"][at % 3];
        pieces.push(calls([piece(json!(0), json!(id), Value::Null, json!(character.to_string()))]));
    }
    let response = fold(&deltas(pieces, "tool_calls"));
    let [Block::ToolUse(call)] = &response.blocks[..] else { panic!("{:?}", response.blocks) };
    assert_eq!((&*call.id, &*call.name, &*call.arguments), ("1", "f", &*text));
}

#[test]
fn calls_without_index_or_id_are_told_apart_by_name_and_completeness() {
    let whole = |name, arguments| json!({"function": {"name": name, "arguments": arguments}});
    let frames = deltas([calls([whole("f", "{}")]), calls([whole("f", "{}"), whole("g", "{}")])], "stop");
    check(&frames, &[call("", "f", "{}"), call("", "f", "{}"), call("", "g", "{}")], &StopReason::ToolUse);
}

#[test]
fn e6_interleaved_calls_wait_for_each_other() {
    let more = |index: u32, text: &str| calls([piece(json!(index), Value::Null, Value::Null, json!(text))]);
    let frames = deltas(
        [
            calls([
                piece(json!(0), json!("1"), json!("f"), json!("")),
                piece(json!(1), json!("2"), json!("g"), json!("")),
            ]),
            more(0, "{\"a\":"),
            more(1, "{\"b\":"),
            json!({"content": "between"}),
            more(0, "1}"),
            more(1, "2}"),
        ],
        "tool_calls",
    );
    let wanted = [call("1", "f", "{\"a\":1}"), call("2", "g", "{\"b\":2}"), Block::text("between")];
    check(&frames, &wanted, &StopReason::ToolUse);
}

#[test]
fn calls_without_arguments_lose_nothing_that_follows() {
    let frames = deltas(
        [
            calls([piece(json!(0), json!("1"), json!("f"), json!(""))]),
            calls([piece(json!(1), json!("2"), json!("g"), json!("{}"))]),
        ],
        "tool_calls",
    );
    check(&frames, &[call("1", "f", ""), call("2", "g", "{}")], &StopReason::ToolUse);
}

#[test]
fn a_late_piece_of_a_closed_call_is_an_error() {
    let late = |text: &str| {
        deltas(
            [
                calls([piece(json!(0), json!("1"), json!("f"), json!("{}"))]),
                json!({"content": "x"}),
                calls([piece(json!(0), Value::Null, Value::Null, json!(text))]),
            ],
            "tool_calls",
        )
    };
    check_fails(&late("{}"), "went on");
    check(&late(" "), &[call("1", "f", "{}"), Block::text("x")], &StopReason::ToolUse);
}

#[test]
fn a_name_may_come_late_but_must_come() {
    let frames = |name: Value| {
        deltas(
            [
                calls([piece(json!(0), json!("1"), Value::Null, json!("{\"a\""))]),
                calls([piece(json!(0), Value::Null, name, json!(":1}"))]),
            ],
            "tool_calls",
        )
    };
    check(&frames(json!("f")), &[call("1", "f", "{\"a\":1}")], &StopReason::ToolUse);
    check_fails(&frames(Value::Null), "without the tool's name");
}

#[test]
fn e3_content_and_usage_in_the_finish_chunk() {
    let last = json!({"id": "c", "model": "m", "choices": [{"delta": {"content": "b"}, "finish_reason": "length"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}});
    let frames = [chunk(json!({"content": "a"}), Value::Null), last.to_string()];
    check(&frames, &[Block::text("ab")], &StopReason::MaxTokens);
    assert_eq!(fold(&frames).usage, Usage { input: Some(3), output: Some(2), ..Usage::default() });
}

#[test]
fn e4_usage_in_every_place_vendors_have_it() {
    let usage = json!({"prompt_tokens": 3, "completion_tokens": 2});
    for places in [
        json!({"choices": [], "usage": usage}),
        json!({"choices": [], "x_groq": {"usage": usage}}),
        json!({"choices": [{"index": 0, "delta": {}, "usage": usage}], "usage": null}),
    ] {
        let mut frames = deltas([json!({"content": "a"})], "stop");
        frames.insert(2, places.to_string());
        let response = fold(&frames);
        assert_eq!((response.usage.input, response.usage.output), (Some(3), Some(2)), "{places}");
        assert!(response.ended);
    }
}

#[test]
fn e8_errors_within_a_stream() {
    let begun = chunk(json!({"content": "a"}), Value::Null);
    for (error, message) in [
        (r#"{"error":{"message":"overloaded","type":"server_error","code":503}}"#, "overloaded"),
        (r#"{"error":"plain"}"#, "plain"),
        (r#"{"object":"error","message":"vllm","code":400}"#, "vllm"),
        (r#"{"choices":[{"delta":{},"finish_reason":"error","error":{"message":"router"}}]}"#, "router"),
        (r#"{"choices":[],"x_groq":{"id":"r","error":"over capacity"}}"#, "over capacity"),
        ("<html>", "not a JSON object"),
    ] {
        check_fails(&[begun.clone(), error.to_owned(), "[DONE]".to_owned()], message);
    }
    check_fails(&["[DONE]".to_owned()], "without an answer");
}

#[test]
fn e8_an_error_has_the_kind_that_its_code_tells() {
    let error = r#"{"error":{"message":"later","code":429}}"#.to_owned();
    assert_eq!(fold(&[error]).error.unwrap().kind, crate::error::Kind::RateLimit);
}

#[test]
fn e9_an_answer_that_was_cut_off_has_no_end() {
    let cut = fold(&[chunk(json!({"content": "a"}), Value::Null)]);
    assert!(!cut.ended && cut.stop.is_none() && cut.error.is_none());
    let without_done = fold(&deltas([json!({"content": "a"})], "stop")[..2]);
    assert!(without_done.ended);
}

#[test]
fn azures_first_chunk_is_not_the_start() {
    let mut frames = deltas([json!({"content": "a"})], "stop");
    frames.insert(
        0,
        json!({"id": "", "model": "", "created": 0, "choices": [], "prompt_filter_results": []}).to_string(),
    );
    let response = fold(&frames);
    assert_eq!(
        response.start,
        Start { id: "c".into(), model: "m".into(), created: Some(7), service_tier: None }
    );
}

#[test]
fn unknown_words_and_null_members_do_no_harm() {
    let nulls = json!({"role": null, "content": null, "refusal": null, "tool_calls": null, "function_call": null,
        "audio": null, "reasoning": null, "reasoning_content": null, "reasoning_details": null, "annotations": null});
    let frames = deltas([nulls, json!({"content": "a", "obfuscation": "xx"})], "vendor_stop");
    check(&frames, &[Block::text("a")], &StopReason::Other("vendor_stop".to_owned()));
    let empty = [chunk(json!({"content": "a"}), "".into()), chunk(json!({"content": "b"}), "stop".into())];
    check(&empty, &[Block::text("ab")], &StopReason::Done);
}

#[test]
fn other_choices_stand_beside_the_first() {
    let second = |text: &str, finish: Value| {
        json!({"choices": [{"index": 1, "delta": {"content": text}, "finish_reason": finish}]}).to_string()
    };
    let mut frames = deltas([json!({"content": "a"})], "stop");
    frames.insert(0, second("b", Value::Null));
    frames.insert(2, second("c", "length".into()));
    check(&frames, &[Block::text("a")], &StopReason::Done);
    let [other] = &fold(&frames).others[..] else { panic!("one other") };
    assert_eq!(other.blocks, [Block::text("bc")]);
    assert_eq!(other.stop.as_ref().map(|stop| &stop.reason), Some(&StopReason::MaxTokens));
}

#[test]
fn no_more_choices_are_kept_than_can_be_asked_for() {
    let far = json!({"choices": [{"index": 4_000_000_000_u32, "delta": {"content": "b"}}]}).to_string();
    let mut frames = deltas([json!({"content": "a"})], "stop");
    frames.insert(1, far);
    assert!(fold(&frames).others.is_empty());
}

#[test]
fn refusals_and_legacy_calls() {
    let frames = deltas([json!({"refusal": "I "}), json!({"refusal": "won't"})], "stop");
    check(&frames, &[Block::Refusal("I won't".into())], &StopReason::Refusal);
    let legacy = |call| json!({ "function_call": call });
    let frames = deltas(
        [legacy(json!({"name": "f", "arguments": "{\"a\""})), legacy(json!({"arguments": ":1}"}))],
        "function_call",
    );
    check(&frames, &[call("", "f", "{\"a\":1}")], &StopReason::ToolUse);
}

fn thought(text: &'static str, signature: Option<&'static str>) -> Block<'static> {
    Block::Thinking(Thought { text: text.into(), signature: signature.map(Into::into), ..Thought::default() })
}

/// C2, D1
#[test]
fn d1_thinking_by_every_vendors_name() {
    for name in ["reasoning_content", "reasoning"] {
        let frames = deltas(
            [json!({name: "why", "content": ""}), json!({name: " so"}), json!({"content": "a"})],
            "stop",
        );
        check(&frames, &[thought("why so", None), Block::text("a")], &StopReason::Done);
    }
    let detail = |detail: Value| json!({"reasoning": "twice", "reasoning_details": [detail]});
    let frames = deltas(
        [
            detail(json!({"type": "reasoning.text", "text": "why", "index": 0})),
            json!({"reasoning_details": [{"type": "reasoning.text", "signature": "s", "index": 0}]}),
            json!({"reasoning_details": [{"type": "reasoning.encrypted", "data": "d", "id": "e", "index": 1}]}),
            json!({"content": "a"}),
        ],
        "stop",
    );
    let sealed = Block::Sealed { data: "d".into(), id: Some("e".into()) };
    check(&frames, &[thought("why", Some("s")), sealed, Block::text("a")], &StopReason::Done);
    let parts = json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "why"}]},
        {"type": "text", "text": "a"}]});
    check(&deltas([parts], "stop"), &[thought("why", None), Block::text("a")], &StopReason::Done);
}

/// Law: a whole answer reads as its stream does.
#[track_caller]
fn check_whole(message: Value, frames: &[String]) {
    let body = json!({"id": "c", "object": "chat.completion", "created": 7, "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})
    .to_string();
    let mut whole = Response::default();
    let mut order = Order::default();
    let json = Json::parse(body.as_bytes()).unwrap();
    response::read(json, Aim::Translation, &mut |event| {
        order.check(&event);
        whole.push(&event);
    })
    .unwrap();
    assert_eq!(whole, fold(frames));
    assert!(whole.ended);
}

#[test]
fn whole_answers_read_as_their_streams() {
    let annotations = json!([{"type": "url_citation", "url_citation": {"url": "u", "title": "t", "start_index": 0, "end_index": 1}}]);
    let first = piece(Value::Null, json!("1"), json!("f"), json!("{}"));
    let second = piece(Value::Null, json!("2"), json!("g"), json!({"a": 1}));
    check_whole(
        json!({"role": "assistant", "reasoning_content": "why", "content": "ab", "annotations": annotations,
            "refusal": "no", "audio": {"id": "x", "data": "AAAA", "transcript": "hm"}, "tool_calls": [first, second]}),
        &deltas(
            [
                json!({"role": "assistant", "reasoning_content": "why"}),
                json!({"content": "a"}),
                json!({"content": "b"}),
                json!({"annotations": annotations}),
                json!({"refusal": "no"}),
                json!({"audio": {"id": "x", "data": "AA"}}),
                json!({"audio": {"data": "AA"}}),
                json!({"audio": {"transcript": "hm"}}),
                calls([piece(json!(0), json!("1"), json!("f"), json!("{"))]),
                calls([piece(json!(0), Value::Null, Value::Null, json!("}"))]),
                calls([piece(json!(1), json!("2"), json!("g"), json!("{\"a\":1}"))]),
            ],
            "stop",
        ),
    );
}

fn echo(include_usage: bool) -> Echo {
    Echo { model: "asked".into(), id: "req".into(), created: 9, include_usage, ..Echo::default() }
}

fn written(events: &[Event<'_>], include_usage: bool) -> Vec<String> {
    let mut writer = Writer::new(echo(include_usage));
    let mut out = BytesMut::new();
    events.iter().for_each(|event| writer.push(event, &mut out));
    let text = String::from_utf8(out.to_vec()).unwrap();
    assert!(text.is_empty() || text.ends_with("\n\n"));
    text.split_terminator("\n\n").map(|frame| frame.strip_prefix("data: ").unwrap().to_owned()).collect()
}

fn open(index: u32, block: Open<'static>) -> Event<'static> {
    Event::Open { index, block }
}

fn grown(index: u32, delta: Delta<'static>) -> Event<'static> {
    Event::Delta { index, delta }
}

fn tool(id: &'static str, name: &'static str) -> Open<'static> {
    Open::ToolUse { id: id.into(), name: name.into(), kind: ToolKind::Function, signature: None }
}

/// An answer with a block of each kind.
fn events() -> Vec<Event<'static>> {
    vec![
        Event::Start(Start { id: "msg_1".into(), model: "theirs".into(), created: None, service_tier: None }),
        open(0, Open::Thinking { id: None }),
        grown(0, Delta::Thinking("why".into())),
        grown(0, Delta::Signature("s".into())),
        Event::Close { index: 0 },
        open(1, Open::Text),
        grown(1, Delta::Text("a".into())),
        grown(1, Delta::Text("b".into())),
        Event::Close { index: 1 },
        open(2, tool("1", "f")),
        grown(2, Delta::Arguments("{\"a\"".into())),
        grown(2, Delta::Arguments(":1}".into())),
        Event::Close { index: 2 },
        open(3, tool("", "g")),
        Event::Close { index: 3 },
        Event::Usage(Usage { input: Some(3), ..Usage::default() }),
        Event::Stop(Stop { reason: StopReason::ToolUse, sequence: None }),
        Event::Usage(Usage { output: Some(2), ..Usage::default() }),
        Event::End,
    ]
}

#[test]
fn a_stream_is_written_as_the_documentation_has_it() {
    let frames = written(&events(), true);
    assert_eq!(frames.last().unwrap(), "[DONE]");
    let chunks: Vec<Value> =
        frames[..frames.len() - 1].iter().map(|it| serde_json::from_str(it).unwrap()).collect();
    for chunk in &chunks {
        let head = (&chunk["id"], &chunk["object"], &chunk["created"], &chunk["model"]);
        let wanted = (&json!("chatcmpl-msg_1"), &json!("chat.completion.chunk"), &json!(9), &json!("asked"));
        assert_eq!(head, wanted);
    }
    let deltas: Vec<Value> =
        chunks.iter().filter_map(|it| Some(it["choices"].get(0)?["delta"].clone())).collect();
    let arguments =
        |index: u32, text: &str| json!({"tool_calls": [{"index": index, "function": {"arguments": text}}]});
    let wanted = [
        json!({"role": "assistant", "content": ""}),
        json!({"reasoning_content": "why",
            "reasoning_details": [{"type": "reasoning.text", "text": "why", "index": 0}]}),
        json!({"reasoning_details": [{"type": "reasoning.text", "signature": "s", "index": 0}]}),
        json!({"content": "a"}),
        json!({"content": "b"}),
        calls([piece(json!(0), json!("1"), json!("f"), json!(""))]),
        arguments(0, "{\"a\""),
        arguments(0, ":1}"),
        calls([piece(json!(1), json!("call_msg_1_1"), json!("g"), json!(""))]),
        arguments(1, "{}"),
        json!({}),
    ];
    assert_eq!(deltas, wanted);
    let (usage, others) = chunks.split_last().unwrap();
    assert!(others.iter().all(|chunk| chunk["usage"].is_null() && chunk.get("usage").is_some()));
    assert_eq!(others.last().unwrap()["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!((&usage["choices"], &usage["usage"]["total_tokens"]), (&json!([]), &json!(5)));
}

#[test]
fn usage_is_hidden_from_who_did_not_ask() {
    assert!(written(&events(), false).iter().all(|frame| !frame.contains("\"usage\"")));
}

#[test]
fn nothing_looks_finished_after_an_error() {
    let mut events = events();
    events.truncate(8);
    events.push(Event::Fail(Error::upstream("broken")));
    events.push(Event::End);
    let frames = written(&events, true);
    let last: Value = serde_json::from_str(frames.last().unwrap()).unwrap();
    assert_eq!(last["error"]["message"], "broken");
    assert!(frames.iter().all(|frame| !frame.contains("[DONE]") && !frame.contains("finish_reason\":\"")));
}

/// Laws: what is written reads the same, streamed and whole, but for what this API demands.
#[test]
fn written_answers_read_the_same() {
    let mut response = Response::default();
    events().iter().for_each(|event| response.push(event));
    let mut out = BytesMut::new();
    response::write(&response, &echo(false), &mut out);
    let mut whole = Response::default();
    response::read(Json::parse(&out).unwrap(), Aim::Translation, &mut |event| whole.push(&event)).unwrap();
    let streamed = fold(&written(&events(), true));
    assert_eq!(whole, streamed);
    let Block::ToolUse(last) = response.blocks.last_mut().unwrap() else { panic!("a call") };
    (last.id, last.arguments) = ("call_msg_1_1".into(), "{}".into());
    assert_eq!((whole.blocks, whole.usage, whole.stop), (response.blocks, response.usage, response.stop));
}

#[test]
fn refused_answers_say_so_in_this_apis_way() {
    let stop = |block: Option<Open<'static>>| {
        let mut events = vec![Event::Start(Start::default())];
        if let Some(block) = block {
            events.extend([open(0, block), grown(0, Delta::Text("no".into())), Event::Close { index: 0 }]);
        }
        events.extend([Event::Stop(Stop { reason: StopReason::Refusal, sequence: None }), Event::End]);
        let frames = written(&events, false);
        let finish: Value = serde_json::from_str(&frames[frames.len() - 2]).unwrap();
        finish["choices"][0]["finish_reason"].as_str().unwrap().to_owned()
    };
    assert_eq!(stop(Some(Open::Refusal)), "stop");
    assert_eq!(stop(None), "content_filter");
    assert_eq!(stop(Some(Open::Text)), "content_filter");
}

/// B2: who asks in the legacy form is answered in it.
#[test]
fn legacy_clients_get_a_function_call() {
    let request = r#"{"functions":[{"name":"f"}]}"#.into();
    let echo = || Echo { request, ..echo(false) };
    let asked = echo();
    let mut events = events();
    events.drain(1..9);
    events.iter_mut().for_each(|event| {
        if let Event::Open { index, .. } | Event::Delta { index, .. } | Event::Close { index } = event {
            *index -= 2;
        }
    });
    let mut response = Response::default();
    events.iter().for_each(|event| response.push(event));
    let mut out = BytesMut::new();
    response::write(&response, &asked, &mut out);
    let whole: Value = serde_json::from_slice(&out).unwrap();
    let choice = &whole["choices"][0];
    assert_eq!(choice["message"]["function_call"], json!({"name": "f", "arguments": "{\"a\":1}"}));
    // A second call, which nobody should have made, is not lost.
    assert_eq!(choice["message"]["tool_calls"][0]["function"]["name"], "g");
    assert_eq!(choice["finish_reason"], "function_call");

    let mut writer = Writer::new(asked);
    let mut out = BytesMut::new();
    events.iter().for_each(|event| writer.push(event, &mut out));
    let text = String::from_utf8(out.to_vec()).unwrap();
    let frames: Vec<String> =
        text.split_terminator("\n\n").map(|frame| frame.strip_prefix("data: ").unwrap().to_owned()).collect();
    let deltas: Vec<Value> = frames[1..4]
        .iter()
        .map(|it| serde_json::from_str::<Value>(it).unwrap()["choices"][0]["delta"]["function_call"].clone())
        .collect();
    let wanted =
        [json!({"name": "f", "arguments": ""}), json!({"arguments": "{\"a\""}), json!({"arguments": ":1}"})];
    assert_eq!(deltas, wanted);
    assert!(text.contains(r#""finish_reason":"function_call""#));
}

/// Cuts a text at these places.
fn cut(text: &str, cuts: &[prop::sample::Index]) -> Vec<String> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
    places.extend([0, text.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| text.get(pair[0]..pair[1]).unwrap().to_owned()).collect()
}

fn any_cuts() -> impl Strategy<Value = Vec<prop::sample::Index>> {
    prop::collection::vec(any::<prop::sample::Index>(), 0..4)
}

/// A delta with something, or nothing, of everything.
fn any_delta() -> impl Strategy<Value = Value> {
    let text = || prop::option::of(prop::sample::select(vec!["", "{", "}", "{}", "a"]));
    let id = prop::option::of(prop::sample::select(vec!["", "1", "2"]));
    let call = (prop::option::of(0u32..3), id, text(), text()).prop_map(|(index, id, name, arguments)| {
        piece(json!(index), json!(id), json!(name), json!(arguments))
    });
    let calls = prop::collection::vec(call, 0..3);
    (text(), text(), text(), calls, any::<bool>()).prop_map(
        |(content, reasoning, refusal, calls, detailed)| {
            let details =
                json!([{"type": "reasoning.text", "text": reasoning, "signature": refusal, "index": 0}]);
            json!({"content": content, "reasoning": reasoning, "refusal": refusal, "tool_calls": calls,
            "reasoning_details": if detailed { details } else { Value::Null }})
        },
    )
}

proptest! {
    /// Law: however an answer is cut into deltas, and however its calls interleave, it is the same answer.
    #[test]
    fn cutting_an_answer_changes_nothing(
        thinking in "[a-z]{0,6}",
        content in "[a-z]{0,6}",
        arguments in prop::collection::vec(r#"\{("[a-z{}]{0,3}":(1|\[1\]|"[{}]"|\{\}))?\}"#, 0..4),
        cuts in any_cuts(),
        call_cuts in any_cuts(),
        interleave in any::<bool>(),
    ) {
        let mut deltas_of: Vec<Value> = Vec::new();
        deltas_of.extend(cut(&thinking, &cuts).into_iter().map(|text| json!({"reasoning_content": text})));
        deltas_of.extend(cut(&content, &cuts).into_iter().map(|text| json!({"content": text})));
        let pieces: Vec<Vec<String>> = arguments.iter().map(|text| cut(text, &call_cuts)).collect();
        let mut order: Vec<(usize, usize)> =
            pieces.iter().enumerate().flat_map(|(at, of)| (0..of.len()).map(move |n| (at, n))).collect();
        if interleave {
            order.sort_by_key(|&(at, n)| (n, at));
        }
        for (at, n) in order {
            let first = (n == 0).then(|| (at.to_string(), format!("f{at}")));
            let (id, name) = first.unzip();
            deltas_of.push(calls([piece(json!(at), json!(id), json!(name), json!(pieces[at][n]))]));
        }
        let whole: Vec<Value> = arguments
            .iter()
            .enumerate()
            .map(|(at, text)| piece(Value::Null, json!(at.to_string()), json!(format!("f{at}")), json!(text)))
            .collect();
        let message = json!({"reasoning_content": thinking, "content": content, "tool_calls": whole});
        check_whole(message, &deltas(deltas_of, "stop"));
    }

    /// Law: whatever comes, the events keep their order (which `fold` checks), and nothing panics.
    #[test]
    fn any_deltas_give_events_in_order(all in prop::collection::vec(any_delta(), 0..8), end in any::<bool>()) {
        let frames = deltas(all, "stop");
        let response = fold(if end { &frames } else { &frames[..frames.len() - 2] });
        prop_assert!(!(response.ended && response.error.is_some()));
    }
}
