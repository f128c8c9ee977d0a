//! The variables by which the clouds' own tools are told where they are.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

/// What knows the variables: of the process, unless a test says otherwise.
#[derive(Clone)]
pub struct Environment(Arc<Lookup>);

impl Environment {
    /// Variables that `lookup` knows.
    pub fn new(lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Environment {
        Environment(Arc::new(lookup))
    }

    /// A variable that is set, and not to nothing.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        (self.0)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// The same, or a message that names it.
    pub(super) fn need(&self, name: &str) -> Result<String, String> {
        self.get(name).ok_or_else(|| format!("the variable {name} is not set"))
    }

    /// The file that a variable names, else the one at this place in the user's home.
    pub(super) fn file(&self, variable: &str, usual: &str) -> Option<PathBuf> {
        self.get(variable).map(PathBuf::from).or_else(|| self.at_home(usual))
    }

    /// What is at this place in the user's home.
    pub(super) fn at_home(&self, place: &str) -> Option<PathBuf> {
        Some(PathBuf::from(self.get("HOME").or_else(|| self.get("USERPROFILE"))?).join(place))
    }
}

impl Default for Environment {
    fn default() -> Environment {
        Environment::new(|name| std::env::var(name).ok())
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}
