//! The one representation that every translation goes through: the union of the API families.
//!
//! A [`Request`] borrows from the client's body. An answer is a sequence of [`Event`]s, also where it came whole;
//! [`Response`] is what they fold to. Whatever a family has and this module does not name travels as
//! [`Json`] in `rest` or as [`Block::Opaque`], so that it can go back to its own family and be reported as
//! [`Loss`] to any other.

mod event;
mod fold;
mod loss;
mod order;
mod usage;

pub use event::{Delta, Event, MOST_CHOICES, Open, Start, Stop, StopReason};
pub use fold::Response;
pub use loss::{Loss, Why};
pub use order::Order;
pub use usage::Usage;

use std::borrow::Cow;

use crate::api::family::Api;
use crate::wire::json::Json;

/// What a client asks a model for.
#[derive(Clone, Debug, Default)]
pub struct Request<'a> {
    /// The model as the client (when read) or the provider (when written) names it.
    pub model: Cow<'a, str>,
    /// The conversation in its order, instructions included.
    pub turns: Vec<Turn<'a>>,
    /// For each of the client's messages, or items, where it begins in the turns; instructions that stand apart are none.
    pub places: Vec<Place>,
    /// The tools on offer.
    pub tools: Vec<Tool<'a>>,
    /// Whether and which tools must be used.
    pub tool_choice: Option<ToolChoice<'a>>,
    /// Whether several tools may be used in one turn.
    pub parallel_tools: Option<bool>,
    /// The longest answer, in tokens.
    pub max_tokens: Option<u64>,
    /// Randomness; numbers keep the client's spelling.
    pub temperature: Option<Json<'a>>,
    pub top_p: Option<Json<'a>>,
    pub top_k: Option<Json<'a>>,
    pub seed: Option<Json<'a>>,
    pub frequency_penalty: Option<Json<'a>>,
    pub presence_penalty: Option<Json<'a>>,
    /// Texts that end the answer.
    pub stop: Vec<Cow<'a, str>>,
    /// How many answers are wanted where it is not one.
    pub answers: Option<u64>,
    /// How many alternatives' log probabilities are wanted with each token; 0 asks for the chosen token's only.
    pub logprobs: Option<u64>,
    /// Thinking before the answer.
    pub thinking: Option<Thinking<'a>>,
    /// The answer's form.
    pub format: Option<Format<'a>>,
    /// How long-winded the answer may be.
    pub verbosity: Option<Cow<'a, str>>,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// Whether a streamed answer must end with usage, where the client can say so.
    pub include_usage: Option<bool>,
    /// The end user's identity, as the client's own system names it.
    pub user: Option<Cow<'a, str>>,
    /// The client's own labels, an object.
    pub metadata: Option<Json<'a>>,
    pub service_tier: Option<Cow<'a, str>>,
    /// Names what prompts are likely to share a prefix.
    pub cache_key: Option<Cow<'a, str>>,
    /// Whether the provider may keep the answer.
    pub store: Option<bool>,
    /// The API this was read from.
    pub api: Option<Api>,
    /// Top-level members of that API that nothing above has a place for; a member inside of one that has a place is
    /// named with a dot, as in `reasoning.context`.
    pub rest: Rest<'a>,
    /// What stands deeper in what is read, and nobody has heard of.
    pub unread: Vec<Loss>,
}

/// Members that the representation has no place for, in the words of the API they were read from. They go back to that
/// API as they are; to any other each is a [`Loss`].
pub type Rest<'a> = Vec<(Cow<'a, str>, Json<'a>)>;

/// Where a client's message, or item, begins in the turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The number of the turn.
    pub turn: usize,
    /// The number of its first block there.
    pub block: usize,
    /// Whether its blocks are parts that the client numbers.
    pub parts: bool,
}

impl Place {
    /// The place of a message that is a turn of its own.
    pub fn of_turn(turn: usize) -> Place {
        Place { turn, block: 0, parts: true }
    }

