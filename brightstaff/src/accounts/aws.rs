//! Keys of AWS that are valid for a while, from wherever AWS's own tools have them.
//!
//! <https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html>

mod files;
mod machine;
mod process;
mod sign_on;
mod sts;

use bytes::Bytes;
use http::Request;
use shared::gateway::{AwsRole, AwsSource};
use shared::host::Timestamp;
use shared::secret::Secret;
use shared::signature::Signer;

use super::environment::Environment;
use super::instant::Instant;
use super::world::World;
use files::Profile;

pub(super) use files::check;
pub(super) use machine::Machine;

/// How often profiles may lead to others.
const DEEPEST: usize = 8;

/// An access key.
pub(super) struct Keys {
    pub(super) id: String,
    pub(super) secret: String,
    pub(super) session_token: Option<String>,
    /// None where it does not end.
    pub(super) until: Option<Instant>,
}

impl Keys {
    /// Signs a request to a service of a region.
    pub(super) fn sign(
        self,
        request: &mut Request<Bytes>,
        region: &str,
        service: &'static str,
    ) -> Result<(), String> {
        let session_token = self.session_token.map(Secret::new);
        let (id, secret) = (self.id, Secret::new(self.secret));
        let signer = Signer { id, secret, session_token, region: region.to_owned(), service };
        let signed = signer.sign(request, Timestamp(Instant::now().seconds() * 1_000_000));
        signed.map_err(|_| "the keys have characters that no header may have".to_owned())
    }
}

/// The keys of a source; `region` is where roles are taken if nothing else says.
pub(super) async fn keys(world: &World, source: &AwsSource, region: &str) -> Result<Keys, String> {
    match source {
        AwsSource::Chain => chain(world, region).await,
        AwsSource::Profile(name) => of_profile(world, name, region, DEEPEST).await,
        AwsSource::WebIdentity => sts::of_web_identity(world, region).await,
        AwsSource::Container => machine::of_container(world).await,
        AwsSource::Instance => Machine::of(&world.environment).keys(world).await,
        AwsSource::Role(role) => of_role(world, role, region).await,
    }
}

async fn of_role(world: &World, role: &AwsRole, region: &str) -> Result<Keys, String> {
    let keys = Box::pin(keys(world, &role.of, region)).await?;
    let taking = sts::Taking {
        arn: &role.arn,
        session_name: role.session_name.as_deref(),
        external_id: role.external_id.as_deref(),
        duration: None,
    };
    sts::take(world, keys, &taking, region).await
}

/// The first place that has any: variables, the platform's token, the profile, the container, the machine.
async fn chain(world: &World, region: &str) -> Result<Keys, String> {
    let environment = &world.environment;
    let has = |name: &str| environment.get(name).is_some();
    if are_in_variables(environment) {
        return of_variables(world);
    }
    if has("AWS_WEB_IDENTITY_TOKEN_FILE") && has("AWS_ROLE_ARN") {
        return sts::of_web_identity(world, region).await;
    }
    let name = environment.get("AWS_PROFILE");
    if name.is_some() || Profile::read(environment, "default").is_some_and(|profile| profile.tells_keys()) {
        return of_profile(world, name.as_deref().unwrap_or("default"), region, DEEPEST).await;
    }
    if has("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") || has("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
        return machine::of_container(world).await;
    }
    let none = "there are none in variables, in a profile, of a container or of the machine";
    Machine::of(environment).keys(world).await.map_err(|why| format!("{none}: {why}"))
}

/// Whether the variables have a key.
pub(super) fn are_in_variables(environment: &Environment) -> bool {
    ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].iter().all(|name| environment.get(name).is_some())
}

pub(super) fn of_variables(world: &World) -> Result<Keys, String> {
    Ok(Keys {
        id: world.environment.need("AWS_ACCESS_KEY_ID")?,
        secret: world.environment.need("AWS_SECRET_ACCESS_KEY")?,
        session_token: world.environment.get("AWS_SESSION_TOKEN"),
        until: None,
    })
}

/// The keys that a profile has or leads to, in the order in which AWS's tools look.
async fn of_profile(world: &World, name: &str, region: &str, deepest: usize) -> Result<Keys, String> {
    let profile = Profile::read(&world.environment, name);
    let profile =
        profile.ok_or_else(|| format!("the profile `{name}` is not in the files of AWS's tools"))?;
    let region = profile.get("region").unwrap_or(region).to_owned();
    if let Some(arn) = profile.get("role_arn") {
        return of_profiles_role(world, &profile, arn, &region, deepest).await;
    }
    if profile.get("sso_account_id").is_some() {
        return sign_on::keys(world, &profile).await;
    }
    if let Some(keys) = profile.keys() {
        return Ok(keys);
    }
    match profile.get("credential_process") {
        Some(command) => process::keys(command).await,
        None => Err(format!("the profile `{name}` tells no keys")),
    }
}

async fn of_profiles_role(
    world: &World,
    profile: &Profile,
    arn: &str,
    region: &str,
    deepest: usize,
) -> Result<Keys, String> {
    if let Some(file) = profile.get("web_identity_token_file") {
        return sts::with_token(world, file, arn, profile.get("role_session_name"), region).await;
    }
    if profile.get("mfa_serial").is_some() {
        return Err(format!("the profile `{}` wants a code that somebody types in", profile.name));
    }
    let keys = match (profile.get("source_profile"), profile.get("credential_source")) {
        (Some(own), _) if own == profile.name => {
            profile.keys().ok_or_else(|| format!("the profile `{own}` leads to itself and has no keys"))?
        }
        (Some(_), _) if deepest == 0 => return Err("profiles lead to profiles without an end".to_owned()),
        (Some(other), _) => Box::pin(of_profile(world, other, region, deepest - 1)).await?,
        (None, Some("Environment")) => of_variables(world)?,
        (None, Some("Ec2InstanceMetadata")) => Machine::of(&world.environment).keys(world).await?,
        (None, Some("EcsContainer")) => machine::of_container(world).await?,
        _ => return Err(format!("the profile `{}` does not say whose role it is to take", profile.name)),
    };
    let taking = sts::Taking {
        arn,
        session_name: profile.get("role_session_name"),
        external_id: profile.get("external_id"),
        duration: profile.get("duration_seconds"),
    };
    sts::take(world, keys, &taking, region).await
}

/// The keys in an answer in JSON, under the names that containers, machines and programs use.
fn of_json(json: &serde_json::Value, token: &str) -> Result<Keys, String> {
    use super::world::text;
    let until = text(json, "Expiration").ok();
    let until = until.map(|until| Instant::read(&until).ok_or_else(|| format!("`{until}` is no time")));
    Ok(Keys {
        id: text(json, "AccessKeyId")?,
        secret: text(json, "SecretAccessKey")?,
        session_token: text(json, token).ok(),
        until: until.transpose()?,
    })
}
