//! `cargo xtask test`: every test, on all four hosts.
//!
//! The tests of the hosts learn where things are from the environment:
//!
//! | variable | is |
//! |---|---|
//! | `PLANO_PLANOAI` | the `planoai` binary: the native host, and what checks, renders and compiles configurations |
//! | `PLANO_ENVOY` | the Envoy binary |
//! | `PLANO_FILTER_WASM` | the filter that Envoy loads |
//! | `PLANO_NODE` | the Node binary |
//! | `PLANO_NODE_MODULES` | a `node_modules` with wrangler and the vendors' SDKs |
//! | `PLANO_AGENTS` | a `node_modules` with Claude Code and Codex |
//! | `PLANO_WRANGLER` | the wrangler program |
//! | `PLANO_WORKER_DIR` | the folder with the Worker's `index_bg.js` and `index_bg.wasm` |
//! | `PLANO_SPIN_WASM` | the Spin component |
//! | `PLANO_SPIN_HOST` | the small Spin-compatible host of `tests/spin-host` |
//! | `PLANO_SPIN` | a real `spin`, only where the path has one |
//! | `PLANO_PYTHON` | a Python with the vendors' SDKs |
//! | `PLANO_CASES` | a file that each suite of a host adds a line to: `host<TAB>suite<TAB>cases` |

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::thread;

use crate::guests::{GUESTS, Guest};
use crate::plan::{Plan, Taken, seconds};
use crate::process::{cargo, on_path, openly, openly_but_for_the_close};
use crate::{Done, counts, setup, tree};

/// What is built and run natively, programs that have tests of their own included. The guests' modules are not: outside
/// wasm only their tests can be linked.
const NATIVE: [&str; 3] = ["--lib", "--bins", "--tests"];

/// `cargo xtask test [FILTER]`.
pub(crate) fn run(filter: Option<&str>) -> Done {
    let _ = fs::remove_file(cases_file());
    let mut closing = None;
    let mut plan = Plan::default();
    setup::plan_for_tests(&mut plan);
    plan.then("the guests, side by side", guests);
    plan.then_show("planoai, the Spin host and the tests", || {
        openly(cargo("test --workspace --no-run").args(NATIVE)).map(|()| String::new())
    });
    plan.then_show("examples in the documentation", || {
        openly(&mut cargo("test --quiet --workspace --doc")).map(|()| String::new())
    });
    plan.then_show("tests", || {
        closing = openly_but_for_the_close(runner(filter).envs(variables()), closes)?;
        Ok(String::new())
    });
    let taken = plan.run()?;
    summarise(&taken, filter.is_none())?;
    // Last, where whoever reads a log looks for it.
    closing.iter().for_each(|line| println!("{line}"));
    Ok(())
}

/// Builds the guests and holds their sizes. Most of each build is one unit's optimization, which keeps one core busy.
fn guests() -> Done<String> {
    let build = |guest: &Guest| {
        guest.build()?;
        counts::hold_size(guest).map(|size| format!("{} {size}", guest.host))
    };
    let built: Done<Vec<String>> = thread::scope(|scope| {
        let builds = GUESTS.each_ref().map(|guest| scope.spawn(move || build(guest)));
        let ended = builds.map(|build| build.join().unwrap_or_else(|_| Err("a build panicked".to_owned())));
        ended.into_iter().collect()
    });
    built.map(|sizes| sizes.join("; "))
}

/// nextest where it is installed, else cargo's own runner.
fn runner(filter: Option<&str>) -> std::process::Command {
    let nextest = on_path("cargo-nextest").is_some();
    let mut runner = cargo(if nextest { "nextest run --workspace" } else { "test --workspace" });
    runner.args(NATIVE).args(filter);
    runner
}

/// Whether a line is the one with which either runner closes.
fn closes(line: &str) -> bool {
    line.starts_with("test result:") || line.trim_start().starts_with("Summary [")
}

