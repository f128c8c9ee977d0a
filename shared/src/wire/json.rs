//! JSON text, read in place and written by hand.
//!
//! [`Json`] is a slice of text that has been checked once; everything below it is found by skipping, so that
//! a member nobody asks for costs nothing, numbers keep their spelling and unknown members their bytes.
//! [`Writer`] appends JSON to a caller's buffer. [`Outline`] is the lighter look that the verbatim path takes:
//! the top level's members and where they are.

mod decimal;
mod index;
mod outline;
mod scan;
mod stencil;
mod text;
mod writer;

pub(crate) use decimal::decimal;
pub use index::Index;
pub use outline::{Edit, Outline, place};
pub(crate) use outline::{place_of, prefix, splice, without_end};
pub(crate) use stencil::Stencils;
pub(crate) use text::has_unpaired;
pub use writer::{Whole, Writer, push_escaped, quoted};

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

/// How deep arrays and objects may nest before a body is refused.
pub const DEPTH: usize = 128;

/// One JSON value (RFC 8259): grammar and UTF-8 checked, no white space around it.
#[derive(Clone, Copy)]
pub struct Json<'a> {
    raw: &'a str,
    /// The value and what stands inside of it, where an [`Index`] knows; else it is found by skipping.
    parts: &'a [index::Part],
}

/// Values are equal where they are written alike.
impl PartialEq for Json<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.raw == other.raw
    }
}

impl Eq for Json<'_> {}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Null,
    Boolean,
    Number,
    String,
    Array,
    Object,
}

/// Text that is not JSON, and where that showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Byte offset of the first byte that cannot be right.
    pub offset: usize,
    /// What was wrong there.
    pub what: &'static str,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.what, self.offset)
    }
}

impl std::error::Error for Malformed {}

impl<'a> Json<'a> {
    /// The JSON `null`.
    pub const NULL: Json<'static> = Json { raw: "null", parts: &[] };

    /// The object without members.
    pub const EMPTY: Json<'static> = Json { raw: "{}", parts: &[] };

    /// The number 0.
    pub const ZERO: Json<'static> = Json { raw: "0", parts: &[] };

    /// Checks `bytes` to be one JSON value of at most [`DEPTH`] levels.
    pub fn parse(bytes: &'a [u8]) -> Result<Json<'a>, Malformed> {
        let text = scan::text(bytes)?;
        let (start, end) = scan::check(bytes, DEPTH, &mut ())?;
        Ok(Json::unindexed(text.get(start..end).unwrap_or_default()))
    }

    fn unindexed(raw: &'a str) -> Json<'a> {
        Json { raw, parts: &[] }
    }

    /// The value's own text.
    pub fn raw(self) -> &'a str {
        self.raw
    }

    /// Where the value is in the text that was indexed; none where none was: [`place_of`] tells there, too.
    pub(crate) fn place(self) -> Option<Range<usize>> {
        self.parts.first().map(|part| part.place())
    }

    /// What the value is.
    pub fn kind(self) -> Kind {
        match self.raw.as_bytes().first() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::String,
            Some(b't' | b'f') => Kind::Boolean,
            Some(b'n') | None => Kind::Null,
            Some(_) => Kind::Number,
        }
    }

