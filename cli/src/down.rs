//! `planoai down`: stops the gateway in the background.

use std::time::Duration;

use rustix::process::Signal;
use tokio::time::{Instant, sleep};

use crate::failure::Failure;
use crate::output;
use crate::state::{Running, State};

/// How often to look whether it has ended.
const LOOK: Duration = Duration::from_millis(50);

/// How long it may take beyond its open requests.
const GRACE: Duration = Duration::from_secs(5);

/// Stop the gateway that runs in the background. Open requests may finish.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  planoai down\n  planoai down --now    open requests are cut\n\n\
    Exit codes: 0 it is stopped, or was not running; 1 it does not stop.")]
pub(crate) struct Arguments {
    /// Do not wait for open requests
    #[arg(long)]
    now: bool,
}

pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let state = State::usual()?;
    let Some(running) = state.running() else {
        return output::print(b"planoai is not running in the background.\n");
    };
    running.signal(Signal::TERM, "stopped")?;
    if arguments.now {
        // The second signal ends it at once.
        sleep(LOOK).await;
        let _ = running.signal(Signal::TERM, "stopped");
    }
    wait(&state, &running).await?;
    output::print(format!("planoai (pid {}) is stopped.\n", running.pid).as_bytes())
}

async fn wait(state: &State, running: &Running) -> Result<(), Failure> {
    let begun = Instant::now();
    let mut told = false;
    while state.is_held() {
        if begun.elapsed() > Duration::from_secs(running.drain) + GRACE {
            let message = format!("planoai (pid {}) does not stop; end it with `kill -9`", running.pid);
            return Err(Failure::new(message));
        }
        if !told && begun.elapsed() > Duration::from_secs(1) {
            told = true;
            let drain = running.drain;
            let hint =
                format!("Open requests may finish (at most {drain} s; `planoai down --now` cuts them).\n");
            output::print(hint.as_bytes())?;
        }
        sleep(LOOK).await;
    }
    Ok(())
}
