//! Places as clients of this API write them.

use super::tool;
use crate::api::member::present;
use crate::api::written::Written;
use crate::wire::json::Json;

/// Members that a tool, a choice, a form or a part has all of its own in.
const HOLDERS: [&str; 7] =
    ["function", "custom", "json_schema", "image_url", "video_url", "input_audio", "file"];

/// What of a tool is its function's stands within `function`; the legacy form of all is in `functions`.
pub(super) const WRITTEN: Written = Written {
    differs: |place| !place.ends_with(".cache_control"),
    listed: outside_tools,
    is_named: |written, name| written == name || NAMES.contains(&(name, written)),
    holds: |name| HOLDERS.contains(&name),
};

/// Members of the representation that have another name here.
const NAMES: [(&str, &str); 4] = [
    ("title", "filename"),
    ("title", "document_name"),
    ("tools", "functions"),
    ("user", "safety_identifier"),
];

/// The place of a tool that is not among `tools`: behind these come the options of a search, and then the functions of
/// the legacy form.
fn outside_tools(body: Json<'_>, place: &str) -> Option<String> {
    let (number, rest) = place.strip_prefix("tools[")?.split_once(']')?;
    let tools = present(body, "tools").map_or(0, |tools| tools.items().count());
    let behind = number.parse::<usize>().ok()?.checked_sub(tools)?;
    match behind.checked_sub(usize::from(present(body, tool::SEARCH).is_some())) {
        None => Some(format!("{}{rest}", tool::SEARCH)),
        Some(number) => Some(format!("functions[{number}]{rest}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, places: &[(&str, &str)]) {
        let body = Json::parse(body.as_bytes()).unwrap();
        for (place, written) in places {
            assert_eq!(WRITTEN.place(body, place), *written);
        }
    }

    #[test]
    fn what_is_a_functions_stands_in_it() {
        let body = r#"{"tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":{"not":{}}},
            "cache_control":{}},{"type":"custom","custom":{"name":"g","format":{"type":"grammar"}}}]}"#;
        check(
            body,
            &[
                ("tools[0].strict", "tools[0].function.strict"),
                ("tools[0].parameters.not", "tools[0].function.parameters.not"),
                ("tools[0].function.strict", "tools[0].function.strict"),
                ("tools[0].cache_control", "tools[0].cache_control"),
                ("tools[1].format", "tools[1].custom.format"),
            ],
        );
    }

    #[test]
    fn tools_of_other_members_are_found_there() {
        let body = r#"{"tools":[{"type":"function"}],"web_search_options":{"user_location":{}},
            "functions":[{"name":"f","parameters":{"not":{}}}]}"#;
        check(
            body,
            &[
                ("tools[0]", "tools[0]"),
                ("tools[1].user_location", "web_search_options.user_location"),
                ("tools[2].parameters.not", "functions[0].parameters.not"),
            ],
        );
    }

    #[test]
    fn a_form_stands_in_its_schemas_member() {
        let body =
            r#"{"response_format":{"type":"json_schema","json_schema":{"strict":true,"schema":{"not":{}}}}}"#;
        check(
            body,
            &[
                ("response_format.strict", "response_format.json_schema.strict"),
                ("response_format.schema.not", "response_format.json_schema.schema.not"),
                ("response_format", "response_format"),
            ],
        );
    }

    /// A tool that is written as for another API lacks what the error names; its schema has something of that name.
    #[test]
    fn what_is_missing_is_not_sought_in_schemas() {
        check(
            r#"{"tools":[{"name":"f","parameters":{"type":"object"}}]}"#,
            &[("tools[0].type", "tools[0].type")],
        );
    }

    #[test]
    fn a_parts_details_stand_in_its_one_member() {
        let body = r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x","detail":"low"}}]},
            {"role":"user","content":"hi"}]}"#;
        check(
            body,
            &[
                ("messages[0].content[0].detail", "messages[0].content[0].image_url.detail"),
                ("messages[1].content[0].detail", "messages[1].content[0].detail"),
            ],
        );
    }
}
