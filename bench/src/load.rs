//! The load: many connections, each asking again once it is answered, or questions at a fixed rate.

mod answer;
mod connection;
mod pace;

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hdrhistogram::Histogram;
use tokio::task::{JoinHandle, LocalSet};

pub use connection::{Answer, Connection, Whole};
use pace::Tickets;

/// The longest time that is told apart from longer ones, in nanoseconds.
const LONGEST: u64 = 60_000_000_000;

/// How long answers that are under way when the time is up are waited for: connections that are asked again have no more
/// to tell, questions at a fixed rate have.
const GRACE_CLOSED: Duration = Duration::from_millis(200);
const GRACE_RATE: Duration = Duration::from_secs(1);

/// How often the time that counts is marked.
const STEP: Duration = Duration::from_millis(50);

/// What is asked, of whom.
#[derive(Clone, Debug)]
pub struct Question {
    pub address: SocketAddr,
    /// The whole request, head and body.
    pub request: Bytes,
    /// The least bytes of an answer that is one.
    pub least: usize,
}

/// How it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// By so many connections, each as fast as it is answered.
    Closed(usize),
    /// So many times a second, whether or not the ones before are answered: times count from when a question was due.
    Rate(u32),
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Sample {
    pub answered: u64,
    pub failed: u64,
    /// Questions at a fixed rate that were due and had no answer when waiting ended; their times count as if they had
    /// been answered then.
    pub late: u64,
    pub elapsed: Duration,
    /// Until the last byte, in nanoseconds.
    pub total: Histogram<u64>,
    /// Until the first byte of the body.
    pub first: Histogram<u64>,
}

impl Sample {
    fn new(elapsed: Duration) -> Sample {
        let histogram = || Histogram::new_with_max(LONGEST, 3).expect("bounds of a histogram");
        Sample { answered: 0, failed: 0, late: 0, elapsed, total: histogram(), first: histogram() }
    }

    /// Answers a second.
    pub fn rate(&self) -> f64 {
        self.answered as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    fn record(&mut self, first: Duration, total: Duration) {
        self.first.saturating_record(nanoseconds(first));
        self.total.saturating_record(nanoseconds(total));
    }
}

/// The time that counts: what was due outside of it is asked, but not recorded.
#[derive(Clone, Copy)]
struct Window {
    begin: Instant,
    end: Instant,
}

impl Window {
    fn has(self, time: Instant) -> bool {
        self.begin <= time && time < self.end
    }
}

/// What all connections write down, and what they have in common.
struct Sheet {
    question: Question,
    window: Window,
    sample: RefCell<Sample>,
}

/// Asks for a while, after a while of warming up. `mark` is called with the number of answers so far at the beginning and at
/// the end of the time that counts, and every [`STEP`] between them. What is still under way when waiting ends is given up.
pub async fn run(
    question: &Question,
    load: Load,
    warm: Duration,
    time: Duration,
    mark: impl FnMut(u64),
) -> Sample {
    let begin = Instant::now() + warm;
    let window = Window { begin, end: begin + time };
    let sheet =
        Rc::new(Sheet { question: question.clone(), window, sample: RefCell::new(Sample::new(time)) });
    match load {
        Load::Closed(connections) => closed(&sheet, connections, mark).await,
        Load::Rate(rate) => fixed(&sheet, rate, mark).await,
    }
    sheet.sample.replace(Sample::new(time))
}

async fn closed(sheet: &Rc<Sheet>, connections: usize, mark: impl FnMut(u64)) {
    let tasks = LocalSet::new();
    let workers = (0..connections).map(|_| tasks.spawn_local(ask_again(Rc::clone(sheet)))).collect();
    tasks.run_until(watch(sheet, workers, GRACE_CLOSED, mark)).await;
}

async fn ask_again(sheet: Rc<Sheet>) {
    let mut connection = Connection::new(sheet.question.address);
    while Instant::now() < sheet.window.end {
        let asked = Instant::now();
        let answer = connection.ask(&sheet.question.request).await;
        // What began before the window and ended in it counts by when it ended, so that long answers count at all.
        if sheet.window.has(Instant::now()) {
            sheet.note(asked, answer);
        }
    }
}

/// Connections that wait for questions at a fixed rate: more than are ever busy at a time where the target keeps up.
const WAITING: usize = 64;

async fn fixed(sheet: &Rc<Sheet>, rate: u32, mark: impl FnMut(u64)) {
    let tasks = LocalSet::new();
    let tickets = Tickets::issue(rate, sheet.window.end);
    let worker = |_| tasks.spawn_local(ask_when_due(Rc::clone(sheet), Rc::clone(&tickets)));
    let workers = (0..WAITING).map(worker).collect();
    tasks.run_until(watch(sheet, workers, GRACE_RATE, mark)).await;
    drop(tasks);
    let now = Instant::now();
    for due in tickets.left().into_iter().filter(|&due| sheet.window.has(due)) {
        let mut sample = sheet.sample.borrow_mut();
        sample.late += 1;
        sample.record(now - due, now - due);
    }
}

async fn ask_when_due(sheet: Rc<Sheet>, tickets: Rc<Tickets>) {
    let mut connection = Connection::new(sheet.question.address);
    while let Some(due) = tickets.take().await {
        let answer = connection.ask(&sheet.question.request).await;
        tickets.done(due);
        if sheet.window.has(due) {
            sheet.note(due, answer);
        }
    }
}

/// Marks the window, and gives the connections a little time behind it.
async fn watch(sheet: &Sheet, workers: Vec<JoinHandle<()>>, grace: Duration, mut mark: impl FnMut(u64)) {
    let Window { begin: mut next, end } = sheet.window;
    loop {
        tokio::time::sleep_until(next.into()).await;
        mark(sheet.sample.borrow().answered);
        if next >= end {
            break;
        }
        next = end.min(next + STEP);
    }
    let all = async {
        for worker in workers {
            let _ = worker.await;
        }
    };
    let _ = tokio::time::timeout(grace, all).await;
}

impl Sheet {
    /// Writes down an answer to what was due then.
    fn note(&self, due: Instant, answer: std::io::Result<Answer>) {
        let mut sample = self.sample.borrow_mut();
        match answer {
            Ok(answer) if answer.status == 200 && answer.bytes >= self.question.least => {
                sample.answered += 1;
                sample.record(answer.first.saturating_duration_since(due), due.elapsed());
            }
            _ => sample.failed += 1,
        }
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
