//! The floor: the least that a proxy of this kind can be. hyper on both sides, the request taken in whole, the answer
//! streamed; nothing is looked at, nothing is reported: `floor PORT PROVIDER-ADDRESS`.

use std::net::{Ipv4Addr, SocketAddr};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;

type Fault = Box<dyn std::error::Error + Send + Sync>;

#[derive(Clone)]
struct Proxy {
    client: Client<HttpConnector, Full<Bytes>>,
    provider: SocketAddr,
}

#[tokio::main]
async fn main() -> Result<(), Fault> {
    bench::watch::raise_open_files();
    let mut words = std::env::args().skip(1);
    let port: u16 = words.next().ok_or("floor PORT PROVIDER-ADDRESS")?.parse()?;
    let provider = words.next().ok_or("floor PORT PROVIDER-ADDRESS")?.parse()?;
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let proxy = Proxy { client: Client::builder(TokioExecutor::new()).build(connector), provider };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let proxy = proxy.clone();
        let service = service_fn(move |request| answer(proxy.clone(), request));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(
    proxy: Proxy,
    request: Request<Incoming>,
) -> Result<Response<BoxBody<Bytes, hyper::Error>>, Fault> {
    match forward(proxy, request).await {
        Ok(response) => Ok(response.map(BodyExt::boxed)),
        Err(_) => {
            let mut response = Response::new(Empty::new().map_err(|never| match never {}).boxed());
            *response.status_mut() = StatusCode::BAD_GATEWAY;
            Ok(response)
        }
    }
}

async fn forward(proxy: Proxy, request: Request<Incoming>) -> Result<Response<Incoming>, Fault> {
    let (mut head, body) = request.into_parts();
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    head.uri = format!("http://{}{path}", proxy.provider).parse::<Uri>()?;
    head.headers.insert(header::HOST, HeaderValue::from_str(&proxy.provider.to_string())?);
    let body = body.collect().await?.to_bytes();
    Ok(proxy.client.request(Request::from_parts(head, Full::new(body))).await?)
}
