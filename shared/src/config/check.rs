//! The rules that types cannot say.

mod accounts;
mod fetch;
mod listeners;
mod providers;
mod references;
mod values;

use std::collections::BTreeMap;

use super::finding::{Finding, Path, Severity, suggestion};
use super::{Config, Overrides};
use crate::gateway::{Compiled, CompiledBackend, FORMAT, Limits};

/// Checks a configuration and compiles it. With an error among the findings, what was compiled lacks something.
pub fn check(config: &Config) -> (Compiled, Vec<Finding>) {
    let mut checks = Checks { config, findings: Vec::new() };
    let providers = checks.providers();
    let compiled = Compiled {
        format: FORMAT,
        listeners: checks.listeners(),
        aliases: checks.aliases(&providers),
        providers,
        limits: limits(&config.limits),
        fetch: checks.fetch(),
        connect_timeout: checks.connect_timeout(&config.overrides),
        authorities: config.overrides.upstream_tls_ca_path.clone(),
        backend: checks.backend(),
    };
    checks.references();
    (compiled, checks.findings)
}

/// A check under way.
struct Checks<'c> {
    config: &'c Config,
    findings: Vec<Finding>,
}

impl Checks<'_> {
    fn error(&mut self, path: Path, message: impl Into<String>) {
        self.findings.push(Finding { path, severity: Severity::Error, message: message.into() });
    }

    fn warn(&mut self, path: Path, message: impl Into<String>) {
        self.findings.push(Finding { path, severity: Severity::Warning, message: message.into() });
    }

    /// The value, or an error at `path`.
    fn value<T>(&mut self, path: Path, value: Result<T, String>) -> Option<T> {
        value.map_err(|message| self.error(path, message)).ok()
    }

    /// An error for each name that was there before; `what` is the things' name.
    fn unique<'n>(&mut self, what: &str, names: impl Iterator<Item = (Path, &'n str)>) {
        let mut seen: BTreeMap<&str, Path> = BTreeMap::new();
        for (path, name) in names {
            match seen.get(name) {
                Some(first) => self.error(path, format!("{what} `{name}` is already at {}", first.parent())),
                None => drop(seen.insert(name, path)),
            }
        }
    }

    fn connect_timeout(&mut self, overrides: &Overrides) -> std::time::Duration {
        let path = top("overrides").key("upstream_connect_timeout");
        let given = overrides.upstream_connect_timeout.as_deref();
        let given = given.and_then(|text| self.value(path, values::duration(text)));
        given.unwrap_or(std::time::Duration::from_secs(5))
    }

    fn backend(&mut self) -> Option<CompiledBackend> {
        let backend = self.config.backend.as_ref()?;
        let url = self.value(top("backend").key("url"), values::base_url(&backend.url))?;
        if url.starts_with("http://") && backend.token.is_some() && !values::is_loopback(&url) {
            self.warn(top("backend").key("url"), "the token crosses the network in the open: use https");
        }
        Some(CompiledBackend { url, token: backend.token.clone() })
    }
}

fn limits(given: &super::Limits) -> Limits {
    let usual = Limits::default();
    Limits {
        body_bytes: given.body_bytes.unwrap_or(usual.body_bytes),
        header_bytes: given.header_bytes.unwrap_or(usual.header_bytes),
        answer_bytes: given.answer_bytes.unwrap_or(usual.answer_bytes),
        event_bytes: given.event_bytes.unwrap_or(usual.event_bytes),
    }
}

/// A key of the top level.
fn top(key: &str) -> Path {
    Path::default().key(key)
}
