//! Streams in, events out; events in, streams out.

use bytes::BytesMut;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Reader, Writer};
use crate::api::aim::Aim;
use crate::api::codec::{Echo, ReadStream, WriteStream};
use crate::api::family::Api;
use crate::api::messages::response;
use crate::error::{Error, Kind};
use crate::ir::{
    Block, Citations, Delta, Event, Media, Open, Order, Response, Source, Start, Stop, StopReason, Text,
    Thought, ToolKind, ToolUse, Usage,
};
use crate::wire::json::Json;
use crate::wire::{Frame, sse};

/// Reads events of the provider, the data of each.
fn fold(events: &[Value]) -> Response {
    let mut response = Response::default();
    let mut order = Order::default();
    let mut reader = Reader::default();
    let mut sink = |event: Event<'_>| {
        order.check(&event);
        response.push(&event);
    };
    for event in events {
        let data = event.to_string();
        reader.push(Frame::event("", data.as_bytes()), &mut sink);
    }
    reader.finish(&mut sink);
    response
}

fn fold_whole(body: &Value) -> Response {
    let text = body.to_string();
    let (mut response, mut order) = (Response::default(), Order::default());
    response::read(Json::parse(text.as_bytes()).unwrap(), Aim::Translation, &mut |event| {
        order.check(&event);
        response.push(&event);
    })
    .unwrap();
    response
}

/// The names and data of what a client gets.
fn written(events: &[Event<'_>]) -> Vec<(String, Value)> {
    let echo = Echo { model: "asked".into(), id: "0123".into(), ..Echo::default() };
    let mut writer = Writer::new(echo);
    let mut out = BytesMut::new();
    events.iter().for_each(|event| writer.push(event, &mut out));
    let mut frames = Vec::new();
    let mut sink = |frame: Frame<'_>| {
        frames.push((frame.name.to_owned(), serde_json::from_slice(frame.data).unwrap()));
    };
    sse::Scanner::new(1 << 20).push(&out, &mut sink).unwrap();
    frames
}

/// What a client's SDK puts together; each event's index is checked as the SDKs do.
fn folded_again(events: &[Event<'_>]) -> Response {
    let frames = written(events);
    let mut open = None;
    let mut next = 0;
    for (name, data) in &frames {
        assert_eq!(data["type"], json!(name));
        match &**name {
            "content_block_start" => {
                assert_eq!((open, &data["index"]), (None, &json!(next)));
                open = Some(next);
            }
            "content_block_delta" => assert_eq!(open.map(|at| json!(at)).as_ref(), Some(&data["index"])),
            "content_block_stop" => {
                assert_eq!(open.take().map(|at| json!(at)).as_ref(), Some(&data["index"]));
                next += 1;
            }
            _ => assert_eq!(open, None),
        }
    }
    fold(&frames.into_iter().map(|(_, data)| data).collect::<Vec<_>>())
}

fn start() -> Value {
    json!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant", "model": "m",
        "content": [], "stop_reason": null, "stop_sequence": null,
        "usage": {"input_tokens": 10, "cache_read_input_tokens": 5, "output_tokens": 1, "service_tier": "standard"}}})
}

/// The events of these blocks, each with its deltas.
fn stream(blocks: &[(Value, Vec<Value>)], stop: &str) -> Vec<Value> {
    let mut events = vec![start()];
    for (index, (block, deltas)) in blocks.iter().enumerate() {
        events.push(json!({"type": "content_block_start", "index": index, "content_block": block}));
        let deltas = deltas.iter();
        events.extend(
            deltas.map(|delta| json!({"type": "content_block_delta", "index": index, "delta": delta})),
        );
        events.push(json!({"type": "content_block_stop", "index": index}));
    }
    let delta = json!({"stop_reason": stop, "stop_sequence": null});
    events.push(json!({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 7}}));
    events.push(json!({"type": "message_stop"}));
    events
}

