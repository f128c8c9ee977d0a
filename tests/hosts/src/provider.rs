//! A provider on loopback that says what it is told to say, and remembers what it was asked.

mod operations;
mod site;

pub(crate) use operations::PAUSE;
pub use operations::RECORDING;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use corpus::{Body, Case};
use http::{HeaderMap, Method, Request, Response};
use http_body::Frame;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use crate::model::{self, Task};

/// The largest piece of a body that is written at once.
const PIECE: usize = 700;

/// Between the last piece and what comes of it.
const BREATH: Duration = Duration::from_millis(50);

static CASES: LazyLock<Vec<Case>> = LazyLock::new(corpus::cases);

/// A running provider. It ends with the runtime it was started in.
pub struct Provider {
    pub address: SocketAddr,
    state: Arc<State>,
}

/// What the provider answers next.
#[derive(Clone, Debug)]
pub struct Script {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub media_type: &'static str,
    /// Before the head.
    pub wait: Duration,
    pub pieces: Vec<Bytes>,
    /// Between two pieces.
    pub pause: Duration,
    pub ending: Ending,
}

/// How an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Complete,
    /// The connection breaks.
    Broken,
    /// Nothing more comes, until the caller leaves.
    Silent,
}

/// A request that the provider got.
#[derive(Clone, Debug)]
pub struct Received {
    pub method: Method,
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

#[derive(Default)]
struct State {
    script: Mutex<Option<Script>>,
    /// What its models do instead.
    task: Mutex<Option<Task>>,
    /// How many scripts there were: what a caller leaves is one of them, and perhaps an old one.
    scripts: AtomicU64,
    received: Mutex<Vec<Received>>,
    reports: Mutex<Vec<Value>>,
    /// The status with which it refuses reports; 0 where it takes them.
    refuses: AtomicU16,
    /// How many bytes of the last script its caller has taken.
    taken: AtomicU64,
    /// The last script whose caller left before it was over.
    left: watch::Sender<u64>,
}

impl Provider {
    /// Starts on a free port. Unless told what to say, it goes by what it is asked: `play:NAME` in the body asks for the
    /// answer of the corpus' case of that name to the API that the path belongs to.
    pub async fn start() -> Provider {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let state = Arc::new(State::default());
        tokio::spawn(accept(listener, state.clone()));
        Provider { address, state }
    }

    /// What to say from now on.
    pub fn say(&self, script: Script) {
        self.state.scripts.fetch_add(1, Ordering::SeqCst);
        self.state.taken.store(0, Ordering::SeqCst);
        *self.state.script.lock().unwrap_or_else(PoisonError::into_inner) = Some(script);
    }

    /// What its models do from now on, whichever API they are asked in.
    pub(crate) fn follow(&self, task: Task) {
        *self.state.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
    }

