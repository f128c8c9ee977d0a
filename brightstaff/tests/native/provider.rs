//! A provider that says what a test tells it to, and remembers what it was asked.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What a provider does with a request.
#[derive(Clone)]
pub(crate) enum Script {
    /// Answers with this body.
    Answer { status: u16, media_type: &'static str, body: String },
    /// Answers with this body, as if the connection stayed open, and hangs up.
    Last { body: &'static str },
    /// Begins a stream with this event, and then says nothing.
    Stall { event: &'static str },
    /// Sends this event and waits, so many times, and ends the stream with the other.
    Slow { event: &'static str, times: usize, pause: Duration, last: &'static str },
    /// Takes the request and says nothing at all.
    Silence,
}

pub(crate) struct Provider {
    pub(crate) base: String,
    requests: Arc<Mutex<Vec<String>>>,
    /// How many of its callers hung up before it had done what it does.
    left: watch::Receiver<usize>,
}

impl Provider {
    pub(crate) async fn start(script: Script) -> Provider {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/v1", socket.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (leaving, left) = watch::channel(0);
        let heard = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((stream, _)) = socket.accept().await {
                tokio::spawn(play(stream, script.clone(), Arc::clone(&heard), leaving.clone()));
            }
        });
        Provider { base, requests, left }
    }

    /// The requests as they came, heads and bodies.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// Waits until a caller has hung up.
    pub(crate) async fn left(&mut self) {
        let left = self.left.wait_for(|left| *left > 0);
        tokio::time::timeout(Duration::from_secs(10), left).await.expect("the call goes on").unwrap();
    }
}

async fn play(
    mut stream: TcpStream,
    script: Script,
    heard: Arc<Mutex<Vec<String>>>,
    leaving: watch::Sender<usize>,
) {
    while let Some(request) = read(&mut stream).await {
        heard.lock().unwrap().push(request);
        match &script {
            Script::Answer { status, media_type, body } => {
                stream.write_all(whole(*status, media_type, body).as_bytes()).await.unwrap();
            }
            Script::Last { body } => {
                stream.write_all(whole(200, "application/json", body).as_bytes()).await.unwrap();
                return;
            }
            Script::Stall { event } => {
                stream.write_all(stream_head().as_bytes()).await.unwrap();
                stream.write_all(chunk(event).as_bytes()).await.unwrap();
                hung_up(&mut stream, &leaving).await;
            }
            Script::Slow { event, times, pause, last } => {
                stream.write_all(stream_head().as_bytes()).await.unwrap();
                for _ in 0..*times {
                    stream.write_all(chunk(event).as_bytes()).await.unwrap();
                    tokio::time::sleep(*pause).await;
                }
                let _ = stream.write_all(format!("{}0\r\n\r\n", chunk(last)).as_bytes()).await;
            }
            Script::Silence => hung_up(&mut stream, &leaving).await,
        }
    }
}

async fn hung_up(stream: &mut TcpStream, leaving: &watch::Sender<usize>) {
    let _ = stream.read(&mut [0; 1]).await;
    leaving.send_modify(|left| *left += 1);
}

fn whole(status: u16, media_type: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\ncontent-type: {media_type}\r\ncontent-length: {length}\r\n\r\n{body}")
}

fn stream_head() -> &'static str {
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
}

fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

/// A request with a `content-length`; none where the connection ends.
pub(crate) async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length = head
                .split("content-length: ")
                .nth(1)
                .map_or(0, |rest| rest.split("\r\n").next().unwrap().parse::<usize>().unwrap());
            if bytes.len() >= end + 4 + length {
                return Some(String::from_utf8_lossy(&bytes).into_owned());
            }
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return None;
        }
    }
}
