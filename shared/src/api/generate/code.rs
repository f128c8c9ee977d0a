//! Code that the provider ran while it answered.
//!
//! <https://ai.google.dev/gemini-api/docs/code-execution>

use std::borrow::Cow;

use bytes::BytesMut;

use crate::api::lost::Shape;
use crate::api::steps::{Step, What};
use crate::wire::json::{Json, Writer};

/// The members of parts that steps are made of.
pub(super) const STEP: Shape = Shape(&[
    ("executableCode", Some(&Shape(&[("id", None), ("language", None), ("code", None)]))),
    ("codeExecutionResult", Some(&Shape(&[("id", None), ("outcome", None), ("output", None)]))),
]);

/// The step that a part of an answer tells of.
pub(super) fn step<'a>(part: Json<'a>) -> Option<Step<'a>> {
    let word = |of: Json<'a>, name: &str| of.get(name).and_then(Json::string);
    let (inner, what) = match (part.get("executableCode"), part.get("codeExecutionResult")) {
        (Some(code), _) => (code, What::Ran(word(code, "code")?)),
        (None, Some(result)) => {
            let failed = word(result, "outcome").as_deref() != Some("OUTCOME_OK");
            (result, What::Printed { text: word(result, "output").unwrap_or_default(), failed })
        }
        _ => return None,
    };
    Some(Step { id: word(inner, "id").unwrap_or(Cow::Borrowed("")), what })
}

/// Writes steps as parts. What was searched for has none.
pub(super) fn write(steps: &[Step<'_>]) -> Vec<String> {
    let part = |step: &Step<'_>| {
        let mut out = BytesMut::new();
        let mut writer = Writer::new(&mut out);
        match &step.what {
            What::Searched(_) | What::Found(_) => return None,
            What::Ran(code) => writer.object(|o| {
                o.key("executableCode").object(|o| {
                    o.key("language").string("PYTHON");
                    o.key("code").string(code);
                });
            }),
            What::Printed { text, failed } => writer.object(|o| {
                o.key("codeExecutionResult").object(|o| {
                    o.key("outcome").string(if *failed { "OUTCOME_FAILED" } else { "OUTCOME_OK" });
                    o.key("output").string(text);
                });
            }),
        }
        Some(String::from_utf8_lossy(&out).into_owned())
    };
    steps.iter().filter_map(part).collect()
}
