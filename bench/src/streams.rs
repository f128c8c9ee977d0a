//! From one open stream to ten thousand: what they hold of memory, and what a small question takes beside them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::task::JoinSet;

use crate::load::{Connection, Question};
use crate::rounds::{self, Effort, Provider};
use crate::scenario;
use crate::targets::Target;
use crate::watch;

/// How many streams are open when it is looked at.
pub const STEPS: [usize; 5] = [0, 1, 100, 1_000, 10_000];

/// What open streams cost at a step.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    pub open: usize,
    /// Bytes of memory for all of them.
    pub bytes: u64,
    /// Answers a second to small questions beside them.
    pub rate: f64,
    /// Microseconds of processor time for such an answer.
    pub cpu: f64,
    /// Microseconds until such an answer's first byte, at the median.
    pub first: f64,
}

/// All steps of a target, and why there are no more.
#[derive(Clone, Debug)]
pub struct Streams {
    pub steps: Vec<Held>,
    pub ended: Option<String>,
}

impl Streams {
    /// The step with the most streams, where any are open.
    pub fn most(&self) -> Option<&Held> {
        self.steps.last().filter(|held| held.open > 0)
    }
}

/// Opens more and more streams that go no further, and asks small questions beside them.
pub async fn hold(target: &Target, provider: &Provider, effort: Effort) -> Option<Streams> {
    let question = target.question(&scenario::BESIDE).await?;
    let process = target.process.id();
    let mut opened = Opened { question: target.idle_stream(), process, held: Vec::new() };
    let mut streams = Streams { steps: Vec::new(), ended: None };
    let mut before = 0;
    for wanted in STEPS.map(|step| step.min(effort.streams)) {
        if streams.steps.last().is_some_and(|held| held.open >= wanted) {
            continue;
        }
        streams.ended = opened.reach(wanted).await.err();
        let memory = watch::memory_of(process);
        let beside = rounds::measure(&question, scenario::BESIDE.load, process, provider, effort).await;
        // The first measurement warms up what each stream would otherwise be blamed for.
        before = if opened.held.is_empty() { watch::memory_of(process) } else { before };
        let (rate, cpu, first) = (beside.rate, beside.cpu, beside.first[0]);
        let bytes = memory.saturating_sub(before);
        streams.steps.push(Held { open: opened.held.len(), bytes, rate, cpu, first });
        if streams.ended.is_some() {
            break;
        }
    }
    Some(streams)
}

/// How long opening streams may take. A target that needs longer has fewer.
const OPENING: Duration = Duration::from_secs(15);

/// The memory at which no more are opened.
const MEMORY: u64 = 4_000_000_000;

/// How many are opened at a time.
const AT_ONCE: usize = 32;

struct Opened {
    question: Question,
    process: u32,
    held: Vec<Connection>,
}

impl Opened {
    /// Opens until there are so many; an error says why there are fewer.
    async fn reach(&mut self, wanted: usize) -> Result<(), String> {
        let end = Instant::now() + OPENING;
        while self.held.len() < wanted {
            self.some(AT_ONCE.min(wanted - self.held.len())).await?;
            let open = self.held.len();
            if Instant::now() > end {
                return Err(format!("{open} streams in {} s", OPENING.as_secs()));
            }
            if watch::memory_of(self.process) > MEMORY {
                return Err(format!("{open} streams take {} GB", MEMORY / 1_000_000_000));
            }
        }
        Ok(())
    }

    async fn some(&mut self, count: usize) -> Result<(), String> {
        let mut opening = JoinSet::new();
        for _ in 0..count {
            opening.spawn(begun(self.question.address, self.question.request.clone()));
        }
        let mut failed = None;
        while let Some(begun) = opening.join_next().await {
            match begun.unwrap_or_else(|why| Err(why.to_string())) {
                Ok(connection) => self.held.push(connection),
                Err(why) => failed = Some(why),
            }
        }
        failed.map_or(Ok(()), |why| Err(format!("{why} beside {} streams", self.held.len())))
    }
}

/// A stream whose first event has come.
async fn begun(address: SocketAddr, request: Bytes) -> Result<Connection, String> {
    let mut connection = Connection::new(address);
    match tokio::time::timeout(Duration::from_secs(5), connection.begin(&request)).await {
        Ok(Ok(200)) => Ok(connection),
        Ok(Ok(status)) => Err(format!("status {status}")),
        Ok(Err(why)) => Err(why.to_string()),
        Err(_) => Err("no answer in 5 s".to_owned()),
    }
}
