//! An answer of HTTP/1.1: its head, and where its body ends (RFC 9112, section 6.3).

use std::io;

/// What matters of an answer's head.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) status: u16,
    /// Whether the connection can be used again.
    pub(super) keeps: bool,
}

/// How much of a body is still to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// So many bytes.
    Bytes(usize),
    /// Chunks, as far as they have come.
    Chunks(Chunk),
    /// Whatever comes until the connection ends.
    UntilEnd,
}

/// Where in a chunked body the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chunk {
    /// At a line with a size.
    Size,
    /// Within a chunk that has so many bytes left, its line break included.
    Data(usize),
    /// Behind the last chunk, at its trailers.
    Trailers,
    Over,
}

impl Head {
    /// The head that `bytes` begin with, the body's framing, and the head's length; none where it is not all there.
    pub(super) fn read(bytes: &[u8]) -> io::Result<Option<(Head, Body, usize)>> {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut response = httparse::Response::new(&mut headers);
        let parsed = response.parse(bytes).map_err(|error| wrong(&error.to_string()))?;
        let httparse::Status::Complete(length) = parsed else { return Ok(None) };
        let value = |name: &str| {
            let header = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
            std::str::from_utf8(header.value).ok()
        };
        let chunked = value("transfer-encoding").is_some_and(|value| value.contains("chunked"));
        let body = match value("content-length").and_then(|length| length.parse().ok()) {
            _ if chunked => Body::Chunks(Chunk::Size),
            Some(length) => Body::Bytes(length),
            None => Body::UntilEnd,
        };
        let closes = value("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        let head = Head { status: response.code.unwrap_or(0), keeps: !closes && body != Body::UntilEnd };
        Ok(Some((head, body, length)))
    }
}

impl Body {
    /// Takes what `bytes` have of the body, gives it to `sink`, and says how many bytes are done with.
    pub(super) fn take(&mut self, bytes: &[u8], sink: &mut dyn FnMut(&[u8])) -> io::Result<usize> {
        match self {
            Body::Bytes(left) => {
                let here = bytes.len().min(*left);
                sink(&bytes[..here]);
                *left -= here;
                Ok(here)
            }
            Body::UntilEnd => {
                sink(bytes);
                Ok(bytes.len())
            }
            Body::Chunks(chunk) => chunk.take_all(bytes, sink),
        }
    }

    /// Whether that was all of it.
    pub(super) fn is_over(self) -> bool {
        matches!(self, Body::Bytes(0) | Body::Chunks(Chunk::Over))
    }

    /// The connection has ended.
    pub(super) fn end(self) -> io::Result<()> {
        if self == Body::UntilEnd { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

impl Chunk {
    fn take_all(&mut self, bytes: &[u8], sink: &mut dyn FnMut(&[u8])) -> io::Result<usize> {
        let mut used = 0;
        while *self != Chunk::Over {
            match self.take(&bytes[used..], sink)? {
                0 => break,
                more => used += more,
            }
        }
        Ok(used)
    }

    fn take(&mut self, bytes: &[u8], sink: &mut dyn FnMut(&[u8])) -> io::Result<usize> {
        if let Chunk::Data(left) = self {
            let here = bytes.len().min(*left);
            let data = here.min(left.saturating_sub(2));
            sink(&bytes[..data]);
            *left -= here;
            *self = if *left == 0 { Chunk::Size } else { *self };
            return Ok(here);
        }
        let Some(end) = memchr::memchr(b'\n', bytes) else { return Ok(0) };
        let line = bytes[..end].trim_ascii();
        *self = match self {
            Chunk::Size => Chunk::after_size(line)?,
            _ if line.is_empty() => Chunk::Over,
            _ => Chunk::Trailers,
        };
        Ok(end + 1)
    }

    fn after_size(line: &[u8]) -> io::Result<Chunk> {
        let digits = line.split(|&byte| byte == b';').next().unwrap_or_default();
        let digits = std::str::from_utf8(digits).map_err(|_| wrong("a chunk's size is no number"))?;
        match usize::from_str_radix(digits.trim(), 16).map_err(|_| wrong("a chunk's size is no number"))? {
            0 => Ok(Chunk::Trailers),
            size => Ok(Chunk::Data(size + 2)),
        }
    }
}

fn wrong(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads an answer cut into pieces of `size` bytes; gives its body and how many bytes were not part of it.
    fn read(answer: &[u8], size: usize) -> (Vec<u8>, usize) {
        let (_, mut body, length) = Head::read(answer).unwrap().unwrap();
        let (mut held, mut out) = (Vec::new(), Vec::new());
        for piece in answer[length..].chunks(size) {
            held.extend_from_slice(piece);
            let used = body.take(&held, &mut |piece| out.extend_from_slice(piece)).unwrap();
            held.drain(..used);
        }
        assert!(body.is_over());
        (out, held.len())
    }

    #[test]
    fn bodies_end_where_they_say() {
        let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\nX";
        let counted = b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello worldX";
        for size in 1..40 {
            assert_eq!(read(chunked, size), (b"hello world".to_vec(), 1), "in pieces of {size}");
            assert_eq!(read(counted, size), (b"hello world".to_vec(), 1), "in pieces of {size}");
        }
    }

    #[test]
    fn a_head_that_is_not_whole_is_none() {
        assert!(Head::read(b"HTTP/1.1 200 OK\r\n").unwrap().is_none());
    }
}
