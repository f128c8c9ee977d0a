//! Requests for Converse, written from what clients of every API ask.

use serde_json::{Value, json};

use super::*;
use crate::dialect::Dialect;

/// What a provider gets for a client's request, and what is lost.
fn sent(client: Api, model: &str, body: &Value) -> Result<(Value, Vec<String>), Error> {
    let body = body.to_string();
    let mut request = client.read().request(Json::parse(body.as_bytes()).unwrap())?;
    request.api = Some(client);
    let quirks = Dialect::named("amazon_bedrock").unwrap().quirks(model);
    let mut out = BytesMut::new();
    let losses = write(&request, quirks, &mut out)?;
    let losses = losses.iter().map(ToString::to_string).collect();
    Ok((serde_json::from_slice(&out).unwrap(), losses))
}

const CLAUDE: &str = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0";
const NOVA: &str = "amazon.nova-pro-v1:0";

fn messages(content: Value) -> Value {
    json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": content}]})
}

/// The content of the only message, and what is lost.
fn content(content: Value) -> (Value, Vec<String>) {
    let (sent, losses) = sent(Api::Messages, CLAUDE, &messages(content)).unwrap();
    (sent["messages"][0]["content"].clone(), losses)
}

fn refused(client: Api, body: &Value) -> (Option<String>, Option<String>) {
    let error = sent(client, CLAUDE, body).unwrap_err();
    (error.param, error.code)
}

/// F8: nothing but the documented members, and the model is in the path.
#[test]
fn f8_a_plain_request() {
    let body = json!({"model": "m", "stream": true, "temperature": 1.5, "stop": ["x", ""], "seed": 1, "top_p": 0.50,
        "max_completion_tokens": 9, "service_tier": "priority", "messages": [
            {"role": "developer", "content": "Be brief."}, {"role": "user", "content": "hi"}]});
    let wanted = json!({"messages": [{"role": "user", "content": [{"text": "hi"}]}], "system": [{"text": "Be brief."}],
        "inferenceConfig": {"maxTokens": 9, "temperature": 1, "topP": 0.50, "stopSequences": ["x"]},
        "serviceTier": {"type": "priority"}});
    let losses = ["temperature(clamped)", "stop", "seed"].map(str::to_owned).to_vec();
    assert_eq!(sent(Api::Completions, "amazon.nova-pro-v1:0", &body).unwrap(), (wanted, losses));
}

/// F1: images and documents in the API's own form, in results of tools too.
#[test]
fn f1_images_and_documents() {
    let image =
        json!({"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": "QQ=="}});
    let pdf = json!({"type": "document", "title": "a.b", "source":
        {"type": "base64", "media_type": "application/pdf", "data": "QQ=="}});
    let text =
        json!({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "t"}});
    let result = json!({"type": "tool_result", "tool_use_id": "t1", "is_error": true, "content": [image]});
    let (got, losses) = content(json!([result, image, pdf, text]));
    let jpeg = json!({"image": {"format": "jpeg", "source": {"bytes": "QQ=="}}});
    assert_eq!(
        got,
        json!([
            {"toolResult": {"toolUseId": "t1", "content": [jpeg], "status": "error"}},
            jpeg,
            {"document": {"format": "pdf", "name": "a-b", "source": {"bytes": "QQ=="}}},
            {"document": {"format": "txt", "name": "document", "source": {"text": "t"}}},
        ])
    );
    assert_eq!(losses, ["messages[0].content[2].title(approximated)"]);
}

/// B6: what the client's own search found, a piece of text each, for Claude; a document for others.
#[test]
fn b6_results_of_searches() {
    let pieces = json!([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]);
    let result = json!({"type": "search_result", "source": "https://h/", "title": "T", "content": pieces,
        "citations": {"enabled": true}, "cache_control": {"type": "ephemeral"}});
    let of_tool = json!({"type": "tool_result", "tool_use_id": "t1", "content": [result]});
    let found = json!({"searchResult": {"source": "https://h/", "title": "T", "content": [{"text": "a"}, {"text": "b"}],
        "citations": {"enabled": true}}});
    let (got, losses) = content(json!([result]));
    assert_eq!((got, losses), (json!([found, {"cachePoint": {"type": "default"}}]), vec![]));
    let (got, losses) = content(json!([of_tool]));
    assert_eq!(got, json!([{"toolResult": {"toolUseId": "t1", "content": [found]}}]));
    assert_eq!(losses, ["messages[0].content[0].content[0].cache_control"]);
    let mut marked = result.clone();
    marked["content"][1]["cache_control"] = json!({"type": "ephemeral"});
    assert_eq!(content(json!([marked])).1, ["messages[0].content[0].content[1].cache_control"]);
    let (got, losses) = sent(Api::Messages, NOVA, &messages(json!([result]))).unwrap();
    assert_eq!(got["messages"][0]["content"][0]["document"]["source"], json!({"text": "a\nb"}));
    assert!(losses.contains(&"messages[0].content[0].source".to_owned()), "{losses:?}");
}

