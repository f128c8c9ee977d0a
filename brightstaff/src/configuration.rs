//! Reads configurations: YAML with positions, variables, the schema's checks and the types' own, all problems at once.
//!
//! In reading order: `tree` (text to values with their places), `walk` (the schema, variables), `served` (what is
//! configured and not served), `advice` (old keys), `hints` (what is wrong with what is no YAML).

mod advice;
mod hints;
mod schema;
mod served;
mod tree;
mod walk;

pub use schema::schema;
pub use served::Host;

use std::fmt;
use std::path::Path as File;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use shared::config::{self, Config, Path, Severity};
use shared::dialect::{DIALECTS, Dialect};
use shared::gateway::{Compiled, CompiledProvider, UNRENEWED};

use tree::{Malformed, Node, Place};
use walk::Walked;

/// A configuration that can be used.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub compiled: Compiled,
    /// What is probably not as it was meant.
    pub warnings: Vec<Problem>,
    /// Secrets whose variables have no value where this was read. For a gateway that is to run elsewhere they need none.
    pub unset: Vec<Problem>,
    /// What is configured and not served on some host.
    pub unserved: Vec<Unserved>,
    /// Credentials that must be renewed, which not every host does, with their places.
    lent: Vec<Problem>,
}

/// Something to tell, and where. `Display` gives `file:line:column: key.path: message`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub code: Code,
    /// Empty where there is none.
    pub file: String,
    /// From 1; 0 where it is about no line.
    pub line: usize,
    /// From 1, in characters; 0 where it is about no line.
    pub column: usize,
    /// The keys from the top; empty where it is about the whole.
    pub key: String,
    /// Never a secret.
    pub message: String,
}

/// What kind of problem it is, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// There is no such file, or it cannot be read.
    Unreadable,
    /// It is no YAML.
    Malformed,
    /// A key or a value that is not admitted.
    Invalid,
    /// It is admitted, but probably not as it was meant.
    Doubtful,
    /// A variable that holds a secret has no value here.
    Unset,
    /// It is configured and not served.
    Unserved,
    /// A credential that the host cannot renew.
    Unrenewed,
}

/// Something that is configured and not served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unserved {
    pub problem: Problem,
    /// The hosts that do not serve it.
    pub hosts: Vec<Host>,
}

/// Why a configuration cannot be used: everything that is wrong with it, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

/// Reads a file, with the variables of this process.
pub fn read(file: &File) -> Result<Loaded, Problems> {
    let name = file.display().to_string();
    let failed = |why: String| Problems(vec![Problem::unreadable(&name, why)]);
    let length = std::fs::metadata(file).map_err(|error| failed(format!("cannot be read: {error}")))?.len();
    if length > tree::LONGEST as u64 {
        return Err(failed(format!("is longer than {} bytes", tree::LONGEST)));
    }
    let text = std::fs::read_to_string(file).map_err(|error| failed(format!("cannot be read: {error}")))?;
    read_text(&name, &text, variable)
}

