//! The corpus played in process: each case whole, with every cut of its stream, with every line end, and broken off
//! after every event.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test has to fail where it finds something else than it expects, and looks for its switch"
)]

#[path = "../common/world.rs"]
mod common;
mod gateway;
mod world;

use corpus::Case;

use world::{Played, play, play_broken};

/// Trying each position on its own takes time that grows with the square of a stream's length.
const ORDINARY: usize = 3_000;
/// Shorter than any event, and prime.
const STRIDE: usize = 61;

macro_rules! pairs {
    ($($name:ident: $client:literal to $upstream:literal;)*) => {
        $(#[test]
        fn $name() {
            pair($client, $upstream);
        })*
    };
}

pairs! {
    completions_to_completions: "completions" to "completions";
    completions_to_messages: "completions" to "messages";
    completions_to_responses: "completions" to "responses";
    completions_to_generate: "completions" to "generate";
    completions_to_converse: "completions" to "converse";
    messages_to_completions: "messages" to "completions";
    messages_to_messages: "messages" to "messages";
    messages_to_responses: "messages" to "responses";
    messages_to_generate: "messages" to "generate";
    messages_to_converse: "messages" to "converse";
    responses_to_completions: "responses" to "completions";
    responses_to_messages: "responses" to "messages";
    responses_to_responses: "responses" to "responses";
    responses_to_generate: "responses" to "generate";
    responses_to_converse: "responses" to "converse";
    generate_to_completions: "generate" to "completions";
    generate_to_messages: "generate" to "messages";
    generate_to_responses: "generate" to "responses";
    generate_to_generate: "generate" to "generate";
    generate_to_converse: "generate" to "converse";
}

/// Plays a pair's cases in every way there is.
fn pair(client: &str, upstream: &str) {
    let of_pair = |case: &Case| case.client == client && case.upstream == upstream;
    let mut wrong = Vec::new();
    for case in corpus::cases().into_iter().filter(of_pair) {
        let failed = in_every_way(&case).err();
        wrong.extend(failed.map(|why| format!("{}: {why}", case.name)));
    }
    assert!(wrong.is_empty(), "{} cases failed\n\n{}\n", wrong.len(), wrong.join("\n\n"));
}

fn in_every_way(case: &Case) -> Result<(), String> {
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        case.expect(&play(case, &[&case.answer.bytes]).expected());
        return Ok(());
    }
    whole(case)?;
    cuts(case)?;
    line_ends(case)?;
    broken_off(case)
}

/// The provider receives, and the client gets, what the case says.
fn whole(case: &Case) -> Result<(), String> {
    let played = play(case, &[&case.answer.bytes]);
    match &played.sent {
        Some(_) if case.outline.refused => return Err("the provider was asked".to_owned()),
        None if !case.outline.refused => {
            return Err(format!("the provider was not asked: {}", played.text()));
        }
        None => {}
        Some(sent) => case.check_sent(sent).map_err(|why| format!("sent: {why}"))?,
    }
    equal("status", &case.expect_status(), &played.status)?;
    case.check_got(&played.body).map_err(|why| format!("got: {why}"))?;
    equal("losses", &case.outline.losses, &played.report.losses)?;
    for (name, value) in &case.outline.expect_headers {
        equal(name, &Some(value.as_str()), &played.header(name))?;
    }
    Ok(())
}

/// **Law: cutting the input anywhere changes nothing.** Each position is a cut of its own in streams of ordinary length,
/// and one of many cuts in long ones.
fn cuts(case: &Case) -> Result<(), String> {
    let answer = &case.answer.bytes;
    let uncut = play(case, &[answer]);
    same(&uncut, &play(case, &each_byte(answer)), "byte by byte")?;
    if !case.streams() {
        return Ok(());
    }
    if answer.len() <= ORDINARY {
        return (1..answer.len()).try_for_each(|at| {
            let (first, second) = answer.split_at(at);
            same(&uncut, &play(case, &[first, second]), &format!("cut at byte {at}"))
        });
    }
    (0..STRIDE).try_for_each(|offset| {
        let (first, rest) = answer.split_at(offset);
        let pieces: Vec<&[u8]> = [first].into_iter().chain(rest.chunks(STRIDE)).collect();
        same(&uncut, &play(case, &pieces), &format!("cut at byte {offset} and then every {STRIDE}"))
    })
}

/// LF, CR and CRLF are one to a reader of events. Where bytes go through as they are, so do their line ends.
fn line_ends(case: &Case) -> Result<(), String> {
    if case.answer.extension != "sse" || case.same_family() {
        return Ok(());
    }
    let uncut = play(case, &[&case.answer.bytes]);
    let text = String::from_utf8_lossy(&case.answer.bytes).replace("\r\n", "\n");
    for end in ["\r\n", "\r"] {
        let answer = text.replace('\n', end).into_bytes();
        same(&uncut, &play(case, &[&answer]), end)?;
        same(&uncut, &play(case, &each_byte(&answer)), end)?;
    }
    Ok(())
}

/// A stream that ends or breaks after any of its events never looks finished, unless all had been said.
fn broken_off(case: &Case) -> Result<(), String> {
    if !case.streams() {
        return Ok(());
    }
    let length = case.answer.bytes.len();
    for at in case.answer.ends().into_iter().filter(|at| *at < length) {
        let (said, _) = case.answer.bytes.split_at(at);
        for played in [play(case, &[said]), play_broken(case, &[said])] {
            cut_shows(case, said, &played)
                .map_err(|why| format!("ended at byte {at}: {why}: {}", played.text()))?;
        }
    }
    Ok(())
}

fn cut_shows(case: &Case, said: &[u8], played: &Played) -> Result<(), &'static str> {
    let (upstream, client) = (world::marks(&case.upstream), world::marks(&case.client));
    if upstream.stopped(said) || upstream.failed(said) {
        return Ok(());
    }
    match (client.stopped(&played.body), client.failed(&played.body)) {
        (true, _) => Err("looks finished"),
        (false, false) => Err("does not say that it broke off"),
        (false, true) => Ok(()),
    }
}

fn each_byte(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.chunks(1).collect()
}

fn same(expected: &Played, actual: &Played, how: &str) -> Result<(), String> {
    let how = how.escape_debug();
    equal(&format!("status, {how}"), &expected.status, &actual.status)?;
    equal(&format!("usage, {how}"), &expected.report.usage, &actual.report.usage)?;
    if expected.body == actual.body {
        return Ok(());
    }
    Err(format!("{how}\n  expected {}\n  but got  {}", expected.text(), actual.text()))
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, expected: &T, actual: &T) -> Result<(), String> {
    if expected == actual {
        Ok(())
    } else {
        Err(format!("{what}: expected {expected:?}, but got {actual:?}"))
    }
}
