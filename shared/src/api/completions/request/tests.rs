//! Requests in, requests out.

use bytes::BytesMut;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{read, write};
use crate::api::family::Api;
use crate::dialect::{MaxTokens, Quirks};
use crate::error::Error;
use crate::ir::{
    Block, Cache, Function, Media, Request, Role, Source, Text, Thinking, Tool, ToolChoice, ToolKind,
    ToolResult, ToolUse, Turn,
};
use crate::wire::json::Json;

const OPENAI: Quirks = Quirks { max_tokens: MaxTokens::Completion, developer: None, ..Quirks::USUAL };

fn written(request: &Request<'_>, quirks: &Quirks) -> Result<(Value, Vec<String>), Error> {
    let mut out = BytesMut::new();
    let losses = write(request, quirks, &mut out)?;
    Ok((serde_json::from_slice(&out).unwrap(), losses.iter().map(ToString::to_string).collect()))
}

fn rewritten(body: &Value) -> Result<Value, Error> {
    let text = body.to_string();
    let request = read(Json::parse(text.as_bytes()).unwrap())?;
    let (value, losses) = written(&request, &OPENAI)?;
    assert_eq!(losses, [""; 0]);
    Ok(value)
}

/// A request with `members` comes back as it was.
#[track_caller]
fn check_same(mut members: Value) {
    let object = members.as_object_mut().unwrap();
    object.entry("model").or_insert("m".into());
    object.entry("messages").or_insert(json!([{"role": "user", "content": "hi"}]));
    assert_eq!(rewritten(&members).unwrap(), members);
}

#[track_caller]
fn check_messages(messages: Value) {
    check_same(json!({ "messages": messages }));
}

#[track_caller]
fn check_refused(members: &Value, param: &str) {
    let error = rewritten(members).unwrap_err();
    assert_eq!((error.status, error.param.as_deref()), (400, Some(param)), "{error}");
}

/// What a request from another API becomes.
#[track_caller]
fn check_foreign(request: Request<'_>, quirks: &Quirks, wanted: &Value, losses: &[&str]) {
    let request = Request { api: Some(Api::Messages), ..request };
    let (mut value, lost) = written(&request, quirks).unwrap();
    value.as_object_mut().unwrap().retain(|name, _| wanted.get(name).is_some());
    assert_eq!(&value, wanted);
    assert_eq!(lost, losses);
}

#[test]
fn c1_every_parameter_comes_back() {
    check_same(json!({
        "temperature": 0.7, "top_p": 1e-1, "top_k": 40, "frequency_penalty": -2, "presence_penalty": 0.5,
        "max_completion_tokens": 100, "n": 2, "stop": ["a", "b"], "logprobs": true, "top_logprobs": 3,
        "reasoning_effort": "low", "verbosity": "high", "user": "u", "safety_identifier": "s",
        "metadata": {"a": "b"}, "store": true, "service_tier": "flex", "prompt_cache_key": "k",
        "modalities": ["text"], "prediction": {"type": "content", "content": "x"}, "vendors_own": [null],
        "stream": true, "stream_options": {"include_usage": true, "include_obfuscation": false},
    }));
}

#[test]
fn b4_seeds_and_biases_keep_their_spelling() {
    let body = r#"{"messages":[{"role":"user","content":"x"}],"seed":12345678901234567890,"logit_bias":{"50256":-0.25}}"#;
    let mut out = BytesMut::new();
    write(&read(Json::parse(body.as_bytes()).unwrap()).unwrap(), &OPENAI, &mut out).unwrap();
    let out = String::from_utf8(out.to_vec()).unwrap();
    assert!(out.contains(r#""seed":12345678901234567890"#) && out.contains(r#""50256":-0.25"#), "{out}");
}

#[test]
fn b1_stop_is_a_text_or_several() {
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "x"}], "stop": "\n"});
    assert_eq!(rewritten(&body).unwrap()["stop"], json!(["\n"]));
    check_same(json!({"stop": ["\n"]}));
}

