//! Images, documents (F1), recordings and videos.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ImageBlock.html>,
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_DocumentBlock.html>

use super::context::Context;
use crate::api::lost;
use crate::error::Error;
use crate::ir::{Found, Loss, Media, Source, Why};
use crate::wire::json::Writer;

/// Media types and the API's words for their formats.
type Formats = &'static [(&'static str, &'static str)];

const IMAGES: Formats = &[
    ("image/png", "png"),
    ("image/jpeg", "jpeg"),
    ("image/jpg", "jpeg"),
    ("image/gif", "gif"),
    ("image/webp", "webp"),
];

const DOCUMENTS: Formats = &[
    ("application/pdf", "pdf"),
    ("text/csv", "csv"),
    ("application/msword", "doc"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    ("application/vnd.ms-excel", "xls"),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    ("text/html", "html"),
    ("text/plain", "txt"),
    ("text/markdown", "md"),
];

/// Writes an image.
pub(super) fn write_image(image: &Media<'_>, at: &str, context: &mut Context<'_>, a: &mut Writer<'_>) {
    lose_about(image, at, context);
    let Some(format) = format(&image.source, IMAGES, at, context) else { return };
    a.object(|o| {
        o.key("image").object(|o| {
            o.key("format").string(format);
            write_source(&image.source, o);
        });
    });
}

/// Notes what is said about a medium that is only seen or heard.
fn lose_about(media: &Media<'_>, at: &str, context: &mut Context<'_>) {
    context.lose_rest(&media.rest, &at);
    let [detail, title, about] = [&media.detail, &media.title, &media.context].map(|word| word.as_deref());
    context.lose_words(&[("detail", detail), ("title", title), ("context", about)], &at);
}

/// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_AudioBlock.html>
const RECORDINGS: Formats = &[
    ("audio/mpeg", "mp3"),
    ("audio/mp3", "mp3"),
    ("audio/wav", "wav"),
    ("audio/x-wav", "wav"),
    ("audio/wave", "wav"),
    ("audio/aac", "aac"),
    ("audio/flac", "flac"),
    ("audio/ogg", "ogg"),
    ("audio/opus", "opus"),
    ("audio/mp4", "mp4"),
    ("audio/m4a", "m4a"),
    ("audio/x-m4a", "m4a"),
    ("audio/pcm", "pcm"),
    ("audio/pcm16", "pcm"),
    ("audio/webm", "webm"),
];

/// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_VideoBlock.html>
const VIDEOS: Formats = &[
    ("video/mp4", "mp4"),
    ("video/quicktime", "mov"),
    ("video/mov", "mov"),
    ("video/webm", "webm"),
    ("video/x-matroska", "mkv"),
    ("video/x-flv", "flv"),
    ("video/mpeg", "mpeg"),
    ("video/mpg", "mpg"),
    ("video/x-ms-wmv", "wmv"),
    ("video/wmv", "wmv"),
    ("video/3gpp", "three_gp"),
];

/// Writes a recording.
pub(super) fn write_audio(audio: &Media<'_>, at: &str, context: &mut Context<'_>, a: &mut Writer<'_>) {
    write_played("audio", RECORDINGS, audio, at, context, a);
}

/// Writes a video.
pub(super) fn write_video(video: &Media<'_>, at: &str, context: &mut Context<'_>, a: &mut Writer<'_>) {
    write_played("video", VIDEOS, video, at, context, a);
}

fn write_played(
    name: &str,
    formats: Formats,
    media: &Media<'_>,
    at: &str,
    context: &mut Context<'_>,
    a: &mut Writer<'_>,
) {
    lose_about(media, at, context);
    let Some(format) = format(&media.source, formats, at, context) else { return };
    a.object(|o| {
        o.key(name).object(|o| {
            o.key("format").string(format);
            write_source(&media.source, o);
        });
    });
}

/// Writes a document, which must have a name of its own; what a search found as such, for models that know that.
pub(super) fn write_document(document: &Media<'_>, at: &str, context: &mut Context<'_>, a: &mut Writer<'_>) {
    let found = document.found.as_ref().filter(|_| context.quirks.extras.contains(&"search_result"));
    if let Some(found) = found {
        return write_found(found, document, at, context, a);
    }
    context.lose_rest(&document.rest, &at);
    context.lose_words(&[("detail", document.detail.as_deref())], &at);
    let Some(format) = format(&document.source, DOCUMENTS, at, context) else { return };
    let name = name(document.title.as_deref(), at, context);
    a.object(|o| {
        o.key("document").object(|o| {
            o.key("format").string(format);
            o.key("name").string(&name);
            write_source(&document.source, o);
            document.context.iter().for_each(|text| o.key("context").string(text));
            document.citations.iter().for_each(|&enabled| {
                o.key("citations").object(|o| o.key("enabled").boolean(enabled));
            });
        });
    });
}

/// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_SearchResultBlock.html>
fn write_found(
    found: &Found<'_>,
    document: &Media<'_>,
    at: &str,
    context: &mut Context<'_>,
    a: &mut Writer<'_>,
) {
    let others = document.rest.iter().filter(|(name, _)| !["type", "source", "content"].contains(&&**name));
    others.for_each(|(name, _)| context.lose(Loss::dropped(format!("{at}.{name}"))));
    lose_about_pieces(document, at, context);
    a.object(|o| {
        o.key("searchResult").object(|o| {
            o.key("source").string(&found.at);
            o.key("title").string(document.title.as_deref().unwrap_or(&found.at));
            o.key("content").array(|a| {
                found.pieces.iter().for_each(|piece| a.object(|o| o.key("text").string(piece)));
            });
            document.citations.iter().for_each(|&enabled| {
                o.key("citations").object(|o| o.key("enabled").boolean(enabled));
            });
        });
    });
}

/// A piece of what was found is its text, and nothing about it.
fn lose_about_pieces(document: &Media<'_>, at: &str, context: &mut Context<'_>) {
    let content = document.rest.iter().find(|(name, _)| name == "content");
    for (index, piece) in content.into_iter().flat_map(|(_, content)| content.items()).enumerate() {
        let others = piece.others(&["type", "text"]).filter(|(_, value)| lost::says_something(*value));
        others.for_each(|(name, _)| context.lose(Loss::dropped(format!("{at}.content[{index}].{name}"))));
    }
}

fn write_source(source: &Source<'_>, o: &mut Writer<'_>) {
    o.key("source").object(|o| match source {
        Source::Base64 { data, .. } => o.key("bytes").string(data),
        Source::Text(text) => o.key("text").string(text),
        Source::Url(uri) | Source::File(uri) => {
            o.key("s3Location").object(|o| o.key("uri").string(uri));
        }
    });
}

/// The API's word for the format; none for what the API cannot take, which is refused.
fn format(
    source: &Source<'_>,
    formats: Formats,
    at: &str,
    context: &mut Context<'_>,
) -> Option<&'static str> {
    let found = match source {
        Source::Base64 { media_type, .. } => of_type(media_type, formats),
        Source::Text(_) => named("txt", formats),
        // The format is the ending of the object's name.
        Source::Url(uri) if uri.starts_with("s3://") => {
            uri.rsplit('.').next().and_then(|end| named(end, formats))
        }
        Source::Url(_) => {
            let message = "This model's API fetches nothing: send the bytes, or an address in S3. (`fetch` in this \
                           gateway's configuration has it fetch others.)";
            context.refuse(unsupported(at, message));
            return None;
        }
        Source::File(_) => {
            let message = "The file was uploaded to another provider: send its bytes.";
            context.refuse(unsupported(at, message));
            return None;
        }
    };
    if found.is_none() {
        context.refuse(unsupported(at, "This model's API does not take this format."));
    }
    found
}

