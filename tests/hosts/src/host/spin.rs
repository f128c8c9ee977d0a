//! The Spin component: in `spin up` where there is a `spin`, else in the small host of `tests/spin-host`.

use std::path::Path;
use std::process::Command;

use super::{Place, run, with_keys};
use crate::configuration::FAMILIES;
use crate::process::Process;
use crate::tools::{planoai, tool};

pub(super) fn start(place: &Place<'_>) -> Process {
    let component = place.folder.join("target/spin/gateway.wasm");
    let manifest = place.folder.join("spin.toml");
    let module = tool("PLANO_SPIN_WASM").expect("the component has been built");
    run(Command::new(planoai())
        .args(["build", "spin"])
        .arg(place.file)
        .arg("--module")
        .arg(module)
        .arg("-o")
        .arg(&component));
    run(Command::new(planoai()).args(["render", "spin"]).arg(place.file).arg("-o").arg(&manifest));
    let mut command = match tool("PLANO_SPIN") {
        Some(spin) => spin_up(&spin, place.port),
        None => small_host(&component, &manifest, place.port),
    };
    Process::start("spin", command.current_dir(place.folder), place.folder)
        .expect("the Spin host can be started")
}

fn spin_up(spin: &Path, port: u16) -> Command {
    let mut command = Command::new(spin);
    command.args(["up", "--listen", &format!("127.0.0.1:{port}")]);
    for family in &FAMILIES {
        let (name, value) = family.key;
        command.env(format!("SPIN_VARIABLE_{name}"), value);
    }
    command
}

/// The small host, allowed what the manifest allows.
fn small_host(component: &Path, manifest: &Path, port: u16) -> Command {
    let mut command = Command::new(tool("PLANO_SPIN_HOST").expect("the small host has been built"));
    command.arg("--component").arg(component).args(["--listen", &format!("127.0.0.1:{port}")]);
    for family in &FAMILIES {
        let (name, value) = family.key;
        command.args(["--variable", &format!("{}={value}", name.to_ascii_lowercase())]);
    }
    for origin in allowed(&std::fs::read_to_string(manifest).expect("the manifest was written")) {
        command.args(["--allow-outbound", &origin]);
    }
    with_keys(&mut command);
    command
}

/// The values of `allowed_outbound_hosts`.
fn allowed(manifest: &str) -> Vec<String> {
    let line = manifest.lines().find_map(|line| line.strip_prefix("allowed_outbound_hosts = "));
    serde_json::from_str(line.expect("the manifest says what may be called")).expect("an array of strings")
}
