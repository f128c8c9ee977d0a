//! The operator's keys, where a provider quotes them.

use std::sync::Arc;

use bytes::Bytes;

use super::{Credential, Provider};
use crate::secret::Secret;

/// The shortest text that is taken for a secret, in bytes. Keys of providers have 30 and more.
const SHORTEST: usize = 16;

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
