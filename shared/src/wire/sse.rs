//! Server-sent events over bytes cut anywhere: the scanner of the HTML standard, section 9.2.6.
//!
//! Lines end in LF, CR or CRLF, the space after a field's colon may be missing, `data` may take several lines;
//! comments, `id` and `retry` are passed over.

use bytes::BytesMut;
use memchr::memchr2;

use super::Frame;

/// Finds the events in a stream. Its buffers are reused, so that an event costs no allocation.
///
/// **Law: cutting the input anywhere changes nothing.**
#[derive(Debug)]
pub struct Scanner {
    /// The beginning of a line whose end has not come yet.
    line: Vec<u8>,
    event: Pending,
    /// The last byte was a CR: an LF that follows belongs to it.
    after_return: bool,
    /// No line has ended yet, so a byte order mark may still stand there.
    at_start: bool,
    /// The last line that ended was a blank one.
    blank: bool,
    limit: usize,
}

/// The fields of an event whose blank line has not come yet.
#[derive(Debug, Default)]
struct Pending {
    name: String,
    data: Vec<u8>,
    /// Whether there was a `data` field; an empty one counts.
    has_data: bool,
}

/// An event larger than the scanner's limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge {
    /// The limit in bytes.
    pub limit: usize,
}

impl Scanner {
    /// A scanner that refuses events of more than `limit` bytes: their name, their data, and the line under way as a whole.
    pub fn new(limit: usize) -> Scanner {
        Scanner {
            line: Vec::new(),
            event: Pending::default(),
            after_return: false,
            at_start: true,
            blank: false,
            limit,
        }
    }

    /// Takes the next piece of the stream and gives each event that it completes to `sink`.
    ///
    /// Returns how much of the piece belongs to events that are complete: what comes after is the beginning of another.
    pub fn push(&mut self, piece: &[u8], sink: &mut dyn FnMut(Frame<'_>)) -> Result<usize, TooLarge> {
        let mut rest = piece;
        let mut complete = 0;
        if self.after_return && !piece.is_empty() {
            rest = piece.strip_prefix(b"\n").unwrap_or(piece);
            self.after_return = false;
            complete = if self.between_events() { piece.len() - rest.len() } else { 0 };
        }
        loop {
            if let Some((frame, after)) = self.whole_event(rest) {
                sink(frame);
                (self.blank, self.at_start, rest) = (true, false, after);
                complete = piece.len() - rest.len();
                continue;
            }
            let Some(end) = memchr2(b'\n', b'\r', rest) else { break };
            let (line, after) = rest.split_at(end);
            self.bounded(line.len())?;
            let blank = self.end_of_line(line, sink);
            rest = self.after_break(after);
            if blank {
                complete = piece.len() - rest.len();
            }
        }
        self.bounded(rest.len())?;
        self.line.extend_from_slice(rest);
        Ok(complete)
    }

    /// The event that nearly every piece begins with: all of it, in a line for its name, if any, and one of data. It is not
    /// copied.
    fn whole_event<'p>(&self, all: &'p [u8]) -> Option<(Frame<'p>, &'p [u8])> {
        if !self.line.is_empty() || self.event.has_data || !self.event.name.is_empty() {
            return None;
        }
        let (name, rest) = field(all, b"event:").unwrap_or((&[], all));
        let (data, rest) = field(rest, b"data:")?;
        // One that is near the limit is measured line by line.
        let rest = rest.strip_prefix(b"\n").filter(|rest| all.len() - rest.len() <= self.limit)?;
        Some((Frame::event(std::str::from_utf8(name).ok()?, data), rest))
    }

