//! Which of Envoy's callbacks the filter takes.
//!
//! The SDK exports one of each kind, and Envoy calls all that it finds: for every piece that passes it would enter the
//! virtual machine to learn that nothing is to be done. What is not listed here is taken out of the module.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::process::{command, quietly};
use crate::{Done, tree};

/// The callbacks for which the filter has code, by their names in the ABI.
/// <https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1>
const TAKEN: [&str; 11] = [
    "proxy_on_configure",
    "proxy_on_downstream_data",
    "proxy_on_http_call_response",
    "proxy_on_request_body",
    "proxy_on_request_headers",
    "proxy_on_request_trailers",
    "proxy_on_response_body",
    "proxy_on_response_headers",
    "proxy_on_response_trailers",
    "proxy_on_tick",
    "proxy_on_vm_start",
];

/// What Envoy needs besides: memory, the module's start, the life of contexts.
const NEEDED: [&str; 6] = [
    "_initialize",
    "memory",
    "proxy_abi_version_0_2_1",
    "proxy_on_context_create",
    "proxy_on_delete",
    "proxy_on_memory_allocate",
];

/// Writes `built` without the callbacks that the filter does not take, and without what only they need.
pub(crate) fn prune(built: &Path, module: &Path) -> Done {
    let graph = module.with_extension("exports.json");
    fs::write(&graph, exports().to_string()).map_err(|why| format!("{}: {why}", graph.display()))?;
    let mut prune = command(tree::node("wasm-metadce"), [built]);
    quietly(prune.arg("--graph-file").arg(graph).arg("--output").arg(module)).map(drop)
}

/// The exports that stay, as the graph that wasm-metadce wants: one node outside, and what it reaches.
/// <https://github.com/WebAssembly/binaryen/blob/main/src/tools/wasm-metadce.cpp>
fn exports() -> Value {
    let names = || TAKEN.iter().chain(&NEEDED);
    let outside = json!({ "name": "Envoy", "root": true, "reaches": names().collect::<Vec<_>>() });
    let exports = names().map(|name| json!({ "name": name, "export": name }));
    [outside].into_iter().chain(exports).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The SDK's names for HTTP's callbacks say `http`; the ABI's do not, but for the one of side calls.
    fn export(method: &str) -> String {
        let method = method.replacen("on_http_re", "on_re", 1);
        format!("proxy_{method}")
    }

    #[test]
    fn callbacks_with_code_are_taken() {
        let folder = tree::path("envoy-filters/src");
        let files =
            ["root.rs", "stream.rs", "closing.rs"].map(|file| fs::read_to_string(folder.join(file)).unwrap());
        let methods: Vec<_> = files.iter().flat_map(|file| file.split("\n    fn on_").skip(1)).collect();
        let names = methods.iter().filter_map(|rest| rest.split('(').next()).map(|name| format!("on_{name}"));
        let exports: Vec<_> = names.map(|name| export(&name)).collect();
        assert!(exports.len() >= TAKEN.len() - 1, "{exports:?}");
        assert_eq!(exports.iter().find(|name| !TAKEN.contains(&name.as_str())), None);
    }
}
