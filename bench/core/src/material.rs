//! What clients ask and what providers answer, in every family: made up, and the same in each run.

use bytes::Bytes;
use serde_json::{Value, json};
use shared::api::Api;

/// How large a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// A question, about 250 bytes.
    Small,
    /// A chat with instructions and two tools, about 6 KB.
    Medium,
    /// An agent's turn with many tools and their results, about 110 KB.
    Large,
    /// A question about an image, about 2 MB.
    Huge,
}

impl Size {
    /// All of them, from small to large.
    pub const ALL: [Size; 4] = [Size::Small, Size::Medium, Size::Large, Size::Huge];

    /// The word for it in tables.
    pub fn word(self) -> &'static str {
        match self {
            Size::Small => "small",
            Size::Medium => "6 KB",
            Size::Large => "110 KB",
            Size::Huge => "2 MB",
        }
    }

    fn shape(self) -> Shape {
        match self {
            Size::Small => Shape { system: 0, tools: 0, rounds: 0, question: 60, image: 0 },
            Size::Medium => Shape { system: 1800, tools: 2, rounds: 2, question: 400, image: 0 },
            Size::Large => Shape { system: 9000, tools: 18, rounds: 31, question: 600, image: 0 },
            Size::Huge => Shape { system: 1000, tools: 0, rounds: 0, question: 200, image: 2_000_000 },
        }
    }
}

/// What a conversation is made of, in bytes and numbers.
struct Shape {
    system: usize,
    tools: usize,
    /// Rounds of a tool's call and its result.
    rounds: usize,
    question: usize,
    /// Characters of Base64.
    image: usize,
}

const SENTENCES: [&str; 6] = [
    "The river that runs past the mill has been measured every morning since the spring of that year. ",
    "\"Nobody,\" said the keeper, \"has ever asked me for the second column of that table.\"\n",
    "Whoever changes a line here writes down why, for the next reader was not there and cannot know. ",
    "In the folder `src/` there are 14 modules; each of them says in its first line what it is.\n",
    "Une phrase d'une autre langue, caf\u{e9} et \u{153}uvre compris, is part of what passes through. ",
    "It takes 3.5 hours, 12 minutes of which are spent waiting: see section 4, paragraph 2. ",
];

/// Words of about so many bytes.
pub fn prose(bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + 128);
    for sentence in SENTENCES.iter().cycle() {
        if text.len() >= bytes {
            break;
        }
        text.push_str(sentence);
    }
    text.truncate((0..=bytes).rfind(|&end| text.is_char_boundary(end)).unwrap_or(0));
    text
}

/// A client's request in its family.
///
/// # Panics
/// For families that no client speaks.
pub fn request(api: Api, size: Size, model: &str, stream: bool) -> Bytes {
    let shape = size.shape();
    let rest = match api {
        Api::Completions => completions(&shape),
        Api::Messages => messages(&shape),
        Api::Responses => responses(&shape),
        Api::Converse | Api::Generate => panic!("{} is not asked in here", api.name()),
    };
    let rest = rest.to_string();
    let rest = rest.strip_prefix('{').unwrap_or(&rest);
    Bytes::from(format!("{{\"model\":\"{model}\",\"stream\":{stream},{rest}"))
}

fn completions(shape: &Shape) -> Value {
    let mut messages = Vec::new();
    if shape.system > 0 {
        messages.push(json!({"role": "system", "content": prose(shape.system)}));
    }
    for round in 0..shape.rounds {
        let call = json!({"id": call_id(round), "type": "function", "function": {"name": tool_name(round), "arguments": arguments(round)}});
        messages.push(json!({"role": "user", "content": prose(120)}));
        messages.push(json!({"role": "assistant", "content": prose(150), "tool_calls": [call]}));
        messages.push(json!({"role": "tool", "tool_call_id": call_id(round), "content": result(shape)}));
    }
    messages.push(json!({"role": "user", "content": question(shape, |image| {
        json!({"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{image}")}})
    })}));
    let mut body = json!({"messages": messages, "max_tokens": 1024, "temperature": 0.5});
    let tools = tools(
        shape,
        |name, text, schema| json!({"type": "function", "function": {"name": name, "description": text, "parameters": schema}}),
    );
    add(&mut body, "tools", tools);
    body
}

