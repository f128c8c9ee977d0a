//! Where the gateway in the background leaves what the other commands need: its log, its process, its addresses.
//!
//! It holds a lock on a file for as long as it lives, so that a process id that was left behind misleads nobody.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// The folder of one gateway in the background.
#[derive(Clone, Debug)]
pub(crate) struct State {
    folder: PathBuf,
}

/// What a running gateway says of itself.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Running {
    pub(crate) pid: u32,
    pub(crate) doors: Vec<Address>,
    /// The configuration's file; none for zero configuration.
    pub(crate) configuration: Option<PathBuf>,
    /// Seconds since 1970.
    pub(crate) since: u64,
    /// Seconds that open requests get once it is told to end.
    pub(crate) drain: u64,
    /// How often it was told to read its configuration again, and did or refused to.
    #[serde(default)]
    pub(crate) reloads: u64,
    /// Why it goes on with an older configuration than it was told to read last.
    #[serde(default)]
    pub(crate) refused: Option<String>,
}

impl Running {
    /// Sends the process a signal; `what` says what cannot be done where it cannot be sent.
    pub(crate) fn signal(&self, signal: Signal, what: &str) -> Result<(), Failure> {
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| Failure::new(format!("{} is no process id", self.pid)))?;
        kill_process(pid, signal)
            .map_err(|error| Failure::new(format!("planoai (pid {}) cannot be {what}: {error}", self.pid)))
    }
}

/// One listening address.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Address {
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
}

/// The proof that no other gateway uses the folder. The system takes it back when the process ends, however it ends.
pub(crate) struct Held(#[expect(dead_code, reason = "the lock lasts as long as the file is open")] File);

impl State {
    /// `$PLANO_HOME`, else `$XDG_STATE_HOME/planoai`, else `~/.local/state/planoai`.
    pub(crate) fn usual() -> Result<State, Failure> {
        let folder = variable("PLANO_HOME")
            .or_else(|| Some(variable("XDG_STATE_HOME")?.join("planoai")))
            .or_else(|| Some(variable("HOME")?.join(".local/state/planoai")));
        match folder {
            Some(folder) => State::at(&folder),
            None => Err(Failure::new("there is no place for the log and the process id: set PLANO_HOME")),
        }
    }

    /// The state in `folder`, which is made where it is not there, for this user only.
    pub(crate) fn at(folder: &Path) -> Result<State, Failure> {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|error| Failure::new(format!("cannot use {}: {error}", folder.display())))?;
        Ok(State { folder: folder.to_owned() })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("planoai.log")
    }

    /// A new log; the one of the time before stays beside it.
    pub(crate) fn new_log(&self) -> io::Result<File> {
        let _ = fs::rename(self.log(), self.log().with_extension("log.1"));
        OpenOptions::new().create(true).append(true).mode(0o600).open(self.log())
    }

    /// Takes the folder for this process; `None` where another has it.
    pub(crate) fn hold(&self) -> io::Result<Option<Held>> {
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(self.folder.join("lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Held(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Whether a gateway has the folder.
    pub(crate) fn is_held(&self) -> bool {
        matches!(self.hold(), Ok(None))
    }

    /// The gateway that runs, if one does and has said so.
    pub(crate) fn running(&self) -> Option<Running> {
        self.is_held().then(|| self.announced())?
    }

    /// What was announced last, by whatever process.
    pub(crate) fn announced(&self) -> Option<Running> {
        serde_json::from_slice(&fs::read(self.record()).ok()?).ok()
    }

    /// Says that this process answers.
    pub(crate) fn announce(&self, running: &Running) -> io::Result<()> {
        // Renamed into place, so that nobody reads half of it.
        let draft = self.record().with_extension("new");
        let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(&serde_json::to_vec_pretty(running)?)?;
        fs::rename(draft, self.record())
    }

    fn record(&self) -> PathBuf {
        self.folder.join("running.json")
    }
}

fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}
