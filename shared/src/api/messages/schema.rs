//! Schemas that answers and strict tools keep to: what of JSON schema the API takes, and how the rest is said.
//!
//! Objects must be closed. A keyword that the API refuses goes into the description, where the model still reads it.
//!
//! <https://docs.anthropic.com/en/docs/build-with-claude/structured-outputs#json-schema-limitations>

use std::fmt::Display;

use crate::ir::{Loss, Why};
use crate::wire::json::{Json, Kind, Writer};

/// The keywords that are taken as they are, whatever their value.
const TAKEN: [&str; 11] = [
    "$ref",
    "$defs",
    "const",
    "default",
    "definitions",
    "enum",
    "pattern",
    "properties",
    "required",
    "title",
    "type",
];

/// Keywords whose value is a schema by each name.
const NAMED: [&str; 3] = ["$defs", "definitions", "properties"];

/// Keywords whose value is a schema or an array of them, and what they are called here.
const NESTED: [(&str, &str); 4] =
    [("allOf", "allOf"), ("anyOf", "anyOf"), ("items", "items"), ("oneOf", "anyOf")];

/// Remarks for a schema's readers, which say nothing of what it describes.
const REMARKS: [&str; 4] = ["$comment", "$schema", "$id", "examples"];

/// The formats of strings that are kept to.
const FORMATS: [&str; 10] =
    ["date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uri", "uuid"];

/// Writes a schema within the API's limits; what is not in it as it was is a loss behind `path`.
pub(in crate::api) fn write(
    schema: Json<'_>,
    path: &dyn Display,
    lost: &mut Vec<Loss>,
    value: &mut Writer<'_>,
) {
    if schema.kind() != Kind::Object {
        return value.json(schema);
    }
    let is_literal = schema.get("enum").or_else(|| schema.get("const")).is_some();
    let types = schema.get("type").filter(|types| types.kind() == Kind::Array);
    value.object(|o| match types {
        // A literal tells its own type.
        Some(_) if is_literal => write_members(schema, &[("type", None)], path, lost, o),
        Some(types) => write_alternatives(schema, types, path, lost, o),
        None => write_members(schema, &[], path, lost, o),
    });
}

/// Writes a schema of several types as one of each: the API takes one type at a time.
fn write_alternatives(
    schema: Json<'_>,
    types: Json<'_>,
    path: &dyn Display,
    lost: &mut Vec<Loss>,
    o: &mut Writer<'_>,
) {
    const OUTSIDE: [&str; 3] = ["description", "title", "default"];
    for (name, value) in schema.fields().filter(|(name, _)| OUTSIDE.contains(&&**name)) {
        o.key(&name).json(value);
    }
    let without = OUTSIDE.map(|name| (name, None));
    o.key("anyOf").array(|a| {
        for kind in types.items() {
            if kind.string().as_deref() == Some("null") {
                a.object(|o| o.key("type").string("null"));
                continue;
            }
            let [one, two, three] = without;
            a.object(|o| write_members(schema, &[("type", Some(kind)), one, two, three], path, lost, o));
        }
    });
}

/// Writes the keywords of a schema; `instead` are those that have another value, or none.
fn write_members(
    schema: Json<'_>,
    instead: &[(&str, Option<Json<'_>>)],
    path: &dyn Display,
    lost: &mut Vec<Loss>,
    o: &mut Writer<'_>,
) {
    let mut said = Vec::new();
    for (name, value) in schema.fields().filter(|(name, _)| name != "description") {
        let value = match instead.iter().find(|(own, _)| *own == name) {
            Some((_, None)) => continue,
            Some((_, Some(other))) => *other,
            None => value,
        };
        write_keyword(&name, value, path, lost, &mut said, o);
    }
    if describes_object(schema, instead) {
        o.key("additionalProperties").boolean(false);
    }
    let outside = instead.iter().any(|(name, value)| *name == "description" && value.is_none());
    let description = schema.get("description").and_then(Json::string).filter(|_| !outside);
    let described = description.iter().map(|text| text.to_string());
    let text = described.chain(said).collect::<Vec<_>>().join("\n");
    if !text.is_empty() {
        o.key("description").string(&text);
    }
}

fn describes_object(schema: Json<'_>, instead: &[(&str, Option<Json<'_>>)]) -> bool {
    let other = instead.iter().find(|(name, _)| *name == "type").and_then(|(_, value)| *value);
    match other.or_else(|| schema.get("type")).and_then(Json::string) {
        Some(kind) => kind == "object",
        None => schema.get("properties").is_some(),
    }
}

