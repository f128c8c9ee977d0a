//! The files of AWS's own tools: `~/.aws/credentials` and `~/.aws/config`.
//!
//! <https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html>

use std::collections::BTreeMap;

use shared::gateway::AwsSource;

use super::Keys;
use crate::accounts::Environment;

/// The files, the variables that name them, and how they head the section of a profile other than `default`.
const FILES: [(&str, &str, &str); 2] =
    [("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials", ""), ("AWS_CONFIG_FILE", ".aws/config", "profile ")];

/// What the files say of a profile.
#[derive(Debug, PartialEq)]
pub(super) struct Profile {
    pub(super) name: String,
    settings: BTreeMap<String, String>,
}

/// Whether the profile of a source, where it has one, is there and tells keys.
pub(in crate::accounts) fn check(source: &AwsSource, environment: &Environment) -> Result<(), String> {
    let Some(name) = profile_of(source) else { return Ok(()) };
    match Profile::read(environment, name) {
        None => Err(format!("the profile `{name}` is not in the files of AWS's tools")),
        Some(profile) if !profile.tells_keys() => Err(format!("the profile `{name}` tells no keys")),
        Some(_) => Ok(()),
    }
}

fn profile_of(source: &AwsSource) -> Option<&str> {
    match source {
        AwsSource::Profile(name) => Some(name),
        AwsSource::Role(role) => profile_of(&role.of),
        AwsSource::Chain | AwsSource::WebIdentity | AwsSource::Container | AwsSource::Instance => None,
    }
}

impl Profile {
    /// A profile; none where neither file has it. The first file counts where both say something.
    pub(super) fn read(environment: &Environment, name: &str) -> Option<Profile> {
        let heads = |prefix: &str| match name {
            "default" => vec![name.to_owned(), format!("{prefix}{name}")],
            _ => vec![format!("{prefix}{name}")],
        };
        let settings = read(environment, heads);
        (!settings.is_empty()).then(|| Profile { name: name.to_owned(), settings })
    }

    /// A session of single sign-on, which is in the second file only.
    pub(super) fn session(environment: &Environment, name: &str) -> Option<Profile> {
        let settings = read(environment, |prefix| match prefix {
            "" => Vec::new(),
            _ => vec![format!("sso-session {name}")],
        });
        (!settings.is_empty()).then(|| Profile { name: name.to_owned(), settings })
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The keys that stand in it.
    pub(super) fn keys(&self) -> Option<Keys> {
        Some(Keys {
            id: self.get("aws_access_key_id")?.to_owned(),
            secret: self.get("aws_secret_access_key")?.to_owned(),
            session_token: self.get("aws_session_token").map(str::to_owned),
            until: None,
        })
    }

    /// Whether it has keys or leads to some.
    pub(super) fn tells_keys(&self) -> bool {
        let leads = ["role_arn", "sso_account_id", "credential_process"];
        self.keys().is_some() || leads.iter().any(|name| self.get(name).is_some())
    }
}

fn read(environment: &Environment, heads: impl Fn(&str) -> Vec<String>) -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    for (variable, usual, prefix) in FILES {
        let Some(file) = environment.file(variable, usual) else { continue };
        // A file that is not there has no profile in it; one that cannot be read is told by its keys missing.
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        for title in heads(prefix) {
            for (name, value) in section(&text, &title) {
                settings.entry(name.to_ascii_lowercase()).or_insert_with(|| value.to_owned());
            }
        }
    }
    settings
}

/// The settings of a section. Lines that are indented belong to a setting with several, of which none is read.
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
    const CONFIG: &str = "[default]\nregion = us-west-2\n[profile sso]\nsso_session = s\nsso_account_id = 1\n\
                          [sso-session s]\nsso_start_url = https://h/start\n[profile empty]\nregion = r\n\
                          [profile  half ]\ns3 =\n  aws_secret_access_key = nested\naws_secret_access_key = other\n";

    fn with_files(test: impl Fn(&Environment)) {
        let folder = std::env::temp_dir().join(format!("planoai-profiles-{}", std::process::id()));
        std::fs::create_dir_all(folder.join(".aws")).unwrap();
        std::fs::write(folder.join(".aws/credentials"), CREDENTIALS).unwrap();
        std::fs::write(folder.join("elsewhere"), CONFIG).unwrap();
        let home = folder.clone();
        test(&Environment::new(move |name| match name {
            "HOME" => Some(home.display().to_string()),
            "AWS_CONFIG_FILE" => Some(home.join("elsewhere").display().to_string()),
            _ => None,
        }));
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn keys_are_found_in_both_files() {
        with_files(|environment| {
            let keys = |name: &str| {
                let keys = Profile::read(environment, name)?.keys()?;
                Some((keys.id, keys.secret, keys.session_token))
            };
            let found = |id: &str, secret: &str, token: Option<&str>| {
                Some((id.to_owned(), secret.to_owned(), token.map(str::to_owned)))
            };
            assert_eq!(keys("default"), found("AKID", "s$cret/+=", None));
            assert_eq!(keys("temporary"), found("AKTMP", "x", Some("t")));
            assert_eq!(keys("half"), found("AKID", "other", None));
            assert_eq!(keys("sso"), None);
            assert!(Profile::read(environment, "sso").unwrap().tells_keys());
            assert!(!Profile::read(environment, "empty").unwrap().tells_keys());
            assert_eq!(Profile::read(environment, "s"), None);
            let session = Profile::session(environment, "s").unwrap();
            assert_eq!(session.get("sso_start_url"), Some("https://h/start"));
            assert_eq!(Profile::read(environment, "default").unwrap().get("region"), Some("us-west-2"));
        });
    }
}