fn blocks() -> Vec<(Value, Vec<Value>)> {
    let input = |piece: &str| json!({"type": "input_json_delta", "partial_json": piece});
    let citation = json!({"type": "char_location", "cited_text": "x"});
    vec![
        (
            json!({"type": "thinking", "thinking": "", "signature": ""}),
            vec![
                json!({"type": "thinking_delta", "thinking": "h"}),
                json!({"type": "thinking_delta", "thinking": "m"}),
                json!({"type": "signature_delta", "signature": "sig"}),
            ],
        ),
        (json!({"type": "redacted_thinking", "data": "xyz"}), vec![]),
        (
            json!({"type": "text", "text": ""}),
            vec![
                json!({"type": "text_delta", "text": "a\n"}),
                json!({"type": "citations_delta", "citation": citation}),
                json!({"type": "citations_delta", "citation": citation}),
                json!({"type": "text_delta", "text": "é"}),
            ],
        ),
        (
            json!({"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}),
            vec![input("{\"query\":"), input("\"q\"}")],
        ),
        (json!({"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []}), vec![]),
        (
            json!({"type": "compaction", "content": "a"}),
            vec![json!({"type": "compaction_delta", "content": "b"})],
        ),
        (
            json!({"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}),
            vec![input(""), input("{\"a\""), input(":1}")],
        ),
        (json!({"type": "tool_use", "id": "toolu_2", "name": "g", "input": {}}), vec![input("")]),
        (json!({"type": "tool_use", "id": "toolu_3", "name": "g", "input": {"whole": 1}}), vec![]),
    ]
}

fn whole() -> Value {
    let citation = json!({"type": "char_location", "cited_text": "x"});
    json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [
        {"type": "thinking", "thinking": "hm", "signature": "sig"},
        {"type": "redacted_thinking", "data": "xyz"},
        {"type": "text", "text": "a\né", "citations": [citation, citation]},
        {"id": "srvtoolu_1", "input": {"query": "q"}, "name": "web_search", "type": "server_tool_use"},
        {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
        {"content": "ab", "type": "compaction"},
        {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}},
        {"type": "tool_use", "id": "toolu_2", "name": "g", "input": {}},
        {"type": "tool_use", "id": "toolu_3", "name": "g", "input": {"whole": 1}},
    ], "stop_reason": "tool_use", "stop_sequence": null,
        "usage": {"input_tokens": 10, "cache_read_input_tokens": 5, "output_tokens": 7, "service_tier": "standard"}})
}

/// A response whose opaque blocks are values, so that the order of members does not count.
fn comparable(response: Response) -> (Response, Vec<Value>) {
    let mut response = response;
    let mut raws = Vec::new();
    for block in &mut response.blocks {
        let raw = match block {
            Block::Opaque { raw, .. } => raw,
            Block::Text(Text { citations: Some(citations), .. }) => &mut citations.raw,
            _ => continue,
        };
        raws.push(serde_json::from_str(raw).unwrap());
        *raw = "".into();
    }
    (response, raws)
}

/// Law: a whole answer reads as the events it would have been streamed as. D10: input counts what was cached.
#[test]
fn d10_a_whole_answer_is_its_stream() {
    let streamed = fold(&stream(&blocks(), "tool_use"));
    assert!(streamed.ended);
    assert_eq!(
        (streamed.usage.input, streamed.usage.output, streamed.usage.cache_read),
        (Some(15), Some(7), Some(5))
    );
    assert_eq!(streamed.blocks.len(), 9);
    assert_eq!(comparable(streamed), comparable(fold_whole(&whole())));
}

/// Law: within the family nothing is lost, streamed and not.
#[test]
fn what_was_read_is_written_again() {
    let read = fold_whole(&whole());
    let echo = Echo { model: "m".into(), ..Echo::default() };
    let mut out = BytesMut::new();
    response::write(&read, &echo, &mut out);
    assert_eq!(serde_json::from_slice::<Value>(&out).unwrap(), whole());

    let mut events = Vec::new();
    read.replay(&mut |event| match event {
        Event::Start(start) => events.push(Event::Start(start.to_static())),
        Event::Open { index, block } => events.push(Event::Open { index, block: block.to_static() }),
        Event::Delta { index, delta } => events.push(Event::Delta { index, delta: delta.to_static() }),
        Event::Close { index } => events.push(Event::Close { index }),
        Event::Usage(usage) => events.push(Event::Usage(usage)),
        Event::Stop(stop) => events.push(Event::Stop(stop.to_static())),
        Event::Choice { .. }
        | Event::Tier(_)
        | Event::Lost(_)
        | Event::Ping
        | Event::Fail(_)
        | Event::End => {}
    });
    events.push(Event::End);
    let mut again = folded_again(&events);
    again.start.model = "m".into();
    assert_eq!(comparable(again), comparable(read));
}

/// E14: usage without its input, a reason that is null, citations: nothing breaks, nothing is counted twice.
#[test]
fn e14_what_is_missing_says_nothing() {
    let mut events = stream(&blocks()[2..3], "end_turn");
    events.insert(1, json!({"type": "ping"}));
    let last = events.len() - 1;
    events.insert(last, json!({"type": "message_delta", "delta": {"stop_reason": null}, "usage": null}));
    events.insert(last, json!({"type": "message_delta", "delta": {}}));
    events.insert(last, json!({"type": "from_tomorrow", "x": 1}));
    let response = fold(&events);
    assert_eq!(response.stop.unwrap().reason, StopReason::Done);
    assert_eq!((response.usage.input, response.usage.output), (Some(15), Some(7)));
    assert!(response.ended && matches!(&response.blocks[0], Block::Text(text) if text.citations.is_some()));
}

/// E8, E9: what the provider broke off is never finished.
#[test]
fn e8_e9_broken_answers_do_not_end() {
    let events = stream(&blocks(), "tool_use");
    for length in 0..events.len() - 2 {
        assert!(!fold(&events[..length]).ended, "{length}");
    }
    // All has been said but the last word.
    assert!(fold(&events[..events.len() - 1]).ended);
    let mut failed = events[..4].to_vec();
    failed.push(json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}));
    failed.extend_from_slice(&events[4..]);
    let response = fold(&failed);
    assert_eq!((response.error.unwrap().kind, response.ended), (Kind::Overloaded, false));
    let mut nonsense = None;
    let sink = &mut |event: Event<'_>| {
        if let Event::Fail(error) = event {
            nonsense = Some(error.status);
        }
    };
    Reader::default().push(Frame::event("message_start", b"<html>"), sink);
    assert_eq!(nonsense, Some(502));
}

/// Servers that follow the API leave out what they please.
#[test]
fn careless_servers_are_understood() {
    let text =
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "Hi"}});
    let response = fold(&[text, json!({"type": "message_stop"})]);
    assert_eq!(response.blocks, [Block::text("Hi")]);
    assert_eq!(response.stop.map(|stop| stop.reason), Some(StopReason::Done));
    assert!(response.ended);
}

