//! The client's name for the model in bytes that otherwise go through as they are.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use memchr::memmem::Finder;
use memchr::{memchr2, memrchr2};

use crate::api::{Api, Echo};
use crate::wire::json::{place, push_escaped, splice};

/// How many bytes a name's quotes take.
const QUOTES: usize = 2;

/// A whole answer of `api` with the name for the model that the client asked for.
pub(crate) fn renamed(api: Api, echo: &Echo, body: Bytes) -> Bytes {
    let (path, _) = api.model_places();
    renamed_at(string(&body, path), echo, body)
}

/// The same where it is known which string is the provider's name.
pub(crate) fn renamed_at(place: Option<Range<usize>>, echo: &Echo, body: Bytes) -> Bytes {
    let own = echo.model.as_bytes();
    let is_another = |place: &Range<usize>| body.get(place.start + 1..place.end - 1) != Some(own);
    let Some(place) = place.filter(|place| !own.is_empty() && is_another(place)) else { return body };
    let room = (body.len() + own.len() + QUOTES).saturating_sub(place.len());
    let mut out = BytesMut::with_capacity(room);
    out.extend_from_slice(body.get(..place.start).unwrap_or_default());
    push_escaped(&echo.model, &mut out);
    out.extend_from_slice(body.get(place.end..).unwrap_or_default());
    out.freeze()
}

/// Puts the name that the client asked for where the provider's own stands in events. Every other byte stays; all do where
/// the client named no model.
///
/// It looks where providers write the name and does not parse: an event without one is left alone.
pub(crate) struct Naming {
    /// The client's name, as JSON.
    name: Bytes,
    /// How the member begins, by which most events of some APIs are seen to have none.
    key: Finder<'static>,
    path: &'static [&'static str],
    /// How the last event with a name began, to the end of the name: of other APIs nearly all begin alike, or end alike.
    beginning: Known,
    /// How it ended, from the byte before the member on, where that is the event's own and the first of its name.
    ending: Known,
}

/// A part of an event, and where the name is in it.
#[derive(Default)]
struct Known {
    text: Vec<u8>,
    place: Range<usize>,
}

impl Naming {
    /// For events of `api` to this client.
    pub(crate) fn new(api: Api, echo: &Echo) -> Naming {
        let (_, path) = api.model_places();
        let member = path.last().copied().unwrap_or_default();
        let key = Finder::new(&format!("\"{member}\"")).into_owned();
        Naming { name: in_json(echo), key, path, beginning: Known::default(), ending: Known::default() }
    }

    /// Appends the data of one event.
    pub(crate) fn data(&mut self, data: &[u8], out: &mut BytesMut) {
        match self.key.find(data) {
            Some(key) => self.replace(data, key, out),
            None => out.extend_from_slice(data),
        }
    }

    /// Appends events that are complete, as they came over the wire.
    pub(crate) fn events(&mut self, events: &[u8], out: &mut BytesMut) {
        let mut rest = events;
        while let Some(found) = self.key.find(rest) {
            let (before, after) = rest.split_at(found);
            let begin = memrchr2(b'\n', b'\r', before).map_or(0, |at| at + 1);
            let end = memchr2(b'\n', b'\r', after).map_or(rest.len(), |at| found + at);
            let (head, tail) = rest.split_at(end);
            let (earlier, line) = head.split_at(begin);
            out.extend_from_slice(earlier);
            self.line(line, found - begin, out);
            rest = tail;
        }
        out.extend_from_slice(rest);
    }

    /// A line that has the member's name at `key` first.
    fn line(&mut self, line: &[u8], key: usize, out: &mut BytesMut) {
        const FIELD: &[u8] = b"data:";
        match (line.strip_prefix(FIELD), key.checked_sub(FIELD.len())) {
            (Some(data), Some(key)) => {
                out.extend_from_slice(FIELD);
                self.replace(data, key, out);
            }
            _ => out.extend_from_slice(line),
        }
    }

    fn replace(&mut self, data: &[u8], key: usize, out: &mut BytesMut) {
        match self.find(data, key) {
            Some(place) => splice(data, place, &self.name, out),
            None => out.extend_from_slice(data),
        }
    }

    /// Where the provider's name is.
    fn find(&mut self, data: &[u8], key: usize) -> Option<Range<usize>> {
        if let Some(place) = self.at_start(data).or_else(|| self.at_end(data, key)) {
            return Some(place);
        }
        // Also where it is the client's, so that it need not be looked for in the next event.
        let place = string(data, self.path).filter(|_| self.name != "\"\"")?;
        self.learn(data, key, &place);
        Some(place)
    }

