//! `POST /v1/reports`, and who may send there.

use brightstaff::{Server, Settings, StartError};
use serde_json::Value;

use crate::provider::{Provider, Script};
use crate::rig::{Rig, ask, compiled, json_of, report, request, settings};

async fn rig_with_token() -> Rig {
    let settings = Settings { token: Some("the-token".to_owned()), ..settings() };
    Rig::start_with(compiled("http://127.0.0.1:1/v1"), settings).await
}

async fn send(rig: &Rig, headers: &str, body: &str) -> (String, Value) {
    let answer = ask(rig.backend, &request("/v1/reports", headers, body)).await;
    (answer.split(' ').nth(1).unwrap().to_owned(), json_of(&answer))
}

#[tokio::test]
async fn reports_are_taken_and_logged() {
    let rig = Rig::start("http://127.0.0.1:1/v1").await;
    let body = r#"[{"id":"sent-1","host":"worker","status":200,"model":"m","of_a_later_version":1},
        {"id":"sent-2","host":"spin","status":502,"outcome":"cut","losses":["top_k: dropped"]}]"#;
    assert_eq!(send(&rig, "", body).await, ("202".to_owned(), serde_json::json!({"taken": 2})));
    assert_eq!(report("sent-1").await["host"], "worker");
    assert_eq!(report("sent-2").await["losses"][0], "top_k: dropped");
}

#[tokio::test]
async fn reports_that_make_no_sense_are_refused_and_none_is_taken() {
    let rig = Rig::start("http://127.0.0.1:1/v1").await;
    let long = format!(r#"[{{"id":"x","host":"spin","status":200,"model":"{}"}}]"#, "m".repeat(600));
    let many = format!("[{}]", vec!["{}"; 1001].join(","));
    let cases = [
        ("", "must be a JSON array of reports"),
        ("{}", "must be a JSON array of reports"),
        ("[1]", "Report 0"),
        (r#"[{"host":"spin","status":200}]"#, "Report 0 cannot be taken: `id` is missing"),
        (
            r#"[{"id":"x","host":"spin","status":200},{"id":"y","status":200}]"#,
            "Report 1 cannot be taken: `host`",
        ),
        (r#"[{"id":"x","host":"spin","status":99}]"#, "`status` is 99"),
        (r#"[{"id":"x","host":"spin","status":"200"}]"#, "Report 0 cannot be taken: invalid type"),
        (&long, "`model` is longer than"),
        (&many, "At most 1000 reports"),
    ];
    for (body, why) in cases {
        let (status, answer) = send(&rig, "", body).await;
        let message = answer["error"]["message"].as_str().unwrap();
        assert_eq!(status, "400", "{body}");
        assert!(message.contains(why), "{message}");
    }
}

#[tokio::test]
async fn reports_are_bounded_and_posted() {
    let rig = Rig::start("http://127.0.0.1:1/v1").await;
    assert_eq!(send(&rig, "", &" ".repeat(1024 * 1024 + 1)).await.0, "413");
    let get = "GET /v1/reports HTTP/1.1\r\nhost: g\r\nconnection: close\r\n\r\n";
    assert!(ask(rig.backend, get).await.starts_with("HTTP/1.1 405 "));
    let elsewhere = ask(rig.address, &request("/v1/reports", "", "[]")).await;
    assert!(elsewhere.starts_with("HTTP/1.1 404 "), "only the backend's door takes reports: {elsewhere}");
}

#[tokio::test]
async fn with_a_token_it_must_be_shown() {
    let rig = rig_with_token().await;
    for headers in [
        "",
        "authorization: Bearer wrong\r\n",
        "authorization: Basic the-token\r\n",
        "x-api-key: the-token\r\n",
    ] {
        let (status, error) = send(&rig, headers, "[]").await;
        assert_eq!(
            (status.as_str(), &error["error"]["code"]),
            ("401", &Value::from("invalid_token")),
            "{headers}"
        );
    }
    assert_eq!(send(&rig, "authorization: bearer the-token\r\n", "[]").await.0, "202");
    let models = "GET /v1/models HTTP/1.1\r\nhost: g\r\nconnection: close\r\n\r\n";
    assert!(ask(rig.backend, models).await.starts_with("HTTP/1.1 401 "), "the gateway behind that door too");
    assert!(ask(rig.address, models).await.starts_with("HTTP/1.1 200 "), "but not the model listener");
    for probe in ["/healthz", "/readyz"] {
        let probe = models.replace("/v1/models", probe);
        assert!(
            ask(rig.backend, &probe).await.starts_with("HTTP/1.1 200 "),
            "probes show nothing and need nothing"
        );
    }
}

/// The token opens the backend's door; a provider that takes the caller's own credential must not get it.
#[tokio::test]
async fn the_token_goes_no_further() {
    let answer = Script::Answer { status: 200, media_type: "application/json", body: "{}".to_owned() };
    let provider = Provider::start(answer).await;
    let mut compiled = compiled(&provider.base);
    compiled.providers[0].passthrough = true;
    let settings = Settings { token: Some("the-token".to_owned()), ..settings() };
    let rig = Rig::start_with(compiled, settings).await;
    let headers = "authorization: Bearer the-token\r\nx-api-key: my-own\r\n";
    ask(rig.backend, &request("/v1/chat/completions", headers, r#"{"model":"openai/gpt","messages":[]}"#))
        .await;
    let asked = provider.requests().concat();
    assert!(asked.contains("Bearer my-own") && !asked.contains("the-token"), "{asked}");
}

#[tokio::test]
async fn off_loopback_it_does_not_start_without_a_token() {
    let gateway = || compiled("http://127.0.0.1:1/v1").open(|_| Some("key".to_owned())).unwrap();
    let exposed = Settings { backend: "0.0.0.0:0".parse().unwrap(), ..settings() };
    let refused = Server::bind(gateway(), &exposed).await;
    assert!(matches!(refused, Err(StartError::Exposed(_))));
    let guarded = Settings { token: Some("the-token".to_owned()), ..exposed };
    assert!(Server::bind(gateway(), &guarded).await.is_ok());
}
