//! The order of events, for the tests of all readers.

use super::Event;

/// Holds events to the invariant of [`Event`].
#[derive(Default)]
pub(crate) struct Order {
    begun: bool,
    opened: u32,
    open: bool,
    stopped: bool,
    over: bool,
}

impl Order {
    /// Fails the test where the event cannot come now.
    pub(crate) fn check(&mut self, event: &Event<'_>) {
        assert!(!self.over, "{event:?} after the last");
        assert!(
            self.begun || matches!(event, Event::Start(_) | Event::Fail(_)),
            "{event:?} before the start"
        );
        match event {
            Event::Start(_) => assert!(!std::mem::replace(&mut self.begun, true)),
            Event::Open { index, .. } => {
                assert!(!std::mem::replace(&mut self.open, true) && *index == self.opened && !self.stopped);
                self.opened += 1;
            }
            Event::Delta { index, .. } => assert!(self.open && index + 1 == self.opened),
            Event::Close { index } => assert!(std::mem::take(&mut self.open) && index + 1 == self.opened),
            Event::Stop(_) => assert!(!self.open && !std::mem::replace(&mut self.stopped, true)),
            Event::End => {
                assert!(self.stopped);
                self.over = true;
            }
            Event::Fail(_) => self.over = true,
            Event::Usage(_) | Event::Ping => {}
        }
    }
}
