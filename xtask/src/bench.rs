//! `cargo xtask bench`: builds the hosts as they are published, fetches their peers, and measures all of them in one run.

use crate::guests::GUESTS;
use crate::plan::Plan;
use crate::process::{cargo, command, openly, quietly};
use crate::setup::{self, peers};
use crate::{Done, test, tree};

/// The profile of published binaries, and where cargo puts what was built with it.
const PUBLISHED: &str = "build --profile dist --package planoai --package bench";
const FOLDER: &str = "target/dist";

/// `cargo xtask bench [OPTIONS]`; the options are those of the program `bench`.
pub(crate) fn run(options: &[&str]) -> Done {
    if options.contains(&"--help") {
        return openly(&mut cargo("run --quiet --package bench --bin bench -- --help"));
    }
    let mut plan = Plan::default();
    let wants = |option: &'static str| {
        let named: Vec<&str> =
            options.windows(2).filter(|pair| pair[0] == option).map(|pair| pair[1]).collect();
        move |name: &str| named.is_empty() || named.contains(&name)
    };
    let host = wants("--host");
    setup::plan_for_hosts(&mut plan);
    peers::plan(&mut plan, wants("--peer"));
    for guest in GUESTS.iter().filter(|guest| host(guest.host)) {
        plan.then(guest.step(), || guest.build());
    }
    if host("spin") {
        plan.then("the Spin host", || quietly(&mut cargo("build --release --package spin-host")));
    }
    plan.then_show("planoai and the bench, as published", || {
        openly(&mut cargo(PUBLISHED)).map(|()| String::new())
    });
    plan.then_show("measuring", || measure(options).map(|()| String::new()));
    plan.run().map(drop)
}

/// Only a whole run is published, unless it is asked for.
fn measure(options: &[&str]) -> Done {
    let mut bench = command(tree::path(FOLDER).join("bench"), options);
    if options.is_empty() {
        bench.arg("--publish");
    }
    bench.envs(test::variables()).envs(peers::variables());
    bench.env("PLANO_PLANOAI", tree::path(FOLDER).join("planoai"));
    openly(bench.env("PLANO_SPIN_HOST", tree::path("target/release/spin-host")))
}
