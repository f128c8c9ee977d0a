//! Measures in turns: every scenario with every target, then all of it again, so that what the machine does meanwhile
//! befalls all of them, and a run that is broken off has a figure of each.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::load::{self, Load, Question, Sample};
use crate::scenario::Scenario;
use crate::targets::{self, Process, Target};
use crate::watch;

/// What the provider alone is called in results.
pub const DIRECT: &str = "direct";

/// How long and how often.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// The most rounds.
    pub rounds: usize,
    pub time: Duration,
    pub warm: Duration,
    /// Streams to hold open, at most.
    pub streams: usize,
    /// When no further round is gone on with.
    pub until: Instant,
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
    /// The same in the quietest stretch of the time.
    pub quiet: f64,
    /// How much of a core the target used, and load and provider together: 1 is all of one.
    pub busy: f64,
    pub load_busy: f64,
    /// Microseconds until the last byte, at the median, the 99th and the 99.9th percentile.
    pub total: [f64; 3],
    /// Microseconds until the body's first byte.
    pub first: [f64; 3],
    pub answered: u64,
    pub failed: u64,
    /// Questions at a fixed rate that had no answer a second after the time was up.
    pub late: u64,
}

/// The measurements of each scenario and target, in the order they were made; none where it is not served.
pub type Results = BTreeMap<(usize, &'static str), Vec<Measure>>;

/// Who is asked what in a scenario.
struct Asked {
    name: &'static str,
    process: u32,
    question: Question,
    /// How long it was asked last. A target that is slow is asked longer.
    time: Duration,
    /// Whether it is there for a comparison only, so that [`TELLING_ROUNDS`] rounds are enough.
    telling: bool,
}

/// All that is asked, found out once.
pub struct Rounds<'a> {
    scenarios: &'a [Scenario],
    provider: &'a Provider,
    effort: Effort,
    asked: Vec<Vec<Asked>>,
    done: usize,
}

impl<'a> Rounds<'a> {
    /// Looks at each target's answer in each scenario; where there is none, it has no figure.
    pub async fn new(
        scenarios: &'a [Scenario],
        targets: &[Target],
        provider: &'a Provider,
        effort: Effort,
    ) -> Rounds<'a> {
        let mut asked = Vec::new();
        for scenario in scenarios {
            asked.push(questions(scenario, targets, provider, effort).await);
        }
        Rounds { scenarios, provider, effort, asked, done: 0 }
    }

    /// Asks everybody for a while and forgets about it: what compiles itself while it runs, as V8 does, is slow at first.
    pub async fn warm_up(&self) {
        let (Some(scenario), Some(asked)) = (self.scenarios.first(), self.asked.first()) else { return };
        let effort = Effort { time: WARM, ..self.effort };
        for Asked { question, process, .. } in asked {
            measure(question, scenario.load, *process, self.provider, effort).await;
        }
    }

    /// About how long a round takes.
    pub fn round(&self) -> Duration {
        let measurements = self.asked.iter().flatten();
        measurements.map(|asked| self.effort.warm + asked.time + BETWEEN).sum()
    }

    /// Whether there is another round to go.
    pub fn goes_on(&self) -> bool {
        self.done < self.effort.rounds && (self.done == 0 || Instant::now() < self.effort.until)
    }

    /// Asks everybody once, and calls `save` behind each scenario.
    pub async fn go(&mut self, results: &mut Results, mut save: impl FnMut(&Results)) {
        self.done += 1;
        for (index, scenario) in self.scenarios.iter().enumerate() {
            if self.done > 1 && Instant::now() >= self.effort.until {
                return;
            }
            self.tell(index, scenario);
            let done = self.done;
            self.ask(index, results, |asked| !asked.telling || done <= TELLING_ROUNDS).await;
            save(results);
        }
    }

    /// Asks in turns once more those that budgets stand on, wherever that may still tell something new, and gives the number
    /// of measurements that it took.
    pub async fn judge(&mut self, scenarios: &[Scenario], targets: &[&str], results: &mut Results) -> usize {
        let mut count = 0;
        for index in 0..self.scenarios.len() {
            if scenarios.contains(&self.scenarios[index]) {
                count += self.ask(index, results, |asked| targets.contains(&asked.name)).await;
            }
        }
        count
    }

    /// Asks once in one scenario all who are wanted, but for those whose figures agree, and gives the number of those asked.
    async fn ask(&mut self, index: usize, results: &mut Results, wanted: impl Fn(&Asked) -> bool) -> usize {
        let (scenario, mut count) = (&self.scenarios[index], 0);
        for asked in self.asked[index].iter_mut().filter(|asked| wanted(asked)) {
            let measures = results.entry((index, asked.name)).or_default();
            if !is_settled(measures, scenario.load) {
                measures.push(asked.measure(scenario, self.provider, self.effort).await);
                count += 1;
            }
        }
        count
    }

    fn tell(&self, index: usize, scenario: &Scenario) {
        let (round, rounds) = (self.done, self.effort.rounds);
        let left = self.effort.until.saturating_duration_since(Instant::now()).as_secs().div_ceil(60);
        let (number, all) = (index + 1, self.scenarios.len());
        eprintln!("[{number}/{all}, round {round} of {rounds}, {left} min left] {}", scenario.name());
    }
}

