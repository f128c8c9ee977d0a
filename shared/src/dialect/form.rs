//! APIs in a form that is not their maker's.

use crate::api::family::Api;
use crate::wire::Framing;

/// An API in a form that is not its maker's: what differs of its bodies, headers and streams.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    pub api: Api,
    /// Top-level members that the path says, and the body must not.
    pub drops: &'static [&'static str],
    /// Headers of the API that are members of the body instead.
    pub moves: &'static [Move],
    pub framing: Framing,
    /// Whether images and documents must be there in bytes: their addresses are not fetched.
    pub only_bytes: bool,
    /// The API in whose words its errors are where they are not in those of the form's.
    pub errors: Api,
}

/// A header that is a member of the body instead.
#[derive(Clone, Copy, Debug)]
pub struct Move {
    pub header: &'static str,
    pub member: &'static str,
    pub shape: Shape,
}

/// What becomes of a header's value in a body.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// A string that must be there: `own` where the client says `usual` or nothing.
    Word { usual: &'static str, own: &'static str },
    /// An array of the words between commas, but for those that begin so: the provider refuses them, and they are lost.
    List { refused: &'static [&'static str] },
}
