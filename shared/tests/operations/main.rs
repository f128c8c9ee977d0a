//! What is asked besides answers: whom it goes to, what of it is changed, and what comes back.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test stops where the core must not"
)]

mod batches;
#[path = "../common/world.rs"]
mod common;
mod text;
mod world;

use common::{Pieces, World};
use http::{Response, StatusCode};
use serde_json::json;
use shared::report::Outcome;
use world::{Played, Said, ask, gateway, get, play};

const FORM: &str = "multipart/form-data; boundary=b";

fn form(model: &str) -> String {
    format!(
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\n\u{1}RIFF\r\n--b\r\n\
         Content-Disposition: form-data; name=\"model\"\r\n\r\n{model}\r\n--b--\r\n"
    )
}

/// What OpenAI's other operations are asked goes to its provider with that provider's name for the model and its key.
#[test]
fn what_names_a_model_goes_to_its_provider() {
    for path in [
        "completions",
        "moderations",
        "rerank",
        "images/generations",
        "images/edits",
        "images/variations",
        "audio/speech",
    ] {
        let asked = r#"{ "model" : "own/m", "n": 1.0 }"#;
        let played =
            play(ask(&format!("/v1/{path}"), "application/json", asked), &[Said::json("{\"a\": 1}")]);
        let sent = played.sent();
        assert_eq!(sent.uri(), &*format!("https://own.test/v1/{path}"));
        assert_eq!(sent.body(), &asked.replace("own/m", "m"));
        assert_eq!(sent.headers()["authorization"], "Bearer sk-own");
        assert_eq!((played.text(), played.header("x-plano-model")), ("{\"a\": 1}", "m"));
    }
    for path in ["audio/transcriptions", "audio/translations", "images/edits"] {
        let played = play(ask(&format!("/v1/{path}"), FORM, &form("own/whisper-1")), &[Said::json("{}")]);
        let sent = played.sent();
        assert_eq!(
            (sent.uri().path(), sent.headers()["content-type"].as_bytes()),
            (&*format!("/v1/{path}"), FORM.as_bytes())
        );
        assert_eq!(sent.body(), &form("whisper-1"));
    }
}

