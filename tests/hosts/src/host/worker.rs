//! The Worker in workerd: `wrangler dev` in a copy of what the repository's `wrangler.toml` names.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{Place, free_port, run};
use crate::configuration::FAMILIES;
use crate::process::Process;
use crate::tools::{self, tool};

/// The module that wrangler is told to run is changed before.
pub(super) fn start(place: &Place<'_>, change: impl Fn(String) -> String) -> Process {
    let edge = place.folder.join("edge/worker");
    copy(&tool("PLANO_WORKER_DIR").expect("checked before the start"), &edge.join("build"));
    for module in ["shim.mjs", "platform.mjs"] {
        let own = tools::root().join("edge/worker").join(module);
        fs::copy(own, edge.join(module)).expect("the Worker's own modules can be copied");
    }
    let shim = edge.join("shim.mjs");
    let changed = change(fs::read_to_string(&shim).expect("the shim was copied"));
    fs::write(shim, changed).expect("a temporary file can be written");
    fs::write(place.folder.join("wrangler.toml"), manifest()).expect("a temporary file can be written");
    fs::write(place.folder.join(".dev.vars"), secrets()).expect("a temporary file can be written");
    let mut build = Command::new(tools::planoai());
    build.args(["build", "worker"]).arg(place.file).arg("--output").arg(edge.join("build/gateway.txt"));
    run(&mut build);
    let mut wrangler = Command::new(tool("PLANO_WRANGLER").expect("checked before the start"));
    wrangler.args(["dev", "--ip", "127.0.0.1", "--show-interactive-dev-session=false"]);
    wrangler.arg("--port").arg(place.port.to_string()).arg("--inspector-port").arg(free_port().to_string());
    wrangler.env("CLOUDFLARE_CF_FETCH_ENABLED", "false").env("WRANGLER_SEND_METRICS", "false").env("CI", "1");
    wrangler.current_dir(place.folder);
    Process::start("wrangler", &mut wrangler, place.folder).expect("wrangler can be started")
}

/// The repository's own manifest but for the build, which has been done.
fn manifest() -> String {
    let manifest = fs::read_to_string(tools::root().join("wrangler.toml")).expect("wrangler.toml is there");
    let tables = manifest.split_inclusive("\n\n");
    tables.filter(|table| !table.trim_start().starts_with("[build]")).collect()
}

/// The keys as wrangler reads them beside the manifest.
fn secrets() -> String {
    FAMILIES.iter().map(|family| format!("{}={}\n", family.key.0, family.key.1)).collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("the temporary folder can be written to");
    for entry in fs::read_dir(from).expect("the built Worker is there") {
        let entry = entry.expect("a folder can be listed");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("the built Worker can be copied");
        }
    }
}
