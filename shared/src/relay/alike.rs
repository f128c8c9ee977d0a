//! Events that differ from the one before in their words alone, as nearly all of a stream do: known by comparing, and not
//! read again.

use std::borrow::Cow;
use std::ops::Range;

use crate::api::{ReadStream, Sink};
use crate::ir::{Delta, Event};
use crate::wire::json::{Json, place, place_of, prefix, without_end};
use crate::wire::{Frame, Kind};

/// The longest event that others are compared with, in bytes.
const LONGEST: usize = 4096;

/// The last event that was read and gave nothing but words, for comparison.
///
/// **Law: whether an event is compared or read changes nothing.**
#[derive(Default)]
pub(super) struct Alike {
    /// Empty where there is none.
    name: String,
    data: Vec<u8>,
    /// What may be another in each event, in order.
    holes: Vec<Hole>,
    words: Option<Words>,
}

struct Hole {
    /// Where the value is, a string's quotes included.
    place: Range<usize>,
    /// Whether it is the words; otherwise it says nothing.
    is_words: bool,
}

/// What words are a piece of.
#[derive(Clone, Copy)]
enum Words {
    Text,
    Thinking,
    Arguments,
}

impl Alike {
    /// Takes the next frame: has `reader` go on where it is like the last, and otherwise read it.
    pub(super) fn read(&mut self, frame: Frame<'_>, reader: &mut dyn ReadStream, sink: &mut Sink<'_>) {
        if let Some(delta) = self.delta(frame)
            && reader.go_on(delta, sink)
        {
            return;
        }
        let mut given = Given::Nothing;
        reader.push(frame, &mut |event| {
            given = given.and(&event, frame.data);
            sink(event);
        });
        self.words = None;
        if let (Given::Words(words, place), Some(idle)) = (given, reader.idle()) {
            self.learn(frame, words, place, idle);
        }
    }

    /// What a frame gives, if it is like the last.
    fn delta<'d>(&self, frame: Frame<'d>) -> Option<Delta<'d>> {
        let words = self.words?;
        if frame.kind != Kind::Event || frame.name != self.name {
            return None;
        }
        let text = self.compare(frame.data)?.string().filter(|text| !text.is_empty())?;
        Some(words.delta(text))
    }

    /// The words in data that are alike but for the holes, and for spaces before the last bracket.
    fn compare<'d>(&self, data: &'d [u8]) -> Option<Json<'d>> {
        let (mut rest, mut from, mut words) = (data, 0, None);
        for hole in &self.holes {
            let (value, after) = prefix(rest.strip_prefix(self.data.get(from..hole.place.start)?)?)?;
            words = if hole.is_words { Some(value) } else { words };
            (rest, from) = (after, hole.place.end);
        }
        let known = self.data.get(from..)?;
        (rest == known || without_end(rest)? == without_end(known)?).then_some(words)?
    }

    fn learn(&mut self, frame: Frame<'_>, words: Words, place: Range<usize>, idle: &[&str]) {
        let quoted = |at: usize| frame.data.get(at) == Some(&b'"');
        let Some(start) = place.start.checked_sub(1) else { return };
        if frame.data.len() > LONGEST || !quoted(start) || !quoted(place.end) {
            return;
        }
        frame.name.clone_into(&mut self.name);
        self.data.clear();
        self.data.extend_from_slice(frame.data);
        self.holes.clear();
        self.holes.push(Hole { place: start..place.end + 1, is_words: true });
        let idle = idle.iter().filter_map(|name| self::place(frame.data, &[name]));
        for place in idle {
            let before = |hole: &Hole| hole.place.start < place.start;
            let at = self.holes.partition_point(before);
            self.holes.insert(at, Hole { place, is_words: false });
        }
        self.words = Some(words);
    }
}

