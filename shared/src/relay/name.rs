//! The client's name for the model in bytes that otherwise go through as they are.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use memchr::memmem::Finder;
use memchr::{memchr2, memrchr2};

use crate::api::{Api, Echo};
use crate::wire::json::{place, push_escaped};

/// Puts the name that the client asked for where the provider's own stands. Every other byte stays; all do where the client
/// named no model.
///
/// It looks where providers write the name and does not parse: an answer without one is left alone.
pub(crate) struct Naming {
    /// The client's name, as JSON.
    name: Bytes,
    /// How the member begins, by which most events are seen to have none.
    key: Finder<'static>,
    in_answer: &'static [&'static str],
    in_event: &'static [&'static str],
}

impl Naming {
    /// For answers of `api` to this client.
    pub(crate) fn new(api: Api, echo: &Echo) -> Naming {
        let mut name = BytesMut::new();
        push_escaped(&echo.model, &mut name);
        let (in_answer, in_event) = api.model_places();
        let member = in_answer.last().copied().unwrap_or_default();
        let key = Finder::new(&format!("\"{member}\"")).into_owned();
        Naming { name: name.freeze(), key, in_answer, in_event }
    }

    /// A whole answer with the client's name.
    pub(crate) fn answer(&self, body: Bytes) -> Bytes {
        let Some(place) = self.find(&body, self.in_answer) else { return body };
        let mut out = BytesMut::with_capacity(body.len() + self.name.len());
        self.splice(&body, place, &mut out);
        out.freeze()
    }

    /// Appends the data of one event.
    pub(crate) fn data(&self, data: &[u8], out: &mut BytesMut) {
        match self.find(data, self.in_event) {
            Some(place) => self.splice(data, place, out),
            None => out.extend_from_slice(data),
        }
    }

    /// Appends events that are complete, as they came over the wire.
    pub(crate) fn events(&self, events: &[u8], out: &mut BytesMut) {
        let mut rest = events;
        while let Some(found) = self.key.find(rest) {
            let (before, after) = rest.split_at(found);
            let begin = memrchr2(b'\n', b'\r', before).map_or(0, |at| at + 1);
            let end = memchr2(b'\n', b'\r', after).map_or(rest.len(), |at| found + at);
            let (head, tail) = rest.split_at(end);
            let (earlier, line) = head.split_at(begin);
            out.extend_from_slice(earlier);
            self.line(line, out);
            rest = tail;
        }
        out.extend_from_slice(rest);
    }

    fn line(&self, line: &[u8], out: &mut BytesMut) {
        const FIELD: &[u8] = b"data:";
        let Some(data) = line.strip_prefix(FIELD) else { return out.extend_from_slice(line) };
        out.extend_from_slice(FIELD);
        self.data(data, out);
    }

    /// Where the provider's name is, unless it is the client's.
    fn find(&self, json: &[u8], path: &[&str]) -> Option<Range<usize>> {
        if &self.name[..] == b"\"\"" {
            return None;
        }
        let place = place(json, path)?;
        let value = json.get(place.clone())?;
        (value.first() == Some(&b'"') && value != self.name).then_some(place)
    }

    fn splice(&self, json: &[u8], place: Range<usize>, out: &mut BytesMut) {
        out.extend_from_slice(json.get(..place.start).unwrap_or_default());
        out.extend_from_slice(&self.name);
        out.extend_from_slice(json.get(place.end..).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(api: Api, events: &str) -> String {
        let naming = Naming::new(api, &Echo { model: "a\"b".to_owned(), ..Echo::default() });
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
                assert_eq!(named(api, &events), format!("{begin}data: {own}{end}{begin}data:{own}{end}"));
            }
        }
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
            assert_eq!(named(Api::Completions, events), events);
        }
    }
}
