//! Real exchanges, replayed: what was recorded between the providers' own clients and the providers comes through the
//! gateway unchanged within a family, and with nothing lost to any other.
//!
//! The recordings are not part of this repository. Where they are absent, nothing is tested, and the test says so.

#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::string_slice,
    reason = "a test has to fail where it finds something else than it expects, looks for its recordings, and says what it found"
)]

mod asked;
mod known;
mod left;
mod recording;
mod said;
mod wire;
mod world;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use serde_json::{Value, json};
use shared::api::Api;

use recording::Recording;
use said::{Said, Usage};
use world::{Answer, CLIENTS, Played, UPSTREAMS, play};

#[test]
fn recorded_answers_survive_every_pair() {
    let mut table = Table::default();
    for recording in recording::all().iter().filter(|recording| recording.answered()) {
        for client in CLIENTS {
            table.count(recording, client, recording.api, "answer", || answer(recording, client));
        }
    }
    table.judge("answer");
}

#[test]
fn recorded_requests_survive_every_pair() {
    let mut table = Table::default();
    let readable = |recording: &&Recording| recording.api != Api::Converse && recording.answered();
    for recording in recording::all().iter().filter(readable) {
        for upstream in UPSTREAMS {
            table.count(recording, recording.api, upstream, "request", || request(recording, upstream));
        }
    }
    table.judge("request");
}

#[test]
fn recorded_errors_keep_their_words() {
    let mut table = Table::default();
    for recording in recording::all().iter().filter(|recording| !recording.answered()) {
        for client in CLIENTS {
            table.count(recording, client, recording.api, "error", || error(recording, client));
        }
    }
    table.judge("error");
}

/// What is recorded is replayed, or there is a reason that it is not.
#[test]
fn what_is_not_replayed_is_known() {
    let found = recording::left();
    let is = |found: &String, begins: &str| found.starts_with(begins);
    let wrong = found.iter().filter(|found| !left::LEFT.iter().any(|(begins, _)| is(found, begins)));
    let wrong: Vec<_> = wrong.collect();
    assert!(wrong.is_empty(), "neither replayed nor left: {wrong:?}");
    for (begins, why) in left::LEFT {
        let count = found.iter().filter(|found| is(found, begins)).count();
        assert!(count > 0 || found.is_empty(), "{begins}: there is no such recording");
        println!("{begins}: {why}");
    }
}

#[test]
fn recorded_operations_go_through_as_they_are() {
    let mut table = Table::default();
    for (recording, path) in recording::operations() {
        table.count(&recording, recording.api, recording.api, "operation", || operation(&recording, path));
    }
    table.judge("operation");
}

/// What a comparison comes to: what differs, in words.
type Judged = Result<(), String>;

/// What was compared, and what differed.
#[derive(Default)]
struct Table {
    compared: BTreeMap<(String, String), usize>,
    differences: Vec<(String, String, String)>,
}

impl Table {
    fn count(
        &mut self,
        recording: &Recording,
        client: Api,
        upstream: Api,
        what: &str,
        judge: impl Fn() -> Judged,
    ) {
        let pair = format!("{what} {} to {}", client.name(), upstream.name());
        let (folder, _) = recording.name.rsplit_once('/').expect("a folder and a number");
        *self.compared.entry((folder.to_owned(), pair.clone())).or_default() += 1;
        // Readers of answers panic where an answer has no sense.
        let judged = catch_unwind(AssertUnwindSafe(judge)).unwrap_or_else(|_| Err("panicked".to_owned()));
        self.differences.extend(judged.err().map(|why| (recording.name.clone(), pair, why)));
    }

    /// Prints the table; fails where what differs is not exactly what is known to.
    fn judge(self, what: &str) {
        if self.compared.is_empty() {
            println!("There are no recordings here: nothing was replayed.");
            return;
        }
        for ((folder, pair), count) in &self.compared {
            println!("{count:4}  {pair:40}  {folder}");
        }
        let known: Vec<_> = known::DIFFERENCES.iter().filter(|(_, pair, _)| pair.starts_with(what)).collect();
        println!("{} compared, {} differ", self.compared.values().sum::<usize>(), self.differences.len());
        let is = |found: &(String, String, String), known: &known::Known| {
            (&*found.0, &*found.1) == (known.0, known.1)
        };
        let mut wrong = Vec::new();
        for found in self.differences.iter().filter(|found| !known.iter().any(|known| is(found, known))) {
            wrong.push(format!("{}, {}: {}", found.0, found.1, found.2));
        }
        for known in known {
            match self.differences.iter().find(|found| is(found, known)) {
                Some((name, pair, _)) => println!("{name}, {pair}: {}", known.2),
                None => wrong.push(format!("{}, {}: no longer differs", known.0, known.1)),
            }
        }
        assert!(wrong.is_empty(), "{} differences\n{}\n", wrong.len(), wrong.join("\n"));
    }
}

