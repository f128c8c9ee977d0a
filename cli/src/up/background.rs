//! The gateway as a process of its own, that outlives the command.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{Arguments, banner};
use crate::failure::Failure;
use crate::state::{Running, State};
use crate::{logs, output, settings};

/// How long a process may take until it answers.
const START: Duration = Duration::from_secs(30);

/// How often to look whether it does.
const LOOK: Duration = Duration::from_millis(20);

/// How much of the log of one that died is shown.
const LAST_WORDS: usize = 20;

pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let state = State::usual()?;
    if state.is_held() {
        return Err(already(&state));
    }
    // Read here too, so that what is wrong is said at once and without a log.
    let configuration = arguments.configuration()?;
    configuration.open()?;
    settings::read(arguments.drain())?;
    settings::log_filter()?;
    let mut child = start(&arguments, &state)?;
    let running = wait(&mut child, &state).await?;
    let banner = banner::Banner { running: &running, configuration: &configuration, log: Some(&state.log()) };
    output::print(banner.to_string().as_bytes())
}

fn already(state: &State) -> Failure {
    let pid = state.running().map(|running| format!(" (pid {})", running.pid)).unwrap_or_default();
    Failure::new(format!("already running{pid}; `planoai status` says where, `planoai down` stops it"))
}

fn start(arguments: &Arguments, state: &State) -> Result<Child, Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("the gateway cannot be started: {error}"));
    let log = state.new_log().map_err(failed)?;
    let mut command = Command::new(std::env::current_exe().map_err(failed)?);
    command.arg("up").args(&arguments.file).arg("--foreground").arg("--state").arg(state.folder());
    if let Some(port) = arguments.listener_port {
        command.args(["--listener-port", &port.to_string()]);
    }
    command.args(["--drain", &arguments.drain.to_string()]);
    command.stdin(Stdio::null()).stdout(log.try_clone().map_err(failed)?).stderr(log);
    // A group of its own: Ctrl-C in this terminal is not meant for it.
    command.process_group(0).spawn().map_err(failed)
}

/// Waits until the process answers, or says why it does not.
async fn wait(child: &mut Child, state: &State) -> Result<Running, Failure> {
    let begun = Instant::now();
    while begun.elapsed() < START {
        if let Some(running) = state.announced().filter(|running| running.pid == child.id()) {
            return Ok(running);
        }
        if let Ok(Some(status)) = child.try_wait() {
            return Err(Failure::of_process(last_words(state), status.code()));
        }
        sleep(LOOK).await;
    }
    let _ = child.kill();
    Err(Failure::new(format!("no answer within {} s\n{}", START.as_secs(), last_words(state))))
}

fn last_words(state: &State) -> String {
    let tail = std::fs::File::open(state.log()).and_then(|mut file| logs::tail(&mut file, LAST_WORDS));
    let tail = tail.map(|tail| String::from_utf8_lossy(&tail).into_owned()).unwrap_or_default();
    format!("the gateway did not start; the end of {}:\n{tail}", state.log().display())
}
