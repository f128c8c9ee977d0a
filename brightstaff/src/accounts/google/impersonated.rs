//! Service accounts that somebody else may act as.
//!
//! <https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken>

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::{SCOPE, Token};
use crate::accounts::instant::Instant;
use crate::accounts::world::{World, oauth_error, request, text};

/// How long a token is good, in seconds, where nothing says it.
const USUAL: u64 = 3_600;

/// A token of the service account that the file of an account names, for whoever has a token of that account.
pub(super) async fn token(world: &World, account: &Value, own: &Token) -> Result<Token, String> {
    let address = text(account, "service_account_impersonation_url")?;
    let seconds = account.pointer("/service_account_impersonation/token_lifetime_seconds");
    let seconds = seconds.and_then(Value::as_u64).unwrap_or(USUAL);
    let body = json!({
        "delegates": account.get("delegates").unwrap_or(&json!([])),
        "scope": [SCOPE],
        "lifetime": format!("{seconds}s"),
    });
    let shown = format!("Bearer {}", own.text);
    let headers = [("content-type", "application/json"), ("authorization", shown.as_str())];
    let asked = request(Method::POST, &address, &headers, Bytes::from(body.to_string()))?;
    let answer = world.ask_json(asked, oauth_error).await?;
    let until = text(&answer, "expireTime")?;
    let until = Instant::read(&until).ok_or_else(|| format!("`{until}` is no time"))?;
    Ok(Token { text: text(&answer, "accessToken")?, until })
}
