//! The configuration that every case is played with: a provider of each family, and some of other rows.

use std::sync::LazyLock;

use shared::api::Api;
use shared::dialect::Dialect;
use shared::gateway::{Compiled, CompiledProvider, Gateway};

pub(crate) static GATEWAY: LazyLock<Gateway> = LazyLock::new(|| {
    let families = [
        ("openai", Api::Completions),
        ("anthropic", Api::Messages),
        ("openai", Api::Responses),
        ("gemini", Api::Generate),
        ("amazon_bedrock", Api::Converse),
    ];
    let families =
        families.map(|(row, api)| CompiledProvider { apis: vec![api], ..provider(row, api.name()) });
    let others = ["mistral", "groq", "together_ai", "amazon_bedrock"].map(|row| provider(row, row));
    let compiled = Compiled::new(families.into_iter().chain(others).collect());
    compiled.open(|_| None).expect("a configuration without secrets needs none")
});

fn provider(row: &str, prefix: &str) -> CompiledProvider {
    CompiledProvider {
        name: format!("{prefix}/*"),
        prefix: prefix.to_owned(),
        base: "http://127.0.0.1/v1".to_owned(),
        access_key: None,
        ..CompiledProvider::usual(Dialect::named(row).expect("one of the rows"))
    }
}
