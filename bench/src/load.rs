//! The load: many connections, each asking again once it is answered, or questions at a fixed rate.

mod answer;
mod connection;
mod pace;

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hdrhistogram::Histogram;
use tokio::task::LocalSet;

pub use connection::{Connection, Whole};
use pace::Tickets;

/// The longest time that is told apart from longer ones, in nanoseconds.
const LONGEST: u64 = 60_000_000_000;

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
    pub elapsed: Duration,
    /// Until the last byte, in nanoseconds.
    pub total: Histogram<u64>,
    /// Until the first byte of the body.
    pub first: Histogram<u64>,
}

impl Sample {
    fn new() -> Sample {
        let histogram = || Histogram::new_with_max(LONGEST, 3).expect("bounds of a histogram");
        Sample { answered: 0, failed: 0, elapsed: Duration::ZERO, total: histogram(), first: histogram() }
    }

    /// Answers a second.
    pub fn rate(&self) -> f64 {
        self.answered as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    fn add(&mut self, other: &Sample) {
        self.answered += other.answered;
        self.failed += other.failed;
        self.total += &other.total;
        self.first += &other.first;
    }
}

/// The time that counts: what was due outside of it is asked, but not recorded.
#[derive(Clone, Copy)]
struct Window {
    begin: Instant,
    end: Instant,
}

/// Asks for a while, after a while of warming up. `mark` is called at the beginning and at the end of the time that counts.
pub async fn run(
    question: &Question,
    load: Load,
    warm: Duration,
    time: Duration,
    mut mark: impl FnMut(),
) -> Sample {
    let begin = Instant::now() + warm;
    let window = Window { begin, end: begin + time };
    let tasks = LocalSet::new();
    let workers = match load {
        Load::Closed(connections) => closed(&tasks, question, window, connections),
        Load::Rate(rate) => fixed(&tasks, question, window, rate),
    };
    tasks
        .run_until(async move {
            tokio::time::sleep_until(window.begin.into()).await;
            mark();
            tokio::time::sleep_until(window.end.into()).await;
            mark();
            let mut all = Sample::new();
            for worker in workers {
                match worker.await {
                    Ok(sample) => all.add(&sample),
                    Err(_) => all.failed += 1,
                }
            }
            all.elapsed = time;
            all
        })
        .await
}

type Worker = tokio::task::JoinHandle<Sample>;

fn closed(tasks: &LocalSet, question: &Question, window: Window, connections: usize) -> Vec<Worker> {
    let question = Rc::new(question.clone());
    let worker = |_| tasks.spawn_local(ask_again(Rc::clone(&question), window));
    (0..connections).map(worker).collect()
}

async fn ask_again(question: Rc<Question>, window: Window) -> Sample {
    let mut sample = Sample::new();
    let mut connection = Connection::new(question.address);
    while Instant::now() < window.end {
        ask(&mut connection, &question, Instant::now(), window, &mut sample).await;
    }
    sample
}

/// Connections that wait for questions at a fixed rate: more than are ever busy at a time where the target keeps up.
const WAITING: usize = 64;

fn fixed(tasks: &LocalSet, question: &Question, window: Window, rate: u32) -> Vec<Worker> {
    let question = Rc::new(question.clone());
    let tickets = Tickets::issue(rate, window.end);
    let worker = |_| tasks.spawn_local(ask_when_due(Rc::clone(&question), Rc::clone(&tickets), window));
    (0..WAITING).map(worker).collect()
}

async fn ask_when_due(question: Rc<Question>, tickets: Rc<Tickets>, window: Window) -> Sample {
    let mut sample = Sample::new();
    let mut connection = Connection::new(question.address);
    while let Some(due) = tickets.take().await {
        ask(&mut connection, &question, due, window, &mut sample).await;
    }
    sample
}

async fn ask(
    connection: &mut Connection,
    question: &Question,
    due: Instant,
    window: Window,
    sample: &mut Sample,
) {
    let answer = connection.ask(&question.request).await;
    let now = Instant::now();
    // What began before the window and ended in it counts by when it ended, so that long answers count at all.
    if now < window.begin || now > window.end {
        return;
    }
    match answer {
        Ok(answer) if answer.status == 200 && answer.bytes >= question.least => {
            sample.answered += 1;
            sample.total.saturating_record(nanoseconds(now - due));
            sample.first.saturating_record(nanoseconds(answer.first.saturating_duration_since(due)));
        }
        _ => sample.failed += 1,
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
