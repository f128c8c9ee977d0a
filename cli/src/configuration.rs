//! Which configuration a command is about, and what it comes to.

use std::path::{Path, PathBuf};

use shared::dialect::{DIALECTS, Dialect};
use shared::gateway::{Compiled, CompiledProvider, Gateway, Listener, Serves};

use crate::failure::Failure;

/// Where a configuration is looked for where none is named, in this order.
const USUAL: [&str; 2] = ["config.yaml", "plano_config.yaml"];

/// The port for models where no configuration says another.
pub(crate) const USUAL_PORT: u16 = 12000;

/// A configuration that was found and makes sense.
pub(crate) struct Configuration {
    /// None for zero configuration.
    pub(crate) file: Option<PathBuf>,
    pub(crate) compiled: Compiled,
    /// What is configured and not served yet.
    pub(crate) notices: Vec<String>,
}

/// The file that is meant: the one that is named, else one in the usual places. One that is named must be there, for a
/// gateway that starts with another configuration than was meant is worse than one that does not start.
pub(crate) fn find(named: Option<&Path>) -> Result<Option<PathBuf>, Failure> {
    let Some(named) = named else {
        return Ok(USUAL.iter().map(PathBuf::from).find(|path| path.is_file()));
    };
    match named.is_file() {
        true => Ok(Some(named.to_owned())),
        false => Err(Failure::configuration(format!("there is no file {}", named.display()))),
    }
}

/// Reads a file, or makes the configuration that needs none.
pub(crate) fn load(file: Option<PathBuf>, listener_port: u16) -> Result<Configuration, Failure> {
    let compiled = match &file {
        Some(file) => read(file)?,
        None => without_file(listener_port, |name| variable(name).is_some()),
    };
    Ok(Configuration { file, compiled, notices: Vec::new() })
}

impl Configuration {
    /// Fills the secrets in from the environment.
    pub(crate) fn open(&self) -> Result<Gateway, Failure> {
        self.compiled.clone().open(variable).map_err(|flaws| {
            let flaws = flaws.iter().map(|flaw| format!("\n  {flaw}")).collect::<String>();
            Failure::configuration(format!("the configuration cannot be used:{flaws}"))
        })
    }
}

/// The variables that zero configuration looks for.
pub(crate) fn key_variables() -> impl Iterator<Item = &'static str> {
    DIALECTS.iter().filter(|dialect| is_ready(dialect)).filter_map(|dialect| dialect.key)
}

fn read(file: &Path) -> Result<Compiled, Failure> {
    let failed = |why: String| Failure::configuration(format!("{}: {why}", file.display()));
    let text = std::fs::read(file).map_err(|error| failed(error.to_string()))?;
    serde_json::from_slice(&text).map_err(|error| failed(error.to_string()))
}

/// Every provider whose key is there; the built-in model where there is none.
fn without_file(port: u16, has: impl Fn(&str) -> bool) -> Compiled {
    let keyed = DIALECTS.iter().filter(|dialect| is_ready(dialect) && dialect.key.is_some_and(&has));
    let mut providers: Vec<_> = keyed.map(CompiledProvider::usual).collect();
    if providers.is_empty() {
        providers.extend(Dialect::named("demo").map(demo));
    }
    let listener = Listener { port, ..Listener::model() };
    Compiled { listeners: vec![listener], ..Compiled::new(providers) }
}

fn is_ready(dialect: &Dialect) -> bool {
    dialect.base.is_some() && !dialect.apis.is_empty()
}

fn demo(dialect: &'static Dialect) -> CompiledProvider {
    let serves = Serves::Exact("echo".to_owned());
    CompiledProvider {
        name: "demo/echo".to_owned(),
        serves,
        default: true,
        ..CompiledProvider::usual(dialect)
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}
