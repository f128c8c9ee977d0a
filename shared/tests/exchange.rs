//! The path of a request, in a world that does as it is told.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that finds something else than it expects has to fail"
)]

#[path = "common/world.rs"]
mod common;

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};
use shared::error::Error;
use shared::exchange::Caller;
use shared::gateway::{Compiled, Gateway};
use shared::host::{CallError, Timestamp};
use shared::report::{Outcome, Report};

use common::{Pieces, World};

type Answer = Result<Response<&'static str>, CallError>;

/// What the providers got, and how long was waited between attempts.
struct Past {
    sent: Vec<Request<Bytes>>,
    slept: Duration,
}

/// One provider of completions and one of messages; a failed attempt is repeated twice.
fn gateway() -> Gateway {
    let compiled = json!({
        "providers": [
            {"name": "chat/*", "prefix": "chat", "serves": "any", "dialect": "openai", "apis": ["completions"],
             "base": "https://chat.test/v1", "access_key": "sk-chat-0123456789"},
            {"name": "claude/*", "prefix": "claude", "serves": "any", "dialect": "anthropic", "apis": ["messages"],
             "base": "https://claude.test/v1", "access_key": "sk-claude"},
            {"name": "own/*", "prefix": "own", "serves": "any", "dialect": "openai", "apis": ["completions"],
             "base": "https://own.test/v1", "passthrough": true},
        ],
    });
    let mut value = serde_json::to_value(Compiled::demo()).unwrap();
    value["providers"] =
        compiled["providers"].as_array().unwrap().iter().map(|own| provider(&value, own)).collect();
    value["listeners"][0]["max_retries"] = 2.into();
    Compiled::read(value.to_string().as_bytes()).unwrap().open(|_| None).unwrap()
}

/// A provider's whole compiled form: the demo's, with what is its own.
fn provider(compiled: &Value, own: &Value) -> Value {
    let mut provider = compiled["providers"][0].clone();
    provider["default"] = false.into();
    let template = provider.as_object_mut().unwrap();
    template.extend(own.as_object().unwrap().clone());
    if own["serves"] == "any" {
        template.insert("serves".to_owned(), serde_json::to_value(shared::gateway::Serves::Any).unwrap());
    }
    provider
}

fn ask(uri: &str, headers: &[(&str, &str)], body: &Value) -> Request<Bytes> {
    let mut request = Request::post(uri).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Bytes::from(body.to_string())).unwrap()
}