#[test]
fn f1_what_is_not_in_the_request_is_refused() {
    let url = json!([{"type": "image", "source": {"type": "url", "url": "https://h/i.png"}}]);
    let wanted = (Some("messages[0].content[0]".to_owned()), Some("unsupported_content".to_owned()));
    assert_eq!(refused(Api::Messages, &messages(url)), wanted);
    let (got, _) = content(json!([{"type": "image", "source": {"type": "url", "url": "s3://b/i.png"}}]));
    assert_eq!(got, json!([{"image": {"format": "png", "source": {"s3Location": {"uri": "s3://b/i.png"}}}}]));
}

/// F5: thinking with its seals, sealed thinking, and marks of caches.
#[test]
fn f5_thinking_and_marks() {
    let body = json!({"model": "m", "max_tokens": 9000, "thinking": {"type": "enabled", "budget_tokens": 2000}, "top_k": 5,
        "system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
        "tools": [{"name": "f", "input_schema": {"type": "object"}, "cache_control": {"type": "ephemeral"}}],
        "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "t", "signature": "s"}, {"type": "redacted_thinking", "data": "QQ=="},
            {"type": "tool_use", "id": "t1", "name": "f", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "r"}]}]});
    let (got, losses) = sent(Api::Messages, CLAUDE, &body).unwrap();
    let mark = json!({"cachePoint": {"type": "default", "ttl": "1h"}});
    assert_eq!(got["system"], json!([{"text": "s"}, mark]));
    assert_eq!(got["toolConfig"]["tools"][1], json!({"cachePoint": {"type": "default"}}));
    assert_eq!(
        got["messages"][1]["content"],
        json!([
            {"reasoningContent": {"reasoningText": {"text": "t", "signature": "s"}}},
            {"reasoningContent": {"redactedContent": "QQ=="}},
            {"toolUse": {"toolUseId": "t1", "name": "f", "input": {}}},
        ])
    );
    let thinking = json!({"thinking": {"type": "enabled", "budget_tokens": 2000}});
    assert_eq!((&got["additionalModelRequestFields"], losses), (&thinking, vec!["top_k".to_owned()]));
    let (got, losses) = sent(Api::Messages, "meta.llama", &body).unwrap();
    assert_eq!((&got["additionalModelRequestFields"], losses.len()), (&Value::Null, 2));
}

fn with_choice(choice: Value) -> Value {
    json!({"model": "m", "messages": [{"role": "user", "content": "hi"}], "tool_choice": choice,
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]})
}

#[test]
fn choices_of_tools() {
    let named = json!({"type": "function", "function": {"name": "f"}});
    for (choice, wanted) in [
        (json!("auto"), json!({"auto": {}})),
        (json!("required"), json!({"any": {}})),
        (named, json!({"tool": {"name": "f"}})),
    ] {
        let (got, losses) = sent(Api::Completions, CLAUDE, &with_choice(choice)).unwrap();
        assert_eq!((&got["toolConfig"]["toolChoice"], losses), (&wanted, vec![]));
    }
}

/// A conversation that has used a tool, whose result was an image.
fn after_a_call(choice: Value) -> Value {
    let call = json!({"type": "tool_use", "id": "c", "name": "f", "input": {"a": 1}});
    let image =
        json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QQ=="}});
    let result = json!({"type": "tool_result", "tool_use_id": "c", "is_error": true, "content": [image]});
    json!({"model": "m", "max_tokens": 9, "tool_choice": choice,
        "tools": [{"name": "f", "input_schema": {"type": "object"}}],
        "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": [call]},
            {"role": "user", "content": [result, {"type": "text", "text": "What is it?"}]}]})
}

/// D8: no tool may be used, so none is offered; those of a conversation without any on offer are named.
#[test]
fn d8_no_tool_is_none_on_offer() {
    let (got, losses) = sent(Api::Completions, NOVA, &with_choice(json!("none"))).unwrap();
    assert_eq!((got.get("toolConfig"), losses), (None, vec!["tool_choice(approximated)".to_owned()]));
    let mut body = after_a_call(json!({"type": "auto"}));
    body.as_object_mut().unwrap().retain(|name, _| name != "tools" && name != "tool_choice");
    let (got, losses) = sent(Api::Messages, NOVA, &body).unwrap();
    assert_eq!(got["toolConfig"]["tools"][0]["toolSpec"]["name"], "f");
    assert_eq!(losses, ["tools(approximated)"]);
}

