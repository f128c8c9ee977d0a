//! Errors, as all of Google's APIs have them.
//!
//! <https://ai.google.dev/gemini-api/docs/troubleshooting>, <https://google.aip.dev/193>

use bytes::BytesMut;

use crate::api::openai;
use crate::error::{Error, Kind};
use crate::wire::json::{Json, Writer, decimal};

/// The words for kinds of errors; the first of a kind is the one that is written.
const WORDS: [(&str, Kind); 16] = [
    ("INVALID_ARGUMENT", Kind::InvalidRequest),
    ("INVALID_ARGUMENT", Kind::MethodNotAllowed),
    ("INVALID_ARGUMENT", Kind::UnsupportedMediaType),
    ("INVALID_ARGUMENT", Kind::TooLarge),
    ("OUT_OF_RANGE", Kind::InvalidRequest),
    ("ALREADY_EXISTS", Kind::InvalidRequest),
    ("UNAUTHENTICATED", Kind::Authentication),
    ("FAILED_PRECONDITION", Kind::Billing),
    ("PERMISSION_DENIED", Kind::Permission),
    ("NOT_FOUND", Kind::NotFound),
    ("RESOURCE_EXHAUSTED", Kind::RateLimit),
    ("DEADLINE_EXCEEDED", Kind::Timeout),
    ("UNAVAILABLE", Kind::Overloaded),
    ("INTERNAL", Kind::Api),
    ("UNKNOWN", Kind::Api),
    ("DATA_LOSS", Kind::Api),
];

/// An answer with an error status.
pub(super) fn read(status: u16, body: &[u8]) -> Error {
    let error = openai::read_error(status, body);
    let Ok(json) = Json::parse(body) else { return error };
    of_body(json.items().next().unwrap_or(json), error)
}

/// The error that a piece of a stream is; it says its own status.
pub(super) fn of_chunk(chunk: Json<'_>) -> Error {
    let inner = chunk.get("error").unwrap_or(chunk);
    let status = inner.get("code").and_then(Json::number).filter(|code| (400..600).contains(code));
    let error = openai::error_of(inner, status.map_or(Kind::Api, Kind::of_status));
    let error = of_body(chunk, error);
    Error { status: status.unwrap_or(error.kind.status()), ..error }
}

/// What the API says in its own words: its status, the reason behind it, and when to try again.
fn of_body(body: Json<'_>, error: Error) -> Error {
    let Some(inner) = body.get("error") else { return error };
    let Some(word) = inner.get("status").and_then(Json::string) else { return error };
    let detail = |name: &str| inner.get("details")?.items().find_map(|detail| detail.get(name)?.string());
    let reason = detail("reason");
    let known = WORDS.iter().find(|(own, _)| *own == word).map(|(_, kind)| *kind);
    // https://ai.google.dev/gemini-api/docs/troubleshooting: the region is not served, or billing is not enabled.
    let kind = match (known, reason.as_deref()) {
        (_, Some("API_KEY_INVALID")) => Kind::Authentication,
        (Some(kind), _) => kind,
        (None, _) => error.kind,
    };
    let delay = detail("retryDelay").and_then(|delay| seconds(&delay));
    let code = reason.unwrap_or(word).into_owned();
    Error { kind, code: Some(code), retry_after: delay.or(error.retry_after), ..error }
}

/// A duration as in `17.5s` in whole seconds, none too few.
fn seconds(delay: &str) -> Option<String> {
    let seconds = decimal(delay.strip_suffix('s')?)?;
    Some((seconds.ceil() as u64).to_string())
}

/// Writes an error body.
pub(super) fn write(error: &Error, out: &mut BytesMut) {
    Writer::new(out).object(|o| write_error(error, o.key("error")));
}

