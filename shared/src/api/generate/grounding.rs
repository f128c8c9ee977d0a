//! What words rest on: sources, and which bytes of all the words rest on each.
//!
//! <https://ai.google.dev/api/generate-content#GroundingMetadata>,
//! <https://ai.google.dev/api/generate-content#citationmetadata>

use std::ops::Range;

use bytes::BytesMut;

use crate::api::cite;
use crate::api::cite::{Cited, Link, Place, Unit};
use crate::api::lost::{self, Shape};
use crate::ir::{Loss, Why};
use crate::wire::json::{Json, Writer};

/// What is read of a page.
const PAGE: Shape = Shape(&[("uri", None), ("title", None), ("text", None)]);

const GROUNDED: Shape = Shape(&[
    (
        "groundingChunks",
        Some(&Shape(&[
            ("web", Some(&PAGE)),
            ("maps", Some(&PAGE)),
            (
                "retrievedContext",
                Some(&Shape(&[
                    ("uri", None),
                    ("title", None),
                    ("text", None),
                    ("documentName", None),
                    ("pageNumber", None),
                ])),
            ),
            // What nothing is read of is told as a whole.
            ("image", None),
        ])),
    ),
    (
        "groundingSupports",
        Some(&Shape(&[
            ("segment", Some(&Shape(&[("startIndex", None), ("endIndex", None), ("text", None)]))),
            ("groundingChunkIndices", None),
        ])),
    ),
]);

const SOURCE: Shape = Shape(&[("uri", None), ("title", None), ("startIndex", None), ("endIndex", None)]);

const RECITED: Shape = Shape(&[("citationSources", Some(&SOURCE)), ("citations", Some(&SOURCE))]);

/// The sources in what a text's are, a list of objects with one member each.
pub(super) fn links<'a>(sources: Json<'a>, text: &str, losses: &mut Vec<Loss>) -> Vec<Link<'a>> {
    let mut found = Vec::new();
    for (name, metadata) in sources.items().flat_map(Json::fields) {
        match &*name {
            "groundingMetadata" => found.extend(grounded(metadata, text, losses)),
            "citationMetadata" => found.extend(recited(metadata, text, losses)),
            _ => losses.push(Loss::of_answer(&name, Why::Dropped)),
        }
    }
    found
}

/// The chunks that the text rests on; where it is not said which, all of them.
fn grounded<'a>(metadata: Json<'a>, text: &str, losses: &mut Vec<Loss>) -> Vec<Link<'a>> {
    lost::unknown(metadata, &GROUNDED, "groundingMetadata.", &mut |loss| losses.push(loss));
    let chunks = metadata.get("groundingChunks").into_iter().flat_map(Json::items);
    let chunks: Vec<Option<Link<'a>>> = (0..).zip(chunks).map(|(index, it)| chunk(index, it)).collect();
    if chunks.iter().any(Option::is_none) {
        losses.push(Loss::of_answer("groundingMetadata.groundingChunks", Why::Dropped));
    }
    let supports = metadata.get("groundingSupports").into_iter().flat_map(Json::items);
    let supported = |support: Json<'a>| {
        let range = support.get("segment").and_then(|segment| range(segment, text));
        let indices = support.get("groundingChunkIndices").into_iter().flat_map(Json::items);
        let links = indices.filter_map(|index| chunks.get(index.number::<usize>()?)?.clone());
        links.map(|link| Link { range: range.clone(), ..link }).collect::<Vec<_>>()
    };
    let supported: Vec<_> = supports.flat_map(supported).collect();
    if supported.is_empty() { chunks.into_iter().flatten().collect() } else { supported }
}

