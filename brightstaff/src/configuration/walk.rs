//! Checks a tree against the schema, puts variables in, and gives the JSON that the types are read from.

use serde_json::{Map, Number, Value as Json};
use shared::config::{Path, suggestion, variables};

use super::advice::advice;
use super::tree::{Key, Node, Value};

/// Where variables come from.
pub(super) type Environment<'e> = &'e dyn Fn(&str) -> Option<String>;

/// What a walk found.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// What is left without what is wrong.
    pub(super) json: Json,
    pub(super) errors: Vec<(Path, String)>,
    /// Values that are left out because they are wrong: what is missing then may be a consequence.
    pub(super) dropped: Vec<Path>,
    pub(super) warnings: Vec<(Path, String)>,
    /// Variables of secrets that have no value here.
    pub(super) unset: Vec<(Path, String)>,
}

/// Walks a tree along a schema.
pub(super) fn walk(tree: &Node, schema: &Json, environment: Environment<'_>) -> Walked {
    let mut walk = Walk { root: schema, environment, found: Walked::default() };
    let json = walk.node(&Path::default(), tree, schema).unwrap_or_default();
    Walked { json, ..walk.found }
}

const EMPTY: &str = "has no value: give it one, or leave the key out";
const UNLISTED: &str = "must be a list: each entry begins with `- `";
const TORN: &str = "has a `${` that begins no variable: it is `${NAME}`, and `$$` is a dollar";

struct Walk<'w> {
    root: &'w Json,
    environment: Environment<'w>,
    found: Walked,
}

impl<'w> Walk<'w> {
    fn node(&mut self, path: &Path, node: &Node, schema: &'w Json) -> Option<Json> {
        let read = self.value(path, node, schema);
        if read.is_none() {
            self.found.dropped.push(path.clone());
        }
        read
    }

    fn value(&mut self, path: &Path, node: &Node, schema: &'w Json) -> Option<Json> {
        let schema = self.meant(schema, node);
        match &node.value {
            Value::Scalar { text, plain } => self.scalar(path, text, *plain, schema),
            Value::List(items) if kind(schema) == "array" => self.list(path, items, schema),
            Value::Map(_) if kind(schema) == "object" => self.map(path, node, schema),
            Value::Map(_) if kind(schema) == "array" => self.error(path, UNLISTED.to_owned()),
            Value::List(_) | Value::Map(_) => self.error(path, format!("must be {}", wanted(schema))),
        }
    }

    /// The schema behind references, and of several the one that the node is meant for.
    fn meant(&self, schema: &'w Json, node: &Node) -> &'w Json {
        if let Some(reference) = schema["$ref"].as_str() {
            let target = self.root.pointer(reference.trim_start_matches('#'));
            return target.map_or(schema, |target| self.meant(target, node));
        }
        let Some(choices) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) else { return schema };
        if words(schema).is_some() {
            return schema;
        }
        let mut choices = choices.iter().map(|choice| self.meant(choice, node));
        choices.clone().find(|choice| fits(choice, node)).or_else(|| choices.next()).unwrap_or(schema)
    }

    fn list(&mut self, path: &Path, items: &[Node], schema: &'w Json) -> Option<Json> {
        if items.len() < schema["minItems"].as_u64().unwrap_or(0) as usize {
            return self.error(path, "must not be empty".to_owned());
        }
        let read = |(index, item)| self.node(&path.index(index), item, &schema["items"]);
        Some(Json::Array(items.iter().enumerate().filter_map(read).collect()))
    }

