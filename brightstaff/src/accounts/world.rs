//! Small requests to whoever lends.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use tokio::sync::Mutex;

use super::environment::Environment;
use crate::native::client::{self, Client};

/// What is escaped in forms and queries: all but what no address gives a meaning to (RFC 3986, section 2.3).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The most that is read of an answer.
const MOST: usize = 256 << 10;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The network and the variables.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(super) client: Arc<Client>,
    pub(super) environment: Environment,
    /// Whose turn it is to renew a sign-on.
    pub(super) signing_on: Arc<Mutex<()>>,
}

impl World {
    pub(crate) fn new(client: Arc<Client>, environment: Environment) -> World {
        World { client, environment, signing_on: Arc::default() }
    }

    /// The body of a good answer; otherwise what `tell` finds in a bad one.
    pub(super) async fn ask(
        &self,
        request: Request<Bytes>,
        tell: fn(&str) -> Option<String>,
    ) -> Result<String, String> {
        let place = request.uri().to_string();
        let place = place.split('?').next().unwrap_or_default().to_owned();
        let (status, body) = match tokio::time::timeout(PATIENCE, self.call(request)).await {
            Ok(answer) => answer.map_err(|why| format!("{place}: {why}"))?,
            Err(_) => return Err(format!("{place} did not answer within {PATIENCE:?}")),
        };
        match status.is_success() {
            true => Ok(body),
            false => {
                let why = tell(&body).map(|why| format!(": {why}")).unwrap_or_default();
                Err(format!("{place} answered with status {}{why}", status.as_u16()))
            }
        }
    }

    async fn call(&self, request: Request<Bytes>) -> Result<(StatusCode, String), String> {
        let (head, body) =
            client::send(&self.client, request).await.map_err(|error| error.to_string())?.into_parts();
        let body = Limited::new(body, MOST).collect().await.map_err(|error| error.to_string())?;
        Ok((head.status, String::from_utf8_lossy(&body.to_bytes()).into_owned()))
    }

    /// The same with an answer in JSON.
    pub(super) async fn ask_json(
        &self,
        request: Request<Bytes>,
        tell: fn(&str) -> Option<String>,
    ) -> Result<Value, String> {
        let place = request.uri().host().unwrap_or_default().to_owned();
        let body = self.ask(request, tell).await?;
        // What came is not shown: it may be a secret in another form.
        serde_json::from_str(&body).map_err(|_| format!("{place} answered with what is no JSON"))
    }
}

/// A request without a body.
pub(super) fn get(address: &str, headers: &[(&str, &str)]) -> Result<Request<Bytes>, String> {
    request(http::Method::GET, address, headers, Bytes::new())
}

/// A request with a form.
pub(super) fn post(address: &str, form: &[(&str, &str)]) -> Result<Request<Bytes>, String> {
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    request(http::Method::POST, address, &kind, Bytes::from(encode(form)))
}

pub(super) fn request(
    method: http::Method,
    address: &str,
    headers: &[(&str, &str)],
    body: Bytes,
) -> Result<Request<Bytes>, String> {
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = address.parse().map_err(|_| format!("`{address}` is no address"))?;
    for (name, value) in headers {
        let name = HeaderName::try_from(*name).map_err(|_| format!("`{name}` is no header"))?;
        let mut value =
            HeaderValue::try_from(*value).map_err(|_| format!("no value of the header `{name}`"))?;
        value.set_sensitive(true);
        request.headers_mut().insert(name, value);
    }
    Ok(request)
}

/// Pairs as forms and queries have them.
pub(super) fn encode(form: &[(&str, &str)]) -> String {
    let pairs = form.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// A text in the words of a form or a query.
pub(super) fn escaped(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// A text in an object.
pub(super) fn text(json: &Value, name: &str) -> Result<String, String> {
    let text = json.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    text.map(str::to_owned).ok_or_else(|| format!("there is no `{name}` in it"))
}

/// What OAuth's servers say of what went wrong (RFC 6749, section 5.2).
pub(super) fn oauth_error(body: &str) -> Option<String> {
    let json: Value = serde_json::from_str(body).ok()?;
    let said = |name: &str| json.get(name).and_then(Value::as_str);
    let message = json.get("error").and_then(|error| error.get("message")).and_then(Value::as_str);
    let words: Vec<&str> =
        [said("error"), said("error_description"), message].into_iter().flatten().collect();
    Some(words.join(": ")).filter(|words| !words.is_empty())
}
