//! A request served to its end, for hosts that can write while a provider is silent.
//!
//! The future of the exchange and the stream that follows belong to the answer's body. So a client that waits can be
//! given signs of life from before the first byte, and one that leaves takes everything along.

use std::future::poll_fn;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::{Request, Response, StatusCode};

use super::reply::nonsense;
use super::{Caller, Reply, headers, run_noting};
use crate::api::{Aim, Api, Echo};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::host::{BodyError, Host, Timestamp};
use crate::ir::{self, Event};
use crate::relay::{Passing, Pump};
use crate::report::Report;
use crate::wire::Framing;
use crate::wire::json::Json;

/// An answer's body.
pub enum Body<S> {
    /// All of it.
    Whole(Bytes),
    /// Events, as they come. Dropping it lets the provider go.
    Events(S),
    /// Bytes, as they come: nothing may be put between them, and an error among them is to break the answer off.
    Bytes(S),
}

/// What is known of an exchange while its future runs.
#[derive(Default)]
pub(super) struct Progress {
    /// Set once the provider is asked for a stream.
    preface: OnceLock<Preface>,
    /// Whether the client got the preface.
    begun: AtomicBool,
}

/// What a client can be sent before the provider's head comes.
struct Preface {
    head: Response<()>,
    client: Api,
    echo: Echo,
}

/// Answers a request. Where a stream was asked for and the provider is silent for as long as the configuration says, the
/// answer begins without it. `done` gets the report behind the last byte, or when the client leaves.
pub async fn serve<G, H, D>(
    gateway: G,
    host: H,
    request: Request<Bytes>,
    done: D,
) -> Response<Body<impl Stream<Item = Result<Bytes, BodyError>> + Unpin>>
where
    G: Deref<Target = Gateway>,
    H: Host + Clone,
    D: FnOnce(Report),
{
    let keep_alive = gateway.keep_alive();
    let progress = Arc::new(Progress::default());
    let mut account = Account::new(host.clone(), progress.clone(), done);
    let (world, noted) = (host.clone(), progress.clone());
    let exchange = async move {
        let caller = Caller::of(&world, &request);
        let reply = run_noting(&gateway, &world, caller, request, &mut account.report, Some(&noted)).await;
        (reply, account.close())
    };
    let (exchange, spoke) = (Box::pin(exchange), host.now());
    let mut waiting = Waiting { exchange, host, keep_alive, silence: None, spoke, progress };
    match poll_fn(|context| waiting.poll(context)).await {
        Some((reply, done)) => waiting.answer(reply, done),
        None => waiting.begin(),
    }
}

/// Closes the account where nobody else can: a client that leaves says nothing, and its request's future is dropped.
struct Account<H: Host, D: FnOnce(Report)> {
    host: H,
    report: Report,
    progress: Arc<Progress>,
    done: Option<D>,
}

impl<H: Host, D: FnOnce(Report)> Account<H, D> {
    fn new(host: H, progress: Arc<Progress>, done: D) -> Account<H, D> {
        Account { host, report: Report::default(), progress, done: Some(done) }
    }

    /// Leaves the account to whoever has the reply.
    fn close(mut self) -> Option<D> {
        self.done.take()
    }
}

impl<H: Host, D: FnOnce(Report)> Drop for Account<H, D> {
    fn drop(&mut self) {
        let Some(done) = self.done.take().filter(|_| !self.report.id.is_empty()) else { return };
        let mut report = std::mem::take(&mut self.report);
        report.abandon(self.host.now());
        if self.progress.begun.load(Ordering::Relaxed) {
            report.status = 200;
        }
        done(report);
    }
}

/// What an exchange comes to: the reply, and who gets the report.
type Answered<B, D> = (Reply<B>, Option<D>);

/// An exchange whose reply has not come.
struct Waiting<H: Host, F> {
    exchange: Pin<Box<F>>,
    host: H,
    keep_alive: Option<Duration>,
    silence: Option<H::Sleep>,
    /// When the client got something last.
    spoke: Timestamp,
    progress: Arc<Progress>,
}

impl<H, F, D> Waiting<H, F>
where
    H: Host,
    F: Future<Output = Answered<H::Body, D>>,
    D: FnOnce(Report),
{
    /// The reply, or nothing where the client has waited long enough for a stream.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Answered<H::Body, D>>> {
        if let Poll::Ready(answered) = self.exchange.as_mut().poll(context) {
            return Poll::Ready(Some(answered));
        }
        let (Some(time), Some(_)) = (self.keep_alive, self.progress.preface.get()) else {
            return Poll::Pending;
        };
        let silence = self.silence.get_or_insert_with(|| self.host.sleep(time));
        ready!(Pin::new(silence).poll(context));
        self.silence = None;
        Poll::Ready(None)
    }

    fn sign_of_life(&mut self) -> Option<Bytes> {
        self.spoke = self.host.now();
        let preface = self.progress.preface.get()?;
        Some(Bytes::from_static(preface.client.write().ping()))
    }

    /// The answer of a provider that was quick enough.
    fn answer(self, reply: Reply<H::Body>, done: Option<D>) -> Response<Body<Answering<H, F, D>>> {
        match reply {
            Reply::Whole { response, report } => {
                tell(done, *report);
                response.map(Body::Whole)
            }
            Reply::Stream { head, body, relay } => {
                let now = self.host.now();
                let pump = Pump::new(self.host, body, *relay, self.keep_alive, now, done);
                head.map(|()| Body::Events(Answering::of(Source::Events(pump))))
            }
            Reply::Bytes { head, body, report } => {
                let passing = Passing::new(self.host, body, report, done);
                head.map(|()| Body::Bytes(Answering::of(Source::Bytes(passing))))
            }
        }
    }

    /// The beginning of an answer whose provider is still silent.
    fn begin(self) -> Response<Body<Answering<H, F, D>>> {
        self.progress.begun.store(true, Ordering::Relaxed);
        let head = self.progress.preface.get().map(|preface| preface.head.clone()).unwrap_or_default();
        head.map(|()| Body::Events(Answering { due: true, waiting: Some(self), source: None }))
    }
}

