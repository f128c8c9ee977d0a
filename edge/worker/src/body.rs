//! The client's body: taken in whole, given out in pieces.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use http::Request;
use http_body::Frame;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use shared::error::Error;
use worker::{Delay, HttpRequest};

/// How long a stream of events is silent before it gets blank lines.
///
/// workerd learns only by writing that a client left: the first write is answered by a reset, the second one fails.
/// So the provider of a client that left is let go within two of these.
const SILENCE: Duration = Duration::from_secs(3);

/// Blank lines between two events, which readers of events and of JSON skip; not all of them skip comments.
const BLANK: &[u8] = b"\n\n";

/// Takes a request in, its body up to `limit` bytes.
pub(crate) async fn whole(
    request: HttpRequest,
    limit: usize,
) -> Result<Request<Bytes>, (Request<Bytes>, Error)> {
    let (head, mut body) = request.into_parts();
    let error = match Limited::new(&mut body, limit).collect().await {
        Ok(body) => return Ok(Request::from_parts(head, body.to_bytes())),
        Err(error) if error.is::<LengthLimitError>() => Error::too_large(limit),
        Err(_) => Error::incomplete(),
    };
    // A connection with an unread body is closed, and `wrangler dev` fails the next request that it sends there.
    while let Some(Ok(_)) = body.frame().await {}
    Err((Request::from_parts(head, Bytes::new()), error))
}

/// A stream of events as a body.
pub(crate) struct Streamed {
    pieces: Pin<Box<dyn Stream<Item = Bytes>>>,
    /// Whether blank lines may stand here: at the beginning, and after an event.
    between_events: bool,
    silence: Option<Pin<Box<Delay>>>,
}

impl Streamed {
    /// A body of these pieces, which are a stream of events.
    pub(crate) fn new(pieces: impl Stream<Item = Bytes> + 'static) -> Streamed {
        Streamed { pieces: Box::pin(pieces), between_events: true, silence: None }
    }

    /// Blank lines where it is time for them.
    fn poll_blank(&mut self, context: &mut Context<'_>) -> Poll<Bytes> {
        if !self.between_events {
            return Poll::Pending;
        }
        let silence = self.silence.get_or_insert_with(|| Box::pin(Delay::from(SILENCE)));
        silence.as_mut().poll(context).map(|()| Bytes::from_static(BLANK))
    }
}

impl http_body::Body for Streamed {
    type Data = Bytes;
    type Error = worker::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, worker::Error>>> {
        let piece = match self.pieces.as_mut().poll_next(context) {
            Poll::Pending => self.poll_blank(context).map(Some),
            ready => ready,
        };
        piece.map(|piece| {
            // The next silence is another task's, which a timer of this one would not wake.
            self.silence = None;
            let piece = piece?;
            self.between_events = end_an_event(&piece);
            Some(Ok(Frame::data(piece)))
        })
    }
}

/// Whether an event ends with these bytes.
fn end_an_event(bytes: &[u8]) -> bool {
    [b"\n\n".as_slice(), b"\r\n\r\n", b"\r\r"].iter().any(|end| bytes.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_stand_between_events_only() {
        for whole in ["data: 1\n\n", "data: 1\r\n\r\n", "data: 1\r\r"] {
            assert!(end_an_event(whole.as_bytes()), "{whole:?}");
        }
        for part in ["", "data: 1", "data: 1\n", "data: 1\r\n", "data: 1\r"] {
            assert!(!end_an_event(part.as_bytes()), "{part:?}");
        }
        assert!(end_an_event(BLANK));
    }
}
