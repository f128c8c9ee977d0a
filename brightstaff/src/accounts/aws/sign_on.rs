//! Single sign-on: the keys for which somebody has signed on with `aws sso login`.
//!
//! <https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_GetRoleCredentials.html>

use std::path::Path;

use serde_json::Value;

use super::Keys;
use super::files::Profile;
use crate::accounts::instant::Instant;
use crate::accounts::world::{World, encode, get, oauth_error, text};

pub(super) async fn keys(world: &World, profile: &Profile) -> Result<Keys, String> {
    let session = profile.get("sso_session");
    let session = match session {
        Some(name) => Some(
            Profile::session(&world.environment, name)
                .ok_or_else(|| format!("the profile `{}` names no session that is there", profile.name))?,
        ),
        None => None,
    };
    let of = session.as_ref().unwrap_or(profile);
    let need = |from: &Profile, name: &str| {
        let value = from.get(name).map(str::to_owned);
        value.ok_or_else(|| format!("the profile `{}` has no `{name}`", profile.name))
    };
    let (start, region) = (need(of, "sso_start_url")?, need(of, "sso_region")?);
    let (account, role) = (need(profile, "sso_account_id")?, need(profile, "sso_role_name")?);
    let folder = world.environment.at_home(".aws/sso/cache");
    let token = folder.and_then(|folder| signed_on(&folder, &start));
    let token = token.ok_or_else(|| {
        format!("nobody has signed on, or long ago: `aws sso login --profile {}`", profile.name)
    })?;
    let root = world.environment.get("AWS_ENDPOINT_URL_SSO");
    let root = root.unwrap_or_else(|| format!("https://portal.sso.{region}.amazonaws.com"));
    let query = encode(&[("account_id", &account), ("role_name", &role)]);
    let address = format!("{}/federation/credentials?{query}", root.trim_end_matches('/'));
    let asked = get(&address, &[("x-amz-sso_bearer_token", &token)])?;
    read(&world.ask_json(asked, oauth_error).await?)
}

/// The token of whoever signed on there, which the command left in a file.
fn signed_on(folder: &Path, start: &str) -> Option<String> {
    let mut files = std::fs::read_dir(folder).ok()?.filter_map(Result::ok);
    files.find_map(|file| token_of(&std::fs::read_to_string(file.path()).ok()?, start))
}

fn token_of(file: &str, start: &str) -> Option<String> {
    let json: Value = serde_json::from_str(file).ok()?;
    let until = Instant::read(&text(&json, "expiresAt").ok()?)?;
    let own =
        text(&json, "startUrl").is_ok_and(|url| url.trim_end_matches('/') == start.trim_end_matches('/'));
    (own && Instant::now() < until).then(|| text(&json, "accessToken").ok()).flatten()
}

fn read(json: &Value) -> Result<Keys, String> {
    let keys = json.get("roleCredentials").ok_or_else(|| "the answer has no keys".to_owned())?;
    let until =
        keys.get("expiration").and_then(Value::as_u64).ok_or_else(|| "the keys have no end".to_owned())?;
    Ok(Keys {
        id: text(keys, "accessKeyId")?,
        secret: text(keys, "secretAccessKey")?,
        session_token: Some(text(keys, "sessionToken")?),
        until: Some(Instant::of_milliseconds(until)),
    })
}
