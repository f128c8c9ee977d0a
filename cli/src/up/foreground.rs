//! The gateway in this process, until SIGTERM or SIGINT. SIGHUP has it read its configuration again.

use std::future::Future;
use std::io::IsTerminal;
use std::process;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use brightstaff::configuration::Host;
use brightstaff::server::Addresses;
use brightstaff::{Drained, Reloading, Server, Settings, StartError};
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
    let settings = Settings { connections: open_files::connections(), ..settings::read(arguments.drain())? };
    // From here on a signal is not lost, also one that comes before the first request.
    let (once, twice, hangups) = (signalled(1)?, signalled(2)?, listen(SignalKind::hangup())?);
    let gateway = configuration.open()?;
    let server = Server::bind(gateway, &settings).await.map_err(unstarted)?;
    let running = running(arguments, &configuration, server.addresses());
    introduce(&running, &configuration);
    let mut process = Process { arguments, state, running, reloading: server.reloading() };
    process.announce()?;
    tokio::select! {
        drained = server.run(once) => farewell(drained),
        () = twice => tracing::warn!("stopped at once"),
        () = process.reload_on(hangups) => {}
    }
    Ok(())
}

/// What is known of this process while it answers.
struct Process<'a> {
    arguments: &'a Arguments,
    state: Option<State>,
    running: Running,
    reloading: Reloading,
}

impl Process<'_> {
    fn announce(&self) -> Result<(), Failure> {
        let Some(state) = &self.state else { return Ok(()) };
        let told = state.announce(&self.running);
        told.map_err(|error| Failure::new(format!("cannot write to {}: {error}", state.folder().display())))
    }

    /// Reads the configuration again whenever it is told to, for ever. One that is of no use is left where it is.
    async fn reload_on(&mut self, mut hangups: Signal) {
        while hangups.recv().await.is_some() {
            let refused = self.reload().await.err().map(|failure| failure.message().to_owned());
            if let Some(why) = &refused {
                tracing::error!(error = why, "the configuration stays as it was: the new one cannot be used");
            }
            self.running.refused = refused;
            self.running.reloads += 1;
            if let Err(failure) = self.announce() {
                tracing::warn!("{}", failure.message());
            }
        }
    }

    async fn reload(&mut self) -> Result<(), Failure> {
        let configuration = self.arguments.configuration()?;
        let doors = self.reloading.load(configuration.open()?).await.map_err(unstarted)?;
        let Running { since, reloads, .. } = self.running;
        self.running = Running { since, reloads, ..running(self.arguments, &configuration, doors) };
        tracing::info!(configuration = configuration.name(), "reloaded");
        log(&self.running, &configuration);
        Ok(())
    }
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

fn running(arguments: &Arguments, configuration: &Configuration, doors: Addresses) -> Running {
    let address = |(name, address)| Address { name, address };
    Running {
        pid: process::id(),
        doors: doors.into_iter().map(address).collect(),
        configuration: configuration.file.as_ref().map(|file| file.canonicalize().unwrap_or(file.clone())),
        since: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs()),
        drain: arguments.drain,
        reloads: 0,
        refused: None,
    }
}

/// An address may be free in a moment; another start helps nothing where the configuration names what is of no use.
fn unstarted(error: StartError) -> Failure {
    match error {
        StartError::Trust(_) => Failure::configuration(error.to_string()),
        StartError::Door { .. } | StartError::Exposed(_) | StartError::Ending => {
            Failure::new(error.to_string())
        }
    }
}

/// A terminal gets the banner; a file, a service manager and whoever collects logs get lines like all the others.
fn introduce(running: &Running, configuration: &Configuration) {
    if std::io::stderr().is_terminal() {
        eprint!("{}", banner::Banner { running, configuration, log: None });
        return;
    }
    log(running, configuration);
}

fn log(running: &Running, configuration: &Configuration) {
    for door in &running.doors {
        tracing::info!(listener = door.name, address = %door.address, "listening");
    }
    for notice in configuration.notices(Host::Native) {
        tracing::warn!("{notice}");
    }
}

/// Waits for so many signals to stop.
fn signalled(times: u32) -> Result<impl Future<Output = ()>, Failure> {
    let mut terminate = listen(SignalKind::terminate())?;
    let mut interrupt = listen(SignalKind::interrupt())?;
    Ok(async move {
        for _ in 0..times {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
    })
}

fn listen(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|error| Failure::new(format!("no signals: {error}")))
}

fn farewell(drained: Drained) {
    match drained.cut {
        0 => tracing::info!("stopped"),
        cut => tracing::warn!(connections = cut, "stopped; some requests took too long and were cut"),
    }
}