#[test]
fn b2_every_part_and_role_comes_back() {
    check_messages(json!([
        {"role": "system", "content": "s", "name": "n"},
        {"role": "developer", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        {"role": "user", "content": [
            {"type": "text", "text": "look", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
            {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
            {"type": "file", "file": {"file_id": "file-1"}},
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,AAAA", "filename": "a.pdf"}},
            {"type": "video_url", "video_url": {"url": "https://x/y.mp4"}},
            {"type": "hologram_url", "hologram_url": {"url": "https://x/y.mp4"}},
        ]},
        {"role": "assistant", "content": null, "refusal": "no"},
        {"role": "assistant", "content": null, "audio": {"id": "audio_1"}},
        {"role": "assistant", "content": [{"type": "text", "text": "a"}, {"type": "refusal", "refusal": "b"}]},
        {"role": "critic", "content": "c"},
    ]));
}

#[test]
fn b3_every_tool_and_choice_comes_back() {
    let tools = json!([
        {"type": "function", "function": {"name": "f"}},
        {"type": "function", "function": {"name": "g", "description": "d", "strict": true,
            "parameters": {"type": "object"}, "x": 1}, "cache_control": {"type": "ephemeral"}},
        {"type": "custom", "custom": {"name": "c", "description": "d", "format":
            {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: /a/"}}}},
        {"type": "vendor_search", "depth": 3},
    ]);
    for choice in [
        json!("auto"),
        json!("none"),
        json!("required"),
        json!("validated"),
        json!({"type": "function", "function": {"name": "f"}}),
        json!({"type": "custom", "custom": {"name": "c"}}),
        json!({"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [
            {"type": "function", "function": {"name": "f"}}, {"type": "custom", "custom": {"name": "c"}}]}}),
        json!({"type": "vendor_search"}),
    ] {
        check_same(json!({"tools": tools, "tool_choice": choice, "parallel_tool_calls": false}));
    }
}

#[test]
fn calls_and_results_come_back() {
    check_messages(json!([
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": null, "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1.0}"}},
            {"id": "2", "type": "custom", "custom": {"name": "c", "input": "free"}},
            {"id": "3", "type": "function", "function": {"name": "f", "arguments": "{\"a\":"},
             "extra_content": {"google": {"thought_signature": "sig"}}},
        ]},
        {"role": "tool", "tool_call_id": "1", "content": "one"},
        {"role": "tool", "tool_call_id": "2", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        {"role": "tool", "tool_call_id": "3", "content": "", "name": "f"},
        {"role": "user", "content": "and?"},
    ]));
}

/// C2, D1
#[test]
fn c2_thinking_comes_back() {
    check_messages(json!([
        {"role": "assistant", "content": "a", "reasoning_content": "because"},
        {"role": "assistant", "content": "a", "reasoning": "because"},
        {"role": "assistant", "content": "a", "reasoning_details": [
            {"type": "reasoning.text", "text": "because", "signature": "s", "format": "anthropic-claude-v1", "index": 0},
            {"type": "reasoning.summary", "summary": "in short", "id": "r"},
            {"type": "reasoning.encrypted", "data": "d", "id": "e"},
        ]},
    ]));
}

#[test]
fn formats_come_back() {
    check_same(json!({"response_format": {"type": "text"}}));
    check_same(json!({"response_format": {"type": "json_object"}}));
    check_same(json!({"response_format": {"type": "json_schema", "json_schema":
        {"name": "n", "description": "d", "schema": {"type": "object"}, "strict": true}}}));
    check_same(json!({"response_format": {"type": "grammar", "grammar": "x"}}));
}

#[test]
fn b2_the_legacy_form_becomes_tools() {
    let body = json!({
        "model": "m",
        "messages": [
            {"role": "user", "content": "x"},
            {"role": "assistant", "content": null, "function_call": {"name": "f", "arguments": "{}"}},
            {"role": "function", "name": "f", "content": "y"},
        ],
        "functions": [{"name": "f", "parameters": {"type": "object"}}],
        "function_call": {"name": "f"},
    });
    let wanted = json!({
        "model": "m",
        "messages": [
            {"role": "user", "content": "x"},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "call_1", "content": "y"},
        ],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "parallel_tool_calls": false,
    });
    assert_eq!(rewritten(&body).unwrap(), wanted);
    let mut auto = body;
    auto["function_call"] = json!("auto");
    assert_eq!(rewritten(&auto).unwrap()["tool_choice"], json!("auto"));
}

#[test]
fn d16_alternatives_imply_probabilities() {
    let body = json!({"messages": [{"role": "user", "content": "x"}], "top_logprobs": 2});
    let value = rewritten(&body).unwrap();
    assert_eq!((&value["logprobs"], &value["top_logprobs"]), (&json!(true), &json!(2)));
}

#[test]
fn b9_what_cannot_be_right_is_refused_by_its_path() {
    let with = |message: Value| json!({"messages": [{"role": "user", "content": "a"}, message]});
    check_refused(&json!({"model": "m"}), "messages");
    check_refused(&json!({"messages": 1}), "messages");
    check_refused(&with(json!({"content": "x"})), "messages[1].role");
    check_refused(&with(json!({"role": "user", "content": 1})), "messages[1].content");
    let image = json!({"role": "user", "content": [{"type": "image_url", "image_url": {}}]});
    check_refused(&with(image), "messages[1].content[0].image_url.url");
    let call = json!({"role": "assistant", "tool_calls": [{"id": "1", "function": {}}]});
    check_refused(&with(call), "messages[1].tool_calls[0].function.name");
    check_refused(&with(json!({"role": "tool", "content": "x"})), "messages[1].tool_call_id");
    check_refused(&with(json!({"role": "function", "name": "f", "content": "x"})), "messages[1].role");
    let mut limit = with(json!({"role": "user", "content": "x"}));
    limit["max_tokens"] = json!(-1);
    check_refused(&limit, "max_tokens");
    limit["max_tokens"] = json!(1);
    limit["stop"] = json!(["a", 1]);
    check_refused(&limit, "stop[1]");
    limit["stop"] = json!(null);
    limit["tools"] = json!([{"type": "function"}]);
    check_refused(&limit, "tools[0].function");
}

/// D6 and D3: results directly behind the calls, their images behind them.
#[test]
fn d6_results_follow_their_calls_and_images_follow_results() {
    let image =
        || Block::Image(Media::new(Source::Base64 { media_type: "image/png".into(), data: "AA".into() }));
    let result = |id: &'static str, content, is_error| {
        Block::ToolResult(ToolResult { id: id.into(), content, is_error, ..ToolResult::default() })
    };
    let call = ToolUse { id: "1".into(), name: "f".into(), ..ToolUse::default() };
    let turns = vec![
        Turn::new(Role::Assistant, vec![Block::text("wait"), Block::ToolUse(call)]),
        Turn::new(Role::User, vec![Block::text("so"), result("1", vec![image(), Block::text("seen")], true)]),
        Turn::new(Role::User, vec![result("2", vec![], false), Block::text("go on")]),
    ];
    let wanted = json!({"messages": [
        {"role": "assistant", "content": "wait", "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "1", "content": "seen"},
        {"role": "tool", "tool_call_id": "2", "content": ""},
        {"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}},
            {"type": "text", "text": "so"}]},
        {"role": "user", "content": "go on"},
    ]});
    let losses = [
        "messages[1].content[0](moved)",
        "messages[1].content[1].is_error",
        "messages[1].content[1].content[0](moved)",
    ];
    check_foreign(Request { turns, ..Request::default() }, &OPENAI, &wanted, &losses);
}

