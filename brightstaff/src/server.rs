//! Doors, connections, other configurations while it runs, draining.

mod backend;
mod body;
mod connection;
mod defect;
mod door;
mod doors;
mod guard;
mod shows;
mod sips;
mod surface;
mod upload;

use std::fmt;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use shared::gateway::Gateway;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use crate::accounts::Environment;
use crate::native::{Native, TrustError};
use doors::{Doors, Open};
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
    /// The most connections of clients at a time, over all listeners for models; more wait. Each may need one to a provider
    /// besides, so half of the files that the process may have open are enough.
    pub connections: usize,
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
            connections: Semaphore::MAX_PERMITS,
            environment: Environment::default(),
        }
    }
}

/// A process with its doors open, not yet answering.
pub struct Server {
    settings: Settings,
    doors: Doors,
    backend: Open,
    closing: watch::Sender<bool>,
    orders: (mpsc::Sender<Order>, mpsc::Receiver<Order>),
}

/// Gives a process other configurations. Clones are for the same process.
#[derive(Clone)]
pub struct Reloading(mpsc::Sender<Order>);

/// A configuration to go on with, and where to say what came of it.
struct Order {
    gateway: Gateway,
    done: oneshot::Sender<Result<Addresses, StartError>>,
}

/// The names of the doors and where they are; the backend's is the last.
pub type Addresses = Vec<(String, SocketAddr)>;

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
    /// It was told to end before it could go on with another configuration.
    Ending,
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
        let surface = surface_of(gateway, &closing, settings)?;
        let mut doors = Doors::new(settings);
        doors.load(&surface).await?;
        let backend = surface.with_backend(settings.token.as_deref());
        let backend = doors.open_apart(BACKEND, settings.backend, backend).await?;
        Ok(Server { settings: settings.clone(), doors, backend, closing, orders: mpsc::channel(1) })
    }

    /// The names of the doors and where they are; the backend's is the last.
    pub fn addresses(&self) -> Addresses {
        let doors = self.doors.open.iter().chain([&self.backend]);
        doors.map(|door| (door.name.clone(), door.address)).collect()
    }

    /// What gives it other configurations while it runs.
    pub fn reloading(&self) -> Reloading {
        Reloading(self.orders.0.clone())
    }

    /// Answers until `stop`, then takes no more connections and lets open requests finish for a while.
    pub async fn run(mut self, stop: impl Future<Output = ()>) -> Drained {
        self.doors.answer();
        let mut stop = pin!(stop);
        loop {
            tokio::select! {
                biased;
                () = stop.as_mut() => break,
                Some(order) = self.orders.1.recv() => {
                    // Whoever does not wait for it wants it all the same.
                    let _ = order.done.send(self.load(order.gateway).await);
                }
            }
        }
        self.closing.send_replace(true);
        self.backend.close();
        Drained { cut: self.doors.close().await }
    }

    async fn load(&mut self, gateway: Gateway) -> Result<Addresses, StartError> {
        let surface = surface_of(gateway, &self.closing, &self.settings)?;
        self.doors.load(&surface).await?;
        self.doors.answer();
        self.backend.shows.show(surface.with_backend(self.settings.token.as_deref()));
        Ok(self.addresses())
    }
}

impl Reloading {
    /// Lets the process go on with `gateway`: requests that come from now on are answered by it, and those that are open
    /// finish as they began. Doors of listeners that are no more take no connections. Where a new door does not open,
    /// everything stays as it is.
    pub async fn load(&self, gateway: Gateway) -> Result<Addresses, StartError> {
        let (done, came) = oneshot::channel();
        let _ = self.0.send(Order { gateway, done }).await;
        came.await.unwrap_or(Err(StartError::Ending))
    }
}

fn surface_of(
    gateway: Gateway,
    closing: &watch::Sender<bool>,
    settings: &Settings,
) -> Result<Arc<Surface>, StartError> {
    let native = Native::new(&gateway, &settings.environment).map_err(StartError::Trust)?;
    Ok(Surface::new(Arc::new(gateway), native, closing.subscribe(), settings))
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
            StartError::Ending => f.write_str("it is being stopped"),
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
