//! Entry points.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Checks, values};
use crate::config::{Listener, Path};
use crate::gateway::{self, ListenerKind};

impl Checks<'_> {
    pub(super) fn listeners(&mut self) -> Vec<gateway::Listener> {
        let entries = self.config.listeners.entries();
        self.unique("the name", entries.iter().map(|(path, entry)| (path.key("name"), entry.name.as_str())));
        let models = entries.iter().filter(|(_, entry)| entry.kind == ListenerKind::Model);
        for (path, _) in models.skip(1) {
            self.error(path.key("type"), "there can be one listener for models, and this is another");
        }
        let mut listeners = Vec::new();
        let mut ports = BTreeMap::new();
        for (path, entry) in &entries {
            let Some(listener) = self.listener(path, entry) else { continue };
            if let Some(other) = ports.insert(listener.port, listener.name.clone()) {
                let message = format!("port {} is already that of listener `{other}`", listener.port);
                self.error(path.key("port"), message);
            }
            listeners.push(listener);
        }
        if !listeners.iter().any(|listener| listener.kind == ListenerKind::Model) {
            listeners.push(gateway::Listener::model());
        }
        listeners
    }

    fn listener(&mut self, path: &Path, entry: &Listener) -> Option<gateway::Listener> {
        let usual = gateway::Listener::model();
        let port = match (entry.port, entry.kind) {
            (Some(0), _) => Err("0 is no port to listen on".to_owned()),
            (Some(port), _) => Ok(port),
            (None, ListenerKind::Model) => Ok(usual.port),
            (None, ListenerKind::Prompt) => Ok(10000),
            (None, ListenerKind::Agent) => Err("an agent listener needs a `port`".to_owned()),
        };
        let port = self.value(path.key("port"), port);
        let address = entry.address.as_deref().map_or(Ok(usual.address), values::address);
        let address = self.value(path.key("address"), address);
        let usual_timeout = match entry.kind {
            ListenerKind::Agent => Duration::from_secs(30),
            ListenerKind::Model | ListenerKind::Prompt => usual.timeout,
        };
        let timeout = entry.timeout.as_deref().map_or(Ok(usual_timeout), values::duration);
        let timeout = self.value(path.key("timeout"), timeout);
        let keep_alive = match entry.keep_alive.as_deref() {
            None => Ok(usual.keep_alive),
            Some("off") => Ok(None),
            Some(text) => values::duration(text).map(Some),
        };
        let keep_alive = self.value(path.key("keep_alive"), keep_alive);
        Some(gateway::Listener {
            name: entry.name.clone(),
            kind: entry.kind,
            address: address?,
            port: port?,
            timeout: timeout?,
            max_retries: entry.max_retries.unwrap_or(0),
            keep_alive: keep_alive?,
            report_losses: entry.report_losses.unwrap_or(false),
            strict: entry.strict.unwrap_or(false),
        })
    }
}
