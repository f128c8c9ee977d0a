// The module that Workers load: joins the compiled gateway, its JavaScript half and the compiled configuration.
import * as glue from "./build/index_bg.js";
import module from "./build/index_bg.wasm";
import compiled from "./build/gateway.txt";

const instance = new WebAssembly.Instance(module, { "./index_bg.js": glue });
glue.__wbg_set_wasm(instance.exports);
instance.exports.__wbindgen_start?.();
glue.configure(compiled);

export default {
  fetch: (request, env, context) => glue.fetch(request, env, context),
};
