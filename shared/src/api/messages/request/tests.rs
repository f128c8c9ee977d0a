//! Requests in, requests out.

use bytes::BytesMut;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{read, write};
use crate::api::family::Api;
use crate::dialect::Quirks;
use crate::ir::{
    Block, Function, Loss, Media, Request, Role, Source, Text, Thinking, ThinkingMode, Thought, Tool,
    ToolChoice, ToolKind, ToolResult, ToolUse, Turn,
};
use crate::wire::json::Json;

fn written(request: &Request<'_>, quirks: &Quirks) -> (Value, Vec<String>) {
    let mut out = BytesMut::new();
    let losses = write(request, quirks, &mut out).unwrap();
    (serde_json::from_slice(&out).unwrap(), losses.iter().map(Loss::to_string).collect())
}

/// What the family's own request becomes; nothing may be lost.
fn own(request: &Value) -> Value {
    let text = request.to_string();
    let (value, losses) = written(&read(Json::parse(text.as_bytes()).unwrap()).unwrap(), &Quirks::USUAL);
    assert_eq!(losses, [""; 0]);
    value
}

/// What another API's request becomes.
fn foreign<'a>(request: Request<'a>) -> (Value, Vec<String>) {
    written(&Request { api: Some(Api::Completions), model: "m".into(), ..request }, &Quirks::USUAL)
}

fn request(messages: Value) -> Value {
    json!({"model": "m", "max_tokens": 5, "messages": messages})
}

fn said(role: Role<'static>, text: &'static str) -> Turn<'static> {
    Turn::new(role, vec![Block::text(text)])
}

fn user() -> Vec<Turn<'static>> {
    vec![said(Role::User, "Hi")]
}

fn refused(body: &Value, param: &str) {
    let text = body.to_string();
    let error = read(Json::parse(text.as_bytes()).unwrap()).unwrap_err();
    assert_eq!(error.param.as_deref(), Some(param), "{error}");
}

/// B5, B6, C1, C6: every documented block, tool and parameter is taken, and goes back as it came.
#[test]
fn b5_b6_c1_c6_everything_documented_survives() {
    let mark = json!({"type": "ephemeral", "ttl": "1h"});
    let cited = json!([{"type": "char_location", "cited_text": "x", "document_index": 0}]);
    let content = json!([
        {"type": "text", "text": "a", "cache_control": mark},
        {"type": "text", "text": "b", "citations": cited, "later": 1},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}, "cache_control": mark},
        {"type": "image", "source": {"type": "url", "url": "https://x/y"}},
        {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
        {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "AA=="},
            "title": "t", "context": "c", "citations": {"enabled": true}},
        {"type": "document", "source": {"type": "url", "url": "https://x/y"}},
        {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}},
        {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "one"}]}, "title": "t"},
        {"type": "document", "source": {"type": "content", "content": [{"type": "image", "source": {}}]}},
        {"type": "document", "source": {"type": "later", "x": 1}},
        {"type": "search_result", "source": "s", "title": "t", "content": [{"type": "text", "text": "x"}],
            "citations": {"enabled": false}},
        {"type": "container_upload", "file_id": "f"},
    ]);
    let answered = json!([
        {"type": "thinking", "thinking": "hm", "signature": "sig"},
        {"type": "redacted_thinking", "data": "xyz"},
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "q"}},
        {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [{"type": "web_search_result"}]},
        {"type": "mcp_tool_use", "id": "mcptoolu_1", "name": "x", "server_name": "s", "input": {}},
        {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": [1.50]}, "cache_control": {"type": "ephemeral"}},
        {"type": "tool_use", "id": "toolu_2", "name": "f", "input": {}, "toolset_name": "x"},
    ]);
    let results = json!([
        {"type": "tool_result", "tool_use_id": "toolu_1"},
        {"type": "tool_result", "tool_use_id": "toolu_2", "is_error": true, "content": [
            {"type": "text", "text": "a"}, {"type": "image", "source": {"type": "url", "url": "https://x/y"}},
            {"type": "tool_reference", "tool_name": "f"}]},
        {"type": "tool_result", "tool_use_id": "toolu_3", "content": "words", "cache_control": {"type": "ephemeral", "scope": "x"}},
    ]);
    let whole = json!({
        "model": "m", "max_tokens": 5, "temperature": 0.50, "top_p": 0.9, "top_k": 3, "stream": true,
        "system": [{"type": "text", "text": "s", "cache_control": mark}],
        "messages": [
            {"role": "user", "content": content}, {"role": "assistant", "content": answered},
            {"role": "user", "content": results}, {"role": "system", "content": "Be brief."},
            {"role": "assistant", "content": "So: "},
        ],
        "tools": [
            {"name": "f", "description": "d", "input_schema": {"type": "object"}, "strict": true, "cache_control": mark,
                "eager_input_streaming": true, "defer_loading": false},
            {"type": "web_search_20250305", "name": "web_search", "max_uses": 2},
            {"type": "bash_20250124", "name": "bash"},
        ],
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": true, "later": 1},
        "thinking": {"type": "enabled", "budget_tokens": 2000, "display": "omitted", "later": 1},
        "output_config": {"effort": "high", "format": {"type": "json_schema", "schema": {"type": "object"}}, "task_budget": {"x": 1}},
        "stop_sequences": ["\n"], "metadata": {"user_id": "u", "x": 1}, "service_tier": "standard_only",
        "mcp_servers": [{"type": "url"}], "container": "c", "context_management": {"edits": []},
        "cache_control": {"type": "ephemeral"}, "inference_geo": "eu",
    });
    assert_eq!(own(&whole), whole);
}

