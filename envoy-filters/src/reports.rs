//! Reports on their way to the backend.

use std::cell::Cell;
use std::collections::VecDeque;

use shared::report::Report;

/// How many reports wait at most; the oldest goes first when there are more.
const LONGEST: usize = 10_000;

/// How many reports go in one request.
const BATCH: usize = 100;

/// A thread's reports. Its streams put them in, its root takes them out.
#[derive(Default)]
pub(crate) struct Queue {
    /// Whether there is a backend that they are for; without one, none wait.
    is_wanted: Cell<bool>,
    waiting: Cell<VecDeque<Report>>,
    late: Cell<usize>,
}

impl Queue {
    /// Lets reports wait from now on: there is a backend to send them to.
    pub(crate) fn open(&self) {
        self.is_wanted.set(true);
    }

    /// Puts a report in.
    pub(crate) fn push(&self, report: Report) {
        if !self.is_wanted.get() {
            return;
        }
        let mut waiting = self.waiting.take();
        if waiting.len() == LONGEST {
            waiting.pop_front();
            self.note_late(1);
        }
        waiting.push_back(report);
        self.waiting.set(waiting);
    }

    /// Takes out as many as go in one request, the oldest first.
    pub(crate) fn take(&self) -> Vec<Report> {
        let mut waiting = self.waiting.take();
        let batch = waiting.drain(..waiting.len().min(BATCH)).collect();
        self.waiting.set(waiting);
        batch
    }

    /// Puts those back that were taken out and did not arrive, before all others.
    pub(crate) fn give_back(&self, batch: Vec<Report>) {
        let mut waiting = self.waiting.take();
        let room = LONGEST.saturating_sub(waiting.len());
        let late = batch.len().saturating_sub(room);
        self.note_late(late);
        batch.into_iter().skip(late).rev().for_each(|report| waiting.push_front(report));
        self.waiting.set(waiting);
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        let waiting = self.waiting.take();
        let count = waiting.len();
        self.waiting.set(waiting);
        count
    }

    /// How many gave way to others since this was asked last.
    pub(crate) fn take_late(&self) -> usize {
        self.late.take()
    }

    fn note_late(&self, count: usize) {
        self.late.set(self.late.get() + count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_wait_for_nobody() {
        let queue = Queue::default();
        queue.push(Report::default());
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn the_oldest_give_way() {
        let queue = Queue::default();
        queue.open();
        for id in 0..LONGEST + 2 {
            queue.push(Report { id: id.to_string(), ..Report::default() });
        }
        assert_eq!(queue.take_late(), 2);
        assert_eq!(queue.take_late(), 0);
        assert_eq!(queue.len(), LONGEST);
        let batch = queue.take();
        assert_eq!(batch.len(), BATCH);
        assert_eq!(batch.first().map(|report| report.id.as_str()), Some("2"));
    }

    #[test]
    fn what_did_not_arrive_goes_first() {
        let queue = Queue::default();
        queue.open();
        let report = |id: usize| Report { id: id.to_string(), ..Report::default() };
        (0..LONGEST).for_each(|id| queue.push(report(id)));
        let batch = queue.take();
        (LONGEST..LONGEST + 2).for_each(|id| queue.push(report(id)));
        queue.give_back(batch);
        let ids: Vec<String> = queue.take().into_iter().map(|report| report.id).collect();
        assert_eq!(ids, (2..BATCH + 2).map(|id| id.to_string()).collect::<Vec<_>>());
        assert_eq!(queue.take_late(), 2);
    }
}