/// How long each is asked before anything counts.
const WARM: Duration = Duration::from_secs(2);

/// What a measurement takes besides warming up and measuring, coming to rest included.
const BETWEEN: Duration = Duration::from_millis(500);

/// How many rounds are enough where a target is there for a comparison only.
const TELLING_ROUNDS: usize = 2;

/// How many figures must agree for a target not to be measured again, and how much they may differ.
const ROUNDS: usize = 3;
const AGREE: f64 = 0.03;

/// Whether another round would tell nothing new: the least of them agree, which are those that nothing came between.
fn is_settled(measures: &[Measure], load: Load) -> bool {
    let mut figures: Vec<f64> = measures.iter().map(figure_of(load)).collect();
    figures.sort_by(f64::total_cmp);
    figures.get(ROUNDS - 1).is_some_and(|last| last - figures[0] < figures[0] * AGREE)
}

/// The figure that a load is there for: processor time, or the longest waits at a fixed rate.
fn figure_of(load: Load) -> fn(&Measure) -> f64 {
    match load {
        Load::Closed(_) => |measure| measure.quiet,
        Load::Rate(_) => |measure| measure.first[1],
    }
}

/// Who is asked what. The provider alone comes first where times stand against its own.
async fn questions(
    scenario: &Scenario,
    targets: &[Target],
    provider: &Provider,
    effort: Effort,
) -> Vec<Asked> {
    let time = effort.time.max(scenario.least_time());
    let mut asked = Vec::new();
    if matches!(scenario.load, Load::Rate(_)) {
        let question = targets::direct(provider.address, scenario);
        let process = provider.process.id();
        asked.push(Asked { name: DIRECT, process, question, time, telling: false });
    }
    for target in targets.iter().filter(|target| target.kind.plays(scenario)) {
        match target.question(scenario).await {
            Some(question) => asked.push(Asked {
                name: target.kind.name,
                process: target.process.id(),
                question,
                time,
                telling: target.kind.telling,
            }),
            None => eprintln!("{} does not serve: {}", target.kind.name, scenario.name()),
        }
    }
    asked
}

/// The longest that one is asked at a time.
const LONGEST: Duration = Duration::from_secs(8);

impl Asked {
    /// Measures; longer where there were too few answers to tell anything.
    async fn measure(&mut self, scenario: &Scenario, provider: &Provider, effort: Effort) -> Measure {
        loop {
            let effort = Effort { time: self.time, warm: effort.warm.max(self.time / 4), ..effort };
            let measured = measure(&self.question, scenario.load, self.process, provider, effort).await;
            let wanted = scenario.connections().unwrap_or(0) as u64 * 2;
            let enough = measured.answered >= wanted || measured.failed > measured.answered;
            if enough || self.time >= LONGEST {
                return measured;
            }
            self.time = (self.time * 4).min(LONGEST);
        }
    }
}

/// Asks one question under one load, and looks at the processes meanwhile.
pub async fn measure(
    question: &Question,
    load: Load,
    process: u32,
    provider: &Provider,
    effort: Effort,
) -> Measure {
    let mut marks = Vec::new();
    let target = watch::family(process);
    // All targets are children of this process, so of its own time only its own counts.
    let others = [std::process::id(), provider.process.id()];
    let mark = |answered| {
        marks.push(Mark { answered, target: watch::time_of(&target), load: watch::time_of(&others) });
    };
    let sample = load::run(question, load, effort.warm, effort.time, mark).await;
    let measured = judge(&sample, load, &marks);
    come_to_rest(process).await;
    measured
}

