//! `planoai check`: everything that is wrong with a configuration, and everything of it that is not served.

use std::path::{Path, PathBuf};

use brightstaff::configuration::{Code, Host, Problem};
use serde::Serialize;

use crate::configuration::{self, Configuration};
use crate::failure::Failure;
use crate::output;

/// Say everything that is wrong with a configuration, and what of it a host does not serve
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    planoai check gateway.yaml\n  \
    planoai check gateway.yaml --host worker\n  \
    planoai check gateway.yaml --json | jq -r '.findings[] | .message'\n\n\
    Exit codes: 0 it can be used; 78 it cannot.")]
pub(crate) struct Arguments {
    /// The configuration; without one, ./config.yaml, ./plano_config.yaml, or the keys in the environment
    file: Option<PathBuf>,
    /// Where it is to run: native, envoy, worker or spin
    #[arg(long, default_value = "native")]
    host: Host,
    /// As JSON, for editors and pipelines: each finding with its severity, code, file, line, column, key and message
    #[arg(long)]
    json: bool,
}

/// Everything that is to say of a configuration, for programs.
#[derive(Serialize)]
struct Verdict {
    usable: bool,
    host: &'static str,
    findings: Vec<Finding>,
}

/// What is absent is about no file, no line, or the whole.
#[derive(Serialize)]
struct Finding {
    severity: Severity,
    code: Code,
    file: Option<String>,
    line: Option<usize>,
    column: Option<usize>,
    key: Option<String>,
    message: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Severity {
    /// It cannot be used.
    Error,
    /// It is probably not as it was meant.
    Warning,
    /// It is good to know.
    Notice,
}

pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.json {
        true => verdict(arguments),
        false => say(arguments),
    }
}

fn say(arguments: Arguments) -> Result<(), Failure> {
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

fn verdict(arguments: Arguments) -> Result<(), Failure> {
    let findings = findings(arguments.host, arguments.file.as_deref());
    let usable = findings.iter().all(|finding| finding.severity != Severity::Error);
    let verdict = Verdict { usable, host: arguments.host.name(), findings };
    output::print_json(&verdict)?;
    if usable { Ok(()) } else { Err(Failure::told()) }
}

fn findings(host: Host, file: Option<&Path>) -> Vec<Finding> {
    let loaded = match configuration::read(file) {
        Ok(configuration) => configuration.loaded,
        Err(problems) => {
            return problems.0.iter().map(|problem| Finding::of(problem, Severity::Error)).collect();
        }
    };
    let of = |severity| move |problem| Finding::of(problem, severity);
    let refused = loaded.refused_on(host).iter().map(of(Severity::Error));
    let warnings = loaded.warnings.iter().map(of(Severity::Warning));
    let unserved = loaded.unserved_on(host).map(of(Severity::Notice));
    let unset = loaded.unset.iter().map(of(Severity::Notice));
    refused.chain(warnings).chain(unserved).chain(unset).collect()
}

impl Finding {
    fn of(problem: &Problem, severity: Severity) -> Finding {
        let text = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let number = |number: usize| Some(number).filter(|number| *number > 0);
        Finding {
            severity,
            code: problem.code,
            file: text(&problem.file),
            line: number(problem.line),
            column: number(problem.column),
            key: text(&problem.key),
            message: problem.message.clone(),
        }
    }
}
