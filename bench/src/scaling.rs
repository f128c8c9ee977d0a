//! From one core to two.

use crate::rounds::{self, Effort, Measure, Provider};
use crate::scenario::{self, Scenario};
use crate::targets::{Kind, Surroundings, Target};

/// What is asked: work enough that a target and not the load is the limit.
pub const SCENARIOS: [Scenario; 2] = [scenario::LARGE, scenario::TRANSLATED_STREAM];

/// A target's figures on one core and on two.
#[derive(Clone, Copy, Debug)]
pub struct Scaled {
    pub scenario: Scenario,
    pub one: Measure,
    pub two: Measure,
}

/// Starts a target on one core, then on two, and asks it the same.
pub async fn from_one_to_two(
    kind: &'static Kind,
    around: Surroundings,
    provider: &Provider,
    effort: Effort,
) -> Result<Vec<Scaled>, String> {
    let one = on(kind, around, provider, effort, 1).await?;
    let two = on(kind, around, provider, effort, 2).await?;
    let pairs = one.into_iter().zip(two);
    Ok(pairs.map(|((scenario, one), (_, two))| Scaled { scenario, one, two }).collect())
}

async fn on(
    kind: &'static Kind,
    around: Surroundings,
    provider: &Provider,
    effort: Effort,
    cores: usize,
) -> Result<Vec<(Scenario, Measure)>, String> {
    let target = Target::start(kind, around, cores).await?;
    let mut measured = Vec::new();
    for scenario in SCENARIOS {
        if let Some(question) = target.question(&scenario).await {
            let process = target.process.id();
            let one = rounds::measure(&question, scenario.load, process, provider, effort).await;
            measured.push((scenario, one));
        }
    }
    Ok(measured)
}