impl Words {
    fn delta(self, text: Cow<'_, str>) -> Delta<'_> {
        match self {
            Words::Text => Delta::Text(text),
            Words::Thinking => Delta::Thinking(text),
            Words::Arguments => Delta::Arguments(text),
        }
    }
}

/// What the reading of a frame has given.
enum Given {
    Nothing,
    /// Words as they stand at a place in its data.
    Words(Words, Range<usize>),
    /// Something else, or more.
    Other,
}

impl Given {
    fn and(&self, event: &Event<'_>, data: &[u8]) -> Given {
        let (words, text) = match (self, event) {
            (Given::Nothing, Event::Delta { delta: Delta::Text(text), .. }) => (Words::Text, text),
            (Given::Nothing, Event::Delta { delta: Delta::Thinking(text), .. }) => (Words::Thinking, text),
            (Given::Nothing, Event::Delta { delta: Delta::Arguments(text), .. }) => (Words::Arguments, text),
            _ => return Given::Other,
        };
        place_of(data, text).map_or(Given::Other, |place| Given::Words(words, place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Aim, Api};
    use crate::wire::json::quoted;
    use proptest::prelude::*;

    /// Events of each API in whose places `$` there may be any words, and in `#` any padding.
    const EVENTS: [(Api, &str, &[&str]); 4] = [
        (
            Api::Completions,
            "",
            &[
                r##"{"choices":[{"index":0,"delta":{"content":$}}],"obfuscation":#}"##,
                r#"{"choices":[{"index":0,"delta":{"content":$},"finish_reason":null}]}"#,
                r#"{"choices":[{"delta":{"reasoning_content":$}}]} "#,
                r#"{"choices":[{"delta":{"refusal":$}}] }"#,
                r#"{"choices":[{"delta":{"content":$,"reasoning":$}}]}"#,
                r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":$}}]}}]}"#,
                r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":$}}]}}]}"#,
                r#"{"choices":[{"delta":{"tool_calls":[{"function":{"name":"f","arguments":$}}]}}]}"#,
                r#"{"choices":[{"index":1,"delta":{"content":$}}]}"#,
                r#"{"choices":[{"delta":{"content":$},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}}"#,
                r#"{"choices":[{"delta":{"content":$}}],"error":null}"#,
            ],
        ),
        (
            Api::Messages,
            "",
            &[
                r#"{"type":"message_start","message":{"id":$}}"#,
                r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":$}}"#,
                r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}"#,
                r#"{"type":"content_block_start","content_block":{"type":"tool_use","name":"f","id":$}}"#,
                r#"{"type":"content_block_start","content_block":{"type":"new"}}"#,
                r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":$}  }"#,
                r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":$}}"#,
                r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":$}}"#,
                r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":$}}"#,
                r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":$}}"#,
                r#"{"type":"content_block_stop","index":0}"#,
            ],
        ),
        (
            Api::Responses,
            "",
            &[
                r##"{"type":"response.output_text.delta","sequence_number":1,"output_index":0,"delta":$,"logprobs":[],"obfuscation":#}"##,
                r#"{"type":"response.output_text.delta","sequence_number":12,"output_index":1,"delta":$}"#,
                r#"{"type":"response.output_text.done","sequence_number":3,"output_index":0,"text":$}"#,
                r#"{"type":"response.reasoning_summary_text.delta","output_index":2,"delta":$,"sequence_number":4}"#,
                r#"{"type":"response.output_item.added","output_index":3,"item":{"type":"function_call","name":"f","call_id":$}}"#,
                r##"{"type":"response.function_call_arguments.delta","obfuscation":#,"output_index":3,"delta":$}"##,
                r#"{"type":"response.function_call_arguments.done","output_index":3,"arguments":$}"#,
                r#"{"type":"response.content_part.done","output_index":0,"part":{"type":"output_text","text":$}}"#,
            ],
        ),
        (
            Api::Converse,
            "contentBlockDelta",
            &[
                r##"{"contentBlockIndex":0,"delta":{"text":$},"p":#}"##,
                r##"{"contentBlockIndex":1,"delta":{"text":$},"p":#}"##,
                r##"{"p":#,"delta":{"reasoningContent":{"text":$}},"contentBlockIndex":0}"##,
                r#"{"contentBlockIndex":0,"delta":{"toolUse":{"input":$}}}"#,
            ],
        ),
    ];

    fn events() -> impl Strategy<Value = (Api, &'static str, Vec<String>)> {
        let words = prop::sample::select(vec!["", "a", "b\n", "\"{", "{\"a\":", "1}", "\u{e9}"]);
        let padding = prop::sample::select(vec!["\"\"", "\"abc\"", "1", "\"\u{1}\"", "{}"]);
        prop::sample::select(EVENTS.to_vec()).prop_flat_map(move |(api, name, templates)| {
            let template = prop::sample::select(templates.to_vec());
            let event = (template, words.clone(), padding.clone());
            let filled = event.prop_map(|(template, words, padding)| {
                template.replace('$', &quoted(words)).replace('#', padding)
            });
            // Each comes several times in a row, as in streams.
            let run = (filled, 1..4_usize).prop_map(|(event, times)| vec![event; times]);
            let runs = prop::collection::vec(run, 0..8).prop_map(|runs| runs.concat());
            (Just(api), Just(name), runs)
        })
    }

    fn read(api: Api, events: &[Frame<'_>], alike: Option<&mut Alike>) -> Vec<String> {
        let mut reader = api.read_stream(api.framing(), Aim::Translation);
        let mut given = Vec::new();
        let mut sink = |event: Event<'_>| given.push(format!("{event:?}"));
        match alike {
            Some(alike) => events.iter().for_each(|frame| alike.read(*frame, &mut *reader, &mut sink)),
            None => events.iter().for_each(|frame| reader.push(*frame, &mut sink)),
        }
        reader.finish(&mut sink);
        given
    }

    proptest! {
        #[test]
        fn whether_an_event_is_compared_or_read_changes_nothing((api, name, events) in events()) {
            let frames: Vec<_> = events.iter().map(|event| Frame::event(name, event.as_bytes())).collect();
            prop_assert_eq!(read(api, &frames, Some(&mut Alike::default())), read(api, &frames, None));
        }
    }

    /// That the law above is not about events that are all read.
    #[test]
    fn events_that_differ_in_words_and_padding_are_alike() {
        for (api, name, templates) in EVENTS {
            let event = |words: &str, padding: &str| {
                templates.iter().find(|it| it.contains('#') || it.ends_with("  }")).map(|template| {
                    template.replace('$', &quoted(words)).replace('#', padding).replace("1,", "17,")
                })
            };
            let (mut alike, mut reader) =
                (Alike::default(), api.read_stream(api.framing(), Aim::Translation));
            let start = r#"{"type":"content_block_start","content_block":{"type":"text"}}"#;
            reader.push(Frame::event("", start.as_bytes()), &mut |_| ());
            for words in ["a", "b", "c"] {
                let data = event(words, "\"x\"").unwrap();
                alike.read(Frame::event(name, data.as_bytes()), &mut *reader, &mut |_| ());
            }
            let data = event("\"d", "\"longer\"").unwrap();
            let delta = alike.delta(Frame::event(name, data.as_bytes()));
            assert_eq!(delta, Some(Delta::Text("\"d".into())), "{}", api.name());
        }
    }
}
