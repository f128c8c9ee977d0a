//! A client's stream, written.

use bytes::BytesMut;

use crate::api::codec::{Echo, WriteStream};
use crate::api::family::Api;
use crate::api::lost;
use crate::api::messages::response::{self, Seen};
use crate::api::messages::{error, usage};
use crate::ir::{Citations, Delta, Event, Loss, Open, Start, Stop, ToolKind, Usage};
use crate::wire::json::{self, Json, Stencils, push_escaped};

/// Writes events in the order that the vendor's SDKs insist on: each block begins, grows and stops with its own index.
/// Why the answer ended waits for the end itself, together with all of its usage (E1, E3, E5).
#[derive(Debug)]
pub(in crate::api::messages) struct Writer {
    echo: Echo,
    /// The answer's, which ids of tool uses are made from.
    id: String,
    head: Head,
    block: Block,
    /// How many blocks have begun.
    count: u32,
    usage: Usage,
    /// The tokens kept for an hour, as the beginning told of them.
    hour: Option<u64>,
    stop: Option<Stop<'static>>,
    seen: Seen,
    /// By the kind of delta and the block's index.
    stencils: Stencils<(&'static str, u32)>,
    over: bool,
}

/// The first event waits for usage that may come right behind the start.
#[derive(Debug)]
enum Head {
    Held(Start<'static>),
    Written,
}

/// What is open, and what of it must be known.
#[derive(Debug)]
enum Block {
    Words,
    /// A recording, of which only the transcript is written; whether some of it has come.
    Recording(bool),
    Thinking,
    Function,
    /// Its text becomes a string in the object that the API demands.
    Custom,
    /// Whole from its beginning.
    Whole,
    /// Not for clients of this API.
    Unseen,
}

impl WriteStream for Writer {
    fn push(&mut self, event: &Event<'_>, out: &mut BytesMut) {
        if self.over {
            return;
        }
        match event {
            Event::Start(start) => self.head = Head::Held(start.to_static()),
            Event::Usage(usage) => self.usage.update(usage),
            // Only the beginning has a place for a tier.
            Event::Tier(_) | Event::Choice { .. } | Event::Lost(_) => {}
            Event::Stop(stop) => self.stop = Some(stop.to_static()),
            Event::Open { block, .. } => self.open(block, out),
            Event::Delta { delta, .. } => self.grow(delta, out),
            Event::Close { .. } => self.close(out),
            Event::Ping => {
                self.begin(out);
                write_frame("ping", out, |_| ());
            }
            Event::Fail(failure) => {
                self.over = true;
                out.extend_from_slice(b"event: error\ndata: ");
                error::write(failure, &self.echo.id, out);
                out.extend_from_slice(b"\n\n");
            }
            Event::End => self.end(out),
        }
    }

    /// Only the beginning has a place for how long what is written to a cache is kept.
    fn late(&self) -> Vec<Loss> {
        let hour = self.usage.cache_write_1h.filter(|_| self.usage.cache_write_1h != self.hour);
        lost::uncounted(&[("cache_write_1h", hour)])
    }
}

impl Writer {
    pub(in crate::api::messages) fn new(echo: Echo) -> Writer {
        Writer {
            echo: echo.without_request(),
            id: String::new(),
            head: Head::Held(Start::default()),
            block: Block::Unseen,
            count: 0,
            usage: Usage::default(),
            hour: None,
            stop: None,
            seen: Seen::default(),
            stencils: Stencils::default(),
            over: false,
        }
    }

    fn begin(&mut self, out: &mut BytesMut) {
        let Head::Held(start) = std::mem::replace(&mut self.head, Head::Written) else { return };
        self.id = response::message_id(&start, &self.echo);
        self.hour = self.usage.cache_write_1h;
        let usage = Usage { output: Some(self.usage.output.unwrap_or(0)), ..self.usage };
        write_frame("message_start", out, |o| {
            o.key("message").object(|o| {
                response::write_head(&self.id, &self.echo, o);
                o.key("content").array(|_| ());
                o.key("stop_reason").null();
                o.key("stop_sequence").null();
                usage::write(&usage, start.service_tier.as_deref(), o.key("usage"));
            });
        });
    }

