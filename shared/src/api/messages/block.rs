//! Blocks of content in a conversation.
//!
//! <https://docs.anthropic.com/en/api/messages#body-messages>

mod mark;
mod media;
mod read;
mod write;

pub(super) use mark::{cache, others, write_cache};
pub(super) use read::read;
pub(in crate::api) use write::write_input;
pub(super) use write::{is_plain, may, write};
