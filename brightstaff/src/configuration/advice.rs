//! Keys that configurations used to have, or that people expect, and what to write instead.

use shared::config::{Path, Step};

/// Where (with `[]` for any number), the key, and the advice.
const ADVICE: &[(&str, &str, &str)] = &[
    ("", "listener", "is now `listeners`, a list: `- {type: model, name: models, port: 12000}`"),
    ("", "providers", "is `model_providers`"),
    ("", "models", "is `model_providers`"),
    ("", "model_list", "is `model_providers`"),
    ("", "aliases", "is `model_aliases`"),
    ("", "rate_limits", "is `ratelimits`"),
    ("", "prompt_endpoints", "is now `endpoints`"),
    ("", "error_target", "is no more: an error goes to the caller"),
    ("model_providers[]", "provider", "now stands in front of the model: `model: provider/model`"),
    ("model_providers[]", "api_key", "is `access_key`"),
    ("model_providers[]", "key", "is `access_key`"),
    ("model_providers[]", "location", "is `region`"),
    ("model_providers[]", "aws_region", "is `region`"),
    (
        "model_providers[]",
        "aws_access_key_id",
        "is in `aws`: `aws: {access_key_id: …, secret_access_key: …}`",
    ),
    ("model_providers[]", "endpoint", "is `base_url`"),
    ("model_providers[]", "url", "is `base_url`"),
    ("model_providers[]", "api_base", "is `base_url`"),
    ("model_providers[]", "api_key_env", "is `access_key`, with a `$` in front of the variable's name"),
    ("model_providers[]", "timeout", "is the listener's: `listeners: [{…, timeout: 300s}]`"),
    ("model_providers[]", "max_retries", "is the listener's: `listeners: [{…, max_retries: 2}]`"),
    ("listeners[]", "host", "is `address`"),
    ("listeners[]", "bind", "is `address`"),
    ("listeners[].agents[]", "filter_chain", "is now `input_filters`"),
    ("listeners[]", "filter_chain", "is `input_filters` or `output_filters`"),
    ("listeners[]", "message_format", "is no more: clients of every API may come"),
    ("prompt_targets[]", "path", "is now in `endpoint`: `endpoint: {name: …, path: …}`"),
    ("tracing", "sampling_rate", "is `random_sampling`, in percent"),
];

/// What to write instead of an unknown `key` at `path`.
pub(super) fn advice(path: &Path, key: &str) -> Option<&'static str> {
    let place = pattern(path);
    let found = ADVICE.iter().find(|(at, old, _)| *at == place && *old == key);
    found.map(|(_, _, advice)| *advice)
}

/// The path with `[]` for any number, and the old name of the providers taken for the new.
pub(super) fn pattern(path: &Path) -> String {
    let mut pattern = String::new();
    for step in path.steps() {
        match step {
            Step::Index(_) => pattern.push_str("[]"),
            Step::Key(key) if pattern.is_empty() && key == "llm_providers" => {
                pattern.push_str("model_providers")
            }
            Step::Key(key) if pattern.is_empty() => pattern.push_str(key),
            Step::Key(key) => {
                pattern.push('.');
                pattern.push_str(key);
            }
        }
    }
    pattern
}
