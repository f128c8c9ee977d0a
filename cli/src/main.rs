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
mod reload;
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
    Reload(reload::Arguments),
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
        Command::Reload(arguments) => reload::run(arguments).await,
        Command::Logs(arguments) => logs::run(arguments).await,
        Command::Status(arguments) => status::run(arguments),
        Command::Check(arguments) => check::run(arguments),
        Command::Compile(arguments) => compile::run(arguments),
        Command::Build(arguments) => build::run(arguments),
        Command::Render(arguments) => render::run(arguments),
        Command::Schema(arguments) => schema::run(arguments),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use clap::CommandFactory;
    use clap::error::ErrorKind;

    use super::*;

    /// What is shown can be typed: each command in the documentation, and each example of a `--help`.
    #[test]
    fn every_command_that_is_shown_is_one() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut shown = Vec::new();
        for page in ["README.md", "CONTRIBUTING.md"] {
            commands(&fs::read_to_string(root.join(page)).unwrap(), &mut shown);
        }
        for folder in ["docs", "docs/hosts", "docs/providers"] {
            let pages = fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path());
            let pages = pages.filter(|page| page.extension().is_some_and(|extension| extension == "md"));
            pages.for_each(|page| commands(&fs::read_to_string(page).unwrap(), &mut shown));
        }
        helps(&Arguments::command(), &mut shown);
        assert!(shown.len() > 50, "{shown:?}");
        for words in shown {
            // A command of several may be named without one of them.
            let named = ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
            let wrong = Arguments::try_parse_from(&words).err();
            let wrong = wrong.filter(|error| error.use_stderr() && error.kind() != named);
            assert!(wrong.is_none(), "{}: {}", words.join(" "), wrong.unwrap());
        }
    }

    /// The examples of a command and of all below it.
    fn helps(command: &clap::Command, shown: &mut Vec<Vec<String>>) {
        let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        commands(&text, shown);
        command.get_subcommands().for_each(|command| helps(command, shown));
    }

    /// The commands that stand in a line of their own, or in a line's code, and say every word.
    fn commands(text: &str, shown: &mut Vec<Vec<String>>) {
        for line in text.lines() {
            let closed = line.matches('`').count() / 2;
            let spans = line.split('`').skip(1).step_by(2).take(closed);
            let whole = if line.contains('`') { "" } else { line };
            for code in spans.chain(whole.split("&&")) {
                let Some(at) = code.find("planoai ") else { continue };
                if code[..at].is_empty() || code[..at].ends_with([' ', '/']) {
                    shown.extend(words(&code[at..]));
                }
            }
        }
    }

    /// Up to what a shell would do with it, or what is said about it.
    fn words(code: &str) -> Option<Vec<String>> {
        let code = code.split("  ").next()?.split(['#', '|', '>']).next()?;
        let is_whole = !code.contains(['…', '[']) && !code.contains(" COMMAND");
        is_whole.then(|| code.split_whitespace().map(str::to_owned).collect())
    }
}
