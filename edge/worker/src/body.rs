//! An answer as it goes to the client piece by piece.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use shared::host::BodyError;

use crate::clock::Alarm;

/// How long a stream of events is silent before it gets blank lines.
///
/// workerd learns only by writing that a client left: the first write is answered by a reset, the second one fails.
/// So the provider of a client that left is let go within two of these.
const SILENCE: Duration = Duration::from_secs(3);

/// Blank lines between two events, which readers of events and of JSON skip; not all of them skip comments.
const BLANK: &[u8] = b"\n\n";

/// A stream: of events, with blank lines where it is silent, or of bytes.
pub(crate) struct Streamed {
    pieces: Pin<Box<dyn Stream<Item = Piece>>>,
    has_events: bool,
    /// Whether blank lines may stand here: at the beginning, and after an event.
    between_events: bool,
    silence: Option<Alarm>,
}

/// An error breaks the answer off.
type Piece = Result<Bytes, BodyError>;

impl Streamed {
    /// A stream of events.
    pub(crate) fn of_events(pieces: impl Stream<Item = Piece> + 'static) -> Streamed {
        Streamed { pieces: Box::pin(pieces), has_events: true, between_events: true, silence: None }
    }

    /// Bytes, between which nothing may stand.
    pub(crate) fn of_bytes(pieces: impl Stream<Item = Piece> + 'static) -> Streamed {
        Streamed { has_events: false, between_events: false, ..Streamed::of_events(pieces) }
    }

    /// Blank lines where it is time for them.
    fn poll_blank(&mut self, context: &mut Context<'_>) -> Poll<Bytes> {
        if !self.between_events {
            return Poll::Pending;
        }
        let silence = self.silence.get_or_insert_with(|| Alarm::after(SILENCE));
        Pin::new(silence).poll(context).map(|()| Bytes::from_static(BLANK))
    }
}

impl Stream for Streamed {
    type Item = Piece;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Piece>> {
        let piece = match self.pieces.as_mut().poll_next(context) {
            Poll::Pending => self.poll_blank(context).map(|blank| Some(Ok(blank))),
            ready => ready,
        };
        if let Poll::Ready(piece) = &piece {
            self.silence = None;
            let ends = matches!(piece, Some(Ok(piece)) if end_an_event(piece));
            self.between_events = self.has_events && ends;
        }
        piece
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
