//! What holds for any conversation, tried with made-up ones.
//!
//! A run is short; `PROPTEST_CASES=5000 cargo test -p shared --test laws` is a long one.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test has to fail where it finds something else than it expects, and looks for how long it may run"
)]

mod answers;
mod bytes;
mod given;
mod parallel;
mod requests;

use proptest::test_runner::Config;
use shared::api::Api;

const FAMILIES: [Api; 5] = [Api::Completions, Api::Messages, Api::Responses, Api::Generate, Api::Converse];

/// The families that clients speak.
const CLIENTS: [Api; 4] = [Api::Completions, Api::Messages, Api::Responses, Api::Generate];

/// So many cases unless the environment says otherwise. Nothing is written into the tree.
fn cases(usual: u32) -> Config {
    let wanted = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    Config { cases: wanted.unwrap_or(usual), failure_persistence: None, ..Config::default() }
}
