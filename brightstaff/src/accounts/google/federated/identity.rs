//! AWS vouches for its accounts by a question that only they can sign: who they are. The signed question is the token, and
//! Google asks it.
//!
//! <https://google.aip.dev/auth/4117#determining-the-subject-token-in-aws>,
//! <https://cloud.google.com/iam/docs/workload-identity-federation-with-other-clouds>

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderValue, Method, Request};
use serde_json::{Value, json};

use super::word;
use crate::accounts::aws::{self, Keys, Machine};
use crate::accounts::world::{World, escaped, request, text};

/// The only version of such sources.
const VERSION: &str = "aws1";

/// For whom the question is signed.
const AUDIENCE: &str = "x-goog-cloud-target-resource";

/// An account of AWS.
pub(super) struct Identity<'a> {
    audience: String,
    /// Where Google asks, with `{region}` in it.
    question: &'a str,
    /// An address of the machine's service; none where variables have all that is needed.
    machine: Option<&'a str>,
}

impl<'a> Identity<'a> {
    pub(super) fn of(account: &Value, source: &'a Value) -> Result<Identity<'a>, String> {
        let version = word(source, "environment_id").unwrap_or_default();
        if version != VERSION {
            return Err(format!("its `credential_source` is of `{version}`, and only `{VERSION}` is known"));
        }
        let question = word(source, "regional_cred_verification_url");
        let question = question.ok_or("its `credential_source` has no `regional_cred_verification_url`")?;
        let machine = word(source, "url").or_else(|| word(source, "region_url"));
        Ok(Identity { audience: text(account, "audience")?, question, machine })
    }

    /// The signed question, as text that can stand in a form.
    pub(super) async fn token(&self, world: &World) -> Result<String, String> {
        let region = self.region(world).await?;
        let address = self.question.replace("{region}", &region);
        let mut question = request(Method::POST, &address, &[(AUDIENCE, &self.audience)], Bytes::new())?;
        let host = question.uri().authority().map_or("", |authority| authority.as_str());
        let host = HeaderValue::from_str(host).map_err(|_| format!("`{address}` has no host"))?;
        question.headers_mut().insert(HOST, host);
        self.keys(world).await?.sign(&mut question, &region, "sts")?;
        Ok(told(&question, &address))
    }

    async fn region(&self, world: &World) -> Result<String, String> {
        let environment = &world.environment;
        match environment.get("AWS_REGION").or_else(|| environment.get("AWS_DEFAULT_REGION")) {
            Some(region) => Ok(region),
            None => self.machine(world).region(world).await,
        }
    }

    /// Those of the variables, else the machine's; as Google's own libraries have it, no profile's.
    async fn keys(&self, world: &World) -> Result<Keys, String> {
        match aws::are_in_variables(&world.environment) {
            true => aws::of_variables(world),
            false => self.machine(world).keys(world).await,
        }
    }

    fn machine(&self, world: &World) -> Machine {
        self.machine.map_or_else(|| Machine::of(&world.environment), Machine::at)
    }
}

/// A request in JSON, in the words of a query.
fn told(request: &Request<Bytes>, address: &str) -> String {
    let headers = request.headers().iter();
    let headers = headers
        .map(|(name, value)| json!({ "key": name.as_str(), "value": value.to_str().unwrap_or_default() }));
    let headers = headers.collect::<Vec<_>>();
    escaped(&json!({ "url": address, "method": request.method().as_str(), "headers": headers }).to_string())
}
