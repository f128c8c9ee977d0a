// The Google Gen AI SDK in front of a provider of each family.

import {
  API_KEY, BASE_URL, RESULTS, TEXT, TIME, TURNS, UPSTREAMS, WEATHER, check, collect, equal, equalCalls, namespace, raises,
} from "./checks.mjs";

const { ApiError, GoogleGenAI } = await namespace("@google/genai");
const client = new GoogleGenAI({ apiKey: API_KEY, httpOptions: { baseUrl: BASE_URL, timeout: 30_000 } });
const offered = [{
  functionDeclarations: [
    { name: "get_weather", description: "The weather", parametersJsonSchema: WEATHER },
    { name: "get_time", description: "The time", parametersJsonSchema: TIME },
  ],
}];
const user = (text) => [{ role: "user", parts: [{ text }] }];
const ask = (model, text) => client.models.generateContent({ model, contents: user(text) });
const stream = async (asked) => collect(await client.models.generateContentStream(asked));

async function plain(model) {
  const config = { systemInstruction: "Be brief.", temperature: 0.5 };
  const answer = await client.models.generateContent({ model, contents: "play:text", config });
  equal([answer.text, answer.candidates[0].finishReason, answer.modelVersion], [TEXT, "STOP", model]);
  const { promptTokenCount, candidatesTokenCount, thoughtsTokenCount = 0, cachedContentTokenCount } = answer.usageMetadata;
  equal([promptTokenCount, candidatesTokenCount + thoughtsTokenCount, cachedContentTokenCount], [31, 12, 16]);
}

async function streamed(model) {
  const chunks = await stream({ model, contents: user("play:turns-streamed") });
  equal(chunks.map((chunk) => chunk.text ?? "").join(""), TURNS);
  const { promptTokenCount, candidatesTokenCount, totalTokenCount } = chunks.at(-1).usageMetadata;
  equal([promptTokenCount, candidatesTokenCount, totalTokenCount], [40, 21, 61]);
}

async function tools(model) {
  const asked = { model, contents: user("play:parallel-tools-streamed"), config: { tools: offered } };
  const parts = (await stream(asked)).flatMap((chunk) => chunk.candidates[0].content.parts);
  equal(parts.map((part) => part.text ?? "").join(""), "I will look.");
  const calls = parts.filter((part) => part.functionCall).map((part) => part.functionCall);
  equalCalls(calls.map((call) => [call.id, call.name, call.args]));
  const outcomes = [{ output: "21 °C" }, { error: "rain" }, { output: "play:tool-results" }];
  const results = calls.map(({ id, name }, at) => ({ functionResponse: { id, name, response: outcomes[at] } }));
  const history = parts.filter((part) => part.functionCall || part.text);
  asked.contents.push({ role: "model", parts: history }, { role: "user", parts: results });
  equal((await client.models.generateContent(asked)).text, RESULTS);
}

async function rateLimit(model) {
  const error = await raises(ApiError, () => ask(model, "play:error-429"));
  equal([error.status, error.message.includes("Limit 3, Used 3")], [429, true]);
}

async function brokenOff(model) {
  await raises(ApiError, () => stream({ model, contents: user("play:error-in-mid-stream") }));
}

for (const upstream of UPSTREAMS) {
  for (const [name, holds] of Object.entries({ plain, streamed, tools, rateLimit, brokenOff })) {
    await check(`${upstream} ${name}`, () => holds(`${upstream}/m`));
  }
}