fn judge(sample: &Sample, load: Load, marks: &[Mark]) -> Measure {
    let elapsed = sample.elapsed.as_secs_f64();
    let at = |histogram: &hdrhistogram::Histogram<u64>| {
        [0.5, 0.99, 0.999].map(|quantile| histogram.value_at_quantile(quantile) as f64 / 1000.0)
    };
    let spent = |of: fn(&Mark) -> Duration| match marks {
        [begin, .., end] => of(end).saturating_sub(of(begin)).as_secs_f64(),
        _ => 0.0,
    };
    let target = spent(|mark| mark.target);
    let cpu = target * 1e6 / sample.answered.max(1) as f64;
    Measure {
        rate: sample.rate(),
        cpu,
        quiet: quietest(marks, load).map_or(cpu, |quiet| quiet.min(cpu)),
        busy: target / elapsed,
        load_busy: spent(|mark| mark.load) / elapsed,
        total: at(&sample.total),
        first: at(&sample.first),
        answered: sample.answered,
        failed: sample.failed,
        late: sample.late,
    }
}

/// What stood at a moment.
struct Mark {
    answered: u64,
    /// How long the target had run, and load and provider together.
    target: Duration,
    load: Duration,
}

/// How many marks a stretch of time has at least, as long for each target, and how many answers a connection must have had in
/// it: those that were under way at its beginning and at its end are then few.
const STRETCH: usize = 4;
const ANSWERS: u64 = 16;

/// Microseconds for an answer in the quietest of the shortest stretches that count: other work on a machine comes and goes
/// within a round. None at a fixed rate, where a target mostly waits.
fn quietest(marks: &[Mark], load: Load) -> Option<f64> {
    let Load::Closed(connections) = load else { return None };
    let wanted = ANSWERS * connections as u64;
    let mut least: Option<f64> = None;
    let (mut since, mut begin) = (0, marks.first()?);
    for (index, end) in marks.iter().enumerate() {
        let answered = end.answered - begin.answered;
        if index - since >= STRETCH && answered >= wanted {
            let cost = end.target.saturating_sub(begin.target).as_secs_f64() * 1e6 / answered as f64;
            least = Some(least.map_or(cost, |least| least.min(cost)));
            (since, begin) = (index, end);
        }
    }
    least
}

/// How long a target gets to finish what was given up, and how often it is looked at.
const REST: Duration = Duration::from_secs(6);
const LOOK: Duration = Duration::from_millis(30);

/// Waits until a target does nothing any more: the next one is measured on the same core.
async fn come_to_rest(process: u32) {
    let end = Instant::now() + REST;
    let family = watch::family(process);
    let mut before = watch::time_of(&family);
    while Instant::now() < end {
        tokio::time::sleep(LOOK).await;
        let now = watch::time_of(&family);
        if now.saturating_sub(before) < LOOK / 10 {
            return;
        }
        before = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(cpu: f64) -> Measure {
        let zero = [0.0; 3];
        let (rate, busy, load_busy) = (0.0, 0.0, 0.0);
        Measure {
            rate,
            cpu,
            quiet: cpu,
            busy,
            load_busy,
            total: zero,
            first: zero,
            answered: 1,
            failed: 0,
            late: 0,
        }
    }

    #[test]
    fn figures_that_agree_are_enough() {
        let measures = |costs: &[f64]| costs.iter().copied().map(measured).collect::<Vec<_>>();
        let settled = |costs: &[f64]| is_settled(&measures(costs), Load::Closed(1));
        assert!(settled(&[100.0, 101.0, 102.0]));
        assert!(!settled(&[100.0, 101.0, 110.0]));
        assert!(settled(&[102.0, 180.0, 100.0, 101.0]));
        assert!(!settled(&[100.0, 100.0]));
    }

    #[test]
    fn the_quietest_stretch_is_one_with_answers_enough() {
        let mark = |(answered, micros)| {
            let target = Duration::from_micros(micros);
            Mark { answered, target, load: Duration::ZERO }
        };
        let steady: Vec<Mark> = (0..=8).map(|step| (step * 4, step * 400)).map(mark).collect();
        assert_eq!(quietest(&steady, Load::Closed(1)), Some(100.0));
        // The first four steps take twice as long as the others.
        let begun: Vec<Mark> =
            (0..=8).map(|step| (step * 4, step * 400 + step.min(4) * 400)).map(mark).collect();
        assert_eq!(quietest(&begun, Load::Closed(1)), Some(100.0));
        assert_eq!(quietest(&steady, Load::Closed(2)), Some(100.0));
        assert_eq!(quietest(&steady, Load::Closed(64)), None);
        assert_eq!(quietest(&steady, Load::Rate(1)), None);
        assert_eq!(quietest(&[], Load::Closed(1)), None);
    }

    #[test]
    fn at_a_fixed_rate_the_longest_waits_must_agree() {
        let measures =
            [300.0, 500.0, 900.0].map(|wait| Measure { first: [0.0, wait, 0.0], ..measured(100.0) });
        assert!(!is_settled(&measures, Load::Rate(500)));
        assert!(is_settled(&measures, Load::Closed(1)));
    }
}
