//! Blocks of content in a conversation.
//!
//! <https://docs.anthropic.com/en/api/messages#body-messages>

mod media;
mod read;
mod write;

pub(super) use read::{cache, others, read};
pub(in crate::api) use write::write_input;
pub(super) use write::{is_plain, may, write, write_cache};
