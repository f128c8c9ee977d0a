//! The frames of streams, taken apart here and not by the code under test.

use serde_json::Value;
use shared::api::Api;

/// A stream's events: their names, where they have any, and what they hold.
pub(crate) fn events(api: Api, stream: &[u8]) -> Vec<(String, Value)> {
    match api {
        Api::Converse => frames(stream),
        _ => lines(&String::from_utf8_lossy(stream)),
    }
}

/// Server-sent events whose data is JSON; `[DONE]` is an event without data, comments are none.
fn lines(text: &str) -> Vec<(String, Value)> {
    let text = text.replace("\r\n", "\n");
    text.split("\n\n").filter_map(event).collect()
}

fn event(text: &str) -> Option<(String, Value)> {
    let field = |name: &str| {
        let lines = text.lines().filter_map(move |line| line.strip_prefix(name)?.strip_prefix(':'));
        lines.map(|value| value.strip_prefix(' ').unwrap_or(value)).collect::<Vec<_>>()
    };
    let data = field("data").join("\n");
    if data.is_empty() {
        return None;
    }
    let name = field("event").concat();
    match data.as_str() {
        "[DONE]" => Some(("[DONE]".to_owned(), Value::Null)),
        data => Some((name, serde_json::from_str(data).expect("an event's data is JSON"))),
    }
}

/// The binary frames of AWS: a prelude of twelve bytes, headers, a payload, four bytes of checksum.
///
/// <https://smithy.io/2.0/aws/amazon-eventstream.html>
fn frames(mut stream: &[u8]) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    while !stream.is_empty() {
        let number = |at: usize| u32::from_be_bytes(stream[at..at + 4].try_into().unwrap()) as usize;
        let (length, headers) = (number(0), number(4));
        let (frame, rest) = stream.split_at(length);
        let name = header(&frame[12..12 + headers], ":event-type");
        let payload = &frame[12 + headers..length - 4];
        found.push((name, serde_json::from_slice(payload).expect("a frame's payload is JSON")));
        stream = rest;
    }
    found
}

/// The value of a header that is a string, the only kind that Bedrock sends.
fn header(mut headers: &[u8], wanted: &str) -> String {
    while let Some((length, rest)) = headers.split_first() {
        let (name, rest) = rest.split_at(usize::from(*length));
        let size = usize::from(u16::from_be_bytes([rest[1], rest[2]]));
        let (value, rest) = rest[3..].split_at(size);
        if name == wanted.as_bytes() {
            return String::from_utf8_lossy(value).into_owned();
        }
        headers = rest;
    }
    String::new()
}
