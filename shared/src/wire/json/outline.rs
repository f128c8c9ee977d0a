//! The top level of a body, for surgical edits: members and where they are, nothing below looked at.

use std::borrow::Cow;
use std::ops::Range;

use bytes::BytesMut;

use super::scan::{self, is_space, skip};
use super::text::{string_end, unescape};
use super::{DEPTH, Json, Malformed};

/// The members of a body's top-level object.
///
/// Strings and brackets are matched throughout (to [`DEPTH`] levels); the grammar between them is
/// left to whoever parses the body in the end.
#[derive(Clone, Debug)]
pub struct Outline<'a> {
    bytes: &'a [u8],
    /// Just after the opening brace.
    open: usize,
    members: Vec<Member>,
}

#[derive(Clone, Debug)]
struct Member {
    /// With its quotes.
    key: Range<usize>,
    /// Whether the key has escapes.
    escaped: bool,
    value: Range<usize>,
}

/// How many bytes a key's quotes take.
const QUOTES: usize = 2;

/// One change to a body's top level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit<'e> {
    /// Gives a member this JSON text: in its place where it is there, before the others where it is not.
    Set(&'e str, Cow<'e, str>),
    /// Takes a member out.
    Remove(&'e str),
}

impl<'a> Outline<'a> {
    /// Finds the top level's members. The body must be an object.
    pub fn scan(bytes: &'a [u8]) -> Result<Outline<'a>, Malformed> {
        let open = expect(bytes, space(bytes, 0), b'{', "expected an object")?;
        let mut outline = Outline { bytes, open, members: Vec::with_capacity(16) };
        let mut at = space(bytes, open);
        if bytes.get(at) != Some(&b'}') {
            at = outline.members(at)?;
        }
        match space(bytes, at + 1) {
            end if end == bytes.len() => Ok(outline),
            offset => Err(Malformed { offset, what: "unexpected text after the value" }),
        }
    }

    /// A member's value, checked; `None` where it is not there. The last one counts where a key occurs twice.
    pub fn get(&self, key: &str) -> Option<Result<Json<'a>, Malformed>> {
        let value = &self.members_like(key).rfind(|member| self.is_named(member, key))?.value;
        Some(
            Json::parse(self.slice(value.clone()))
                .map_err(|error| Malformed { offset: error.offset + value.start, what: error.what }),
        )
    }

    /// Whether readers may differ on what a member says: it is there twice, or under its name in other letters, which some
    /// take for the same (Go's `encoding/json`).
    pub fn is_doubtful(&self, key: &str) -> bool {
        let mut like = self.members_like(key).filter(|member| self.is_like(member, key));
        like.next().is_some_and(|first| !self.is_named(first, key) || like.next().is_some())
    }