fn unsupported(at: &str, message: &str) -> Error {
    Error::invalid_param(at, message).with_code("unsupported_content")
}

fn named(format: &str, formats: Formats) -> Option<&'static str> {
    formats.iter().find(|(_, own)| *own == format).map(|(_, format)| *format)
}

fn of_type(media_type: &str, formats: Formats) -> Option<&'static str> {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    formats.iter().find(|(own, _)| own.eq_ignore_ascii_case(essence)).map(|(_, format)| *format)
}

/// A name of the letters that the API takes, which no other document has.
fn name(title: Option<&str>, at: &str, context: &mut Context<'_>) -> String {
    let plain = |letter: char| if is_plain(letter) { letter } else { '-' };
    let wanted: String = title.unwrap_or("document").chars().take(180).map(plain).collect();
    let words: Vec<&str> = wanted.split_whitespace().collect();
    let mut name = if words.is_empty() { "document".to_owned() } else { words.join(" ") };
    if context.more.documents.contains(&name) {
        name = format!("{name} ({})", context.more.documents.len() + 1);
    }
    if title.is_some_and(|title| title != name) {
        context.lose(Loss::new(format!("{at}.title"), Why::Approximated));
    }
    context.more.documents.push(name.clone());
    name
}

fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || " -()[]".contains(letter)
}
