//! Streams. Words go out as they come, whatever else once it is whole; why the answer ended comes last of all.

use bytes::BytesMut;

use super::write::{write_block, write_content, write_names, write_thought, write_words};
use crate::api::codec::{Echo, WriteStream};
use crate::api::family::Api;
use crate::api::generate::{error, logprobs, stop, usage};
use crate::ir::{Citations, Delta, Event, Open, Response, Start, Stop, Usage};
use crate::sorted::Numbered;
use crate::wire::json::{self, Json};

/// Writes pieces of an answer, each with whole parts.
pub(in crate::api::generate) struct Writer {
    echo: Echo,
    start: Start<'static>,
    usage: Usage,
    stop: Option<Stop<'static>>,
    /// The block that is open, where it goes out when it is whole.
    whole: Option<Response>,
    /// The words that are open are thoughts.
    thinking: bool,
    refused: bool,
    /// Whether anything has been written.
    begun: bool,
    over: bool,
    /// Which of several answers is written.
    number: u32,
    others: Numbered<Writer>,
}

impl WriteStream for Writer {
    fn push(&mut self, event: &Event<'_>, out: &mut BytesMut) {
        if self.over {
            return;
        }
        match event {
            Event::Start(start) => self.start = start.to_static(),
            Event::Open { block, .. } => self.open(block, event),
            Event::Delta { delta, .. } => self.grow(delta, event, out),
            Event::Close { .. } => self.close(out),
            Event::Usage(usage) => self.usage.update(usage),
            Event::Stop(stop) => self.stop = Some(stop.to_static()),
            // There is no word for it, and an event without data is none.
            Event::Choice { number, event } => self.choose(*number, event, out),
            Event::Ping | Event::Tier(_) | Event::Lost(_) => {}
            Event::Fail(error) => {
                self.piece(out, |out| error::write(error, out));
                self.end(out);
            }
            Event::End => self.finish(out),
        }
    }
}

impl Writer {
    pub(in crate::api::generate) fn new(echo: Echo) -> Writer {
        Writer {
            echo,
            start: Start::default(),
            usage: Usage::default(),
            stop: None,
            whole: None,
            thinking: false,
            refused: false,
            begun: false,
            over: false,
            number: 0,
            others: Numbered::default(),
        }
    }

    fn open(&mut self, block: &Open<'_>, event: &Event<'_>) {
        self.thinking = matches!(block, Open::Thinking { .. });
        self.refused |= matches!(block, Open::Refusal);
        self.whole = match block {
            Open::Text | Open::Refusal | Open::Thinking { .. } => None,
            _ => {
                let mut whole = Response::default();
                whole.push(event);
                Some(whole)
            }
        };
    }

    fn grow(&mut self, delta: &Delta<'_>, event: &Event<'_>, out: &mut BytesMut) {
        match (&mut self.whole, delta) {
            (Some(whole), _) => whole.push(event),
            (None, Delta::Text(words)) => self.parts(out, |a| write_words(words, None, a)),
            (None, Delta::Thinking(words)) => self.parts(out, |a| write_thought(words, None, a)),
            (None, Delta::Signature(seal)) if self.thinking => {
                self.parts(out, |a| write_thought("", Some(seal), a));
            }
            (None, Delta::Signature(seal)) => self.parts(out, |a| write_words("", Some(seal), a)),
            (None, Delta::Logprobs(list)) => self.candidate(
                out,
                |_, o| {
                    write_content(o, |a| write_words("", None, a));
                    logprobs::write([&**list].into_iter(), o.key("logprobsResult"));
                },
                |_, _| (),
            ),
            (None, Delta::Citations(Citations { api: Api::Generate, raw })) => self.sources(raw, out),
            // The invariant of `Event` leaves nothing else.
            _ => {}
        }
    }

