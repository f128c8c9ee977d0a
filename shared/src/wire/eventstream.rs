//! AWS event streams: binary frames over bytes cut anywhere.
//!
//! A frame is a prelude (the frame's length, its headers' length, the CRC-32 of both), headers, a payload, and the
//! CRC-32 of all before; numbers are big-endian.
//!
//! <https://smithy.io/2.0/aws/amazon-eventstream.html>

use bytes::{Buf, BufMut, BytesMut};

use super::{Broken, Frame, Kind, crc};

/// The prelude with its checksum.
const PRELUDE: usize = 12;
/// A frame without headers and payload.
const LEAST: usize = PRELUDE + 4;

/// Finds the frames in a stream.
///
/// **Law: cutting the input anywhere changes nothing.** After an error there are no more frames.
#[derive(Debug)]
pub struct Scanner {
    /// The beginning of a frame whose end has not come yet.
    held: BytesMut,
    limit: usize,
    broken: Option<Broken>,
}

impl Scanner {
    /// A scanner that refuses frames of more than `limit` bytes.
    pub fn new(limit: usize) -> Scanner {
        Scanner { held: BytesMut::new(), limit, broken: None }
    }

    /// Takes the next piece of the stream and gives each frame that it completes to `sink`.
    ///
    /// Returns how much of the piece belongs to frames that are complete.
    pub fn push(&mut self, piece: &[u8], sink: &mut dyn FnMut(Frame<'_>)) -> Result<usize, Broken> {
        if let Some(broken) = self.broken {
            return Err(broken);
        }
        self.held.extend_from_slice(piece);
        let scanned = self.scan(sink);
        self.broken = scanned.err();
        scanned?;
        Ok(piece.len().saturating_sub(self.held.len()))
    }

    fn scan(&mut self, sink: &mut dyn FnMut(Frame<'_>)) -> Result<(), Broken> {
        while let Some(length) = length(&self.held, self.limit)? {
            if self.held.len() < length {
                return Ok(());
            }
            let frame = self.held.split_to(length);
            sink(read(&frame).ok_or(Broken::Corrupt)?);
        }
        Ok(())
    }
}

/// The length of the frame that begins here; none where its prelude is not whole yet.
fn length(bytes: &[u8], limit: usize) -> Result<Option<usize>, Broken> {
    let Some((prelude, _)) = bytes.split_first_chunk::<PRELUDE>() else { return Ok(None) };
    let (mut counts, mut sum) = prelude.split_at(PRELUDE - 4);
    if crc::sum(counts) != sum.get_u32() {
        return Err(Broken::Corrupt);
    }
    let (total, headers) = (counts.get_u32() as usize, counts.get_u32() as usize);
    if total > limit {
        return Err(Broken::TooLarge(limit));
    }
    if total < LEAST.saturating_add(headers) { Err(Broken::Corrupt) } else { Ok(Some(total)) }
}

/// A whole frame; none where its checksum is wrong or its headers make no sense.
fn read(frame: &[u8]) -> Option<Frame<'_>> {
    let (checked, mut sum) = frame.split_at_checked(frame.len().checked_sub(4)?)?;
    if crc::sum(checked) != sum.get_u32() {
        return None;
    }
    let (mut prelude, rest) = checked.split_at_checked(PRELUDE)?;
    prelude.advance(4);
    let (headers, payload) = rest.split_at_checked(prelude.get_u32() as usize)?;
    Headers::read(headers)?.frame(payload)
}

/// The headers that tell what a frame is.
#[derive(Default)]
struct Headers<'f> {
    message: Option<&'f str>,
    event: Option<&'f str>,
    exception: Option<&'f str>,
    code: Option<&'f str>,
    words: Option<&'f str>,
}

impl<'f> Headers<'f> {
    fn read(mut bytes: &'f [u8]) -> Option<Headers<'f>> {
        let mut headers = Headers::default();
        while !bytes.is_empty() {
            let length = bytes.try_get_u8().ok()?;
            let name = take(&mut bytes, usize::from(length))?;
            let value = value(&mut bytes)?;
            headers.note(name, value);
        }
        Some(headers)
    }

    fn note(&mut self, name: &[u8], value: Option<&'f str>) {
        match name {
            b":message-type" => self.message = value,
            b":event-type" => self.event = value,
            b":exception-type" => self.exception = value,
            b":error-code" => self.code = value,
            b":error-message" => self.words = value,
            _ => {}
        }
    }

    /// A frame that does not say what it is, is an event.
    fn frame(self, payload: &'f [u8]) -> Option<Frame<'f>> {
        Some(match self.message.unwrap_or("event") {
            "event" => Frame::event(self.event.unwrap_or_default(), payload),
            "exception" => {
                Frame { kind: Kind::Exception, name: self.exception.unwrap_or_default(), data: payload }
            }
            "error" => Frame {
                kind: Kind::Error,
                name: self.code.unwrap_or_default(),
                data: self.words.map_or(payload, str::as_bytes),
            },
            _ => return None,
        })
    }
}

/// Takes a header's value, one of ten types; a string's is given, the others' are passed over.
fn value<'f>(bytes: &mut &'f [u8]) -> Option<Option<&'f str>> {
    let length = match bytes.try_get_u8().ok()? {
        0 | 1 => 0,
        2 => 1,
        3 => 2,
        4 => 4,
        5 | 8 => 8,
        6 => usize::from(bytes.try_get_u16().ok()?),
        7 => {
            let length = bytes.try_get_u16().ok()?;
            return std::str::from_utf8(take(bytes, usize::from(length))?).ok().map(Some);
        }
        9 => 16,
        _ => return None,
    };
    take(bytes, length).map(|_| None)
}

