//! A provider's stream through a relay: what the client gets, and what the account says.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test has to fail where it finds something else than it expects"
)]

use bytes::BytesMut;
use proptest::prelude::*;
use shared::api::{Api, Echo};
use shared::host::Timestamp;
use shared::relay::{Ending, Relay};
use shared::report::{Outcome, Report};

const LIMIT: usize = 2000;
const APIS: [Api; 3] = [Api::Completions, Api::Messages, Api::Responses];

const CHAT: &str = "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Hé\"},\"finish_reason\":null}]}\n\n: keep-alive\n\ndata: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\r\n\r\ndata: {\"id\":\"c1\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1,\"total_tokens\":4}}\n\ndata: [DONE]\n\n";

/// Plays pieces that come a second apart, the first after a second.
fn play(client: Api, upstream: Api, pieces: &[&[u8]], ending: Ending) -> (String, Report) {
    play_apart(client, upstream, pieces, ending, 1_000_000)
}

/// Plays pieces that come so many microseconds apart.
fn play_apart(client: Api, upstream: Api, pieces: &[&[u8]], ending: Ending, apart: u64) -> (String, Report) {
    let echo = Echo { model: "asked".to_owned(), id: "1".to_owned(), ..Echo::default() };
    let report = Report { status: 200, ..Report::default() };
    let mut relay = Relay::new(client, upstream, echo, LIMIT, report);
    let mut out = BytesMut::new();
    let mut now = 0;
    for piece in pieces {
        now += apart;
        relay.push(piece, Timestamp(now), &mut out);
    }
    let report = relay.finish(ending, Timestamp(now + apart), &mut out);
    (String::from_utf8_lossy(&out).into_owned(), report)
}

/// Whether a client of this API would take a stream for an answer that came to its end.
fn looks_finished(client: Api, stream: &str) -> bool {
    let last_words = match client {
        Api::Completions => "[DONE]",
        Api::Messages => "message_stop",
        _ => "response.completed",
    };
    stream.contains(last_words)
}

fn says_it_failed(client: Api, stream: &str) -> bool {
    match client {
        Api::Completions => stream.contains("data: {\"error\":"),
        Api::Messages => stream.contains("event: error\n"),
        _ => stream.contains("event: response.failed\n") || stream.contains("event: error\n"),
    }
}

#[test]
fn c3_e11_verbatim_changes_no_byte_and_keeps_the_account() {
    let (client, report) = play(Api::Completions, Api::Completions, &[CHAT.as_bytes()], Ending::Complete);
    assert_eq!(client, CHAT.replace("\"m\"", "\"asked\""));
    assert_eq!(report.provider_model, "m");
    assert_eq!((report.usage.input, report.usage.output), (Some(3), Some(1)));
    assert_eq!((report.outcome, report.stop.as_deref()), (Outcome::Answered, Some("done")));
    assert_eq!(report.bytes_out, client.len() as u64);
    assert_eq!((report.times.first_token, report.times.total), (Some(1_000_000), 2_000_000));
}

#[test]
fn e9_an_error_behind_a_responses_own_events_has_the_next_number() {
    let event = |number: u32| {
        format!(
            "data: {{\"type\":\"response.in_progress\",\"sequence_number\":{number},\"response\":{{}}}}\n\n"
        )
    };
    let stream = [event(0), ": ping\n\n".to_owned(), event(1), event(2)].concat();
    let cut = &stream.as_bytes()[..stream.len() - 5];
    for (said, number) in [(cut, 2), (stream.as_bytes(), 3)] {
        let broken = Ending::Broken("reset".to_owned());
        let (client, _) = play(Api::Responses, Api::Responses, &[said], broken);
        let (_, error) = client.split_once("event: error\n").expect("an error event");
        assert!(error.contains(&format!("\"sequence_number\":{number},")), "{error}");
    }
}

#[test]
fn e9_a_stream_that_breaks_off_never_looks_finished() {
    let whole = CHAT.as_bytes();
    for client in APIS {
        for end in 0..CHAT.find("data: [DONE]").unwrap() {
            let broken = Ending::Broken("reset".to_owned());
            let (stream, report) = play(client, Api::Completions, &[&whole[..end]], broken);
            assert!(!looks_finished(client, &stream), "{client:?} at {end}: {stream}");
            assert!(says_it_failed(client, &stream), "{client:?} at {end}: {stream}");
            assert_eq!((report.outcome, report.status), (Outcome::Cut, 200));
        }
    }
}

