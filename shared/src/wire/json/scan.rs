//! The scanner below [`Json`](super::Json): the grammar of RFC 8259 checked once, and values skipped after that.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use super::Malformed;

/// Checks that `bytes` hold one value and white space around it, and says where the value is.
pub(super) fn check(bytes: &[u8], depth: usize) -> Result<(usize, usize), Malformed> {
    let mut scanner = Scanner { bytes, at: 0, room: depth };
    scanner.space();
    let start = scanner.at;
    scanner.value()?;
    let end = scanner.at;
    scanner.space();
    match scanner.peek() {
        None => Ok((start, end)),
        Some(_) => Err(scanner.fail("unexpected text after the value")),
    }
}

/// Recursive descent over the grammar; `room` levels may still open.
struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    room: usize,
}

type Step<'a> = fn(&mut Scanner<'a>) -> Result<(), Malformed>;

impl<'a> Scanner<'a> {
    fn value(&mut self) -> Result<(), Malformed> {
        match self.peek() {
            Some(b'{') => self.nested(b'}', Scanner::member),
            Some(b'[') => self.nested(b']', Scanner::value),
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word(b"true"),
            Some(b'f') => self.word(b"false"),
            Some(b'n') => self.word(b"null"),
            Some(_) => Err(self.fail("expected a value")),
            None => Err(self.fail("unexpected end")),
        }
    }

    fn nested(&mut self, close: u8, element: Step<'a>) -> Result<(), Malformed> {
        self.room = self.room.checked_sub(1).ok_or_else(|| self.fail("nested too deeply"))?;
        self.at += 1;
        self.space();
        if !self.take(close) {
            self.elements(close, element)?;
        }
        self.room += 1;
        Ok(())
    }

    fn elements(&mut self, close: u8, element: Step<'a>) -> Result<(), Malformed> {
        loop {
            element(self)?;
            self.space();
            if self.take(close) {
                return Ok(());
            }
            if !self.take(b',') {
                return Err(self.fail("expected a comma or the closing bracket"));
            }
            self.space();
        }
    }

    fn member(&mut self) -> Result<(), Malformed> {
        if self.peek() != Some(b'"') {
            return Err(self.fail("expected a key"));
        }
        self.string()?;
        self.space();
        if !self.take(b':') {
            return Err(self.fail("expected a colon"));
        }
        self.space();
        self.value()
    }

    fn string(&mut self) -> Result<(), Malformed> {
        self.at += 1;
        loop {
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                Some(0..=0x1f) => return Err(self.fail("control character in a string")),
                Some(_) => self.at += 1,
                None => return Err(self.fail("unterminated string")),
            }
        }
    }

    fn escape(&mut self) -> Result<(), Malformed> {
        self.at += 1;
        match self.bytes.get(self.at) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') if hexadecimal(self.bytes.get(self.at + 1..self.at + 5)) => self.at += 5,
            _ => return Err(self.fail("invalid escape")),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), Malformed> {
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

    fn digits(&mut self) -> Result<(), Malformed> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start { Err(self.fail("expected a digit")) } else { Ok(()) }
    }

    fn word(&mut self, word: &[u8]) -> Result<(), Malformed> {
        if !self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            return Err(self.fail("expected a value"));
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

    fn fail(&self, what: &'static str) -> Malformed {
        Malformed { offset: self.at, what }
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
    let start = bytes.iter().position(|&byte| !is_space(byte) && byte != b',' && byte != b':')?;
    let end = skip(bytes, start)?;
    Some((text.get(start..end)?, text.get(end..)?))
}

/// The end of the value that starts at `start`; `None` where the text ends inside it.
///
/// Brackets are matched and strings skipped; what stands between them is not looked at.
pub(super) fn skip(bytes: &[u8], start: usize) -> Option<usize> {
    match bytes.get(start)? {
        b'"' => skip_string(bytes, start),
        b'{' | b'[' => skip_nested(bytes, start),
        _ => Some(skip_scalar(bytes, start)),
    }
}

/// The end of the string that opens at `start`.
pub(super) fn skip_string(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        let found = at + memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes.get(found) == Some(&b'"') {
            return Some(found + 1);
        }
        at = found + 2;
    }
}

/// The end of the array or object that opens at `start`; brackets must close in their order.
fn skip_nested(bytes: &[u8], start: usize) -> Option<usize> {
    let mut open = Brackets::default();
    let mut at = start;
    loop {
        let byte = *bytes.get(at)?;
        match byte {
            b'"' => at = skip_string(bytes, at)?,
            _ => at += 1,
        }
        match byte {
            b'{' | b'[' => open.push(byte)?,
            b'}' | b']' => open.pop(byte)?,
            _ => continue,
        }
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

/// The value of a checked string's inside.
pub(super) fn unescape(inner: &str) -> Cow<'_, str> {
    let Some(first) = memchr(b'\\', inner.as_bytes()) else { return Cow::Borrowed(inner) };
    let (head, mut rest) = inner.split_at(first);
    let mut value = String::with_capacity(inner.len());
    value.push_str(head);
    while let Some(escaped) = rest.strip_prefix('\\') {
        let (character, after) = escape(escaped);
        value.push(character);
        let next = memchr(b'\\', after.as_bytes()).unwrap_or(after.len());
        let (plain, tail) = after.split_at(next);
        value.push_str(plain);
        rest = tail;
    }
    Cow::Owned(value)
}

/// The character that an escape stands for (`text` begins after its backslash), and what follows it.
fn escape(text: &str) -> (char, &str) {
    let mut characters = text.chars();
    let character = match characters.next() {
        Some('b') => '\u{8}',
        Some('f') => '\u{c}',
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some('u') => return unicode(characters.as_str()),
        Some(other) => other,
        None => char::REPLACEMENT_CHARACTER,
    };
    (character, characters.as_str())
}

/// The character of `\uXXXX`, or of a surrogate pair of two (RFC 8259, section 7).
fn unicode(text: &str) -> (char, &str) {
    let (first, rest) = unit(text);
    if let Some(character) = char::from_u32(first) {
        return (character, rest);
    }
    let pair = rest.strip_prefix("\\u").map(unit);
    if let Some((second @ 0xdc00..=0xdfff, after)) = pair
        && first < 0xdc00
    {
        let combined = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        return (char::from_u32(combined).unwrap_or(char::REPLACEMENT_CHARACTER), after);
    }
    (char::REPLACEMENT_CHARACTER, rest)
}

fn unit(text: &str) -> (u32, &str) {
    let (digits, rest) = text.split_at_checked(4).unwrap_or((text, ""));
    (u32::from_str_radix(digits, 16).unwrap_or(0xfffd), rest)
}