#[test]
fn every_choice_and_mode_of_thinking_survives() {
    let choices = [
        json!({"type": "any"}),
        json!({"type": "none"}),
        json!({"type": "tool", "name": "f", "disable_parallel_tool_use": false}),
        json!({"type": "later", "x": 1}),
    ];
    let modes = [
        json!({"type": "disabled"}),
        json!({"type": "adaptive", "display": "summarized"}),
        json!({"type": "later"}),
    ];
    for (choice, mode) in choices.iter().zip(modes.iter().cycle()) {
        let mut whole = request(json!([{"role": "user", "content": "Hi"}]));
        whole["tool_choice"] = choice.clone();
        whole["thinking"] = mode.clone();
        assert_eq!(own(&whole), whole);
    }
}

/// B9: what cannot be right is refused by its path.
#[test]
fn b9_what_is_wrong_is_named() {
    refused(&json!({"max_tokens": 1, "messages": []}), "model");
    refused(&json!({"model": "m", "messages": []}), "max_tokens");
    refused(&json!({"model": "m", "max_tokens": 1}), "messages");
    refused(&json!({"model": "m", "max_tokens": -1, "messages": []}), "max_tokens");
    refused(&request(json!({})), "messages");
    refused(&request(json!(["Hi"])), "messages[0]");
    refused(&request(json!([{"role": "user", "content": 1}])), "messages[0].content");
    refused(
        &request(json!([{"role": "user", "content": [{"type": "text"}]}])),
        "messages[0].content[0].text",
    );
    refused(&request(json!([{"role": "user", "content": ["Hi"]}])), "messages[0].content[0]");
    let image = json!([{"type": "image", "source": {"type": "url"}}]);
    refused(&request(json!([{"role": "user", "content": image}])), "messages[0].content[0].source.url");
    let result = json!([{"type": "tool_result", "tool_use_id": "a", "content": [{"type": "text"}]}]);
    refused(&request(json!([{"role": "user", "content": result}])), "messages[0].content[0].content[0].text");
    let mut tool = request(json!([]));
    tool["tools"] = json!([{"description": "no name"}]);
    refused(&tool, "tools[0].name");
}

