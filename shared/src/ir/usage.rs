//! Tokens counted by the provider.

/// What an answer used, in tokens; `None` is not said, which is not 0.
///
/// `input` counts all of the prompt, what was read from and written to a cache included (as OpenAI counts, not as
/// Anthropic does); `output` counts all of the answer, reasoning included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default)]
pub struct Usage {
    pub input: Option<u64>,
    pub output: Option<u64>,
    /// Of the input: read from a cache.
    pub cache_read: Option<u64>,
    /// Of the input: written to a cache, whatever its lifetime.
    pub cache_write: Option<u64>,
    /// Of `cache_write`: kept for an hour.
    pub cache_write_1h: Option<u64>,
    /// Of the output: reasoning.
    pub reasoning: Option<u64>,
    pub audio_input: Option<u64>,
    pub audio_output: Option<u64>,
}

impl Usage {
    /// Takes over what `newer` says.
    pub fn update(&mut self, newer: &Usage) {
        self.input = newer.input.or(self.input);
        self.output = newer.output.or(self.output);
        self.cache_read = newer.cache_read.or(self.cache_read);
        self.cache_write = newer.cache_write.or(self.cache_write);
        self.cache_write_1h = newer.cache_write_1h.or(self.cache_write_1h);
        self.reasoning = newer.reasoning.or(self.reasoning);
        self.audio_input = newer.audio_input.or(self.audio_input);
        self.audio_output = newer.audio_output.or(self.audio_output);
    }

    /// Input and output together.
    pub fn total(&self) -> u64 {
        self.input.unwrap_or(0).saturating_add(self.output.unwrap_or(0))
    }

    /// The input that neither came from a cache nor went into one, as Anthropic and Bedrock count it.
    pub fn uncached_input(&self) -> u64 {
        let cached = self.cache_read.unwrap_or(0).saturating_add(self.cache_write.unwrap_or(0));
        self.input.unwrap_or(0).saturating_sub(cached)
    }
}
