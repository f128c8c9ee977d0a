//! `planoai compile`: the final form of a configuration, which guests have built in.

use std::path::PathBuf;

use crate::configuration;
use crate::failure::Failure;
use crate::output;

/// Write the final form of a configuration, which guests have built in
///
/// It is JSON, checked, with the names of secrets in it and not the secrets.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    planoai compile gateway.yaml -o edge/worker/gateway.json\n  \
    planoai compile gateway.yaml | jq .providers\n\n\
    Exit codes: 0 written; 1 it cannot be written; 78 the configuration is wrong.")]
pub(crate) struct Arguments {
    /// The configuration; without one, ./config.yaml, ./plano_config.yaml, or the keys in the environment
    file: Option<PathBuf>,
    /// Where to write; standard output if left out
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    let configuration = configuration::load(arguments.file.as_deref())?;
    let mut json = serde_json::to_vec_pretty(&configuration.loaded.compiled)
        .map_err(|error| Failure::new(format!("the configuration cannot be written: {error}")))?;
    json.push(b'\n');
    output::write(arguments.output.as_deref(), &json)
}