/// D5: no instruction is lost; what came late moves to the front.
#[test]
fn d5_instructions_go_to_the_front() {
    let turns = vec![
        said(Role::System, "One."),
        said(Role::Developer, "Two."),
        said(Role::User, "Hi"),
        said(Role::System, "Three."),
    ];
    let (value, losses) = foreign(Request { turns, ..Request::default() });
    let text = |text: &str| json!({"type": "text", "text": text});
    assert_eq!(value["system"], json!([text("One."), text("Two."), text("Three.")]));
    assert_eq!(value["messages"], json!([{"role": "user", "content": "Hi"}]));
    assert_eq!(losses, ["messages[3](moved)"]);

    let (value, losses) = foreign(Request { turns: vec![said(Role::System, "One.")], ..Request::default() });
    assert_eq!(value["messages"], json!([{"role": "user", "content": "One."}]));
    assert_eq!(losses, ["messages[0](moved)"]);
}

/// D4, D6: parallel results stand first in one message; arguments that are no object are kept.
#[test]
fn d4_d6_parallel_results_are_one_message() {
    let called = |id: &'static str, arguments: &'static str| {
        Block::ToolUse(ToolUse {
            id: id.into(),
            name: "f".into(),
            arguments: arguments.into(),
            ..ToolUse::default()
        })
    };
    let result = |id: &'static str, content| {
        Block::ToolResult(ToolResult { id: id.into(), content, ..ToolResult::default() })
    };
    let turns = vec![
        said(Role::User, "Go."),
        Turn::new(
            Role::Assistant,
            vec![Block::text(""), called("call_1", ""), called("functions.f:1", "{\"a\": Par")],
        ),
        Turn::new(Role::User, vec![Block::text("First,"), result("call_1", vec![Block::text("")])]),
        Turn::new(Role::User, vec![result("functions.f:1", vec![Block::text("b")])]),
        said(Role::User, "Now?"),
    ];
    let (value, losses) = foreign(Request { turns, ..Request::default() });
    assert_eq!(
        value["messages"],
        json!([
            {"role": "user", "content": "Go."},
            {"role": "assistant", "content": [
                {"type": "tool_use", "id": "call_1", "name": "f", "input": {}},
                {"type": "tool_use", "id": "functions.f:1", "name": "f", "input": {"INVALID_JSON": "{\"a\": Par"}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "call_1"},
                {"type": "tool_result", "tool_use_id": "functions.f:1", "content": "b"},
                {"type": "text", "text": "First,"},
                {"type": "text", "text": "Now?"},
            ]},
        ])
    );
    assert_eq!(losses, ["messages[2].content[0](moved)", "messages[1].content[2].arguments(approximated)"]);
}

/// D9: what has a place gets there, what has none is named.
#[test]
fn d9_parameters() {
    let (value, losses) = foreign(Request {
        turns: user(),
        temperature: Some(Json::parse(b"1.7").unwrap()),
        top_k: Some(Json::parse(b"40").unwrap()),
        stop: vec!["END".into(), "\n".into()],
        user: Some("u".into()),
        service_tier: Some("default".into()),
        seed: Some(Json::parse(b"7").unwrap()),
        answers: Some(2),
        store: Some(false),
        ..Request::default()
    });
    assert_eq!(
        value,
        json!({
            "model": "m", "max_tokens": 4096, "messages": [{"role": "user", "content": "Hi"}], "temperature": 1, "top_k": 40,
            "stop_sequences": ["END"], "metadata": {"user_id": "u"}, "service_tier": "standard_only",
        })
    );
    assert_eq!(losses, ["temperature(clamped)", "stop", "seed", "n"]);
}

#[test]
fn what_the_provider_refuses_is_left_out() {
    let quirks = Quirks { drops: &["thinking", "top_k"], sets: &[("stream", "true")], ..Quirks::USUAL };
    let thinking = Some(Thinking { effort: Some("low".into()), ..Thinking::default() });
    let top_k = Some(Json::parse(b"4").unwrap());
    let request = Request { turns: user(), api: Some(Api::Responses), thinking, top_k, ..Request::default() };
    let (value, losses) = written(&request, &quirks);
    assert_eq!((value.get("thinking"), &value["stream"]), (None, &json!(true)));
    assert!(losses.contains(&"thinking".to_owned()) && losses.contains(&"top_k".to_owned()), "{losses:?}");
}

