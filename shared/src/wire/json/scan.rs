//! The scanner below [`Json`](super::Json): the grammar of RFC 8259 checked once, and values skipped after that.

use super::Malformed;
use super::text::{plain_end, string_end};

/// Checks that `bytes` are UTF-8.
pub(super) fn text(bytes: &[u8]) -> Result<&str, Malformed> {
    std::str::from_utf8(bytes)
        .map_err(|error| Malformed { offset: error.valid_up_to(), what: "invalid UTF-8" })
}

/// Checks that `bytes` hold one value and white space around it, and says where the value is. Its keys and values are
/// told to `notes`.
pub(super) fn check(bytes: &[u8], depth: usize, notes: &mut impl Notes) -> Result<(usize, usize), Malformed> {
    let mut scanner = Scanner { bytes, at: 0, room: depth, notes };
    scanner.space();
    let start = scanner.at;
    let checked = scanner.value();
    let end = scanner.at;
    scanner.space();
    match (checked, scanner.peek()) {
        (Err(what), _) => Err(Malformed { offset: end, what }),
        (Ok(()), None) => Ok((start, end)),
        (Ok(()), Some(_)) => Err(Malformed { offset: scanner.at, what: "unexpected text after the value" }),
    }
}

/// Takes down where keys and values are, each before what stands inside of it.
pub(super) trait Notes {
    /// One begins; the number given is its own.
    fn begin(&mut self, at: usize) -> usize;
    /// It ends before `at`; `escaped` says of strings whether they have escapes.
    fn end(&mut self, number: usize, at: usize, escaped: bool);
}

/// Takes nothing down.
impl Notes for () {
    fn begin(&mut self, _: usize) -> usize {
        0
    }

    fn end(&mut self, _: usize, _: usize, _: bool) {}
}

/// Recursive descent over the grammar; `room` levels may still open.
struct Scanner<'a, N> {
    bytes: &'a [u8],
    at: usize,
    room: usize,
    notes: &'a mut N,
}

/// What is wrong at the position where the scanner stands. Kept so small that it is passed in registers.
type Checked = Result<(), &'static str>;

impl<N: Notes> Scanner<'_, N> {
    fn value(&mut self) -> Checked {
        if self.peek() == Some(b'"') {
            return self.string();
        }
        let number = self.notes.begin(self.at);
        self.unquoted()?;
        self.notes.end(number, self.at, false);
        Ok(())
    }

    /// A value that is no string.
    fn unquoted(&mut self) -> Checked {
        match self.peek() {
            Some(b'{') => self.nested(b'}', Self::member),
            Some(b'[') => self.nested(b']', Self::value),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word(b"true"),
            Some(b'f') => self.word(b"false"),
            Some(b'n') => self.word(b"null"),
            Some(_) => Err("expected a value"),
            None => Err("unexpected end"),
        }
    }

    fn nested(&mut self, close: u8, element: impl Fn(&mut Self) -> Checked) -> Checked {
        self.room = self.room.checked_sub(1).ok_or("nested too deeply")?;
        self.at += 1;
        self.space();
        if !self.take(close) {
            self.elements(close, element)?;
        }
        self.room += 1;
        Ok(())
    }

    fn elements(&mut self, close: u8, element: impl Fn(&mut Self) -> Checked) -> Checked {
        loop {
            element(self)?;
            self.space();
            if self.take(close) {
                return Ok(());
            }
            if !self.take(b',') {
                return Err("expected a comma or the closing bracket");
            }
            self.space();
        }
    }

    fn member(&mut self) -> Checked {
        if self.peek() != Some(b'"') {
            return Err("expected a key");
        }
        self.string()?;
        self.space();
        if !self.take(b':') {
            return Err("expected a colon");
        }
        self.space();
        self.value()
    }

    fn string(&mut self) -> Checked {
        let number = self.notes.begin(self.at);
        let mut escaped = false;
        self.at += 1;
        loop {
            self.at = plain_end(self.bytes, self.at);
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    self.notes.end(number, self.at, escaped);
                    return Ok(());
                }
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(_) => return Err("control character in a string"),
                None => return Err("unterminated string"),
            }
        }
    }

    fn escape(&mut self) -> Checked {
        self.at += 1;
        match self.bytes.get(self.at) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') if hexadecimal(self.bytes.get(self.at + 1..self.at + 5)) => self.at += 5,
            _ => return Err("invalid escape"),
        }
        Ok(())
    }

    fn number(&mut self) -> Checked {
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Checked {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start { Err("expected a digit") } else { Ok(()) }
    }

    fn word(&mut self, word: &[u8]) -> Checked {
        if !self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            return Err("expected a value");
        }
        self.at += word.len();
        Ok(())
    }

    fn space(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }
}

