//! A whole answer.
//!
//! <https://docs.anthropic.com/en/api/messages#response-id>

use std::borrow::Cow;

use bytes::BytesMut;

use super::{block, error, stream, usage};
use crate::api::aim::{Aim, Sink};
use crate::api::codec::Echo;
use crate::api::family::Api;
use crate::api::{lost, openai};
use crate::ir::{
    Block, Citations, Delta, Event, Loss, Media, Open, Response, Source, Start, Stop, StopReason, Text,
};
use crate::wire::json::{Json, Kind, Malformed, Writer};

/// The words for why an answer ended.
const REASONS: [(&str, StopReason); 7] = [
    ("end_turn", StopReason::Done),
    ("max_tokens", StopReason::MaxTokens),
    ("stop_sequence", StopReason::StopSequence),
    ("tool_use", StopReason::ToolUse),
    ("refusal", StopReason::Refusal),
    ("pause_turn", StopReason::Pause),
    ("model_context_window_exceeded", StopReason::ContextWindow),
];

/// Reads an answer as the events it would have been streamed as.
pub(super) fn read(body: Json<'_>, aim: Aim, sink: &mut Sink<'_>) -> Result<(), Malformed> {
    let content = body.get("content").filter(|content| content.kind() == Kind::Array);
    match (content, body.get("error")) {
        (Some(content), _) => stream::Reader::new(aim).whole(body, content, sink),
        (None, Some(_)) => sink(Event::Fail(error::of_event(body))),
        (None, None) => return Err(Malformed { offset: 0, what: "expected a message with content" }),
    }
    Ok(())
}

/// Why an answer ended, from its `stop_reason` and `stop_sequence`; none where it has not.
pub(super) fn read_stop(message: Json<'_>) -> Option<Stop<'static>> {
    let word = message.get("stop_reason")?.string()?;
    let known = REASONS.iter().find(|(own, _)| *own == word).map(|(_, reason)| reason.clone());
    let sequence = message.get("stop_sequence").and_then(Json::string);
    Some(Stop {
        reason: known.unwrap_or_else(|| StopReason::Other(word.into_owned())),
        sequence: sequence.map(|text| Cow::Owned(text.into_owned())),
    })
}

/// What an answer has had in it, as far as it matters to why it ended.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    pub(super) tool: bool,
    pub(super) refusal: bool,
}

/// Writes `stop_reason` and `stop_sequence`. An answer that asks for a tool's run ends for that, and one that refuses
/// for that, also where a provider says only that it is done.
pub(super) fn write_stop(stop: Option<&Stop<'_>>, seen: Seen, o: &mut Writer<'_>) {
    let reason = match stop.map_or(&StopReason::Done, |stop| &stop.reason) {
        StopReason::Done if seen.refusal => &StopReason::Refusal,
        StopReason::Done if seen.tool => &StopReason::ToolUse,
        reason => reason,
    };
    let known = REASONS.iter().find(|(_, own)| own == reason).map(|(word, _)| *word);
    o.key("stop_reason").string(&known.map_or_else(|| reason.word(), Cow::Borrowed));
    openai::optional(o.key("stop_sequence"), stop.and_then(|stop| stop.sequence.as_deref()));
}

/// The answer's id with the API's prefix.
pub(super) fn message_id(start: &Start<'_>, echo: &Echo) -> String {
    let id = if start.id.is_empty() { &*echo.id } else { &*start.id };
    if id.starts_with("msg_") { id.to_owned() } else { format!("msg_{id}") }
}

/// A tool use's id; one that the provider did not give is made from the answer's.
pub(super) fn use_id<'i>(id: &'i str, message: &str, index: u32) -> Cow<'i, str> {
    if !id.is_empty() {
        return Cow::Borrowed(id);
    }
    Cow::Owned(format!("toolu_{}_{index}", message.strip_prefix("msg_").unwrap_or(message)))
}

/// The words that stand for what answers of this API cannot have.
pub(super) fn stand_in(what: &str) -> String {
    format!("[The model answered with {what}, which the Messages API cannot carry.]")
}

