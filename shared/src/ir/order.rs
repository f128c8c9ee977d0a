//! The order of events, for whoever wants it proved: the tests of all readers, and the fuzzer.

use std::collections::BTreeMap;

use super::Event;

/// Holds events to the invariant of [`Event`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Order {
    begun: bool,
    opened: u32,
    open: bool,
    stopped: bool,
    over: bool,
    /// Those of the other answers.
    others: BTreeMap<u32, Order>,
}

impl Order {
    /// Takes the next event; fails with what is wrong where it cannot come now.
    pub fn push(&mut self, event: &Event<'_>) -> Result<(), &'static str> {
        if self.over {
            return Err("an event after the last");
        }
        // What is lost is told as soon as it is found: it is for the account, not for the client's stream.
        if !self.begun && !matches!(event, Event::Start(_) | Event::Fail(_) | Event::Lost(_)) {
            return Err("an event before the start");
        }
        match event {
            Event::Start(_) => once(&mut self.begun, "a second start"),
            Event::Open { index, .. } => self.push_open(*index),
            Event::Delta { index, .. } => self.within(*index),
            Event::Close { index } => self.within(*index).map(|()| self.open = false),
            Event::Stop(_) if self.open => Err("a stop in a block"),
            Event::Stop(_) => once(&mut self.stopped, "a second stop"),
            Event::End if !self.stopped => Err("an end without a stop"),
            Event::End | Event::Fail(_) => once(&mut self.over, "a second end"),
            Event::Choice { number, event } => self.others.entry(*number).or_default().push(event),
            Event::Usage(_) | Event::Tier(_) | Event::Lost(_) | Event::Ping => Ok(()),
        }
    }

    /// Fails the test where the event cannot come now.
    #[cfg(test)]
    pub(crate) fn check(&mut self, event: &Event<'_>) {
        assert_eq!(self.push(event), Ok(()), "{event:?}");
    }

    fn push_open(&mut self, index: u32) -> Result<(), &'static str> {
        if self.open || self.stopped {
            return Err("a block in another one, or too late");
        }
        if index != self.opened {
            return Err("a block whose number is not the next");
        }
        self.open = true;
        self.opened += 1;
        Ok(())
    }

    fn within(&self, index: u32) -> Result<(), &'static str> {
        if self.open && index + 1 == self.opened { Ok(()) } else { Err("a piece of no open block") }
    }
}

/// Sets what may be set once.
fn once(flag: &mut bool, otherwise: &'static str) -> Result<(), &'static str> {
    if std::mem::replace(flag, true) { Err(otherwise) } else { Ok(()) }
}
