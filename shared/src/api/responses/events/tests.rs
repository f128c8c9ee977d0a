//! Events of Responses, one at a time.

use std::borrow::Cow;

use super::super::stream;
use super::*;
use crate::api::aim::Aim;
use crate::api::codec::ReadStream;
use crate::api::family::Api;
use crate::api::passage::Passage;
use crate::error::{Fault, Kind};
use crate::ir::{
    Block, Citations, Media, Response, Source, Start, Stop, StopReason, Text, Thought, ToolKind, ToolUse,
    Usage,
};
use crate::wire::Frame;
use crate::wire::json::Json;
use crate::wire::sse::Scanner;
use proptest::prelude::*;
use serde_json::{Value, json};

fn echo(request: &Value) -> Echo {
    Echo {
        model: "alias".to_owned(),
        id: "7".to_owned(),
        created: 5,
        request: request.to_string().into(),
        ..Echo::default()
    }
}

fn written(echo: Echo, events: impl FnOnce(&mut dyn FnMut(Event<'_>))) -> BytesMut {
    let (mut stream, mut out) = (Stream::new(echo), BytesMut::new());
    events(&mut |event| stream.push(&event, &mut out));
    out
}

/// The stream's events. Each has its type as its name and its place in the sequence.
fn frames(out: &[u8]) -> Vec<Value> {
    let mut frames: Vec<Value> = Vec::new();
    let mut sink = |frame: Frame<'_>| {
        let event: Value = serde_json::from_slice(frame.data).unwrap();
        assert_eq!(
            (event["type"].as_str(), &event["sequence_number"]),
            (Some(frame.name), &json!(frames.len()))
        );
        frames.push(event);
    };
    Scanner::new(1 << 20).push(out, &mut sink).unwrap();
    frames
}

fn answer(blocks: Vec<Block<'static>>, reason: StopReason) -> Response {
    Response {
        start: Start { id: "resp_1".into(), model: "m".into(), created: Some(3), service_tier: None },
        blocks,
        usage: Usage {
            input: Some(10),
            output: Some(4),
            cache_read: Some(6),
            reasoning: Some(1),
            ..Usage::default()
        },
        stop: Some(Stop { reason, sequence: None }),
        ended: true,
        ..Response::default()
    }
}

fn whole(response: &Response, request: &Value) -> Value {
    let mut out = BytesMut::new();
    super::super::answer::write(response, &echo(request), &mut out);
    serde_json::from_slice(&out).unwrap()
}

/// The types of the events that an answer is streamed as, without `response.`; the whole answer is that of the last.
fn check(response: &Response, request: &Value, wanted: &[&str]) -> Vec<Value> {
    let frames = frames(&written(echo(request), |sink| response.replay(sink)));
    let kinds: Vec<&str> =
        frames.iter().map(|it| it["type"].as_str().unwrap().trim_start_matches("response.")).collect();
    assert_eq!(kinds, wanted);
    assert_eq!(frames.last().unwrap()["response"], whole(response, request));
    frames
}

fn tool(id: &'static str, name: &'static str, arguments: &'static str) -> Block<'static> {
    Block::ToolUse(ToolUse {
        id: id.into(),
        name: name.into(),
        arguments: arguments.into(),
        ..ToolUse::default()
    })
}

/// E6, E7: text and two calls are three items, each with all its events and its full content. D4: where a function has no
/// arguments, an object of them.
#[test]
fn e6_e7_text_and_calls_are_items_of_their_own() {
    let answer =
        answer(vec![Block::text("Hi"), tool("c1", "f", "{}"), tool("c2", "g", "")], StopReason::ToolUse);
    let frames = check(
        &answer,
        &Value::Null,
        &[
            "created",
            "in_progress",
            "output_item.added",
            "content_part.added",
            "output_text.delta",
            "output_text.done",
            "content_part.done",
            "output_item.done",
            "output_item.added",
            "function_call_arguments.delta",
            "function_call_arguments.done",
            "output_item.done",
            "output_item.added",
            "function_call_arguments.delta",
            "function_call_arguments.done",
            "output_item.done",
            "completed",
        ],
    );
    assert_eq!(
        frames[4],
        json!({"type": "response.output_text.delta", "sequence_number": 4, "item_id": "msg_1_0",
        "output_index": 0, "content_index": 0, "delta": "Hi", "logprobs": []})
    );
    let text = json!({"type": "output_text", "text": "Hi", "annotations": [], "logprobs": []});
    let call = |id: &str, call_id: &str, name: &str, arguments: &str| {
        json!({"type": "function_call", "id": id,
        "call_id": call_id, "name": name, "arguments": arguments, "status": "completed"})
    };
    let last = &frames[16]["response"];
    assert_eq!(
        last["output"],
        json!([
            {"type": "message", "id": "msg_1_0", "role": "assistant", "status": "completed", "content": [text]},
            call("fc_1_1", "c1", "f", "{}"), call("fc_1_2", "c2", "g", "{}"),
        ])
    );
    assert_eq!(
        last["usage"],
        json!({"input_tokens": 10, "output_tokens": 4, "total_tokens": 14,
        "input_tokens_details": {"cached_tokens": 6, "cache_write_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 1}})
    );
    assert_eq!(
        (&last["model"], &last["created_at"], &last["id"]),
        (&json!("alias"), &json!(3), &json!("resp_1"))
    );
}

/// D11: what the client asked for is repeated, and the API's defaults where it did not ask.
#[test]
fn d11_the_answer_repeats_the_request() {
    let request = json!({"model": "alias", "input": "x", "instructions": "be brief", "temperature": 0.25,
        "max_output_tokens": 9, "tools": [{"type": "web_search"}], "tool_choice": {"type": "web_search"},
        "metadata": {"a": "b"}, "text": {"verbosity": "low"}, "reasoning": {"effort": "high"}, "store": null});
    let body = whole(&answer(vec![], StopReason::Done), &request);
    for name in ["instructions", "temperature", "max_output_tokens", "tools", "tool_choice", "metadata"] {
        assert_eq!(body[name], request[name], "{name}");
    }
    assert_eq!(body["text"], json!({"verbosity": "low", "format": {"type": "text"}}));
    assert_eq!(body["reasoning"], json!({"effort": "high", "summary": null}));
    let usual = json!({"store": true, "top_p": 1.0, "truncation": "disabled", "background": false, "user": null,
        "parallel_tool_calls": true, "previous_response_id": null, "service_tier": "auto"});
    usual.as_object().unwrap().iter().for_each(|(name, value)| assert_eq!(&body[name], value, "{name}"));
}

/// D14: custom tools and members of namespaces come back as such, whatever their provider knows of them.
#[test]
fn d14_tools_come_back_as_they_were_declared() {
    let request = json!({"tools": [{"type": "custom", "name": "c"},
        {"type": "namespace", "name": "n", "tools": [{"type": "function", "name": "f"}]}]});
    let answer = answer(
        vec![tool("c1", "c", r#"{"input":"free \"text\""}"#), tool("c2", "n__f", "{}")],
        StopReason::ToolUse,
    );
    let (mut passage, mut given) =
        (Passage::new(Api::Completions, Api::Responses, &echo(&request)), Response::default());
    answer.replay(&mut |event| passage.push(event, &mut |event| given.push(&event)));
    let frames = check(
        &given,
        &request,
        &[
            "created",
            "in_progress",
            "output_item.added",
            "custom_tool_call_input.delta",
            "custom_tool_call_input.done",
            "output_item.done",
            "output_item.added",
            "function_call_arguments.delta",
            "function_call_arguments.done",
            "output_item.done",
            "completed",
        ],
    );
    assert_eq!(frames[3]["delta"], json!("free \"text\""));
    assert_eq!(
        frames[10]["response"]["output"],
        json!([
            {"type": "custom_tool_call", "id": "ctc_1_0", "call_id": "c1", "name": "c", "input": "free \"text\""},
            {"type": "function_call", "id": "fc_1_1", "call_id": "c2", "name": "f", "namespace": "n",
             "arguments": "{}", "status": "completed"},
        ])
    );
}

#[test]
fn thinking_and_its_seal_are_one_item() {
    let thought = |text: &'static str| {
        Block::Thinking(Thought { text: text.into(), id: Some("rs_9".into()), ..Thought::default() })
    };
    let sealed = Block::Sealed { data: "xyz".into(), id: Some("rs_9".into()) };
    let foreign = Block::Opaque { api: Api::Messages, raw: "{}".into() };
    let own = Block::Opaque { api: Api::Responses, raw: r#"{"type":"mcp_call","id":"m"}"#.into() };
    let answer = answer(vec![thought("a"), thought("b"), sealed, foreign, own], StopReason::Done);
    let frames = check(
        &answer,
        &Value::Null,
        &[
            "created",
            "in_progress",
            "output_item.added",
            "reasoning_summary_part.added",
            "reasoning_summary_text.delta",
            "reasoning_summary_text.done",
            "reasoning_summary_part.done",
            "reasoning_summary_part.added",
            "reasoning_summary_text.delta",
            "reasoning_summary_text.done",
            "reasoning_summary_part.done",
            "output_item.done",
            "output_item.added",
            "output_item.done",
            "completed",
        ],
    );
    assert_eq!(frames[8]["summary_index"], json!(1));
    assert_eq!(
        frames[11]["item"],
        json!({"type": "reasoning", "id": "rs_9", "encrypted_content": "xyz",
        "summary": [{"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "b"}]})
    );
}

#[test]
fn refusals_and_annotations_are_parts_of_one_message() {
    let citations = Citations { api: Api::Responses, raw: r#"[{"type":"file_path"}]"#.into() };
    let text = Text { text: "a".into(), citations: Some(citations), ..Text::default() };
    let answer = answer(vec![Block::Text(text), Block::Refusal("no".into())], StopReason::Refusal);
    let frames = check(
        &answer,
        &Value::Null,
        &[
            "created",
            "in_progress",
            "output_item.added",
            "content_part.added",
            "output_text.delta",
            "output_text.annotation.added",
            "output_text.done",
            "content_part.done",
            "content_part.added",
            "refusal.delta",
            "refusal.done",
            "content_part.done",
            "output_item.done",
            "completed",
        ],
    );
    assert_eq!(
        frames[12]["item"]["content"],
        json!([
            {"type": "output_text", "text": "a", "annotations": [{"type": "file_path"}], "logprobs": []},
            {"type": "refusal", "refusal": "no"},
        ])
    );
}

#[test]
fn an_answer_cut_short_is_incomplete() {
    for (reason, why) in [
        (StopReason::MaxTokens, "max_output_tokens"),
        (StopReason::ContextWindow, "max_output_tokens"),
        (StopReason::Refusal, "content_filter"),
    ] {
        let frames = check(
            &answer(vec![Block::text("a")], reason),
            &Value::Null,
            &[
                "created",
                "in_progress",
                "output_item.added",
                "content_part.added",
                "output_text.delta",
                "output_text.done",
                "content_part.done",
                "output_item.done",
                "incomplete",
            ],
        );
        assert_eq!(frames[7]["item"]["status"], json!("incomplete"));
        assert_eq!(frames[8]["response"]["incomplete_details"], json!({"reason": why}));
    }
}

/// E8, E9: a failure is the last word, and nothing before it looks finished.
#[test]
fn e8_e9_a_failure_is_the_last_word() {
    let error = || Error::new(Fault::Upstream, Kind::RateLimit, "slow").with_code("too_fast");
    let text = |sink: &mut dyn FnMut(Event<'_>)| {
        sink(Event::Open { index: 0, block: Open::Text });
        sink(Event::Delta { index: 0, delta: Delta::Text("a".into()) });
    };
    let out = written(echo(&Value::Null), |sink| {
        sink(Event::Start(Start::default()));
        text(sink);
        sink(Event::Fail(error()));
        sink(Event::End);
    });
    let frames = frames(&out);
    let last = frames.last().unwrap();
    assert_eq!((frames.len(), &last["type"]), (6, &json!("response.failed")));
    assert_eq!(last["response"]["error"], json!({"code": "rate_limit_exceeded", "message": "slow"}));
    assert_eq!((&last["response"]["status"], &last["response"]["output"]), (&json!("failed"), &json!([])));
    assert_eq!(last["response"]["id"], json!("resp_7"));
    let early = written(echo(&Value::Null), |sink| sink(Event::Fail(error())));
    check_early(&super::tests::frames(&early));
}

/// OpenAI's helpers throw at whatever comes before `response.created`, and hide what it says.
#[track_caller]
fn check_early(frames: &[Value]) {
    let said = |frame: &Value| {
        let response = &frame["response"];
        json!([
            frame["type"],
            response["id"],
            response["status"],
            response["error"],
            response["completed_at"]
        ])
    };
    let said: Vec<Value> = frames.iter().map(said).collect();
    let error = json!({"code": "rate_limit_exceeded", "message": "slow"});
    let begun = |kind: &str| json!([kind, "resp_7", "in_progress", null, null]);
    let failed = json!(["response.failed", "resp_7", "failed", error, null]);
    assert_eq!(said, [begun("response.created"), begun("response.in_progress"), failed]);
}

/// The provider has begun its own, whose id is not known.
#[test]
fn a_stream_of_the_providers_own_breaks_off_with_an_error() {
    let (mut stream, mut out) = (Stream::after(echo(&Value::Null), 3), BytesMut::new());
    stream.push(&Event::Fail(Error::upstream("gone").with_code("c")), &mut out);
    let event = r#"{"type":"error","sequence_number":3,"code":"c","message":"gone","param":null}"#;
    assert_eq!(out, format!("event: error\ndata: {event}\n\n"));
}

/// When an answer was whole is told of one that is, and only there.
#[test]
fn completed_at_is_the_answers_end() {
    for (reason, time) in [(StopReason::Done, json!(9)), (StopReason::MaxTokens, Value::Null)] {
        let answer = answer(vec![Block::Text(Text { text: "a".into(), ..Text::default() })], reason);
        let mut out = BytesMut::new();
        super::super::answer::write(&answer, &Echo { completed: Some(9), ..echo(&Value::Null) }, &mut out);
        let (mut stream, mut events) = (Stream::new(echo(&Value::Null)), BytesMut::new());
        answer.replay(&mut |event| {
            if event == Event::End {
                stream.completed(9);
            }
            stream.push(&event, &mut events);
        });
        let frames = frames(&events);
        assert_eq!(serde_json::from_slice::<Value>(&out).unwrap()["completed_at"], time);
        assert_eq!(frames.last().unwrap()["response"]["completed_at"], time);
        assert_eq!(frames[0]["response"]["completed_at"], Value::Null);
    }
}

#[test]
fn layout_does_not_break_the_stream() {
    let request = "{\"tools\":[\r\n {\"type\":\n\"web_search\"}]}";
    let echo = Echo { request: request.into(), ..echo(&Value::Null) };
    let own = Block::Opaque { api: Api::Responses, raw: "{\"type\":\n\"mcp_call\"}".into() };
    let frames = frames(&written(echo, |sink| answer(vec![own], StopReason::Done).replay(sink)));
    assert_eq!(frames[0]["response"]["tools"], json!([{"type": "web_search"}]));
    assert_eq!(frames[3]["item"], json!({"type": "mcp_call"}));
}

#[test]
fn pings_are_comments() {
    assert_eq!(&written(Echo::default(), |sink| sink(Event::Ping))[..], b": ping\n\n");
}

#[test]
fn images_and_transcripts_have_a_place() {
    let image =
        Block::Image(Media::new(Source::Base64 { media_type: "image/png".into(), data: "AA".into() }));
    let audio = Source::Base64 { media_type: "audio/wav".into(), data: "BB".into() };
    let audio = Block::Audio(Media { context: Some("said".into()), ..Media::new(audio) });
    let body = whole(&answer(vec![image, audio], StopReason::Done), &Value::Null);
    assert_eq!(body["output"][0]["result"], json!("AA"));
    assert_eq!(body["output"][1]["content"][0]["text"], json!("said"));
}

fn any_block() -> impl Strategy<Value = Block<'static>> {
    let words = any::<String>;
    let cited = prop::option::of("[a-z]{3}").prop_map(|id| {
        id.map(|id| Citations { api: Api::Responses, raw: format!(r#"[{{"id":"{id}"}}]"#).into() })
    });
    let text = (words(), cited)
        .prop_map(|(text, citations)| Block::Text(Text { text: text.into(), citations, ..Text::default() }));
    let refusal = words().prop_map(|text| Block::Refusal(text.into()));
    let id = || "rs_[0-9]{6}".prop_map(|id| Some(Cow::Owned(id)));
    let thinking = (words(), id())
        .prop_map(|(text, id)| Block::Thinking(Thought { text: text.into(), id, ..Thought::default() }));
    let sealed = (words(), id()).prop_map(|(data, id)| Block::Sealed { data: data.into(), id });
    let tool = ("c[0-9]{3}", "[a-z]{1,5}", words(), any::<bool>()).prop_map(|(id, name, text, custom)| {
        let kind = if custom { ToolKind::Custom } else { ToolKind::Function };
        // A function's call without arguments is written with an object of them.
        let text = if text.is_empty() && !custom { "{}".to_owned() } else { text };
        let (id, name, arguments) = (id.into(), name.into(), text.into());
        Block::ToolUse(ToolUse { id, name, kind, arguments, ..ToolUse::default() })
    });
    let opaque = any::<u16>().prop_map(|n| Block::Opaque {
        api: Api::Responses,
        raw: format!(r#"{{"type":"mcp_call","id":"m{n}"}}"#).into(),
    });
    prop_oneof![3 => text, 1 => refusal, 2 => thinking, 1 => sealed, 3 => tool, 1 => opaque]
}

fn any_answer() -> impl Strategy<Value = Response> {
    (prop::collection::vec(any_block(), 0..7), any::<bool>()).prop_map(|(blocks, is_cut)| {
        let has = |wanted: fn(&Block<'_>) -> bool| blocks.iter().any(wanted);
        let reason = match () {
            () if is_cut => StopReason::MaxTokens,
            () if has(|block| matches!(block, Block::ToolUse(_))) => StopReason::ToolUse,
            () if has(|block| matches!(block, Block::Refusal(_))) => StopReason::Refusal,
            () => StopReason::Done,
        };
        let mut answer = answer(blocks, reason);
        answer.start.model = "alias".into();
        answer.usage.cache_write = Some(0);
        answer
    })
}

fn read_stream(out: &[u8]) -> Response {
    let (mut reader, mut response) = (stream::Reader::default(), Response::default());
    let mut sink = |frame: Frame<'_>| reader.push(frame, &mut |event| response.push(&event));
    Scanner::new(1 << 20).push(out, &mut sink).unwrap();
    response
}

proptest! {
    /// **Laws: an answer written is read as the same answer, streamed as well as whole.**
    #[test]
    fn what_is_written_is_read_again(answer in any_answer()) {
        let out = written(echo(&Value::Null), |sink| answer.replay(sink));
        prop_assert_eq!(&read_stream(&out), &answer);
        let (mut out, mut again) = (BytesMut::new(), Response::default());
        super::super::answer::write(&answer, &echo(&Value::Null), &mut out);
        stream::read(Json::parse(&out).unwrap(), Aim::Translation, &mut |event| again.push(&event)).unwrap();
        prop_assert_eq!(&again, &answer);
    }

    /// **Law: a whole answer is the last event of its stream.**
    #[test]
    fn the_stream_ends_with_the_whole(answer in any_answer()) {
        let frames = frames(&written(echo(&Value::Null), |sink| answer.replay(sink)));
        prop_assert_eq!(&frames.last().unwrap()["response"], &whole(&answer, &Value::Null));
    }

    /// **Law: folding an answer's replay gives the answer.**
    #[test]
    fn replaying_and_folding_cancel_out(answer in any_answer()) {
        let mut again = Response::default();
        answer.replay(&mut |event| again.push(&event));
        prop_assert_eq!(again, answer);
    }
}
