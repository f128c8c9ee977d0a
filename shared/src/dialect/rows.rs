//! The table. Addresses and rules come from each provider's own API reference.

use super::{
    Auth, CallIds, Cloud, Counted, Dialect, Documents, Elsewhere, Form, MaxTokens, ModelQuirks, Move, Name,
    Quirks, Recordings, Route, Shape, Switch, Task, UsualPlace,
};
use crate::api::family::Api::{self, Completions, Converse, Generate, Messages, Responses};
use crate::wire::Framing;

/// All providers.
pub static DIALECTS: &[Dialect] = &[
    Dialect {
        id: "openai",
        name: "OpenAI",
        key: Some("OPENAI_API_KEY"),
        base: Some("https://api.openai.com/v1"),
        endings: KIMI_CODE,
        apis: &[Completions, Responses],
        makes: &["gpt-", "chatgpt-", "codex-", "o1", "o3", "o4"],
        quirks: OPENAI,
        models: &[OPENAI_MODELS],
        tasks: OPENAI_TASKS,
        ..USUAL
    },
    Dialect {
        id: "anthropic",
        name: "Anthropic",
        key: Some("ANTHROPIC_API_KEY"),
        base: Some("https://api.anthropic.com/v1"),
        apis: &[Messages],
        makes: &["claude-"],
        quirks: CLAUDE,
        models: &[CLAUDE_MODELS],
        tasks: &[(Messages, &[Task::Count, Task::Files, Task::Batches])],
        ..USUAL
    },
    // https://ai.google.dev/api: its own API carries signatures, thoughts and files, so it is for clients of any other;
    // https://ai.google.dev/gemini-api/docs/openai: those of Chat Completions are compatible as they are.
    Dialect {
        id: "gemini",
        aliases: &["google"],
        name: "Gemini",
        key: Some("GEMINI_API_KEY"),
        base: Some("https://generativelanguage.googleapis.com/v1beta"),
        root: "/v1beta",
        endings: &[("/v1beta/openai", "/v1beta")],
        apis: &[Generate, Completions],
        routes: &[Route { path: "openai/chat/completions", ..route(Completions, "/v1beta") }],
        makes: &["gemini-", "gemma-"],
        quirks: GEMINI,
        models: &[GEMINI_MODELS],
        tasks: &[
            (Generate, &[Task::Count, Task::Embeddings]),
            (Completions, &[Task::Embeddings, Task::Images]),
        ],
        // Nobody serves this API but who passes it on.
        tasks_of_others: &[],
        elsewhere: &[Elsewhere {
            api: Completions,
            tasks: &[Task::Embeddings, Task::Images],
            under: "/v1beta",
            path: "openai/{path}",
        }],
        ..USUAL
    },
    Dialect {
        id: "groq",
        name: "Groq",
        key: Some("GROQ_API_KEY"),
        base: Some("https://api.groq.com/openai/v1"),
        root: "/openai/v1",
        // https://console.groq.com/docs/openai: what no model there takes.
        quirks: Quirks {
            drops: &["logit_bias", "logprobs", "top_logprobs", "verbosity"],
            // Its tiers are not those of others: https://console.groq.com/docs/service-tiers
            extras: &["reasoning_effort"],
            documents: Documents::None,
            recordings: Recordings::None,
            ..Quirks::USUAL
        },
        tasks: &[(Completions, &[Task::Embeddings, Task::Audio, Task::Files, Task::Batches])],
        ..USUAL
    },
    // https://api-docs.deepseek.com/guides/thinking_mode: thinking that led to calls of tools must come back; parameters
    // of sampling are passed over there, not refused.
    Dialect {
        id: "deepseek",
        name: "Deepseek",
        key: Some("DEEPSEEK_API_KEY"),
        base: Some("https://api.deepseek.com/v1"),
        makes: &["deepseek-"],
        quirks: Quirks {
            formats: JSON_ONLY,
            extras: &["reasoning_effort"],
            switch: Switch::Thinking,
            reasoning: Some("reasoning_content"),
            efforts: DEEPSEEK_EFFORTS,
            ..Quirks::USUAL
        },
        tasks: &[(Completions, &[Task::Texts])],
        ..USUAL
    },
    // https://docs.mistral.ai/api/endpoint/chat: members that are not listed are refused. Usage comes in the last chunk
    // unasked.
    Dialect {
        id: "mistral",
        name: "Mistral",
        key: Some("MISTRAL_API_KEY"),
        base: Some("https://api.mistral.ai/v1"),
        makes: &["mistral-", "ministral-", "magistral-", "codestral-", "devstral-", "pixtral-", "open-mi"],
        quirks: Quirks {
            call_ids: Some(CallIds { least: 9, most: 9, marks: Some("") }),
            stream_usage: false,
            renames: &[("seed", "random_seed"), ("max_completion_tokens", "max_tokens")],
            drops: &[
                "audio",
                "function_call",
                "functions",
                "logit_bias",
                "modalities",
                "prompt_cache_key",
                "prompt_cache_retention",
                "safety_identifier",
                "service_tier",
                "store",
                "user",
                "verbosity",
                "web_search_options",
            ],
            extras: &["metadata", "top_k"],
            documents: Documents::Value,
            recordings: Recordings::Value,
            max_temperature: Some(1.5),
            encoding_format: true,
            ..Quirks::USUAL
        },
        tasks: &[(Completions, &[Task::Embeddings, Task::Audio, Task::Moderations, Task::Files])],
        ..USUAL
    },
    Dialect {
        id: "xai",
        name: "xai",
        key: Some("XAI_API_KEY"),
        base: Some("https://api.x.ai/v1"),
        apis: &[Completions, Responses],
        makes: &["grok-"],
        quirks: GROK,
        models: &[GROK_MODELS],
        tasks: &[
            (Completions, &[Task::Embeddings, Task::Texts, Task::Images, Task::Files]),
            (Responses, &[Task::Responses]),
        ],
        ..USUAL
    },
    Dialect {
        id: "together_ai",
        aliases: &["together"],
        name: "together_ai",
        key: Some("TOGETHER_API_KEY"),
        base: Some("https://api.together.xyz/v1"),
        // https://docs.together.ai/reference/chat-completions-1: what the request has no member for.
        quirks: Quirks {
            renames: &[("max_completion_tokens", "max_tokens")],
            drops: &["function.strict", "image_url.detail", "user", "verbosity"],
            extras: &["top_k", "video_url"],
            documents: Documents::None,
            ..Quirks::USUAL
        },
        tasks: &[(
            Completions,
            &[
                Task::Embeddings,
                Task::Texts,
                Task::Images,
                Task::Audio,
                Task::Rerank,
                Task::Files,
                Task::Batches,
            ],
        )],
        ..USUAL
    },
    Dialect {
        id: "moonshotai",
        aliases: &["moonshot"],
        name: "moonshotai",
        key: Some("MOONSHOT_API_KEY"),
        base: Some("https://api.moonshot.ai/v1"),
        endings: KIMI_CODE,
        makes: &["kimi-", "moonshot-"],
        quirks: Quirks {
            reasoning: Some("reasoning_content"),
            max_temperature: Some(1.0),
            extras: &["video_url"],
            only_bytes: true, // https://platform.moonshot.ai/docs/guide/use-kimi-vision-model
            ..Quirks::USUAL
        },
        models: &[&[KIMI_K3, KIMI_FOR_CODING]],
        ..USUAL
    },
    Dialect {
        id: "zhipu",
        aliases: &["zai"],
        name: "zhipu",
        key: Some("ZAI_API_KEY"),
        base: Some("https://open.bigmodel.cn/api/paas/v4"),
        root: "/api/paas/v4",
        makes: &["glm-"],
        quirks: Quirks {
            formats: JSON_ONLY,
            extras: &["video_url"], // https://docs.z.ai/api-reference/llm/chat-completion
            switch: Switch::Thinking, // https://docs.z.ai/guides/capabilities/thinking-mode
            reasoning: Some("reasoning_content"),
            max_temperature: Some(1.0),
            ..Quirks::USUAL
        },
        ..USUAL
    },
    Dialect {
        id: "qwen",
        aliases: &["dashscope"],
        name: "qwen",
        key: Some("DASHSCOPE_API_KEY"),
        example: "https://dashscope-intl.aliyuncs.com",
        root: "/compatible-mode/v1",
        makes: &["qwen"],
        // https://help.aliyun.com/zh/model-studio/deep-thinking
        quirks: Quirks { extras: &["top_k", "video_url"], switch: Switch::EnableThinking, ..Quirks::USUAL },
        ..USUAL
    },
    // https://platform.xiaomimimo.com/docs
    Dialect {
        id: "xiaomi",
        name: "xiaomi",
        key: Some("XIAOMI_API_KEY"),
        base: Some("https://api.xiaomimimo.com/v1"),
        makes: &["mimo-"],
        quirks: Quirks {
            formats: JSON_ONLY,
            switch: Switch::Thinking,
            reasoning: Some("reasoning_content"),
            ..Quirks::USUAL
        },
        ..USUAL
    },
    // https://learn.microsoft.com/en-us/azure/ai-foundry/openai/reference and …/openai/api-version-lifecycle:
    // deployments have the version in the query, `/openai/v1` needs none.
    Dialect {
        id: "azure_openai",
        aliases: &["azure"],
        tokens: Some(Cloud::Azure),
        name: "azure_openai",
        key: Some("AZURE_OPENAI_API_KEY"),
        example: "https://RESOURCE.openai.azure.com",
        root: "/openai",
        endings: &[("/openai/deployments", "/openai")],
        apis: &[Completions, Responses],
        routes: &[
            Route {
                path: "deployments/{model}/chat/completions?api-version={version}",
                ..route(Completions, "/openai")
            },
            Route { path: "v1/responses", ..route(Responses, "/openai") },
        ],
        api_version: "2025-01-01-preview",
        auth: &[(Completions, Auth::Header("api-key")), (Responses, Auth::Header("api-key"))],
        quirks: OPENAI,
        models: &[OPENAI_MODELS],
        tasks: OPENAI_TASKS_ON_AZURE,
        elsewhere: &[
            Elsewhere {
                api: Completions,
                tasks: &[Task::Embeddings, Task::Texts, Task::Images, Task::Audio],
                under: "/openai",
                path: "deployments/{model}/{path}?api-version={version}",
            },
            Elsewhere {
                api: Completions,
                tasks: &[Task::Files, Task::Batches],
                under: "/openai",
                path: "{path}?api-version={version}",
            },
            Elsewhere { api: Responses, tasks: &[Task::Responses], under: "/openai", path: "v1/{path}" },
        ],
        ..USUAL
    },
    // https://learn.microsoft.com/en-us/azure/ai-foundry/foundry-models/how-to/use-foundry-models-claude
    Dialect {
        id: "azure_anthropic",
        tokens: Some(Cloud::Azure),
        name: "azure_anthropic",
        key: Some("ANTHROPIC_FOUNDRY_API_KEY"),
        example: "https://RESOURCE.services.ai.azure.com",
        root: "/anthropic/v1",
        endings: &[("/anthropic", "/anthropic/v1")],
        apis: &[Messages],
        quirks: CLAUDE,
        models: &[CLAUDE_MODELS],
        tasks: &[(Messages, &[Task::Count, Task::Files])],
        ..USUAL
    },
    // Called with a Bedrock API key, or signed. Converse is for all models; Claude is also there in its own API, which
    // loses nothing: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html
    Dialect {
        id: "amazon_bedrock",
        aliases: &["amazon", "bedrock"],
        name: "amazon_bedrock",
        key: Some("AWS_BEARER_TOKEN_BEDROCK"),
        places: &[
            (Name::Prefix("cn-"), "https://bedrock-runtime.{region}.amazonaws.com.cn"),
            (Name::Prefix("eusc-"), "https://bedrock-runtime.{region}.amazonaws.eu"),
            (Name::Prefix(""), "https://bedrock-runtime.{region}.amazonaws.com"),
        ],
        usual_place: AWS_PLACE,
        signs: Some("bedrock"),
        example: "https://bedrock-runtime.us-west-2.amazonaws.com",
        root: "",
        apis: &[Converse],
        speaks: &[(Name::Part("anthropic.claude-"), &[Messages, Converse])],
        routes: &[Route {
            path: "model/{model}/invoke",
            stream: Some("model/{model}/invoke-with-response-stream"),
            ..route(Messages, "")
        }],
        auth: &[(Messages, Auth::Bearer)],
        forms: &[CLAUDE_ON_BEDROCK],
        quirks: UNCOUNTED,
        models: &[BEDROCK_MODELS],
        tasks: &[(Converse, &[Task::Count, Task::Embeddings])],
        ..USUAL
    },
    // The makers' own APIs on Bedrock: https://docs.aws.amazon.com/bedrock/latest/userguide/bedrock-mantle.html; without a
    // configuration its models are those of `amazon_bedrock`.
    Dialect {
        id: "bedrock_mantle",
        name: "Amazon Bedrock Mantle",
        key: Some("AWS_BEARER_TOKEN_BEDROCK"),
        places: &[(Name::Prefix(""), "https://bedrock-mantle.{region}.api.aws")],
        signs: Some("bedrock-mantle"),
        example: "https://bedrock-mantle.us-west-2.api.aws",
        root: "",
        apis: &[Completions, Responses],
        speaks: &[(Name::Part("anthropic.claude-"), &[Messages])],
        routes: &[
            Route { path: "openai/v1/chat/completions", ..route(Completions, "") },
            Route { path: "openai/v1/responses", ..route(Responses, "") },
            Route { path: "anthropic/v1/messages", ..route(Messages, "") },
        ],
        auth: &[(Messages, Auth::Bearer)],
        models: &[BEDROCK_MODELS],
        tasks: &[(Responses, &[Task::Responses]), (Messages, &[Task::Count])],
        elsewhere: &[
            Elsewhere { api: Responses, tasks: &[Task::Responses], under: "", path: "openai/v1/{path}" },
            Elsewhere { api: Messages, tasks: &[Task::Count], under: "", path: "anthropic/v1/{path}" },
        ],
        ..USUAL
    },
    // Google Cloud: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference,
    // https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/use-claude; models of other makers
    // are behind an API like OpenAI's: https://cloud.google.com/vertex-ai/generative-ai/docs/start/openai.
    Dialect {
        id: "vertex",
        tokens: Some(Cloud::Google),
        aliases: &["vertex_ai", "google_vertex"],
        name: "Vertex AI",
        key: Some("VERTEX_TOKEN"),
        places: &[
            (
                Name::Exact("global"),
                "https://aiplatform.googleapis.com/v1/projects/{project}/locations/{region}",
            ),
            (
                Name::Exact("us"),
                "https://aiplatform.us.rep.googleapis.com/v1/projects/{project}/locations/{region}",
            ),
            (
                Name::Exact("eu"),
                "https://aiplatform.eu.rep.googleapis.com/v1/projects/{project}/locations/{region}",
            ),
            (
                Name::Prefix(""),
                "https://{region}-aiplatform.googleapis.com/v1/projects/{project}/locations/{region}",
            ),
        ],
        usual_place: UsualPlace {
            region: &["GOOGLE_CLOUD_LOCATION", "CLOUD_ML_REGION"],
            project: Some("GOOGLE_CLOUD_PROJECT"),
        },
        example: "https://us-central1-aiplatform.googleapis.com/v1/projects/PROJECT/locations/us-central1",
        root: "/v1/projects/{project}/locations/{region}",
        apis: &[Generate],
        speaks: &[(Name::Prefix("claude-"), &[Messages]), (Name::Part("/"), &[Completions])],
        routes: &[
            Route {
                path: "publishers/google/models/{model}:generateContent",
                stream: Some("publishers/google/models/{model}:streamGenerateContent?alt=sse"),
                ..route(Generate, "")
            },
            Route {
                path: "publishers/anthropic/models/{model}:rawPredict",
                stream: Some("publishers/anthropic/models/{model}:streamRawPredict"),
                ..route(Messages, "")
            },
            Route { path: "endpoints/openapi/chat/completions", ..route(Completions, "") },
        ],
        auth: &[(Generate, Auth::Bearer), (Messages, Auth::Bearer)],
        forms: &[CLAUDE_ON_VERTEX],
        quirks: GEMINI,
        models: &[GEMINI_MODELS, CLAUDE_MODELS],
        tasks: &[],
        ..USUAL
    },
    // The backend of a ChatGPT subscription: only streams, keeps nothing, and wants to know the account.
    Dialect {
        id: "chatgpt",
        name: "chatgpt",
        base: Some("https://chatgpt.com/backend-api/codex"),
        root: "/backend-api/codex",
        apis: &[Responses],
        headers: &[("originator", "codex_cli_rs")],
        variables: &[("chatgpt-account-id", "CHATGPT_ACCOUNT_ID")],
        passthrough: true,
        quirks: Quirks { sets: &[("store", "false"), ("stream", "true")], ..OPENAI },
        tasks: &[],
        ..USUAL
    },
    Dialect {
        id: "ollama",
        name: "ollama",
        example: "http://localhost:11434",
        quirks: Quirks { only_bytes: true, ..Quirks::USUAL }, // https://docs.ollama.com/api/openai-compatibility
        ..USUAL
    },
    Dialect {
        id: "digitalocean",
        aliases: &["do", "do_ai"],
        name: "digitalocean",
        key: Some("DO_API_KEY"),
        base: Some("https://inference.do-ai.run/v1"),
        quirks: Quirks { extras: &["reasoning_effort"], ..Quirks::USUAL },
        ..USUAL
    },
    // https://vercel.com/docs/ai-gateway: all three APIs behind one root.
    Dialect {
        id: "vercel",
        name: "vercel",
        key: Some("AI_GATEWAY_API_KEY"),
        base: Some("https://ai-gateway.vercel.sh/v1"),
        apis: &[Completions, Responses, Messages],
        tasks: &[(Completions, &[Task::Embeddings, Task::Images])],
        ..USUAL
    },
    // https://openrouter.ai/docs/api-reference: all three APIs behind one root, one way to send the key.
    Dialect {
        id: "openrouter",
        name: "openrouter",
        key: Some("OPENROUTER_API_KEY"),
        base: Some("https://openrouter.ai/api/v1"),
        root: "/api/v1",
        apis: &[Completions, Responses, Messages],
        auth: &[(Messages, Auth::Bearer)],
        quirks: Quirks {
            extras: &["cache_control", "reasoning_effort", "top_k", "verbosity", "video_url"],
            switch: Switch::Reasoning, // https://openrouter.ai/docs/use-cases/reasoning-tokens
            reasoning: Some("reasoning_details"),
            documents: Documents::FileOrAddress, // https://openrouter.ai/docs/features/multimodal/pdfs
            ..Quirks::USUAL
        },
        tasks: &[(Completions, &[Task::Embeddings, Task::Texts])],
        ..USUAL
    },
    Dialect {
        id: "edenai",
        name: "edenai",
        key: Some("EDENAI_API_KEY"),
        base: Some("https://api.edenai.run/v3"),
        root: "/v3",
        ..USUAL
    },
    // No key of its own: a GITHUB_TOKEN in the environment is mostly there for other things.
    Dialect {
        id: "github",
        name: "GitHub",
        base: Some("https://models.github.ai/inference"),
        root: "/inference",
        ..USUAL
    },
    Dialect {
        id: "meta",
        name: "meta",
        key: Some("LLAMA_API_KEY"),
        base: Some("https://api.llama.com/compat/v1"),
        root: "/compat/v1",
        ..USUAL
    },
    Dialect {
        id: "minimax",
        name: "minimax",
        key: Some("MINIMAX_API_KEY"),
        base: Some("https://api.minimax.io/v1"),
        makes: &["MiniMax-"],
        quirks: Quirks { max_temperature: Some(1.0), ..Quirks::USUAL },
        tasks: &[],
        ..USUAL
    },
    Dialect {
        id: "astraflow",
        name: "astraflow",
        key: Some("ASTRAFLOW_API_KEY"),
        base: Some("https://api-us-ca.umodelverse.ai/v1"),
        ..USUAL
    },
    Dialect {
        id: "astraflow_cn",
        name: "astraflow_cn",
        key: Some("ASTRAFLOW_CN_API_KEY"),
        base: Some("https://api.modelverse.cn/v1"),
        ..USUAL
    },
    Dialect {
        id: "perplexity",
        name: "perplexity",
        key: Some("PERPLEXITY_API_KEY"),
        base: Some("https://api.perplexity.ai"),
        root: "",
        makes: &["sonar"],
        tasks: &[],
        ..USUAL
    },
    // https://docs.cohere.com/docs/compatibility-api
    Dialect {
        id: "cohere",
        name: "Cohere",
        key: Some("COHERE_API_KEY"),
        base: Some("https://api.cohere.ai/compatibility/v1"),
        root: "/compatibility/v1",
        makes: &["command-"],
        quirks: Quirks {
            drops: &["logit_bias", "n", "parallel_tool_calls", "service_tier", "store", "top_logprobs"],
            ..Quirks::USUAL
        },
        ..USUAL
    },
    // https://inference-docs.cerebras.ai/resources/openai
    Dialect {
        id: "cerebras",
        name: "Cerebras",
        key: Some("CEREBRAS_API_KEY"),
        base: Some("https://api.cerebras.ai/v1"),
        quirks: Quirks {
            drops: &["frequency_penalty", "logit_bias", "presence_penalty", "service_tier"],
            extras: &["reasoning_effort"],
            ..Quirks::USUAL
        },
        ..USUAL
    },
    // https://docs.fireworks.ai/tools-sdks/openai-compatibility
    Dialect {
        id: "fireworks",
        aliases: &["fireworks_ai"],
        name: "Fireworks",
        key: Some("FIREWORKS_API_KEY"),
        base: Some("https://api.fireworks.ai/inference/v1"),
        root: "/inference/v1",
        quirks: Quirks {
            extras: &["reasoning_effort", "top_k"],
            reasoning: Some("reasoning_content"),
            ..Quirks::USUAL
        },
        ..USUAL
    },
    // https://docs.sambanova.ai/docs/en/features/openai-compatibility
    Dialect {
        id: "sambanova",
        name: "SambaNova",
        key: Some("SAMBANOVA_API_KEY"),
        base: Some("https://api.sambanova.ai/v1"),
        quirks: Quirks { extras: &["top_k"], ..Quirks::USUAL },
        ..USUAL
    },
    // https://docs.api.nvidia.com/nim/reference/llm-apis; a NIM of one's own has its own `base_url`.
    Dialect {
        id: "nvidia_nim",
        aliases: &["nvidia"],
        name: "NVIDIA NIM",
        key: Some("NVIDIA_API_KEY"),
        base: Some("https://integrate.api.nvidia.com/v1"),
        ..USUAL
    },
    // https://deepinfra.com/docs/openai_api
    Dialect {
        id: "deepinfra",
        name: "DeepInfra",
        key: Some("DEEPINFRA_API_KEY"),
        base: Some("https://api.deepinfra.com/v1/openai"),
        root: "/v1/openai",
        quirks: Quirks { extras: &["reasoning_effort", "top_k"], ..Quirks::USUAL },
        ..USUAL
    },
    // https://docs.tokenfactory.nebius.com/api-reference/introduction
    Dialect {
        id: "nebius",
        name: "Nebius",
        key: Some("NEBIUS_API_KEY"),
        base: Some("https://api.tokenfactory.nebius.com/v1"),
        quirks: Quirks { extras: &["top_k"], ..Quirks::USUAL },
        ..USUAL
    },
    // https://docs.siliconflow.com/en/api-reference/chat-completions/chat-completions
    Dialect {
        id: "siliconflow",
        name: "SiliconFlow",
        key: Some("SILICONFLOW_API_KEY"),
        base: Some("https://api.siliconflow.com/v1"),
        quirks: Quirks {
            extras: &["top_k"],
            switch: Switch::EnableThinking,
            reasoning: Some("reasoning_content"),
            ..Quirks::USUAL
        },
        ..USUAL
    },
    // https://docs.ai21.com/reference/jamba-1-6-api-ref
    Dialect {
        id: "ai21",
        name: "AI21",
        key: Some("AI21_API_KEY"),
        base: Some("https://api.ai21.com/studio/v1"),
        root: "/studio/v1",
        makes: &["jamba-"],
        ..USUAL
    },
    // https://huggingface.co/docs/inference-providers: a HF_TOKEN in the environment is mostly there for other things.
    Dialect {
        id: "huggingface",
        name: "Hugging Face",
        base: Some("https://router.huggingface.co/v1"),
        ..USUAL
    },
    // https://docs.databricks.com/aws/en/machine-learning/foundation-model-apis/api-reference
    Dialect {
        id: "databricks",
        name: "Databricks",
        key: Some("DATABRICKS_TOKEN"),
        example: "https://WORKSPACE.cloud.databricks.com",
        root: "/serving-endpoints",
        ..USUAL
    },
    // https://developers.cloudflare.com/workers-ai/configuration/open-ai-compatibility
    Dialect {
        id: "cloudflare",
        aliases: &["workers_ai"],
        name: "Cloudflare Workers AI",
        key: Some("CLOUDFLARE_API_TOKEN"),
        example: "https://api.cloudflare.com/client/v4/accounts/ACCOUNT/ai/v1",
        ..USUAL
    },
    // Servers to run oneself, at their usual ports: https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html
    Dialect { id: "vllm", name: "vLLM", example: "http://localhost:8000", quirks: VIDEO_SERVER, ..USUAL },
    // https://docs.sglang.ai/basic_usage/openai_api.html
    Dialect {
        id: "sglang",
        name: "SGLang",
        example: "http://localhost:30000",
        quirks: VIDEO_SERVER,
        ..USUAL
    },
    // https://huggingface.co/docs/text-generation-inference/messages_api
    Dialect { id: "tgi", name: "TGI", example: "http://localhost:8080", ..USUAL },
    // https://github.com/ggml-org/llama.cpp/tree/master/tools/server
    Dialect { id: "llama_cpp", name: "llama.cpp", example: "http://localhost:8080", quirks: SERVER, ..USUAL },
    // https://lmstudio.ai/docs/developer/openai-compat
    Dialect {
        id: "lm_studio",
        aliases: &["lmstudio"],
        name: "LM Studio",
        example: "http://localhost:1234",
        ..USUAL
    },
    // Plano's own models, where somebody serves them.
    Dialect { id: "plano", name: "Plano", example: "http://localhost:8000", ..USUAL },
    // The model of a gateway without providers: it is answered here and called nowhere.
    Dialect {
        id: "demo",
        name: "demo",
        base: Some(""),
        root: "",
        apis: &[Completions, Messages, Responses, Generate],
        tasks: &[],
        ..USUAL
    },
];

