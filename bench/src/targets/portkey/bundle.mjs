// node bundle.mjs ESBUILD PORTKEY OUTPUT: makes one module for workerd of Portkey's package.
import { pathToFileURL, fileURLToPath } from "node:url";

const [esbuild, portkey, outfile] = process.argv.slice(2);
const { build } = await import(pathToFileURL(esbuild).href);
const beside = (name) => fileURLToPath(new URL(name, import.meta.url));

const ABSENT = ["@hono/node-server", "@hono/node-ws", "ioredis", "ws", "fs", "fs/promises", "https", "path", "url"];

// What workerd has of Node itself, whether a package imports or requires it.
const present = {
  name: "present",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?(assert|buffer|crypto|events|stream|util|zlib)$/ }, ({ path, namespace }) => {
      const name = path.replace("node:", "");
      return namespace === "present" ? { path: `node:${name}`, external: true } : { path: name, namespace: "present" };
    });
    onLoad({ filter: /./, namespace: "present" }, ({ path }) => ({
      contents: `export * from "node:${path}"; export { default } from "node:${path}";`,
    }));
  },
};

await build({
  entryPoints: [beside("worker.mjs")],
  outfile,
  bundle: true,
  minify: true,
  format: "esm",
  platform: "neutral",
  target: "es2022",
  conditions: ["workerd", "worker", "browser"],
  mainFields: ["module", "main"],
  inject: [beside("process.mjs")],
  alias: { portkey, ...Object.fromEntries(ABSENT.map((name) => [name, beside("node.mjs")])) },
  plugins: [present],
});
