//! Answers go through as they come, and a client that leaves takes its call along.

use std::time::Duration;

use crate::provider::{Provider, Script};
use crate::rig::{Rig, Wire, ask, compiled, report, request, settings};

const BODY: &str =
    r#"{"model": "openai/gpt", "stream": true, "messages": [{"role": "user", "content": "Hi"}]}"#;
const EVENT: &str = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"gpt\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Hello\"},\"finish_reason\":null}]}\n\n";
const LAST: &str = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"gpt\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

#[tokio::test]
async fn an_event_reaches_the_client_before_the_next_is_there() {
    let provider = Provider::start(Script::Stall { event: EVENT }).await;
    let rig = Rig::start(&provider.base).await;
    let mut wire = Wire::open(rig.address).await;
    wire.write(request("/v1/chat/completions", "", BODY)).await;
    let answer = wire.until("Hello").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

#[tokio::test]
async fn a_client_that_leaves_a_stream_closes_the_call() {
    let mut provider = Provider::start(Script::Stall { event: EVENT }).await;
    let rig = Rig::start(&provider.base).await;
    let mut wire = Wire::open(rig.address).await;
    wire.write(request("/v1/chat/completions", "x-request-id: leaves-a-stream\r\n", BODY)).await;
    wire.until("Hello").await;
    drop(wire);
    provider.left().await;
    let report = report("leaves-a-stream").await;
    assert_eq!(report["outcome"], "abandoned");
    assert_eq!(report["provider"], "openai/*");
    assert_eq!(report["status"], 200);
}

#[tokio::test]
async fn a_client_that_leaves_before_the_answer_begins_closes_the_call() {
    let mut provider = Provider::start(Script::Silence).await;
    let rig = Rig::start(&provider.base).await;
    let mut wire = Wire::open(rig.address).await;
    wire.write(request("/v1/chat/completions", "x-request-id: leaves-early\r\n", BODY)).await;
    while provider.requests().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(wire);
    provider.left().await;
    let report = report("leaves-early").await;
    assert_eq!(report["outcome"], "abandoned");
    assert_eq!(report["model"], "openai/gpt");
    assert_eq!(report["provider"], "openai/*");
}

#[tokio::test]
async fn a_provider_that_falls_silent_is_given_up_and_the_client_told() {
    let mut provider = Provider::start(Script::Stall { event: EVENT }).await;
    let mut compiled = compiled(&provider.base);
    compiled.listeners[0].timeout = Duration::from_millis(300);
    let rig = Rig::start_with(compiled, settings()).await;
    let answer = ask(rig.address, &request("/v1/chat/completions", "x-request-id: silent\r\n", BODY)).await;
    assert!(answer.contains("Hello") && answer.contains("nothing came for 0.3 seconds"), "{answer}");
    assert!(!answer.contains("[DONE]"), "{answer}");
    provider.left().await;
    assert_eq!(report("silent").await["outcome"], "cut");
}

/// Each pause is shorter than what is allowed, all together are longer.
#[tokio::test]
async fn a_provider_that_is_slow_but_not_silent_is_waited_for() {
    let pause = Duration::from_millis(400);
    let provider = Provider::start(Script::Slow { event: EVENT, times: 3, pause, last: LAST }).await;
    let mut compiled = compiled(&provider.base);
    compiled.listeners[0].timeout = Duration::from_millis(600);
    let rig = Rig::start_with(compiled, settings()).await;
    let answer = ask(rig.address, &request("/v1/chat/completions", "", BODY)).await;
    assert!(answer.contains("[DONE]"), "{answer}");
}

#[tokio::test]
async fn a_stream_is_reported_when_it_ends() {
    let script = Script::Slow { event: EVENT, times: 1, pause: Duration::ZERO, last: LAST };
    let provider = Provider::start(script).await;
    let rig = Rig::start(&provider.base).await;
    let answer = ask(rig.address, &request("/v1/chat/completions", "x-request-id: a-stream\r\n", BODY)).await;
    assert!(answer.contains("[DONE]"), "{answer}");
    let report = report("a-stream").await;
    assert_eq!(report["outcome"], "answered");
    assert_eq!(report["host"], "native");
    // Two events name the model, by the name that was asked for.
    assert_eq!(report["bytes_out"], EVENT.len() + LAST.len() + 2 * "openai/".len());
    assert_eq!(report["provider_model"], "gpt");
}

/// HTTP/2 without TLS, as a client that knows the server speaks it begins it (RFC 9113, section 3.3).
#[tokio::test]
async fn a_client_may_speak_http_2() {
    let body = r#"{"id":"c","object":"chat.completion","created":1,"model":"gpt","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}]}"#;
    let answer = Script::Answer { status: 200, media_type: "application/json", body: body.to_owned() };
    let provider = Provider::start(answer).await;
    let rig = Rig::start(&provider.base).await;
    let client = hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new())
        .http2_only(true)
        .build_http::<http_body_util::Full<bytes::Bytes>>();
    let request = http::Request::post(format!("http://{}/v1/chat/completions", rig.address))
        .body(http_body_util::Full::from(BODY))
        .unwrap();
    let response = client.request(request).await.unwrap();
    assert_eq!((response.version(), response.status().as_u16()), (http::Version::HTTP_2, 200));
    assert!(provider.requests()[0].starts_with("POST /v1/chat/completions HTTP/1.1\r\n"));
}

