//! How many tokens a text has in the encodings that are published. A table takes memory and a moment to unpack, so it is
//! unpacked when the first request is counted that needs it; most processes never do.

use shared::dialect::Encoding;

/// The longest text that is counted, in bytes. It takes up to a tenth of a second, for which the thread answers
/// nobody else; a longer one is estimated.
const LONGEST: usize = 2 * 1024 * 1024;

/// The tokens of a text; none where it is too long.
pub fn count(encoding: Encoding, text: &str) -> Option<u64> {
    let fits = text.len() <= LONGEST;
    fits.then(|| table(encoding).count(text) as u64)
}

fn table(encoding: Encoding) -> &'static bpe_openai::Tokenizer {
    match encoding {
        Encoding::Cl100k => bpe_openai::cl100k_base(),
        Encoding::O200k => bpe_openai::o200k_base(),
    }
}
