//! The families of APIs, and what is true of each whatever is said in it.

use crate::wire::Framing;

/// A family of APIs: what clients speak, and what providers speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Api {
    /// OpenAI Chat Completions and everything that follows it.
    Completions,
    /// Anthropic Messages.
    Messages,
    /// OpenAI Responses.
    Responses,
    /// Amazon Bedrock's Converse and ConverseStream, spoken to providers only.
    Converse,
    /// Gemini's generateContent.
    Generate,
}

impl Api {
    /// All of them.
    pub const ALL: [Api; 5] = [Api::Completions, Api::Messages, Api::Responses, Api::Converse, Api::Generate];

    /// The word for the family in configurations, reports and headers.
    pub fn name(self) -> &'static str {
        match self {
            Api::Completions => "completions",
            Api::Messages => "messages",
            Api::Responses => "responses",
            Api::Converse => "converse",
            Api::Generate => "generate",
        }
    }

    /// How the family frames its streams.
    pub fn framing(self) -> Framing {
        match self {
            Api::Completions | Api::Messages | Api::Responses | Api::Generate => Framing::Events,
            Api::Converse => Framing::Binary,
        }
    }

    /// Whether requests name their model in the body; otherwise the path does, and says whether to stream.
    pub fn names_model(self) -> bool {
        self != Api::Generate
    }

    /// Whether the family has a place for the addresses of images, and whether for those of documents.
    pub fn takes_addresses(self) -> (bool, bool) {
        match self {
            Api::Completions => (true, false),
            Api::Messages | Api::Responses | Api::Generate => (true, true),
            Api::Converse => (false, false),
        }
    }

    /// Where whole answers name the model, and where events of streams do.
    pub fn model_places(self) -> (&'static [&'static str], &'static [&'static str]) {
        match self {
            Api::Completions => (&["model"], &["model"]),
            Api::Messages => (&["model"], &["message", "model"]),
            Api::Responses => (&["model"], &["response", "model"]),
            Api::Generate => (&["modelVersion"], &["modelVersion"]),
            Api::Converse => (&[], &[]),
        }
    }
}
