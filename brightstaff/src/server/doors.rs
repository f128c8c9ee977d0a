//! The doors of a configuration, and of the next one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use shared::gateway::{Gateway, Listener, ListenerKind};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::door::Door;
use super::shows::Shows;
use super::surface::Surface;
use super::{Settings, StartError};

/// The doors of listeners for models.
pub(super) struct Doors {
    pub(super) open: Vec<Open>,
    /// Doors that do not answer yet.
    waiting: Vec<(Door, watch::Receiver<bool>)>,
    answering: JoinSet<usize>,
    /// Room for connections.
    room: Arc<Semaphore>,
    head: Duration,
    drain: Duration,
}

/// A door as it is seen from outside.
pub(super) struct Open {
    pub(super) name: String,
    /// Where it was to be; port 0 is any.
    wanted: SocketAddr,
    /// Where it is.
    pub(super) address: SocketAddr,
    pub(super) shows: Arc<Shows>,
    closing: watch::Sender<bool>,
}

impl Doors {
    pub(super) fn new(settings: &Settings) -> Doors {
        let Settings { head, drain, connections, .. } = *settings;
        let room = Arc::new(Semaphore::new(connections.clamp(1, Semaphore::MAX_PERMITS)));
        Doors { open: Vec::new(), waiting: Vec::new(), answering: JoinSet::new(), room, head, drain }
    }

    /// Has a door for each listener that `surface` has, and closes those that are for none of them. Where one does not
    /// open, nothing is changed.
    pub(super) async fn load(&mut self, surface: &Arc<Surface>) -> Result<(), StartError> {
        let waiting = self.waiting.len();
        let mut new = Vec::new();
        let all = listeners(&surface.gateway);
        let missing: Vec<_> = all.filter(|listener| self.find(listener).is_none()).collect();
        for listener in missing {
            match self.open(&listener.name, address_of(listener), Arc::clone(surface)).await {
                Ok(door) => new.push(door),
                Err(error) => {
                    self.waiting.truncate(waiting);
                    return Err(error);
                }
            }
        }
        self.open.retain(|door| door.stays(&surface.gateway));
        for door in &mut self.open {
            door.shows.show(Arc::clone(surface));
            let named = listeners(&surface.gateway).find(|listener| door.is_for(listener));
            named.iter().for_each(|listener| door.name.clone_from(&listener.name));
        }
        self.open.extend(new);
        Ok(())
    }

    /// Opens a door that waits for [`Doors::answer`].
    async fn open(
        &mut self,
        name: &str,
        wanted: SocketAddr,
        surface: Arc<Surface>,
    ) -> Result<Open, StartError> {
        self.open_into(Arc::clone(&self.room), name, wanted, surface).await
    }

    /// The same for one that has room when the others have none: whoever asks whether the process is alive comes through it.
    pub(super) async fn open_apart(
        &mut self,
        name: &str,
        wanted: SocketAddr,
        surface: Arc<Surface>,
    ) -> Result<Open, StartError> {
        self.open_into(Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)), name, wanted, surface).await
    }

    async fn open_into(
        &mut self,
        room: Arc<Semaphore>,
        name: &str,
        wanted: SocketAddr,
        surface: Arc<Surface>,
    ) -> Result<Open, StartError> {
        let shows = Arc::new(Shows::new(surface));
        let door = Door::open(name, wanted, Arc::clone(&shows), room, self.head).await?;
        let (closing, closed) = watch::channel(false);
        let open = Open { name: name.to_owned(), wanted, address: door.address, shows, closing };
        self.waiting.push((door, closed));
        Ok(open)
    }

    /// Lets the doors answer that do not yet.
    pub(super) fn answer(&mut self) {
        for (door, closed) in self.waiting.drain(..) {
            self.answering.spawn(door.answer(closed, self.drain));
        }
    }

    /// Closes all doors and waits for what is behind them. Gives how many connections were cut, behind those that were
    /// closed before, too.
    pub(super) async fn close(self) -> usize {
        self.open.iter().for_each(Open::close);
        self.answering.join_all().await.into_iter().sum()
    }

    fn find(&self, listener: &Listener) -> Option<&Open> {
        self.open.iter().find(|door| door.is_for(listener))
    }
}

impl Open {
    /// Takes no more connections, and lets open requests finish.
    pub(super) fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Whether it is at this listener's place. Of several in any free place each is told by its name.
    fn is_for(&self, listener: &Listener) -> bool {
        self.wanted == address_of(listener) && (listener.port != 0 || self.name == listener.name)
    }

    /// Whether a configuration has a listener for it. If not, it is closed.
    fn stays(&self, gateway: &Gateway) -> bool {
        let stays = listeners(gateway).any(|listener| self.is_for(listener));
        if !stays {
            self.close();
        }
        stays
    }
}

fn listeners(gateway: &Gateway) -> impl Iterator<Item = &Listener> {
    gateway.listeners.iter().filter(|listener| listener.kind == ListenerKind::Model)
}

fn address_of(listener: &Listener) -> SocketAddr {
    SocketAddr::new(listener.address, listener.port)
}