/// What of an event no message says. An image has words in its place, a recording its transcript.
pub(super) fn lacks(event: &Event<'_>) -> Vec<Loss> {
    match event {
        Event::Delta { delta: Delta::Logprobs(_), .. } => lost::dropped("logprobs"),
        Event::Open { block: Open::Image { .. }, .. } => lost::approximated("image"),
        Event::Open { block: Open::Audio { .. }, .. } => lost::approximated("audio"),
        Event::Open { block, .. } => lost::foreign(Api::Messages, block),
        Event::Usage(usage) => {
            lost::uncounted(&[("audio_input", usage.audio_input), ("audio_output", usage.audio_output)])
        }
        Event::Stop(Stop { reason: StopReason::Other(_), .. }) => lost::approximated("stop_reason"),
        Event::Start(Start { service_tier: Some(tier), .. }) if usage::tier_word(tier).is_some() => {
            Vec::new()
        }
        // A stream's end has no place for it, but the usual one is what nothing said means.
        Event::Tier(tier) if usage::tier_word(tier) == Some("standard") => Vec::new(),
        Event::Start(Start { service_tier: Some(_), .. }) | Event::Tier(_) => lost::dropped("service_tier"),
        _ => Vec::new(),
    }
}

/// Writes the head that whole answers and the beginnings of streams have in common.
pub(super) fn write_head(id: &str, echo: &Echo, o: &mut Writer<'_>) {
    o.key("id").string(id);
    o.key("type").string("message");
    o.key("role").string("assistant");
    o.key("model").string(&echo.model);
}

/// Writes a whole answer; one that the provider broke off is its error.
pub(super) fn write(response: &Response, echo: &Echo, out: &mut BytesMut) {
    if let Some(failure) = &response.error {
        return error::write(failure, &echo.id, out);
    }
    let id = message_id(&response.start, echo);
    let seen = Seen {
        tool: response.blocks.iter().any(|block| matches!(block, Block::ToolUse(_))),
        refusal: response.blocks.iter().any(|block| matches!(block, Block::Refusal(_))),
    };
    Writer::new(out).object(|o| {
        write_head(&id, echo, o);
        o.key("content").array(|a| {
            (0..).zip(&response.blocks).for_each(|(index, block)| write_block(block, &id, index, a));
        });
        write_stop(response.stop.as_ref(), seen, o);
        usage::write(&response.usage, response.start.service_tier.as_deref(), o.key("usage"));
    });
}

fn write_block(block: &Block<'_>, message: &str, index: u32, a: &mut Writer<'_>) {
    match block {
        Block::Opaque { api: Api::Messages, raw } => a.raw(raw),
        // Nothing that only another API's clients can read, and nothing that only conversations have.
        Block::Opaque { .. } | Block::ToolResult(_) => {}
        Block::Text(text) => a.object(|o| write_text(text, o)),
        Block::Refusal(words) => write_words(words, a),
        Block::Image(media) | Block::Document(media) => {
            write_words(&stand_in(&format!("an image ({})", media_type(media))), a);
        }
        Block::Audio(Media { context: Some(transcript), .. }) => write_words(transcript, a),
        Block::Audio(_) => write_words(&stand_in("a recording"), a),
        Block::Video(_) => write_words(&stand_in("a video"), a),
        Block::Thinking(thought) => a.object(|o| {
            o.key("type").string("thinking");
            o.key("thinking").string(&thought.text);
            o.key("signature").string(thought.signature.as_deref().unwrap_or_default());
        }),
        Block::Sealed { data, .. } => a.object(|o| {
            o.key("type").string("redacted_thinking");
            o.key("data").string(data);
        }),
        Block::ToolUse(tool) => a.object(|o| {
            write_use_head(&use_id(&tool.id, message, index), &tool.name, o);
            block::write_input(tool.kind, &tool.arguments, o.key("input"));
        }),
    }
}

/// Writes all of a tool use but its input.
pub(super) fn write_use_head(id: &str, name: &str, o: &mut Writer<'_>) {
    o.key("type").string("tool_use");
    o.key("id").string(id);
    o.key("name").string(name);
}

fn write_words(words: &str, a: &mut Writer<'_>) {
    a.object(|o| {
        o.key("type").string("text");
        o.key("text").string(words);
    });
}

fn write_text(text: &Text<'_>, o: &mut Writer<'_>) {
    o.key("type").string("text");
    o.key("text").string(&text.text);
    if let Some(Citations { api: Api::Messages, raw }) = &text.citations {
        o.key("citations").raw(raw);
    }
}

fn media_type<'m>(media: &'m Media<'_>) -> &'m str {
    match &media.source {
        Source::Base64 { media_type, .. } => media_type,
        _ => "media",
    }
}
