//! Every suite on every host. A host whose programs are missing says so; `cargo xtask test` has them all.

use hosts::host::Kind;
use hosts::suites::{agents, behaviour, corpus, fetching, operations, plano, reports, sdks};

macro_rules! on_every_host {
    ($($suite:ident: $play:path;)*) => {
        mod native { on_every_host!(@ Native $($suite: $play;)*); }
        mod envoy { on_every_host!(@ Envoy $($suite: $play;)*); }
        mod worker { on_every_host!(@ Worker $($suite: $play;)*); }
        mod spin { on_every_host!(@ Spin $($suite: $play;)*); }
    };
    (@ $kind:ident $($suite:ident: $play:path;)*) => {
        use super::*;
        $(#[tokio::test]
        async fn $suite() {
            $play(Kind::$kind).await;
        })*
    };
}

on_every_host! {
    plays_the_corpus: corpus::corpus;
    behaves: behaviour::behaviour;
    serves_the_sdks: sdks::sdks;
    does_other_things: operations::operations;
    fetches: fetching::fetching;
    reports: reports::reports;
    passes_planos_own: plano::plano;
    serves_agents: agents::agents;
}
