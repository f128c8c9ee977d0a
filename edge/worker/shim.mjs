// The module that Workers load: joins the compiled gateway, its JavaScript half and the compiled configuration.
import * as gateway from "./build/index_bg.js";
import module from "./build/index_bg.wasm";
import compiled from "./build/gateway.txt";
import * as platform from "./platform.mjs";

const imports = { "./index_bg.js": gateway, "../platform.mjs": platform };
const instance = new WebAssembly.Instance(module, imports);
gateway.__wbg_set_wasm(instance.exports);
instance.exports.__wbindgen_start?.();
platform.guard(instance.exports.__stack_pointer);
gateway.configure(compiled);

export default { fetch: platform.answer };
