//! A connection that is read a little at a time.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf, Take};
use tokio::net::TcpStream;

/// The most bytes of a read. hyper doubles its buffer when a read fills it, up to the longest head, and never gives that
/// back: a large request would hold 64 KB for as long as its answer streams. One byte below a power of two the buffer
/// stays at that.
const SIP: u64 = 16 * 1024 - 1;

/// A connection's socket, from which no read brings more than [`SIP`].
pub(super) struct Sips(Take<TcpStream>);

impl Sips {
    pub(super) fn new(stream: TcpStream) -> Sips {
        Sips(stream.take(SIP))
    }

    pub(super) fn into_inner(self) -> TcpStream {
        self.0.into_inner()
    }

    fn stream(&mut self) -> Pin<&mut TcpStream> {
        Pin::new(self.0.get_mut())
    }
}

impl AsyncRead for Sips {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.0.set_limit(SIP);
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Sips {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream().poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream().poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.get_ref().is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn everything_is_read_and_nothing_fills_the_buffer() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let mut sips = Sips::new(listener.accept().await.unwrap().0);
        let sent: Vec<u8> = (0..300_000u32).map(|number| number as u8).collect();
        let sending = sent.clone();
        let writer = tokio::spawn(async move {
            client.write_all(&sending).await.unwrap();
            client.shutdown().await.unwrap();
        });
        let (mut came, mut largest) = (Vec::new(), 0);
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let count = sips.read(&mut buffer).await.unwrap();
            largest = largest.max(count);
            came.extend_from_slice(&buffer[..count]);
            if count == 0 {
                break;
            }
        }
        writer.await.unwrap();
        assert!(came == sent && largest < 16 * 1024, "{} bytes, {largest} at once", came.len());
    }
}
