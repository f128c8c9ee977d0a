//! A provider that says what was recorded, and what came of it.

#[path = "../common/world.rs"]
mod common;

use std::sync::LazyLock;

use bytes::Bytes;
use http::{Request, Response};
use shared::api::Api;
use shared::dialect::Dialect;
use shared::gateway::{Compiled, CompiledProvider, Gateway};
use shared::host::Timestamp;
use shared::report::Report;

use common::{Pieces, World};

/// The families that clients speak.
pub(crate) const CLIENTS: [Api; 4] = [Api::Completions, Api::Messages, Api::Responses, Api::Generate];
/// The families that providers speak.
pub(crate) const UPSTREAMS: [Api; 5] =
    [Api::Completions, Api::Messages, Api::Responses, Api::Generate, Api::Converse];

const NOW: Timestamp = Timestamp(1_765_432_109_000_000);

/// A provider of each family, whose name is the family's, and some by the names of their rows.
static GATEWAY: LazyLock<Gateway> = LazyLock::new(|| {
    let others = [("amazon_bedrock", Api::Messages), ("together_ai", Api::Completions)];
    let others = others.map(|(row, api)| provider(row, row, api));
    let compiled = Compiled::new(UPSTREAMS.map(of_family).into_iter().chain(others).collect());
    compiled.open(|_| None).expect("a configuration without secrets needs none")
});

fn of_family(api: Api) -> CompiledProvider {
    let row = match api {
        Api::Completions | Api::Responses => "openai",
        Api::Messages => "anthropic",
        Api::Generate => "gemini",
        Api::Converse => "amazon",
    };
    provider(api.name(), row, api)
}

fn provider(name: &str, row: &str, api: Api) -> CompiledProvider {
    let usual = CompiledProvider::usual(Dialect::named(row).expect("a row"));
    CompiledProvider {
        name: format!("{name}/*"),
        prefix: name.to_owned(),
        apis: vec![api],
        base: "http://127.0.0.1/v1".to_owned(),
        access_key: None,
        ..usual
    }
}

/// What a provider answers.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) media_type: &'a str,
    pub(crate) pieces: Vec<&'a [u8]>,
}

/// What came of it.
pub(crate) struct Played {
    /// The body that the provider received, where it was asked.
    pub(crate) sent: Option<Bytes>,
    pub(crate) status: u16,
    pub(crate) body: Bytes,
    pub(crate) report: Report,
}

/// Asks as a client of `client` does, for a model that has this name among all providers'.
pub(crate) fn play(client: Api, model: &str, stream: bool, body: Bytes, answer: &Answer<'_>) -> Played {
    let path = match client {
        Api::Completions => "/v1/chat/completions".to_owned(),
        Api::Messages => "/v1/messages".to_owned(),
        Api::Responses => "/v1/responses".to_owned(),
        Api::Generate | Api::Converse => {
            let method = if stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
            format!("/v1beta/models/{model}:{method}")
        }
    };
    ask(&path, body, answer)
}

/// Posts a body to a path of the gateway.
pub(crate) fn ask(path: &str, body: Bytes, answer: &Answer<'_>) -> Played {
    let request = Request::post(path).header("content-type", "application/json");
    run(request.body(body).expect("a request"), answer)
}

fn run(request: Request<Bytes>, answer: &Answer<'_>) -> Played {
    let response = Response::builder().status(answer.status).header("content-type", answer.media_type);
    let response = response.body(Pieces::new(&answer.pieces, false)).expect("a response");
    let world = World::<false> { now: NOW, dice: 4, ..World::saying([Ok(response)]) };
    let mut reached = world.play(&GATEWAY, request);
    Played {
        sent: reached.sent.pop().map(Request::into_body),
        status: reached.head.status.as_u16(),
        body: reached.body,
        report: reached.report,
    }
}