    fn map(&mut self, path: &Path, node: &Node, schema: &'w Json) -> Option<Json> {
        let Value::Map(members) = &node.value else { return None };
        let mut object = Map::new();
        for (key, node) in members {
            let known = member_schema(schema, &key.name);
            let Some(known) = known else {
                self.unknown(path, &key.name, schema);
                continue;
            };
            let value = self.node(&path.key(&key.name), node, known);
            object.extend(value.map(|value| (key.name.clone(), value)));
        }
        for required in schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str) {
            if node.member(required).is_none() {
                self.error(path, format!("the key `{required}` is missing"));
            }
        }
        Some(Json::Object(object))
    }

    fn unknown(&mut self, path: &Path, key: &str, schema: &Json) {
        let message = match advice(path, key) {
            Some(advice) => format!("unknown key: `{key}` {advice}"),
            None => {
                let known = schema["properties"].as_object().into_iter().flat_map(|known| known.keys());
                format!("unknown key{}", suggestion(key, known.map(String::as_str)))
            }
        };
        self.error(&path.key(key), message);
    }

    fn scalar(&mut self, path: &Path, text: &str, plain: bool, schema: &'w Json) -> Option<Json> {
        if plain && matches!(text, "" | "~" | "null" | "Null" | "NULL") {
            return self.error(path, EMPTY.to_owned());
        }
        if schema["writeOnly"] == true {
            return self.secret(path, text);
        }
        let expanded = self.expand(path, text, schema)?;
        let plain = plain && expanded == text;
        match convert(&expanded, plain, schema) {
            Ok(value) => Some(value),
            Err(message) => self.error(path, message),
        }
    }

    /// A secret stays where it is; that its variables have values is for later, so it is only noted.
    fn secret(&mut self, path: &Path, text: &str) -> Option<Json> {
        if text.trim().is_empty() {
            return self.error(path, EMPTY.to_owned());
        }
        if variables::is_torn(text) {
            return self.error(path, TORN.to_owned());
        }
        let blank = |name: &&str| (self.environment)(name).is_none_or(|value| value.trim().is_empty());
        let unset = variables::names(text).filter(blank).map(|name| (path.clone(), name.to_owned()));
        let unset = unset.collect::<Vec<_>>();
        self.found.unset.extend(unset);
        Some(Json::String(text.to_owned()))
    }

    fn expand(&mut self, path: &Path, text: &str, schema: &Json) -> Option<String> {
        let prose = schema["x-prose"] == true;
        if !prose && variables::is_torn(text) {
            self.error(path, TORN.to_owned());
            return None;
        }
        let missing = match variables::expand(text, self.environment) {
            Ok(expanded) => return Some(expanded.into_owned()),
            Err(names) => names.into_iter().map(|name| format!("`${name}`")).collect::<Vec<_>>().join(", "),
        };
        if !prose {
            let message = format!("no variable in the environment is called {missing}; `$$` is a dollar");
            self.error(path, message);
            return None;
        }
        let message = format!("{missing} stays as it is, for no variable is called that; `$$` is a dollar");
        self.found.warnings.push((path.clone(), message));
        let known = |name: &str| Some((self.environment)(name).unwrap_or_else(|| format!("${name}")));
        variables::expand(text, known).ok().map(|expanded| expanded.into_owned())
    }

    /// Notes an error; there is no value then.
    fn error(&mut self, path: &Path, message: String) -> Option<Json> {
        self.found.errors.push((path.clone(), message));
        None
    }
}

/// The schema of a member, where there may be one of this name.
fn member_schema<'s>(schema: &'s Json, name: &str) -> Option<&'s Json> {
    let any = schema.get("additionalProperties").filter(|any| any.is_object());
    schema["properties"].get(name).or(any)
}

/// Whether a node looks like what the schema is for.
fn fits(schema: &Json, node: &Node) -> bool {
    match &node.value {
        Value::List(_) => kind(schema) == "array",
        Value::Map(members) => {
            kind(schema) == "object" && tag_fits(schema, node) && keys_fit(schema, members)
        }
        Value::Scalar { text, plain } => convert(text, *plain, schema).is_ok(),
    }
}

/// Whether members that must have one word have it.
fn tag_fits(schema: &Json, node: &Node) -> bool {
    let properties = schema["properties"].as_object().into_iter().flatten();
    let mut tags = properties.filter_map(|(name, property)| Some((name, property["const"].as_str()?)));
    tags.all(|(name, word)| {
        let value = node.member(name).map(|node| &node.value);
        matches!(value, Some(Value::Scalar { text, .. }) if text == word)
    })
}