#[test]
fn an_answer_without_blocks_is_one() {
    let empty = json!({"id": "msg_1", "model": "m", "content": [], "stop_reason": "end_turn"});
    let read = fold_whole(&empty);
    assert!(read.blocks.is_empty() && read.ended);
    let names: Vec<String> =
        written(&[Event::Start(Start::default()), Event::End]).into_iter().map(|it| it.0).collect();
    assert_eq!(names, ["message_start", "message_delta", "message_stop"]);
}

#[test]
fn only_messages_are_read_as_messages() {
    for body in ["{}", "[]", "1", r#"{"content":"x"}"#] {
        assert!(
            response::read(Json::parse(body.as_bytes()).unwrap(), Aim::Translation, &mut |_| ()).is_err(),
            "{body}"
        );
    }
    let failed = fold_whole(&json!({"type": "error", "error": {"type": "api_error", "message": "m"}}));
    assert_eq!(failed.error.map(|error| error.message).as_deref(), Some("m"));
}

fn tool(index: u32, id: &'static str, pieces: &[&'static str]) -> Vec<Event<'static>> {
    let open = Open::ToolUse { id: id.into(), name: "f".into(), kind: ToolKind::Function, signature: None };
    let deltas = pieces.iter().map(|piece| Event::Delta { index, delta: Delta::Arguments((*piece).into()) });
    [Event::Open { index, block: open }].into_iter().chain(deltas).chain([Event::Close { index }]).collect()
}

/// E1 to E5: text and parallel tools each in a block of their own, arguments that come at once, all usage at the end.
#[test]
fn e1_e5_order_and_indices() {
    let mut events = vec![
        Event::Start(Start { id: "chatcmpl-1".into(), ..Start::default() }),
        Event::Open { index: 0, block: Open::Text },
        Event::Delta { index: 0, delta: Delta::Text("Hi".into()) },
        Event::Close { index: 0 },
        Event::Ping,
    ];
    events.extend(tool(1, "call_1", &["{\"a\":1}"]));
    events.extend(tool(2, "", &[]));
    events.push(Event::Stop(Stop { reason: StopReason::Done, sequence: None }));
    let usage = Usage { input: Some(20), output: Some(5), cache_read: Some(8), ..Usage::default() };
    events.push(Event::Usage(usage));
    events.push(Event::End);
    let response = folded_again(&events);
    assert_eq!((response.usage, response.ended), (usage, true));
    assert_eq!(response.stop.unwrap().reason, StopReason::ToolUse);
    assert_eq!((&*response.start.id, &*response.start.model), ("msg_chatcmpl-1", "asked"));
    let called = |id: &'static str, arguments: &'static str| {
        Block::ToolUse(ToolUse {
            id: id.into(),
            name: "f".into(),
            arguments: arguments.into(),
            ..ToolUse::default()
        })
    };
    assert_eq!(
        response.blocks,
        [Block::text("Hi"), called("call_1", "{\"a\":1}"), called("toolu_chatcmpl-1_2", "{}")]
    );
}

