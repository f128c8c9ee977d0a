//! The packed form of seals: one text of the letters that every API allows in the ids of calls.
//!
//! `planoseal1`, six letters of checksum (CRC-32), and the rest in Base64: a byte for the API whose the seals are, then
//! pieces of a tag, a length and so many bytes. The text comes in whole groups of four letters, so that it is also what
//! an API takes for Base64, and the same after a client has decoded and encoded it.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::api::family::Api;
use crate::wire::crc;

use super::base64;

/// How every packed text begins. The digit is the version of the form.
const BEGINNING: &str = "planoseal1";

/// Letters of the checksum.
const SUM: usize = 6;

/// The longest packed text that stands for an id, in bytes: what a client sends back again and again.
pub(super) const LONGEST_ID: usize = 32 << 10;

/// The longest packed text that stands where an API has a seal of its own, in bytes.
pub(super) const LONGEST_SEAL: usize = 1 << 20;

/// The most pieces in one packed text: a call takes along the thinking before it.
const MOST_PIECES: usize = 1024;

/// Seals of one API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seal {
    pub(super) api: Api,
    pub(super) pieces: Vec<Piece>,
}

/// A seal, and what it is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Here stood words, before and after which there was thinking.
    Gap,
    /// Readable thinking. The text is missing where it stands beside the seal.
    Thought { text: Option<String>, signature: Option<String>, id: Option<String> },
    /// Thinking that only its provider can read.
    Sealed { data: String, id: Option<String> },
    /// A seal on the words before it, or `apart`: where there are none.
    Words { signature: String, apart: bool },
    /// A call's own id, and the seal on it.
    Call { id: String, signature: Option<String> },
}

const APIS: [(u8, Api); 4] =
    [(b'c', Api::Completions), (b'm', Api::Messages), (b'r', Api::Responses), (b'g', Api::Generate)];

/// What a run of bytes is. The last three say more of the piece before them.
mod tag {
    pub(super) const GAP: u8 = 1;
    pub(super) const THOUGHT: u8 = 2;
    pub(super) const THOUGHT_BESIDE: u8 = 3;
    pub(super) const SEALED: u8 = 4;
    pub(super) const WORDS: u8 = 5;
    pub(super) const WORDS_APART: u8 = 6;
    pub(super) const CALL: u8 = 7;
    pub(super) const SIGNATURE: u8 = 8;
    pub(super) const ID: u8 = 9;
}

/// Whether a body has a packed text in it, or looks so.
pub(crate) fn is_in(body: &[u8]) -> bool {
    static QUOTED: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"planoseal1"));
    QUOTED.find(body).is_some()
}

impl Seal {
    /// The packed text; none where it would be longer than `most` bytes.
    pub(super) fn pack(api: Api, pieces: &[Piece], most: usize) -> Option<String> {
        let letter = APIS.iter().find(|(_, own)| *own == api).map(|(letter, _)| *letter)?;
        let mut bytes = vec![letter];
        pieces.iter().for_each(|piece| piece.push_to(&mut bytes));
        bytes.resize(bytes.len().next_multiple_of(3), 0);
        let mut text = String::from(BEGINNING);
        base64::encode(&crc::sum(&bytes).to_be_bytes(), &mut text);
        base64::encode(&bytes, &mut text);
        (text.len() <= most && pieces.len() <= MOST_PIECES).then_some(text)
    }

    /// Whether a text begins like one.
    pub(super) fn seems(text: &str) -> bool {
        text.starts_with(BEGINNING)
    }

    /// The seals in a text; none where it is not a packed one, to the last letter.
    pub(super) fn unpack(text: &str) -> Option<Seal> {
        let packed = text.strip_prefix(BEGINNING).filter(|_| text.len() <= LONGEST_SEAL)?;
        let (sum, body) = packed.trim_end_matches('=').split_at_checked(SUM)?;
        let bytes = base64::decode(body)?;
        if base64::decode(sum)? != crc::sum(&bytes).to_be_bytes() {
            return None;
        }
        let (letter, mut rest) = bytes.split_first()?;
        let api = APIS.iter().find(|(own, _)| own == letter).map(|(_, api)| *api)?;
        let mut pieces = Vec::new();
        while rest.iter().any(|byte| *byte != 0) {
            let (tag, text, after) = run(rest)?;
            take(tag, text, &mut pieces).filter(|()| pieces.len() <= MOST_PIECES)?;
            rest = after;
        }
        Some(Seal { api, pieces })
    }
}

impl Piece {
    fn push_to(&self, bytes: &mut Vec<u8>) {
        let mut push = |tag: u8, text: &str| push_run(tag, text, bytes);
        let (signature, id) = match self {
            Piece::Gap => {
                push(tag::GAP, "");
                (None, None)
            }
            Piece::Thought { text, signature, id } => {
                let tag = if text.is_some() { tag::THOUGHT } else { tag::THOUGHT_BESIDE };
                push(tag, text.as_deref().unwrap_or_default());
                (signature.as_deref(), id.as_deref())
            }
            Piece::Sealed { data, id } => {
                push(tag::SEALED, data);
                (None, id.as_deref())
            }
            Piece::Words { signature, apart } => {
                push(if *apart { tag::WORDS_APART } else { tag::WORDS }, signature);
                (None, None)
            }
            Piece::Call { id, signature } => {
                push(tag::CALL, id);
                (signature.as_deref(), None)
            }
        };
        signature.into_iter().for_each(|signature| push(tag::SIGNATURE, signature));
        id.into_iter().for_each(|id| push(tag::ID, id));
    }
}

