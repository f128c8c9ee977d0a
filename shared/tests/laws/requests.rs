//! The laws of requests.

use bytes::BytesMut;
use proptest::prelude::*;
use serde_json::Value;
use shared::api::Api;
use shared::dialect::Quirks;
use shared::error::Error;
use shared::ir::{Block, Format, Loss, Request, Role, Source, Tool, ToolChoice, Why};
use shared::wire::json::Json;

use crate::{CLIENTS, FAMILIES, cases, given};

proptest! {
    #![proptest_config(cases(64))]

    /// What one family carries, it reads again and writes again as the same bytes.
    #[test]
    fn what_was_written_reads_the_same(request in given::request()) {
        for family in CLIENTS {
            let (body, losses) = written(family, &request).expect("any family can be asked");
            let plain = straightened(family, &body);
            let mut again = family.read().request(Json::parse(&plain).unwrap()).expect("what was written");
            prop_assert_eq!(asked(&again, &request, &losses), asked(&request, &request, &losses), "{:?}", family);
            again.api = Some(family);
            again.model = request.model.clone();
            let (rewritten, _) = written(family, &again).expect("what was read");
            prop_assert_eq!(String::from_utf8(rewritten), String::from_utf8(body), "{:?}", family);
        }
    }

    /// A request goes from any client to any provider with nothing lost that is not said.
    #[test]
    fn a_request_survives_every_pair(request in given::request()) {
        for client in CLIENTS {
            let (body, lost) = written(client, &request).expect("any family can be asked");
            let plain = straightened(client, &body);
            let mut from_client = client.read().request(Json::parse(&plain).unwrap()).expect("what was written");
            from_client.api = Some(client);
            for upstream in FAMILIES {
                let (sent, mut losses) = written(upstream, &from_client).expect("any provider can be asked");
                prop_assert!(Json::parse(&sent).is_ok());
                losses.extend(lost.iter().cloned());
                // Where a model may use no tool, Converse is told in words what was used, and the loss says so.
                let is_told = losses.iter().any(|loss| loss.path.starts_with("messages[") && loss.why == Why::Approximated);
                if upstream == Api::Converse && is_told {
                    continue;
                }
                if upstream == Api::Converse {
                    let wanted = asked(&request, &request, &losses);
                    prop_assert_eq!(asked_of_converse(&sent), (wanted.instructions, wanted.pieces), "{:?}", client);
                    continue;
                }
                let sent = straightened(upstream, &sent);
                let found = upstream.read().request(Json::parse(&sent).unwrap()).expect("what was written");
                prop_assert_eq!(asked(&found, &request, &losses), asked(&request, &request, &losses), "{:?} to {:?}", client, upstream);
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(64))]

    /// What was read of a request the first time is what is read from what was written.
    #[test]
    fn a_request_comes_again_as_it_was_read(request in given::rich_request()) {
        for family in CLIENTS {
            let Ok((body, _)) = written(family, &request) else { continue };
            let plain = straightened(family, &body);
            let mut first = family.read().request(Json::parse(&plain).unwrap()).expect("what was written");
            first.api = Some(family);
            let (body, losses) = written(family, &first).expect("its own family can be asked");
            prop_assert!(losses.is_empty(), "{:?}: {:?}", family, losses);
            let plain = straightened(family, &body);
            let mut second = family.read().request(Json::parse(&plain).unwrap()).expect("what was written");
            second.api = Some(family);
            prop_assert_eq!(format!("{second:#?}"), format!("{first:#?}"), "{:?}", family);
        }
    }

    /// Whatever a request says, it is written, declared lost, or the reason of a refusal.
    #[test]
    fn nothing_of_a_request_vanishes(mut request in given::rich_request()) {
        // From a client of none of the families that it is written for.
        request.api = Some(Api::Converse);
        for family in CLIENTS {
            let Ok((body, losses)) = written(family, &request) else { continue };
            let plain = straightened(family, &body);
            let found = family.read().request(Json::parse(&plain).unwrap()).expect("what was written");
            for (names, of) in PARAMETERS {
                let said = names.iter().any(|name| losses.iter().any(|loss| loss.path.contains(name)));
                let unsaid = of(&request) == of(&Request::default());
                prop_assert!(said || unsaid || of(&found) == of(&request), "{:?}: {} of {:?} became {:?}; lost: {:?}", family,
                    names[0], of(&request), of(&found), losses);
            }
            let (last, sent) = (content(&request), content(&found));
            let said = losses.iter().any(|loss| loss.path.starts_with("messages[") || loss.path.starts_with("content"));
            prop_assert!(said || last == sent, "{:?}: {:?} became {:?}; lost: {:?}", family, last, sent, losses);
        }
    }
}

/// What the user says, by kind and bytes.
fn content(request: &Request<'_>) -> Vec<String> {
    let user = request.turns.iter().filter(|turn| turn.role == Role::User);
    user.flat_map(|turn| &turn.blocks).map(media).collect()
}

fn media(block: &Block<'_>) -> String {
    match block {
        Block::Image(media) | Block::Document(media) | Block::Audio(media) => format!("{:?}", media.source),
        Block::Text(text) => format!("{} {:?}", text.text, text.cache.is_some()),
        Block::ToolResult(result) => format!("result of {}", result.id),
        other => format!("{other:?}"),
    }
}

/// A parameter as it is said.
type Parameter = fn(&Request<'_>) -> String;

/// Parameters by the names under which they may be declared lost.
const PARAMETERS: [(&[&str], Parameter); 13] = [
    (&["top_k"], |request| format!("{:?}", request.top_k)),
    (&["seed"], |request| format!("{:?}", request.seed)),
    (&["frequency_penalty"], |request| format!("{:?}", request.frequency_penalty)),
    (&["presence_penalty"], |request| format!("{:?}", request.presence_penalty)),
    (&["n"], |request| format!("{:?}", request.answers)),
    (&["logprobs"], |request| format!("{:?}", request.logprobs)),
    (&["parallel_tool_calls"], |request| format!("{:?}", request.parallel_tools)),
    (&["store"], |request| format!("{:?}", request.store)),
    (&["user"], |request| format!("{:?}", request.user)),
    (&["service_tier"], |request| format!("{:?}", request.service_tier)),
    (&["temperature"], |request| format!("{:?}", request.temperature)),
    (&["thinking", "reasoning"], |request| {
        let thinking = request.thinking.as_ref();
        format!("{:?}", thinking.map(|thinking| (&thinking.effort, thinking.budget)))
    }),
    (&["response_format"], |request| format!("{:?}", request.format.as_ref().map(form))),
];

/// A form, but for its name, which not every family has.
fn form(format: &Format<'_>) -> String {
    match format {
        Format::Schema { schema, .. } => {
            serde_json::from_str::<serde_json::Value>(schema.raw()).expect("a schema is JSON").to_string()
        }
        other => format!("{other:?}"),
    }
}

/// A request in a family's words, and what is lost.
pub(crate) fn written(family: Api, request: &Request<'_>) -> Result<(Vec<u8>, Vec<Loss>), Error> {
    let mut out = BytesMut::new();
    let losses = family.write().request(request, &Quirks::USUAL, &mut out)?;
    Ok((out.to_vec(), losses))
}

fn straightened(family: Api, body: &[u8]) -> Vec<u8> {
    let json = Json::parse(body).expect("a request is JSON");
    family.read().straighten(json).map_or_else(|| body.to_vec(), |plain| plain.to_vec())
}

/// What is asked: the instructions, the conversation a piece at a time, tools, and what is said about the answer.
#[derive(Debug, PartialEq)]
struct Asked {
    instructions: String,
    pieces: Vec<Piece>,
    tools: Vec<(String, String, String)>,
    choice: Option<String>,
    max_tokens: Option<u64>,
    temperature: Option<String>,
    top_p: Option<String>,
    stop: Vec<String>,
}

/// The instructions and the conversation in Converse's words, of which there is no reader.
fn asked_of_converse(sent: &[u8]) -> (String, Vec<Piece>) {
    let body: Value = serde_json::from_slice(sent).expect("a request is JSON");
    let texts = |list: &Value| -> String {
        let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
        items.iter().filter_map(|item| item["text"].as_str()).collect()
    };
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let piece = |model: bool, block: &Value| {
        let (call, result, image) = (&block["toolUse"], &block["toolResult"], &block["image"]);
        let (kind, whose, what) = if call.is_object() {
            let meaning = given::meaning(&call["input"].to_string());
            ("call", word(&call["toolUseId"]), format!("{} {meaning}", word(&call["name"])))
        } else if result.is_object() {
            ("result", word(&result["toolUseId"]), texts(&result["content"]).replace('\n', ""))
        } else if image.is_object() {
            let media_type = format!("image/{}", word(&image["format"]));
            ("image", String::new(), format!("{media_type} {}", word(&image["source"]["bytes"])))
        } else {
            ("text", String::new(), word(&block["text"]))
        };
        (model, kind, whose, what)
    };
    let messages = body["messages"].as_array().expect("a conversation").iter();
    let pieces = messages.flat_map(|message| {
        let blocks = message["content"].as_array().expect("content").iter();
        blocks.map(|block| piece(message["role"] == "assistant", block)).collect::<Vec<_>>()
    });
    (texts(&body["system"]), pieces.collect())
}

/// Whether the model says it, what kind of piece it is, whose, and what is in it.
type Piece = (bool, &'static str, String, String);

/// What a request asks, without what is declared lost, and without a limit that was not `wanted`: one family demands one.
fn asked(request: &Request<'_>, wanted: &Request<'_>, losses: &[Loss]) -> Asked {
    let kept = |name: &str| !losses.iter().any(|loss| loss.path.starts_with(name));
    let is_system = |role: &Role<'_>| matches!(role, Role::System | Role::Developer);
    let texts = request.turns.iter().filter(|turn| is_system(&turn.role)).flat_map(|turn| &turn.blocks);
    let spoken = request.turns.iter().filter(|turn| !is_system(&turn.role));
    let moved = losses.iter().any(|loss| loss.why == Why::Moved);
    let pieces = spoken.flat_map(|turn| {
        let model = turn.role == Role::Assistant;
        let mut said: Vec<Piece> = turn.blocks.iter().map(|block| piece(model, block)).collect();
        // A message of completions has its words before its calls.
        said.sort_by_key(|(_, kind, ..)| moved && model && *kind == "call");
        said
    });
    let choice = request.tool_choice.as_ref().filter(|choice| **choice != ToolChoice::Auto);
    let number = |value: Option<Json<'_>>| value.map(|value| value.raw().to_owned());
    Asked {
        instructions: texts.filter_map(given::plain).collect(),
        pieces: pieces.collect(),
        tools: request.tools.iter().map(tool).collect(),
        choice: choice.filter(|_| kept("tool_choice")).map(|choice| format!("{choice:?}")),
        max_tokens: request.max_tokens.filter(|_| kept("max_tokens") && wanted.max_tokens.is_some()),
        temperature: number(request.temperature).filter(|_| kept("temperature")),
        top_p: number(request.top_p).filter(|_| kept("top_p")),
        stop: if kept("stop") { request.stop.iter().map(ToString::to_string).collect() } else { Vec::new() },
    }
}

fn piece(model: bool, block: &Block<'_>) -> Piece {
    let (kind, whose, what) = match block {
        Block::ToolUse(call) => {
            ("call", call.id.to_string(), format!("{} {}", call.name, given::meaning(&call.arguments)))
        }
        Block::ToolResult(result) => {
            // A family whose results are one text sets their parts apart by line ends.
            let content: String = result.content.iter().filter_map(given::plain).collect();
            ("result", result.id.to_string(), content.replace('\n', ""))
        }
        Block::Image(image) => match &image.source {
            Source::Base64 { media_type, data } => ("image", String::new(), format!("{media_type} {data}")),
            other => ("image", String::new(), format!("{other:?}")),
        },
        other => ("text", String::new(), given::plain(other).unwrap_or_else(|| format!("{other:?}"))),
    };
    (model, kind, whose, what)
}

fn tool(tool: &Tool<'_>) -> (String, String, String) {
    match tool {
        Tool::Function(function) => (
            function.name.to_string(),
            function.description.as_deref().unwrap_or_default().to_owned(),
            function.schema.map(|schema| schema.raw().to_owned()).unwrap_or_default(),
        ),
        other => (format!("{other:?}"), String::new(), String::new()),
    }
}
