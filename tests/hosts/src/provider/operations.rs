//! What the provider says to anything but a request for an answer, in the form that the vendors' SDKs take.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};

use super::{Ending, Script};

/// A recording, as far as anybody here can tell: bytes that are neither text nor JSON.
pub const RECORDING: &[u8] = b"ID3\x04\0\xff\xfb\x90\0\r\n\r\n{\"";

/// Methods, the path's end, and the answer.
type Row = (&'static str, &'static str, &'static str);

const JSON: &[Row] = &[
    (
        "POST",
        "/embeddings",
        r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5,-1.0]}],"model":"m","usage":{"prompt_tokens":3,"total_tokens":3}}"#,
    ),
    ("POST", ":batchEmbedContents", r#"{"embeddings":[{"values":[0.5,-1.0]}]}"#),
    ("POST", "/invoke", r#"{"embedding":[0.5,-1.0],"inputTextTokenCount":3}"#),
    ("POST", "/messages/count_tokens", r#"{"input_tokens":41}"#),
    ("POST", "/responses/input_tokens", r#"{"object":"response.input_tokens","input_tokens":41}"#),
    ("POST", ":countTokens", r#"{"totalTokens":41}"#),
    ("POST", "/count-tokens", r#"{"inputTokens":41}"#),
    (
        "POST",
        "/v4/completions",
        r#"{"id":"cmpl-1","object":"text_completion","created":1,"model":"m","choices":[{"text":"there","index":0,"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":2,"completion_tokens":1,"total_tokens":3}}"#,
    ),
    ("POST", "/images/generations", IMAGE),
    ("POST", "/images/edits", IMAGE),
    ("POST", "/images/variations", IMAGE),
    (
        "POST",
        "/audio/transcriptions",
        r#"{"text":"Hello.","usage":{"type":"tokens","input_tokens":9,"output_tokens":2,"total_tokens":11}}"#,
    ),
    ("POST", "/audio/translations", r#"{"text":"Hello."}"#),
    (
        "POST",
        "/moderations",
        r#"{"id":"modr-1","model":"m","results":[{"flagged":false,"categories":{"harassment":false,"harassment/threatening":false,"hate":false,"hate/threatening":false,"illicit":false,"illicit/violent":false,"self-harm":false,"self-harm/instructions":false,"self-harm/intent":false,"sexual":false,"sexual/minors":false,"violence":false,"violence/graphic":false},"category_scores":{"harassment":0.1,"harassment/threatening":0.1,"hate":0.1,"hate/threatening":0.1,"illicit":0.1,"illicit/violent":0.1,"self-harm":0.1,"self-harm/instructions":0.1,"self-harm/intent":0.1,"sexual":0.1,"sexual/minors":0.1,"violence":0.1,"violence/graphic":0.1},"category_applied_input_types":{"harassment":["text"],"harassment/threatening":["text"],"hate":["text"],"hate/threatening":["text"],"illicit":["text"],"illicit/violent":["text"],"self-harm":["text"],"self-harm/instructions":["text"],"self-harm/intent":["text"],"sexual":["text"],"sexual/minors":["text"],"violence":["text"],"violence/graphic":["text"]}}]}"#,
    ),
    (
        "POST",
        "/rerank",
        r#"{"object":"rerank","model":"m","results":[{"index":1,"relevance_score":0.9,"document":{"text":"b"}}]}"#,
    ),
    ("POST", "/batches", BATCH),
    ("GET", "/batches/batch_1", BATCH),
    ("POST", "/batches/batch_1/cancel", BATCH),
    ("GET", "/responses/resp_1", RESPONSE),
    ("POST", "/responses/resp_1/cancel", RESPONSE),
    ("DELETE", "/responses/resp_1", r#"{"id":"resp_1","object":"response","deleted":true}"#),
    (
        "GET",
        "/responses/resp_1/input_items",
        r#"{"object":"list","data":[],"first_id":"a","last_id":"b","has_more":false}"#,
    ),
    ("POST", "/files", FILE),
    ("GET", "/files", r#"{"object":"list","data":[],"has_more":false,"first_id":"a","last_id":"b"}"#),
    ("GET", "/files/file-1", FILE),
    ("DELETE", "/files/file-1", r#"{"id":"file-1","object":"file","deleted":true}"#),
    ("GET", "/batches", r#"{"object":"list","data":[],"has_more":false,"first_id":"a","last_id":"b"}"#),
];

const OF_ANTHROPIC: &[Row] = &[
    ("POST", "/files", FILE_OF_ANTHROPIC),
    ("GET", "/files/file_1", FILE_OF_ANTHROPIC),
    ("DELETE", "/files/file_1", r#"{"id":"file_1","type":"file_deleted"}"#),
    ("POST", "/messages/batches", BATCH_OF_ANTHROPIC),
    ("GET", "/messages/batches/msgbatch_1", BATCH_OF_ANTHROPIC),
    ("POST", "/messages/batches/msgbatch_1/cancel", BATCH_OF_ANTHROPIC),
];

const IMAGE: &str = r#"{"created":1,"data":[{"b64_json":"AAAA"}],"usage":{"input_tokens":4,"output_tokens":5,"total_tokens":9,"input_tokens_details":{"image_tokens":0,"text_tokens":4}}}"#;
const BATCH: &str = r#"{"id":"batch_1","object":"batch","completion_window":"24h","created_at":1,"endpoint":"/v1/chat/completions","input_file_id":"file-1","status":"validating"}"#;
const FILE: &str = r#"{"id":"file-1","object":"file","bytes":16,"created_at":1,"filename":"a.jsonl","purpose":"batch","status":"processed"}"#;
const RESPONSE: &str = r#"{"id":"resp_1","object":"response","created_at":1,"model":"m","status":"cancelled","output":[],"parallel_tool_calls":true,"tool_choice":"auto","tools":[],"error":null,"incomplete_details":null,"instructions":null,"metadata":{},"temperature":1.0,"top_p":1.0}"#;
const FILE_OF_ANTHROPIC: &str = r#"{"id":"file_1","type":"file","created_at":"2026-01-01T00:00:00Z","filename":"a.txt","mime_type":"text/plain","size_bytes":16,"downloadable":true}"#;
const BATCH_OF_ANTHROPIC: &str = r#"{"id":"msgbatch_1","type":"message_batch","archived_at":null,"cancel_initiated_at":null,"created_at":"2026-01-01T00:00:00Z","ended_at":null,"expires_at":"2026-01-02T00:00:00Z","processing_status":"in_progress","request_counts":{"canceled":0,"errored":0,"expired":0,"processing":1,"succeeded":0},"results_url":null}"#;

const TEXTS: &str = concat!(
    r#"data: {"id":"cmpl-1","object":"text_completion","created":1,"model":"m","choices":[{"text":"the","index":0,"logprobs":null,"finish_reason":null}]}"#,
    "\n\n",
    r#"data: {"id":"cmpl-1","object":"text_completion","created":1,"model":"m","choices":[{"text":"re","index":0,"logprobs":null,"finish_reason":"stop"}]}"#,
    "\n\ndata: [DONE]\n\n",
);

/// The answer to what was asked at a path; none where nothing is known of it.
pub(super) fn answer(method: &Method, path: &str, headers: &HeaderMap, body: &[u8]) -> Option<Script> {
    let path = path.split('?').next().unwrap_or_default();
    let binary = ["/audio/speech", "/files/file-1/content", "/files/file_1/content"];
    if binary.iter().any(|end| path.ends_with(end)) {
        return Some(say("audio/mpeg", RECORDING));
    }
    if let Some(script) = file(path) {
        return Some(script);
    }
    if path.ends_with("/v4/completions")
        && String::from_utf8_lossy(body).replace(' ', "").contains("\"stream\":true")
    {
        return Some(say("text/event-stream", TEXTS.as_bytes()));
    }
    let own = if headers.contains_key("anthropic-version") { OF_ANTHROPIC } else { &[] };
    let mut rows = own.iter().chain(JSON);
    let row = rows.find(|(of, end, _)| method.as_str() == *of && path.ends_with(end));
    row.map(|(_, _, answer)| say("application/json", answer.as_bytes()))
}

/// How long a slow file pauses between its pieces.
pub(crate) const PAUSE: Duration = Duration::from_millis(600);

/// Files that come in two pieces: one says how long it is, one is slow, one breaks off.
fn file(path: &str) -> Option<Script> {
    let (first, second) = RECORDING.split_at(RECORDING.len() / 2);
    let whole = say("audio/mpeg", first);
    let pieces = vec![Bytes::from_static(first), Bytes::from_static(second)];
    let length = ("content-length".to_owned(), RECORDING.len().to_string());
    match path.rsplit('/').nth(1)? {
        "file-long" => Some(Script { pieces, headers: vec![length], ..whole }),
        "file-slow" => Some(Script { pieces, pause: PAUSE, ..whole }),
        "file-cut" => Some(Script { ending: Ending::Broken, ..whole }),
        "file-short" => Some(Script { ending: Ending::Broken, headers: vec![length], ..whole }),
        _ => None,
    }
}

fn say(media_type: &'static str, body: &'static [u8]) -> Script {
    let pieces = vec![Bytes::from_static(body)];
    Script {
        status: 200,
        headers: Vec::new(),
        media_type,
        pieces,
        wait: Duration::ZERO,
        pause: Duration::ZERO,
        ending: Ending::Complete,
    }
}
