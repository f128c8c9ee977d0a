//! Tables for people.

use std::fmt::Write;

use crate::load::Load;
use crate::rounds::{DIRECT, Measure};
use crate::scaling::Scaled;
use crate::scenario::{self, Scenario};
use crate::streams::{Held, STEPS};
use crate::targets::QUIET;

use super::{Column, Run, Spread, budgets};

/// The columns of the short table.
const SHORT: [&str; 9] =
    ["bare-hyper", "native", "envoy-filter", "worker", "spin", "nginx", "envoy", "portkey", "litellm"];

/// The mark of a figure whose load side was the limit.
const LIMITED: &str = "\\*";

/// The table that README carries: processor time for an answer, of the scenarios that are also measured in a hurry.
pub fn short(run: &Run) -> String {
    let columns: Vec<&Column> = run.targets.iter().filter(|column| SHORT.contains(&column.name)).collect();
    let rows: Vec<usize> = (0..run.scenarios.len()).filter(|&row| run.scenarios[row].telling).collect();
    let closed = rows.into_iter().filter(|&row| matches!(run.scenarios[row].load, Load::Closed(_))).collect();
    table(run, &columns, closed, short_cost)
}

/// Everything, a section for each kind of figure.
pub fn full(run: &Run) -> String {
    let loud = |column: &&Column| !column.name.ends_with(QUIET);
    let columns: Vec<&Column> = run.targets.iter().filter(loud).collect();
    let (closed, fixed): (Vec<usize>, Vec<usize>) =
        (0..run.scenarios.len()).partition(|&row| matches!(run.scenarios[row].load, Load::Closed(_)));
    let streams = closed.iter().copied().filter(|&row| run.scenarios[row].streams()).collect::<Vec<_>>();
    let mut text = String::new();
    if !run.complete {
        text.push_str(
            "\n**Incomplete**: the run was broken off, or still goes on. What is here was measured.\n",
        );
    }
    section(&mut text, BUDGETS, &budgets::table(run));
    section(&mut text, COST, &table(run, &columns, closed.clone(), cost));
    section(&mut text, COST_OF_EVENT, &table(run, &columns, streams, cost_of_event));
    section(&mut text, RATE, &table(run, &columns, closed, rate));
    section(&mut text, ADDED, &table(run, &columns, fixed, added));
    section(&mut text, REPORTS, &reports(run));
    section(&mut text, SCALING, &scaling(run));
    section(&mut text, STARTING, &starting(run));
    section(&mut text, STREAMS, &open_streams(run));
    text.push_str(&notes(run));
    text
}

/// A section's title and what a reader must know of its figures.
type About = (&'static str, &'static str);

const BUDGETS: About = (
    "Budgets",
    "What is promised, and how far from it the quietest stretch of this run's rounds is: whatever else a machine does is only ever added.",
);
const COST: About = (
    "Processor time for an answer",
    "Microseconds on the target's core, and how that compares to bare hyper.",
);
const COST_OF_EVENT: About = (
    "Processor time for an event",
    "Microseconds for each event of a stream, the request that asks for it included.",
);
const RATE: About = (
    "Answers a second",
    "By one core. With \\* the load generator and the provider were at their limit and the target was not: it could do more.",
);
const ADDED: About = (
    "Time that is added",
    "Microseconds until the answer's first byte beyond what the provider takes alone, at the median and at the 99th percentile. Questions come at a fixed rate, and a question's time counts from when it was due.",
);
const REPORTS: About = (
    "Reports off and on",
    "Microseconds of processor time for an answer without and with a report of each request; natively to the log, elsewhere to a brightstaff.",
);
const SCALING: About = (
    "From one core to two",
    "Answers a second and microseconds of processor time for an answer. On a machine with two cores the second one is also that of the load generator and the provider, whose share of a core stands in brackets: no target can double there, and what an answer costs says whether its threads are in each other's way.",
);
const STARTING: About =
    ("Starting and memory", "From the start of the process to its first answer, and memory after it.");