/// Where everything is, for tests and measurements.
pub(crate) fn variables() -> BTreeMap<&'static str, PathBuf> {
    let guest = |host| GUESTS.iter().find(|guest| guest.host == host).map(|guest| guest.module());
    let known = [
        ("PLANO_PLANOAI", Some(tree::built("planoai"))),
        ("PLANO_ENVOY", Some(tree::python("envoy"))),
        ("PLANO_FILTER_WASM", guest("envoy")),
        ("PLANO_NODE", on_path("node")),
        ("PLANO_NODE_MODULES", Some(tree::node_modules())),
        ("PLANO_AGENTS", Some(tree::tool("agents/node_modules"))),
        ("PLANO_WRANGLER", Some(tree::node("wrangler"))),
        ("PLANO_WORKER_DIR", guest("worker").and_then(|module| module.parent().map(PathBuf::from))),
        ("PLANO_SPIN_WASM", guest("spin")),
        ("PLANO_SPIN_HOST", Some(tree::built("spin-host"))),
        ("PLANO_SPIN", on_path("spin")),
        ("PLANO_PYTHON", Some(tree::python("python"))),
        ("PLANO_CASES", Some(cases_file())),
    ];
    known.into_iter().filter_map(|(name, path)| Some((name, path?))).collect()
}

fn cases_file() -> PathBuf {
    tree::path("target/cases.tsv")
}

/// Prints what ran where, how large the guests are, and where the time went.
fn summarise(taken: &[Taken], everything_ran: bool) -> Done {
    let played = fs::read_to_string(cases_file()).unwrap_or_default();
    let counts = cases(&played);
    println!("\ncases per host");
    for (suite, hosts) in &counts {
        let hosts: Vec<String> = hosts.iter().map(|(host, cases)| format!("{host} {cases}")).collect();
        println!("  {suite:<12} {}", hosts.join(", "));
    }
    println!("guests");
    for guest in &GUESTS {
        println!("  {:<12} {}", guest.host, guest.size()?);
    }
    println!("features by pair of APIs, as docs/translation.md has them");
    pairs()?.iter().for_each(|line| println!("  {line}"));
    println!("time");
    taken.iter().for_each(|step| println!("  {:>9}  {}", seconds(step.time), step.name));
    println!();
    if everything_ran { equal(&counts) } else { Ok(()) }
}

/// What becomes of features between the APIs: a test has checked that the page says what is so.
fn pairs() -> Result<Vec<String>, String> {
    let page = tree::path("docs/translation.md");
    let text = fs::read_to_string(&page).map_err(|error| format!("{}: {error}", page.display()))?;
    let table = text.split("<!-- pairs -->").nth(1).and_then(|rest| rest.split("<!-- end -->").next());
    let rows = table.ok_or("docs/translation.md has no table of pairs")?.lines();
    Ok(rows.filter(|row| !row.is_empty() && !row.starts_with("|---")).map(aligned).collect())
}

/// A row of a table in columns.
fn aligned(row: &str) -> String {
    let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
    cells.iter().enumerate().map(|(at, cell)| format!("{cell:<0$}", if at < 2 { 20 } else { 14 })).collect()
}

/// Suite, host, cases.
type Cases<'a> = BTreeMap<&'a str, BTreeMap<&'a str, u32>>;

fn cases(played: &str) -> Cases<'_> {
    let mut counts = Cases::new();
    for line in played.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [host, suite, cases] = fields[..] else { continue };
        *counts.entry(suite).or_default().entry(host).or_default() += cases.parse().unwrap_or(0);
    }
    counts
}

/// One core, four hosts: a suite that one of them played in part, or not at all, was not passed.
fn equal(counts: &Cases) -> Done {
    for (suite, hosts) in counts {
        let distinct: BTreeSet<&u32> = hosts.values().collect();
        if hosts.len() != GUESTS.len() + 1 || distinct.len() != 1 {
            return Err(format!("the hosts did not play the same cases of `{suite}`: {hosts:?}"));
        }
    }
    if counts.is_empty() { Err("no host played any case".to_owned()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_runners_close_recognisably() {
        assert!(closes("test result: ok. 3 passed; 0 failed; 0 ignored"));
        assert!(closes("     Summary [   0.012s] 3 tests run: 3 passed, 0 skipped"));
        assert!(!closes("running 3 tests"));
    }

    #[test]
    fn hosts_must_have_played_the_same() {
        let four =
            "native\tcorpus\t2\nenvoy\tcorpus\t2\nworker\tcorpus\t1\nworker\tcorpus\t1\nspin\tcorpus\t2\n";
        assert_eq!(equal(&cases(four)), Ok(()));
        assert!(equal(&cases(&four.replace("spin\tcorpus\t2", "spin\tcorpus\t1"))).is_err());
        assert!(equal(&cases("native\tcorpus\t2\n")).is_err());
        assert!(equal(&cases("")).is_err());
    }
}
