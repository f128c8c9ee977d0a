//! Takes in a request's body: whole, bounded, and not for ever.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use shared::error::{Error, Fault, Kind};
use tokio::time::timeout;

/// How long a body that is too long is read on, so that its client gets to read the answer: a connection closed with
/// bytes unread loses what was written to it.
const LINGER: Duration = Duration::from_secs(2);

/// Below so many bytes a body is copied out of the connection's buffer, which is larger and would stay for its sake.
const SMALL: usize = 4 * 1024;

/// How a body is taken in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Upload {
    /// The most bytes.
    pub(super) limit: usize,
    /// The longest pause between two pieces.
    pub(super) pause: Duration,
    /// Whether the client waits to be told to send it (`Expect: 100-continue`, RFC 9110, section 10.1.1).
    pub(super) expected: bool,
}

impl Upload {
    /// Takes in a body; a large one that came in one piece is kept as it is.
    pub(super) async fn read(self, mut body: Incoming) -> Result<Bytes, Error> {
        let announced = body.size_hint().lower();
        if announced > self.limit as u64 {
            if !self.expected {
                linger(body).await;
            }
            return Err(self.too_large());
        }
        let Some(first) = self.piece(&mut body).await? else { return Ok(Bytes::new()) };
        let Some(second) = self.piece(&mut body).await? else { return self.check(first) };
        let mut whole = BytesMut::with_capacity((announced as usize).max(first.len() + second.len()));
        whole.extend_from_slice(&first);
        let mut next = Some(second);
        while let Some(piece) = next {
            if whole.len() + piece.len() > self.limit {
                linger(body).await;
                return Err(self.too_large());
            }
            whole.extend_from_slice(&piece);
            next = self.piece(&mut body).await?;
        }
        Ok(whole.freeze())
    }

    async fn piece(self, body: &mut Incoming) -> Result<Option<Bytes>, Error> {
        loop {
            let frame = timeout(self.pause, body.frame()).await.map_err(|_| self.too_slow())?;
            match frame.transpose().map_err(|_| broken_off())?.map(|frame| frame.into_data()) {
                Some(Ok(piece)) => return Ok(Some(piece)),
                Some(Err(_)) => continue,
                None => return Ok(None),
            }
        }
    }

    fn check(self, whole: Bytes) -> Result<Bytes, Error> {
        match whole.len() {
            length if length > self.limit => Err(self.too_large()),
            length if length < SMALL => Ok(Bytes::copy_from_slice(&whole)),
            _ => Ok(whole),
        }
    }

    fn too_large(self) -> Error {
        let message = format!("The body is longer than {} bytes.", self.limit);
        Error::new(Fault::Client, Kind::TooLarge, message).with_code("request_too_large")
    }

    fn too_slow(self) -> Error {
        let message = format!("The body paused for more than {} seconds.", self.pause.as_secs_f32());
        Error { status: 408, ..Error::new(Fault::Client, Kind::Timeout, message) }
            .with_code("request_timeout")
    }
}

fn broken_off() -> Error {
    Error::invalid("The body broke off.").with_code("request_cut")
}

async fn linger(mut body: Incoming) {
    let rest = async { while let Some(Ok(_)) = body.frame().await {} };
    let _ = timeout(LINGER, rest).await;
}
