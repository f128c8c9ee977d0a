//! A process that is told to end takes no more connections and finishes what it has.

use std::time::Duration;

use crate::provider::{Provider, Script};
use crate::rig::{Rig, Wire, ask, compiled, report, request, settings};

const BODY: &str = r#"{"model":"openai/gpt","stream":true,"messages":[]}"#;
const EVENT: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"first\"}}]}\n\n";
const LAST: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

async fn refuses(rig: &Rig) {
    while tokio::net::TcpStream::connect(rig.address).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn an_open_stream_finishes() {
    let pause = Duration::from_millis(500);
    let provider = Provider::start(Script::Slow { event: EVENT, times: 1, pause, last: LAST }).await;
    let mut rig = Rig::start(&provider.base).await;
    let mut wire = Wire::open(rig.address).await;
    wire.write(request("/v1/chat/completions", "", BODY)).await;
    wire.until("first").await;
    rig.stop();
    refuses(&rig).await;
    assert!(wire.rest().await.contains("[DONE]"));
    assert_eq!(rig.drained().await.cut, 0);
}

#[tokio::test]
async fn a_stream_that_takes_too_long_is_cut_and_reported() {
    let mut provider = Provider::start(Script::Stall { event: EVENT }).await;
    let brief = brightstaff::Settings { drain: Duration::from_millis(200), ..settings() };
    let mut rig = Rig::start_with(compiled(&provider.base), brief).await;
    let mut wire = Wire::open(rig.address).await;
    wire.write(request("/v1/chat/completions", "x-request-id: too-long\r\n", BODY)).await;
    wire.until("first").await;
    rig.stop();
    assert_eq!(rig.drained().await.cut, 1);
    provider.left().await;
    assert_eq!(report("too-long").await["outcome"], "abandoned");
}

#[tokio::test]
async fn idle_connections_do_not_hold_it_up() {
    let provider = Provider::start(Script::Silence).await;
    let mut rig = Rig::start(&provider.base).await;
    let _silent = Wire::open(rig.address).await;
    let mut idle = Wire::open(rig.address).await;
    idle.write("GET /healthz HTTP/1.1\r\nhost: g\r\n\r\n").await;
    idle.until("ok").await;
    rig.stop();
    let begun = std::time::Instant::now();
    assert_eq!(rig.drained().await.cut, 0);
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn readiness_ends_before_health_does() {
    let provider =
        Provider::start(Script::Slow { event: EVENT, times: 1, pause: Duration::from_secs(1), last: LAST })
            .await;
    let mut rig = Rig::start(&provider.base).await;
    let probe = "GET /readyz HTTP/1.1\r\nhost: g\r\nconnection: close\r\n\r\n";
    assert!(ask(rig.address, probe).await.starts_with("HTTP/1.1 200 "));
    assert!(ask(rig.backend, probe).await.starts_with("HTTP/1.1 200 "));
    // A request is under way on this connection when the process is told to end.
    let mut wire = Wire::open(rig.backend).await;
    wire.write("GET /readyz HTTP/1.1\r\nhost:").await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    rig.stop();
    refuses(&rig).await;
    wire.write(" g\r\n\r\n").await;
    assert!(wire.rest().await.starts_with("HTTP/1.1 503 "));
    rig.drained().await;
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let mut compiled = compiled("http://127.0.0.1:1/v1");
    compiled.listeners[0].port = port;
    let gateway = compiled.open(|_| Some("key".to_owned())).unwrap();
    let error = brightstaff::Server::bind(gateway, &settings()).await.err().unwrap().to_string();
    assert!(error.contains("`model`") && error.contains(&format!("127.0.0.1:{port}")), "{error}");
    assert!(error.contains("planoai status") && error.contains("lsof"), "{error}");
}
