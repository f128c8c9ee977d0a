//! `demo/echo`: the model of a gateway that has no provider yet. It answers with what it was asked.

use std::borrow::Cow;

use bytes::BytesMut;
use http::Response;

use super::asked::{Asked, Page};
use super::reply::set_type;
use super::{Call, Reply};
use crate::error::Error;
use crate::host::Host;
use crate::ir::{self, Block, Delta, Event, Open, Role, Start, Stop, StopReason, Usage};

/// How many bytes are taken for a token: this model has no tokenizer.
const BYTES_PER_TOKEN: usize = 4;

/// Answers in the client's API, streamed where that was asked for.
pub(super) fn answer<H: Host>(call: &mut Call<'_, H>, asked: &Asked<'_>) -> Result<Reply<H::Body>, Error> {
    let mut page = Page::default();
    let request = asked.read(&mut page)?;
    let question = last_words(&request);
    let id = format!("demo-{}", call.echo.id);
    let usage = Usage {
        input: Some(tokens(asked.body.len())),
        output: Some(tokens(question.len())),
        ..Usage::default()
    };
    call.report.usage = usage;
    call.report.provider = "demo".to_owned();
    call.report.stop = Some(StopReason::Done.word());
    let events = events(&id, &question, usage);
    call.echo.completed = Some(call.host.now().seconds());
    let mut out = BytesMut::new();
    if asked.stream {
        let mut writer = asked.api.write().stream(call.echo.clone());
        events.iter().for_each(|event| writer.push(event, &mut out));
    } else {
        let mut whole = ir::Response::default();
        events.iter().for_each(|event| whole.push(event));
        asked.api.write().response(&whole, &call.echo, &mut out);
    }
    let mut response = Response::new(out.freeze());
    set_type(asked, response.headers_mut());
    Ok(call.whole(response))
}

/// The answer, a word a delta.
fn events<'a>(id: &'a str, question: &'a str, usage: Usage) -> Vec<Event<'a>> {
    let start = Start { id: Cow::Borrowed(id), model: Cow::Borrowed("echo"), ..Start::default() };
    let words = ["You said: "].into_iter().chain(question.split_inclusive(' '));
    let mut events = vec![Event::Start(start), Event::Open { index: 0, block: Open::Text }];
    events.extend(words.map(|word| Event::Delta { index: 0, delta: Delta::Text(Cow::Borrowed(word)) }));
    events.extend([
        Event::Close { index: 0 },
        Event::Usage(usage),
        Event::Stop(Stop { reason: StopReason::Done, sequence: None }),
        Event::End,
    ]);
    events
}

/// The words of the last user turn.
fn last_words(request: &ir::Request<'_>) -> String {
    let turn = request.turns.iter().rfind(|turn| turn.role == Role::User);
    let blocks = turn.map(|turn| turn.blocks.as_slice()).unwrap_or_default();
    let texts = blocks.iter().filter_map(|block| match block {
        Block::Text(text) => Some(text.text.as_ref()),
        _ => None,
    });
    texts.collect::<Vec<_>>().join(" ")
}

fn tokens(bytes: usize) -> u64 {
    bytes.div_ceil(BYTES_PER_TOKEN) as u64
}
