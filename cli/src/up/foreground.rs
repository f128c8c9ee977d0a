//! The gateway in this process, until SIGTERM or SIGINT.

use std::future::Future;
use std::io::IsTerminal;
use std::process;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use brightstaff::configuration::Host;
use brightstaff::{Drained, Server, StartError};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Arguments, banner, open_files};
use crate::configuration::Configuration;
use crate::failure::Failure;
use crate::settings;
use crate::state::{Address, Held, Running, State};

/// How often, and after which pauses, the folder is tried.
const HOLD_TRIES: u32 = 10;
const HOLD_PAUSE: Duration = Duration::from_millis(20);

pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let log = brightstaff::log::start(settings::log_filter()?.as_deref(), std::io::stderr())
        .map_err(|error| Failure::new(format!("the log cannot be started: {error}")))?;
    open_files::raise();
    let done = serve(&arguments).await;
    log.flush();
    done
}

async fn serve(arguments: &Arguments) -> Result<(), Failure> {
    let state = arguments.state.as_deref().map(State::at).transpose()?;
    let _held = match &state {
        Some(state) => Some(hold(state).await?),
        None => None,
    };
    let configuration = arguments.configuration()?;
    let settings = settings::read(arguments.drain())?;
    // From here on a signal is not lost, also one that comes before the first request.
    let (once, twice) = (signalled(1)?, signalled(2)?);
    let gateway = configuration.open()?;
    let server = Server::bind(gateway, &settings).await.map_err(unstarted)?;
    let running = running(arguments, &configuration, &server);
    introduce(&running, &configuration);
    if let Some(state) = &state {
        let told = state.announce(&running);
        told.map_err(|error| Failure::new(format!("cannot write to {}: {error}", state.folder().display())))?;
    }
    tokio::select! {
        drained = server.run(once) => farewell(drained),
        () = twice => tracing::warn!("stopped at once"),
    }
    Ok(())
}

/// Takes the folder. Whoever only asks whether it is taken holds it for a moment, too, so that is tried more than once.
async fn hold(state: &State) -> Result<Held, Failure> {
    for _ in 0..HOLD_TRIES {
        let held = state.hold();
        let held = held.map_err(|error| Failure::new(format!("{}: {error}", state.folder().display())))?;
        if let Some(held) = held {
            return Ok(held);
        }
        tokio::time::sleep(HOLD_PAUSE).await;
    }
    Err(Failure::new("already running"))
}

fn running(arguments: &Arguments, configuration: &Configuration, server: &Server) -> Running {
    let address = |(name, address)| Address { name, address };
    Running {
        pid: process::id(),
        doors: server.addresses().into_iter().map(address).collect(),
        configuration: configuration.file.as_ref().map(|file| file.canonicalize().unwrap_or(file.clone())),
        since: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs()),
        drain: arguments.drain,
    }
}

/// An address may be free in a moment; another start helps nothing where the configuration names what is of no use.
fn unstarted(error: StartError) -> Failure {
    match error {
        StartError::Trust(_) => Failure::configuration(error.to_string()),
        StartError::Door { .. } | StartError::Exposed(_) => Failure::new(error.to_string()),
    }
}

/// A terminal gets the banner; a file, a service manager and whoever collects logs get lines like all the others.
fn introduce(running: &Running, configuration: &Configuration) {
    if std::io::stderr().is_terminal() {
        eprint!("{}", banner::Banner { running, configuration, log: None });
        return;
    }
    for door in &running.doors {
        tracing::info!(listener = door.name, address = %door.address, "listening");
    }
    for notice in configuration.notices(Host::Native) {
        tracing::warn!("{notice}");
    }
}

/// Waits for so many signals to stop.
fn signalled(times: u32) -> Result<impl Future<Output = ()>, Failure> {
    let listen = |kind| signal(kind).map_err(|error| Failure::new(format!("no signals: {error}")));
    let mut terminate: Signal = listen(SignalKind::terminate())?;
    let mut interrupt = listen(SignalKind::interrupt())?;
    // A terminal that is closed takes nothing down that was started in the background.
    let mut hangup = listen(SignalKind::hangup())?;
    Ok(async move {
        let mut left = times;
        while left > 0 {
            tokio::select! {
                _ = terminate.recv() => left -= 1,
                _ = interrupt.recv() => left -= 1,
                _ = hangup.recv() => {}
            }
        }
    })
}

fn farewell(drained: Drained) {
    match drained.cut {
        0 => tracing::info!("stopped"),
        cut => tracing::warn!(connections = cut, "stopped; some requests took too long and were cut"),
    }
}
