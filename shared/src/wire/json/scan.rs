//! The scanner below [`Json`](super::Json): the grammar of RFC 8259 checked once, and values skipped after that.

use super::text::{plain_end, string_end};
use super::{Key, Malformed};

/// Checks that `bytes` are UTF-8.
pub(super) fn text(bytes: &[u8]) -> Result<&str, Malformed> {
    std::str::from_utf8(bytes)
        .map_err(|error| Malformed { offset: error.valid_up_to(), what: "invalid UTF-8" })
}

/// Checks that `bytes` hold one value and white space around it, and says where the value is. Its keys and values are
/// told to `notes`.
pub(super) fn check(bytes: &[u8], depth: usize, notes: &mut impl Notes) -> Result<(usize, usize), Malformed> {
    let mut scanner = Scanner { bytes, room: depth, notes, wrong: Malformed { offset: 0, what: "" } };
    let start = scanner.space(0);
    let Some(end) = scanner.value(start) else { return Err(scanner.wrong) };
    match scanner.space(end) {
        offset if offset == bytes.len() => Ok((start, end)),
        offset => Err(Malformed { offset, what: "unexpected text after the value" }),
    }
}

/// Where the value that `bytes` begin with ends.
pub(super) fn prefix(bytes: &[u8], depth: usize) -> Result<usize, Malformed> {
    let mut scanner =
        Scanner { bytes, room: depth, notes: &mut (), wrong: Malformed { offset: 0, what: "" } };
    scanner.value(0).ok_or(scanner.wrong)
}

/// Takes down where keys and values are, each before what stands inside of it.
pub(super) trait Notes {
    /// One in which nothing can stand, from `start` to before `end`; `escaped` says of strings whether they have escapes.
    fn leaf(&mut self, start: usize, end: usize, escaped: bool);
    /// An array or object begins; the number given is its own.
    fn begin(&mut self, at: usize) -> usize;
    /// It ends before `at`.
    fn end(&mut self, number: usize, at: usize);
}

/// Takes nothing down.
impl Notes for () {
    fn leaf(&mut self, _: usize, _: usize, _: bool) {}

    fn begin(&mut self, _: usize) -> usize {
        0
    }

    fn end(&mut self, _: usize, _: usize) {}
}

/// Recursive descent over the grammar; `room` levels may still open.
///
/// Each step takes a position and gives the next, or none where it has noted what is `wrong`: positions are passed in
/// registers, and only failures go through memory.
struct Scanner<'a, N> {
    bytes: &'a [u8],
    room: usize,
    notes: &'a mut N,
    wrong: Malformed,
}

