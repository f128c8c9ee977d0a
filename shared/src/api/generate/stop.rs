//! Why an answer ended.
//!
//! <https://ai.google.dev/api/generate-content#FinishReason>

use crate::error::Error;
use crate::ir::{Stop, StopReason};

/// Words for what a filter did.
const REFUSALS: [&str; 12] = [
    "SAFETY",
    "RECITATION",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "LANGUAGE",
    "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT",
    "IMAGE_RECITATION",
    "MODEL_ARMOR",
    "ESCALATION",
    "PUP_LIMITED_DISABLED",
];

/// Words for an answer that the model did not get right: it is none, and no other API has a word for it.
const GARBLED: [&str; 3] = ["MALFORMED_FUNCTION_CALL", "MALFORMED_RESPONSE", "UNEXPECTED_TOOL_CALL"];

/// The reason that a `finishReason` names. The API has no word for calls: it is done once it has made them.
pub(super) fn read(word: &str, called: bool) -> StopReason {
    match word {
        "STOP" if called => StopReason::ToolUse,
        "STOP" | "FINISH_REASON_UNSPECIFIED" => StopReason::Done,
        "MAX_TOKENS" | "CONTINUATION" => StopReason::MaxTokens,
        // The provider's own round of tools was long enough.
        "TOO_MANY_TOOL_CALLS" => StopReason::Pause,
        _ if REFUSALS.contains(&word) => StopReason::Refusal,
        _ => StopReason::Other(word.to_owned()),
    }
}

/// Why an answer that ends so is none.
pub(super) fn failure(word: &str, said: Option<&str>) -> Option<Error> {
    GARBLED.contains(&word).then(|| Error::garbled(word, said))
}

/// The word for a reason; `refused` is whether the answer has a refusal in it.
pub(super) fn word<'s>(stop: Option<&'s Stop<'_>>, refused: bool) -> &'s str {
    match stop.map_or(&StopReason::Done, |stop| &stop.reason) {
        StopReason::Done if refused => "SAFETY",
        StopReason::Done | StopReason::StopSequence | StopReason::ToolUse => "STOP",
        StopReason::MaxTokens | StopReason::ContextWindow => "MAX_TOKENS",
        StopReason::Refusal => "SAFETY",
        StopReason::Other(word) if is_own(word) => word,
        StopReason::Pause | StopReason::Other(_) => "OTHER",
    }
}

fn is_own(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}
