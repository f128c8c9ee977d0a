//! Answers of Converse, whole and streamed, read and written.

use bytes::BytesMut;
use proptest::prelude::*;

use super::*;
use crate::api::aim::Aim;
use crate::api::codec::Echo;
use crate::ir::{Order, Response};
use crate::wire::{Framing, Kind as FrameKind};

/// Folds a whole answer.
fn whole(body: &str) -> Response {
    let (mut response, mut order) = (Response::default(), Order::default());
    let json = Json::parse(body.as_bytes()).unwrap();
    read(json, Aim::Translation, &mut |event| {
        order.check(&event);
        response.push(&event);
    })
    .unwrap();
    response
}

/// Folds the events of a stream; an event is its name and its payload.
fn streamed(events: &[(&str, &str)]) -> Response {
    let (mut response, mut order) = (Response::default(), Order::default());
    let mut reader = Reader::default();
    let mut sink = |event: Event<'_>| {
        order.check(&event);
        response.push(&event);
    };
    for (name, data) in events {
        let kind = if name.ends_with("Exception") { FrameKind::Exception } else { FrameKind::Event };
        reader.push(Frame { kind, name, data: data.as_bytes() }, &mut sink);
    }
    reader.finish(&mut sink);
    response
}

const METADATA: &str = r#"{"usage":{"inputTokens":3,"outputTokens":5,"totalTokens":20,"cacheReadInputTokens":10,
    "cacheWriteInputTokens":2,"cacheDetails":[{"ttl":"1h","inputTokens":2}]},"metrics":{"latencyMs":1}}"#;

