//! The configuration that every host gets: a provider of each family, all of them the same mock.

use std::net::SocketAddr;

/// A provider of the configuration.
pub struct Family {
    /// The API it speaks, and its prefix of models' names.
    pub api: &'static str,
    /// Its key, and the environment variable that holds it.
    pub key: (&'static str, &'static str),
    /// Where it looks for the key, and what it must find there.
    pub credential: (&'static str, &'static str),
    /// Where its operation is.
    pub path: &'static str,
}

/// One of each family, with roots of several kinds.
pub const FAMILIES: [Family; 3] = [
    Family {
        api: "completions",
        key: ("TEST_COMPLETIONS_KEY", "sk-of-completions"),
        credential: ("authorization", "Bearer sk-of-completions"),
        path: "/compatible/v4/chat/completions",
    },
    Family {
        api: "messages",
        key: ("TEST_MESSAGES_KEY", "sk-of-messages"),
        credential: ("x-api-key", "sk-of-messages"),
        path: "/v1/messages",
    },
    Family {
        api: "responses",
        key: ("TEST_RESPONSES_KEY", "sk-of-responses"),
        credential: ("authorization", "Bearer sk-of-responses"),
        path: "/openai/v1/responses",
    },
];

/// The credential that the tests' clients send, which no provider may see.
pub const CLIENT_KEY: &str = "the-clients-own-credential";

/// The provider of an API.
///
/// # Panics
/// Where there is none of that name.
pub fn family(api: &str) -> &'static Family {
    FAMILIES.iter().find(|family| family.api == api).expect("one of the three families")
}

/// The configuration file, for a host that listens on `port` and providers at `provider`.
pub fn yaml(port: u16, provider: SocketAddr) -> String {
    format!(
        "version: v0.4.0
listeners:
  - name: models
    type: model
    address: 127.0.0.1
    port: {port}
model_providers:
  - model: completions/*
    base_url: http://{provider}/compatible/v4
    provider_interface: openai
    apis: [completions]
    access_key: $TEST_COMPLETIONS_KEY
  - model: messages/*
    base_url: http://{provider}
    provider_interface: anthropic
    access_key: $TEST_MESSAGES_KEY
  - model: responses/*
    base_url: http://{provider}/openai/v1/
    provider_interface: openai
    apis: [responses]
    access_key: ${{TEST_RESPONSES_KEY}}
  - model: openai/gpt-listed
    base_url: http://{provider}/compatible/v4
    access_key: $TEST_COMPLETIONS_KEY
model_aliases:
  fast:
    target: completions/m
backend:
  url: http://{provider}
"
    )
}
