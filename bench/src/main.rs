//! Measures and writes the tables. `cargo xtask bench` builds what this needs and says in the environment where it is.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use bench::rounds::{self, Effort, Provider};
use bench::scenario::{self, Scenario};
use bench::tables::{self, Column, Conditions, Run};
use bench::targets::{KINDS, Kind, Process, Target};
use bench::watch::{self, Cores};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

/// How often a target is started to see how long that takes.
const STARTS: usize = 3;

/// Files that a target may have open besides its streams.
const SPARE_FILES: usize = 1000;

#[derive(Parser)]
#[command(about = "Measures the gateway's hosts and its peers side by side.")]
struct Arguments {
    /// Two minutes instead of an hour: fewer scenarios, shorter and fewer rounds.
    #[arg(long)]
    quick: bool,
    /// Only these hosts: native, envoy, worker, spin. None with `none`.
    #[arg(long)]
    host: Vec<String>,
    /// Only these peers: nginx, envoy, portkey, litellm. None with `none`.
    #[arg(long)]
    peer: Vec<String>,
    /// Only scenarios whose name has this in it.
    #[arg(long)]
    only: Option<String>,
    /// Rounds of each measurement.
    #[arg(long)]
    rounds: Option<usize>,
    /// Seconds of each round.
    #[arg(long)]
    seconds: Option<f64>,
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
        () = interrupted() => Err("interrupted".to_owned()),
    };
    match measured.and_then(|run| write(&arguments, &run)) {
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
    let cores = Cores::of_this_machine();
    let files = watch::raise_open_files();
    let effort = arguments.effort(files);
    let folder = arguments.output.clone();
    std::fs::create_dir_all(&folder).map_err(|why| why.to_string())?;
    let provider = provider(&folder, cores)?;
    let (targets, mut columns, absent) = start(arguments, provider.address, cores).await;
    let scenarios = arguments.scenarios();
    let results = rounds::run(&scenarios, &targets, &provider, effort).await;
    let mut streams = BTreeMap::new();
    for target in &targets {
        eprintln!("{} streams through {}", effort.idle_streams, target.kind.name);
        let held = rounds::hold_streams(target, &scenario::ALL[0], &provider, effort).await;
        streams.extend(held.map(|held| (target.kind.name, held)));
    }
    drop(targets);
    start_again(&mut columns, provider.address, cores).await;
    let conditions = Conditions::now(cores, effort);
    Ok(Run { conditions, effort, scenarios, targets: columns, results, streams, absent })
}

/// Starts the mock provider on its core.
fn provider(folder: &Path, cores: Cores) -> Result<Provider, String> {
    let program = std::env::current_exe().map_err(|why| why.to_string())?.with_file_name("mock");
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let address: SocketAddr = port.map_err(|why| why.to_string())?;
    watch::pin([cores.provider]);
    let process = Process::start(Command::new(program).arg(address.port().to_string()), folder)?;
    watch::pin([cores.load]);
    Ok(Provider { process, address })
}

type Started = (Vec<Target>, Vec<Column>, Vec<(&'static str, String)>);

async fn start(arguments: &Arguments, provider: SocketAddr, cores: Cores) -> Started {
    let (mut targets, mut columns, mut absent) = (Vec::new(), Vec::new(), Vec::new());
    for kind in KINDS.iter().filter(|kind| arguments.wants(kind)) {
        match Target::start(kind, provider, cores).await {
            Ok(target) => {
                eprintln!("{} answers after {:.0} ms", kind.name, target.cold.as_secs_f64() * 1e3);
                let (cold, idle) = (vec![target.cold], target.idle);
                columns.push(Column { name: kind.name, about: kind.about, cold, idle });
                targets.push(target);
            }
            Err(why) => {
                eprintln!("{} is not measured: {why}", kind.name);
                absent.push((kind.name, why));
            }
        }
    }
    (targets, columns, absent)
}

/// Starts each target some more times, to see how long that takes.
async fn start_again(columns: &mut [Column], provider: SocketAddr, cores: Cores) {
    for _ in 1..STARTS {
        for column in columns.iter_mut() {
            let kind = KINDS.iter().find(|kind| kind.name == column.name);
            let Some(kind) = kind else { continue };
            if let Ok(target) = Target::start(kind, provider, cores).await {
                column.cold.push(target.cold);
            }
        }
    }
}

fn write(arguments: &Arguments, run: &Run) -> Result<(), String> {
    let full = tables::full(run);
    let (text, json) = (arguments.output.join("report.md"), arguments.output.join("report.json"));
    let failed = |why: std::io::Error| why.to_string();
    std::fs::write(&text, format!("# Speed\n{full}")).map_err(failed)?;
    std::fs::write(&json, format!("{:#}\n", run.json())).map_err(failed)?;
    println!("{full}\nwritten to {} and {}", text.display(), json.display());
    if arguments.publish {
        for page in ["README.md", "COMPARE.md"] {
            tables::publish(Path::new(page), "short", &tables::short(run))?;
        }
        tables::publish(Path::new("docs/speed.md"), "full", &full)?;
    }
    Ok(())
}

impl Arguments {
    fn effort(&self, files: usize) -> Effort {
        let (rounds, seconds, streams) = if self.quick { (1, 1.0, 1_000) } else { (5, 2.0, 10_000) };
        let seconds = self.seconds.unwrap_or(seconds);
        Effort {
            rounds: self.rounds.unwrap_or(rounds),
            time: Duration::from_secs_f64(seconds),
            warm: Duration::from_millis(if self.quick { 200 } else { 500 }),
            // A gateway has two connections for each stream.
            idle_streams: streams.min(files.saturating_sub(SPARE_FILES) / 2),
        }
    }

    fn scenarios(&self) -> Vec<Scenario> {
        let named = |scenario: &&Scenario| match &self.only {
            Some(word) => scenario.name().contains(word),
            None => scenario.quick || !self.quick,
        };
        scenario::ALL.iter().filter(named).copied().collect()
    }

    /// Bare hyper is always wanted: all ratios stand against it.
    fn wants(&self, kind: &Kind) -> bool {
        let (words, name) = match kind.ours {
            true => (&self.host, kind.name.split('-').next().unwrap_or_default()),
            false => (&self.peer, kind.name),
        };
        kind.name == "bare-hyper" || words.is_empty() || words.iter().any(|word| word == name)
    }
}