#[test]
fn usage_that_is_known_is_in_the_first_event() {
    let usage = Usage { input: Some(20), cache_write: Some(9), cache_write_1h: Some(4), ..Usage::default() };
    let frames = written(&[Event::Start(Start::default()), Event::Usage(usage), Event::Ping]);
    assert_eq!(
        frames[0].1["message"]["usage"],
        json!({"input_tokens": 11, "cache_creation_input_tokens": 9,
        "cache_creation": {"ephemeral_5m_input_tokens": 5, "ephemeral_1h_input_tokens": 4}, "output_tokens": 0})
    );
    assert_eq!(frames[1], ("ping".to_owned(), json!({"type": "ping"})));
}

/// E8: a failure is the last event.
#[test]
fn e8_a_failure_is_the_last_word() {
    let fail = Event::Fail(Error::upstream("It broke."));
    let frames = written(&[Event::Start(Start::default()), fail, Event::Ping, Event::End]);
    let wanted = json!({"type": "error", "error": {"type": "api_error", "message": "It broke."}, "request_id": "0123"});
    assert_eq!(frames, [("error".to_owned(), wanted)]);
}

#[test]
fn a_refusal_is_text_that_ends_in_refusal() {
    let events = [
        Event::Start(Start::default()),
        Event::Open { index: 0, block: Open::Refusal },
        Event::Delta { index: 0, delta: Delta::Text("No.".into()) },
        Event::Close { index: 0 },
        Event::Stop(Stop { reason: StopReason::Done, sequence: None }),
        Event::End,
    ];
    let response = folded_again(&events);
    assert_eq!(response.blocks, [Block::text("No.")]);
    assert_eq!(response.stop.unwrap().reason, StopReason::Refusal);
}

/// What the API cannot carry is named, or is none of its clients' business.
#[test]
fn what_has_no_place_is_named() {
    let events = [
        Event::Start(Start::default()),
        Event::Open { index: 0, block: Open::Opaque { api: Api::Responses, raw: "{}".into() } },
        Event::Close { index: 0 },
        Event::Open { index: 1, block: Open::Image { media_type: "image/png".into(), data: "AA==".into() } },
        Event::Close { index: 1 },
        Event::Open { index: 2, block: Open::Audio { id: None } },
        Event::Delta { index: 2, delta: Delta::Audio("AA==".into()) },
        Event::Delta { index: 2, delta: Delta::Text("Spoken.".into()) },
        Event::Close { index: 2 },
        Event::End,
    ];
    let words = "[The model answered with an image (image/png), which the Messages API cannot carry.]";
    assert_eq!(folded_again(&events).blocks, [Block::text(words), Block::text("Spoken.")]);

    let bytes = |media_type: &'static str| {
        Media::new(Source::Base64 { media_type: media_type.into(), data: "AA==".into() })
    };
    let spoken = Media { context: Some("Spoken.".into()), ..bytes("audio/wav") };
    let blocks = vec![Block::Image(bytes("image/png")), Block::Audio(spoken)];
    let mut out = BytesMut::new();
    response::write(&Response { blocks, ..Response::default() }, &Echo::default(), &mut out);
    let body: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(fold_whole(&body).blocks, [Block::text(words), Block::text("Spoken.")]);
}

#[test]
fn free_text_of_a_custom_tool_is_a_string_in_an_object() {
    let open =
        Open::ToolUse { id: "c".into(), name: "patch".into(), kind: ToolKind::Custom, signature: None };
    let piece = |text: &'static str| Event::Delta { index: 0, delta: Delta::Arguments(text.into()) };
    let events = [
        Event::Start(Start::default()),
        Event::Open { index: 0, block: open },
        piece("*** \"a\"\n"),
        piece("é\\"),
        Event::Close { index: 0 },
        Event::End,
    ];
    let blocks = folded_again(&events).blocks;
    let Block::ToolUse(tool) = &blocks[0] else { panic!("{blocks:?}") };
    let arguments: Value = serde_json::from_str(&tool.arguments).unwrap();
    assert_eq!(arguments, json!({"input": "*** \"a\"\né\\"}));
}

