//! The Worker in workerd: `wrangler dev`.

use super::Place;
use crate::process::Process;

pub(super) fn start(_place: &Place<'_>) -> Process {
    panic!("the Worker is not there yet")
}