/// A recorded answer, given to a client.
fn answer(recording: &Recording, client: Api) -> Judged {
    let said = recording.answer_to_client();
    let expected = said::read(recording.api, &said, recording.streams);
    for stream in [recording.streams, !recording.streams] {
        let played = given(recording, client, stream, vec![&recording.answer]);
        equal("status", &200, &played.status)?;
        if client == recording.api && stream == recording.streams {
            equal("bytes", &renamed(recording, &expected.model, &model_of_client(recording)), &played.body)?;
            continue;
        }
        let found = said::read(client, &played.body, stream);
        equal("model", &model_of_client(recording), &found.model)?;
        survives(&expected, &found, client).map_err(|why| format!("{why} (streamed: {stream})"))?;
    }
    cuts(recording, client)
}

/// The recorded bytes with the client's name for the model, which is all that changes within a family.
fn renamed(recording: &Recording, provider_model: &str, client_model: &str) -> Bytes {
    let said = recording.answer_to_client();
    let mut text = String::from_utf8(said.to_vec()).expect("what is not binary is text");
    let name = if recording.api == Api::Generate { "modelVersion" } else { "model" };
    // Azure's first chunk names none.
    for own in ["", provider_model] {
        for colon in [":", ": "] {
            let member = |model: &str| format!("\"{name}\"{colon}\"{model}\"");
            text = text.replace(&member(own), &member(client_model));
        }
    }
    Bytes::from(text)
}

/// **Law: cutting the input anywhere changes nothing.**
fn cuts(recording: &Recording, client: Api) -> Judged {
    let whole = given(recording, client, recording.streams, vec![&recording.answer]);
    for size in [1, 7, 61, 509, 4093] {
        for offset in [0, size / 2] {
            let (head, tail) = recording.answer.split_at(offset.min(recording.answer.len()));
            let pieces = [head].into_iter().chain(tail.chunks(size)).collect();
            let cut = given(recording, client, recording.streams, pieces);
            equal(&format!("cut every {size}"), &whole.body, &cut.body)?;
            equal("usage", &whole.report.usage, &cut.report.usage)?;
        }
    }
    Ok(())
}

fn given(recording: &Recording, client: Api, stream: bool, pieces: Vec<&[u8]>) -> Played {
    let answer = Answer { status: recording.status, media_type: &recording.media_type, pieces };
    let model = model_of_client(recording);
    play(client, &model, stream, question(client, &model, stream), &answer)
}

/// The model that answers, as a client names it. Where its name does not matter, it is one that no row knows.
fn model_of_client(recording: &Recording) -> String {
    let model = if recording.provider == recording.api.name() { "m" } else { &recording.model };
    format!("{}/{model}", recording.provider)
}

/// The shortest request of a client.
fn question(client: Api, model: &str, stream: bool) -> Bytes {
    let messages = json!([{"role": "user", "content": "?"}]);
    let body = match client {
        Api::Completions => {
            json!({"model": model, "messages": messages, "stream": stream, "stream_options": {"include_usage": true}})
        }
        Api::Messages => json!({"model": model, "messages": messages, "stream": stream, "max_tokens": 9}),
        Api::Responses => json!({"model": model, "input": "?", "stream": stream}),
        Api::Generate | Api::Converse => json!({"contents": [{"role": "user", "parts": [{"text": "?"}]}]}),
    };
    Bytes::from(body.to_string())
}

fn survives(expected: &Said, found: &Said, client: Api) -> Judged {
    equal("text", &expected.text, &found.text)?;
    equal("thinking", &expected.thinking, &found.thinking)?;
    equal("how many calls", &expected.calls.len(), &found.calls.len())?;
    for (expected, found) in expected.calls.iter().zip(&found.calls) {
        equal("a tool", &expected.name, &found.name)?;
        equal("arguments", &expected.arguments, &found.arguments)?;
        match expected.id.is_empty() {
            true if found.id.is_empty() && client != Api::Generate => {
                return Err("a call has no id".to_owned());
            }
            true => {}
            false => equal("an id", &expected.id, &found.id)?,
        }
    }
    equal("stop", &expected.stop, &found.stop)?;
    equal("usage", &told(expected.usage, client), &told(found.usage, client))
}

/// What of usage a family has a place for.
fn told(usage: Usage, client: Api) -> Usage {
    let cache_write = if client == Api::Messages { usage.cache_write } else { 0 };
    let reasoning = if client == Api::Messages { 0 } else { usage.reasoning };
    Usage { cache_write, reasoning, ..usage }
}

/// A recorded request, written for a provider.
fn request(recording: &Recording, upstream: Api) -> Judged {
    let mut body = recording.asked_by_client();
    let own = recording.api == upstream && recording.provider != upstream.name();
    let model = match own {
        true => model_of_client(recording),
        false => format!("{}/{}", upstream.name(), model_of(upstream)),
    };
    if recording.api != Api::Generate {
        body["model"] = model.as_str().into();
    }
    let stream = recording.streams;
    let silent = Answer { status: 500, media_type: "text/plain", pieces: Vec::new() };
    let played = play(recording.api, &model, stream, Bytes::from(body.to_string()), &silent);
    let Some(sent) = &played.sent else {
        return Err(format!("refused: {}", String::from_utf8_lossy(&played.body)));
    };
    let mut sent: Value = serde_json::from_slice(sent).expect("a request is JSON");
    if recording.api == upstream {
        let mut recorded = recording.asked();
        recorded["model"] = Value::Null;
        sent["model"] = Value::Null;
        return equal("request", &recorded, &sent);
    }
    played.report.losses.iter().for_each(|loss| forget(&mut body, loss));
    arrives(asked::read(recording.api, &body), asked::read(upstream, &sent))
}

