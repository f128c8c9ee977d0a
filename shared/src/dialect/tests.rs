//! What must be true of every row, and addresses.

use super::*;

fn address(base_url: &str, id: &str, api: Api, model: &str) -> String {
    let dialect = Dialect::named(id).unwrap();
    let base = if base_url.is_empty() { dialect.base.unwrap() } else { base_url };
    dialect.address(&dialect.root_of(base), api, model, None, false)
}

#[test]
fn every_row_is_sane() {
    for row in DIALECTS {
        assert!(
            row.spellings().all(|spelling| std::ptr::eq(Dialect::named(spelling).unwrap(), row)),
            "{}",
            row.id
        );
        assert!(row.root.is_empty() || (row.root.starts_with('/') && !row.root.ends_with('/')), "{}", row.id);
        assert!(row.base.is_some() != row.example.starts_with("http"), "{}: a base or an example", row.id);
        if let Some(base) = row.base {
            assert_eq!(row.root_of(base), base, "{}: a base is a complete root", row.id);
            assert!(base.is_empty() || base.starts_with("https://"), "{}", row.id);
            let host = base.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
            assert!(base.is_empty() || row.root_of(&host) == base, "{}: host and root make the base", row.id);
        }
        for (name, value) in row.headers.iter().chain(row.variables) {
            assert!(
                name.parse::<http::HeaderName>().is_ok() && name.to_lowercase() == *name && !value.is_empty()
            );
        }
    }
}

/// The 26 providers of Plano are all there, the ones included that it only half knew (A7).
#[test]
fn a7_every_provider_has_a_row() {
    let ids = "openai xiaomi mistral deepseek groq gemini google anthropic github plano azure_openai xai \
               together_ai together ollama moonshotai zhipu qwen amazon_bedrock amazon chatgpt digitalocean do \
               do_ai vercel openrouter astraflow astraflow_cn meta minimax edenai";
    assert!(ids.split_whitespace().all(|id| Dialect::named(id).is_some()));
    assert!(Dialect::named("OpenAI").is_some());
    for wrong in ["vercel_ai", "open_router", "eden_ai", ""] {
        assert!(Dialect::named(wrong).is_none(), "{wrong}");
    }
}

/// The path follows from the provider and the API it is spoken to in (A1, A2).
#[test]
fn a1_a2_paths_follow_from_provider_and_upstream_api() {
    for (id, address_of) in [
        ("groq", "https://api.groq.com/openai/v1/chat/completions"),
        ("gemini", "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions"),
        ("zhipu", "https://open.bigmodel.cn/api/paas/v4/chat/completions"),
        ("deepseek", "https://api.deepseek.com/v1/chat/completions"),
    ] {
        assert_eq!(address("", id, Api::Completions, "m"), address_of);
    }
    let qwen = "https://dashscope.aliyuncs.com";
    assert_eq!(
        address(qwen, "qwen", Api::Completions, "m"),
        "https://dashscope.aliyuncs.com/compatible-mode/v1/chat/completions"
    );
    assert_eq!(address("", "anthropic", Api::Messages, "m"), "https://api.anthropic.com/v1/messages");
    assert_eq!(
        address("", "chatgpt", Api::Responses, "m"),
        "https://chatgpt.com/backend-api/codex/responses"
    );
}

/// A `base_url` with a path is the complete root; the roots that zero configuration used to write work too (A3).
#[test]
fn a3_a_base_url_is_the_complete_root() {
    for (base, id, complete) in [
        ("https://api.groq.com/openai/v1", "groq", "https://api.groq.com/openai/v1/chat/completions"),
        ("https://api.groq.com", "groq", "https://api.groq.com/openai/v1/chat/completions"),
        ("http://fake:1/api/v2/", "groq", "http://fake:1/api/v2/chat/completions"),
        (
            "https://generativelanguage.googleapis.com/v1beta",
            "gemini",
            "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions",
        ),
        ("http://localhost:11434", "ollama", "http://localhost:11434/v1/chat/completions"),
        ("http://localhost:11434/", "openai", "http://localhost:11434/v1/chat/completions"),
        ("https://api.kimi.com/coding", "moonshotai", "https://api.kimi.com/coding/v1/chat/completions"),
        ("https://api.z.ai", "zhipu", "https://api.z.ai/api/paas/v4/chat/completions"),
    ] {
        assert_eq!(address(base, id, Api::Completions, "m"), complete);
    }
}

