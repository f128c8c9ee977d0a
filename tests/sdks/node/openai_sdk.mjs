// The OpenAI SDK, Chat Completions and Responses, in front of a provider of each family.

import {
  API_KEY, BASE_URL, RESULTS, TEXT, TIME, TURNS, UPSTREAMS, WEATHER, check, collect, equal, equalCalls, load, raises,
} from "./checks.mjs";

const OpenAI = await load("openai");
const client = new OpenAI({ baseURL: `${BASE_URL}/v1`, apiKey: API_KEY, maxRetries: 0, timeout: 30_000 });
const chatTools = [
  { type: "function", function: { name: "get_weather", parameters: WEATHER } },
  { type: "function", function: { name: "get_time", parameters: TIME } },
];
const flatTools = chatTools.map((tool) => ({ type: "function", strict: false, ...tool.function }));
const results = ["21 °C", "rain", "play:tool-results"];
const errors = {
  400: OpenAI.BadRequestError,
  401: OpenAI.AuthenticationError,
  403: OpenAI.PermissionDeniedError,
  404: OpenAI.NotFoundError,
  500: OpenAI.InternalServerError,
};
const user = (content) => [{ role: "user", content }];
const chat = (model, text, more = {}) => client.chat.completions.create({ model, messages: user(text), ...more });
const respond = (model, input, more = {}) => client.responses.create({ model, input, ...more });

async function chatPlain(model) {
  const { choices: [choice], usage } = await chat(model, "play:text");
  equal([choice.message.content, choice.finish_reason], [TEXT, "stop"]);
  equal([usage.prompt_tokens, usage.completion_tokens, usage.prompt_tokens_details.cached_tokens], [31, 12, 16]);
}

async function chatStreamed(model) {
  const options = { stream: true, stream_options: { include_usage: true } };
  const chunks = await collect(await chat(model, "play:turns-streamed", options));
  equal(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join(""), TURNS);
  equal([chunks.at(-1).usage.prompt_tokens, chunks.at(-1).usage.completion_tokens], [40, 21]);
}

async function chatWithTools(model) {
  const messages = user("play:parallel-tools-streamed");
  const first = await client.chat.completions.stream({ model, messages, tools: chatTools }).finalChatCompletion();
  const { content, tool_calls } = first.choices[0].message;
  equal(content, "I will look.");
  equalCalls(tool_calls.map((call) => [call.id, call.function.name, JSON.parse(call.function.arguments)]));
  messages.push({ role: "assistant", content, tool_calls });
  tool_calls.forEach((call, at) => messages.push({ role: "tool", tool_call_id: call.id, content: results[at] }));
  const second = await client.chat.completions.create({ model, messages, tools: chatTools });
  equal(second.choices[0].message.content, RESULTS);
}

async function chatRateLimit(model) {
  const error = await raises(OpenAI.RateLimitError, () => chat(model, "play:error-429"));
  equal(error.headers.get("retry-after"), "20");
}

async function chatBrokenOff(model) {
  await raises(OpenAI.APIError, async () => collect(await chat(model, "play:error-in-mid-stream", { stream: true })));
}

async function responsesPlain(model) {
  const { output_text, status, usage } = await respond(model, "play:text");
  equal([output_text, status], [TEXT, "completed"]);
  equal([usage.input_tokens, usage.output_tokens, usage.input_tokens_details.cached_tokens], [31, 12, 16]);
}

async function responsesStreamed(model) {
  const events = await collect(await respond(model, "play:turns-streamed", { stream: true }));
  const deltas = events.filter((event) => event.type === "response.output_text.delta");
  equal(deltas.map((event) => event.delta).join(""), TURNS);
  equal(events.map((event) => event.sequence_number), [...events.keys()]);
  equal(events.at(-1).type, "response.completed");
}

async function responsesTools(model) {
  const input = user("play:parallel-tools-streamed");
  const first = await client.responses.stream({ model, input, tools: flatTools }).finalResponse();
  const calls = first.output.filter((item) => item.type === "function_call");
  equalCalls(calls.map((call) => [call.call_id, call.name, JSON.parse(call.arguments)]));
  const history = calls.map(({ type, call_id, name, arguments: given }) => ({ type, call_id, name, arguments: given }));
  const outputs = calls.map(({ call_id }, at) => ({ type: "function_call_output", call_id, output: results[at] }));
  const second = await respond(model, [...input, ...history, ...outputs], { tools: flatTools });
  equal(second.output_text, RESULTS);
}

async function responsesBrokenOff(model) {
  const stream = await respond(model, "play:error-in-mid-stream", { stream: true });
  try {
    const last = (await collect(stream)).at(-1);
    equal(["error", "response.failed"].includes(last.type), true);
  } catch (error) {
    if (!(error instanceof OpenAI.APIError)) throw error;
  }
}

async function statusError(model, status) {
  const error = await raises(errors[status], () => chat(model, `play:error-${status}`));
  equal([error.status, typeof error.type], [Number(status), "string"]);
}

const scenarios = {
  chatPlain, chatStreamed, chatWithTools, chatRateLimit, chatBrokenOff,
  responsesPlain, responsesStreamed, responsesTools, responsesBrokenOff,
};
for (const upstream of UPSTREAMS) {
  for (const [name, ask] of Object.entries(scenarios)) await check(`${upstream} ${name}`, () => ask(`${upstream}/m`));
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
