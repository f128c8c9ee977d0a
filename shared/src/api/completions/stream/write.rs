//! A client's stream, written.

use bytes::BytesMut;

use crate::api::codec::{Echo, WriteStream};
use crate::api::completions::response::{Head, is_known, write_image_data, write_tokens};
use crate::api::completions::{answer, reasoning, tool, usage};
use crate::api::family::Api;
use crate::api::openai;
use crate::ir::{Delta, Event, Open, Start, StopReason, ToolKind, Usage};
use crate::sorted::Numbered;
use crate::wire::json::{self, Json, Stencils};

/// Writes chunks, `[DONE]` last. Why the answer ended waits for the end itself.
#[derive(Debug)]
pub(in crate::api::completions) struct Writer {
    echo: Echo,
    head: Head,
    block: Block,
    /// How many calls there have been; the last one's index is one less.
    calls: usize,
    /// Whether the first call goes into `function_call`.
    legacy: bool,
    /// How many blocks of thinking there have been.
    thoughts: u32,
    stop: Option<StopReason>,
    refused: bool,
    usage: Usage,
    /// By the member that grows and how many calls there have been.
    stencils: Stencils<(&'static str, usize)>,
    over: bool,
    /// Which of several answers is written.
    number: u32,
    others: Numbered<Writer>,
}

/// What is open, and what of it must be known at its end.
#[derive(Debug, Default)]
enum Block {
    #[default]
    Other,
    Text,
    Refusal,
    Thinking,
    Audio,
    /// Whether no arguments have come yet.
    Call {
        kind: ToolKind,
        empty: bool,
    },
}

impl WriteStream for Writer {
    fn push(&mut self, event: &Event<'_>, out: &mut BytesMut) {
        if self.over {
            return;
        }
        match event {
            Event::Start(start) => self.start(start, out),
            Event::Open { block, .. } => self.open(block, out),
            Event::Delta { delta, .. } => self.grow(delta, out),
            Event::Close { .. } => self.close(out),
            Event::Usage(usage) => self.usage.update(usage),
            Event::Tier(tier) => self.set_tier(tier),
            Event::Choice { number, event } => self.choose(*number, event, out),
            Event::Lost(_) => {}
            Event::Stop(stop) => self.stop = Some(stop.reason.clone()),
            Event::Ping => out.extend_from_slice(b": ping\n\n"),
            Event::Fail(error) => {
                self.over = true;
                frame(out, |out| openai::write_error(error, out));
            }
            Event::End => self.end(out),
        }
    }
}

impl Writer {
    pub(in crate::api::completions) fn new(echo: Echo) -> Writer {
        Writer {
            head: Head::new(&Start::default(), &echo),
            legacy: tool::is_legacy(&echo),
            echo: echo.without_request(),
            block: Block::Other,
            calls: 0,
            thoughts: 0,
            stop: None,
            refused: false,
            usage: Usage::default(),
            stencils: Stencils::default(),
            over: false,
            number: 0,
            others: Numbered::default(),
        }
    }

    fn start(&mut self, start: &Start<'_>, out: &mut BytesMut) {
        self.head = Head::new(start, &self.echo);
        self.begin(out);
    }

    /// Takes the tier that is told of late.
    fn set_tier(&mut self, tier: &str) {
        self.head.set_tier(tier);
        self.stencils = Stencils::default();
    }

    /// Another answer is one of the same chunks, with another number.
    fn choose(&mut self, number: u32, event: &Event<'_>, out: &mut BytesMut) {
        let other = self.others.of(number, || {
            let head = self.head.clone();
            Writer { head, number, legacy: self.legacy, ..Writer::new(self.echo.clone()) }
        });
        match (other, event) {
            (Some(other), Event::Start(_)) => other.begin(out),
            (Some(other), event) => other.push(event, out),
            (None, _) => {}
        }
    }

    fn begin(&self, out: &mut BytesMut) {
        self.delta(out, |o| {
            o.key("role").string("assistant");
            o.key("content").string("");
        });
    }