fn thinking(effort: &'static str) -> Option<Thinking<'static>> {
    Some(Thinking { effort: Some(effort.into()), ..Thinking::default() })
}

/// D1: efforts become budgets that leave room for the answer, or efforts where the model decides.
#[test]
fn d1_efforts() {
    let ask = |request: Request<'static>, quirks: &Quirks| {
        let request = Request { turns: user(), api: Some(Api::Completions), ..request };
        let (value, losses) = written(&request, quirks);
        json!([value["thinking"], value["max_tokens"], value["output_config"], value["temperature"], losses])
    };
    let budget = |budget: u64| json!({"type": "enabled", "budget_tokens": budget});
    let usual = &Quirks::USUAL;
    let request =
        |effort, max_tokens| Request { thinking: thinking(effort), max_tokens, ..Request::default() };
    let near = "thinking.effort(approximated)";
    assert_eq!(ask(request("high", None), usual), json!([budget(24_576), 28_672, null, null, [near]]));
    assert_eq!(ask(request("high", Some(5000)), usual), json!([budget(4000), 5000, null, null, [near]]));
    assert_eq!(ask(request("low", Some(1100)), usual), json!([budget(1024), 1100, null, null, [near]]));
    assert_eq!(ask(request("low", Some(1024)), usual), json!([null, 1024, null, null, ["thinking"]]));
    assert_eq!(ask(request("none", Some(9)), usual), json!([null, 9, null, null, []]));

    let newer = &Quirks { budgets: false, ..Quirks::USUAL };
    let adaptive = json!({"type": "adaptive"});
    assert_eq!(ask(request("max", Some(9)), newer), json!([adaptive, 9, {"effort": "max"}, null, []]));
    assert_eq!(
        ask(request("minimal", Some(9)), newer),
        json!([adaptive, 9, {"effort": "low"}, null, [near]])
    );
    assert_eq!(ask(request("none", Some(9)), newer), json!([{"type": "disabled"}, 9, null, null, []]));

    let forced = Request { tool_choice: Some(ToolChoice::Required), ..request("high", Some(9)) };
    assert_eq!(ask(forced, newer), json!([null, 9, null, null, ["thinking"]]));
    let cold = Request { temperature: Some(Json::parse(b"0.2").unwrap()), ..request("high", Some(9)) };
    assert_eq!(ask(cold, newer), json!([adaptive, 9, {"effort": "high"}, null, ["temperature"]]));
}

/// A model that takes budgets must get its last thoughts back with a tool's results, or it may not think.
#[test]
fn results_without_thoughts_are_not_thought_about() {
    let call = || Block::ToolUse(ToolUse { id: "a".into(), name: "f".into(), ..ToolUse::default() });
    let thought = Thought { text: "hm".into(), signature: Some("sig".into()), ..Thought::default() };
    let result = Block::ToolResult(ToolResult { id: "a".into(), ..ToolResult::default() });
    let ask = |blocks| {
        let turns = vec![Turn::new(Role::Assistant, blocks), Turn::new(Role::User, vec![result.clone()])];
        foreign(Request { turns, thinking: thinking("low"), ..Request::default() })
            .0
            .get("thinking")
            .is_some()
    };
    assert!(!ask(vec![call()]));
    assert!(ask(vec![Block::Thinking(thought), call()]));
}

#[test]
fn thinking_without_its_seal_and_what_others_sealed_is_left_out() {
    let open = Block::Thinking(Thought { text: "hm".into(), ..Thought::default() });
    let sealed = Block::Sealed { data: "gAAAA".into(), id: Some("rs_1".into()) };
    let turns =
        vec![said(Role::User, "Hi"), Turn::new(Role::Assistant, vec![open, sealed, Block::text("Yes.")])];
    let (value, losses) = foreign(Request { turns, ..Request::default() });
    assert_eq!(value["messages"][1], json!({"role": "assistant", "content": "Yes."}));
    assert_eq!(losses, ["messages[1].content[0]", "messages[1].content[1]"]);
}

