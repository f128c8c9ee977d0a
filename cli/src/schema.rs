//! `planoai schema`: the JSON Schema of configurations.

use std::io::{self, Write};

use crate::failure::Failure;

/// Print the JSON Schema of configurations, for editors.
#[derive(clap::Args)]
#[command(after_help = "Example, with a comment for editors that use yaml-language-server:\n  \
    planoai schema > plano.schema.json\n  \
    # yaml-language-server: $schema=plano.schema.json\n\n\
    Exit codes: 0 printed; 1 it cannot be.")]
pub(crate) struct Arguments {}

pub(crate) fn run(_: Arguments) -> Result<(), Failure> {
    writeln!(io::stdout(), "{:#}", brightstaff::configuration::schema())
        .map_err(|error| Failure::new(format!("the schema cannot be printed: {error}")))
}
