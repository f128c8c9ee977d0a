//! The caller's credential stays here, the provider's stays there (J2, J4).

use crate::provider::{Provider, Script};
use crate::rig::{KEY, Rig, ask, compiled, logged, report, request, settings};

const BODY: &str = r#"{"model":"openai/gpt","messages":[{"role":"user","content":"my-secret-words"}]}"#;
const CALLERS: &str = "authorization: Bearer callers-key\r\nx-api-key: callers-other-key\r\ncookie: callers=cookie\r\n\
    x-plano-tenant: callers-tenant\r\nx-arch-upstream: callers-hint\r\nproxy-authorization: Basic callers\r\n";

fn answer(status: u16, body: &str) -> Script {
    Script::Answer { status, media_type: "application/json", body: body.to_owned() }
}

#[tokio::test]
async fn j2_nothing_of_the_caller_reaches_the_provider() {
    let provider = Provider::start(answer(200, "{}")).await;
    let rig = Rig::start(&provider.base).await;
    ask(rig.address, &request("/v1/chat/completions", CALLERS, BODY)).await;
    let asked = provider.requests().concat().to_ascii_lowercase();
    assert!(!asked.contains("callers"), "{asked}");
    assert!(asked.contains(&format!("authorization: bearer {KEY}\r\n")), "{asked}");
}

#[tokio::test]
async fn j2_a_provider_without_a_key_gets_none() {
    let provider = Provider::start(answer(200, "{}")).await;
    let mut compiled = compiled(&provider.base);
    compiled.providers[0].access_key = None;
    let rig = Rig::start_with(compiled, settings()).await;
    ask(rig.address, &request("/v1/chat/completions", CALLERS, BODY)).await;
    assert!(!provider.requests().concat().to_ascii_lowercase().contains("callers"));
}

#[tokio::test]
async fn a_passthrough_provider_gets_the_callers_credential_and_no_more() {
    let provider = Provider::start(answer(200, "{}")).await;
    let mut compiled = compiled(&provider.base);
    compiled.providers[0].passthrough = true;
    let rig = Rig::start_with(compiled, settings()).await;
    ask(rig.address, &request("/v1/chat/completions", CALLERS, BODY)).await;
    let asked = provider.requests().concat().to_ascii_lowercase();
    assert!(asked.contains("authorization: bearer callers-key\r\n"), "{asked}");
    assert!(!asked.contains(KEY) && !asked.contains("callers-other-key") && !asked.contains("cookie"));
}

/// Neither an answer, nor an error, nor the log at its most talkative.
#[tokio::test]
async fn j4_neither_keys_nor_content_are_shown_anywhere() {
    let refusal = r#"{"error":{"message":"no","type":"invalid_request_error","code":null,"param":null}}"#;
    let headers = format!("x-request-id: tell-tale\r\n{CALLERS}");
    for (script, id) in [(answer(200, "{}"), "a"), (answer(401, refusal), "b"), (answer(200, "no JSON"), "c")]
    {
        let provider = Provider::start(script).await;
        let rig = Rig::start(&provider.base).await;
        let headers = headers.replace("tell-tale", id);
        let answer = ask(rig.address, &request("/v1/chat/completions", &headers, BODY)).await;
        assert!(!answer.contains(KEY), "{answer}");
        report(id).await;
    }
    let broken = Rig::start("http://127.0.0.1:1/v1").await;
    let headers = headers.replace("tell-tale", "d");
    let answer = ask(broken.address, &request("/v1/chat/completions", &headers, BODY)).await;
    assert!(answer.starts_with("HTTP/1.1 502 ") && !answer.contains(KEY), "{answer}");
    report("d").await;
    let log = logged();
    assert!(!log.contains(KEY) && !log.contains("callers-") && !log.contains("my-secret-words"));
}
