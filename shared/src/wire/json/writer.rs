//! JSON appended to a caller's buffer.

use bytes::{BufMut, BytesMut};
use memchr::memchr2;

use super::Json;
use super::text::plain_end;

/// Writes one JSON value at the end of a buffer; commas come by themselves.
///
/// ```
/// # use shared::wire::json::Writer;
/// let mut out = bytes::BytesMut::new();
/// Writer::new(&mut out).object(|o| {
///     o.key("model").string("m");
///     o.key("stop").array(|a| a.string("\n"));
/// });
/// assert_eq!(&out[..], br#"{"model":"m","stop":["\n"]}"#);
/// ```
#[derive(Debug)]
pub struct Writer<'o> {
    out: &'o mut BytesMut,
    start: usize,
}

impl<'o> Writer<'o> {
    /// A writer of one value behind what `out` already holds.
    pub fn new(out: &'o mut BytesMut) -> Writer<'o> {
        let start = out.len();
        Writer { out, start }
    }

    /// An object, its members written by `members`.
    pub fn object(&mut self, members: impl FnOnce(&mut Writer<'o>)) {
        self.begin(b'{');
        members(self);
        self.out.put_u8(b'}');
    }

    /// An array, its elements written by `elements`.
    pub fn array(&mut self, elements: impl FnOnce(&mut Writer<'o>)) {
        self.begin(b'[');
        elements(self);
        self.out.put_u8(b']');
    }

    /// A member's key; its value must be written next.
    pub fn key(&mut self, key: &str) -> &mut Writer<'o> {
        if plain_end(key.as_bytes(), 0) == key.len() {
            self.plain_key(key);
            return self;
        }
        self.separate();
        push_escaped(key, self.out);
        self.out.put_u8(b':');
        self
    }

    /// A key without escapes: what is written is half keys.
    fn plain_key(&mut self, key: &str) {
        match self.is_behind_another() {
            true => self.out.extend_from_slice(b",\""),
            false => self.out.extend_from_slice(b"\""),
        }
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    /// A string.
    pub fn string(&mut self, value: &str) {
        self.separate();
        push_escaped(value, self.out);
    }

    /// A value that is JSON already, with its own spelling.
    pub fn json(&mut self, value: Json<'_>) {
        self.raw(value.raw());
    }

    /// Text that is known to be one JSON value. Its line breaks, which can only stand between tokens, are left out:
    /// what is written may become a line of an event stream.
    pub fn raw(&mut self, value: &str) {
        self.separate();
        if memchr2(b'\n', b'\r', value.as_bytes()).is_none() {
            return self.out.put_slice(value.as_bytes());
        }
        value.split(['\n', '\r']).for_each(|line| self.out.put_slice(line.as_bytes()));
    }

    /// A whole number.
    pub fn integer(&mut self, value: impl Whole) {
        self.separate();
        if value.is_below_zero() {
            self.out.put_u8(b'-');
        }
        push_digits(value.magnitude(), self.out);
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, value: bool) {
        self.raw(if value { "true" } else { "false" });
    }

    /// `null`.
    pub fn null(&mut self) {
        self.raw("null");
    }

    fn begin(&mut self, bracket: u8) {
        self.separate();
        self.out.put_u8(bracket);
    }

    /// A comma, unless this is the first value here or the value of a key.
    fn separate(&mut self) {
        if self.is_behind_another() {
            self.out.put_u8(b',');
        }
    }

    fn is_behind_another(&self) -> bool {
        let written = self.out.get(self.start..).and_then(<[u8]>::last);
        !matches!(written, None | Some(b'{' | b'[' | b':'))
    }
}

/// Appends `text` as a JSON string, quotes included (RFC 8259, section 7: only what must be escaped is).
pub fn push_escaped(text: &str, out: &mut BytesMut) {
    let text = text.as_bytes();
    let (plain, rest) = text.split_at(plain_end(text, 0));
    out.reserve(text.len() + 2);
    out.put_u8(b'"');
    out.extend_from_slice(plain);
    match rest.is_empty() {
        true => out.put_u8(b'"'),
        false => push_with_escapes(rest, out),
    }
}

/// The rest of a string, which begins with what has to be escaped.
fn push_with_escapes(text: &[u8], out: &mut BytesMut) {
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        push_escape(byte, out);
        let (plain, tail) = after.split_at(plain_end(after, 0));
        out.put_slice(plain);
        rest = tail;
    }
    out.put_u8(b'"');
}

/// A whole number of at most 64 bits.
pub trait Whole: Copy {
    /// Whether it has a sign.
    fn is_below_zero(self) -> bool;

    /// What is left without the sign.
    fn magnitude(self) -> u64;
}

macro_rules! whole {
    ($wide:ty: $($name:ty),*; $magnitude:expr) => {$(
        impl Whole for $name {
            fn is_below_zero(self) -> bool {
                <$wide>::from(self) < <$wide>::default()
            }

            fn magnitude(self) -> u64 {
                $magnitude(<$wide>::from(self))
            }
        }
    )*};
}

whole!(i64: i32, i64; i64::unsigned_abs);
whole!(u64: u8, u16, u32, u64; std::convert::identity);

/// Appends a number's digits without what formatting costs: answers are full of counts.
fn push_digits(value: u64, out: &mut BytesMut) {
    let mut digits = [b'0'; 20];
    let mut rest = value;
    let mut unused = digits.len();
    for digit in digits.iter_mut().rev() {
        *digit += (rest % 10) as u8;
        rest /= 10;
        unused -= 1;
        if rest == 0 {
            break;
        }
    }
    out.put_slice(digits.get(unused..).unwrap_or_default());
}

/// `text` as a JSON string.
pub fn quoted(text: &str) -> String {
    // Names are what is quoted most.
    if plain_end(text.as_bytes(), 0) == text.len() {
        return ["\"", text, "\""].concat();
    }
    let mut out = BytesMut::new();
    push_escaped(text, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

fn push_escape(byte: u8, out: &mut BytesMut) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x8 => b'b',
        0xc => b'f',
        _ => {
            out.put_slice(b"\\u00");
            out.put_u8(DIGITS.get(usize::from(byte >> 4)).copied().unwrap_or(b'0'));
            out.put_u8(DIGITS.get(usize::from(byte & 15)).copied().unwrap_or(b'0'));
            return;
        }
    };
    out.put_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn whole_numbers_to_their_ends() {
        let mut out = BytesMut::new();
        Writer::new(&mut out).array(|a| {
            a.integer(u64::MAX);
            a.integer(i64::MIN);
            a.integer(-1);
            a.integer(0u8);
        });
        assert_eq!(&out[..], b"[18446744073709551615,-9223372036854775808,-1,0]");
    }

    proptest! {
        #[test]
        fn what_was_written_reads_the_same(text in any::<String>(), number in any::<i64>()) {
            let mut out = BytesMut::from("before");
            Writer::new(&mut out).array(|a| {
                a.string(&text);
                a.object(|o| o.key(&text).integer(number));
                a.object(|_| ());
                a.null();
            });
            let value: serde_json::Value = serde_json::from_slice(&out[6..]).unwrap();
            prop_assert_eq!(value, serde_json::json!([text, {&text: number}, {}, null]));
        }
    }

    #[test]
    fn what_was_written_is_one_line() {
        let mut out = BytesMut::new();
        Writer::new(&mut out).json(Json::parse(b"{\r\n  \"a\": [\n1,\r2]}").unwrap());
        assert_eq!(&out[..], br#"{  "a": [1,2]}"#);
    }
}
