//! The four hosts, started as their users start them.

mod envoy;
mod native;
mod spin;
mod worker;

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::client::Question;
use crate::configuration::FAMILIES;
use crate::process::Process;

/// A host of the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Native,
    Envoy,
    Worker,
    Spin,
}

/// A running host; it ends when it is dropped.
pub struct Host {
    pub kind: Kind,
    pub address: SocketAddr,
    process: Process,
    // Dropped after the process that uses it.
    _folder: Folder,
}

impl Kind {
    /// Its word in accounts and reports.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Native => "native",
            Kind::Envoy => "envoy",
            Kind::Worker => "worker",
            Kind::Spin => "spin",
        }
    }

    /// The environment variables without which it cannot be started.
    fn needs(self) -> &'static [&'static str] {
        match self {
            Kind::Native => &[],
            Kind::Envoy => &["PLANO_PLANOAI", "PLANO_ENVOY", "PLANO_FILTER_WASM"],
            Kind::Worker => &["PLANO_PLANOAI", "PLANO_NODE", "PLANO_WRANGLER", "PLANO_WORKER_DIR"],
            Kind::Spin => &["PLANO_PLANOAI", "PLANO_SPIN_WASM", "PLANO_SPIN_HOST"],
        }
    }

    /// Whether its programs are not there; says which.
    pub fn is_missing(self) -> bool {
        crate::tools::missing(self.name(), self.needs())
    }

    /// Starts the host in front of providers at `provider` and waits until it answers. Its configuration is for a port to
    /// listen on and the providers' address.
    ///
    /// # Panics
    /// With the host's own words where it does not start.
    pub async fn start(
        self,
        provider: SocketAddr,
        configuration: impl Fn(u16, SocketAddr) -> String,
    ) -> Host {
        let start = |place: &Place<'_>| match self {
            Kind::Native => native::start(place),
            Kind::Envoy => envoy::start(place, |_| {}),
            Kind::Worker => worker::start(place, |shim| shim),
            Kind::Spin => spin::start(place),
        };
        self.start_by(provider, configuration, start).await
    }

    /// The same for Envoy, whose bootstrap is changed before, as whoever runs it may.
    ///
    /// # Panics
    /// With Envoy's own words where it does not start.
    pub async fn start_envoy(
        provider: SocketAddr,
        configuration: impl Fn(u16, SocketAddr) -> String,
        change: impl Fn(&mut Value),
    ) -> Host {
        Kind::Envoy.start_by(provider, configuration, |place| envoy::start(place, change)).await
    }

    /// The same for the Worker, whose shim is changed before, to have in it what goes wrong.
    ///
    /// # Panics
    /// With wrangler's own words where it does not start.
    pub async fn start_worker(
        provider: SocketAddr,
        configuration: impl Fn(u16, SocketAddr) -> String,
        change: impl Fn(String) -> String,
    ) -> Host {
        Kind::Worker.start_by(provider, configuration, |place| worker::start(place, &change)).await
    }

    async fn start_by(
        self,
        provider: SocketAddr,
        configuration: impl Fn(u16, SocketAddr) -> String,
        start: impl FnOnce(&Place<'_>) -> Process,
    ) -> Host {
        let folder = Folder::new(self.name());
        let port = free_port();
        let file = folder.path().join("config.yaml");
        std::fs::write(&file, configuration(port, provider)).expect("a temporary file can be written");
        let place = Place { folder: folder.path(), file: &file, port, provider };
        let process = start(&place);
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let mut host = Host { kind: self, address, process, _folder: folder };
        host.process.wait_until(|| is_healthy(address)).await;
        host
    }
}

impl Host {
    /// What the host has said so far.
    pub fn output(&self) -> String {
        self.process.output()
    }

    /// The bytes of memory that its process has now.
    ///
    /// # Panics
    /// Where the system does not tell.
    pub fn memory(&self) -> u64 {
        self.process.memory()
    }

    /// Asks the host to end, as whoever runs it does, and waits until it has.
    pub fn stop(&mut self) {
        self.process.terminate();
    }
}

/// What a host is started with.
struct Place<'p> {
    /// For whatever files it needs; gone when the host is.
    folder: &'p Path,
    /// The configuration.
    file: &'p Path,
    /// Where to listen.
    port: u16,
    provider: SocketAddr,
}

/// Gives a program the providers' keys.
fn with_keys(command: &mut Command) -> &mut Command {
    command.envs(FAMILIES.iter().map(|family| family.key))
}

/// Runs a program to its end.
///
/// # Panics
/// With its output where it fails.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?} failed:\n{said}{}",
        String::from_utf8_lossy(&output.stdout)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

async fn is_healthy(address: SocketAddr) -> bool {
    Question::get("/healthz").ask(address).await.is_ok_and(|answer| answer.status == 200)
}

/// A port that nobody listens on now.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("a listener has an address").port()
}

/// A temporary folder, removed when it is dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Folder {
        let unique = format!("plano-{name}-{}-{}", std::process::id(), free_port());
        let path = std::env::temp_dir().join(unique);
        std::fs::create_dir_all(&path).expect("the temporary folder can be written to");
        Folder(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left behind is in the system's temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