    /// Nothing behind a name is looked at, so what begins like the last event has its name in the same place.
    fn at_start(&self, data: &[u8]) -> Option<Range<usize>> {
        let Known { text, place } = &self.beginning;
        (!text.is_empty() && data.starts_with(text)).then(|| place.clone())
    }

    /// An ending's brackets match but for the brace that closes the event, so wherever it ends an event, its members are the
    /// event's own.
    fn at_end(&self, data: &[u8], key: usize) -> Option<Range<usize>> {
        let Known { text, place } = &self.ending;
        let begin = key.checked_sub(1).filter(|_| !text.is_empty())?;
        (data.get(begin..)? == text).then(|| begin + place.start..begin + place.end)
    }

    fn learn(&mut self, data: &[u8], key: usize, place: &Range<usize>) {
        self.beginning.set(data.get(..place.end), place.clone());
        self.ending.text.clear();
        let between = data.get(key + self.key.needle().len()..place.start).unwrap_or_default();
        if let ([_], b":", Some(begin)) = (self.path, between.trim_ascii(), key.checked_sub(1)) {
            self.ending.set(data.get(begin..), place.start - begin..place.end - begin);
        }
    }
}

impl Known {
    fn set(&mut self, text: Option<&[u8]>, place: Range<usize>) {
        self.text.clear();
        self.text.extend_from_slice(text.unwrap_or_default());
        self.place = place;
    }
}

/// The client's name for the model.
fn in_json(echo: &Echo) -> Bytes {
    let mut name = BytesMut::new();
    push_escaped(&echo.model, &mut name);
    name.freeze()
}

/// Where the string at this path is.
fn string(json: &[u8], path: &[&str]) -> Option<Range<usize>> {
    place(json, path).filter(|place| json.get(place.start) == Some(&b'"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn played(api: Api, events: &str) -> String {
        let mut naming = Naming::new(api, &Echo { model: "a\"b".to_owned(), ..Echo::default() });
        let mut out = BytesMut::new();
        naming.events(events.as_bytes(), &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn the_name_is_replaced_where_each_api_has_it_and_nowhere_else() {
        for (api, event) in [
            (Api::Completions, r#"{"id":"1","model" : "m-1","x":{"model":"m-1"}}"#),
            (Api::Messages, r#"{"type":"message_start","message":{"id":"1","model": "m-1"},"model":1}"#),
            (Api::Responses, r#"{"response":{"tools":[{"model":"m-2"}],"model":"m-1"}}"#),
            (Api::Generate, r#"{"candidates":[],"modelVersion":"m-1"}"#),
        ] {
            for (begin, end) in [("", "\n\n"), ("event: x\r\n", "\r\n\r\n"), (": model\r", "\r\r")] {
                let events = format!("{begin}data: {event}{end}{begin}data:{event}{end}");
                let own = event.replacen("\"m-1\"", r#""a\"b""#, 1);
                assert_eq!(played(api, &events), format!("{begin}data: {own}{end}{begin}data:{own}{end}"));
            }
        }
    }

    /// Events that begin like the one before, or nearly.
    #[test]
    fn each_event_has_its_own_name_replaced() {
        let names = ["\"m-1\"", "\"m-1\"", "\"m-10\"", "\"m\"", "null", "\"m-1\""];
        let event = |name: &str| format!("data: {{\"id\":1,\"model\":{name},\"x\":[]}}\n\n");
        let own = |name: &str| if name == "null" { event(name) } else { event(r#""a\"b""#) };
        let events = names.map(event).concat();
        assert_eq!(played(Api::Completions, &events), names.map(own).concat());
    }

    #[test]
    fn a_name_behind_the_words_is_replaced() {
        let event = |words: &str| format!("data: {{\"c\":[{words}],\"model\":\"m-1\",\"x\":{{}}}}\n\n");
        let words = ["1", "\"a\"", "{\"model\":\"m-1\",\"x\":{}}", "\",\\\"model\"", "2"];
        let events = words.map(event).concat();
        let own =
            words.map(|words| event(words).replace("],\"model\":\"m-1\"", r#"],"model":"a\"b""#)).concat();
        assert_eq!(played(Api::Completions, &events), own);
    }

    #[test]
    fn what_has_no_name_or_makes_no_sense_stays() {
        for events in [
            "data: [DONE]\n\n",
            "data: {\"model\":null}\n\n",
            "data: {\"model\":\"\n\n",
            "data: {\"choices\":[{\"model\":\"m\"}]}\n\n",
            "data: {\"text\":\"\\\"model\\\":\\\"m\\\"\"}\n\n",
            "\"model\":\"m\"",
            "data: \"model\"\n\n",
        ] {
            assert_eq!(played(Api::Completions, events), events);
        }
    }
}
