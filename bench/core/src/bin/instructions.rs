//! Does one piece of work so many times, for callgrind to count its instructions: `instructions CASE TIMES`.
//!
//! Without arguments it lists the cases. `cargo xtask bench --instructions` runs it twice for each case, and the difference
//! is what the work itself takes.

use std::hint::black_box;
use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [name, times] = &words[..] else {
        bench_core::cases::all().iter().for_each(|case| println!("{}", case.name));
        return ExitCode::SUCCESS;
    };
    let times: usize = times.parse().unwrap_or(1);
    let Some(case) = bench_core::cases::all().into_iter().find(|case| case.name == *name) else {
        eprintln!("there is no case `{name}`");
        return ExitCode::FAILURE;
    };
    let work = (case.ready)();
    for _ in 0..times {
        black_box(work());
    }
    ExitCode::SUCCESS
}