fn hexadecimal(digits: Option<&[u8]>) -> bool {
    digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}

pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// What is between a value's brackets, or nothing where it opens with another byte.
pub(super) fn inside(raw: &str, open: u8) -> &str {
    if raw.as_bytes().first() != Some(&open) {
        return "";
    }
    raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default()
}

/// Splits the first value off checked text, leaving out the separators before it.
pub(super) fn split_value(text: &str) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    let start = separated(bytes, 0)?;
    let end = skip(bytes, start)?;
    Some((text.get(start..end)?, text.get(end..)?))
}

/// A member of checked text: its key without the quotes, and its value.
pub(super) struct Member<'a> {
    pub(super) key: &'a str,
    /// Whether the key has escapes.
    pub(super) escaped: bool,
    pub(super) value: &'a str,
}

/// Splits the first member off checked text, leaving out the separators before it.
pub(super) fn split_member(text: &str) -> Option<(Member<'_>, &str)> {
    let bytes = text.as_bytes();
    let open = separated(bytes, 0)?;
    let (close, escaped) = string_end(bytes, open)?;
    let start = separated(bytes, close)?;
    let end = skip(bytes, start)?;
    let key = text.get(open + 1..close - 1)?;
    Some((Member { key, escaped, value: text.get(start..end)? }, text.get(end..)?))
}

/// The position of the first byte that separates nothing.
fn separated(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while matches!(bytes.get(at)?, b' ' | b'\t' | b'\n' | b'\r' | b',' | b':') {
        at += 1;
    }
    Some(at)
}

/// The end of the value that starts at `start`; `None` where the text ends inside it.
///
/// Brackets are matched and strings skipped; what stands between them is not looked at.
pub(super) fn skip(bytes: &[u8], start: usize) -> Option<usize> {
    match bytes.get(start)? {
        b'"' => string_end(bytes, start).map(|(end, _)| end),
        b'{' | b'[' => skip_nested(bytes, start),
        _ => Some(skip_scalar(bytes, start)),
    }
}

/// The end of the array or object that opens at `start`; brackets must close in their order.
fn skip_nested(bytes: &[u8], start: usize) -> Option<usize> {
    let mut open = Brackets::default();
    let mut at = start;
    loop {
        let byte = *bytes.get(at)?;
        match byte {
            b'"' => {
                (at, _) = string_end(bytes, at)?;
                continue;
            }
            b'{' | b'[' => open.push(byte)?,
            b'}' | b']' => open.pop(byte)?,
            _ => {}
        }
        at += 1;
        if open.depth == 0 {
            return Some(at);
        }
    }
}

/// The kinds of the brackets that are open, a bit for each level: as many as [`DEPTH`](super::DEPTH).
#[derive(Default)]
struct Brackets {
    kinds: u128,
    depth: u32,
}

impl Brackets {
    fn push(&mut self, open: u8) -> Option<()> {
        if self.depth == u128::BITS {
            return None;
        }
        self.kinds = (self.kinds << 1) | u128::from(open == b'{');
        self.depth += 1;
        Some(())
    }

    fn pop(&mut self, close: u8) -> Option<()> {
        let object = self.kinds & 1 == 1;
        self.kinds >>= 1;
        self.depth = self.depth.checked_sub(1)?;
        (object == (close == b'}')).then_some(())
    }
}

fn skip_scalar(bytes: &[u8], start: usize) -> usize {
    let rest = bytes.get(start..).unwrap_or_default();
    let length =
        rest.iter().position(|&byte| is_space(byte) || matches!(byte, b',' | b':' | b'}' | b']' | b'"'));
    start + length.unwrap_or(rest.len())
}