    /// Whether the value is `null`.
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// The value unless it is `null`.
    pub fn present(self) -> Option<Json<'a>> {
        (!self.is_null()).then_some(self)
    }

    /// A string's value, borrowed where it has no escapes. Unpaired surrogates become U+FFFD.
    pub fn string(self) -> Option<Cow<'a, str>> {
        let inner = self.raw.strip_prefix('"')?.strip_suffix('"')?;
        match self.parts.first() {
            Some(part) if !part.is_escaped() => Some(Cow::Borrowed(inner)),
            _ => Some(text::unescape(inner)),
        }
    }

    /// A boolean's value.
    pub fn boolean(self) -> Option<bool> {
        self.raw.parse().ok()
    }

    /// The value of a number that may have a fraction.
    pub fn decimal(self) -> Option<f32> {
        (self.kind() == Kind::Number).then(|| decimal(self.raw)).flatten()
    }

    /// A number's value, where `N` can hold it. For fractions there is [`decimal`](Json::decimal).
    pub fn number<N: FromStr>(self) -> Option<N> {
        (self.kind() == Kind::Number).then(|| self.raw.parse().ok()).flatten()
    }

    /// An object's member; the last one where a key occurs twice, as most parsers have it.
    pub fn get(self, key: &str) -> Option<Json<'a>> {
        let [found] = self.pick([key]);
        found
    }

    /// Several of an object's members, looked up in one pass; like [`get`](Json::get) for each of them.
    pub fn pick<const N: usize>(self, keys: [&str; N]) -> [Option<Json<'a>>; N] {
        let mut found = [None; N];
        self.find(&keys, &mut found);
        found
    }

    /// Puts the members with these keys where each key's place is: one function, however many there are.
    fn find(self, keys: &[&str], found: &mut [Option<Json<'a>>]) {
        let mut fields = self.fields();
        while let Some(at) = fields.key_among(keys) {
            match found.get_mut(at) {
                Some(place) => *place = fields.value(),
                None => fields.pass(),
            }
        }
    }

    /// An object's members but for those with these keys, in their order.
    pub fn others(self, known: &[&str]) -> impl Iterator<Item = (Cow<'a, str>, Json<'a>)> {
        self.wanted(|name| !known.iter().any(|key| key.as_bytes() == name))
    }

    /// An object's members that are wanted by their key's bytes, in their order.
    pub(crate) fn wanted(
        self,
        is_wanted: impl Fn(&[u8]) -> bool,
    ) -> impl Iterator<Item = (Cow<'a, str>, Json<'a>)> {
        let mut fields = self.fields();
        std::iter::from_fn(move || {
            loop {
                let key = fields.key()?;
                if key.bytes().is_some_and(|bytes| is_wanted(&bytes)) {
                    return Some((key.text()?, fields.value()?));
                }
                fields.pass();
            }
        })
    }

    /// An object's members in their order; none where the value is not an object.
    pub fn fields(self) -> Fields<'a> {
        Fields { inner: Inner::of(self, b'{') }
    }

    /// An array's elements in their order; none where the value is not an array.
    pub fn items(self) -> Items<'a> {
        Items { inner: Inner::of(self, b'[') }
    }
}

/// What stands inside of an object or array and is still to come.
#[derive(Clone, Copy)]
enum Inner<'a> {
    Indexed(index::Rest<'a>),
    Text(&'a str),
}

impl<'a> Inner<'a> {
    /// The inside of a value whose text opens with this byte; nothing of any other.
    fn of(json: Json<'a>, open: u8) -> Inner<'a> {
        match index::Rest::of(json) {
            Some(rest) if json.raw.as_bytes().first() == Some(&open) => Inner::Indexed(rest),
            _ => Inner::Text(scan::inside(json.raw, open)),
        }
    }
}

impl fmt::Debug for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.raw)
    }
}

/// The members of an object.
#[derive(Clone)]
pub struct Fields<'a> {
    inner: Inner<'a>,
}

/// A member's key as it is written.
struct Key<'a> {
    /// The text that it stands in, and where, without the quotes.
    whole: &'a str,
    place: Range<usize>,
    escaped: bool,
}

impl<'a> Key<'a> {
    fn text(&self) -> Option<Cow<'a, str>> {
        let raw = self.whole.get(self.place.clone())?;
        Some(if self.escaped { text::unescape(raw) } else { Cow::Borrowed(raw) })
    }

    #[inline]
    fn bytes(&self) -> Option<Cow<'a, [u8]>> {
        match self.escaped {
            true => self.text().map(|text| Cow::Owned(text.into_owned().into_bytes())),
            // Bytes are at hand without a look at where characters begin.
            false => self.whole.as_bytes().get(self.place.clone()).map(Cow::Borrowed),
        }
    }
}