/// **Law: an answer is the same whole and streamed.** F5: thinking, sealed thinking and citations come through.
#[test]
fn f5_whole_and_streamed_are_the_same() {
    let body = format!(
        r#"{{"output":{{"message":{{"role":"assistant","content":[
        {{"reasoningContent":{{"reasoningText":{{"text":"th","signature":"s"}}}}}},
        {{"reasoningContent":{{"redactedContent":"QQ=="}}}}, {{"text":"hello"}},
        {{"citationsContent":{{"content":[{{"text":"c"}}],"citations":[{{"title":"t"}}]}}}},
        {{"image":{{"format":"png","source":{{"bytes":"QQ=="}}}}}},
        {{"toolUse":{{"toolUseId":"t1","name":"f","input":{{"a":1}}}}}},
        {{"toolUse":{{"toolUseId":"t2","name":"g","input":{{}}}}}}]}}}},"stopReason":"tool_use",{}"#,
        METADATA.trim_start_matches('{')
    );
    let events = [
        ("messageStart", r#"{"role":"assistant","p":"abc"}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"th"}}}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"signature":"s"}}}"#),
        ("contentBlockStop", r#"{"contentBlockIndex":0}"#),
        (
            "contentBlockDelta",
            r#"{"contentBlockIndex":1,"delta":{"reasoningContent":{"redactedContent":"QQ=="}}}"#,
        ),
        ("contentBlockStop", r#"{"contentBlockIndex":1}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":2,"delta":{"text":"hel"}}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":2,"delta":{"text":"lo"}}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":3,"delta":{"text":"c"}}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":3,"delta":{"citation":{"title":"t"}}}"#),
        ("contentBlockStop", r#"{"contentBlockIndex":3}"#),
        ("contentBlockStart", r#"{"contentBlockIndex":4,"start":{"image":{"format":"png"}}}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":4,"delta":{"image":{"source":{"bytes":"QQ=="}}}}"#),
        ("contentBlockStart", r#"{"contentBlockIndex":5,"start":{"toolUse":{"toolUseId":"t1","name":"f"}}}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":5,"delta":{"toolUse":{"input":"{\"a\""}}}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":5,"delta":{"toolUse":{"input":":1}"}}}"#),
        ("contentBlockStop", r#"{"contentBlockIndex":5}"#),
        ("contentBlockStart", r#"{"contentBlockIndex":6,"start":{"toolUse":{"toolUseId":"t2","name":"g"}}}"#),
        ("contentBlockStop", r#"{"contentBlockIndex":6}"#),
        ("messageStop", r#"{"stopReason":"tool_use"}"#),
        ("metadata", METADATA),
    ];
    let streamed = streamed(&events);
    assert_eq!(whole(&body), streamed);
    assert!(streamed.ended && streamed.blocks.len() == 7);
    let usage = Usage {
        input: Some(15),
        output: Some(5),
        cache_read: Some(10),
        cache_write: Some(2),
        cache_write_1h: Some(2),
        ..Usage::default()
    };
    assert_eq!(streamed.usage, usage);
}

/// F2: an exception is an error and not a silent end.
#[test]
fn f2_exceptions_end_the_answer() {
    let events = [
        ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"a"}}"#),
        ("throttlingException", r#"{"message":"Slow down"}"#),
        ("messageStop", r#"{"stopReason":"end_turn"}"#),
    ];
    let response = streamed(&events);
    let error = response.error.unwrap();
    assert_eq!((error.status, &*error.message, response.ended), (429, "Slow down", false));
}

/// F3, F4: an answer that lacks only its account is over; one that lacks the reason for its end is not.
#[test]
fn f3_f4_what_makes_an_answer_whole() {
    let text = ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"a"}}"#);
    let stop = ("messageStop", r#"{"stopReason":"max_tokens"}"#);
    let response = streamed(&[text, stop]);
    assert_eq!((response.ended, response.stop.unwrap().reason), (true, StopReason::MaxTokens));
    assert!(!streamed(&[text]).ended && !streamed(&[text, ("metadata", METADATA)]).ended);
}

/// F7: words, blocks and events that are not known fail nothing.
#[test]
fn f7_the_unknown_passes() {
    let body = r#"{"output":{"message":{"content":[{"newContent":{"a":1}},{"text":"x"}]}},"stopReason":"new_reason"}"#;
    let response = whole(body);
    assert_eq!(response.stop.unwrap().reason, StopReason::Other("new_reason".to_owned()));
    assert_eq!(response.blocks.len(), 2);
    let events = [
        ("newEvent", "{}"),
        ("contentBlockStart", r#"{"contentBlockIndex":0,"start":{"newContent":{}}}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"newContent":{}}}"#),
        ("contentBlockStop", r#"{"contentBlockIndex":0}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":1,"delta":{"text":"x"}}"#),
        ("messageStop", r#"{"stopReason":"guardrail_intervened"}"#),
    ];
    let response = streamed(&events);
    assert_eq!((response.blocks.len(), response.stop.unwrap().reason), (1, StopReason::Refusal));
    assert!(read(Json::EMPTY, Aim::Translation, &mut |_| ()).is_err());
}

/// Folds what is read of an answer that was written.
fn again(response: &Response, stream: bool) -> Response {
    let mut out = BytesMut::new();
    if !stream {
        Api::Converse.write().response(response, &Echo::default(), &mut out);
        return whole(std::str::from_utf8(&out).unwrap());
    }
    let mut writer = Api::Converse.write().stream(Echo::default());
    response.replay(&mut |event| writer.push(&event, &mut out));
    let (mut read, mut reader) = (Response::default(), Reader::default());
    let mut scanner = Framing::Binary.scanner(1 << 20);
    let mut take = |event: Event<'_>| read.push(&event);
    scanner.push(&out, &mut |frame| reader.push(frame, &mut take)).unwrap();
    reader.finish(&mut take);
    read
}

proptest! {
    /// **Law: what is written of an answer reads as the answer**, whole and streamed.
    #[test]
    fn what_was_written_reads_the_same(kinds in prop::collection::vec((0..5u8, "[a-z\"\\\\é]{1,9}"), 0..6)) {
        let blocks: Vec<String> = kinds.iter().map(|(kind, text)| {
            let text = serde_json::Value::from(text.as_str());
            match kind {
                0 => format!(r#"{{"text":{text}}}"#),
                1 => format!(r#"{{"reasoningContent":{{"reasoningText":{{"text":{text},"signature":{text}}}}}}}"#),
                2 => format!(r#"{{"reasoningContent":{{"redactedContent":{text}}}}}"#),
                3 => format!(r#"{{"toolUse":{{"toolUseId":"i","name":"n","input":{{"a":{text}}}}}}}"#),
                _ => format!(r#"{{"citationsContent":{{"content":[{{"text":{text}}}],"citations":[{{"title":{text}}}]}}}}"#),
            }
        }).collect();
        let body = format!(r#"{{"output":{{"message":{{"content":[{}]}}}},"stopReason":"end_turn",{}"#,
            blocks.join(","), METADATA.trim_start_matches('{'));
        let response = whole(&body);
        prop_assert_eq!(&again(&response, false), &response);
        prop_assert_eq!(&again(&response, true), &response);
    }

    /// Whatever comes, the order of events holds.
    #[test]
    fn the_order_holds(events in prop::collection::vec((
        prop::sample::select(vec!["messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop",
            "messageStop", "metadata", "odd", "xException"]),
        prop::sample::select(vec!["{}", "[]", "no", METADATA,
            r#"{"contentBlockIndex":1,"delta":{"text":"a"}}"#,
            r#"{"contentBlockIndex":1,"delta":{"reasoningContent":{"redactedContent":"a"}}}"#,
            r#"{"contentBlockIndex":2,"delta":{"toolUse":{"input":"a"}}}"#,
            r#"{"contentBlockIndex":2,"start":{"toolUse":{"name":"a"}}}"#,
            r#"{"contentBlockIndex":3,"start":{"image":{"format":"png"}}}"#]),
    ), 0..9)) {
        streamed(&events);
    }
}

/// A tool that the provider runs itself is no call for the client to answer, and neither is what came of it.
#[test]
fn tools_of_the_provider_are_no_calls() {
    let body = r#"{"output":{"message":{"role":"assistant","content":[
        {"toolUse":{"toolUseId":"t","name":"nova_grounding","input":{},"type":"server_tool_use"}},
        {"toolResult":{"toolUseId":"t","content":[],"type":"nova_grounding_result"}},
        {"text":"hello"}]}},"stopReason":"end_turn"}"#;
    let events = [
        ("messageStart", r#"{"role":"assistant"}"#),
        (
            "contentBlockStart",
            r#"{"contentBlockIndex":0,"start":{"toolUse":{"toolUseId":"t","name":"nova_grounding","type":"server_tool_use"}}}"#,
        ),
        ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"toolUse":{"input":"{}"}}}"#),
        ("contentBlockStop", r#"{"contentBlockIndex":0}"#),
        ("contentBlockStart", r#"{"contentBlockIndex":1,"start":{"toolResult":{"toolUseId":"t"}}}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":1,"delta":{"toolResult":[{"text":"found"}]}}"#),
        ("contentBlockStop", r#"{"contentBlockIndex":1}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":2,"delta":{"text":"hello"}}"#),
        ("contentBlockStop", r#"{"contentBlockIndex":2}"#),
        ("messageStop", r#"{"stopReason":"end_turn"}"#),
        ("metadata", "{}"),
    ];
    for answer in [whole(body), streamed(&events)] {
        assert!(
            !answer.blocks.iter().any(|block| matches!(block, crate::ir::Block::ToolUse(_))),
            "{answer:?}"
        );
        assert!(answer.blocks.contains(&crate::ir::Block::text("hello")), "{answer:?}");
        assert_eq!(answer.stop.unwrap().reason, StopReason::Done);
    }
    assert_eq!(lost(&events), ["answer.content.toolUse", "answer.content.toolResult"]);
}

/// A picture that could not be made is no empty picture.
#[test]
fn what_could_not_be_made_is_told() {
    let events = [
        ("contentBlockStart", r#"{"contentBlockIndex":0,"start":{"image":{"format":"png"}}}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"image":{"error":{"message":"no"}}}}"#),
        ("contentBlockStop", r#"{"contentBlockIndex":0}"#),
        ("messageStop", r#"{"stopReason":"end_turn"}"#),
        ("metadata", "{}"),
    ];
    assert_eq!(streamed(&events).blocks, []);
    assert_eq!(lost(&events), ["answer.content.image.error"]);
}

/// The losses that a stream's reader names.
fn lost(events: &[(&str, &str)]) -> Vec<String> {
    let (mut reader, mut losses) = (Reader::default(), Vec::new());
    for (name, data) in events {
        let frame = Frame { kind: FrameKind::Event, name, data: data.as_bytes() };
        reader.push(frame, &mut |event| {
            if let Event::Lost(loss) = event {
                losses.push(loss.to_string());
            }
        });
    }
    losses
}
