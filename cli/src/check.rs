//! `planoai check`: everything that is wrong with a configuration, and everything of it that is not served.

use std::path::PathBuf;

use brightstaff::configuration::Host;

use crate::configuration::{self, Configuration};
use crate::failure::Failure;
use crate::output;

/// Say everything that is wrong with a configuration, and what of it a host does not serve
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    planoai check gateway.yaml\n  \
    planoai check gateway.yaml --host worker\n\n\
    Exit codes: 0 it can be used; 78 it cannot.")]
pub(crate) struct Arguments {
    /// The configuration; without one, ./config.yaml, ./plano_config.yaml, or the keys in the environment
    file: Option<PathBuf>,
    /// Where it is to run: native, envoy, worker or spin
    #[arg(long, default_value = "native")]
    host: Host,
}

pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    let configuration = configuration::load_for(arguments.host, arguments.file.as_deref())?;
    let unset = configuration.loaded.unset.iter();
    let unset = unset.map(|problem| format!("notice: {problem}; it must be where the gateway runs"));
    let summary = format!("{}: {}", configuration.name(), summary(&configuration));
    let lines = configuration.notices(arguments.host).chain(unset).chain([summary]);
    output::print(lines.map(|line| line + "\n").collect::<String>().as_bytes())
}

fn summary(configuration: &Configuration) -> String {
    let compiled = &configuration.loaded.compiled;
    let (providers, aliases) = (compiled.providers.len(), compiled.aliases.len());
    format!(
        "can be used: {}, {}",
        several(providers, "model entry", "model entries"),
        several(aliases, "alias", "aliases")
    )
}

fn several(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
