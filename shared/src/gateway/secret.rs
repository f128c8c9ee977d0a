//! What nobody but its owner may see.

use std::fmt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use memchr::memmem;

use super::{Credential, Provider};

/// What stands where a secret would.
const REDACTED: &str = "[redacted]";

/// The shortest text that is taken for a secret, in bytes. Keys of providers have 30 and more.
const SHORTEST: usize = 16;

/// Text that no log may show.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Keeps `text` out of `Debug`.
    pub fn new(text: String) -> Secret {
        Secret(text.into())
    }

    /// The text, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    fn is_in(&self, said: &[u8]) -> bool {
        // Most of what is asked about is the value of a header, and shorter.
        said.len() >= self.0.len() && memmem::find(said, self.0.as_bytes()).is_some()
    }

    fn redact(&self, said: Bytes) -> Bytes {
        if !self.is_in(&said) {
            return said;
        }
        let (mut out, mut copied) = (BytesMut::new(), 0);
        for at in memmem::find_iter(&said, self.0.as_bytes()) {
            out.extend_from_slice(said.get(copied..at).unwrap_or_default());
            out.extend_from_slice(REDACTED.as_bytes());
            copied = at + self.0.len();
        }
        out.extend_from_slice(said.get(copied..).unwrap_or_default());
        out.freeze()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// The operator's keys, of which some providers quote the one that they refuse. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys(Arc<[Secret]>);

impl Keys {
    /// The keys of these providers, each once. What is short is no secret but a word, like `ollama`.
    pub(super) fn of(providers: &[Provider]) -> Keys {
        let mut keys: Vec<Secret> = Vec::new();
        for provider in providers {
            match &provider.credential {
                Credential::Key(key) if key.expose().len() >= SHORTEST && !keys.contains(key) => {
                    keys.push(key.clone());
                }
                _ => {}
            }
        }
        Keys(keys.into())
    }

    /// Whether a provider says one of them here.
    pub(crate) fn are_in(&self, said: &[u8]) -> bool {
        self.0.iter().any(|key| key.is_in(said))
    }

    /// What a provider says, without them.
    pub(crate) fn redact(&self, said: Bytes) -> Bytes {
        self.0.iter().fold(said, |said, key| key.redact(said))
    }
}
