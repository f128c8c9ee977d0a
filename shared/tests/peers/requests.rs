//! Rows about requests.

use serde_json::{Value, json};
use shared::api::Api;

use crate::world::UPSTREAMS;
use crate::{question, sent};

/// Two tools, in the words of completions.
fn tools() -> Value {
    let tool = |name: &str| json!({"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}});
    json!([tool("f"), tool("g")])
}

fn with(mut body: Value, members: Value) -> Value {
    body.as_object_mut().unwrap().extend(members.as_object().cloned().into_iter().flatten());
    body
}

#[test]
fn p5_which_tools_may_be_used_survives() {
    let asked = |choice: Value, upstream: Api| {
        let body = with(
            question(Api::Completions, upstream, false),
            json!({"tools": tools(), "tool_choice": choice}),
        );
        sent(Api::Completions, upstream, &body).expect("the provider is asked")
    };
    assert_eq!(asked(json!("none"), Api::Messages)["tool_choice"]["type"], "none");
    assert_eq!(asked(json!("none"), Api::Responses)["tool_choice"], "none");
    assert_eq!(asked(json!("none"), Api::Generate)["toolConfig"]["functionCallingConfig"]["mode"], "NONE");
    // Bedrock has no word for it: tools that may not be used are not on offer.
    assert_eq!(asked(json!("none"), Api::Converse)["toolConfig"], Value::Null);
    let one = json!({"type": "allowed_tools", "allowed_tools": {"mode": "required",
        "tools": [{"type": "function", "function": {"name": "g"}}]}});
    assert_eq!(asked(one.clone(), Api::Responses)["tool_choice"]["type"], "allowed_tools");
    let calling = &asked(one.clone(), Api::Generate)["toolConfig"]["functionCallingConfig"];
    assert_eq!((&calling["mode"], &calling["allowedFunctionNames"]), (&json!("ANY"), &json!(["g"])));
    for upstream in [Api::Messages, Api::Converse] {
        let sent = asked(one.clone(), upstream).to_string();
        assert!(sent.contains("\"g\"") && !sent.contains("\"f\""), "{upstream:?}: {sent}");
    }
}

#[test]
fn p18_marks_of_what_to_cache_come_along() {
    let mark = json!({"type": "ephemeral", "ttl": "1h"});
    let text = json!({"type": "text", "text": "long", "cache_control": mark});
    let tool = json!({"name": "f", "input_schema": {"type": "object"}, "cache_control": mark});
    let members =
        json!({"system": [text], "tools": [tool], "messages": [{"role": "user", "content": [text]}]});
    let body = with(question(Api::Messages, Api::Converse, false), members);
    let sent_on = sent(Api::Messages, Api::Converse, &body).expect("the provider is asked");
    let point = |value: &Value| value[1]["cachePoint"].clone();
    for place in [&sent_on["system"], &sent_on["messages"][0]["content"], &sent_on["toolConfig"]["tools"]] {
        assert_eq!(point(place)["type"], "default", "{sent_on}");
    }
    // OpenRouter's and others' clients of completions write Anthropic's mark.
    let members =
        json!({"messages": [{"role": "system", "content": [text]}, {"role": "user", "content": [text]}]});
    let body = with(question(Api::Completions, Api::Messages, false), members);
    let sent_on = sent(Api::Completions, Api::Messages, &body).expect("the provider is asked");
    assert_eq!(sent_on["system"][0]["cache_control"], mark);
    assert_eq!(sent_on["messages"][0]["content"][0]["cache_control"], mark);
}

#[test]
fn p25_p28_clients_of_responses_reach_every_provider() {
    for upstream in UPSTREAMS {
        let sent = sent(Api::Responses, upstream, &question(Api::Responses, upstream, false));
        assert!(sent.expect("the provider is asked").to_string().contains('?'), "{upstream:?}");
    }
}

#[test]
fn p26_a_conversation_that_only_another_provider_keeps_is_refused_by_name() {
    for upstream in UPSTREAMS.into_iter().filter(|upstream| *upstream != Api::Responses) {
        let body = with(question(Api::Responses, upstream, false), json!({"previous_response_id": "resp_1"}));
        let error = sent(Api::Responses, upstream, &body).expect_err("the provider is not asked");
        assert_eq!(error["error"]["param"], "previous_response_id", "{upstream:?}");
    }
}

#[test]
fn p32_every_family_is_served_to_clients() {
    for client in crate::world::CLIENTS {
        for upstream in UPSTREAMS {
            assert!(
                sent(client, upstream, &question(client, upstream, false)).is_ok(),
                "{client:?} to {upstream:?}"
            );
        }
    }
}

#[test]
fn d17_a_temperature_that_was_not_said_stays_unsaid() {
    for upstream in UPSTREAMS {
        for model in ["gpt-5-mini", "o3", "m"] {
            let mut body = question(Api::Completions, upstream, false);
            body["model"] = format!("{}/{model}", upstream.name()).into();
            let sent = sent(Api::Completions, upstream, &body).expect("the provider is asked").to_string();
            assert!(!sent.contains("temperature"), "{upstream:?}, {model}: {sent}");
        }
    }
}

#[test]
fn d19_more_than_one_answer_is_asked_for_where_that_can_be() {
    let asked = |upstream| {
        let body = with(question(Api::Completions, upstream, false), json!({"n": 3}));
        sent(Api::Completions, upstream, &body).expect("the provider is asked")
    };
    assert_eq!(asked(Api::Completions)["n"], 3);
    assert_eq!(asked(Api::Messages)["n"], Value::Null);
}
