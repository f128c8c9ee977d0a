//! The budgets: what was promised, and how far from it the run is.

use std::fmt::Write;
use std::process::Command;

use serde_json::{Value, json};

use super::{Measure, Run};
use crate::rounds::DIRECT;
use crate::scenario::{LARGE, LONG_STREAM, SMALL, STEADY, STREAM, Scenario, TRANSLATED, TRANSLATED_STREAM};

/// The published guests in bytes, where they are there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sizes {
    /// The Worker's module, as gzip packs it.
    pub worker: Option<u64>,
    /// The Spin component's module as it is.
    pub spin: Option<u64>,
}

impl Sizes {
    /// Those of the modules that the environment names.
    pub fn of_guests() -> Sizes {
        let named = |name: &str| std::env::var_os(name).map(std::path::PathBuf::from);
        let packed = |folder: std::path::PathBuf| {
            let packed =
                Command::new("gzip").args(["-9", "--stdout"]).arg(folder.join("index_bg.wasm")).output();
            packed.ok().filter(|output| output.status.success()).map(|output| output.stdout.len() as u64)
        };
        Sizes {
            worker: named("PLANO_WORKER_DIR").and_then(packed),
            spin: named("PLANO_SPIN_WASM").and_then(|file| Some(std::fs::metadata(file).ok()?.len())),
        }
    }
}

/// The scenarios that budgets of processor time stand on.
pub const JUDGED: [Scenario; 7] = [SMALL, TRANSLATED, LARGE, STREAM, TRANSLATED_STREAM, LONG_STREAM, STEADY];

/// The targets that they compare.
pub const COMPARED: [&str; 8] =
    [DIRECT, "bare-hyper", "native", "envoy", "envoy-filter", "bare-worker", "worker", "portkey-worker"];

/// A figure that was promised.
struct Budget {
    what: &'static str,
    unit: &'static str,
    least: f64,
    aim: f64,
    /// Whether more is better.
    more: bool,
    measured: Measured,
    /// What bare hyper has of it in the same run: where that is worse than what was promised, it is what can be asked for.
    floor: Measured,
}

/// What was promised in microseconds was on a machine where bare hyper takes 15 of them for a small answer and plain Envoy
/// 30. On another it says nothing, so it stands beside the one of the two that it is added to.
const BUDGETS: [Budget; 15] = [
    less("native, small, same API: processor time beside bare hyper", "×", 2.0, 1.4, |run| {
        Some(cost(run, &SMALL, "native")? / cost(run, &SMALL, "bare-hyper")?)
    }),
    less("native, what translating a small request adds, beside bare hyper", "×", 1.0, 0.53, |run| {
        let added = cost(run, &TRANSLATED, "native")? - cost(run, &SMALL, "native")?;
        Some(added / cost(run, &SMALL, "bare-hyper")?)
    }),
    less("native, 110 KB, same API: processor time beside Envoy", "×", 1.5, 1.0, |run| {
        Some(cost(run, &LARGE, "native")? / cost(run, &LARGE, "envoy")?)
    }),
    more("native, translated events a second on one core", "/s", 200_000.0, 500_000.0, |run| {
        Some(1e6 * TRANSLATED_STREAM.events()? as f64 / cost(run, &TRANSLATED_STREAM, "native")?)
    }),
    less("native, added to the first byte at 500 a second, median", "µs", 200.0, 100.0, |run| {
        added(run, "native", 0)
    })
    .above(|run| added(run, "bare-hyper", 0)),
    less("the same, 99th percentile", "µs", 500.0, 300.0, |run| added(run, "native", 1))
        .above(|run| added(run, "bare-hyper", 1)),
    less("Envoy filter, processor time it adds to a request, beside plain Envoy", "×", 2.0, 1.0, |run| {
        Some(beyond_envoy(run, &SMALL)? / cost(run, &SMALL, "envoy")?)
    }),
    less("Envoy filter, processor time it adds to an event", "µs", 4.0, 2.0, |run| {
        let scenario = [LONG_STREAM, STREAM].into_iter().find(|scenario| run.row(scenario).is_some())?;
        Some(beyond_envoy(run, &scenario)? / scenario.events()? as f64)
    }),
    // workerd's own part is most of a small answer: what only forwards is not twice as fast as Portkey.
    less("Worker, small: processor time beside the bare worker, workerd's floor", "×", 2.5, 2.0, |run| {
        Some(cost(run, &SMALL, "worker")? / cost(run, &SMALL, "bare-worker")?)
    }),
    more(
        "Worker, 110 KB: answers a second of processor time beside Portkey in workerd",
        "×",
        2.0,
        4.0,
        |run| beside_portkey(run, &LARGE),
    ),
    more("Worker, 100 events in bursts: the same", "×", 2.0, 4.0, |run| beside_portkey(run, &STREAM)),
    less("Worker's module, gzip", "KB", 500.0, 256.0, |run| Some(run.sizes.worker? as f64 / 1e3)),
    less("Spin's module", "KB", 1_000.0, 500.0, |run| Some(run.sizes.spin? as f64 / 1e3)),
    less("native, memory when idle", "MB", 30.0, 15.0, |run| {
        let column = run.targets.iter().find(|column| column.name == "native")?;
        Some(column.idle as f64 / 1e6)
    }),
    less("native, memory for each open stream", "KB", 40.0, 16.0, |run| {
        let held = run.streams.get("native")?.most()?;
        Some(held.bytes as f64 / held.open as f64 / 1024.0)
    }),
];

