//! One spelling for what clients may spell in several ways: members in camel case (Protobuf's JSON form takes the
//! fields' own names too, and numbers for the words of enumerations), and schemas of OpenAPI's subset as JSON schemas.
//!
//! <https://protobuf.dev/programming-guides/json/>

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};

use super::schema;
use crate::api::written::Written;
use crate::wire::json::{Json, Kind, Writer};

/// Members whose inner names are the client's own.
const OWN: [&str; 6] =
    ["args", "response", "parametersJsonSchema", "responseJsonSchema", "labels", "partMetadata"];

/// The member of a tool that is a group of functions.
const FUNCTIONS: &str = "functionDeclarations";

/// Members that are schemas of OpenAPI's subset.
const SCHEMAS: [&str; 2] = ["parameters", "responseSchema"];

/// Whether tools must be called, by numbers.
///
/// <https://ai.google.dev/api/caching#Mode_1>
const MODES: [&str; 4] = ["MODE_UNSPECIFIED", "AUTO", "ANY", "NONE"];

/// The body with one spelling of everything; none where it is no object.
pub(super) fn straighten(body: Json<'_>) -> Option<Bytes> {
    if body.kind() != Kind::Object {
        return None;
    }
    let mut out = BytesMut::with_capacity(body.raw().len() + 64);
    write(body, &mut Writer::new(&mut out));
    Some(out.freeze())
}

fn write(value: Json<'_>, w: &mut Writer<'_>) {
    match value.kind() {
        Kind::Object => w.object(|o| value.fields().for_each(|(name, inner)| write_member(&name, inner, o))),
        Kind::Array => w.array(|a| value.items().for_each(|item| write(item, a))),
        _ => w.json(value),
    }
}

fn write_member(name: &str, value: Json<'_>, o: &mut Writer<'_>) {
    let name = camel(name);
    let o = o.key(&name);
    if OWN.contains(&&*name) {
        o.json(value);
    } else if SCHEMAS.contains(&&*name) {
        schema::write_as_json_schema(value, o);
    } else if let Some(word) = numbered_mode(&name, value) {
        o.string(word);
    } else {
        write(value, o);
    }
}

