//! Models inside of batches: they say whose a batch is, and reach the provider by its own names.

use http::Request;
use serde_json::json;
use shared::gateway::{Compiled, Gateway};

use crate::world::{Played, Said, ask, play, play_with, provider};

const FORM: &str = "multipart/form-data; boundary=b";

fn upload(purpose: &str, file: &str) -> Request<bytes::Bytes> {
    let body = format!(
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jsonl\"\r\n\
         Content-Type: application/jsonl\r\n\r\n{file}\r\n--b\r\n\
         Content-Disposition: form-data; name=\"purpose\"\r\n\r\n{purpose}\r\n--b--\r\n"
    );
    ask("/v1/files", FORM, &body)
}

fn hinted(mut request: Request<bytes::Bytes>, provider: &str) -> Played {
    request.headers_mut().insert("x-arch-llm-provider-hint", provider.parse().unwrap());
    play(request, &[Said::json("{}")])
}

fn line(id: usize, model: &str) -> String {
    format!(
        r#"{{"custom_id":"{id}", "method":"POST","url":"/v1/chat/completions","body":{{"messages":[{{"role":"user","content":"\"model\":\"own/m\""}}], "model" : "{model}","max_tokens":9.0}}}}"#
    )
}

/// A file of these lines, one of them without a word and one that is no request.
fn file(models: &[&str]) -> String {
    let lines = models.iter().enumerate().map(|(id, model)| line(id, model) + "\r\n");
    lines.collect::<String>() + "\n{\"body\":{\"model\":\"own/x\"\n"
}

/// Every other byte of an upload stays, and the models say whose it is.
#[test]
fn models_in_lines_become_the_providers_own() {
    let asked = upload("batch", &file(&["own/m", "own/a\\u002Fb", "own/m"]));
    let body = String::from_utf8_lossy(asked.body()).into_owned();
    let played = play(asked, &[Said::json("{}")]);
    let own = body.replace("\"model\" : \"own/m\"", "\"model\" : \"m\"").replace("own/a\\u002Fb", "a/b");
    assert_eq!(played.sent().body(), &own);
    assert_eq!(played.sent().uri(), "https://own.test/v1/files");
    assert_eq!(played.report.provider, "own/*");
}

/// The provider's own names stay as they are, and so does all that is no batch.
#[test]
fn what_is_the_providers_own_already_stays() {
    let asked = || upload("batch", &file(&["llama-3.3-70b", "own/m"]));
    let played = hinted(asked(), "groq");
    assert_eq!((played.sent().body(), played.report.provider.as_str()), (asked().body(), "groq/*"));
    let played = hinted(asked(), "own");
    let sent = String::from_utf8_lossy(played.sent().body()).into_owned();
    assert!(sent.contains("\"model\" : \"llama-3.3-70b\"") && sent.contains("\"model\" : \"m\""), "{sent}");
    let asked = || upload("fine-tune", &file(&["own/m"]));
    let played = play(asked(), &[Said::json("{}")]);
    assert_eq!((played.sent().body(), played.report.provider.as_str()), (asked().body(), "openai/gpt-4o"));
}

/// An alias is a name like any other, and models of one account may be in one batch.
#[test]
fn aliases_and_entries_of_one_account() {
    let two = ["openai/a", "openai/b"].map(|name| {
        let (_, model) = name.split_once('/').unwrap();
        let serves = shared::gateway::Serves::Exact(model.to_owned());
        shared::gateway::CompiledProvider { serves, ..provider("openai", name, "") }
    });
    let other = provider("groq", "groq/*", "");
    let mut compiled = Compiled::new(two.into_iter().chain([other]).collect());
    compiled.aliases = [("fast".to_owned(), "openai/b".to_owned())].into();
    let gateway: Gateway = compiled.open(|_| None).unwrap();
    let played = play_with(&gateway, upload("batch", &file(&["openai/a", "fast", "b"])), &[Said::json("{}")]);
    let sent = String::from_utf8_lossy(played.sent().body()).into_owned();
    let models: Vec<_> = sent.split("\"model\" : \"").skip(1).map(|rest| &rest[..2]).collect();
    assert_eq!(models, ["a\"", "b\"", "b\""]);
}

/// Models of two providers are not sent to either.
#[test]
fn a_batch_of_several_providers_is_refused() {
    let played = play(upload("batch", &file(&["own/m", "own/m", "gpt-4o"])), &[]);
    let error = &played.json()["error"];
    assert_eq!((played.status.as_u16(), &error["code"]), (400, &json!("batch_of_several_providers")));
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("line 1 is for the model `own/m`, and line 3 for `gpt-4o`"), "{message}");
    // A provider without files cannot have a batch.
    let played = play(upload("batch", &file(&["gemini/m"])), &[]);
    assert_eq!(played.json()["error"]["code"], "unsupported_operation");
}

/// Anthropic's batches are lists of requests in one body.
#[test]
fn models_in_lists_become_anthropics_own() {
    let batch = |models: [&str; 2]| {
        let [one, two] = models.map(|model| {
            format!(r#"{{ "custom_id":"a","params":{{"max_tokens":1.0, "model":"{model}"}} }}"#)
        });
        format!("{{\"requests\" : [ {one},\n{two}]}}")
    };
    let asked = ask(
        "/v1/messages/batches",
        "application/json",
        &batch(["claude/claude-haiku-4-5", "claude-opus-4-6"]),
    );
    let played = play(asked, &[Said::json("{}")]);
    assert_eq!(played.sent().body(), &batch(["claude-haiku-4-5", "claude-opus-4-6"]));
    let asked = ask("/v1/messages/batches", "application/json", &batch(["claude/a", "own/m"]));
    let error = play(asked, &[]).json();
    assert!(error["error"]["message"].as_str().unwrap().contains("`requests[1]` for `own/m`"), "{error}");
}
