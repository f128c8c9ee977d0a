//! Names that must be declared elsewhere, and what else one part demands of another.

use super::{Checks, suggestion, top, values};
use crate::config::{CacheKind, Config, Path, StorageKind};

impl<'c> Checks<'c> {
    pub(super) fn references(&mut self) {
        let config: &'c Config = self.config;
        self.services();
        for (path, listener) in config.listeners.entries() {
            self.filters(&path.key("input_filters"), &listener.input_filters);
            self.filters(&path.key("output_filters"), &listener.output_filters);
            for (index, agent) in listener.agents.iter().enumerate() {
                self.agent(&path.key("agents").index(index), &agent.id, &agent.input_filters);
            }
        }
        self.prompt_targets();
        let named = (0..).zip(&config.routing_preferences);
        let named = named
            .map(|(index, entry)| (top("routing_preferences").index(index).key("name"), entry.name.as_str()));
        self.unique("the name", named);
        self.storage();
        self.orchestrator();
        self.collector();
    }

    /// Agents and filters share their names.
    fn services(&mut self) {
        let config: &'c Config = self.config;
        let agents = (0..)
            .zip(&config.agents)
            .map(|(index, entry)| (top("agents").index(index), &entry.id, &entry.url));
        let filters = (0..)
            .zip(&config.filters)
            .map(|(index, entry)| (top("filters").index(index), &entry.id, &entry.url));
        let services = agents.chain(filters).collect::<Vec<_>>();
        self.unique("the id", services.iter().map(|(path, id, _)| (path.key("id"), id.as_str())));
        for (path, _, url) in &services {
            self.value(path.key("url"), values::base_url(url));
        }
        for (name, endpoint) in &config.endpoints {
            if let Some(timeout) = &endpoint.connect_timeout {
                let path = top("endpoints").key(name).key("connect_timeout");
                self.value(path, values::duration(timeout));
            }
        }
    }

    fn filters(&mut self, path: &Path, ids: &[String]) {
        for (index, id) in ids.iter().enumerate() {
            if let Some(message) = self.unknown_filter(id) {
                self.error(path.index(index), message);
            }
        }
    }

    /// Plano does not look at these names, so configurations exist in which they are wrong.
    fn agent(&mut self, path: &Path, id: &str, filters: &[String]) {
        let mut known = self.config.agents.iter().map(|agent| agent.id.as_str());
        if !known.any(|known| known == id) {
            let known = self.config.agents.iter().map(|agent| agent.id.as_str());
            let message = format!("there is no agent `{id}`{}", suggestion(id, known));
            self.warn(path.key("id"), message);
        }
        for (index, filter) in filters.iter().enumerate() {
            if let Some(message) = self.unknown_filter(filter) {
                self.warn(path.key("input_filters").index(index), message);
            }
        }
    }

    fn unknown_filter(&self, id: &str) -> Option<String> {
        let known = || self.config.filters.iter().map(|filter| filter.id.as_str());
        let unknown = !known().any(|known| known == id);
        unknown.then(|| format!("there is no filter `{id}`{}", suggestion(id, known())))
    }

    fn prompt_targets(&mut self) {
        let config: &'c Config = self.config;
        for (index, target) in config.prompt_targets.iter().enumerate() {
            let Some(endpoint) = &target.endpoint else { continue };
            if !config.endpoints.contains_key(&endpoint.name) {
                let near = suggestion(&endpoint.name, config.endpoints.keys().map(String::as_str));
                let path = top("prompt_targets").index(index).key("endpoint").key("name");
                self.error(path, format!("there is no endpoint `{}`{near}", endpoint.name));
            }
        }
    }

    fn storage(&mut self) {
        let config: &'c Config = self.config;
        if let Some(storage) = &config.state_storage
            && storage.kind == StorageKind::Postgres
            && storage.connection_string.is_none()
        {
            self.error(top("state_storage"), "`postgres` needs a `connection_string`");
        }
        let cache = config.routing.as_ref().and_then(|routing| routing.session_cache.as_ref());
        if cache.is_some_and(|cache| cache.kind == Some(CacheKind::Redis) && cache.url.is_none()) {
            self.error(top("routing").key("session_cache"), "`redis` needs a `url`");
        }
    }

    fn orchestrator(&mut self) {
        let config: &'c Config = self.config;
        let hosts = config.endpoints.len() + config.agents.len() + config.filters.len();
        if config.overrides.use_agent_orchestrator == Some(true) && hosts != 1 {
            let message = format!("needs exactly one endpoint, agent or filter, and there are {hosts}");
            self.error(top("overrides").key("use_agent_orchestrator"), message);
        }
    }

    fn collector(&mut self) {
        let tracing = self.config.tracing.as_ref();
        let Some(url) = tracing.and_then(|tracing| tracing.opentracing_grpc_endpoint.as_deref()) else {
            return;
        };
        let root = url.strip_prefix("http://").is_some_and(|rest| !rest.trim_end_matches('/').contains('/'));
        if !root || values::base_url(url).is_err() {
            let message = "must be like `http://localhost:4317`: http, a host, and no path";
            self.error(top("tracing").key("opentracing_grpc_endpoint"), message);
        }
    }
}
