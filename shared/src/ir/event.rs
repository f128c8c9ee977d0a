//! An answer as it comes.

use std::borrow::Cow;

use super::{Citations, Loss, ToolKind, Usage};
use crate::api::family::Api;
use crate::error::Error;

/// One step of an answer.
///
/// Invariant: [`Start`](Event::Start) comes first and once. Blocks do not overlap: each is opened once, with
/// indices counting from 0, gets its deltas, and is closed before the next one opens. [`Stop`](Event::Stop) comes
/// once, after the last block has closed; [`Usage`](Event::Usage) and [`Tier`](Event::Tier) may come anywhere after the
/// start, and what they say replaces what was said before; [`Lost`](Event::Lost) may come even before it.
/// [`End`](Event::End) or [`Fail`](Event::Fail) is the last: an answer that has neither was cut off.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<'a> {
    Start(Start<'a>),
    Open {
        index: u32,
        block: Open<'a>,
    },
    Delta {
        index: u32,
        delta: Delta<'a>,
    },
    Close {
        index: u32,
    },
    Usage(Usage),
    /// The tier that serves the answer, where that is said later than at the start.
    Tier(Cow<'a, str>),
    Stop(Stop<'a>),
    /// A step of another of several answers to one request, numbered from 1; the first is not in one of these. Each keeps
    /// to the same order, but for usage and an end of its own.
    Choice {
        number: u32,
        event: Box<Event<'a>>,
    },
    /// Something that the answer had and its client does not get, or not as it was: told of to the account, to no client.
    /// It may come anywhere after the start.
    Lost(Loss),
    /// The provider is alive and has nothing to say.
    Ping,
    /// The provider broke the answer off and said why.
    Fail(Error),
    /// The provider said that this was all.
    End,
}

/// The most answers to one request that an API gives.
///
/// <https://platform.openai.com/docs/api-reference/chat/create#chat_create-n>
pub const MOST_CHOICES: u32 = 128;

impl Event<'_> {
    /// Gives an event of another answer's on as one of several.
    pub(crate) fn of_choice(self, number: u32, sink: &mut dyn FnMut(Event<'_>)) {
        match self {
            Event::Usage(_) | Event::End => {}
            Event::Lost(loss) => sink(Event::Lost(loss)),
            event => sink(Event::Choice { number, event: Box::new(event) }),
        }
    }
}

/// What is known when an answer begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Start<'a> {
    /// The provider's id of the answer; empty where it has none.
    pub id: Cow<'a, str>,
    /// The model that answers, as the provider names it.
    pub model: Cow<'a, str>,
    /// Seconds since 1970, where the provider says.
    pub created: Option<u64>,
    pub service_tier: Option<Cow<'a, str>>,
}

/// What kind of block begins.
#[derive(Clone, Debug, PartialEq)]
pub enum Open<'a> {
    Text,
    /// Readable thinking, with the item's own id where the API gives it one.
    Thinking {
        id: Option<Cow<'a, str>>,
    },
    /// Thinking that only its provider can read, whole.
    Sealed {
        data: Cow<'a, str>,
        id: Option<Cow<'a, str>>,
    },
    ToolUse {
        id: Cow<'a, str>,
        name: Cow<'a, str>,
        kind: ToolKind,
        signature: Option<Cow<'a, str>>,
    },
    Refusal,
    /// An image in Base64, whole.
    Image {
        media_type: Cow<'a, str>,
        data: Cow<'a, str>,
    },
    /// A recording; its data and transcript come as deltas.
    Audio {
        id: Option<Cow<'a, str>>,
    },
    /// A block of one API that has no form here, whole.
    Opaque {
        api: Api,
        raw: Cow<'a, str>,
    },
}

/// What a block grows by.
#[derive(Clone, Debug, PartialEq)]
pub enum Delta<'a> {
    /// Words of a text, a refusal, or a transcript.
    Text(Cow<'a, str>),
    /// Words of thinking.
    Thinking(Cow<'a, str>),
    /// The whole seal on a block of thinking, of words or of a call.
    Signature(Cow<'a, str>),
    /// A piece of a tool's arguments, cut anywhere.
    Arguments(Cow<'a, str>),
    /// Citations to add to a text.
    Citations(Citations<'a>),
    /// More tokens of a text with their log probabilities, as in [`Text`](super::Text).
    Logprobs(Cow<'a, str>),
    /// A piece of a recording, in Base64.
    Audio(Cow<'a, str>),
}

impl Delta<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> Delta<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        match self {
            Delta::Text(text) => Delta::Text(owned(text)),
            Delta::Thinking(text) => Delta::Thinking(owned(text)),
            Delta::Signature(seal) => Delta::Signature(owned(seal)),
            Delta::Arguments(text) => Delta::Arguments(owned(text)),
            Delta::Citations(Citations { api, raw }) => Delta::Citations(Citations { api, raw: owned(raw) }),
            Delta::Logprobs(list) => Delta::Logprobs(owned(list)),
            Delta::Audio(data) => Delta::Audio(owned(data)),
        }
    }
}

/// How an answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop<'a> {
    pub reason: StopReason,
    /// The stop text that was met.
    pub sequence: Option<Cow<'a, str>>,
}

/// Why an answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// The model was done.
    Done,
    /// The longest answer asked for was reached.
    MaxTokens,
    StopSequence,
    ToolUse,
    /// A filter, or the model itself, refused.
    Refusal,
    /// The provider paused a long turn that the client may resume.
    Pause,
    /// The model's context is full.
    ContextWindow,
    /// A word this gateway does not know, as the provider said it.
    Other(String),
}

impl StopReason {
    /// The reason in one word, for reports.
    pub fn word(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            StopReason::Done => "done",
            StopReason::MaxTokens => "max_tokens",
            StopReason::StopSequence => "stop_sequence",
            StopReason::ToolUse => "tool_use",
            StopReason::Refusal => "refusal",
            StopReason::Pause => "pause",
            StopReason::ContextWindow => "context_window",
            StopReason::Other(word) => return Cow::Owned(word.clone()),
        })
    }
}
