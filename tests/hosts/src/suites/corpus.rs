//! The corpus over HTTP: what the provider receives and the client gets is what it is in process.

use corpus::Case;

use super::{Outcome, equal, holds};
use crate::client::{Answer, Question};
use crate::configuration::{CLIENT_KEY, family};
use crate::host::{Host, Kind};
use crate::provider::{Provider, Received, Script};

/// Plays all cases.
pub async fn corpus(kind: Kind) {
    super::play(kind, "corpus", async |host, provider| {
        let mut outcomes = Vec::new();
        for case in corpus::cases() {
            let outcome = play(host, provider, &case).await;
            outcomes.push((case.name, outcome));
        }
        outcomes
    })
    .await;
}

async fn play(host: &Host, provider: &Provider, case: &Case) -> Outcome {
    provider.say(Script::of(case));
    let answer = question(case).ask(host.address).await?;
    let received = provider.received();
    match (received.as_slice(), case.outline.refused) {
        ([], true) => {}
        ([received], false) => check_received(case, received)?,
        _ => return Err(format!("the provider was asked {} times: {}", received.len(), answer.text())),
    }
    check_answer(case, &answer)
}

/// What the client sends: its own credential, and headers that must stay here.
fn question(case: &Case) -> Question {
    let mut question = Question::post(&case.path(), case.request.clone());
    question = match case.client.as_str() {
        "messages" => question.header("x-api-key", CLIENT_KEY).header("anthropic-version", "2023-06-01"),
        "generate" => question.header("x-goog-api-key", CLIENT_KEY),
        _ => question.header("authorization", &format!("Bearer {CLIENT_KEY}")),
    };
    for (name, value) in &case.outline.headers {
        question = question.header(name, value);
    }
    let private = [
        ("x-plano-session", "s1"),
        ("x-arch-agent", "a1"),
        ("cookie", "c=1"),
        ("x-forwarded-for", "10.1.2.3"),
    ];
    private.into_iter().fold(question, |question, (name, value)| question.header(name, value))
}

fn check_received(case: &Case, received: &Received) -> Outcome {
    let family = family(case.provider());
    equal("method", &"POST", &received.method.as_str())?;
    let path = received.path.split("?beta=").next().unwrap_or_default();
    let expected = family.paths[usize::from(case.asks_for_stream())].replace("{model}", &case.plain_model());
    equal("path", &&*expected, &path)?;
    let header = |name: &str| received.headers.get(name).and_then(|value| value.to_str().ok());
    let (name, credential) = family.credential;
    equal(name, &Some(credential), &header(name))?;
    holds("no anthropic-version", case.provider() != "messages" || header("anthropic-version").is_some())?;
    for (name, value) in &received.headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        let private =
            name.as_str().starts_with("x-plano-") || name.as_str().starts_with("x-arch-") || name == "cookie";
        let foreign = value.contains(CLIENT_KEY) || value.contains("10.1.2.3");
        holds(format!("the provider got {name}: {value}"), !private && !foreign)?;
    }
    let credentials = ["authorization", "x-api-key", "x-goog-api-key"].into_iter().filter_map(header);
    equal("credentials", &1, &credentials.count())?;
    case.check_sent(&received.body).map_err(|why| format!("sent: {why}"))
}

fn check_answer(case: &Case, answer: &Answer) -> Outcome {
    equal("status", &case.expect_status(), &answer.status)?;
    case.check_got(&answer.body).map_err(|why| format!("got: {why}"))?;
    holds("the answer's body broke off", answer.complete)?;
    let streams = answer.header("content-type").is_some_and(|value| value.starts_with("text/event-stream"));
    equal("is a stream", &case.gets_stream(), &streams)?;
    holds("no x-request-id", answer.header("x-request-id").is_some())?;
    for (name, value) in &case.outline.expect_headers {
        equal(name, &Some(value.as_str()), &answer.header(name))?;
    }
    Ok(())
}