/// The client sees the name that it asked for, and the account has the usage in either spelling.
#[test]
fn an_answer_is_the_providers_but_for_the_models_name() {
    let said = r#"{"model": "m", "usage": {"prompt_tokens": 7, "completion_tokens": 2}, "x": 1e2}"#;
    let played =
        play(ask("/v1/completions", "application/json", r#"{"model":"own/m"}"#), &[Said::json(said)]);
    assert_eq!(played.text(), said.replace("\"m\"", "\"own/m\""));
    assert_eq!((played.report.usage.input, played.report.usage.output), (Some(7), Some(2)));
    assert_eq!((&*played.report.operation, played.report.provider.as_str()), ("text_completion", "own/*"));
    let said = r#"{"data":[],"usage":{"input_tokens":5,"output_tokens":4}}"#;
    let played =
        play(ask("/v1/images/generations", "application/json", r#"{"model":"own/m"}"#), &[Said::json(said)]);
    assert_eq!((played.text(), played.report.usage.total()), (said, 9));
}

/// Bytes that are no JSON go through too, with what is said of them.
#[test]
fn recordings_and_files_come_back_as_they_are() {
    let said = Said { media_type: "audio/mpeg", body: "\u{0}\u{1}ID3", ..Said::json("") };
    let played = play(ask("/v1/audio/speech", "application/json", r#"{"model":"own/tts-1"}"#), &[said]);
    assert_eq!((played.text(), played.header("content-type")), ("\u{0}\u{1}ID3", "audio/mpeg"));
    let said = Said { media_type: "application/octet-stream", body: "{\"model\":\"x\"}", ..Said::json("") };
    let played = play(get("/v1/files/file-1/content"), &[said]);
    assert_eq!(
        (played.sent().uri().path(), played.text()),
        ("/v1/files/file-1/content", "{\"model\":\"x\"}")
    );
}

/// They may be longer than what is held in memory, and what of them came has passed when they break off.
#[test]
fn e9_recordings_pass_as_they_come_and_break_off_as_the_providers() {
    let pieces = [b"ID3".as_slice(), &[0; 1 << 16], b"end"];
    for (broken, outcome) in [(false, Outcome::Answered), (true, Outcome::Cut)] {
        let said = Response::builder().header("content-type", "audio/mpeg").header("content-length", "65542");
        let said = said.body(Pieces::new(&pieces, broken)).unwrap();
        let world = World::<true>::saying([Ok(said)]);
        let mut gateway = gateway();
        gateway.limits.answer_bytes = 1_000;
        let got =
            world.play(&gateway, ask("/v1/audio/speech", "application/json", r#"{"model":"own/tts-1"}"#));
        assert_eq!((got.head.status.as_u16(), got.body.len(), got.report.bytes_out), (200, 65_542, 65_542));
        assert_eq!(
            (got.head.headers["content-length"].to_str().unwrap(), got.report.outcome),
            ("65542", outcome)
        );
        assert_eq!(got.report.error.is_some(), broken);
    }
}

/// Not every host sees where what was asked to be a stream breaks off, so nothing else may look whole (seen on Envoy).
#[test]
fn what_was_asked_to_be_a_stream_ends_as_one_or_is_whole() {
    let asked = || ask("/v1/completions", "application/json", r#"{"model":"own/m","stream":true}"#);
    let whole = r#"{"model":"own/m","choices":[{"text":"a"}]}"#;
    let played = play(asked(), &[Said::json(whole)]);
    assert_eq!((played.status.as_u16(), played.text()), (200, whole));
    assert_eq!(played.sent().headers()["accept"], "text/event-stream");
    for length in [0, 1, whole.len() - 1] {
        let played = play(asked(), &[Said::json(&whole[..length])]);
        assert_eq!(played.status, 502, "{}", played.text());
        assert_eq!(played.json()["error"]["code"], "upstream_malformed");
    }
    for (said, is_cut) in [("data: {}\n\n", true), ("data: {}\n\ndata: [DONE]\n\n", false)] {
        let played = play(asked(), &[Said { media_type: "text/plain", ..Said::json(said) }]);
        assert_eq!(played.text().contains("data: {\"error\":"), is_cut, "{}", played.text());
        assert_eq!(played.report.outcome == Outcome::Cut, is_cut);
    }
}

/// Streams of other operations go through and are looked at for their usage; one that is cut says so.
#[test]
fn streams_go_through_and_end_as_they_should() {
    let chunk = |model: &str| format!("data: {{\"model\":\"{model}\",\"choices\":[{{\"text\":\"a\"}}]}}\n\n");
    let rest =
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n";
    let asked = r#"{"model":"own/m","stream":true}"#;
    let said = (chunk("m") + rest).leak();
    let played = play(ask("/v1/completions", "application/json", asked), &[Said::events(said)]);
    assert_eq!(played.text(), chunk("own/m") + rest);
    assert_eq!((played.report.usage.total(), played.report.stream), (5, true));
    let played = play(ask("/v1/completions", "application/json", asked), &[Said::events(chunk("m").leak())]);
    assert!(
        played.text().starts_with(&chunk("own/m")) && played.text().contains("data: {\"error\":"),
        "{}",
        played.text()
    );
}

/// What a provider keeps is asked of the one that the header names, and goes with the whole query, but for credentials.
#[test]
fn j3_what_names_no_model_goes_where_the_header_says() {
    let hint = |path: &str, provider: &str| {
        let mut request = get(path);
        request.headers_mut().insert("x-arch-llm-provider-hint", provider.parse().unwrap());
        play(request, &[Said::json("{}")])
    };
    let played = hint("/v1/files?purpose=batch&key=secret&limit=2", "own");
    assert_eq!(played.sent().uri(), "https://own.test/v1/files?purpose=batch&limit=2");
    assert!(!played.sent().headers().contains_key("x-arch-llm-provider-hint"));
    let played = hint("/v1/batches/b%2F..", "openai/gpt-4o");
    assert_eq!(played.status, StatusCode::NOT_FOUND);
    let played = hint("/v1/batches/batch%201", "openai/gpt-4o");
    assert_eq!(played.sent().uri(), "https://api.openai.com/v1/batches/batch%201");
    for (provider, code) in [("nobody", "model_not_found"), ("claude", "unsupported_operation")] {
        let played = hint("/v1/batches", provider);
        assert_eq!((played.status.as_u16(), &played.json()["error"]["code"]), (404, &json!(code)));
    }
    // Without the header the default provider is asked.
    let played = play(get("/v1/files"), &[Said::json("{}")]);
    assert_eq!(played.sent().uri(), "https://api.openai.com/v1/files");
}

/// Anthropic's clients have files and batches of their own at the same paths or others.
#[test]
fn anthropics_files_and_batches_go_to_anthropic() {
    for path in ["/v1/files/f/content", "/v1/messages/batches", "/v1/messages/batches/b/results"] {
        let mut request = get(&format!("{path}?beta=true"));
        request.headers_mut().insert("anthropic-version", "2023-06-01".parse().unwrap());
        request.headers_mut().insert("anthropic-beta", "files-1".parse().unwrap());
        let played = play(request, &[Said::json("{}")]);
        let sent = played.sent();
        assert_eq!(sent.uri(), &*format!("https://api.anthropic.com{path}?beta=true"));
        assert_eq!(
            (&sent.headers()["x-api-key"], &sent.headers()["anthropic-beta"]),
            (&"sk-claude".parse().unwrap(), &"files-1".parse().unwrap())
        );
    }
}

/// A provider that is known to have no such thing is not asked, and named.
#[test]
fn what_a_provider_does_not_have_is_refused_by_name() {
    let refused = |path: &str, model: &str| {
        let played = play(ask(path, "application/json", &json!({"model": model}).to_string()), &[]);
        assert_eq!(played.status, StatusCode::NOT_FOUND);
        assert_eq!(played.json()["error"]["code"], "unsupported_operation");
        played.json()["error"]["message"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        refused("/v1/moderations", "claude/m"),
        "The provider `claude/*` has no moderations in the API that was asked in."
    );
    assert!(refused("/v1/rerank", "openai/gpt-4o").contains("`openai/gpt-4o` has no rerank"));
    assert!(refused("/v1/audio/speech", "nova/m").contains("`nova/*` has no audio"));
}

/// What a provider would keep twice is not sent twice; anything else is.
#[test]
fn what_makes_something_is_sent_once() {
    let busy = || Said { status: 503, ..Said::json("{}") };
    let mut upload = ask("/v1/files", FORM, &form("x"));
    upload.headers_mut().insert("x-arch-llm-provider-hint", "own".parse().unwrap());
    let played = play(upload, &[busy(), Said::json("{}")]);
    assert_eq!((played.status.as_u16(), played.sent.len()), (503, 1));
    assert_eq!(played.sent().body(), &form("x"));
    let played =
        play(ask("/v1/moderations", "application/json", r#"{"model":"own/m"}"#), &[busy(), Said::json("{}")]);
    assert_eq!((played.status.as_u16(), played.sent.len()), (200, 2));
}

/// Errors are the provider's own, or in the caller's words where they are no JSON.
#[test]
fn errors_come_back_in_the_callers_words() {
    let asked = || ask("/v1/audio/transcriptions", FORM, &form("own/m"));
    let said = Said {
        status: 429,
        ..Said::json("{\"error\":{\"message\":\"slow\",\"type\":\"x\",\"param\":null,\"code\":\"y\"}}")
    };
    let played = play(asked(), &[said, said, said]);
    assert_eq!((played.status.as_u16(), played.text()), (429, said.body));
    let html = Said { status: 400, media_type: "text/html", body: "<html>" };
    let played = play(asked(), &[html]);
    assert_eq!(
        (played.status.as_u16(), &played.json()["error"]["type"]),
        (400, &json!("invalid_request_error"))
    );
    let broken = play(ask("/v1/audio/transcriptions", FORM, "--b\r\n"), &[]);
    assert_eq!(broken.json()["error"]["code"], "invalid_form");
    let twice = form("own/m").replace("--b--", &form("own/n"));
    assert_eq!(play(ask("/v1/audio/transcriptions", FORM, &twice), &[]).status, StatusCode::BAD_REQUEST);
}

/// Stored responses are asked of a provider that has them, streamed too.
#[test]
fn stored_responses_are_the_providers() {
    for (method, path) in [
        ("GET", "/v1/responses/resp_1?include[]=a&stream=false"),
        ("DELETE", "/v1/responses/resp_1"),
        ("POST", "/v1/responses/resp_1/cancel"),
        ("GET", "/v1/responses/resp_1/input_items?limit=3"),
    ] {
        let mut request = get(path);
        *request.method_mut() = method.parse().unwrap();
        let played = play(request, &[Said::json("{\"model\":\"gpt\"}")]);
        assert_eq!(played.sent().uri(), &*format!("https://api.openai.com{path}"));
        assert_eq!((played.sent().method().as_str(), played.text()), (method, "{\"model\":\"gpt\"}"));
    }
}

/// What agents look at before they ask (P31).
#[test]
fn p31_agents_are_greeted() {
    for path in ["/", "/api/hello"] {
        for method in ["GET", "HEAD"] {
            let mut request = get(path);
            *request.method_mut() = method.parse().unwrap();
            assert_eq!(play(request, &[]).json()["service"], "plano");
        }
    }
}

fn anthropic(path: &str) -> Played {
    let mut request = get(path);
    request.headers_mut().insert("anthropic-version", "2023-06-01".parse().unwrap());
    play(request, &[])
}

/// Lists of models come in Anthropic's pages (P31, A13).
#[test]
fn p31_a13_lists_of_models_have_pages() {
    let all = anthropic("/v1/models").json();
    let ids = all["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap().to_owned());
    let ids = ids.collect::<Vec<_>>();
    assert_eq!((ids.len(), &all["has_more"]), (3, &json!(false)));
    let page = anthropic("/v1/models?beta=true&limit=2").json();
    assert_eq!((page["data"].as_array().unwrap().len(), &page["has_more"]), (2, &json!(true)));
    assert_eq!((&page["first_id"], &page["last_id"]), (&json!(ids[0]), &json!(ids[1])));
    let rest = anthropic(&format!("/v1/models?limit=2&after_id={}", ids[1].replace('/', "%2F"))).json();
    assert_eq!((&rest["first_id"], &rest["has_more"]), (&json!(ids[2]), &json!(false)));
    let before = anthropic(&format!("/v1/models?limit=1&before_id={}", ids[2])).json();
    assert_eq!((&before["first_id"], &before["has_more"]), (&json!(ids[1]), &json!(true)));
    for wrong in ["limit=0", "limit=x", "after_id=nobody"] {
        assert_eq!(anthropic(&format!("/v1/models?{wrong}")).status, StatusCode::BAD_REQUEST, "{wrong}");
    }
}

/// Lists of models in Gemini's shape.
#[test]
fn models_in_geminis_shape() {
    let page = play(get("/v1beta/models?pageSize=1"), &[]).json();
    let name = page["models"][0]["name"].as_str().unwrap().to_owned();
    assert_eq!(play(get(&format!("/v1beta/{name}")), &[]).json(), page["models"][0]);
    let token = page["nextPageToken"].as_str().unwrap();
    let next = play(get(&format!("/v1beta/models?pageToken={token}")), &[]).json();
    assert_eq!((next["models"].as_array().unwrap().len(), next.get("nextPageToken")), (2, None));
    let mut first_version = get("/v1/models?pageSize=1");
    first_version.headers_mut().insert("x-goog-api-key", "k".parse().unwrap());
    assert_eq!(play(first_version, &[]).json(), page);
    let absent = play(get("/v1beta/models/nobody"), &[]);
    assert_eq!((absent.status.as_u16(), &absent.json()["error"]["status"]), (404, &json!("NOT_FOUND")));
}

/// Each client's request for a count, and where in its answer the count is.
const COUNTS: [(&str, &str, &str); 3] = [
    (
        "/v1/messages/count_tokens",
        r#"{"model":"MODEL","messages":[{"role":"user","content":"Hello"}]}"#,
        "input_tokens",
    ),
    ("/v1/responses/input_tokens", r#"{"model":"MODEL","input":"Hello"}"#, "input_tokens"),
    (
        "/v1beta/models/MODEL:countTokens",
        r#"{"contents":[{"role":"user","parts":[{"text":"Hello"}]}]}"#,
        "totalTokens",
    ),
];

/// Each provider that counts: where, what it says, and what it must get.
const COUNTERS: [(&str, &str, &str, &str, &str); 4] = [
    (
        "claude/m",
        "https://api.anthropic.com/v1/messages/count_tokens",
        r#"{"input_tokens":41}"#,
        "/messages",
        "/max_tokens",
    ),
    (
        "openai/gpt-4o",
        "https://api.openai.com/v1/responses/input_tokens",
        r#"{"object":"response.input_tokens","input_tokens":41}"#,
        "/input",
        "/store",
    ),
    (
        "gemini/m",
        "https://generativelanguage.googleapis.com/v1beta/models/m:countTokens",
        r#"{"totalTokens":41}"#,
        "/generateContentRequest/contents",
        "/contents",
    ),
    (
        "nova/us.anthropic.claude-haiku-4-5-v1:0",
        "https://bedrock.test/model/anthropic.claude-haiku-4-5-v1%3A0/count-tokens",
        r#"{"inputTokens":41}"#,
        "/input/converse/messages",
        "/input/converse/inferenceConfig",
    ),
];

/// Whoever asks, and whoever counts: the count is the provider's own, and not said to be estimated (P29).
#[test]
fn p29_tokens_are_counted_by_the_provider() {
    for (path, body, member) in COUNTS {
        for (model, uri, said, must, must_not) in COUNTERS {
            let body = body.replace("MODEL", model);
            let played =
                play(ask(&path.replace("MODEL", model), "application/json", &body), &[Said::json(said)]);
            assert_eq!(played.sent().uri(), uri, "{path}");
            let sent: serde_json::Value = serde_json::from_slice(played.sent().body()).unwrap();
            let same = path.contains("Tokens") && model.contains("gemini");
            assert!(same || sent.pointer(must).is_some(), "{path} to {model}: {sent}");
            assert!(same || sent.pointer(must_not).is_none(), "{path} to {model}: {sent}");
            assert_eq!((&played.json()[member], played.header("x-plano-estimated")), (&json!(41), ""));
            assert_eq!((&*played.report.operation, played.report.usage.total()), ("count_tokens", 0));
        }
    }
}

/// What of a request is not counted is named, or refused, like what is not asked.
#[test]
fn losses_of_counts_are_told() {
    let body = json!({"model": "gemini/m", "messages": [{"role": "user", "content": [
        {"type": "text", "text": "Hello", "cache_control": {"type": "ephemeral"}}]}]});
    let count = |wish: &str| {
        let mut request = ask("/v1/messages/count_tokens", "application/json", &body.to_string());
        request.headers_mut().insert("x-plano-loss", wish.parse().unwrap());
        play(request, &[Said::json(r#"{"totalTokens":41}"#)])
    };
    let told = count("report");
    assert_eq!(
        (told.header("x-plano-lost"), &told.json()["input_tokens"]),
        ("messages[0].content[0].cache_control", &json!(41))
    );
    assert_eq!((count("strict").status.as_u16(), count("strict").sent.len()), (400, 0));
    let mut carried = ask("/v1/moderations", "application/json", r#"{"model":"own/m"}"#);
    carried.headers_mut().insert("x-plano-loss", "all".parse().unwrap());
    assert_eq!(play(carried, &[]).json()["error"]["code"], "invalid_header");
}

/// What was packed for a client goes to no counter, be it of the client's own API or of the one whose seals these are.
#[test]
fn counters_get_no_packed_seals() {
    let answer = r#"{"candidates":[{"content":{"role":"model","parts":[
        {"functionCall":{"name":"f","args":{}},"thoughtSignature":"c2ln"}]},"finishReason":"STOP"}]}"#;
    let asked =
        json!({"model": "gemini/m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]});
    let said =
        play(ask("/v1/messages", "application/json", &asked.to_string()), &[Said::json(answer)]).json();
    let call = &said["content"][0];
    assert!(call["id"].to_string().contains("planoseal"), "{said}");
    for model in ["claude/m", "gemini/m"] {
        let body = json!({"model": model, "messages": [{"role": "user", "content": "Hi"},
            {"role": "assistant", "content": [call]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call["id"], "content": "1"}]}]});
        let said = [Said::json(r#"{"input_tokens":41,"totalTokens":41}"#)];
        let played = play(ask("/v1/messages/count_tokens", "application/json", &body.to_string()), &said);
        let sent = String::from_utf8_lossy(played.sent().body());
        assert!(!sent.contains("planoseal"), "{model}: {sent}");
        assert_eq!(
            (sent.contains("c2ln"), &played.json()["input_tokens"]),
            (model == "gemini/m", &json!(41))
        );
    }
}

/// What a client says in its query reaches a counter of its own API, and no other (A13).
#[test]
fn a13_queries_of_one_api_stay_in_it() {
    let asked = |model: &str| {
        let body = json!({"model": model, "messages": [{"role": "user", "content": "Hello"}]}).to_string();
        let said = [Said::json(r#"{"input_tokens":41,"totalTokens":41}"#)];
        play(ask("/v1/messages/count_tokens?beta=true&key=secret", "application/json", &body), &said)
    };
    assert_eq!(asked("claude/m").sent().uri().query(), Some("beta=true"));
    assert_eq!(asked("gemini/m").sent().uri().query(), None);
}

/// Where nobody counts there is an estimate that says so (P29).
#[test]
fn p29_what_nobody_counts_is_estimated() {
    for (path, body, member) in COUNTS {
        for model in ["own/m", "mistral/m", "nova/us.amazon.nova-pro-v1:0"] {
            let body = body.replace("MODEL", model);
            let played = play(ask(&path.replace("MODEL", model), "application/json", &body), &[]);
            assert_eq!(
                (played.status.as_u16(), played.header("x-plano-estimated")),
                (200, "true"),
                "{}",
                played.text()
            );
            assert!((1..20).contains(&played.json()[member].as_u64().unwrap()), "{}", played.text());
        }
    }
}

/// A host that has the model's encoding counts its texts; what stands around them remains an estimate (P29).
#[test]
fn p29_texts_are_counted_where_the_host_has_the_encoding() {
    let counted = |model: &str| {
        let body =
            json!({"model": model, "messages": [{"role": "user", "content": "Hello there"}]}).to_string();
        let played = play(ask("/v1/messages/count_tokens", "application/json", &body), &[]);
        assert_eq!(played.header("x-plano-estimated"), "true");
        played.json()["input_tokens"].as_u64().unwrap()
    };
    let around = counted("own/m") - 2;
    assert_eq!(counted("own/gpt-4-turbo"), 1_000 + around);
    assert_eq!(counted("own/gpt-4o"), 2 + around);
}

/// A counter's errors are the client's, in its words, and no estimate hides them (P30).
#[test]
fn p30_errors_of_counters_are_told() {
    let body = r#"{"model":"MODEL","messages":[{"role":"user","content":"Hello"}]}"#;
    for (model, _, _, _, _) in COUNTERS {
        let said = Said {
            status: 400,
            ..Said::json(r#"{"type":"error","error":{"type":"invalid_request_error","message":"too long"}}"#)
        };
        let played = play(
            ask("/v1/messages/count_tokens", "application/json", &body.replace("MODEL", model)),
            &[said],
        );
        assert_eq!((played.status.as_u16(), &played.json()["type"]), (400, &json!("error")), "{model}");
        let played = play(
            ask("/v1/messages/count_tokens", "application/json", &body.replace("MODEL", model)),
            &[Said::json("{}")],
        );
        let told = &played.json()["error"];
        assert!(
            played.status == 502 || told.is_null() && model.starts_with("claude"),
            "{model}: {}",
            played.text()
        );
    }
    for wrong in [r#"{"model":"own/m"}"#, r#"{"model":"own/m","messages":4}"#, "[]"] {
        let played = play(ask("/v1/messages/count_tokens", "application/json", wrong), &[]);
        assert_eq!((played.status.as_u16(), &played.json()["type"]), (400, &json!("error")), "{wrong}");
    }
    let elsewhere = r#"{"model":"own/m","input":"a","previous_response_id":"resp_1"}"#;
    let played = play(ask("/v1/responses/input_tokens", "application/json", elsewhere), &[]);
    assert_eq!(played.status, StatusCode::BAD_REQUEST);
}

fn embed(model: &str, more: &str, said: &[Said]) -> Played {
    play(
        ask(
            "/v1/embeddings",
            "application/json",
            &format!("{{\"model\":\"{model}\",\"input\":\"Hello\"{more}}}"),
        ),
        said,
    )
}

const FLOATS: &str = r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5,-1]}],"model":"m","usage":{"prompt_tokens":3,"total_tokens":3}}"#;
const BASE64: &str = r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":"AAAAPwAAgL8="}],"model":"m","usage":{"prompt_tokens":3,"total_tokens":3}}"#;

/// A provider that follows OpenAI gets the request as it is, but for an encoding that it does not know, and the client
/// gets the encoding that it asked for (P24).
#[test]
fn p24_vectors_come_in_the_encoding_that_was_asked_for() {
    let ours = |answer: &str, model: &str| answer.replace("\"m\"", &format!("\"{model}\""));
    for (more, expected) in
        [("", FLOATS), (r#","encoding_format":"float""#, FLOATS), (r#","encoding_format":"base64""#, BASE64)]
    {
        for said in [FLOATS, BASE64] {
            for model in ["own/m", "mistral/m", "openrouter/m"] {
                let played = embed(model, more, &[Said::json(said)]);
                assert_eq!(played.text(), ours(expected, model), "{more}");
                assert_eq!(played.report.usage.input, Some(3));
                let sent = String::from_utf8_lossy(played.sent().body()).into_owned();
                let knows = model != "openrouter/m";
                assert_eq!(sent.contains("encoding_format"), knows && !more.is_empty(), "{sent}");
            }
        }
    }
}

/// Gemini and Bedrock give vectors in their own way; what they do not say of tokens is estimated and marked.
#[test]
fn vectors_of_other_apis_are_translated() {
    let gemini = r#"{"embeddings":[{"values":[0.5,-1]}]}"#;
    let played = embed("gemini/m", "", &[Said::json(gemini)]);
    assert_eq!(played.sent().uri().path(), "/v1beta/models/m:batchEmbedContents");
    assert_eq!(played.json()["data"][0]["embedding"], json!([0.5, -1]));
    assert_eq!((&played.json()["model"], played.header("x-plano-estimated")), (&json!("gemini/m"), "true"));
    let played = embed("gemini/m", r#","encoding_format":"base64","user":"u""#, &[Said::json(gemini)]);
    assert_eq!(played.json()["data"][0]["embedding"], "AAAAPwAAgL8=");
    assert_eq!(played.report.losses, ["user"]);
    let played = embed(
        "nova/amazon.titan-embed-text-v2:0",
        "",
        &[Said::json(r#"{"embedding":[0.5,-1],"inputTextTokenCount":3}"#)],
    );
    assert_eq!(played.sent().uri(), "https://bedrock.test/model/amazon.titan-embed-text-v2%3A0/invoke");
    assert_eq!(
        (&played.json()["usage"]["prompt_tokens"], played.header("x-plano-estimated")),
        (&json!(3), "")
    );
    assert_eq!(played.json()["data"][0]["embedding"], json!([0.5, -1]));
}

/// What has no vectors is refused by name, and so is what makes no sense.
#[test]
fn vectors_that_nobody_has_are_refused() {
    for model in ["claude/m", "nova/us.amazon.nova-pro-v1:0"] {
        let played = embed(model, "", &[]);
        assert_eq!(
            (played.status.as_u16(), &played.json()["error"]["code"]),
            (404, &json!("unsupported_operation"))
        );
    }
    assert_eq!(embed("gemini/m", "", &[Said::json("{}")]).status, StatusCode::BAD_GATEWAY);
    let tokens =
        play(ask("/v1/embeddings", "application/json", r#"{"model":"gemini/m","input":[1,2]}"#), &[]);
    assert_eq!((tokens.status.as_u16(), &tokens.json()["error"]["param"]), (400, &json!("input")));
    let wrong = Said {
        status: 429,
        ..Said::json(r#"{"error":{"code":429,"message":"slow","status":"RESOURCE_EXHAUSTED"}}"#)
    };
    let played = embed("gemini/m", "", &[wrong, wrong, wrong]);
    assert_eq!((played.status.as_u16(), &played.json()["error"]["type"]), (429, &json!("rate_limit_error")));
}

/// Gemini's clients get vectors of Gemini as they are.
#[test]
fn geminis_clients_get_vectors_of_gemini() {
    let asked = r#"{"content":{"parts":[{"text":"a"}]}}"#;
    let played =
        play(ask("/v1beta/models/gemini/m:embedContent", "application/json", asked), &[Said::json("{}")]);
    assert_eq!(played.sent().uri().path(), "/v1beta/models/m:embedContent");
    assert_eq!(played.sent().body(), asked);
    assert_eq!(played.sent().headers()["x-goog-api-key"], "sk-gemini");
    let played = play(ask("/v1beta/models/own/m:embedContent", "application/json", asked), &[]);
    assert_eq!(played.status, StatusCode::NOT_FOUND);
}
