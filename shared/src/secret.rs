//! What nobody but its owner may see.

use std::fmt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use memchr::memmem;

/// What stands where a secret would.
const REDACTED: &str = "[redacted]";

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

    /// Whether it stands somewhere in what is said.
    pub(crate) fn is_in(&self, said: &[u8]) -> bool {
        // Most of what is asked about is the value of a header, and shorter.
        said.len() >= self.0.len() && memmem::find(said, self.0.as_bytes()).is_some()
    }

    /// What is said, without it.
    pub(crate) fn redact(&self, said: Bytes) -> Bytes {
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