/// Whether one of the keys is known, where there are any.
fn keys_fit(schema: &Json, members: &[(Key, Node)]) -> bool {
    members.is_empty() || members.iter().any(|(key, _)| member_schema(schema, &key.name).is_some())
}

fn kind(schema: &Json) -> &str {
    schema["type"].as_str().unwrap_or_default()
}

/// The words that a value may be, where it may not be any.
fn words(schema: &Json) -> Option<Vec<&str>> {
    if let Some(word) = schema["const"].as_str() {
        return Some(vec![word]);
    }
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().map(Json::as_str).collect();
    }
    schema["oneOf"].as_array()?.iter().map(|choice| choice["const"].as_str()).collect()
}

fn convert(text: &str, plain: bool, schema: &Json) -> Result<Json, String> {
    if let Some(words) = words(schema) {
        return one_of(text, &words);
    }
    let wrong = || format!("must be {}", wanted(schema));
    match kind(schema) {
        "string" if plain && is_other_type(text) => Err(format!("must be text{}", such_as(schema))),
        "string" => Ok(Json::String(text.to_owned())),
        "boolean" => truth(text).map(Json::Bool).ok_or_else(wrong),
        "integer" => {
            let number: i64 = text.parse().map_err(|_| wrong())?;
            within(number as f64, schema).map(|()| Json::from(number))
        }
        "number" => {
            let number: f64 = text.parse().map_err(|_| wrong())?;
            within(number, schema)?;
            Number::from_f64(number).map(Json::Number).ok_or_else(wrong)
        }
        _ => Err(wrong()),
    }
}

fn one_of(text: &str, words: &[&str]) -> Result<Json, String> {
    if words.contains(&text) {
        return Ok(Json::String(text.to_owned()));
    }
    let list = words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    let near = suggestion(text, words.iter().copied());
    match words {
        [only] => Err(format!("must be `{only}`, not `{text}`")),
        _ => Err(format!("`{text}` is not one of {list}{near}")),
    }
}

fn within(number: f64, schema: &Json) -> Result<(), String> {
    let least = schema["minimum"].as_f64().filter(|least| number < *least);
    let most = schema["maximum"].as_f64().filter(|most| number > *most);
    match (least, most) {
        (Some(least), _) => Err(format!("must be at least {least}")),
        (_, Some(most)) => Err(format!("must be at most {most}")),
        (None, None) => Ok(()),
    }
}

/// True and false in all the ways of YAML 1.1, which Plano reads.
fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" => Some(true),
        "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// Whether plain text is a number or a truth value in YAML.
fn is_other_type(text: &str) -> bool {
    let number = text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '-' | '+' | '.'))
        && text.parse::<f64>().is_ok();
    number || matches!(text, "true" | "True" | "TRUE" | "false" | "False" | "FALSE")
}

/// A mapping, with the keys that it has to have.
fn mapping(schema: &Json) -> String {
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str);
    let keys = required.map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" and ");
    if keys.is_empty() { "a mapping".to_owned() } else { format!("a mapping with {keys}") }
}

/// How a text is to be written that was taken for something else.
fn such_as(schema: &Json) -> String {
    let example = schema["examples"][0].as_str();
    example.map_or(": put it in quotes".to_owned(), |example| format!(" like `{example}`"))
}

fn wanted(schema: &Json) -> String {
    match kind(schema) {
        "string" => "text".to_owned(),
        "boolean" => "true or false".to_owned(),
        "integer" => "a whole number".to_owned(),
        "number" => "a number".to_owned(),
        "array" => "a list".to_owned(),
        "object" => mapping(schema),
        _ => {
            words(schema).map_or("something else".to_owned(), |words| format!("one of {}", words.join(", ")))
        }
    }
}
