//! Answers on their way to a client of another API: each seal where that client must give it back, each call of the kind
//! of tool that the client has.
//!
//! | clients of | thinking's seal | a call's seal |
//! |---|---|---|
//! | Messages | `signature`, `data` of `redacted_thinking` | the id of the `tool_use` |
//! | Completions | `reasoning_details`, and the id of the next call | the id of the call |
//! | Responses | `encrypted_content` | `call_id` |
//! | Gemini | `thoughtSignature` of the thought, and of the next call | `thoughtSignature` of the call |
//!
//! Clients of Completions give back the ids of calls for sure, and few of them their thinking; clients of Gemini's API
//! give back the signatures of calls. So the thinking before a call goes along with it.

use std::borrow::Cow;

use super::custom::{Customs, Input};
use super::kin;
use super::seal::{LONGEST_ID, LONGEST_SEAL, Piece, Seal};
use crate::api::codec::Echo;
use crate::api::family::Api;
use crate::api::generate::MADE;
use crate::ir::{Delta, Event, Open, Start, ToolKind};

/// Where the events go.
type Sink<'s> = dyn FnMut(Event<'_>) + 's;

/// Packs the seals of one answer. What it gives keeps to the order of [`Event`], like what it takes.
pub(crate) struct Sealer {
    client: Api,
    /// The API whose the seals are.
    from: Api,
    block: Block,
    /// How many blocks have been given.
    count: u32,
    /// The thinking since the last call, where calls take it along.
    turn: Vec<Piece>,
    customs: Customs,
    /// What ids are made from that the provider did not give, and how many there have been.
    base: String,
    made: u32,
}

/// What is open, and what of it is still to be given.
enum Block {
    /// Nothing.
    Given,
    /// Words, which may turn out to be none, with the seal on them.
    Words {
        held: bool,
        signature: Option<String>,
    },
    Thought {
        text: String,
        signature: Option<String>,
        id: Option<String>,
    },
    /// The call of a function that stands for a tool of free text.
    Custom(Input),
    /// A block that the client does not get.
    Withheld,
}

impl Sealer {
    /// For a client's answer from a provider of the API `from`.
    pub(crate) fn new(client: Api, from: Api, echo: &Echo) -> Sealer {
        let (base, from) = (echo.id.clone(), kin(from));
        let customs = Customs::new(client, echo);
        Sealer { client, from, block: Block::Given, count: 0, turn: Vec::new(), customs, base, made: 0 }
    }

    /// For another answer to the same request.
    pub(crate) fn another(&self) -> Sealer {
        let (customs, base) = (self.customs.clone(), self.base.clone());
        Sealer { block: Block::Given, count: 0, turn: Vec::new(), customs, base, made: 0, ..*self }
    }

    /// Takes the next event, and gives 0..n.
    pub(crate) fn push(&mut self, event: Event<'_>, sink: &mut Sink<'_>) {
        match event {
            Event::Start(start) => self.start(start, sink),
            Event::Open { block, .. } => self.open(&block, sink),
            Event::Delta { delta, .. } => self.grow(&delta, sink),
            Event::Close { .. } => self.close(sink),
            // Each answer has a sealer of its own.
            Event::Choice { .. } => {}
            Event::Usage(_)
            | Event::Tier(_)
            | Event::Stop(_)
            | Event::Lost(_)
            | Event::Ping
            | Event::Fail(_)
            | Event::End => sink(event),
        }
    }

    fn start(&mut self, start: Start<'_>, sink: &mut Sink<'_>) {
        if !start.id.is_empty() {
            self.base = start.id.to_string();
        }
        sink(Event::Start(start));
    }

    /// Whether the client's API has the provider's seals itself.
    fn is_native(&self) -> bool {
        self.client == self.from
    }

    /// Whether calls take the thinking before them along.
    fn calls_take_thinking(&self) -> bool {
        matches!(self.client, Api::Completions | Api::Generate) && !self.is_native()
    }

    fn open(&mut self, block: &Open<'_>, sink: &mut Sink<'_>) {
        self.block = Block::Given;
        match block {
            Open::Text => self.open_words(sink),
            Open::Thinking { id } => {
                self.begin(Open::Thinking { id: None }, sink);
                let id = id.as_deref().map(str::to_owned);
                self.block = Block::Thought { text: String::new(), signature: None, id };
            }
            Open::Sealed { data, id } => self.open_sealed(data, id.as_deref(), sink),
            Open::ToolUse { id, name, kind, signature } => {
                self.open_call(id, name, *kind, signature.as_deref(), sink);
            }
            other => self.begin(other.clone(), sink),
        }
    }

