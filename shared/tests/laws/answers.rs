//! The laws of answers.

use bytes::BytesMut;
use proptest::prelude::*;
use shared::api::{self, Aim, Api, Echo, Passage};
use shared::host::Timestamp;
use shared::ir::{Block, Event, Order, Response, Start, Stop, StopReason, ToolUse, Usage};
use shared::relay::{Ending, Relay};
use shared::report::{Outcome, Report};
use shared::wire::Frame;
use shared::wire::json::Json;

use crate::{CLIENTS, FAMILIES, cases, given};

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn folding_what_is_replayed_gives_the_answer_again(answer in given::response()) {
        let (mut again, mut order) = (Response::default(), Order::default());
        answer.replay(&mut |event| {
            assert_eq!(order.push(&event), Ok(()), "{event:?}");
            again.push(&event);
        });
        prop_assert_eq!(again, answer);
    }

    #[test]
    fn an_answer_survives_every_family(answer in given::response()) {
        for family in FAMILIES {
            let (whole, streamed) = (read_whole(family, &write_whole(family, &answer)), read_stream(family, &[&write_stream(family, &answer)]));
            for (found, how) in [(&whole, "whole"), (&streamed, "streamed")] {
                prop_assert_eq!(told(found), told(&answer), "{:?}, {}", family, how);
                prop_assert_eq!(counted(family, found.usage), counted(family, answer.usage), "{:?}, {}", family, how);
                prop_assert!(found.ended && found.error.is_none());
            }
            if family != Api::Completions {
                prop_assert_eq!(order_of(&whole), order_of(&streamed), "{:?}", family);
            }
            prop_assert_eq!(&whole.stop, &streamed.stop, "{:?}", family);
            prop_assert_eq!(counted(family, whole.usage), counted(family, streamed.usage), "{:?}", family);
        }
    }

    #[test]
    fn an_account_is_the_same_whatever_an_answer_is_read_for(answer in given::response()) {
        for family in FAMILIES {
            let (whole, stream) = (write_whole(family, &answer), write_stream(family, &answer));
            let account = |aim| (account_of_whole(family, aim, &whole), account_of_stream(family, aim, &stream));
            prop_assert_eq!(account(Aim::Account), account(Aim::Translation), "{:?}", family);
        }
    }

    #[test]
    fn a_relay_of_any_pair_says_what_the_provider_says(answer in given::response(), cuts in any_cuts()) {
        for upstream in FAMILIES {
            let stream = write_stream(upstream, &answer);
            for client in CLIENTS {
                let (whole, outcome) = relay(client, upstream, &[&stream]);
                prop_assert_eq!(outcome, Outcome::Answered);
                let cut = pieces(&stream, &cuts);
                prop_assert_eq!(&relay(client, upstream, &cut).0, &whole, "{:?} to {:?}, cut", client, upstream);
                let (found, said) = (read_stream(client, &[&whole]), read_stream(upstream, &[&stream]));
                prop_assert_eq!(told(&found), told(&said), "{:?} to {:?}", client, upstream);
                prop_assert_eq!(counted(client, found.usage), counted(client, said.usage), "{:?} to {:?}", client, upstream);
            }
        }
    }

    /// An answer's form that was asked for by a tool comes as words, and as the same wherever the stream is cut; other
    /// calls stay calls.
    #[test]
    fn d2_a_form_comes_as_words((name, arguments, words) in given::formed(), other in any::<bool>(), cuts in any_cuts()) {
        let answer = answer_in_form(name, &arguments, other);
        let stop = if other { StopReason::ToolUse } else { StopReason::Done };
        for upstream in FAMILIES {
            let stream = write_stream(upstream, &answer);
            for client in CLIENTS.into_iter().filter(|client| *client != upstream) {
                let (whole, _) = relay(client, upstream, &[&stream]);
                prop_assert_eq!(&relay(client, upstream, &pieces(&stream, &cuts)).0, &whole, "{:?} to {:?}, cut", client, upstream);
                let found = told(&read_stream(client, &[&whole]));
                prop_assert_eq!((&found.text, found.calls.len()), (&words, usize::from(other)), "{:?} to {:?}", client, upstream);
                prop_assert_eq!(&found.stop, &stop, "{:?} to {:?}", client, upstream);
            }
        }
    }

    /// An answer comes as the same whether its provider streams it or gives it whole.
    #[test]
    fn a_stream_folded_is_the_whole_answer(answer in given::response()) {
        for upstream in FAMILIES {
            let (whole, stream) = (write_whole(upstream, &answer), write_stream(upstream, &answer));
            for client in CLIENTS {
                let whole = read_whole(client, &pass_whole(client, upstream, &whole));
                let streamed = read_stream(client, &[&relay(client, upstream, &[&stream]).0]);
                prop_assert_eq!(told(&streamed), told(&whole), "{:?} to {:?}", upstream, client);
                let [whole, streamed] = [whole, streamed].map(|answer| counted(client, answer.usage));
                prop_assert_eq!(streamed, whole, "{:?} to {:?}", upstream, client);
            }
        }
    }

    /// What was read of an answer the first time is what is read from what was written.
    #[test]
    fn an_answer_comes_again_as_it_was_read(answer in given::response()) {
        for family in FAMILIES {
            let whole = read_whole(family, &write_whole(family, &answer));
            prop_assert_eq!(&read_whole(family, &write_whole(family, &whole)), &whole, "{:?}", family);
            let streamed = read_stream(family, &[&write_stream(family, &answer)]);
            prop_assert_eq!(&read_stream(family, &[&write_stream(family, &streamed)]), &streamed, "{:?}, streamed", family);
        }
    }

    /// What comes of a stream until it breaks off is how the whole one begins.
    #[test]
    fn a_stream_that_breaks_off_begins_like_the_whole(answer in given::response(), at in any::<prop::sample::Index>()) {
        for upstream in FAMILIES {
            let stream = write_stream(upstream, &answer);
            let said = &stream[..at.index(stream.len())];
            let is_over = may_be_over(upstream, said);
            for client in CLIENTS {
                let mut out = BytesMut::new();
                let mut relay = relaying(client, upstream);
                relay.push(said, Timestamp(0), &mut out);
                let whole = self::relay(client, upstream, &[&stream]).0;
                prop_assert!(whole.starts_with(&out), "{:?} to {:?}", upstream, client);
                let outcome = relay.finish(Ending::Complete, Timestamp(0), &mut out).outcome;
                let found = read_stream(client, &[&out]);
                prop_assert!(is_over || (outcome != Outcome::Answered && !found.ended), "{:?} to {:?}", upstream, client);
            }
        }
    }

    #[test]
    fn an_answer_that_breaks_off_never_looks_finished(answer in given::response(), at in any::<prop::sample::Index>()) {
        for upstream in FAMILIES {
            let stream = write_stream(upstream, &answer);
            let said = &stream[..at.index(stream.len())];
            if may_be_over(upstream, said) {
                continue;
            }
            for client in CLIENTS.into_iter().filter(|client| *client != upstream) {
                let (cut, outcome) = relay(client, upstream, &[said]);
                let found = read_stream(client, &[&cut]);
                prop_assert!(outcome != Outcome::Answered && !found.ended, "{:?} to {:?}", client, upstream);
                prop_assert!(found.error.is_some(), "{:?} to {:?} does not say so", client, upstream);
            }
        }
    }
}

