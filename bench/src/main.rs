//! Measures and writes the tables. `cargo xtask bench` builds what this needs and says in the environment where it is.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use bench::rounds::{Effort, Provider, Rounds};
use bench::scenario::{self, Scenario};
use bench::tables::{self, Column, Conditions, Run};
use bench::targets::{self, KINDS, Kind, Process, QUIET, Surroundings, Target};
use bench::watch::{self, Cores};
use bench::{scaling, streams};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

/// How often a target is started to see how long that takes, where it does not take long.
const STARTS: usize = 3;
const LONG: Duration = Duration::from_secs(4);

/// How long what budgets stand on is asked again, at most.
const JUDGING: Duration = Duration::from_mins(6);

/// Files that a target has open besides its streams: a small program's own, and those of the questions beside.
const SPARE_FILES: usize = 100;

#[derive(Parser)]
#[command(about = "Measures the gateway's hosts and its peers side by side.")]
struct Arguments {
    /// Some minutes instead of half an hour: fewer scenarios, one round.
    #[arg(long)]
    quick: bool,
    /// Only these hosts: native, envoy, worker, spin. None with `none`.
    #[arg(long)]
    host: Vec<String>,
    /// Only these peers: bare, nginx, envoy, portkey, litellm. None with `none`.
    #[arg(long)]
    peer: Vec<String>,
    /// Only scenarios whose name has this in it.
    #[arg(long)]
    only: Option<String>,
    /// The most rounds of each measurement.
    #[arg(long)]
    rounds: Option<usize>,
    /// Seconds of each round.
    #[arg(long)]
    seconds: Option<f64>,
    /// Minutes after which no further round is gone on with; the first is always finished.
    #[arg(long, default_value_t = 20.0)]
    minutes: f64,
    /// The most streams to hold open.
    #[arg(long)]
    streams: Option<usize>,
    /// Where report.md and report.json go.
    #[arg(long, default_value = "target/bench")]
    output: PathBuf,
    /// Puts the tables into README.md, COMPARE.md and docs/speed.md.
    #[arg(long)]
    publish: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let measured = tokio::select! {
        measured = measure(&arguments) => measured,
        // Targets end with what holds them, so nothing that was started is left behind.
        () = interrupted() => Err(format!("interrupted; what was measured is in {}", arguments.output.display())),
    };
    match measured.and_then(|run| finish(&arguments, &run)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn interrupted() {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signals) => drop(signals.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}

async fn measure(arguments: &Arguments) -> Result<Run, String> {
    let began = Instant::now();
    let cores = Cores::of_this_machine();
    let (effort, shortage) = arguments.effort(watch::raise_open_files());
    std::fs::create_dir_all(&arguments.output).map_err(|why| why.to_string())?;
    let provider = provider(&arguments.output, cores)?;
    let (backend, address) = backend(&arguments.output, cores, provider.address);
    let around = Surroundings { cores, provider: provider.address, backend: address };
    let scenarios = arguments.scenarios();
    let mut run = Run::new(Conditions::now(cores, effort), scenarios.clone());
    run.conditions.add(shortage);
    let targets = start(arguments, around, &mut run).await;
    let mut rounds = Rounds::new(&scenarios, &targets, &provider, effort).await;
    let minutes = |time: Duration| time.as_secs_f64() / 60.0;
    eprintln!("a round takes about {:.1} min", minutes(rounds.round()));
    rounds.warm_up().await;
    go(&mut rounds, arguments, &mut run).await?;
    hold_streams(arguments, &targets, &provider, effort, &mut run).await?;
    scale(arguments, around, &provider, effort, &mut run).await?;
    start_again(&mut run.targets, around).await;
    while rounds.goes_on() {
        go(&mut rounds, arguments, &mut run).await?;
    }
    judge(&mut rounds, arguments, &mut run).await?;
    drop((targets, backend));
    run.conditions.add(Some(format!("it took {:.0} minutes", minutes(began.elapsed()).ceil())));
    run.complete = true;
    Ok(run)
}

/// A round, saved as it comes.
async fn go(rounds: &mut Rounds<'_>, arguments: &Arguments, run: &mut Run) -> Result<(), String> {
    let mut results = std::mem::take(&mut run.results);
    let mut saved = Ok(());
    let keep = |results: &_| {
        run.results = Clone::clone(results);
        saved = save(arguments, run);
    };
    rounds.go(&mut results, keep).await;
    saved
}

/// Asks again what budgets stand on, until it agrees or there is no more time. A few seconds without other work are enough
/// for the least of many short rounds, and most machines have them.
async fn judge(rounds: &mut Rounds<'_>, arguments: &Arguments, run: &mut Run) -> Result<(), String> {
    let until = Instant::now() + if arguments.quick { Duration::ZERO } else { JUDGING };
    while Instant::now() < until {
        let left = until.saturating_duration_since(Instant::now()).as_secs().div_ceil(60);
        eprintln!("[{left} min left] what budgets stand on, until its least figures agree");
        if rounds.judge(&tables::JUDGED, &tables::COMPARED, &mut run.results).await == 0 {
            break;
        }
        save(arguments, run)?;
    }
    Ok(())
}

async fn hold_streams(
    arguments: &Arguments,
    targets: &[Target],
    provider: &Provider,
    effort: Effort,
    run: &mut Run,
) -> Result<(), String> {
    for target in targets.iter().filter(|target| !target.kind.name.ends_with(QUIET)) {
        eprintln!("up to {} streams through {}", effort.streams, target.kind.name);
        match streams::hold(target, provider, effort).await {
            Some(held) => drop(run.streams.insert(target.kind.name, held)),
            None => run
                .conditions
                .add(Some(format!("{} did not answer any more behind the first round", target.kind.name))),
        }
        save(arguments, run)?;
    }
    Ok(())
}

async fn scale(
    arguments: &Arguments,
    around: Surroundings,
    provider: &Provider,
    effort: Effort,
    run: &mut Run,
) -> Result<(), String> {
    if around.cores.count < 2 {
        eprintln!("one core: nothing can be given a second");
        return Ok(());
    }
    let started: Vec<&str> = run.targets.iter().map(|column| column.name).collect();
    for kind in KINDS.iter().filter(|kind| kind.scales && started.contains(&kind.name)) {
        eprintln!("from one core to two: {}", kind.name);
        match scaling::from_one_to_two(kind, around, provider, effort).await {
            Ok(scaled) => drop(run.scaling.insert(kind.name, scaled)),
            Err(why) => eprintln!("{}: {why}", kind.name),
        }
        save(arguments, run)?;
    }
    Ok(())
}

/// Starts the mock provider on its core.
fn provider(folder: &Path, cores: Cores) -> Result<Provider, String> {
    let program = std::env::current_exe().map_err(|why| why.to_string())?.with_file_name("mock");
    let address = free_address()?;
    watch::pin([cores.provider]);
    let process = Process::start(Command::new(program).arg(address.port().to_string()), folder)?;
    watch::pin([cores.load]);
    Ok(Provider { process, address })
}

/// Starts the brightstaff that guests report to, on the provider's core; without one they do not report.
fn backend(folder: &Path, cores: Cores, provider: SocketAddr) -> (Option<Process>, Option<SocketAddr>) {
    watch::pin([cores.provider]);
    let started = free_address().and_then(|address| {
        let folder = folder.join("brightstaff");
        std::fs::create_dir_all(&folder).map_err(|why| why.to_string())?;
        Ok((targets::brightstaff(&folder, address, provider)?, address))
    });
    watch::pin([cores.load]);
    started.map_or_else(
        |why| {
            eprintln!("guests do not report: {why}");
            (None, None)
        },
        |(process, address)| (Some(process), Some(address)),
    )
}

fn free_address() -> Result<SocketAddr, String> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|why| why.to_string())?;
    listener.local_addr().map_err(|why| why.to_string())
}

