//! Tools that providers run: the same work elsewhere, or a refusal by name.

use super::*;
use crate::ir::{Open, Stop, StopReason};

const SEARCHES: Quirks = Quirks { extras: &["web_search_options"], ..Quirks::USUAL };

fn tools(client: Api, tool: Value) -> Value {
    question(client, json!({"tools": [tool]}))
}

fn place() -> Value {
    json!({"type": "approximate", "city": "Bonn", "country": "DE"})
}

/// Each family's client asks to search, near a place where it can say one.
fn searches(client: Api) -> Value {
    match client {
        Api::Messages => tools(
            client,
            json!({"type": "web_search_20250305", "name": "web_search", "user_location": place()}),
        ),
        Api::Responses => tools(client, json!({"type": "web_search", "user_location": place()})),
        Api::Generate => tools(client, json!({"googleSearch": {}})),
        _ => question(
            client,
            json!({"web_search_options": {"user_location": {"type": "approximate",
                "approximate": {"city": "Bonn", "country": "DE"}}}}),
        ),
    }
}

/// B5, B8: a search is a search wherever the provider has one.
#[test]
fn b5_b8_searches_in_every_pair() {
    const ALL: [Api; 4] = [Api::Completions, Api::Messages, Api::Responses, Api::Generate];
    for client in ALL {
        for upstream in ALL {
            let (sent, lost) = asked(client, &searches(client), upstream, &SEARCHES).unwrap();
            let wanted = searches(upstream);
            let name = if upstream == Api::Completions { "web_search_options" } else { "tools" };
            let mut wanted = wanted[name].clone();
            if client == Api::Generate {
                let options =
                    if upstream == Api::Completions { Some(&mut wanted) } else { wanted.get_mut(0) };
                options.and_then(Value::as_object_mut).unwrap().remove("user_location");
            }
            assert_eq!(sent[name], wanted, "{client:?} to {upstream:?}");
            let unsaid = upstream == Api::Generate && client != Api::Generate;
            assert_eq!(lost == ["tools[0].user_location"], unsaid, "{client:?} to {upstream:?}: {lost:?}");
        }
        let error = asked(client, &searches(client), Api::Converse, &Quirks::USUAL).unwrap_err();
        assert_eq!(
            (error.code.as_deref(), error.param.as_deref()),
            (Some("unsupported_tool"), Some("tools[0]"))
        );
    }
}

/// B5: most models of Completions do not search, and the client has to know.
#[test]
fn b5_what_cannot_search_says_so() {
    let error = asked(Api::Messages, &searches(Api::Messages), Api::Completions, &Quirks::USUAL).unwrap_err();
    assert!(error.message.contains("`web_search_20250305`"), "{error}");
}

/// B5, B8: limits of a search are kept or named.
#[test]
fn b5_b8_limits_of_searches() {
    let limited = json!({"type": "web_search_20260209", "name": "web_search", "max_uses": 3,
        "allowed_domains": ["a.b"]});
    let (sent, lost) =
        asked(Api::Messages, &tools(Api::Messages, limited), Api::Responses, &Quirks::USUAL).unwrap();
    assert_eq!(sent["tools"][0]["filters"], json!({"allowed_domains": ["a.b"]}));
    assert!(lost.contains(&"tools[0].max_uses".to_owned()), "{lost:?}");
    // Who asks for what is kept of the web, and not for the web, has to know that it is asked.
    for (access, said) in [(false, true), (true, false)] {
        let kept = json!({"type": "web_search", "external_web_access": access});
        let body = tools(Api::Responses, kept).to_string();
        let request = Api::Responses.read().request(Json::parse(body.as_bytes()).unwrap()).unwrap();
        let lost = write_request(request, Api::Messages, &Quirks::USUAL, &mut BytesMut::new()).unwrap();
        let names = lost.iter().any(|loss| loss.to_string() == "tools[0].external_web_access");
        assert_eq!(names, said, "{lost:?}");
    }
}

