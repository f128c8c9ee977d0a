//! What each provider is sent: where to, with whose credential, and without what it refuses.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops where the core must not"
)]

mod hosted;
mod world;

use serde_json::{Value, json};
use shared::api::Api;
use shared::dialect::{Auth, DIALECTS, Dialect};
use world::{Said, exchange};

fn sent(id: &str, client: Api, body: &Value) -> Value {
    let (request, _) = exchange(Dialect::named(id).unwrap(), client, body, Said::default());
    serde_json::from_slice(request.body()).unwrap()
}

fn ask(client: Api, model: String) -> Value {
    match client {
        Api::Responses => json!({"model": model, "input": "hi"}),
        Api::Generate => json!({"model": model, "contents": [{"role": "user", "parts": [{"text": "hi"}]}]}),
        _ => {
            json!({"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]})
        }
    }
}

/// For every provider and every client: the address is the one of the provider and the API spoken with it, the key is
/// the operator's and where that API wants it, and nothing of the caller's credential goes along.
#[test]
fn every_provider_gets_its_key_at_its_address() {
    let called = DIALECTS.iter().filter(|dialect| !dialect.apis.is_empty() && dialect.base != Some(""));
    for dialect in called {
        for client in [Api::Completions, Api::Messages, Api::Responses, Api::Generate] {
            let apis = dialect.apis_of("m");
            let spoken = if apis.contains(&client) { client } else { apis[0] };
            let body = ask(client, format!("{}/m", dialect.id));
            let (request, _) = exchange(dialect, client, &body, Said::default());
            let base = dialect.root_of(dialect.base.unwrap_or(dialect.example));
            let (id, client) = (dialect.id, client.name());
            assert_eq!(
                request.uri().to_string(),
                dialect.address(&base, spoken, "m", None, false),
                "{id}, {client}"
            );
            let key = dialect.key.map(|key| format!("value-of-{key}"));
            let (name, value) = match dialect.auth(spoken) {
                Auth::Bearer => ("authorization", key.map(|key| format!("Bearer {key}"))),
                Auth::Header(name) => (name, key),
            };
            let expected = if dialect.passthrough { Some("Bearer callers-own".to_owned()) } else { value };
            let got = request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
            assert_eq!(got, expected, "{id}, {client}");
            let others = request.headers().iter().filter(|(other, _)| *other != name);
            assert!(others.into_iter().all(|(_, value)| value != "callers-own"), "{id}, {client}");
        }
    }
}

/// Members that a provider or a model refuses are left out of requests that otherwise go as they are.
#[test]
fn members_that_are_refused_are_left_out() {
    let mut body = ask(Api::Completions, "xai/grok-4".to_owned());
    body["web_search_options"] = json!({});
    let expected =
        json!({"model": "grok-4", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]});
    assert_eq!(sent("xai", Api::Completions, &body), expected);
    let mut body = ask(Api::Completions, "openai/gpt-5-mini".to_owned());
    body["temperature"] = json!(0.2);
    assert!(sent("openai", Api::Completions, &body).get("temperature").is_none());
    body["model"] = json!("openai/gpt-4o");
    assert_eq!(sent("openai", Api::Completions, &body)["temperature"], 0.2);
}

/// Members have the provider's names, once; usage that comes unasked is not asked for where that is refused.
#[test]
fn members_have_the_providers_names() {
    let mut body = ask(Api::Completions, "mistral/m".to_owned());
    body["seed"] = json!(7);
    body["max_completion_tokens"] = json!(5);
    body["stream_options"] = json!({"include_usage": true});
    body["user"] = json!("u");
    let expected = json!({
        "model": "m", "max_tokens": 9, "random_seed": 7, "messages": [{"role": "user", "content": "hi"}],
    });
    assert_eq!(sent("mistral", Api::Completions, &body), expected);
    let mut body = ask(Api::Completions, "openai/o3-mini".to_owned());
    body["logit_bias"] = json!({});
    let sent_body = sent("openai", Api::Completions, &body);
    assert_eq!((&sent_body["max_completion_tokens"], &sent_body["max_tokens"]), (&json!(9), &Value::Null));
    assert_eq!(sent_body.get("logit_bias"), None);
    let body = ask(Api::Completions, "openai/local-model".to_owned());
    assert_eq!(sent("openai", Api::Completions, &body)["max_tokens"], 9);
}

/// A document by its address goes where the provider has a place for one (D3).
#[test]
fn d3_documents_by_address_are_in_each_providers_form() {
    let url = "https://files.example/report.pdf";
    let document = |id: &str| {
        let mut body = ask(Api::Generate, format!("{id}/m"));
        let data = json!({"fileUri": url, "mimeType": "application/pdf"});
        body["contents"][0]["parts"] = json!([{"fileData": data}]);
        sent(id, Api::Generate, &body)["messages"][0]["content"][0].clone()
    };
    assert_eq!(document("mistral"), json!({"type": "document_url", "document_url": url}));
    let file = json!({"file_data": url, "filename": "document.pdf"});
    assert_eq!(document("openrouter"), json!({"type": "file", "file": file}));
}

/// Clients of Messages switch thinking on and off in each provider's way (D1).
#[test]
fn d1_thinking_is_switched_in_each_providers_way() {
    let thinking = |id: &str, thinking: &Value, effort: Option<&str>| {
        let mut body = ask(Api::Messages, format!("{id}/m"));
        body["max_tokens"] = json!(10_000);
        body["thinking"] = thinking.clone();
        effort.iter().for_each(|effort| body["output_config"] = json!({"effort": effort}));
        let mut sent = sent(id, Api::Messages, &body);
        let known = ["model", "messages", "max_tokens"];
        known.iter().for_each(|name| drop(sent.as_object_mut().unwrap().remove(*name)));
        sent
    };
    let (budget, off) = (json!({"type": "enabled", "budget_tokens": 2000}), json!({"type": "disabled"}));
    let adaptive = json!({"type": "adaptive"});
    for (id, on, off_as, effort) in [
        (
            "deepseek",
            json!({"thinking": {"type": "enabled"}, "reasoning_effort": "low"}),
            json!({"thinking": {"type": "disabled"}}),
            json!({"thinking": {"type": "enabled"}, "reasoning_effort": "high"}),
        ),
        (
            "zhipu",
            json!({"thinking": {"type": "enabled"}}),
            json!({"thinking": {"type": "disabled"}}),
            json!({"thinking": {"type": "enabled"}}),
        ),
        (
            "qwen",
            json!({"enable_thinking": true, "thinking_budget": 2000}),
            json!({"enable_thinking": false}),
            json!({"enable_thinking": true, "thinking_budget": 8192}),
        ),
        (
            "groq",
            json!({"reasoning_effort": "low"}),
            json!({"reasoning_effort": "none"}),
            json!({"reasoning_effort": "medium"}),
        ),
    ] {
        assert_eq!(thinking(id, &budget, None), on, "{id}");
        assert_eq!(thinking(id, &off, None), off_as, "{id}");
        assert_eq!(thinking(id, &adaptive, Some("medium")), effort, "{id}");
    }
    let openrouter = |body: &Value| {
        let mut asked = ask(Api::Generate, "openrouter/m".to_owned());
        asked["generationConfig"] = json!({"thinkingConfig": body});
        sent("openrouter", Api::Generate, &asked)["reasoning"].clone()
    };
    assert_eq!(openrouter(&json!({"thinkingBudget": 2000})), json!({"max_tokens": 2000}));
    assert_eq!(openrouter(&json!({"thinkingLevel": "HIGH"})), json!({"effort": "high"}));
    assert_eq!(openrouter(&json!({"thinkingBudget": 0})), json!({"enabled": false}));
}

/// Kimi K3 samples its own way and has its own words for effort; its name at another provider is that provider's.
#[test]
fn efforts_are_in_the_models_words() {
    for (asked, expected) in
        [("minimal", json!("low")), ("Medium", json!("high")), ("max", json!("max")), ("odd", Value::Null)]
    {
        let mut body = ask(Api::Completions, "moonshotai/kimi-k3".to_owned());
        body["reasoning_effort"] = json!(asked);
        body["top_p"] = json!(0.5);
        let sent = sent("moonshotai", Api::Completions, &body);
        assert_eq!((&sent["reasoning_effort"], &sent["top_p"]), (&expected, &Value::Null), "{asked}");
    }
    let mut body = ask(Api::Completions, "openrouter/kimi-k3".to_owned());
    body["reasoning_effort"] = json!("minimal");
    assert_eq!(sent("openrouter", Api::Completions, &body)["reasoning_effort"], "minimal");
}

const STREAM: &str = include_str!("stream.sse");

/// The stream as far as its first words.
fn beginning() -> &'static str {
    let (beginning, _) = STREAM.split_once("event: response.output_text.done").unwrap();
    beginning
}