/// A client's stream, which may have begun before the provider's.
struct Answering<H: Host, F, D: FnOnce(Report)> {
    /// Whether a sign of life is due.
    due: bool,
    waiting: Option<Waiting<H, F>>,
    source: Option<Source<H, D>>,
}

/// Where the rest of an answer comes from.
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all are the large one, which needs no allocation of its own"
)]
enum Source<H: Host, D: FnOnce(Report)> {
    Events(Pump<H, D>),
    Bytes(Passing<H, D>),
}

// Nothing is pinned: the future is in a box.
impl<H: Host, F, D: FnOnce(Report)> Unpin for Answering<H, F, D> {}

impl<H, F, D> Stream for Answering<H, F, D>
where
    H: Host,
    F: Future<Output = Answered<H::Body, D>>,
    D: FnOnce(Report),
{
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let answering = &mut *self;
        if let Some(waiting) = &mut answering.waiting {
            let answered = match std::mem::take(&mut answering.due) {
                true => None,
                false => ready!(waiting.poll(context)),
            };
            let Some((reply, done)) = answered else { return Poll::Ready(waiting.sign_of_life().map(Ok)) };
            if let Some(all) = answering.go_on(reply, done) {
                return Poll::Ready(Some(Ok(all)));
            }
        }
        match &mut answering.source {
            Some(Source::Events(pump)) => Pin::new(pump).poll_next(context).map(|piece| piece.map(Ok)),
            Some(Source::Bytes(passing)) => Pin::new(passing).poll_next(context),
            None => Poll::Ready(None),
        }
    }
}

impl<H: Host, F, D: FnOnce(Report)> Answering<H, F, D> {
    /// An answer that begins with its provider's.
    fn of(source: Source<H, D>) -> Answering<H, F, D> {
        Answering { due: false, waiting: None, source: Some(source) }
    }

    /// Goes on with the reply: with its stream, or with all of it.
    fn go_on(&mut self, reply: Reply<H::Body>, done: Option<D>) -> Option<Bytes> {
        let waiting = self.waiting.take()?;
        match reply {
            Reply::Stream { body, relay, .. } => {
                let Waiting { host, keep_alive, spoke, .. } = waiting;
                self.source = Some(Source::Events(Pump::new(host, body, *relay, keep_alive, spoke, done)));
                None
            }
            Reply::Bytes { body, report, .. } => {
                self.source = Some(Source::Bytes(Passing::new(waiting.host, body, report, done)));
                None
            }
            Reply::Whole { response, mut report } => {
                let all = waiting.progress.preface.get()?.stream(response, &mut report);
                tell(done, *report);
                Some(all)
            }
        }
    }
}

fn tell<D: FnOnce(Report)>(done: Option<D>, report: Report) {
    if let Some(done) = done {
        done(report);
    }
}

impl Progress {
    /// Lets the stream begin before its provider does.
    pub(super) fn promise(&self, head: Response<()>, client: Api, echo: Echo) {
        // The provider is asked for one stream in an exchange, however often.
        let _ = self.preface.set(Preface { head, client, echo });
    }
}

impl Preface {
    /// A whole answer, good or bad, as the stream that has begun. Its status is past.
    fn stream(&self, response: Response<Bytes>, report: &mut Report) -> Bytes {
        let (head, body) = response.into_parts();
        report.status = 200;
        if headers::is_stream(Framing::Events, &head.headers) {
            return body;
        }
        let mut writer = self.client.write().stream(self.echo.clone());
        let mut out = BytesMut::new();
        match self.read(head.status, &body) {
            Ok(answer) => answer.replay(&mut |event| writer.push(&event, &mut out)),
            Err(error) => {
                if head.status.is_success() {
                    report.fail(&error);
                    report.status = 200;
                }
                writer.push(&Event::Fail(error), &mut out);
            }
        }
        report.bytes_out = out.len() as u64;
        out.freeze()
    }

    /// Reads an answer in the client's own words.
    fn read(&self, status: StatusCode, body: &[u8]) -> Result<ir::Response, Error> {
        let api = self.client.read();
        if !status.is_success() {
            return Err(api.error(status.as_u16(), body));
        }
        let json = Json::parse(body).map_err(|error| nonsense(&error))?;
        let mut answer = ir::Response::default();
        api.response(json, Aim::Translation, &mut |event| answer.push(&event))
            .map_err(|error| nonsense(&error))?;
        Ok(answer)
    }
}
