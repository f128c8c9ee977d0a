//! Tokens of Microsoft Entra: of an application with a secret, of one that the platform vouches for, or of the machine.
//!
//! <https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow>,
//! <https://learn.microsoft.com/en-us/entra/identity/managed-identities-azure-resources/how-to-use-vm-token>

use super::google::{Token, granted};
use super::instant::Instant;
use super::world::{World, encode, get, oauth_error, post, text};

/// The right to call models.
///
/// <https://learn.microsoft.com/en-us/azure/ai-foundry/openai/how-to/managed-identity>
const RESOURCE: &str = "https://cognitiveservices.azure.com";

/// Where applications get tokens, but in the clouds of some countries.
const AUTHORITY: &str = "https://login.microsoftonline.com";

/// Where machines ask.
const MACHINE: &str = "http://169.254.169.254";

const ASSERTED: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The token of an application, else of the one that the usual variables tell, else of the machine.
pub(super) async fn token(
    world: &World,
    tenant: Option<&str>,
    client: Option<&str>,
) -> Result<Token, String> {
    let environment = &world.environment;
    let own = |given: Option<&str>, name: &str| given.map(str::to_owned).or_else(|| environment.get(name));
    let (tenant, client) = (own(tenant, "AZURE_TENANT_ID"), own(client, "AZURE_CLIENT_ID"));
    let secret = environment.get("AZURE_CLIENT_SECRET");
    let vouched = environment.get("AZURE_FEDERATED_TOKEN_FILE");
    let (proof, by_secret) = match (secret, vouched) {
        (Some(secret), _) => (secret, true),
        (None, Some(file)) => {
            let token = std::fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?;
            (token.trim().to_owned(), false)
        }
        (None, None) => return of_machine(world, client.as_deref()).await,
    };
    let (Some(tenant), Some(client)) = (tenant, client) else {
        return Err("an application needs AZURE_TENANT_ID and AZURE_CLIENT_ID".to_owned());
    };
    let scope = format!("{RESOURCE}/.default");
    let mut form =
        vec![("grant_type", "client_credentials"), ("client_id", client.as_str()), ("scope", scope.as_str())];
    match by_secret {
        true => form.push(("client_secret", &proof)),
        false => form.extend([("client_assertion_type", ASSERTED), ("client_assertion", &proof)]),
    }
    let authority = environment.get("AZURE_AUTHORITY_HOST").unwrap_or_else(|| AUTHORITY.to_owned());
    let address = format!("{}/{tenant}/oauth2/v2.0/token", authority.trim_end_matches('/'));
    granted(&world.ask_json(post(&address, &form)?, oauth_error).await?)
}

/// The machine's own identity, or the one of these that is named; App Service and its like have an address of their own.
async fn of_machine(world: &World, client: Option<&str>) -> Result<Token, String> {
    let environment = &world.environment;
    let endpoint = environment.get("IDENTITY_ENDPOINT").zip(environment.get("IDENTITY_HEADER"));
    let mut query = vec![("resource", RESOURCE)];
    query.extend(client.map(|client| ("client_id", client)));
    let asked = match &endpoint {
        Some((address, word)) => {
            query.push(("api-version", "2019-08-01"));
            get(&format!("{address}?{}", encode(&query)), &[("x-identity-header", word)])?
        }
        None => {
            query.push(("api-version", "2018-02-01"));
            let root = environment.get("AZURE_POD_IDENTITY_AUTHORITY_HOST");
            let root = root.unwrap_or_else(|| MACHINE.to_owned());
            let address = format!("{}/metadata/identity/oauth2/token", root.trim_end_matches('/'));
            get(&format!("{address}?{}", encode(&query)), &[("metadata", "true")])?
        }
    };
    let answer = world.ask_json(asked, oauth_error).await;
    let answer = answer
        .map_err(|why| format!("AZURE_CLIENT_SECRET is not set, and the machine has no identity: {why}"))?;
    match endpoint {
        // It tells the moment, not the time that is left.
        Some(_) => of_app_service(&answer),
        None => granted(&answer),
    }
}

/// <https://learn.microsoft.com/en-us/azure/app-service/overview-managed-identity#rest-endpoint-reference>
fn of_app_service(answer: &serde_json::Value) -> Result<Token, String> {
    let until = answer.get("expires_on");
    let until = until.and_then(|value| value.as_u64().or_else(|| value.as_str()?.parse().ok()));
    let until = until.ok_or_else(|| "the token has no end".to_owned())?;
    Ok(Token { text: text(answer, "access_token")?, until: Instant::of_seconds(until) })
}
