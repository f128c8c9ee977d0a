//! The tool calls of an answer, told apart however a vendor numbers them.

use std::borrow::Cow;

use super::tool;
use crate::ir::{Open, ToolKind};
use crate::wire::json::Json;

/// A piece of a call, as a delta or a whole message has it.
#[derive(Debug)]
pub(super) struct Piece<'a> {
    index: Option<u64>,
    id: Option<Cow<'a, str>>,
    name: Option<Cow<'a, str>>,
    kind: ToolKind,
    pub(super) arguments: Cow<'a, str>,
    signature: Option<Cow<'a, str>>,
}

/// A call as far as it is known.
#[derive(Debug, Default)]
pub(super) struct Call {
    index: Option<u64>,
    id: String,
    name: String,
    kind: ToolKind,
    signature: Option<String>,
    /// Arguments that came before the name.
    held: String,
    scan: Scan,
    /// Whether its block has been closed.
    pub(super) closed: bool,
}

/// The calls of one answer in the order of their first pieces.
#[derive(Debug, Default)]
pub(super) struct Calls {
    calls: Vec<Call>,
}

impl<'a> Piece<'a> {
    /// Reads an element of `tool_calls`; `index` is its place where it is a whole message's.
    pub(super) fn read(call: Json<'a>, index: Option<u64>) -> Piece<'a> {
        let kind = match call.get("custom").and_then(Json::present) {
            Some(_) => ToolKind::Custom,
            None => ToolKind::Function,
        };
        let (word, input) = tool::words(kind);
        let inner = call.get(word).unwrap_or(Json::NULL);
        Piece {
            index: index.or_else(|| call.get("index")?.number()),
            id: text(call, "id"),
            name: text(inner, "name"),
            kind,
            arguments: tool::text_or_raw(inner.get(input)),
            signature: tool::signature(call),
        }
    }

    /// Reads the legacy `function_call`: there is one at most.
    pub(super) fn read_legacy(call: Json<'a>) -> Piece<'a> {
        Piece {
            index: Some(u64::MAX),
            id: None,
            name: text(call, "name"),
            kind: ToolKind::Function,
            arguments: tool::text_or_raw(call.get("arguments")),
            signature: None,
        }
    }
}

fn text<'a>(object: Json<'a>, name: &str) -> Option<Cow<'a, str>> {
    object.get(name)?.string().filter(|text| !text.is_empty())
}

impl Calls {
    /// The call that a piece belongs to, with what the piece says of it noted.
    pub(super) fn note(&mut self, piece: &Piece<'_>) -> usize {
        let at = self.find(piece).unwrap_or_else(|| {
            self.calls.push(Call { index: piece.index, kind: piece.kind, ..Call::default() });
            self.calls.len() - 1
        });
        if let Some(call) = self.calls.get_mut(at) {
            call.note(piece);
        }
        at
    }

    pub(super) fn get(&self, at: usize) -> Option<&Call> {
        self.calls.get(at)
    }

    pub(super) fn get_mut(&mut self, at: usize) -> Option<&mut Call> {
        self.calls.get_mut(at)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Whether there is a call that nobody could run.
    pub(super) fn any_nameless(&self) -> bool {
        self.calls.iter().any(|call| call.name.is_empty())
    }

    /// Where a call is that the piece continues: by its index where it has one, else by its id, else the last.
    fn find(&self, piece: &Piece<'_>) -> Option<usize> {
        let by_id = |id: &str| self.calls.iter().rposition(|call| call.id == id);
        let last = self.calls.len().checked_sub(1);
        let at = match (piece.index, &piece.id) {
            (Some(index), _) => self.calls.iter().rposition(|call| call.index == Some(index)),
            // An id never heard of, without a name: some servers make up a new one with each piece.
            (None, Some(id)) => by_id(id).or(last.filter(|_| piece.name.is_none())),
            (None, None) => last,
        }?;
        Some(at).filter(|&at| !self.calls.get(at).is_some_and(|call| call.is_followed_by(piece)))
    }
}

impl Call {
    /// Whether the piece begins another call, though it has this one's index, or none.
    ///
    /// Some servers give every call the index 0, or no index at all.
    fn is_followed_by(&self, piece: &Piece<'_>) -> bool {
        let Some(name) = &piece.name else { return false };
        match &piece.id {
            Some(id) => !self.id.is_empty() && self.id != **id,
            None if piece.index.is_some() => self.is_complete() && !piece.arguments.is_empty(),
            None => !self.name.is_empty() && (self.name != **name || self.is_complete()),
        }
    }

