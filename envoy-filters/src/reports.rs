//! Reports on their way to the backend.

use std::cell::Cell;
use std::collections::VecDeque;

use shared::report::Report;

/// How many reports wait at most; the oldest goes first when there are more.
const LONGEST: usize = 1000;

/// How many reports go in one request.
const BATCH: usize = 100;

/// A thread's reports. Its streams put them in, its root takes them out.
#[derive(Default)]
pub(crate) struct Queue {
    waiting: Cell<VecDeque<Report>>,
    lost: Cell<u64>,
}

impl Queue {
    /// Puts a report in.
    pub(crate) fn push(&self, report: Report) {
        let mut waiting = self.waiting.take();
        if waiting.len() == LONGEST {
            waiting.pop_front();
            self.lose(1);
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

    /// Notes that `count` reports will not arrive.
    pub(crate) fn lose(&self, count: u64) {
        self.lost.set(self.lost.get() + count);
    }

    /// How many were lost since this was asked last.
    pub(crate) fn take_lost(&self) -> u64 {
        self.lost.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_give_way() {
        let queue = Queue::default();
        for id in 0..LONGEST + 2 {
            queue.push(Report { id: id.to_string(), ..Report::default() });
        }
        assert_eq!(queue.take_lost(), 2);
        assert_eq!(queue.take_lost(), 0);
        let batch = queue.take();
        assert_eq!(batch.len(), BATCH);
        assert_eq!(batch.first().map(|report| report.id.as_str()), Some("2"));
    }
}
