//! What must hold for the readers and writers of every family, and for a relay between any two.

use std::borrow::Cow;

use bytes::BytesMut;
use shared::api::{Aim, Api, Echo};
use shared::dialect::Quirks;
use shared::host::Timestamp;
use shared::ir::{Event, Order, Response};
use shared::relay::{Ending, Relay};
use shared::report::{Outcome, Report};
use shared::wire::json::{Edit, Json, Outline};
use shared::wire::{Frame, eventstream};

use crate::choose;

const APIS: [Api; 5] = [Api::Completions, Api::Messages, Api::Responses, Api::Converse, Api::Generate];

/// An edited body differs from the original in what was edited only.
pub(crate) fn edit(data: &[u8]) {
    let Ok(outline) = Outline::scan(data) else { return };
    let mut same = BytesMut::new();
    outline.edit(&[], &mut same);
    assert_eq!(&same[..], data);
    let Ok(mut wanted) = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(data) else {
        return;
    };
    let mut edited = BytesMut::new();
    let edits = [Edit::Set("model", Cow::Borrowed("\"m\"")), Edit::Remove("top_k")];
    outline.edit(&edits, &mut edited);
    wanted.insert("model".to_owned(), "m".into());
    wanted.remove("top_k");
    let found: serde_json::Map<_, _> = serde_json::from_slice(&edited).expect("an edited body is JSON");
    assert_eq!(found, wanted);
}

/// A request that one family reads, every family writes: JSON, or an error that says why not.
pub(crate) fn request(data: &[u8]) {
    let Ok(body) = Json::parse(data) else { return };
    for from in APIS {
        let plain = from.read().straighten(body);
        let plain = plain.as_ref().map(|plain| Json::parse(plain).expect("a straightened body is JSON"));
        let body = plain.unwrap_or(body);
        let Ok(mut read) = from.read().request(body) else { continue };
        read.api = Some(from);
        for to in APIS {
            let mut out = BytesMut::new();
            if to.write().request(&read, &Quirks::USUAL, &mut out).is_ok() {
                Json::parse(&out).expect("a request that was written is JSON");
            }
        }
    }
}

/// An answer that one family reads, every family writes as JSON.
pub(crate) fn response(data: &[u8]) {
    let Ok(body) = Json::parse(data) else { return };
    for from in APIS {
        let mut response = Response::default();
        let mut order = Order::default();
        let read = from.read().response(body, Aim::Translation, &mut |event| {
            assert_eq!(order.push(&event), Ok(()), "{event:?}");
            response.push(&event);
        });
        if read.is_err() {
            continue;
        }
        for to in APIS {
            let mut out = BytesMut::new();
            to.write().response(&response, &Echo::default(), &mut out);
            Json::parse(&out).expect("an answer that was written is JSON");
        }
    }
}

/// A stream through a relay of every pair: cutting changes nothing, the order holds, and only what the provider ended
/// looks ended. The first byte says where to cut.
pub(crate) fn stream(data: &[u8]) {
    let (cut, stream) = choose(data);
    APIS.into_iter().for_each(|upstream| relayed(upstream, stream, cut));
}

/// The same for the frames of Converse, whose checksums nobody guesses: each line of the input is the name of an event
/// or, behind an exclamation mark, of an exception, and its payload.
pub(crate) fn converse(data: &[u8]) {
    let (cut, lines) = choose(data);
    let mut stream = BytesMut::new();
    for line in lines.split(|byte| *byte == b'\n') {
        let end = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
        let (name, payload) = line.split_at(end.min(64));
        let name = String::from_utf8_lossy(name);
        let headers = match name.strip_prefix('!') {
            Some(name) => [(":message-type", "exception"), (":exception-type", name)],
            None => [(":message-type", "event"), (":event-type", &*name)],
        };
        eventstream::write(&headers, payload.trim_ascii_start(), &mut stream);
    }
    relayed(Api::Converse, &stream, cut);
}

fn relayed(upstream: Api, stream: &[u8], cut: usize) {
    order_holds(upstream, stream);
    for client in APIS {
        let whole = relay(client, upstream, &[stream]);
        let (head, tail) = stream.split_at(cut.min(stream.len()));
        assert_eq!(relay(client, upstream, &[head, tail]), whole);
        assert!(whole.1 == Outcome::Answered || !looks_finished(client, upstream, &whole.0));
    }
}

fn order_holds(upstream: Api, stream: &[u8]) {
    let mut reader = upstream.read().stream(Aim::Translation);
    let mut order = Order::default();
    let mut scanner = upstream.framing().scanner(1 << 20);
    let mut check = |event: Event<'_>| assert_eq!(order.push(&event), Ok(()), "{event:?}");
    let mut sink = |frame: Frame<'_>| reader.push(frame, &mut check);
    let _ = scanner.push(stream, &mut sink);
    scanner.finish(&mut sink);
    reader.finish(&mut check);
}

fn relay(client: Api, upstream: Api, pieces: &[&[u8]]) -> (Vec<u8>, Outcome) {
    let mut relay = Relay::new(client, upstream, Echo::default(), 1 << 20, Report::default());
    let mut out = BytesMut::new();
    for piece in pieces {
        relay.push(piece, Timestamp(0), &mut out);
    }
    let report = relay.finish(Ending::Complete, Timestamp(0), &mut out);
    (out.to_vec(), report.outcome)
}

/// Whether a client would take this for an answer that came to its end. Bytes that went through as they are say what
/// the provider said.
fn looks_finished(client: Api, upstream: Api, stream: &[u8]) -> bool {
    if client == upstream {
        return false;
    }
    let mut finished = false;
    let mut scanner = client.framing().scanner(1 << 20);
    let _ = scanner.push(stream, &mut |frame| {
        let last = matches!(frame.name, "message_stop" | "response.completed" | "messageStop");
        finished |= frame.data == b"[DONE]" || last;
    });
    finished
}

/// Anything may come with an error status, and every family says something of it.
pub(crate) fn error(data: &[u8]) {
    for from in APIS {
        let error = from.read().error(500, data);
        for to in APIS {
            let mut out = BytesMut::new();
            to.write().error(&error, &Echo::default(), &mut out);
            Json::parse(&out).expect("an error is JSON");
        }
    }
}
