//! What is read of a request within what goes nowhere else: neither to a provider of the same API nor among the losses
//! that writers name.

use crate::api::lost::{OTHERS, Shape};

const NAME: Shape = Shape(&[("name", None)]);

const PART: Shape = Shape(&[
    OTHERS,
    ("input_audio", Some(&Shape(&[("format", None), ("data", None)]))),
    ("file", Some(&Shape(&[("file_id", None), ("file_data", None), ("filename", None)]))),
    ("cache_control", Some(&Shape(&[("type", None), ("ttl", None)]))),
]);

/// A call of a function, and what is in one of free text.
pub(super) const FUNCTION: Shape = Shape(&[("name", None), ("arguments", None)]);
pub(super) const CUSTOM: Shape = Shape(&[("name", None), ("input", None)]);

/// What is not of OpenAI's: where Gemini's signature stands.
pub(super) const EXTRA: Shape = Shape(&[("google", Some(&Shape(&[("thought_signature", None)])))]);

const CALL: Shape = Shape(&[
    OTHERS,
    ("function", Some(&FUNCTION)),
    ("custom", Some(&CUSTOM)),
    ("extra_content", Some(&EXTRA)),
]);

const TOOL: Shape = Shape(&[
    OTHERS,
    (
        "custom",
        Some(&Shape(&[
            OTHERS,
            (
                "format",
                Some(&Shape(&[
                    ("type", None),
                    ("grammar", Some(&Shape(&[("syntax", None), ("definition", None)]))),
                ])),
            ),
        ])),
    ),
]);

/// Both the nested and the flat form of `allowed_tools`.
const CHOICE: Shape = Shape(&[
    ("type", None),
    ("function", Some(&NAME)),
    ("custom", Some(&NAME)),
    ("mode", None),
    ("tools", Some(&CHOSEN)),
    ("allowed_tools", Some(&Shape(&[("mode", None), ("tools", Some(&CHOSEN))]))),
]);

const CHOSEN: Shape =
    Shape(&[("type", None), ("name", None), ("function", Some(&NAME)), ("custom", Some(&NAME))]);

const PLACE: Shape =
    Shape(&[("type", None), ("country", None), ("region", None), ("city", None), ("timezone", None)]);

pub(super) const REQUEST: Shape = Shape(&[
    OTHERS,
    (
        "messages",
        Some(&Shape(&[
            OTHERS,
            ("content", Some(&PART)),
            ("function_call", Some(&FUNCTION)),
            ("tool_calls", Some(&CALL)),
        ])),
    ),
    ("function_call", Some(&NAME)),
    ("tools", Some(&TOOL)),
    ("tool_choice", Some(&CHOICE)),
    (
        "response_format",
        Some(&Shape(&[
            ("type", None),
            (
                "json_schema",
                Some(&Shape(&[("name", None), ("description", None), ("schema", None), ("strict", None)])),
            ),
        ])),
    ),
    (
        "web_search_options",
        Some(&Shape(&[
            ("search_context_size", None),
            (
                "user_location",
                Some(&Shape(&[
                    ("type", None),
                    ("approximate", Some(&PLACE)),
                    ("country", None),
                    ("region", None),
                    ("city", None),
                    ("timezone", None),
                ])),
            ),
        ])),
    ),
]);
