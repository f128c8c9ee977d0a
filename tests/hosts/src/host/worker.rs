//! The Worker in workerd: `wrangler dev` with the repository's own `wrangler.toml`.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{Place, free_port, run};
use crate::configuration::FAMILIES;
use crate::process::Process;
use crate::tools::{planoai, root, tool};

pub(super) fn start(place: &Place<'_>) -> Process {
    lay_out(place.folder);
    let compiled = place.folder.join("edge/worker/build/gateway.txt");
    run(Command::new(planoai()).args(["build", "worker"]).arg(place.file).arg("-o").arg(compiled));
    let secrets: String =
        FAMILIES.iter().map(|family| format!("{}={}\n", family.key.0, family.key.1)).collect();
    fs::write(place.folder.join(".dev.vars"), secrets).expect("the temporary folder can be written to");
    let mut command = Command::new(tool("PLANO_NODE").expect("there is a node"));
    command
        .arg(tool("PLANO_WRANGLER").expect("there is a wrangler"))
        .args(["dev", "--ip", "127.0.0.1", "--port", &place.port.to_string()])
        .args(["--inspector-port", &free_port().to_string()])
        // Wrangler otherwise looks for its network, and asks whoever sits before it.
        .envs([("CLOUDFLARE_CF_FETCH_ENABLED", "false"), ("WRANGLER_SEND_METRICS", "false"), ("CI", "1")])
        .current_dir(place.folder);
    Process::start("wrangler", &mut command, place.folder).expect("wrangler can be started")
}

/// Puts what `wrangler.toml` names beside a copy of it, without the step that builds it: that was done.
fn lay_out(folder: &Path) {
    let built = folder.join("edge/worker/build");
    fs::create_dir_all(&built).expect("the temporary folder can be written to");
    let text = fs::read_to_string(root().join("wrangler.toml")).expect("the repository has a wrangler.toml");
    let without_build = text.split("[build]").next().unwrap_or_default();
    let rules = text.find("[[rules]]").and_then(|at| text.get(at..)).unwrap_or_default();
    fs::write(folder.join("wrangler.toml"), format!("{without_build}{rules}")).expect("it can be written");
    let worker = root().join("edge/worker");
    copy(&worker.join("shim.mjs"), &folder.join("edge/worker/shim.mjs"));
    let guest = tool("PLANO_WORKER_DIR").expect("the Worker has been built");
    for file in ["index_bg.js", "index_bg.wasm"] {
        copy(&guest.join(file), &built.join(file));
    }
}

fn copy(from: &Path, to: &Path) {
    fs::copy(from, to).unwrap_or_else(|error| panic!("{} to {}: {error}", from.display(), to.display()));
}
