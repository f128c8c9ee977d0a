//! A relay driven as a stream, for hosts whose bodies are streams.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;

use super::{Ending, Relay};
use crate::host::Host;
use crate::report::Report;
use crate::timestamp::Timestamp;

/// The client's body: pulls the provider's through a [`Relay`], only as fast as it is itself pulled.
///
/// `done` gets the report when the last byte is out, or when the pump is dropped because the client left. Dropping it
/// closes the provider's body. A client that gets nothing for a while gets a sign of life.
pub struct Pump<H: Host, D: FnOnce(Report)> {
    host: H,
    body: Option<H::Body>,
    relay: Option<(Relay, Option<D>)>,
    out: BytesMut,
    /// After which silence a sign of life is given.
    keep_alive: Option<Duration>,
    /// Rings when the silence may be long enough. It is not set anew for each piece: `spoke` tells when it rings.
    alarm: Option<H::Sleep>,
    /// When the client got something last.
    spoke: Timestamp,
}

impl<H: Host, D: FnOnce(Report)> Pump<H, D> {
    /// A pump from `body` through `relay`, with a sign of life after each silence of `keep_alive`. The client got something
    /// last when it `spoke`.
    pub fn new(
        host: H,
        body: H::Body,
        relay: Relay,
        keep_alive: Option<Duration>,
        spoke: Timestamp,
        done: Option<D>,
    ) -> Pump<H, D> {
        let (body, relay) = (Some(body), Some((relay, done)));
        Pump { host, body, relay, out: BytesMut::new(), keep_alive, alarm: None, spoke }
    }

    fn push(&mut self, piece: &[u8]) {
        let now = self.host.now();
        let Some((relay, _)) = &mut self.relay else { return };
        relay.push(piece, now, &mut self.out);
        if !self.out.is_empty() {
            self.spoke = now;
        }
        if relay.is_over() {
            self.finish(Ending::Complete);
        }
    }

    fn finish(&mut self, ending: Ending) {
        self.body = None;
        let Some((relay, done)) = self.relay.take() else { return };
        let report = relay.finish(ending, self.host.now(), &mut self.out);
        if let Some(done) = done {
            done(report);
        }
    }

    /// Waits for the silence to be long enough, and breaks it.
    fn poll_silence(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let (Some(time), Some((relay, _))) = (self.keep_alive, &self.relay) else { return Poll::Pending };
        if !relay.may_be_interrupted() {
            return Poll::Pending;
        }
        loop {
            let alarm = match &mut self.alarm {
                Some(alarm) => alarm,
                None => {
                    let now = self.host.now();
                    let rest = time.saturating_sub(Duration::from_micros(now.since(self.spoke)));
                    if rest.is_zero() {
                        self.out.extend_from_slice(relay.ping());
                        self.spoke = now;
                        return Poll::Ready(());
                    }
                    self.alarm.insert(self.host.sleep(rest))
                }
            };
            ready!(Pin::new(alarm).poll(context));
            self.alarm = None;
        }
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
                Poll::Pending => ready!(pump.poll_silence(context)),
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
