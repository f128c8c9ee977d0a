//! Errors in the API's words.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html#API_runtime_Converse_Errors>

use bytes::BytesMut;

use crate::api::exception::known;
use crate::api::openai;
use crate::error::{Error, Kind};
use crate::wire::json::{Json, Writer};

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
}
