//! Tokens of Google Cloud: of a service account's key, of whoever signed on with gcloud, of whom another platform vouches
//! for, or of the machine's account.
//!
//! <https://cloud.google.com/docs/authentication/application-default-credentials>,
//! <https://developers.google.com/identity/protocols/oauth2/service-account>

mod federated;
mod impersonated;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::SignatureScheme;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};

use super::environment::Environment;
use super::instant::Instant;
use super::world::{World, get, oauth_error, post, text};

/// The right to call everything that the account may call.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// Where those who signed on get tokens.
const TOKENS: &str = "https://oauth2.googleapis.com/token";

/// Where machines ask.
const MACHINE: &str = "metadata.google.internal";

/// How often accounts may lead to others.
const DEEPEST: usize = 2;

/// How long an assertion is good, in seconds: the most that is allowed.
const ASSERTED: u64 = 3_600;

/// A token, and until when it is good.
pub(super) struct Token {
    pub(super) text: String,
    pub(super) until: Instant,
}

/// The token of the account in a file, else of the one that Google's own tools use.
pub(super) async fn token(world: &World, file: Option<&str>) -> Result<Token, String> {
    let environment = &world.environment;
    let usual = environment.at_home(".config/gcloud/application_default_credentials.json");
    match named(file, environment).or_else(|| usual.filter(|file| file.is_file())) {
        Some(file) => of_account(world, &read(&file)?, DEEPEST).await.map_err(|why| at(&file, &why)),
        None => of_machine(world).await,
    }
}

/// Whether the file that is named has an account that can be followed.
pub(super) fn check(file: Option<&str>, environment: &Environment) -> Result<(), String> {
    let Some(file) = named(file, environment) else { return Ok(()) };
    let account = read(&file)?;
    let checked = match text(&account, "type").as_deref() {
        Ok("external_account") => federated::check(&account),
        Ok("service_account" | "authorized_user" | "impersonated_service_account") => Ok(()),
        Ok(other) => Err(unfollowed(other)),
        Err(why) => Err(why.clone()),
    };
    checked.map_err(|why| at(&file, &why))
}

fn named(file: Option<&str>, environment: &Environment) -> Option<PathBuf> {
    let named = file.map(str::to_owned).or_else(|| environment.get("GOOGLE_APPLICATION_CREDENTIALS"));
    named.map(PathBuf::from)
}

fn read(file: &Path) -> Result<Value, String> {
    let bytes = std::fs::read(file).map_err(|error| at(file, &error.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|_| at(file, "it is no JSON"))
}

fn at(file: &Path, why: &str) -> String {
    format!("{}: {why}", file.display())
}

fn unfollowed(kind: &str) -> String {
    format!("accounts of the type `{kind}` are not followed")
}

async fn of_account(world: &World, account: &Value, deepest: usize) -> Result<Token, String> {
    match text(account, "type")?.as_str() {
        "service_account" => of_key(world, account).await,
        "authorized_user" => of_user(world, account).await,
        "external_account" => federated::token(world, account).await,
        "impersonated_service_account" if deepest > 0 => {
            let source =
                account.get("source_credentials").ok_or("there are no `source_credentials` in it")?;
            let own = Box::pin(of_account(world, source, deepest - 1)).await?;
            impersonated::token(world, account, &own).await
        }
        other => Err(unfollowed(other)),
    }
}

/// With the key of a service account the gateway vouches for itself.
async fn of_key(world: &World, account: &Value) -> Result<Token, String> {
    let address = text(account, "token_uri").unwrap_or_else(|_| TOKENS.to_owned());
    let assertion = assertion(account, &address, Instant::now())?;
    let form =
        [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion.as_str())];
    granted(&world.ask_json(post(&address, &form)?, oauth_error).await?)
}

/// Whoever signed on with gcloud left something to get tokens with.
async fn of_user(world: &World, user: &Value) -> Result<Token, String> {
    let need = |name: &str| text(user, name);
    let (id, secret, refresh) = (need("client_id")?, need("client_secret")?, need("refresh_token")?);
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", id.as_str()),
        ("client_secret", secret.as_str()),
        ("refresh_token", refresh.as_str()),
    ];
    let address = text(user, "token_uri").unwrap_or_else(|_| TOKENS.to_owned());
    granted(&world.ask_json(post(&address, &form)?, oauth_error).await?)
}

async fn of_machine(world: &World) -> Result<Token, String> {
    let host = world.environment.get("GCE_METADATA_HOST").unwrap_or_else(|| MACHINE.to_owned());
    let address = format!("http://{host}/computeMetadata/v1/instance/service-accounts/default/token");
    let asked = get(&address, &[("metadata-flavor", "Google")])?;
    let answer = world.ask_json(asked, |_| None).await;
    granted(
        &answer.map_err(|why| format!("there is no file of an account, and the machine has none: {why}"))?,
    )
}

/// What OAuth's servers answer (RFC 6749, section 5.1); some write the number as text.
pub(super) fn granted(answer: &Value) -> Result<Token, String> {
    let seconds = answer.get("expires_in");
    let seconds = seconds.and_then(|value| value.as_u64().or_else(|| value.as_str()?.parse().ok()));
    let seconds = seconds.ok_or_else(|| "the token has no end".to_owned())?;
    Ok(Token { text: text(answer, "access_token")?, until: Instant::now().plus(seconds) })
}

/// A signed claim (RFC 7523) of a service account.
fn assertion(account: &Value, audience: &str, now: Instant) -> Result<String, String> {
    let (email, key) = (text(account, "client_email")?, text(account, "private_key")?);
    let head = json!({ "alg": "RS256", "typ": "JWT", "kid": account.get("private_key_id") });
    let claims = json!({
        "iss": email,
        "scope": SCOPE,
        "aud": audience,
        "iat": now.seconds(),
        "exp": now.plus(ASSERTED).seconds(),
    });
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let claim = format!("{}.{}", part(&head), part(&claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(&key, claim.as_bytes())?);
    Ok(format!("{claim}.{signature}"))
}

fn sign(key: &str, claim: &[u8]) -> Result<Vec<u8>, String> {
    let unusable = |_| "`private_key` is no key of RSA".to_owned();
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(unusable)?;
    let key: Arc<dyn rustls::sign::SigningKey> = rustls::crypto::ring::sign::any_supported_type(&key)
        .map_err(|_| "`private_key` is no key of RSA".to_owned())?;
    let signer = key.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256]);
    let signer = signer.ok_or_else(|| "`private_key` is no key of RSA".to_owned())?;
    signer.sign(claim).map_err(|error| error.to_string())
}
