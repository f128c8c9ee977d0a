//! How many tokens a request has, as well as one can tell without the model's own tokenizer.
//!
//! Nothing here is a table of words, so it runs at the edge. Text is cut where tokenizers cut it – into words, numbers,
//! marks and gaps – and each piece costs what such pieces cost on average. Compared with two published tokenizers
//! (`o200k_base` of OpenAI's models, and that of Claude's second generation), English, programs and JSON come out at 0.85
//! to 1.25 of the count; languages with marks on their letters and scripts of their own, on whose share tokenizers differ
//! by up to the factor four, at 0.45 to 1.75 of either and near the middle of both.

mod image;

use crate::ir::{Block, Format, Media, Request, Source, Tool, ToolUse, Turn};

/// What all requests have besides their parts.
const BASE: u64 = 3;

/// What stands around a turn, a tool on offer, a tool's use and its result.
const AROUND_TURN: u64 = 4;
const AROUND_TOOL: u64 = 12;
const AROUND_USE: u64 = 8;

/// A document somewhere else: a page or two.
const UNSEEN_DOCUMENT: u64 = 3_000;

/// Bytes of a document in Base64 for each token: a page is about forty kilobytes, and two thousand tokens.
const DOCUMENT_BYTES: u64 = 20;

/// Bytes of a recording for each token: between speech in MP3 and in plain samples.
const AUDIO_BYTES: u64 = 1_000;

/// A recording somewhere else: about a minute.
const UNSEEN_AUDIO: u64 = 1_500;

/// Bytes of a video for each token: a second is about 120 kilobytes, and 300 tokens
/// (<https://ai.google.dev/gemini-api/docs/video-understanding>).
const VIDEO_BYTES: u64 = 400;

/// A video somewhere else: about a minute.
const UNSEEN_VIDEO: u64 = 18_000;

/// Bytes of what only a provider can read for each token.
const SEALED_BYTES: u64 = 8;

/// The tokens that a model reads before it answers this. `text` counts a text's: [`text`] where nobody knows better.
pub fn input(request: &Request<'_>, text: &dyn Fn(&str) -> u64) -> u64 {
    let parts = Parts { text };
    let turns = request.turns.iter().map(|turn| parts.turn(turn)).sum::<u64>();
    let tools = request.tools.iter().map(|tool| parts.tool(tool)).sum::<u64>();
    let format = match &request.format {
        Some(Format::Schema { schema, .. }) => AROUND_TOOL + text(schema.raw()),
        Some(Format::Json | Format::Text) | None => 0,
    };
    BASE + turns + tools + format
}

/// The tokens of a text.
pub fn text(text: &str) -> u64 {
    let mut pieces = Pieces::default();
    text.chars().for_each(|letter| pieces.push(letter));
    pieces.finish()
}

/// What counts the parts of a request.
struct Parts<'t> {
    text: &'t dyn Fn(&str) -> u64,
}

impl Parts<'_> {
    fn text(&self, words: &str) -> u64 {
        (self.text)(words)
    }

    fn maybe(&self, words: Option<&str>) -> u64 {
        words.map_or(0, self.text)
    }

    fn turn(&self, turn: &Turn<'_>) -> u64 {
        AROUND_TURN + self.maybe(turn.name.as_deref()) + self.blocks(&turn.blocks)
    }

    fn blocks(&self, blocks: &[Block<'_>]) -> u64 {
        blocks.iter().map(|block| self.block(block)).sum()
    }

    fn block(&self, block: &Block<'_>) -> u64 {
        match block {
            Block::Text(part) => self.text(&part.text),
            Block::Thinking(thought) => self.text(&thought.text),
            Block::Sealed { data, .. } => data.len() as u64 / SEALED_BYTES,
            Block::ToolUse(ToolUse { name, arguments, .. }) => {
                AROUND_USE + self.text(name) + self.text(arguments)
            }
            Block::ToolResult(result) => AROUND_USE + self.blocks(&result.content),
            Block::Image(media) => self.image(media),
            Block::Document(media) => self.document(media),
            Block::Audio(media) => self.played(media, AUDIO_BYTES, UNSEEN_AUDIO),
            Block::Video(media) => self.played(media, VIDEO_BYTES, UNSEEN_VIDEO),
            Block::Refusal(words) => self.text(words),
            Block::Opaque { raw, .. } => self.text(raw),
        }
    }

    fn tool(&self, tool: &Tool<'_>) -> u64 {
        AROUND_TOOL
            + match tool {
                Tool::Function(function) => {
                    self.text(&function.name)
                        + self.maybe(function.description.as_deref())
                        + self.maybe(function.schema.map(|schema| schema.raw()))
                }
                Tool::Custom { name, description, format, .. } => {
                    self.text(name)
                        + self.maybe(description.as_deref())
                        + self.maybe(format.map(|format| format.raw()))
                }
                Tool::Hosted { raw, .. } => self.text(raw.raw()),
            }
    }

    fn image(&self, media: &Media<'_>) -> u64 {
        match &media.source {
            Source::Base64 { data, .. } => image::tokens(data),
            Source::Text(words) => self.text(words),
            Source::Url(_) | Source::File(_) => image::LARGEST,
        }
    }

    fn document(&self, media: &Media<'_>) -> u64 {
        let about = self.maybe(media.title.as_deref()) + self.maybe(media.context.as_deref());
        about
            + match &media.source {
                Source::Base64 { data, .. } => bytes(data) / DOCUMENT_BYTES + 1,
                Source::Text(words) => self.text(words),
                Source::Url(_) | Source::File(_) => UNSEEN_DOCUMENT,
            }
    }

    /// A recording or a video, of which so many bytes make a token; `unseen` is how many one has that is not there.
    fn played(&self, media: &Media<'_>, per_token: u64, unseen: u64) -> u64 {
        match &media.source {
            Source::Base64 { data, .. } => bytes(data) / per_token + 1,
            Source::Text(words) => self.text(words),
            Source::Url(_) | Source::File(_) => unseen,
        }
    }
}