/// Reads a text. `name` stands for the file in messages; `environment` knows the variables.
pub fn read_text(
    name: &str,
    text: &str,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<Loaded, Problems> {
    let malformed = |Malformed { place, why }| {
        Problems(vec![Problem::at(name, Code::Malformed, place, &Path::default(), why)])
    };
    let tree = Node::read(text).map_err(malformed)?;
    let telling = Telling { name, tree: &tree };
    let mut walked = walk::walk(&tree, &schema(), &environment);
    let compiled = typed(&mut walked).map(|config| check(&config, &mut walked));
    match compiled.filter(|_| walked.errors.is_empty()) {
        None => Err(telling.problems(Code::Invalid, walked.errors)),
        Some(compiled) => Ok(Loaded {
            unserved: telling.unserved(&walked.json),
            lent: telling.lent(&walked.json, &compiled),
            compiled,
            warnings: telling.problems(Code::Doubtful, walked.warnings).0,
            unset: telling.unset(walked.unset),
        }),
    }
}

/// The configuration of a gateway that has none: every provider whose key is in the environment, and where there is
/// no key, the built-in `demo/echo`.
pub fn zero(environment: impl Fn(&str) -> Option<String>) -> Loaded {
    let found = DIALECTS.iter().filter_map(|dialect| CompiledProvider::found(dialect, &environment));
    let mut providers = found.collect::<Vec<_>>();
    if providers.is_empty() {
        providers = Compiled::demo().providers;
    }
    let lent = providers.iter().filter(|provider| provider.is_lent());
    let unrenewed =
        |name: &str| Problem::of_no_line("", Code::Unrenewed, format!("provider `{name}`: {UNRENEWED}"));
    let lent = lent.map(|provider| unrenewed(&provider.name)).collect();
    let compiled = Compiled::new(providers);
    Loaded { compiled, warnings: Vec::new(), unset: Vec::new(), unserved: Vec::new(), lent }
}

/// The providers of zero configuration, with the variables of their keys.
pub fn usual() -> impl Iterator<Item = (&'static str, &'static Dialect)> {
    let ready = DIALECTS.iter().filter(|dialect| dialect.base.is_some() && !dialect.apis.is_empty());
    ready.filter_map(|dialect| Some((dialect.key?, dialect)))
}

impl Loaded {
    /// What `host` does not serve of it.
    pub fn unserved_on(&self, host: Host) -> impl Iterator<Item = &Problem> {
        let here = self.unserved.iter().filter(move |unserved| unserved.hosts.contains(&host));
        here.map(|unserved| &unserved.problem)
    }

    /// Why `host` refuses to start with it; nothing where it does not.
    pub fn refused_on(&self, host: Host) -> &[Problem] {
        if host.renews() { &[] } else { &self.lent }
    }
}

/// The value of a variable of this process.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// What was walked as types; `None` where something is missing that cannot be. The two keys that every configuration
/// must have are made up where they are missing, which was told, so that the rest is checked all the same.
fn typed(walked: &mut Walked) -> Option<Config> {
    let mut json = walked.json.clone();
    let top = json.as_object_mut()?;
    top.entry("version").or_insert_with(|| "v0.4.0".into());
    top.entry("listeners").or_insert_with(|| Json::Array(Vec::new()));
    let config = Config::deserialize(&json).ok();
    if config.is_none() && walked.errors.is_empty() {
        let message = "is not understood though it follows the schema: a defect of the gateway".to_owned();
        walked.errors.push((Path::default(), message));
    }
    config
}

/// Adds what the types cannot say.
fn check(config: &Config, walked: &mut Walked) -> Compiled {
    let (compiled, findings) = config::check(config);
    for finding in findings {
        let told = (finding.path, finding.message);
        match finding.severity {
            Severity::Warning => walked.warnings.push(told),
            Severity::Error if is_consequence(&told.0, &walked.dropped) => {}
            Severity::Error => walked.errors.push(told),
        }
    }
    compiled
}

/// Whether what was found at `path` may be so only because a value below it was left out.
fn is_consequence(path: &Path, dropped: &[Path]) -> bool {
    dropped.iter().any(|cause| cause.steps().starts_with(path.steps()))
}

/// Turns paths into places.
struct Telling<'t> {
    name: &'t str,
    tree: &'t Node,
}

impl Telling<'_> {
    fn problem(&self, code: Code, path: &Path, message: String) -> Problem {
        Problem::at(self.name, code, self.tree.place_of(path), path, message)
    }

    fn problems(&self, code: Code, found: impl IntoIterator<Item = (Path, String)>) -> Problems {
        let mut problems =
            found.into_iter().map(|(path, message)| self.problem(code, &path, message)).collect::<Vec<_>>();
        problems.sort_by_key(|problem| (problem.line, problem.column));
        problems.dedup();
        Problems(problems)
    }

    fn unset(&self, found: Vec<(Path, String)>) -> Vec<Problem> {
        let message = |name: String| format!("the variable `{name}` is not set");
        self.problems(Code::Unset, found.into_iter().map(|(path, name)| (path, message(name)))).0
    }

    fn lent(&self, json: &Json, compiled: &Compiled) -> Vec<Problem> {
        let lent = served::lent(json, compiled).into_iter();
        lent.map(|path| self.problem(Code::Unrenewed, &path, UNRENEWED.to_owned())).collect()
    }

    fn unserved(&self, json: &Json) -> Vec<Unserved> {
        let gaps = served::gaps(json).into_iter();
        let mut unserved = gaps
            .map(|gap| Unserved {
                problem: self.problem(Code::Unserved, &gap.path, gap.what),
                hosts: gap.hosts,
            })
            .collect::<Vec<_>>();
        unserved.sort_by_key(|unserved| (unserved.problem.line, unserved.problem.column));
        unserved
    }
}

impl Problem {
    fn at(file: &str, code: Code, place: Place, path: &Path, message: String) -> Problem {
        let Place { line, column } = place;
        Problem { code, file: file.to_owned(), line, column, key: path.to_string(), message }
    }

    /// One that is about no place in a file.
    pub fn of_no_line(file: &str, code: Code, message: String) -> Problem {
        Problem::at(file, code, Place { line: 0, column: 0 }, &Path::default(), message)
    }

    fn unreadable(file: &str, message: String) -> Problem {
        Problem::at(file, Code::Unreadable, Place { line: 1, column: 1 }, &Path::default(), message)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "{}:{}:{}: ", self.file, self.line, self.column)?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.0.iter().map(ToString::to_string).collect::<Vec<_>>();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Problems {}