    /// The place of what was added to `turns`, which ended at `end` before.
    pub fn of_added(turns: &[Turn<'_>], end: (usize, usize), parts: bool) -> Place {
        let (length, blocks) = end;
        match turns.len() > length {
            true => Place { turn: length, block: 0, parts },
            false => Place { turn: length.saturating_sub(1), block: blocks, parts },
        }
    }

    /// How many turns there are, and how many blocks in the last.
    pub fn end(turns: &[Turn<'_>]) -> (usize, usize) {
        (turns.len(), turns.last().map_or(0, |turn| turn.blocks.len()))
    }
}

/// Consecutive content of one author.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn<'a> {
    pub role: Role<'a>,
    pub blocks: Vec<Block<'a>>,
    /// The author's name within the role.
    pub name: Option<Cow<'a, str>>,
    /// Members of the (first) message.
    pub rest: Rest<'a>,
}

/// Who speaks. Tool results stand in the user's turns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role<'a> {
    System,
    Developer,
    User,
    Assistant,
    Other(Cow<'a, str>),
}

/// A piece of content.
#[derive(Clone, Debug, PartialEq)]
pub enum Block<'a> {
    Text(Text<'a>),
    Thinking(Thought<'a>),
    /// Thinking that only its provider can read; `data` must come back to it as it is.
    Sealed {
        data: Cow<'a, str>,
        id: Option<Cow<'a, str>>,
    },
    ToolUse(ToolUse<'a>),
    ToolResult(ToolResult<'a>),
    Image(Media<'a>),
    Document(Media<'a>),
    Audio(Media<'a>),
    Video(Media<'a>),
    /// The model's words on why it will not answer.
    Refusal(Cow<'a, str>),
    /// A block of one API that has no form here: goes back to that API as it is, to others not at all.
    Opaque {
        api: Api,
        raw: Cow<'a, str>,
    },
}

/// Words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Text<'a> {
    pub text: Cow<'a, str>,
    /// What the words rest on: an array in the form of `api`.
    pub citations: Option<Citations<'a>>,
    /// The provider's seal on the words, which must come back with them.
    pub signature: Option<Cow<'a, str>>,
    /// The tokens and their log probabilities: a JSON array in the form that OpenAI's two APIs have in common.
    pub logprobs: Option<Cow<'a, str>>,
    pub cache: Option<Cache<'a>>,
    pub rest: Rest<'a>,
}

/// Citations or annotations in the words of the API they came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Citations<'a> {
    pub api: Api,
    pub raw: Cow<'a, str>,
}

/// A provider's mark that the prompt up to here is worth keeping.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cache<'a> {
    /// For how long: `5m` or `1h`, or where it is a breakpoint at least `30m` or `12h`.
    pub ttl: Option<Cow<'a, str>>,
    /// Whether it is one of OpenAI's `prompt_cache_breakpoint`s.
    pub breakpoint: bool,
}

/// Readable thinking.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Thought<'a> {
    pub text: Cow<'a, str>,
    /// The provider's seal on the text, which must come back with it.
    pub signature: Option<Cow<'a, str>>,
    /// The item's own id where the API gives it one.
    pub id: Option<Cow<'a, str>>,
    pub rest: Rest<'a>,
}

/// The model's wish to have a tool run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToolUse<'a> {
    pub id: Cow<'a, str>,
    pub name: Cow<'a, str>,
    pub kind: ToolKind,
    /// JSON text for a function (empty where the model gave none, and perhaps not valid: it is the model's);
    /// any text for a custom tool.
    pub arguments: Cow<'a, str>,
    /// A seal on the thinking that led here, which must come back with it.
    pub signature: Option<Cow<'a, str>>,
    pub cache: Option<Cache<'a>>,
    pub rest: Rest<'a>,
}

/// What a tool takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ToolKind {
    /// Arguments by a JSON schema.
    #[default]
    Function,
    /// Free text.
    Custom,
}

/// What came of a tool's run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToolResult<'a> {
    /// The id of the use it answers.
    pub id: Cow<'a, str>,
    pub content: Vec<Block<'a>>,
    pub is_error: bool,
    pub kind: ToolKind,
    pub cache: Option<Cache<'a>>,
    pub rest: Rest<'a>,
}

/// An image, a document, a recording or a video.
#[derive(Clone, Debug, PartialEq)]
pub struct Media<'a> {
    pub source: Source<'a>,
    /// How closely to look: `low`, `high`, `auto`, …
    pub detail: Option<Cow<'a, str>>,
    /// A document's title or file name.
    pub title: Option<Cow<'a, str>>,
    /// What the document is, for the model.
    pub context: Option<Cow<'a, str>>,
    /// Whether the model is to cite from it.
    pub citations: Option<bool>,
    /// Where a document comes from that a search of the client's found.
    pub found: Option<Box<Found<'a>>>,
    pub cache: Option<Cache<'a>>,
    pub rest: Rest<'a>,
}

/// A search result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<'a> {
    /// Its address, or whatever else the client knows it by.
    pub at: Cow<'a, str>,
    /// Its text in the pieces that citations count.
    pub pieces: Vec<Cow<'a, str>>,
}

