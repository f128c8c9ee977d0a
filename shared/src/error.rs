//! What can go wrong with a request, and whose fault it is.

use std::fmt;

/// Everything that a caller may get instead of an answer. Each API family writes it in its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    pub fault: Fault,
    pub kind: Kind,
    /// The HTTP status the caller gets.
    pub status: u16,
    /// For a person; the provider's own words where the provider said them. Never a credential.
    pub message: String,
    /// A word for programs, as the provider or this gateway has it: `model_not_found`.
    pub code: Option<String>,
    /// The parameter that was at fault, as the client's API names it.
    pub param: Option<String>,
    /// Seconds after which to try again, or an HTTP date (RFC 9110, section 10.2.3).
    pub retry_after: Option<String>,
}

/// Whose fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The request was wrong.
    Client,
    /// The provider failed.
    Upstream,
    /// The operator's configuration cannot do it.
    Configuration,
    /// The operator's policy forbids it.
    Policy,
    /// A defect of the gateway.
    Ours,
}

/// What went wrong, in the words that the APIs have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    InvalidRequest,
    Authentication,
    Billing,
    Permission,
    NotFound,
    MethodNotAllowed,
    UnsupportedMediaType,
    TooLarge,
    RateLimit,
    Timeout,
    Overloaded,
    /// Anything else on the server's side.
    Api,
}

impl Kind {
    /// The kind that a status tells where nothing else does.
    pub fn of_status(status: u16) -> Kind {
        match status {
            401 => Kind::Authentication,
            402 => Kind::Billing,
            403 => Kind::Permission,
            404 => Kind::NotFound,
            405 => Kind::MethodNotAllowed,
            408 | 504 => Kind::Timeout,
            413 => Kind::TooLarge,
            415 => Kind::UnsupportedMediaType,
            429 => Kind::RateLimit,
            503 | 529 => Kind::Overloaded,
            400..=499 => Kind::InvalidRequest,
            _ => Kind::Api,
        }
    }

    /// The status to use where no provider gave one.
    pub fn status(self) -> u16 {
        match self {
            Kind::InvalidRequest => 400,
            Kind::Authentication => 401,
            Kind::Billing => 402,
            Kind::Permission => 403,
            Kind::NotFound => 404,
            Kind::MethodNotAllowed => 405,
            Kind::UnsupportedMediaType => 415,
            Kind::TooLarge => 413,
            Kind::RateLimit => 429,
            Kind::Timeout => 504,
            Kind::Overloaded => 503,
            Kind::Api => 500,
        }
    }
}

impl Error {
    /// An error with the status that its kind has.
    pub fn new(fault: Fault, kind: Kind, message: impl Into<String>) -> Error {
        Error {
            fault,
            kind,
            status: kind.status(),
            message: message.into(),
            code: None,
            param: None,
            retry_after: None,
        }
    }

    /// A request that cannot be right.
    pub fn invalid(message: impl Into<String>) -> Error {
        Error::new(Fault::Client, Kind::InvalidRequest, message)
    }

    /// A request whose parameter cannot be right.
    pub fn invalid_param(param: impl Into<String>, message: impl Into<String>) -> Error {
        Error { param: Some(param.into()), ..Error::invalid(message) }
    }

    /// A provider that could not be reached, or whose answer makes no sense: 502.
    pub fn upstream(message: impl Into<String>) -> Error {
        Error { status: 502, ..Error::new(Fault::Upstream, Kind::Api, message) }
    }

    /// A request whose body is longer than `limit` bytes.
    pub fn too_large(limit: usize) -> Error {
        Error::new(Fault::Client, Kind::TooLarge, format!("The body is larger than {limit} bytes."))
            .with_code("request_too_large")
    }

    /// A request whose body broke off.
    pub fn incomplete() -> Error {
        Error::invalid("The body broke off before all of it was here.").with_code("incomplete_body")
    }

    /// A provider that broke off before its answer was whole: 502.
    pub fn cut(why: impl fmt::Display) -> Error {
        Error::upstream(format!("The provider's answer broke off: {why}.")).with_code("upstream_cut")
    }

    /// A request that the gateway failed with itself, for a host that has survived it.
    pub fn defect() -> Error {
        Error::new(Fault::Ours, Kind::Api, "The gateway failed with this request, by a defect of its own.")
    }

    /// A model whose call or answer made no sense to its own provider, which says `word` of it: 502. To ask again may help.
    pub(crate) fn garbled(word: &str, said: Option<&str>) -> Error {
        let said = said.map_or_else(String::new, |said| format!(": {said}"));
        let message = format!("The model's answer made no sense to its provider ({word}){said}");
        Error::upstream(if message.ends_with('.') { message } else { message + "." })
            .with_code("garbled_answer")
    }

    /// The same with a word for programs.
    pub fn with_code(self, code: impl Into<String>) -> Error {
        Error { code: Some(code.into()), ..self }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
