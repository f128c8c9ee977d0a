//! `planoai build`: puts a configuration into a guest.

use std::fs;
use std::path::{Path, PathBuf};

use brightstaff::configuration::Host;

use crate::configuration;
use crate::embed;
use crate::failure::Failure;
use crate::output;

/// Put a configuration into a guest: checked and final, with the names of secrets in it and not the secrets.
///
/// The guests themselves are built by `cargo xtask build worker` and `cargo xtask build spin`, which do this as well for
/// the file that PLANO_CONFIG names.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    planoai build worker gateway.yaml\n  \
    planoai build spin gateway.yaml && planoai render spin gateway.yaml -o spin.toml\n\n\
    Exit codes: 0 built; 1 a file cannot be read or written; 78 the configuration is wrong.")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    guest: Guest,
}

#[derive(clap::Subcommand)]
enum Guest {
    /// The Worker: writes the compiled configuration where wrangler bundles it
    #[command(after_help = "Examples:\n  \
        planoai build worker gateway.yaml && npx wrangler dev\n\n\
        Exit codes: 0 built; 1 a file cannot be written; 78 the configuration is wrong.")]
    Worker {
        /// The configuration; without one, ./config.yaml, ./plano_config.yaml, or the keys in the environment
        file: Option<PathBuf>,
        /// Where to write
        #[arg(short, long, value_name = "FILE", default_value = "edge/worker/build/gateway.txt")]
        output: PathBuf,
    },
    /// The Spin component: writes a copy of the module with the configuration in it
    #[command(after_help = "Examples:\n  \
        planoai build spin gateway.yaml && planoai render spin gateway.yaml -o spin.toml && spin up\n\n\
        Exit codes: 0 built; 1 a file cannot be read or written; 78 the configuration is wrong.")]
    Spin {
        /// The configuration; without one, ./config.yaml, ./plano_config.yaml, or the keys in the environment
        file: Option<PathBuf>,
        /// The module as it was built
        #[arg(long, value_name = "FILE", default_value = "target/guests/spin.wasm")]
        module: PathBuf,
        /// Where to write
        #[arg(short, long, value_name = "FILE", default_value = crate::render::COMPONENT)]
        output: PathBuf,
    },
}

pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.guest {
        Guest::Worker { file, output } => write(&output, &compiled(Host::Worker, file.as_deref())?),
        Guest::Spin { file, module, output } => {
            let configuration = compiled(Host::Spin, file.as_deref())?;
            let bytes = fs::read(&module).map_err(|error| {
                let hint = "build it with `cargo xtask build spin`, or name it with --module";
                Failure::new(format!("{}: {error}; {hint}", module.display()))
            })?;
            write(&output, &embed::put(&bytes, &configuration).map_err(Failure::new)?)
        }
    }
}

/// A configuration in its final form, as small as it goes.
fn compiled(host: Host, file: Option<&Path>) -> Result<Vec<u8>, Failure> {
    let configuration = configuration::load_for(host, file)?;
    serde_json::to_vec(&configuration.loaded.compiled)
        .map_err(|error| Failure::new(format!("the configuration cannot be written: {error}")))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder
        .map_or(Ok(()), fs::create_dir_all)
        .map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
    output::write(Some(path), bytes)?;
    output::print(format!("{} is written\n", path.display()).as_bytes())
}
