//! Requests with packed seals in them, as the provider may have them: what is its own back in its place, what is
//! another's left out.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::kin;
use super::seal::{Piece, Seal};
use crate::api::family::Api;
use crate::dialect::Quirks;
use crate::error::Error;
use crate::ir::{Block, Loss, Request, Rest, Role, Text, Thought, ToolUse, Turn};

/// By the number of a turn in which they stand elsewhere, where each of its blocks stood in the client's request.
pub(in crate::api) type Moved = BTreeMap<usize, Vec<usize>>;

/// Unpacks the seals in a request to a provider of the API `to`. What is lost is thinking that only another provider
/// could have read, in the places where the client had it.
///
/// Fails where there are more than anybody packs: a client can make packed texts of its own, in which a few bytes are a
/// block.
pub(in crate::api) fn open(
    request: &mut Request<'_>,
    to: Api,
    quirks: &Quirks,
) -> Result<(Vec<Loss>, Moved), Error> {
    let own = request.api.is_none_or(|api| api == to);
    let native = request.api.map_or(kin(to), kin);
    let (ids, losses, moved) = (BTreeMap::new(), Vec::new(), Moved::new());
    let mut opening = Opening { native, own, to, quirks, ids, losses, moved, pieces: 0 };
    for (index, turn) in request.turns.iter_mut().enumerate() {
        if turn.role == Role::Assistant && turn.blocks.iter().any(may_be_sealed) {
            opening.turn(index, turn);
        }
    }
    request.turns.iter_mut().for_each(|turn| opening.name_results(turn));
    match opening.pieces > MOST_PIECES {
        true => {
            Err(Error::invalid("The request has too many packed seals in it.").with_code("too_many_seals"))
        }
        false => Ok((opening.losses, opening.moved)),
    }
}

/// The most seals that are unpacked of one request, those of calls counted twice. A call that a model thought about has two
/// or three.
const MOST_PIECES: usize = 16 << 10;

struct Opening<'q> {
    /// The API whose the seals are that are not packed.
    native: Api,
    /// Whether the client speaks the provider's API.
    own: bool,
    to: Api,
    quirks: &'q Quirks,
    /// The calls' own ids by those that the client knows.
    ids: BTreeMap<String, String>,
    losses: Vec<Loss>,
    moved: Moved,
    /// How many seals there have been.
    pieces: usize,
}

/// A turn's blocks as they are unpacked.
struct Opened<'a> {
    blocks: Vec<Block<'a>>,
    /// Where each of them stood.
    origins: Vec<usize>,
    /// The number of the block that is being unpacked.
    at: usize,
    /// Where the blocks since the last call begin.
    since: usize,
    /// Seals on words: behind how many blocks they came, and whether the words are none.
    words: Vec<(usize, String, bool)>,
    /// The thinking that the calls have. They know its place, so what the client gave back of it besides is a copy.
    called: Vec<Piece>,
}

