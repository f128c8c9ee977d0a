//! Answers in the API's words, whole and as a stream: what the reader is held to.

use std::borrow::Cow;

use bytes::BytesMut;

use super::{REASONS, block, error};
use crate::api::codec::WriteStream;
use crate::api::family::Api;
use crate::ir::{
    Block, Citations, Delta, Event, Media, Open, Response, Source, Stop, StopReason, Text, ToolUse, Usage,
};
use crate::wire::eventstream;
use crate::wire::json::{Json, Writer};

/// Writes a whole answer; one that the provider broke off is its error.
pub(super) fn response(response: &Response, out: &mut BytesMut) {
    if let Some(failure) = &response.error {
        return error::write(failure, out);
    }
    Writer::new(out).object(|o| {
        o.key("output").object(|o| {
            o.key("message").object(|o| {
                o.key("role").string("assistant");
                o.key("content").array(|a| response.blocks.iter().for_each(|block| write_block(block, a)));
            });
        });
        write_reason(response.stop.as_ref(), o);
        write_usage(&response.usage, o);
    });
}

fn write_block(block: &Block<'_>, a: &mut Writer<'_>) {
    match block {
        Block::Text(Text { text, citations: Some(Citations { api: Api::Converse, raw }), .. }) => {
            block::write_cited(text, raw, a);
        }
        Block::Text(Text { text, .. }) | Block::Refusal(text) => a.object(|o| o.key("text").string(text)),
        Block::Thinking(thought) => block::write_thought(thought, a),
        Block::Sealed { data, .. } => block::write_sealed(data, a),
        Block::ToolUse(tool) => write_use(tool, a),
        Block::Image(Media { source: Source::Base64 { media_type, data }, .. }) => {
            a.object(|o| o.key("image").object(|o| write_image(media_type, Some(data), o)));
        }
        Block::Opaque { api: Api::Converse, raw } => a.raw(raw),
        Block::Audio(Media { context: Some(transcript), .. }) => {
            a.object(|o| o.key("text").string(transcript));
        }
        // Nothing that only another API's clients can read, and nothing that only conversations have.
        _ => {}
    }
}

fn write_use(tool: &ToolUse<'_>, a: &mut Writer<'_>) {
    a.object(|o| {
        o.key("toolUse").object(|o| {
            o.key("toolUseId").string(&tool.id);
            o.key("name").string(&tool.name);
            crate::api::messages::write_input(tool.kind, &tool.arguments, o.key("input"));
        });
    });
}

fn write_image(media_type: &str, data: Option<&str>, o: &mut Writer<'_>) {
    o.key("format").string(media_type.strip_prefix("image/").unwrap_or(media_type));
    data.iter().for_each(|data| o.key("source").object(|o| o.key("bytes").string(data)));
}

fn write_reason(stop: Option<&Stop<'_>>, o: &mut Writer<'_>) {
    let reason = stop.map_or(&StopReason::Done, |stop| &stop.reason);
    let known = REASONS.iter().find(|(_, own)| own == reason).map(|(word, _)| *word);
    o.key("stopReason").string(&known.map_or_else(|| reason.word(), Cow::Borrowed));
}

fn write_usage(usage: &Usage, o: &mut Writer<'_>) {
    o.key("usage").object(|o| {
        o.key("inputTokens").integer(usage.uncached_input());
        o.key("outputTokens").integer(usage.output.unwrap_or(0));
        o.key("totalTokens").integer(usage.total());
        let cached =
            [("cacheReadInputTokens", usage.cache_read), ("cacheWriteInputTokens", usage.cache_write)];
        for (name, count) in cached {
            count.iter().for_each(|&count| o.key(name).integer(count));
        }
        if let Some(hour) = usage.cache_write_1h {
            o.key("cacheDetails").array(|a| {
                a.object(|o| {
                    o.key("ttl").string("1h");
                    o.key("inputTokens").integer(hour);
                });
            });
        }
    });
}

/// Writes events as frames. Why the answer ended and its account wait for the end.
#[derive(Debug, Default)]
pub(super) struct Stream {
    usage: Usage,
    stop: Option<Stop<'static>>,
    over: bool,
}