#[test]
fn tools_of_other_apis() {
    let bare = Tool::Function(Function { name: "bare".into(), strict: Some(false), ..Function::default() });
    let call = ToolUse {
        id: "a".into(),
        name: "patch".into(),
        kind: ToolKind::Custom,
        arguments: "*** \"x\"".into(),
        ..ToolUse::default()
    };
    let turns = vec![said(Role::User, "Hi"), Turn::new(Role::Assistant, vec![Block::ToolUse(call)])];
    let tools = vec![bare];
    let (value, losses) =
        foreign(Request { turns, tools, parallel_tools: Some(false), ..Request::default() });
    assert_eq!(
        value["tools"][0],
        json!({"name": "bare", "input_schema": {"type": "object", "properties": {}}})
    );
    assert_eq!(value["tool_choice"], json!({"type": "auto", "disable_parallel_tool_use": true}));
    assert_eq!(value["messages"][1]["content"][0]["input"], json!({"input": "*** \"x\""}));
    assert!(losses.is_empty());
}

#[test]
fn only_allowed_tools_are_offered() {
    let tool = |name: &'static str| Tool::Function(Function { name: name.into(), ..Function::default() });
    let choice = ToolChoice::Allowed { names: vec!["b".into()], required: true };
    let (value, losses) = foreign(Request {
        turns: user(),
        tools: vec![tool("a"), tool("b")],
        tool_choice: Some(choice),
        ..Request::default()
    });
    assert_eq!((&value["tools"][0]["name"], value["tools"].as_array().map(Vec::len)), (&json!("b"), Some(1)));
    assert_eq!(
        (&value["tool_choice"], &*losses),
        (&json!({"type": "any"}), &["tool_choice(approximated)".to_owned()][..])
    );
}

#[test]
fn what_cannot_be_left_out_is_refused() {
    let raw = Json::parse(br#"{"type":"file_search"}"#).unwrap();
    let hosted = Tool::Hosted { api: Api::Responses, kind: "file_search".into(), raw };
    let dotted = Tool::Function(Function { name: "a.b".into(), ..Function::default() });
    let bytes = Source::Base64 { media_type: "audio/wav".into(), data: "AA==".into() };
    let audio = Turn::new(Role::User, vec![Block::Audio(Media::new(bytes))]);
    let file = Turn::new(Role::User, vec![Block::Document(Media::new(Source::File("file-1".into())))]);
    let check = |request: Request<'_>, param: &str| {
        let request = Request { api: Some(Api::Responses), ..request };
        let error = write(&request, &Quirks::USUAL, &mut BytesMut::new()).unwrap_err();
        assert_eq!(error.param.as_deref(), Some(param), "{error}");
    };
    check(Request { tools: vec![hosted], ..Request::default() }, "tools[0]");
    check(Request { tools: vec![dotted], ..Request::default() }, "tools[0].name");
    check(Request { turns: vec![audio], ..Request::default() }, "messages[0].content[0]");
    check(Request { turns: vec![file], ..Request::default() }, "messages[0].content[0]");
    let other = ToolChoice::Other { api: Api::Completions, raw: "{}".into() };
    check(Request { tool_choice: Some(other), ..Request::default() }, "tool_choice");
}

fn word() -> impl Strategy<Value = String> {
    "[a-z\"\\\\é\n]{1,6}"
}

fn text_block() -> impl Strategy<Value = Block<'static>> {
    word().prop_map(|text| Block::Text(Text { text: format!("x{text}").into(), ..Text::default() }))
}

fn media_block() -> impl Strategy<Value = Block<'static>> {
    let source = prop_oneof![
        word().prop_map(|url| Source::Url(url.into())),
        word().prop_map(|id| Source::File(id.into())),
        word().prop_map(|data| Source::Base64 { media_type: "image/png".into(), data: data.into() }),
    ];
    (source, any::<bool>()).prop_map(|(source, image)| {
        let media = Media::new(source);
        if image { Block::Image(media) } else { Block::Document(Media { title: Some("t".into()), ..media }) }
    })
}

fn result_block() -> impl Strategy<Value = Block<'static>> {
    let content = prop::collection::vec(prop_oneof![text_block(), media_block()], 0..3);
    (word(), content, any::<bool>()).prop_map(|(id, content, is_error)| {
        let id = format!("id_{}", id.len()).into();
        Block::ToolResult(ToolResult { id, content, is_error, ..ToolResult::default() })
    })
}