impl Opening<'_> {
    /// Whether the provider takes the seals that its API knows as those of `api`.
    fn takes(&self, api: Api) -> bool {
        let is_same = kin(self.to) == api;
        is_same
            && match self.to {
                Api::Converse => self.quirks.extras.contains(&"thinking"),
                Api::Completions => self.own || self.quirks.reasoning == Some("reasoning_details"),
                Api::Messages | Api::Responses | Api::Generate => true,
            }
    }

    /// Whether the provider takes seals on calls, of a client that has them unpacked.
    fn takes_signed_calls(&self) -> bool {
        self.own || self.is_gemini()
    }

    /// Whether it is Gemini, by either of its APIs: nobody else seals calls.
    fn is_gemini(&self) -> bool {
        self.to == Api::Generate || (self.to == Api::Completions && self.quirks.signed_calls)
    }

    /// The seals in a text; none of what there are too many of.
    fn unpack(&mut self, text: &str) -> Option<Seal> {
        let seal = Seal::unpack(text)?;
        self.pieces += seal.pieces.len();
        let pieces = if self.pieces > MOST_PIECES { Vec::new() } else { seal.pieces };
        Some(Seal { pieces, ..seal })
    }

    /// What a call's id or its signature has packed.
    fn seal_of(&mut self, call: &ToolUse<'_>) -> Option<Seal> {
        self.unpack(&call.id).or_else(|| self.unpack(call.signature.as_deref()?))
    }

    fn turn(&mut self, index: usize, turn: &mut Turn<'_>) {
        let came = std::mem::take(&mut turn.blocks);
        let called = came.iter().flat_map(|block| self.thinking_in(block)).collect();
        let length = came.len();
        let mut opened = Opened::new(length, called);
        for (at, block) in came.into_iter().enumerate() {
            let path = || format!("messages[{index}].content[{at}]");
            opened.at = at;
            match block {
                Block::Thinking(thought) => self.thought(thought, path, &mut opened),
                Block::Sealed { data, id } => self.sealed(data, id, path, &mut opened),
                Block::ToolUse(call) => self.call(call, path, &mut opened),
                other => opened.push(other),
            }
        }
        let origins;
        (turn.blocks, origins) = opened.finish(self.takes(Api::Generate));
        if !origins.iter().copied().eq(0..length) {
            self.moved.insert(index, origins);
        }
    }

    /// The thinking that a call takes along, where the provider may have it.
    fn thinking_in(&mut self, block: &Block<'_>) -> Vec<Piece> {
        let Block::ToolUse(call) = block else { return Vec::new() };
        let Some(Seal { mut pieces, .. }) = self.seal_of(call).filter(|seal| self.takes(seal.api)) else {
            return Vec::new();
        };
        pieces.retain(|piece| !matches!(piece, Piece::Call { .. } | Piece::Gap));
        pieces
    }

    fn thought<'a>(&mut self, mut thought: Thought<'a>, path: impl Fn() -> String, opened: &mut Opened<'a>) {
        let Some(seal) = thought.signature.as_deref().and_then(|text| self.unpack(text)) else {
            if !self.own && !self.takes(self.native) {
                thought.signature = None;
            }
            let is_copy = thought.signature.is_none() && !opened.called.is_empty();
            if !is_copy {
                opened.push(Block::Thinking(thought));
            }
            return;
        };
        for piece in seal.pieces {
            match piece {
                Piece::Thought { signature, id, .. } => {
                    let thought = std::mem::take(&mut thought).sealed(signature, id);
                    self.admit(seal.api, Block::Thinking(thought), &path, opened);
                }
                other => self.piece(seal.api, other, &path, opened),
            }
        }
    }

    fn sealed<'a>(
        &mut self,
        data: Cow<'a, str>,
        id: Option<Cow<'a, str>>,
        path: impl Fn() -> String,
        opened: &mut Opened<'a>,
    ) {
        let Some(seal) = self.unpack(&data) else {
            return match self.own || self.takes(self.native) {
                true => opened.push(Block::Sealed { data, id }),
                false => self.lose(&path),
            };
        };
        for piece in seal.pieces {
            match piece {
                Piece::Thought { signature, id: own, .. } => {
                    let thought = opened.take_unsealed(id.as_deref()).sealed(signature, own);
                    self.admit(seal.api, Block::Thinking(thought), &path, opened);
                }
                other => self.piece(seal.api, other, &path, opened),
            }
        }
    }

    fn piece(&mut self, api: Api, piece: Piece, path: &dyn Fn() -> String, opened: &mut Opened<'_>) {
        match piece {
            Piece::Sealed { data, id } => {
                let block = Block::Sealed { data: Cow::Owned(data), id: id.map(Cow::Owned) };
                self.admit(api, block, path, opened);
            }
            Piece::Words { .. } if !opened.called.contains(&piece) => opened.place(piece),
            Piece::Words { .. } | Piece::Thought { .. } | Piece::Call { .. } | Piece::Gap => {}
        }
    }

    /// Another provider's thinking can only be read where it needs no seal.
    fn admit<'a>(&mut self, api: Api, block: Block<'a>, path: &dyn Fn() -> String, opened: &mut Opened<'a>) {
        if opened.has_called(&block) {
            return;
        }
        if self.takes(api) {
            return opened.push(block);
        }
        match block {
            Block::Thinking(thought)
                if matches!(self.to, Api::Completions | Api::Generate) && !thought.text.is_empty() =>
            {
                let thought = Thought { signature: None, id: None, ..thought };
                opened.push(Block::Thinking(thought));
            }
            _ => self.lose(path),
        }
    }

    fn lose(&mut self, path: &dyn Fn() -> String) {
        self.losses.push(Loss::dropped(path()));
    }

    fn call<'a>(&mut self, mut call: ToolUse<'a>, path: impl Fn() -> String, opened: &mut Opened<'a>) {
        match self.seal_of(&call) {
            Some(seal) => self.packed_call(seal, &mut call, opened),
            None if call.signature.is_some() && !self.takes_signed_calls() => {
                self.losses.push(Loss::dropped(format!("{}.signature", path())));
                call.signature = None;
            }
            None => {}
        }
        opened.push(Block::ToolUse(call));
        opened.since = opened.blocks.len();
    }

    fn packed_call(&mut self, seal: Seal, call: &mut ToolUse<'_>, opened: &mut Opened<'_>) {
        let (mut thinking, mut own) = (Vec::new(), None);
        for piece in seal.pieces {
            match piece {
                Piece::Call { id, signature } => own = Some((id, signature)),
                other => thinking.push(other),
            }
        }
        call.signature = None;
        if let Some((id, signature)) = own {
            self.ids.insert(call.id.to_string(), id.clone());
            call.id = Cow::Owned(id);
            // In the seal of an API that seals no calls it was made up.
            let is_geminis = matches!(seal.api, Api::Generate | Api::Completions);
            call.signature = signature.filter(|_| is_geminis && self.is_gemini()).map(Cow::Owned);
        }
        if self.takes(seal.api) {
            opened.insert(thinking);
        }
    }

    /// Gives the results of calls the calls' own ids.
    fn name_results(&self, turn: &mut Turn<'_>) {
        for block in &mut turn.blocks {
            let Block::ToolResult(result) = block else { continue };
            let known = self.ids.get(&*result.id).cloned();
            if let Some(id) = known.or_else(|| id_in(&result.id)) {
                result.id = Cow::Owned(id);
            }
        }
    }
}

