//! What is said once the gateway answers: where, what, and how to go on.

use std::fmt;
use std::path::Path;

use brightstaff::configuration::Host;
use shared::gateway::{CompiledProvider, Serves};

use crate::configuration::{Configuration, key_variables};
use crate::state::Running;

/// The longest list of names that is printed in one line.
const LONGEST: usize = 12;

/// How many variables stand for all of them.
const FEW: usize = 3;

/// Shows itself as the lines to print.
pub(super) struct Banner<'a> {
    pub(super) running: &'a Running,
    pub(super) configuration: &'a Configuration,
    /// Where the log is; in the foreground it is right here.
    pub(super) log: Option<&'a Path>,
}

impl fmt::Display for Banner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Banner { running, configuration, log } = self;
        writeln!(f, "planoai {} is running (pid {}).\n", env!("CARGO_PKG_VERSION"), running.pid)?;
        for door in &running.doors {
            line(f, "listens", &format!("http://{}   ({})", door.address, door.name))?;
        }
        let file = running.configuration.as_ref().map(|file| file.display().to_string());
        line(f, "configured by", file.as_deref().unwrap_or("the keys in the environment"))?;
        self.serves(f)?;
        for notice in configuration.notices(Host::Native) {
            writeln!(f, "  {notice}")?;
        }
        match log {
            Some(log) => line(f, "log", &format!("{}   ({} logs -f)", log.display(), program()))?,
            None => line(f, "log", "here")?,
        }
        let stop = if log.is_some() { format!("{} down", program()) } else { "Ctrl-C".to_owned() };
        line(f, "stop", &stop)?;
        self.first_request(f)
    }
}

impl Banner<'_> {
    fn serves(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let providers = &self.configuration.loaded.compiled.providers;
        line(f, "serves", &names(providers.iter().map(|provider| provider.name.as_str())))?;
        let aliases = &self.configuration.loaded.compiled.aliases;
        if !aliases.is_empty() {
            line(f, "aliases", &names(aliases.keys().map(String::as_str)))?;
        }
        if providers.iter().all(is_demo) {
            self.without_keys(f)?;
        }
        Ok(())
    }

    /// There is one next step, and it is in the first words: nobody reads a list of forty variables.
    fn without_keys(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variables = key_variables().take(FEW).collect::<Vec<_>>().join(", ");
        line(f, "", "No key of a provider was found: this model is built in and repeats what it is told.")?;
        line(f, "", &format!("For real models set a key ({variables}, …), then:"))?;
        line(f, "", &format!("{0} down && {0} up", program()))
    }

    fn first_request(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(door), Some(provider)) = (self.running.doors.first(), self.first_provider()) else {
            return Ok(());
        };
        let model = match &provider.serves {
            Serves::Exact(model) => format!("{}/{model}", provider.prefix),
            Serves::Any => format!("{}/MODEL", provider.prefix),
        };
        writeln!(f, "\nTry it:\n")?;
        writeln!(
            f,
            "  curl http://{}/v1/chat/completions -H 'content-type: application/json' \\",
            door.address
        )?;
        writeln!(
            f,
            "    -d '{{\"model\": \"{model}\", \"messages\": [{{\"role\": \"user\", \"content\": \"Hello!\"}}]}}'\n"
        )
    }

    fn first_provider(&self) -> Option<&CompiledProvider> {
        let providers = &self.configuration.loaded.compiled.providers;
        providers.iter().find(|provider| provider.default).or(providers.first())
    }
}

fn is_demo(provider: &CompiledProvider) -> bool {
    provider.base.is_empty()
}

fn line(f: &mut fmt::Formatter<'_>, label: &str, text: &str) -> fmt::Result {
    writeln!(f, "  {label:<15}{text}")
}

fn names<'a>(all: impl Iterator<Item = &'a str> + Clone) -> String {
    let count = all.clone().count();
    let mut shown = all.take(LONGEST).collect::<Vec<_>>().join(", ");
    if count > LONGEST {
        shown.push_str(&format!(" and {} more", count - LONGEST));
    }
    shown
}

/// How this program was called, so that what is printed can be typed.
fn program() -> String {
    let called = std::env::args().next().unwrap_or_default();
    if called.is_empty() { "planoai".to_owned() } else { called }
}
