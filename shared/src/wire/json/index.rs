//! Where the parts of a text are, noted while its grammar is checked, so that whoever reads it steps over them.

use std::ops::Range;

use super::scan::{self, Notes};
use super::{DEPTH, Json, Key, Malformed};

/// Room for the places of a text's parts. It may be used again and again, and then costs no allocation.
#[derive(Debug, Default)]
pub struct Index {
    parts: Vec<Part>,
}

/// A key or a value; what stands inside of it follows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    /// Where it begins in the text, and just behind its end.
    start: u32,
    end: u32,
    /// How many parts stand inside of it, or [`ESCAPED`].
    inside: u32,
}

/// In place of a string's number of parts: it has escapes.
const ESCAPED: u32 = u32::MAX;

/// How many bytes a part of ordinary bodies takes, and for how many parts room is made before any is seen.
const BYTES_PER_PART: usize = 16;
const MOST_RESERVED: usize = 4096;

impl Index {
    /// Like [`Json::parse`], for a text whose members are looked up more than once.
    pub fn parse<'a>(&'a mut self, bytes: &'a [u8]) -> Result<Json<'a>, Malformed> {
        if u32::try_from(bytes.len()).is_err() {
            return Json::parse(bytes);
        }
        self.parts.clear();
        self.parts.reserve((bytes.len() / BYTES_PER_PART).min(MOST_RESERVED));
        let text = scan::text(bytes)?;
        let (start, end) = scan::check(bytes, DEPTH, &mut self.parts)?;
        Ok(Json { raw: text.get(start..end).unwrap_or_default(), parts: &self.parts })
    }
}

impl Notes for Vec<Part> {
    fn leaf(&mut self, start: usize, end: usize, escaped: bool) {
        let inside = if escaped { ESCAPED } else { 0 };
        self.push(Part { start: start as u32, end: end as u32, inside });
    }

    fn begin(&mut self, at: usize) -> usize {
        self.push(Part { start: at as u32, end: 0, inside: 0 });
        self.len() - 1
    }

    fn end(&mut self, number: usize, at: usize) {
        let inside = (self.len() - number - 1) as u32;
        if let Some(part) = self.get_mut(number) {
            (part.end, part.inside) = (at as u32, inside);
        }
    }
}

impl Part {
    /// Where it is in the text.
    pub(super) fn place(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Whether this is a string with escapes.
    pub(super) fn is_escaped(self) -> bool {
        self.inside == ESCAPED
    }

    /// How many parts it takes up, itself included.
    fn size(self) -> usize {
        if self.is_escaped() { 1 } else { self.inside as usize + 1 }
    }
}

/// The parts of an object or array that are still to come.
#[derive(Clone, Copy)]
pub(super) struct Rest<'a> {
    /// The text of the object or array.
    raw: &'a str,
    /// Where that begins in the whole text.
    base: u32,
    parts: &'a [Part],
}

impl<'a> Rest<'a> {
    /// What stands inside of a value; none where its parts were not noted.
    pub(super) fn of(json: Json<'a>) -> Option<Rest<'a>> {
        let (own, parts) = json.parts.split_first()?;
        Some(Rest { raw: json.raw, base: own.start, parts })
    }

    /// The next key.
    pub(super) fn take_key(&mut self) -> Option<Key<'a>> {
        let (part, rest) = self.parts.split_first()?;
        self.parts = rest;
        let place = self.place(part.start + 1, part.end - 1);
        Some(Key { whole: self.raw, place, escaped: part.is_escaped() })
    }

    /// The next key's bytes, which it steps over. Nothing, and no step, where that has escapes or is not there.
    pub(super) fn take_plain_key(&mut self) -> Option<&'a [u8]> {
        let (part, rest) = self.parts.split_first().filter(|(part, _)| !part.is_escaped())?;
        let key = self.raw.as_bytes().get(self.place(part.start + 1, part.end - 1))?;
        self.parts = rest;
        Some(key)
    }

    /// The next value.
    pub(super) fn take(&mut self) -> Option<Json<'a>> {
        let part = *self.parts.first()?;
        let (own, rest) = self.parts.split_at_checked(part.size())?;
        self.parts = rest;
        Some(Json { raw: self.raw.get(self.place(part.start, part.end))?, parts: own })
    }

    /// Steps over the next value.
    pub(super) fn pass(&mut self) {
        let size = self.parts.first().map_or(0, |part| part.size());
        self.parts = self.parts.get(size..).unwrap_or_default();
    }

    fn place(&self, start: u32, end: u32) -> Range<usize> {
        (start - self.base) as usize..(end - self.base) as usize
    }
}
