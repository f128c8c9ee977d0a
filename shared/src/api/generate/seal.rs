//! Thought signatures on their way through clients of other APIs.
//!
//! Gemini puts a signature on a call, on a thought, or on words, and wants it back at the same place. Other clients only
//! give back the signatures of thinking, so it goes to them there, with a mark that says whose it is and where it
//! belongs. What has no such mark is another provider's, which Gemini would refuse.
//!
//! <https://ai.google.dev/gemini-api/docs/thought-signatures>

/// Where a signature belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Thought,
    /// The call that comes next.
    Call,
    Words,
}

/// The marks of places.
const MARKS: [(&str, Place); 3] =
    [("gemini-thought:", Place::Thought), ("gemini-call:", Place::Call), ("gemini-words:", Place::Words)];

/// The signature with its mark.
pub(super) fn marked(place: Place, signature: &str) -> String {
    let mark = MARKS.iter().find(|(_, own)| *own == place).map_or("", |(mark, _)| mark);
    format!("{mark}{signature}")
}

/// A marked signature's place, and itself.
pub(super) fn unmarked(seal: &str) -> Option<(Place, &str)> {
    MARKS.iter().find_map(|(mark, place)| Some((*place, seal.strip_prefix(mark)?)))
}

/// Whether a signature can be one for this API's clients, who take Base64 only.
pub(super) fn is_base64(signature: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=');
    !signature.is_empty() && signature.bytes().all(fits)
}
