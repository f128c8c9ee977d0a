//! The native host: `planoai up --foreground FILE`.

use std::process::Command;

use super::{Place, free_port, with_keys};
use crate::process::Process;
use crate::tools;

pub(super) fn start(place: &Place<'_>) -> Process {
    let mut command = Command::new(tools::planoai());
    command.args(["up", "--foreground"]).arg(place.file).current_dir(place.folder);
    command.env("BIND_ADDRESS", format!("127.0.0.1:{}", free_port()));
    Process::start("planoai", with_keys(&mut command), place.folder).expect("planoai can be started")
}