fn numbered_mode(name: &str, value: Json<'_>) -> Option<&'static str> {
    let number: usize = value.number().filter(|_| name == "mode")?;
    MODES.get(number).copied()
}

/// Clients have a spelling of their own, functions in the groups that they came in, and what belongs to a part's one member
/// within that.
pub(super) const WRITTEN: Written =
    Written { differs: |_| true, listed: in_groups, is_named, holds: |_| true };

fn is_named(written: &str, name: &str) -> bool {
    written == name
        || camel(written) == name
        || name == "parameters" && camel(written) == "parametersJsonSchema"
}

/// The place of a tool, of which the representation has one for each function.
fn in_groups(body: Json<'_>, place: &str) -> Option<String> {
    let (number, rest) = place.strip_prefix("tools[")?.split_once(']')?;
    let mut left: usize = number.parse().ok()?;
    for (index, tool) in body.get("tools")?.items().enumerate() {
        for (name, value) in tool.fields().filter(|(_, value)| !value.is_null()) {
            let functions = (camel(&name) == FUNCTIONS).then(|| value.items().count());
            match left.checked_sub(functions.unwrap_or(1)) {
                Some(after) => left = after,
                None if functions.is_some() => {
                    return Some(format!("tools[{index}].{FUNCTIONS}[{left}]{rest}"));
                }
                None => return Some(format!("tools[{index}].{name}{rest}")),
            }
        }
    }
    None
}

/// `system_instruction` as `systemInstruction`.
pub(super) fn camel(name: &str) -> Cow<'_, str> {
    if !name.contains('_') {
        return Cow::Borrowed(name);
    }
    let mut words = name.split('_');
    let mut whole = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        whole.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        whole.push_str(letters.as_str());
    }
    Cow::Owned(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expected: &str) {
        let straight = straighten(Json::parse(body.as_bytes()).unwrap()).unwrap();
        assert_eq!(std::str::from_utf8(&straight).unwrap(), expected);
    }

    #[test]
    fn both_spellings_are_one_and_the_clients_own_names_stay() {
        check(
            r#"{"system_instruction":{"parts":[{"inline_data":{"mime_type":"a/b"}}]}}"#,
            r#"{"systemInstruction":{"parts":[{"inlineData":{"mimeType":"a/b"}}]}}"#,
        );
        check(
            r#"{"function_call":{"args":{"my_key":1}},"parts":[1.50]}"#,
            r#"{"functionCall":{"args":{"my_key":1}},"parts":[1.50]}"#,
        );
    }

    #[test]
    fn places_are_told_as_they_were_written() {
        let body = r#"{"system_instruction":{"parts":[{"text":"a","of_tomorrow":1}]},"generation_config":{"top_k":4},
            "contents":[{"parts":[{"text":"b"},{"file_data":{"mime_type":"a/b"},"videoMetadata":{}}]}],
            "tools":[{"google_search":{}},{"function_declarations":[{"name":"f"},{"name":"g","parameters_json_schema":{"a_b":1}}]},
                {"functionDeclarations":[{"name":"h","parameters":{"not":{}}}]}]}"#;
        for (place, written) in [
            ("systemInstruction.parts[0].ofTomorrow", "system_instruction.parts[0].of_tomorrow"),
            ("generationConfig.topK", "generation_config.top_k"),
            ("contents[0].parts[1].mimeType", "contents[0].parts[1].file_data.mime_type"),
            ("contents[0].parts[1].videoMetadata", "contents[0].parts[1].videoMetadata"),
            ("contents[9].parts[1].x", "contents[9].parts[1].x"),
            ("tools[0]", "tools[0].google_search"),
            ("tools[2].parameters.a_b", "tools[1].function_declarations[1].parameters_json_schema.a_b"),
            ("tools[3].parameters.not", "tools[2].functionDeclarations[0].parameters.not"),
            ("tools[4].x", "tools[4].x"),
            ("temperature", "temperature"),
        ] {
            assert_eq!(WRITTEN.place(Json::parse(body.as_bytes()).unwrap(), place), written);
        }
    }

    #[test]
    fn enumerations_may_be_numbers() {
        check(
            r#"{"functionCallingConfig":{"mode":2},"parameters":{"type":6,"properties":{"type":{"type":1}}}}"#,
            r#"{"functionCallingConfig":{"mode":"ANY"},"parameters":{"type":"object","properties":{"type":{"type":"string"}}}}"#,
        );
    }

    /// Google's SDK for Python sends schemas with the names that its own types have.
    #[test]
    fn keywords_of_schemas_may_be_spelled_with_underscores_and_properties_stay() {
        check(
            r#"{"parameters":{"any_of":[{"type":"STRING","max_length":"2"},{"type":"ARRAY","min_items":1}],"property_ordering":["any_of"],"properties":{"any_of":{"type":"NUMBER"}}}}"#,
            r#"{"parameters":{"anyOf":[{"type":"string","maxLength":2},{"type":"array","minItems":1}],"propertyOrdering":["any_of"],"properties":{"any_of":{"type":"number"}}}}"#,
        );
    }

    /// Vertex's schemas refer to each other without the `$`; a property of that name is one.
    #[test]
    fn references_are_those_of_json_schema() {
        check(
            r##"{"parameters":{"type":"OBJECT","properties":{"ref":{"ref":"#/defs/Pet"},"defs":{"type":"STRING"}},"defs":{"Pet":{"type":"STRING"}}}}"##,
            r##"{"parameters":{"type":"object","properties":{"ref":{"$ref":"#/$defs/Pet"},"defs":{"type":"string"}},"$defs":{"Pet":{"type":"string"}}}}"##,
        );
    }

    #[test]
    fn schemas_of_openapi_become_json_schemas() {
        check(
            r#"{"parameters":{"type":"OBJECT","properties":{"a_type":{"type":"STRING","nullable":true,"format":"enum","enum":["x"]},"type":{"type":"INTEGER","minItems":"2"}}}}"#,
            r#"{"parameters":{"type":"object","properties":{"a_type":{"type":["string","null"],"format":"enum","enum":["x",null]},"type":{"type":"integer","minItems":2}}}}"#,
        );
    }
}
