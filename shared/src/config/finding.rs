//! What is found to be wrong, and where.

use std::fmt;

/// Something to tell the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub path: Path,
    pub severity: Severity,
    /// A sentence's worth, without a full stop. Never a secret.
    pub message: String,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The configuration cannot be used.
    Error,
    /// It can, but hardly as it was meant.
    Warning,
}

/// The keys from the top of a configuration to a value in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path(Vec<Step>);

/// One key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Key(String),
    Index(usize),
}

impl Path {
    /// The value under `key`.
    pub fn key(&self, key: &str) -> Path {
        self.then(Step::Key(key.to_owned()))
    }

    /// The value at `index`.
    pub fn index(&self, index: usize) -> Path {
        self.then(Step::Index(index))
    }

    /// The keys, from the top.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// What the value is part of; the top for the top.
    pub fn parent(&self) -> Path {
        Path(self.0.split_last().map(|(_, above)| above.to_vec()).unwrap_or_default())
    }

    fn then(&self, step: Step) -> Path {
        Path(self.0.iter().cloned().chain(std::iter::once(step)).collect())
    }
}

/// `model_providers[0].base_url`; a key with other characters than a word's is quoted.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) => {
                    let dot = if number == 0 { "" } else { "." };
                    let plain =
                        key.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-'));
                    if plain { write!(f, "{dot}{key}")? } else { write!(f, "{dot}{key:?}")? }
                }
            }
        }
        Ok(())
    }
}

/// `; did you mean …?` for the known word that is nearest, nothing where none is near.
pub fn suggestion<'w>(word: &str, known: impl IntoIterator<Item = &'w str>) -> String {
    let near = known.into_iter().map(|known| (strsim::jaro_winkler(word, known), known));
    match near.filter(|(likeness, _)| *likeness > 0.82).max_by(|(a, _), (b, _)| a.total_cmp(b)) {
        Some((_, known)) => format!("; did you mean `{known}`?"),
        None => String::new(),
    }
}
