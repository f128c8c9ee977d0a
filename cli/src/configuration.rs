//! Which configuration a command is about, and what it comes to.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use brightstaff::accounts::{self, Environment};
use brightstaff::configuration::{self, Code, Host, Loaded, Problem, Problems};
use shared::gateway::Gateway;

use crate::failure::Failure;

/// Where a configuration is looked for where none is named, in this order.
const USUAL: [&str; 2] = ["config.yaml", "plano_config.yaml"];

/// A configuration that was found and makes sense.
pub(crate) struct Configuration {
    /// None for zero configuration.
    pub(crate) file: Option<PathBuf>,
    pub(crate) loaded: Loaded,
}

/// Reads the file that is named, else one in the usual places, else makes the configuration that needs no file.
pub(crate) fn read(named: Option<&Path>) -> Result<Configuration, Problems> {
    let file = find(named).map_err(|problem| Problems(vec![problem]))?;
    let loaded = match &file {
        Some(file) => configuration::read(file)?,
        None => configuration::zero(variable),
    };
    Ok(Configuration { file, loaded })
}

/// The same for a command that ends where it is wrong.
pub(crate) fn load(named: Option<&Path>) -> Result<Configuration, Failure> {
    read(named).map_err(|problems| Failure::configuration(problems.to_string()))
}

/// The same for a gateway that runs on `host`, which must be able to start with it.
pub(crate) fn load_for(host: Host, named: Option<&Path>) -> Result<Configuration, Failure> {
    let configuration = load(named)?;
    match configuration.loaded.refused_on(host) {
        [] => Ok(configuration),
        refused => Err(Failure::configuration(lines(refused))),
    }
}

/// A file that is named must be there: a gateway that starts with another configuration than was meant is worse than
/// one that does not start.
fn find(named: Option<&Path>) -> Result<Option<PathBuf>, Problem> {
    let Some(named) = named else {
        return Ok(USUAL.iter().map(PathBuf::from).find(|path| path.is_file()));
    };
    let name = named.display().to_string();
    let refused = |why: String| Err(Problem::of_no_line(&name, Code::Unreadable, why));
    match named.metadata() {
        Ok(found) if found.is_dir() => refused(format!("{name} is a folder: name the file")),
        Ok(_) => Ok(Some(named.to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => refused(format!("there is no file {name}")),
        Err(error) => refused(format!("{name} cannot be read: {error}")),
    }
}

impl Configuration {
    /// What it is called.
    pub(crate) fn name(&self) -> String {
        let file = self.file.as_ref().map(|file| file.display().to_string());
        file.unwrap_or_else(|| "the keys in the environment".to_owned())
    }

    /// Listens on `port` for models, where there is no file that says so.
    pub(crate) fn listen_on(&mut self, port: u16) -> Result<(), Failure> {
        if let Some(file) = &self.file {
            let message = format!("{} says the port: leave --listener-port out", file.display());
            return Err(Failure::configuration(message));
        }
        self.loaded.compiled.listeners.iter_mut().for_each(|listener| listener.port = port);
        Ok(())
    }

    /// Fills the secrets in from the environment. Only what is served must have its secrets.
    pub(crate) fn open(&self) -> Result<Gateway, Failure> {
        let compiled = self.loaded.compiled.clone();
        accounts::check(&compiled, &Environment::default())
            .map_err(|missing| Failure::configuration(lines(&missing)))?;
        compiled.open_lending(variable).map_err(|flaws| {
            let unset = &self.loaded.unset;
            Failure::configuration(if unset.is_empty() { lines(&flaws) } else { lines(unset) })
        })
    }

    /// What its author should know: what is probably a mistake, and what `host` does not serve.
    pub(crate) fn notices(&self, host: Host) -> impl Iterator<Item = String> {
        let warnings = self.loaded.warnings.iter().map(|problem| format!("warning: {problem}"));
        warnings.chain(self.loaded.unserved_on(host).map(|problem| format!("notice: {problem}")))
    }
}

/// The variables that zero configuration looks for.
pub(crate) fn key_variables() -> impl Iterator<Item = &'static str> {
    configuration::usual().map(|(key, _)| key)
}

fn lines<T: ToString>(problems: &[T]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