/// Whether a provider has begun to say why its answer ended: whoever asked the reader would believe all that it says.
fn may_be_over(family: Api, said: &[u8]) -> bool {
    let mark = match family {
        Api::Completions => "\"finish_reason\":\"",
        Api::Messages => "\"stop_reason\":\"",
        Api::Responses => "\"usage\":{",
        Api::Generate => "finishReason",
        Api::Converse => "messageStop",
    };
    said.windows(mark.len()).any(|bytes| bytes == mark.as_bytes())
}

/// An answer that is a call of the tool that stands for its form, and of another one.
fn answer_in_form(name: &'static str, arguments: &str, other: bool) -> Response {
    let call = |id: &'static str, name: &'static str, arguments: &str| {
        let (id, name, arguments) = (id.into(), name.into(), arguments.to_owned().into());
        Block::ToolUse(ToolUse { id, name, arguments, ..ToolUse::default() })
    };
    let mut blocks = vec![call("call_1", name, arguments)];
    blocks.extend(other.then(|| call("call_2", "look", "{}")));
    let start = Start { id: "id_1".into(), model: "m".into(), created: Some(7), ..Start::default() };
    let stop = Some(Stop { reason: StopReason::ToolUse, sequence: None });
    Response { start, blocks, stop, ended: true, ..Response::default() }
}