    /// Appends the body to `out` with `edits` made and every other byte as it is.
    ///
    /// Of a key that occurs several times only the last is kept, so that no two readers can differ on it.
    pub fn edit(&self, edits: &[Edit<'_>], out: &mut BytesMut) {
        if let [Edit::Set(key, value)] = edits
            && let Some(place) = self.only(key)
        {
            return splice(self.bytes, place, value.as_bytes(), out);
        }
        out.reserve(self.bytes.len() + 64);
        out.extend_from_slice(self.slice(0..self.open));
        let mut splice = Splice { outline: self, out, copied: self.open, first: true };
        for edit in edits {
            splice.add(edit);
        }
        for (index, member) in self.members.iter().enumerate() {
            let edit = edits.iter().find(|edit| self.is_named(member, edit.key()));
            splice.keep(index, member, edit);
        }
        let rest = splice.copied..self.bytes.len();
        out.extend_from_slice(self.slice(rest));
    }

    /// Where the value of a member is that occurs once.
    fn only(&self, key: &str) -> Option<Range<usize>> {
        let mut named = self.members_like(key).filter(|member| self.is_named(member, key));
        let first = named.next()?;
        named.next().is_none().then(|| first.value.clone())
    }

    fn members(&mut self, mut at: usize) -> Result<usize, Malformed> {
        loop {
            let (end, escaped) = key_end(self.bytes, at)?;
            let key = at..end;
            at = expect(self.bytes, space(self.bytes, end), b':', "expected a colon")?;
            let start = space(self.bytes, at);
            let end =
                skip(self.bytes, start).filter(|&end| end > start).ok_or_else(|| self.flaw_behind(start))?;
            self.members.push(Member { key, escaped, value: start..end });
            at = space(self.bytes, end);
            if self.bytes.get(at) == Some(&b'}') {
                return Ok(at);
            }
            at = expect(self.bytes, at, b',', "expected a comma or the closing bracket")?;
            at = space(self.bytes, at);
        }
    }

    /// What is wrong with a value whose end was not found.
    fn flaw_behind(&self, start: usize) -> Malformed {
        let unclosed = Malformed { offset: start, what: "expected a value with matching brackets" };
        let flaw = scan::prefix(self.bytes.get(start..).unwrap_or_default(), DEPTH).err();
        flaw.map_or(unclosed, |flaw| Malformed { offset: start + flaw.offset, ..flaw })
    }

    /// The members that can have this key, in whatever letters: of most their length tells that they have another.
    fn members_like(&self, key: &str) -> impl DoubleEndedIterator<Item = &Member> {
        let length = key.len() + QUOTES;
        self.members.iter().filter(move |member| member.key.len() == length || member.escaped)
    }

    fn is_named(&self, member: &Member, key: &str) -> bool {
        let raw = self.slice(member.key.start + 1..member.key.end - 1);
        match member.escaped {
            true => std::str::from_utf8(raw).is_ok_and(|raw| unescape(raw) == key),
            false => raw == key.as_bytes(),
        }
    }

    fn is_like(&self, member: &Member, key: &str) -> bool {
        let raw = self.slice(member.key.start + 1..member.key.end - 1);
        match member.escaped {
            true => std::str::from_utf8(raw).is_ok_and(|raw| unescape(raw).eq_ignore_ascii_case(key)),
            false => raw.eq_ignore_ascii_case(key.as_bytes()),
        }
    }

    fn slice(&self, range: Range<usize>) -> &'a [u8] {
        self.bytes.get(range).unwrap_or_default()
    }
}

impl Edit<'_> {
    fn key(&self) -> &str {
        match self {
            Edit::Set(key, _) | Edit::Remove(key) => key,
        }
    }
}

/// Where a member's value is; `path` leads to it from the top. Nothing behind it is looked at, and of a key that occurs
/// twice the first counts.
pub fn place(bytes: &[u8], path: &[&str]) -> Option<Range<usize>> {
    let start = path.iter().try_fold(space(bytes, 0), |open, key| member(bytes, open, key))?;
    Some(start..skip(bytes, start)?)
}

/// Appends a text with something else in the place of a part of it.
pub(crate) fn splice(text: &[u8], place: Range<usize>, part: &[u8], out: &mut BytesMut) {
    let before = text.get(..place.start).unwrap_or_default();
    let after = text.get(place.end..).unwrap_or_default();
    // Room for just that much is left as it is when the buffer is frozen.
    out.reserve(before.len() + part.len() + after.len());
    [before, part, after].iter().for_each(|piece| out.extend_from_slice(piece));
}

/// Where in `whole` a text is that was borrowed from there, such as a value's [`raw`](Json::raw). None where it is not from
/// there, though it may read like something that is, and where it is empty.
pub(crate) fn place_of(whole: &[u8], part: &str) -> Option<Range<usize>> {
    let start = whole.element_offset(part.as_bytes().first()?)?;
    let end = start + part.len();
    (end <= whole.len()).then_some(start..end)
}

/// The value that text begins with, checked, and what follows it.
pub(crate) fn prefix(bytes: &[u8]) -> Option<(Json<'_>, &[u8])> {
    let (value, rest) = bytes.split_at_checked(scan::prefix(bytes, DEPTH).ok()?)?;
    Some((Json::unindexed(scan::text(value).ok()?), rest))
}

/// An object's end without its brace and the spaces around that.
pub(crate) fn without_end(bytes: &[u8]) -> Option<&[u8]> {
    Some(trim_end(trim_end(bytes).strip_suffix(b"}")?))
}

