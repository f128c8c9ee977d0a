//! Names resolved for addresses that clients name: what is not admitted is not connected to. The connector takes its
//! addresses from here and nowhere else, so between the check and the connection nobody can change them.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hyper_util::client::legacy::connect::dns::{GaiFuture, GaiResolver, Name};
use shared::egress::Egress;
use tower_service::Service;

/// The system's resolver, but for what the egress rules do not admit.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    resolver: GaiResolver,
    egress: Arc<Egress>,
}

impl Guard {
    pub(super) fn new(egress: Egress) -> Guard {
        Guard { resolver: GaiResolver::new(), egress: Arc::new(egress) }
    }
}

impl Service<Name> for Guard {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = Resolving;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.resolver.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, name: Name) -> Resolving {
        Resolving { addresses: self.resolver.call(name), egress: Arc::clone(&self.egress) }
    }
}

/// A name that is being resolved.
pub(super) struct Resolving {
    addresses: GaiFuture,
    egress: Arc<Egress>,
}

impl Future for Resolving {
    type Output = Result<std::vec::IntoIter<SocketAddr>, Box<dyn Error + Send + Sync>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // A name that nobody knows is told like one of a private network, so that nobody learns which there are.
        let Ok(found) = ready!(Pin::new(&mut self.addresses).poll(context)) else {
            return Poll::Ready(Err(NotAdmitted.into()));
        };
        let admitted: Vec<SocketAddr> = found.filter(|address| self.egress.admits(address.ip())).collect();
        if admitted.is_empty() {
            return Poll::Ready(Err(NotAdmitted.into()));
        }
        Poll::Ready(Ok(admitted.into_iter()))
    }
}

/// A name came to no address that may be connected to.
#[derive(Debug)]
struct NotAdmitted;

impl fmt::Display for NotAdmitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no address that may be connected to")
    }
}

impl Error for NotAdmitted {}

/// Whether that is why a connection failed.
pub(super) fn refused(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<NotAdmitted>() {
            return true;
        }
        next = error.source();
    }
    false
}
