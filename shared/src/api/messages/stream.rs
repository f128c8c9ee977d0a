//! A streamed answer.
//!
//! <https://docs.anthropic.com/en/docs/build-with-claude/streaming>

mod collected;
mod read;
mod write;

#[cfg(test)]
mod tests;

pub(super) use read::Reader;
pub(super) use write::Writer;
