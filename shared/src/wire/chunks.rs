//! Binary frames of AWS that hold the events of another API: `{"bytes": …}`, in base64.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_PayloadPart.html>

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::json::Json;
use super::{Broken, Frame, Kind, eventstream};

/// The frames of this kind hold events; exceptions and errors are what they are.
const CHUNK: &str = "chunk";

/// Finds the events in a stream.
///
/// **Law: cutting the input anywhere changes nothing.** After an error there are no more events.
#[derive(Debug)]
pub struct Scanner {
    frames: eventstream::Scanner,
    broken: Option<Broken>,
}

impl Scanner {
    /// A scanner that refuses frames of more than `limit` bytes.
    pub fn new(limit: usize) -> Scanner {
        Scanner { frames: eventstream::Scanner::new(limit), broken: None }
    }

    /// Takes the next piece of the stream and gives each event that it completes to `sink`, named by its own `type`.
    ///
    /// Returns how much of the piece belongs to frames that are complete.
    pub fn push(&mut self, piece: &[u8], sink: &mut dyn FnMut(Frame<'_>)) -> Result<usize, Broken> {
        let Scanner { frames, broken } = self;
        let scanned = frames.push(piece, &mut |frame| match frame.kind {
            _ if broken.is_some() => {}
            // New kinds of frames may come at any time.
            Kind::Event if frame.name != CHUNK => {}
            Kind::Event => match event(frame.data) {
                Some(data) => sink(Frame::event(&name(&data), &data)),
                None => *broken = Some(Broken::Corrupt),
            },
            Kind::Exception | Kind::Error => sink(frame),
        });
        self.broken.map_or(scanned, Err)
    }
}

/// The event in a frame's payload.
fn event(payload: &[u8]) -> Option<Vec<u8>> {
    let bytes = Json::parse(payload).ok()?.get("bytes")?.string()?;
    BASE64_STANDARD.decode(bytes.as_bytes()).ok()
}

/// What the event says it is.
fn name(event: &[u8]) -> Cow<'_, str> {
    Json::parse(event).ok().and_then(|event| event.get("type")?.string()).unwrap_or_default()
}

/// The payload of a frame that holds this event.
#[cfg(test)]
pub(crate) fn payload(event: &str) -> String {
    format!(r#"{{"bytes":"{}","p":"abcd"}}"#, BASE64_STANDARD.encode(event))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BytesMut;

    fn frame(kind: &str, payload: &str, out: &mut BytesMut) {
        eventstream::write(&[(":event-type", kind), (":message-type", "event")], payload.as_bytes(), out);
    }

    fn scan(stream: &[u8], size: usize) -> (Vec<(Kind, String, String)>, Option<Broken>) {
        let mut scanner = Scanner::new(4096);
        let mut found = Vec::new();
        let mut sink = |frame: Frame<'_>| {
            found.push((frame.kind, frame.name.to_owned(), String::from_utf8_lossy(frame.data).into_owned()));
        };
        let broken = stream.chunks(size).find_map(|piece| scanner.push(piece, &mut sink).err());
        (found, broken)
    }

    /// F6: events come out of their frames as they went in, wherever the stream is cut; what is no chunk is passed over.
    #[test]
    fn f6_events_come_out_of_their_frames() {
        let ping = r#"{"type":"ping", "n": 1.0}"#;
        let mut stream = BytesMut::new();
        frame("chunk", &payload(ping), &mut stream);
        frame("something-new", "{}", &mut stream);
        frame("chunk", &payload("{}"), &mut stream);
        let exception = [(":exception-type", "throttlingException"), (":message-type", "exception")];
        eventstream::write(&exception, br#"{"message":"m"}"#, &mut stream);
        let wanted = vec![
            (Kind::Event, "ping".to_owned(), ping.to_owned()),
            (Kind::Event, String::new(), "{}".to_owned()),
            (Kind::Exception, "throttlingException".to_owned(), r#"{"message":"m"}"#.to_owned()),
        ];
        for size in 1..=stream.len() {
            assert_eq!(scan(&stream, size), (wanted.clone(), None), "in pieces of {size}");
        }
    }

    #[test]
    fn a_chunk_without_an_event_is_damaged() {
        for payload in ["{}", "nonsense", r#"{"bytes":"%"}"#, r#"{"bytes":5}"#] {
            let mut stream = BytesMut::new();
            frame("chunk", payload, &mut stream);
            frame("chunk", &self::payload("{}"), &mut stream);
            assert_eq!(scan(&stream, 7), (vec![], Some(Broken::Corrupt)), "{payload}");
        }
    }
}