impl<N: Notes> Scanner<'_, N> {
    fn value(&mut self, at: usize) -> Option<usize> {
        match self.peek(at) {
            Some(b'"') => self.string(at),
            Some(b'{') => self.nested(at, b'}', Self::member),
            Some(b'[') => self.nested(at, b']', Self::value),
            Some(first) => self.scalar(first, at),
            None => self.fail(at, "unexpected end"),
        }
    }

    /// A number or a word.
    fn scalar(&mut self, first: u8, at: usize) -> Option<usize> {
        let end = match first {
            b'-' | b'0'..=b'9' => self.number(at),
            b't' => self.word(at, b"true"),
            b'f' => self.word(at, b"false"),
            b'n' => self.word(at, b"null"),
            _ => self.fail(at, "expected a value"),
        }?;
        self.notes.leaf(at, end, false);
        Some(end)
    }

    fn nested(
        &mut self,
        open: usize,
        close: u8,
        element: impl Fn(&mut Self, usize) -> Option<usize>,
    ) -> Option<usize> {
        let Some(room) = self.room.checked_sub(1) else { return self.fail(open, "nested too deeply") };
        self.room = room;
        let number = self.notes.begin(open);
        let at = self.space(open + 1);
        let end = if self.peek(at) == Some(close) { at + 1 } else { self.elements(at, close, element)? };
        self.notes.end(number, end);
        self.room += 1;
        Some(end)
    }

    fn elements(
        &mut self,
        mut at: usize,
        close: u8,
        element: impl Fn(&mut Self, usize) -> Option<usize>,
    ) -> Option<usize> {
        loop {
            let end = element(self, at)?;
            at = self.space(end);
            match self.peek(at) {
                Some(b',') => at = self.space(at + 1),
                Some(byte) if byte == close => return Some(at + 1),
                _ => return self.fail(at, "expected a comma or the closing bracket"),
            }
        }
    }

    fn member(&mut self, at: usize) -> Option<usize> {
        if self.peek(at) != Some(b'"') {
            return self.fail(at, "expected a key");
        }
        let end = self.string(at)?;
        let colon = self.space(end);
        if self.peek(colon) != Some(b':') {
            return self.fail(colon, "expected a colon");
        }
        let value = self.space(colon + 1);
        self.value(value)
    }

    fn string(&mut self, open: usize) -> Option<usize> {
        let mut at = plain_end(self.bytes, open + 1);
        let escaped = self.peek(at) != Some(b'"');
        if escaped {
            at = self.behind_escapes(at)?;
        }
        self.notes.leaf(open, at + 1, escaped);
        Some(at + 1)
    }

    /// The quote that closes a string which is not plain to its end. Apart from those that are, which have little to do.
    #[inline(never)]
    fn behind_escapes(&mut self, mut at: usize) -> Option<usize> {
        loop {
            match self.peek(at) {
                Some(b'"') => return Some(at),
                Some(b'\\') => at = self.escape(at)?,
                Some(_) => return self.fail(at, "control character in a string"),
                None => return self.fail(at, "unterminated string"),
            }
            at = plain_end(self.bytes, at);
        }
    }

    fn escape(&mut self, at: usize) -> Option<usize> {
        match self.peek(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Some(at + 2),
            Some(b'u') if hexadecimal(self.bytes.get(at + 2..at + 6)) => Some(at + 6),
            _ => self.fail(at + 1, "invalid escape"),
        }
    }

    fn number(&mut self, at: usize) -> Option<usize> {
        let mut at = self.over(at, b"-");
        at = match self.peek(at) {
            Some(b'0') => at + 1,
            _ => self.digits(at)?,
        };
        if self.peek(at) == Some(b'.') {
            at = self.digits(at + 1)?;
        }
        if matches!(self.peek(at), Some(b'e' | b'E')) {
            at = self.over(at + 1, b"+-");
            at = self.digits(at)?;
        }
        Some(at)
    }

    fn digits(&mut self, start: usize) -> Option<usize> {
        let mut at = start;
        while self.peek(at).is_some_and(|byte| byte.is_ascii_digit()) {
            at += 1;
        }
        if at == start { self.fail(at, "expected a digit") } else { Some(at) }
    }

    fn word(&mut self, at: usize, word: &[u8]) -> Option<usize> {
        match self.bytes.get(at..).is_some_and(|rest| rest.starts_with(word)) {
            true => Some(at + word.len()),
            false => self.fail(at, "expected a value"),
        }
    }

    /// Behind a byte that may be one of these.
    fn over(&self, at: usize, signs: &[u8]) -> usize {
        at + usize::from(self.peek(at).is_some_and(|byte| signs.contains(&byte)))
    }

    fn space(&self, mut at: usize) -> usize {
        while self.peek(at).is_some_and(is_space) {
            at += 1;
        }
        at
    }

    fn peek(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    #[cold]
    fn fail(&mut self, offset: usize, what: &'static str) -> Option<usize> {
        self.wrong = Malformed { offset, what };
        None
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

/// Splits the first key off checked text, leaving out the separators before it.
pub(super) fn split_key(text: &str) -> Option<(Key<'_>, &str)> {
    let bytes = text.as_bytes();
    let open = separated(bytes, 0)?;
    let (close, escaped) = string_end(bytes, open)?;
    Some((Key { whole: text, place: open + 1..close - 1, escaped }, text.get(close..)?))
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