/// Writes a keyword, or puts it among what is `said` in the description.
fn write_keyword(
    name: &str,
    value: Json<'_>,
    path: &dyn Display,
    lost: &mut Vec<Loss>,
    said: &mut Vec<String>,
    o: &mut Writer<'_>,
) {
    let below = format!("{path}.{name}");
    if let Some((_, own)) = NESTED.iter().find(|(keyword, _)| *keyword == name) {
        if *own != name {
            lost.push(Loss::new(below.clone(), Why::Approximated));
        }
        return write_nested(value, &below, lost, o.key(own));
    }
    match name {
        _ if REMARKS.contains(&name) => {}
        "additionalProperties" => {
            if value.boolean() != Some(false) {
                lost.push(Loss::new(below, Why::Approximated));
            }
        }
        _ if NAMED.contains(&name) && value.kind() == Kind::Object => o.key(name).object(|o| {
            value.fields().for_each(|(name, inner)| {
                write(inner, &format!("{below}.{name}"), lost, o.key(&name));
            });
        }),
        _ if is_taken(name, value) => o.key(name).json(value),
        _ => {
            lost.push(Loss::new(below, Why::Approximated));
            said.push(format!("{name}: {}", value.raw()));
        }
    }
}

fn is_taken(name: &str, value: Json<'_>) -> bool {
    match name {
        "format" => value.string().is_some_and(|format| FORMATS.contains(&&*format)),
        "minItems" => value.number::<u64>().is_some_and(|least| least < 2),
        _ => TAKEN.contains(&name),
    }
}

fn write_nested(value: Json<'_>, path: &str, lost: &mut Vec<Loss>, w: &mut Writer<'_>) {
    if value.kind() != Kind::Array {
        return write(value, &path, lost, w);
    }
    w.array(|a| {
        for (index, item) in value.items().enumerate() {
            write(item, &format!("{path}[{index}]"), lost, a);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BytesMut;

    fn check(schema: &str, expected: &str, losses: &[&str]) {
        let (mut out, mut lost) = (BytesMut::new(), Vec::new());
        write(Json::parse(schema.as_bytes()).unwrap(), &"s", &mut lost, &mut Writer::new(&mut out));
        assert_eq!(std::str::from_utf8(&out).unwrap(), expected);
        assert_eq!(lost.iter().map(Loss::to_string).collect::<Vec<_>>(), losses);
    }

    #[test]
    fn p23_objects_are_closed_wherever_they_are() {
        check(
            r#"{"$schema":"x","type":"object","properties":{"a":{"type":"array","items":{"properties":{}}}},"required":["a"]}"#,
            r#"{"type":"object","properties":{"a":{"type":"array","items":{"properties":{},"additionalProperties":false}}},"required":["a"],"additionalProperties":false}"#,
            &[],
        );
        check(
            r#"{"type":"object","additionalProperties":{"type":"string"}}"#,
            r#"{"type":"object","additionalProperties":false}"#,
            &["s.additionalProperties(approximated)"],
        );
    }

    #[test]
    fn p23_refused_keywords_are_said_in_the_description() {
        check(
            r#"{"type":"integer","minimum":1,"description":"How many"}"#,
            r#"{"type":"integer","description":"How many\nminimum: 1"}"#,
            &["s.minimum(approximated)"],
        );
        check(
            r#"{"type":"string","format":"color","minLength":2}"#,
            r#"{"type":"string","description":"format: \"color\"\nminLength: 2"}"#,
            &["s.format(approximated)", "s.minLength(approximated)"],
        );
        check(
            r#"{"type":"array","minItems":1,"maxItems":3,"items":{"format":"uuid","type":"string"}}"#,
            r#"{"type":"array","minItems":1,"items":{"format":"uuid","type":"string"},"description":"maxItems: 3"}"#,
            &["s.maxItems(approximated)"],
        );
    }

    #[test]
    fn p23_one_type_at_a_time() {
        check(
            r#"{"description":"d","type":["object","null"],"properties":{"x":{"type":["string","null"],"enum":["a",null]}}}"#,
            r#"{"description":"d","anyOf":[{"type":"object","properties":{"x":{"enum":["a",null]}},"additionalProperties":false},{"type":"null"}]}"#,
            &[],
        );
        check(
            r#"{"oneOf":[{"const":1},true]}"#,
            r#"{"anyOf":[{"const":1},true]}"#,
            &["s.oneOf(approximated)"],
        );
    }
}
