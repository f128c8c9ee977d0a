//! Streams of Responses, read and written.

use super::*;
use crate::ir::{Block, Response};
use serde_json::{Value, json};

fn events(frames: &[Value]) -> Vec<Event<'static>> {
    let mut reader = Reader::default();
    let mut events = Vec::new();
    for frame in frames {
        let data = frame.to_string();
        let sink = &mut |event: Event<'_>| events.push(into_static(event));
        reader.push(Frame::event("", data.as_bytes()), sink);
    }
    reader.finish(&mut |event| events.push(into_static(event)));
    events
}

fn into_static(event: Event<'_>) -> Event<'static> {
    match event {
        Event::Start(start) => Event::Start(start.to_static()),
        Event::Open { index, block } => Event::Open { index, block: Open::of(&block.to_block()).unwrap() },
        Event::Delta { index, delta } => Event::Delta { index, delta: delta.into_static() },
        Event::Close { index } => Event::Close { index },
        Event::Usage(usage) => Event::Usage(usage),
        Event::Tier(tier) => Event::Tier(tier.into_owned().into()),
        Event::Lost(loss) => Event::Lost(loss),
        Event::Choice { .. } => panic!("a response has one answer"),
        Event::Stop(stop) => Event::Stop(stop.to_static()),
        Event::Ping => Event::Ping,
        Event::Fail(error) => Event::Fail(error),
        Event::End => Event::End,
    }
}

fn fold(events: &[Event<'_>]) -> Response {
    let mut response = Response::default();
    events.iter().for_each(|event| response.push(event));
    response
}

fn whole(body: &Value) -> Response {
    let (text, mut response) = (body.to_string(), Response::default());
    read(Json::parse(text.as_bytes()).unwrap(), Aim::Translation, &mut |event| response.push(&event))
        .unwrap();
    response
}

/// Each block is opened once, in order, and closed before the next.
fn check_nested(events: &[Event<'_>]) {
    let (mut next, mut open) = (0, None);
    for event in events {
        match event {
            Event::Open { index, .. } => {
                assert_eq!((*index, open), (next, None));
                open = Some(*index);
            }
            Event::Delta { index, .. } => assert_eq!(open, Some(*index)),
            Event::Close { index } => {
                assert_eq!(open.take(), Some(*index));
                next += 1;
            }
            Event::Stop(_) => assert_eq!(open, None),
            _ => {}
        }
    }
}

/// The frames' fold is the fold of the response in their last, and what is `wanted`.
fn check(frames: &[Value], wanted: &[Block<'static>], reason: StopReason) {
    let events = events(frames);
    check_nested(&events);
    let folded = fold(&events);
    assert_eq!(folded.blocks, wanted);
    assert_eq!(folded.stop.as_ref().map(|stop| &stop.reason), Some(&reason));
    assert_eq!(folded, whole(&frames.last().unwrap()["response"]));
}

fn response(status: &str, output: Value) -> Value {
    json!({"id": "resp_1", "object": "response", "created_at": 7.0, "status": status, "model": "m",
        "service_tier": "default", "output": output, "usage": {"input_tokens": 3, "output_tokens": 2,
        "input_tokens_details": {"cached_tokens": 1}, "output_tokens_details": {"reasoning_tokens": 1}}})
}

fn created() -> Value {
    json!({"type": "response.created", "response": response("in_progress", json!([]))})
}

/// Streams begin with the tier that was wished for, and end with the one that served.
#[test]
fn the_tier_is_the_one_that_served() {
    for (wished, told) in [("auto", vec!["default"]), ("priority", vec!["priority", "default"])] {
        let mut begun = created();
        begun["response"]["service_tier"] = wished.into();
        let events = events(&[begun, completed(json!([]))]);
        let tiers = events.iter().filter_map(|event| match event {
            Event::Start(start) => start.service_tier.as_deref(),
            Event::Tier(tier) => Some(&**tier),
            _ => None,
        });
        assert_eq!(Vec::from_iter(tiers), told);
    }
}

fn completed(output: Value) -> Value {
    json!({"type": "response.completed", "response": response("completed", output)})
}

fn message(parts: Value) -> Value {
    json!({"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": parts})
}

fn call(id: &str, arguments: &str) -> Value {
    json!({"type": "function_call", "id": format!("fc_{id}"), "call_id": id, "name": "f", "arguments": arguments})
}

fn tool(id: &str, arguments: &str) -> Block<'static> {
    Block::ToolUse(crate::ir::ToolUse {
        id: id.to_owned().into(),
        name: "f".into(),
        arguments: arguments.to_owned().into(),
        ..Default::default()
    })
}

#[test]
fn words_with_annotations_as_the_api_streams_them() {
    let cited = json!([{"type": "url_citation", "url": "u"}, {"type": "file_path", "file_id": "f"}]);
    let part = json!({"type": "output_text", "text": "Hi é", "annotations": cited});
    let at = |kind: &str, members: Value| {
        let mut event = json!({"type": kind, "item_id": "msg_1", "output_index": 0, "content_index": 0});
        event.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        event
    };
    let frames = [
        created(),
        json!({"type": "response.output_item.added", "output_index": 0, "item": message(json!([]))}),
        at(
            "response.content_part.added",
            json!({"part": {"type": "output_text", "text": "", "annotations": []}}),
        ),
        at("response.output_text.delta", json!({"delta": "Hi"})),
        json!({"type": "response.something_new", "output_index": 0}),
        at("response.output_text.delta", json!({"delta": " é"})),
        at("response.output_text.annotation.added", json!({"annotation": cited[0]})),
        at("response.output_text.done", json!({"text": "Hi é"})),
        at("response.content_part.done", json!({"part": part})),
        json!({"type": "response.output_item.done", "output_index": 0, "item": message(json!([part]))}),
        completed(json!([message(json!([part]))])),
    ];
    let citations = Citations { api: Api::Responses, raw: format!("[{},{}]", cited[0], cited[1]).into() };
    let text = crate::ir::Text { text: "Hi é".into(), citations: Some(citations), ..Default::default() };
    check(&frames, &[Block::Text(text)], StopReason::Done);
    let usage = fold(&events(&frames)).usage;
    assert_eq!((usage.input, usage.cache_read, usage.reasoning), (Some(3), Some(1), Some(1)));
}

#[test]
fn items_that_only_come_done_are_neither_lost_nor_doubled() {
    let items = [
        message(json!([{"type": "output_text", "text": "a"}, {"type": "refusal", "refusal": "b"}])),
        call("c1", "{}"),
    ];
    let wanted = [Block::text("a"), Block::Refusal("b".into()), tool("c1", "{}")];
    let done = |index: usize| json!({"type": "response.output_item.done", "output_index": index, "item": items[index]});
    let last = completed(json!(items));
    check(&[created(), done(0), done(1), last.clone()], &wanted, StopReason::ToolUse);
    check(&[created(), done(0), last.clone()], &wanted, StopReason::ToolUse);
    check(&[created(), last.clone()], &wanted, StopReason::ToolUse);
    check(&[last], &wanted, StopReason::ToolUse);
    let part_done =
        json!({"type": "response.output_text.done", "output_index": 0, "content_index": 0, "text": "a"});
    check(&[created(), part_done, completed(json!(items))], &wanted, StopReason::ToolUse);
}

/// E6: calls that grow at the same time become blocks one after the other.
#[test]
fn e6_calls_that_overlap_come_one_after_the_other() {
    let added = |index: usize, id: &str| json!({"type": "response.output_item.added", "output_index": index, "item": call(id, "")});
    let delta = |index: usize, delta: &str| json!({"type": "response.function_call_arguments.delta", "output_index": index, "delta": delta});
    let done = |index: usize, id: &str, arguments: &str| json!({"type": "response.output_item.done", "output_index": index, "item": call(id, arguments)});
    let frames = [
        created(),
        added(0, "c1"),
        added(1, "c2"),
        delta(1, "{\"b\":"),
        delta(0, "{\"a\":"),
        delta(1, "2}"),
        done(1, "c2", "{\"b\":2}"),
        delta(0, "1}"),
        done(0, "c1", "{\"a\":1}"),
        added(2, "c3"),
        done(2, "c3", ""),
        completed(json!([call("c1", "{\"a\":1}"), call("c2", "{\"b\":2}"), call("c3", "")])),
    ];
    check(&frames, &[tool("c1", "{\"a\":1}"), tool("c2", "{\"b\":2}"), tool("c3", "")], StopReason::ToolUse);
}

#[test]
fn reasoning_keeps_its_id_and_its_seal() {
    let item = json!({"type": "reasoning", "id": "rs_1", "encrypted_content": "xyz", "summary": [
        {"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "b"}]});
    let mark = json!({"type": "reasoning", "id": "rs_2", "summary": []});
    let hosted = json!({"type": "web_search_call", "id": "ws_1", "status": "completed"});
    let delta = |part: usize, text: &str| {
        json!({"type": "response.reasoning_summary_text.delta", "item_id": "rs_1",
        "output_index": 0, "summary_index": part, "delta": text})
    };
    let part_done = json!({"type": "response.reasoning_summary_part.done", "item_id": "rs_1", "output_index": 0,
        "summary_index": 0, "part": {"type": "summary_text", "text": "a"}});
    let frames = [
        created(),
        json!({"type": "response.output_item.added", "output_index": 0, "item": {"type": "reasoning", "id": "rs_1",
            "encrypted_content": "early", "summary": []}}),
        delta(0, "a"),
        part_done,
        delta(1, "b"),
        json!({"type": "response.output_item.done", "output_index": 0, "item": item}),
        completed(json!([item, mark, hosted])),
    ];
    let thought = |text: &'static str| {
        Block::Thinking(crate::ir::Thought {
            text: text.into(),
            id: Some("rs_1".into()),
            ..Default::default()
        })
    };
    let opaque = |raw: &Value| Block::Opaque { api: Api::Responses, raw: raw.to_string().into() };
    let sealed = Block::Sealed { data: "xyz".into(), id: Some("rs_1".into()) };
    check(&frames, &[thought("a"), thought("b"), sealed, opaque(&mark), opaque(&hosted)], StopReason::Done);
}

#[test]
fn every_ending_has_its_reason() {
    let ending = |why: &str| {
        let mut last = json!({"type": "response.incomplete", "response": response("incomplete", json!([]))});
        last["response"]["incomplete_details"] = json!({"reason": why});
        [created(), last]
    };
    check(&ending("max_output_tokens"), &[], StopReason::MaxTokens);
    check(&ending("content_filter"), &[], StopReason::Refusal);
    check(&ending("steered"), &[], StopReason::Other("steered".to_owned()));
}

/// E8, E9: what breaks off never looks finished, and says why where the provider did.
#[test]
fn e8_e9_failures_and_cut_streams() {
    let error = |frames: &[Value]| fold(&events(frames)).error.map(|error| (error.kind, error.message));
    let failed = json!({"type": "response.failed", "response": {"id": "r", "status": "failed", "output": [],
        "error": {"code": "rate_limit_exceeded", "message": "slow"}}});
    assert_eq!(error(&[created(), failed.clone()]), Some((Kind::RateLimit, "slow".to_owned())));
    assert_eq!(whole(&failed["response"]).error.map(|error| error.message), Some("slow".to_owned()));
    let flat = json!({"type": "error", "code": "server_error", "message": "m", "param": null});
    assert_eq!(error(&[flat]), Some((Kind::Api, "m".to_owned())));
    let nested = json!({"type": "error", "error": {"type": "invalid_request_error", "message": "m"}});
    assert_eq!(
        error(&[created(), nested, completed(json!([]))]),
        Some((Kind::InvalidRequest, "m".to_owned()))
    );
    let cut = fold(&events(&[created()]));
    assert!(!cut.ended && cut.error.is_none() && cut.stop.is_none());
    let mut reader = Reader::default();
    let mut garbage = Response::default();
    reader.push(Frame::event("", b"<html>"), &mut |event| garbage.push(&event));
    assert_eq!(garbage.error.map(|error| error.status), Some(502));
}

#[test]
fn what_is_no_response_is_malformed() {
    assert!(read(Json::parse(br#"{"choices":[]}"#).unwrap(), Aim::Translation, &mut |_| ()).is_err());
}

#[test]
fn seconds_may_have_a_fraction() {
    for (written, read) in [
        ("1741476542", Some(1_741_476_542)),
        ("1741476542.75", Some(1_741_476_542)),
        ("1.7e9", None),
        ("\"1741476542.0\"", None),
        ("-1.5", None),
    ] {
        assert_eq!(whole_seconds(Json::parse(written.as_bytes()).unwrap()), read, "{written}");
    }
}
