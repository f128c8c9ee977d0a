//! Requests of Responses, read and written.

use super::*;
use crate::api::family::Api;
use crate::api::responses::tools;
use crate::dialect::Quirks;
use crate::ir::{
    Block, Function, Loss, Request, Role, Thinking, ThinkingMode, Tool, ToolChoice, ToolResult, ToolUse, Turn,
};
use crate::wire::json::Json;
use bytes::BytesMut;
use proptest::prelude::*;
use serde_json::{Value, json};

fn written(request: &Request<'_>, quirks: &Quirks) -> (Value, Vec<String>) {
    let mut out = BytesMut::new();
    let losses = write(request, quirks, &mut out).unwrap();
    (serde_json::from_slice(&out).unwrap(), losses.iter().map(Loss::to_string).collect())
}

/// Reads a request of this API and writes it again.
fn check_same(body: Value) {
    let text = body.to_string();
    let request = read(Json::parse(text.as_bytes()).unwrap()).unwrap();
    let (again, losses) = written(&request, &Quirks::USUAL);
    assert_eq!((again, losses), (body, vec![]));
}

fn check_refused(body: Value, param: &str) {
    let text = body.to_string();
    let error = read(Json::parse(text.as_bytes()).unwrap()).unwrap_err();
    assert_eq!(error.param.as_deref(), Some(param), "{error}");
    assert!(error.message.contains(&format!("'{param}'")), "{error}");
}

/// What a client of another API asks for, and what of it is lost.
fn check_foreign(request: Request<'_>, wanted: Value, lost: &[&str]) {
    let mut request = request;
    request.api = Some(Api::Messages);
    request.model = "m".into();
    let (mut body, losses) = written(&request, &Quirks::USUAL);
    body.as_object_mut().unwrap().retain(|name, _| name != "model" && name != "store");
    assert_eq!((body, losses), (wanted, lost.iter().map(|&it| it.to_owned()).collect()));
}

fn turns<'a>(turns: impl IntoIterator<Item = (Role<'a>, Vec<Block<'a>>)>) -> Request<'a> {
    let turns = turns.into_iter().map(|(role, blocks)| Turn::new(role, blocks)).collect();
    Request { turns, ..Request::default() }
}

/// B7, B8, C1, C5: nothing that the API's own client says is refused or lost.
#[test]
fn b7_b8_c1_c5_every_parameter_comes_back() {
    check_same(json!({
        "model": "m", "instructions": "be brief", "input": [{"role": "user", "content": "hi"}],
        "tools": [
            {"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"}, "strict": true,
             "defer_loading": true},
            {"type": "custom", "name": "c", "format": {"type": "grammar", "syntax": "lark", "definition": "x"}},
            {"type": "namespace", "name": "n", "description": "d", "tools": [
                {"type": "function", "name": "f", "parameters": {}}, {"type": "custom", "name": "c"}]},
            {"type": "web_search_2025_08_26", "filters": {"allowed_domains": ["a"]}},
            {"type": "mcp", "server_label": "s"}, {"type": "local_shell"}, {"type": "tool_search"},
            {"type": "code_interpreter", "container": {"type": "auto"}}
        ],
        "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [
            {"type": "function", "name": "f"}, {"type": "custom", "name": "c"}]},
        "parallel_tool_calls": false, "max_output_tokens": 9, "temperature": 0.50, "top_p": 1.0,
        "top_logprobs": 3, "reasoning": {"effort": "high", "summary": "auto", "context": "all_turns"},
        "text": {"format": {"type": "json_schema", "name": "s", "schema": {"type": "object"}, "strict": true},
                 "verbosity": "low", "other": 1},
        "store": true, "stream": true, "user": "u", "metadata": {"a": "b"}, "service_tier": "flex",
        "prompt_cache_key": "k", "include": ["web_search_call.action.sources", "something.new"],
        "safety_identifier": "s", "previous_response_id": "resp_1", "conversation": "conv_1", "truncation": "auto",
        "background": true, "max_tool_calls": 3, "prompt": {"id": "p"}, "unknown": {"x": [1.50]}
    }));
}

#[test]
fn b7_b8_every_tool_choice_comes_back() {
    for choice in [
        json!("auto"),
        json!("none"),
        json!("required"),
        json!({"type": "function", "name": "f"}),
        json!({"type": "custom", "name": "f"}),
        json!({"type": "file_search"}),
        json!({"type": "mcp", "server_label": "s", "name": "x"}),
        json!({"type": "allowed_tools", "mode": "required", "tools": [{"type": "image_generation"}]}),
    ] {
        check_same(
            json!({"model": "m", "input": [{"role": "user", "content": "hi"}], "tool_choice": choice}),
        );
    }
}

