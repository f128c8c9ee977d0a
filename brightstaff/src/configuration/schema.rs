//! The JSON Schema of configurations, made from their types.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value as Json};
use shared::config::Config;

/// The schema (draft 2020-12), for editors and for the reader.
pub fn schema() -> Json {
    let mut schema =
        SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Config>().to_value();
    without_null(&mut schema);
    schema
}

/// Takes `null` out: a key that is there has a value.
fn without_null(schema: &mut Json) {
    match schema {
        Json::Array(items) => items.iter_mut().for_each(without_null),
        Json::Object(members) => {
            members.values_mut().for_each(without_null);
            narrow_type(members);
            narrow_choice(members);
        }
        _ => {}
    }
}

/// `[T, null]` to `T`.
fn narrow_type(schema: &mut Map<String, Json>) {
    let Some(Json::Array(kinds)) = schema.get_mut("type") else { return };
    kinds.retain(|kind| kind != "null");
    if let [only] = kinds.as_slice() {
        let only = only.clone();
        schema.insert("type".to_owned(), only);
    }
}

/// A choice between something and `null` to something.
fn narrow_choice(schema: &mut Map<String, Json>) {
    let Some(Json::Array(choices)) = schema.get_mut("anyOf") else { return };
    choices.retain(|choice| choice["type"] != "null");
    if let [Json::Object(only)] = choices.as_slice() {
        let only = only.clone();
        schema.remove("anyOf");
        schema.extend(only);
    }
}
