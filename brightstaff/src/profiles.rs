//! Profiles of AWS's own tools: `~/.aws/credentials` and `~/.aws/config`.
//!
//! Only keys that stand there are read. What a profile would have to fetch or run a program for (roles, single sign-on,
//! `credential_process`) is not.
//!
//! <https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html>

use std::collections::BTreeMap;
use std::path::PathBuf;

use shared::gateway::{Compiled, CompiledKeys, Template};

/// The files, and how they head the section of a profile other than `default`.
const FILES: [(&str, &str, &str); 2] =
    [("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials", ""), ("AWS_CONFIG_FILE", ".aws/config", "profile ")];

/// Puts the keys of profiles into a configuration that is about to be opened. `environment` knows the variables.
///
/// Fails with a line for each profile that has none.
pub fn fill(
    compiled: &mut Compiled,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<(), Vec<String>> {
    let mut missing = Vec::new();
    for provider in &mut compiled.providers {
        let Some(signing) = &mut provider.signing else { continue };
        let CompiledKeys::Profile(profile) = &signing.keys else { continue };
        match keys(profile, &environment) {
            Ok(keys) => signing.keys = keys,
            Err(why) => missing.push(format!("provider `{}`: the profile `{profile}` {why}", provider.name)),
        }
    }
    if missing.is_empty() { Ok(()) } else { Err(missing) }
}

fn keys(profile: &str, environment: &impl Fn(&str) -> Option<String>) -> Result<CompiledKeys, String> {
    let mut found = BTreeMap::new();
    for (variable, usual, prefix) in FILES {
        let home = || Some(PathBuf::from(environment("HOME")?).join(usual));
        let Some(file) = environment(variable).map(PathBuf::from).or_else(home) else { continue };
        // A file that is not there has no profile in it; one that cannot be read is told by its keys missing.
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let title = if profile == "default" { profile.to_owned() } else { format!("{prefix}{profile}") };
        for (name, value) in section(&text, &title) {
            found.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        }
    }
    if found.is_empty() {
        return Err("is not in the files of AWS's tools".to_owned());
    }
    let key = |name: &str| found.get(name).map(|value| Template::literal(value));
    let (Some(id), Some(secret)) = (key("aws_access_key_id"), key("aws_secret_access_key")) else {
        return Err("has no keys of its own: roles, single sign-on and programs are not followed".to_owned());
    };
    Ok(CompiledKeys::Given { id, secret, session_token: key("aws_session_token") })
}

/// The settings of a section. Lines that are indented belong to a setting with several, of which none is a key.
fn section<'t>(text: &'t str, title: &str) -> impl Iterator<Item = (&'t str, &'t str)> {
    let heads = move |line: &&str| {
        let inner = line.trim().strip_prefix('[').and_then(|rest| rest.split(']').next());
        inner.is_some_and(|inner| inner.split_whitespace().eq(title.split_whitespace()))
    };
    let lines = text.lines().skip_while(move |line| !heads(line)).skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    let settings = lines.filter(|line| !line.starts_with(['#', ';', ' ', '\t']));
    settings.filter_map(|line| line.split_once('=')).map(|(name, value)| (name.trim(), value.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREDENTIALS: &str = "# mine\n[default]\naws_access_key_id = AKID\naws_secret_access_key=s$cret/+=\n\n\
                               [half]\naws_access_key_id = AKID\n[temporary]\naws_session_token = t\n\
                               aws_access_key_id=AKTMP\naws_secret_access_key=x\n";
    const CONFIG: &str = "[default]\nregion = us-west-2\n[profile sso]\nsso_session = s\n\
                          [profile  half ]\ns3 =\n  aws_secret_access_key = nested\naws_secret_access_key = other\n";

    fn check(profile: &str, expected: Result<(&str, &str, Option<&str>), &str>) {
        let folder = std::env::temp_dir().join(format!("planoai-profiles-{}-{profile}", std::process::id()));
        std::fs::create_dir_all(folder.join(".aws")).unwrap();
        std::fs::write(folder.join(".aws/credentials"), CREDENTIALS).unwrap();
        let config = folder.join("elsewhere");
        std::fs::write(&config, CONFIG).unwrap();
        let environment = |name: &str| match name {
            "HOME" => Some(folder.display().to_string()),
            "AWS_CONFIG_FILE" => Some(config.display().to_string()),
            _ => None,
        };
        let found = keys(profile, &environment);
        std::fs::remove_dir_all(&folder).unwrap();
        let expected = expected.map_err(str::to_owned).map(|(id, secret, token)| CompiledKeys::Given {
            id: Template::literal(id),
            secret: Template::literal(secret),
            session_token: token.map(Template::literal),
        });
        assert_eq!(found, expected, "{profile}");
    }

    #[test]
    fn keys_are_found_in_both_files() {
        check("default", Ok(("AKID", "s$cret/+=", None)));
        check("temporary", Ok(("AKTMP", "x", Some("t"))));
        check("half", Ok(("AKID", "other", None)));
        let fetched = "has no keys of its own: roles, single sign-on and programs are not followed";
        check("sso", Err(fetched));
        check("absent", Err("is not in the files of AWS's tools"));
    }
}