/// D8: where a tool was used before and none may be now, what was called and what came of it is told in words.
#[test]
fn d8_calls_are_told_where_no_tool_may_be_used() {
    let (got, losses) = sent(Api::Messages, NOVA, &after_a_call(json!({"type": "none"}))).unwrap();
    assert_eq!(got.get("toolConfig"), None);
    let told = json!([
        {"role": "user", "content": [{"text": "hi"}]},
        {"role": "assistant", "content": [{"text": "Call c of the tool f: {\"a\":1}"}]},
        {"role": "user", "content": [
            {"text": "Error of call c:"},
            {"image": {"format": "png", "source": {"bytes": "QQ=="}}},
            {"text": "What is it?"},
        ]},
    ]);
    assert_eq!(got["messages"], told);
    let lost = ["messages[1].content[0]", "messages[2].content[0]", "tool_choice"];
    assert_eq!(losses, lost.map(|place| format!("{place}(approximated)")));
}

/// D8: Claude can be told in its own words that no tool may be used, or one at a time; others cannot.
#[test]
fn d8_claude_is_told_of_its_choice_in_its_own_words() {
    for (choice, wanted) in [
        (json!({"type": "none"}), json!({"type": "none"})),
        (json!({"type": "auto"}), json!({"type": "auto"})),
        (
            json!({"type": "any", "disable_parallel_tool_use": true}),
            json!({"type": "any", "disable_parallel_tool_use": true}),
        ),
        (
            json!({"type": "tool", "name": "f", "disable_parallel_tool_use": true}),
            json!({"type": "tool", "name": "f", "disable_parallel_tool_use": true}),
        ),
    ] {
        let (got, losses) = sent(Api::Messages, CLAUDE, &after_a_call(choice)).unwrap();
        let own = &got["additionalModelRequestFields"]["tool_choice"];
        let said = &got["toolConfig"]["toolChoice"];
        let is_usual = wanted == json!({"type": "auto"});
        assert_eq!((own == &wanted, said == &json!({"auto": {}})), (!is_usual, is_usual), "{got}");
        assert_eq!((got["toolConfig"]["tools"].as_array().unwrap().len(), losses), (1, vec![]));
        assert!(got["messages"][1]["content"][0]["toolUse"].is_object(), "{got}");
    }
    let single = after_a_call(json!({"type": "auto", "disable_parallel_tool_use": true}));
    let (got, losses) = sent(Api::Messages, NOVA, &single).unwrap();
    assert_eq!(
        (got.get("additionalModelRequestFields"), losses),
        (None, vec!["parallel_tool_calls".to_owned()])
    );
}

/// D6: results of parallel calls are one turn.
#[test]
fn d6_parallel_results_are_one_turn() {
    let call = |id: &str| json!({"id": id, "type": "function", "function": {"name": "f", "arguments": "[1"}});
    let result = |id: &str| json!({"role": "tool", "tool_call_id": id, "content": id});
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"},
        {"role": "assistant", "tool_calls": [call("a"), call("b")]}, result("a"), result("b")],
        "tools": [{"type": "function", "function": {"name": "f"}}]});
    let (got, losses) = sent(Api::Completions, CLAUDE, &body).unwrap();
    assert_eq!(got["messages"].as_array().unwrap().len(), 3);
    assert_eq!(got["messages"][2]["content"].as_array().unwrap().len(), 2);
    assert_eq!(got["messages"][1]["content"][0]["toolUse"]["input"], json!({"INVALID_JSON": "[1"}));
    assert_eq!(losses.len(), 2);
}

#[test]
fn schemas_for_answers() {
    let mut body = messages(json!("hi"));
    body["output_config"] = json!({"format": {"type": "json_schema", "schema": {"type": "object"}}});
    let (got, _) = sent(Api::Messages, CLAUDE, &body).unwrap();
    let structure = json!({"jsonSchema": {"schema": "{\"type\":\"object\",\"additionalProperties\":false}"}});
    assert_eq!(got["outputConfig"]["textFormat"], json!({"type": "json_schema", "structure": structure}));
}

#[test]
fn blank_texts_and_other_apis_tools() {
    let (got, losses) = content(json!([{"type": "text", "text": " "}, {"type": "text", "text": "x"}]));
    assert_eq!((got, losses), (json!([{"text": "x"}]), vec!["messages[0].content[0]".to_owned()]));
    let mut body = messages(json!("hi"));
    body["tools"] = json!([{"type": "web_search_20250305", "name": "web_search"}]);
    assert_eq!(refused(Api::Messages, &body).1.as_deref(), Some("unsupported_tool"));
}
