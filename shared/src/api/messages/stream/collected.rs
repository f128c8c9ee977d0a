//! A block of a kind that has no form in the representation, put together from its stream.

use bytes::BytesMut;

use crate::wire::json::{Json, Writer};

/// The block as it began, and what its members grew by.
#[derive(Debug)]
pub(super) struct Collected {
    start: String,
    grown: Vec<(String, Grown)>,
}

#[derive(Debug)]
enum Grown {
    /// Words behind those that the member began with.
    Words(String),
    /// JSON text in the member's place, in pieces.
    Pieces(String),
    /// An array's new elements.
    Elements(Vec<String>),
    /// Another value.
    Value(String),
}

impl Collected {
    pub(super) fn new(block: Json<'_>) -> Collected {
        Collected { start: block.raw().to_owned(), grown: Vec::new() }
    }

    /// Takes a delta: input in pieces of JSON, a citation, words; anything else replaces the member of its name.
    pub(super) fn grow(&mut self, delta: Json<'_>) {
        for (name, value) in delta.fields().filter(|(name, _)| name != "type") {
            let text = value.string();
            match (&*name, text) {
                ("partial_json", Some(piece)) => self.join("input", Grown::Pieces(piece.into_owned())),
                ("citation", _) => self.join("citations", Grown::Elements(vec![value.raw().to_owned()])),
                (name, Some(words)) => self.join(name, Grown::Words(words.into_owned())),
                (name, None) => self.join(name, Grown::Value(value.raw().to_owned())),
            }
        }
    }

    fn join(&mut self, name: &str, more: Grown) {
        let Some((_, grown)) = self.grown.iter_mut().find(|(own, _)| own == name) else {
            return self.grown.push((name.to_owned(), more));
        };
        match (grown, more) {
            (Grown::Words(words) | Grown::Pieces(words), Grown::Words(more) | Grown::Pieces(more)) => {
                words.push_str(&more);
            }
            (Grown::Elements(elements), Grown::Elements(more)) => elements.extend(more),
            (grown, more) => *grown = more,
        }
    }

    /// The whole block.
    pub(super) fn finish(self) -> String {
        if self.grown.is_empty() {
            return self.start;
        }
        let start = Json::parse(self.start.as_bytes()).unwrap_or(Json::EMPTY);
        let mut out = BytesMut::new();
        Writer::new(&mut out).object(|o| {
            let untouched = start.fields().filter(|(name, _)| !self.grown.iter().any(|(own, _)| own == name));
            untouched.for_each(|(name, value)| o.key(&name).json(value));
            for (name, grown) in &self.grown {
                grown.write(start.get(name).unwrap_or(Json::NULL), o.key(name));
            }
        });
        String::from_utf8_lossy(&out).into_owned()
    }
}

impl Grown {
    fn write(&self, start: Json<'_>, value: &mut Writer<'_>) {
        match self {
            Grown::Words(more) => value.string(&format!("{}{more}", start.string().unwrap_or_default())),
            Grown::Pieces(text) => match Json::parse(text.as_bytes()) {
                Ok(json) => value.json(json),
                Err(_) if text.is_empty() => value.json(start.present().unwrap_or(Json::EMPTY)),
                Err(_) => value.object(|o| o.key("INVALID_JSON").string(text)),
            },
            Grown::Elements(more) => value.array(|a| {
                start.items().for_each(|element| a.json(element));
                more.iter().for_each(|element| a.raw(element));
            }),
            Grown::Value(raw) => value.raw(raw),
        }
    }
}
