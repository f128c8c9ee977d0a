//! What becomes of each documented feature of each client's API on its way to each provider's, as a table: the page
//! `docs/translation.md`. The requests of `*.json` here are put to the gateway, one feature each; nothing else is known.
//! `UPDATE_EXPECT=1` writes the tables anew.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test has to fail where it finds something else than it expects, and looks for its switch"
)]

mod answers;
mod halves;
mod own;
mod places;
mod probe;
mod unheard;
mod world;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use probe::{CLIENTS, Client};
use world::{Sent, UPSTREAMS, send};

/// What became of a feature, worst last.
const FATES: [&str; 6] = ["carried", "moved", "approximated", "clamped", "dropped", "refused"];

/// A feature's fates, by upstream.
struct Row {
    feature: String,
    fates: Vec<&'static str>,
}

#[test]
fn the_page_says_what_the_writers_do() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/translation.md");
    let then = std::fs::read_to_string(&page).unwrap();
    let tables: Vec<_> = CLIENTS.iter().map(|client| (client, rows(client))).collect();
    let mut now = between(&then, "pairs", &pairs(&tables));
    now = answers::FAMILIES
        .iter()
        .fold(now, |page, family| between(&page, family.mark, &answers::table(family)));
    for (client, rows) in &tables {
        now = between(&now, client.name, &table(rows));
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&page, &now).unwrap();
    }
    assert!(now == then, "{} is old: run this test with UPDATE_EXPECT=1", page.display());
}

/// Two requests that differ make two different requests for the provider, or the difference is named.
#[test]
fn nothing_vanishes() {
    let mut vanished = Vec::new();
    for client in &CLIENTS {
        for upstream in &UPSTREAMS {
            let mut seen: BTreeMap<Sent, String> = BTreeMap::new();
            for (feature, request) in client.requests() {
                let sent = send(client, upstream, &request);
                if sent.refused || !sent.losses.is_empty() {
                    continue;
                }
                let pair = format!("{} to {}", client.name, upstream.name);
                match seen.get(&sent) {
                    Some(other) if !client.is_same(other, &feature) => {
                        vanished.push(format!("{pair}: `{feature}` is sent as `{other}` is"));
                    }
                    Some(_) => {}
                    None => drop(seen.insert(sent, feature)),
                }
            }
        }
    }
    assert!(vanished.is_empty(), "{}", vanished.join("\n"));
}

fn rows(client: &Client) -> Vec<Row> {
    let base = UPSTREAMS.each_ref().map(|upstream| send(client, upstream, &client.base()));
    let row = |(feature, request): (String, _)| {
        let fates =
            UPSTREAMS.iter().zip(&base).map(|(upstream, base)| fate(base, &send(client, upstream, &request)));
        Row { feature, fates: fates.collect() }
    };
    client.requests().into_iter().skip(1).map(row).collect()
}

/// What of a request's feature was lost that was not lost without it.
fn fate(base: &Sent, sent: &Sent) -> &'static str {
    if sent.refused { "refused" } else { worst(&base.losses, &sent.losses) }
}

/// The worst fate of what is lost and was not without a feature.
fn worst(base: &[String], losses: &[String]) -> &'static str {
    let lost = losses.iter().filter(|loss| !base.contains(loss));
    let word = |loss: &String| {
        let how = FATES.iter().find(|fate| loss.ends_with(&format!("({fate})")));
        how.copied().unwrap_or("dropped")
    };
    let rank = |fate: &&str| FATES.iter().position(|known| known == fate);
    lost.map(word).max_by_key(rank).unwrap_or("carried")
}

fn table(rows: &[Row]) -> String {
    let mut table = String::from("| |");
    UPSTREAMS.iter().for_each(|upstream| write!(table, " {} |", upstream.title).unwrap());
    write!(table, "\n|---|{}\n", "---|".repeat(UPSTREAMS.len())).unwrap();
    for row in rows {
        writeln!(table, "| {} | {} |", row.feature, row.fates.join(" | ")).unwrap();
    }
    table
}

/// How many features of each client have which fate with each upstream.
fn pairs(tables: &[(&Client, Vec<Row>)]) -> String {
    let mut summary =
        format!("| client | provider | features | {} |\n|---|---|{}\n", FATES.join(" | "), "---|".repeat(7));
    for (client, rows) in tables {
        for (index, upstream) in UPSTREAMS.iter().enumerate() {
            let count = |fate: &&str| rows.iter().filter(|row| row.fates[index] == *fate).count().to_string();
            let counts = FATES.iter().map(count).collect::<Vec<_>>().join(" | ");
            writeln!(summary, "| {} | {} | {} | {counts} |", client.title, upstream.title, rows.len())
                .unwrap();
        }
    }
    summary
}

/// A page with what stands between two marks replaced.
fn between(page: &str, mark: &str, text: &str) -> String {
    let begin = format!("<!-- {mark} -->\n");
    let (before, rest) = page.split_once(&begin).unwrap_or_else(|| panic!("the page has no mark {mark}"));
    let (_, after) = rest.split_once("<!-- end -->").expect("each mark has an end");
    format!("{before}{begin}{text}<!-- end -->{after}")
}