async fn start(arguments: &Arguments, around: Surroundings, run: &mut Run) -> Vec<Target> {
    let mut targets = Vec::new();
    for kind in KINDS.iter().filter(|kind| arguments.wants(kind)) {
        match Target::start(kind, around, 1).await {
            Ok(target) => {
                eprintln!("{} answers after {:.0} ms", kind.name, target.cold.as_secs_f64() * 1e3);
                let (cold, idle) = (vec![target.cold], target.idle);
                run.targets.push(Column { name: kind.name, about: kind.about, cold, idle });
                targets.push(target);
            }
            Err(why) => {
                eprintln!("{} is not measured: {why}", kind.name);
                run.absent.push((kind.name, why));
            }
        }
    }
    targets
}

/// Starts each target some more times, to see how long that takes.
async fn start_again(columns: &mut [Column], around: Surroundings) {
    eprintln!("starting all of them again");
    for _ in 1..STARTS {
        for column in columns.iter_mut().filter(|column| column.cold.iter().all(|&time| time < LONG)) {
            let kind = KINDS.iter().find(|kind| kind.name == column.name);
            let Some(kind) = kind else { continue };
            if let Ok(target) = Target::start(kind, around, 1).await {
                column.cold.push(target.cold);
            }
        }
    }
}

/// Writes the report as far as it has come.
fn save(arguments: &Arguments, run: &Run) -> Result<(), String> {
    let failed = |why: std::io::Error| why.to_string();
    let text = format!("# Speed\n{}", tables::full(run));
    std::fs::write(arguments.output.join("report.md"), text).map_err(failed)?;
    std::fs::write(arguments.output.join("report.json"), format!("{:#}\n", run.json())).map_err(failed)
}

