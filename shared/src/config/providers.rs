//! Models and their providers.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Config, Prose, RoutingPreference, Version};
use crate::api::Api;
use crate::gateway::Template;

/// A model of a provider, or all of them.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// `provider/model`, or `provider/*` for all of its models.
    pub model: String,
    /// A name of its own; what is under `model` unless said.
    pub name: Option<String>,
    /// The provider's key, as `$VAR`.
    pub access_key: Option<Template>,
    /// Whether requests that name no model come here.
    #[serde(default)]
    pub default: bool,
    /// The complete root of the provider's API; without a path it gets the provider's usual one.
    pub base_url: Option<String>,
    /// Whether the provider is called with the caller's own credential.
    #[serde(default)]
    pub passthrough_auth: bool,
    /// The `host` to send where it is not that of `base_url`.
    pub http_host: Option<String>,
    /// Which provider an address of your own behaves like.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(schema_with = "interfaces"))]
    pub provider_interface: Option<String>,
    /// The APIs that an address of your own speaks, the best one first. Not in Plano.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub apis: Option<Vec<Api>>,
    /// Azure: the version that addresses of deployments ask for. Not in Plano.
    pub api_version: Option<String>,
    /// The region that the provider's address follows from: `us-west-2`, `global`. Not in Plano.
    pub region: Option<String>,
    /// Google Cloud: the project that the address follows from. Not in Plano.
    pub project: Option<String>,
    /// Amazon Bedrock: what requests are signed with instead of sending a key. Not in Plano.
    pub aws: Option<Aws>,
    /// Google Cloud: the account that lends tokens. Not in Plano.
    pub google: Option<Google>,
    /// Azure: the application that lends tokens. Not in Plano.
    pub azure: Option<Azure>,
    /// Headers that go to the provider besides.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
    /// What the model is for, up to v0.3.0; now `routing_preferences` at the top level.
    #[serde(default)]
    pub routing_preferences: Vec<InlinePreference>,
}

/// What requests to AWS are signed with.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Aws {
    /// The access key's id: `$AWS_ACCESS_KEY_ID` unless said.
    pub access_key_id: Option<Template>,
    /// The access key's secret: `$AWS_SECRET_ACCESS_KEY` unless said.
    pub secret_access_key: Option<Template>,
    /// What goes with keys that are valid for a while only, as `$AWS_SESSION_TOKEN`.
    pub session_token: Option<Template>,
    /// A profile in the files of AWS's own tools, with whatever it leads to: keys, roles, single sign-on, programs.
    pub profile: Option<String>,
    /// Where else keys that are valid for a while come from; `chain` looks wherever AWS's own tools look.
    pub source: Option<AwsOrigin>,
    /// A role to take with the keys of `profile` or `source` (`chain` unless said).
    pub role_arn: Option<String>,
    /// The name that AWS's records have for who took the role: `plano` unless said.
    pub role_session_name: Option<String>,
    /// What the role's owner wants to hear.
    pub external_id: Option<String>,
}

/// Where keys of AWS that are valid for a while come from.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AwsOrigin {
    Chain,
    WebIdentity,
    Container,
    Instance,
}

/// An account of Google Cloud: the one that Google's own tools use, unless said.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Google {
    /// The file of a service account's key, of whom another platform vouches for, or what
    /// `gcloud auth application-default login` wrote.
    pub credentials_file: Option<String>,
}

/// An application in Microsoft Entra. Its secret is in `$AZURE_CLIENT_SECRET`, unless the platform vouches for it.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Azure {
    /// The directory: `$AZURE_TENANT_ID` unless said.
    pub tenant_id: Option<String>,
    /// The application: `$AZURE_CLIENT_ID` unless said.
    pub client_id: Option<String>,
}

/// What a model is for, in the form before v0.4.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct InlinePreference {
    pub name: String,
    #[serde(default = "nothing")]
    pub description: Prose,
}

fn nothing() -> Prose {
    Prose(String::new())
}

#[cfg(feature = "schema")]
fn interfaces(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let mut words: Vec<&str> =
        crate::dialect::DIALECTS.iter().flat_map(|dialect| dialect.spellings()).collect();
    words.retain(|word| *word != "demo");
    schemars::json_schema!({ "type": "string", "enum": words })
}

impl Provider {
    /// What stands before the slash, and what behind it; none where either is empty.
    pub fn parts(&self) -> Option<(&str, &str)> {
        self.model.split_once('/').filter(|(prefix, model)| !prefix.is_empty() && !model.is_empty())
    }

    /// Whether it is all models of the provider.
    pub fn is_wildcard(&self) -> bool {
        self.model.ends_with("/*")
    }

    /// The name, given or not.
    pub fn known_as(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.model)
    }
}

impl Config {
    /// Which models are for which tasks: the top level's, then what stands with the providers up to v0.3.0. A name's
    /// first description counts, its models add up in their order; a name of the top level counts alone.
    pub fn preferences(&self) -> Vec<RoutingPreference> {
        let mut all = self.routing_preferences.clone();
        if self.version >= Version::Fourth {
            return all;
        }
        let declared = all.len();
        for provider in self.providers().1 {
            for inline in &provider.routing_preferences {
                lift(inline, &provider.model, declared, &mut all);
            }
        }
        all
    }
}

/// Adds a provider's preference to `all`, of which the first `declared` stay as they are.
fn lift(inline: &InlinePreference, model: &str, declared: usize, all: &mut Vec<RoutingPreference>) {
    let known = all.iter_mut().enumerate().find(|(_, known)| known.name == inline.name);
    match known {
        Some((index, _)) if index < declared => {}
        Some((_, known)) => known.models.push(model.to_owned()),
        None => all.push(RoutingPreference {
            name: inline.name.clone(),
            description: inline.description.clone(),
            models: vec![model.to_owned()],
            selection_policy: None,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn preferences(version: &str) -> Vec<(String, String, Vec<String>)> {
        let config: Config = serde_json::from_value(json!({
            "version": version,
            "listeners": [],
            "routing_preferences": [{ "name": "top", "description": "t", "models": ["openai/b"] }],
            "model_providers": [
                { "model": "openai/a", "routing_preferences": [
                    { "name": "code", "description": "first" },
                    { "name": "top", "description": "x" },
                ] },
                { "model": "openai/b", "routing_preferences": [{ "name": "code", "description": "second" }] },
            ],
        }))
        .unwrap();
        let all = config.preferences().into_iter();
        all.map(|entry| (entry.name, entry.description.0, entry.models)).collect()
    }

    #[test]
    fn preferences_of_providers_are_lifted_up_to_v0_3() {
        let top = ("top".to_owned(), "t".to_owned(), vec!["openai/b".to_owned()]);
        let models = vec!["openai/a".to_owned(), "openai/b".to_owned()];
        let code = ("code".to_owned(), "first".to_owned(), models);
        assert_eq!(preferences("v0.3.0"), [top.clone(), code]);
        assert_eq!(preferences("v0.4.0"), [top]);
    }
}
