//! A client that stops reading stops the provider: no host keeps in memory what is not taken.

use std::time::Duration;

use corpus::Body;
use hosts::client::Question;
use hosts::configuration;
use hosts::host::{Host, Kind};
use hosts::provider::{Provider, Script};
use serde_json::json;

/// How long letting the provider go may take.
const NOTICED: Duration = Duration::from_secs(10);

/// When nothing was taken for so long, nothing more is.
const STILL: Duration = Duration::from_secs(1);

/// Pieces of an answer, and the bytes of each.
const PIECES: usize = 6_000;
const PIECE: usize = 16_000;

/// More than the systems' own buffers on the way from a provider to a client hold.
const MOST: u64 = (PIECES * PIECE / 2) as u64;

#[tokio::test]
async fn native() {
    stops_the_provider(Kind::Native).await;
}

#[tokio::test]
async fn envoy() {
    stops_the_provider(Kind::Envoy).await;
}

#[tokio::test]
async fn worker() {
    stops_the_provider(Kind::Worker).await;
}

#[tokio::test]
async fn spin() {
    stops_the_provider(Kind::Spin).await;
}

async fn stops_the_provider(kind: Kind) {
    if kind.is_missing() {
        return;
    }
    let provider = Provider::start().await;
    let host = kind.start(provider.address, configuration::yaml).await;
    listen_to_the_beginning(&host, &provider, events()).await;
    listen_to_the_beginning(&host, &provider, recording()).await;
}

async fn listen_to_the_beginning(host: &Host, provider: &Provider, (question, script): (Question, Script)) {
    provider.say(script);
    let mut answer = question.open(host.address).await.expect("an answer");
    assert_eq!(answer.status, 200);
    assert!(answer.next().await.expect("a piece").is_some());
    let taken = taken_at_last(provider).await;
    assert!(taken < MOST, "{}: {taken} bytes were taken for a client that takes none", question.path);
    drop(answer);
    assert!(provider.was_left(NOTICED).await, "{}: the provider was not let go", question.path);
}

/// The bytes that were taken when no more are.
async fn taken_at_last(provider: &Provider) -> u64 {
    let (mut before, mut taken) = (u64::MAX, provider.taken());
    while before != taken {
        tokio::time::sleep(STILL).await;
        (before, taken) = (taken, provider.taken());
    }
    taken
}

/// Events that are translated.
fn events() -> (Question, Script) {
    let delta = json!({"content": "x".repeat(PIECE)});
    let chunk = json!({"id": "chatcmpl-1", "choices": [{"index": 0, "delta": delta}]});
    let messages = json!([{"role": "user", "content": "Hi"}]);
    let asked = json!({"model": "completions/m", "max_tokens": 9, "stream": true, "messages": messages});
    let script = script("sse", format!("data: {chunk}\n\n").into_bytes());
    (Question::post("/v1/messages", asked.to_string()), script)
}

/// A recording of a length that is told: what has none is taken in whole by a Worker.
fn recording() -> (Question, Script) {
    let headers = vec![("content-length".to_owned(), (PIECES * PIECE).to_string())];
    let script = Script { headers, media_type: "audio/mpeg", ..script("bin", vec![b'x'; PIECE]) };
    let asked = json!({"model": "completions/tts", "input": "Hi", "voice": "a"});
    (Question::post("/v1/audio/speech", asked.to_string()), script)
}

fn script(extension: &str, piece: Vec<u8>) -> Script {
    let body = Body { extension: extension.to_owned(), bytes: Vec::new() };
    Script { pieces: vec![piece.into(); PIECES], ..Script::body(&body) }
}
