//! What is asked besides answers: methods, bytes that are no text, whom it goes to, and the vendors' SDKs on all of it.

use std::net::SocketAddr;
use std::time::Instant;

use http::Method;

use super::{Outcome, equal, holds, sdks};
use crate::client::Question;
use crate::host::Kind;
use crate::provider::{PAUSE, Provider, RECORDING};
use crate::tools;

/// Plays all of it.
pub async fn operations(kind: Kind) {
    super::play(kind, "operations", async |host, provider| {
        let at = host.address;
        let mut outcomes = vec![
            ("sends a form on as it is, but for the model".to_owned(), form(at, provider).await),
            ("brings bytes back as they are".to_owned(), bytes(at, provider).await),
            ("passes bytes on as they come".to_owned(), slow(kind, at).await),
            ("breaks bytes off as they break off".to_owned(), cut(at).await),
            ("asks with the client's method".to_owned(), methods(at, provider).await),
            ("counts, or says that it estimates".to_owned(), counts(at, provider).await),
            ("names who must be named".to_owned(), unnamed(at, provider).await),
            ("greets agents".to_owned(), hello(at).await),
        ];
        let needed = ["PLANO_PYTHON", "PLANO_NODE", "PLANO_NODE_MODULES"];
        if !tools::missing(kind.name(), &needed) {
            for script in ["python/operations.py", "node/operations.mjs"] {
                outcomes.extend(sdks::run(host, provider, script).await);
            }
        }
        outcomes
    })
    .await;
}

fn of(method: Method, path: &str) -> Question {
    let hint = Question::get(path).header("x-arch-llm-provider-hint", "completions");
    Question { method, ..hint }
}

async fn form(at: SocketAddr, provider: &Provider) -> Outcome {
    let form = |model: &str| {
        let file =
            [b"--b\r\ncontent-disposition: form-data; name=file; filename=\"a\"\r\n\r\n", RECORDING].concat();
        let model =
            format!("\r\n--b\r\ncontent-disposition: form-data; name=model\r\n\r\n{model}\r\n--b--\r\n");
        [file, model.into_bytes()].concat()
    };
    provider.received();
    let question = Question::post("/v1/audio/transcriptions", form("completions/whisper"))
        .header("content-type", "multipart/form-data; boundary=b");
    let answer = question.ask(at).await?;
    equal("status", &200, &answer.status).map_err(|why| format!("{why}: {}", answer.text()))?;
    equal("text", &"Hello.", &answer.json()["text"].as_str().unwrap_or_default())?;
    let sent = provider.received().pop().ok_or("nobody was asked")?;
    equal("path", &"/compatible/v4/audio/transcriptions", &sent.path.as_str())?;
    holds("the form was changed elsewhere", sent.body == form("whisper"))?;
    let key = sent.headers.get("authorization").and_then(|value| value.to_str().ok());
    equal("key", &Some("Bearer sk-of-completions"), &key)
}

