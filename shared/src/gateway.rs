//! The configuration as the gateway uses it.
//!
//! [`Compiled`] is what a configuration comes to: checked, final, and without a secret in it. Guests have it built in.
//! [`Compiled::open`] fills the secrets in and makes a [`Gateway`], which is never written anywhere.

mod account;
mod compiled;
mod keys;
mod resolve;

pub use account::{Account, AwsRole, AwsSource, Lent, TokenSource};
pub use compiled::{
    Compiled, CompiledBackend, CompiledKeys, CompiledProvider, CompiledSigning, FORMAT, Flaw, Template,
    UNRENEWED, Unread,
};
pub(crate) use keys::Keys;
pub use resolve::{Model, Resolved};

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::OnceLock;
use std::time::Duration;

use http::header::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use crate::api::Api;
use crate::dialect::{Auth, Dialect, Quirks, Task};
use crate::egress::Egress;
use crate::error::{Error, Fault, Kind};
use crate::secret::Secret;
use crate::signature::Signer;

/// A configuration that has been checked and whose secrets are filled in. `Debug` shows none of them.
#[derive(Debug)]
pub struct Gateway {
    pub listeners: Vec<Listener>,
    /// In the order of the configuration.
    pub providers: Vec<Provider>,
    /// Friendly names, and the models they stand for.
    pub aliases: BTreeMap<String, String>,
    pub limits: Limits,
    /// How images and documents are fetched for providers that take only bytes; none where they are not.
    pub fetch: Option<Fetch>,
    /// How long it may take to reach a provider.
    pub connect_timeout: Duration,
    /// A file of the certificate authorities to trust, and no others, where the host reads files.
    pub authorities: Option<String>,
    /// Where reports go; nowhere if there is none.
    pub backend: Option<BackendAddress>,
    /// The operator's keys, each once.
    pub(crate) keys: Keys,
}

/// An entry point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listener {
    pub name: String,
    pub kind: ListenerKind,
    pub address: IpAddr,
    pub port: u16,
    /// How long a provider may take until its answer begins.
    pub timeout: Duration,
    /// How often a failed request is sent again.
    pub max_retries: u32,
    /// After which silence a streamed answer gets a sign of life; none where it gets none.
    pub keep_alive: Option<Duration>,
    /// Whether answers say what the translation of their requests could not carry.
    pub report_losses: bool,
    /// Whether a request is refused that could not be carried whole.
    pub strict: bool,
}

/// What an entry point is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ListenerKind {
    /// Models, in the clients' APIs.
    Model,
    /// Prompts that are matched with targets.
    Prompt,
    /// Agents.
    Agent,
}

/// A model of a provider, or all of them.
#[derive(Debug)]
pub struct Provider {
    /// The configured name; without one, what was written under `model`.
    pub name: String,
    /// What stands before the slash in clients' names for its models.
    pub prefix: String,
    pub serves: Serves,
    /// Whether requests that name no model come here.
    pub default: bool,
    pub dialect: &'static Dialect,
    /// The APIs that the configuration says it speaks, the first for clients of any other; none: those of its dialect.
    pub apis: Vec<Api>,
    /// The complete root of its API, without a slash at its end.
    pub base: String,
    pub credential: Credential,
    /// Headers besides, which overrule all others; marked as sensitive.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The `host` to send where it is not that of the base.
    pub http_host: Option<HeaderValue>,
    /// The version of the API where addresses have one in them.
    pub api_version: Option<String>,
    /// The addresses that were asked for first, of whole answers and of streams, where they are the same for every model.
    addresses: [OnceLock<(Api, http::Uri)>; 2],
}

/// Which models a provider's entry is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Serves {
    /// This one, by the provider's own name for it.
    Exact(String),
    /// Whatever stands behind the prefix.
    Any,
}

/// The most the gateway takes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// A request's body.
    pub body_bytes: usize,
    /// A request's head.
    pub header_bytes: usize,
    /// A provider's answer, where it is not a stream.
    pub answer_bytes: usize,
    /// One event of a provider's stream.
    pub event_bytes: usize,
}

impl Default for Limits {
    /// Anthropic takes requests of 32 MB; a picture in an event of Responses may have several.
    fn default() -> Limits {
        Limits { body_bytes: 32 << 20, header_bytes: 64 << 10, answer_bytes: 64 << 20, event_bytes: 16 << 20 }
    }
}

/// How images and documents that requests name by their addresses are fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fetch {
    /// From where.
    pub egress: Egress,
    /// The longest of them, in bytes.
    pub file_bytes: usize,
    /// All of one request's together, in bytes.
    pub request_bytes: usize,
    /// How many one request may name.
    pub files: usize,
    /// How long all of one request's may take.
    pub timeout: Duration,
}

