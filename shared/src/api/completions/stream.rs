//! Streams of `chat.completion.chunk`.
//!
//! <https://platform.openai.com/docs/api-reference/chat-streaming>

mod read;
mod write;

#[cfg(test)]
mod tests;

pub(super) use read::Reader;
pub(super) use write::{Writer, frame};
