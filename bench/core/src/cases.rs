//! The pieces of work that are measured: one request's way through the core, and the parts it is made of.

use bytes::{Bytes, BytesMut};
use shared::api::{Aim, Api, Echo};
use shared::dialect::Quirks;
use shared::gateway::Compiled;
use shared::ir;
use shared::report::Report;
use shared::wire::json::{Edit, Index, Json, Outline, Writer};
use shared::wire::{Frame, Framing};

use crate::material::{self, Size};
use crate::world::{self, World};

/// Words in the streams.
pub const WORDS: usize = 100;

/// A piece of work.
pub struct Case {
    pub name: String,
    /// Gets it ready.
    pub ready: Box<dyn Fn() -> Work>,
}

/// Does a piece of work once. Gives a number that depends on its result, so that no compiler leaves it out.
pub type Work = Box<dyn Fn() -> usize>;

impl Case {
    fn new(name: impl Into<String>, ready: impl Fn() -> Work + 'static) -> Case {
        Case { name: name.into(), ready: Box::new(ready) }
    }
}

/// All cases, the same in every run.
pub fn all() -> Vec<Case> {
    let mut cases = exchanges();
    cases.extend(streams());
    cases.extend(requests());
    cases.extend(parts());
    cases
}

/// A client's and a provider's family.
const PAIRS: [(Api, Api); 4] = [
    (Api::Completions, Api::Completions),
    (Api::Messages, Api::Completions),
    (Api::Completions, Api::Messages),
    (Api::Responses, Api::Completions),
];

/// The whole way of a request whose answer comes whole.
fn exchanges() -> Vec<Case> {
    let sizes = |pair: (Api, Api)| Size::ALL.into_iter().map(move |size| (pair, size));
    let wanted =
        PAIRS.into_iter().flat_map(sizes).filter(|(pair, size)| pair.0 == pair.1 || *size != Size::Huge);
    let case = |((client, provider), size): ((Api, Api), Size)| {
        Case::new(format!("exchange: {}, {}", pair(client, provider), size.word()), move || {
            exchange(World::whole(material::answer(provider)), client, provider, size, false)
        })
    };
    wanted.map(case).collect()
}

/// The whole way of a request whose answer is streamed, an event a piece and twenty a piece.
fn streams() -> Vec<Case> {
    let cuts = |pair: (Api, Api)| [1, 20].map(|events| (pair, events));
    let case = |((client, provider), events): ((Api, Api), usize)| {
        Case::new(format!("stream of {WORDS}: {}, {events} a piece", pair(client, provider)), move || {
            let pieces = world::bursts(&material::stream(provider, WORDS), events);
            exchange(World::streaming(pieces), client, provider, Size::Small, true)
        })
    };
    PAIRS.into_iter().flat_map(cuts).map(case).collect()
}

fn exchange(world: World, client: Api, provider: Api, size: Size, stream: bool) -> Work {
    let gateway = world::gateway();
    let model = format!("{}/model", provider.name());
    let request = world::ask(client, material::request(client, size, &model, stream));
    Box::new(move || {
        let played = world.play(&gateway, request.clone());
        assert_eq!(played.report.status, 200, "the material is answered");
        played.got + played.sent
    })
}

fn pair(client: Api, provider: Api) -> String {
    if client == provider {
        "same API".to_owned()
    } else {
        format!("{} on {}", client.name(), provider.name())
    }
}

/// Each reader and writer of requests on its own.
fn requests() -> Vec<Case> {
    let apis = [Api::Completions, Api::Messages, Api::Responses];
    apis.into_iter().flat_map(|api| [read(api), write(api)]).collect()
}

fn read(api: Api) -> Case {
    Case::new(format!("reading {}, 6 KB", api.name()), move || {
        let body = material::request(api, Size::Medium, "model", false);
        Box::new(move || {
            let mut index = Index::default();
            let json = index.parse(&body).expect("the material is JSON");
            api.read().request(json).expect("the material is a request").turns.len()
        })
    })
}