/// A provider that follows OpenAI's Chat Completions under `/v1`.
const USUAL: Dialect = Dialect {
    id: "",
    aliases: &[],
    name: "",
    key: None,
    base: None,
    example: "",
    root: "/v1",
    endings: &[],
    apis: &[Completions],
    speaks: &[],
    forms: &[],
    places: &[],
    usual_place: UsualPlace { region: &[], project: None },
    signs: None,
    tokens: None,
    routes: &[],
    tasks: ANYTHING,
    tasks_of_others: ANYTHING,
    elsewhere: &[],
    api_version: "",
    auth: &[],
    headers: &[],
    variables: &[],
    passthrough: false,
    makes: &[],
    quirks: Quirks::USUAL,
    models: &[],
};

/// A route with one path.
const fn route(api: Api, under: &'static str) -> Route {
    Route { api, under, path: "", stream: None }
}

/// What is answered in JSON, but by no schema.
const JSON_ONLY: &[&str] = &["json_object"];

/// What a server may have of which nothing is known: it says itself what is not there.
pub const ANYTHING: &[(Api, &[Task])] = &[
    (Completions, OF_OPENAI),
    (Responses, &[Task::Responses]),
    (Responses, OF_OPENAI),
    (Messages, &[Task::Files, Task::Batches]),
    (Generate, &[Task::Embeddings]),
];

