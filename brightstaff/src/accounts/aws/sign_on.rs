//! Single sign-on: the keys for which somebody has signed on with `aws sso login`.
//!
//! <https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_GetRoleCredentials.html>

mod token;

use serde_json::Value;

use super::Keys;
use super::files::Profile;
use crate::accounts::instant::Instant;
use crate::accounts::world::{World, encode, get, oauth_error, text};

/// Where somebody signs on, as a profile says it.
struct Session {
    profile: String,
    start: String,
    region: String,
}

pub(super) async fn keys(world: &World, profile: &Profile) -> Result<Keys, String> {
    let session = Session::of(world, profile)?;
    let (account, role) =
        (need(profile, profile, "sso_account_id")?, need(profile, profile, "sso_role_name")?);
    let token = token::token(world, &session).await?;
    let root = world.environment.get("AWS_ENDPOINT_URL_SSO");
    let root = root.unwrap_or_else(|| format!("https://portal.sso.{}.amazonaws.com", session.region));
    let query = encode(&[("account_id", &account), ("role_name", &role)]);
    let address = format!("{}/federation/credentials?{query}", root.trim_end_matches('/'));
    let asked = get(&address, &[("x-amz-sso_bearer_token", &token)])?;
    read(&world.ask_json(asked, oauth_error).await?)
}

impl Session {
    /// The session that a profile names, or the one that stands in the profile itself.
    fn of(world: &World, profile: &Profile) -> Result<Session, String> {
        let named = profile.get("sso_session").map(|name| {
            Profile::session(&world.environment, name)
                .ok_or_else(|| format!("the profile `{}` names no session that is there", profile.name))
        });
        let named = named.transpose()?;
        let of = named.as_ref().unwrap_or(profile);
        let (start, region) = (need(profile, of, "sso_start_url")?, need(profile, of, "sso_region")?);
        Ok(Session { profile: profile.name.clone(), start, region })
    }
}

fn need(profile: &Profile, of: &Profile, name: &str) -> Result<String, String> {
    let value = of.get(name).map(str::to_owned);
    value.ok_or_else(|| format!("the profile `{}` has no `{name}`", profile.name))
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