/// An API without a version in its path has a row of its own, whatever the provider is named (A4).
#[test]
fn a4_an_unversioned_path_is_a_row() {
    assert_eq!(
        address("", "perplexity", Api::Completions, "sonar"),
        "https://api.perplexity.ai/chat/completions"
    );
}

/// Azure: both surfaces, the version from the configuration, `api-key` (A5).
#[test]
fn a5_azure() {
    let azure = Dialect::named("azure_openai").unwrap();
    let host = "https://r.openai.azure.com";
    let deployment = "https://r.openai.azure.com/openai/deployments/gpt%205/chat/completions?api-version=";
    let root = azure.root_of(host);
    for base in [root.as_str(), &azure.root_of("https://r.openai.azure.com/openai/deployments/")] {
        assert_eq!(
            azure.address(base, Api::Completions, "gpt 5", Some("v9"), false),
            format!("{deployment}v9")
        );
    }
    assert_eq!(
        azure.address(&root, Api::Completions, "gpt 5", None, false),
        format!("{deployment}2025-01-01-preview")
    );
    assert_eq!(azure.address(&root, Api::Responses, "m", None, false), format!("{host}/openai/v1/responses"));
    let new = azure.root_of("https://r.openai.azure.com/openai/v1");
    assert_eq!(
        azure.address(&new, Api::Completions, "m", None, false),
        format!("{host}/openai/v1/chat/completions")
    );
    assert_eq!(azure.auth(Api::Completions), Auth::Header("api-key"));
}

/// Gateways that could be configured without an address have one (A6).
#[test]
fn a6_gateways_have_addresses() {
    for id in ["vercel", "openrouter", "edenai"] {
        assert!(Dialect::named(id).unwrap().base.is_some());
    }
}

/// A model in a path is one segment (A11).
#[test]
fn a11_models_in_paths_are_encoded() {
    let azure = Dialect::named("azure_openai").unwrap();
    let arn = "arn:aws:bedrock:us-east-1:1:inference-profile/us.x?y#z";
    let path = azure.address("https://h/openai", Api::Completions, arn, Some("1"), false);
    let encoded = "arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.x%3Fy%23z";
    assert_eq!(path, format!("https://h/openai/deployments/{encoded}/chat/completions?api-version=1"));
}

/// Where Bedrock's operation is follows from the model and from whether the answer is streamed (A10, A11).
#[test]
fn a10_a11_bedrock() {
    let bedrock = Dialect::named("amazon").unwrap();
    let address = |model, stream| bedrock.address("https://h", Api::Converse, model, None, stream);
    assert_eq!(
        address("us.amazon.nova-pro-v1:0", false),
        "https://h/model/us.amazon.nova-pro-v1%3A0/converse"
    );
    let arn = "arn:aws:bedrock:us-east-1:1:inference-profile/us.x";
    let encoded = "arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.x";
    assert_eq!(address(arn, true), format!("https://h/model/{encoded}/converse-stream"));
    assert_eq!(bedrock.auth(Api::Converse), Auth::Bearer);
    assert!(bedrock.quirks("us.anthropic.claude-sonnet-4-5-20250929-v1:0").budgets);
    assert!(!bedrock.quirks("anthropic.claude-opus-4-6-v1").budgets);
}

#[test]
fn keys_go_where_the_api_wants_them() {
    let named = |id| Dialect::named(id).unwrap();
    assert_eq!(named("anthropic").auth(Api::Messages), Auth::Header("x-api-key"));
    assert_eq!(named("anthropic").headers(Api::Messages).next(), Some(("anthropic-version", "2023-06-01")));
    assert_eq!(named("openrouter").auth(Api::Messages), Auth::Bearer);
    assert_eq!(named("openai").auth(Api::Responses), Auth::Bearer);
    assert_eq!(named("openai").headers(Api::Completions).next(), None);
}

