//! What can be measured exactly, also on a noisy machine, and is held: the instructions of the core's pieces of work, and
//! the sizes of the guests.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::guests::Guest;
use crate::plan::Plan;
use crate::process::{cargo, command, quietly};
use crate::{Done, setup, tree};

/// What the instructions were, by compiler and processor, then by case.
const COUNTS: &str = "bench/core/instructions.json";

/// How large the guests may be, in bytes: as they are and gzipped.
const CEILINGS: &str = "bench/core/sizes.json";

/// How many instructions a case may take for each hundred that it took.
const TOLERATED: u64 = 103;

/// How often a case is run, the first time and the second: the difference is free of what starting takes.
const TIMES: [u32; 2] = [5, 25];

/// What counting is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Fails where a case takes more than it did.
    Hold,
    /// Writes down what it takes now.
    Refresh,
}

/// `cargo xtask bench --instructions [--refresh]`.
pub(crate) fn run(purpose: Purpose) -> Done {
    let mut plan = Plan::default();
    setup::plan_for_counting(&mut plan);
    plan_for_instructions(&mut plan, purpose);
    plan.run().map(drop)
}

/// Adds the counting of instructions.
pub(crate) fn plan_for_instructions(plan: &mut Plan<'_>, purpose: Purpose) {
    plan.then("instructions of the core", move || {
        let program = build()?;
        let counted = count_all(&program)?;
        match purpose {
            Purpose::Hold => hold(&counted),
            Purpose::Refresh => refresh(counted),
        }
    });
}

/// Fails where a guest has become larger than [`CEILINGS`] allows.
pub(crate) fn hold_size(guest: &Guest) -> Done<String> {
    let ceilings: BTreeMap<String, [u64; 2]> = read(CEILINGS)?;
    let ceiling =
        ceilings.get(guest.host).ok_or_else(|| format!("{CEILINGS} has no line for {}", guest.host))?;
    let size = guest.bytes()?;
    if size.iter().zip(ceiling).all(|(size, ceiling)| size <= ceiling) {
        return guest.size();
    }
    Err(format!(
        "the {} guest has become larger than it may be: {} bytes, {} gzipped; at most {} and {}.\n\
         Find out what came into it (`twiggy top`), or raise its line in {CEILINGS} and say why in the commit.",
        guest.host, size[0], size[1], ceiling[0], ceiling[1]
    ))
}

type Counts = BTreeMap<String, u64>;

/// Builds what is counted as it is published: in one unit, for with many of them where the checkout lies decides what is
/// inlined, and so the count by 5 %.
fn build() -> Done<PathBuf> {
    quietly(&mut cargo("build --profile dist --package bench-core --bin instructions"))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    Ok(tree::root().join(target).join("dist/instructions"))
}

fn count_all(program: &Path) -> Done<Counts> {
    let names = quietly(&mut command(program, [""; 0]))?;
    let names: Vec<&str> = names.lines().collect();
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let share = names.len().div_ceil(workers).max(1);
    std::thread::scope(|scope| {
        let work = |names: &'_ [&str]| {
            names.iter().map(|name| Ok(((*name).to_owned(), count(program, name)?))).collect()
        };
        let counting: Vec<_> = names.chunks(share).map(|names| scope.spawn(move || work(names))).collect();
        let joined =
            counting.into_iter().map(|thread| thread.join().map_err(|_| "counting broke off".to_owned()));
        let shares = joined.map(|share| share.and_then(|share: Done<Vec<(String, u64)>>| share));
        Ok(shares.collect::<Done<Vec<_>>>()?.into_iter().flatten().collect())
    })
}

/// The instructions that a case takes once.
fn count(program: &Path, name: &str) -> Done<u64> {
    let [few, many] = TIMES;
    let difference = instructions(program, name, many)?.saturating_sub(instructions(program, name, few)?);
    Ok(difference / u64::from(many - few))
}

