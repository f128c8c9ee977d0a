//! The native host: `planoai up --foreground FILE`.

use std::process::Command;

use super::{Place, with_keys};
use crate::process::Process;
use crate::tools;

pub(super) fn start(place: &Place<'_>) -> Process {
    let mut command = Command::new(tools::planoai());
    command.args(["up", "--foreground"]).arg(place.file).current_dir(place.folder);
    Process::start("planoai", with_keys(&mut command), place.folder).expect("planoai can be started")
}
