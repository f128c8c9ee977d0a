//! Schemas: OpenAPI's subset as JSON schema, and JSON schemas as far as the API takes them.
//!
//! <https://ai.google.dev/api/caching#Schema>, <https://ai.google.dev/api/generate-content#FIELDS.response_json_schema>

use std::borrow::Cow;
use std::fmt::Display;

use super::spelling::camel;
use crate::ir::{Loss, Why};
use crate::wire::json::{Json, Kind, Writer};

/// The keywords that the API documents for JSON schemas.
const TAKEN: [&str; 22] = [
    "$anchor",
    "$defs",
    "$id",
    "$ref",
    "additionalProperties",
    "anyOf",
    "definitions",
    "description",
    "enum",
    "format",
    "items",
    "maxItems",
    "maximum",
    "minItems",
    "minimum",
    "oneOf",
    "prefixItems",
    "properties",
    "propertyOrdering",
    "required",
    "title",
    "type",
];

/// Keywords whose value is a schema by each name.
const NAMED: [&str; 3] = ["properties", "$defs", "definitions"];

/// Keywords whose value is a schema or an array of them.
const NESTED: [&str; 5] = ["items", "additionalProperties", "anyOf", "oneOf", "prefixItems"];

/// Keywords whose value is a number that may be written as a string, as Protobuf writes 64 bits.
const COUNTS: [&str; 6] =
    ["minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"];

/// Keywords of Vertex that have a `$` elsewhere.
///
/// <https://cloud.google.com/vertex-ai/docs/reference/rest/v1/Schema>
const REFERENCES: [(&str, &str); 2] = [("ref", "$ref"), ("defs", "$defs")];

/// The types by their numbers, which Protobuf's JSON form takes for the words.
///
/// <https://protobuf.dev/programming-guides/json/>
const NUMBERED: [&str; 8] =
    ["TYPE_UNSPECIFIED", "STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"];

/// Writes a schema of OpenAPI's subset as a JSON schema: keywords in camel case (Google's own SDK writes `any_of`), types
/// in small letters, `nullable` as a type.
pub(super) fn write_as_json_schema(schema: Json<'_>, w: &mut Writer<'_>) {
    if schema.kind() != Kind::Object {
        return w.json(schema);
    }
    let nullable = schema.get("nullable").and_then(Json::boolean) == Some(true);
    w.object(|o| {
        for (name, value) in schema.fields().filter(|(name, _)| name != "nullable") {
            let name = camel(&name);
            let name = REFERENCES.iter().find(|(own, _)| *own == name).map_or(&*name, |(_, usual)| usual);
            let o = o.key(name);
            match name {
                "$ref" => write_reference(value, o),
                "type" => write_type(value, nullable, o),
                "enum" if nullable => o.array(|a| {
                    value.items().for_each(|word| a.json(word));
                    a.null();
                }),
                name if NAMED.contains(&name) => write_each(value, o),
                name if NESTED.contains(&name) => write_nested(value, o),
                name if COUNTS.contains(&name) => write_count(value, o),
                _ => o.json(value),
            }
        }
    });
}

/// A reference to one of the root's definitions.
fn write_reference(value: Json<'_>, w: &mut Writer<'_>) {
    match value.string().as_deref().and_then(|place| place.strip_prefix("#/defs/")) {
        Some(name) => w.string(&["#/$defs/", name].concat()),
        None => w.json(value),
    }
}

fn write_type(value: Json<'_>, nullable: bool, w: &mut Writer<'_>) {
    let numbered = value.number::<usize>().and_then(|number| NUMBERED.get(number).copied());
    let Some(word) = value.string().or(numbered.map(Cow::Borrowed)) else { return w.json(value) };
    let word = word.to_ascii_lowercase();
    if !nullable {
        return w.string(&word);
    }
    w.array(|a| {
        a.string(&word);
        a.string("null");
    });
}

fn write_each(value: Json<'_>, w: &mut Writer<'_>) {
    if value.kind() != Kind::Object {
        return w.json(value);
    }
    w.object(|o| value.fields().for_each(|(name, inner)| write_as_json_schema(inner, o.key(&name))));
}

fn write_nested(value: Json<'_>, w: &mut Writer<'_>) {
    match value.kind() {
        Kind::Array => w.array(|a| value.items().for_each(|item| write_as_json_schema(item, a))),
        _ => write_as_json_schema(value, w),
    }
}

fn write_count(value: Json<'_>, w: &mut Writer<'_>) {
    match value.string().and_then(|text| text.parse::<i64>().ok()) {
        Some(count) => w.integer(count),
        None => w.json(value),
    }
}

/// Writes a JSON schema without the keywords that the API has no place for; each is a loss behind `path`.
pub(super) fn write(schema: Json<'_>, path: &dyn Display, lost: &mut Vec<Loss>, w: &mut Writer<'_>) {
    if schema.kind() != Kind::Object {
        return w.json(schema);
    }
    w.object(|o| schema.fields().for_each(|(name, value)| write_keyword(&name, value, path, lost, o)));
}

fn write_keyword(name: &str, value: Json<'_>, path: &dyn Display, lost: &mut Vec<Loss>, o: &mut Writer<'_>) {
    let below = format!("{path}.{name}");
    match name {
        // What language the schema is in, and remarks for its reader.
        "$schema" | "$comment" => {}
        // The same in meaning.
        "const" => o.key("enum").array(|a| a.json(value)),
        _ if NAMED.contains(&name) && value.kind() == Kind::Object => {
            o.key(name).object(|o| {
                value.fields().for_each(|(name, inner)| {
                    write(inner, &format!("{below}.{name}"), lost, o.key(&name));
                });
            });
        }
        _ if NESTED.contains(&name) => write_below(value, &below, lost, o.key(name)),
        "exclusiveMinimum" | "exclusiveMaximum" if value.kind() == Kind::Number => {
            lost.push(Loss::new(below, Why::Approximated));
            o.key(if name == "exclusiveMinimum" { "minimum" } else { "maximum" }).json(value);
        }
        _ if TAKEN.contains(&name) => o.key(name).json(value),
        _ => lost.push(Loss::dropped(below)),
    }
}

fn write_below(value: Json<'_>, path: &str, lost: &mut Vec<Loss>, w: &mut Writer<'_>) {
    if value.kind() != Kind::Array {
        return write(value, &path, lost, w);
    }
    w.array(|a| {
        for (index, item) in value.items().enumerate() {
            write(item, &format!("{path}[{index}]"), lost, a);
        }
    });
}
