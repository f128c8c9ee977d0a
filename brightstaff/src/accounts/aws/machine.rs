//! The roles of containers and machines, from addresses that only they can reach.
//!
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>,
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html>

use std::net::IpAddr;

use bytes::Bytes;
use http::Method;

use super::{Keys, of_json};
use crate::accounts::environment::Environment;
use crate::accounts::world::{World, get, request};

/// Where containers on ECS ask.
const CONTAINER: &str = "http://169.254.170.2";

/// Where containers on EKS ask, in both versions of IP.
const POD: [&str; 2] = ["169.254.170.23", "fd00:ec2::23"];

/// Where machines ask.
const USUAL: &str = "http://169.254.169.254";
const ROLES: &str = "latest/meta-data/iam/security-credentials/";
const REGION: &str = "latest/meta-data/placement/region";

/// How long the machine's word for it may be used, in seconds.
const WORD_FOR: &str = "300";

/// The container's keys.
pub(super) async fn of_container(world: &World) -> Result<Keys, String> {
    let environment = &world.environment;
    let address = match environment.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
        Some(path) => format!("{CONTAINER}{path}"),
        None => allowed(environment.need("AWS_CONTAINER_CREDENTIALS_FULL_URI")?)?,
    };
    let token = match environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
        Some(file) => {
            let token = std::fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?;
            Some(token.trim().to_owned())
        }
        None => environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN"),
    };
    let headers = token.as_deref().map(|token| ("authorization", token));
    let asked = get(&address, headers.as_slice())?;
    of_json(&world.ask_json(asked, |_| None).await?, "Token")
}

/// An address without TLS must be the machine's own or the container's, so that no token leaves it in the open.
fn allowed(address: String) -> Result<String, String> {
    let uri: http::Uri = address.parse().map_err(|_| format!("`{address}` is no address"))?;
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
    let near = host == "localhost"
        || POD.contains(&host.as_str())
        || CONTAINER.ends_with(&format!("/{host}"))
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    match uri.scheme_str() == Some("https") || near {
        true => Ok(address),
        false => Err(format!("`{address}` is neither https nor an address of the machine's own")),
    }
}

/// The service that machines ask what they are, in its second version, which wants a word from the machine first.
pub(in crate::accounts) struct Machine {
    root: String,
}

impl Machine {
    /// Where the variables say that it is, else where it usually is.
    pub(in crate::accounts) fn of(environment: &Environment) -> Machine {
        let root = environment.get("AWS_EC2_METADATA_SERVICE_ENDPOINT");
        Machine { root: root.unwrap_or_else(|| USUAL.to_owned()).trim_end_matches('/').to_owned() }
    }

    /// The one that has this address.
    pub(in crate::accounts) fn at(address: &str) -> Machine {
        let root = address.split_once("/latest/").map_or(address, |(root, _)| root);
        Machine { root: root.trim_end_matches('/').to_owned() }
    }

    /// The keys of the machine's role.
    pub(in crate::accounts) async fn keys(&self, world: &World) -> Result<Keys, String> {
        let word = self.word(world).await?;
        let role = self.ask(world, &word, ROLES).await?;
        let role = role.lines().next().unwrap_or_default().trim();
        let asked = get(&format!("{}/{ROLES}{role}", self.root), &[shown(&word)])?;
        of_json(&world.ask_json(asked, |_| None).await?, "Token")
    }

    /// The region that the machine is in.
    pub(in crate::accounts) async fn region(&self, world: &World) -> Result<String, String> {
        let word = self.word(world).await?;
        Ok(self.ask(world, &word, REGION).await?.trim().to_owned())
    }

    /// The word by which the machine is known.
    async fn word(&self, world: &World) -> Result<String, String> {
        let is_off = world.environment.get("AWS_EC2_METADATA_DISABLED");
        if is_off.is_some_and(|word| word.eq_ignore_ascii_case("true")) {
            return Err("AWS_EC2_METADATA_DISABLED is set".to_owned());
        }
        let wish = [("x-aws-ec2-metadata-token-ttl-seconds", WORD_FOR)];
        let asked = request(Method::PUT, &format!("{}/latest/api/token", self.root), &wish, Bytes::new())?;
        world.ask(asked, |_| None).await
    }

    async fn ask(&self, world: &World, word: &str, path: &str) -> Result<String, String> {
        world.ask(get(&format!("{}/{path}", self.root), &[shown(word)])?, |_| None).await
    }
}

fn shown(word: &str) -> (&str, &str) {
    ("x-aws-ec2-metadata-token", word.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_the_service_tells_where_all_of_it_is() {
        for (address, root) in [
            ("http://169.254.169.254/latest/meta-data/iam/security-credentials", "http://169.254.169.254"),
            ("http://[fd00:ec2::254]/latest/api/token", "http://[fd00:ec2::254]"),
            ("http://h:1/", "http://h:1"),
        ] {
            assert_eq!(Machine::at(address).root, root);
        }
    }

    #[test]
    fn tokens_of_containers_stay_on_the_machine() {
        for (address, fine) in [
            ("http://169.254.170.23/v1/credentials", true),
            ("http://[fd00:ec2::23]/v1/credentials", true),
            ("http://127.0.0.1:8080/x", true),
            ("http://localhost/x", true),
            ("https://h/x", true),
            ("http://h/x", false),
            ("http://169.254.169.254/x", false),
            ("ftp://h/x", false),
        ] {
            assert_eq!(allowed(address.to_owned()).is_ok(), fine, "{address}");
        }
    }
}
