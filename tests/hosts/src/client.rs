//! A plain HTTP client: one connection a request, so that leaving is seen.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long any single step may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Whether the body ended as HTTP says it should.
    pub complete: bool,
}

/// An answer whose body is still coming. Dropping it closes the connection.
pub struct Opened {
    pub status: u16,
    pub headers: HeaderMap,
    body: Incoming,
    connection: tokio::task::JoinHandle<()>,
}

/// A request, as a client would send it.
#[derive(Clone, Debug)]
pub struct Question {
    pub method: Method,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Question {
    pub fn get(path: &str) -> Question {
        Question { method: Method::GET, path: path.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    /// A POST of JSON.
    pub fn post(path: &str, body: impl Into<Vec<u8>>) -> Question {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Question { method: Method::POST, path: path.to_owned(), headers, body: body.into() }
    }

    pub fn header(mut self, name: &str, value: &str) -> Question {
        self.headers.retain(|(had, _)| had != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Asks, and takes in the whole answer.
    pub async fn ask(&self, host: SocketAddr) -> Result<Answer, String> {
        self.open(host).await?.whole().await
    }

    /// Asks, and gives the answer when its head is there.
    pub async fn open(&self, host: SocketAddr) -> Result<Opened, String> {
        let stream = patient("connecting", TcpStream::connect(host)).await?;
        let io = TokioIo::new(stream);
        let (mut sender, connection) =
            patient("connecting", hyper::client::conn::http1::handshake(io)).await?;
        let connection = tokio::spawn(async move {
            // It ends with an error where either side leaves, which is what some tests are about.
            let _ = connection.await;
        });
        let response = patient("the head", sender.send_request(self.request(host)?)).await?;
        let (head, body) = response.into_parts();
        Ok(Opened { status: head.status.as_u16(), headers: head.headers, body, connection })
    }

    fn request(&self, host: SocketAddr) -> Result<Request<Full<Bytes>>, String> {
        let mut request =
            Request::builder().method(self.method.clone()).uri(&self.path).header("host", host.to_string());
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(Full::from(self.body.clone())).map_err(|error| error.to_string())
    }
}

impl Opened {
    /// The next bytes; none where the body has ended.
    pub async fn next(&mut self) -> Result<Option<Bytes>, String> {
        while let Some(frame) =
            timeout(PATIENCE, self.body.frame()).await.map_err(|_| "no more bytes came in time")?
        {
            let frame = frame.map_err(|error| format!("the body broke off: {error}"))?;
            if let Ok(data) = frame.into_data() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }

    /// Takes in the rest.
    pub async fn whole(mut self) -> Result<Answer, String> {
        let (status, headers) = (self.status, std::mem::take(&mut self.headers));
        let mut body = Vec::new();
        let complete = loop {
            match self.next().await {
                Ok(Some(piece)) => body.extend_from_slice(&piece),
                Ok(None) => break true,
                Err(_) => break false,
            }
        };
        Ok(Answer { status, headers, body: body.into(), complete })
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; `null` where it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

async fn patient<T, E: std::fmt::Display>(
    what: &str,
    future: impl Future<Output = Result<T, E>>,
) -> Result<T, String> {
    let outcome = timeout(PATIENCE, future).await.map_err(|_| format!("{what}: nothing came in time"))?;
    outcome.map_err(|error| format!("{what}: {error}"))
}
