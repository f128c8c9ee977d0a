//! Models at others than their makers: Claude and Gemini on Amazon Bedrock and on Google Cloud.

use bytes::{Bytes, BytesMut};
use http::Request;
use serde_json::{Value, json};
use shared::dialect::Dialect;
use shared::gateway::{CompiledKeys, CompiledProvider, CompiledSigning, Template};
use shared::report::{Outcome, Report};
use shared::wire::eventstream;

use crate::world::{Reached, Said, run, usual};

const BEDROCK: &str = "amazon_bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const VERTEX: &str = "vertex/claude-sonnet-4-5@20250929";

/// Numbers and spaces as no writer here would have them.
const BODY: &str = r#"{ "max_tokens":9.0e0,"model":"MODEL" , "messages":[{"role":"user","content":"hi"}],
  "stream": true, "unknown":  [1.50] }"#;

fn provider(model: &str) -> CompiledProvider {
    let (id, _) = model.split_once('/').unwrap();
    usual(Dialect::named(id).unwrap())
}

fn messages(model: &str, headers: &[(&str, &str)]) -> Request<Bytes> {
    let request = Request::post("/v1/messages?beta=true");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(Bytes::from(BODY.replace("MODEL", model))).unwrap()
}

fn ask(path: &str, body: &Value) -> Request<Bytes> {
    Request::post(path).body(Bytes::from(body.to_string())).unwrap()
}

fn sent(request: Request<Bytes>, model: &str, said: Said<'_>) -> (Request<Bytes>, Reached) {
    let mut reached = run(provider(model), request, said);
    (reached.sent.pop().expect("the provider was asked"), reached)
}

fn body(request: &Request<Bytes>) -> Value {
    serde_json::from_slice(request.body()).unwrap()
}

/// Claude on Bedrock gets a Messages client's own bytes, without what the path says and with the version of the form
/// (F5, F6, P17).
#[test]
fn f5_f6_p17_claude_on_bedrock_is_asked_in_its_own_words() {
    let headers = [("anthropic-version", "2023-06-01"), ("authorization", "Bearer callers-own")];
    let (got, _) = sent(messages(BEDROCK, &headers), BEDROCK, Said::default());
    let bedrock = "https://bedrock-runtime.us-west-2.amazonaws.com/model/";
    let model = "us.anthropic.claude-sonnet-4-5-20250929-v1%3A0";
    assert_eq!(got.uri().to_string(), format!("{bedrock}{model}/invoke-with-response-stream"));
    assert_eq!(
        String::from_utf8_lossy(got.body()),
        r#"{"anthropic_version":"bedrock-2023-05-31", "max_tokens":9.0e0 , "messages":[{"role":"user","content":"hi"}], "unknown":  [1.50] }"#
    );
    assert_eq!(got.headers()["authorization"], "Bearer value-of-AWS_BEARER_TOKEN_BEDROCK");
    assert_eq!(got.headers()["accept"], "application/vnd.amazon.eventstream");
    assert!(!got.headers().keys().any(|name| name.as_str().starts_with("anthropic-")), "{got:?}");
}

/// A later version than the one whose name differs is the client's own word.
#[test]
fn a_version_that_the_client_names_stays() {
    let headers = [("anthropic-version", "2026-10-21")];
    for model in [BEDROCK, VERTEX] {
        let (got, _) = sent(messages(model, &headers), model, Said::default());
        assert_eq!(body(&got)["anthropic_version"], "2026-10-21");
    }
    let mut own = json!({"model": BEDROCK, "max_tokens": 9, "messages": [], "anthropic_version": "mine"});
    own["anthropic_beta"] = json!(["a"]);
    let (got, _) = sent(ask("/v1/messages", &own), BEDROCK, Said::default());
    assert_eq!(
        (&body(&got)["anthropic_version"], &body(&got)["anthropic_beta"]),
        (&json!("mine"), &json!(["a"]))
    );
}

