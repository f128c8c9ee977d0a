//! Answers and requests of every kind, made up.

use std::borrow::Cow;

use proptest::prelude::*;
use serde_json::{Value, json};
use shared::ir::{
    Block, Cache, Format, Function, Media, Request, Response, Role, Source, Start, Stop, StopReason, Text,
    Thinking, ThinkingMode, Thought, Tool, ToolChoice, ToolKind, ToolResult, ToolUse, Turn, Usage,
};
use shared::wire::json::Json;

/// Words with all that is hard about words: other scripts, signs beyond 16 bits, quotes, control characters.
pub(crate) fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-zA-Z ,.]{1,12}",
        1 => any::<char>().prop_map(String::from),
        1 => prop::sample::select(vec![
            "é", "漢字", "👩‍👩‍👧", "\u{1F600}", "\\", "\"", "\n", "\r\n", "\t", "\u{0}", "\u{2028}", "</s>", "data: x",
            "[DONE]", "{\"a\":1}", "\\u0041", "\u{FEFF}",
        ]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 1..5).prop_map(|pieces| format!("w{}", pieces.concat()))
}

/// A name as tools and ids have them.
pub(crate) fn name() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9_]{0,8}"
}

/// Any JSON value of a few levels.
pub(crate) fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(name(), inner, 0..3).prop_map(|map| json!(map)),
        ]
    })
}

fn object() -> impl Strategy<Value = Value> {
    prop::collection::btree_map(name(), value(), 0..4).prop_map(|map| json!(map))
}

/// A call's arguments: an object in most cases, nothing, or what is not JSON.
fn arguments() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => object().prop_map(|value| value.to_string()),
        1 => Just(String::new()),
        1 => Just("{}".to_owned()),
        1 => Just("{\"city\": \"Par".to_owned()),
        1 => Just("not json".to_owned()),
    ]
}

/// Base64, in whole groups.
fn data() -> impl Strategy<Value = String> {
    "([A-Za-z0-9+/]{4}){1,6}"
}

fn thought() -> impl Strategy<Value = Block<'static>> {
    (text(), prop::option::of(data())).prop_map(|(text, signature)| {
        let signature = signature.map(Cow::Owned);
        Block::Thinking(Thought { text: text.into(), signature, ..Thought::default() })
    })
}

/// A call; its id is made different from others' by its place later.
fn call() -> impl Strategy<Value = Block<'static>> {
    (name(), arguments()).prop_map(|(name, arguments)| {
        Block::ToolUse(ToolUse { name: name.into(), arguments: arguments.into(), ..ToolUse::default() })
    })
}

/// A block of an answer.
fn answered() -> impl Strategy<Value = Block<'static>> {
    prop_oneof![
        4 => text().prop_map(Block::text),
        2 => call(),
        1 => thought(),
        1 => data().prop_map(|data| Block::Sealed { data: data.into(), id: None }),
        1 => text().prop_map(|text| Block::Refusal(text.into())),
    ]
}

fn count() -> impl Strategy<Value = Option<u64>> {
    prop::option::of(0_u64..5_000)
}

/// What an answer used: parts are no more than the whole.
fn usage() -> impl Strategy<Value = Usage> {
    let all = (count(), count(), count(), count(), count());
    (all, prop::option::of(0_u64..=100), any::<bool>()).prop_map(
        |((fresh, words, cache_read, cache_write, reasoning), share, speaks)| {
            let sum = |some: u64, more: [Option<u64>; 2]| some + more.iter().flatten().sum::<u64>();
            let part = |whole: Option<u64>| Some(whole? * share? / 100);
            Usage {
                input: Some(sum(fresh.unwrap_or(0), [cache_read, cache_write])),
                output: Some(sum(words.unwrap_or(0), [reasoning, None])),
                cache_read,
                cache_write,
                cache_write_1h: part(cache_write),
                reasoning,
                audio_input: part(fresh).filter(|_| speaks),
                audio_output: part(words).filter(|_| speaks),
            }
        },
    )
}

/// A whole answer that came to its end.
pub(crate) fn response() -> impl Strategy<Value = Response> {
    let blocks = prop::collection::vec(answered(), 0..6);
    let limited = prop::bool::weighted(0.2);
    (blocks, usage(), limited, name(), name()).prop_map(|(mut blocks, usage, limited, id, model)| {
        // A model that refuses has nothing more to say, and calls nothing.
        if let Some(at) = blocks.iter().position(|block| matches!(block, Block::Refusal(_))) {
            blocks.truncate(at + 1);
            blocks.retain(|block| !matches!(block, Block::ToolUse(_)));
        }
        number(&mut blocks);
        let start = Start {
            id: format!("id_{id}").into(),
            model: model.into(),
            created: Some(7),
            ..Start::default()
        };
        let stop = Some(Stop { reason: reason(&blocks, limited), sequence: None });
        Response { start, blocks, usage, stop, ended: true, ..Response::default() }
    })
}