fn write(api: Api) -> Case {
    Case::new(format!("writing {}, 6 KB", api.name()), move || {
        let body = material::request(Api::Messages, Size::Medium, "model", false);
        let json = Json::parse(Vec::leak(body.to_vec())).expect("the material is JSON");
        let mut request = Api::Messages.read().request(json).expect("the material is a request");
        request.api = Some(Api::Messages);
        Box::new(move || {
            let mut out = BytesMut::with_capacity(16 * 1024);
            let written = api.write().request(&request, &Quirks::USUAL, &mut out);
            written.expect("the material can be written").len() + out.len()
        })
    })
}

/// What all of it stands on.
fn parts() -> Vec<Case> {
    vec![
        Case::new("outline, 110 KB", || on_large(|body| usize::from(Outline::scan(body).is_ok()))),
        Case::new("one edit, 110 KB", || on_large(edit)),
        Case::new("checking JSON, 110 KB", || {
            on_large(|body| Json::parse(body).map_or(0, |json| json.raw().len()))
        }),
        Case::new("scanning events", scanning),
        Case::new("writing an answer", writing),
        Case::new("a report as JSON", || {
            let report = report();
            Box::new(move || {
                let mut out = BytesMut::with_capacity(1024);
                report.write(&mut Writer::new(&mut out));
                out.len()
            })
        }),
        Case::new("opening a configuration", opening),
    ]
}

fn on_large(work: fn(&Bytes) -> usize) -> Work {
    let body = material::request(Api::Completions, Size::Large, "openai/model", false);
    Box::new(move || work(&body))
}

fn edit(body: &Bytes) -> usize {
    let mut out = BytesMut::new();
    let outline = Outline::scan(body).expect("the material is JSON");
    outline.edit(&[Edit::Set("model", "\"model\"".into())], &mut out);
    out.len()
}

fn scanning() -> Work {
    let pieces = world::bursts(&material::stream(Api::Messages, WORDS), 20);
    Box::new(move || {
        let mut scanner = Framing::Events.scanner(1 << 20);
        let mut found = 0;
        let mut sink = |frame: Frame<'_>| found += frame.data.len();
        let scanned = pieces.iter().all(|piece| scanner.push(piece, &mut sink).is_ok());
        assert!(scanned, "the material is a stream");
        found
    })
}

fn writing() -> Work {
    let body = material::answer(Api::Completions);
    let json = Json::parse(&body).expect("the material is JSON");
    let mut response = ir::Response::default();
    Api::Completions
        .read()
        .response(json, Aim::Translation, &mut |event| response.push(&event))
        .expect("the material is an answer");
    Box::new(move || {
        let mut out = BytesMut::with_capacity(1024);
        Api::Messages.write().response(&response, &Echo::default(), &mut out);
        out.len()
    })
}

fn report() -> Report {
    Report {
        id: "0123456789abcdef0123456789abcdef".to_owned(),
        host: "native".into(),
        client: Some(Api::Messages),
        upstream: Some(Api::Completions),
        model: "openai/gpt-4o".to_owned(),
        provider: "openai/gpt-4o".to_owned(),
        provider_model: "gpt-4o".to_owned(),
        status: 200,
        attempts: 1,
        ..Report::default()
    }
}

fn opening() -> Work {
    let names = ["openai", "anthropic", "groq", "deepseek", "mistral"];
    let dialects = names.into_iter().filter_map(shared::dialect::Dialect::named);
    let compiled = Compiled::new(dialects.map(shared::gateway::CompiledProvider::usual).collect());
    let json = serde_json::to_vec(&compiled).expect("a configuration is JSON");
    Box::new(move || {
        let compiled = Compiled::read(&json).expect("written a moment ago");
        compiled.open(|_| Some("key".to_owned())).map_or(0, |gateway| gateway.providers.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_does_its_work() {
        for case in all() {
            assert!((case.ready)()() > 0, "{}", case.name);
        }
    }

    #[test]
    fn no_two_cases_have_one_name() {
        let names: std::collections::BTreeSet<String> = all().into_iter().map(|case| case.name).collect();
        assert_eq!(names.len(), all().len());
    }
}
