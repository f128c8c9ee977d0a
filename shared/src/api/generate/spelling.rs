//! One spelling for what clients may spell in several ways: members in camel case (Protobuf's JSON form takes the
//! fields' own names too, and numbers for the words of enumerations), and schemas of OpenAPI's subset as JSON schemas.
//!
//! <https://protobuf.dev/programming-guides/json/>

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};

use super::schema;
use crate::wire::json::{Json, Kind, Writer};

/// Members whose inner names are the client's own.
const OWN: [&str; 6] =
    ["args", "response", "parametersJsonSchema", "responseJsonSchema", "labels", "partMetadata"];

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