fn take<'f>(bytes: &mut &'f [u8], length: usize) -> Option<&'f [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

/// Appends a frame with these headers, all of them strings of less than 64 KiB with names of less than 256 bytes.
pub fn write(headers: &[(&str, &str)], payload: &[u8], out: &mut BytesMut) {
    let mut head = BytesMut::new();
    for (name, value) in headers {
        head.put_u8(name.len() as u8);
        head.put_slice(name.as_bytes());
        head.put_u8(7);
        head.put_u16(value.len() as u16);
        head.put_slice(value.as_bytes());
    }
    let mut frame = BytesMut::with_capacity(LEAST + head.len() + payload.len());
    frame.put_u32((LEAST + head.len() + payload.len()) as u32);
    frame.put_u32(head.len() as u32);
    frame.put_u32(crc::sum(&frame));
    frame.put_slice(&head);
    frame.put_slice(payload);
    frame.put_u32(crc::sum(&frame));
    out.put_slice(&frame);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Found = (Kind, String, Vec<u8>);

    fn scan(pieces: &[&[u8]]) -> (Vec<Found>, Option<Broken>) {
        let mut scanner = Scanner::new(4096);
        let mut found = Vec::new();
        let mut sink =
            |frame: Frame<'_>| found.push((frame.kind, frame.name.to_owned(), frame.data.to_vec()));
        let broken = pieces.iter().find_map(|piece| scanner.push(piece, &mut sink).err());
        (found, broken)
    }

    fn frame(headers: &[(&str, &str)], payload: &str) -> BytesMut {
        let mut out = BytesMut::new();
        write(headers, payload.as_bytes(), &mut out);
        out
    }

    fn event(name: &str, payload: &str) -> BytesMut {
        frame(
            &[(":event-type", name), (":content-type", "application/json"), (":message-type", "event")],
            payload,
        )
    }

    /// The checksums of the documentation's own example, a frame of nothing.
    #[test]
    fn an_empty_frame_as_documented() {
        let empty = [0, 0, 0, 16, 0, 0, 0, 0, 5, 194, 72, 235, 125, 152, 200, 255];
        assert_eq!(&frame(&[], "")[..], empty);
        assert_eq!(scan(&[&empty]), (vec![(Kind::Event, String::new(), Vec::new())], None));
    }

    /// F2: what an exception is stands in `:exception-type`, what an error is in `:error-code`.
    #[test]
    fn f2_exceptions_and_errors_are_told_apart() {
        let exception = [(":exception-type", "throttlingException"), (":message-type", "exception")];
        let error =
            [(":error-code", "InternalError"), (":error-message", "Sorry"), (":message-type", "error")];
        let mut stream = frame(&exception, "{}");
        stream.unsplit(frame(&error, ""));
        let wanted = vec![
            (Kind::Exception, "throttlingException".to_owned(), b"{}".to_vec()),
            (Kind::Error, "InternalError".to_owned(), b"Sorry".to_vec()),
        ];
        assert_eq!(scan(&[&stream]), (wanted, None));
    }

    #[test]
    fn headers_of_all_ten_types_are_passed_over() {
        let values: [&[u8]; 10] = [
            &[0],
            &[1],
            &[2, 9],
            &[3, 9, 9],
            &[4, 9, 9, 9, 9],
            &[5, 9, 9, 9, 9, 9, 9, 9, 9],
            &[6, 0, 2, 9, 9],
            &[7, 0, 2, b'a', b'b'],
            &[8, 9, 9, 9, 9, 9, 9, 9, 9],
            &[9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9],
        ];
        let mut bytes: Vec<u8> = values.iter().flat_map(|value| [&[1, b'x'][..], value].concat()).collect();
        bytes.extend(b"\x0b:event-type\x07\x00\x01e");
        let headers = Headers::read(&bytes).unwrap();
        assert_eq!(headers.frame(b"p"), Some(Frame::event("e", b"p")));
        assert!(Headers::read(b"\x01x\x0a").is_none() && Headers::read(b"\x01x\x07\x00\x05a").is_none());
    }

    #[test]
    fn a_frame_over_the_limit_is_an_error() {
        let large = event("e", &"x".repeat(5000));
        assert_eq!(scan(&[&large[..12]]), (vec![], Some(Broken::TooLarge(4096))));
    }

    proptest! {
        #[test]
        fn cutting_changes_nothing(
            payloads in prop::collection::vec("[a-z{}]{0,9}", 0..5),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
            damage in prop::option::of(any::<prop::sample::Index>()),
        ) {
            let mut stream: Vec<u8> = payloads.iter().flat_map(|payload| event("e", payload).to_vec()).collect();
            let damage = damage.filter(|_| !stream.is_empty()).map(|at| at.index(stream.len()));
            if let Some(at) = damage {
                stream[at] ^= 1;
            }
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
            cuts.extend([0, stream.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();
            let whole = scan(&[&stream]);
            prop_assert_eq!(&scan(&pieces), &whole);
            // Any single bit that is wrong shows.
            prop_assert_eq!(whole.1.is_some(), damage.is_some());
        }
    }
}
