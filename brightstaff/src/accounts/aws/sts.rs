//! Roles, taken from the Security Token Service.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>,
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>

use super::Keys;
use crate::accounts::instant::Instant;
use crate::accounts::world::{World, post};

const VERSION: (&str, &str) = ("Version", "2011-06-15");

/// The name that AWS's records have where nothing says another.
const SESSION: &str = "plano";

/// A role that is to be taken.
pub(super) struct Taking<'t> {
    pub(super) arn: &'t str,
    pub(super) session_name: Option<&'t str>,
    pub(super) external_id: Option<&'t str>,
    pub(super) duration: Option<&'t str>,
}

/// Takes a role with these keys.
pub(super) async fn take(
    world: &World,
    keys: Keys,
    taking: &Taking<'_>,
    region: &str,
) -> Result<Keys, String> {
    let name = taking.session_name.unwrap_or(SESSION);
    let mut form =
        vec![("Action", "AssumeRole"), VERSION, ("RoleArn", taking.arn), ("RoleSessionName", name)];
    form.extend(taking.external_id.map(|id| ("ExternalId", id)));
    form.extend(taking.duration.map(|seconds| ("DurationSeconds", seconds)));
    let mut request = post(&endpoint(world, region), &form)?;
    keys.sign(&mut request, region, "sts")?;
    read(&world.ask(request, tell).await?)
}

/// The role that the platform's variables name, with the platform's token.
pub(super) async fn of_web_identity(world: &World, region: &str) -> Result<Keys, String> {
    let environment = &world.environment;
    let file = environment.need("AWS_WEB_IDENTITY_TOKEN_FILE")?;
    let name = environment.get("AWS_ROLE_SESSION_NAME");
    let region = environment.get("AWS_REGION").unwrap_or_else(|| region.to_owned());
    with_token(world, &file, &environment.need("AWS_ROLE_ARN")?, name.as_deref(), &region).await
}

/// Takes a role with the token in a file, which the platform writes anew from time to time.
pub(super) async fn with_token(
    world: &World,
    file: &str,
    arn: &str,
    session_name: Option<&str>,
    region: &str,
) -> Result<Keys, String> {
    let token = std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    let form = [
        ("Action", "AssumeRoleWithWebIdentity"),
        VERSION,
        ("RoleArn", arn),
        ("RoleSessionName", session_name.unwrap_or(SESSION)),
        ("WebIdentityToken", token.trim()),
    ];
    read(&world.ask(post(&endpoint(world, region), &form)?, tell).await?)
}

/// <https://docs.aws.amazon.com/general/latest/gr/sts.html>
fn endpoint(world: &World, region: &str) -> String {
    let own = world.environment.get("AWS_ENDPOINT_URL_STS");
    let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
    let own = own.map(|own| format!("{}/", own.trim_end_matches('/')));
    own.unwrap_or_else(|| format!("https://sts.{region}.amazonaws.com{suffix}/"))
}

fn read(answer: &str) -> Result<Keys, String> {
    let need = |name: &str| element(answer, name).ok_or_else(|| format!("the answer has no `{name}`"));
    let until = need("Expiration")?;
    Ok(Keys {
        id: need("AccessKeyId")?,
        secret: need("SecretAccessKey")?,
        session_token: Some(need("SessionToken")?),
        until: Some(Instant::read(&until).ok_or_else(|| format!("`{until}` is no time"))?),
    })
}

/// What an error says: it has no secrets in it.
fn tell(answer: &str) -> Option<String> {
    Some(format!("{}: {}", element(answer, "Code")?, element(answer, "Message").unwrap_or_default()))
}

/// The text of an element that holds nothing else. Keys and times have no letters that XML would write otherwise.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}