    fn open_words(&mut self, sink: &mut Sink<'_>) {
        // Only this API has seals on words, and also on none.
        let held = self.from == Api::Generate;
        if !held {
            self.begin_words(sink);
        }
        self.block = Block::Words { held, signature: None };
    }

    fn begin_words(&mut self, sink: &mut Sink<'_>) {
        self.remember(Piece::Gap);
        self.begin(Open::Text, sink);
    }

    fn open_sealed(&mut self, data: &str, id: Option<&str>, sink: &mut Sink<'_>) {
        let (data, id) = (data.to_owned(), id.map(str::to_owned));
        if self.is_native() {
            return self.begin(Open::Sealed { data: data.into(), id: id.map(Cow::Owned) }, sink);
        }
        let piece = Piece::Sealed { data, id };
        match self.pack(&piece) {
            Some(text) => self.begin_seal(text, sink),
            None => self.block = Block::Withheld,
        }
        self.remember(piece);
    }

    /// Begins the block in which a client gets a seal that belongs to no block of its own.
    fn begin_seal(&mut self, text: String, sink: &mut Sink<'_>) {
        if self.client == Api::Generate {
            self.begin(Open::Thinking { id: None }, sink);
            self.give(Delta::Signature(text.into()), sink);
        } else {
            self.begin(Open::Sealed { data: text.into(), id: None }, sink);
        }
    }

    fn open_call(
        &mut self,
        id: &str,
        name: &str,
        kind: ToolKind,
        signature: Option<&str>,
        sink: &mut Sink<'_>,
    ) {
        let id = self.own_id(id);
        let thinking = std::mem::take(&mut self.turn);
        let packed = self.pack_call(&id, thinking, signature);
        let (id, signature) = match (packed, self.client) {
            (None, Api::Generate) => (id, signature.map(Cow::Borrowed)),
            (Some(packed), Api::Generate) => (id, Some(packed.into())),
            (packed, _) => (packed.map_or(id, Cow::Owned), None),
        };
        let is_custom = kind == ToolKind::Function && self.customs.has(name);
        let kind = if is_custom { ToolKind::Custom } else { kind };
        self.begin(Open::ToolUse { id, name: Cow::Borrowed(name), kind, signature }, sink);
        if is_custom {
            self.block = Block::Custom(Input::new());
        }
    }

