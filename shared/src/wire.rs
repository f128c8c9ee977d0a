//! Bytes on the wire: JSON text, server-sent events, and (for Bedrock) binary event frames.

pub mod json;
pub mod sse;

/// One unit of a streamed answer, whatever framed it: a server-sent event, or an AWS event-stream message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The `event:` field, or the `:event-type` header; empty where there is none.
    pub name: &'a str,
    /// The `data:` lines joined with line feeds, or the message's payload.
    pub data: &'a [u8],
}
