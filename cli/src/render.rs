//! `planoai render`: what other programs need in order to run the gateway.

mod envoy;
mod spin;

use std::path::{Path, PathBuf};

use brightstaff::configuration::Host as Runtime;

use crate::configuration;
use crate::failure::Failure;
use crate::output;

/// Where the Spin component lies once its configuration is in it.
pub(crate) const COMPONENT: &str = "target/spin/gateway.wasm";

/// Write what another program needs in order to run the gateway.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    planoai render envoy gateway.yaml -o envoy.yaml\n  \
    planoai render spin gateway.yaml -o spin.toml\n\n\
    Exit codes: 0 written; 1 it cannot be written; 78 the configuration is wrong.")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    host: Host,
}

#[derive(clap::Subcommand)]
enum Host {
    Envoy(EnvoyArguments),
    Spin(SpinArguments),
}

/// Write a bootstrap for Envoy: listeners, the filter, and a cluster for each provider. Secrets stay in Envoy's
/// environment.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    planoai render envoy gateway.yaml --filter envoy.wasm -o envoy.yaml\n  \
    envoy -c envoy.yaml\n\n\
    Exit codes: 0 written; 1 it cannot be written; 78 the configuration is wrong.")]
struct EnvoyArguments {
    /// The configuration; without one, ./config.yaml, ./plano_config.yaml, or the keys in the environment
    file: Option<PathBuf>,
    /// Where to write; standard output if left out
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The filter, as `cargo xtask build envoy` makes it
    #[arg(long, value_name = "WASM", default_value = "target/guests/envoy.wasm")]
    filter: PathBuf,
    /// Certificates of the authorities that providers are checked against, where the configuration names none
    #[arg(long, value_name = "PEM", default_value = "/etc/ssl/certs/ca-certificates.crt")]
    ca: PathBuf,
    /// A port on loopback for Envoy's administration; none if left out
    #[arg(long, value_name = "PORT")]
    admin: Option<u16>,
}

/// Write the manifest for `spin up`: its variables, and the hosts that the component may call.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    planoai render spin gateway.yaml -o spin.toml\n\n\
    Exit codes: 0 written; 1 it cannot be written; 78 the configuration is wrong.")]
struct SpinArguments {
    /// The configuration; without one, ./config.yaml, ./plano_config.yaml, or the keys in the environment
    file: Option<PathBuf>,
    /// Where to write; standard output if left out
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.host {
        Host::Envoy(arguments) => run_envoy(arguments),
        Host::Spin(arguments) => run_spin(arguments),
    }
}

fn run_spin(arguments: SpinArguments) -> Result<(), Failure> {
    let configuration = configuration::load_for(Runtime::Spin, arguments.file.as_deref())?;
    let manifest = spin::manifest(&configuration.loaded.compiled);
    output::write(arguments.output.as_deref(), manifest.as_bytes())
}

fn run_envoy(arguments: EnvoyArguments) -> Result<(), Failure> {
    let configuration = configuration::load_for(Runtime::Envoy, arguments.file.as_deref())?;
    configuration.notices(Runtime::Envoy).for_each(|notice| eprintln!("{notice}"));
    let compiled = &configuration.loaded.compiled;
    let ca = compiled.authorities.as_deref().map_or(arguments.ca.as_path(), Path::new);
    let options =
        envoy::Options { filter: absolute(&arguments.filter)?, ca: absolute(ca)?, admin: arguments.admin };
    let bootstrap = envoy::bootstrap(compiled, &options).map_err(Failure::configuration)?;
    output::write(arguments.output.as_deref(), format!("{bootstrap:#}\n").as_bytes())
}

/// Envoy may be started in another folder.
fn absolute(path: &Path) -> Result<String, Failure> {
    let failed = |why: String| Failure::new(format!("{}: {why}", path.display()));
    let path = std::path::absolute(path).map_err(|error| failed(error.to_string()))?;
    path.into_os_string().into_string().map_err(|_| failed("the path is not Unicode".to_owned()))
}
