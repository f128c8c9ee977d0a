//! Documents and recordings, in a `file` or an `input_audio` as with OpenAI, or as the one value that Mistral has for them.
//!
//! <https://platform.openai.com/docs/guides/pdf-files>, <https://docs.mistral.ai/capabilities/document_ai/document_qna>,
//! <https://docs.mistral.ai/capabilities/audio>

use std::borrow::Cow;

use super::part::{Place, marked, refuse, write_common};
use crate::api::context::Context;
use crate::api::member::{missing, optional, present, required, string, within};
use crate::api::openai;
use crate::dialect::{Documents, Recordings};
use crate::error::Error;
use crate::ir::{Loss, Media, Source, Why};
use crate::wire::json::{Json, Kind, Writer};

/// The part, and its member, that a document at an address is with Mistral.
pub(super) const DOCUMENT: &str = "document_url";

/// How recordings begin in Base64, where nothing else tells what they are: WAV's `RIFF`, FLAC's and Ogg's marks. What is
/// none of them is taken for MP3, which begins in many ways.
const RECORDINGS: [(&str, &str); 3] =
    [("UklGR", "audio/wav"), ("ZkxhQ", "audio/flac"), ("T2dnU", "audio/ogg")];

const BY_ADDRESS: &str =
    "a document by its address, which this gateway fetches only where its configuration says so (`fetch`)";

/// Reads an `input_audio`: an object, or the Base64 or the address alone.
pub(super) fn read_audio<'a>(part: Json<'a>) -> Result<Media<'a>, Error> {
    let audio = present(part, "input_audio").ok_or_else(|| missing("input_audio"))?;
    let inside = within("input_audio");
    let source = match audio.kind() {
        Kind::String => source(string(audio, "input_audio")?, recording),
        _ => Source::Base64 {
            media_type: openai::audio_type(&required(audio, "format").map_err(&inside)?),
            data: required(audio, "data").map_err(&inside)?,
        },
    };
    let (cache, rest) = marked(part, &["type", "input_audio", "cache_control"])?;
    Ok(Media { cache, rest, ..Media::new(source) })
}

/// What a recording in Base64 is.
fn recording(data: &str) -> &'static str {
    RECORDINGS.iter().find(|(start, _)| data.starts_with(start)).map_or("audio/mpeg", |(_, kind)| kind)
}

/// What a text names: a `data:` URL, an address, or Base64 alone, of which `kind` tells the media type.
fn source(text: Cow<'_, str>, kind: fn(&str) -> &'static str) -> Source<'_> {
    match openai::source_of_url(text) {
        Source::Url(data) if !data.contains(':') => {
            Source::Base64 { media_type: Cow::Borrowed(kind(&data)), data }
        }
        source => source,
    }
}

/// Reads a `file`: an object, or its id beside the kind.
pub(super) fn read_file<'a>(part: Json<'a>) -> Result<Media<'a>, Error> {
    let Some(file) = present(part, "file") else {
        let id = optional(part, "file_id")?.ok_or_else(|| missing("file"))?;
        let (cache, rest) = marked(part, &["type", "file_id", "cache_control"])?;
        return Ok(Media { cache, rest, ..Media::new(Source::File(id)) });
    };
    let inside = within("file");
    let id = optional(file, "file_id").map_err(&inside)?;
    let data = optional(file, "file_data").map_err(&inside)?;
    let source = match (id, data) {
        (Some(id), _) => Source::File(id),
        // With OpenAI the Base64 alone is a PDF; OpenRouter takes addresses too.
        (None, Some(data)) => source(data, |_| "application/pdf"),
        (None, None) => return Err(inside(missing("file_id"))),
    };
    let (cache, rest) = marked(part, &["type", "file", "cache_control"])?;
    Ok(Media { title: optional(file, "filename").map_err(&inside)?, cache, rest, ..Media::new(source) })
}

/// Reads a `document_url`.
pub(super) fn read_document<'a>(part: Json<'a>) -> Result<Media<'a>, Error> {
    let source = openai::source_of_url(required(part, DOCUMENT)?);
    let (cache, rest) = marked(part, &["type", DOCUMENT, "document_name", "cache_control"])?;
    Ok(Media { title: optional(part, "document_name")?, cache, rest, ..Media::new(source) })
}

