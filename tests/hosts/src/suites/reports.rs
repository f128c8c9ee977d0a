//! The account of each request: where it goes, what it says, and what it never says.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use corpus::Case;
use serde_json::{Value, json};

use super::{Outcome, equal, holds};
use crate::client::Question;
use crate::configuration::{CLIENT_KEY, FAMILIES};
use crate::host::{Host, Kind};
use crate::provider::{Ending, Provider, Script};

/// A host may gather reports for a while before it sends them.
const PATIENCE: Duration = Duration::from_secs(30);

/// Plays all of it.
pub async fn reports(kind: Kind) {
    super::play(kind, "reports", async |host, provider| {
        vec![
            ("a streamed answer".to_owned(), streamed(host, provider).await),
            ("an error of the provider".to_owned(), failed(host, provider).await),
            ("a stream that broke off".to_owned(), cut(host, provider).await),
            ("a request that was refused".to_owned(), refused(host, provider).await),
            ("a crowd".to_owned(), crowd(host, provider).await),
            ("no secrets".to_owned(), no_secrets(host, provider)),
        ]
    })
    .await;
}

async fn streamed(host: &Host, provider: &Provider) -> Outcome {
    let case = super::case("messages-to-completions--parallel-tools-streamed");
    provider.say(Script::of(&case));
    ask(host, &case, "reported-1").await?;
    let report = report(host, provider, "reported-1").await?;
    let expected = json!({
        "host": host.kind.name(), "client": "messages", "upstream": "completions", "model": "completions/m",
        "provider": "completions/*", "provider_model": "m-2026-01-01", "stream": true, "status": 200, "outcome": "answered",
        "attempts": 1, "losses": ["answer.system_fingerprint"], "bytes_in": case.request.len(),
    });
    for (member, value) in expected.as_object().into_iter().flatten() {
        equal(member, value, &report[member])?;
    }
    let usage = &report["usage"];
    equal("usage", &json!([90, 75, 64]), &json!([usage["input"], usage["output"], usage["cache_read"]]))?;
    let times = &report["times"];
    holds(times, times["total"].as_u64() >= times["head"].as_u64() && times["head"].is_u64())
}

async fn failed(host: &Host, provider: &Provider) -> Outcome {
    let case = super::case("completions-to-messages--error-529");
    provider.say(Script::of(&case));
    ask(host, &case, "reported-2").await?;
    let report = report(host, provider, "reported-2").await?;
    equal("outcome", &json!(["failed", 529]), &json!([report["outcome"], report["status"]]))?;
    equal("error", &json!({"kind": "overloaded", "fault": "upstream"}), &report["error"])
}

async fn cut(host: &Host, provider: &Provider) -> Outcome {
    let case = super::case("responses-to-messages--cut-in-mid-stream");
    provider.say(Script { ending: Ending::Broken, ..Script::of(&case) });
    ask(host, &case, "reported-3").await?;
    let report = report(host, provider, "reported-3").await?;
    equal("outcome", &json!(["cut", 200]), &json!([report["outcome"], report["status"]]))
}

async fn refused(host: &Host, provider: &Provider) -> Outcome {
    let question = Question::post("/v1/responses", r#"{"model":"nobody/m","input":"Hi"}"#);
    question.header("x-request-id", "reported-4").ask(host.address).await?;
    let report = report(host, provider, "reported-4").await?;
    let error = &report["error"];
    equal("error", &json!({"kind": "not_found", "fault": "client"}), error)?;
    equal("attempts", &json!(0), &report["attempts"])
}

/// More requests at once than any host sends the reports of together.
async fn crowd(host: &Host, provider: &Provider) -> Outcome {
    const CROWD: usize = 400;
    const AT_ONCE: usize = 20;
    let id = |number: usize| format!("crowd-{number}");
    for first in (0..CROWD).step_by(AT_ONCE) {
        let asked = (first..first + AT_ONCE).map(|number| {
            let question = Question::post("/v1/responses", r#"{"model":"nobody/m","input":"Hi"}"#);
            let (question, address) = (question.header("x-request-id", &id(number)), host.address);
            tokio::spawn(async move { question.ask(address).await.map(drop) })
        });
        for answered in asked.collect::<Vec<_>>() {
            answered.await.map_err(|error| error.to_string())??;
        }
    }
    let everybody: BTreeSet<String> = (0..CROWD).map(id).collect();
    let all = |reports: Vec<Value>| {
        let told = reports.iter().filter_map(|report| report["id"].as_str().map(str::to_owned)).collect();
        everybody.is_subset(&told).then_some(())
    };
    wait(host, provider, all).await.ok_or_else(|| "some of a crowd are not reported".to_owned())
}

async fn ask(host: &Host, case: &Case, id: &str) -> Outcome {
    let question = Question::post(&case.path(), case.request.clone()).header("x-request-id", id);
    question.ask(host.address).await.map(drop)
}

/// Neither keys nor content, in whatever the host says or reports.
fn no_secrets(host: &Host, provider: &Provider) -> Outcome {
    let said = host.output() + &json!(provider.reports()).to_string();
    let keys = FAMILIES.iter().map(|family| family.key.1);
    for secret in keys.chain([CLIENT_KEY, "Paris", "Łódź", "I will look"]) {
        holds(format!("the host says {secret:?}"), !said.contains(secret))?;
    }
    Ok(())
}

/// The report of a request.
async fn report(host: &Host, provider: &Provider, id: &str) -> Result<Value, String> {
    let find = |reports: Vec<Value>| reports.into_iter().find(|report| report["id"] == id);
    wait(host, provider, find).await.ok_or_else(|| format!("there is no report of {id}"))
}

/// What is found in the reports so far, as soon as it is: lines of the native host's log, sent to the backend by others.
async fn wait<T>(host: &Host, provider: &Provider, find: impl Fn(Vec<Value>) -> Option<T>) -> Option<T> {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        let reports = if host.kind == Kind::Native { logged(&host.output()) } else { provider.reports() };
        if let Some(found) = find(reports) {
            return Some(found);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    None
}

fn logged(output: &str) -> Vec<Value> {
    let lines = output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.map(|line| line["report"].clone()).filter(Value::is_object).collect()
}