#[test]
fn unknown_reasons_stay() {
    let response = fold(&stream(&[], "from_tomorrow"));
    assert_eq!(response.stop.as_ref().unwrap().reason, StopReason::Other("from_tomorrow".into()));
    let mut out = BytesMut::new();
    response::write(&response, &Echo::default(), &mut out);
    assert_eq!(serde_json::from_slice::<Value>(&out).unwrap()["stop_reason"], json!("from_tomorrow"));
}

fn words() -> impl Strategy<Value = String> {
    "[a-z\"\\\\é\n ]{1,8}"
}

fn any_block() -> impl Strategy<Value = Block<'static>> {
    let citations = || Citations { api: Api::Messages, raw: r#"[{"type":"x"}]"#.into() };
    prop_oneof![
        (words(), any::<bool>()).prop_map(move |(text, cited)| {
            let citations = cited.then(citations);
            Block::Text(Text { text: text.into(), citations, ..Text::default() })
        }),
        (words(), words()).prop_map(|(text, seal)| {
            Block::Thinking(Thought { text: text.into(), signature: Some(seal.into()), ..Thought::default() })
        }),
        words().prop_map(|data| Block::Sealed { data: data.into(), id: None }),
        (words(), words()).prop_map(|(id, value)| {
            let arguments = json!({"a": value}).to_string().into();
            Block::ToolUse(ToolUse { id: id.into(), name: "f".into(), arguments, ..ToolUse::default() })
        }),
        words().prop_map(|data| {
            let raw = json!({"type": "later", "data": data}).to_string().into();
            Block::Opaque { api: Api::Messages, raw }
        }),
    ]
}

fn any_answer() -> impl Strategy<Value = Response> {
    let reasons =
        vec![StopReason::MaxTokens, StopReason::StopSequence, StopReason::Refusal, StopReason::Pause];
    let usage =
        (0..99u64, 0..99u64, prop::option::of(0..99u64)).prop_map(|(fresh, output, cache_read)| Usage {
            input: Some(fresh + cache_read.unwrap_or(0)),
            output: Some(output),
            cache_read,
            ..Usage::default()
        });
    let sequence = prop::option::of(words());
    (prop::collection::vec(any_block(), 0..5), usage, prop::sample::select(reasons), sequence).prop_map(
        |(blocks, usage, reason, sequence)| Response {
            start: Start { id: "msg_7".into(), model: "asked".into(), ..Start::default() },
            blocks,
            usage,
            stop: Some(Stop { reason, sequence: sequence.map(Into::into) }),
            ended: true,
            ..Response::default()
        },
    )
}

proptest! {
    /// Law: what is written, whole or streamed, reads as the same answer.
    #[test]
    fn what_is_written_reads_the_same(answer in any_answer()) {
        let echo = Echo { model: "asked".into(), ..Echo::default() };
        let mut out = BytesMut::new();
        response::write(&answer, &echo, &mut out);
        prop_assert_eq!(&fold_whole(&serde_json::from_slice(&out).unwrap()), &answer);

        let mut writer = Writer::new(echo);
        let mut out = BytesMut::new();
        answer.replay(&mut |event| writer.push(&event, &mut out));
        let (mut reader, mut again) = (Reader::default(), Response::default());
        let mut sink = |frame: Frame<'_>| reader.push(frame, &mut |event| again.push(&event));
        sse::Scanner::new(1 << 20).push(&out, &mut sink).unwrap();
        prop_assert_eq!(again, answer);
    }

    /// Law: events nest, whatever comes in whatever order.
    #[test]
    fn events_nest(picks in prop::collection::vec(any::<prop::sample::Index>(), 0..40)) {
        let mut events = stream(&blocks(), "end_turn");
        events.extend([json!({"type": "ping"}), json!({"type": "error", "error": {}}), json!({"x": 1}), json!(7)]);
        fold(&picks.iter().map(|pick| events[pick.index(events.len())].clone()).collect::<Vec<_>>());
    }

    #[test]
    fn no_frame_panics(name in "(message_start|content_block_delta|)", data in prop::collection::vec(any::<u8>(), 0..40)) {
        Reader::default().push(Frame::event(&name, &data), &mut |_| ());
    }
}