    fn open(&mut self, block: &Open<'_>, out: &mut BytesMut) {
        self.begin(out);
        self.block = kind_of(block);
        if let Block::Unseen = self.block {
            return;
        }
        let index = self.count;
        self.count += 1;
        self.seen.refusal |= matches!(block, Open::Refusal);
        self.seen.tool |= matches!(block, Open::ToolUse { .. });
        write_frame("content_block_start", out, |o| {
            o.key("index").integer(index);
            write_open(block, &self.id, index, o.key("content_block"));
        });
        match block {
            Open::Image { media_type, .. } => {
                self.words(&response::stand_in(&format!("an image ({media_type})")), out)
            }
            Open::ToolUse { kind: ToolKind::Custom, .. } => self.arguments(r#"{"input":""#, out),
            _ => {}
        }
    }

    fn grow(&mut self, delta: &Delta<'_>, out: &mut BytesMut) {
        match (&mut self.block, delta) {
            (Block::Words, Delta::Text(words)) => self.words(words, out),
            (Block::Recording(said), Delta::Text(words)) => {
                *said = true;
                self.words(words, out);
            }
            (Block::Words, Delta::Citations(Citations { api: Api::Messages, raw })) => self.cite(raw, out),
            (Block::Thinking, Delta::Thinking(words)) => self.delta("thinking_delta", "thinking", words, out),
            (Block::Thinking, Delta::Signature(seal)) => {
                self.delta("signature_delta", "signature", seal, out)
            }
            (Block::Function, Delta::Arguments(piece)) => self.arguments(piece, out),
            (Block::Custom, Delta::Arguments(piece)) => self.arguments(&escaped(piece), out),
            // Other APIs' citations and seals, a recording beside its transcript.
            _ => {}
        }
    }

    fn words(&mut self, words: &str, out: &mut BytesMut) {
        self.delta("text_delta", "text", words, out);
    }

    fn arguments(&mut self, piece: &str, out: &mut BytesMut) {
        self.delta("input_json_delta", "partial_json", piece, out);
    }

    fn cite(&self, list: &str, out: &mut BytesMut) {
        let list = Json::parse(list.as_bytes()).unwrap_or(Json::NULL);
        for citation in list.items() {
            write_delta("citations_delta", self.index(), out, |o| o.key("citation").json(citation));
        }
    }

    fn delta(&mut self, kind: &'static str, name: &str, text: &str, out: &mut BytesMut) {
        if text.is_empty() {
            return;
        }
        let index = self.index();
        self.stencils.write((kind, index), text, out, |text, out| {
            write_delta(kind, index, out, |o| o.key(name).string(text));
        });
    }

    /// The open block's.
    fn index(&self) -> u32 {
        self.count.saturating_sub(1)
    }

    fn close(&mut self, out: &mut BytesMut) {
        match std::mem::replace(&mut self.block, Block::Unseen) {
            Block::Unseen => return,
            Block::Custom => self.arguments("\"}", out),
            Block::Recording(false) => self.words(&response::stand_in("a recording"), out),
            _ => {}
        }
        write_frame("content_block_stop", out, |o| o.key("index").integer(self.index()));
    }

    fn end(&mut self, out: &mut BytesMut) {
        self.begin(out);
        self.over = true;
        write_frame("message_delta", out, |o| {
            o.key("delta").object(|o| response::write_stop(self.stop.as_ref(), self.seen, o));
            usage::write_last(&self.usage, o.key("usage"));
        });
        write_frame("message_stop", out, |_| ());
    }
}

fn kind_of(block: &Open<'_>) -> Block {
    match block {
        Open::Text | Open::Refusal => Block::Words,
        Open::Audio { .. } => Block::Recording(false),
        Open::Thinking { .. } => Block::Thinking,
        Open::ToolUse { kind: ToolKind::Function, .. } => Block::Function,
        Open::ToolUse { kind: ToolKind::Custom, .. } => Block::Custom,
        Open::Sealed { .. } | Open::Image { .. } | Open::Opaque { api: Api::Messages, .. } => Block::Whole,
        Open::Opaque { .. } => Block::Unseen,
    }
}

/// Writes a block as it is before its first delta.
fn write_open(block: &Open<'_>, message: &str, index: u32, value: &mut json::Writer<'_>) {
    if let Open::Opaque { raw, .. } = block {
        return value.raw(raw);
    }
    value.object(|o| match block {
        Open::Thinking { .. } => {
            o.key("type").string("thinking");
            o.key("thinking").string("");
            o.key("signature").string("");
        }
        Open::Sealed { data, .. } => {
            o.key("type").string("redacted_thinking");
            o.key("data").string(data);
        }
        Open::ToolUse { id, name, .. } => {
            response::write_use_head(&response::use_id(id, message, index), name, o);
            o.key("input").json(Json::EMPTY);
        }
        _ => {
            o.key("type").string("text");
            o.key("text").string("");
        }
    });
}

fn write_delta(kind: &str, index: u32, out: &mut BytesMut, member: impl FnOnce(&mut json::Writer<'_>)) {
    write_frame("content_block_delta", out, |o| {
        o.key("index").integer(index);
        o.key("delta").object(|o| {
            o.key("type").string(kind);
            member(o);
        });
    });
}

/// The text as it stands between the quotes of a JSON string.
fn escaped(text: &str) -> String {
    let mut out = BytesMut::new();
    push_escaped(text, &mut out);
    let quoted = String::from_utf8_lossy(&out);
    quoted.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or_default().to_owned()
}

/// Writes an event; its `type` is its name.
fn write_frame(name: &str, out: &mut BytesMut, members: impl FnOnce(&mut json::Writer<'_>)) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\ndata: ");
    json::Writer::new(out).object(|o| {
        o.key("type").string(name);
        members(o);
    });
    out.extend_from_slice(b"\n\n");
}