fn reason(blocks: &[Block<'_>], limited: bool) -> StopReason {
    let has = |wanted: fn(&Block<'_>) -> bool| blocks.iter().any(wanted);
    match limited {
        true => StopReason::MaxTokens,
        _ if has(|block| matches!(block, Block::Refusal(_))) => StopReason::Refusal,
        _ if has(|block| matches!(block, Block::ToolUse(_))) => StopReason::ToolUse,
        _ => StopReason::Done,
    }
}

/// Gives each call an id of its own.
fn number(blocks: &mut [Block<'_>]) {
    for (at, block) in blocks.iter_mut().enumerate() {
        if let Block::ToolUse(call) = block {
            call.id = format!("call_{at}_{}", call.name).into();
        }
    }
}

/// A conversation: the user begins, every call gets its result, speakers take turns.
fn rounds() -> impl Strategy<Value = Vec<Turn<'static>>> {
    let asked = prop::collection::vec(prop_oneof![3 => text().prop_map(Block::text), 1 => image()], 1..3);
    let said = prop::collection::vec(prop_oneof![2 => text().prop_map(Block::text), 2 => call()], 1..4);
    let result = prop::collection::vec(text(), 1..3);
    let round = (asked, said, result, any::<bool>());
    prop::collection::vec(round, 1..4).prop_map(|rounds| {
        let rounds = rounds.into_iter().enumerate();
        rounds
            .flat_map(|(at, (asked, said, result, failed))| turns(at, asked, said, &result, failed))
            .collect()
    })
}

fn turns(
    at: usize,
    asked: Vec<Block<'static>>,
    mut said: Vec<Block<'static>>,
    result: &[String],
    failed: bool,
) -> Vec<Turn<'static>> {
    let mut results = Vec::new();
    for (place, block) in said.iter_mut().enumerate() {
        let Block::ToolUse(call) = block else { continue };
        call.id = format!("call_{at}_{place}").into();
        let content = result.iter().cloned().map(Block::text).collect();
        let id = call.id.clone();
        results.push(Block::ToolResult(ToolResult {
            id,
            content,
            is_error: failed,
            ..ToolResult::default()
        }));
    }
    let mut turns = vec![Turn::new(Role::User, asked), Turn::new(Role::Assistant, said)];
    if !results.is_empty() {
        turns.push(Turn::new(Role::User, results));
    }
    turns
}

fn image() -> impl Strategy<Value = Block<'static>> {
    let bytes = data().prop_map(|data| Source::Base64 { media_type: "image/png".into(), data: data.into() });
    bytes.prop_map(|source| Block::Image(Media::new(source)))
}

/// A tool; its schema lives as long as the program, since requests borrow.
fn tool() -> impl Strategy<Value = Tool<'static>> {
    (name(), prop::option::of(text()), prop::collection::vec(name(), 0..3)).prop_map(
        |(name, description, members)| {
            let members: serde_json::Map<String, Value> =
                members.into_iter().map(|member| (member, json!({"type": "string"}))).collect();
            let schema = json!({"type": "object", "properties": members});
            let description = description.map(Cow::Owned);
            Tool::Function(Function {
                name: name.into(),
                description,
                schema: Some(kept(&schema)),
                ..Function::default()
            })
        },
    )
}

/// JSON that is never freed: a test makes little of it.
fn kept(value: &Value) -> Json<'static> {
    let text: &'static str = String::leak(value.to_string());
    Json::parse(text.as_bytes()).expect("serde writes JSON")
}