#[test]
fn d5_all_instructions_keep_their_place_and_the_providers_name_for_them() {
    let turn = |role, text: &'static str| Turn::new(role, vec![Block::text(text)]);
    let turns = vec![turn(Role::System, "a"), turn(Role::User, "b"), turn(Role::Developer, "c")];
    let request = Request { turns, ..Request::default() };
    let wanted = |developer| {
        json!({"messages": [{"role": "system", "content": "a"}, {"role": "user", "content": "b"},
            {"role": developer, "content": "c"}]})
    };
    check_foreign(request.clone(), &OPENAI, &wanted("developer"), &[]);
    check_foreign(request, &Quirks::USUAL, &wanted("system"), &[]);
}

#[test]
fn d7_parameters_by_the_names_the_provider_knows() {
    let request = || Request {
        max_tokens: Some(1000),
        top_k: Some(Json::parse(b"4").unwrap()),
        temperature: Some(Json::parse(b"1.5").unwrap()),
        store: Some(true),
        stream: true,
        thinking: Some(Thinking { budget: Some(600), ..Thinking::default() }),
        ..Request::default()
    };
    let usual = Quirks { max_temperature: Some(1.0), drops: &["stream_options"], ..Quirks::USUAL };
    check_foreign(
        request(),
        &usual,
        &json!({"max_tokens": 1000, "temperature": 1}),
        &["temperature(clamped)", "top_k", "reasoning_effort", "store", "stream_options"],
    );
    let extras = Quirks { extras: &["top_k", "store", "reasoning_effort"], ..OPENAI };
    check_foreign(
        request(),
        &extras,
        &json!({"max_completion_tokens": 1000, "temperature": 1.5, "top_k": 4, "store": true,
            "reasoning_effort": "low", "stream_options": {"include_usage": true}}),
        &["thinking.budget(approximated)"],
    );
}

