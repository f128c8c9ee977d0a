//! What is read of a request within what goes nowhere else: neither to a provider of the same API nor among the losses
//! that writers name.

use crate::api::lost::{OTHERS, Shape};

const SOURCE: Shape = Shape(&[
    ("type", None),
    ("media_type", None),
    ("data", None),
    ("url", None),
    ("file_id", None),
    ("content", None),
]);

/// A part of what a tool gave back; what a search found is words.
const RESULT: Shape =
    Shape(&[OTHERS, ("source", Some(&SOURCE)), ("content", Some(&Shape(&[("type", None), ("text", None)])))]);

pub(super) const REQUEST: Shape = Shape(&[
    OTHERS,
    (
        "messages",
        Some(&Shape(&[
            OTHERS,
            ("content", Some(&Shape(&[OTHERS, ("source", Some(&SOURCE)), ("content", Some(&RESULT))]))),
        ])),
    ),
    ("output_config", Some(&Shape(&[OTHERS, ("format", Some(&Shape(&[("type", None), ("schema", None)])))]))),
]);