fn write_error(error: &Error, value: &mut Writer<'_>) {
    let word = WORDS.iter().find(|(_, kind)| *kind == error.kind).map_or("INTERNAL", |(word, _)| word);
    value.object(|o| {
        o.key("code").integer(error.status);
        o.key("message").string(&error.message);
        o.key("status").string(word);
        let delay = error.retry_after.as_deref().filter(|delay| delay.bytes().all(|b| b.is_ascii_digit()));
        if error.code.is_some() || error.param.is_some() || delay.is_some() {
            o.key("details").array(|a| {
                write_details(error, a);
                delay.iter().for_each(|delay| write_delay(delay, a));
            });
        }
    });
}

fn write_details(error: &Error, a: &mut Writer<'_>) {
    if let Some(code) = &error.code {
        a.object(|o| {
            o.key("@type").string("type.googleapis.com/google.rpc.ErrorInfo");
            o.key("reason").string(code);
        });
    }
    let Some(param) = &error.param else { return };
    a.object(|o| {
        o.key("@type").string("type.googleapis.com/google.rpc.BadRequest");
        o.key("fieldViolations").array(|a| {
            a.object(|o| {
                o.key("field").string(param);
                o.key("description").string(&error.message);
            });
        });
    });
}

/// <https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto>: when to try again, in seconds.
fn write_delay(seconds: &str, a: &mut Writer<'_>) {
    a.object(|o| {
        o.key("@type").string("type.googleapis.com/google.rpc.RetryInfo");
        o.key("retryDelay").string(&format!("{seconds}s"));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Fault;

    fn check(status: u16, body: &str, kind: Kind, code: Option<&str>) {
        let error = read(status, body.as_bytes());
        assert_eq!((error.status, error.kind, error.code.as_deref()), (status, kind, code), "{body}");
    }

    /// G6: the API's own word counts, and the reason behind it more.
    #[test]
    fn g6_errors_in_every_form_seen() {
        let invalid = r#"{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT"}}"#;
        check(400, invalid, Kind::InvalidRequest, Some("INVALID_ARGUMENT"));
        check(400, &format!("[{invalid}]"), Kind::InvalidRequest, Some("INVALID_ARGUMENT"));
        let key = r#"{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}"#;
        check(400, key, Kind::Authentication, Some("API_KEY_INVALID"));
        check(503, r#"{"error":{"code":503,"status":"UNAVAILABLE"}}"#, Kind::Overloaded, Some("UNAVAILABLE"));
        check(500, "<html>", Kind::Api, None);
    }

    #[test]
    fn the_provider_says_when_to_try_again() {
        let body =
            br#"{"error":{"status":"RESOURCE_EXHAUSTED","details":[{"@type":"x"},{"retryDelay":"17.2s"}]}}"#;
        let error = read(429, body);
        assert_eq!((error.kind, error.retry_after.as_deref()), (Kind::RateLimit, Some("18")));
    }

    #[test]
    fn when_to_try_again_reads_as_it_was_written() {
        let mut out = BytesMut::new();
        let error = Error::new(Fault::Upstream, Kind::RateLimit, "slow");
        write(&Error { retry_after: Some("7".to_owned()), ..error }, &mut out);
        assert_eq!(read(429, &out).retry_after.as_deref(), Some("7"));
    }

    #[test]
    fn every_kind_reads_as_it_was_written() {
        for (word, kind) in WORDS.into_iter().filter(|(word, _)| *word != "INVALID_ARGUMENT") {
            let mut out = BytesMut::new();
            write(&Error::new(Fault::Upstream, kind, word), &mut out);
            assert_eq!(read(kind.status(), &out).kind, kind);
        }
    }

    #[test]
    fn the_details_name_code_and_parameter() {
        let mut out = BytesMut::new();
        write(&Error::invalid_param("contents", "It must be there.").with_code("c"), &mut out);
        let wanted = r#"{"error":{"code":400,"message":"It must be there.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"c"},{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"contents","description":"It must be there."}]}]}}"#;
        assert_eq!(&out[..], wanted.as_bytes());
    }
}