/// What an answer tells: its words, its thinking, its calls, and why it ended. A message of completions does not say in
/// what order these came.
#[derive(Debug, PartialEq)]
struct Told {
    text: String,
    /// Without white space: families set its parts apart in different ways.
    thinking: String,
    calls: Vec<(String, String, String)>,
    stop: StopReason,
}

fn told(answer: &Response) -> Told {
    let mut told =
        Told { text: String::new(), thinking: String::new(), calls: Vec::new(), stop: StopReason::Done };
    for block in &answer.blocks {
        match block {
            Block::ToolUse(call) => {
                let meaning = given::meaning(&call.arguments);
                told.calls.push((api::call_id(&call.id).into_owned(), call.name.to_string(), meaning));
            }
            Block::Thinking(thought) => told.thinking.extend(thought.text.split_whitespace()),
            other => told.text.extend(given::plain(other)),
        }
    }
    told.stop = answer.stop.as_ref().map_or(StopReason::Done, |stop| stop.reason.clone());
    told
}

/// The answer's blocks in their order, by kind.
fn order_of(answer: &Response) -> Vec<std::mem::Discriminant<Block<'static>>> {
    answer.blocks.iter().map(std::mem::discriminant).collect()
}

/// What of usage a family has a place for. A count of none is as good as no count.
fn counted(family: Api, usage: Usage) -> [u64; 8] {
    let count = |tokens: Option<u64>, families: &[Api]| match families.contains(&family) {
        true => tokens.unwrap_or(0),
        false => 0,
    };
    let hears = [Api::Completions, Api::Generate];
    [
        count(usage.input, &FAMILIES),
        count(usage.output, &FAMILIES),
        count(usage.cache_read, &FAMILIES),
        count(usage.cache_write, &[Api::Completions, Api::Messages, Api::Responses, Api::Converse]),
        // Messages has it in whole answers only, and where a stream begins.
        count(usage.cache_write_1h, &[Api::Converse]),
        count(usage.reasoning, &CLIENTS),
        count(usage.audio_input, &hears),
        count(usage.audio_output, &hears),
    ]
}

fn echo() -> Echo {
    Echo { model: "m".to_owned(), id: "made".to_owned(), created: 7, include_usage: true, ..Echo::default() }
}

pub(crate) fn write_whole(family: Api, answer: &Response) -> Vec<u8> {
    let mut out = BytesMut::new();
    family.write().response(answer, &echo(), &mut out);
    out.to_vec()
}

pub(crate) fn write_stream(family: Api, answer: &Response) -> Vec<u8> {
    let mut out = BytesMut::new();
    let mut writer = family.write().stream(echo());
    answer.replay(&mut |event| writer.push(&event, &mut out));
    out.to_vec()
}

/// What an account keeps of an answer.
#[derive(Debug, Default, PartialEq)]
struct Account {
    id: String,
    model: String,
    usage: Usage,
    stop: Option<StopReason>,
    ended: bool,
    failed: bool,
}

impl Account {
    fn note(&mut self, event: &Event<'_>) {
        match event {
            Event::Start(start) => {
                (self.id, self.model) = (start.id.to_string(), start.model.to_string());
            }
            Event::Usage(usage) => self.usage.update(usage),
            Event::Stop(stop) => self.stop = Some(stop.reason.clone()),
            Event::Fail(_) => self.failed = true,
            Event::End => self.ended = true,
            _ => {}
        }
    }
}

