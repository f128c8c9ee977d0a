//! An answer whose bytes nobody reads on their way.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;

use super::Ending;
use crate::host::{BodyError, Host};
use crate::report::Report;

/// The client's body where it is the provider's: a recording, a file.
///
/// There are no words in it to say that it broke off in. So where the provider's ends with an error this one does, and the
/// host breaks the client's off in HTTP's own way (RFC 9112, section 8; RFC 9113, section 8.1).
///
/// `done` gets the report behind the last byte, or when this is dropped because the client left.
pub struct Passing<H: Host, D: FnOnce(Report)> {
    host: H,
    body: Option<H::Body>,
    account: Option<(Box<Report>, Option<D>)>,
}

impl<H: Host, D: FnOnce(Report)> Passing<H, D> {
    /// Lets `body` pass.
    pub fn new(host: H, body: H::Body, report: Box<Report>, done: Option<D>) -> Passing<H, D> {
        Passing { host, body: Some(body), account: Some((report, done)) }
    }

    fn count(&mut self, piece: &Bytes) {
        if let Some((report, _)) = &mut self.account {
            report.bytes_out += piece.len() as u64;
        }
    }

    fn finish(&mut self, ending: Ending) {
        self.body = None;
        let Some((mut report, done)) = self.account.take() else { return };
        report.close(ending, self.host.now());
        if let Some(done) = done {
            done(*report);
        }
    }
}

// Nothing is pinned: bodies are `Unpin`, and `done` is only moved out.
impl<H: Host, D: FnOnce(Report)> Unpin for Passing<H, D> {}

impl<H: Host, D: FnOnce(Report)> Stream for Passing<H, D> {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let piece = ready!(Pin::new(body).poll_next(context));
        match &piece {
            Some(Ok(piece)) => self.count(piece),
            Some(Err(error)) => self.finish(Ending::Broken(error.0.clone())),
            None => self.finish(Ending::Complete),
        }
        Poll::Ready(piece)
    }
}

/// A client that leaves drops its body and says nothing else.
impl<H: Host, D: FnOnce(Report)> Drop for Passing<H, D> {
    fn drop(&mut self) {
        self.finish(Ending::Abandoned);
    }
}
