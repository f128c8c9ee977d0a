//! Envoy with the filter: `planoai render envoy FILE`, then `envoy -c`.

use std::process::Command;

use serde_json::Value;

use super::{Place, run, with_keys};
use crate::process::Process;
use crate::tools::{self, tool};

pub(super) fn start(place: &Place<'_>, change: impl Fn(&mut Value)) -> Process {
    let filter = tool("PLANO_FILTER_WASM").expect("checked before the start");
    let mut render = Command::new(tools::planoai());
    render.args(["render", "envoy"]).arg(place.file).arg("--filter").arg(filter);
    let mut rendered: Value =
        serde_json::from_str(&run(with_keys(&mut render))).expect("a bootstrap is JSON");
    change(&mut rendered);
    let bootstrap = place.folder.join("envoy.yaml");
    std::fs::write(&bootstrap, rendered.to_string()).expect("a temporary file can be written");
    let mut envoy = Command::new(tool("PLANO_ENVOY").expect("checked before the start"));
    envoy.arg("-c").arg(bootstrap).args([
        "--concurrency",
        "1",
        "--use-dynamic-base-id",
        "--log-level",
        "warn",
    ]);
    envoy.env("RUST_BACKTRACE", "0").current_dir(place.folder);
    Process::start("envoy", with_keys(&mut envoy), place.folder).expect("Envoy can be started")
}