    fn open(&mut self, block: &Open<'_>, out: &mut BytesMut) {
        self.block = match block {
            Open::Text => Block::Text,
            Open::Refusal => Block::Refusal,
            Open::Audio { id } => {
                let id = id.as_deref().unwrap_or(self.head.id());
                self.delta(out, |o| o.key("audio").object(|o| o.key("id").string(id)));
                Block::Audio
            }
            Open::Thinking { .. } => {
                self.thoughts += 1;
                Block::Thinking
            }
            Open::ToolUse { id, name, kind, signature } => {
                self.open_call(id, name, *kind, signature.as_deref(), out);
                Block::Call { kind: *kind, empty: true }
            }
            Open::Sealed { data, id } => {
                self.sealed(data, id.as_deref(), out);
                Block::Other
            }
            Open::Image { media_type, data } => {
                self.delta(out, |o| o.key("images").array(|a| write_image_data(media_type, data, a)));
                Block::Other
            }
            Open::Opaque { .. } => Block::Other,
        };
    }

    fn open_call(&mut self, id: &str, name: &str, kind: ToolKind, seal: Option<&str>, out: &mut BytesMut) {
        self.calls += 1;
        if self.is_function_call() {
            return self.delta(out, |o| tool::write_function_call(Some(name), "", o));
        }
        let id = self.head.call_id(id, self.calls - 1);
        let (word, input) = tool::words(kind);
        self.call_delta(out, |o| {
            tool::write_call_head(&id, kind, o);
            o.key(word).object(|o| {
                o.key("name").string(name);
                o.key(input).string("");
            });
            tool::write_signature(seal, o);
        });
    }

    /// Whether the call under way is written in the legacy form.
    fn is_function_call(&self) -> bool {
        self.legacy && self.calls == 1
    }

    fn grow(&mut self, delta: &Delta<'_>, out: &mut BytesMut) {
        if let (Block::Call { empty, .. }, Delta::Arguments(piece)) = (&mut self.block, delta) {
            *empty &= piece.is_empty();
        }
        match (&self.block, delta) {
            (Block::Text, Delta::Text(words)) => self.words("content", words, out),
            (Block::Refusal, Delta::Text(words)) => {
                self.refused = true;
                self.words("refusal", words, out);
            }
            (Block::Audio, Delta::Text(words)) => self.audio("transcript", words, out),
            (Block::Audio, Delta::Audio(data)) => self.audio("data", data, out),
            (Block::Thinking, Delta::Thinking(words)) => self.thinking(words, out),
            (Block::Thinking, Delta::Signature(seal)) => self.detail("signature", seal, |_| (), out),
            (&Block::Call { kind, .. }, Delta::Arguments(piece)) => self.arguments(kind, piece, out),
            (Block::Call { .. }, Delta::Signature(seal)) => {
                self.call_delta(out, |o| tool::write_signature(Some(seal), o));
            }
            (Block::Text, Delta::Citations(citations)) if citations.api == Api::Completions => {
                let list = Json::parse(citations.raw.as_bytes()).unwrap_or(Json::NULL);
                self.delta(out, |o| o.key("annotations").json(list));
            }
            (Block::Text, Delta::Logprobs(list)) => self.choice(out, None, Some(list), |_| ()),
            // The invariant of `Event` and citations of other APIs leave nothing else.
            _ => {}
        }
    }

    fn words(&mut self, member: &'static str, words: &str, out: &mut BytesMut) {
        self.again(member, words, out, |writer, words, out| {
            writer.delta(out, |o| o.key(member).string(words))
        });
    }

    /// Writes a chunk with words in this member, of which there are many.
    fn again(
        &mut self,
        member: &'static str,
        words: &str,
        out: &mut BytesMut,
        write: impl Fn(&Writer, &str, &mut BytesMut),
    ) {
        let mut stencils = std::mem::take(&mut self.stencils);
        stencils.write((member, self.calls), words, out, |words, out| write(self, words, out));
        self.stencils = stencils;
    }

    /// Writes thinking twice: as most clients know it, and as those do that give seals back.
    fn thinking(&self, words: &str, out: &mut BytesMut) {
        self.detail("text", words, |o| o.key("reasoning_content").string(words), out);
    }

