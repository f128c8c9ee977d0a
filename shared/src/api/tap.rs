//! What an account needs of answers that are none of a model's conversation: pictures, recordings, texts, vectors.
//!
//! They go through as they are, so nothing else of them is read.

use super::aim::Sink;
use super::codec::ReadStream;
use crate::ir::{Event, Start, Usage};
use crate::wire::Frame;
use crate::wire::json::Json;

/// A reader for a stream of any of OpenAI's operations.
pub(crate) fn stream() -> Box<dyn ReadStream> {
    Box::<Tap>::default()
}

/// The usage that an answer or an event tells, in the words of either of OpenAI's APIs; none where it tells none.
pub(crate) fn usage(answer: Json<'_>) -> Option<Usage> {
    let usage = answer.get("usage").and_then(Json::present)?;
    let count = |names: [&str; 2]| names.iter().find_map(|name| usage.get(name)?.number());
    let input = count(["prompt_tokens", "input_tokens"]);
    let output = count(["completion_tokens", "output_tokens"]);
    (input.is_some() || output.is_some()).then_some(Usage { input, output, ..Usage::default() })
}

/// What one stream has told so far.
#[derive(Default)]
struct Tap {
    started: bool,
    /// Whether something was said to be done: of several pictures each is.
    done: bool,
    over: bool,
}

impl ReadStream for Tap {
    fn push(&mut self, frame: Frame<'_>, sink: &mut Sink<'_>) {
        if self.over {
            return;
        }
        if !std::mem::replace(&mut self.started, true) {
            sink(Event::Start(Start::default()));
        }
        if frame.data == b"[DONE]" {
            return self.end(sink);
        }
        let Ok(event) = Json::parse(frame.data) else { return };
        if event.get("error").is_some_and(|error| !error.is_null()) {
            self.over = true;
            return sink(Event::Fail(super::openai::read_error(500, frame.data)));
        }
        if let Some(usage) = usage(event) {
            sink(Event::Usage(usage));
        }
        let kind = event.get("type").and_then(Json::string).unwrap_or_default();
        self.done |= kind.ends_with(".done") || kind.ends_with(".completed");
    }

    fn finish(&mut self, sink: &mut Sink<'_>) {
        if self.done {
            self.end(sink);
        }
    }
}

impl Tap {
    fn end(&mut self, sink: &mut Sink<'_>) {
        if !std::mem::replace(&mut self.over, true) {
            sink(Event::End);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(frames: &[&str], ends: bool, usage: Usage) {
        let mut tap = Tap::default();
        let (mut told, mut last) = (Usage::default(), None);
        let mut sink = |event: Event<'_>| {
            if let Event::Usage(usage) = &event {
                told.update(usage);
            }
            last = Some(matches!(event, Event::End));
        };
        frames.iter().for_each(|frame| tap.push(Frame::event("", frame.as_bytes()), &mut sink));
        tap.finish(&mut sink);
        assert_eq!((last.unwrap_or(false), told), (ends, usage));
    }

    #[test]
    fn streams_of_all_operations_end_where_they_say_so() {
        let usage = |input, output| Usage { input: Some(input), output, ..Usage::default() };
        let text = r#"{"choices":[{"text":"a"}]}"#;
        let counted = r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#;
        check(&[text, counted, "[DONE]", "late"], true, usage(3, Some(2)));
        check(&[text], false, Usage::default());
        let picture = r#"{"type":"image_generation.completed","usage":{"input_tokens":4,"output_tokens":5}}"#;
        check(&[r#"{"type":"image_generation.partial_image"}"#, picture], true, usage(4, Some(5)));
        check(&[r#"{"type":"transcript.text.done","usage":{"input_tokens":4}}"#], true, usage(4, None));
        check(&[r#"{"error":{"message":"no"}}"#, "[DONE]"], false, Usage::default());
    }
}