/// What is at paths that OpenAI made, `rerank` included, which it does not have itself.
const OF_OPENAI: &[Task] = &[
    Task::Embeddings,
    Task::Texts,
    Task::Images,
    Task::Audio,
    Task::Moderations,
    Task::Rerank,
    Task::Files,
    Task::Batches,
];

/// <https://platform.openai.com/docs/api-reference>
const OPENAI_TASKS: &[(Api, &[Task])] = &[
    (
        Completions,
        &[
            Task::Embeddings,
            Task::Texts,
            Task::Images,
            Task::Audio,
            Task::Moderations,
            Task::Files,
            Task::Batches,
        ],
    ),
    (Responses, &[Task::Count, Task::Responses, Task::Embeddings, Task::Files, Task::Batches]),
];

/// <https://learn.microsoft.com/en-us/azure/ai-foundry/openai/reference>
const OPENAI_TASKS_ON_AZURE: &[(Api, &[Task])] = &[
    (Completions, &[Task::Embeddings, Task::Texts, Task::Images, Task::Audio, Task::Files, Task::Batches]),
    (Responses, &[Task::Responses]),
];

/// OpenAI's own servers, which Azure runs too.
const OPENAI: Quirks = Quirks {
    max_tokens: MaxTokens::Completion,
    developer: None,
    extras: &[
        "allowed_tools",
        "custom_tools",
        "metadata",
        "prompt_cache_key",
        "reasoning_effort",
        "service_tier",
        "store",
        "verbosity",
    ],
    call_ids: Some(CallIds { least: 1, most: 40, marks: None }),
    encoding_format: true,
    stops: 4,
    ..Quirks::USUAL
};

