//! A provider's answer as it comes from its connection.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use http_body::Body;
use shared::host::BodyError;

/// The pieces of a provider's answer. Dropping it closes the connection (HTTP/1) or resets the stream (HTTP/2).
#[derive(Debug)]
pub struct Incoming(pub(super) hyper::body::Incoming);

impl Stream for Incoming {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match ready!(Pin::new(&mut self.0).poll_frame(context)) {
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
