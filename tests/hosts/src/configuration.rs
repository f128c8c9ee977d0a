//! The configuration that every host gets: a provider of each family and of some rows, all of them the same mock.

use std::net::SocketAddr;

/// A provider of the configuration.
pub struct Family {
    /// Its prefix of models' names: the API it speaks, or the name of its row.
    pub name: &'static str,
    /// Its key, and the environment variable that holds it.
    pub key: (&'static str, &'static str),
    /// Where it looks for the key, and what it must find there.
    pub credential: (&'static str, &'static str),
    /// Where its operation for a `{model}` is: for a whole answer, and for a stream.
    pub paths: [&'static str; 2],
}

/// One of each family, with roots of several kinds, and some of other rows.
pub const FAMILIES: [Family; 9] = [
    Family {
        name: "completions",
        key: ("TEST_COMPLETIONS_KEY", "sk-of-completions"),
        credential: ("authorization", "Bearer sk-of-completions"),
        paths: ["/compatible/v4/chat/completions", "/compatible/v4/chat/completions"],
    },
    Family {
        name: "messages",
        key: ("TEST_MESSAGES_KEY", "sk-of-messages"),
        credential: ("x-api-key", "sk-of-messages"),
        paths: ["/v1/messages", "/v1/messages"],
    },
    Family {
        name: "responses",
        key: ("TEST_RESPONSES_KEY", "sk-of-responses"),
        credential: ("authorization", "Bearer sk-of-responses"),
        paths: ["/openai/v1/responses", "/openai/v1/responses"],
    },
    Family {
        name: "generate",
        key: ("TEST_GENERATE_KEY", "sk-of-generate"),
        credential: ("x-goog-api-key", "sk-of-generate"),
        paths: [
            "/v1beta/models/{model}:generateContent",
            "/v1beta/models/{model}:streamGenerateContent?alt=sse",
        ],
    },
    Family {
        name: "converse",
        key: ("TEST_CONVERSE_KEY", "sk-of-converse"),
        credential: ("authorization", "Bearer sk-of-converse"),
        paths: ["/model/{model}/converse", "/model/{model}/converse-stream"],
    },
    Family {
        name: "mistral",
        key: ("TEST_MISTRAL_KEY", "sk-of-mistral"),
        credential: ("authorization", "Bearer sk-of-mistral"),
        paths: ["/v1/chat/completions", "/v1/chat/completions"],
    },
    Family {
        name: "groq",
        key: ("TEST_GROQ_KEY", "sk-of-groq"),
        credential: ("authorization", "Bearer sk-of-groq"),
        paths: ["/openai/v1/chat/completions", "/openai/v1/chat/completions"],
    },
    Family {
        name: "together_ai",
        key: ("TEST_TOGETHER_KEY", "sk-of-together-ai"),
        credential: ("authorization", "Bearer sk-of-together-ai"),
        paths: ["/v1/chat/completions", "/v1/chat/completions"],
    },
    Family {
        name: "amazon_bedrock",
        key: ("TEST_BEDROCK_KEY", "sk-of-bedrock"),
        credential: ("authorization", "Bearer sk-of-bedrock"),
        paths: ["/model/{model}/invoke", "/model/{model}/invoke-with-response-stream"],
    },
];

/// The credential that the tests' clients send, which no provider may see.
pub const CLIENT_KEY: &str = "the-clients-own-credential";

/// The provider of this name.
///
/// # Panics
/// Where there is none.
pub fn family(name: &str) -> &'static Family {
    FAMILIES
        .iter()
        .find(|family| family.name == name)
        .unwrap_or_else(|| panic!("there is no provider {name}"))
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
    keep_alive: 1s
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
  - model: generate/*
    base_url: http://{provider}
    provider_interface: gemini
    apis: [generate]
    access_key: $TEST_GENERATE_KEY
  - model: converse/*
    base_url: http://{provider}
    provider_interface: amazon_bedrock
    apis: [converse]
    access_key: $TEST_CONVERSE_KEY
  - model: mistral/*
    base_url: http://{provider}
    access_key: $TEST_MISTRAL_KEY
  - model: groq/*
    base_url: http://{provider}
    access_key: $TEST_GROQ_KEY
  - model: together_ai/*
    base_url: http://{provider}
    access_key: $TEST_TOGETHER_KEY
  - model: amazon_bedrock/*
    base_url: http://{provider}
    access_key: $TEST_BEDROCK_KEY
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
