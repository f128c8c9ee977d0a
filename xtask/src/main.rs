//! The developer's commands. `cargo xtask --help` lists them; CI runs the same ones.
//!
//! In reading order: [`setup`] fetches what the machine lacks, [`guests`] builds the three wasm hosts ([`callbacks`] trims
//! Envoy's, [`worlds`] Spin's), [`check`] judges the source, [`mod@test`] runs everything, [`fuzz`] replays and grows the
//! fuzz corpora, [`mod@bench`] measures and [`counts`] holds what can be measured exactly.

mod bench;
mod callbacks;
mod check;
mod counts;
mod fuzz;
mod guests;
mod plan;
mod process;
mod setup;
mod test;
mod tree;
mod worlds;

use std::process::ExitCode;

/// What a command gives, or one line that says what is missing or what failed.
type Done<T = ()> = Result<T, String>;

const HELP: &str = "\
The developer's commands.

Usage: cargo xtask <COMMAND>

Commands:
  setup                                fetch what the machine lacks: wasm targets, Envoy, wrangler, SDKs, cargo-deny
  check                                format, lints, licences, documentation, layering, tidiness
  test  [FILTER]                       all tests, on all four hosts; with FILTER only the tests whose names contain it
  build [native|envoy|worker|spin]     one host, or all four
  bench [OPTIONS]                      the hosts and their peers side by side, in half an hour; --help lists the options
  bench --instructions [--refresh]     count the core's instructions, hold them to bench/core/instructions.json
  fuzz  [replay|grow TARGET [SECONDS]] replay the committed inputs, or look for new ones

Examples:
  cargo xtask test                     what CI runs after `cargo xtask check`
  cargo xtask build worker             edge/worker/build/, ready for `wrangler dev`
  cargo xtask bench --quick            some minutes: bare hyper, the four hosts, nginx, Envoy, Portkey, LiteLLM
  cargo xtask fuzz grow sse 60         a minute of new inputs for the target `sse`

Everything fetched or built lies under target/; delete target/tools to start over.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Done {
    if words.is_empty() || words.contains(&"--help") || words.contains(&"-h") {
        println!("{HELP}");
        return Ok(());
    }
    match words {
        ["setup"] => setup::run(),
        ["check"] => check::run(),
        ["test"] => test::run(None),
        ["test", filter] => test::run(Some(filter)),
        ["build"] => guests::run(None),
        ["build", host] => guests::run(Some(host)),
        ["bench", "--instructions"] => counts::run(counts::Purpose::Hold),
        ["bench", "--instructions", "--refresh"] => counts::run(counts::Purpose::Refresh),
        ["bench", options @ ..] => bench::run(options),
        ["fuzz"] | ["fuzz", "replay"] => fuzz::replay(),
        ["fuzz", "grow", target] => fuzz::grow(target, "60"),
        ["fuzz", "grow", target, seconds] => fuzz::grow(target, seconds),
        _ => Err(format!("`cargo xtask {}` is not a command; see `cargo xtask --help`", words.join(" "))),
    }
}
