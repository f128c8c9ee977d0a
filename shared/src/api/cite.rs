//! Where words come from, as far as all families can say it: addresses.
//!
//! Each family's citations stay in its own words until they are written for another; then they become [`Link`]s, and
//! these its own. What is no address (a page of a document that the client sent) only its own family has a form for.

use std::borrow::Cow;
use std::ops::Range;

use super::Api;
use crate::ir::{Citations, Delta, Event, Open};
use crate::wire::json::Json;

/// A source of words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link<'a> {
    pub url: Cow<'a, str>,
    pub title: Option<Cow<'a, str>>,
    /// The source's own words.
    pub quote: Option<Cow<'a, str>>,
    /// Which bytes of the text rest on it; all of them where that is not said.
    pub range: Option<Range<usize>>,
}

/// A text, what it rests on, and what was said before it.
pub struct Cited<'c> {
    pub text: &'c str,
    pub links: &'c [Link<'static>],
    /// All texts before this one.
    pub before: &'c str,
    /// What they rest on; ranges are those of `before`.
    pub earlier: &'c [Link<'static>],
}

/// Puts other APIs' citations into the words of the client's, in an answer on its way from a reader to a writer. They
/// wait for the end of their text, which ranges are counted in.
#[derive(Debug)]
pub(super) struct Cite {
    to: Api,
    text: String,
    waiting: Vec<Citations<'static>>,
    before: String,
    earlier: Vec<Link<'static>>,
}

impl Cite {
    /// For clients of `to`.
    pub(super) fn new(to: Api) -> Cite {
        Cite { to, text: String::new(), waiting: Vec::new(), before: String::new(), earlier: Vec::new() }
    }

    /// Takes the next event and gives it on.
    pub(super) fn push(&mut self, event: Event<'_>, sink: &mut dyn FnMut(Event<'_>)) {
        match event {
            Event::Delta { delta: Delta::Citations(Citations { api, raw }), .. } if api != self.to => {
                return self.waiting.push(Citations { api, raw: Cow::Owned(raw.into_owned()) });
            }
            Event::Open { block: Open::Text, .. } => self.text.clear(),
            Event::Delta { delta: Delta::Text(ref words), .. } => self.text.push_str(words),
            Event::Close { index } => self.close(index, sink),
            _ => {}
        }
        sink(event);
    }

    fn close(&mut self, index: u32, sink: &mut dyn FnMut(Event<'_>)) {
        let mut links = Vec::new();
        for citations in self.waiting.drain(..) {
            let list = Json::parse(citations.raw.as_bytes()).unwrap_or(Json::NULL);
            links.extend(citations.api.read().links(list, &self.text).into_iter().map(Link::into_static));
        }
        if !links.is_empty() {
            let cited =
                Cited { text: &self.text, links: &links, before: &self.before, earlier: &self.earlier };
            if let Some(raw) = self.to.write().citations(&cited) {
                let citations = Citations { api: self.to, raw: Cow::Owned(raw) };
                sink(Event::Delta { index, delta: Delta::Citations(citations) });
            }
            self.earlier.extend(cited_from(links, self.before.len(), self.text.len()));
        }
        self.before.push_str(&self.text);
        self.text.clear();
    }
}

/// The same links of a text that begins at `start` of a longer one.
fn cited_from(links: Vec<Link<'static>>, start: usize, length: usize) -> impl Iterator<Item = Link<'static>> {
    links.into_iter().map(move |link| {
        let range = link.range.unwrap_or(0..length);
        Link { range: Some(start + range.start..start + range.end), ..link }
    })
}

impl Link<'_> {
    /// The same, borrowing nothing.
    fn into_static(self) -> Link<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Link {
            url: owned(self.url),
            title: self.title.map(owned),
            quote: self.quote.map(owned),
            range: self.range,
        }
    }
}

/// The bytes of `text` that two counts of characters stand for.
pub(super) fn bytes_of(text: &str, characters: Range<usize>) -> Option<Range<usize>> {
    let ends = || text.char_indices().map(|(at, _)| at).chain([text.len()]);
    let range = ends().nth(characters.start)?..ends().nth(characters.end)?;
    (range.start <= range.end).then_some(range)
}

/// The characters of `text` that a range of bytes stands for; all where there is none.
pub(super) fn characters_of(text: &str, bytes: Option<&Range<usize>>) -> Range<usize> {
    let count = |end: usize| text.get(..end).unwrap_or(text).chars().count();
    bytes.map_or(0..count(text.len()), |bytes| count(bytes.start)..count(bytes.end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_and_bytes_are_counted_apart() {
        assert_eq!(bytes_of("aé€x", 1..3), Some(1..6));
        assert_eq!(bytes_of("aé", 2..2), Some(3..3));
        assert_eq!(bytes_of("aé", 0..3), None);
        assert_eq!(characters_of("aé€x", Some(&(1..6))), 1..3);
        assert_eq!(characters_of("aé", Some(&(2..99))), 2..2);
        assert_eq!(characters_of("aé", None), 0..2);
    }
}
