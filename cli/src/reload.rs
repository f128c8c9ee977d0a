//! `planoai reload`: has the gateway in the background read its configuration again.

use std::time::Duration;

use rustix::process::Signal;
use tokio::time::{Instant, sleep};

use crate::failure::Failure;
use crate::output;
use crate::state::{Running, State};

/// How often to look whether it has.
const LOOK: Duration = Duration::from_millis(20);

/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Have the gateway in the background read its configuration again
///
/// No connection is dropped: open requests finish with the configuration they began with. A configuration that cannot be
/// used changes nothing, and what is wrong with it is said here. The variables are those that the gateway was started with.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    planoai check && planoai reload\n  \
    kill -HUP $(pidof planoai)    the same for one in the foreground; what came of it is in its log\n\n\
    Exit codes: 0 it goes on with the new configuration; 1 none runs, or it does not answer; 78 the new one cannot be used.")]
pub(crate) struct Arguments {}

pub(crate) async fn run(Arguments {}: Arguments) -> Result<(), Failure> {
    let state = State::usual()?;
    let Some(before) = state.running() else {
        return Err(Failure::new("not running in the background (`planoai up` starts it)"));
    };
    before.signal(Signal::HUP, "told to reload")?;
    let running = wait(&state, &before).await?;
    match running.refused {
        Some(why) => Err(Failure::configuration(why)),
        None => output::print(
            format!("planoai (pid {}) goes on with {}.\n", running.pid, name(&running)).as_bytes(),
        ),
    }
}

async fn wait(state: &State, before: &Running) -> Result<Running, Failure> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(running) = state.running().filter(|running| running.reloads > before.reloads) {
            return Ok(running);
        }
        sleep(LOOK).await;
    }
    Err(Failure::new(format!("planoai (pid {}) does not say whether it did; `planoai logs` may", before.pid)))
}

fn name(running: &Running) -> String {
    let file = running.configuration.as_ref().map(|file| file.display().to_string());
    file.unwrap_or_else(|| "the keys in its environment".to_owned())
}
