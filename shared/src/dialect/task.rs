//! What can be asked of a provider besides an answer.

/// What can be asked of a provider besides an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// How many tokens a request has.
    Count,
    /// Vectors for texts.
    Embeddings,
    /// OpenAI's Completions of before Chat Completions.
    Texts,
    /// Pictures, made and edited.
    Images,
    /// Speech, and what was said in it.
    Audio,
    Moderations,
    Rerank,
    /// Files that the provider keeps.
    Files,
    /// Many requests at once, answered later.
    Batches,
    /// Responses that the provider keeps.
    Responses,
}

impl Task {
    /// The word for it in errors.
    pub fn name(self) -> &'static str {
        match self {
            Task::Count => "a counter of tokens",
            Task::Embeddings => "embeddings",
            Task::Texts => "text completions",
            Task::Images => "images",
            Task::Audio => "audio",
            Task::Moderations => "moderations",
            Task::Rerank => "rerank",
            Task::Files => "files",
            Task::Batches => "batches",
            Task::Responses => "stored responses",
        }
    }
}
