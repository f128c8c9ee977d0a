//! The scanners.

use bytes::BytesMut;
use serde_json::value::RawValue;
use shared::wire::json::{DEPTH, Json};
use shared::wire::multipart::Form;
use shared::wire::{Framing, Scanner};

/// Small enough that inputs reach it.
const LIMIT: usize = 4096;

/// Cutting a stream of server-sent events anywhere changes nothing.
pub(crate) fn sse(input: &[u8]) {
    cut(Framing::Events, input);
}

/// Cutting a stream of binary frames anywhere changes nothing.
pub(crate) fn frames(input: &[u8]) {
    cut(Framing::Binary, input);
}

/// A form with another text in one field differs in that field only, and reads so.
pub(crate) fn form(input: &[u8]) {
    const MEDIA_TYPE: &str = "multipart/form-data; boundary=b";
    let Ok(form) = Form::scan(MEDIA_TYPE, input) else { return };
    let Ok(model) = form.text("model") else { return };
    let mut same = BytesMut::new();
    if let Some(Ok(())) = model.map(|model| form.set("model", model, &mut same)) {
        assert_eq!(&same[..], input);
    }
    let mut edited = BytesMut::new();
    form.set("model", "other", &mut edited).expect("a plain word can be set");
    let read = Form::scan(MEDIA_TYPE, &edited).expect("an edited form is a form");
    assert_eq!(read.text("model"), Ok(Some("other")));
    assert_eq!(read.text("stream"), form.text("stream"));
    assert_eq!(read.len(), form.len() + usize::from(model.is_none()));
}

fn cut(framing: Framing, input: &[u8]) {
    let (size, stream) = super::choose(input);
    let whole = events(framing, stream, stream.len());
    assert_eq!(whole, events(framing, stream, size + 1));
    assert_eq!(whole, events(framing, stream, 1));
}

/// The events of a stream that comes in pieces of `size` bytes, and whether one was too large.
fn events(framing: Framing, stream: &[u8], size: usize) -> (Vec<(String, Vec<u8>)>, bool) {
    let mut scanner: Scanner = framing.scanner(LIMIT);
    let mut events = Vec::new();
    for piece in stream.chunks(size.max(1)) {
        match scanner.push(piece, &mut |frame| events.push((frame.name.to_owned(), frame.data.to_vec()))) {
            Ok(complete) => assert!(complete <= piece.len()),
            Err(_) => return (events, true),
        }
    }
    scanner.finish(&mut |frame| events.push((frame.name.to_owned(), frame.data.to_vec())));
    (events, false)
}

/// What is taken for JSON is JSON, and the other way round; everything in it can be reached.
pub(crate) fn json(input: &[u8]) {
    let theirs = serde_json::from_slice::<&RawValue>(input);
    match Json::parse(input) {
        Ok(value) => {
            assert!(theirs.is_ok());
            walk(value);
        }
        Err(why) if why.what == "nested too deeply" => {
            assert!(input.iter().filter(|byte| b"[{".contains(byte)).count() > DEPTH);
        }
        Err(_) => assert!(theirs.is_err()),
    }
}

fn walk(value: Json<'_>) {
    assert_eq!(Json::parse(value.raw().as_bytes()), Ok(value));
    value.items().for_each(walk);
    for (name, member) in value.fields() {
        assert!(value.get(&name).is_some());
        walk(member);
    }
}
