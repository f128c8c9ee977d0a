//! A relay driven as a stream, for hosts whose bodies are streams.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;

use super::{Ending, Relay};
use crate::host::Host;
use crate::report::Report;

/// The client's body: pulls the provider's through a [`Relay`], only as fast as it is itself pulled.
///
/// `done` gets the report when the last byte is out, or when the pump is dropped because the client left. Dropping it
/// closes the provider's body.
pub struct Pump<H: Host, D: FnOnce(Report)> {
    host: H,
    body: Option<H::Body>,
    relay: Option<(Relay, D)>,
    out: BytesMut,
}

impl<H: Host, D: FnOnce(Report)> Pump<H, D> {
    /// A pump from `body` through `relay`.
    pub fn new(host: H, body: H::Body, relay: Relay, done: D) -> Pump<H, D> {
        Pump { host, body: Some(body), relay: Some((relay, done)), out: BytesMut::new() }
    }

    fn push(&mut self, piece: &[u8]) {
        let now = self.host.now();
        let Some((relay, _)) = &mut self.relay else { return };
        relay.push(piece, now, &mut self.out);
        if relay.is_over() {
            self.finish(Ending::Complete);
        }
    }

    fn finish(&mut self, ending: Ending) {
        self.body = None;
        let Some((relay, done)) = self.relay.take() else { return };
        done(relay.finish(ending, self.host.now(), &mut self.out));
    }
}

// Nothing in a pump is pinned: bodies are `Unpin`, and `done` is only moved out.
impl<H: Host, D: FnOnce(Report)> Unpin for Pump<H, D> {}

impl<H: Host, D: FnOnce(Report)> Stream for Pump<H, D> {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let pump = &mut *self;
        while pump.out.is_empty() {
            let Some(body) = &mut pump.body else { return Poll::Ready(None) };
            match Pin::new(body).poll_next(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(piece))) => pump.push(&piece),
                Poll::Ready(Some(Err(error))) => pump.finish(Ending::Broken(error.0)),
                Poll::Ready(None) => pump.finish(Ending::Complete),
            }
        }
        Poll::Ready(Some(pump.out.split().freeze()))
    }
}

/// A client that leaves drops its body and says nothing else, so this is the only place where its report can be closed.
impl<H: Host, D: FnOnce(Report)> Drop for Pump<H, D> {
    fn drop(&mut self) {
        self.finish(Ending::Abandoned);
    }
}
