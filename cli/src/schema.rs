//! `planoai schema`: the JSON Schema of configurations.

use crate::failure::Failure;
use crate::output;

/// Print the JSON Schema of configurations, for editors.
#[derive(clap::Args)]
#[command(after_help = "Example, with a comment for editors that use yaml-language-server:\n  \
    planoai schema > plano.schema.json\n  \
    # yaml-language-server: $schema=plano.schema.json\n\n\
    Exit codes: 0 printed; 1 it cannot be.")]
pub(crate) struct Arguments {}

pub(crate) fn run(_: Arguments) -> Result<(), Failure> {
    output::print(format!("{:#}\n", brightstaff::configuration::schema()).as_bytes())
}
