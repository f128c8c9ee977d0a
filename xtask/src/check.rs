//! `cargo xtask check`: whatever can be judged without running the tests.

mod defects;
mod layers;
mod tidy;

use crate::plan::Plan;
use crate::process::{cargo, openly, quietly};
use crate::{Done, counts, setup};

pub(crate) fn run() -> Done {
    let mut plan = Plan::default();
    plan.then("format", || quietly(&mut cargo("fmt --all --check")).map(nothing_to_say));
    plan.then("tidiness", tidy::check);
    plan.then("tests of known defects", defects::check);
    plan.then("layering", layers::check);
    setup::plan_for_check(&mut plan);
    plan.then("licences, bans and sources of dependencies", licences);
    plan.then_show("lints", || {
        openly(&mut cargo("clippy --workspace --all-targets -- -D warnings")).map(nothing_to_say)
    });
    plan.then("documentation", documentation);
    setup::plan_for_counting(&mut plan);
    counts::plan_for_instructions(&mut plan, counts::Purpose::Hold);
    plan.run().map(drop)
}

/// Advisories are left out: their database is fetched anew each time, and CI may have no network beyond the registries.
fn licences() -> Done<String> {
    let mut deny = cargo("deny --workspace --log-level error check bans licenses sources");
    if let Some(folder) = setup::cargo_deny_folder() {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(folder).chain(std::env::split_paths(&path));
        deny.env("PATH", std::env::join_paths(folders).map_err(|why| why.to_string())?);
    }
    quietly(&mut deny).map(nothing_to_say)
}

fn documentation() -> Done<String> {
    let mut doc = cargo("doc --workspace --no-deps --document-private-items");
    // Private items are documented too, so a link to one of them leads somewhere.
    let flags = "-D warnings -A rustdoc::private-intra-doc-links";
    quietly(doc.env("RUSTDOCFLAGS", flags)).map(nothing_to_say)
}

/// The note of a step whose output matters only when it fails.
fn nothing_to_say(_output: impl Sized) -> String {
    String::new()
}
