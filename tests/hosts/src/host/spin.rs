//! The Spin component: in `spin up` where there is a `spin`, else in the small host of `tests/spin-host`.

use std::path::Path;
use std::process::Command;

use super::{Place, run};
use crate::configuration::FAMILIES;
use crate::process::Process;
use crate::tools::{self, tool};

pub(super) fn start(place: &Place<'_>) -> Process {
    // Where the manifest says that it is.
    let component = place.folder.join("target/spin/gateway.wasm");
    let mut build = Command::new(tools::planoai());
    build.args(["build", "spin"]).arg(place.file).arg("--output").arg(&component);
    run(build.arg("--module").arg(tool("PLANO_SPIN_WASM").expect("checked before the start")));
    let (name, mut command) = match tool("PLANO_SPIN") {
        Some(spin) => ("spin", in_spin(&spin, place)),
        None => ("spin-host", in_small_host(&component, place)),
    };
    Process::start(name, command.current_dir(place.folder), place.folder)
        .expect("the Spin host can be started")
}

fn in_spin(spin: &Path, place: &Place<'_>) -> Command {
    let manifest = place.folder.join("spin.toml");
    let mut render = Command::new(tools::planoai());
    render.args(["render", "spin"]).arg(place.file).arg("--output").arg(&manifest);
    run(&mut render);
    let mut command = Command::new(spin);
    command.args(["up", "--listen", &format!("127.0.0.1:{}", place.port), "--from"]).arg(manifest);
    command.envs(FAMILIES.iter().map(|family| (format!("SPIN_VARIABLE_{}", family.key.0), family.key.1)));
    command
}

fn in_small_host(component: &Path, place: &Place<'_>) -> Command {
    let mut command = Command::new(tool("PLANO_SPIN_HOST").expect("checked before the start"));
    command.arg("--component").arg(component).args(["--listen", &format!("127.0.0.1:{}", place.port)]);
    for family in &FAMILIES {
        command.args(["--variable", &format!("{}={}", family.key.0.to_lowercase(), family.key.1)]);
    }
    command.args(["--allow-outbound", &format!("http://{}", place.provider)]);
    command
}
