//! Tables for people.

use std::fmt::Write;

use crate::load::Load;
use crate::rounds::{DIRECT, Measure};
use crate::scenario::{self, Scenario};

use super::{Column, Run, Spread};

/// The columns of the short table.
const SHORT: [&str; 8] =
    ["bare-hyper", "native", "envoy-filter", "worker", "nginx", "envoy", "portkey", "litellm"];

/// The mark of a figure whose load side was the limit.
const LIMITED: &str = "\\*";

/// The table that README carries: processor time for an answer, of the scenarios that are also measured in a hurry.
pub fn short(run: &Run) -> String {
    let columns: Vec<&Column> = run.targets.iter().filter(|column| SHORT.contains(&column.name)).collect();
    let rows: Vec<usize> = (0..run.scenarios.len()).filter(|&row| run.scenarios[row].quick).collect();
    let closed = rows.into_iter().filter(|&row| matches!(run.scenarios[row].load, Load::Closed(_))).collect();
    table(run, &columns, closed, cost)
}

/// Everything, a section for each kind of figure.
pub fn full(run: &Run) -> String {
    let columns: Vec<&Column> = run.targets.iter().collect();
    let (closed, fixed): (Vec<usize>, Vec<usize>) =
        (0..run.scenarios.len()).partition(|&row| matches!(run.scenarios[row].load, Load::Closed(_)));
    let streams = closed.iter().copied().filter(|&row| run.scenarios[row].streams()).collect::<Vec<_>>();
    let mut text = String::new();
    section(
        &mut text,
        "Processor time for an answer",
        "Microseconds on the target's core, and how that compares to bare hyper.",
    );
    text.push_str(&table(run, &columns, closed.clone(), cost));
    section(
        &mut text,
        "Processor time for an event",
        "Microseconds for each event of a stream, the request that asks for it included.",
    );
    text.push_str(&table(run, &columns, streams, cost_of_event));
    section(
        &mut text,
        "Answers a second",
        "By one core. With \\* the load generator and the provider were at their limit and the target was not: it could do more.",
    );
    text.push_str(&table(run, &columns, closed, rate));
    section(
        &mut text,
        "Time that is added",
        "Microseconds until the answer's first byte beyond what the provider takes alone, at the median, the 99th and the 99.9th percentile. Questions come at a fixed rate, and a question's time counts from when it was due.",
    );
    text.push_str(&table(run, &columns, fixed, added));
    section(
        &mut text,
        "Starting, memory, open streams",
        "From the start of the process to its first answer; memory after it; memory for each open stream, and what a small question takes while they are open.",
    );
    text.push_str(&starting(run));
    text.push_str(&notes(run));
    text
}

fn section(text: &mut String, title: &str, about: &str) {
    let _ = write!(text, "\n### {title}\n\n{about}\n\n");
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
    let floor = run.number(row, FLOOR, |measure| measure.cpu);
    let ratio =
        floor.filter(|_| target != FLOOR).map(|floor| format!(" · {:.1}×", cost.median / floor.median));
    Some(format!("{}{}", figure(cost), ratio.unwrap_or_default()))
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

fn added(run: &Run, row: usize, target: &'static str) -> Option<String> {
    let quantile = |which: usize| {
        let first = move |measure: &Measure| measure.first[which];
        let own = run.number(row, target, first)?;
        let alone = run.number(row, DIRECT, first)?;
        Some(format!("{:.0}", own.median - alone.median))
    };
    Some([quantile(0)?, quantile(1)?, quantile(2)?].join(" / "))
}

/// A figure and its spread, in as many digits as it deserves.
fn figure(spread: Spread) -> String {
    let digits = |value: f64| match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    };
    match spread.least == spread.most {
        true => digits(spread.median),
        false => format!("{} ({}–{})", digits(spread.median), digits(spread.least), digits(spread.most)),
    }
}

fn starting(run: &Run) -> String {
    let mut text = "| | first answer, ms | memory, MB | streams open | KB a stream | small question, µs: before, meanwhile |\n|---|---:|---:|---:|---:|---:|\n".to_owned();
    for column in &run.targets {
        let cold = Spread::of(column.cold.iter().map(|time| time.as_secs_f64() * 1e3));
        let cold = cold.map_or("–".to_owned(), figure);
        let streams = run.streams.get(column.name).map_or("– | – | –".to_owned(), |streams| {
            let each = streams.bytes as f64 / 1024.0;
            format!("{} | {each:.1} | {:.1}, {:.1}", streams.open, streams.cpu_before, streams.cpu)
        });
        let memory = column.idle as f64 / 1e6;
        let _ = writeln!(text, "| {} | {cold} | {memory:.1} | {streams} |", column.name);
    }
    text
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
        let _ = writeln!(text, "- {left_out} scenarios were left out: this was a quick run");
    }
    text
}
