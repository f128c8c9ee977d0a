//! Which model gets a request, and what is kept between requests.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Prose;
use crate::gateway::Template;

/// Sessions and budgets of the model router.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Routing {
    /// Without effect, as in Plano.
    pub llm_provider: Option<String>,
    /// Without effect, as in Plano.
    pub model: Option<String>,
    /// How long a session keeps its model: 600 unless said.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub session_ttl_seconds: Option<u64>,
    /// How many sessions are kept in memory: 10000 unless said.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 10000)))]
    pub session_max_entries: Option<u64>,
    pub session_cache: Option<Cache>,
    pub routing_budget: Option<RoutingBudget>,
    /// Whether only a user's turn is routed anew.
    pub route_on_user_only: Option<bool>,
}

/// Where sessions are kept.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Cache {
    /// `memory` unless said.
    #[serde(rename = "type")]
    pub kind: Option<CacheKind>,
    /// Redis: where it is.
    pub url: Option<Template>,
    /// The request header that tells tenants apart.
    pub tenant_header: Option<String>,
}

/// What keeps sessions.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum CacheKind {
    Memory,
    Redis,
}

/// What switching models within a session may cost.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RoutingBudget {
    /// At most so many percent above never switching.
    #[cfg_attr(feature = "schema", schemars(range(min = 0.0, max = 100.0)))]
    pub max_switch_spend_pct: f64,
    /// Whether a session that went cold begins anew: yes unless said.
    pub replenish_on_rebind: Option<bool>,
    /// The price of cached input, as a part of the usual, where no price list says: 0.1.
    #[cfg_attr(feature = "schema", schemars(range(min = 0.0, max = 1.0)))]
    pub cache_read_discount: Option<f64>,
    /// Whether spans tell what would have been chosen.
    pub record_counterfactual: Option<bool>,
}

/// Which models are for a task.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RoutingPreference {
    pub name: String,
    /// What the task is: the router reads this.
    pub description: Prose,
    /// The models, the best one first.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub models: Vec<String>,
    pub selection_policy: Option<SelectionPolicy>,
}

/// Which of a task's models comes first.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SelectionPolicy {
    pub prefer: Prefer,
}

/// What a model is chosen for.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Prefer {
    Cheapest,
    Fastest,
    None,
}

/// Where prices or speeds of models come from.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub enum MetricsSource {
    /// Prices.
    Cost {
        provider: CostCatalogue,
        /// The catalogue's address, where it is not the usual one.
        url: Option<String>,
        /// Seconds between two looks.
        #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
        refresh_interval: Option<u64>,
        /// The catalogue's names of models, and the gateway's.
        #[serde(default)]
        model_aliases: BTreeMap<String, String>,
    },
    /// Speeds.
    Latency {
        provider: LatencySource,
        url: String,
        query: Prose,
        /// Seconds between two looks.
        #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
        refresh_interval: Option<u64>,
    },
}

/// Who lists prices.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum CostCatalogue {
    #[serde(rename = "digitalocean")]
    DigitalOcean,
    #[serde(rename = "models.dev")]
    ModelsDev,
}

/// Who measures speeds.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum LatencySource {
    Prometheus,
}

/// Use of the providers' prompt caches.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PromptCaching {
    /// No unless said.
    pub enabled: Option<bool>,
    /// Whether a conversation stays with its model: yes if enabled.
    pub session_affinity: Option<bool>,
    /// Whether marks are put where a provider wants them: yes if enabled.
    pub inject_cache_control: Option<bool>,
    /// The shortest prefix that is worth a mark, in tokens: 1024 unless said.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub min_prefix_tokens: Option<u64>,
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub session_ttl_seconds: Option<u64>,
}

/// Where conversations of the Responses API are kept.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StateStorage {
    #[serde(rename = "type")]
    pub kind: StorageKind,
    /// Postgres: `postgresql://user:$PASSWORD@host/database`.
    pub connection_string: Option<Template>,
}

/// What keeps conversations.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum StorageKind {
    Memory,
    Postgres,
}
