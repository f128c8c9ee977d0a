//! What answers are read for, and where what is read goes.

use crate::ir::Event;

/// What an answer is read for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Aim {
    /// For a client of another API: all that it says, and [`Event::Lost`] for what the representation has no place for.
    #[default]
    Translation,
    /// For its account alone, where the client gets the provider's own bytes: `Start`, `Usage`, `Stop`, `Fail` and `End`
    /// as ever. Losses are not looked for, and what is said may be left out but for the first delta of a stream.
    Account,
}

impl Aim {
    /// Whether losses are looked for.
    pub(in crate::api) fn tells_losses(self) -> bool {
        self == Aim::Translation
    }

    /// Whether all that is said is wanted, and not only what an account is kept of.
    pub(in crate::api) fn tells_words(self) -> bool {
        self == Aim::Translation
    }
}

/// Where a reader puts the events it finds.
pub type Sink<'s> = dyn FnMut(Event<'_>) + 's;