/// C5, D3, D12: every item, with its id, status and phase.
#[test]
fn c5_d12_every_item_comes_back() {
    check_same(json!({"model": "m", "input": [
        {"type": "message", "role": "developer", "content": [
            {"type": "input_text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit"}}]},
        {"type": "message", "role": "user", "content": [
            {"type": "input_text", "text": "look"},
            {"type": "input_image", "image_url": "https://x/y.png", "detail": "low"},
            {"type": "input_image", "image_url": "data:image/png;base64,AA=="},
            {"type": "input_image", "file_id": "file_1", "detail": "auto"},
            {"type": "input_file", "file_data": "data:application/pdf;base64,AA==", "filename": "a.pdf"},
            {"type": "input_file", "file_url": "https://x/y.pdf"},
            {"type": "input_file", "file_id": "file_2"},
            {"type": "input_audio", "input_audio": {"data": "AA==", "format": "mp3"}}]},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "a"},
            {"type": "summary_text", "text": "b"}], "content": [{"type": "reasoning_text", "text": "c"}],
            "encrypted_content": "xyz"},
        {"type": "reasoning", "id": "rs_2", "summary": []},
        {"type": "message", "role": "assistant", "id": "msg_1", "status": "completed", "phase": "commentary",
            "content": [{"type": "output_text", "text": "t", "annotations": [
                {"type": "url_citation", "url": "u", "title": "t", "start_index": 0, "end_index": 1}],
                "logprobs": [{"token": "t", "logprob": -0.1, "bytes": [116], "top_logprobs": []}]},
                {"type": "refusal", "refusal": "no"}]},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{not json", "id": "fc_1",
            "status": "completed", "namespace": "n"},
        {"type": "function_call", "call_id": "c2", "name": "f", "arguments": ""},
        {"type": "custom_tool_call", "call_id": "c3", "name": "c", "input": "free"},
        {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search"}},
        {"type": "message", "role": "assistant", "id": "msg_2", "status": "completed", "phase": "final_answer",
            "content": [{"type": "output_text", "text": "u", "annotations": []}]},
        {"type": "function_call_output", "call_id": "c1", "output": "done", "id": "fco_1"},
        {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "x"},
            {"type": "input_image", "image_url": "https://x/z.png"}]},
        {"type": "custom_tool_call_output", "call_id": "c3", "output": ""},
        {"type": "item_reference", "id": "msg_9"},
        {"type": "compaction", "encrypted_content": "z"}
    ]}));
}

/// B9: the sentence and the parameter are the API's, not the gateway's.
#[test]
fn b9_what_cannot_be_right_is_named() {
    let user = |content: Value| json!({"input": [{"role": "user", "content": content}]});
    check_refused(json!({"model": "m"}), "input");
    check_refused(json!({"model": 1, "input": "x"}), "model");
    check_refused(json!({"input": 7}), "input");
    check_refused(json!({"input": [{"content": "x"}]}), "input[0].type");
    check_refused(json!({"input": [{"role": "user"}]}), "input[0].content");
    check_refused(
        json!({"input": [{"type": "function_call", "call_id": "c", "name": "f"}]}),
        "input[0].arguments",
    );
    check_refused(user(json!([{"type": "input_text", "text": 1}])), "input[0].content[0].text");
    check_refused(user(json!([{"type": "input_image"}])), "input[0].content[0].image_url");
    check_refused(
        user(json!([{"type": "input_audio", "input_audio": {"data": "x"}}])),
        "input[0].content[0].input_audio.format",
    );
    check_refused(json!({"input": "x", "tools": [{"type": "function"}]}), "tools[0].name");
    check_refused(
        json!({"input": "x", "tools": [{"type": "namespace", "name": "n", "tools": [{}]}]}),
        "tools[0].tools[0].type",
    );
    check_refused(json!({"input": "x", "tool_choice": {"type": "function"}}), "tool_choice.name");
    check_refused(
        json!({"input": "x", "text": {"format": {"type": "json_schema", "name": "n"}}}),
        "text.format.schema",
    );
    check_refused(json!({"input": "x", "max_output_tokens": -1}), "max_output_tokens");
    check_refused(json!({"input": "x", "temperature": "hot"}), "temperature");
}

