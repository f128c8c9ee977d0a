//! What goes from one family to another: the words of a request, and of an answer, in every pair they have equals in.

mod choices;
mod citations;
mod converse;
mod empty;
mod hosted;
mod logprobs;
mod marks;
mod spelling;
mod thinking;
mod usage;
mod video;

use bytes::BytesMut;
use serde_json::{Value, json};

use super::*;
use crate::ir::{Event, Response};
use crate::wire::Frame;

/// What a provider gets of a client's request, and what is lost on the way.
fn asked(client: Api, body: &Value, upstream: Api, quirks: &Quirks) -> Result<(Value, Vec<String>), Error> {
    let text = body.to_string();
    let body = Json::parse(text.as_bytes()).unwrap();
    let straight = client.read().straighten(body);
    let body = straight.as_deref().map_or(body, |straight| Json::parse(straight).unwrap());
    let request = client.read().request(body)?;
    let mut out = BytesMut::new();
    let losses = upstream.write().request(&request, quirks, &mut out)?;
    Ok((serde_json::from_slice(&out).unwrap(), losses.iter().map(Loss::to_string).collect()))
}

/// The smallest request of a family, with `members`.
fn question(client: Api, members: Value) -> Value {
    let mut body = match client {
        Api::Generate => json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}),
        Api::Responses => json!({"model": "m", "input": "hi"}),
        _ => json!({"model": "m", "max_tokens": 20_000, "messages": [{"role": "user", "content": "hi"}]}),
    };
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    body
}

/// A provider's whole answer as a client of `client` gets it, whole and as the data of its stream's events.
fn answered(upstream: Api, body: &Value, client: Api) -> (Value, Vec<Value>) {
    let (text, mut response) = (body.to_string(), Response::default());
    let body = Json::parse(text.as_bytes()).unwrap();
    let mut passage = Passage::new(upstream, client, &Echo::default());
    let mut take = |event: Event<'_>| passage.push(event, &mut |event| response.push(&event));
    upstream.read().response(body, Aim::Translation, &mut take).unwrap();
    let (mut whole, mut stream) = (BytesMut::new(), BytesMut::new());
    client.write().response(&response, &Echo::default(), &mut whole);
    let mut writer = client.write().stream(Echo::default());
    response.replay(&mut |event| writer.push(&event, &mut stream));
    let mut events = Vec::new();
    let mut take = |frame: Frame<'_>| events.extend(serde_json::from_slice(frame.data).ok());
    client.framing().scanner(1 << 20).push(&stream, &mut take).unwrap();
    (serde_json::from_slice(&whole).unwrap(), events)
}
