//! Blocks of content in a conversation.
//!
//! <https://docs.anthropic.com/en/api/messages#body-messages>

mod media;
mod read;
mod write;

pub(super) use read::{cache, others, read};
pub(super) use write::{is_plain, may, write, write_cache};
pub(in crate::api) use write::{legal, write_input};
