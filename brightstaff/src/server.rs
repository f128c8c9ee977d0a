//! Doors, connections, draining.

mod backend;
mod body;
mod connection;
mod door;
mod surface;
mod upload;

use std::fmt;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use shared::gateway::{Gateway, ListenerKind};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::accounts::Environment;
use crate::native::{Native, TrustError};
use door::Door;
use surface::Surface;

/// The port of the backend's API, as in Plano.
pub const BACKEND_PORT: u16 = 9091;

/// What a process is told besides its configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the backend's API listens.
    pub backend: SocketAddr,
    /// What callers of the backend's API must show. Off loopback there must be one.
    pub token: Option<String>,
    /// How long open requests may go on once the process is told to end.
    pub drain: Duration,
    /// How long a client may take for a request's head, an idle connection included.
    pub head: Duration,
    /// How long a client may pause within a request's body.
    pub pause: Duration,
    /// The variables by which accounts in clouds are found.
    pub environment: Environment,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            backend: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), BACKEND_PORT),
            token: None,
            drain: Duration::from_secs(30),
            head: Duration::from_secs(60),
            pause: Duration::from_secs(30),
            environment: Environment::default(),
        }
    }
}

/// A process with its doors open, not yet answering.
pub struct Server {
    doors: Vec<Door>,
    drain: Duration,
    closing: watch::Sender<bool>,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    /// Connections that still had requests when the time was up.
    pub cut: usize,
}

/// Why a process does not start.
#[derive(Debug)]
pub enum StartError {
    /// Somebody else listens there, or may not be listened there.
    Door {
        name: String,
        address: SocketAddr,
        source: std::io::Error,
    },
    /// The backend's API would be open to the network, and to everybody.
    Exposed(SocketAddr),
    Trust(TrustError),
}

/// What the door of the backend's API is called.
const BACKEND: &str = "brightstaff";

impl Server {
    /// Opens a door for each listener of the configuration and one for the backend's API.
    pub async fn bind(gateway: Gateway, settings: &Settings) -> Result<Server, StartError> {
        if settings.token.is_none() && !settings.backend.ip().is_loopback() {
            return Err(StartError::Exposed(settings.backend));
        }
        let (closing, _) = watch::channel(false);
        let native = Native::new(&gateway, &settings.environment).map_err(StartError::Trust)?;
        let surface = Surface::new(Arc::new(gateway), native, closing.subscribe(), settings);
        let mut doors = Vec::new();
        let listeners = surface.gateway.listeners.iter();
        for listener in listeners.filter(|listener| listener.kind == ListenerKind::Model) {
            let address = SocketAddr::new(listener.address, listener.port);
            doors.push(Door::open(&listener.name, address, surface.clone(), settings.head).await?);
        }
        let backend = surface.with_backend(settings.token.as_deref());
        doors.push(Door::open(BACKEND, settings.backend, backend, settings.head).await?);
        Ok(Server { doors, drain: settings.drain, closing })
    }

    /// The names of the doors and where they are; the backend's is the last.
    pub fn addresses(&self) -> Vec<(String, SocketAddr)> {
        self.doors.iter().map(|door| (door.name.clone(), door.address)).collect()
    }

    /// Answers until `stop`, then takes no more connections and lets open requests finish for a while.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Drained {
        let mut doors = JoinSet::new();
        for door in self.doors {
            doors.spawn(door.answer(self.closing.subscribe(), self.drain));
        }
        stop.await;
        self.closing.send_replace(true);
        Drained { cut: doors.join_all().await.into_iter().sum() }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Door { name, address, source } => {
                write!(
                    f,
                    "the listener `{name}` cannot listen on {address}: {source}{}",
                    hint(name, *address, source)
                )
            }
            StartError::Exposed(address) => write!(
                f,
                "brightstaff's API would be open to the network on {address}: set PLANO_BACKEND_TOKEN, \
                 the bearer token that callers must send, or BIND_ADDRESS to a loopback address"
            ),
            StartError::Trust(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StartError {}

/// What to do about a door that does not open.
fn hint(name: &str, address: SocketAddr, error: &std::io::Error) -> String {
    let port = address.port();
    let other = if name == BACKEND { "BIND_ADDRESS" } else { "The listener's `port`" };
    match error.kind() {
        std::io::ErrorKind::AddrInUse => format!(
            "\nAnother planoai may hold it (`planoai status`, `planoai down`), or another program \
             (`lsof -i :{port}` or `ss -ltnp 'sport = :{port}'` names it). {other} says another place."
        ),
        std::io::ErrorKind::PermissionDenied => "\nPorts below 1024 need privileges.".to_owned(),
        std::io::ErrorKind::AddrNotAvailable => "\nNo network interface has this address.".to_owned(),
        _ => String::new(),
    }
}
