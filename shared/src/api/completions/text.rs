//! The older API of words that go on from a text, spoken by way of a chat with models that have no other.
//!
//! <https://platform.openai.com/docs/api-reference/completions>

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};

use super::answer;
use super::response::{Head, is_known};
use super::stream::frame;
use super::usage;
use crate::api::codec::{Echo, WriteStream};
use crate::api::openai;
use crate::error::Error;
use crate::ir::{Block, Delta, Event, Loss, Response, Start, StopReason, Usage};
use crate::wire::json::{self, Edit, Json, Kind, Outline};

/// What an answer would be another one without.
const NEEDED: [&str; 2] = ["suffix", "echo"];

/// What a chat has no place for, and what is usual of it.
const HOMELESS: [(&str, &str); 3] = [("best_of", "1"), ("logprobs", "null"), ("n", "1")];

/// The chat whose first message is the text to go on from, and what is lost on the way there.
///
/// Fails for texts that are tokens, for several of them, and for what a chat cannot be asked for.
pub(crate) fn chat(asked: &Outline<'_>) -> Result<(Bytes, Vec<Loss>), Error> {
    let text = text(said(asked, "prompt"))?;
    let needed = |name: &&&str| said(asked, name).is_some_and(|value| value.boolean() != Some(false));
    if let Some(name) = NEEDED.iter().find(needed) {
        return Err(refusal(name, format!("This model can only chat, which knows no `{name}`.")));
    }
    let is_lost =
        |(name, usual): &&(&str, &str)| said(asked, name).is_some_and(|value| value.raw() != *usual);
    let losses = HOMELESS.iter().filter(is_lost).map(|(name, _)| Loss::dropped(*name)).collect();
    let messages = format!(r#"[{{"role":"user","content":{}}}]"#, text.raw());
    let mut edits = vec![Edit::Set("messages", Cow::Owned(messages)), Edit::Remove("prompt")];
    edits.extend(NEEDED.into_iter().chain(HOMELESS.map(|(name, _)| name)).map(Edit::Remove));
    let mut body = BytesMut::new();
    asked.edit(&edits, &mut body);
    Ok((body.freeze(), losses))
}

fn said<'a>(asked: &Outline<'a>, name: &str) -> Option<Json<'a>> {
    asked.get(name)?.ok()?.present()
}

/// The one text of a prompt.
fn text(prompt: Option<Json<'_>>) -> Result<Json<'_>, Error> {
    let prompt = prompt.ok_or_else(|| Error::invalid_param("prompt", "`prompt` is missing."))?;
    let mut items = prompt.items();
    let text = match (items.next(), items.next()) {
        (Some(only), None) => only,
        _ => prompt,
    };
    match text.kind() {
        Kind::String => Ok(text),
        _ => Err(refusal("prompt", "This model can only chat: `prompt` must be one text.".to_owned())),
    }
}

fn refusal(name: &str, message: String) -> Error {
    Error::invalid_param(name.to_owned(), message).with_code("unsupported_parameter")
}

/// Writes a whole answer: `text_completion`.
pub(super) fn write(response: &Response, echo: &Echo, out: &mut BytesMut) {
    let words = response.blocks.iter().filter_map(|block| match block {
        Block::Text(text) => Some(&*text.text),
        Block::Refusal(words) => Some(&**words),
        _ => None,
    });
    let (words, reason) = (words.collect::<String>(), response.stop.as_ref().map(|stop| &stop.reason));
    json::Writer::new(out).object(|o| {
        Head::new(&response.start, echo).write(OBJECT, echo, o);
        write_choice(&words, Some(finish_reason(reason)), o);
        if is_known(&response.usage) {
            usage::write(&response.usage, o.key("usage"));
        }
    });
}

const OBJECT: &str = "text_completion";

fn finish_reason(reason: Option<&StopReason>) -> &str {
    answer::word(reason.unwrap_or(&StopReason::Done), false, false)
}

fn write_choice(words: &str, reason: Option<&str>, o: &mut json::Writer<'_>) {
    o.key("choices").array(|a| {
        a.object(|o| {
            o.key("text").string(words);
            o.key("index").integer(0);
            o.key("logprobs").null();
            openai::optional(o.key("finish_reason"), reason);
        });
    });
}

/// Writes a stream of such objects, `[DONE]` last.
#[derive(Debug)]
pub(super) struct Writer {
    head: Head,
    echo: Echo,
    stop: Option<StopReason>,
    usage: Usage,
    over: bool,
}

impl Writer {
    pub(super) fn new(echo: Echo) -> Writer {
        let head = Head::new(&Start::default(), &echo);
        Writer { head, echo: echo.without_request(), stop: None, usage: Usage::default(), over: false }
    }

    fn words(&self, words: &str, reason: Option<&str>, out: &mut BytesMut) {
        self.write(out, |o| {
            write_choice(words, reason, o);
            if self.echo.include_usage {
                o.key("usage").null();
            }
        });
    }

    fn write(&self, out: &mut BytesMut, members: impl FnOnce(&mut json::Writer<'_>)) {
        frame(out, |out| {
            json::Writer::new(out).object(|o| {
                self.head.write(OBJECT, &self.echo, o);
                members(o);
            });
        });
    }

    fn end(&mut self, out: &mut BytesMut) {
        self.over = true;
        self.words("", Some(finish_reason(self.stop.as_ref())), out);
        if self.echo.include_usage && is_known(&self.usage) {
            self.write(out, |o| {
                o.key("choices").array(|_| ());
                usage::write(&self.usage, o.key("usage"));
            });
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }
}

impl WriteStream for Writer {
    fn push(&mut self, event: &Event<'_>, out: &mut BytesMut) {
        match event {
            _ if self.over => {}
            Event::Start(start) => self.head = Head::new(start, &self.echo),
            Event::Delta { delta: Delta::Text(words), .. } => self.words(words, None, out),
            Event::Usage(usage) => self.usage.update(usage),
            Event::Tier(tier) => self.head.set_tier(tier),
            Event::Stop(stop) => self.stop = Some(stop.reason.clone()),
            Event::Ping => out.extend_from_slice(b": ping\n\n"),
            Event::Fail(error) => {
                self.over = true;
                frame(out, |out| openai::write_error(error, out));
            }
            Event::End => self.end(out),
            // There is no place for thinking, and nobody can have asked for anything else.
            Event::Open { .. } | Event::Delta { .. } | Event::Close { .. } | Event::Choice { .. } => {}
            Event::Lost(_) => {}
        }
    }
}