impl<'a> Fields<'a> {
    /// The next member's key. Its value must be taken or passed next.
    fn key(&mut self) -> Option<Key<'a>> {
        match &mut self.inner {
            Inner::Indexed(rest) => rest.take_key(),
            Inner::Text(text) => {
                let (key, rest) = scan::split_key(text)?;
                *text = rest;
                Some(key)
            }
        }
    }

    /// The same where it only matters which of `keys` it is: as many as there are stands for another.
    fn key_among(&mut self, keys: &[&str]) -> Option<usize> {
        if let Inner::Indexed(rest) = &mut self.inner
            && let Some(own) = rest.take_plain_key()
        {
            return Some(keys.iter().position(|key| key.as_bytes() == own).unwrap_or(keys.len()));
        }
        let own = self.key()?;
        let own = own.bytes()?;
        Some(keys.iter().position(|key| key.as_bytes() == &*own).unwrap_or(keys.len()))
    }

    #[inline]
    fn value(&mut self) -> Option<Json<'a>> {
        match &mut self.inner {
            Inner::Indexed(rest) => rest.take(),
            Inner::Text(text) => take_value(text),
        }
    }

    fn pass(&mut self) {
        match &mut self.inner {
            Inner::Indexed(rest) => rest.pass(),
            Inner::Text(text) => drop(take_value(text)),
        }
    }
}

fn take_value<'a>(text: &mut &'a str) -> Option<Json<'a>> {
    let (value, rest) = scan::split_value(text)?;
    *text = rest;
    Some(Json::unindexed(value))
}

impl<'a> Iterator for Fields<'a> {
    type Item = (Cow<'a, str>, Json<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let key = self.key()?;
        Some((key.text()?, self.value()?))
    }
}

/// The elements of an array.
#[derive(Clone)]
pub struct Items<'a> {
    inner: Inner<'a>,
}

impl<'a> Iterator for Items<'a> {
    type Item = Json<'a>;

    fn next(&mut self) -> Option<Json<'a>> {
        match &mut self.inner {
            Inner::Indexed(rest) => rest.take(),
            Inner::Text(text) => take_value(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<i16>().prop_map(|n| (f64::from(n) / 8.0).into()),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 64, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                prop::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn rebuild(json: Json<'_>) -> serde_json::Value {
        match json.kind() {
            Kind::Object => {
                serde_json::Value::Object(json.fields().map(|(k, v)| (k.into_owned(), rebuild(v))).collect())
            }
            Kind::Array => json.items().map(rebuild).collect(),
            Kind::String => json.string().unwrap().into_owned().into(),
            _ => serde_json::from_str(json.raw()).unwrap(),
        }
    }

    proptest! {
        #[test]
        fn reads_what_another_library_wrote(value in any_json(), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
            prop_assert_eq!(&rebuild(Json::parse(text.as_bytes()).unwrap()), &value);
            prop_assert_eq!(&rebuild(Index::default().parse(text.as_bytes()).unwrap()), &value);
        }

        #[test]
        fn agrees_with_another_library_on_what_json_is(text in r#"[ \[\]{}:,"a\\u0-9eE+.tfn-]{0,12}"#) {
            let ours = Json::parse(text.as_bytes()).is_ok();
            prop_assert_eq!(ours, serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok(), "{}", text);
        }

        #[test]
        fn no_input_panics(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = Json::parse(&bytes);
            let _ = Outline::scan(&bytes);
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = "[".repeat(100_000);
        assert_eq!(Json::parse(deep.as_bytes()).unwrap_err().what, "nested too deeply");
    }

    #[test]
    fn picking_is_getting_several() {
        let json = Json::parse(br#"{"a":1,"b\u0062":[2],"c":{"a":4},"a":3}"#).unwrap();
        let keys = ["bb", "a", "d", "c"];
        assert_eq!(json.pick(keys), keys.map(|key| json.get(key)));
        let mut index = Index::default();
        let indexed = index.parse(json.raw().as_bytes()).unwrap();
        assert_eq!(indexed.pick(keys), json.pick(keys));
        assert_eq!(indexed.get("c").unwrap().get("a").unwrap().raw(), "4");
        assert_eq!(Json::NULL.pick(["a"]), [None]);
        // A key of two backslashes as it is written has one in it.
        let escaped = Json::parse(br#"{"\\":1}"#).unwrap();
        assert_eq!(escaped.pick([r"\\", r"\"]).map(|found| found.is_some()), [false, true]);
    }

    #[test]
    fn the_last_of_two_equal_keys_counts() {
        assert_eq!(Json::parse(br#"{"a":1,"a":2}"#).unwrap().get("a").unwrap().raw(), "2");
    }
}
