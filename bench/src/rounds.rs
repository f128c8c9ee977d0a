//! Measures in turns: for each scenario every target, then every target again, so that what the machine does meanwhile
//! befalls all of them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::load::{self, Connection, Load, Question, Sample};
use crate::scenario::Scenario;
use crate::targets::{self, Process, Target};
use crate::watch;

/// What the provider alone is called in results.
pub const DIRECT: &str = "direct";

/// How long and how often.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    pub rounds: usize,
    pub time: Duration,
    pub warm: Duration,
    /// Streams to hold open.
    pub idle_streams: usize,
}

/// What stands behind all targets.
pub struct Provider {
    pub process: Process,
    pub address: SocketAddr,
}

/// One measurement.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    /// Answers a second.
    pub rate: f64,
    /// Microseconds of processor time that the target took for an answer.
    pub cpu: f64,
    /// How much of its core the target used, and load and provider of theirs: 1 is all of it.
    pub busy: f64,
    pub load_busy: f64,
    /// Microseconds until the last byte, at the median, the 99th and the 99.9th percentile.
    pub total: [f64; 3],
    /// Microseconds until the body's first byte.
    pub first: [f64; 3],
    pub failed: u64,
}

/// The measurements of each scenario and target, in the order they were made; none where it is not served.
pub type Results = BTreeMap<(usize, &'static str), Vec<Measure>>;

/// What open streams cost.
#[derive(Clone, Copy, Debug)]
pub struct Streams {
    pub open: usize,
    /// Bytes of memory for each.
    pub bytes: u64,
    /// Answers a second to small questions meanwhile, and before.
    pub rate: f64,
    pub rate_before: f64,
    /// Microseconds of processor time for an answer meanwhile, and before.
    pub cpu: f64,
    pub cpu_before: f64,
}

/// Measures every scenario with every target.
pub async fn run(scenarios: &[Scenario], targets: &[Target], provider: &Provider, effort: Effort) -> Results {
    let mut results = Results::new();
    for (index, scenario) in scenarios.iter().enumerate() {
        eprintln!("[{}/{}] {}", index + 1, scenarios.len(), scenario.name());
        let asked = questions(scenario, targets, provider).await;
        for _ in 0..effort.rounds {
            for (name, process, question) in &asked {
                let measured = measure(question, scenario.load, *process, provider, effort).await;
                results.entry((index, *name)).or_default().push(measured);
            }
        }
    }
    results
}

/// Who is asked what; the provider alone comes first.
async fn questions(
    scenario: &Scenario,
    targets: &[Target],
    provider: &Provider,
) -> Vec<(&'static str, u32, Question)> {
    let mut asked = vec![(DIRECT, provider.process.id(), targets::direct(provider.address, scenario))];
    for target in targets {
        match target.question(scenario).await {
            Some(question) => asked.push((target.kind.name, target.process.id(), question)),
            None => eprintln!("    {} does not serve this", target.kind.name),
        }
    }
    asked
}

async fn measure(
    question: &Question,
    load: Load,
    process: u32,
    provider: &Provider,
    effort: Effort,
) -> Measure {
    let mut clocks = Vec::new();
    let ours = std::process::id();
    let behind = provider.process.id();
    // All targets are children of this process, so of its own time only its own counts.
    let mark =
        || clocks.push([watch::time_of(process), watch::own_time_of(ours), watch::own_time_of(behind)]);
    let sample = load::run(question, load, effort.warm, effort.time, mark).await;
    let spent = |which: usize| match &clocks[..] {
        [begin, end] => end[which].saturating_sub(begin[which]).as_secs_f64(),
        _ => 0.0,
    };
    judge(&sample, spent(0), spent(1), spent(2))
}

fn judge(sample: &Sample, target: f64, load: f64, provider: f64) -> Measure {
    let elapsed = sample.elapsed.as_secs_f64();
    let at = |histogram: &hdrhistogram::Histogram<u64>| {
        [0.5, 0.99, 0.999].map(|quantile| histogram.value_at_quantile(quantile) as f64 / 1000.0)
    };
    Measure {
        rate: sample.rate(),
        cpu: target * 1e6 / sample.answered.max(1) as f64,
        busy: target / elapsed,
        load_busy: (load + provider) / elapsed,
        total: at(&sample.total),
        first: at(&sample.first),
        failed: sample.failed,
    }
}

/// Opens many streams that go no further, and asks small questions beside them.
pub async fn hold_streams(
    target: &Target,
    small: &Scenario,
    provider: &Provider,
    effort: Effort,
) -> Option<Streams> {
    let question = target.question(small).await?;
    let process = target.process.id();
    let before = measure(&question, small.load, process, provider, effort).await;
    let memory = watch::memory_of(process);
    let held = open(&target.idle_stream(), effort.idle_streams).await;
    let grown = watch::memory_of(process).saturating_sub(memory);
    let meanwhile = measure(&question, small.load, process, provider, effort).await;
    let open = held.len();
    Some(Streams {
        open,
        bytes: grown / open.max(1) as u64,
        rate: meanwhile.rate,
        rate_before: before.rate,
        cpu: meanwhile.cpu,
        cpu_before: before.cpu,
    })
}

/// How long opening streams may take. A target that needs longer is asked for fewer.
const OPENING: Duration = Duration::from_secs(20);

/// Opens streams until there are so many, until the time is up, or until one is refused.
async fn open(question: &Question, wanted: usize) -> Vec<Connection> {
    let mut held = Vec::with_capacity(wanted);
    let end = Instant::now() + OPENING;
    while held.len() < wanted && Instant::now() < end {
        let mut connection = Connection::new(question.address);
        let begun = tokio::time::timeout(Duration::from_secs(5), connection.begin(&question.request)).await;
        if !matches!(begun, Ok(Ok(200))) {
            break;
        }
        held.push(connection);
    }
    held
}