#[test]
fn a_half_event_does_not_reach_the_client() {
    let half = CHAT.find("\"finish_reason\":\"stop\"").unwrap();
    let (stream, _) = play(
        Api::Completions,
        Api::Completions,
        &[&CHAT.as_bytes()[..half]],
        Ending::Broken("reset".to_owned()),
    );
    let named = CHAT.replace("\"m\"", "\"asked\"");
    let (whole, error) = stream.split_at(named.find("data: {\"id\":\"c1\",\"choices\"").unwrap());
    assert!(named.starts_with(whole));
    assert!(error.starts_with("data: {\"error\":"), "{error}");
}

/// A body may end as HTTP says it should, and in the middle of an event: what is there then is not an answer's end.
#[test]
fn e9_a_body_that_ends_within_an_event_never_looks_finished() {
    for client in APIS {
        for end in 0..CHAT.find("data: {\"id\":\"c1\",\"choices\":[],").unwrap() {
            let (stream, report) =
                play(client, Api::Completions, &[&CHAT.as_bytes()[..end]], Ending::Complete);
            let said_why = end >= CHAT.find("\"stop\"}]}").unwrap() + "\"stop\"}]}".len();
            assert_eq!(report.outcome == Outcome::Cut, !said_why, "{client:?} at {end}: {stream}");
            assert!(said_why || says_it_failed(client, &stream), "{client:?} at {end}: {stream}");
            assert!(said_why || !looks_finished(client, &stream), "{client:?} at {end}: {stream}");
        }
    }
}

#[test]
fn a_half_event_reaches_no_client_of_an_array() {
    let piece = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hi\"}]},\"index\":0}]}\n\n";
    for end in piece.len()..2 * piece.len() - "}\n\n".len() {
        let echo = Echo { array: true, ..Echo::default() };
        let mut relay = Relay::new(Api::Generate, Api::Generate, echo, LIMIT, Report::default());
        let mut out = BytesMut::new();
        relay.push(&piece.repeat(2).as_bytes()[..end], Timestamp(1), &mut out);
        relay.finish(Ending::Complete, Timestamp(2), &mut out);
        let array: Vec<serde_json::Value> = serde_json::from_slice(&out).unwrap();
        assert!(array.len() == 2 && array[1]["error"].is_object(), "{end}: {array:?}");
    }
}

#[test]
fn e12_an_event_over_the_limit_ends_in_an_error() {
    let long = format!("data: {{\"id\":\"{}\"}}\n\n", "x".repeat(LIMIT));
    for client in APIS {
        let (stream, report) =
            play(client, Api::Completions, &[&CHAT.as_bytes()[..190], long.as_bytes()], Ending::Complete);
        assert!(says_it_failed(client, &stream) && !stream.contains("xxx"), "{stream}");
        assert_eq!(report.outcome, Outcome::Failed);
    }
}

#[test]
fn e13_what_makes_no_sense_is_an_error_and_not_the_clients() {
    for nonsense in ["data: {\"choices\":\n\n", "data: <html>\n\n", "data: \u{7f}\u{fffd}\n\n"] {
        for client in [Api::Messages, Api::Responses] {
            let (stream, report) = play(client, Api::Completions, &[nonsense.as_bytes()], Ending::Complete);
            assert!(says_it_failed(client, &stream) && !stream.contains("<html>"), "{stream}");
            assert_ne!(report.outcome, Outcome::Answered);
        }
    }
}

#[test]
fn a_client_that_leaves_is_accounted_for() {
    let (stream, report) =
        play(Api::Messages, Api::Completions, &[&CHAT.as_bytes()[..200]], Ending::Abandoned);
    assert_eq!(report.outcome, Outcome::Abandoned);
    assert!(!looks_finished(Api::Messages, &stream));
}

proptest! {
    #[test]
    fn cutting_changes_nothing(
        client in prop::sample::select(APIS.to_vec()),
        cuts in prop::collection::vec(0..=CHAT.len(), 0..6),
        end in 0..=CHAT.len(),
    ) {
        let stream = &CHAT.as_bytes()[..end];
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(end)).collect();
        cuts.extend([0, end]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();
        let at_once = |pieces: &[&[u8]]| play_apart(client, Api::Completions, pieces, Ending::Complete, 0).0;
        let (cut, whole) = (at_once(&pieces), at_once(&[stream]));
        prop_assert_eq!(cut, whole);
    }
}
