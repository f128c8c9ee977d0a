//! Reports on their way to the backend.

use std::cell::Cell;
use std::collections::VecDeque;

use shared::backend::Batch;
use shared::report::Report;

/// How many reports wait at most; the oldest batch goes first when there are more.
const LONGEST: usize = 10_000;

/// How many reports go in one request.
const BATCH: usize = 100;

/// A thread's reports. Its streams put them in, its root takes them out.
#[derive(Default)]
pub(crate) struct Queue {
    /// Whether there is a backend that they are for; without one, none wait.
    is_wanted: Cell<bool>,
    /// The last batch is the one that is being filled.
    waiting: Cell<VecDeque<Batch>>,
    late: Cell<usize>,
}

impl Queue {
    /// Lets reports wait from now on: there is a backend to send them to.
    pub(crate) fn open(&self) {
        self.is_wanted.set(true);
    }

    /// Puts a report in.
    pub(crate) fn push(&self, report: &Report) {
        if !self.is_wanted.get() {
            return;
        }
        let mut waiting = self.waiting.take();
        if count(&waiting) >= LONGEST {
            self.note_late(waiting.pop_front().map_or(0, |oldest| oldest.len()));
        }
        match waiting.back_mut().filter(|last| last.len() < BATCH) {
            Some(last) => last.push(report),
            None => waiting.push_back(Batch::of(report)),
        }
        self.waiting.set(waiting);
    }

    /// Takes out as many as go in one request, the oldest first.
    pub(crate) fn take(&self) -> Batch {
        let mut waiting = self.waiting.take();
        let oldest = waiting.pop_front();
        self.waiting.set(waiting);
        oldest.unwrap_or_default()
    }

    /// Puts those back that were taken out and did not arrive, before all others.
    pub(crate) fn give_back(&self, batch: Batch) {
        let mut waiting = self.waiting.take();
        match count(&waiting) + batch.len() > LONGEST {
            true => self.note_late(batch.len()),
            false => waiting.push_front(batch),
        }
        self.waiting.set(waiting);
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        let waiting = self.waiting.take();
        let count = count(&waiting);
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

fn count(batches: &VecDeque<Batch>) -> usize {
    batches.iter().map(Batch::len).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::gateway::BackendAddress;

    fn report(id: usize) -> Report {
        Report { id: id.to_string(), ..Report::default() }
    }

    fn ids(batch: &Batch) -> Vec<String> {
        let address = BackendAddress { url: "http://b".to_owned(), token: None };
        let request = batch.request(&address).unwrap();
        let reports: Vec<serde_json::Value> = serde_json::from_slice(request.body()).unwrap();
        reports.iter().map(|report| report["id"].as_str().unwrap().to_owned()).collect()
    }

    fn named(ids: std::ops::Range<usize>) -> Vec<String> {
        ids.map(|id| id.to_string()).collect()
    }

    #[test]
    fn none_wait_for_nobody() {
        let queue = Queue::default();
        queue.push(&report(0));
        assert_eq!(queue.len(), 0);
        assert!(queue.take().is_empty());
    }

    #[test]
    fn the_oldest_give_way() {
        let queue = Queue::default();
        queue.open();
        (0..=LONGEST).for_each(|id| queue.push(&report(id)));
        assert_eq!(queue.take_late(), BATCH);
        assert_eq!(queue.take_late(), 0);
        assert_eq!(queue.len(), LONGEST - BATCH + 1);
        assert_eq!(ids(&queue.take()), named(BATCH..2 * BATCH));
    }

    #[test]
    fn what_did_not_arrive_goes_first() {
        let queue = Queue::default();
        queue.open();
        (0..2).for_each(|id| queue.push(&report(id)));
        let batch = queue.take();
        (2..4).for_each(|id| queue.push(&report(id)));
        queue.give_back(batch);
        assert_eq!(queue.len(), 4);
        assert_eq!(ids(&queue.take()), named(0..2));
        assert_eq!(ids(&queue.take()), named(2..4));
        assert_eq!(queue.take_late(), 0);
    }

    #[test]
    fn what_did_not_arrive_gives_way_where_there_is_no_room() {
        let queue = Queue::default();
        queue.open();
        (0..LONGEST).for_each(|id| queue.push(&report(id)));
        let batch = queue.take();
        (0..BATCH).for_each(|id| queue.push(&report(id)));
        queue.give_back(batch);
        assert_eq!((queue.len(), queue.take_late()), (LONGEST, BATCH));
    }
}
