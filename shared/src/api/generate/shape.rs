//! What is read of a request within what goes nowhere else: neither to a provider of the same API nor among the losses
//! that writers name.

use crate::api::lost::{OTHERS, Shape};

const CALL: Shape = Shape(&[("id", None), ("name", None), ("args", None)]);

const BYTES: Shape = Shape(&[("mimeType", None), ("data", None), ("displayName", None)]);

const FILE: Shape = Shape(&[("mimeType", None), ("fileUri", None), ("displayName", None)]);

const RESULT: Shape = Shape(&[
    OTHERS,
    ("parts", Some(&Shape(&[OTHERS, ("inlineData", Some(&BYTES)), ("fileData", Some(&FILE))]))),
]);

const PART: Shape = Shape(&[
    OTHERS,
    ("functionCall", Some(&CALL)),
    ("functionResponse", Some(&RESULT)),
    ("inlineData", Some(&BYTES)),
    ("fileData", Some(&FILE)),
]);

/// A search or a run of code is told nothing more.
const TOOL: Shape = Shape(&[
    OTHERS,
    ("googleSearch", Some(&Shape(&[]))),
    ("googleSearchRetrieval", Some(&Shape(&[]))),
    ("codeExecution", Some(&Shape(&[]))),
]);

pub(super) const REQUEST: Shape = Shape(&[
    OTHERS,
    ("contents", Some(&Shape(&[OTHERS, ("parts", Some(&PART))]))),
    (
        "toolConfig",
        Some(&Shape(&[
            OTHERS,
            ("functionCallingConfig", Some(&Shape(&[("mode", None), ("allowedFunctionNames", None)]))),
        ])),
    ),
    ("tools", Some(&TOOL)),
]);