/// A provider that only streams is asked to, keeps nothing, and a client that wants a whole answer gets one.
#[test]
fn a_provider_that_only_streams_serves_clients_that_do_not() {
    let chatgpt = Dialect::named("chatgpt").unwrap();
    for client in [Api::Completions, Api::Messages, Api::Responses] {
        let said = Said { media_type: "text/event-stream", body: STREAM.as_bytes(), ..Said::default() };
        let mut body = ask(client, "chatgpt/m".to_owned());
        body["stream"] = json!(false);
        let (request, reached) = exchange(chatgpt, client, &body, said);
        let sent: Value = serde_json::from_slice(request.body()).unwrap();
        assert_eq!((&sent["store"], &sent["stream"]), (&json!(false), &json!(true)));
        assert_eq!(request.headers()["accept"], "text/event-stream");
        assert_eq!(request.headers()["chatgpt-account-id"], "value-of-CHATGPT_ACCOUNT_ID");
        assert_eq!(reached.head.headers["content-type"], "application/json");
        let text = String::from_utf8_lossy(&reached.body).into_owned();
        assert!(reached.head.status == 200 && text.contains("Good day"), "{text}");
    }
}

/// Cut short, it is an error and not half an answer.
#[test]
fn a_gathered_stream_must_be_whole() {
    let said = Said { media_type: "text/event-stream", body: beginning().as_bytes(), ..Said::default() };
    let chatgpt = Dialect::named("chatgpt").unwrap();
    let (_, reached) = exchange(chatgpt, Api::Responses, &ask(Api::Responses, "chatgpt/m".to_owned()), said);
    assert_eq!(reached.head.status, 502);
    assert!(String::from_utf8_lossy(&reached.body).contains("upstream_cut"));
}
