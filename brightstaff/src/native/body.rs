//! A provider's answer as it comes from its connection.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use http_body::Body;
use shared::host::BodyError;
use tokio::time::{Instant, Sleep, sleep_until};

/// The pieces of a provider's answer. Dropping it closes the connection (HTTP/1) or resets the stream (HTTP/2).
#[derive(Debug)]
pub struct Incoming {
    body: hyper::body::Incoming,
    /// The longest silence between two pieces.
    patience: Duration,
    /// Rings when the silence is too long; none until there is a silence.
    alarm: Option<Pin<Box<Sleep>>>,
    /// When the last piece came. The alarm is not set anew for each of them: it looks here when it rings.
    heard: Instant,
}

impl Incoming {
    pub(super) fn new(body: hyper::body::Incoming, patience: Duration) -> Incoming {
        Incoming { body, patience, alarm: None, heard: Instant::now() }
    }

    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        loop {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                // Trailers say nothing that these APIs use.
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(piece) => return Poll::Ready(Some(Ok(piece))),
                    Err(_) => continue,
                },
                Some(Err(error)) => return Poll::Ready(Some(Err(BodyError(why(&error))))),
                None => return Poll::Ready(None),
            }
        }
    }

    fn poll_silence(&mut self, context: &mut Context<'_>) -> Poll<BodyError> {
        let end = self.heard + self.patience;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(end)));
        loop {
            ready!(alarm.as_mut().poll(context));
            if Instant::now() >= end {
                return Poll::Ready(BodyError::silence(self.patience));
            }
            alarm.as_mut().reset(end);
        }
    }
}

impl Stream for Incoming {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let incoming = &mut *self;
        let piece = incoming.poll_piece(context);
        if piece.is_ready() {
            incoming.heard = Instant::now();
            return piece;
        }
        incoming.poll_silence(context).map(|error| Some(Err(error)))
    }
}

/// An error and its causes in one line: hyper's own words leave out what the system said.
pub(super) fn why(error: &(dyn Error + 'static)) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        words.push_str(": ");
        words.push_str(&cause.to_string());
        source = cause.source();
    }
    words
}
