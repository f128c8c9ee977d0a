//! Signs of life for clients whose provider is silent, in a world whose clock is only as late as somebody waits.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that finds something else than it expects has to fail"
)]

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use corpus::Case;
use futures_core::Stream;
use http::{HeaderMap, Request, Response};
use proptest::prelude::*;
use serde_json::{Value, json};
use shared::api::Api;
use shared::exchange::{self, Body};
use shared::gateway::{Compiled, CompiledProvider, Gateway, Serves};
use shared::host::{BodyError, CallError, Host, Timestamp};
use shared::report::{Outcome, Report};

const KEEP_ALIVE: u64 = 15;
const STREAM: &str = "text/event-stream";
const CHUNKS: [&str; 3] = [
    "data: {\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Hi\"}}]}\n\n",
    "data: {\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
    "data: [DONE]\n\n",
];
const WHOLE: &str = r#"{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}]}"#;

/// Seconds, and the next one that somebody waits for.
#[derive(Default)]
struct Clock {
    now: Cell<u64>,
    next: Cell<Option<u64>>,
}

impl Clock {
    fn poll_until(&self, time: u64) -> Poll<()> {
        if self.now.get() >= time {
            return Poll::Ready(());
        }
        self.next.set(Some(self.next.get().map_or(time, |next| next.min(time))));
        Poll::Pending
    }

    /// Polls until something comes, moving the clock to where somebody waits.
    fn run<T>(&self, mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> T {
        loop {
            if let Poll::Ready(value) = poll(&mut Context::from_waker(Waker::noop())) {
                return value;
            }
            self.now.set(self.next.take().expect("somebody waits for a time"));
        }
    }
}

struct Sleep(Rc<Clock>, u64);

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        self.0.poll_until(self.1)
    }
}

/// An attempt: after so many seconds this head, and each piece so many seconds behind the one before.
#[derive(Clone)]
struct Attempt {
    after: u64,
    answer: Result<(u16, &'static str), CallError>,
    pieces: Vec<(u64, Bytes)>,
}

#[derive(Clone)]
struct World {
    clock: Rc<Clock>,
    attempts: Rc<RefCell<VecDeque<Attempt>>>,
}

struct Pieces {
    clock: Rc<Clock>,
    pieces: VecDeque<(u64, Bytes)>,
}

impl Stream for Pieces {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some((time, _)) = self.pieces.front() else { return Poll::Ready(None) };
        let time = *time;
        self.clock.poll_until(time).map(|()| self.pieces.pop_front().map(|(_, piece)| Ok(piece)))
    }
}

impl Host for World {
    type Body = Pieces;
    type Sleep = Sleep;
    const RESENDS: bool = true;
    const NAME: &'static str = "test";

    async fn call(&self, _: Request<Bytes>, _: Duration) -> Result<Response<Bytes>, CallError> {
        Err(CallError::Timeout)
    }

    async fn send(&self, _: Request<Bytes>, _: Duration) -> Result<Response<Pieces>, CallError> {
        let attempt = self.attempts.borrow_mut().pop_front().expect("an attempt is left");
        self.sleep(Duration::from_secs(attempt.after)).await;
        let (status, media_type) = attempt.answer?;
        let mut time = self.clock.now.get();
        let pieces = attempt.pieces.into_iter().map(|(after, piece)| {
            time += after;
            (time, piece)
        });
        let body = Pieces { clock: self.clock.clone(), pieces: pieces.collect() };
        Ok(Response::builder().status(status).header("content-type", media_type).body(body).unwrap())
    }

    fn sleep(&self, time: Duration) -> Sleep {
        Sleep(self.clock.clone(), self.clock.now.get() + time.as_secs_f32().ceil() as u64)
    }

    fn now(&self) -> Timestamp {
        Timestamp(self.clock.now.get() * 1_000_000)
    }

    fn random(&self) -> u64 {
        0
    }
}

