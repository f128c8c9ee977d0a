// The Anthropic SDK in front of a provider of each family.

import {
  API_KEY, BASE_URL, RESULTS, TEXT, TIME, TURNS, UPSTREAMS, WEATHER, check, collect, equal, equalCalls, load, raises,
} from "./checks.mjs";

const Anthropic = await load("@anthropic-ai/sdk");
const client = new Anthropic({ baseURL: BASE_URL, apiKey: API_KEY, maxRetries: 0, timeout: 30_000 });
const offered = [
  { name: "get_weather", input_schema: WEATHER },
  { name: "get_time", input_schema: TIME },
];
const errors = {
  400: Anthropic.BadRequestError,
  401: Anthropic.AuthenticationError,
  403: Anthropic.PermissionDeniedError,
  404: Anthropic.NotFoundError,
  413: Anthropic.APIError,
  500: Anthropic.InternalServerError,
};
const question = (model, content) => ({ model, max_tokens: 512, messages: [{ role: "user", content }] });

async function plain(model) {
  const answer = await client.messages.create({ ...question(model, "play:text"), system: "Be brief." });
  equal([answer.content.map((block) => block.text), answer.stop_reason], [[TEXT], "end_turn"]);
  const { input_tokens, cache_read_input_tokens, output_tokens } = answer.usage;
  equal([input_tokens, cache_read_input_tokens, output_tokens], [15, 16, 12]);
}

async function streamed(model) {
  const answer = await client.messages.stream(question(model, "play:turns-streamed")).finalMessage();
  equal([answer.content[0].text, answer.stop_reason], [TURNS, "end_turn"]);
  equal([answer.usage.input_tokens, answer.usage.output_tokens], [40, 21]);
}

async function tools(model) {
  const asked = { ...question(model, "play:parallel-tools-streamed"), tools: offered };
  const answer = await client.messages.stream(asked).finalMessage();
  const uses = answer.content.filter((block) => block.type === "tool_use");
  equalCalls(uses.map((use) => [use.id, use.name, use.input]));
  const given = ["21 °C", "rain", "play:tool-results"];
  const content = uses.map(({ id }, at) => ({ type: "tool_result", tool_use_id: id, content: given[at] }));
  asked.messages.push({ role: "assistant", content: answer.content.map(asGiven) }, { role: "user", content });
  equal((await client.messages.create(asked)).content[0].text, RESULTS);
}

/** A block as it goes back: what a model thought goes with its seal. */
function asGiven({ type, text, id, name, input, thinking, signature }) {
  return { text: { type, text }, thinking: { type, thinking, signature } }[type] ?? { type, id, name, input };
}

async function rateLimit(model) {
  const error = await raises(Anthropic.RateLimitError, () => client.messages.create(question(model, "play:error-429")));
  equal(error.headers.get("retry-after"), "20");
  equal(error.error.error.type, "rate_limit_error");
}

async function brokenOff(model) {
  const asked = { ...question(model, "play:error-in-mid-stream"), stream: true };
  await raises(Anthropic.APIError, async () => collect(await client.messages.create(asked)));
}

async function statusError(model, status) {
  const ask = () => client.messages.create(question(model, `play:error-${status}`));
  const error = await raises(errors[status], ask);
  equal([error.status, error.error.type], [Number(status), "error"]);
}

for (const upstream of UPSTREAMS) {
  for (const [name, ask] of Object.entries({ plain, streamed, tools, rateLimit, brokenOff })) {
    await check(`${upstream} ${name}`, () => ask(`${upstream}/m`));
  }
}
for (const upstream of ["completions", "messages"]) {
  for (const status of Object.keys(errors)) {
    await check(`${upstream} error ${status}`, () => statusError(`${upstream}/m`, status));
  }
}
await check("models", async () => {
  const models = await collect(await client.models.list());
  equal(models.some((model) => model.id === "openai/gpt-listed"), true);
});
