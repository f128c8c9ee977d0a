//! Parts of a message's content.
//!
//! <https://platform.openai.com/docs/api-reference/chat/create#chat-create-messages>

use std::borrow::Cow;
use std::fmt::{self, Display};

use super::attached;
use crate::api::context::Context;
use crate::api::family::Api;
use crate::api::member::{
    boolean, keep_inner, missing, of_kind, optional, present, required, rest, string, within, wrong,
};
use crate::api::openai;
use crate::error::Error;
use crate::ir::{Block, Cache, Loss, Media, Rest, Source, Text};
use crate::wire::json::{Json, Kind, Writer};

/// The kind of an image's part, and the member that it is in.
const IMAGE: &str = "image_url";

/// The same of a video, which vendors take and OpenAI does not.
///
/// <https://openrouter.ai/docs/features/multimodal/videos>
const VIDEO: &str = "video_url";

/// Reads `content`: a string, or an array of parts. An empty string is no block at all.
pub(super) fn read_content<'a>(content: Json<'a>) -> Result<Vec<Block<'a>>, Error> {
    match content.kind() {
        Kind::String => {
            let text = string(content, "content")?;
            Ok(if text.is_empty() { Vec::new() } else { vec![Block::text(text)] })
        }
        Kind::Array => {
            let part = |(index, part)| read(part).map_err(within(format_args!("content[{index}]")));
            content.items().enumerate().map(part).collect()
        }
        _ => Err(wrong("content", "a string or an array of parts")),
    }
}

/// B2: a part of a kind that is not known goes back to this API as it is.
fn read<'a>(part: Json<'a>) -> Result<Block<'a>, Error> {
    if part.kind() == Kind::String {
        return Ok(Block::text(string(part, "text")?));
    }
    Ok(match &*required(part, "type")? {
        "text" => Block::Text(read_text(part)?),
        "refusal" => Block::Refusal(required(part, "refusal")?),
        IMAGE => Block::Image(read_seen(part, IMAGE)?),
        "input_audio" => Block::Audio(attached::read_audio(part)?),
        "file" => Block::Document(attached::read_file(part)?),
        attached::DOCUMENT => Block::Document(attached::read_document(part)?),
        VIDEO => Block::Video(read_seen(part, VIDEO)?),
        _ => Block::Opaque { api: Api::Completions, raw: Cow::Borrowed(part.raw()) },
    })
}

fn read_text<'a>(part: Json<'a>) -> Result<Text<'a>, Error> {
    let (cache, rest) = marked(part, &["type", "text", "cache_control"])?;
    Ok(Text { text: required(part, "text")?, cache, rest, ..Text::default() })
}

/// What is seen is an object, or (with some vendors) the address itself. What vendors have beside the address is named
/// with a dot where it is kept.
fn read_seen<'a>(part: Json<'a>, name: &str) -> Result<Media<'a>, Error> {
    let seen = present(part, name).ok_or_else(|| missing(name))?;
    let (url, detail) = match seen.kind() {
        Kind::String => (string(seen, name)?, None),
        _ => {
            let url = required(seen, "url").map_err(within(name))?;
            (url, optional(seen, "detail").map_err(within(name))?)
        }
    };
    let (cache, mut rest) = marked(part, &["type", name, "cache_control"])?;
    keep_inner(name, seen, &["url", "detail"], &mut rest);
    Ok(Media { detail, cache, rest, ..Media::new(openai::source_of_url(url)) })
}

/// A part's caching mark, OpenAI's own or Anthropic's, and the members that are not among `named`.
pub(super) fn marked<'a>(part: Json<'a>, named: &[&str]) -> Result<(Option<Cache<'a>>, Rest<'a>), Error> {
    let mut others = rest(part, named);
    let mark = read_cache(part)?.or_else(|| openai::take_mark(&mut others));
    Ok((mark, others))
}

/// A caching mark, as OpenRouter and others have taken over from Anthropic.
pub(super) fn read_cache<'a>(object: Json<'a>) -> Result<Option<Cache<'a>>, Error> {
    let Some(mark) = present(object, "cache_control") else { return Ok(None) };
    of_kind(mark, "cache_control", Kind::Object)?;
    let ttl = optional(mark, "ttl").map_err(within("cache_control"))?;
    Ok(Some(Cache { ttl, breakpoint: false }))
}

/// Whether a member that must be true or false is there, and which.
pub(super) fn flag(object: Json<'_>, name: &str) -> Result<Option<bool>, Error> {
    present(object, name).map(|value| boolean(value, name)).transpose()
}

/// Where a block stands in the conversation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    turn: usize,
    block: usize,
    inner: Option<usize>,
}

/// A block that this API has a part for, and where it stands.
pub(super) type Part<'t, 'a> = (Place, &'t Block<'a>);

impl Place {
    pub(super) fn new(turn: usize, block: usize) -> Place {
        Place { turn, block, inner: None }
    }

    /// The place of a block within the result of a tool.
    pub(super) fn inside(self, index: usize) -> Place {
        Place { inner: Some(index), ..self }
    }
}

impl Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "messages[{}].content[{}]", self.turn, self.block)?;
        self.inner.map_or(Ok(()), |index| write!(f, ".content[{index}]"))
    }
}

