//! That the corpus has no holes.

use std::collections::BTreeSet;

use crate::{Case, cases};

const CLIENTS: [&str; 4] = ["completions", "messages", "responses", "generate"];
const UPSTREAMS: [&str; 5] = ["completions", "messages", "responses", "generate", "converse"];
/// Rows of known defects of such gateways that cases here would find; see `about`.
const DEFECTS: [&str; 61] = [
    "A8", "A13", "B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B9", "C1", "C2", "C3", "C4", "C5", "C6",
    "C7", "D1", "D2", "D3", "D4", "D5", "D6", "D7", "D8", "D9", "D10", "D11", "D12", "D15", "D16", "D17",
    "D18", "E1", "E2", "E3", "E4", "E5", "E6", "E7", "E8", "E9", "E10", "E11", "E13", "E14", "E15", "E16",
    "E17", "F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8", "G1", "G6", "G7",
];
/// What every pair must have.
const LEAST: usize = 25;

#[test]
fn every_pair_of_families_has_cases() {
    let cases = cases();
    for (client, upstream) in
        CLIENTS.into_iter().flat_map(|client| UPSTREAMS.map(|upstream| (client, upstream)))
    {
        let count = cases.iter().filter(|case| case.client == client && case.upstream == upstream).count();
        assert!(count >= LEAST, "{client} to {upstream} has {count} cases");
    }
}

#[test]
fn every_case_is_of_a_pair_and_has_an_answer() {
    for case in cases() {
        assert!(CLIENTS.contains(&&*case.client) && UPSTREAMS.contains(&&*case.upstream), "{}", case.name);
        let answered = case.outline.refused || case.outline.status >= 400 || !case.answer.bytes.is_empty();
        assert!(answered, "{}", case.name);
    }
}

#[test]
fn every_known_defect_has_a_case() {
    let cases = cases();
    let words = |case: &Case| -> Vec<String> {
        let about = case.outline.about.split(|letter: char| !letter.is_ascii_alphanumeric());
        about.map(str::to_owned).collect()
    };
    let named: BTreeSet<String> = cases.iter().flat_map(words).collect();
    let missing: Vec<&str> = DEFECTS.into_iter().filter(|defect| !named.contains(*defect)).collect();
    assert!(missing.is_empty(), "no case names {missing:?}");
}
