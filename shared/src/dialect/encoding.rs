//! Which models read text in an encoding that is published.

/// A published way to cut text into tokens.
///
/// <https://github.com/openai/tiktoken/blob/main/tiktoken/model.py>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// `cl100k_base`.
    Cl100k,
    /// `o200k_base`. `o200k_harmony` cuts text alike.
    O200k,
}

/// What models' names begin with. What follows is a new word: `gpt-4` is not `gpt-4o`.
const MODELS: [(&str, Encoding); 15] = [
    ("chatgpt-4o", Encoding::O200k),
    ("codex-mini", Encoding::O200k),
    ("gpt-3.5", Encoding::Cl100k),
    ("gpt-35", Encoding::Cl100k),
    ("gpt-4.1", Encoding::O200k),
    ("gpt-4.5", Encoding::O200k),
    ("gpt-4", Encoding::Cl100k),
    ("gpt-4o", Encoding::O200k),
    ("gpt-5", Encoding::O200k),
    ("gpt-oss", Encoding::O200k),
    ("o1", Encoding::O200k),
    ("o3", Encoding::O200k),
    ("o4", Encoding::O200k),
    ("text-embedding-3", Encoding::Cl100k),
    ("text-embedding-ada", Encoding::Cl100k),
];

impl Encoding {
    /// That of a model, where it is known: `gpt-4o-mini`, `openai/gpt-oss-120b`, `ft:gpt-4.1:acme::1`.
    pub fn of(model: &str) -> Option<Encoding> {
        let name = model.rsplit('/').next().unwrap_or(model);
        let name = name.strip_prefix("ft:").unwrap_or(name);
        let begins = |beginning: &str| {
            let rest = name.strip_prefix(beginning)?;
            (!rest.starts_with(|letter: char| letter.is_ascii_alphanumeric())).then_some(())
        };
        MODELS.iter().find(|(beginning, _)| begins(beginning).is_some()).map(|&(_, encoding)| encoding)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_known_by_the_beginning_of_their_names() {
        for model in
            ["gpt-4o", "gpt-4o-mini", "gpt-5.1", "openai/gpt-oss-120b", "o3", "o4-mini", "ft:gpt-4.1:a::1"]
        {
            assert_eq!(Encoding::of(model), Some(Encoding::O200k), "{model}");
        }
        for model in ["gpt-4", "gpt-4-turbo", "gpt-3.5-turbo", "gpt-35-turbo-16k", "text-embedding-3-small"] {
            assert_eq!(Encoding::of(model), Some(Encoding::Cl100k), "{model}");
        }
    }

    #[test]
    fn other_models_are_not_known() {
        for model in ["gpt-4omega", "gpt-6", "claude-opus-4-5", "o11", "llama-3.3-70b", "my-gpt-4o", ""] {
            assert_eq!(Encoding::of(model), None, "{model}");
        }
    }
}