/// D13 and the state behind it: dropping these would change what is asked.
#[test]
fn d13_what_only_the_provider_keeps_stays_with_it() {
    for (body, param) in [
        (json!({"input": "x", "previous_response_id": "resp_1"}), "previous_response_id"),
        (json!({"input": "x", "conversation": {"id": "c"}}), "conversation"),
        (json!({"input": "x", "background": true}), "background"),
        (json!({"prompt": {"id": "p"}}), "prompt"),
        (json!({"input": [{"id": "msg_1"}]}), "input.item_reference"),
    ] {
        let text = body.to_string();
        let request = read(Json::parse(text.as_bytes()).unwrap()).unwrap();
        assert_eq!(
            crate::api::rest::losses(&request, Api::Messages).unwrap_err().param.as_deref(),
            Some(param)
        );
    }
    let body = br#"{"input":"x","background":false,"truncation":"auto","reasoning":{"context":"auto"}}"#;
    let request = read(Json::parse(body).unwrap()).unwrap();
    let lost: Vec<String> =
        crate::api::rest::losses(&request, Api::Messages).unwrap().iter().map(Loss::to_string).collect();
    assert_eq!(lost, ["truncation", "reasoning.context"]);
}

/// D14: what two namespaces call alike stays apart.
#[test]
fn d14_members_of_namespaces_have_names_of_their_own() {
    let body = br#"{"input":"x","tools":[{"type":"function","name":"f"},
        {"type":"namespace","name":"a","tools":[{"type":"function","name":"f"}]},
        {"type":"namespace","name":"b","tools":[{"type":"custom","name":"f"}]}]}"#;
    let request = read(Json::parse(body).unwrap()).unwrap();
    let names: Vec<&str> = request
        .tools
        .iter()
        .map(|tool| match tool {
            Tool::Function(Function { name, .. }) | Tool::Custom { name, .. } => &**name,
            Tool::Hosted { kind, .. } => kind,
        })
        .collect();
    assert_eq!(names, ["f", "a__f", "b__f"]);
    let declared = tools::declared(Json::parse(body).unwrap().get("tools").unwrap());
    let found: Vec<_> =
        declared.iter().map(|(name, it)| (&**name, it.namespace.as_deref(), &*it.name)).collect();
    assert_eq!(found, [("a__f", Some("a"), "f"), ("b__f", Some("b"), "f")]);
}

#[test]
fn a_foreign_conversation_becomes_items() {
    let tool = |id: &'static str, arguments: &'static str| {
        Block::ToolUse(ToolUse {
            id: id.into(),
            name: "f".into(),
            arguments: arguments.into(),
            ..ToolUse::default()
        })
    };
    let result = |id: &'static str, is_error| {
        Block::ToolResult(ToolResult {
            id: id.into(),
            content: vec![Block::text("r")],
            is_error,
            ..ToolResult::default()
        })
    };
    let request = turns([
        (Role::System, vec![Block::text("a"), Block::text("b")]),
        (Role::User, vec![Block::text("hi")]),
        (Role::Assistant, vec![Block::text("x"), Block::text("y"), tool("t1", ""), tool("t2", "{}")]),
        (Role::User, vec![result("t1", false), result("t2", true), Block::text("so")]),
        (Role::System, vec![Block::text("late")]),
        (Role::Assistant, vec![Block::Refusal("no".into())]),
    ]);
    check_foreign(
        request,
        json!({"instructions": "a\n\nb", "input": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": "x"}, {"role": "assistant", "content": "y"},
            {"type": "function_call", "call_id": "t1", "name": "f", "arguments": "{}"},
            {"type": "function_call", "call_id": "t2", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "t1", "output": "r"},
            {"type": "function_call_output", "call_id": "t2", "output": "r"},
            {"role": "user", "content": "so"},
            {"role": "system", "content": "late"},
            {"type": "message", "role": "assistant", "id": "msg_5", "status": "completed",
             "content": [{"type": "refusal", "refusal": "no"}]},
        ]}),
        &["messages[3].content[1].is_error"],
    );
}

