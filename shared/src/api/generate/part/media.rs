//! Images, documents, recordings and videos: in the request, or at an address.
//!
//! <https://ai.google.dev/gemini-api/docs/file-input-methods>

use std::borrow::Cow;
use std::fmt::Display;

use super::read::opaque;
use crate::api::context::Context;
use crate::api::member::{optional, required, rest, within};
use crate::error::Error;
use crate::ir::{Block, Loss, Media, Source, Why};
use crate::wire::json::{Json, Writer};

/// Where files are that were uploaded before.
const FILES: [&str; 2] = ["https://generativelanguage.googleapis.com/", "gs://"];

/// The types of what addresses usually end in.
const TYPES: [(&str, &str); 11] = [
    (".png", "image/png"),
    (".jpg", "image/jpeg"),
    (".jpeg", "image/jpeg"),
    (".webp", "image/webp"),
    (".gif", "image/gif"),
    (".pdf", "application/pdf"),
    (".mp3", "audio/mpeg"),
    (".wav", "audio/wav"),
    (".mp4", "video/mp4"),
    (".mov", "video/mov"),
    (".webm", "video/webm"),
];

/// Reads the `data` of a part's member `name`. What does not say what it is stays as it is.
pub(super) fn read<'a>(part: Json<'a>, name: &str, data: Json<'a>) -> Result<Block<'a>, Error> {
    let inside = within(name);
    let media_type = optional(data, "mimeType").map_err(&inside)?.unwrap_or_default();
    let title = optional(data, "displayName").map_err(&inside)?;
    let mut others = rest(part, &[name]);
    let source = match name {
        "inlineData" => {
            Source::Base64 { media_type: media_type.clone(), data: required(data, "data").map_err(&inside)? }
        }
        _ => {
            others.extend(data.get("mimeType").map(|value| (Cow::Borrowed("mimeType"), value)));
            source_of(required(data, "fileUri").map_err(&inside)?)
        }
    };
    let media = Media { title, rest: others, ..Media::new(source) };
    Ok(match media_type.split('/').next() {
        Some("image") => Block::Image(media),
        Some("audio") => Block::Audio(media),
        Some("video") => Block::Video(media),
        Some("") => opaque(part),
        _ => Block::Document(media),
    })
}

fn source_of(uri: Cow<'_, str>) -> Source<'_> {
    if FILES.iter().any(|place| uri.starts_with(place)) { Source::File(uri) } else { Source::Url(uri) }
}

/// Writes a part's members.
pub(super) fn write(media: &Media<'_>, at: &dyn Display, context: &mut Context<'_>, o: &mut Writer<'_>) {
    lose_about(media, at, context);
    match &media.source {
        Source::Text(text) => {
            context.lose(Loss::new(at.to_string(), Why::Approximated));
            let titled = media.title.as_ref().map(|title| format!("{title}\n\n{text}"));
            o.key("text").string(titled.as_deref().unwrap_or(text));
        }
        Source::Base64 { media_type, data } => o.key("inlineData").object(|o| {
            o.key("mimeType").string(media_type);
            o.key("data").string(data);
            media.title.iter().for_each(|title| o.key("displayName").string(title));
        }),
        Source::Url(uri) => write_file(uri, media, o),
        Source::File(uri) if is_own_file(uri) => write_file(uri, media, o),
        Source::File(_) => {
            let message = "A file that was uploaded to another provider cannot be read by this model's.";
            context.refuse(Error::invalid_param(at.to_string(), message).with_code("unsupported_file"));
        }
    }
    let named = |name: &str| name == "mimeType" && !matches!(media.source, Source::Base64 { .. });
    let others = media.rest.iter().filter(|(name, _)| !named(name));
    context.write_rest(&others.cloned().collect(), at, o);
}

fn is_own_file(uri: &str) -> bool {
    FILES.iter().any(|place| uri.starts_with(place))
}

fn write_file(uri: &str, media: &Media<'_>, o: &mut Writer<'_>) {
    let said = media.rest.iter().find(|(name, _)| name == "mimeType").map(|(_, value)| *value);
    o.key("fileData").object(|o| {
        match said {
            Some(media_type) => o.key("mimeType").json(media_type),
            None => type_of(uri).iter().for_each(|media_type| o.key("mimeType").string(media_type)),
        }
        o.key("fileUri").string(uri);
        media.title.iter().for_each(|title| o.key("displayName").string(title));
    });
}

/// The type that an address tells by its ending.
fn type_of(uri: &str) -> Option<&'static str> {
    let path = uri.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    TYPES.iter().find(|(ending, _)| path.ends_with(ending)).map(|(_, media_type)| *media_type)
}

/// Notes what is said about a medium and has no place.
pub(super) fn lose_about(media: &Media<'_>, at: &dyn Display, context: &mut Context<'_>) {
    let cited = media.citations.filter(|&cited| cited).map(|_| "");
    let words =
        [("detail", media.detail.as_deref()), ("context", media.context.as_deref()), ("citations", cited)];
    context.lose_words(&words, at);
    context.lose_cache(media.cache.is_some(), at);
}