/// The blocks that this API has a part for; of the others, the loss.
pub(super) fn expressible<'t, 'a>(
    blocks: impl IntoIterator<Item = Part<'t, 'a>>,
    context: &mut Context<'_>,
) -> Vec<Part<'t, 'a>> {
    let mut parts = Vec::new();
    for (place, block) in blocks {
        match block {
            Block::Text(_)
            | Block::Image(_)
            | Block::Document(_)
            | Block::Audio(_)
            | Block::Video(_)
            | Block::Refusal(_)
            | Block::Opaque { api: Api::Completions, .. } => parts.push((place, block)),
            _ => context.lose(Loss::dropped(place.to_string())),
        }
    }
    parts
}

/// Whether a block is words.
pub(super) fn is_text(block: &Block<'_>) -> bool {
    matches!(block, Block::Text(_))
}

/// Writes `content`: the words themselves where there is nothing else, otherwise an array.
pub(super) fn write_content(parts: &[Part<'_, '_>], context: &mut Context<'_>, value: &mut Writer<'_>) {
    match parts {
        [] => value.string(""),
        [(place, Block::Text(text))] if text.rest.is_empty() && !context.keeps_cache(text.cache.as_ref()) => {
            note_text(text, *place, context);
            value.string(&text.text);
        }
        _ => value.array(|a| parts.iter().for_each(|(place, block)| write(block, *place, context, a))),
    }
}

fn write(block: &Block<'_>, place: Place, context: &mut Context<'_>, a: &mut Writer<'_>) {
    match block {
        Block::Text(text) => write_text(text, place, context, a),
        Block::Refusal(words) => a.object(|o| {
            o.key("type").string("refusal");
            o.key("refusal").string(words);
        }),
        Block::Image(media) => write_seen(IMAGE, media, place, context, a),
        Block::Audio(media) => attached::write_audio(media, place, context, a),
        Block::Video(media) if context.own || context.quirks.extras.contains(&VIDEO) => {
            write_seen(VIDEO, media, place, context, a);
        }
        Block::Video(_) => refuse(place, "videos", context),
        Block::Document(media) => attached::write_document(media, place, context, a),
        Block::Opaque { raw, .. } => a.raw(raw),
        // `expressible` leaves nothing else.
        _ => {}
    }
}

fn write_text(text: &Text<'_>, place: Place, context: &mut Context<'_>, a: &mut Writer<'_>) {
    note_text(text, place, context);
    a.object(|o| {
        o.key("type").string("text");
        o.key("text").string(&text.text);
        if context.keeps_cache(text.cache.as_ref()) {
            context.write_mark(text.cache.as_ref(), place, o);
        }
        context.write_rest(&text.rest, &place, o);
    });
}

/// Notes what of a text this API has no place for.
fn note_text(text: &Text<'_>, place: Place, context: &mut Context<'_>) {
    if text.citations.is_some() {
        context.lose(Loss::dropped(format!("{place}.citations")));
    }
    if text.cache.is_some() && !context.keeps_cache(text.cache.as_ref()) {
        context.lose(Loss::dropped(format!("{place}.cache_control")));
    }
}

fn write_seen(name: &str, media: &Media<'_>, place: Place, context: &mut Context<'_>, a: &mut Writer<'_>) {
    let url = match &media.source {
        Source::Base64 { media_type, data } => Cow::Owned(openai::data_url(media_type, data)),
        Source::Url(url) => Cow::Borrowed(&**url),
        Source::File(_) | Source::Text(_) => return refuse(place, "what is seen by its file's id", context),
    };
    let within = format!("{name}.");
    let (inner, outer): (Rest<'_>, Rest<'_>) =
        media.rest.iter().cloned().partition(|(member, _)| member.starts_with(&within));
    a.object(|o| {
        o.key("type").string(name);
        o.key(name).object(|o| {
            o.key("url").string(&url);
            if let Some(detail) = media.detail.as_ref().filter(|_| may_detail(media, place, context)) {
                o.key("detail").string(detail);
            }
            context.write_inner(&inner, &within, &place, o);
        });
        context.lose_words(&[("title", media.title.as_deref())], &place);
        write_common(media, &outer, place, context, o);
    });
}

/// Whether the provider can be told how closely to look; `auto` is how it looks anyway.
fn may_detail(media: &Media<'_>, place: Place, context: &mut Context<'_>) -> bool {
    let may = !context.quirks.drops.contains(&"image_url.detail");
    if !may {
        context.lose_words(&[("detail", media.detail.as_deref())], &place);
    }
    may
}

/// Writes what all media have, and their other members, and notes what this API has no place for.
pub(super) fn write_common(
    media: &Media<'_>,
    rest: &Rest<'_>,
    place: Place,
    context: &mut Context<'_>,
    o: &mut Writer<'_>,
) {
    if media.context.is_some() {
        context.lose(Loss::dropped(format!("{place}.context")));
    }
    if media.citations == Some(true) {
        context.lose(Loss::dropped(format!("{place}.citations")));
    }
    context.write_mark(media.cache.as_ref(), place, o);
    context.write_rest(rest, &place, o);
}

/// Content that cannot be left out without asking for something else.
pub(super) fn refuse(place: Place, what: &str, context: &mut Context<'_>) {
    let message = format!("This model's provider does not take {what}.");
    context.refuse(Error::invalid_param(place.to_string(), message).with_code("unsupported_content"));
}