/// Nothing said about content goes in silence, wherever it stands.
#[test]
fn marks_on_foreign_content_are_lost_with_notice() {
    let marked = |text: &'static str| {
        let cache = Some(crate::ir::Cache::default());
        Block::Text(crate::ir::Text { text: text.into(), cache, ..Default::default() })
    };
    let cited = || {
        let citations = Some(crate::ir::Citations { api: Api::Messages, raw: "[{}]".into() });
        Block::Text(crate::ir::Text { text: "b".into(), citations, ..Default::default() })
    };
    let result = ToolResult { id: "t".into(), content: vec![marked("r")], ..ToolResult::default() };
    let request = turns([
        (Role::System, vec![marked("a")]),
        (Role::Assistant, vec![cited()]),
        (Role::User, vec![Block::ToolResult(result), marked("c")]),
    ]);
    check_foreign(
        request,
        json!({"instructions": "a", "input": [
            {"role": "assistant", "content": "b"},
            {"type": "function_call_output", "call_id": "t", "output": "r"},
            {"role": "user", "content": "c"},
        ]}),
        &[
            "messages[0].content[0].cache_control",
            "messages[1].content[0].citations",
            "messages[2].content[0].content[0].cache_control",
            "messages[2].content[1].cache_control",
        ],
    );
}

/// D14: a client of Completions does not say which of its results are custom tools'.
#[test]
fn d14_results_of_custom_tools_are_found_by_their_id() {
    let (id, kind) = (|| "c1".into(), crate::ir::ToolKind::Custom);
    let used = ToolUse { id: id(), name: "c".into(), kind, arguments: "free".into(), ..ToolUse::default() };
    let result = ToolResult { id: id(), content: vec![Block::text("r")], ..ToolResult::default() };
    let request =
        turns([(Role::Assistant, vec![Block::ToolUse(used)]), (Role::User, vec![Block::ToolResult(result)])]);
    check_foreign(
        request,
        json!({"input": [
            {"type": "custom_tool_call", "call_id": "c1", "name": "c", "input": "free"},
            {"type": "custom_tool_call_output", "call_id": "c1", "output": "r"},
        ]}),
        &[],
    );
}

#[test]
fn foreign_parameters_are_mapped_or_lost() {
    let body = br#"{"a":1,"b":0.7}"#;
    let json = Json::parse(body).unwrap();
    let request = Request {
        top_k: json.get("a"),
        seed: json.get("a"),
        temperature: json.get("b"),
        stop: vec!["x".into()],
        answers: Some(2),
        logprobs: Some(0),
        service_tier: Some("standard_only".into()),
        frequency_penalty: json.get("a"),
        presence_penalty: json.get("a"),
        stream: true,
        tools: vec![Tool::Function(Function { name: "f".into(), ..Function::default() })],
        tool_choice: Some(ToolChoice::Named { name: "f".into(), kind: crate::ir::ToolKind::Function }),
        thinking: Some(Thinking { mode: ThinkingMode::Enabled, budget: Some(5000), ..Thinking::default() }),
        rest: vec![("container".into(), json)],
        ..turns([(Role::User, vec![Block::text("hi")])])
    };
    check_foreign(
        request,
        json!({
            "input": [{"role": "user", "content": "hi"}], "temperature": 0.7, "stream": true, "service_tier": "default",
            "tools": [{"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}},
                       "strict": false}],
            "tool_choice": {"type": "function", "name": "f"}, "reasoning": {"effort": "medium", "summary": "auto"},
            "include": ["reasoning.encrypted_content", "message.output_text.logprobs"],
        }),
        &[
            "container",
            "top_k",
            "seed",
            "frequency_penalty",
            "presence_penalty",
            "stop",
            "n",
            "thinking.budget(approximated)",
        ],
    );
}

/// A provider's row says what it does not take and how hot it goes.
#[test]
fn quirks_are_kept_to() {
    let body = br#"{"model":"m","input":[],"temperature":1.5,"store":true,"truncation":"auto"}"#;
    let request = read(Json::parse(body).unwrap()).unwrap();
    let quirks = Quirks { drops: &["store", "truncation"], max_temperature: Some(1.0), ..Quirks::USUAL };
    let (body, losses) = written(&request, &quirks);
    assert_eq!(body, json!({"model": "m", "input": [], "temperature": 1}));
    assert_eq!(losses, ["temperature(clamped)", "store", "truncation"]);
}