const STREAMS: About = (
    "From one stream to ten thousand",
    "Memory for each of so many open streams in KB · microseconds of processor time for a small question beside them · microseconds until its first byte, at the median.",
);

fn section(text: &mut String, (title, about): About, table: &str) {
    let _ = write!(text, "\n### {title}\n\n{about}\n\n{table}");
}

type Cell = fn(&Run, usize, &'static str) -> Option<String>;

fn table(run: &Run, columns: &[&Column], rows: Vec<usize>, cell: Cell) -> String {
    let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
    let mut text = format!("| | {} |\n|---|{}\n", names.join(" | "), "---:|".repeat(names.len()));
    for row in rows {
        let cells = columns.iter().map(|column| cell(run, row, column.name).unwrap_or("–".to_owned()));
        let cells: Vec<String> = cells.collect();
        let _ = writeln!(text, "| {} | {} |", run.scenarios[row].name(), cells.join(" | "));
    }
    text
}

fn cost(run: &Run, row: usize, target: &'static str) -> Option<String> {
    let cost = run.number(row, target, |measure| measure.cpu)?;
    Some(format!("{}{}", figure(cost), beside_floor(run, row, target, cost)))
}

/// The same without its spread: this table is for the hurried.
fn short_cost(run: &Run, row: usize, target: &'static str) -> Option<String> {
    let cost = run.number(row, target, |measure| measure.cpu)?;
    Some(format!("{}{}", digits(cost.median), beside_floor(run, row, target, cost)))
}

fn beside_floor(run: &Run, row: usize, target: &'static str, cost: Spread) -> String {
    let floor = run.number(row, FLOOR, |measure| measure.cpu).filter(|_| target != FLOOR);
    floor.map_or(String::new(), |floor| format!(" · {:.1}×", cost.median / floor.median))
}

const FLOOR: &str = "bare-hyper";

fn cost_of_event(run: &Run, row: usize, target: &'static str) -> Option<String> {
    let events = run.scenarios.get(row).and_then(Scenario::events)? as f64;
    run.number(row, target, |measure| measure.cpu / events).map(figure)
}

fn rate(run: &Run, row: usize, target: &'static str) -> Option<String> {
    let rate = run.number(row, target, |measure| measure.rate)?;
    let mark = if run.load_limited(row, target) { LIMITED } else { "" };
    let failed = run.number(row, target, |measure| measure.failed as f64)?;
    let failures = if failed.most > 0.0 { format!(", {} failed", failed.most) } else { String::new() };
    Some(format!("{:.0}{mark}{failures}", rate.median))
}

/// Where a hundredth of the questions had no answer, there is no time to speak of.
fn added(run: &Run, row: usize, target: &'static str) -> Option<String> {
    let quantile = |which: usize| {
        let first = move |measure: &Measure| measure.first[which];
        Some(run.number(row, target, first)?.median - run.number(row, DIRECT, first)?.median)
    };
    let late = run.number(row, target, |measure| (measure.late + measure.failed) as f64)?.median;
    let answered = run.number(row, target, |measure| measure.answered as f64)?.median;
    if late * 100.0 > answered {
        let rate = run.number(row, target, |measure| measure.rate)?.median;
        return Some(format!("too slow: {rate:.0} a second"));
    }
    Some(format!("{:.0} / {:.0}", quantile(0)?, quantile(1)?))
}

/// A number in as many digits as it deserves.
fn digits(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}

/// A figure and its spread.
fn figure(spread: Spread) -> String {
    match spread.least == spread.most {
        true => digits(spread.median),
        false => format!("{} ({}–{})", digits(spread.median), digits(spread.least), digits(spread.most)),
    }
}

/// Hosts by scenario: without reports, and with them.
fn reports(run: &Run) -> String {
    let mut text = "| | host | off | on |\n|---|---|---:|---:|\n".to_owned();
    let of = |row: usize, name: &'static str| run.number(row, name, |measure| measure.cpu);
    for (row, scenario) in run.scenarios.iter().enumerate() {
        for quiet in run.targets.iter().filter(|column| column.name.ends_with(QUIET)) {
            let loud = run.targets.iter().find(|loud| Some(loud.name) == quiet.name.strip_suffix(QUIET));
            let Some((loud, off)) = loud.zip(of(row, quiet.name)) else { continue };
            let Some(on) = of(row, loud.name) else { continue };
            let (name, off, on) = (scenario.name(), figure(off), figure(on));
            let _ = writeln!(text, "| {name} | {} | {off} | {on} |", loud.name);
        }
    }
    text
}

fn scaling(run: &Run) -> String {
    let mut text =
        "| | | one core | two cores | answers | cost |\n|---|---|---:|---:|---:|---:|\n".to_owned();
    for column in &run.targets {
        for scaled in run.scaling.get(column.name).into_iter().flatten() {
            let Scaled { scenario, one, two } = scaled;
            let cell = |of: &Measure| format!("{:.0}/s, {:.1} µs ({:.2})", of.rate, of.cpu, of.load_busy);
            let (rate, cost) = (two.rate / one.rate, two.cpu / one.cpu);
            let (name, one, two) = (scenario.name(), cell(one), cell(two));
            let _ = writeln!(text, "| {name} | {} | {one} | {two} | {rate:.2}× | {cost:.2}× |", column.name);
        }
    }
    text
}

fn starting(run: &Run) -> String {
    let mut text = "| | first answer, ms | memory, MB |\n|---|---:|---:|\n".to_owned();
    for column in &run.targets {
        let cold = Spread::of(column.cold.iter().map(|time| time.as_secs_f64() * 1e3));
        let cold = cold.map_or("–".to_owned(), figure);
        let _ = writeln!(text, "| {} | {cold} | {:.1} |", column.name, column.idle as f64 / 1e6);
    }
    text
}

fn open_streams(run: &Run) -> String {
    let mut text = "| | none | 1 | 100 | 1,000 | 10,000 | |\n|---|---:|---:|---:|---:|---:|---|\n".to_owned();
    for column in &run.targets {
        let Some(streams) = run.streams.get(column.name) else { continue };
        let cells: Vec<String> = (0..STEPS.len()).map(|step| held(streams.steps.get(step), step)).collect();
        let ended = streams.ended.as_deref().unwrap_or_default();
        let _ = writeln!(text, "| {} | {} | {ended} |", column.name, cells.join(" | "));
    }
    text
}

/// What a step has to say; how many streams there are where they are not as many as there should be.
fn held(held: Option<&Held>, step: usize) -> String {
    let Some(held) = held else { return "–".to_owned() };
    let each = held.bytes as f64 / 1024.0 / held.open as f64;
    let memory = if held.open > 0 { format!("{each:.1} · ") } else { String::new() };
    let fewer = if held.open == STEPS[step] { String::new() } else { format!("{}: ", held.open) };
    format!("{fewer}{memory}{:.1} · {:.0}", held.cpu, held.first)
}

fn notes(run: &Run) -> String {
    let mut text = "\n### Conditions\n\n".to_owned();
    for line in run.conditions.lines() {
        let _ = writeln!(text, "- {line}");
    }
    for column in &run.targets {
        let _ = writeln!(text, "- {}: {}", column.name, column.about);
    }
    for (name, why) in &run.absent {
        let _ = writeln!(text, "- {name} was not measured: {}", why.lines().next().unwrap_or_default());
    }
    let left_out = scenario::ALL.len() - run.scenarios.len();
    if left_out > 0 {
        let _ = writeln!(text, "- {left_out} scenarios were left out: this was not a whole run");
    }
    text
}
