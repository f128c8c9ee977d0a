//! What is played against every host, in the same way.

pub mod agents;
pub mod behaviour;
pub mod corpus;
pub mod fetching;
pub mod operations;
pub mod plano;
pub mod reports;
pub mod sdks;

use std::net::SocketAddr;

use crate::configuration;
use crate::host::{Host, Kind};
use crate::provider::Provider;
use crate::tools;

/// What happened, where it is not what should have.
type Outcome = Result<(), String>;

/// Starts a host, plays a suite against it, and counts its cases. Does nothing where the host's programs are missing.
///
/// # Panics
/// Where a case fails, with all that failed.
async fn play<S>(kind: Kind, name: &str, suite: S)
where
    S: AsyncFnOnce(&Host, &Provider) -> Vec<(String, Outcome)>,
{
    play_with(kind, name, configuration::yaml, suite).await;
}

/// The same with another configuration, for a host that listens on the port and providers at the address.
async fn play_with<S>(kind: Kind, name: &str, configuration: impl Fn(u16, SocketAddr) -> String, suite: S)
where
    S: AsyncFnOnce(&Host, &Provider) -> Vec<(String, Outcome)>,
{
    if kind.is_missing() {
        return;
    }
    let provider = Provider::start().await;
    let host = kind.start(provider.address, configuration).await;
    let outcomes = suite(&host, &provider).await;
    let failed =
        outcomes.iter().filter_map(|(case, outcome)| Some(format!("{case}: {}", outcome.as_ref().err()?)));
    let failed: Vec<String> = failed.collect();
    assert!(
        failed.is_empty(),
        "{}: {} cases of {name} failed\n\n{}\n",
        kind.name(),
        failed.len(),
        failed.join("\n\n")
    );
    tools::count(kind.name(), name, outcomes.len());
}

/// Says what is not as it should be.
fn equal<T: PartialEq + std::fmt::Debug>(what: &str, expected: &T, actual: &T) -> Outcome {
    if expected == actual {
        Ok(())
    } else {
        Err(format!("{what}: expected {expected:?}, but got {actual:?}"))
    }
}

/// Says what is not so.
fn holds(what: impl std::fmt::Display, is_so: bool) -> Outcome {
    if is_so { Ok(()) } else { Err(what.to_string()) }
}

/// A case of the corpus.
///
/// # Panics
/// Where there is none of that name.
fn case(name: &str) -> ::corpus::Case {
    let found = ::corpus::cases().into_iter().find(|case| case.name == name);
    found.unwrap_or_else(|| panic!("the corpus has no {name}"))
}
