//! Who may depend on whom, proved with the graph that cargo builds from.

use std::fs;

use crate::process::{cargo, command, quietly};
use crate::{Done, tree};

/// A crate's folder, and what must not be in its graph: folders of this repository, or names of crates.
struct Layer {
    folder: &'static str,
    forbidden: &'static [&'static [&'static str]],
}

const HOSTS: [&str; 4] = ["brightstaff", "edge/worker", "edge/spin", "envoy-filters"];

/// Executors: the core is polled by whatever runs it.
const EXECUTORS: &[&str] = &["tokio", "async-std", "smol"];
/// Network stacks: the core and the guests call through their hosts. `mio` is what makes tokio one.
const NETWORK: &[&str] = &["mio", "hyper", "hyper-util", "reqwest", "axum", "rustls"];
/// Bindings of the guests' hosts; through them a host's import would get into the core's wasm.
const BINDINGS: &[&str] =
    &["wasm-bindgen", "js-sys", "spin-sdk", "wit-bindgen", "wasip3", "proxy-wasm", "wasmtime", "getrandom"];
/// YAML is read where there is a file; guests get the compiled form.
const YAML: &[&str] = &["serde-saphyr", "serde_yaml", "serde_yaml_ng", "serde_norway", "yaml-rust2"];

/// Tables of tokens: megabytes that no guest can carry.
const TOKENS: &[&str] = &["bpe", "bpe-openai", "tiktoken-rs"];

const LAYERS: [Layer; 5] = [
    Layer { folder: "shared", forbidden: &[EXECUTORS, NETWORK, BINDINGS, YAML, TOKENS, &HOSTS] },
    Layer {
        folder: "envoy-filters",
        forbidden: &[EXECUTORS, NETWORK, YAML, TOKENS, &["brightstaff", "edge/worker", "edge/spin"]],
    },
    Layer {
        folder: "edge/worker",
        forbidden: &[EXECUTORS, NETWORK, YAML, TOKENS, &["brightstaff", "edge/spin", "envoy-filters"]],
    },
    Layer {
        folder: "edge/spin",
        forbidden: &[EXECUTORS, NETWORK, YAML, TOKENS, &["brightstaff", "edge/worker", "envoy-filters"]],
    },
    Layer {
        folder: "brightstaff",
        forbidden: &[BINDINGS_OF_GUESTS, &["edge/worker", "edge/spin", "envoy-filters"]],
    },
];

/// The native host draws random numbers from the system, so `getrandom` is its own.
const BINDINGS_OF_GUESTS: &[&str] = &["wasm-bindgen", "spin-sdk", "proxy-wasm", "wasmtime"];

/// Proves every layer, and that the core asks neither which target nor which machine it is built for.
pub(crate) fn check() -> Done<String> {
    let mut wrong = Vec::new();
    for layer in &LAYERS {
        wrong.extend(layer.intruders()?.into_iter().map(|name| format!("{} links {name}", layer.folder)));
    }
    wrong.extend(conditions_in_core()?);
    if wrong.is_empty() { Ok(format!("{} graphs", LAYERS.len())) } else { Err(wrong.join("\n")) }
}

impl Layer {
    fn intruders(&self) -> Done<Vec<&'static str>> {
        let manifest = tree::path(self.folder).join("Cargo.toml");
        let line = "tree --all-features --edges normal --target all --prefix none --manifest-path";
        let graph = quietly(cargo(line).arg(manifest))?;
        let names = self.forbidden.iter().copied().flatten();
        Ok(names.copied().filter(|name| graph.lines().any(|package| is(package, name))).collect())
    }
}

/// Whether a line of the graph, `name vVERSION (/FOLDER)`, is the crate that a name or a folder of ours stands for.
fn is(package: &str, name: &str) -> bool {
    let ours = format!("({})", tree::path(name).display());
    package.split(' ').next() == Some(name) || package.ends_with(&ours)
}

/// Lines of the core that depend on the target. A host is a crate, not a condition.
fn conditions_in_core() -> Done<Vec<String>> {
    let files = quietly(&mut command(
        "git",
        ["ls-files", "--cached", "--others", "--exclude-standard", "shared/src"],
    ))?;
    let conditional =
        |text: String| text.lines().any(|line| line.contains("cfg(target") || line.contains("cfg!(target"));
    let found = files.lines().filter(|file| fs::read_to_string(tree::path(file)).is_ok_and(conditional));
    Ok(found.map(|file| format!("{file} asks for the target (`cfg(target…)`)")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_is_known_by_its_name_and_ours_by_their_folder() {
        let ours = format!("plano-worker v0.1.0 ({})", tree::path("edge/worker").display());
        assert!(is("tokio v1.54.0", "tokio") && is(&ours, "edge/worker"));
        assert!(!is("tokio-util v0.7.0", "tokio") && !is(&ours, "edge/spin"));
    }
}
