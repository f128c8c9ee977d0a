//! `planoai status`: whether the gateway runs in the background, and where.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::failure::Failure;
use crate::output;
use crate::state::{Running, State};

/// Say whether a gateway runs in the background, and where it listens.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    planoai status\n  \
    planoai status --json | jq -r '.doors[0].address'\n  \
    PLANO_HOME=/tmp/second planoai status    of one with a state folder of its own\n\n\
    Exit codes: 0 it runs; 1 it does not.")]
pub(crate) struct Arguments {
    /// As JSON: the process, its addresses, its configuration, and since when (seconds since 1970)
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    let state = State::usual()?;
    let Some(running) = state.running() else {
        return Err(Failure::new("not running in the background (`planoai up` starts it)"));
    };
    if arguments.json {
        return output::print_json(&running);
    }
    output::print(text(&state, running).as_bytes())
}

fn text(state: &State, running: Running) -> String {
    let mut text = format!("planoai is running (pid {}, for {}).\n", running.pid, since(running.since));
    let mut line = |name: &str, value: String| text.push_str(&format!("  {name:<14}{value}\n"));
    for door in &running.doors {
        line(&door.name, format!("http://{}", door.address));
    }
    let file = running.configuration.map(|file| file.display().to_string());
    line("configuration", file.unwrap_or_else(|| "none: the keys in the environment".to_owned()));
    if let Some(why) = running.refused {
        line("not reloaded", why);
    }
    line("log", state.log().display().to_string());
    text
}

fn since(began: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(began, |time| time.as_secs());
    let minutes = Duration::from_secs(now.saturating_sub(began)).as_secs() / 60;
    match (minutes / 1440, minutes / 60 % 24, minutes % 60) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}