    /// The stream has ended: gives an event to `sink` that lacks only its blank line.
    pub fn finish(&mut self, sink: &mut dyn FnMut(Frame<'_>)) {
        if !self.line.is_empty() {
            self.end_of_line(&[], sink);
        }
        self.event.dispatch(sink);
    }

    /// What follows the line break that `rest` begins with.
    fn after_break<'p>(&mut self, rest: &'p [u8]) -> &'p [u8] {
        match rest {
            [b'\r', b'\n', after @ ..] => after,
            [b'\r'] => {
                self.after_return = true;
                &[]
            }
            [_, after @ ..] => after,
            [] => &[],
        }
    }

    /// Deals with a line that ends here; says whether it was a blank one, which ends an event.
    fn end_of_line(&mut self, end: &[u8], sink: &mut dyn FnMut(Frame<'_>)) -> bool {
        if self.line.is_empty() {
            return self.whole_line(end, sink);
        }
        let mut line = std::mem::take(&mut self.line);
        line.extend_from_slice(end);
        let blank = self.whole_line(&line, sink);
        line.clear();
        self.line = line;
        blank
    }

    fn whole_line(&mut self, mut line: &[u8], sink: &mut dyn FnMut(Frame<'_>)) -> bool {
        if std::mem::take(&mut self.at_start) {
            line = line.strip_prefix(super::MARK).unwrap_or(line);
        }
        self.blank = line.is_empty();
        if self.blank {
            self.event.dispatch(sink)
        } else {
            self.event.field(line)
        }
        self.blank
    }

    /// Whether the last line that ended was a blank one and nothing has come since.
    fn between_events(&self) -> bool {
        self.blank && self.line.is_empty()
    }

    /// Fails where the line under way, `more` bytes longer, and its event before it are over the limit. The whole line
    /// counts, whatever it is: what it is may not be known where a piece ends.
    fn bounded(&self, more: usize) -> Result<(), TooLarge> {
        let size = self.line.len() + more + self.event.data.len() + self.event.name.len();
        if size > self.limit { Err(TooLarge { limit: self.limit }) } else { Ok(()) }
    }
}

impl Pending {
    fn field(&mut self, line: &[u8]) {
        let (field, value) = split_field(line);
        match field {
            b"data" => {
                if self.has_data {
                    self.data.push(b'\n');
                }
                self.data.extend_from_slice(value);
                self.has_data = true;
            }
            b"event" => {
                self.name.clear();
                self.name.push_str(&String::from_utf8_lossy(value));
            }
            _ => {}
        }
    }

    /// Gives the event away, unless it had no data.
    fn dispatch(&mut self, sink: &mut dyn FnMut(Frame<'_>)) {
        if self.has_data {
            sink(Frame::event(&self.name, &self.data));
        }
        self.name.clear();
        self.data.clear();
        self.has_data = false;
    }
}

/// A line's field name and value, one space after the colon left out.
fn split_field(line: &[u8]) -> (&[u8], &[u8]) {
    let Some(colon) = memchr::memchr(b':', line) else { return (line, &[]) };
    let (field, value) = line.split_at(colon);
    let value = value.strip_prefix(b":").unwrap_or(value);
    (field, value.strip_prefix(b" ").unwrap_or(value))
}

/// The value of a line that begins with this field and ends in LF, and what follows the line.
fn field<'p>(text: &'p [u8], field: &[u8]) -> Option<(&'p [u8], &'p [u8])> {
    let line = text.strip_prefix(field)?;
    let (value, rest) = line.split_at(memchr2(b'\n', b'\r', line)?);
    Some((value.strip_prefix(b" ").unwrap_or(value), rest.strip_prefix(b"\n")?))
}

/// Appends an event. A name that no field can hold is left out; the data's own line ends become lines of it.
pub fn write(name: &str, data: &[u8], out: &mut BytesMut) {
    let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
    if !name.is_empty() && !name.as_bytes().iter().any(&is_end) {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\n");
    }
    for line in data.split(&is_end) {
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(line);
        out.extend_from_slice(b"\n");
    }
    out.extend_from_slice(b"\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Events = Vec<(String, Vec<u8>)>;

    fn scan(pieces: &[&[u8]]) -> Events {
        let (events, scanned) = scan_up_to(1 << 16, pieces);
        scanned.unwrap();
        events
    }

    /// The events before one that is too large, and whether there is one.
    fn scan_up_to(limit: usize, pieces: &[&[u8]]) -> (Events, Result<(), TooLarge>) {
        let mut scanner = Scanner::new(limit);
        let mut events = Vec::new();
        let mut sink = |frame: Frame<'_>| events.push((frame.name.to_owned(), frame.data.to_vec()));
        let scanned = pieces.iter().try_for_each(|piece| scanner.push(piece, &mut sink).map(drop));
        if scanned.is_ok() {
            scanner.finish(&mut sink);
        }
        (events, scanned)
    }

    fn event(name: &str, data: &str) -> (String, Vec<u8>) {
        (name.to_owned(), data.as_bytes().to_vec())
    }

    #[test]
    fn fields_as_the_standard_has_them() {
        let stream = "\u{feff}event: a\ndata:{\"x\":1}\n\n: comment\nid: 7\nretry: 10\ndata: 1\ndata:  2\ndata\n\n\
                      event: nothing\n\ndata: é\n\ndata: [DONE]";
        let wanted = [event("a", "{\"x\":1}"), event("", "1\n 2\n"), event("", "é"), event("", "[DONE]")];
        assert_eq!(scan(&[stream.as_bytes()]), wanted);
    }

    #[test]
    fn an_event_over_the_limit_is_an_error() {
        let push = |piece: &[u8]| Scanner::new(16).push(piece, &mut |_| ());
        assert_eq!(push(b"data: 1234567890\n\nda"), Ok(18));
        assert_eq!(push(b"data: 12345678901\n\n"), Err(TooLarge { limit: 16 }));
        assert_eq!(push(b"data: 12345678901"), Err(TooLarge { limit: 16 }));
        assert_eq!(push(b"event: 123\ndata: 12345678\n\n"), Err(TooLarge { limit: 16 }));
    }

    proptest! {
        #[test]
        fn cutting_changes_nothing(
            lines in prop::collection::vec("(event: ?[a-z]{0,3}|data: ?[a-zé{}:]{0,6}|:x||id: 1)", 0..12),
            ends in prop::collection::vec(prop::sample::select(vec!["\n", "\r", "\r\n"]), 12),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
            limit in 4..30_usize,
        ) {
            let stream: String = lines.iter().zip(&ends).map(|(line, end)| format!("{line}{end}")).collect();
            let bytes = stream.as_bytes();
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            prop_assert_eq!(scan(&pieces), scan(&[bytes]));
            prop_assert_eq!(scan_up_to(limit, &pieces), scan_up_to(limit, &[bytes]));
        }

        #[test]
        fn line_ends_are_equal(lines in prop::collection::vec("(event: [a-z]|data: [a-z]{0,3}|)", 0..9)) {
            let with = |end: &str| scan(&[lines.iter().map(|line| format!("{line}{end}")).collect::<String>().as_bytes()]);
            prop_assert_eq!(with("\n"), with("\r\n"));
            prop_assert_eq!(with("\n"), with("\r"));
        }
    }

    #[test]
    fn what_is_written_is_found_again() {
        let mut out = BytesMut::new();
        write("ping", b"{\n1}", &mut out);
        write("a\nb", b"", &mut out);
        assert_eq!(&out[..], b"event: ping\ndata: {\ndata: 1}\n\ndata: \n\n");
    }
}