    /// Gemini's calls may have no ids; others know them by nothing else.
    fn own_id<'i>(&mut self, id: &'i str) -> Cow<'i, str> {
        if !id.is_empty() || self.from != Api::Generate {
            return Cow::Borrowed(id);
        }
        self.made += 1;
        let is_legal = |letter: &char| letter.is_ascii_alphanumeric() || *letter == '-' || *letter == '_';
        let base: String = self.base.chars().filter(is_legal).collect();
        Cow::Owned(format!("{MADE}{base}_{}", self.made - 1))
    }

    /// What stands for a call with its seals, as much of them as there is room for.
    fn pack_call(&self, id: &str, thinking: Vec<Piece>, signature: Option<&str>) -> Option<String> {
        let is_sealed = |piece: &Piece| match piece {
            Piece::Thought { signature, .. } => signature.is_some(),
            Piece::Sealed { .. } | Piece::Words { .. } => true,
            Piece::Gap | Piece::Call { .. } => false,
        };
        let has_seals = thinking.iter().any(is_sealed);
        let call = Piece::Call { id: id.to_owned(), signature: signature.map(str::to_owned) };
        let all: Vec<_> = thinking.into_iter().chain([call.clone()]).collect();
        let whole = Some(&all).filter(|_| has_seals);
        let whole = whole.and_then(|all| Seal::pack(self.from, all, LONGEST_ID));
        whole.or_else(|| signature.and_then(|_| Seal::pack(self.from, &[call], LONGEST_ID)))
    }

    fn pack(&self, piece: &Piece) -> Option<String> {
        Seal::pack(self.from, std::slice::from_ref(piece), LONGEST_SEAL)
    }

    fn remember(&mut self, piece: Piece) {
        let is_again = piece == Piece::Gap && self.turn.last() == Some(&Piece::Gap);
        if self.calls_take_thinking() && !is_again {
            self.turn.push(piece);
        }
    }

    fn grow(&mut self, delta: &Delta<'_>, sink: &mut Sink<'_>) {
        let takes_thinking = self.calls_take_thinking();
        match (&mut self.block, delta) {
            (Block::Withheld, _) => return,
            (Block::Words { signature, .. }, Delta::Signature(seal))
            | (Block::Thought { signature, .. }, Delta::Signature(seal)) => {
                *signature = Some(seal.to_string());
                return;
            }
            (Block::Custom(input), Delta::Arguments(piece)) => {
                let text = input.push(piece);
                return self.give_input(text, sink);
            }
            (Block::Thought { text, .. }, Delta::Thinking(words)) if takes_thinking => text.push_str(words),
            (Block::Words { held, .. }, _) if *held => {
                *held = false;
                self.begin_words(sink);
            }
            _ => {}
        }
        self.give(borrowed(delta), sink);
    }

    fn close(&mut self, sink: &mut Sink<'_>) {
        match std::mem::replace(&mut self.block, Block::Given) {
            Block::Given => self.end(sink),
            Block::Withheld => {}
            Block::Custom(mut input) => {
                self.give_input(input.finish(), sink);
                self.end(sink);
            }
            Block::Words { held, signature } => self.close_words(held, signature, sink),
            Block::Thought { signature, .. } if self.is_native() => {
                signature.into_iter().for_each(|seal| self.give(Delta::Signature(seal.into()), sink));
                self.end(sink);
            }
            Block::Thought { text, signature, id } => self.close_thought(text, signature, id, sink),
        }
    }

    fn give_input(&self, text: String, sink: &mut Sink<'_>) {
        if !text.is_empty() {
            self.give(Delta::Arguments(text.into()), sink);
        }
    }

    /// Words that have a seal are followed by it.
    fn close_words(&mut self, held: bool, signature: Option<String>, sink: &mut Sink<'_>) {
        if held && signature.is_none() {
            self.begin(Open::Text, sink);
        }
        if !held || signature.is_none() {
            self.end(sink);
        }
        let Some(signature) = signature else { return };
        let piece = Piece::Words { signature, apart: held };
        if let Some(text) = self.pack(&piece) {
            self.begin_seal(text, sink);
            self.end(sink);
        }
        self.remember(piece);
    }

    /// Clients of Responses get thinking's seal behind it, and one also on thinking that had none: what has no seal at
    /// all would look like the client's own provider's.
    fn close_thought(
        &mut self,
        text: String,
        signature: Option<String>,
        id: Option<String>,
        sink: &mut Sink<'_>,
    ) {
        let is_sealed = signature.is_some() || id.is_some();
        let piece = Piece::Thought { text: None, signature: signature.clone(), id: id.clone() };
        let beside = self.client == Api::Responses;
        let packed = Some(&piece).filter(|_| is_sealed || beside).and_then(|piece| self.pack(piece));
        match packed {
            Some(packed) if beside => {
                self.end(sink);
                self.begin_seal(packed, sink);
            }
            packed => packed.into_iter().for_each(|seal| self.give(Delta::Signature(seal.into()), sink)),
        }
        self.end(sink);
        if is_sealed {
            self.remember(Piece::Thought { text: Some(text), signature, id });
        }
    }

    fn begin(&mut self, block: Open<'_>, sink: &mut Sink<'_>) {
        sink(Event::Open { index: self.count, block });
        self.count += 1;
    }

    fn give(&self, delta: Delta<'_>, sink: &mut Sink<'_>) {
        sink(Event::Delta { index: self.count.saturating_sub(1), delta });
    }

    fn end(&self, sink: &mut Sink<'_>) {
        sink(Event::Close { index: self.count.saturating_sub(1) });
    }
}

/// The same, of which nothing that comes often is copied.
fn borrowed<'d>(delta: &'d Delta<'_>) -> Delta<'d> {
    match delta {
        Delta::Text(text) => Delta::Text(Cow::Borrowed(text)),
        Delta::Thinking(text) => Delta::Thinking(Cow::Borrowed(text)),
        Delta::Arguments(text) => Delta::Arguments(Cow::Borrowed(text)),
        Delta::Audio(data) => Delta::Audio(Cow::Borrowed(data)),
        Delta::Signature(_) | Delta::Citations(_) | Delta::Logprobs(_) => delta.clone(),
    }
}
