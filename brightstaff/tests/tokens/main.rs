//! Tokens: counted here as `tiktoken-rs` counts them, and estimated with the error that docs/operations.md has.

mod texts;

use std::fmt::Write;
use std::fs;
use std::path::Path;

use brightstaff::native::tokens::count;
use proptest::prelude::*;
use shared::dialect::Encoding;
use shared::estimate;
use texts::{TEXTS, odd};

const ENCODINGS: [Encoding; 2] = [Encoding::Cl100k, Encoding::O200k];

/// What the library counts that everybody counts with.
fn expected(encoding: Encoding, text: &str) -> u64 {
    let table = match encoding {
        Encoding::Cl100k => tiktoken_rs::cl100k_base_singleton(),
        Encoding::O200k => tiktoken_rs::o200k_base_singleton(),
    };
    table.encode_ordinary(text).len() as u64
}

#[track_caller]
fn counts_alike(text: &str) {
    for encoding in ENCODINGS {
        assert_eq!(count(encoding, text), Some(expected(encoding, text)), "{encoding:?}: {text:?}");
    }
}

#[test]
fn texts_have_as_many_tokens_as_tiktoken_counts() {
    TEXTS.iter().for_each(|(_, text)| counts_alike(text));
    odd().iter().for_each(|text| counts_alike(text));
}

/// A letter of any script, with more of those between which text is cut.
fn letter() -> impl Strategy<Value = char> {
    prop_oneof![
        4 => proptest::char::range(' ', '~'),
        2 => proptest::sample::select(vec![' ', '\n', '\t', '\r', '\'', 's', 'T', '0', '/', '\u{a0}', '\u{3000}']),
        1 => proptest::char::range('\u{80}', '\u{24f}'),
        1 => proptest::char::range('\u{300}', '\u{30ff}'),
        1 => proptest::char::range('\u{4e00}', '\u{9fff}'),
        1 => proptest::char::range('\u{1f300}', '\u{1faff}'),
        1 => any::<char>(),
    ]
}

proptest! {
    #[test]
    fn any_text_has_as_many_tokens_as_tiktoken_counts(
        text in proptest::collection::vec(letter(), 0..200).prop_map(String::from_iter)
    ) {
        counts_alike(&text);
    }
}

/// A text that is too long is not counted, so that nobody waits for it.
#[test]
fn no_text_is_too_long_to_answer_in_time() {
    assert_eq!(count(Encoding::O200k, &"word ".repeat(1_000_000)), None);
    let begun = std::time::Instant::now();
    assert!(count(Encoding::O200k, &"a".repeat(2 * 1024 * 1024)).is_some());
    assert!(begun.elapsed().as_secs() < 20, "a long run takes {:?}", begun.elapsed());
}

/// The table of docs/operations.md: how far estimates are from what is counted. `UPDATE_EXPECT=1` writes it.
#[test]
fn the_error_of_estimates_is_published() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operations.md");
    let page = fs::read_to_string(&file).unwrap();
    let (before, rest) = page.split_once("<!-- estimates -->\n").unwrap();
    let (table, after) = rest.split_once("<!-- end -->").unwrap();
    let measured = measured();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&file, format!("{before}<!-- estimates -->\n{measured}<!-- end -->{after}")).unwrap();
    } else {
        assert_eq!(table, measured, "UPDATE_EXPECT=1 writes the table");
    }
}

fn measured() -> String {
    let mut table = "| text | `o200k_base` | `cl100k_base` |\n|---|---:|---:|\n".to_owned();
    for (kind, text) in TEXTS {
        let share = |encoding| estimate::text(text) as f64 / expected(encoding, text) as f64;
        let (newer, older) = (share(Encoding::O200k), share(Encoding::Cl100k));
        let _ = writeln!(table, "| {kind} | {newer:.2} | {older:.2} |");
    }
    table
}

/// What is published stays within these bounds, for each kind of text: an estimate is no guess.
#[test]
fn estimates_are_never_far_off() {
    for (kind, text) in TEXTS {
        let share = estimate::text(text) as f64 / expected(Encoding::O200k, text) as f64;
        assert!((0.5..=2.0).contains(&share), "{kind}: {share:.2}");
    }
}