/// Models that think refuse to have their randomness set; the chat models of the fifth generation do not think, and all
/// later ones only if they are told to.
///
/// <https://learn.microsoft.com/en-us/azure/ai-foundry/openai/how-to/reasoning>,
/// <https://platform.openai.com/docs/guides/latest-model#parameter-compatibility>
const OPENAI_MODELS: &[ModelQuirks] = &[
    ModelQuirks { model: Name::Prefix("gpt-3.5"), quirks: OPENAI_WITHOUT_REASONING },
    ModelQuirks { model: Name::Part("-search-"), quirks: OPENAI_SEARCH },
    ModelQuirks { model: Name::Prefix("gpt-4"), quirks: OPENAI_WITHOUT_REASONING },
    ModelQuirks { model: Name::Prefix("chatgpt-4o"), quirks: OPENAI_WITHOUT_REASONING },
    ModelQuirks { model: Name::Prefix("gpt-5-chat"), quirks: OPENAI },
    ModelQuirks { model: Name::Prefix("gpt-5-"), quirks: OPENAI_REASONING },
    ModelQuirks { model: Name::Exact("gpt-5"), quirks: OPENAI_REASONING },
    ModelQuirks { model: Name::Prefix("gpt-5.1"), quirks: OPENAI_NEWER },
    ModelQuirks { model: Name::Prefix("gpt-5.2"), quirks: OPENAI_NEWER },
    ModelQuirks { model: Name::Prefix("gpt-5.3"), quirks: OPENAI_NEWER },
    ModelQuirks { model: Name::Prefix("gpt-5.4"), quirks: OPENAI_NEWER },
    ModelQuirks { model: Name::Prefix("gpt-5.5"), quirks: OPENAI_NEWER },
    ModelQuirks { model: Name::Prefix("gpt-5."), quirks: OPENAI_MARKED },
    ModelQuirks { model: Name::Prefix("o1"), quirks: OPENAI_REASONING },
    ModelQuirks { model: Name::Prefix("o3"), quirks: OPENAI_REASONING },
    ModelQuirks { model: Name::Prefix("o4"), quirks: OPENAI_REASONING },
    KIMI_FOR_CODING,
];