/// D14: a tool keeps what is said of it when it leaves its namespace, or it is named.
#[test]
fn d14_members_of_tools_in_namespaces_are_named() {
    let function = json!({"type": "function", "name": "f", "parameters": {"type": "object"},
        "output_schema": {"type": "string"}});
    let space = json!({"type": "namespace", "name": "n", "description": "d", "tools": [function]});
    for upstream in [Api::Completions, Api::Messages, Api::Generate, Api::Converse] {
        let request = tools(Api::Responses, space.clone());
        let (_, lost) = asked(Api::Responses, &request, upstream, &Quirks::USUAL).unwrap();
        assert!(lost.contains(&"tools[0].output_schema".to_owned()), "{upstream:?}: {lost:?}");
    }
    let request = tools(Api::Responses, space.clone());
    let (sent, lost) = asked(Api::Responses, &request, Api::Responses, &Quirks::USUAL).unwrap();
    assert_eq!((&sent["tools"][0], lost.is_empty()), (&space, true));
}

/// B5, B8: code is run by three families.
#[test]
fn b5_b8_code_is_run_elsewhere() {
    let code = |client| match client {
        Api::Messages => json!({"type": "code_execution_20250825", "name": "code_execution"}),
        Api::Responses => json!({"type": "code_interpreter", "container": {"type": "auto"}}),
        _ => json!({"codeExecution": {}}),
    };
    for client in [Api::Messages, Api::Responses, Api::Generate] {
        for upstream in [Api::Messages, Api::Responses, Api::Generate] {
            let (sent, _) = asked(client, &tools(client, code(client)), upstream, &Quirks::USUAL).unwrap();
            assert_eq!(sent["tools"], json!([code(upstream)]), "{client:?} to {upstream:?}");
        }
    }
    let with_files = json!({"type": "code_interpreter", "container": {"type": "auto", "file_ids": ["f"]}});
    let error = asked(Api::Responses, &tools(Api::Responses, with_files), Api::Messages, &Quirks::USUAL);
    assert_eq!(error.unwrap_err().code.as_deref(), Some("unsupported_tool"));
}

/// B5, B8: what nobody else has is refused by its name, never left out in silence.
#[test]
fn b5_b8_others_are_refused_by_name() {
    for (client, tool, name) in [
        (Api::Messages, json!({"type": "computer_20250124", "name": "computer"}), "computer_20250124"),
        (Api::Responses, json!({"type": "file_search", "vector_store_ids": ["v"]}), "file_search"),
        (Api::Generate, json!({"urlContext": {}}), "urlContext"),
    ] {
        for upstream in [Api::Completions, Api::Messages, Api::Responses, Api::Generate, Api::Converse] {
            if upstream == client {
                continue;
            }
            let error = asked(client, &tools(client, tool.clone()), upstream, &SEARCHES).unwrap_err();
            assert!(error.message.contains(name), "{client:?} to {upstream:?}: {error}");
        }
    }
}

/// What a provider did while it answered, in the words of three families.
fn did(upstream: Api) -> Value {
    match upstream {
        Api::Messages => json!({"id": "1", "stop_reason": "end_turn", "content": [
            {"type": "server_tool_use", "id": "srvtoolu_a", "name": "web_search", "input": {"query": "q"}},
            {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_a", "content": [
                {"type": "web_search_result", "url": "https://x", "title": "T", "encrypted_content": "e"}]},
            {"type": "server_tool_use", "id": "srvtoolu_b", "name": "code_execution", "input": {"code": "1+1"}},
            {"type": "code_execution_tool_result", "tool_use_id": "srvtoolu_b", "content": {"type": "code_execution_result",
                "content": [], "return_code": 0, "stderr": "", "stdout": "2"}},
            {"type": "text", "text": "done"}]}),
        Api::Responses => json!({"id": "1", "status": "completed", "output": [
            {"type": "web_search_call", "id": "ws_a", "status": "completed", "action": {"type": "search", "query": "q",
                "sources": [{"type": "url", "url": "https://x"}]}},
            {"type": "code_interpreter_call", "id": "ci_b", "status": "completed", "code": "1+1", "container_id": "c",
                "outputs": [{"type": "logs", "logs": "2"}]},
            {"type": "message", "id": "m", "content": [{"type": "output_text", "text": "done", "annotations": []}]}]}),
        _ => json!({"responseId": "1", "candidates": [{"finishReason": "STOP", "content": {"parts": [
            {"executableCode": {"language": "PYTHON", "code": "1+1"}},
            {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "2"}}, {"text": "done"}]}}]}),
    }
}

