//! The token of whoever signed on, which AWS's tools leave in a file, and renew there as long as the sign-on lasts.
//!
//! <https://docs.aws.amazon.com/sdkref/latest/guide/understanding-sso.html>,
//! <https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/API_CreateToken.html>

use std::path::PathBuf;

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::Session;
use crate::accounts::files::replace;
use crate::accounts::instant::Instant;
use crate::accounts::world::{World, oauth_error, request, text};

/// How long before its end a token is renewed, in seconds: as long as AWS's own tools do it.
const EARLY: u64 = 15 * 60;

/// What one of the files holds.
struct SignOn {
    file: PathBuf,
    json: Value,
    token: String,
    until: Instant,
}

/// A token that is good, renewed if it has to be.
pub(super) async fn token(world: &World, session: &Session) -> Result<String, String> {
    // One at a time, and what the one before left is read: what a token is renewed with may be good once only.
    let _turn = world.signing_on.lock().await;
    let now = Instant::now();
    let again = format!("`aws sso login --profile {}`", session.profile);
    let Some(found) = find(world, &session.start, now) else {
        return Err(format!("nobody has signed on: {again}"));
    };
    if now.plus(EARLY) < found.until {
        return Ok(found.token);
    }
    match found.renewed(world, &session.region).await {
        Ok(token) => Ok(token),
        Err(_) if now < found.until => Ok(found.token),
        Err(why) => Err(format!("the sign-on is over ({why}): {again}")),
    }
}

/// The best of the files that are of this sign-on: one that is good, one that can be renewed, the one that lasts.
fn find(world: &World, start: &str, now: Instant) -> Option<SignOn> {
    let folder = world.environment.at_home(".aws/sso/cache")?;
    let files = std::fs::read_dir(folder).ok()?.filter_map(Result::ok);
    let found = files.filter_map(|file| SignOn::read(file.path(), start));
    found.max_by_key(|found| (now < found.until, found.renewal(now).is_ok(), found.until))
}

impl SignOn {
    fn read(file: PathBuf, start: &str) -> Option<SignOn> {
        let json: Value = serde_json::from_str(&std::fs::read_to_string(&file).ok()?).ok()?;
        let own = text(&json, "startUrl").ok()?;
        let until = Instant::read(&text(&json, "expiresAt").ok()?)?;
        let token = text(&json, "accessToken").ok()?;
        let is_own = own.trim_end_matches('/') == start.trim_end_matches('/');
        is_own.then_some(SignOn { file, json, token, until })
    }

    /// What a new token is asked for with.
    fn renewal(&self, now: Instant) -> Result<Value, String> {
        let registered = text(&self.json, "registrationExpiresAt").unwrap_or_default();
        if Instant::read(&registered).is_some_and(|until| until <= now) {
            return Err("the tool that signed on is not registered any more".to_owned());
        }
        let kept =
            |name: &str| text(&self.json, name).map_err(|_| "nothing was left to renew it with".to_owned());
        Ok(json!({
            "grantType": "refresh_token",
            "clientId": kept("clientId")?,
            "clientSecret": kept("clientSecret")?,
            "refreshToken": kept("refreshToken")?,
        }))
    }

    async fn renewed(&self, world: &World, region: &str) -> Result<String, String> {
        let now = Instant::now();
        let root = world.environment.get("AWS_ENDPOINT_URL_SSO_OIDC");
        let root = root.unwrap_or_else(|| format!("https://oidc.{region}.amazonaws.com"));
        let address = format!("{}/token", root.trim_end_matches('/'));
        let kind = [("content-type", "application/json")];
        let body = Bytes::from(self.renewal(now)?.to_string());
        let answer = world.ask_json(request(Method::POST, &address, &kind, body)?, oauth_error).await?;
        let token = text(&answer, "accessToken")?;
        let seconds = answer.get("expiresIn").and_then(Value::as_u64);
        let until = now.plus(seconds.ok_or_else(|| "the token has no end".to_owned())?);
        self.keep(&token, until, text(&answer, "refreshToken").ok());
        Ok(token)
    }

    /// Leaves the new token where the old one was, for AWS's tools too. What else stands there stays.
    fn keep(&self, token: &str, until: Instant, refresh: Option<String>) {
        let mut json = self.json.clone();
        let Some(members) = json.as_object_mut() else { return };
        members.insert("accessToken".to_owned(), token.into());
        members.insert("expiresAt".to_owned(), until.to_string().into());
        members.extend(refresh.map(|refresh| ("refreshToken".to_owned(), refresh.into())));
        if let Err(error) = replace(&self.file, json.to_string().as_bytes()) {
            let file = self.file.display();
            tracing::warn!(target: "accounts", %file, %error, "a renewed sign-on cannot be kept");
        }
    }
}
