//! A whole answer, folded from its events.

use std::borrow::Cow;

use super::{
    Block, Citations, Delta, Event, Media, Open, Source, Start, Stop, Text, Thought, ToolUse, Usage,
};
use crate::error::Error;

/// An answer put together. **Law: folding the events a whole answer is read as gives what folding the same answer's
/// stream gives.**
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Response {
    pub start: Start<'static>,
    pub blocks: Vec<Block<'static>>,
    pub usage: Usage,
    pub stop: Option<Stop<'static>>,
    /// Set where the provider broke the answer off.
    pub error: Option<Error>,
    /// Whether the provider said that this was all.
    pub ended: bool,
}

impl Response {
    /// Takes the next event.
    pub fn push(&mut self, event: &Event<'_>) {
        match event {
            Event::Start(start) => self.start = start.to_static(),
            Event::Open { block, .. } => self.blocks.push(block.to_block()),
            Event::Delta { delta, .. } => self.grow(delta),
            Event::Close { .. } | Event::Ping => {}
            Event::Usage(usage) => self.usage.update(usage),
            Event::Stop(stop) => self.stop = Some(stop.to_static()),
            Event::Fail(error) => self.error = Some(error.clone()),
            Event::End => self.ended = true,
        }
    }

    fn grow(&mut self, delta: &Delta<'_>) {
        match (self.blocks.last_mut(), delta) {
            (Some(Block::Text(text)), Delta::Text(more)) => text.text.to_mut().push_str(more),
            (Some(Block::Text(text)), Delta::Citations(more)) => cite(text, more),
            (Some(Block::Refusal(text)), Delta::Text(more)) => text.to_mut().push_str(more),
            (Some(Block::Thinking(thought)), Delta::Thinking(more)) => thought.text.to_mut().push_str(more),
            (Some(Block::Thinking(thought)), Delta::Signature(whole)) => {
                thought.signature = Some(to_static(whole));
            }
            (Some(Block::ToolUse(tool)), Delta::Arguments(more)) => tool.arguments.to_mut().push_str(more),
            (Some(Block::ToolUse(tool)), Delta::Signature(whole)) => {
                tool.signature = Some(to_static(whole));
            }
            (Some(Block::Audio(media)), Delta::Audio(more)) => record(media, more),
            (Some(Block::Audio(media)), Delta::Text(more)) => {
                media.context.get_or_insert_default().to_mut().push_str(more);
            }
            // The invariant of `Event` leaves nothing else.
            _ => {}
        }
    }
}

/// Joins two JSON arrays of citations.
fn cite(text: &mut Text<'static>, more: &Citations<'_>) {
    let Some(citations) = &mut text.citations else {
        text.citations = Some(Citations { api: more.api, raw: to_static(&more.raw) });
        return;
    };
    let added = more.raw.trim().strip_prefix('[').unwrap_or(&more.raw);
    let raw = citations.raw.to_mut();
    if let Some(end) = raw.rfind(']') {
        raw.truncate(end);
    }
    raw.push(',');
    raw.push_str(added);
}

fn record(media: &mut Media<'static>, more: &str) {
    if let Source::Base64 { data, .. } = &mut media.source {
        data.to_mut().push_str(more);
    }
}

impl Open<'_> {
    /// The block as it is before its first delta.
    fn to_block(&self) -> Block<'static> {
        match self {
            Open::Text => Block::text(""),
            Open::Refusal => Block::Refusal(Cow::Borrowed("")),
            Open::Thinking { id } => Block::Thinking(Thought { id: owned(id), ..Thought::default() }),
            Open::Sealed { data, id } => Block::Sealed { data: to_static(data), id: owned(id) },
            Open::ToolUse { id, name, kind, signature } => Block::ToolUse(ToolUse {
                id: to_static(id),
                name: to_static(name),
                kind: *kind,
                signature: owned(signature),
                ..ToolUse::default()
            }),
            Open::Image { media_type, data } => Block::Image(Media::new(Source::Base64 {
                media_type: to_static(media_type),
                data: to_static(data),
            })),
            Open::Audio { id } => {
                let source =
                    Source::Base64 { media_type: Cow::Borrowed("audio/wav"), data: Cow::Borrowed("") };
                Block::Audio(Media { title: owned(id), ..Media::new(source) })
            }
            Open::Opaque { api, raw } => Block::Opaque { api: *api, raw: to_static(raw) },
        }
    }
}

impl Start<'_> {
    /// The same, borrowing nothing.
    pub fn to_static(&self) -> Start<'static> {
        Start {
            id: to_static(&self.id),
            model: to_static(&self.model),
            created: self.created,
            service_tier: owned(&self.service_tier),
        }
    }
}

impl Stop<'_> {
    /// The same, borrowing nothing.
    pub fn to_static(&self) -> Stop<'static> {
        Stop { reason: self.reason.clone(), sequence: owned(&self.sequence) }
    }
}

fn to_static(text: &str) -> Cow<'static, str> {
    Cow::Owned(text.to_owned())
}

fn owned(text: &Option<Cow<'_, str>>) -> Option<Cow<'static, str>> {
    text.as_deref().map(to_static)
}