/// A tool that another API's provider runs is refused by name, never left out in silence.
#[test]
fn hosted_tools_of_others_are_refused_by_name() {
    let raw = Json::parse(br#"{"type":"bash_20250124","name":"bash"}"#).unwrap();
    let tool = Tool::Hosted { api: Api::Messages, kind: "bash_20250124".into(), raw };
    let request = Request { tools: vec![tool], api: Some(Api::Messages), ..Request::default() };
    let error = write(&request, &Quirks::USUAL, &mut BytesMut::new()).unwrap_err();
    assert_eq!(error.param.as_deref(), Some("tools[0]"));
    assert!(error.message.contains("bash_20250124"));
}

fn any_part(role: &'static str) -> BoxedStrategy<Value> {
    let text = if role == "assistant" { "output_text" } else { "input_text" };
    let words = any::<String>().prop_map(move |words| json!({"type": text, "text": words}));
    let refusal = any::<String>().prop_map(|words| json!({"type": "refusal", "refusal": words}));
    let image = "[a-z]{1,4}"
        .prop_map(|name| json!({"type": "input_image", "image_url": format!("https://x/{name}")}));
    let new = any::<u8>().prop_map(|n| json!({"type": "something_new", "n": n}));
    let file = "[a-z]{1,4}".prop_map(|id| json!({"type": "input_file", "file_id": id}));
    if role == "assistant" {
        prop_oneof![words, refusal, new].boxed()
    } else {
        prop_oneof![words, image, file, new].boxed()
    }
}

fn any_message() -> impl Strategy<Value = Value> {
    prop::sample::select(vec!["user", "assistant", "system", "developer", "critic"]).prop_flat_map(|role| {
        let parts = prop::collection::vec(any_part(role), 1..4).prop_map(Value::from);
        let content = prop_oneof![any::<String>().prop_map(Value::from), parts];
        (content, prop::option::of("msg_[0-9]")).prop_map(move |(content, id)| match id {
            Some(id) => json!({"type": "message", "role": role, "content": content, "id": id}),
            None => json!({"role": role, "content": content}),
        })
    })
}

fn any_item() -> impl Strategy<Value = Value> {
    let call = ("c[0-9]", any::<String>(), any::<bool>()).prop_map(|(id, text, custom)| match custom {
        true => json!({"type": "custom_tool_call", "call_id": id, "name": "n", "input": text}),
        false => {
            json!({"type": "function_call", "call_id": id, "name": "n", "arguments": text, "id": "fc"})
        }
    });
    let content = prop_oneof![
        any::<String>().prop_map(Value::from),
        prop::collection::vec(any_part("user"), 1..3).prop_map(Value::from)
    ];
    let output = ("c[0-9]", content)
        .prop_map(|(id, output)| json!({"type": "function_call_output", "call_id": id, "output": output}));
    let reasoning = (prop::collection::vec(any::<String>(), 0..3), prop::option::of("[a-z]{4}"), "rs_[0-9]")
        .prop_map(|(texts, seal, id)| {
            let summary: Vec<_> =
                texts.iter().map(|text| json!({"type": "summary_text", "text": text})).collect();
            json!({"type": "reasoning", "id": id, "summary": summary, "encrypted_content": seal})
        });
    let hosted = any::<u8>().prop_map(|n| json!({"type": "web_search_call", "id": n}));
    prop_oneof![3 => any_message(), 2 => call, 2 => output, 1 => reasoning, 1 => hosted]
}

/// Who says what, in order.
fn said<'r, 'a>(request: &'r Request<'a>) -> Vec<(&'r Role<'a>, &'r Block<'a>)> {
    let blocks = |turn: &'r Turn<'a>| turn.blocks.iter().map(|block| (&turn.role, block));
    request.turns.iter().flat_map(blocks).collect()
}

proptest! {
    /// **Law: within the family, writing what was read changes nothing that reading sees.**
    #[test]
    fn writing_what_was_read_reads_the_same(
        items in prop::collection::vec(any_item(), 0..8),
        instructions in prop::option::of(any::<String>()),
    ) {
        let text = json!({"model": "m", "instructions": instructions, "input": items}).to_string();
        let request = read(Json::parse(text.as_bytes()).unwrap()).unwrap();
        let mut out = BytesMut::new();
        let losses = write(&request, &Quirks::USUAL, &mut out).unwrap();
        let again = read(Json::parse(&out).unwrap()).unwrap();
        prop_assert_eq!(said(&request), said(&again));
        prop_assert!(losses.is_empty());
    }

    #[test]
    fn no_body_panics(text in r#"[\[\]{}:,"a-z0-9]{0,40}"#) {
        for text in [format!(r#"{{"input":{text}}}"#), format!(r#"{{"tools":[{text}],"text":{text}}}"#), text] {
            if let Ok(body) = Json::parse(text.as_bytes()) {
                let _ = read(body).map(|request| write(&request, &Quirks::USUAL, &mut BytesMut::new()));
            }
        }
    }
}
