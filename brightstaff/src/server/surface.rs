//! What a door answers: the gateway, and behind the backend's door the backend too.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use shared::error::Error;
use shared::exchange;
use shared::gateway::Gateway;
use shared::report::Report;
use tokio::sync::watch;

use super::Settings;
use super::body::Body;
use super::defect;
use super::guard::Guard;
use super::upload::Upload;
use crate::native::Native;
use crate::staff::Staff;

/// What the requests of a door share.
#[derive(Clone)]
pub(super) struct Surface {
    pub(super) gateway: Arc<Gateway>,
    pub(super) native: Native,
    pub(super) staff: Staff,
    closing: watch::Receiver<bool>,
    pause: Duration,
    /// Set behind the backend's door.
    backend: Option<Guard>,
}

impl Surface {
    pub(super) fn new(
        gateway: Arc<Gateway>,
        native: Native,
        closing: watch::Receiver<bool>,
        settings: &Settings,
    ) -> Arc<Surface> {
        let pause = settings.pause;
        Arc::new(Surface { gateway, native, staff: Staff, closing, pause, backend: None })
    }

    /// The same with the backend's API.
    pub(super) fn with_backend(&self, token: Option<&str>) -> Arc<Surface> {
        Arc::new(Surface { backend: Some(Guard::new(token)), ..self.clone() })
    }

    /// Answers one request.
    pub(super) async fn answer(&self, mut request: Request<Incoming>) -> Response<Body> {
        if request.uri().path() == "/readyz" {
            return self.ready();
        }
        if let Err(error) = check_head(&request, self.gateway.limits.header_bytes) {
            return self.refuse(&head_of(&request), &error);
        }
        let backend = self.backend.as_ref();
        if let Some(Err(error)) = backend.map(|guard| guard.admit(&mut request)) {
            return self.refuse(&head_of(&request), &error);
        }
        if backend.is_some() && request.uri().path() == "/v1/reports" {
            return self.reports(request).await;
        }
        let (head, body) = request.into_parts();
        match self.upload(&head.headers).read(body).await {
            Ok(body) => self.exchange(Request::from_parts(head, body)).await,
            Err(error) => self.refuse(&Request::from_parts(head, Bytes::new()), &error),
        }
    }

    /// How this door takes in bodies.
    pub(super) fn upload(&self, headers: &http::HeaderMap) -> Upload {
        let expected = headers.contains_key(header::EXPECT);
        Upload { limit: self.gateway.limits.body_bytes, pause: self.pause, expected }
    }

    /// An error in the words of the API that was asked in.
    pub(super) fn refuse(&self, head: &Request<Bytes>, error: &Error) -> Response<Body> {
        let (response, report) = exchange::refuse(&self.gateway, &self.native, head, error);
        self.staff.take(&report);
        response.map(Body::Whole)
    }

    async fn exchange(&self, request: Request<Bytes>) -> Response<Body> {
        let staff = self.staff;
        let done = move |report: Report| staff.take(&report);
        let asked = line_of(&request);
        let served = pin!(exchange::serve(self.gateway.clone(), self.native.clone(), request, done));
        let Some(response) = defect::survive(served).await else { return self.apologize(&asked) };
        response.map(|body| match body {
            exchange::Body::Whole(bytes) => Body::Whole(bytes),
            exchange::Body::Events(pieces) | exchange::Body::Bytes(pieces) => Body::Stream(Box::pin(pieces)),
        })
    }

    /// Answers a request that met a defect. What it was until then has been reported.
    fn apologize(&self, asked: &Request<Bytes>) -> Response<Body> {
        let (response, _) = exchange::refuse(&self.gateway, &self.native, asked, &Error::defect());
        response.map(Body::Whole)
    }

    /// Whether to send more requests here: `200`, or `503` from the moment the process is told to end.
    fn ready(&self) -> Response<Body> {
        match *self.closing.borrow() {
            false => json(StatusCode::OK, Bytes::from_static(b"{\"status\":\"ready\"}")),
            true => json(StatusCode::SERVICE_UNAVAILABLE, Bytes::from_static(b"{\"status\":\"draining\"}")),
        }
    }
}

/// A request's line, which mostly says in whose words to answer and costs next to nothing to keep.
fn line_of<B>(request: &Request<B>) -> Request<Bytes> {
    let mut line = Request::new(Bytes::new());
    line.method_mut().clone_from(request.method());
    line.uri_mut().clone_from(request.uri());
    line
}

/// What hyper lets pass: a head that is longer than `limit` bytes, one that does not say which host it is for, and one
/// whose body is packed for the way.
fn check_head<B>(request: &Request<B>, limit: usize) -> Result<(), Error> {
    if length_of(request) > limit {
        return Err(head_too_large(limit));
    }
    check_codings(request.headers())?;
    let hosts = request.headers().get_all(header::HOST).iter().count();
    match request.version() {
        // https://www.rfc-editor.org/rfc/rfc9112#section-3.2
        Version::HTTP_11 if hosts != 1 => {
            Err(Error::invalid("A request of HTTP/1.1 has one `host` header.").with_code("invalid_host"))
        }
        _ => Ok(()),
    }
}

/// Refuses a body that is coded otherwise than in chunks: hyper looks at the last coding only, and what was packed would be
/// taken for the body itself.
///
/// <https://www.rfc-editor.org/rfc/rfc9112#section-6.1>
fn check_codings(headers: &HeaderMap) -> Result<(), Error> {
    let lines = headers.get_all(header::TRANSFER_ENCODING);
    let codings = lines.iter().flat_map(|line| line.as_bytes().split(|&byte| byte == b','));
    let mut codings = codings.map(<[u8]>::trim_ascii).filter(|coding| !coding.is_empty());
    let (first, second) = (codings.next(), codings.next());
    match (first, second) {
        (None, _) => Ok(()),
        (Some(only), None) if only.eq_ignore_ascii_case(b"chunked") => Ok(()),
        _ => Err(coded()),
    }
}

fn coded() -> Error {
    let message = "A body is sent as it is or in chunks: no other `transfer-encoding` is understood.";
    let error = Error::invalid(message).with_code("unsupported_transfer_encoding");
    Error { status: 501, ..error }
}

/// How many bytes a head took, or would have taken in HTTP/1.1. Of what comes in one piece hyper refuses only what is longer
/// than its buffer, which is up to twice the limit.
fn length_of<B>(request: &Request<B>) -> usize {
    let line = request.uri().path_and_query().map_or(1, |path| path.as_str().len());
    let field =
        |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + ": \r\n".len();
    line + request.headers().iter().map(field).sum::<usize>()
}

/// <https://www.rfc-editor.org/rfc/rfc6585#section-5>
fn head_too_large(limit: usize) -> Error {
    let message = format!("The request's head is larger than {limit} bytes.");
    let error = Error::invalid(message).with_code("request_headers_too_large");
    Error { status: 431, ..error }
}

/// A request without its body.
pub(super) fn head_of<B>(request: &Request<B>) -> Request<Bytes> {
    let mut head = Request::new(Bytes::new());
    *head.method_mut() = Method::clone(request.method());
    *head.uri_mut() = request.uri().clone();
    *head.headers_mut() = request.headers().clone();
    head
}

/// A JSON answer.
pub(super) fn json(status: StatusCode, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::Whole(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
