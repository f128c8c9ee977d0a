//! The exceptions of AWS, which end a stream of frames instead of its last words, whatever API is in the frames.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html#API_runtime_ConverseStream_Errors>

use super::aim::Sink;
use super::codec::ReadStream;
use crate::error::{Error, Fault, Kind};
use crate::ir::{Delta, Event};
use crate::wire::json::Json;
use crate::wire::{self, Frame};

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

/// What ends a stream instead of its last words. F2: an exception has the status that it would have had at first.
pub(super) fn of_frame(frame: Frame<'_>) -> Error {
    let Frame { name, data, .. } = frame;
    let json = Json::parse(data).unwrap_or(Json::NULL);
    let said = json.get("message").and_then(Json::string);
    let message = said.map_or_else(|| String::from_utf8_lossy(data).into_owned(), |text| text.into_owned());
    let (kind, status) = known(name).unwrap_or((Kind::Api, 500));
    let message = if message.is_empty() { format!("The provider broke off: {name}.") } else { message };
    Error { status, ..Error::new(Fault::Upstream, kind, message) }.with_code(name)
}

/// The kind and the status of an exception.
pub(super) fn known(word: &str) -> Option<(Kind, u16)> {
    let exception = EXCEPTIONS.iter().find(|(own, ..)| own.eq_ignore_ascii_case(word))?;
    Some((exception.1, exception.2))
}

/// The kind of an error that is named by an exception.
pub(crate) fn kind(word: &str) -> Option<Kind> {
    known(word).map(|(kind, _)| kind)
}

/// A reader for events in frames that may also be exceptions.
pub(super) struct Framed {
    pub(super) events: Box<dyn ReadStream>,
    /// Whether an exception has come.
    pub(super) over: bool,
}

impl ReadStream for Framed {
    fn push(&mut self, frame: Frame<'_>, sink: &mut Sink<'_>) {
        match frame.kind {
            _ if self.over => {}
            wire::Kind::Event => self.events.push(frame, sink),
            wire::Kind::Exception | wire::Kind::Error => {
                self.over = true;
                sink(Event::Fail(of_frame(frame)));
            }
        }
    }

    fn idle(&self) -> Option<&'static [&'static str]> {
        self.events.idle()
    }

    fn go_on(&mut self, delta: Delta<'_>, sink: &mut Sink<'_>) -> bool {
        !self.over && self.events.go_on(delta, sink)
    }

    fn finish(&mut self, sink: &mut Sink<'_>) {
        if !self.over {
            self.events.finish(sink);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, data: &[u8], kind: Kind, status: u16, message: &str) {
        let error = of_frame(Frame { kind: wire::Kind::Exception, name, data });
        assert_eq!((error.kind, error.status, &*error.message), (kind, status, message));
        assert_eq!((error.fault, error.code.as_deref()), (Fault::Upstream, Some(name)));
    }

    /// F2: exceptions in mid-stream are errors with the statuses that they have as answers.
    #[test]
    fn f2_exceptions_in_mid_stream() {
        let data = br#"{"message":"m"}"#;
        for (name, kind, status) in EXCEPTIONS {
            check(name, data, kind, status, "m");
        }
        check("throttlingException", data, Kind::RateLimit, 429, "m");
        check("InternalFailure", b"Sorry", Kind::Api, 500, "Sorry");
        check("odd", b"", Kind::Api, 500, "The provider broke off: odd.");
    }
}
