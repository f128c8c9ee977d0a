//! The HTTP/1.1 server before the component.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::HOST;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Request, Response, StatusCode, Uri};
use hyper::body::{Body, Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use wasmtime::Result;

use crate::guest::{Application, Frames};

/// Serves until the process ends, and prints where.
pub(crate) async fn run(application: Application, address: SocketAddr) -> Result<()> {
    let application = Arc::new(application);
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(serve(application.clone(), stream));
    }
}

async fn serve(application: Arc<Application>, stream: TcpStream) {
    let service = service_fn(|request| answer(application.clone(), request));
    // A client that leaves is no error of ours.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(
    application: Arc<Application>,
    request: Request<Incoming>,
) -> Result<Response<Relayed>, Infallible> {
    let response = application.call(absolute(request)).await;
    Ok(response.map_or_else(failure, |response| response.map(|frames| Relayed(Some(frames)))))
}

/// A guest reads the scheme and the authority from the request's target, where HTTP/1.1 has only the path.
fn absolute(mut request: Request<Incoming>) -> Request<Incoming> {
    let authority = request.headers().get(HOST).and_then(|host| Authority::try_from(host.as_bytes()).ok());
    let mut parts = request.uri().clone().into_parts();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = parts.authority.or(authority).or(Some(Authority::from_static("localhost")));
    parts.path_and_query = parts.path_and_query.or(Some(PathAndQuery::from_static("/")));
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
    request
}

fn failure() -> Response<Relayed> {
    let mut response = Response::new(Relayed(None));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}

/// A guest's body on its way to the client. Nothing is the empty body.
struct Relayed(Option<Frames>);

impl Body for Relayed {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        let Some(frames) = &mut self.0 else { return Poll::Ready(None) };
        frames.poll_recv(context).map(|frame| frame.ok_or(CutOff).transpose())
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }
}

/// The guest failed in the middle of its body.
#[derive(Debug)]
struct CutOff;

impl std::fmt::Display for CutOff {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the component failed in the middle of its body")
    }
}

impl std::error::Error for CutOff {}