impl Default for Fetch {
    /// Nothing is fetched from anywhere. Claude takes images of 5 MB and requests of 32 MB; Bedrock, requests of 20 MB.
    fn default() -> Fetch {
        Fetch {
            egress: Egress::default(),
            file_bytes: 10 << 20,
            request_bytes: 20 << 20,
            files: 20,
            timeout: Duration::from_secs(10),
        }
    }
}

/// How a provider is told who calls.
#[derive(Debug)]
pub enum Credential {
    /// Not at all.
    None,
    /// By the operator's key.
    Key(Secret),
    /// By the operator's signature, a new one with each request.
    Signature(Signer),
    /// By what the operator's account in a cloud lends, which the host renews.
    Account(Account),
    /// By the caller's own credential.
    Passthrough,
}

/// A brightstaff that takes reports.
#[derive(Debug)]
pub struct BackendAddress {
    /// Without a slash at its end.
    pub url: String,
    /// The value of `authorization`.
    pub token: Option<HeaderValue>,
}

impl Provider {
    /// Whether the gateway answers itself.
    pub fn is_demo(&self) -> bool {
        self.base.is_empty()
    }

    /// The API to speak for a client of `client`; none where the provider is not served yet.
    pub fn api_for(&self, client: Api, model: &str) -> Option<Api> {
        let apis = self.apis_of(model);
        apis.iter().copied().find(|&api| api == client).or(apis.first().copied())
    }

    /// The first of these APIs that it speaks and has `task` in, in its own order.
    pub fn api_with(&self, apis: &[Api], task: Task, model: &str) -> Option<Api> {
        let has = |api: &Api| apis.contains(api) && self.dialect.has(&self.base, *api, task);
        self.apis_of(model).iter().copied().find(has)
    }

    fn apis_of(&self, model: &str) -> &[Api] {
        if self.apis.is_empty() { self.dialect.apis_of(model) } else { &self.apis }
    }

    /// The address of an operation, for an answer that is to be streamed or not.
    pub fn uri(&self, api: Api, model: &str, stream: bool) -> Result<http::Uri, Error> {
        let kept = self.addresses.get(usize::from(stream));
        if let Some((_, address)) = kept.and_then(OnceLock::get).filter(|kept| kept.0 == api) {
            return Ok(address.clone());
        }
        let version = self.api_version.as_deref();
        let address = self.parse(&self.dialect.address(&self.base, api, model, version, stream))?;
        if self.dialect.is_fixed(&self.base, api, stream) {
            // Of two at once one is kept, and they are the same.
            kept.iter().for_each(|kept| drop(kept.set((api, address.clone()))));
        }
        Ok(address)
    }

    /// The address of something else than an answer, which usually is at `path` behind the root.
    pub fn task_uri(&self, api: Api, task: Task, path: &str, model: &str) -> Result<http::Uri, Error> {
        let version = self.api_version.as_deref();
        self.parse(&self.dialect.task_address(&self.base, (api, task), path, model, version))
    }

    fn parse(&self, address: &str) -> Result<http::Uri, Error> {
        address.parse().map_err(|_| {
            let message = format!("The provider `{}` has no usable address for this model.", self.name);
            Error::new(Fault::Configuration, Kind::Api, message)
        })
    }

    /// What to know of this model.
    pub fn quirks(&self, model: &str) -> &Quirks {
        self.dialect.quirks(model)
    }

    /// How the key is sent in this API.
    pub fn auth(&self, api: Api) -> Auth {
        self.dialect.auth(api)
    }
}

impl Gateway {
    /// How long a provider may take until its answer begins.
    pub fn timeout(&self) -> Duration {
        self.model_listener().map_or(Duration::from_secs(300), |listener| listener.timeout)
    }

    /// How often a failed request is sent again.
    pub fn max_retries(&self) -> u32 {
        self.model_listener().map_or(0, |listener| listener.max_retries)
    }

    /// After which silence a streamed answer gets a sign of life; none where it gets none.
    pub fn keep_alive(&self) -> Option<Duration> {
        self.model_listener()?.keep_alive
    }

    /// Whether answers say what was lost, and whether a request that would lose something is refused.
    pub fn losses(&self) -> (bool, bool) {
        self.model_listener().map_or((false, false), |listener| (listener.report_losses, listener.strict))
    }

    fn model_listener(&self) -> Option<&Listener> {
        self.listeners.iter().find(|listener| listener.kind == ListenerKind::Model)
    }
}

impl Listener {
    /// An entry point for models, as it is where the configuration says nothing.
    pub fn model() -> Listener {
        Listener {
            name: "model".to_owned(),
            kind: ListenerKind::Model,
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 12000,
            timeout: Duration::from_secs(300),
            max_retries: 0,
            keep_alive: Some(Duration::from_secs(15)),
            report_losses: false,
            strict: false,
        }
    }
}