fn messages(shape: &Shape) -> Value {
    let mut messages = Vec::new();
    for round in 0..shape.rounds {
        let call = json!({"type": "tool_use", "id": call_id(round), "name": tool_name(round), "input": input(round)});
        let result = json!({"type": "tool_result", "tool_use_id": call_id(round), "content": result(shape)});
        messages.push(json!({"role": "user", "content": prose(120)}));
        messages.push(json!({"role": "assistant", "content": [{"type": "text", "text": prose(150)}, call]}));
        messages.push(json!({"role": "user", "content": [result]}));
    }
    messages.push(json!({"role": "user", "content": question(shape, |image| {
        json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": image}})
    })}));
    let mut body = json!({"messages": messages, "max_tokens": 1024, "temperature": 0.5});
    if shape.system > 0 {
        add(&mut body, "system", vec![json!({"type": "text", "text": prose(shape.system)})]);
    }
    let tools =
        tools(shape, |name, text, schema| json!({"name": name, "description": text, "input_schema": schema}));
    add(&mut body, "tools", tools);
    body
}

fn responses(shape: &Shape) -> Value {
    let mut input = Vec::new();
    for round in 0..shape.rounds {
        input.push(json!({"role": "user", "content": prose(120)}));
        input.push(json!({"type": "function_call", "call_id": call_id(round), "name": tool_name(round), "arguments": arguments(round)}));
        input.push(
            json!({"type": "function_call_output", "call_id": call_id(round), "output": result(shape)}),
        );
    }
    let content = match question(
        shape,
        |image| json!({"type": "input_image", "image_url": format!("data:image/png;base64,{image}"), "detail": "auto"}),
    ) {
        Value::Array(parts) => parts
            .into_iter()
            .map(|mut part| {
                if part["type"] == "text" {
                    part["type"] = json!("input_text");
                }
                part
            })
            .collect(),
        text => text,
    };
    input.push(json!({"role": "user", "content": content}));
    let mut body = json!({"input": input, "max_output_tokens": 1024, "temperature": 0.5, "store": false});
    if shape.system > 0 {
        body["instructions"] = json!(prose(shape.system));
    }
    let tools = tools(
        shape,
        |name, text, schema| json!({"type": "function", "name": name, "description": text, "parameters": schema, "strict": false}),
    );
    add(&mut body, "tools", tools);
    body
}

fn question(shape: &Shape, image: impl Fn(String) -> Value) -> Value {
    let text = prose(shape.question);
    if shape.image == 0 {
        return json!(text);
    }
    json!([{"type": "text", "text": text}, image(base64(shape.image))])
}

fn result(shape: &Shape) -> String {
    prose(if shape.rounds > 10 { 2000 } else { 300 })
}

fn tools(shape: &Shape, tool: impl Fn(String, String, Value) -> Value) -> Vec<Value> {
    (0..shape.tools).map(|index| tool(tool_name(index), prose(300), schema())).collect()
}

fn schema() -> Value {
    let text = |about: &str| json!({"type": "string", "description": about});
    let member = json!({
        "path": text("The file, from the repository's root."),
        "pattern": text("What to look for, as a regular expression."),
        "limit": {"type": "integer", "minimum": 1, "maximum": 1000, "description": "The most lines to give back."},
        "kinds": {"type": "array", "items": {"type": "string", "enum": ["file", "folder", "link"]}},
    });
    json!({"type": "object", "properties": member, "required": ["path", "pattern"], "additionalProperties": false})
}

fn add(body: &mut Value, key: &str, values: Vec<Value>) {
    if !values.is_empty() {
        body[key] = Value::Array(values);
    }
}

fn tool_name(index: usize) -> String {
    format!("look_into_folder_{}", index % 18)
}

fn call_id(round: usize) -> String {
    format!("call_{round:024}")
}

fn input(round: usize) -> Value {
    json!({"path": format!("src/module_{round}.rs"), "pattern": "fn \"[a-z]+\"", "limit": 20 + round})
}

fn arguments(round: usize) -> String {
    input(round).to_string()
}

/// Base64 of nothing in particular.
fn base64(characters: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(ALPHABET[(state >> 26) as usize])
    };
    (0..characters / 4 * 4).map(|_| next()).collect()
}