impl WriteStream for Stream {
    fn push(&mut self, event: &Event<'_>, out: &mut BytesMut) {
        if self.over {
            return;
        }
        match event {
            Event::Start(_) => frame("messageStart", out, |o| o.key("role").string("assistant")),
            Event::Open { index, block } => open(*index, block, out),
            Event::Delta { index, delta } => grow(*index, delta, out),
            Event::Close { index } => frame("contentBlockStop", out, |o| number(*index, o)),
            Event::Usage(usage) => self.usage.update(usage),
            Event::Stop(stop) => self.stop = Some(stop.to_static()),
            Event::Tier(_) | Event::Choice { .. } | Event::Lost(_) | Event::Ping => {}
            Event::Fail(failure) => self.fail(failure, out),
            Event::End => self.end(out),
        }
    }
}

impl Stream {
    fn fail(&mut self, failure: &crate::error::Error, out: &mut BytesMut) {
        self.over = true;
        let mut body = BytesMut::new();
        error::write(failure, &mut body);
        let headers = [(":exception-type", error::word(failure)), (":message-type", "exception")];
        eventstream::write(&headers, &body, out);
    }

    fn end(&mut self, out: &mut BytesMut) {
        self.over = true;
        frame("messageStop", out, |o| write_reason(self.stop.as_ref(), o));
        frame("metadata", out, |o| {
            write_usage(&self.usage, o);
            o.key("metrics").object(|o| o.key("latencyMs").integer(0));
        });
    }
}

fn open(index: u32, block: &Open<'_>, out: &mut BytesMut) {
    match block {
        Open::ToolUse { id, name, .. } => frame("contentBlockStart", out, |o| {
            number(index, o);
            o.key("start").object(|o| {
                o.key("toolUse").object(|o| {
                    o.key("toolUseId").string(id);
                    o.key("name").string(name);
                });
            });
        }),
        Open::Sealed { data, .. } => delta(index, out, |o| {
            o.key("reasoningContent").object(|o| o.key("redactedContent").string(data));
        }),
        Open::Image { media_type, data } => {
            frame("contentBlockStart", out, |o| {
                number(index, o);
                o.key("start").object(|o| o.key("image").object(|o| write_image(media_type, None, o)));
            });
            delta(index, out, |o| {
                o.key("image").object(|o| o.key("source").object(|o| o.key("bytes").string(data)));
            });
        }
        _ => {}
    }
}

fn grow(index: u32, piece: &Delta<'_>, out: &mut BytesMut) {
    match piece {
        Delta::Text(text) => delta(index, out, |o| o.key("text").string(text)),
        Delta::Thinking(text) => reason(index, "text", text, out),
        Delta::Signature(seal) => reason(index, "signature", seal, out),
        Delta::Arguments(text) => {
            delta(index, out, |o| o.key("toolUse").object(|o| o.key("input").string(text)));
        }
        Delta::Citations(Citations { api: Api::Converse, raw }) => {
            let list = Json::parse(raw.as_bytes()).unwrap_or(Json::NULL);
            list.items().for_each(|citation| delta(index, out, |o| o.key("citation").json(citation)));
        }
        Delta::Citations(_) | Delta::Logprobs(_) | Delta::Audio(_) => {}
    }
}

fn reason(index: u32, member: &str, text: &str, out: &mut BytesMut) {
    delta(index, out, |o| o.key("reasoningContent").object(|o| o.key(member).string(text)));
}

fn delta(index: u32, out: &mut BytesMut, members: impl FnOnce(&mut Writer<'_>)) {
    frame("contentBlockDelta", out, |o| {
        number(index, o);
        o.key("delta").object(members);
    });
}

fn number(index: u32, o: &mut Writer<'_>) {
    o.key("contentBlockIndex").integer(index);
}

fn frame(name: &str, out: &mut BytesMut, members: impl FnOnce(&mut Writer<'_>)) {
    let mut payload = BytesMut::new();
    Writer::new(&mut payload).object(members);
    let headers = [(":event-type", name), (":content-type", "application/json"), (":message-type", "event")];
    eventstream::write(&headers, &payload, out);
}