type Measured = fn(&Run) -> Option<f64>;

const fn less(what: &'static str, unit: &'static str, least: f64, aim: f64, measured: Measured) -> Budget {
    Budget { what, unit, least, aim, more: false, measured, floor: |_| None }
}

const fn more(what: &'static str, unit: &'static str, least: f64, aim: f64, measured: Measured) -> Budget {
    Budget { more: true, ..less(what, unit, least, aim, measured) }
}

/// The quietest stretch of all rounds, of the gateway and of whom it stands beside alike: whatever else a machine does can
/// only add to what an answer takes, and a difference of two medians would be that as often as it is the gateway.
fn cost(run: &Run, scenario: &Scenario, target: &'static str) -> Option<f64> {
    Some(run.number(run.row(scenario)?, target, |measure| measure.quiet)?.least)
}

fn beyond_envoy(run: &Run, scenario: &Scenario) -> Option<f64> {
    Some(cost(run, scenario, "envoy-filter")? - cost(run, scenario, "envoy")?)
}

fn beside_portkey(run: &Run, scenario: &Scenario) -> Option<f64> {
    Some(cost(run, scenario, "portkey-worker")? / cost(run, scenario, "worker")?)
}

fn added(run: &Run, target: &'static str, quantile: usize) -> Option<f64> {
    let first = move |measure: &Measure| measure.first[quantile];
    let row = run.row(&STEADY)?;
    Some(run.number(row, target, first)?.least - run.number(row, DIRECT, first)?.least)
}

impl Budget {
    /// How many times worse than a promise a figure is; up to 1 it is kept.
    fn distance(&self, measured: f64, promised: f64) -> f64 {
        if self.more { promised / measured } else { measured / promised }
    }

    const fn above(self, floor: Measured) -> Budget {
        Budget { floor, ..self }
    }

    /// What is promised in a run.
    fn promise(&self, run: &Run) -> f64 {
        (self.floor)(run).map_or(self.least, |floor| floor.max(self.least))
    }

    fn verdict(&self, measured: f64, promised: f64) -> String {
        let (least, aim) = (self.distance(measured, promised), self.distance(measured, self.aim));
        match (least <= 1.0, aim <= 1.0) {
            (_, true) => "aim met".to_owned(),
            (true, _) => format!("met; {aim:.2}× the aim"),
            _ => format!("**missed**: {least:.2}× what it may be, {aim:.2}× the aim"),
        }
    }

    fn row(&self, run: &Run) -> String {
        let (mut least, aim, promise) = (self.figure(self.least), self.figure(self.aim), self.promise(run));
        if promise > self.least {
            least = format!("{least}, here bare hyper's {}", self.figure(promise));
        }
        let (measured, verdict) = match (self.measured)(run) {
            Some(measured) => (self.figure(measured), self.verdict(measured, promise)),
            None => ("–".to_owned(), "not measured".to_owned()),
        };
        format!("| {} | {least} | {aim} | {measured} | {verdict} |", self.what)
    }

    fn figure(&self, value: f64) -> String {
        let digits = if value.abs() < 10.0 { 1 } else { 0 };
        match self.unit {
            "×" => format!("{value:.2}×"),
            "/s" => format!("{value:.0}/s"),
            unit => format!("{value:.digits$} {unit}"),
        }
    }
}

/// All of them as a table.
pub(super) fn table(run: &Run) -> String {
    let mut text = "| | at least | aim | measured | |\n|---|---:|---:|---:|---|\n".to_owned();
    for budget in &BUDGETS {
        let _ = writeln!(text, "{}", budget.row(run));
    }
    text
}

/// All of them for programs.
pub(super) fn json(run: &Run) -> Value {
    let budgets = BUDGETS.iter().map(|budget| {
        let measured = (budget.measured)(run);
        json!({
            "what": budget.what, "unit": budget.unit, "least": budget.promise(run), "aim": budget.aim, "measured": measured,
            "met": measured.map(|measured| budget.distance(measured, budget.promise(run)) <= 1.0),
        })
    });
    budgets.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_says_how_far_it_is() {
        let cost = less("", "µs", 60.0, 30.0, |_| None);
        assert_eq!(cost.verdict(20.0, 60.0), "aim met");
        assert_eq!(cost.verdict(45.0, 60.0), "met; 1.50× the aim");
        assert_eq!(cost.verdict(90.0, 60.0), "**missed**: 1.50× what it may be, 3.00× the aim");
        let rate = more("", "/s", 100.0, 200.0, |_| None);
        assert_eq!(rate.verdict(250.0, 100.0), "aim met");
        assert_eq!(rate.verdict(125.0, 100.0), "met; 1.60× the aim");
        assert_eq!(rate.verdict(50.0, 100.0), "**missed**: 2.00× what it may be, 4.00× the aim");
    }
}
