//! The laws of bytes: what is not asked to change does not, and nothing that comes panics.

use std::borrow::Cow;

use bytes::BytesMut;
use proptest::prelude::*;
use shared::api::{Aim, Echo};
use shared::dialect::Quirks;
use shared::ir::{Order, Response};
use shared::wire::json::{Edit, Json, Outline};

use crate::answers::{any_cuts, pieces, read_stream, relay, write_stream, write_whole};
use crate::requests::written;
use crate::{CLIENTS, FAMILIES, cases, given};

proptest! {
    #![proptest_config(cases(64))]

    /// Whatever stands around the model's name, and however it is spelled, stays byte for byte.
    #[test]
    fn an_edit_changes_what_it_names_and_no_other_byte(
        before in members(), after in members(), old in given::value(), new in given::text(), gap in " {0,2}\n?\t?",
    ) {
        let body = |value: &str| {
            let own = [format!("{gap}\"model\"{gap}:{gap}{value}{gap}")];
            let all: Vec<String> = before.iter().chain(&own).chain(&after).cloned().collect();
            format!("{gap}{{{}}}{gap}", all.join(","))
        };
        let (old, new) = (body(&old.to_string()), serde_json::to_string(&new).unwrap());
        let mut edited = BytesMut::new();
        let outline = Outline::scan(old.as_bytes()).expect("an object");
        outline.edit(&[Edit::Set("model", Cow::Borrowed(&new))], &mut edited);
        prop_assert_eq!(std::str::from_utf8(&edited).unwrap(), body(&new));
    }

    #[test]
    fn damaged_streams_keep_their_order_and_cutting_them_changes_nothing(
        answer in given::response(), damage in any_damage(), cuts in any_cuts(),
    ) {
        for upstream in FAMILIES {
            let mut stream = write_stream(upstream, &answer);
            damage.iter().for_each(|one| one.apply(&mut stream));
            read_stream(upstream, &[&stream]);
            for client in CLIENTS {
                let whole = relay(client, upstream, &[&stream]);
                prop_assert_eq!(relay(client, upstream, &pieces(&stream, &cuts)), whole);
            }
        }
    }

    #[test]
    fn damaged_answers_and_errors_are_read_or_refused(answer in given::response(), damage in any_damage(), status in 400_u16..600) {
        for family in FAMILIES {
            let mut body = write_whole(family, &answer);
            damage.iter().for_each(|one| one.apply(&mut body));
            let error = family.read().error(status, &body);
            for client in FAMILIES {
                let mut out = BytesMut::new();
                client.write().error(&error, &Echo::default(), &mut out);
                prop_assert!(Json::parse(&out).is_ok());
            }
            let Ok(json) = Json::parse(&body) else { continue };
            let (mut read, mut order) = (Response::default(), Order::default());
            let _ = family.read().response(json, Aim::Translation, &mut |event| {
                assert_eq!(order.push(&event), Ok(()), "{event:?}");
                read.push(&event);
            });
        }
    }

    #[test]
    fn damaged_requests_are_read_or_refused(request in given::request(), damage in any_damage()) {
        for client in CLIENTS {
            let mut body = written(client, &request).expect("any family can be asked").0;
            damage.iter().for_each(|one| one.apply(&mut body));
            let Ok(json) = Json::parse(&body) else { continue };
            let Ok(mut read) = client.read().request(json) else { continue };
            read.api = Some(client);
            for upstream in FAMILIES {
                let mut out = BytesMut::new();
                if upstream.write().request(&read, &Quirks::USUAL, &mut out).is_ok() {
                    prop_assert!(Json::parse(&out).is_ok());
                }
            }
        }
    }
}

/// Members of an object as they may be written; none is named `model`.
fn members() -> impl Strategy<Value = Vec<String>> {
    let member = (given::name(), given::value(), " {0,2}").prop_map(|(name, value, gap)| {
        let name = serde_json::to_string(&format!("{name}\n")).unwrap();
        format!("{gap}{name}{gap}:{gap}{value}{gap}")
    });
    let kept = prop::collection::btree_map(given::name(), member, 0..4);
    kept.prop_map(|members| members.into_values().collect())
}

/// Something that happens to bytes on their way.
#[derive(Clone, Debug)]
enum Damage {
    Change(prop::sample::Index, u8),
    Drop(prop::sample::Index, usize),
    Repeat(prop::sample::Index, usize),
    Insert(prop::sample::Index, &'static str),
}

/// Bytes that mean something to some scanner.
const MEANINGFUL: [&str; 14] =
    ["\"", "\\", "{", "}", "[", "]", "null", "-1", "1e99", "\n\n", "\r", "data:", ",\"type\":7", "\u{FEFF}"];

fn any_damage() -> impl Strategy<Value = Vec<Damage>> {
    let place = any::<prop::sample::Index>;
    let one = prop_oneof![
        (place(), any::<u8>()).prop_map(|(at, byte)| Damage::Change(at, byte)),
        (place(), 1_usize..20).prop_map(|(at, length)| Damage::Drop(at, length)),
        (place(), 1_usize..200).prop_map(|(at, length)| Damage::Repeat(at, length)),
        (place(), prop::sample::select(MEANINGFUL.to_vec())).prop_map(|(at, word)| Damage::Insert(at, word)),
    ];
    prop::collection::vec(one, 1..4)
}

impl Damage {
    fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let end = |at: usize, length: usize| (at + length).min(bytes.len());
        match self {
            Damage::Change(at, byte) => {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            Damage::Drop(at, length) => {
                let at = at.index(bytes.len());
                bytes.drain(at..end(at, *length));
            }
            Damage::Repeat(at, length) => {
                let at = at.index(bytes.len());
                let again = bytes[at..end(at, *length)].to_vec();
                bytes.splice(at..at, again);
            }
            Damage::Insert(at, word) => {
                let at = at.index(bytes.len());
                bytes.splice(at..at, word.bytes());
            }
        }
    }
}
