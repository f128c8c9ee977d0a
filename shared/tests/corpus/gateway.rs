//! The configuration that every case is played with: a provider of each family.

use std::sync::LazyLock;

use shared::api::Api;
use shared::gateway::{Compiled, CompiledProvider, Gateway, Serves};

pub(crate) static GATEWAY: LazyLock<Gateway> = LazyLock::new(|| {
    let providers = [("openai", Api::Completions), ("anthropic", Api::Messages), ("openai", Api::Responses)];
    let compiled = Compiled::new(providers.map(|(dialect, api)| provider(dialect, api)).into());
    compiled.open(|_| None).expect("a configuration without secrets needs none")
});

fn provider(dialect: &str, api: Api) -> CompiledProvider {
    CompiledProvider {
        name: format!("{}/*", api.name()),
        prefix: api.name().to_owned(),
        serves: Serves::Any,
        default: false,
        dialect: dialect.to_owned(),
        apis: vec![api],
        base: "http://127.0.0.1/v1".to_owned(),
        access_key: None,
        passthrough: false,
        headers: Default::default(),
        http_host: None,
        api_version: None,
    }
}
