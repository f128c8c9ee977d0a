//! What no lint knows: every module says what it is, and nothing names the machine it was written on.

use std::fs;

use crate::process::{command, quietly};
use crate::{Done, tree};

pub(crate) fn check() -> Done<String> {
    let files = quietly(&mut command("git", ["ls-files", "--cached", "--others", "--exclude-standard"]))?;
    let machine = [tree::root().display().to_string(), home()];
    // A file that is no text, or that was deleted and not yet committed, has nothing to judge.
    let texts = files.lines().filter_map(|file| Some((file, fs::read_to_string(tree::path(file)).ok()?)));
    let wrong: Vec<String> = texts.flat_map(|(file, text)| faults(file, &text, &machine)).collect();
    if wrong.is_empty() { Ok(format!("{} files", files.lines().count())) } else { Err(wrong.join("\n")) }
}

fn faults(file: &str, text: &str, machine: &[String]) -> Vec<String> {
    let silent = is_module(file) && !text.starts_with("//!") && !text.starts_with("#![");
    let silent =
        silent.then(|| format!("{file} does not say what it is: its first line should start with `//!`"));
    let named = machine.iter().find(|path| !path.is_empty() && text.contains(&format!("{path}/")));
    silent
        .into_iter()
        .chain(named.map(|path| format!("{file} names a folder of this machine, {path}")))
        .collect()
}

fn is_module(file: &str) -> bool {
    file.ends_with(".rs")
}

/// The home folder, unless it is so short that any path would contain it.
fn home() -> String {
    std::env::var("HOME").ok().filter(|home| home.len() > 2).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_says_what_it_is() {
        assert!(faults("a.rs", "//! Words.\n", &[]).is_empty());
        assert_eq!(faults("a.rs", "use std::fs;\n", &[]).len(), 1);
        assert!(faults("a.toml", "x = 1\n", &[]).is_empty());
    }

    #[test]
    fn no_file_names_the_machine() {
        let machine = ["/some/where".to_owned(), String::new()];
        assert_eq!(faults("a.md", "see /some/where/a.md", &machine).len(), 1);
        assert!(faults("a.md", "see /some/whereabouts", &machine).is_empty());
    }
}
