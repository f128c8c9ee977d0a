//! `cargo xtask fuzz`: replays the committed inputs of every fuzz target, or looks for new ones.
//!
//! Growing needs neither a nightly compiler nor cargo-fuzz: the counters that libFuzzer steers by come from stable options.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{cargo, command, openly, quietly};
use crate::{Done, tree};

/// What makes the compiler count which code an input reaches, and check arithmetic while it is at it.
const COUNTED: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 -Cdebug-assertions=yes -Coverflow-checks=yes";

/// `cargo xtask fuzz replay`.
pub(crate) fn replay() -> Done {
    openly(&mut cargo("test --package fuzz"))
}

/// `cargo xtask fuzz grow TARGET [SECONDS]`. New inputs are put with the others, as few and as small as reach the same.
pub(crate) fn grow(target: &str, seconds: &str) -> Done {
    let program = build()?;
    let corpus = tree::path("shared/fuzz/corpus").join(target);
    let fresh = tree::path("target/fuzz").join(target);
    fs::create_dir_all(&corpus).map_err(|why| why.to_string())?;
    fs::create_dir_all(&fresh).map_err(|why| why.to_string())?;
    let findings = format!("-artifact_prefix={}/finding-", tree::path("target/fuzz").display());
    let time = format!("-max_total_time={seconds}");
    let run = |options: &[&str], folders: [&Path; 2]| {
        openly(command(&program, options).arg(&findings).args(folders).env("PLANO_FUZZ_TARGET", target))
    };
    run(&[&time, "-timeout=10", "-print_final_stats=1"], [&fresh, &corpus])?;
    run(&["-set_cover_merge=1", "-use_counters=0"], [&corpus, &fresh])
}

/// The fuzzer: apart from the other artifacts, since all of it is compiled with counters.
fn build() -> Done<PathBuf> {
    let host = quietly(&mut command("rustc", ["--print", "host-tuple"]))?;
    // Named even though it is the machine's own: build scripts must not be counted.
    let line =
        "build --release --package fuzz --features libfuzzer --bin grow --target-dir target/fuzz --target";
    openly(cargo(line).arg(host.trim()).env("RUSTFLAGS", COUNTED))?;
    Ok(tree::path("target/fuzz").join(host.trim()).join("release/grow"))
}