/// A provider of each family, called as the family is.
fn gateway(keep_alive: Option<u64>) -> &'static Gateway {
    let families = [Api::Completions, Api::Messages, Api::Responses, Api::Generate, Api::Converse];
    let provider = |api: Api| CompiledProvider {
        name: api.name().to_owned(),
        prefix: api.name().to_owned(),
        serves: Serves::Any,
        apis: vec![api],
        base: "http://provider.test/v1".to_owned(),
        access_key: None,
        ..CompiledProvider::usual(shared::dialect::Dialect::named("openai").unwrap())
    };
    let mut compiled = Compiled::new(families.map(provider).into());
    compiled.listeners[0].keep_alive = keep_alive.map(Duration::from_secs);
    compiled.listeners[0].max_retries = 2;
    Box::leak(Box::new(compiled.open(|_| None).unwrap()))
}

/// What a client got: when its head came, and each piece with its time.
struct Got {
    head: u64,
    status: u16,
    headers: HeaderMap,
    pieces: Vec<(u64, Bytes)>,
    report: Report,
}

impl Got {
    /// All but the signs of life.
    fn words(&self, ping: &[u8]) -> String {
        let pieces = self.pieces.iter().filter(|(_, piece)| piece != ping);
        pieces.map(|(_, piece)| String::from_utf8_lossy(piece)).collect()
    }

    /// The longest time without a byte.
    fn longest_silence(&self) -> u64 {
        let mut times = vec![0];
        times.extend(self.pieces.iter().map(|(time, _)| *time));
        times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default()
    }
}

/// Plays a request; the client leaves once the body has given `patience` pieces.
fn play_to(keep_alive: Option<u64>, request: Request<Bytes>, attempts: Vec<Attempt>, patience: usize) -> Got {
    let clock = Rc::new(Clock::default());
    let world = World { clock: clock.clone(), attempts: Rc::new(RefCell::new(attempts.into())) };
    let report = Rc::new(RefCell::new(None));
    let kept = report.clone();
    let done = move |report| drop(kept.replace(Some(report)));
    let mut future = pin!(exchange::serve(gateway(keep_alive), world, request, done));
    let response = clock.run(|context| future.as_mut().poll(context));
    let head = clock.now.get();
    let (parts, body) = response.into_parts();
    let mut pieces = Vec::new();
    match body {
        Body::Whole(bytes) => pieces.push((head, bytes)),
        Body::Events(mut stream) | Body::Bytes(mut stream) => {
            while pieces.len() < patience {
                let Some(piece) = clock.run(|context| Pin::new(&mut stream).poll_next(context)) else {
                    break;
                };
                pieces.push((
                    clock.now.get(),
                    piece.expect("a stream of events says in words what went wrong"),
                ));
            }
        }
    }
    let report = report.take().expect("each request has a report");
    Got { head, status: parts.status.as_u16(), headers: parts.headers, pieces, report }
}

fn play(keep_alive: Option<u64>, request: Request<Bytes>, attempts: Vec<Attempt>) -> Got {
    play_to(keep_alive, request, attempts, usize::MAX)
}

fn path(client: Api) -> &'static str {
    match client {
        Api::Completions => "/v1/chat/completions",
        Api::Messages => "/v1/messages",
        Api::Responses => "/v1/responses",
        _ => "/v1beta/models/completions/m:streamGenerateContent?alt=sse",
    }
}

