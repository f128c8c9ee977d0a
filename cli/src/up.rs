//! `planoai up`: starts the gateway.

mod background;
mod banner;
mod foreground;
mod open_files;

use std::path::PathBuf;
use std::time::Duration;

use crate::configuration::{self, Configuration};
use crate::failure::Failure;

/// A day, in seconds: whoever wants more wants no end.
const LONGEST_DRAIN: u64 = 24 * 60 * 60;

/// Start the gateway
///
/// Without FILE: ./config.yaml or ./plano_config.yaml where there is one, else every provider whose
/// key is in the environment (OPENAI_API_KEY, ANTHROPIC_API_KEY, …), else a built-in model that echoes.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    planoai up                        in the background, with the keys in the environment\n  \
    planoai up gateway.yaml           with a configuration\n  \
    planoai up gateway.yaml --foreground    for systemd, Docker or a terminal; SIGTERM drains it\n\n\
    Environment:\n  \
    BIND_ADDRESS          where brightstaff's API listens [127.0.0.1:9091]\n  \
    PLANO_BACKEND_TOKEN   what its callers must send as a bearer token; off loopback there must be one\n  \
    PLANO_HOME            where the log and the process id are [~/.local/state/planoai]\n  \
    RUST_LOG              what is logged: `info`, `warn,report=info` [info]\n\n\
    Exit codes: 0 it answers (with --foreground: it was told to stop, and did); 1 it does not start; 78 the configuration is wrong.")]
pub(crate) struct Arguments {
    /// The configuration
    file: Option<PathBuf>,
    /// Stay in the foreground, and log to standard error
    #[arg(long)]
    foreground: bool,
    /// The port for models where there is no configuration [default: 12000]; 0 takes a free one
    #[arg(long, value_name = "PORT")]
    listener_port: Option<u16>,
    /// How many seconds open requests get once it is told to stop
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(..=LONGEST_DRAIN))]
    drain: u64,
    /// Where the process in the background leaves its state
    #[arg(long, hide = true)]
    state: Option<PathBuf>,
}

pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.foreground {
        true => foreground::run(arguments).await,
        false => background::run(arguments).await,
    }
}

impl Arguments {
    fn configuration(&self) -> Result<Configuration, Failure> {
        let mut configuration = configuration::load(self.file.as_deref())?;
        if let Some(port) = self.listener_port {
            configuration.listen_on(port)?;
        }
        Ok(configuration)
    }

    fn drain(&self) -> Duration {
        Duration::from_secs(self.drain)
    }
}