#[test]
fn marks_and_thinking_are_lost_where_the_provider_has_no_place_for_them() {
    let cached = Text { text: "a".into(), cache: Some(Cache::default()), ..Text::default() };
    let thought = Block::Thinking(crate::ir::Thought { text: "t".into(), ..Default::default() });
    let request = Request {
        turns: vec![
            Turn::new(Role::User, vec![Block::Text(cached)]),
            Turn::new(Role::Assistant, vec![thought, Block::text("b")]),
        ],
        ..Request::default()
    };
    let plain =
        json!({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]});
    let lost = ["messages[0].content[0].cache_control", "messages[1].thinking"];
    check_foreign(request.clone(), &OPENAI, &plain, &lost);
    let quirks = Quirks { extras: &["cache_control"], reasoning: Some("reasoning_content"), ..Quirks::USUAL };
    let marked = json!({"messages": [
        {"role": "user", "content": [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}]},
        {"role": "assistant", "reasoning_content": "t", "content": "b"}]});
    check_foreign(request, &quirks, &marked, &[]);
}

#[test]
fn tools_of_another_provider_are_refused_by_name() {
    let raw = Json::parse(br#"{"type":"web_search_20250305","name":"web_search"}"#).unwrap();
    let hosted = Tool::Hosted { api: Api::Messages, kind: "web_search_20250305".into(), raw };
    let tools = vec![Tool::Function(Function { name: "f".into(), ..Function::default() }), hosted];
    let request = Request { tools, api: Some(Api::Messages), ..Request::default() };
    let error = written(&request, &OPENAI).unwrap_err();
    assert_eq!(error.param.as_deref(), Some("tools[1]"));
    assert!(error.message.contains("web_search_20250305"));
}

#[test]
fn a_grammar_of_responses_is_written_in_this_apis_form() {
    let format = Json::parse(br#"{"type":"grammar","syntax":"lark","definition":"d"}"#).unwrap();
    let custom = Tool::Custom { name: "c".into(), description: None, format: Some(format), rest: vec![] };
    let choice = ToolChoice::Named { name: "c".into(), kind: ToolKind::Custom };
    let request = Request { tools: vec![custom], tool_choice: Some(choice), ..Request::default() };
    let wanted = json!({
        "tools": [{"type": "custom", "custom": {"name": "c", "format":
            {"type": "grammar", "grammar": {"syntax": "lark", "definition": "d"}}}}],
        "tool_choice": {"type": "custom", "custom": {"name": "c"}},
    });
    check_foreign(request, &OPENAI, &wanted, &[]);
}

#[test]
fn content_a_provider_cannot_take_is_refused() {
    let document = Block::Document(Media::new(Source::Url("https://x/a.pdf".into())));
    let request = Request {
        turns: vec![Turn::new(Role::User, vec![document])],
        api: Some(Api::Messages),
        ..Request::default()
    };
    assert_eq!(written(&request, &OPENAI).unwrap_err().param.as_deref(), Some("messages[0].content[0]"));
}

#[test]
fn efforts_are_in_the_models_words() {
    let quirks = Quirks {
        extras: &["reasoning_effort"],
        efforts: &[("medium", "high"), ("high", "high")],
        ..Quirks::USUAL
    };
    let request = |effort: &'static str| Request {
        thinking: Some(Thinking { effort: Some(effort.into()), ..Thinking::default() }),
        ..Request::default()
    };
    let high = json!({"reasoning_effort": "high"});
    check_foreign(request("high"), &quirks, &high, &[]);
    check_foreign(request("Medium"), &quirks, &high, &["thinking.effort(approximated)"]);
    check_foreign(request("huge"), &quirks, &json!({}), &["thinking.effort"]);
}

#[test]
fn whoever_gives_one_name_for_the_user_has_a_user() {
    let body = json!({"messages": [{"role": "user", "content": "x"}], "safety_identifier": "s"});
    assert_eq!(rewritten(&body).unwrap()["user"], json!("s"));
}

fn any_text() -> impl Strategy<Value = String> {
    "[a-zé\"\\\\\n ]{1,8}"
}

fn any_part() -> impl Strategy<Value = Value> {
    let url = prop::sample::select(vec!["https://x/y.png", "data:image/png;base64,AAAA"]);
    prop_oneof![
        any_text().prop_map(|text| json!({"type": "text", "text": text})),
        any_text()
            .prop_map(|text| json!({"type": "text", "text": text, "cache_control": {"type": "ephemeral"}})),
        url.prop_map(|url| json!({"type": "image_url", "image_url": {"url": url, "detail": "high"}})),
        any_text().prop_map(|id| json!({"type": "file", "file": {"file_id": id}})),
        any_text().prop_map(|own| json!({"type": "vendors_own", "own": own})),
    ]
}

fn any_content() -> impl Strategy<Value = Value> {
    let parts = prop::collection::vec(any_part(), 2..4).prop_map(Value::from);
    prop_oneof![any_text().prop_map(Value::from), parts]
}

/// A call of the assistant's and what came of it.
fn any_round() -> impl Strategy<Value = Vec<Value>> {
    let call = ("[a-z]{1,5}", any_text(), any_text(), any::<bool>());
    prop::collection::vec(call, 1..4).prop_map(|calls| {
        let used = calls.iter().enumerate().map(|(at, (name, arguments, _, custom))| match custom {
            false => json!({"id": at.to_string(), "type": "function", "function": {"name": name, "arguments": format!("{arguments}.")}}),
            true => json!({"id": at.to_string(), "type": "custom", "custom": {"name": name, "input": arguments}}),
        });
        let assistant = json!({"role": "assistant", "content": null, "tool_calls": used.collect::<Vec<_>>()});
        let results = calls.iter().enumerate().map(|(at, (_, _, text, _))| {
            json!({"role": "tool", "tool_call_id": at.to_string(), "content": text})
        });
        std::iter::once(assistant).chain(results).collect()
    })
}

fn any_messages() -> impl Strategy<Value = Vec<Value>> {
    let role = prop::sample::select(vec!["system", "developer", "user", "critic"]);
    let plain =
        (role, any_content()).prop_map(|(role, content)| vec![json!({"role": role, "content": content})]);
    let thinking = (any_text(), any_text()).prop_map(|(text, thought)| {
        vec![json!({"role": "assistant", "content": text, "reasoning_content": thought})]
    });
    let groups = prop::collection::vec(prop_oneof![plain, thinking, any_round()], 1..6);
    groups.prop_map(|groups| groups.concat())
}

proptest! {
    /// Law: reading and writing within the family changes nothing.
    #[test]
    fn every_conversation_comes_back(messages in any_messages(), temperature in any::<i16>()) {
        let body = json!({"model": "m", "messages": messages, "temperature": f64::from(temperature) / 64.0});
        prop_assert_eq!(rewritten(&body).unwrap(), body);
    }
}