/// What a chunk is of: a page on the web or on a map, or a piece of a document, which may have no address.
fn chunk(index: u64, chunk: Json<'_>) -> Option<Link<'_>> {
    let source = ["web", "retrievedContext", "maps"].into_iter().find_map(|name| chunk.get(name))?;
    let word = |name| source.get(name).and_then(Json::string);
    let link = Link { url: word("uri"), title: word("title"), quote: word("text"), ..Link::default() };
    if link.url.is_some() {
        return Some(link);
    }
    chunk.get("retrievedContext")?;
    let page = source.get("pageNumber").and_then(Json::number::<u64>);
    let (unit, span) = page.map_or((Unit::Whole, 0..0), |page| (Unit::Pages, page..page.saturating_add(1)));
    Some(Link { place: Some(Place { index, file: word("documentName"), unit, span }), ..link })
}

fn recited<'a>(metadata: Json<'a>, text: &str, losses: &mut Vec<Loss>) -> Vec<Link<'a>> {
    let lists = ["citationSources", "citations"].into_iter().filter_map(|name| metadata.get(name));
    let mut links = Vec::new();
    lost::unknown(metadata, &RECITED, "citationMetadata.", &mut |loss| losses.push(loss));
    for source in lists.flat_map(Json::items) {
        let word = |name| source.get(name).and_then(Json::string);
        match word("uri") {
            None => losses.push(Loss::of_answer("citationMetadata.citations", Why::Dropped)),
            url => {
                links.push(Link { url, title: word("title"), range: range(source, text), ..Link::default() })
            }
        }
    }
    links
}

/// A range of bytes; Protobuf's JSON form leaves zeros out.
fn range(of: Json<'_>, text: &str) -> Option<Range<usize>> {
    let start = of.get("startIndex").and_then(Json::number).unwrap_or(0);
    let end = of.get("endIndex").and_then(Json::number)?;
    text.get(start..end).map(|_| start..end)
}

/// Writes the sources of all words so far: whoever reads a stream takes the last for all.
pub(super) fn write(cited: &Cited<'_>, losses: &mut Vec<Loss>) -> String {
    let is_less = |link: &Link<'_>| link.place.is_some() || link.is_quoted();
    if cited.links.iter().any(is_less) {
        losses.push(cite::approximated());
    }
    let start = cited.before.len();
    let own = cited.links.iter().map(|link| {
        let range = link.range.clone().unwrap_or(0..cited.text.len());
        (link, start + range.start..start + range.end)
    });
    let earlier = cited.earlier.iter().map(|link| (link, link.range.clone().unwrap_or(0..start)));
    let all: Vec<_> = earlier.chain(own).collect();
    let words = format!("{}{}", cited.before, cited.text);
    let mut out = BytesMut::new();
    Writer::new(&mut out).array(|a| {
        a.object(|o| {
            o.key("groundingMetadata").object(|o| {
                o.key("groundingChunks").array(|a| all.iter().for_each(|(link, _)| write_chunk(link, a)));
                o.key("groundingSupports").array(|a| {
                    for (index, (_, range)) in all.iter().enumerate() {
                        write_support(index, range, &words, a);
                    }
                });
            });
        });
    });
    String::from_utf8_lossy(&out).into_owned()
}

/// What has no address is a piece of a document.
fn write_chunk(link: &Link<'_>, a: &mut Writer<'_>) {
    a.object(|o| match (&link.url, &link.place) {
        (None, Some(place)) => o.key("retrievedContext").object(|o| write_retrieved(link, place, o)),
        (url, _) => o.key("web").object(|o| {
            o.key("uri").string(url.as_deref().unwrap_or_default());
            link.title.iter().for_each(|title| o.key("title").string(title));
        }),
    });
}

fn write_retrieved(link: &Link<'_>, place: &Place<'_>, o: &mut Writer<'_>) {
    let words = [("title", &link.title), ("text", &link.quote), ("documentName", &place.file)];
    for (name, word) in words {
        word.iter().for_each(|word| o.key(name).string(word));
    }
    if place.unit == Unit::Pages {
        o.key("pageNumber").integer(place.span.start);
    }
}

fn write_support(index: usize, range: &Range<usize>, words: &str, a: &mut Writer<'_>) {
    a.object(|o| {
        o.key("segment").object(|o| {
            o.key("startIndex").integer(range.start as u64);
            o.key("endIndex").integer(range.end as u64);
            o.key("text").string(words.get(range.clone()).unwrap_or_default());
        });
        o.key("groundingChunkIndices").array(|a| a.integer(index as u64));
    });
}
