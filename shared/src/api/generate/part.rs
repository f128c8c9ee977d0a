//! Parts: words, thoughts, calls and their results, media.
//!
//! <https://ai.google.dev/api/caching#Part>

mod media;
mod read;
mod result;
mod write;

pub(super) use read::read;
pub(super) use write::{may, write};