/// Betas go byte for byte to Anthropic and Google, as members to Bedrock, where those that it refuses are lost (P19).
#[test]
fn p19_betas_go_in_each_providers_form() {
    let betas = "context-1m-2025-08-07,oauth-2025-04-20, interleaved-thinking-2025-05-14";
    for model in ["anthropic/claude-sonnet-4-5", VERTEX] {
        let (got, _) = sent(messages(model, &[("anthropic-beta", betas)]), model, Said::default());
        assert_eq!(got.headers()["anthropic-beta"], betas, "{model}");
        assert!(body(&got).get("anthropic_beta").is_none());
    }
    let (got, reached) = sent(messages(BEDROCK, &[("anthropic-beta", betas)]), BEDROCK, Said::default());
    assert_eq!(
        body(&got)["anthropic_beta"],
        json!(["context-1m-2025-08-07", "interleaved-thinking-2025-05-14"])
    );
    assert_eq!(reached.report.losses, ["anthropic-beta.oauth-2025-04-20"]);
}

/// Clients of other APIs reach Claude through Messages too, other models through Converse.
#[test]
fn f6_the_api_follows_from_the_model() {
    let question = |model: &str| json!({"model": model, "messages": [{"role": "user", "content": "hi"}]});
    let path = |model: &str| {
        let (got, _) = sent(ask("/v1/chat/completions", &question(model)), model, Said::default());
        (got.uri().path().to_owned(), body(&got))
    };
    let (at, claude) = path(BEDROCK);
    assert!(at.ends_with("/invoke"), "{at}");
    let expected = json!({
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 4096,
        "messages": [{"role": "user", "content": "hi"}],
    });
    assert_eq!(claude, expected);
    let (at, nova) = path("amazon_bedrock/us.amazon.nova-pro-v1:0");
    assert!(at.ends_with("/model/us.amazon.nova-pro-v1%3A0/converse"), "{at}");
    assert!(nova["messages"][0]["content"][0]["text"] == "hi");
}

/// Google Cloud: Claude, Gemini and models of others, each behind its own path and in its own API.
#[test]
fn models_on_vertex() {
    let root = "/v1/projects/PROJECT/locations/us-central1";
    let (got, _) = sent(messages(VERTEX, &[]), VERTEX, Said::default());
    let at = format!("{root}/publishers/anthropic/models/claude-sonnet-4-5%4020250929:streamRawPredict");
    assert_eq!((got.uri().path(), got.uri().query()), (at.as_str(), None));
    assert_eq!(got.headers()["authorization"], "Bearer value-of-VERTEX_TOKEN");
    assert!(got.headers().get("anthropic-version").is_none() && got.headers().get("x-api-key").is_none());
    let sent_body = String::from_utf8_lossy(got.body()).into_owned();
    let (before, after) = BODY.split_once(r#","model":"MODEL""#).unwrap();
    let before = before.replace("{ ", r#"{"anthropic_version":"vertex-2023-10-16", "#);
    assert_eq!(sent_body, format!("{before}{after}"));

    let question = json!({"model": "vertex/gemini-3-pro", "messages": [{"role": "user", "content": "hi"}]});
    let (got, _) = sent(ask("/v1/chat/completions", &question), "vertex/m", Said::default());
    assert_eq!(got.uri().path(), format!("{root}/publishers/google/models/gemini-3-pro:generateContent"));
    let stream = "/v1beta/models/vertex/gemini-3-pro:streamGenerateContent?alt=sse";
    let (got, _) = sent(ask(stream, &json!({"contents": []})), "vertex/m", Said::default());
    assert_eq!(
        got.uri().path_and_query().unwrap().as_str(),
        format!("{root}/publishers/google/models/gemini-3-pro:streamGenerateContent?alt=sse")
    );
    let question = json!({"model": "vertex/meta/llama-4-maas", "messages": []});
    let (got, _) = sent(ask("/v1/chat/completions", &question), "vertex/m", Said::default());
    assert_eq!(got.uri().path(), format!("{root}/endpoints/openapi/chat/completions"));
    assert_eq!(body(&got)["model"], "meta/llama-4-maas");
}

/// Claude's hosts fetch nothing: an address is refused before it is sent, bytes go along.
#[test]
fn addresses_of_images_are_refused() {
    let question = |model: &str, url: &str| {
        let image = json!({"type": "image_url", "image_url": {"url": url}});
        ask(
            "/v1/chat/completions",
            &json!({"model": model, "messages": [{"role": "user", "content": [image]}]}),
        )
    };
    for model in [BEDROCK, VERTEX] {
        let reached = run(provider(model), question(model, "https://h/i.png"), Said::default());
        let text = String::from_utf8_lossy(&reached.body).into_owned();
        assert!(reached.sent.is_empty() && reached.head.status == 400, "{text}");
        assert!(text.contains("unsupported_content"), "{text}");
        let (got, _) = sent(question(model, "data:image/png;base64,AA=="), model, Said::default());
        assert_eq!(body(&got)["messages"][0]["content"][0]["source"]["data"], "AA==");
    }
}

const EVENTS: [&str; 6] = [
    r#"{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":7,"output_tokens":1}}}"#,
    r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
    r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello \u00e9"}}"#,
    r#"{"type":"content_block_stop","index":0}"#,
    r#"{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":2}}"#,
    r#"{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":7}}"#,
];

fn frame(event: &str, stream: &mut BytesMut) {
    let payload = json!({"bytes": base64(event.as_bytes()), "p": "abc"}).to_string();
    eventstream::write(&[(":event-type", "chunk"), (":message-type", "event")], payload.as_bytes(), stream);
}

fn frames(events: &[&str]) -> BytesMut {
    let mut stream = BytesMut::new();
    events.iter().for_each(|event| frame(event, &mut stream));
    stream
}

/// Written out, so that the reader is not held to its own tables.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte))
            << (8 * (3 - three.len()));
        let letter = |place: usize| char::from(LETTERS[bits >> (18 - 6 * place) & 63]);
        text.extend((0..=three.len()).map(letter));
        text.extend(std::iter::repeat_n('=', 3 - three.len()));
    }
    text
}