/// Appends a tag, a length of seven bits a byte, the lowest first, and so many bytes.
fn push_run(tag: u8, text: &str, bytes: &mut Vec<u8>) {
    bytes.push(tag);
    let mut length = text.len();
    while length >= 128 {
        bytes.push(128 | (length & 127) as u8);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend_from_slice(text.as_bytes());
}

/// The first run of bytes, and what is behind it.
fn run(bytes: &[u8]) -> Option<(u8, String, &[u8])> {
    let (tag, mut rest) = bytes.split_first()?;
    let (mut length, mut shift) = (0usize, 0);
    loop {
        let (byte, after) = rest.split_first().filter(|_| shift < 28)?;
        length |= usize::from(byte & 127) << shift;
        shift += 7;
        rest = after;
        if *byte < 128 {
            break;
        }
    }
    let (text, rest) = rest.split_at_checked(length)?;
    Some((*tag, String::from_utf8(text.to_vec()).ok()?, rest))
}

/// Notes what a run says; none where it cannot stand there.
fn take(tag: u8, text: String, pieces: &mut Vec<Piece>) -> Option<()> {
    match tag {
        tag::GAP => pieces.push(Piece::Gap),
        tag::THOUGHT => pieces.push(Piece::Thought { text: Some(text), signature: None, id: None }),
        tag::THOUGHT_BESIDE => pieces.push(Piece::Thought { text: None, signature: None, id: None }),
        tag::SEALED => pieces.push(Piece::Sealed { data: text, id: None }),
        tag::WORDS => pieces.push(Piece::Words { signature: text, apart: false }),
        tag::WORDS_APART => pieces.push(Piece::Words { signature: text, apart: true }),
        tag::CALL => pieces.push(Piece::Call { id: text, signature: None }),
        tag::SIGNATURE => match pieces.last_mut()? {
            Piece::Thought { signature, .. } | Piece::Call { signature, .. } => *signature = Some(text),
            _ => return None,
        },
        tag::ID => match pieces.last_mut()? {
            Piece::Thought { id, .. } | Piece::Sealed { id, .. } => *id = Some(text),
            _ => return None,
        },
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_text() -> impl Strategy<Value = String> {
        prop_oneof!["", "[ -~]{0,200}", any::<String>(), Just("x".repeat(20_000))]
    }

    fn any_piece() -> impl Strategy<Value = Piece> {
        let maybe = || prop::option::of(any_text());
        prop_oneof![
            Just(Piece::Gap),
            (maybe(), maybe(), maybe()).prop_map(|(text, signature, id)| Piece::Thought {
                text,
                signature,
                id
            }),
            (any_text(), maybe()).prop_map(|(data, id)| Piece::Sealed { data, id }),
            (any_text(), any::<bool>()).prop_map(|(signature, apart)| Piece::Words { signature, apart }),
            (any_text(), maybe()).prop_map(|(id, signature)| Piece::Call { id, signature }),
        ]
    }

    fn any_seal() -> impl Strategy<Value = Seal> {
        let api = prop::sample::select(APIS.map(|(_, api)| api).to_vec());
        (api, prop::collection::vec(any_piece(), 0..5)).prop_map(|(api, pieces)| Seal { api, pieces })
    }

    proptest! {
        /// **Law: what was packed unpacks, and has the letters of an id.**
        #[test]
        fn what_was_packed_unpacks(seal in any_seal()) {
            let text = Seal::pack(seal.api, &seal.pieces, LONGEST_SEAL).unwrap();
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
            prop_assert!(text.bytes().all(is_plain) && text.len().is_multiple_of(4));
            let other = text.replace('-', "+").replace('_', "/");
            prop_assert_eq!(Seal::unpack(&other), Some(seal.clone()));
            prop_assert_eq!(Seal::unpack(&text), Some(seal));
        }

        /// **Law: what was cut, changed or made up is not taken for packed.**
        #[test]
        fn what_was_changed_does_not(seal in any_seal(), at in any::<prop::sample::Index>(), letter in "[A-Za-z0-9]") {
            let text = Seal::pack(seal.api, &seal.pieces, LONGEST_SEAL).unwrap();
            let (head, tail) = text.split_at(at.index(text.len()));
            prop_assert_eq!(Seal::unpack(head), None);
            let changed: String = head.chars().chain(letter.chars()).chain(tail.chars().skip(1)).collect();
            prop_assert!(changed == text || Seal::unpack(&changed).is_none());
        }

        #[test]
        fn anything_unpacks_or_does_not(text in any::<String>(), bytes in any::<Vec<u8>>()) {
            prop_assert_eq!(Seal::unpack(&text), None);
            prop_assert_eq!(Seal::unpack(&format!("{BEGINNING}{text}")), None);
            let mut made = String::from(BEGINNING);
            base64::encode(&crc::sum(&bytes).to_be_bytes(), &mut made);
            base64::encode(&bytes, &mut made);
            let _ = Seal::unpack(&made);
        }
    }

    #[test]
    fn what_is_too_long_is_not_packed() {
        let call = [Piece::Call { id: "x".repeat(LONGEST_ID), signature: None }];
        assert_eq!(Seal::pack(Api::Messages, &call, LONGEST_ID), None);
        assert!(Seal::pack(Api::Messages, &call, LONGEST_SEAL).is_some());
        let long = format!("{BEGINNING}{}", "A".repeat(LONGEST_SEAL));
        assert_eq!(Seal::unpack(&long), None);
    }
}