/// Takes out of a request what is declared lost: `tools[0].parameters.default`, `temperature(clamped)`.
fn forget(body: &mut Value, loss: &str) {
    let path = match loss.split('(').next().unwrap_or_default() {
        "stop" if body["contents"].is_array() => "generationConfig.stopSequences",
        path => path,
    };
    let pointer = format!("/{}", path.replace(['.', '['], "/").replace(']', ""));
    let (parent, member) = pointer.rsplit_once('/').expect("it begins with one");
    if let Some(object) = body.pointer_mut(parent).and_then(Value::as_object_mut) {
        object.remove(member);
    }
}

/// A model that the provider is likely to be asked for.
fn model_of(upstream: Api) -> &'static str {
    match upstream {
        Api::Completions | Api::Responses => "gpt-4.1",
        Api::Messages => "claude-sonnet-4-5",
        Api::Generate => "gemini-2.5-pro",
        Api::Converse => "anthropic.claude-sonnet-4-5-20250929-v1:0",
    }
}

fn arrives(mut expected: asked::Asked, mut found: asked::Asked) -> Judged {
    equal("instructions", &expected.instructions, &found.instructions)?;
    name_calls(&mut expected);
    name_calls(&mut found);
    equal("conversation", &expected.pieces, &found.pieces)?;
    equal("tools", &expected.tools, &found.tools)?;
    equal("choice", &expected.choice, &found.choice)?;
    equal("format", &expected.format, &found.format)?;
    for (name, value) in &expected.parameters {
        equal(name, &Some(value), &found.parameters.get(name))?;
    }
    Ok(())
}

/// Families without ids say which call a result is for by its tool's name; so calls are numbered, and results say which.
fn name_calls(asked: &mut asked::Asked) {
    let mut calls: Vec<(Value, Value, bool)> = Vec::new();
    for piece in &mut asked.pieces {
        if piece.kind == "call" {
            calls.push((piece.value["id"].clone(), piece.value["name"].clone(), false));
            piece.value["id"] = calls.len().into();
        } else if piece.kind == "result" {
            let id = piece.value["id"].clone();
            let mut open = calls.iter_mut().enumerate().filter(|(_, (.., answered))| !answered);
            let found = open.find(|(_, call)| call.0 == id || call.0.is_null() && call.1 == id);
            piece.value["id"] = found.map_or(Value::Null, |(at, call)| {
                call.2 = true;
                (at + 1).into()
            });
        }
    }
}

/// An operation that only providers of the same API have, at this path: the model's name changes, and nothing else.
fn operation(recording: &Recording, path: &str) -> Judged {
    let mut body = recording.asked();
    let name = format!("{}/{}", recording.provider, body["model"].as_str().unwrap_or_default());
    body["model"] = name.as_str().into();
    let answer = Answer {
        status: recording.status,
        media_type: &recording.media_type,
        pieces: recording.answer.chunks(997).collect(),
    };
    let played = world::ask(path, Bytes::from(body.to_string()), &answer);
    let sent = played.sent.ok_or_else(|| format!("refused: {}", String::from_utf8_lossy(&played.body)))?;
    equal("request", &recording.asked(), &serde_json::from_slice(&sent).expect("a request is JSON"))?;
    equal("status", &recording.status, &played.status)?;
    let own = match recording.streams {
        true => wire::events(recording.api, &recording.answer)[0].1["model"].clone(),
        false => {
            serde_json::from_slice::<Value>(&recording.answer).expect("an answer is JSON")["model"].clone()
        }
    };
    equal("bytes", &renamed(recording, own.as_str().unwrap_or_default(), &name), &played.body)
}

/// A recorded error, given to a client: its status and the provider's own words.
fn error(recording: &Recording, client: Api) -> Judged {
    let played = given(recording, client, recording.streams, vec![&recording.answer]);
    equal("status", &recording.status, &played.status)?;
    if client == recording.api {
        return equal("bytes", &recording.answer, &played.body);
    }
    let body = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).expect("an error is JSON");
    equal("words", &message_of(&body(&recording.answer)), &message_of(&body(&played.body)))
}

fn message_of(body: &Value) -> Value {
    let places = [&body["error"]["message"], &body["message"], &body["detail"]];
    places.into_iter().find(|message| message.is_string()).cloned().unwrap_or_default()
}

fn equal<T: PartialEq + Debug>(what: &str, expected: &T, found: &T) -> Judged {
    if expected == found {
        Ok(())
    } else {
        Err(format!("{what}: expected {expected:?}, but found {found:?}"))
    }
}