    /// Writes a piece of `reasoning_details`, and `beside` it other members of the delta.
    fn detail(
        &self,
        name: &str,
        piece: &str,
        beside: impl FnOnce(&mut json::Writer<'_>),
        out: &mut BytesMut,
    ) {
        let index = self.thoughts.saturating_sub(1);
        self.delta(out, |o| {
            beside(o);
            o.key("reasoning_details").array(|a| {
                a.object(|o| {
                    o.key("type").string("reasoning.text");
                    o.key(name).string(piece);
                    o.key("index").integer(index);
                });
            });
        });
    }

    fn sealed(&mut self, data: &str, id: Option<&str>, out: &mut BytesMut) {
        self.thoughts += 1;
        self.delta(out, |o| {
            o.key("reasoning_details").array(|a| reasoning::write_sealed(data, id, a));
        });
    }

    /// A function without arguments has the empty object.
    fn close(&mut self, out: &mut BytesMut) {
        if let Block::Call { kind: ToolKind::Function, empty: true } = self.block {
            self.arguments(ToolKind::Function, "{}", out);
        }
        self.block = Block::Other;
    }

    fn arguments(&mut self, kind: ToolKind, piece: &str, out: &mut BytesMut) {
        if self.is_function_call() {
            return self.delta(out, |o| tool::write_function_call(None, piece, o));
        }
        let (word, input) = tool::words(kind);
        self.again(word, piece, out, |writer, piece, out| {
            writer.call_delta(out, |o| o.key(word).object(|o| o.key(input).string(piece)));
        });
    }

    fn audio(&self, name: &str, piece: &str, out: &mut BytesMut) {
        self.delta(out, |o| o.key("audio").object(|o| o.key(name).string(piece)));
    }

    /// Writes a piece of the last call.
    fn call_delta(&self, out: &mut BytesMut, members: impl FnOnce(&mut json::Writer<'_>)) {
        let index = self.calls.saturating_sub(1);
        self.delta(out, |o| {
            o.key("tool_calls").array(|a| {
                a.object(|o| {
                    o.key("index").integer(index as u64);
                    members(o);
                });
            });
        });
    }

    /// Writes a chunk with a delta.
    fn delta(&self, out: &mut BytesMut, members: impl FnOnce(&mut json::Writer<'_>)) {
        self.choice(out, None, None, members);
    }

    fn choice(
        &self,
        out: &mut BytesMut,
        reason: Option<&str>,
        tokens: Option<&str>,
        delta: impl FnOnce(&mut json::Writer<'_>),
    ) {
        self.write(out, |o| {
            o.key("choices").array(|a| {
                a.object(|o| {
                    o.key("index").integer(self.number);
                    o.key("delta").object(|o| delta(o));
                    match tokens {
                        Some(list) => write_tokens(&[list], o.key("logprobs")),
                        None => o.key("logprobs").null(),
                    }
                    openai::optional(o.key("finish_reason"), reason);
                });
            });
            if self.echo.include_usage {
                o.key("usage").null();
            }
        });
    }

    fn write(&self, out: &mut BytesMut, members: impl FnOnce(&mut json::Writer<'_>)) {
        frame(out, |out| {
            json::Writer::new(out).object(|o| {
                self.head.write("chat.completion.chunk", &self.echo, o);
                members(o);
            });
        });
    }

    fn end_choice(&self, out: &mut BytesMut) {
        let reason = self.stop.as_ref().unwrap_or(&StopReason::Done);
        self.choice(out, Some(answer::word(reason, self.refused, self.legacy)), None, |_| ());
    }

    /// E5: the last words come once, when all is known.
    fn end(&mut self, out: &mut BytesMut) {
        self.over = true;
        self.end_choice(out);
        self.others.values().for_each(|other| other.end_choice(out));
        if self.echo.include_usage && is_known(&self.usage) {
            self.write(out, |o| {
                o.key("choices").array(|_| ());
                usage::write(&self.usage, o.key("usage"));
            });
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }
}

/// Writes a server-sent event.
pub(in crate::api::completions) fn frame(out: &mut BytesMut, data: impl FnOnce(&mut BytesMut)) {
    out.extend_from_slice(b"data: ");
    data(out);
    out.extend_from_slice(b"\n\n");
}
