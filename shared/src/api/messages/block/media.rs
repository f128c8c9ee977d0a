//! Images, documents, and results of a client's own search.
//!
//! <https://docs.anthropic.com/en/docs/build-with-claude/vision>,
//! <https://docs.anthropic.com/en/docs/build-with-claude/citations>

use std::borrow::Cow;
use std::fmt::Display;

use super::mark::{cache, others, write_cache};
use crate::api::context::Context;
use crate::api::member::{boolean, missing, of_kind, optional, present, required, within};
use crate::error::Error;
use crate::ir::{Found, Media, Source};
use crate::wire::json::{Json, Kind, Writer};

/// Reads an image or a document; none where its source is of a kind that is not known.
pub(super) fn read<'a>(block: Json<'a>) -> Result<Option<Media<'a>>, Error> {
    let source = present(block, "source").ok_or_else(|| missing("source"))?;
    let source = of_kind(source, "source", Kind::Object)?;
    let Some(read) = read_source(source).map_err(within("source"))? else { return Ok(None) };
    let mut media = read_about(block, read, &["type", "source", "title", "context"])?;
    // A document of several pieces is text to others, and itself again to this API.
    if source.get("content").is_some() {
        media.rest.push((Cow::Borrowed("source"), source));
    }
    Ok(Some(media))
}

/// Reads a search result: to other APIs a document with a title.
pub(super) fn read_search<'a>(block: Json<'a>) -> Result<Media<'a>, Error> {
    let content = present(block, "content").ok_or_else(|| missing("content"))?;
    let found = Found { at: optional(block, "source")?.unwrap_or_default(), pieces: pieces(content) };
    let text = Source::Text(Cow::Owned(found.pieces.join("\n")));
    Ok(Media { found: Some(Box::new(found)), ..read_about(block, text, &["title"])? })
}

fn read_about<'a>(block: Json<'a>, source: Source<'a>, named: &[&str]) -> Result<Media<'a>, Error> {
    let cache = cache(block);
    let cited =
        present(block, "citations").filter(|config| config.fields().all(|(name, _)| name == "enabled"));
    let cited = cited.and_then(|config| present(config, "enabled"));
    let mut rest = others(block, named, &cache);
    if cited.is_some() {
        rest.retain(|(name, _)| name != "citations");
    }
    Ok(Media {
        title: optional(block, "title")?,
        context: optional(block, "context")?.filter(|_| named.contains(&"context")),
        citations: cited.map(|cited| boolean(cited, "citations.enabled")).transpose()?,
        cache,
        rest,
        ..Media::new(source)
    })
}

fn read_source<'a>(source: Json<'a>) -> Result<Option<Source<'a>>, Error> {
    Ok(Some(match &*required(source, "type")? {
        "base64" => {
            Source::Base64 { media_type: required(source, "media_type")?, data: required(source, "data")? }
        }
        "url" => Source::Url(required(source, "url")?),
        "file" => Source::File(required(source, "file_id")?),
        "text" => Source::Text(required(source, "data")?),
        "content" => match all_text(source) {
            true => Source::Text(Cow::Owned(source.get("content").map(joined).unwrap_or_default())),
            false => return Ok(None),
        },
        _ => return Ok(None),
    }))
}

/// Whether a document's pieces are nothing but words.
fn all_text(source: Json<'_>) -> bool {
    let Some(content) = source.get("content") else { return false };
    let is_text = |piece: Json<'_>| piece.get("type").and_then(Json::string).as_deref() == Some("text");
    content.kind() == Kind::String || content.items().all(is_text)
}

/// The words of a string or of blocks of text, a line each.
fn joined(content: Json<'_>) -> String {
    pieces(content).join("\n")
}

fn pieces(content: Json<'_>) -> Vec<Cow<'_, str>> {
    match content.string() {
        Some(text) => vec![text],
        None => content.items().filter_map(|piece| piece.get("text")?.string()).collect(),
    }
}

/// Writes an image or a document.
pub(super) fn write(
    kind: &str,
    media: &Media<'_>,
    at: &dyn Display,
    context: &mut Context<'_>,
    o: &mut Writer<'_>,
) {
    let kept = |name: &str| context.own && media.rest.iter().any(|(own, _)| own == name);
    if !kept("type") {
        o.key("type").string(kind);
        if !kept("source") {
            write_source(&media.source, o.key("source"));
        }
    }
    if kind == "document" {
        media.title.iter().for_each(|title| o.key("title").string(title));
        media.context.iter().for_each(|about| o.key("context").string(about));
        media
            .citations
            .iter()
            .for_each(|&cited| o.key("citations").object(|o| o.key("enabled").boolean(cited)));
    }
    // Images have no names.
    let title = media.title.as_deref().filter(|_| kind != "document");
    context.lose_words(&[("detail", media.detail.as_deref()), ("title", title)], at);
    write_cache(media.cache.as_ref(), o);
    context.write_rest(&media.rest, at, o);
}

fn write_source(source: &Source<'_>, value: &mut Writer<'_>) {
    let (kind, media_type, name, text) = match source {
        Source::Base64 { media_type, data } => ("base64", Some(&**media_type), "data", data),
        Source::Url(url) => ("url", None, "url", url),
        Source::File(id) => ("file", None, "file_id", id),
        Source::Text(text) => ("text", Some("text/plain"), "data", text),
    };
    value.object(|o| {
        o.key("type").string(kind);
        media_type.iter().for_each(|media_type| o.key("media_type").string(media_type));
        o.key(name).string(text);
    });
}
