//! What only Envoy can do wrong: its filter's reports.

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use hosts::client::Question;
use hosts::configuration;
use hosts::host::{Host, Kind};
use hosts::provider::Provider;
use serde_json::{Value, json};

/// How long what must happen may take.
const PATIENCE: Duration = Duration::from_secs(30);

const FAILURE: &str = "reports do not arrive";

/// The usual configuration with its backend elsewhere.
fn with_backend(backend: SocketAddr) -> impl Fn(u16, SocketAddr) -> String {
    move |port, provider| {
        let usual = configuration::yaml(port, provider);
        let (before, _) = usual.split_once("backend:").expect("there is a backend");
        format!("{before}backend:\n  url: http://{backend}\n")
    }
}

/// A question that the gateway answers itself, and reports.
async fn ask(host: &Host, id: &str) {
    let question = Question::post("/v1/responses", r#"{"model":"nobody/m","input":"Hi"}"#);
    let answer = question.header("x-request-id", id).ask(host.address).await.expect("an answer");
    assert_eq!(answer.status, 404);
}

async fn wait_for(what: &str, host: &Host, is_so: impl Fn(&str) -> bool) {
    let begin = Instant::now();
    while !is_so(&host.output()) {
        assert!(begin.elapsed() < PATIENCE, "{what}:\n{}", host.output());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn is_reported(provider: &Provider, id: &str) -> bool {
    provider.reports().iter().any(|report| report["id"] == id)
}

#[tokio::test]
async fn reports_that_do_not_arrive_are_told_once_and_sent_again() {
    if Kind::Envoy.is_missing() {
        return;
    }
    let provider = Provider::start().await;
    let host = Kind::Envoy.start(provider.address, configuration::yaml).await;
    provider.refuse_reports(Some(503));
    ask(&host, "late-1").await;
    wait_for("the failure is told", &host, |said| said.contains("reports do not arrive: status 503")).await;
    // The next tick tries again, and fails again.
    ask(&host, "late-2").await;
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!(host.output().matches(FAILURE).count(), 1, "{}", host.output());
    provider.refuse_reports(None);
    wait_for("the end is told", &host, |said| said.contains("reports arrive again")).await;
    wait_for("all arrive", &host, |_| is_reported(&provider, "late-1") && is_reported(&provider, "late-2"))
        .await;
    provider.refuse_reports(Some(401));
    ask(&host, "lost-1").await;
    wait_for("the refusal is told", &host, |said| said.contains("reports do not arrive: status 401")).await;
    wait_for("the loss is told", &host, |said| said.contains(" reports were lost")).await;
}

#[tokio::test]
async fn a_backend_that_cannot_be_reached_is_told_once() {
    if Kind::Envoy.is_missing() {
        return;
    }
    let provider = Provider::start().await;
    let place = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let nobody = place.local_addr().expect("a listener has an address");
    drop(place);
    let host = Kind::Envoy.start(provider.address, with_backend(nobody)).await;
    ask(&host, "unreached-1").await;
    wait_for("the failure is told", &host, |said| said.contains("onnect")).await;
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!(host.output().matches(FAILURE).count(), 1, "{}", host.output());
    assert!(!host.output().contains("were lost"), "{}", host.output());
}

/// Whoever renames the cluster in the bootstrap is told at once, for it will never be found.
#[tokio::test]
async fn reports_to_a_cluster_that_is_not_there_are_lost_and_told() {
    if Kind::Envoy.is_missing() {
        return;
    }
    let provider = Provider::start().await;
    let backend = SocketAddr::from(([127, 0, 0, 1], 9));
    let rename = |bootstrap: &mut Value| {
        let clusters = bootstrap["static_resources"]["clusters"].as_array_mut().expect("clusters");
        let found = clusters.iter_mut().find(|cluster| cluster["name"] == json!("http://127.0.0.1:9"));
        found.expect("the backend's cluster")["name"] = json!("elsewhere");
    };
    let host = Kind::start_envoy(provider.address, with_backend(backend), rename).await;
    ask(&host, "nowhere-1").await;
    wait_for("why is told", &host, |said| said.contains("Envoy has no cluster http://127.0.0.1:9")).await;
    wait_for("the loss is told", &host, |said| said.contains(" reports were lost")).await;
}

/// What waits when Envoy stops cannot arrive any more, which nobody would know.
#[tokio::test]
async fn reports_that_envoy_takes_with_it_are_told() {
    if Kind::Envoy.is_missing() {
        return;
    }
    let provider = Provider::start().await;
    let mut host = Kind::Envoy.start(provider.address, configuration::yaml).await;
    provider.refuse_reports(Some(503));
    ask(&host, "last-1").await;
    ask(&host, "last-2").await;
    wait_for("the failure is told", &host, |said| said.contains(FAILURE)).await;
    host.stop();
    // The one of the question for Envoy's health, with which every host is started, may have arrived before.
    let told = format!("{} reports were lost: Envoy stops", 3 - provider.reports().len());
    wait_for("the loss is told", &host, |said| said.contains(&told)).await;
}
