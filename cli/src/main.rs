//! planoai: the command line. It starts and stops the gateway; what the gateway does is `brightstaff`'s and `shared`'s.

mod build;
mod check;
mod compile;
mod configuration;
mod down;
mod embed;
mod failure;
mod logs;
mod output;
mod render;
mod schema;
mod settings;
mod state;
mod status;
mod up;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use mimalloc::MiMalloc;

use failure::Failure;

/// A request takes some hundred small pieces of memory for a moment, and a large one some large ones, which the system's
/// allocator hands back to the system and asks for again each time.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// What every `--help` ends with.
const EXIT_CODES: &str =
    "Exit codes: 0 done; 1 it did not work; 2 wrong usage; 78 the configuration is wrong.";

/// An AI gateway: one address for every model of every provider.
#[derive(Parser)]
#[command(version, propagate_version = true, arg_required_else_help = true, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Up(up::Arguments),
    Down(down::Arguments),
    Logs(logs::Arguments),
    Status(status::Arguments),
    Check(check::Arguments),
    Compile(compile::Arguments),
    Build(build::Arguments),
    Render(render::Arguments),
    Schema(schema::Arguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(run(arguments.command)),
        Err(error) => Err(Failure::new(format!("no threads can be started: {error}"))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Up(arguments) => up::run(arguments).await,
        Command::Down(arguments) => down::run(arguments).await,
        Command::Logs(arguments) => logs::run(arguments).await,
        Command::Status(arguments) => status::run(arguments),
        Command::Check(arguments) => check::run(arguments),
        Command::Compile(arguments) => compile::run(arguments),
        Command::Build(arguments) => build::run(arguments),
        Command::Render(arguments) => render::run(arguments),
        Command::Schema(arguments) => schema::run(arguments),
    }
}