fn choice(tools: &[Tool<'static>], word: u8) -> Option<ToolChoice<'static>> {
    let Some(Tool::Function(first)) = tools.first() else { return None };
    match word {
        0 => None,
        1 => Some(ToolChoice::Auto),
        2 => Some(ToolChoice::Required),
        3 => Some(ToolChoice::None),
        _ => Some(ToolChoice::Named { name: first.name.clone(), kind: ToolKind::Function }),
    }
}

/// A request that any family can be asked.
pub(crate) fn request() -> impl Strategy<Value = Request<'static>> {
    let system = prop::option::of(text());
    let tools = prop::collection::vec(tool(), 0..3);
    let numbers = (prop::option::of(1_u64..5_000), prop::option::of(0_u8..10), prop::option::of(0_u8..10));
    let stops = prop::collection::vec("[a-z]{1,4}", 0..3);
    (system, rounds(), tools, 0_u8..5, numbers, stops).prop_map(
        |(system, rounds, mut tools, word, numbers, stops)| {
            let system = system.map(|text| Turn::new(Role::System, vec![Block::text(text)]));
            for (at, tool) in tools.iter_mut().enumerate() {
                if let Tool::Function(function) = tool {
                    function.name = format!("{}_{at}", function.name).into();
                }
            }
            let (max_tokens, temperature, top_p) = numbers;
            let tenth = |number: Option<u8>| number.map(|number| kept(&json!(f64::from(number) / 10.0)));
            Request {
                model: "m".into(),
                turns: system.into_iter().chain(rounds).collect(),
                tool_choice: choice(&tools, word),
                tools,
                max_tokens,
                temperature: tenth(temperature),
                top_p: tenth(top_p),
                stop: stops.into_iter().map(Cow::Owned).collect(),
                ..Request::default()
            }
        },
    )
}

/// The same with everything that can be said about an answer, and content of every kind.
pub(crate) fn rich_request() -> impl Strategy<Value = Request<'static>> {
    let seldom = || prop::bool::weighted(0.3);
    let flags = (seldom(), seldom(), seldom(), seldom(), seldom(), seldom(), seldom());
    let words =
        (prop::option::of(thinking()), prop::option::of(format()), prop::option::of(name()), seldom());
    let content = prop::collection::vec(content(), 0..4);
    (request(), flags, words, content).prop_map(|(mut request, flags, words, content)| {
        let (top_k, seed, penalties, several, probabilities, serial, stored) = flags;
        let (thinking, format, user, tier) = words;
        let number =
            |said: bool, text: &'static str| said.then(|| Json::parse(text.as_bytes()).expect("a number"));
        request.top_k = number(top_k, "40");
        request.seed = number(seed, "7");
        request.frequency_penalty = number(penalties, "0.5");
        request.presence_penalty = number(penalties, "-0.25");
        request.answers = several.then_some(2);
        request.logprobs = probabilities.then_some(3);
        // Where no tool may be used, it does not matter how many may be used at once.
        let usable = !request.tools.is_empty() && request.tool_choice != Some(ToolChoice::None);
        request.parallel_tools = (serial && usable).then_some(false);
        request.store = stored.then_some(true);
        request.thinking = thinking;
        request.format = format;
        request.user = user.map(Cow::Owned);
        request.service_tier = tier.then_some(Cow::Borrowed("flex"));
        request
            .turns
            .push(Turn::new(Role::User, content.into_iter().chain([Block::text("go on")]).collect()));
        request
    })
}

/// Content that not every family takes.
fn content() -> impl Strategy<Value = Block<'static>> {
    let marked = (text(), prop::bool::ANY).prop_map(|(text, long)| {
        let ttl = long.then_some(Cow::Borrowed("1h"));
        Block::Text(Text {
            text: text.into(),
            cache: Some(Cache { ttl, breakpoint: false }),
            ..Text::default()
        })
    });
    let pdf = (data(), prop::option::of(name())).prop_map(|(data, title)| {
        let source = Source::Base64 { media_type: "application/pdf".into(), data: data.into() };
        Block::Document(Media { title: title.map(Cow::Owned), ..Media::new(source) })
    });
    let plain = text().prop_map(|text| Block::Document(Media::new(Source::Text(text.into()))));
    let url = name().prop_map(|name| {
        Block::Image(Media::new(Source::Url(format!("https://images.test/{name}.png").into())))
    });
    let recording = data().prop_map(|data| {
        Block::Audio(Media::new(Source::Base64 { media_type: "audio/wav".into(), data: data.into() }))
    });
    prop_oneof![marked, pdf, plain, url, recording, image()]
}

fn thinking() -> impl Strategy<Value = Thinking<'static>> {
    let effort = prop::sample::select(vec!["low", "medium", "high"]);
    let effort = effort.prop_map(|word| Thinking { effort: Some(word.into()), ..Thinking::default() });
    let budget = (1024_u64..20_000).prop_map(|budget| Thinking {
        mode: ThinkingMode::Enabled,
        budget: Some(budget),
        ..Thinking::default()
    });
    prop_oneof![effort, budget]
}

fn format() -> impl Strategy<Value = Format<'static>> {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"],
        "additionalProperties": false});
    let schema = kept(&schema);
    let named = name().prop_map(move |name| Format::Schema {
        name: Some(name.into()),
        description: None,
        schema,
        strict: Some(true),
    });
    prop_oneof![Just(Format::Json), named]
}

/// An answer in a form, that came as the call of a tool: the call's name and arguments, and the words that it stands for.
pub(crate) fn formed() -> impl Strategy<Value = (&'static str, String, String)> {
    let whole = object().prop_map(|value| ("structured_answer", value.to_string(), value.to_string()));
    let wrapped = value().prop_map(|value| {
        ("structured_answer_value", json!({"value": value}).to_string(), value.to_string())
    });
    prop_oneof![whole, wrapped]
}

/// Text with nothing else about it.
pub(crate) fn plain(block: &Block<'_>) -> Option<String> {
    match block {
        Block::Text(Text { text, .. }) | Block::Refusal(text) => Some(text.clone().into_owned()),
        _ => None,
    }
}

/// Arguments as the value they stand for. A family that takes objects only has what is none in an object.
pub(crate) fn meaning(arguments: &str) -> String {
    match serde_json::from_str::<Value>(arguments) {
        Ok(value) => match value["INVALID_JSON"].as_str() {
            Some(text) => text.to_owned(),
            None => value.to_string(),
        },
        Err(_) if arguments.is_empty() => "{}".to_owned(),
        Err(_) => arguments.to_owned(),
    }
}
