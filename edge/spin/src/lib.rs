//! The gateway as a component for Fermyon Spin: takes a request in, lets the core answer it, streams the answer out.
//!
//! What it does not do: decide anything. The configuration was checked and compiled at build time; its secrets are Spin
//! variables. Spin makes one instance for each request, so nothing is kept and nothing is prepared.

mod configuration;
mod host;

use std::io::Write;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Either, Full, LengthLimitError, Limited};
use shared::backend::Remote;
use shared::error::Error;
use shared::exchange;
use shared::gateway::Gateway;
use shared::host::BodyError;
use shared::report::Report;
use spin_sdk::http::Request as Incoming;
use spin_sdk::http_service;
use spin_sdk::wasip3::spawn;

use host::Spin;

type Body = Either<Full<Bytes>, Streamed>;

#[http_service]
async fn handle(request: Incoming) -> Response<Body> {
    match configuration::gateway().await {
        Ok(gateway) => answer(gateway, request).await,
        Err(why) => unconfigured(&why),
    }
}

async fn answer(gateway: Gateway, request: Incoming) -> Response<Body> {
    // The instance ends with the request, and the body's pump and the report outlive this function.
    let gateway: &'static Gateway = Box::leak(Box::new(gateway));
    let done = move |report| record(gateway, report);
    match whole(request, gateway.limits.body_bytes).await {
        Ok(request) => exchange::serve(gateway, Spin, request, done).await.map(|body| match body {
            exchange::Body::Whole(bytes) => Either::Left(Full::new(bytes)),
            exchange::Body::Events(pieces) | exchange::Body::Bytes(pieces) => {
                Either::Right(Streamed(Box::pin(pieces)))
            }
        }),
        Err((head, error)) => {
            let (response, report) = exchange::refuse(gateway, &Spin, &head, &error);
            done(report);
            response.map(|body| Either::Left(Full::new(body)))
        }
    }
}

/// Takes a request in, its body up to `limit` bytes.
async fn whole(request: Incoming, limit: usize) -> Result<Request<Bytes>, (Request<Bytes>, Error)> {
    let (head, body) = request.into_parts();
    match Limited::new(body.map_err(host::broken), limit).collect().await {
        Ok(body) => Ok(Request::from_parts(head, body.to_bytes())),
        Err(error) => {
            let error =
                if error.is::<LengthLimitError>() { Error::too_large(limit) } else { Error::incomplete() };
            Err((Request::from_parts(head, Bytes::new()), error))
        }
    }
}

/// Sends a report behind the answer, where a backend is configured.
fn record(gateway: &'static Gateway, report: Report) {
    let Some(backend) = &gateway.backend else { return };
    spawn(async move {
        if let Err(why) = Remote::new(&Spin, backend).record_all(&[report]).await {
            // Where even the log is gone there is nobody to tell.
            let _ = std::io::stderr().write_all(format!("{why}\n").as_bytes());
        }
    });
}

/// No configuration, no dialect to say so in: plain words, and a status that a monitor understands.
fn unconfigured(why: &str) -> Response<Body> {
    let mut response = Response::new(Either::Left(Full::new(Bytes::from(format!("{why}\n")))));
    *response.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
    response
}

/// A stream of bytes as a body.
struct Streamed(Pin<Box<dyn Stream<Item = Result<Bytes, BodyError>>>>);

impl http_body::Body for Streamed {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0.as_mut().poll_next(context).map_ok(Frame::data)
    }
}