fn trim_end(bytes: &[u8]) -> &[u8] {
    let spaces = bytes.iter().rev().take_while(|&&byte| is_space(byte)).count();
    bytes.get(..bytes.len() - spaces).unwrap_or_default()
}

/// Where the value of a member begins, of the object that opens at `open`.
fn member(bytes: &[u8], open: usize, key: &str) -> Option<usize> {
    let mut at = space(bytes, expect(bytes, open, b'{', "").ok()?);
    loop {
        let (end, _) = key_end(bytes, at).ok()?;
        let value = space(bytes, expect(bytes, space(bytes, end), b':', "").ok()?);
        if bytes.get(at + 1..end - 1) == Some(key.as_bytes()) {
            return Some(value);
        }
        let after = space(bytes, skip(bytes, value)?);
        at = space(bytes, expect(bytes, after, b',', "").ok()?);
    }
}

/// A copy of a body under way.
struct Splice<'s, 'a> {
    outline: &'s Outline<'a>,
    out: &'s mut BytesMut,
    /// How far the original has been dealt with.
    copied: usize,
    /// Whether no member has been written yet.
    first: bool,
}

impl Splice<'_, '_> {
    /// Writes a member that the original does not have.
    fn add(&mut self, edit: &Edit<'_>) {
        let Edit::Set(key, value) = edit else { return };
        if self.outline.members_like(key).any(|member| self.outline.is_named(member, key)) {
            return;
        }
        self.comma();
        super::push_escaped(key, self.out);
        self.out.extend_from_slice(b":");
        self.out.extend_from_slice(value.as_bytes());
    }

    /// Deals with a member of the original and the separators before it.
    fn keep(&mut self, index: usize, member: &Member, edit: Option<&Edit<'_>>) {
        let gap = self.outline.slice(self.copied..member.key.start);
        self.copied = member.value.end;
        let value = match edit {
            None => None,
            Some(Edit::Set(key, value)) if !self.comes_again(index, key) => Some(value),
            Some(_) => return,
        };
        self.separate(gap);
        match value {
            None => self.out.extend_from_slice(self.outline.slice(member.key.start..member.value.end)),
            Some(value) => {
                self.out.extend_from_slice(self.outline.slice(member.key.start..member.value.start));
                self.out.extend_from_slice(value.as_bytes());
            }
        }
    }

    fn comes_again(&self, index: usize, key: &str) -> bool {
        self.outline.members.iter().skip(index + 1).any(|member| self.outline.is_named(member, key))
    }

    /// Writes the separators that stood before a member, with a comma just where one is needed.
    fn separate(&mut self, gap: &[u8]) {
        let comma = gap.iter().position(|&byte| byte == b',');
        match comma {
            Some(at) if self.first => self.out.extend_from_slice(gap.get(at + 1..).unwrap_or_default()),
            Some(_) => self.out.extend_from_slice(gap),
            None => {
                self.comma();
                self.out.extend_from_slice(gap);
            }
        }
        self.first = false;
    }

    fn comma(&mut self) {
        if !self.first {
            self.out.extend_from_slice(b",");
        }
        self.first = false;
    }
}

fn space(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).copied().is_some_and(is_space) {
        at += 1;
    }
    at
}

fn expect(bytes: &[u8], at: usize, byte: u8, what: &'static str) -> Result<usize, Malformed> {
    if bytes.get(at) == Some(&byte) { Ok(at + 1) } else { Err(Malformed { offset: at, what }) }
}