pub(super) fn write_audio(media: &Media<'_>, place: Place, context: &mut Context<'_>, a: &mut Writer<'_>) {
    let form = match context.quirks.recordings {
        Recordings::None if context.own => Recordings::Object,
        form => form,
    };
    let (data, format) = match (form, &media.source) {
        (Recordings::Object, Source::Base64 { media_type, data }) => {
            (data, Some(openai::audio_format(media_type)))
        }
        (Recordings::Value, Source::Base64 { data, .. } | Source::Url(data)) => (data, None),
        (Recordings::None, _) => return refuse(place, "recordings", context),
        _ => return refuse(place, "a recording that is not in the request itself", context),
    };
    a.object(|o| {
        o.key("type").string("input_audio");
        let audio = o.key("input_audio");
        match format {
            Some(format) => audio.object(|o| {
                o.key("data").string(data);
                o.key("format").string(format);
            }),
            None => audio.string(data),
        }
        context.lose_words(&[("title", media.title.as_deref())], &place);
        write_common(media, &media.rest, place, context, o);
    });
}

/// A document of plain text is written as text: this API's files are PDF.
pub(super) fn write_document(media: &Media<'_>, place: Place, context: &mut Context<'_>, a: &mut Writer<'_>) {
    context.lose_words(&[("detail", media.detail.as_deref())], &place);
    let form = match context.quirks.documents {
        Documents::None | Documents::File if context.own => Documents::FileOrAddress,
        form => form,
    };
    match (form, &media.source) {
        (_, Source::Text(text)) => write_text(media, text, place, context, a),
        (Documents::None, _) => refuse(place, "documents", context),
        (Documents::File, Source::Url(_)) => refuse(place, BY_ADDRESS, context),
        (Documents::Value, _) => write_value(media, place, context, a),
        _ => write_file(media, place, context, a),
    }
}

fn write_text(media: &Media<'_>, text: &str, place: Place, context: &mut Context<'_>, a: &mut Writer<'_>) {
    context.lose(Loss::new(place.to_string(), Why::Approximated));
    a.object(|o| {
        o.key("type").string("text");
        match &media.title {
            Some(title) => o.key("text").string(&format!("{title}\n\n{text}")),
            None => o.key("text").string(text),
        }
        write_common(media, &media.rest, place, context, o);
    });
}

fn write_file(media: &Media<'_>, place: Place, context: &mut Context<'_>, a: &mut Writer<'_>) {
    let by_id = matches!(media.source, Source::File(_));
    a.object(|o| {
        o.key("type").string("file");
        o.key("file").object(|o| {
            o.key(if by_id { "file_id" } else { "file_data" }).string(&value(&media.source));
            match &media.title {
                Some(title) => o.key("filename").string(title),
                // The API demands a name where it gets bytes.
                None if !by_id && !context.own => o.key("filename").string("document.pdf"),
                None => {}
            }
        });
        write_common(media, &media.rest, place, context, o);
    });
}

fn write_value(media: &Media<'_>, place: Place, context: &mut Context<'_>, a: &mut Writer<'_>) {
    let (kind, name) = match media.source {
        Source::File(_) => ("file", "file_id"),
        _ => (DOCUMENT, DOCUMENT),
    };
    a.object(|o| {
        o.key("type").string(kind);
        o.key(name).string(&value(&media.source));
        match &media.title {
            Some(title) if name == DOCUMENT => o.key("document_name").string(title),
            title => context.lose_words(&[("title", title.as_deref())], &place),
        }
        write_common(media, &media.rest, place, context, o);
    });
}

/// The address, the id, or the bytes as a `data:` URL.
fn value<'m>(source: &'m Source<'_>) -> Cow<'m, str> {
    match source {
        Source::Base64 { media_type, data } => Cow::Owned(openai::data_url(media_type, data)),
        Source::Url(value) | Source::File(value) | Source::Text(value) => Cow::Borrowed(value),
    }
}
