//! Accounts that another platform vouches for: its token is exchanged for one of Google Cloud's.
//!
//! <https://google.aip.dev/auth/4117>,
//! <https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token>

mod identity;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use identity::Identity;
use serde_json::{Value, json};

use super::{SCOPE, Token, granted, impersonated};
use crate::accounts::world::{World, escaped, get, oauth_error, post, text};

/// Where tokens of others are exchanged.
const EXCHANGE: &str = "https://sts.googleapis.com/v1/token";

/// Where the token of the other platform is.
struct Source<'a> {
    place: Place<'a>,
    /// The member that it is in, where what is read is JSON.
    member: Option<&'a str>,
}

enum Place<'a> {
    File(&'a str),
    Address { address: &'a str, headers: Vec<(&'a str, &'a str)> },
    Aws(Identity<'a>),
}

/// Whether such an account can be followed.
pub(super) fn check(account: &Value) -> Result<(), String> {
    Source::of(account).map(drop)
}

pub(super) async fn token(world: &World, account: &Value) -> Result<Token, String> {
    let vouched = Source::of(account)?.token(world).await?;
    let token = exchange(world, account, &vouched).await?;
    match account.get("service_account_impersonation_url") {
        None | Some(Value::Null) => Ok(token),
        Some(_) => impersonated::token(world, account, &token).await,
    }
}

async fn exchange(world: &World, account: &Value, vouched: &str) -> Result<Token, String> {
    let (audience, kind) = (text(account, "audience")?, text(account, "subject_token_type")?);
    let client = text(account, "client_id").ok();
    let options = options(account, client.is_some());
    let mut form = vec![
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("audience", &audience),
        ("scope", SCOPE),
        ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
        ("subject_token", vouched),
        ("subject_token_type", &kind),
    ];
    form.extend(options.as_deref().map(|options| ("options", options)));
    let address = text(account, "token_url").unwrap_or_else(|_| EXCHANGE.to_owned());
    let mut request = post(&address, &form)?;
    if let Some(client) = client {
        let secret = text(account, "client_secret").unwrap_or_default();
        let shown = format!("Basic {}", STANDARD.encode(format!("{client}:{secret}")));
        let mut shown = HeaderValue::try_from(shown).map_err(|_| "no value of a header".to_owned())?;
        shown.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, shown);
    }
    granted(&world.ask_json(request, oauth_error).await?)
}

/// The project that people of another directory count to, which a client of its own would tell; JSON in a form's words.
fn options(account: &Value, has_client: bool) -> Option<String> {
    let project = text(account, "workforce_pool_user_project").ok().filter(|_| !has_client)?;
    Some(escaped(&json!({ "userProject": project }).to_string()))
}

impl<'a> Source<'a> {
    fn of(account: &'a Value) -> Result<Source<'a>, String> {
        let source = account.get("credential_source").ok_or("there is no `credential_source` in it")?;
        if source.get("environment_id").is_some() {
            return Ok(Source { place: Place::Aws(Identity::of(account, source)?), member: None });
        }
        let place = match (word(source, "file"), word(source, "url")) {
            (Some(file), None) => Place::File(file),
            (None, Some(address)) => Place::Address { address, headers: headers(source) },
            _ => return Err(unfollowed(source)),
        };
        let format = source.get("format").unwrap_or(&Value::Null);
        let member = match word(format, "type") {
            None | Some("text") => None,
            Some("json") => Some(
                word(format, "subject_token_field_name")
                    .ok_or("its `format` has no `subject_token_field_name`")?,
            ),
            Some(other) => return Err(format!("its `format` is `{other}`, and not `text` or `json`")),
        };
        Ok(Source { place, member })
    }

    async fn token(&self, world: &World) -> Result<String, String> {
        let (found, place) = match &self.place {
            Place::File(file) => {
                let found = std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
                (found, *file)
            }
            // What such an address says of an error may be about secrets.
            Place::Address { address, headers } => {
                (world.ask(get(address, headers)?, |_| None).await?, *address)
            }
            Place::Aws(identity) => (identity.token(world).await?, "AWS"),
        };
        let Some(member) = self.member else {
            let token = found.trim();
            return if token.is_empty() {
                Err(format!("{place}: it is empty"))
            } else {
                Ok(token.to_owned())
            };
        };
        let json: Value = serde_json::from_str(&found).map_err(|_| format!("{place}: it is no JSON"))?;
        text(&json, member).map_err(|why| format!("{place}: {why}"))
    }
}

fn word<'a>(json: &'a Value, name: &str) -> Option<&'a str> {
    json.get(name).and_then(Value::as_str)
}

fn headers(source: &Value) -> Vec<(&str, &str)> {
    let headers = source.get("headers").and_then(Value::as_object).into_iter().flatten();
    headers.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?))).collect()
}

/// Why a source that is neither a file nor an address is none for a gateway.
fn unfollowed(source: &Value) -> String {
    let has = |name: &str| source.get(name).is_some();
    let what = match () {
        () if has("executable") => "names a program, and the gateway runs none",
        () if has("certificate") => "is a certificate, which is not followed: use `url` or `file`",
        () => "must have either `file` or `url`",
    };
    format!("its `credential_source` {what}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_that_are_not_followed_are_refused_by_name() {
        for (source, told) in [
            (json!({"executable": {"command": "/bin/me"}}), "names a program, and the gateway runs none"),
            (json!({"environment_id": "aws2"}), "is of `aws2`, and only `aws1` is known"),
            (json!({"environment_id": "aws1"}), "has no `regional_cred_verification_url`"),
            (json!({"certificate": {}}), "is a certificate"),
            (json!({}), "must have either `file` or `url`"),
            (json!({"file": "f", "url": "http://h"}), "must have either `file` or `url`"),
            (json!({"file": "f", "format": {"type": "json"}}), "has no `subject_token_field_name`"),
            (json!({"file": "f", "format": {"type": "xml"}}), "is `xml`, and not `text` or `json`"),
        ] {
            let why = check(&json!({ "credential_source": source })).unwrap_err();
            assert!(why.contains(told), "{why}");
        }
        assert_eq!(check(&json!({})).unwrap_err(), "there is no `credential_source` in it");
    }

    #[test]
    fn people_of_another_directory_count_to_a_project() {
        let account = json!({"workforce_pool_user_project": "p 1"});
        assert_eq!(options(&account, false).as_deref(), Some("%7B%22userProject%22%3A%22p%201%22%7D"));
        assert_eq!(options(&account, true), None);
        assert_eq!(options(&json!({}), false), None);
    }
}
