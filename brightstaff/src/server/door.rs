//! One listening socket.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::StartError;
use super::connection;
use super::surface::Surface;

/// How long to wait after the system had no room for a connection.
const BREATH: Duration = Duration::from_millis(50);

/// A listening socket and what it answers.
pub(super) struct Door {
    pub(super) name: String,
    pub(super) address: SocketAddr,
    socket: TcpListener,
    surface: Arc<Surface>,
    head: Duration,
}

impl Door {
    /// Opens a door; port 0 takes a free one.
    pub(super) async fn open(
        name: &str,
        address: SocketAddr,
        surface: Arc<Surface>,
        head: Duration,
    ) -> Result<Door, StartError> {
        let failed = |source| StartError::Door { name: name.to_owned(), address, source };
        let socket = TcpListener::bind(address).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        Ok(Door { name: name.to_owned(), address, socket, surface, head })
    }

    /// Takes connections until `closing`, then waits for those that are open, at most for `drain`. Gives how many
    /// were cut.
    pub(super) async fn answer(self, mut closing: watch::Receiver<bool>, drain: Duration) -> usize {
        let mut connections = JoinSet::new();
        let connection_closing = closing.clone();
        loop {
            tokio::select! {
                biased;
                _ = closing.wait_for(|closing| *closing) => break,
                // Finished tasks are taken out, or the set would grow for ever.
                Some(_) = connections.join_next() => {}
                stream = self.accept() => {
                    let surface = Arc::clone(&self.surface);
                    connections.spawn(connection::serve(stream, surface, connection_closing.clone(), self.head));
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

    /// The next connection. One that fails is its client's loss, and no reason to stop listening.
    async fn accept(&self) -> TcpStream {
        loop {
            match self.socket.accept().await {
                Ok((stream, _)) => return stream,
                Err(error) => {
                    tracing::warn!(listener = self.name, %error, "could not take a connection");
                    tokio::time::sleep(BREATH).await;
                }
            }
        }
    }
}
