//! Reports, sent behind the answers, where a backend is configured.
//!
//! A request to the backend costs about as much as one to a provider. So a report waits a moment for others and travels
//! with them.

use std::cell::RefCell;
use std::time::Duration;

use shared::backend::Remote;
use shared::gateway::{BackendAddress, Gateway};
use shared::report::Report;

use crate::clock::{self, Alarm};
use crate::host::Worker;
use crate::platform;
use crate::task::{self, Task};

/// How long the first report waits for others.
const PATIENCE: Duration = Duration::from_millis(200);

/// How many travel together at most.
const MOST: usize = 64;

thread_local! {
    static WAITING: RefCell<Waiting> = const { RefCell::new(Waiting { reports: Vec::new(), due: f64::INFINITY }) };
}

/// Reports that wait.
struct Waiting {
    reports: Vec<Report>,
    /// When they go, in milliseconds since 1970.
    due: f64,
}

impl Waiting {
    /// Adds a report. Whether somebody must send it: for those before it somebody was found, unless that one failed.
    fn add(&mut self, report: Report, now: f64) -> bool {
        self.reports.push(report);
        let is_first = self.reports.len() == 1;
        if is_first {
            self.due = now + PATIENCE.as_secs_f64() * 1_000.0;
        }
        is_first || self.reports.len() >= MOST || now > self.due
    }
}

/// Sees to it that a report is sent.
pub(crate) fn record(gateway: &'static Gateway, report: Report) {
    let Some(backend) = &gateway.backend else { return };
    if WAITING.with_borrow_mut(|waiting| waiting.add(report, clock::now())) {
        platform::report(task::add(Task::Report(Box::pin(send(backend)))));
    }
}

async fn send(backend: &BackendAddress) {
    let is_full = WAITING.with_borrow(|waiting| waiting.reports.len() >= MOST);
    if !is_full {
        Alarm::after(PATIENCE).await;
    }
    let reports = WAITING.with_borrow_mut(|waiting| std::mem::take(&mut waiting.reports));
    if !reports.is_empty() {
        let kept = Remote::new(&Worker, backend).record_all(&reports).await;
        kept.unwrap_or_else(|why| platform::warn(&why));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(reports: usize) -> Waiting {
        Waiting { reports: vec![Report::default(); reports], due: 1_000.0 }
    }

    #[test]
    fn the_first_report_is_sent_and_takes_the_others_along() {
        let mut waiting = waiting(0);
        assert!(waiting.add(Report::default(), 500.0));
        assert_eq!(waiting.due, 700.0);
        assert!(!waiting.add(Report::default(), 600.0));
        assert_eq!(waiting.reports.len(), 2);
    }

    #[test]
    fn reports_that_are_many_or_late_are_sent() {
        assert!(waiting(MOST - 1).add(Report::default(), 900.0));
        assert!(!waiting(MOST - 2).add(Report::default(), 900.0));
        assert!(waiting(2).add(Report::default(), 1_001.0));
    }
}
