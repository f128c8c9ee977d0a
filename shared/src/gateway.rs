//! The configuration as the gateway uses it.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use http::header::{HeaderName, HeaderValue};

use crate::api::Api;
use crate::dialect::{Auth, Dialect, Quirks};
use crate::error::{Error, Fault, Kind};

/// A configuration that has been checked and whose secrets are filled in.
#[derive(Debug)]
pub struct Gateway {
    pub listeners: Vec<Listener>,
    pub providers: Vec<Provider>,
    pub aliases: BTreeMap<String, String>,
    pub limits: Limits,
    pub connect_timeout: Duration,
    pub backend: Option<BackendAddress>,
}
#[derive(Debug)]
pub struct Listener {
    pub name: String,
    pub address: IpAddr,
    pub port: u16,
    pub timeout: Duration,
    pub max_retries: u32,
}
#[derive(Debug)]
pub struct Provider {
    pub name: String,
    pub prefix: String,
    pub dialect: &'static Dialect,
    pub apis: Vec<Api>,
    pub base: String,
    pub credential: Credential,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub http_host: Option<HeaderValue>,
}
#[derive(Debug)]
pub struct Limits {
    pub body_bytes: usize,
    pub answer_bytes: usize,
    pub event_bytes: usize,
}
#[derive(Debug)]
pub enum Credential {
    None,
    Key(Secret),
    Passthrough,
}
pub struct Secret(String);
impl Secret {
    pub fn expose(&self) -> &str {
        &self.0
    }
}
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
#[derive(Debug)]
pub struct BackendAddress {
    pub url: String,
    pub token: Option<HeaderValue>,
}
pub struct Model {
    pub id: String,
    pub owner: String,
}
pub struct Resolved<'g> {
    pub provider: &'g Provider,
    pub model: String,
}
impl Provider {
    pub fn is_demo(&self) -> bool {
        self.dialect.id == "demo"
    }
    pub fn api_for(&self, client: Api) -> Option<Api> {
        self.apis.iter().copied().find(|&api| api == client).or(self.apis.first().copied())
    }
    pub fn uri(&self, api: Api, _model: &str) -> Result<http::Uri, Error> {
        let op = match api {
            Api::Completions => "chat/completions",
            Api::Messages => "messages",
            Api::Responses => "responses",
        };
        format!("{}/{op}", self.base)
            .parse()
            .map_err(|_| Error::new(Fault::Configuration, Kind::Api, "bad address"))
    }
    pub fn quirks(&self, _model: &str) -> &Quirks {
        &self.dialect.quirks
    }
    pub fn auth(&self, api: Api) -> Auth {
        self.dialect.auth.iter().find(|(a, _)| *a == api).map_or(Auth::Bearer, |(_, auth)| *auth)
    }
}
impl Gateway {
    pub fn resolve(&self, model: &str) -> Result<Resolved<'_>, Error> {
        let (prefix, rest) = model.split_once('/').unwrap_or((model, ""));
        let provider = self
            .providers
            .iter()
            .find(|p| p.prefix == prefix)
            .ok_or_else(|| Error::new(Fault::Client, Kind::NotFound, "no such model"))?;
        Ok(Resolved { provider, model: rest.to_owned() })
    }
    pub fn models(&self) -> Vec<Model> {
        Vec::new()
    }
    pub fn timeout(&self) -> Duration {
        self.listeners.first().map_or(Duration::from_secs(300), |l| l.timeout)
    }
    pub fn max_retries(&self) -> u32 {
        self.listeners.first().map_or(0, |l| l.max_retries)
    }
}
