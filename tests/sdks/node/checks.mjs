// What the scripts share: the answers that the mock provider gives, and the account of what held.

import { createRequire } from "node:module";
import { isDeepStrictEqual } from "node:util";
import path from "node:path";
import { pathToFileURL } from "node:url";

export const { BASE_URL, API_KEY } = process.env;
export const UPSTREAMS = ["completions", "messages", "responses", "generate", "converse"];

export const TEXT = 'Because air scatters "blue" most: 🌈 \\o/\n– that is all.';
export const TURNS = "Shwmae! 🏴\u{e0067}\u{e0062} – “S’mae” \\ \"hello\"\n\t👋🏽";
export const TOOLS = [
  ["call_p1", "get_weather", { city: "Paris, France", unit: "celsius" }],
  ["call_p2", "get_weather", { city: "Łódź 🌧", unit: "celsius" }],
  ["call_p3", "get_time", { zone: "Asia/Tokyo" }],
];
export const RESULTS = "Paris: 21 °C. Oslo: unknown.";
export const WEATHER = {
  type: "object",
  properties: { city: { type: "string" }, unit: { type: "string" } },
  required: ["city"],
};
export const TIME = { type: "object", properties: { zone: { type: "string" } }, required: ["zone"] };

/** What a package of the folder that SDK_MODULES names exports by default. */
export async function load(name) {
  return (await namespace(name)).default;
}

/** All that a package of that folder exports. */
export function namespace(name) {
  const resolve = createRequire(path.join(path.resolve(process.env.SDK_MODULES), "x.js")).resolve;
  return import(pathToFileURL(resolve(name)));
}

/** Runs `holds`, which throws where something does not, and says what came of it. */
export async function check(name, holds) {
  try {
    await holds();
    console.log(`ok ${name}`);
  } catch (error) {
    process.exitCode = 1;
    console.error(`failed ${name}\n${error.stack}`);
  }
}

export function equal(actual, expected) {
  if (isDeepStrictEqual(actual, expected)) return;
  throw new Error(`expected ${JSON.stringify(expected)}, but got ${JSON.stringify(actual)}`);
}

/** The calls are those of `TOOLS`. An id may carry a provider's seal, which goes back with it. */
export function equalCalls(actual) {
  equal(actual.map(([id, ...rest], at) => [id.startsWith("planoseal") ? TOOLS[at]?.[0] : id, ...rest]), TOOLS);
}

/** The error of kind `kind` that `call` must raise. */
export async function raises(kind, call) {
  try {
    await call();
  } catch (error) {
    if (error instanceof kind) return error;
    throw error;
  }
  throw new Error(`no ${kind.name} was raised`);
}

export async function collect(stream) {
  const events = [];
  for await (const event of stream) events.push(event);
  return events;
}
