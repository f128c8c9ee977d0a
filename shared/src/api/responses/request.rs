//! Requests.
//!
//! <https://platform.openai.com/docs/api-reference/responses/create>

mod read;
mod write;

#[cfg(test)]
mod tests;

pub(super) use read::{portable, read};
pub(super) use write::write;