    /// What has been asked since the last time.
    pub fn received(&self) -> Vec<Received> {
        std::mem::take(&mut self.state.received.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The reports it got so far: it is the hosts' backend, too.
    pub fn reports(&self) -> Vec<Value> {
        self.state.reports.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The status with which it refuses reports from now on; none where it takes them again.
    pub fn refuse_reports(&self, status: Option<u16>) {
        self.state.refuses.store(status.unwrap_or_default(), Ordering::SeqCst);
    }

    /// How many bytes of the last script have been taken, by all who asked.
    pub fn taken(&self) -> u64 {
        self.state.taken.load(Ordering::SeqCst)
    }

    /// Waits for a caller to leave before the current script is over; false where none does.
    pub async fn was_left(&self, patience: Duration) -> bool {
        let current = self.state.scripts.load(Ordering::SeqCst);
        let mut left = self.state.left.subscribe();
        timeout(patience, left.wait_for(|script| *script == current)).await.is_ok()
    }
}

impl Script {
    /// What the case's provider says, in several pieces.
    pub fn of(case: &Case) -> Script {
        let headers = case.outline.answer_headers.clone().into_iter().collect();
        let ending = if case.outline.cut { Ending::Broken } else { Ending::Complete };
        Script { status: case.outline.status, headers, ending, ..Script::body(&case.answer) }
    }

    /// A good answer.
    pub fn body(body: &Body) -> Script {
        let pieces = body.bytes.chunks(PIECE).map(Bytes::copy_from_slice).collect();
        let media_type = body.media_type();
        Script {
            status: 200,
            headers: Vec::new(),
            media_type,
            wait: Duration::ZERO,
            pieces,
            pause: Duration::ZERO,
            ending: Ending::Complete,
        }
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream, state.clone()));
    }
}

async fn serve(stream: TcpStream, state: Arc<State>) {
    // Each piece is to arrive as one, as far as a network lets it.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| answer(request, state.clone()));
    // It ends with an error where the caller leaves, or where a script breaks the connection.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(request: Request<Incoming>, state: Arc<State>) -> Result<Response<Pieces>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let path = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    if path == "/v1/reports" {
        return Ok(take_reports(&body, &state));
    }
    let script = state.script.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let task = state.task.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let known = || operations::answer(&head.method, &path, &head.headers, &body);
    let script = site::answer(&path).or(script);
    let script = match (script, task) {
        (Some(script), _) => script,
        (None, Some(task)) => by_task(&task, &path, &body),
        (None, None) => known().unwrap_or_else(|| by_words(&path, &body)),
    };
    let received = Received { method: head.method, path, headers: head.headers, body };
    state.received.lock().unwrap_or_else(PoisonError::into_inner).push(received);
    let mut waited = Waited { state: state.clone(), over: false };
    tokio::time::sleep(script.wait).await;
    waited.over = true;
    Ok(follow(script, state))
}

/// Notices a caller that leaves before the head: its request is dropped.
struct Waited {
    state: Arc<State>,
    over: bool,
}

impl Drop for Waited {
    fn drop(&mut self) {
        if !self.over {
            self.state.left.send_replace(self.state.scripts.load(Ordering::SeqCst));
        }
    }
}

fn take_reports(body: &[u8], state: &Arc<State>) -> Response<Pieces> {
    let reports: Vec<Value> = serde_json::from_slice(body).unwrap_or_default();
    let taken = format!("{{\"taken\":{}}}", reports.len());
    let body = Body { extension: "json".to_owned(), bytes: taken.into_bytes() };
    let script = Script::body(&body);
    match state.refuses.load(Ordering::SeqCst) {
        0 => {
            state.reports.lock().unwrap_or_else(PoisonError::into_inner).extend(reports);
            follow(script, state.clone())
        }
        status => follow(Script { status, ..script }, state.clone()),
    }
}

fn follow(script: Script, state: Arc<State>) -> Response<Pieces> {
    let mut response = Response::builder().status(script.status).header("content-type", script.media_type);
    for (name, value) in &script.headers {
        response = response.header(name, value);
    }
    let (sender, pieces) = mpsc::channel(1);
    let number = state.scripts.load(Ordering::SeqCst);
    tokio::spawn(async move {
        if speak(script, sender, &state.taken).await == Listener::Left {
            state.left.send_replace(number);
        }
    });
    response.body(Pieces(pieces)).expect("a script is a response")
}

/// What the model at `path` does next.
fn by_task(task: &Task, path: &str, body: &[u8]) -> Script {
    let request = serde_json::from_slice(body).unwrap_or_default();
    let (status, body) = model::answer(task, api_of(path), &request);
    Script { status, ..Script::body(&body) }
}

/// The answer of the case that was asked for last in the body; an error that says so where there is none.
fn by_words(path: &str, body: &[u8]) -> Script {
    let text = String::from_utf8_lossy(body);
    let asked = text.rsplit("play:").next().unwrap_or_default();
    let name: String =
        asked.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '-').collect();
    let ending = format!("-to-{}--{name}", api_of(path));
    match CASES.iter().find(|case| case.name.ends_with(&ending)) {
        Some(case) => Script::of(case),
        None => {
            let bytes = format!("no case is named {ending}").into_bytes();
            Script { status: 418, ..Script::body(&Body { extension: "txt".to_owned(), bytes }) }
        }
    }
}

/// The API that a path belongs to.
fn api_of(path: &str) -> &'static str {
    let operations = [
        ("/messages", "messages"),
        ("/responses", "responses"),
        ("generateContent", "generate"),
        ("streamGenerateContent", "generate"),
        ("/converse", "converse"),
        ("/converse-stream", "converse"),
    ];
    let path = path.split('?').next().unwrap_or_default();
    operations.iter().find(|(end, _)| path.ends_with(end)).map_or("completions", |(_, api)| api)
}

type Piece = Result<Bytes, &'static str>;

/// Whether the caller listened to the end.
#[derive(PartialEq, Eq)]
enum Listener {
    Stayed,
    Left,
}

async fn speak(script: Script, sender: mpsc::Sender<Piece>, taken: &AtomicU64) -> Listener {
    for piece in script.pieces {
        let length = piece.len() as u64;
        if sender.send(Ok(piece)).await.is_err() {
            return Listener::Left;
        }
        taken.fetch_add(length, Ordering::SeqCst);
        tokio::time::sleep(script.pause).await;
    }
    match script.ending {
        Ending::Complete => Listener::Stayed,
        Ending::Broken => {
            // What was written before is to arrive.
            tokio::time::sleep(BREATH).await;
            match sender.send(Err("as told")).await {
                Ok(()) => Listener::Stayed,
                Err(_) => Listener::Left,
            }
        }
        Ending::Silent => {
            sender.closed().await;
            Listener::Left
        }
    }
}

/// A body whose pieces are written as they come.
struct Pieces(mpsc::Receiver<Piece>);

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        self.0.poll_recv(context).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}
