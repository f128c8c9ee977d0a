//! What words rest on: a block's citations are all of the block's.
//!
//! <https://docs.anthropic.com/en/docs/build-with-claude/citations>,
//! <https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/web-search-tool#citations>

use bytes::BytesMut;

use crate::api::cite;
use crate::api::cite::{Cited, Link, Place, Unit};
use crate::api::lost::{self, Shape};
use crate::ir::Loss;
use crate::wire::json::{Json, Writer};

/// A kind of place: its `type`, its unit, and the members that number it and that count where it begins and ends.
type Kind = (&'static str, Unit, [&'static str; 3]);

const KINDS: [Kind; 4] = [
    ("char_location", Unit::Characters, ["document_index", "start_char_index", "end_char_index"]),
    ("page_location", Unit::Pages, ["document_index", "start_page_number", "end_page_number"]),
    ("content_block_location", Unit::Blocks, ["document_index", "start_block_index", "end_block_index"]),
    (
        "search_result_location",
        Unit::Results,
        ["search_result_index", "start_block_index", "end_block_index"],
    ),
];

/// The members that are read of any kind, and the place in sealed results, which the provider alone can read.
const CITATION: Shape = Shape(&[
    ("type", None),
    ("url", None),
    ("encrypted_index", None),
    ("source", None),
    ("title", None),
    ("document_title", None),
    ("cited_text", None),
    ("file_id", None),
    ("document_index", None),
    ("search_result_index", None),
    ("start_char_index", None),
    ("end_char_index", None),
    ("start_page_number", None),
    ("end_page_number", None),
    ("start_block_index", None),
    ("end_block_index", None),
]);

/// The sources in citations: documents, results of a search, the provider's or the client's own.
pub(super) fn links<'a>(citations: Json<'a>, losses: &mut Vec<Loss>) -> Vec<Link<'a>> {
    let mut links = Vec::new();
    for citation in citations.items() {
        let word = |name| citation.get(name).and_then(Json::string).filter(|word| !word.is_empty());
        let url = word("url").or_else(|| word("source"));
        let place = place(citation);
        if url.is_none() && place.is_none() {
            losses.push(cite::dropped(&word("type").unwrap_or_default()));
            continue;
        }
        lost::unknown(citation, &CITATION, "citations.", &mut |loss| losses.push(loss));
        let title = word("title").or_else(|| word("document_title"));
        links.push(Link { url, title, quote: word("cited_text"), place, range: None });
    }
    links
}

fn place(citation: Json<'_>) -> Option<Place<'_>> {
    let word = citation.get("type")?.string()?;
    let (_, unit, [index, start, end]) = KINDS.into_iter().find(|(kind, ..)| *kind == word)?;
    let count = |name| citation.get(name).and_then(Json::number).unwrap_or(0);
    let file = citation.get("file_id").and_then(Json::string);
    Some(Place { index: count(index), file, unit, span: count(start)..count(end) })
}

/// Writes sources. Which words of the text rest on one there is no member for.
pub(super) fn write(cited: &Cited<'_>, losses: &mut Vec<Loss>) -> String {
    let is_part = |link: &Link<'_>| link.range.as_ref().is_some_and(|range| *range != (0..cited.text.len()));
    let is_whole = |link: &Link<'_>| link.place.as_ref().is_some_and(|place| place.unit == Unit::Whole);
    if cited.links.iter().any(|link| is_part(link) || is_whole(link)) {
        losses.push(cite::approximated());
    }
    let mut out = BytesMut::new();
    Writer::new(&mut out).array(|a| cited.links.iter().for_each(|link| a.object(|o| write_link(link, o))));
    String::from_utf8_lossy(&out).into_owned()
}

/// A source without a place is what a search on the web found; the index is for the provider that searched, which was
/// another.
fn write_link(link: &Link<'_>, o: &mut Writer<'_>) {
    match &link.place {
        Some(place) => write_place(place, link, o),
        None => {
            o.key("type").string("web_search_result_location");
            o.key("url").string(link.url.as_deref().unwrap_or_default());
            write_title("title", link, o);
            o.key("encrypted_index").string("");
        }
    }
    o.key("cited_text").string(link.quote.as_deref().unwrap_or_default());
}

/// A document that is meant as a whole has its number, and no words.
fn write_place(place: &Place<'_>, link: &Link<'_>, o: &mut Writer<'_>) {
    let [usual, ..] = KINDS;
    let (kind, _, [index, start, end]) =
        KINDS.into_iter().find(|(_, unit, _)| *unit == place.unit).unwrap_or(usual);
    o.key("type").string(kind);
    if place.unit == Unit::Results {
        o.key("source").string(link.url.as_deref().unwrap_or_default());
        write_title("title", link, o);
    } else {
        write_title("document_title", link, o);
        match &place.file {
            Some(file) => o.key("file_id").string(file),
            None => o.key("file_id").null(),
        }
    }
    o.key(index).integer(place.index);
    o.key(start).integer(place.span.start);
    o.key(end).integer(place.span.end);
}

fn write_title(name: &str, link: &Link<'_>, o: &mut Writer<'_>) {
    match &link.title {
        Some(title) => o.key(name).string(title),
        None => o.key(name).null(),
    }
}
