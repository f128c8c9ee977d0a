//! A request's parameters.
//!
//! <https://platform.openai.com/docs/api-reference/chat/create>

mod read;
mod write;

#[cfg(test)]
mod tests;

pub(super) use read::{carries, portable, read};
pub(super) use write::write;