    /// What the words so far rest on.
    fn sources(&mut self, raw: &str, out: &mut BytesMut) {
        let list = Json::parse(raw.as_bytes()).unwrap_or(Json::NULL);
        for (name, sources) in list.items().flat_map(Json::fields) {
            self.candidate(
                out,
                |_, o| {
                    write_content(o, |a| write_words("", None, a));
                    o.key(&name).json(sources);
                },
                |_, _| (),
            );
        }
    }

    fn close(&mut self, out: &mut BytesMut) {
        let Some(whole) = self.whole.take() else { return };
        self.parts(out, |a| whole.blocks.iter().for_each(|block| write_block(block, a)));
    }

    /// A piece with these parts, unless there are none.
    fn parts(&mut self, out: &mut BytesMut, parts: impl FnOnce(&mut json::Writer<'_>)) {
        let mut content = BytesMut::new();
        json::Writer::new(&mut content).array(|a| parts(a));
        let content = String::from_utf8_lossy(&content);
        if content != "[]" {
            self.candidate(out, |_, o| write_content_of(o, &content), |_, _| ());
        }
    }

    /// Another answer is another candidate of the same stream.
    fn choose(&mut self, number: u32, event: &Event<'_>, out: &mut BytesMut) {
        let start = self.start.clone();
        let another = || Writer { number, start, ..Writer::new(self.echo.clone()) };
        let Some(other) = self.others.of(number, another) else { return };
        other.begun = self.begun;
        if !matches!(event, Event::Start(_)) {
            other.push(event, out);
        }
        self.begun = other.begun;
    }

    fn finish(&mut self, out: &mut BytesMut) {
        for (_, other) in std::mem::take(&mut self.others).iter_mut() {
            other.begun = self.begun;
            other.last(out, |_, _| ());
            self.begun = true;
        }
        self.last(out, |writer, o| usage::write(&writer.usage, o.key("usageMetadata")));
        self.end(out);
    }

    /// Why the answer ended.
    fn last(&mut self, out: &mut BytesMut, outer: impl FnOnce(&Writer, &mut json::Writer<'_>)) {
        let inner = |writer: &Writer, o: &mut json::Writer<'_>| {
            write_content(o, |a| write_words("", None, a));
            o.key("finishReason").string(stop::word(writer.stop.as_ref(), writer.refused));
        };
        self.candidate(out, inner, outer);
    }

    fn candidate(
        &mut self,
        out: &mut BytesMut,
        inner: impl FnOnce(&Writer, &mut json::Writer<'_>),
        outer: impl FnOnce(&Writer, &mut json::Writer<'_>),
    ) {
        let begun = std::mem::replace(&mut self.begun, true);
        separate(self.echo.array, begun, out);
        json::Writer::new(out).object(|o| {
            o.key("candidates").array(|a| {
                a.object(|o| {
                    inner(self, o);
                    o.key("index").integer(self.number);
                });
            });
            outer(self, o);
            write_names(&self.start, &self.echo, o);
        });
        terminate(self.echo.array, out);
    }

    fn piece(&mut self, out: &mut BytesMut, write: impl FnOnce(&mut BytesMut)) {
        let begun = std::mem::replace(&mut self.begun, true);
        separate(self.echo.array, begun, out);
        write(out);
        terminate(self.echo.array, out);
    }

    fn end(&mut self, out: &mut BytesMut) {
        self.over = true;
        if self.echo.array {
            out.extend_from_slice(b"]");
        }
    }
}

fn write_content_of(o: &mut json::Writer<'_>, parts: &str) {
    o.key("content").object(|o| {
        o.key("parts").raw(parts);
        o.key("role").string("model");
    });
}

/// What stands before a piece.
fn separate(array: bool, begun: bool, out: &mut BytesMut) {
    out.extend_from_slice(match (array, begun) {
        (false, _) => b"data: ",
        (true, false) => b"[",
        (true, true) => b",\n",
    });
}

fn terminate(array: bool, out: &mut BytesMut) {
    if !array {
        out.extend_from_slice(b"\n\n");
    }
}