async fn bytes(at: SocketAddr, provider: &Provider) -> Outcome {
    let speech =
        Question::post("/v1/audio/speech", r#"{"model":"completions/tts","input":"Hi","voice":"a"}"#);
    for question in [speech, of(Method::GET, "/v1/files/file-1/content")] {
        provider.received();
        let answer = question.ask(at).await?;
        equal("status", &200, &answer.status).map_err(|why| format!("{why}: {}", answer.text()))?;
        equal("media type", &Some("audio/mpeg"), &answer.header("content-type"))?;
        holds(format!("other bytes came: {:?}", answer.body), answer.body == RECORDING)?;
    }
    Ok(())
}

/// Not in workerd, which cannot break off what has no length.
async fn slow(kind: Kind, at: SocketAddr) -> Outcome {
    let long = of(Method::GET, "/v1/files/file-long/content").ask(at).await?;
    equal("length", &Some(RECORDING.len().to_string().as_str()), &long.header("content-length"))?;
    holds("it is not whole", long.complete && long.body == RECORDING)?;
    let mut slow = of(Method::GET, "/v1/files/file-slow/content").open(at).await?;
    let first = slow.next().await?.ok_or("nothing came")?;
    let came = Instant::now();
    let rest = slow.whole().await?;
    let passed = came.elapsed() > PAUSE / 2;
    holds(format!("the rest came {:?} later", came.elapsed()), passed || kind == Kind::Worker)?;
    holds("it is not whole", rest.complete && [first, rest.body].concat() == RECORDING)
}

/// With a length or without.
async fn cut(at: SocketAddr) -> Outcome {
    for file in ["file-cut", "file-short"] {
        let cut = of(Method::GET, &format!("/v1/files/{file}/content")).ask(at).await;
        // The head may be lost with the rest.
        let looks_whole = cut.is_ok_and(|answer| answer.complete && answer.status == 200);
        holds(format!("{file} looks whole"), !looks_whole)?;
    }
    Ok(())
}

async fn methods(at: SocketAddr, provider: &Provider) -> Outcome {
    let asked = [
        (Method::GET, "/files?purpose=batch&after=a"),
        (Method::DELETE, "/files/file-1"),
        (Method::POST, "/batches/batch_1/cancel"),
        (Method::GET, "/batches/batch_1"),
    ];
    for (method, path) in asked {
        provider.received();
        let answer = of(method.clone(), &format!("/v1{path}")).ask(at).await?;
        equal("status", &200, &answer.status)
            .map_err(|why| format!("{method} {path}: {why}: {}", answer.text()))?;
        let sent = provider.received().pop().ok_or("nobody was asked")?;
        equal("method", &method, &sent.method)?;
        equal("path", &format!("/compatible/v4{path}"), &sent.path)?;
        holds("the hint was sent on", !sent.headers.contains_key("x-arch-llm-provider-hint"))?;
    }
    Ok(())
}

async fn counts(at: SocketAddr, provider: &Provider) -> Outcome {
    let ask = |model: &str| {
        let body = format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"Hello"}}]}}"#);
        Question::post("/v1/messages/count_tokens?beta=true", body).header("anthropic-version", "2023-06-01")
    };
    for (model, path) in [
        ("messages/m", "/v1/messages/count_tokens"),
        ("responses/m", "/openai/v1/responses/input_tokens"),
        ("generate/m", "/v1beta/models/m:countTokens"),
        ("converse/us.anthropic.claude-x", "/model/anthropic.claude-x/count-tokens"),
    ] {
        provider.received();
        let answer = ask(model).ask(at).await?;
        equal(model, &Some(41), &answer.json()["input_tokens"].as_u64())
            .map_err(|why| format!("{why}: {}", answer.text()))?;
        equal("estimated", &None, &answer.header("x-plano-estimated"))?;
        let sent = provider.received().pop().ok_or("nobody was asked")?;
        equal("path", &path, &sent.path.split('?').next().unwrap_or_default())?;
    }
    let answer = ask("completions/m").ask(at).await?;
    equal("estimated", &Some("true"), &answer.header("x-plano-estimated"))?;
    holds(answer.text(), answer.json()["input_tokens"].as_u64().is_some_and(|count| count > 0))?;
    holds("a provider was asked", provider.received().is_empty())
}

/// Several providers could keep a file, and none of them is the default.
async fn unnamed(at: SocketAddr, provider: &Provider) -> Outcome {
    provider.received();
    let answer = Question::get("/v1/files").ask(at).await?;
    equal("status", &400, &answer.status)?;
    equal("code", &Some("provider_ambiguous"), &answer.json()["error"]["code"].as_str())?;
    holds("a provider was asked", provider.received().is_empty())
}

async fn hello(at: SocketAddr) -> Outcome {
    for path in ["/", "/api/hello"] {
        let answer = Question::get(path).ask(at).await?;
        equal("service", &Some("plano"), &answer.json()["service"].as_str())?;
        let head = Question { method: Method::HEAD, ..Question::get(path) }.ask(at).await?;
        equal("status", &200, &head.status)?;
        holds("a body came with HEAD", head.body.is_empty())?;
    }
    let page =
        Question::get("/v1/models?limit=1").header("anthropic-version", "2023-06-01").ask(at).await?.json();
    equal("models on a page", &Some(1), &page["data"].as_array().map(Vec::len))?;
    let gemini = Question::get("/v1beta/models").ask(at).await?.json();
    holds(&gemini, gemini["models"][0]["name"].as_str().is_some_and(|name| name.starts_with("models/")))
}