/// Where the key that begins here ends, and whether it has escapes.
fn key_end(bytes: &[u8], at: usize) -> Result<(usize, bool), Malformed> {
    expect(bytes, at, b'"', "expected a key")?;
    string_end(bytes, at).ok_or(Malformed { offset: at, what: "unterminated string" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn edited(body: &str, edits: &[Edit<'_>]) -> String {
        let mut out = BytesMut::new();
        Outline::scan(body.as_bytes()).unwrap().edit(edits, &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    fn set<'e>(key: &'e str, value: &'e str) -> Edit<'e> {
        Edit::Set(key, Cow::Borrowed(value))
    }

    #[test]
    fn what_is_wrong_within_a_value_is_told() {
        let flaw = |body: &str| Outline::scan(body.as_bytes()).err().map(|flaw| flaw.to_string()).unwrap();
        assert_eq!(flaw(r#"{"a":[}"#), "expected a value at byte 6");
        assert_eq!(flaw(r#"{"a":{"b":"c}"#), "unterminated string at byte 13");
        let deep = format!("{{\"a\":{}", "[".repeat(DEPTH + 1));
        assert_eq!(flaw(&deep), format!("nested too deeply at byte {}", 5 + DEPTH));
    }

    #[test]
    fn what_readers_may_differ_on_is_doubtful() {
        let is_doubtful = |body: &str| Outline::scan(body.as_bytes()).unwrap().is_doubtful("model");
        for body in
            [r#"{}"#, r#"{"model":1}"#, r#"{"a":{"model":1},"model":2}"#, r#"{"mod\u0065l":1,"models":2}"#]
        {
            assert!(!is_doubtful(body), "{body}");
        }
        for body in [
            r#"{"model":1,"model":1}"#,
            r#"{"model":1,"a":2,"mod\u0065l":3}"#,
            r#"{"Model":1}"#,
            r#"{"MODEL":1,"model":2}"#,
        ] {
            assert!(is_doubtful(body), "{body}");
        }
    }

    #[test]
    fn every_other_byte_stays() {
        let body = "{ \"a\" : 1.0 ,\t\"model\":\"x\", \"n\": [1e3 , {\"model\":2}]\r\n}  ";
        assert_eq!(edited(body, &[set("model", "\"y\"")]), body.replace("\"x\"", "\"y\""));
        assert_eq!(edited(body, &[]), body);
    }

    proptest! {
        #[test]
        fn what_was_borrowed_is_found_where_it_is(text in "[ab]{1,8}", from in 0_usize..8, length in 1_usize..8) {
            let from = from % text.len();
            let place = from..(from + length).min(text.len());
            let (whole, part) = (text.as_bytes(), text.get(place.clone()).unwrap());
            let alike = part.to_owned();
            prop_assert_eq!(place_of(whole, part), Some(place.clone()));
            prop_assert_eq!(place_of(whole, &alike), None);
            // What reaches beyond either end is not from there.
            prop_assert_eq!(place_of(&whole[..place.end - 1], part), None);
            prop_assert_eq!(place_of(&whole[place.start + 1..], part), None);
        }
    }

    #[test]
    fn members_come_and_go() {
        assert_eq!(edited("{}", &[set("a", "1"), set("b", "2")]), r#"{"a":1,"b":2}"#);
        assert_eq!(edited(r#"{"x":0}"#, &[set("a", "1")]), r#"{"a":1,"x":0}"#);
        assert_eq!(edited(r#"{"a":1,"b":2,"c":3}"#, &[Edit::Remove("a")]), r#"{"b":2,"c":3}"#);
        assert_eq!(edited(r#"{"a":1,"b":2,"c":3}"#, &[Edit::Remove("c")]), r#"{"a":1,"b":2}"#);
        assert_eq!(edited(r#"{"a":1}"#, &[Edit::Remove("a")]), "{}");
    }

    #[test]
    fn a_key_that_hides_behind_an_escape_or_a_twin_is_found() {
        let body = r#"{"model":"a","mod\u0065l":"b","z":1}"#;
        assert_eq!(edited(body, &[set("model", "\"c\"")]), r#"{"mod\u0065l":"c","z":1}"#);
        assert_eq!(edited(body, &[Edit::Remove("model")]), r#"{"z":1}"#);
    }

    proptest! {
        #[test]
        fn an_edit_is_what_a_parser_would_have_done(
            map in prop::collection::btree_map("[a-e\"\\\\\u{e9}]{0,2}", any::<i32>(), 0..5),
            key in "[a-e\"\\\\\u{e9}]{0,2}",
            remove in any::<bool>(),
        ) {
            let body = serde_json::to_string_pretty(&map).unwrap();
            let edit = if remove { Edit::Remove(&key) } else { set(&key, "true") };
            let mut wanted = serde_json::to_value(&map).unwrap();
            if remove { wanted.as_object_mut().unwrap().remove(&key); } else { wanted[&key] = true.into(); }
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&edited(&body, &[edit])).unwrap(), wanted);
        }
    }
}
