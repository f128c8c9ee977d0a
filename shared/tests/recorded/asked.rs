//! What a request asks, read from its API's documented shape and not by the code under test.

use serde_json::{Map, Value, json};
use shared::api::Api;

/// What of a request has to survive a translation.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Asked {
    /// All instructions, in their order.
    pub(crate) instructions: Vec<String>,
    /// The conversation, a piece at a time.
    pub(crate) pieces: Vec<Piece>,
    pub(crate) tools: Vec<Tool>,
    /// `auto`, `none`, `required`, or the tool's name after a colon.
    pub(crate) choice: String,
    /// The schema or the kind of form that the answer must have.
    pub(crate) format: Value,
    /// Limits and randomness that are said, by names of our own.
    pub(crate) parameters: Map<String, Value>,
}

/// A piece of content: who says it, what it is, and what is in it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Piece {
    pub(crate) role: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) value: Value,
}

/// A tool that is on offer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tool {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) schema: Value,
}

/// Reads a request.
pub(crate) fn read(api: Api, body: &Value) -> Asked {
    let mut asked = match api {
        Api::Completions => completions(body),
        Api::Messages => messages(body),
        Api::Responses => responses(body),
        Api::Generate => generate(body),
        Api::Converse => converse(body),
    };
    if asked.choice.is_empty() {
        asked.choice = "auto".to_owned();
    }
    asked.pieces.retain(|piece| piece.kind != "text" || piece.value != "");
    asked
}

impl Asked {
    fn say(&mut self, role: &'static str, kind: &'static str, value: Value) {
        self.pieces.push(Piece { role, kind, value });
    }