/// The operations of hosted models are where their hosts have them (A11).
#[test]
fn a11_hosted_models_have_their_hosts_paths() {
    let at = |id: &str, api, model: &str| {
        let row = Dialect::named(id).unwrap();
        row.address(row.example, api, model, None, false)
    };
    let mantle = "https://bedrock-mantle.us-west-2.api.aws";
    assert_eq!(at("bedrock_mantle", Api::Messages, "m"), format!("{mantle}/anthropic/v1/messages"));
    assert_eq!(at("bedrock_mantle", Api::Responses, "m"), format!("{mantle}/openai/v1/responses"));
    let foundry = Dialect::named("azure_anthropic").unwrap();
    for base in ["https://r.services.ai.azure.com", "https://r.services.ai.azure.com/anthropic/"] {
        let address = foundry.address(&foundry.root_of(base), Api::Messages, "m", None, false);
        assert_eq!(address, "https://r.services.ai.azure.com/anthropic/v1/messages");
    }
    assert_eq!(foundry.auth(Api::Messages), Auth::Header("x-api-key"));
}

#[test]
fn quirks_depend_on_the_exact_model() {
    let moonshot = Dialect::named("moonshotai").unwrap();
    assert!(moonshot.quirks("kimi-k3").drops.contains(&"temperature"));
    assert!(moonshot.quirks("kimi-k3-0905").drops.is_empty());
    assert!(moonshot.quirks("kimi-for-coding").drops.contains(&"stream_options"));
    let openai = Dialect::named("openai").unwrap();
    assert!(openai.quirks("gpt-5-mini").drops.contains(&"temperature"));
    assert!(openai.quirks("gpt-5-chat-latest").drops.is_empty());
    assert!(openai.quirks("gpt-4o").drops.is_empty());
    let anthropic = Dialect::named("anthropic").unwrap();
    assert!(anthropic.quirks("claude-sonnet-4-5-20250929").budgets);
    assert!(!anthropic.quirks("claude-sonnet-4-6").budgets);
    assert!(anthropic.quirks("claude-opus-4-7").drops.contains(&"temperature"));
    // What is older than the names that say how old a model is, is not taken for the newest.
    let bedrock = Dialect::named("amazon_bedrock").unwrap();
    let old = ["claude-2.1", "claude-instant-1.2"].map(|model| anthropic.quirks(model));
    let hosted = ["anthropic.claude-v2:1", "anthropic.claude-instant-v1"].map(|model| bedrock.quirks(model));
    assert!(old.iter().chain(&hosted).all(|quirks| quirks.drops.is_empty() && quirks.formats.is_empty()));
    let xai = |model| Dialect::named("xai").unwrap().quirks(model);
    assert!(xai("grok-4-0709").drops.contains(&"reasoning_effort") && xai("grok-4").drops.contains(&"stop"));
    assert_eq!(xai("grok-4-fast-non-reasoning").drops, ["web_search_options"]);
    assert!(xai("grok-4.3").extras.contains(&"reasoning_effort") && xai("grok-3").extras.is_empty());
    assert!(openai.quirks("o3-mini").drops.contains(&"logit_bias"));
    assert_eq!(openai.quirks("o3").name("max_tokens"), "max_completion_tokens");
    assert_eq!(openai.quirks("local-model").name("max_tokens"), "max_tokens");
    assert_eq!(Dialect::named("mistral").unwrap().quirks("any").name("seed"), "random_seed");
}

/// A proxy in front of Google's API has what Google has; a server of somebody's own that speaks OpenAI's may have anything.
#[test]
fn at_another_address_only_what_others_imitate_may_have_more() {
    for (id, address, has_texts) in [
        ("gemini", "https://proxy.example/v1beta", false),
        ("groq", "https://proxy.example/openai/v1", true),
        ("groq", "https://api.groq.com/openai/v1", false),
    ] {
        let dialect = Dialect::named(id).unwrap();
        assert_eq!(dialect.has(address, Api::Completions, Task::Texts), has_texts, "{id} at {address}");
    }
    let gemini = Dialect::named("gemini").unwrap();
    assert!(gemini.has("https://proxy.example/v1beta", Api::Generate, Task::Embeddings));
}
