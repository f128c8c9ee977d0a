//! A whole answer, folded from its events.

use std::borrow::Cow;

use super::{
    Block, Citations, Delta, Event, MOST_CHOICES, Media, Open, Source, Start, Stop, Text, Thought, ToolUse,
    Usage,
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
    /// The others of several answers to one request.
    pub others: Vec<Response>,
}

impl Response {
    /// Takes the next event.
    pub fn push(&mut self, event: &Event<'_>) {
        match event {
            Event::Start(start) => self.start = start.to_static(),
            Event::Open { block, .. } => self.blocks.push(block.to_block()),
            Event::Delta { delta, .. } => self.grow(delta),
            Event::Choice { number, event } => self.choose(*number, event),
            Event::Close { .. } | Event::Ping | Event::Lost(_) => {}
            Event::Usage(usage) => self.usage.update(usage),
            Event::Tier(tier) => self.start.service_tier = Some(to_static(tier)),
            Event::Stop(stop) => self.stop = Some(stop.to_static()),
            Event::Fail(error) => self.error = Some(error.clone()),
            Event::End => self.ended = true,
        }
    }

    /// The events that the answer would have been streamed as, each block in one piece.
    ///
    /// **Law: folding them gives the answer again.**
    pub fn replay(&self, sink: &mut dyn FnMut(Event<'_>)) {
        sink(Event::Start(self.start.clone()));
        let answered = self.blocks.iter().filter_map(|block| Some((Open::of(block)?, block)));
        for (index, (open, block)) in (0..).zip(answered) {
            sink(Event::Open { index, block: open });
            deltas_of(block).into_iter().for_each(|delta| sink(Event::Delta { index, delta }));
            sink(Event::Close { index });
        }
        for (number, other) in (1..).zip(&self.others) {
            other.replay(&mut |event| event.of_choice(number, sink));
        }
        sink(Event::Usage(self.usage));
        self.stop.iter().for_each(|stop| sink(Event::Stop(stop.clone())));
        self.error.iter().for_each(|error| sink(Event::Fail(error.clone())));
        if self.ended {
            sink(Event::End);
        }
    }

    fn choose(&mut self, number: u32, event: &Event<'_>) {
        let Some(at) = number.checked_sub(1).filter(|_| number < MOST_CHOICES) else { return };
        let at = at as usize;
        if self.others.len() <= at {
            self.others.resize_with(at + 1, Response::default);
        }
        self.others.iter_mut().skip(at).take(1).for_each(|other| other.push(event));
    }

    fn grow(&mut self, delta: &Delta<'_>) {
        match (self.blocks.last_mut(), delta) {
            (Some(Block::Text(text)), Delta::Text(more)) => text.text.to_mut().push_str(more),
            (Some(Block::Text(text)), Delta::Citations(more)) => cite(text, more),
            (Some(Block::Text(text)), Delta::Logprobs(more)) => match &mut text.logprobs {
                Some(list) => join(list.to_mut(), more),
                none => *none = Some(to_static(more)),
            },
            (Some(Block::Text(text)), Delta::Signature(whole)) => text.signature = Some(to_static(whole)),
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

/// Adds citations to a text's.
fn cite(text: &mut Text<'static>, more: &Citations<'_>) {
    let Some(citations) = &mut text.citations else {
        text.citations = Some(Citations { api: more.api, raw: to_static(&more.raw) });
        return;
    };
    join(citations.raw.to_mut(), &more.raw);
}

/// Appends the elements of a JSON array to another's.
fn join(raw: &mut String, more: &str) {
    let added = more.trim().strip_prefix('[').unwrap_or(more);
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

/// What a block's opening does not say of it.
fn deltas_of<'b>(block: &'b Block<'_>) -> Vec<Delta<'b>> {
    let given = |text: &'b str| Some(Cow::Borrowed(text)).filter(|text| !text.is_empty());
    let deltas = match block {
        Block::Text(text) => [
            given(&text.text).map(Delta::Text),
            text.logprobs.clone().map(Delta::Logprobs),
            text.citations.clone().map(Delta::Citations),
            text.signature.clone().map(Delta::Signature),
        ],
        Block::Refusal(text) => [given(text).map(Delta::Text), None, None, None],
        Block::Thinking(thought) => {
            let signature = thought.signature.clone().map(Delta::Signature);
            [given(&thought.text).map(Delta::Thinking), signature, None, None]
        }
        Block::ToolUse(tool) => [given(&tool.arguments).map(Delta::Arguments), None, None, None],
        Block::Audio(Media { source: Source::Base64 { data, .. }, context, .. }) => {
            let transcript = context.as_deref().and_then(given).map(Delta::Text);
            [given(data).map(Delta::Audio), transcript, None, None]
        }
        _ => [None, None, None, None],
    };
    deltas.into_iter().flatten().collect()
}

impl<'a> Open<'a> {
    /// What begins a block; none for what no answer has.
    pub(crate) fn of(block: &Block<'a>) -> Option<Open<'a>> {
        Some(match block {
            Block::Text(_) => Open::Text,
            Block::Refusal(_) => Open::Refusal,
            Block::Thinking(thought) => Open::Thinking { id: thought.id.clone() },
            Block::Sealed { data, id } => Open::Sealed { data: data.clone(), id: id.clone() },
            Block::ToolUse(tool) => Open::ToolUse {
                id: tool.id.clone(),
                name: tool.name.clone(),
                kind: tool.kind,
                signature: tool.signature.clone(),
            },
            Block::Image(Media { source: Source::Base64 { media_type, data }, .. }) => {
                Open::Image { media_type: media_type.clone(), data: data.clone() }
            }
            Block::Audio(media) => Open::Audio { id: media.title.clone() },
            Block::Opaque { api, raw } => Open::Opaque { api: *api, raw: raw.clone() },
            _ => return None,
        })
    }
}

impl Open<'_> {
    /// The block as it is before its first delta.
    pub(crate) fn to_block(&self) -> Block<'static> {
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

impl Open<'_> {
    /// The same, borrowing nothing.
    pub fn to_static(&self) -> Open<'static> {
        match self {
            Open::Text => Open::Text,
            Open::Refusal => Open::Refusal,
            Open::Thinking { id } => Open::Thinking { id: owned(id) },
            Open::Sealed { data, id } => Open::Sealed { data: to_static(data), id: owned(id) },
            Open::ToolUse { id, name, kind, signature } => Open::ToolUse {
                id: to_static(id),
                name: to_static(name),
                kind: *kind,
                signature: owned(signature),
            },
            Open::Image { media_type, data } => {
                Open::Image { media_type: to_static(media_type), data: to_static(data) }
            }
            Open::Audio { id } => Open::Audio { id: owned(id) },
            Open::Opaque { api, raw } => Open::Opaque { api: *api, raw: to_static(raw) },
        }
    }
}

impl Delta<'_> {
    /// The same, borrowing nothing.
    pub fn to_static(&self) -> Delta<'static> {
        match self {
            Delta::Text(text) => Delta::Text(to_static(text)),
            Delta::Thinking(text) => Delta::Thinking(to_static(text)),
            Delta::Signature(text) => Delta::Signature(to_static(text)),
            Delta::Arguments(text) => Delta::Arguments(to_static(text)),
            Delta::Logprobs(list) => Delta::Logprobs(to_static(list)),
            Delta::Audio(data) => Delta::Audio(to_static(data)),
            Delta::Citations(Citations { api, raw }) => {
                Delta::Citations(Citations { api: *api, raw: to_static(raw) })
            }
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