/// C6, B8: searches and runs of code are told of in the client's words, whole and streamed.
#[test]
fn b8_c6_what_the_provider_did_itself() {
    let (whole, stream) = answered(Api::Messages, &did(Api::Messages), Api::Responses);
    let kinds: Vec<_> = whole["output"].as_array().unwrap().iter().map(|it| it["type"].clone()).collect();
    assert_eq!(kinds, ["web_search_call", "code_interpreter_call", "message"]);
    assert_eq!(whole["output"][0]["action"], did(Api::Responses)["output"][0]["action"]);
    assert_eq!(whole["output"][1]["outputs"], did(Api::Responses)["output"][1]["outputs"]);
    let done = stream.iter().filter(|event| event["type"] == "response.output_item.done");
    let done: Vec<_> = done.map(|event| event["item"].clone()).collect();
    assert_eq!(done, *whole["output"].as_array().unwrap());

    let (whole, _) = answered(Api::Responses, &did(Api::Responses), Api::Messages);
    let kinds: Vec<_> = whole["content"].as_array().unwrap().iter().map(|it| it["type"].clone()).collect();
    let wanted = [
        "server_tool_use",
        "web_search_tool_result",
        "server_tool_use",
        "code_execution_tool_result",
        "text",
    ];
    assert_eq!(kinds, wanted);
    assert_eq!(whole["content"][0]["id"], whole["content"][1]["tool_use_id"]);
    assert_eq!(whole["content"][3]["content"]["stdout"], json!("2"));

    for upstream in [Api::Messages, Api::Responses] {
        let (whole, _) = answered(upstream, &did(upstream), Api::Generate);
        let wanted = did(Api::Generate)["candidates"][0]["content"]["parts"].clone();
        assert_eq!(whole["candidates"][0]["content"]["parts"], wanted, "{upstream:?}");
        let (whole, _) = answered(upstream, &did(upstream), Api::Completions);
        assert_eq!(whole["choices"][0]["message"]["content"], json!("done"), "{upstream:?}");
    }
    let (whole, _) = answered(Api::Generate, &did(Api::Generate), Api::Messages);
    assert_eq!(whole["content"][0]["input"], json!({"code": "1+1"}));
    assert_eq!(whole["content"][1]["tool_use_id"], whole["content"][0]["id"]);
}

/// What came of a search is known by its id, wherever it stands.
#[test]
fn b8_searches_at_once_keep_what_each_has_found() {
    let search =
        |id: &str| json!({"type": "server_tool_use", "id": id, "name": "web_search", "input": {"query": id}});
    let found = |id: &str| {
        json!({"type": "web_search_tool_result", "tool_use_id": id, "content": [
            {"type": "web_search_result", "url": format!("https://{id}"), "title": "T", "encrypted_content": "e"}]})
    };
    let answer = json!({"id": "1", "stop_reason": "end_turn", "content": [search("a"), search("b"), found("a"), found("b")]});
    let (whole, _) = answered(Api::Messages, &answer, Api::Responses);
    for (item, id) in whole["output"].as_array().unwrap().iter().zip(["a", "b"]) {
        let wanted = json!({"type": "search", "query": id, "sources": [{"type": "url", "url": format!("https://{id}")}]});
        assert_eq!(item["action"], wanted);
    }
}

/// Anthropic's searches have one query each.
#[test]
fn b8_other_queries_of_a_search_are_named() {
    let losses = |action: &str| {
        let item = format!(r#"{{"type":"web_search_call","id":"ws_1","action":{action}}}"#);
        let (mut passage, mut lost) =
            (Passage::new(Api::Responses, Api::Messages, &Echo::default()), Vec::new());
        let block = Open::Opaque { api: Api::Responses, raw: item.into() };
        let stop = Event::Stop(Stop { reason: StopReason::Done, sequence: None });
        for event in [Event::Open { index: 0, block }, Event::Close { index: 0 }, stop] {
            passage.push(event, &mut |event| {
                if let Event::Lost(loss) = event {
                    lost.push(loss.to_string());
                }
            });
        }
        lost
    };
    let named = ["answer.web_search_call.action.queries"];
    assert_eq!(losses(r#"{"type":"search","queries":["a","b"]}"#), named);
    assert_eq!(losses(r#"{"type":"search","query":"a","queries":["b"]}"#), named);
    assert!(losses(r#"{"type":"search","query":"a","queries":["a"]}"#).is_empty());
}
