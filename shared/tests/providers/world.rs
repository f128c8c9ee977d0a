//! A world with one provider, which always answers the same. Its clock goes on by a minute whenever it is looked at.

#[path = "../common/world.rs"]
mod common;

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::Value;
use shared::api::Api;
use shared::dialect::Dialect;
use shared::gateway::{Compiled, CompiledProvider};
use shared::host::Timestamp;

pub(crate) use common::Reached;
use common::{Pieces, World};

/// What the provider answers.
#[derive(Clone, Copy)]
pub(crate) struct Said<'a> {
    pub(crate) status: u16,
    pub(crate) media_type: &'static str,
    pub(crate) body: &'a [u8],
    /// The bytes of a piece, in which it comes.
    pub(crate) size: usize,
}

impl Default for Said<'_> {
    fn default() -> Self {
        Said { status: 200, media_type: "application/json", body: &[], size: usize::MAX }
    }
}

/// Sends `body` for a client of `client` to a model of this provider, and gives what the provider got and what came of it.
pub(crate) fn exchange(
    dialect: &Dialect,
    client: Api,
    body: &Value,
    said: Said<'_>,
) -> (Request<Bytes>, Reached) {
    let model = body["model"].as_str().unwrap_or_default();
    let request = Request::post(path(client).replace("MODEL", model))
        .header("authorization", "Bearer callers-own")
        .header("x-api-key", "callers-own")
        .body(Bytes::from(body.to_string()))
        .unwrap();
    let mut reached = run(usual(dialect), request, said);
    (reached.sent.pop().expect("the provider was asked"), reached)
}

/// All models of a provider at its usual place.
pub(crate) fn usual(dialect: &Dialect) -> CompiledProvider {
    let base = dialect.base.unwrap_or(dialect.example);
    CompiledProvider { base: dialect.root_of(base), ..CompiledProvider::usual(dialect) }
}

/// What comes of a request, which is tried twice where it has to be.
pub(crate) fn run(provider: CompiledProvider, request: Request<Bytes>, said: Said<'_>) -> Reached {
    let mut compiled = Compiled::new(vec![provider]);
    compiled.listeners[0].max_retries = 1;
    let gateway = compiled.open(|name| Some(format!("value-of-{name}"))).unwrap();
    let pieces: Vec<&[u8]> = said.body.chunks(said.size).collect();
    let answer = || {
        let response = Response::builder().status(said.status).header("content-type", said.media_type);
        Ok(response.body(Pieces::new(&pieces, false)).unwrap())
    };
    let (now, tick) = (Timestamp(1_440_938_160_000_000), Duration::from_secs(60));
    World::<true> { now, tick, ..World::saying([answer(), answer()]) }.play(&gateway, request)
}

fn path(client: Api) -> &'static str {
    match client {
        Api::Completions => "/v1/chat/completions",
        Api::Messages => "/v1/messages",
        Api::Responses => "/v1/responses",
        Api::Converse => panic!("no client speaks it"),
        Api::Generate => "/v1beta/models/MODEL:generateContent",
    }
}
