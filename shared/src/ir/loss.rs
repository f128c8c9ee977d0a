//! What a translation could not carry.

use std::borrow::Cow;
use std::fmt;

/// One thing that was in a request and is not, or not as it was, in what the provider got; or that was in its answer and
/// is not in what the client got.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Loss {
    /// Where it stood in the client's body, as in `tools[2].strict`, or in the provider's, as in `answer.usage.cost`.
    pub path: Cow<'static, str>,
    pub why: Why,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// The provider's API has no place for it.
    Dropped,
    /// The provider allows a smaller range.
    Clamped,
    /// The same in meaning, in another place or order.
    Moved,
    /// Replaced by the nearest thing the provider has.
    Approximated,
}

impl Loss {
    pub fn new(path: impl Into<Cow<'static, str>>, why: Why) -> Loss {
        Loss { path: path.into(), why }
    }

    /// Something the provider's API has no place for.
    pub fn dropped(path: impl Into<Cow<'static, str>>) -> Loss {
        Loss::new(path, Why::Dropped)
    }

    /// Something that a provider answered and its client does not get as it was.
    pub(crate) fn of_answer(path: impl fmt::Display, why: Why) -> Loss {
        Loss::new(format!("answer.{path}"), why)
    }
}

impl fmt::Display for Loss {
    /// `top_k` for what was dropped, `temperature(clamped)` for the rest.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = match self.why {
            Why::Dropped => return f.write_str(&self.path),
            Why::Clamped => "clamped",
            Why::Moved => "moved",
            Why::Approximated => "approximated",
        };
        write!(f, "{}({how})", self.path)
    }
}
