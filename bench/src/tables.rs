//! What came of it, as Markdown and as JSON.

mod budgets;
mod conditions;
mod markdown;
mod publish;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::rounds::{Measure, Results};
use crate::scaling::Scaled;
use crate::scenario::Scenario;
use crate::streams::{Held, Streams};
pub use budgets::{COMPARED, JUDGED, Sizes};
pub use conditions::Conditions;
pub use markdown::{full, short};
pub use publish::{publish, unchanged_marks};

/// A run, with all that its tables need, as far as it has come.
pub struct Run {
    pub conditions: Conditions,
    pub scenarios: Vec<Scenario>,
    /// Name and explanation, in the order of the columns.
    pub targets: Vec<Column>,
    pub results: Results,
    pub streams: BTreeMap<&'static str, Streams>,
    pub scaling: BTreeMap<&'static str, Vec<Scaled>>,
    pub sizes: Sizes,
    /// Targets that did not start, and why.
    pub absent: Vec<(&'static str, String)>,
    /// Whether everything that was to be measured has been.
    pub complete: bool,
}

/// A target as a column.
pub struct Column {
    pub name: &'static str,
    pub about: &'static str,
    /// From start to first answer, each time it was started.
    pub cold: Vec<Duration>,
    /// Bytes of memory after the first answer.
    pub idle: u64,
}

impl Run {
    /// A run that has measured nothing yet.
    pub fn new(conditions: Conditions, scenarios: Vec<Scenario>) -> Run {
        Run {
            conditions,
            scenarios,
            targets: Vec::new(),
            results: Results::new(),
            streams: BTreeMap::new(),
            scaling: BTreeMap::new(),
            sizes: Sizes::of_guests(),
            absent: Vec::new(),
            complete: false,
        }
    }

    /// The row of a scenario, where it is measured.
    pub fn row(&self, scenario: &Scenario) -> Option<usize> {
        self.scenarios.iter().position(|other| other == scenario)
    }

    /// One number of a target's measurements in a scenario: the median of the rounds, the least and the most.
    pub fn number(
        &self,
        scenario: usize,
        target: &'static str,
        of: impl Fn(&Measure) -> f64,
    ) -> Option<Spread> {
        Spread::of(self.results.get(&(scenario, target))?.iter().map(of))
    }

    /// Whether load and provider were at their limit while the target was not.
    pub fn load_limited(&self, scenario: usize, target: &'static str) -> bool {
        let spare =
            self.number(scenario, target, |measure| measure.busy).is_some_and(|busy| busy.median < 0.9);
        let load = self.number(scenario, target, |measure| measure.load_busy);
        spare && load.is_some_and(|busy| busy.median > 0.85)
    }

    /// All of it for programs.
    pub fn json(&self) -> Value {
        let rows = self.results.iter().map(|((scenario, target), measures)| {
            json!({
                "scenario": self.scenarios.get(*scenario).map(Scenario::name),
                "target": target,
                "load_limited": self.load_limited(*scenario, target),
                "rounds": measures.iter().map(measure).collect::<Vec<_>>(),
            })
        });
        let targets = self.targets.iter().map(|target| {
            let cold: Vec<f64> = target.cold.iter().map(|time| time.as_secs_f64() * 1e3).collect();
            json!({"name": target.name, "about": target.about, "cold_start_ms": cold, "idle_bytes": target.idle})
        });
        let streams = self.streams.iter().map(|(target, streams)| {
            let steps: Vec<Value> = streams.steps.iter().map(held).collect();
            json!({"target": target, "steps": steps, "ended": streams.ended})
        });
        let scaling = self.scaling.iter().flat_map(|(target, scaled)| {
            scaled.iter().map(move |scaled| {
                let name = scaled.scenario.name();
                json!({"target": target, "scenario": name, "one": measure(&scaled.one), "two": measure(&scaled.two)})
            })
        });
        json!({
            "complete": self.complete,
            "conditions": self.conditions.lines(),
            "budgets": budgets::json(self),
            "targets": targets.collect::<Vec<_>>(),
            "measured": rows.collect::<Vec<_>>(),
            "open_streams": streams.collect::<Vec<_>>(),
            "scaling": scaling.collect::<Vec<_>>(),
            "absent": self.absent,
        })
    }
}

fn held(held: &Held) -> Value {
    json!({"open": held.open, "bytes": held.bytes, "rate": held.rate, "cpu_us": held.cpu, "first_us": held.first})
}

fn measure(measure: &Measure) -> Value {
    let quantiles = |values: [f64; 3]| json!({"p50": values[0], "p99": values[1], "p99.9": values[2]});
    json!({
        "rate": measure.rate, "cpu_us": measure.cpu, "quiet_cpu_us": measure.quiet, "busy": measure.busy, "load_busy": measure.load_busy,
        "total_us": quantiles(measure.total), "first_us": quantiles(measure.first),
        "failed": measure.failed, "late": measure.late,
    })
}

/// A number that was measured several times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    pub median: f64,
    pub least: f64,
    pub most: f64,
}

impl Spread {
    fn of(values: impl Iterator<Item = f64>) -> Option<Spread> {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let (least, most) = (*values.first()?, *values.last()?);
        let [low, high] = [(values.len() - 1) / 2, values.len() / 2].map(|at| values[at]);
        Some(Spread { median: low.midpoint(high), least, most })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        let spread = Spread::of([3.0, 1.0, 2.0].into_iter());
        assert_eq!(spread, Some(Spread { median: 2.0, least: 1.0, most: 3.0 }));
        let even = Spread::of([4.0, 1.0, 2.0, 8.0].into_iter());
        assert_eq!(even, Some(Spread { median: 3.0, least: 1.0, most: 8.0 }));
        assert_eq!(Spread::of(std::iter::empty()), None);
    }
}