fn account_of_whole(family: Api, aim: Aim, body: &[u8]) -> Account {
    let mut account = Account::default();
    let json = Json::parse(body).expect("an answer is JSON");
    let read = family.read().response(json, aim, &mut |event| account.note(&event));
    read.expect("an answer of the family");
    account
}

/// The account of a stream, and whether anything was said.
fn account_of_stream(family: Api, aim: Aim, body: &[u8]) -> (Account, bool) {
    let (mut account, mut said) = (Account::default(), false);
    let mut reader = family.read().stream(aim);
    let mut take = |event: Event<'_>| {
        said |= matches!(event, Event::Delta { .. });
        account.note(&event);
    };
    let mut scanner = family.framing().scanner(1 << 20);
    let _ = scanner.push(body, &mut |frame: Frame<'_>| reader.push(frame, &mut take));
    scanner.finish(&mut |frame: Frame<'_>| reader.push(frame, &mut take));
    reader.finish(&mut take);
    (account, said)
}

fn read_whole(family: Api, body: &[u8]) -> Response {
    let (mut answer, mut order) = (Response::default(), Order::default());
    let json = Json::parse(body).expect("an answer is JSON");
    let read = family.read().response(json, Aim::Translation, &mut |event| {
        assert_eq!(order.push(&event), Ok(()), "{event:?}");
        answer.push(&event);
    });
    read.expect("an answer of the family");
    answer
}

/// Reads a stream, holding its events to their order.
pub(crate) fn read_stream(family: Api, pieces: &[&[u8]]) -> Response {
    let (mut answer, mut order) = (Response::default(), Order::default());
    let mut reader = family.read().stream(Aim::Translation);
    let mut scanner = family.framing().scanner(1 << 20);
    let mut take = |event: Event<'_>| {
        assert_eq!(order.push(&event), Ok(()), "{family:?}: {event:?}");
        answer.push(&event);
    };
    for piece in pieces {
        let _ = scanner.push(piece, &mut |frame: Frame<'_>| reader.push(frame, &mut take));
    }
    scanner.finish(&mut |frame: Frame<'_>| reader.push(frame, &mut take));
    reader.finish(&mut take);
    answer
}

/// A provider's whole answer as a client gets it.
fn pass_whole(client: Api, upstream: Api, body: &[u8]) -> Vec<u8> {
    let (mut answer, mut passage) = (Response::default(), Passage::new(upstream, client, &echo()));
    let mut take = |event: Event<'_>| passage.push(event, &mut |event| answer.push(&event));
    let json = Json::parse(body).expect("an answer is JSON");
    upstream.read().response(json, Aim::Translation, &mut take).expect("an answer of the family");
    write_whole(client, &answer)
}

fn relaying(client: Api, upstream: Api) -> Relay {
    Relay::new(client, upstream, echo(), 1 << 20, Report::default())
}

pub(crate) fn relay(client: Api, upstream: Api, pieces: &[&[u8]]) -> (Vec<u8>, Outcome) {
    let mut relay = relaying(client, upstream);
    let mut out = BytesMut::new();
    pieces.iter().for_each(|piece| relay.push(piece, Timestamp(0), &mut out));
    let report = relay.finish(Ending::Complete, Timestamp(0), &mut out);
    (out.to_vec(), report.outcome)
}

pub(crate) fn any_cuts() -> impl Strategy<Value = Vec<prop::sample::Index>> {
    prop::collection::vec(any::<prop::sample::Index>(), 0..12)
}

/// The bytes cut at these places.
pub(crate) fn pieces<'a>(bytes: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    places.sort_unstable();
    let ends = places.iter().copied().chain([bytes.len()]);
    ends.scan(0, |start, end| Some(&bytes[std::mem::replace(start, end)..end])).collect()
}