/// The models before reasoning refuse to be told how much of it to do, and how much to say.
const OPENAI_WITHOUT_REASONING: Quirks =
    Quirks { extras: &["metadata", "prompt_cache_key", "service_tier", "store"], ..OPENAI };

/// <https://platform.openai.com/docs/guides/tools-web-search?api-mode=chat>: models that search before they answer.
const OPENAI_SEARCH: Quirks =
    Quirks { extras: &["metadata", "service_tier", "store", "web_search_options"], ..OPENAI };

/// They know the limit on the answer by its new name only.
const OPENAI_NEWER: Quirks = Quirks { renames: &[("max_tokens", "max_completion_tokens")], ..OPENAI };

/// <https://platform.openai.com/docs/guides/prompt-caching>: from here on prompts can be marked.
const OPENAI_MARKED: Quirks = Quirks {
    extras: &[
        "allowed_tools",
        "custom_tools",
        "metadata",
        "prompt_cache_breakpoint",
        "prompt_cache_key",
        "reasoning_effort",
        "service_tier",
        "store",
        "verbosity",
    ],
    ..OPENAI_NEWER
};

const OPENAI_REASONING: Quirks = Quirks {
    drops: &[
        "frequency_penalty",
        "logit_bias",
        "logprobs",
        "presence_penalty",
        "temperature",
        "top_logprobs",
        "top_p",
    ],
    ..OPENAI_NEWER
};

