//! What each family reads of its own words, it writes and reads again: requests and answers, whole and streamed, with each
//! documented feature.

use bytes::BytesMut;
use serde_json::Value;
use shared::api::{Aim, Api, Echo};
use shared::dialect::Quirks;
use shared::ir::{Event, Response};
use shared::wire::Frame;
use shared::wire::json::Json;

use crate::answers::{FAMILIES, framed, streamed};
use crate::probe::CLIENTS;

/// What of these does not come again as it was.
fn strays<'t>(tries: impl IntoIterator<Item = (String, Result<(), String>)> + 't) -> String {
    let strays = tries.into_iter().filter_map(|(at, outcome)| Some(format!("{at}: {}", outcome.err()?)));
    strays.collect::<Vec<_>>().join("\n")
}

/// A body of the family in one spelling.
fn straight(api: Api, body: &[u8]) -> Vec<u8> {
    let json = Json::parse(body).expect("a request is JSON");
    api.read().straighten(json).map_or_else(|| body.to_vec(), |plain| plain.to_vec())
}

/// What is to be known of the maker's own models: others know no developer.
fn quirks(api: Api) -> Quirks {
    match api {
        Api::Completions => Quirks { developer: None, ..Quirks::USUAL },
        _ => Quirks::USUAL,
    }
}

/// Reads a request, writes it, and reads it again.
fn again(api: Api, body: &[u8]) -> Result<(), String> {
    let plain = straight(api, body);
    let mut first = api.read().request(Json::parse(&plain).unwrap()).expect("a request of the family");
    first.api = Some(api);
    let mut out = BytesMut::new();
    let lost = api.write().request(&first, &quirks(api), &mut out).expect("its own family can be asked");
    if !lost.is_empty() {
        return Err(format!("{lost:?} is lost"));
    }
    let plain = straight(api, &out);
    let mut second = api.read().request(Json::parse(&plain).unwrap()).expect("what was written");
    second.api = Some(api);
    // Where the parts stood in the client's body is another matter in another body.
    first.places.clear();
    second.places.clear();
    same(&format!("{first:#?}"), &format!("{second:#?}"))
}

/// The first line that is not the same.
fn same(first: &str, second: &str) -> Result<(), String> {
    let differs = first.lines().zip(second.lines()).find(|(one, other)| one != other);
    match differs {
        Some((one, other)) => Err(format!("{} became {}", one.trim(), other.trim())),
        None if first.len() != second.len() => Err("one says more".to_owned()),
        None => Ok(()),
    }
}

fn api_named(name: &str) -> Api {
    match name {
        "completions" => Api::Completions,
        "messages" => Api::Messages,
        "responses" => Api::Responses,
        _ => Api::Generate,
    }
}

/// **Law: what was read of a request the first time is what is read from what was written.**
#[test]
fn requests_come_again_as_they_were_read() {
    let tries = CLIENTS.iter().flat_map(|client| {
        client.requests().into_iter().map(move |(feature, request)| {
            let body = Value::from(request).to_string();
            (format!("{}: `{feature}`", client.name), again(api_named(client.name), body.as_bytes()))
        })
    });
    let strays = strays(tries);
    assert!(strays.is_empty(), "{strays}");
}

fn read_whole(api: Api, body: &[u8]) -> Response {
    let mut answer = Response::default();
    let json = Json::parse(body).expect("an answer is JSON");
    let read = api.read().response(json, Aim::Translation, &mut |event| answer.push(&event));
    read.expect("an answer of the family");
    answer
}

fn read_stream(api: Api, body: &[u8]) -> Response {
    let (mut answer, mut reader) = (Response::default(), api.read().stream(Aim::Translation));
    let mut scanner = api.framing().scanner(1 << 20);
    let mut take = |event: Event<'_>| answer.push(&event);
    scanner
        .push(body, &mut |frame: Frame<'_>| reader.push(frame, &mut take))
        .expect("a stream of the family");
    reader.finish(&mut take);
    answer
}

fn echo() -> Echo {
    Echo { model: "m".to_owned(), id: "made".to_owned(), created: 7, include_usage: true, ..Echo::default() }
}

fn write_whole(api: Api, answer: &Response) -> Vec<u8> {
    let mut out = BytesMut::new();
    api.write().response(answer, &Echo { model: answer.start.model.to_string(), ..echo() }, &mut out);
    out.to_vec()
}

fn write_stream(api: Api, answer: &Response) -> Vec<u8> {
    let mut out = BytesMut::new();
    let mut writer = api.write().stream(Echo { model: answer.start.model.to_string(), ..echo() });
    answer.replay(&mut |event| writer.push(&event, &mut out));
    out.to_vec()
}

/// Answers that are written in other words: where members of vendors say how an answer ended, where its end does not fit
/// what it says, and where a stream has no place for a recording's id or has a seal behind the words that it is on.
const OTHERWISE: [&str; 9] = [
    "additionalModelResponseFields: stop_sequence",
    "audio",
    "audio: expires_at",
    "content: tool_use",
    "content: tool_use by code",
    "groundingMetadata behind signed words",
    "logprobsResult behind signed words",
    "promptFeedback: blockReason",
    "stop text that was met",
];

/// **Law: the same of answers, whole and streamed.** Ids and counts that the family demands are there from then on.
#[test]
fn answers_come_again_as_they_were_read() {
    let mut tries = Vec::new();
    for family in &FAMILIES {
        let api = family.upstream().api;
        for (feature, answer) in family.answers() {
            let whole = read_whole(api, answer.to_string().as_bytes());
            let stream = read_stream(api, &framed(api, &streamed(api, &answer)));
            let whole = again_answered(&feature, whole, |answer| read_whole(api, &write_whole(api, answer)));
            let stream =
                again_answered(&feature, stream, |answer| read_stream(api, &write_stream(api, answer)));
            tries.push((format!("{api:?}: `{feature}`"), whole));
            tries.push((format!("{api:?}, streamed: `{feature}`"), stream));
        }
    }
    let strays = strays(tries);
    assert!(strays.is_empty(), "{strays}");
}

fn again_answered(
    feature: &str,
    first: Response,
    again: impl Fn(&Response) -> Response,
) -> Result<(), String> {
    let second = again(&first);
    let said = |answer: &Response| format!("{:#?}\n{:#?}", answer.blocks, answer.stop);
    if !OTHERWISE.contains(&feature) {
        same(&said(&first), &said(&second))?;
    }
    same(&format!("{second:#?}"), &format!("{:#?}", again(&second)))
}