fn ask(client: Api) -> Request<Bytes> {
    let mut body = json!({"model": "completions/m", "stream": true});
    let message = json!([{"role": "user", "content": "Hi"}]);
    match client {
        Api::Completions => body["messages"] = message,
        Api::Messages => (body["messages"], body["max_tokens"]) = (message, 9.into()),
        Api::Responses => body["input"] = message,
        _ => body = json!({"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}),
    }
    Request::post(path(client)).header("x-request-id", "1").body(Bytes::from(body.to_string())).unwrap()
}

const CLIENTS: [Api; 4] = [Api::Completions, Api::Messages, Api::Responses, Api::Generate];

fn ping(client: Api) -> &'static [u8] {
    match client {
        Api::Messages => b"event: ping\ndata: {\"type\":\"ping\"}\n\n",
        Api::Generate => b"\n\n",
        _ => b": ping\n\n",
    }
}

fn attempt(after: u64, status: u16, media_type: &'static str, pieces: &[(u64, &str)]) -> Attempt {
    let pieces = pieces.iter().map(|(after, piece)| (*after, Bytes::copy_from_slice(piece.as_bytes())));
    Attempt { after, answer: Ok((status, media_type)), pieces: pieces.collect() }
}

/// Begins its answer after so many seconds, and pauses as long within it.
fn slow(seconds: u64) -> Attempt {
    attempt(seconds, 200, STREAM, &CHUNKS.map(|chunk| (seconds, chunk)))
}

#[test]
fn e18_p11_a_silent_provider_is_covered_for_from_before_its_first_byte() {
    for client in CLIENTS {
        let got = play(Some(KEEP_ALIVE), ask(client), vec![slow(50)]);
        assert_eq!((got.head, got.status, got.longest_silence()), (15, 200, 15), "{client:?}");
        assert_eq!(got.headers["content-type"], "text/event-stream; charset=utf-8");
        assert_eq!(got.headers["x-plano-provider"], "completions");
        assert_eq!(got.headers["x-request-id"], "1");
        let without = play(None, ask(client), vec![slow(50)]);
        assert_eq!((without.head, without.longest_silence()), (50, 100), "{client:?}");
        assert_eq!(got.words(ping(client)), without.words(ping(client)));
        assert_eq!(got.report, Report { began: got.report.began, ..without.report });
    }
}

#[test]
fn a_provider_that_is_quick_is_left_alone() {
    for client in CLIENTS {
        let got = play(Some(KEEP_ALIVE), ask(client), vec![slow(4)]);
        assert_eq!(got.head, 4);
        assert!(got.pieces.iter().all(|(_, piece)| piece != ping(client)), "{client:?}");
    }
}

/// What fails while the client waits is told in its stream, and the report knows what it was.
#[test]
fn an_error_after_the_beginning_is_an_event() {
    let busy = r#"{"error":{"message":"Slow down.","type":"rate_limit_error","code":"slow"}}"#;
    for client in CLIENTS {
        let failing = attempt(20, 400, "application/json", &[(20, busy)]);
        let got = play(Some(KEEP_ALIVE), ask(client), vec![failing]);
        let words = got.words(ping(client));
        assert!(words.contains("Slow down."), "{client:?}: {words}");
        let mark = match client {
            Api::Messages => "event: error\n",
            Api::Responses => "event: response.failed\n",
            _ => "data: {\"error\":",
        };
        assert!(words.contains(mark), "{client:?}: {words}");
        assert!(!words.contains("[DONE]") && !words.contains("message_stop"), "{words}");
        assert_eq!((got.status, got.report.status, got.report.outcome), (200, 200, Outcome::Failed));
        assert_eq!(got.report.bytes_out, words.len() as u64);
        let timeout = Attempt { after: 40, answer: Err(CallError::Timeout), pieces: Vec::new() };
        let got = play(Some(KEEP_ALIVE), ask(client), vec![timeout]);
        assert!(got.words(ping(client)).contains("in time"), "{}", got.words(ping(client)));
        assert_eq!(got.report.error.unwrap().kind, "timeout");
    }
}

/// Nothing but signs of life has been sent, so another attempt may still be made.
#[test]
fn attempts_go_on_while_the_client_waits() {
    let busy = || attempt(20, 503, "application/json", &[(1, "{}")]);
    let got = play(Some(KEEP_ALIVE), ask(Api::Messages), vec![busy(), busy(), slow(20)]);
    assert_eq!((got.report.attempts, got.report.outcome), (3, Outcome::Answered));
    assert!(
        got.words(ping(Api::Messages))
            .ends_with("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n")
    );
    assert_eq!(got.longest_silence(), KEEP_ALIVE);
}

#[test]
fn a_whole_answer_after_the_beginning_is_streamed() {
    for client in CLIENTS {
        let whole = || vec![attempt(40, 200, "application/json", &[(1, WHOLE)])];
        let got = play(Some(KEEP_ALIVE), ask(client), whole());
        let words = got.words(ping(client));
        let last = words.trim_end().rsplit("\n\n").next().unwrap();
        assert!(words.contains("Hi") && !words.contains("\"message\":\"The"), "{client:?}: {words}");
        assert_eq!((got.status, got.report.outcome), (200, Outcome::Answered));
        match client {
            Api::Completions => assert_eq!(last, "data: [DONE]"),
            _ => assert_eq!(words, play(None, ask(client), whole()).words(b"")),
        }
        let garbage = vec![attempt(40, 200, "application/json", &[(1, "<html>")])];
        let got = play(Some(KEEP_ALIVE), ask(client), garbage);
        assert!(got.words(ping(client)).contains("makes no sense"), "{}", got.words(ping(client)));
        assert_eq!((got.report.status, got.report.outcome), (200, Outcome::Failed));
    }
}

/// JSON has no place for them, and a client that waits for a whole answer can wait for its head.
#[test]
fn whole_answers_and_arrays_have_no_signs_of_life() {
    let request = ask(Api::Completions);
    let body = String::from_utf8_lossy(request.body()).replace("true", "false");
    let whole = vec![attempt(40, 200, "application/json", &[(40, WHOLE)])];
    let got = play(Some(KEEP_ALIVE), request.map(|_| Bytes::from(body)), whole);
    assert_eq!((got.head, got.pieces.len()), (80, 1));
    let mut array = ask(Api::Generate);
    *array.uri_mut() = "/v1beta/models/generate/m:streamGenerateContent".parse().unwrap();
    let event = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hi\"}]},\"finishReason\":\"STOP\"}]}\n\n";
    let got = play(Some(KEEP_ALIVE), array, vec![attempt(40, 200, STREAM, &[(40, event), (40, event)])]);
    assert_eq!(got.head, 40);
    let all: Value = serde_json::from_str(&got.words(b"")).unwrap();
    assert_eq!(all.as_array().unwrap().len(), 2);
    assert_eq!(got.words(b"").find("\n\n"), None);
}

#[test]
fn p14_a_client_that_leaves_has_its_report() {
    let got = play_to(Some(KEEP_ALIVE), ask(Api::Messages), vec![slow(100)], 2);
    assert_eq!((got.report.outcome, got.report.status, got.report.attempts), (Outcome::Abandoned, 200, 1));
    assert_eq!((got.report.times.total, got.report.provider.as_str()), (30_000_000, "completions"));
    let got = play_to(Some(KEEP_ALIVE), ask(Api::Messages), vec![slow(20)], 3);
    assert_eq!((got.report.outcome, got.report.status), (Outcome::Abandoned, 200));
}

/// After its last words a stream gets nothing, however long the provider keeps the connection.
#[test]
fn nothing_comes_after_the_end() {
    let lingering = attempt(1, 200, STREAM, &[(1, CHUNKS[0]), (1, CHUNKS[1]), (1, CHUNKS[2]), (90, "\n")]);
    let got = play(Some(KEEP_ALIVE), ask(Api::Completions), vec![lingering]);
    let words = got.words(b"");
    assert!(words.ends_with("data: [DONE]\n\n\n"), "{words}");
}

/// The streamed cases of the corpus, as a provider of any speed would answer them.
fn streamed() -> Vec<Case> {
    let known = |case: &Case| case.streams() && !case.outline.refused && case.outline.dialect.is_none();
    corpus::cases().into_iter().filter(known).collect()
}

fn api(name: &str) -> Api {
    serde_json::from_value(Value::from(name)).unwrap()
}

proptest! {
    /// **Law: without the signs of life a stream is what it would be without them.**
    #[test]
    fn signs_of_life_change_nothing_else(
        case in prop::sample::select(streamed()),
        after in 0..40u64,
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0..40u64), 1..6),
    ) {
        let client = api(&case.client);
        let answer = &case.answer.bytes;
        let mut cuts: Vec<(usize, u64)> = cuts.iter().map(|(at, time)| (at.index(answer.len()), *time)).collect();
        cuts.push((0, 3));
        cuts.sort_unstable();
        let ends = cuts.iter().skip(1).map(|(at, _)| *at).chain([answer.len()]);
        let pieces = cuts.iter().zip(ends).map(|((from, time), to)| (*time, Bytes::copy_from_slice(&answer[*from..to])));
        let attempt = Attempt { after, answer: Ok((case.outline.status, case.answer.media_type())), pieces: pieces.collect() };
        let ask = || {
            let mut request = Request::post(case.path()).header("x-request-id", "1");
            for (name, value) in &case.outline.headers {
                request = request.header(name, value);
            }
            request.body(Bytes::copy_from_slice(&case.request)).unwrap()
        };
        let with = play(Some(KEEP_ALIVE), ask(), vec![attempt.clone()]);
        let without = play(None, ask(), vec![attempt]);
        prop_assert_eq!(with.words(ping(client)), without.words(ping(client)));
    }
}