/// The words that DeepSeek maps itself, and those that it would refuse.
const DEEPSEEK_EFFORTS: &[(&str, &str)] = &[
    ("none", "none"),
    ("minimal", "low"),
    ("low", "low"),
    ("medium", "high"),
    ("high", "high"),
    ("xhigh", "high"),
    ("max", "max"),
];

/// Live search went to another API.
const GROK: Quirks = Quirks { drops: &["web_search_options"], ..Quirks::USUAL };

/// <https://docs.x.ai/docs/guides/reasoning>: models that think refuse these.
const GROK_REASONING: Quirks = Quirks {
    drops: &["frequency_penalty", "presence_penalty", "stop", "web_search_options"],
    extras: &["reasoning_effort"],
    efforts: &[
        ("none", "low"),
        ("minimal", "low"),
        ("low", "low"),
        ("medium", "medium"),
        ("high", "high"),
        ("xhigh", "high"),
        ("max", "high"),
    ],
    ..GROK
};

const GROK_MODELS: &[ModelQuirks] = &[
    ModelQuirks { model: Name::Part("non-reasoning"), quirks: GROK },
    // It knows two efforts.
    ModelQuirks {
        model: Name::Prefix("grok-3-mini"),
        quirks: Quirks {
            efforts: &[
                ("minimal", "low"),
                ("low", "low"),
                ("medium", "high"),
                ("high", "high"),
                ("xhigh", "high"),
                ("max", "high"),
            ],
            ..GROK_REASONING
        },
    },
    ModelQuirks { model: Name::Exact("grok-4"), quirks: GROK_WITHOUT_EFFORT },
    ModelQuirks { model: Name::Prefix("grok-4-"), quirks: GROK_WITHOUT_EFFORT },
    ModelQuirks { model: Name::Prefix("grok-code"), quirks: GROK_WITHOUT_EFFORT },
    ModelQuirks { model: Name::Prefix("grok-4."), quirks: GROK_REASONING },
];

