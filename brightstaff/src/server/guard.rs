//! Who may call the backend's API.

use http::Request;
use http::header::{self, HeaderMap, HeaderValue};
use shared::error::{Error, Fault, Kind};
use subtle::ConstantTimeEq;

/// Lets in who shows the token; everybody where there is none.
#[derive(Clone)]
pub(super) struct Guard {
    token: Option<String>,
}

impl Guard {
    pub(super) fn new(token: Option<&str>) -> Guard {
        Guard { token: token.map(str::to_owned) }
    }

    /// Admits a request, or says what it lacks. The token is taken out: no provider that takes the caller's own
    /// credential may get to see it.
    pub(super) fn admit<B>(&self, request: &mut Request<B>) -> Result<(), Error> {
        let Some(token) = self.token.as_deref().filter(|_| request.uri().path() != "/healthz") else {
            return Ok(());
        };
        let shown = bearer(request.headers()).is_some_and(|shown| bool::from(shown.ct_eq(token.as_bytes())));
        request.headers_mut().remove(header::AUTHORIZATION);
        match shown {
            true => Ok(()),
            false => Err(unknown_caller()),
        }
    }
}

fn bearer(headers: &HeaderMap<HeaderValue>) -> Option<&[u8]> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.as_bytes().split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then_some(token)
}

fn unknown_caller() -> Error {
    let message = "This is brightstaff's own API: send `authorization: Bearer …` with its token.";
    Error::new(Fault::Client, Kind::Authentication, message).with_code("invalid_token")
}
