//! What is read of a request within what goes nowhere else: neither to a provider of the same API nor among the losses
//! that writers name.

use crate::api::lost::{OTHERS, Shape};

const PART: Shape = Shape(&[OTHERS, ("input_audio", Some(&Shape(&[("format", None), ("data", None)])))]);

const CHOICE: Shape = Shape(&[
    ("type", None),
    ("name", None),
    ("namespace", None),
    ("mode", None),
    ("tools", Some(&Shape(&[("type", None), ("name", None), ("namespace", None)]))),
]);

const TOOL: Shape = Shape(&[
    OTHERS,
    ("format", Some(&Shape(&[("type", None), ("syntax", None), ("definition", None)]))),
    ("container", Some(&Shape(&[("type", None), ("file_ids", None)]))),
    ("filters", Some(&Shape(&[("allowed_domains", None)]))),
]);

pub(super) const REQUEST: Shape = Shape(&[
    OTHERS,
    (
        "input",
        Some(&Shape(&[
            OTHERS,
            ("content", Some(&PART)),
            ("output", Some(&PART)),
            ("summary", Some(&Shape(&[("type", None), ("text", None)]))),
        ])),
    ),
    ("tool_choice", Some(&CHOICE)),
    ("tools", Some(&TOOL)),
    (
        "text",
        Some(&Shape(&[
            OTHERS,
            (
                "format",
                Some(&Shape(&[
                    ("type", None),
                    ("name", None),
                    ("description", None),
                    ("schema", None),
                    ("strict", None),
                ])),
            ),
        ])),
    ),
]);