/// A call's own id in a packed text.
pub(in crate::api) fn id_in(text: &str) -> Option<String> {
    Seal::unpack(text)?.pieces.into_iter().find_map(|piece| match piece {
        Piece::Call { id, .. } => Some(id),
        _ => None,
    })
}

/// Whether a block is one that is looked into.
fn may_be_sealed(block: &Block<'_>) -> bool {
    match block {
        Block::Thinking(_) | Block::Sealed { .. } => true,
        Block::ToolUse(call) => call.signature.is_some() || Seal::seems(&call.id),
        _ => false,
    }
}

/// A text that is there for its seal alone.
fn wordless<'a>(signature: String) -> Block<'a> {
    Block::Text(Text { signature: Some(Cow::Owned(signature)), ..Text::default() })
}

impl<'a> Opened<'a> {
    fn new(length: usize, called: Vec<Piece>) -> Opened<'a> {
        let (blocks, origins) = (Vec::with_capacity(length), Vec::with_capacity(length));
        Opened { blocks, origins, at: 0, since: 0, words: Vec::new(), called }
    }

    fn push(&mut self, block: Block<'a>) {
        self.blocks.push(block);
        self.origins.push(self.at);
    }

    /// The thought that a seal behind it is on, out of its place; a new one where the client has left it out.
    fn take_unsealed(&mut self, id: Option<&str>) -> Thought<'a> {
        let fits = |block: &mut Block<'_>| match block {
            Block::Thinking(thought) => thought.signature.is_none() && thought.id.as_deref() == id,
            _ => false,
        };
        let Some(Block::Thinking(thought)) = self.blocks.pop_if(fits) else { return Thought::default() };
        self.origins.pop();
        thought
    }

    /// Whether a call has the same thinking.
    fn has_called(&self, block: &Block<'_>) -> bool {
        self.called.iter().any(|piece| match (piece, block) {
            (Piece::Thought { signature, id, .. }, Block::Thinking(thought)) => {
                thought.signature.as_deref() == signature.as_deref() && thought.id.as_deref() == id.as_deref()
            }
            (Piece::Sealed { data, .. }, Block::Sealed { data: own, .. }) => own == data,
            _ => false,
        })
    }

    /// Puts thinking before the call that comes next; what the model thought before it spoke, before its words.
    fn insert(&mut self, thinking: Vec<Piece>) {
        let is_behind = |piece: &Piece| matches!(piece, Piece::Gap | Piece::Words { apart: false, .. });
        let words = (self.blocks.split_off(self.since), self.origins.split_off(self.since));
        let (before, behind) =
            thinking.split_at(thinking.iter().position(is_behind).unwrap_or(thinking.len()));
        before.iter().for_each(|piece| self.place(piece.clone()));
        self.blocks.extend(words.0);
        self.origins.extend(words.1);
        behind.iter().for_each(|piece| self.place(piece.clone()));
    }

    fn place(&mut self, piece: Piece) {
        match piece {
            Piece::Words { signature, apart } => self.words.push((self.blocks.len(), signature, apart)),
            other => block_of(other).into_iter().for_each(|block| self.push(block)),
        }
    }

    /// The blocks, with the seals on words on them where the provider `takes` such, and where each of them stood.
    fn finish(mut self, takes: bool) -> (Vec<Block<'a>>, Vec<usize>) {
        if !takes || self.words.is_empty() {
            return (self.blocks, self.origins);
        }
        let is_text = |(at, block): (usize, &Block<'_>)| matches!(block, Block::Text(_)).then_some(at);
        let texts: Vec<usize> = self.blocks.iter().enumerate().filter_map(is_text).collect();
        let mut alone = Vec::new();
        for (at, signature, apart) in std::mem::take(&mut self.words).into_iter().rev() {
            let before = texts.partition_point(|text| *text < at).saturating_sub(1);
            let nearest = texts.get(before).filter(|_| !apart);
            match nearest.and_then(|nearest| self.blocks.get_mut(*nearest)) {
                Some(Block::Text(text)) => text.signature = Some(Cow::Owned(signature)),
                _ => alone.push((at, signature)),
            }
        }
        match alone.is_empty() {
            true => (self.blocks, self.origins),
            false => self.between(alone),
        }
    }

    /// The blocks with texts of no words between them, given the last first and by how many blocks they stand behind.
    fn between(self, alone: Vec<(usize, String)>) -> (Vec<Block<'a>>, Vec<usize>) {
        let mut all = Opened::new(self.blocks.len() + alone.len(), Vec::new());
        let last = self.blocks.len();
        let mut before: Vec<Vec<String>> = vec![Vec::new(); last + 1];
        for (at, signature) in alone.into_iter().rev() {
            if let Some(place) = before.get_mut(at.min(last)) {
                place.push(signature);
            }
        }
        let origins = self.origins.into_iter().chain([self.at]);
        let blocks = self.blocks.into_iter().map(Some).chain([None]);
        for ((words, block), origin) in before.into_iter().zip(blocks).zip(origins) {
            all.at = origin;
            words.into_iter().for_each(|signature| all.push(wordless(signature)));
            block.into_iter().for_each(|block| all.push(block));
        }
        (all.blocks, all.origins)
    }
}

impl Thought<'_> {
    /// The same words with the seal and the id that are their own; what else was said of them is the client's form.
    fn sealed(self, signature: Option<String>, id: Option<String>) -> Self {
        let (signature, id) = (signature.map(Cow::Owned), id.map(Cow::Owned));
        Thought { text: self.text, signature, id, rest: Rest::new() }
    }
}

fn block_of(piece: Piece) -> Option<Block<'static>> {
    Some(match piece {
        Piece::Thought { text, signature, id } => {
            let text = Cow::Owned(text.unwrap_or_default());
            Block::Thinking(Thought { text, ..Thought::default() }.sealed(signature, id))
        }
        Piece::Sealed { data, id } => Block::Sealed { data: Cow::Owned(data), id: id.map(Cow::Owned) },
        Piece::Gap | Piece::Words { .. } | Piece::Call { .. } => return None,
    })
}
