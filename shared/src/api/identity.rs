//! What has to survive a conversation through a client of another API: seals on thinking, the ids of calls, and what
//! kind of tool was called.
//!
//! A provider seals what its model thought and wants the seal back, unchanged and in its place, with the next request.
//! A client of another API has no place for it. So an answer's seals are [packed](seal) where that client must echo
//! them ([`Sealer`]), and unpacked from what it sends next ([`open()`]), before any writer sees them: a writer is given
//! the seals of its own API and of no other.

mod base64;
mod custom;
mod ids;
mod open;
mod seal;
mod sealer;

#[cfg(test)]
mod tests;

use crate::api::family::Api;

pub(super) use custom::adapt;
pub(super) use ids::{fit, fit_as_they_are};
pub(super) use open::{Moved, id_in, open};
pub(crate) use seal::is_in;
pub(crate) use sealer::Sealer;

/// The API whose providers take a seal that came by `api`: Claude's are the same wherever it runs.
///
/// <https://docs.anthropic.com/en/docs/build-with-claude/extended-thinking#differences-in-thinking-across-model-versions>
fn kin(api: Api) -> Api {
    if api == Api::Converse { Api::Messages } else { api }
}