/// What a client gets for this stream of Claude on Bedrock, in pieces of this size.
fn streamed(path: &str, stream: &[u8], size: usize) -> (String, Report) {
    let question = json!({
        "model": BEDROCK, "max_tokens": 9, "stream": true,
        "messages": [{"role": "user", "content": "hi"}],
    });
    let media_type = "application/vnd.amazon.eventstream";
    let said = Said { media_type, body: stream, size, ..Said::default() };
    let (_, reached) = sent(ask(path, &question), BEDROCK, said);
    assert_eq!(reached.head.headers["content-type"], "text/event-stream; charset=utf-8");
    (String::from_utf8(reached.body.to_vec()).unwrap(), reached.report)
}

/// A Messages client gets Claude's own events, byte for byte but for its own name for the model, wherever the frames are cut; others get theirs (F4, F6).
#[test]
fn f4_f6_streams_come_out_of_their_frames() {
    let stream = frames(&EVENTS);
    let event = |event: &&str| {
        let name = serde_json::from_str::<Value>(event).unwrap()["type"].as_str().unwrap().to_owned();
        format!("event: {name}\ndata: {event}\n\n")
    };
    let wanted = EVENTS.iter().map(event).collect::<String>();
    let wanted = wanted.replacen(r#""model":"claude""#, &format!(r#""model":"{BEDROCK}""#), 1);
    let translated = streamed("/v1/chat/completions", &stream, stream.len()).0;
    assert!(translated.contains("Hello é") && translated.ends_with("data: [DONE]\n\n"), "{translated}");
    for size in 1..stream.len() {
        let (got, report) = streamed("/v1/messages", &stream, size);
        assert_eq!(got, wanted, "in pieces of {size}");
        assert_eq!((report.usage.input, report.usage.output), (Some(7), Some(2)));
        assert_eq!(report.outcome, Outcome::Answered);
        assert_eq!(streamed("/v1/chat/completions", &stream, size).0, translated, "in pieces of {size}");
    }
}

/// An exception in mid-stream is an error in the client's words, once, and so is an end that comes too early (F2).
#[test]
fn f2_exceptions_in_mid_stream_are_the_clients_errors() {
    let exception = [(":exception-type", "throttlingException"), (":message-type", "exception")];
    let mut stream = frames(&EVENTS[..3]);
    eventstream::write(&exception, br#"{"message":"Too many tokens"}"#, &mut stream);
    for size in [1, 7, stream.len()] {
        let (got, report) = streamed("/v1/messages", &stream, size);
        assert_eq!(got.matches("event: error\n").count(), 1, "{got}");
        let error = r#""error":{"type":"rate_limit_error","message":"Too many tokens"}"#;
        assert!(got.contains(error) && !got.contains("message_stop"), "{got}");
        assert_eq!((report.outcome, report.error.unwrap().kind.as_str()), (Outcome::Failed, "rate_limit"));
        let (got, _) = streamed("/v1/chat/completions", &stream, size);
        assert!(got.contains("Too many tokens") && !got.contains("[DONE]"), "{got}");
    }
    let own = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    let (got, _) = streamed("/v1/messages", &frames(&[EVENTS[0], own]), 5);
    assert!(got.ends_with(&format!("event: error\ndata: {own}\n\n")), "{got}");
    assert_eq!(got.matches("event: error\n").count(), 1);
    for end in [frames(&EVENTS[..3]), frames(&EVENTS).split_to(300), BytesMut::from(&[0_u8; 64][..])] {
        let (got, _) = streamed("/v1/messages", &end, 64);
        assert_eq!(got.matches("event: error\n").count(), 1, "{got}");
    }
}

/// Whole answers go through as they are, errors in the words of whoever tells them: AWS's and Google's are translated.
#[test]
fn errors_of_hosts_are_in_the_clients_words() {
    let own = r#"{"type":"error","error":{"type":"invalid_request_error","message":"invalid beta flag"}}"#;
    let aws = r#"{"message":"The model returned the following errors: invalid"}"#;
    let google = r#"[{"error":{"code":429,"message":"Quota","status":"RESOURCE_EXHAUSTED"}}]"#;
    for (model, status, answer, wanted) in [
        (BEDROCK, 400, own, own),
        (VERTEX, 400, own, own),
        (
            BEDROCK,
            400,
            aws,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"The model returned the following errors: invalid"}"#,
        ),
        (VERTEX, 429, google, r#"{"type":"error","error":{"type":"rate_limit_error","message":"Quota"}"#),
        (BEDROCK, 200, r#"{"type":"message", "id":"msg_1"}"#, r#"{"type":"message", "id":"msg_1"}"#),
    ] {
        let said = Said { status, body: answer.as_bytes(), ..Said::default() };
        let question = json!({"model": model, "max_tokens": 9, "messages": []});
        let (_, reached) = sent(ask("/v1/messages", &question), model, said);
        let text = String::from_utf8_lossy(&reached.body).into_owned();
        assert!(reached.head.status == status && text.starts_with(wanted.trim_end_matches('}')), "{text}");
    }
}

fn signing(session_token: bool) -> CompiledProvider {
    let keys = CompiledKeys::Given {
        id: Template::literal("AKIDEXAMPLE"),
        secret: Template::variable("SECRET"),
        session_token: session_token.then(|| Template::variable("TOKEN")),
    };
    let signing = Some(CompiledSigning { keys, region: "us-west-2".to_owned() });
    CompiledProvider { access_key: None, signing, ..provider(BEDROCK) }
}

/// Each attempt is signed for its own moment, over the very bytes that are sent, and the secret is in none (F6).
#[test]
fn f6_attempts_are_signed_anew() {
    let said = Said { status: 503, ..Said::default() };
    let sent = run(signing(true), messages(BEDROCK, &[("x-amz-date", "forged")]), said).sent;
    let signatures: Vec<&str> =
        sent.iter().map(|request| request.headers()["authorization"].to_str().unwrap()).collect();
    assert_eq!(signatures.len(), 2);
    assert_ne!(signatures[0], signatures[1]);
    assert_ne!(sent[0].headers()["x-amz-date"], sent[1].headers()["x-amz-date"]);
    for (request, signature) in sent.iter().zip(signatures) {
        let beginning = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-west-2/bedrock/aws4_request, \
                         SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature=";
        assert!(signature.starts_with(beginning), "{signature}");
        assert_eq!(request.headers()["x-amz-security-token"], "value-of-TOKEN");
        assert_eq!(request.body(), sent[0].body());
        assert!(!format!("{request:?}").contains("value-of-SECRET"));
    }
}
