//! An answer, written: whole, as events, or as one array of what the events would be.
//!
//! <https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent>

mod stream;
mod write;

pub(super) use stream::Writer;
pub(super) use write::{lacks, write};
