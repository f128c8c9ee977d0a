//! One connection that is kept: HTTP/1.1 by hand, for a client that costs little measures much.

use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::answer::{Body, Head};

/// A connection to a target, made when it is needed.
pub struct Connection {
    address: SocketAddr,
    stream: Option<TcpStream>,
    buffer: BytesMut,
}

/// An answer that was read to its end.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    pub status: u16,
    /// Bytes of its body.
    pub bytes: usize,
    /// When its body began.
    pub first: Instant,
}

/// An answer that was kept.
#[derive(Clone, Debug)]
pub struct Whole {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Whole {
    /// Its status and its text, for people.
    pub fn words(&self) -> String {
        format!("{} {}", self.status, String::from_utf8_lossy(&self.body))
    }
}

impl Connection {
    /// No connection yet.
    pub fn new(address: SocketAddr) -> Connection {
        Connection { address, stream: None, buffer: BytesMut::with_capacity(64 * 1024) }
    }

    /// Asks and reads the answer to its end.
    pub async fn ask(&mut self, request: &[u8]) -> io::Result<Answer> {
        self.read_all(request, &mut |_| {}).await
    }

    /// Asks and keeps the answer.
    pub async fn ask_whole(&mut self, request: &[u8]) -> io::Result<Whole> {
        let mut body = Vec::new();
        let answer = self.read_all(request, &mut |piece| body.extend_from_slice(piece)).await?;
        Ok(Whole { status: answer.status, body })
    }

    /// Asks and waits for the first bytes of the body; the connection stays open as long as it is held.
    pub async fn begin(&mut self, request: &[u8]) -> io::Result<u16> {
        let (head, _) = self.head(request).await?;
        while self.buffer.is_empty() {
            self.more().await?;
        }
        // Ten thousand of these should not fill the memory.
        self.buffer = BytesMut::new();
        Ok(head.status)
    }

    async fn read_all(&mut self, request: &[u8], sink: &mut dyn FnMut(&[u8])) -> io::Result<Answer> {
        let read = self.read(request, sink).await;
        if !matches!(read, Ok((_, true))) {
            self.stream = None;
            self.buffer.clear();
        }
        Ok(read?.0)
    }

    /// The answer, and whether the connection can be used again.
    async fn read(&mut self, request: &[u8], sink: &mut dyn FnMut(&[u8])) -> io::Result<(Answer, bool)> {
        let (head, mut body) = self.head(request).await?;
        let (mut bytes, mut first) = (0, None);
        let mut count = |piece: &[u8]| {
            bytes += piece.len();
            sink(piece);
        };
        loop {
            if !self.buffer.is_empty() {
                first.get_or_insert_with(Instant::now);
            }
            let used = body.take(&self.buffer, &mut count)?;
            self.buffer.advance(used);
            if body.is_over() {
                break;
            }
            if self.more_or_end().await? {
                body.end()?;
                break;
            }
        }
        let first = first.unwrap_or_else(Instant::now);
        Ok((Answer { status: head.status, bytes, first }, head.keeps))
    }

    async fn head(&mut self, request: &[u8]) -> io::Result<(Head, Body)> {
        self.stream().await?.write_all(request).await?;
        loop {
            if let Some((head, body, length)) = Head::read(&self.buffer)? {
                self.buffer.advance(length);
                return Ok((head, body));
            }
            self.more().await?;
        }
    }

    async fn stream(&mut self) -> io::Result<&mut TcpStream> {
        if self.stream.is_none() {
            let stream = TcpStream::connect(self.address).await?;
            stream.set_nodelay(true)?;
            self.stream = Some(stream);
        }
        self.stream.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    async fn more(&mut self) -> io::Result<()> {
        if self.more_or_end().await? { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    /// Reads on; says whether that was the end.
    async fn more_or_end(&mut self) -> io::Result<bool> {
        self.buffer.reserve(16 * 1024);
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        Ok(stream.read_buf(&mut self.buffer).await? == 0)
    }
}
