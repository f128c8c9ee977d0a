//! What words rest on: sources, and which bytes of all the words rest on each.
//!
//! <https://ai.google.dev/api/generate-content#GroundingMetadata>,
//! <https://ai.google.dev/api/generate-content#citationmetadata>

use std::ops::Range;

use bytes::BytesMut;

use crate::api::{Cited, Link};
use crate::wire::json::{Json, Writer};

/// The addresses in what a text's sources are, a list of objects with one member each.
pub(super) fn links<'a>(sources: Json<'a>, text: &str) -> Vec<Link<'a>> {
    let mut found = Vec::new();
    for source in sources.items() {
        let grounded = source.get("groundingMetadata").map(|metadata| grounded(metadata, text));
        let recited = source.get("citationMetadata").map(|metadata| recited(metadata, text));
        found.extend(grounded.into_iter().chain(recited).flatten());
    }
    found
}

/// The chunks that the text rests on; where it is not said which, all of them.
fn grounded<'a>(metadata: Json<'a>, text: &str) -> Vec<Link<'a>> {
    let chunks: Vec<Option<Link<'a>>> =
        metadata.get("groundingChunks").into_iter().flat_map(Json::items).map(chunk).collect();
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

fn chunk(chunk: Json<'_>) -> Option<Link<'_>> {
    let source = ["web", "retrievedContext", "maps"].into_iter().find_map(|name| chunk.get(name))?;
    let word = |name| source.get(name).and_then(Json::string);
    Some(Link { url: word("uri")?, title: word("title"), quote: word("text"), range: None })
}

fn recited<'a>(metadata: Json<'a>, text: &str) -> Vec<Link<'a>> {
    let lists = ["citationSources", "citations"].into_iter().filter_map(|name| metadata.get(name));
    let link = |source: Json<'a>| {
        let word = |name| source.get(name).and_then(Json::string);
        Some(Link { url: word("uri")?, title: word("title"), quote: None, range: range(source, text) })
    };
    lists.flat_map(Json::items).filter_map(link).collect()
}

/// A range of bytes; Protobuf's JSON form leaves zeros out.
fn range(of: Json<'_>, text: &str) -> Option<Range<usize>> {
    let start = of.get("startIndex").and_then(Json::number).unwrap_or(0);
    let end = of.get("endIndex").and_then(Json::number)?;
    text.get(start..end).map(|_| start..end)
}

/// Writes the sources of all words so far: whoever reads a stream takes the last for all.
pub(super) fn write(cited: &Cited<'_>) -> String {
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

fn write_chunk(link: &Link<'_>, a: &mut Writer<'_>) {
    a.object(|o| {
        o.key("web").object(|o| {
            o.key("uri").string(&link.url);
            link.title.iter().for_each(|title| o.key("title").string(title));
        });
    });
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
