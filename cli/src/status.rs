//! `planoai status`: whether the gateway runs in the background, and where.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::failure::Failure;
use crate::state::State;

/// Say whether a gateway runs in the background, and where it listens.
#[derive(clap::Args)]
#[command(after_help = "Exit codes: 0 it runs; 1 it does not.")]
pub(crate) struct Arguments {}

pub(crate) fn run(_: Arguments) -> Result<(), Failure> {
    let state = State::usual()?;
    let Some(running) = state.running() else {
        return Err(Failure::new("not running in the background (`planoai up` starts it)"));
    };
    println!("planoai is running (pid {}, for {}).", running.pid, since(running.since));
    for door in &running.doors {
        println!("  {:<14}http://{}", door.name, door.address);
    }
    let file = running.configuration.map(|file| file.display().to_string());
    println!("  {:<14}{}", "configuration", file.as_deref().unwrap_or("none: the keys in the environment"));
    println!("  {:<14}{}", "log", state.log().display());
    Ok(())
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
