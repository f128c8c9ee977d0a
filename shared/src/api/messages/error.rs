//! Errors in the API's words.
//!
//! <https://docs.anthropic.com/en/api/errors>

use bytes::BytesMut;

use crate::api::openai;
use crate::error::{Error, Kind};
use crate::wire::json::{Json, Writer};

/// The words for kinds of errors; the first of a kind is the one that is written.
const WORDS: [(&str, Kind); 12] = [
    ("invalid_request_error", Kind::InvalidRequest),
    ("invalid_request_error", Kind::MethodNotAllowed),
    ("invalid_request_error", Kind::UnsupportedMediaType),
    ("authentication_error", Kind::Authentication),
    ("billing_error", Kind::Billing),
    ("permission_error", Kind::Permission),
    ("not_found_error", Kind::NotFound),
    ("request_too_large", Kind::TooLarge),
    ("rate_limit_error", Kind::RateLimit),
    ("timeout_error", Kind::Timeout),
    ("overloaded_error", Kind::Overloaded),
    ("api_error", Kind::Api),
];

/// An answer with an error status, in the API's form or in those that servers following it use.
pub(super) fn read(status: u16, body: &[u8]) -> Error {
    let error = openai::read_error(status, body);
    let kind = Json::parse(body).ok().and_then(kind_of);
    Error { kind: kind.unwrap_or(error.kind), ..error }
}

/// The error that an `error` event tells of. There is no status in mid-stream: it follows from the kind.
pub(super) fn of_event(event: Json<'_>) -> Error {
    let inner = event.get("error").and_then(Json::present).unwrap_or(event);
    let error = openai::error_of(inner, Kind::Api);
    let kind = kind_of(event).unwrap_or(error.kind);
    Error { kind, status: kind.status(), ..error }
}

fn kind_of(body: Json<'_>) -> Option<Kind> {
    let word = body.get("error")?.get("type")?.string()?;
    WORDS.iter().find(|(own, _)| *own == word).map(|(_, kind)| *kind)
}

/// Writes an error body. The parameter at fault has no member of its own, so the message names it.
pub(super) fn write(error: &Error, id: &str, out: &mut BytesMut) {
    let word = WORDS.iter().find(|(_, kind)| *kind == error.kind).map_or("api_error", |(word, _)| word);
    let unnamed = error.param.as_deref().filter(|param| !error.message.contains(param));
    Writer::new(out).object(|o| {
        o.key("type").string("error");
        o.key("error").object(|o| {
            o.key("type").string(word);
            match unnamed {
                Some(param) => o.key("message").string(&format!("{param}: {}", error.message)),
                None => o.key("message").string(&error.message),
            }
        });
        if !id.is_empty() {
            o.key("request_id").string(id);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Fault;

    fn check(status: u16, body: &str, kind: Kind, message: &str) {
        let error = read(status, body.as_bytes());
        assert_eq!((error.status, error.kind, &*error.message), (status, kind, message), "{body}");
    }

    /// G6: the body's word counts, then the status.
    #[test]
    fn g6_errors_in_every_form_seen() {
        for (word, kind) in WORDS.iter().filter(|(word, _)| *word != "invalid_request_error") {
            let body =
                format!(r#"{{"type":"error","error":{{"type":"{word}","message":"m"}},"request_id":"r"}}"#);
            check(400, &body, *kind, "m");
        }
        let unknown = r#"{"type":"error","error":{"type":"new_error","message":"m"}}"#;
        check(529, unknown, Kind::Overloaded, "m");
        check(400, r#"{"message":"Malformed input"}"#, Kind::InvalidRequest, "Malformed input");
        check(
            413,
            "<html>too large</html>",
            Kind::TooLarge,
            "The provider answered with status 413 and no message.",
        );
        check(529, "", Kind::Overloaded, "The provider answered with status 529 and no message.");
    }

    #[test]
    fn an_error_in_mid_stream_has_the_status_of_its_kind() {
        let event = br#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
        let error = of_event(Json::parse(event).unwrap());
        assert_eq!((error.kind, error.status, &*error.message), (Kind::Overloaded, 503, "Overloaded"));
        assert_eq!(error.fault, Fault::Upstream);
    }

    #[test]
    fn the_message_names_the_parameter() {
        let mut out = BytesMut::new();
        write(&Error::invalid_param("messages[0].content", "It \"must\" be there."), "id1", &mut out);
        let wanted = r#"{"type":"error","error":{"type":"invalid_request_error","message":"messages[0].content: It \"must\" be there."},"request_id":"id1"}"#;
        assert_eq!(&out[..], wanted.as_bytes());
    }

    #[test]
    fn every_kind_reads_as_it_was_written() {
        for (word, kind) in WORDS.into_iter().filter(|(word, _)| *word != "invalid_request_error") {
            let mut out = BytesMut::new();
            write(&Error::new(Fault::Upstream, kind, word), "", &mut out);
            assert_eq!(read(500, &out).kind, kind);
        }
    }
}
