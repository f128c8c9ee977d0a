//! Errors in the API's words.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html#API_runtime_Converse_Errors>

use bytes::BytesMut;

use crate::api::openai;
use crate::error::{Error, Fault, Kind};
use crate::wire::json::{Json, Writer};

/// The exceptions, their kinds, and the statuses they have where they come as answers. In streams their names begin
/// with a small letter.
const EXCEPTIONS: [(&str, Kind, u16); 13] = [
    ("ValidationException", Kind::InvalidRequest, 400),
    ("AccessDeniedException", Kind::Permission, 403),
    ("ExpiredTokenException", Kind::Authentication, 403),
    ("UnrecognizedClientException", Kind::Authentication, 403),
    ("ResourceNotFoundException", Kind::NotFound, 404),
    ("ModelTimeoutException", Kind::Timeout, 408),
    ("ModelErrorException", Kind::Api, 424),
    ("ModelStreamErrorException", Kind::Api, 424),
    ("ThrottlingException", Kind::RateLimit, 429),
    ("ModelNotReadyException", Kind::Overloaded, 429),
    ("ServiceQuotaExceededException", Kind::RateLimit, 400),
    ("InternalServerException", Kind::Api, 500),
    ("ServiceUnavailableException", Kind::Overloaded, 503),
];

/// An answer with an error status. The word for it is in a header, or in `__type` behind a `#`.
pub(super) fn read(status: u16, body: &[u8]) -> Error {
    let json = Json::parse(body).unwrap_or(Json::NULL);
    let member = |name| json.get(name).and_then(Json::string);
    let usual = openai::read_error(status, body);
    let word = member("__type").map(|word| word.rsplit('#').next().unwrap_or_default().to_owned());
    let known = word.as_deref().and_then(known);
    let message = member("message").or(member("Message")).map(|text| text.into_owned());
    Error {
        kind: known.map_or(Kind::of_status(status), |(kind, _)| kind),
        message: message.unwrap_or_else(|| usual.message.clone()),
        code: word,
        ..usual
    }
}

/// What ends a stream instead of its last words. F2: an exception has the status that it would have had at first.
pub(super) fn of_frame(name: &str, data: &[u8]) -> Error {
    let json = Json::parse(data).unwrap_or(Json::NULL);
    let said = json.get("message").and_then(Json::string);
    let message = said.map_or_else(|| String::from_utf8_lossy(data).into_owned(), |text| text.into_owned());
    let (kind, status) = known(name).unwrap_or((Kind::Api, 500));
    let message = if message.is_empty() { format!("The provider broke off: {name}.") } else { message };
    Error { status, ..Error::new(Fault::Upstream, kind, message) }.with_code(name)
}

fn known(word: &str) -> Option<(Kind, u16)> {
    let exception = EXCEPTIONS.iter().find(|(own, ..)| own.eq_ignore_ascii_case(word))?;
    Some((exception.1, exception.2))
}

/// The exception that a stream tells an error by.
pub(super) fn word(error: &Error) -> &'static str {
    match error.kind {
        Kind::RateLimit => "throttlingException",
        Kind::Overloaded | Kind::Timeout => "serviceUnavailableException",
        Kind::Api => "internalServerException",
        _ => "validationException",
    }
}

/// Writes an error body.
pub(super) fn write(error: &Error, out: &mut BytesMut) {
    Writer::new(out).object(|o| o.key("message").string(&error.message));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(error: &Error, kind: Kind, status: u16, message: &str) {
        assert_eq!((error.kind, error.status, &*error.message), (kind, status, message));
    }

    #[test]
    fn errors_in_every_form_seen() {
        let throttled = br#"{"message":"Too many requests"}"#;
        check(&read(429, throttled), Kind::RateLimit, 429, "Too many requests");
        check(&read(403, br#"{"Message":"No."}"#), Kind::Permission, 403, "No.");
        let typed = read(400, br#"{"__type":"com.amazon#ServiceQuotaExceededException","message":"m"}"#);
        assert_eq!(
            (typed.kind, typed.code.as_deref()),
            (Kind::RateLimit, Some("ServiceQuotaExceededException"))
        );
        assert_eq!(read(503, b"<html>").kind, Kind::Overloaded);
    }

    /// F2: exceptions in mid-stream are errors with the statuses that they have as answers.
    #[test]
    fn f2_exceptions_in_mid_stream() {
        let data = br#"{"message":"m"}"#;
        for (name, kind, status) in EXCEPTIONS {
            check(&of_frame(name, data), kind, status, "m");
        }
        check(&of_frame("throttlingException", data), Kind::RateLimit, 429, "m");
        check(&of_frame("InternalFailure", b"Sorry"), Kind::Api, 500, "Sorry");
        assert_eq!(of_frame("odd", b"").fault, Fault::Upstream);
        check(&of_frame("odd", b""), Kind::Api, 500, "The provider broke off: odd.");
    }
}