const GROK_WITHOUT_EFFORT: Quirks = Quirks {
    drops: &["frequency_penalty", "presence_penalty", "reasoning_effort", "stop", "web_search_options"],
    extras: &[],
    efforts: &[],
    ..GROK_REASONING
};

/// Servers that take what models take.
const SERVER: Quirks = Quirks { extras: &["top_k"], reasoning: Some("reasoning_content"), ..Quirks::USUAL };

/// What serves models that see videos, too: <https://docs.vllm.ai/en/latest/features/multimodal_inputs>.
const VIDEO_SERVER: Quirks = Quirks { extras: &["top_k", "video_url"], ..SERVER };

/// Kimi's address for coding agents is also configured as an OpenAI-compatible host, without the version.
const KIMI_CODE: &[(&str, &str)] = &[("/coding", "/coding/v1")];

const KIMI_FOR_CODING: ModelQuirks = ModelQuirks {
    model: Name::Exact("kimi-for-coding"),
    quirks: Quirks {
        stream_usage: false,
        drops: &["stream_options", "reasoning_effort", "web_search_options", "service_tier", "store"],
        ..Quirks::USUAL
    },
};

/// Samples its own way, and knows three efforts. What others resell under this name is theirs.
const KIMI_K3: ModelQuirks = ModelQuirks {
    model: Name::Exact("kimi-k3"),
    quirks: Quirks {
        drops: &["temperature", "top_p", "n", "presence_penalty", "frequency_penalty"],
        extras: &["reasoning_effort"],
        reasoning: Some("reasoning_content"),
        efforts: &[
            ("none", "low"),
            ("minimal", "low"),
            ("low", "low"),
            ("medium", "high"),
            ("high", "high"),
            ("max", "max"),
        ],
        only_bytes: true,
        ..Quirks::USUAL
    },
};

/// <https://ai.google.dev/gemini-api/docs/thought-signatures#faqs>: what stands for the signature of a call that another
/// model made.
const GEMINI: Quirks = Quirks {
    extras: &["reasoning_effort"],
    budgets: false,
    signed_calls: true,
    unsigned_calls: Some("skip_thought_signature_validator"),
    ..Quirks::USUAL
};

/// Up to the second generation, models think by budgets and sign what they like. What is listed nowhere is newer.
const GEMINI_WITH_BUDGETS: Quirks = Quirks { budgets: true, unsigned_calls: None, ..GEMINI };

const GEMINI_MODELS: &[ModelQuirks] = &[
    ModelQuirks { model: Name::Prefix("gemini-1"), quirks: GEMINI_WITH_BUDGETS },
    ModelQuirks { model: Name::Prefix("gemini-2"), quirks: GEMINI_WITH_BUDGETS },
    ModelQuirks { model: Name::Prefix("gemma-"), quirks: GEMINI_WITH_BUDGETS },
];

const CLAUDE: Quirks = Quirks { max_temperature: Some(1.0), ..Quirks::USUAL };

/// <https://docs.anthropic.com/en/docs/build-with-claude/structured-outputs>: models that cannot be held to a schema.
const CLAUDE_WITHOUT_SCHEMAS: Quirks = Quirks { formats: &[], ..CLAUDE };

/// Models that decide themselves how long to think, and refuse budgets or warn of them.
///
/// <https://docs.anthropic.com/en/docs/build-with-claude/adaptive-thinking>
const CLAUDE_ADAPTIVE: Quirks = Quirks { budgets: false, ..CLAUDE };

/// Models that besides refuse to have their randomness set: the vendor's SDK has these parameters no more.
const CLAUDE_WITHOUT_SAMPLING: Quirks =
    Quirks { drops: &["temperature", "top_p", "top_k"], ..CLAUDE_ADAPTIVE };

/// What is listed nowhere is newer than this table.
const CLAUDE_MODELS: &[ModelQuirks] = &[
    ModelQuirks { model: Name::Prefix("claude-2"), quirks: CLAUDE_WITHOUT_SCHEMAS },
    ModelQuirks { model: Name::Prefix("claude-instant"), quirks: CLAUDE_WITHOUT_SCHEMAS },
    ModelQuirks { model: Name::Prefix("claude-3"), quirks: CLAUDE_WITHOUT_SCHEMAS },
    ModelQuirks { model: Name::Prefix("claude-opus-4-0"), quirks: CLAUDE_WITHOUT_SCHEMAS },
    ModelQuirks { model: Name::Prefix("claude-opus-4@"), quirks: CLAUDE_WITHOUT_SCHEMAS },
    ModelQuirks { model: Name::Prefix("claude-sonnet-4@"), quirks: CLAUDE_WITHOUT_SCHEMAS },
    ModelQuirks { model: Name::Prefix("claude-opus-4-1"), quirks: CLAUDE },
    ModelQuirks { model: Name::Prefix("claude-opus-4-2025"), quirks: CLAUDE_WITHOUT_SCHEMAS },
    ModelQuirks { model: Name::Prefix("claude-opus-4-5"), quirks: CLAUDE },
    ModelQuirks { model: Name::Prefix("claude-sonnet-4-0"), quirks: CLAUDE_WITHOUT_SCHEMAS },
    ModelQuirks { model: Name::Prefix("claude-sonnet-4-2025"), quirks: CLAUDE_WITHOUT_SCHEMAS },
    ModelQuirks { model: Name::Prefix("claude-sonnet-4-5"), quirks: CLAUDE },
    ModelQuirks { model: Name::Prefix("claude-haiku-4-5"), quirks: CLAUDE },
    ModelQuirks { model: Name::Prefix("claude-opus-4-7"), quirks: CLAUDE_WITHOUT_SAMPLING },
    ModelQuirks { model: Name::Prefix("claude-opus-4-8"), quirks: CLAUDE_WITHOUT_SAMPLING },
    ModelQuirks { model: Name::Prefix("claude-opus-5"), quirks: CLAUDE_WITHOUT_SAMPLING },
    ModelQuirks { model: Name::Prefix("claude-sonnet-5"), quirks: CLAUDE_WITHOUT_SAMPLING },
    ModelQuirks { model: Name::Prefix("claude-haiku-5"), quirks: CLAUDE_WITHOUT_SAMPLING },
    ModelQuirks { model: Name::Prefix("claude-fable"), quirks: CLAUDE_WITHOUT_SAMPLING },
    ModelQuirks { model: Name::Prefix("claude-mythos"), quirks: CLAUDE_WITHOUT_SAMPLING },
    ModelQuirks { model: Name::Prefix("claude-"), quirks: CLAUDE_ADAPTIVE },
];

