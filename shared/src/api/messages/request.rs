//! A request: the conversation, and what is said about the answer.
//!
//! <https://docs.anthropic.com/en/api/messages>

mod conversation;
mod read;
mod write;

#[cfg(test)]
mod tests;

pub(super) use read::{carries, portable, read, read_content};
pub(super) use write::write;
pub(in crate::api) use write::write_thinking;