fn assistant_block() -> impl Strategy<Value = Block<'static>> {
    prop_oneof![
        text_block(),
        (word(), word()).prop_map(|(text, seal)| {
            Block::Thinking(Thought { text: text.into(), signature: Some(seal.into()), ..Thought::default() })
        }),
        word().prop_map(|data| Block::Sealed { data: data.into(), id: None }),
        (word(), word()).prop_map(|(name, value)| {
            let arguments = json!({"a": value}).to_string().into();
            Block::ToolUse(ToolUse { id: "id".into(), name: name.into(), arguments, ..ToolUse::default() })
        }),
    ]
}

fn turn() -> impl Strategy<Value = Turn<'static>> {
    let user = prop::collection::vec(prop_oneof![text_block(), media_block(), result_block()], 1..4);
    let assistant = prop::collection::vec(assistant_block(), 1..4);
    prop_oneof![
        user.prop_map(|blocks| Turn::new(Role::User, blocks)),
        assistant.prop_map(|blocks| Turn::new(Role::Assistant, blocks)),
    ]
}

fn any_request() -> impl Strategy<Value = Request<'static>> {
    let system = prop::option::of(prop::collection::vec(text_block(), 1..3));
    let thinking = prop::option::of((0..4u64).prop_map(|mode| match mode {
        0 => Thinking { effort: Some("low".into()), ..Thinking::default() },
        1 => Thinking { mode: ThinkingMode::Disabled, ..Thinking::default() },
        2 => {
            Thinking { mode: ThinkingMode::Adaptive, summary: Some("omitted".into()), ..Thinking::default() }
        }
        _ => Thinking { mode: ThinkingMode::Enabled, budget: Some(1024), ..Thinking::default() },
    }));
    (system, prop::collection::vec(turn(), 1..5), thinking, any::<bool>(), 0..9u64).prop_map(
        |(system, turns, thinking, stream, limit)| Request {
            model: "m".into(),
            turns: system.map(|blocks| Turn::new(Role::System, blocks)).into_iter().chain(turns).collect(),
            thinking,
            stream,
            max_tokens: Some(limit),
            api: Some(Api::Messages),
            ..Request::default()
        },
    )
}

proptest! {
    /// Law: what was written reads the same, but for thinking that the API would refuse.
    #[test]
    fn what_was_written_reads_the_same(request in any_request()) {
        let mut request = request;
        let mut out = BytesMut::new();
        let losses = write(&request, &Quirks::USUAL, &mut out).unwrap();
        if losses == [Loss::dropped("thinking")] {
            request.thinking = Some(Thinking { mode: ThinkingMode::Disabled, ..Thinking::default() });
        } else {
            prop_assert_eq!(losses, []);
        }
        let again = read(Json::parse(&out).unwrap()).unwrap();
        request.places.clone_from(&again.places);
        prop_assert_eq!(format!("{again:?}"), format!("{request:?}"));
    }

    /// Law: what another API's client asks is written as a request that reads, results before other content and no two
    /// messages of one role in a row.
    #[test]
    fn foreign_requests_keep_to_the_form(request in any_request()) {
        let foreign = Request { api: Some(Api::Completions), ..request };
        let mut out = BytesMut::new();
        let Ok(_) = write(&foreign, &Quirks::USUAL, &mut out) else { return Ok(()) };
        let again = read(Json::parse(&out).unwrap()).unwrap();
        let roles: Vec<_> = again.turns.iter().map(|turn| turn.role.clone()).collect();
        prop_assert!(roles.windows(2).all(|pair| pair[0] != pair[1]));
        let first = |turn: &Turn<'_>| turn.blocks.is_sorted_by_key(|block| !matches!(block, Block::ToolResult(_)));
        prop_assert!(again.turns.iter().all(first));
    }

    #[test]
    fn no_request_panics(text in r#"\{("(model|messages|system|tools|thinking|max_tokens)":(\[?\{?"(type|role|content|text)":"(text|user|image)"\}?\]?|1|null|"x"|\[\]),?){0,4}\}"#) {
        if let Ok(json) = Json::parse(text.as_bytes()) {
            let _ = read(json);
        }
    }
}