const AWS_PLACE: UsualPlace = UsualPlace { region: &["AWS_REGION", "AWS_DEFAULT_REGION"], project: None };

/// <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages-request-response.html>.
/// The version of Anthropic's own API has another name there; later ones have the same.
///
/// The betas are refused there (`invalid beta flag`), as others measured one by one:
/// <https://github.com/router-for-me/CLIProxyAPI/issues/4750>, <https://github.com/BerriAI/litellm/pull/19877>. Whatever
/// is not listed goes along.
const CLAUDE_ON_BEDROCK: Form = Form {
    api: Messages,
    drops: &["model", "stream"],
    moves: &[
        Move {
            header: "anthropic-version",
            member: "anthropic_version",
            shape: Shape::Word { usual: "2023-06-01", own: "bedrock-2023-05-31" },
        },
        Move {
            header: "anthropic-beta",
            member: "anthropic_beta",
            shape: Shape::List {
                refused: &[
                    "mcp-servers-2025-12-04",
                    "oauth-2025-04-20",
                    "prompt-caching-scope-2026-01-05",
                    "fast-mode-2026-02-01",
                    "redact-thinking-2026-02-12",
                    "token-efficient-tools-2026-03-28",
                ],
            },
        },
    ],
    framing: Framing::Chunks,
    only_bytes: true, // https://platform.claude.com/docs/en/build-with-claude/vision
    errors: Converse,
};

/// <https://docs.anthropic.com/en/api/claude-on-vertex-ai>: betas stay in their header.
const CLAUDE_ON_VERTEX: Form = Form {
    api: Messages,
    drops: &["model"],
    moves: &[Move {
        header: "anthropic-version",
        member: "anthropic_version",
        shape: Shape::Word { usual: "2023-06-01", own: "vertex-2023-10-16" },
    }],
    framing: Framing::Events,
    only_bytes: true, // as on Bedrock
    errors: Generate,
};

/// <https://docs.aws.amazon.com/bedrock/latest/userguide/count-tokens.html>: only Claude's tokens are counted, for the
/// model, not for the region or the profile that it is called through.
const UNCOUNTED: Quirks = Quirks { counted: Counted::Never, ..Quirks::USUAL };

/// What Claude on Bedrock takes beyond what all models there do.
///
/// <https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-extended-thinking.html>,
/// <https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/implement-tool-use#parallel-tool-use>
const BEDROCK_CLAUDE: Quirks = Quirks {
    extras: &["top_k", "thinking", "stop_sequence", "tool_choice", "search_result"],
    counted: Counted::From("anthropic."),
    ..CLAUDE
};
const BEDROCK_WITHOUT_SCHEMAS: Quirks =
    Quirks { formats: &[], extras: &["top_k", "thinking", "stop_sequence"], ..BEDROCK_CLAUDE };

/// <https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html> does not list these models, which can be
/// made to use a tool.
const NOVA: Quirks = Quirks { formats: &[], ..UNCOUNTED };

const BEDROCK_ADAPTIVE: Quirks = Quirks { budgets: false, ..BEDROCK_CLAUDE };
const BEDROCK_WITHOUT_SAMPLING: Quirks =
    Quirks { drops: &["temperature", "top_p", "top_k"], ..BEDROCK_ADAPTIVE };

/// The same models as [`CLAUDE_MODELS`], behind a region and in ARNs.
const BEDROCK_MODELS: &[ModelQuirks] = &[
    ModelQuirks { model: Name::Part("anthropic.claude-v2"), quirks: BEDROCK_WITHOUT_SCHEMAS },
    ModelQuirks { model: Name::Part("anthropic.claude-instant"), quirks: BEDROCK_WITHOUT_SCHEMAS },
    ModelQuirks { model: Name::Part("anthropic.claude-3"), quirks: BEDROCK_WITHOUT_SCHEMAS },
    ModelQuirks { model: Name::Part("anthropic.claude-opus-4-1"), quirks: BEDROCK_WITHOUT_SCHEMAS },
    ModelQuirks { model: Name::Part("anthropic.claude-opus-4-2025"), quirks: BEDROCK_WITHOUT_SCHEMAS },
    ModelQuirks { model: Name::Part("anthropic.claude-opus-4-5"), quirks: BEDROCK_CLAUDE },
    ModelQuirks { model: Name::Part("anthropic.claude-sonnet-4-2025"), quirks: BEDROCK_WITHOUT_SCHEMAS },
    ModelQuirks { model: Name::Part("anthropic.claude-sonnet-4-5"), quirks: BEDROCK_CLAUDE },
    ModelQuirks { model: Name::Part("anthropic.claude-haiku-4-5"), quirks: BEDROCK_CLAUDE },
    ModelQuirks { model: Name::Part("anthropic.claude-opus-4-6"), quirks: BEDROCK_ADAPTIVE },
    ModelQuirks { model: Name::Part("anthropic.claude-sonnet-4-6"), quirks: BEDROCK_ADAPTIVE },
    ModelQuirks { model: Name::Part("anthropic.claude-"), quirks: BEDROCK_WITHOUT_SAMPLING },
    ModelQuirks { model: Name::Part("amazon.nova-"), quirks: NOVA },
];