/// How many bytes these are without Base64.
fn bytes(base64: &str) -> u64 {
    base64.len() as u64 / 4 * 3
}

/// What letters are to a tokenizer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Class {
    #[default]
    Word,
    Digit,
    Space,
    Line,
    Mark,
    /// An alphabet with few words of its own in a vocabulary: Greek, Cyrillic.
    Alphabet,
    /// A script with fewer still: Arabic, those of India.
    Script,
    Ideograph,
    Kana,
    Picture,
}

impl Class {
    fn of(letter: char) -> Class {
        match letter {
            ' ' => Class::Space,
            '\t' | '\n' | '\r' => Class::Line,
            '0'..='9' => Class::Digit,
            'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}' => Class::Word,
            '\0'..='\u{bf}' | '\u{2000}'..='\u{206f}' | '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ffef}' => {
                Class::Mark
            }
            '\u{600}'..='\u{10ff}' => Class::Script,
            '\u{3040}'..='\u{30ff}' => Class::Kana,
            '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' => Class::Ideograph,
            '\u{20000}'..='\u{323af}' => Class::Ideograph,
            '\u{2070}'..='\u{2bff}' | '\u{1f000}'.. => Class::Picture,
            _ => Class::Alphabet,
        }
    }

    /// What a piece of so many letters costs, in tenths of a token.
    fn cost(self, letters: u64) -> u64 {
        match self {
            Class::Word => 10 + letters.saturating_sub(8) * 5 / 2,
            Class::Digit | Class::Mark => letters.div_ceil(3) * 10,
            // One gap belongs to the word behind it.
            Class::Space => u64::from(letters > 1) * 10,
            Class::Line => 8,
            Class::Alphabet => (letters * 17 / 4).max(10),
            Class::Script => (letters * 11 / 2).max(10),
            Class::Ideograph => letters * 19 / 2,
            Class::Kana => letters * 8,
            Class::Picture => letters * 35 / 2,
        }
    }
}

/// A text cut into pieces.
#[derive(Default)]
struct Pieces {
    class: Class,
    /// Of the piece that is not over.
    letters: u64,
    /// Whether its last letter is a capital.
    capital: bool,
    tenths: u64,
}

impl Pieces {
    fn push(&mut self, letter: char) {
        let class = Class::of(letter);
        let capital = letter.is_ascii_uppercase();
        let hump = class == Class::Word && capital && !self.capital;
        if class != self.class || hump {
            self.close();
        }
        // A letter with a mark is mostly not in the vocabulary together with its neighbours.
        if class == Class::Word && !letter.is_ascii() {
            self.tenths += 9;
        }
        self.class = class;
        self.letters += 1;
        self.capital = capital;
    }

    fn close(&mut self) {
        if self.letters > 0 {
            self.tenths += self.class.cost(self.letters);
        }
        self.letters = 0;
    }

    fn finish(mut self) -> u64 {
        self.close();
        self.tenths.div_ceil(10)
    }
}

#[cfg(test)]
mod tests;