    /// Text where it is a string, and parts where it is an array.
    fn say_parts(
        &mut self,
        role: &'static str,
        content: &Value,
        part: impl Fn(&Value) -> Option<(&'static str, Value)>,
    ) {
        match content {
            Value::String(words) => self.say(role, "text", words.as_str().into()),
            content => {
                let parts = items(content).filter_map(part);
                parts.for_each(|(kind, value)| self.say(role, kind, value));
            }
        }
    }

    fn keep(&mut self, body: &Value, names: &[(&str, &'static str)]) {
        for (theirs, ours) in names.iter().filter(|(theirs, _)| !body[*theirs].is_null()) {
            self.parameters.insert((*ours).to_owned(), body[*theirs].clone());
        }
    }

    fn keep_stops(&mut self, stops: &Value) {
        let stops = match stops {
            Value::String(_) => json!([stops]),
            stops => stops.clone(),
        };
        if items(&stops).next().is_some() {
            self.parameters.insert("stop".to_owned(), stops);
        }
    }
}

/// <https://platform.openai.com/docs/api-reference/chat/create>
fn completions(body: &Value) -> Asked {
    let mut asked = Asked::default();
    for message in items(&body["messages"]) {
        match message["role"].as_str().unwrap_or_default() {
            "system" | "developer" => asked.instructions.extend(words(&message["content"])),
            "tool" | "function" => {
                let id = [&message["tool_call_id"], &message["name"]].into_iter().find(|id| id.is_string());
                asked.say(
                    "user",
                    "result",
                    result(id.unwrap_or(&Value::Null), &words(&message["content"]).concat()),
                );
            }
            "assistant" => {
                asked.say_parts("assistant", &message["content"], completions_part);
                for call in items(&message["tool_calls"]) {
                    let function = &call["function"];
                    asked.say(
                        "assistant",
                        "call",
                        made(&call["id"], &function["name"], &function["arguments"]),
                    );
                }
            }
            _ => asked.say_parts("user", &message["content"], completions_part),
        }
    }
    let functions = items(&body["tools"]).map(|tool| &tool["function"]).chain(items(&body["functions"]));
    asked.tools = functions.map(|function| Tool::new(function, "parameters")).collect();
    asked.choice = choice(&body["tool_choice"]);
    let format = &body["response_format"];
    asked.format = form(&format["json_schema"]["schema"], &format["type"]);
    asked.keep(body, &[("max_tokens", "limit"), ("max_completion_tokens", "limit")]);
    asked.keep(body, &[("temperature", "temperature"), ("top_p", "top_p")]);
    asked.keep_stops(&body["stop"]);
    asked
}

fn completions_part(part: &Value) -> Option<(&'static str, Value)> {
    Some(match part["type"].as_str()? {
        "image_url" => ("image", part["image_url"]["url"].clone()),
        _ => ("text", part["text"].clone()),
    })
}

/// <https://docs.claude.com/en/api/messages>
fn messages(body: &Value) -> Asked {
    let mut asked = Asked { instructions: words(&body["system"]), ..Asked::default() };
    for message in items(&body["messages"]) {
        let role = if message["role"] == "assistant" { "assistant" } else { "user" };
        asked.say_parts(role, &message["content"], messages_block);
    }
    asked.tools = items(&body["tools"]).map(|tool| Tool::new(tool, "input_schema")).collect();
    asked.choice = choice(&body["tool_choice"]);
    let format =
        [&body["output_config"]["format"], &body["output_format"]].into_iter().find(|f| f.is_object());
    asked.format = format.map_or(Value::Null, |format| form(&format["schema"], &format["type"]));
    asked.keep(body, &[("max_tokens", "limit"), ("temperature", "temperature"), ("top_p", "top_p")]);
    asked.keep_stops(&body["stop_sequences"]);
    asked
}

fn messages_block(block: &Value) -> Option<(&'static str, Value)> {
    Some(match block["type"].as_str()? {
        "text" => ("text", block["text"].clone()),
        "image" => ("image", messages_source(&block["source"])),
        "tool_use" => ("call", made(&block["id"], &block["name"], &block["input"])),
        "tool_result" => ("result", result(&block["tool_use_id"], &words(&block["content"]).concat())),
        other => panic!("no recording has a block `{other}`"),
    })
}

fn messages_source(source: &Value) -> Value {
    match source["type"].as_str() {
        Some("base64") => data_url(&source["media_type"], &source["data"]),
        _ => source["url"].clone(),
    }
}

/// <https://platform.openai.com/docs/api-reference/responses/create>
fn responses(body: &Value) -> Asked {
    let mut asked = Asked { instructions: words(&body["instructions"]), ..Asked::default() };
    asked.say_parts("user", &body["input"], |_| None);
    asked.pieces.retain(|_| body["input"].is_string());
    for item in items(&body["input"]) {
        match (item["type"].as_str(), item["role"].as_str()) {
            (Some("function_call"), _) => {
                asked.say("assistant", "call", made(&item["call_id"], &item["name"], &item["arguments"]));
            }
            (Some("function_call_output"), _) => {
                asked.say("user", "result", result(&item["call_id"], &words(&item["output"]).concat()));
            }
            (_, Some("system" | "developer")) => asked.instructions.extend(words(&item["content"])),
            (_, Some("assistant")) => asked.say_parts("assistant", &item["content"], responses_part),
            _ => asked.say_parts("user", &item["content"], responses_part),
        }
    }
    asked.tools = items(&body["tools"]).map(|tool| Tool::new(tool, "parameters")).collect();
    asked.choice = choice(&body["tool_choice"]);
    asked.format = form(&body["text"]["format"]["schema"], &body["text"]["format"]["type"]);
    asked.keep(body, &[("max_output_tokens", "limit"), ("temperature", "temperature"), ("top_p", "top_p")]);
    asked
}

fn responses_part(part: &Value) -> Option<(&'static str, Value)> {
    Some(match part["type"].as_str()? {
        "input_image" => ("image", part["image_url"].clone()),
        _ => ("text", part["text"].clone()),
    })
}

/// <https://ai.google.dev/api/generate-content>
fn generate(body: &Value) -> Asked {
    let mut asked = Asked { instructions: generate_words(&body["systemInstruction"]), ..Asked::default() };
    for content in items(&body["contents"]) {
        let role = if content["role"] == "model" { "assistant" } else { "user" };
        asked.say_parts(role, &content["parts"], generate_part);
    }
    let declarations = items(&body["tools"]).flat_map(|tool| items(&tool["functionDeclarations"]));
    asked.tools = declarations.map(generate_tool).collect();
    let calling = &body["toolConfig"]["functionCallingConfig"];
    asked.choice = match (calling["mode"].as_str(), items(&calling["allowedFunctionNames"]).next()) {
        (Some("ANY"), Some(name)) => format!(":{}", text(name)),
        (Some("ANY"), None) => "required".to_owned(),
        (Some("NONE"), _) => "none".to_owned(),
        _ => String::new(),
    };
    let config = &body["generationConfig"];
    let schema =
        [&config["responseJsonSchema"], &config["responseSchema"]].into_iter().find(|s| s.is_object());
    asked.format = form(&spelled(schema.unwrap_or(&Value::Null)), &config["responseMimeType"]);
    asked.keep(config, &[("maxOutputTokens", "limit"), ("temperature", "temperature"), ("topP", "top_p")]);
    asked.keep_stops(&config["stopSequences"]);
    asked
}

fn generate_words(content: &Value) -> Vec<String> {
    items(&content["parts"]).map(|part| text(&part["text"])).collect()
}

fn generate_part(part: &Value) -> Option<(&'static str, Value)> {
    let (call, response) = (&part["functionCall"], &part["functionResponse"]);
    if call.is_object() {
        return Some(("call", made(&call["id"], &call["name"], &call["args"])));
    }
    if response.is_object() {
        let id = [&response["id"], &response["name"]].into_iter().find(|id| id.is_string());
        return Some(("result", result(id?, &response["response"].to_string())));
    }
    let (inline, file) = (&part["inlineData"], &part["fileData"]);
    Some(match (inline.is_object(), file.is_object()) {
        (true, _) => ("image", data_url(&inline["mimeType"], &inline["data"])),
        (_, true) => ("image", file["fileUri"].clone()),
        _ => ("text", part["text"].clone()),
    })
}

fn generate_tool(declaration: &Value) -> Tool {
    let json = declaration["parametersJsonSchema"].is_object();
    match json {
        true => Tool::new(declaration, "parametersJsonSchema"),
        false => {
            let tool = Tool::new(declaration, "parameters");
            Tool { schema: spelled(&tool.schema), ..tool }
        }
    }
}

/// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>
fn converse(body: &Value) -> Asked {
    let mut asked = Asked { instructions: words(&body["system"]), ..Asked::default() };
    for message in items(&body["messages"]) {
        let role = if message["role"] == "assistant" { "assistant" } else { "user" };
        asked.say_parts(role, &message["content"], converse_block);
    }
    let tools = &body["toolConfig"];
    asked.tools = items(&tools["tools"]).map(converse_tool).collect();
    asked.choice = match tools["toolChoice"].as_object().and_then(|choice| choice.iter().next()) {
        Some((word, _)) if word == "any" => "required".to_owned(),
        Some((word, tool)) if word == "tool" => format!(":{}", text(&tool["name"])),
        _ => String::new(),
    };
    let format = &body["outputConfig"]["textFormat"];
    let schema = format["structure"]["jsonSchema"]["schema"].as_str().unwrap_or_default();
    asked.format = serde_json::from_str(schema).unwrap_or_default();
    let config = &body["inferenceConfig"];
    asked.keep(config, &[("maxTokens", "limit"), ("temperature", "temperature"), ("topP", "top_p")]);
    asked.keep_stops(&config["stopSequences"]);
    asked
}

fn converse_block(block: &Value) -> Option<(&'static str, Value)> {
    let (name, value) = block.as_object()?.iter().next()?;
    Some(match name.as_str() {
        "text" => ("text", value.clone()),
        "image" => {
            let media_type = format!("image/{}", text(&value["format"]));
            ("image", data_url(&media_type.into(), &value["source"]["bytes"]))
        }
        "toolUse" => ("call", made(&value["toolUseId"], &value["name"], &value["input"])),
        "toolResult" => {
            let parts = items(&value["content"]).map(|part| match &part["json"] {
                Value::Null => text(&part["text"]),
                json => json.to_string(),
            });
            ("result", result(&value["toolUseId"], &parts.collect::<String>()))
        }
        _ => return None,
    })
}

fn converse_tool(tool: &Value) -> Tool {
    let spec = &tool["toolSpec"];
    Tool::new(
        &json!({"name": spec["name"], "description": spec["description"], "schema": spec["inputSchema"]["json"]}),
        "schema",
    )
}

impl Tool {
    fn new(function: &Value, schema: &str) -> Tool {
        Tool {
            name: text(&function["name"]),
            description: text(&function["description"]),
            schema: function[schema].clone(),
        }
    }
}

/// A schema in JSON Schema's spelling: Google's own has types in capitals or, in old clients, in numbers.
fn spelled(schema: &Value) -> Value {
    const NUMBERED: [&str; 7] = ["", "string", "number", "integer", "boolean", "array", "object"];
    match schema {
        Value::Object(members) => {
            let spelled = members.iter().map(|(name, value)| match (name.as_str(), value) {
                ("type", Value::String(word)) => (name.clone(), word.to_lowercase().into()),
                ("type", Value::Number(number)) => {
                    let at = number.as_u64().unwrap_or(0) as usize;
                    (name.clone(), NUMBERED.get(at).copied().unwrap_or_default().into())
                }
                _ => (name.clone(), spelled(value)),
            });
            Value::Object(spelled.collect())
        }
        Value::Array(values) => values.iter().map(spelled).collect(),
        other => other.clone(),
    }
}

/// A call as all families say it.
fn made(id: &Value, name: &Value, arguments: &Value) -> Value {
    let arguments = match arguments {
        Value::String(text) => loosened(text),
        Value::Null => json!({}),
        value => value.clone(),
    };
    json!({"id": id, "name": name, "arguments": arguments})
}

/// A result as all families say it.
fn result(id: &Value, words: &str) -> Value {
    json!({"id": id, "says": loosened(words)})
}

/// Text as the value it holds. Where an API wants an object, text stands in a member of its own.
fn loosened(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) if object.len() == 1 => {
            let (name, value) = object.iter().next().expect("one member");
            match (name.as_str(), value) {
                ("output" | "result" | "content", Value::String(text)) => loosened(text),
                ("output" | "result" | "content", value) => value.clone(),
                _ => Value::Object(object),
            }
        }
        Ok(value) => value,
        Err(_) => text.into(),
    }
}

fn choice(value: &Value) -> String {
    let word = value.as_str().or_else(|| value["type"].as_str()).unwrap_or_default();
    match word {
        "function" | "tool" => {
            let name = [&value["name"], &value["function"]["name"]].into_iter().find(|name| name.is_string());
            format!(":{}", name.map(text).unwrap_or_default())
        }
        "any" => "required".to_owned(),
        word => word.to_owned(),
    }
}

/// A schema where there is one, a word for a form without.
fn form(schema: &Value, kind: &Value) -> Value {
    match (schema, kind.as_str()) {
        (Value::Object(_), _) => schema.clone(),
        (_, Some("json_object" | "application/json")) => "json".into(),
        _ => Value::Null,
    }
}

fn data_url(media_type: &Value, data: &Value) -> Value {
    format!("data:{};base64,{}", text(media_type), text(data)).into()
}

/// The texts of content that is a string or parts.
fn words(content: &Value) -> Vec<String> {
    match content {
        Value::String(text) => vec![text.clone()],
        content => items(content).map(|part| text(&part["text"])).collect(),
    }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
