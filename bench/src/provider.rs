//! The mock provider: answers that are built before, chosen by the name of the model.
//!
//! | model | is answered with |
//! |---|---|
//! | `whole` | one JSON body |
//! | `stream-100-burst` | 100 words, as fast as the connection takes them |
//! | `stream-100-each` | 100 words, an event a write |
//! | `stream-100-20ms` | 100 words, one every 20 ms |
//! | `idle` | the first event of a stream, and nothing more |

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bench_core::material;
use bench_core::world::bursts;
use bytes::Bytes;
use http::{Request, Response, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use shared::api::Api;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Sleep;

/// Events that a provider under load puts into one write.
const BURST: usize = 20;

/// How the pieces of an answer follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    /// All that are there.
    AtOnce,
    /// A write for each.
    OneByOne,
    /// A pause before each.
    Every(Duration),
    /// None after the first.
    Never,
}

/// An answer, built once.
struct Answer {
    media_type: &'static str,
    pieces: Vec<Bytes>,
    pace: Pace,
}

/// The answers that were asked for so far, by family and model.
#[derive(Default)]
struct Shelf {
    answers: Mutex<BTreeMap<(Api, String), Arc<Answer>>>,
}

/// Answers whoever connects, for ever.
pub async fn serve(listener: TcpListener) {
    let shelf = Arc::new(Shelf::default());
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(connection(stream, Arc::clone(&shelf)))),
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn connection(stream: TcpStream, shelf: Arc<Shelf>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| answer(request, Arc::clone(&shelf)));
    // A client that leaves is no failure of the provider's.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(request: Request<Incoming>, shelf: Arc<Shelf>) -> Result<Response<Pieces>, hyper::Error> {
    let api = if request.uri().path().ends_with("/messages") { Api::Messages } else { Api::Completions };
    let body = request.into_body().collect().await?.to_bytes();
    let answer = shelf.find(api, model(&body));
    let mut response =
        Response::new(Pieces { answer: Arc::clone(&answer), next: 0, due: false, pause: None });
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, http::HeaderValue::from_static(answer.media_type));
    headers.insert("x-request-id", http::HeaderValue::from_static("req_0123456789"));
    Ok(response)
}

/// The name behind the first `"model":` of a body, without a prefix.
fn model(body: &[u8]) -> &str {
    let named = memchr::memmem::find(body, b"\"model\":").map(|at| &body[at + 8..]).unwrap_or_default();
    let mut words = named.splitn(3, |&byte| byte == b'"');
    let name = words.nth(1).and_then(|name| std::str::from_utf8(name).ok()).unwrap_or("whole");
    name.rsplit('/').next().unwrap_or(name)
}

impl Shelf {
    fn find(&self, api: Api, model: &str) -> Arc<Answer> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = answers.entry((api, model.to_owned())).or_insert_with(|| Arc::new(build(api, model)));
        Arc::clone(answer)
    }
}

fn build(api: Api, model: &str) -> Answer {
    let words: Vec<&str> = model.split('-').collect();
    let (count, pace) = match words[..] {
        ["stream", count, "burst"] => (count.parse().unwrap_or(100), Pace::AtOnce),
        ["stream", count, "each"] => (count.parse().unwrap_or(100), Pace::OneByOne),
        ["stream", count, pause] => {
            let milliseconds = pause.trim_end_matches("ms").parse().unwrap_or(20);
            (count.parse().unwrap_or(100), Pace::Every(Duration::from_millis(milliseconds)))
        }
        ["idle"] => (100, Pace::Never),
        _ => {
            let pieces = vec![material::answer(api)];
            return Answer { media_type: "application/json", pieces, pace: Pace::AtOnce };
        }
    };
    let events = material::stream(api, count);
    let pieces = if pace == Pace::AtOnce { bursts(&events, BURST) } else { events };
    Answer { media_type: "text/event-stream; charset=utf-8", pieces, pace }
}

/// An answer under way.
struct Pieces {
    answer: Arc<Answer>,
    next: usize,
    /// Whether the next piece has been waited for.
    due: bool,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Pieces {
    /// Waits until the next piece may go.
    fn poll_due(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match self.answer.pace {
            Pace::Never if self.next > 0 => Poll::Pending,
            Pace::OneByOne if !std::mem::replace(&mut self.due, true) => {
                // Whoever is polled again has written before what it had.
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Pace::Every(pause) => {
                let sleep = self.pause.get_or_insert_with(|| Box::pin(tokio::time::sleep(pause)));
                ready!(sleep.as_mut().poll(context));
                self.pause = None;
                Poll::Ready(())
            }
            _ => Poll::Ready(()),
        }
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.next == self.answer.pieces.len() {
            return Poll::Ready(None);
        }
        ready!(self.poll_due(context));
        self.due = false;
        let piece = self.answer.pieces.get(self.next).cloned();
        self.next += 1;
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.next == self.answer.pieces.len()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.answer.pieces[..] {
            [whole] => SizeHint::with_exact(if self.next == 0 { whole.len() as u64 } else { 0 }),
            _ => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_found_wherever_it_stands() {
        assert_eq!(
            model(br#"{"stream":true,"model": "completions/stream-100-each","x":1}"#),
            "stream-100-each"
        );
        assert_eq!(model(b"{}"), "whole");
    }

    #[test]
    fn models_name_their_pace() {
        assert_eq!(build(Api::Completions, "stream-7-each").pieces.len(), 11);
        assert_eq!(build(Api::Messages, "stream-7-20ms").pace, Pace::Every(Duration::from_millis(20)));
        assert_eq!(build(Api::Messages, "gpt").pieces.len(), 1);
    }
}
