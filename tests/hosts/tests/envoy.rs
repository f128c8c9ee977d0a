//! What only Envoy can do wrong: its filter's reports.

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use corpus::Case;
use hosts::client::Question;
use hosts::configuration;
use hosts::host::{Host, Kind};
use hosts::provider::{Ending, Provider, Script};
use serde_json::{Value, json};

/// How long what must happen may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is asked in each of [`many`]'s questions, so that one which is kept is seen.
const LONG: usize = 50_000;

/// How many are asked in each way, and how many of them at once.
const ROUND: usize = 80;
const AT_ONCE: usize = 16;

/// How much more memory there may be after three rounds: what 80 of their 960 questions are long.
const GROWTH: u64 = (ROUND * LONG) as u64;

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

/// Questions that are answered, refused, broken off and left.
async fn many(host: &Host, provider: &Provider, asked: &Case) {
    let request = String::from_utf8_lossy(&asked.request).replacen(
        "\"Go\"",
        &json!("Go ".repeat(LONG / 3)).to_string(),
        1,
    );
    assert!(request.len() > LONG, "the question is not long");
    let question = Question::post(&asked.path(), request.clone());
    let nobody = Question::post(&asked.path(), request.replace("messages/", "nobody/"));
    for (question, ending) in [
        (&nobody, Ending::Complete),
        (&question, Ending::Complete),
        (&question, Ending::Broken),
        (&question, Ending::Silent),
    ] {
        provider.say(Script { ending, ..Script::of(asked) });
        for _ in 0..ROUND / AT_ONCE {
            let asking = (0..AT_ONCE).map(|_| tokio::spawn(hear(question.clone(), host.address, ending)));
            for heard in asking.collect::<Vec<_>>() {
                heard.await.expect("a question is asked");
            }
        }
    }
}

/// Hears all of an answer that ends, and no more than the beginning of one that does not.
async fn hear(question: Question, at: SocketAddr, ending: Ending) {
    let mut answer = question.open(at).await.expect("an answer");
    match ending {
        Ending::Silent => drop(answer.next().await.expect("the first piece")),
        _ => drop(answer.whole().await.expect("an answer")),
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
    assert!(host.output().contains(&told), "{}", host.output());
}

/// Whatever becomes of its streams, a virtual machine gives back what they took; nobody else would.
#[tokio::test]
async fn memory_does_not_grow_with_requests() {
    if Kind::Envoy.is_missing() {
        return;
    }
    let provider = Provider::start().await;
    let host = Kind::Envoy.start(provider.address, configuration::yaml).await;
    let name = "responses-to-messages--cut-in-mid-stream";
    let asked = corpus::cases().into_iter().find(|case| case.name == name).expect("a case of the corpus");
    many(&host, &provider, &asked).await;
    let before = host.memory();
    for _ in 0..3 {
        many(&host, &provider, &asked).await;
        provider.received();
    }
    let growth = host.memory().saturating_sub(before);
    assert!(growth < GROWTH, "{} questions took {growth} bytes of {before}", 3 * 4 * ROUND);
}

#[tokio::test]
async fn nothing_is_lost_where_nobody_wants_reports() {
    if Kind::Envoy.is_missing() {
        return;
    }
    let provider = Provider::start().await;
    let without = |port, provider| {
        let usual = configuration::yaml(port, provider);
        usual.split_once("backend:").expect("there is a backend").0.to_owned()
    };
    let mut host = Kind::Envoy.start(provider.address, without).await;
    ask(&host, "unwanted-1").await;
    host.stop();
    assert!(!host.output().contains("lost"), "{}", host.output());
}
