//! What is configured and not served yet, or not on every host.

use std::fmt;
use std::str::FromStr;

use serde_json::Value as Json;
use shared::config::Path;
use shared::gateway::Compiled;

use super::advice::pattern;

/// Where a gateway runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    Native,
    Envoy,
    Worker,
    Spin,
}

impl Host {
    /// All of them.
    pub const ALL: [Host; 4] = [Host::Native, Host::Envoy, Host::Worker, Host::Spin];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Host::Native => "native",
            Host::Envoy => "envoy",
            Host::Worker => "worker",
            Host::Spin => "spin",
        }
    }

    /// Whether it gets and renews what accounts lend.
    pub fn renews(self) -> bool {
        self == Host::Native
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Host {
    type Err = String;

    fn from_str(name: &str) -> Result<Host, String> {
        let known = Host::ALL.into_iter().find(|host| host.name() == name);
        known.ok_or_else(|| format!("`{name}` is no host: there are native, envoy, worker and spin"))
    }
}

/// Where (with `[]` for any number), what is served of it, and on which hosts.
type Row = (&'static str, &'static str, &'static [Host]);

const NOWHERE: &[Host] = &[];
const WITH_SOCKETS: &[Host] = &[Host::Native, Host::Envoy];
const NOT_YET: &str = "is not served yet";

const ROWS: &[Row] = &[
    ("agents", NOT_YET, NOWHERE),
    ("filters", NOT_YET, NOWHERE),
    ("endpoints", NOT_YET, NOWHERE),
    ("prompt_targets", NOT_YET, NOWHERE),
    ("prompt_guards", NOT_YET, NOWHERE),
    ("system_prompt", NOT_YET, NOWHERE),
    ("ratelimits", "is not served yet: nothing is limited", NOWHERE),
    ("tracing", NOT_YET, NOWHERE),
    ("mode", "has no effect", NOWHERE),
    ("routing", NOT_YET, NOWHERE),
    (
        "routing_preferences",
        "is not served yet: the model that is asked for is the model that answers",
        NOWHERE,
    ),
    (
        "model_providers[].routing_preferences",
        "is not served yet: the model that is asked for answers",
        NOWHERE,
    ),
    ("model_metrics_sources", NOT_YET, NOWHERE),
    ("prompt_caching", NOT_YET, NOWHERE),
    ("state_storage", NOT_YET, NOWHERE),
    ("overrides.prompt_target_intent_matching_threshold", NOT_YET, NOWHERE),
    ("overrides.optimize_context_window", NOT_YET, NOWHERE),
    ("overrides.use_agent_orchestrator", NOT_YET, NOWHERE),
    ("overrides.disable_signals", "has no effect: there are no signals yet", NOWHERE),
    ("overrides.llm_routing_model", NOT_YET, NOWHERE),
    ("overrides.agent_orchestration_model", NOT_YET, NOWHERE),
    ("overrides.orchestrator_model_context_length", NOT_YET, NOWHERE),
    ("overrides.upstream_connect_timeout", "is the platform's to decide", WITH_SOCKETS),
    ("overrides.upstream_tls_ca_path", "is not served here: the usual authorities are trusted", WITH_SOCKETS),
    ("listeners.ingress_traffic", "is for prompts, which are not served yet", NOWHERE),
    ("listeners[].router", NOT_YET, NOWHERE),
    ("listeners[].agents", NOT_YET, NOWHERE),
    ("listeners[].input_filters", "is not served yet: requests go unfiltered", NOWHERE),
    ("listeners[].output_filters", "is not served yet: answers go unfiltered", NOWHERE),
    (
        "listeners[].keep_alive",
        "is not served here: a filter cannot write while the provider is silent",
        &[Host::Native, Host::Worker, Host::Spin],
    ),
    ("listeners[].address", "is the platform's to decide", WITH_SOCKETS),
    ("listeners[].port", "is the platform's to decide", WITH_SOCKETS),
    ("model_providers[].http_host", "cannot be set here: the platform sends the address's own", WITH_SOCKETS),
    (
        "fetch",
        "is not served here: a filter reaches only what a cluster is for; requests with addresses are refused",
        &[Host::Native, Host::Worker, Host::Spin],
    ),
    (
        "fetch.private_networks",
        "is for addresses only here: what names come to is the platform's to know",
        &[Host::Native],
    ),
    ("backend", "has no effect here: this host is the backend", &[Host::Envoy, Host::Worker, Host::Spin]),
];

/// The keys of a provider that tell of an account.
const LENDERS: [&str; 3] = ["aws", "google", "azure"];

/// What is configured, where, and on which hosts it is not served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    pub(super) path: Path,
    pub(super) what: String,
    pub(super) hosts: Vec<Host>,
}

/// All gaps of a configuration, given as JSON.
pub(super) fn gaps(json: &Json) -> Vec<Gap> {
    let mut gaps = Vec::new();
    visit(&Path::default(), json, &mut gaps);
    gaps
}

/// Where a configuration, given as JSON, says whose credentials the providers have that accounts lend theirs to.
pub(super) fn lent(json: &Json, compiled: &Compiled) -> Vec<Path> {
    let providers = if json.get("model_providers").is_some() { "model_providers" } else { "llm_providers" };
    let top = Path::default().key(providers);
    let lent = compiled.providers.iter().enumerate().filter(|(_, provider)| provider.is_lent());
    lent.map(|(index, _)| {
        let said = LENDERS.into_iter().find(|key| json[providers][index].get(key).is_some());
        said.map_or(top.index(index), |key| top.index(index).key(key))
    })
    .collect()
}

fn visit(path: &Path, json: &Json, gaps: &mut Vec<Gap>) {
    let here = pattern(path);
    // What is off is off on every host.
    if json.as_str() == Some("off") {
        return;
    }
    if let Some((_, what, served)) = ROWS.iter().find(|(at, _, _)| *at == here) {
        let hosts = Host::ALL.into_iter().filter(|host| !served.contains(host)).collect();
        gaps.push(Gap { path: path.clone(), what: (*what).to_owned(), hosts });
        // What is served nowhere is not looked into.
        if served.is_empty() {
            return;
        }
    }
    match json {
        Json::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| visit(&path.index(index), item, gaps));
        }
        Json::Object(members) => {
            let kind = members.get("type").and_then(Json::as_str).filter(|kind| *kind != "model");
            if let Some(kind) = kind.filter(|_| here == "listeners[]") {
                gaps.push(Gap::everywhere(
                    path.key("type"),
                    &format!("`{kind}` listeners are not served yet"),
                ));
                return;
            }
            members.iter().for_each(|(key, member)| visit(&path.key(key), member, gaps));
        }
        _ => {}
    }
}

impl Gap {
    fn everywhere(path: Path, what: &str) -> Gap {
        Gap { path, what: what.to_owned(), hosts: Host::ALL.to_vec() }
    }
}
