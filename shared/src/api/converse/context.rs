//! What the functions share that write a request.

use crate::api::context;

pub(super) type Context<'c> = context::Context<'c, More>;

/// What only this API's writer needs.
#[derive(Default)]
pub(super) struct More {
    /// The names of documents so far: no two may have the same.
    pub(super) documents: Vec<String>,
    /// Whether calls of tools and their results are told in words.
    pub(super) tells: bool,
}