/// A connection that waits in the pool and was closed there is noticed before a request is sent on it.
#[tokio::test]
async fn a_provider_that_hangs_up_after_each_answer_costs_no_request() {
    let body = r#"{"id":"c","object":"chat.completion","created":1,"model":"gpt","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}]}"#;
    let provider = Provider::start(Script::Last { body }).await;
    let rig = Rig::start(&provider.base).await;
    let asked = r#"{"model":"openai/gpt","messages":[{"role":"user","content":"Hi"}]}"#;
    for number in 0..5 {
        let id = format!("hung-up-{number}");
        let head = format!("x-request-id: {id}\r\n");
        let answer = ask(rig.address, &request("/v1/chat/completions", &head, asked)).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert_eq!(report(&id).await["attempts"], 1);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(provider.requests().len(), 5);
}

/// What is a beginning of HTTP/2 so far may be one of it or not.
#[tokio::test]
async fn a_protocol_may_begin_in_pieces() {
    let rig = Rig::start("http://127.0.0.1:1/v1").await;
    for (pieces, answer) in [
        (["P", "RI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\0\0\0\x04\0\0\0\0\0"], "\x04\0\0\0"),
        (["P", "OST /v1/nothing HTTP/1.1\r\nhost: g\r\n", "content-length: 0\r\n\r\n"], "HTTP/1.1 404 "),
        (["\r\n", "GET /healthz HTTP/1.1\r\n", "host: g\r\n\r\n"], "HTTP/1.1 200 "),
    ] {
        let mut wire = Wire::open(rig.address).await;
        for piece in pieces {
            wire.write(piece).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        wire.until(answer).await;
    }
}

/// A client that has said all it has to say may still listen (RFC 9112, section 9.6); one that asks several questions at
/// once is answered in their order (section 9.3.2).
#[tokio::test]
async fn questions_in_one_piece_are_answered_in_their_order() {
    let rig = Rig::start("http://127.0.0.1:1/v1").await;
    let mut wire = Wire::open(rig.address).await;
    let ask = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: g\r\n\r\n");
    wire.write([ask("/readyz"), ask("/v1/models/none"), ask("/healthz")].concat()).await;
    wire.finish().await;
    let answers = wire.rest().await;
    let statuses: Vec<&str> = answers.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
    assert_eq!(statuses, ["200", "404", "200"], "{answers}");
}

/// That the provider closed the connection would send its operator looking in the wrong place.
#[tokio::test]
async fn a_head_that_http_does_not_allow_is_told_as_such() {
    let long: &'static str = format!("application/json\r\nx-long: {}", "a".repeat(1 << 20)).leak();
    for (id, media_type, trouble) in [
        ("garbled-name", "application/json\r\nno colon", "invalid HTTP header parsed"),
        ("garbled-length", long, "message head is too large"),
    ] {
        let provider = Provider::start(Script::Answer { status: 200, media_type, body: String::new() }).await;
        let rig = Rig::start(&provider.base).await;
        let head = format!("x-request-id: {id}\r\n");
        let answer = ask(rig.address, &request("/v1/chat/completions", &head, BODY)).await;
        assert!(answer.starts_with("HTTP/1.1 502") && answer.contains("upstream_malformed"), "{answer}");
        let report = report(id).await;
        assert!(report["trouble"].as_str().unwrap().contains(trouble), "{report}");
    }
}