fn hello(model: &str) -> Value {
    json!({"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]})
}

fn answer(status: u16, media_type: &str, body: &'static str) -> Answer {
    Ok(Response::builder().status(status).header("content-type", media_type).body(body).unwrap())
}

const CHAT: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}"#;

fn chat() -> Answer {
    answer(200, "application/json", CHAT)
}

/// Plays a request against these answers.
fn play(request: Request<Bytes>, answers: Vec<Answer>) -> (Past, Response<Bytes>, Report) {
    let whole = |body: &str| Pieces::new(&[body.as_bytes()], false);
    let answers = answers.into_iter().map(|answer| answer.map(|response| response.map(whole)));
    let now = Timestamp(1_700_000_000_000_000);
    let reached = World::<true> { now, ..World::saying(answers) }.play(&gateway(), request);
    let past = Past { sent: reached.sent, slept: reached.slept };
    (past, Response::from_parts(reached.head, reached.body), reached.report)
}

fn body(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

/// The client hears that its provider cannot be reached; why is for the report, also where another attempt helped.
#[test]
fn what_the_network_says_is_in_the_report_alone() {
    let refused = || Err(CallError::Connect("connection refused (os error 111)".to_owned()));
    for (answers, status, outcome) in [
        (vec![refused(), chat()], 200, Outcome::Answered),
        (vec![refused(), refused(), refused(), refused()], 502, Outcome::Failed),
    ] {
        let (_, response, report) = play(ask("/v1/chat/completions", &[], &hello("chat/m")), answers);
        assert_eq!((response.status().as_u16(), report.outcome), (status, outcome));
        let trouble = "could not connect: connection refused (os error 111)";
        assert_eq!(report.trouble.as_deref(), Some(trouble));
        assert!(!String::from_utf8_lossy(response.body()).contains("refused"));
    }
    let (_, _, report) = play(ask("/v1/chat/completions", &[], &hello("chat/m")), vec![chat()]);
    assert_eq!(report.trouble, None);
}

#[test]
fn j2_a_callers_credentials_and_the_gateways_own_headers_reach_no_provider() {
    let secrets = [
        ("authorization", "Bearer mine"),
        ("x-api-key", "mine"),
        ("cookie", "session=mine"),
        ("x-plano-cache", "off"),
        ("x-arch-llm-provider", "other"),
        ("x-model-affinity", "mine"),
        ("x-forwarded-for", "10.0.0.1"),
        ("openai-organization", "mine"),
    ];
    let mut headers = secrets.to_vec();
    headers.extend([("x-title", "kept"), ("traceparent", "00-1-2-00")]);
    let (world, _, _) = play(ask("/v1/chat/completions", &headers, &hello("chat/m")), vec![chat()]);
    let sent = &world.sent[0];
    assert_eq!(sent.headers()["authorization"], "Bearer sk-chat-0123456789");
    assert!(sent.headers()["authorization"].is_sensitive());
    for (name, _) in &secrets[1..] {
        assert!(!sent.headers().contains_key(*name), "{name} was sent");
    }
    assert_eq!(sent.headers()["x-title"], "kept");
    assert_eq!(sent.headers()["traceparent"], "00-1-2-00");
}

#[test]
fn a13_headers_and_queries_of_one_api_stay_in_it() {
    let headers = [("anthropic-version", "2024-01-01"), ("anthropic-beta", "a-1")];
    let (world, _, _) = play(ask("/v1/messages", &headers, &hello("chat/m")), vec![chat()]);
    assert!(!world.sent[0].headers().contains_key("anthropic-beta"));
    let whole = r#"{"id":"msg_1","type":"message","role":"assistant","content":[],"model":"m","stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}"#;
    let (world, response, _) = play(
        ask("/v1/messages?beta=true&key=secret", &headers, &hello("claude/m")),
        vec![answer(200, "application/json", whole)],
    );
    let sent = &world.sent[0];
    assert_eq!(sent.uri(), "https://claude.test/v1/messages?beta=true");
    assert_eq!(sent.headers()["anthropic-version"], "2024-01-01");
    assert_eq!(sent.headers()["anthropic-beta"], "a-1");
    assert_eq!(sent.headers()["x-api-key"], "sk-claude");
    // Every byte, but for the model's name.
    assert_eq!(response.body(), &whole.replace("\"m\"", "\"claude/m\""));
}

#[test]
fn the_client_sees_the_name_it_asked_for_and_a_header_has_the_providers_own() {
    let dated = CHAT.replace("\"m\"", "\"m-2026-01-01\"").leak();
    let header =
        |response: &Response<Bytes>, name: &str| response.headers()[name].to_str().unwrap().to_owned();
    for path in ["/v1/chat/completions", "/v1/messages"] {
        let (_, response, report) =
            play(ask(path, &[], &hello("chat/m")), vec![answer(200, "application/json", dated)]);
        assert_eq!(body(&response)["model"], "chat/m");
        assert_eq!(report.provider_model, "m-2026-01-01");
        assert_eq!(header(&response, "x-plano-model"), "m-2026-01-01");
        assert_eq!(header(&response, "x-plano-provider"), "chat/*");
    }
    let (_, response, report) =
        play(ask("/v1/messages", &[], &hello("chat/m")), vec![answer(400, "application/json", "{}")]);
    assert_eq!((report.provider_model.as_str(), header(&response, "x-plano-model").as_str()), ("m", "m"));
}

/// What `anthropic` has no place for, and what it has.
fn lossy() -> Value {
    let mut asked = hello("claude/m");
    asked["seed"] = 7.into();
    asked["logit_bias"] = json!({"50256": -100});
    asked
}

const WHOLE: &str = r#"{"id":"msg_1","type":"message","role":"assistant","content":[],"model":"m","stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}"#;

#[test]
fn losses_are_told_to_who_asks() {
    let say = |headers: &[(&str, &str)]| {
        let whole = answer(200, "application/json", WHOLE);
        let (world, response, report) = play(ask("/v1/chat/completions", headers, &lossy()), vec![whole]);
        assert!(!world.sent[0].headers().contains_key("x-plano-loss"));
        assert_eq!(report.losses.len(), 2, "{:?}", report.losses);
        let lost = response.headers().get("x-plano-lost").map(|lost| lost.to_str().unwrap().to_owned());
        (lost, report.losses.join(", "))
    };
    assert_eq!(say(&[]).0, None);
    let (lost, losses) = say(&[("x-plano-loss", "report")]);
    assert_eq!(lost, Some(losses));
}

#[test]
fn a_strict_caller_is_refused_what_would_be_lost() {
    let headers = [("x-plano-loss", "strict")];
    let (world, response, report) = play(ask("/v1/chat/completions", &headers, &lossy()), vec![]);
    assert!(world.sent.is_empty());
    assert_eq!((response.status().as_u16(), report.attempts), (400, 0));
    let error = &body(&response)["error"];
    assert_eq!(error["code"], "translation_loss");
    assert_eq!(error["param"], report.losses[0]);
    assert!(error["message"].as_str().unwrap().contains(&report.losses.join(", ")), "{error}");
    assert_eq!(response.headers()["x-plano-lost"], report.losses.join(", "));
    let whole = answer(200, "application/json", WHOLE);
    let (_, response, _) = play(ask("/v1/chat/completions", &headers, &hello("claude/m")), vec![whole]);
    assert_eq!(response.status(), StatusCode::OK);
}

#[test]
fn words_of_the_loss_header_that_are_not_known_are_refused() {
    let headers = [("x-plano-loss", "report, lenient")];
    let (_, response, _) = play(ask("/v1/messages", &headers, &hello("chat/m")), vec![]);
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert!(body(&response)["error"]["message"].as_str().unwrap().ends_with("and not: lenient."));
}

/// The first of these that is wrong is told, whatever is asked for: the body's type, the caller's wish, the body, the model.
#[test]
fn what_is_wrong_is_looked_for_in_one_order() {
    let paths = ["/v1/messages", "/v1/completions", "/v1/messages/count_tokens", "/v1/embeddings"];
    let wrong: [(&'static str, &str); 2] = [("content-type", "text/plain"), ("x-plano-loss", "all")];
    for path in paths {
        let told = |headers: &[(&'static str, &str)], text: &str| {
            let mut request = ask(path, &[], &json!({})).map(|_| Bytes::from(text.to_owned()));
            for (name, value) in headers {
                request.headers_mut().insert(*name, value.parse().unwrap());
            }
            let (world, response, _) = play(request, vec![]);
            assert!(world.sent.is_empty(), "{path}");
            response.status().as_u16().to_string() + " " + &body(&response).to_string()
        };
        let all = [
            (told(&wrong, "{"), "415 ", "content-type"),
            (told(&wrong[1..], "{"), "400 ", "x-plano-loss"),
            (told(&[], "{"), "400 ", "not valid JSON"),
            (told(&[], r#"{"model":"nobody/m"}"#), "404 ", "nobody/m"),
        ];
        for (told, status, word) in all {
            assert!(told.starts_with(status) && told.contains(word), "{path}: {told}");
        }
    }
}

#[test]
fn passthrough_sends_the_callers_credential_and_asks_for_one() {
    for (name, value) in
        [("authorization", "Bearer mine"), ("authorization", "bearer  mine"), ("x-api-key", "mine")]
    {
        let (world, _, _) =
            play(ask("/v1/chat/completions", &[(name, value)], &hello("own/m")), vec![chat()]);
        assert_eq!(world.sent[0].headers()["authorization"], "Bearer mine");
    }
    let (world, response, _) =
        play(ask("/v1/chat/completions", &[("authorization", "Bearer ")], &hello("own/m")), vec![]);
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert!(world.sent.is_empty());
}

#[test]
fn what_may_pass_is_tried_again() {
    let (world, response, report) = play(
        ask("/v1/chat/completions", &[], &hello("chat/m")),
        vec![Err(CallError::Connect("refused".to_owned())), answer(503, "text/plain", "busy"), chat()],
    );
    assert_eq!((response.status().as_u16(), report.attempts), (200, 3));
    assert_eq!(world.slept, Duration::from_millis(1500));
    assert_eq!((report.usage.input, report.usage.output), (Some(3), Some(2)));
}

#[test]
fn g9_what_will_not_pass_is_not_tried_again() {
    // G9: an error has its account, with its times, as an answer has.
    let bad = r#"{"error":{"message":"no","type":"invalid_request_error","param":null,"code":null}}"#;
    let (_, response, report) =
        play(ask("/v1/chat/completions", &[], &hello("chat/m")), vec![answer(400, "application/json", bad)]);
    assert_eq!((response.status().as_u16(), report.attempts), (400, 1));
    assert_eq!(response.body(), bad);
    assert_eq!(report.outcome, Outcome::Failed);
    let (_, response, report) =
        play(ask("/v1/messages", &[], &hello("chat/m")), vec![Err(CallError::Timeout)]);
    assert_eq!((response.status().as_u16(), report.attempts), (504, 1));
    assert_eq!(body(&response)["type"], "error");
}

#[test]
fn a_provider_that_wants_to_be_left_alone_longer_is() {
    let mut busy = answer(429, "application/json", "{}").unwrap();
    busy.headers_mut().insert("retry-after", "60".parse().unwrap());
    let (world, response, _) = play(ask("/v1/messages", &[], &hello("chat/m")), vec![Ok(busy)]);
    assert_eq!((response.status().as_u16(), world.slept), (429, Duration::ZERO));
    assert_eq!(response.headers()["retry-after"], "60");
    assert_eq!(body(&response)["error"]["type"], "rate_limit_error");
}

/// A date is told from the host's clock (RFC 9110, section 10.2.3).
#[test]
fn a_provider_may_say_by_a_date_when_to_try_again() {
    for (date, slept, status) in [
        ("Tue, 14 Nov 2023 22:13:23 GMT", 3000, 200),
        ("Tue, 14 Nov 2023 21:13:20 GMT", 500, 200),
        ("when it is quiet again", 500, 200),
        ("Tue, 14 Nov 2023 22:14:20 GMT", 0, 503),
    ] {
        let mut busy = answer(503, "application/json", "{}").unwrap();
        busy.headers_mut().insert("retry-after", date.parse().unwrap());
        let asked = ask("/v1/chat/completions", &[], &hello("chat/m"));
        let (world, response, _) = play(asked, vec![Ok(busy), chat()]);
        assert_eq!(response.status().as_u16(), status, "{date}");
        assert_eq!(world.slept, Duration::from_millis(slept), "{date}");
    }
}

#[test]
fn attempts_end() {
    let busy = || answer(529, "application/json", "{}");
    let (_, response, report) =
        play(ask("/v1/chat/completions", &[], &hello("chat/m")), vec![busy(), busy(), busy()]);
    assert_eq!((response.status().as_u16(), report.attempts), (529, 3));
}

#[test]
fn e15_a_provider_that_does_not_stream_is_streamed() {
    let mut asked = hello("chat/m");
    asked["stream"] = true.into();
    let (_, response, _) = play(ask("/v1/messages", &[], &asked), vec![chat()]);
    assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
    let text = String::from_utf8_lossy(response.body()).into_owned();
    assert!(
        text.contains("event: message_start") && text.contains("Hi") && text.contains("event: message_stop")
    );
}

/// Servers that do not say that they stream, or say something else, stream all the same.
#[test]
fn a_stream_without_its_media_type_is_read() {
    const STREAM: &str = concat!(
        ": hello\n\n",
        r#"data: {"id":"1","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"Hi"}}]}"#,
        "\n\n",
        r#"data: {"id":"1","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
        "\n\ndata: [DONE]\n\n"
    );
    for (path, stream) in [("/v1/messages", true), ("/v1/chat/completions", true), ("/v1/messages", false)] {
        let mut asked = hello("chat/m");
        asked["stream"] = stream.into();
        let (_, response, report) = play(ask(path, &[], &asked), vec![answer(200, "text/plain", STREAM)]);
        let text = String::from_utf8_lossy(response.body()).into_owned();
        assert_eq!((response.status().as_u16(), report.outcome), (200, Outcome::Answered), "{text}");
        assert!(text.contains("Hi"), "{text}");
        let label = response.headers()["content-type"].to_str().unwrap();
        assert_eq!(label.starts_with("text/event-stream"), stream);
    }
    let (cut, _) = STREAM.rsplit_once("data: {").unwrap();
    let (_, response, _) =
        play(ask("/v1/messages", &[], &hello("chat/m")), vec![answer(200, "text/plain", cut)]);
    assert_eq!(response.status().as_u16(), 502);
}

/// What cannot be read is told with what it says it is.
#[test]
fn nonsense_is_told_with_its_media_type() {
    for (label, told) in [("text/html", true), ("application/json", false)] {
        let page = answer(200, label, "<html></html>");
        let (_, response, _) = play(ask("/v1/messages", &[], &hello("chat/m")), vec![page]);
        assert_eq!(response.status().as_u16(), 502);
        let message = body(&response)["error"]["message"].as_str().unwrap().to_owned();
        assert_eq!(message.contains("`text/html`"), told, "{message}");
    }
}

#[test]
fn g3_g6_a_providers_nonsense_is_a_bad_gateway() {
    let cases = ["<html>", "{\"choices\":", "[]"];
    for nonsense in cases {
        let (_, response, _) =
            play(ask("/v1/messages", &[], &hello("chat/m")), vec![answer(200, "application/json", nonsense)]);
        assert_eq!(response.status(), StatusCode::BAD_GATEWAY, "{nonsense}");
        assert_eq!(body(&response)["error"]["type"], "api_error");
    }
}

/// Also where the client speaks the provider's API: a page of some proxy's, or half an answer, is nobody's answer.
#[test]
fn g3_nonsense_with_a_status_of_success_is_not_passed_on_as_an_answer() {
    let cut = CHAT.trim_end_matches('}');
    for nonsense in ["<html>", "", "null", "[]", cut] {
        let (_, response, report) = play(
            ask("/v1/chat/completions", &[], &hello("chat/m")),
            vec![answer(200, "application/json", nonsense)],
        );
        assert_eq!(response.status(), StatusCode::BAD_GATEWAY, "{nonsense}");
        assert_eq!(body(&response)["error"]["code"], "upstream_malformed");
        assert_eq!(report.outcome, Outcome::Failed);
    }
}

/// Windows writes a mark in front of text; it is no part of JSON, and may be ignored (RFC 8259, section 8.1).
#[test]
fn a_mark_in_front_of_json_is_ignored_both_ways() {
    for path in ["/v1/chat/completions", "/v1/messages"] {
        let mut request = ask(path, &[], &hello("chat/m"));
        *request.body_mut() = Bytes::from(format!("\u{feff}{}", hello("chat/m")));
        let marked = format!("\u{feff}{CHAT}").leak();
        let (world, response, _) = play(request, vec![answer(200, "application/json", marked)]);
        assert!(world.sent[0].body().starts_with(b"{"), "{path}");
        assert_eq!((response.status(), &body(&response)["model"]), (StatusCode::OK, &json!("chat/m")));
    }
}

/// Requests say that they want answers as they are; a proxy that packs them nevertheless is named as what it is.
#[test]
fn an_answer_in_a_coding_is_told_as_such() {
    let packed = |status: u16, coding: &str| {
        let mut answer = answer(status, "application/json", CHAT).unwrap();
        answer.headers_mut().insert("content-encoding", coding.parse().unwrap());
        vec![Ok(answer)]
    };
    for path in ["/v1/chat/completions", "/v1/messages"] {
        let asked = || ask(path, &[], &hello("chat/m"));
        let (_, response, report) = play(asked(), packed(200, "gzip"));
        assert_eq!((response.status(), report.outcome), (StatusCode::BAD_GATEWAY, Outcome::Failed));
        let message = body(&response)["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains("the coding `gzip`"), "{message}");
        assert!(play(asked(), packed(200, "identity")).1.status().is_success());
        let (_, response, _) = play(asked(), packed(404, "br"));
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert!(body(&response)["error"]["message"].is_string(), "what is packed is not shown");
    }
}

/// A list has no models of wildcards, but whoever asks for one is told what a request for it would find.
#[test]
fn a_wildcards_models_are_there_when_asked_for_by_name() {
    let get = |id: &str| {
        let request = Request::get(format!("/v1/models/{id}")).body(Bytes::new()).unwrap();
        play(request, Vec::new()).1
    };
    let known = get("claude/m");
    assert_eq!((known.status(), &body(&known)["id"]), (StatusCode::OK, &json!("claude/m")));
    let unknown = get("nobody/m");
    assert_eq!((unknown.status(), &body(&unknown)["error"]["param"]), (StatusCode::NOT_FOUND, &Value::Null));
}

#[test]
fn what_a_provider_takes_for_json_is_its_answer() {
    const ODD: &str = r#"{"model":"m","choices":[{"index":0,"logprob":NaN}]}"#;
    let (_, response, _) =
        play(ask("/v1/chat/completions", &[], &hello("chat/m")), vec![answer(200, "application/json", ODD)]);
    assert_eq!((response.status(), &response.body()[..]), (StatusCode::OK, ODD.as_bytes()));
}

#[test]
fn e8_an_error_with_a_status_of_success_gets_the_status_of_an_error() {
    const ERROR: &str = r#"{"error":{"message":"Slow down","code":429,"metadata":{"provider_name":"x"}}}"#;
    const OVERLOADED: &str = r#"{"type":"error","error":{"type":"overloaded_error","message":"Busy"}}"#;
    for (path, model, said, status) in
        [("/v1/chat/completions", "chat/m", ERROR, 429), ("/v1/messages", "claude/m", OVERLOADED, 503)]
    {
        let (_, response, report) =
            play(ask(path, &[], &hello(model)), vec![answer(200, "application/json", said)]);
        assert_eq!((response.status().as_u16(), &response.body()[..]), (status, said.as_bytes()));
        assert_eq!((report.status, report.outcome), (status, Outcome::Failed));
    }
}

#[test]
fn a_provider_that_leads_elsewhere_is_a_bad_gateway() {
    for status in [301, 302, 307, 308] {
        for path in ["/v1/chat/completions", "/v1/messages"] {
            let (_, response, _) =
                play(ask(path, &[], &hello("chat/m")), vec![answer(status, "text/html", "<a>")]);
            assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
            let text = String::from_utf8_lossy(response.body()).into_owned();
            assert!(text.contains(&format!("status {status}")) && !text.contains("<a>"), "{text}");
        }
    }
}

/// A client that asked for no other protocol would be left with a connection that speaks none; and no host of a client's can
/// be given a status that there is not.
#[test]
fn a_status_that_ends_no_exchange_is_a_bad_gateway() {
    for (status, path, model) in [
        (101, "/v1/chat/completions", "chat/m"),
        (101, "/v1/messages", "chat/m"),
        (103, "/v1/embeddings", "chat/m"),
        (600, "/v1/moderations", "chat/m"),
        (999, "/v1/chat/completions", "chat/m"),
    ] {
        let (_, response, report) =
            play(ask(path, &[], &hello(model)), vec![answer(status, "application/json", CHAT)]);
        assert_eq!((response.status(), report.outcome), (StatusCode::BAD_GATEWAY, Outcome::Failed), "{path}");
        let said = body(&response)["error"]["message"].to_string();
        assert!(said.contains(&format!("status {status}")), "{said}");
    }
}

/// Some providers quote the key that they refuse. It is the operator's, and the client is none of them.
#[test]
fn a_key_that_a_provider_quotes_is_not_the_clients_to_see() {
    const QUOTED: &str = r#"{"error":{"message":"No: sk-chat-0123456789, 'sk-chat-0123456789'","type":"authentication_error"}}"#;
    const HIDDEN: &str =
        r#"{"error":{"message":"No: [redacted], '[redacted]'","type":"authentication_error"}}"#;
    for path in ["/v1/chat/completions", "/v1/embeddings", "/v1/moderations"] {
        let (_, response, report) =
            play(ask(path, &[], &hello("chat/m")), vec![answer(401, "application/json", QUOTED)]);
        assert_eq!((response.status(), &response.body()[..]), (StatusCode::UNAUTHORIZED, HIDDEN.as_bytes()));
        assert!(!format!("{report:?}").contains("sk-chat"));
    }
    let (_, response, _) =
        play(ask("/v1/messages", &[], &hello("chat/m")), vec![answer(401, "application/json", QUOTED)]);
    assert_eq!(body(&response)["error"]["message"], "No: [redacted], '[redacted]'");
}

/// The same where it comes with a status of success (E8), in a stream, or in a header.
#[test]
fn a_key_that_is_quoted_elsewhere_is_not_the_clients_to_see() {
    const KEY: &str = "sk-chat-0123456789";
    const WHOLE: &str = r#"{"error":{"message":"No: sk-chat-0123456789","type":"authentication_error"}}"#;
    const STREAMED: &str = concat!(
        r#"data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"Hi"}}]}"#,
        "\n\n",
        r#"data: {"error":{"message":"No: sk-chat-0123456789","type":"authentication_error"}}"#,
        "\n\n"
    );
    for path in ["/v1/chat/completions", "/v1/messages", "/v1/responses"] {
        for (kind, said) in [("application/json", WHOLE), ("text/event-stream", STREAMED)] {
            for stream in [false, true] {
                let asked = json!({"model": "chat/m", "max_tokens": 9, "stream": stream, "input": "Hello",
                    "messages": [{"role": "user", "content": "Hello"}]});
                let (_, response, report) = play(ask(path, &[], &asked), vec![answer(200, kind, said)]);
                let body = std::str::from_utf8(response.body()).unwrap();
                assert!(body.contains("No: [redacted]") && !body.contains(KEY), "{path} {kind}: {body}");
                assert!(!format!("{report:?}").contains(KEY));
            }
        }
    }
    let mut quoting = chat();
    let headers = quoting.as_mut().unwrap().headers_mut();
    headers.insert("x-debug", format!("Bearer {KEY}").parse().unwrap());
    let (_, response, _) = play(ask("/v1/chat/completions", &[], &hello("chat/m")), vec![quoting]);
    assert_eq!((response.status(), response.headers().get("x-debug")), (StatusCode::OK, None));
}

#[test]
fn a_model_whose_name_would_climb_in_a_path_is_none() {
    for model in ["chat/.", "chat/..", "messages/.."] {
        let (past, response, _) = play(ask("/v1/chat/completions", &[], &hello(model)), vec![]);
        assert_eq!((response.status(), past.sent.len()), (StatusCode::NOT_FOUND, 0), "{model}");
    }
}

/// A conversation in which nobody says anything, as each client has it.
fn empty() -> Vec<(&'static str, &'static str, Value)> {
    let silence = |name: &str| json!({"model": "m", "max_tokens": 9, name: []});
    let nothing = json!([{"role": "user", "content": ""}]);
    vec![
        ("/v1/chat/completions", "messages", silence("messages")),
        ("/v1/chat/completions", "messages", json!({"model": "m", "messages": nothing})),
        ("/v1/messages", "messages", silence("messages")),
        ("/v1/responses", "input", json!({"model": "m", "input": []})),
        ("/v1/responses", "input", json!({"model": "m", "input": ""})),
        ("/v1beta/models/*:generateContent", "contents", json!({"contents": []})),
        ("/v1beta/models/*:generateContent", "contents", json!({"contents": [{"parts": [{"text": ""}]}]})),
        ("/v1/completions", "prompt", json!({"model": "m", "prompt": ""})),
    ]
}

/// A provider of the client's own API tells it so itself.
#[test]
fn where_nothing_is_asked_no_provider_of_another_api_is() {
    for (path, param, mut asked) in empty() {
        for (prefix, own) in
            [("chat", ["/v1/chat/completions", "/v1/completions"]), ("claude", ["/v1/messages", ""])]
        {
            if asked.get("model").is_some() {
                asked["model"] = json!(format!("{prefix}/m"));
            }
            let path = path.replace('*', &format!("{prefix}/m"));
            let answers = own.contains(&&*path).then(|| answer(400, "application/json", "{}"));
            let is_own = answers.is_some();
            let (past, response, _) = play(ask(&path, &[], &asked), answers.into_iter().collect());
            assert_eq!((response.status(), past.sent.len()), (StatusCode::BAD_REQUEST, usize::from(is_own)));
            let told = body(&response).to_string();
            let is_named = told.contains(param) || path.ends_with("messages");
            assert!(is_own || (told.contains("conversation is empty") && is_named), "{path}: {told}");
        }
    }
}

/// What a request is judged by must be what its provider reads: some read the first of two, some take case for nothing.
#[test]
fn a_member_that_readers_may_differ_on_is_refused() {
    let rest = r#""messages":[{"role":"user","content":"Hello"}],"input":"Hello","max_tokens":9"#;
    for path in
        ["/v1/chat/completions", "/v1/messages", "/v1/responses", "/v1/embeddings", "/v1/images/generations"]
    {
        for (members, name) in [
            (r#""model":"chat/m","model":"chat/m""#, "model"),
            (r#""mod\u0065l":"chat/x","model":"chat/m""#, "model"),
            (r#""model":"chat/m","Model":"chat/x""#, "model"),
            (r#""Model":"chat/x""#, "model"),
            (r#""model":"chat/m","stream":false,"stream":true"#, "stream"),
        ] {
            if name == "stream" && path.ends_with("generations") {
                continue;
            }
            let text = format!("{{{members},{rest}}}");
            let request = ask(path, &[], &json!({})).map(|_| Bytes::from(text));
            let (past, response, report) = play(request, vec![]);
            let at = format!("{path}: {members}: {}", body(&response));
            assert_eq!((response.status(), past.sent.len()), (StatusCode::BAD_REQUEST, 0), "{at}");
            assert!(at.contains(&format!("`{name}` must be there once")), "{at}");
            assert_eq!(report.error.unwrap().fault, "client");
        }
    }
}

#[test]
fn a_packed_request_is_told_so() {
    let packed = ask("/v1/messages", &[("content-encoding", "gzip")], &hello("chat/m"));
    let (past, response, _) = play(packed, vec![]);
    assert_eq!((response.status(), past.sent.len()), (StatusCode::UNSUPPORTED_MEDIA_TYPE, 0));
    assert!(body(&response)["error"]["message"].to_string().contains("content-encoding"));
    let plain = ask("/v1/messages", &[("content-encoding", "identity")], &hello("chat/m"));
    assert_eq!(play(plain, vec![chat()]).1.status(), StatusCode::OK);
}

#[test]
fn a_name_without_an_end_is_refused_before_it_is_in_a_header_or_the_log() {
    let longest = format!("chat/{}", "m".repeat(2048 - "chat/".len()));
    let (past, response, _) = play(ask("/v1/chat/completions", &[], &hello(&longest)), vec![chat()]);
    assert_eq!((response.status(), past.sent.len()), (StatusCode::OK, 1));
    for path in ["/v1/chat/completions", "/v1/messages", "/v1/embeddings", "/v1/moderations"] {
        let (past, response, report) = play(ask(path, &[], &hello(&format!("{longest}m"))), vec![]);
        assert_eq!((response.status(), past.sent.len()), (StatusCode::BAD_REQUEST, 0), "{path}");
        assert!(response.body().len() < 1000 && response.headers().get("x-plano-model").is_none());
        assert!(format!("{report:?}").len() < 2048);
    }
}

#[test]
fn headers_of_one_connection_end_with_it() {
    let answer = Response::builder()
        .header("content-type", "application/json")
        .header("connection", "x-hop, close")
        .header("x-hop", "1")
        .header("x-stays", "1");
    let request = ask(
        "/v1/chat/completions",
        &[("connection", "keep-alive, X-Mine"), ("x-mine", "1"), ("x-goes", "1")],
        &hello("chat/m"),
    );
    let (past, response, _) = play(request, vec![Ok(answer.body(CHAT).unwrap())]);
    let sent = past.sent[0].headers();
    assert_eq!((sent.get("x-mine"), sent["x-goes"].to_str().unwrap()), (None, "1"));
    assert_eq!((sent.get("connection"), sent["accept-encoding"].to_str().unwrap()), (None, "identity"));
    assert_eq!((response.headers().get("x-hop"), response.headers().get("connection")), (None, None));
    assert_eq!(response.headers()["x-stays"], "1");
}

#[test]
fn g6_errors_of_the_gateway_are_in_the_callers_words() {
    let openai = |response: &Response<Bytes>| body(response)["error"]["message"].is_string();
    let get = |uri: &str| Request::get(uri).body(Bytes::new()).unwrap();
    let (_, response, _) = play(get("/v1/messages"), vec![]);
    assert_eq!((response.status().as_u16(), response.headers()["allow"].to_str().unwrap()), (405, "POST"));
    assert_eq!(body(&response)["type"], "error");
    let (_, response, _) = play(get("/v1/nothing"), vec![]);
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert!(openai(&response));
    let mut form = ask("/v1/chat/completions", &[], &hello("chat/m"));
    form.headers_mut().insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
    let (_, response, _) = play(form, vec![]);
    assert_eq!(response.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let (_, response, _) = play(ask("/v1/responses", &[], &json!({"model": 4})), vec![]);
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(body(&response)["error"]["param"], "model");
    let (_, response, _) = play(ask("/v1/responses", &[], &hello("nobody/m")), vec![]);
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_eq!(body(&response)["error"]["code"], "model_not_found");
}

#[test]
fn a_request_keeps_its_id_where_it_has_a_plain_one() {
    let id = |given: &str| {
        let (_, response, report) =
            play(ask("/v1/chat/completions", &[("x-request-id", given)], &hello("chat/m")), vec![chat()]);
        assert_eq!(response.headers()["x-request-id"], report.id.as_str());
        report.id
    };
    assert_eq!(id("abc-1"), "abc-1");
    assert_ne!(id("a b"), "a b");
    assert_ne!(id(&"a".repeat(129)), "a".repeat(129));
}

#[test]
fn what_a_host_says_itself_bears_the_id_of_the_exchange() {
    let none: &[(&str, &str)] = &[];
    for given in [none, &[("x-request-id", "a b")], &[("x-request-id", "abc-1")]] {
        let request = ask("/v1/messages", given, &hello("chat/m"));
        let caller = Caller::of(&World::<true> { dice: 7, ..World::default() }, &request);
        let told: Value = serde_json::from_slice(&caller.told(&Error::cut("the connection broke"))).unwrap();
        let report = World::<true>::default().play_for(&gateway(), caller.clone(), request).report;
        assert_eq!((caller.id.as_str(), &told["request_id"]), (report.id.as_str(), &json!(report.id)));
    }
}

#[test]
fn a_stream_is_a_stream_where_the_provider_overlooked_that_one_was_wanted() {
    let mut asked = hello("chat/m");
    asked["stream"] = true.into();
    let (_, response, report) = play(ask("/v1/chat/completions", &[], &asked), vec![chat()]);
    assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
    let text = String::from_utf8_lossy(response.body());
    assert!(text.contains(r#""content":"Hi""#) && text.ends_with("data: [DONE]\n\n"), "{text}");
    assert_eq!(report.usage.output, Some(2));
}
