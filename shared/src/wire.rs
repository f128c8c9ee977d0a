//! Bytes on the wire: JSON text, server-sent events, and the binary frames of AWS event streams.

mod chunks;
pub(crate) mod crc;
pub mod eventstream;
pub mod json;
pub mod multipart;
mod scanner;
pub mod sse;

pub use scanner::{Broken, Framing, Scanner};

use bytes::Bytes;

/// The mark that some write in front of text (U+FEFF in UTF-8).
pub(crate) const MARK: &[u8] = b"\xef\xbb\xbf";

/// JSON without a mark in front of it, which none should have, and which readers may ignore (RFC 8259, section 8.1).
pub(crate) fn unmarked(body: Bytes) -> Bytes {
    if body.starts_with(MARK) { body.slice(MARK.len()..) } else { body }
}

/// One unit of a streamed answer, whatever framed it: a server-sent event, or an AWS event-stream message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    pub kind: Kind,
    /// The `event:` field; the `:event-type`, `:exception-type` or `:error-code` header; empty where there is none.
    pub name: &'a str,
    /// The `data:` lines joined with line feeds, or the message's payload; an error's is its `:error-message`.
    pub data: &'a [u8],
}

/// What the framing itself says of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Event,
    /// An exception that the API knows, the payload its description (`:message-type` is `exception`).
    Exception,
    /// An error that the API does not know, the payload words (`:message-type` is `error`).
    Error,
}

impl<'a> Frame<'a> {
    /// An event.
    pub fn event(name: &'a str, data: &'a [u8]) -> Frame<'a> {
        Frame { kind: Kind::Event, name, data }
    }
}