/// Where the bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source<'a> {
    /// In the request, in Base64. The media type as in `image/png`.
    Base64 { media_type: Cow<'a, str>, data: Cow<'a, str> },
    /// At an address the provider fetches.
    Url(Cow<'a, str>),
    /// At the provider, uploaded before.
    File(Cow<'a, str>),
    /// Plain text.
    Text(Cow<'a, str>),
}

/// A tool on offer.
#[derive(Clone, Debug, PartialEq)]
pub enum Tool<'a> {
    Function(Function<'a>),
    /// A tool that takes free text.
    Custom {
        name: Cow<'a, str>,
        description: Option<Cow<'a, str>>,
        format: Option<Json<'a>>,
        rest: Rest<'a>,
    },
    /// A tool that the provider runs itself, in the words of its API. `kind` is its `type`.
    Hosted {
        api: Api,
        kind: Cow<'a, str>,
        raw: Json<'a>,
    },
}

impl Tool<'_> {
    /// What the model calls it; of one that the provider runs itself, its kind.
    pub fn name(&self) -> &str {
        match self {
            Tool::Function(function) => &function.name,
            Tool::Custom { name, .. } => name,
            Tool::Hosted { kind, .. } => kind,
        }
    }
}

/// A tool described by a JSON schema.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Function<'a> {
    pub name: Cow<'a, str>,
    pub description: Option<Cow<'a, str>>,
    /// The arguments' JSON schema; none for a function without arguments.
    pub schema: Option<Json<'a>>,
    /// Whether arguments must keep to the schema.
    pub strict: Option<bool>,
    pub cache: Option<Cache<'a>>,
    pub rest: Rest<'a>,
}

/// Whether and which tools must be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolChoice<'a> {
    Auto,
    None,
    /// Some tool, whichever.
    Required,
    /// This tool.
    Named {
        name: Cow<'a, str>,
        kind: ToolKind,
    },
    /// One of these, or (unless `required`) none.
    Allowed {
        names: Vec<Cow<'a, str>>,
        required: bool,
    },
    /// A form of one API that is not listed here, as its JSON text.
    Other {
        api: Api,
        raw: Cow<'a, str>,
    },
}

/// Thinking before the answer, as asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thinking<'a> {
    pub mode: ThinkingMode,
    /// `none`, `minimal`, `low`, `medium`, `high`, …
    pub effort: Option<Cow<'a, str>>,
    /// The most tokens to think for.
    pub budget: Option<u64>,
    /// Whether, and how, the client wants to see it: `auto`, `concise`, `detailed`; `omitted` for not at all.
    pub summary: Option<Cow<'a, str>>,
}

impl Thinking<'_> {
    /// Whether there is to be none.
    pub fn is_off(&self) -> bool {
        let none = self.budget == Some(0) || self.effort.as_deref() == Some("none");
        self.mode == ThinkingMode::Disabled || none
    }

    /// Whether it is asked for.
    pub fn is_on(&self) -> bool {
        let said = self.mode != ThinkingMode::Unsaid || self.effort.is_some() || self.budget.is_some();
        said && !self.is_off()
    }
}

/// Who decides on thinking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThinkingMode {
    /// Not said: effort or budget tell.
    #[default]
    Unsaid,
    Enabled,
    /// The model decides.
    Adaptive,
    Disabled,
}

/// The answer's form.
#[derive(Clone, Debug, PartialEq)]
pub enum Format<'a> {
    Text,
    /// Any JSON object.
    Json,
    Schema {
        name: Option<Cow<'a, str>>,
        description: Option<Cow<'a, str>>,
        schema: Json<'a>,
        strict: Option<bool>,
    },
}

impl<'a> Turn<'a> {
    /// A turn without a name.
    pub fn new(role: Role<'a>, blocks: Vec<Block<'a>>) -> Turn<'a> {
        Turn { role, blocks, name: None, rest: Rest::new() }
    }
}

impl<'a> Block<'a> {
    /// Words without citations or marks.
    pub fn text(text: impl Into<Cow<'a, str>>) -> Block<'a> {
        Block::Text(Text { text: text.into(), ..Text::default() })
    }
}

impl<'a> Media<'a> {
    /// Bytes from `source` and nothing more about them.
    pub fn new(source: Source<'a>) -> Media<'a> {
        Media {
            source,
            detail: None,
            title: None,
            context: None,
            citations: None,
            found: None,
            cache: None,
            rest: Rest::new(),
        }
    }
}