fn finish(arguments: &Arguments, run: &Run) -> Result<(), String> {
    save(arguments, run)?;
    let full = tables::full(run);
    println!("{full}\nwritten to {} as report.md and report.json", arguments.output.display());
    if arguments.publish {
        for page in ["README.md", "COMPARE.md"] {
            tables::publish(Path::new(page), "short", &tables::short(run))?;
        }
        tables::publish(Path::new("docs/speed.md"), "full", &full)?;
    }
    Ok(())
}

impl Arguments {
    /// How long and how often, and what the number of open files does not let be.
    fn effort(&self, files: usize) -> (Effort, Option<String>) {
        let (rounds, streams) = if self.quick { (1, 1_000) } else { (5, 10_000) };
        let streams = self.streams.unwrap_or(streams);
        // A gateway has two connections for each stream.
        let possible = files.saturating_sub(SPARE_FILES) / 2;
        let shortage = (possible < streams).then(|| {
            format!(
                "a process may have {files} files open here, so there are {possible} streams, not {streams}"
            )
        });
        let time = Duration::from_secs_f64(self.seconds.unwrap_or(1.0));
        let effort = Effort {
            rounds: self.rounds.unwrap_or(rounds),
            time,
            warm: Duration::from_millis(300).min(time),
            streams: streams.min(possible),
            until: Instant::now() + Duration::from_secs_f64(self.minutes * 60.0),
        };
        (effort, shortage)
    }

    fn scenarios(&self) -> Vec<Scenario> {
        let named = |scenario: &&Scenario| match &self.only {
            Some(word) => scenario.name().contains(word),
            None => scenario.telling || !self.quick,
        };
        scenario::ALL.iter().filter(named).copied().collect()
    }

    /// Bare hyper is always wanted: all ratios stand against it.
    fn wants(&self, kind: &Kind) -> bool {
        let words = if kind.ours { &self.host } else { &self.peer };
        kind.name == "bare-hyper" || words.is_empty() || words.iter().any(|word| word == kind.word())
    }
}
