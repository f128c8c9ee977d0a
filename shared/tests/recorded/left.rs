//! The recordings that are not replayed, each with its reason. One that is neither replayed nor here fails the test.

/// Ollama's API as it was before it spoke that of OpenAI as well.
const OLLAMA: &str = "Ollama's own API is no API of the gateway: it asks Ollama at `/v1`, by that of OpenAI";
/// Cohere's own API of conversations.
const COHERE: &str = "Cohere's own API is no API of the gateway: it asks Cohere by that of OpenAI";
/// What was before there were conversations.
const PROMPTS: &str = "a prompt without turns, of an API whose models are withdrawn";
/// Models on Bedrock that Converse is for.
const BY_CONVERSE: &str = "the words of a maker that only this model reads: the gateway asks it by Converse";
/// Bedrock refuses these before it looks at what is asked.
const UNASKED: &str = "the request was not recorded, only that there is no such model";
/// Servers with an API of their own.
const OWN: &str = "an API that nobody but this provider has, and no client of the gateway speaks";

/// The recordings that are not replayed, by how their folder and model begin, and why.
pub(crate) const LEFT: [(&str, &str); 28] = [
    ("aleph-alpha/complete", OWN),
    ("anthropic/complete", PROMPTS),
    ("bedrock/invoke ai21.", BY_CONVERSE),
    ("bedrock/invoke amazon.", BY_CONVERSE),
    ("bedrock/invoke anthropic.claude-v2:1", PROMPTS),
    ("bedrock/invoke arn:aws:sagemaker:", "a model that its owner put there, with words of its own"),
    ("bedrock/invoke cohere.", BY_CONVERSE),
    ("bedrock/invoke does-not-exist", UNASKED),
    ("bedrock/invoke meta.", BY_CONVERSE),
    ("bedrock/invoke mistral.", BY_CONVERSE),
    ("bedrock/invoke us.amazon.", BY_CONVERSE),
    ("bedrock/invoke-with-response-stream amazon.", BY_CONVERSE),
    ("bedrock/invoke-with-response-stream does-not-exist", UNASKED),
    ("cohere/v1-chat", COHERE),
    ("cohere/v1-generate", PROMPTS),
    ("cohere/v2-chat", COHERE),
    ("cohere/v2-embed", COHERE),
    ("cohere/v2-rerank", "at a path of Cohere's own; the same words at `/v1/rerank` are replayed"),
    ("huggingface/text-generation", OWN),
    ("ollama/chat", OLLAMA),
    ("ollama/embeddings", OLLAMA),
    ("ollama/generate", OLLAMA),
    ("openai/assistants", "threads and runs at OpenAI, withdrawn in favour of Responses"),
    ("replicate/predictions", OWN),
    ("replicate/streams", OWN),
    ("sagemaker/invocations", OWN),
    ("watsonx/text-generation", OWN),
    ("watsonx/text-generation-stream", OWN),
];
