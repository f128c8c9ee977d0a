//! The backend's API: who may call it, and `POST /v1/reports`.

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use shared::error::{Error, Fault, Kind};
use subtle::ConstantTimeEq;

use super::body::Body;
use super::surface::{Surface, head_of, json};
use super::upload::Upload;
use crate::staff::{Staff, Taken};

/// The most bytes in the body of `POST /v1/reports`.
const REPORTS_BYTES: usize = 1024 * 1024;

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

impl Surface {
    /// `POST /v1/reports`: a JSON array of reports; all are taken, or none.
    pub(super) async fn reports(&self, request: Request<Incoming>) -> Response<Body> {
        let head = head_of(&request);
        match self.read_reports(request).await {
            Ok(taken) => json(StatusCode::ACCEPTED, Bytes::from(taken)),
            Err(error) => self.refuse(&head, &error),
        }
    }

    async fn read_reports(&self, request: Request<Incoming>) -> Result<Vec<u8>, Error> {
        if request.method() != Method::POST {
            let message = "Reports are sent with POST.";
            return Err(
                Error::new(Fault::Client, Kind::MethodNotAllowed, message).with_code("method_not_allowed")
            );
        }
        let (head, body) = request.into_parts();
        let upload = Upload { limit: REPORTS_BYTES, ..self.upload(&head.headers) };
        let reports = Staff::read(&upload.read(body).await?)?;
        reports.iter().for_each(|report| self.staff.take(report));
        Ok(serde_json::to_vec(&Taken { taken: reports.len() }).unwrap_or_default())
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
