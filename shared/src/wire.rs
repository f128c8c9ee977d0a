//! Bytes on the wire: JSON text, server-sent events, and the binary frames of AWS event streams.

mod chunks;
pub(crate) mod crc;
pub mod eventstream;
pub mod json;
pub mod multipart;
mod scanner;
pub mod sse;

pub use scanner::{Broken, Framing, Scanner};

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
