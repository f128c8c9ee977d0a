//! Bounds on what a client sends (G10): over the bound there is a clear error, and never more in memory than the bound.

use std::time::Duration;

use crate::provider::{Provider, Script};
use crate::rig::{Rig, Wire, ask, compiled, json_of, request, settings};

async fn rig_of(body_bytes: usize) -> Rig {
    let mut compiled = compiled("http://127.0.0.1:1/v1");
    compiled.limits.body_bytes = body_bytes;
    Rig::start_with(compiled, settings()).await
}

#[tokio::test]
async fn g10_a_body_that_is_announced_too_long_is_refused() {
    let rig = rig_of(100).await;
    let answer = ask(rig.address, &request("/v1/chat/completions", "", &"x".repeat(101))).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert_eq!(json_of(&answer)["error"]["message"], "The body is longer than 100 bytes.");
    let answer = ask(rig.address, &request("/v1/messages", "", &"x".repeat(101))).await;
    assert_eq!(json_of(&answer)["error"]["type"], "request_too_large");
}

#[tokio::test]
async fn g10_a_chunked_body_is_refused_once_it_is_too_long() {
    let rig = rig_of(100).await;
    let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = format!("3c\r\n{}\r\n", "x".repeat(60));
    let answer = ask(rig.address, &format!("{head}{chunk}{chunk}0\r\n\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert_eq!(json_of(&answer)["error"]["code"], "request_too_large");
}

/// The client is still writing when it is refused, and must get to read why.
#[tokio::test]
async fn a_long_body_is_read_on_so_that_the_answer_is_not_lost() {
    let rig = rig_of(1000).await;
    let answer = ask(rig.address, &request("/v1/responses", "", &"x".repeat(8_000_000))).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn a_client_that_asks_first_is_refused_before_it_sends() {
    let rig = rig_of(100).await;
    let mut wire = Wire::open(rig.address).await;
    let head = "POST /v1/messages HTTP/1.1\r\nhost: g\r\nexpect: 100-continue\r\ncontent-length: 101\r\n\r\n";
    wire.write(head).await;
    assert!(wire.rest().await.starts_with("HTTP/1.1 413 "));
}

#[tokio::test]
async fn a_body_that_pauses_too_long_is_refused() {
    let rig = rig_of(100).await;
    let mut wire = Wire::open(rig.address).await;
    wire.write("POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\ncontent-length: 50\r\n\r\n{").await;
    let answer = wire.until("request_timeout").await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[tokio::test]
async fn g10_a_head_that_is_too_long_is_refused() {
    let rig = rig_of(100).await;
    for kilobytes in [65, 70, 200, 1000] {
        let long = "x".repeat(kilobytes << 10);
        let head =
            format!("GET /v1/models HTTP/1.1\r\nhost: g\r\nconnection: close\r\nx-long: {long}\r\n\r\n");
        let answer = ask(rig.address, &head).await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{kilobytes}: {answer}");
    }
    let head = request("/v1/messages", &format!("x-long: {}\r\n", "x".repeat(65 << 10)), "{}");
    let said = json_of(&ask(rig.address, &head).await);
    assert_eq!(said["error"]["message"], "The request's head is larger than 65536 bytes.");
}

/// RFC 9112, section 3.2.
#[tokio::test]
async fn a_head_names_one_host() {
    let rig = rig_of(100).await;
    for (line, hosts, status) in [
        ("HTTP/1.1", "", 400),
        ("HTTP/1.1", "host: a\r\nhost: b\r\n", 400),
        ("HTTP/1.1", "host: a\r\n", 200),
        ("HTTP/1.0", "", 200),
    ] {
        let answer =
            ask(rig.address, &format!("GET /healthz {line}\r\n{hosts}connection: close\r\n\r\n")).await;
        assert!(answer.split(' ').nth(1) == Some(&status.to_string()), "{line} {hosts}: {answer}");
    }
}

/// RFC 9112, section 6.1: a body that is packed for the way must not be taken for what is in it.
#[tokio::test]
async fn a_body_that_is_coded_for_the_way_is_refused() {
    let rig = rig_of(100).await;
    for (codings, status) in [
        ("gzip, chunked", "501"),
        ("gzip\r\ntransfer-encoding: chunked", "501"),
        ("chunked, chunked", "501"),
        ("gzip", "400"),
        (" Chunked ", "404"),
        (", chunked", "404"),
    ] {
        let head = format!(
            "POST /v1/nothing HTTP/1.1\r\nhost: g\r\nconnection: close\r\ntransfer-encoding: {codings}\r\n\r\n"
        );
        let answer = ask(rig.address, &format!("{head}2\r\n{{}}\r\n0\r\n\r\n")).await;
        assert_eq!(answer.split(' ').nth(1), Some(status), "{codings}: {answer}");
    }
}

#[tokio::test]
async fn a_head_with_too_many_fields_is_refused() {
    let rig = rig_of(100).await;
    let fields = (0..200).map(|n| format!("x-{n}: 1\r\n")).collect::<String>();
    let answer = ask(rig.address, &format!("GET /healthz HTTP/1.1\r\nhost: g\r\n{fields}\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

/// Neither a silent client nor one that sends its head drop by drop holds a connection.
#[tokio::test]
async fn slow_heads_are_hung_up_on() {
    let rig = rig_of(100).await;
    for beginning in ["", "P", "GET /healthz HTTP/1.1\r\nhost:"] {
        let mut wire = Wire::open(rig.address).await;
        wire.write(beginning).await;
        let begun = std::time::Instant::now();
        wire.rest().await;
        assert!(begun.elapsed() < Duration::from_secs(3), "{beginning:?}");
    }
}

/// J3: what a client claims to be of the gateway's own is not believed, and does not go on.
#[tokio::test]
async fn a_provider_is_asked_whatever_the_client_hints() {
    let answer = Script::Answer { status: 200, media_type: "application/json", body: "{}".to_owned() };
    let provider = Provider::start(answer).await;
    let rig = Rig::start(&provider.base).await;
    let body = r#"{"model":"openai/gpt","messages":[]}"#;
    let hint = "x-arch-llm-provider: other\r\nx-plano-secret: 1\r\n";
    ask(rig.address, &request("/v1/chat/completions", hint, body)).await;
    let asked = provider.requests().concat();
    assert!(!asked.contains("x-arch-") && !asked.contains("x-plano-"), "{asked}");
}
