//! What stands between quotes: looked through eight bytes at a time, for most of a body is strings.

use std::borrow::Cow;

use memchr::{memchr, memchr2, memmem};

/// A one in each byte.
const ONES: u64 = u64::MAX / 255;
/// The highest bit of each byte.
const HIGH: u64 = ONES << 7;
/// How far a string is looked through a word at a time. For what is longer, memchr is faster, whose calls have a price.
const NEAR: usize = 32;

/// The first position from `at` on that does not stand for itself in a string: a quote, a backslash, or a control
/// character. The end where there is none.
#[inline]
pub(super) fn plain_end(bytes: &[u8], at: usize) -> usize {
    match seek(bytes, at, not_plain) {
        Ok(end) => end,
        Err(at) => far_plain_end(bytes, at),
    }
}

/// Apart from the near look, which is inlined where it is needed and so has to be small.
#[inline(never)]
fn far_plain_end(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    if rest.len() < size_of::<u64>() {
        let special = |byte: &u8| *byte < 0x20 || matches!(byte, b'"' | b'\\');
        return at + rest.iter().position(special).unwrap_or(rest.len());
    }
    let (plain, _) = rest.split_at(memchr2(b'"', b'\\', rest).unwrap_or(rest.len()));
    // Without an early end, so that compilers look at many bytes at once.
    let least = plain.iter().fold(u8::MAX, |least, &byte| least.min(byte));
    let control = (least < 0x20).then(|| plain.iter().position(|&byte| byte < 0x20)).flatten();
    at + control.unwrap_or(plain.len())
}

/// The end of the string that opens at `start`, and whether it has escapes; `None` where the text ends inside it.
pub(super) fn string_end(bytes: &[u8], start: usize) -> Option<(usize, bool)> {
    let mut at = start + 1;
    let mut escaped = false;
    loop {
        at = quote_or_escape(bytes, at)?;
        if bytes.get(at) == Some(&b'"') {
            return Some((at + 1, escaped));
        }
        escaped = true;
        at += 2;
    }
}

#[inline]
fn quote_or_escape(bytes: &[u8], at: usize) -> Option<usize> {
    match seek(bytes, at, |word| equal(word, b'"') | equal(word, b'\\')) {
        Ok(end) => Some(end),
        Err(at) => far_quote_or_escape(bytes, at),
    }
}

#[inline(never)]
fn far_quote_or_escape(bytes: &[u8], at: usize) -> Option<usize> {
    Some(at + memchr2(b'"', b'\\', bytes.get(at..)?)?)
}

/// Looks through the next [`NEAR`] bytes for one that `marks` marks. Gives its position, or as an error the one to look
/// on from: there is none before.
#[inline]
fn seek(bytes: &[u8], from: usize, marks: impl Fn(u64) -> u64) -> Result<usize, usize> {
    let mut at = from;
    while let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk).filter(|_| at < from + NEAR) {
        match marks(u64::from_le_bytes(*word)) {
            0 => at += size_of::<u64>(),
            // Above a byte that is marked rightly, others may be wrongly; the lowest is right.
            found => return Ok(at + found.trailing_zeros() as usize / 8),
        }
    }
    Err(at)
}

/// Marks the bytes that are `byte`.
fn equal(word: u64, byte: u8) -> u64 {
    let other = word ^ (ONES * u64::from(byte));
    other.wrapping_sub(ONES) & !other & HIGH
}

/// Marks the quotes, the backslashes and the control characters: with its second bit turned over a quote, too, is less
/// than 0x21, as they are and nothing else is.
fn not_plain(word: u64) -> u64 {
    let low = (word ^ (ONES * 2)).wrapping_sub(ONES * 0x21);
    let backslash = (word ^ (ONES * u64::from(b'\\'))).wrapping_sub(ONES);
    (low | backslash) & !word & HIGH
}

/// Whether checked text has half of a surrogate pair: an escape that stands for no character.
pub(crate) fn has_unpaired(text: &str) -> bool {
    // Most text has no escapes at all, and nearly none has any of surrogates.
    if memchr(b'\\', text.as_bytes()).is_none() {
        return false;
    }
    let is_surrogate = |at: usize| {
        matches!(
            text.as_bytes().get(at + 2..at + 4),
            Some([b'd' | b'D', b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F'])
        )
    };
    let first = memmem::find_iter(text.as_bytes(), b"\\u").find(|at| is_surrogate(*at));
    first.is_some() && halves(text)
}

/// The same of text that has escapes, each looked at in its turn.
fn halves(mut rest: &str) -> bool {
    while let Some((_, escaped)) = rest.split_once('\\') {
        let (character, after) = escape(escaped);
        let is_itself = escaped.get(..5).is_some_and(|escape| escape.eq_ignore_ascii_case("ufffd"));
        if character == char::REPLACEMENT_CHARACTER && escaped.starts_with('u') && !is_itself {
            return true;
        }
        rest = after;
    }
    false
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_not_plain_is_found(
            text in "[a-z\u{e9}\u{7f}]{0,150}",
            mark in prop::sample::select(vec!["\"", "\\", "\n", "\u{1f}", "\u{0}", ""]),
            rest in "[a-z\"\\\\\n]{0,20}",
        ) {
            let whole = format!("{text}{mark}{rest}");
            let special = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
            for from in 0..=whole.len() {
                let expected = whole.bytes().skip(from).position(special).map_or(whole.len(), |at| from + at);
                prop_assert_eq!(plain_end(whole.as_bytes(), from), expected);
            }
        }

        #[test]
        fn strings_end_where_they_end(inner in r#"([a-z ]{0,40}|\\["\\n]){0,6}"#) {
            let whole = format!("\"{inner}\",");
            prop_assert_eq!(string_end(whole.as_bytes(), 0), Some((whole.len() - 1, inner.contains('\\'))));
        }
    }
}