    fn note(&mut self, piece: &Piece<'_>) {
        if let (true, Some(id)) = (self.id.is_empty(), &piece.id) {
            self.id.push_str(id);
        }
        if let (true, Some(name)) = (self.name.is_empty(), &piece.name) {
            self.name.push_str(name);
        }
        if let (None, Some(signature)) = (&self.signature, &piece.signature) {
            self.signature = Some(signature.to_string());
        }
        self.grow(&piece.arguments);
    }

    /// Notes more of its arguments.
    pub(super) fn grow(&mut self, arguments: &str) {
        self.scan.push(arguments);
    }

    /// Keeps arguments while there is no name to go with them.
    pub(super) fn hold<'p>(&mut self, arguments: &'p str) -> Option<Cow<'p, str>> {
        if self.name.is_empty() {
            self.held.push_str(arguments);
            return None;
        }
        if self.held.is_empty() {
            return Some(Cow::Borrowed(arguments));
        }
        Some(Cow::Owned(std::mem::take(&mut self.held) + arguments))
    }

    /// Whether all arguments have come, as far as they themselves can tell.
    pub(super) fn is_complete(&self) -> bool {
        self.kind == ToolKind::Function && self.scan.is_complete()
    }

    /// How the call's block begins.
    pub(super) fn open(&self) -> Open<'static> {
        Open::ToolUse {
            id: Cow::Owned(self.id.clone()),
            name: Cow::Owned(self.name.clone()),
            kind: self.kind,
            signature: self.signature.clone().map(Cow::Owned),
        }
    }
}

/// Whether JSON that comes in pieces is a whole object or array yet.
#[derive(Debug, Default)]
enum Scan {
    /// Nothing but white space so far.
    #[default]
    Before,
    /// Within so many brackets.
    Inside(usize),
    /// In a string within so many brackets.
    String(usize),
    /// Behind the backslash of a string.
    Escape(usize),
    /// The outermost bracket has closed.
    Complete,
    /// Not an object or array: only the end of the answer tells.
    Unclear,
}

impl Scan {
    fn push(&mut self, text: &str) {
        for byte in text.bytes() {
            *self = self.step(byte);
        }
    }

    fn step(&self, byte: u8) -> Scan {
        match (self, byte) {
            (Scan::Before, b' ' | b'\t' | b'\n' | b'\r') => Scan::Before,
            (Scan::Before, b'{' | b'[') => Scan::Inside(1),
            (Scan::Before | Scan::Unclear, _) => Scan::Unclear,
            (Scan::Inside(depth), b'{' | b'[') => Scan::Inside(depth + 1),
            (Scan::Inside(1), b'}' | b']') => Scan::Complete,
            (Scan::Inside(depth), b'}' | b']') => Scan::Inside(depth.saturating_sub(1)),
            (Scan::Inside(depth), b'"') => Scan::String(*depth),
            (Scan::Inside(depth), _) => Scan::Inside(*depth),
            (Scan::String(depth), b'"') => Scan::Inside(*depth),
            (Scan::String(depth), b'\\') => Scan::Escape(*depth),
            (Scan::String(depth) | Scan::Escape(depth), _) => Scan::String(*depth),
            (Scan::Complete, _) => Scan::Complete,
        }
    }

    fn is_complete(&self) -> bool {
        matches!(self, Scan::Complete)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_tell_when_they_are_complete() {
        for (text, complete) in [
            ("", false),
            (" {", false),
            (r#"{"a": "}"#, false),
            (r#"{"a": "\"}"#, false),
            (r#"{"a": [{}, "\\"]}"#, true),
            ("[]  ", true),
            ("1", false),
            ("x{}", false),
        ] {
            let mut scan = Scan::default();
            scan.push(text);
            assert_eq!(scan.is_complete(), complete, "{text}");
        }
    }
}
