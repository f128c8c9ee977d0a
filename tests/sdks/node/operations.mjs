// What the vendors' SDKs can do besides asking for answers: the provider's other operations, and counting.

import { API_KEY, BASE_URL, check, collect, equal, load } from "./checks.mjs";

const HINT = "x-arch-llm-provider-hint";
const MODEL = "completions/m";
const RECORDING = Buffer.from([0x49, 0x44, 0x33, 4, 0, 0xff, 0xfb, 0x90, 0, 0x0d, 0x0a, 0x0d, 0x0a, 0x7b, 0x22]);

const OpenAI = await load("openai");
const Anthropic = await load("@anthropic-ai/sdk");
const settings = { apiKey: API_KEY, maxRetries: 0, timeout: 30_000 };
const client = new OpenAI({ ...settings, baseURL: `${BASE_URL}/v1`, defaultHeaders: { [HINT]: "completions" } });
const claude = new Anthropic({ ...settings, baseURL: BASE_URL, defaultHeaders: { [HINT]: "messages" } });
const recording = () => new File([RECORDING], "a.wav");
const bytes = async (response) => Buffer.from(await response.arrayBuffer());

/** P24: the SDK asks for Base64 unless it is told otherwise, and the provider may know it or not. */
async function embeddings(model) {
  for (const more of [{}, { encoding_format: "float" }]) {
    const answer = await client.embeddings.create({ model, input: "Hello", ...more });
    equal(Array.from(answer.data[0].embedding), [0.5, -1]);
  }
}

async function completions() {
  equal((await client.completions.create({ model: MODEL, prompt: "Hello" })).choices[0].text, "there");
  const chunks = await collect(await client.completions.create({ model: MODEL, prompt: "Hello", stream: true }));
  equal(chunks.map((chunk) => chunk.choices[0].text).join(""), "there");
}

async function audio() {
  equal(await bytes(await client.audio.speech.create({ model: MODEL, voice: "alloy", input: "Hi" })), RECORDING);
  equal((await client.audio.transcriptions.create({ model: MODEL, file: recording() })).text, "Hello.");
}

async function files() {
  equal((await client.files.create({ file: recording(), purpose: "batch" })).id, "file-1");
  equal(await bytes(await client.files.content("file-1")), RECORDING);
  equal((await client.files.delete("file-1")).deleted, true);
}

async function counts(model) {
  const messages = [{ role: "user", content: "Hello" }];
  equal((await claude.messages.countTokens({ model, messages })).input_tokens, 41);
  equal((await client.responses.inputTokens.count({ model, input: "Hello" })).input_tokens, 41);
}

async function batches() {
  const params = { model: "m", max_tokens: 9, messages: [{ role: "user", content: "Hello" }] };
  const batch = await claude.messages.batches.create({ requests: [{ custom_id: "a", params }] });
  equal(batch.id, "msgbatch_1");
}

for (const model of [MODEL, "generate/m", "converse/amazon.titan-embed-text-v2:0", "groq/m"]) {
  await check(`embeddings ${model}`, () => embeddings(model));
}
for (const model of ["messages/m", "responses/m", "generate/m", "converse/us.anthropic.claude-x"]) {
  await check(`counts ${model}`, () => counts(model));
}
for (const ask of [completions, audio, files, batches]) await check(ask.name, ask);
