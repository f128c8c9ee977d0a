//! Where words come from, as far as several families can say it: addresses, and places in documents.
//!
//! Each family's citations stay in its own words until they are written for another; then they become [`Link`]s, and
//! these its own. What a family has no words for is lost, and named.

use std::borrow::Cow;
use std::ops::Range;

use super::family::Api;
use crate::ir::{Citations, Delta, Event, Loss, Open, Why};
use crate::wire::json::Json;

/// A source of words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link<'a> {
    /// Its address, or whatever the client's own search names it by.
    pub url: Option<Cow<'a, str>>,
    pub title: Option<Cow<'a, str>>,
    /// The source's own words.
    pub quote: Option<Cow<'a, str>>,
    /// Where in a document, or in a search result that the client sent.
    pub place: Option<Place<'a>>,
    /// Which bytes of the text rest on it; all of them where that is not said.
    pub range: Option<Range<usize>>,
}

/// A place in something that is known by its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// Which of the documents, or of the search results, from 0.
    pub index: u64,
    /// The provider's id of the file.
    pub file: Option<Cow<'a, str>>,
    pub unit: Unit,
    /// From the first that is meant to the one behind the last; pages count from 1.
    pub span: Range<u64>,
}

/// What a place is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Characters,
    Pages,
    /// Blocks of a document's content.
    Blocks,
    /// Blocks of a search result's content.
    Results,
    /// The whole document is meant.
    Whole,
}

/// That citations reach the client, but not all that they say.
pub(super) fn approximated() -> Loss {
    Loss::of_answer("citations", Why::Approximated)
}

/// That a citation of this kind has no form anywhere else.
pub(super) fn dropped(kind: &str) -> Loss {
    Loss::of_answer(format_args!("citations.{kind}"), Why::Dropped)
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
        let (mut links, mut losses) = (Vec::new(), Vec::new());
        for Citations { api, raw } in self.waiting.drain(..) {
            let list = Json::parse(raw.as_bytes()).unwrap_or(Json::NULL);
            let found = api.read().links(list, &self.text, &mut losses);
            links.extend(found.into_iter().map(Link::into_static));
        }
        if !links.is_empty() {
            let cited =
                Cited { text: &self.text, links: &links, before: &self.before, earlier: &self.earlier };
            if let Some(raw) = self.to.write().citations(&cited, &mut losses) {
                let citations = Citations { api: self.to, raw: Cow::Owned(raw) };
                sink(Event::Delta { index, delta: Delta::Citations(citations) });
            }
            self.earlier.extend(cited_from(links, self.before.len(), self.text.len()));
        }
        losses.into_iter().for_each(|loss| sink(Event::Lost(loss)));
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
        let place = self.place.map(|place| Place {
            index: place.index,
            file: place.file.map(owned),
            unit: place.unit,
            span: place.span,
        });
        Link {
            url: self.url.map(owned),
            title: self.title.map(owned),
            quote: self.quote.map(owned),
            place,
            range: self.range,
        }
    }

    /// Whether the source's own words are known.
    pub(super) fn is_quoted(&self) -> bool {
        self.quote.as_deref().is_some_and(|quote| !quote.is_empty())
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
