//! One listening socket.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::StartError;
use super::connection;
use super::shows::Shows;

/// How long to wait after the system had no room for a connection.
const BREATH: Duration = Duration::from_millis(50);

/// How long a complaint is not repeated.
const PEACE: Duration = Duration::from_secs(10);

/// A listening socket and what it answers.
pub(super) struct Door {
    name: String,
    pub(super) address: SocketAddr,
    socket: TcpListener,
    shows: Arc<Shows>,
    /// Room for connections. Each holds its place in it as long as it is open.
    room: Arc<Semaphore>,
    head: Duration,
    complaint: Complaint,
}

impl Door {
    /// Opens a door; port 0 takes a free one.
    pub(super) async fn open(
        name: &str,
        address: SocketAddr,
        shows: Arc<Shows>,
        room: Arc<Semaphore>,
        head: Duration,
    ) -> Result<Door, StartError> {
        let failed = |source| StartError::Door { name: name.to_owned(), address, source };
        let socket = TcpListener::bind(address).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        Ok(Door {
            name: name.to_owned(),
            address,
            socket,
            shows,
            room,
            head,
            complaint: Complaint::default(),
        })
    }

    /// Takes connections until `closing`, then waits for those that are open, at most for `drain`. Gives how many
    /// were cut.
    pub(super) async fn answer(mut self, mut closing: watch::Receiver<bool>, drain: Duration) -> usize {
        let mut connections = JoinSet::new();
        let connection_closing = closing.clone();
        loop {
            tokio::select! {
                biased;
                _ = closing.wait_for(|closing| *closing) => break,
                // Finished tasks are taken out, or the set would grow for ever.
                Some(_) = connections.join_next() => {}
                (stream, place) = self.accept() => {
                    let shows = Arc::clone(&self.shows);
                    connections.spawn(connection::serve(stream, place, shows, connection_closing.clone(), self.head));
                }
            }
        }
        drop(self.socket);
        let all = async { while connections.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(drain, all).await;
        let cut = connections.len();
        connections.shutdown().await;
        cut
    }

    /// The next connection, once there is room for it. One that fails is its client's loss, and no reason to stop listening.
    async fn accept(&mut self) -> (TcpStream, Option<OwnedSemaphorePermit>) {
        let place = self.place().await;
        loop {
            match self.socket.accept().await {
                Ok((stream, _)) => return (stream, place),
                Err(error) => {
                    if self.complaint.is_due() {
                        tracing::warn!(listener = self.name, %error, "could not take a connection");
                    }
                    sleep(BREATH).await;
                }
            }
        }
    }

    /// A place for a connection. Nobody closes the room, so there always is one some day.
    async fn place(&mut self) -> Option<OwnedSemaphorePermit> {
        if let Ok(place) = Arc::clone(&self.room).try_acquire_owned() {
            return Some(place);
        }
        if self.complaint.is_due() {
            tracing::warn!(
                listener = self.name,
                "as many connections are open as there may be files; more wait"
            );
        }
        Arc::clone(&self.room).acquire_owned().await.ok()
    }
}

/// Says when to complain of what goes on and on.
#[derive(Default)]
struct Complaint {
    last: Option<Instant>,
}

impl Complaint {
    fn is_due(&mut self) -> bool {
        let is_due = self.last.is_none_or(|last| last.elapsed() > PEACE);
        if is_due {
            self.last = Some(Instant::now());
        }
        is_due
    }
}
