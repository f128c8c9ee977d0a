//! The scanner of whichever framing a family streams in.

use std::fmt;

use super::{Frame, chunks, eventstream, sse};

/// How a family frames its streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events, `text/event-stream`.
    Events,
    /// Binary frames, `application/vnd.amazon.eventstream`.
    Binary,
    /// The same, each with an event of another API in it.
    Chunks,
}

/// Finds the frames in a stream. **Law: cutting the input anywhere changes nothing.**
#[derive(Debug)]
pub enum Scanner {
    Events(sse::Scanner),
    Binary(eventstream::Scanner),
    Chunks(chunks::Scanner),
}

/// Why a stream cannot be scanned further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// An event of more than so many bytes.
    TooLarge(usize),
    /// A frame whose checksums or lengths are wrong.
    Corrupt,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Broken::TooLarge(limit) => write!(f, "The provider sent an event of more than {limit} bytes."),
            Broken::Corrupt => f.write_str("The provider sent a frame that is damaged."),
        }
    }
}

impl Framing {
    /// The media type, without parameters.
    pub const fn media_type(self) -> &'static str {
        match self {
            Framing::Events => "text/event-stream",
            Framing::Binary | Framing::Chunks => "application/vnd.amazon.eventstream",
        }
    }

    /// A scanner that refuses events of more than `limit` bytes.
    pub fn scanner(self, limit: usize) -> Scanner {
        match self {
            Framing::Events => Scanner::Events(sse::Scanner::new(limit)),
            Framing::Binary => Scanner::Binary(eventstream::Scanner::new(limit)),
            Framing::Chunks => Scanner::Chunks(chunks::Scanner::new(limit)),
        }
    }
}

impl Scanner {
    /// Takes the next piece of the stream and gives each frame that it completes to `sink`.
    ///
    /// Returns how much of the piece belongs to frames that are complete: what comes after is the beginning of another.
    pub fn push(&mut self, piece: &[u8], sink: &mut dyn FnMut(Frame<'_>)) -> Result<usize, Broken> {
        match self {
            Scanner::Events(scanner) => {
                scanner.push(piece, sink).map_err(|error| Broken::TooLarge(error.limit))
            }
            Scanner::Binary(scanner) => scanner.push(piece, sink),
            Scanner::Chunks(scanner) => scanner.push(piece, sink),
        }
    }

    /// The stream has ended: gives an event to `sink` that lacks only its blank line. A binary frame says itself how
    /// long it is, so one that is not whole is none.
    pub fn finish(&mut self, sink: &mut dyn FnMut(Frame<'_>)) {
        if let Scanner::Events(scanner) = self {
            scanner.finish(sink);
        }
    }
}