fn instructions(program: &Path, name: &str, times: u32) -> Done<u64> {
    let options = ["--tool=callgrind", "--callgrind-out-file=/dev/null", "--"];
    let mut valgrind = command("valgrind", options);
    valgrind.arg(program).arg(name).arg(times.to_string());
    let output = valgrind.output().map_err(|why| format!("cannot run valgrind: {why}"))?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    collected(&text).ok_or_else(|| format!("valgrind counted nothing:\n{text}"))
}

/// The number behind `Collected :` in callgrind's last words.
fn collected(text: &str) -> Option<u64> {
    text.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok())
}

fn hold(counted: &Counts) -> Done<String> {
    let all: BTreeMap<String, Counts> = read(COUNTS)?;
    let machine = machine()?;
    let Some(known) = all.get(&machine) else {
        return Ok(format!("{} cases; {COUNTS} knows none for {machine}", counted.len()));
    };
    let wrong: Vec<String> =
        counted.iter().filter_map(|(name, now)| judge(name, known.get(name), *now)).collect();
    if wrong.is_empty() {
        return Ok(format!("{} cases", counted.len()));
    }
    Err(format!(
        "{}\nWhere that is meant, write it down with `cargo xtask bench --instructions --refresh` and say why in the commit.",
        wrong.join("\n")
    ))
}

/// What is wrong with a count.
fn judge(name: &str, before: Option<&u64>, now: u64) -> Option<String> {
    let Some(&before) = before else { return Some(format!("`{name}` is new: {now} instructions")) };
    let message = || format!("`{name}` takes {now} instructions, {before} before: {}", change(before, now));
    (now * 100 > before * TOLERATED).then(message)
}

fn change(before: u64, now: u64) -> String {
    format!("{:+.1} %", (now as f64 / before.max(1) as f64 - 1.0) * 100.0)
}

fn refresh(counted: Counts) -> Done<String> {
    let mut all: BTreeMap<String, Counts> = read(COUNTS).unwrap_or_default();
    let machine = machine()?;
    let before = all.remove(&machine).unwrap_or_default();
    for (name, now) in &counted {
        let was = before.get(name).map_or("new".to_owned(), |&was| change(was, *now));
        println!("  {now:>12}  {was:>9}  {name}");
    }
    let note = format!("{} cases", counted.len());
    all.insert(machine, counted);
    let text = serde_json::to_string_pretty(&all).map_err(|why| why.to_string())?;
    fs::write(tree::path(COUNTS), text + "\n").map_err(|why| why.to_string())?;
    Ok(note)
}

/// What counts depend on besides the code: the compiler, and which instructions a library may choose from.
fn machine() -> Done<String> {
    let compiler = quietly(&mut command("rustc", ["--version", "--verbose"]))?;
    let of =
        |key: &str| compiler.lines().find_map(|line| line.strip_prefix(key)).unwrap_or("?").trim().to_owned();
    let wide = fs::read_to_string("/proc/cpuinfo").is_ok_and(|text| text.contains(" avx2 "));
    let wide = if wide { ", AVX2" } else { "" };
    Ok(format!("rustc {}, {}{wide}", of("release:"), of("host:")))
}

fn read<T: for<'d> serde::Deserialize<'d>>(file: &str) -> Done<T> {
    let text = fs::read_to_string(tree::path(file)).map_err(|why| format!("{file}: {why}"))?;
    serde_json::from_str(&text).map_err(|why| format!("{file}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callgrinds_last_words_have_the_count() {
        assert_eq!(collected("==1== Events    : Ir\n==1== Collected : 123456\n"), Some(123_456));
        assert_eq!(collected("valgrind: no such file"), None);
    }

    #[test]
    fn three_percent_are_let_through() {
        assert_eq!(judge("a", Some(&1000), 1030), None);
        assert_eq!(judge("a", Some(&1000), 10), None);
        assert!(judge("a", Some(&1000), 1031).is_some_and(|wrong| wrong.contains("+3.1 %")));
        assert!(judge("a", None, 1).is_some());
    }
}