/// A provider's whole answer, of some 60 words.
///
/// # Panics
/// For families that no provider here speaks.
pub fn answer(api: Api) -> Bytes {
    let text = prose(400);
    let body = match api {
        Api::Completions => json!({
            "id": "chatcmpl-AbCdEfGhIjKlMnOpQrStUvWx", "object": "chat.completion", "created": 1_760_000_000,
            "model": "whole", "system_fingerprint": "fp_0123456789",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text, "refusal": null},
                         "logprobs": null, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 25, "completion_tokens": 90, "total_tokens": 115,
                      "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
                      "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0}},
        }),
        Api::Messages => json!({
            "id": "msg_01AbCdEfGhIjKlMnOpQrStUv", "type": "message", "role": "assistant", "model": "whole",
            "content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "stop_sequence": null,
            "usage": {"input_tokens": 25, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
                      "output_tokens": 90, "service_tier": "standard"},
        }),
        _ => panic!("no provider here answers in {}", api.name()),
    };
    Bytes::from(body.to_string())
}

/// A provider's stream with so many words, an event a piece.
///
/// # Panics
/// For families that no provider here speaks.
pub fn stream(api: Api, words: usize) -> Vec<Bytes> {
    let text = prose(words * 5);
    let cut = |index: usize| text.get(index * 5..index * 5 + 5).unwrap_or("word ");
    match api {
        Api::Completions => completions_stream(words, cut),
        Api::Messages => messages_stream(words, cut),
        _ => panic!("no provider here streams in {}", api.name()),
    }
}

fn completions_stream<'t>(words: usize, cut: impl Fn(usize) -> &'t str) -> Vec<Bytes> {
    let chunk = |choices: Value, usage: Value| {
        let chunk = json!({
            "id": "chatcmpl-AbCdEfGhIjKlMnOpQrStUvWx", "object": "chat.completion.chunk",
            "created": 1_760_000_000, "model": "stream", "system_fingerprint": "fp_0123456789",
            "choices": choices, "usage": usage,
        });
        Bytes::from(format!("data: {chunk}\n\n"))
    };
    let choice = |delta: Value, reason: Value| json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": reason}]);
    let mut events =
        vec![chunk(choice(json!({"role": "assistant", "content": ""}), Value::Null), Value::Null)];
    let words = (0..words).map(|index| choice(json!({"content": cut(index)}), Value::Null));
    events.extend(words.map(|choices| chunk(choices, Value::Null)));
    events.push(chunk(choice(json!({}), json!("stop")), Value::Null));
    let usage = json!({"prompt_tokens": 25, "completion_tokens": 90, "total_tokens": 115});
    events.push(chunk(json!([]), usage));
    events.push(Bytes::from_static(b"data: [DONE]\n\n"));
    events
}

fn messages_stream<'t>(words: usize, cut: impl Fn(usize) -> &'t str) -> Vec<Bytes> {
    let event = |name: &str, mut data: Value| {
        data["type"] = json!(name);
        Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
    };
    let message = json!({
        "id": "msg_01AbCdEfGhIjKlMnOpQrStUv", "type": "message", "role": "assistant", "model": "stream",
        "content": [], "stop_reason": null, "stop_sequence": null,
        "usage": {"input_tokens": 25, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 1},
    });
    let text = json!({"index": 0, "content_block": {"type": "text", "text": ""}});
    let mut events =
        vec![event("message_start", json!({"message": message})), event("content_block_start", text)];
    let words =
        (0..words).map(|index| json!({"index": 0, "delta": {"type": "text_delta", "text": cut(index)}}));
    events.extend(words.map(|delta| event("content_block_delta", delta)));
    events.push(event("content_block_stop", json!({"index": 0})));
    let stop = json!({"stop_reason": "end_turn", "stop_sequence": null});
    events.push(event("message_delta", json!({"delta": stop, "usage": {"output_tokens": 90}})));
    events.push(event("message_stop", json!({})));
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_as_large_as_they_say() {
        for api in [Api::Completions, Api::Messages, Api::Responses] {
            for (size, bytes) in Size::ALL.into_iter().zip([250, 6_000, 110_000, 2_000_000]) {
                let length = request(api, size, "m", false).len();
                assert!((bytes / 2..bytes * 5 / 4).contains(&length), "{} {size:?}: {length}", api.name());
            }
        }
    }

    #[test]
    fn streams_have_their_words_and_an_end() {
        assert_eq!(stream(Api::Completions, 100).len(), 104);
        assert_eq!(stream(Api::Messages, 100).len(), 105);
        assert!(stream(Api::Messages, 3).iter().all(|event| event.ends_with(b"\n\n")));
    }
}
