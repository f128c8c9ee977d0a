//! The roles of containers and machines, from addresses that only they can reach.
//!
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>,
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html>

use std::net::IpAddr;

use bytes::Bytes;
use http::Method;

use super::{Keys, of_json};
use crate::accounts::world::{World, get, request};

/// Where containers on ECS ask.
const CONTAINER: &str = "http://169.254.170.2";

/// Where containers on EKS ask, in both versions of IP.
const POD: [&str; 2] = ["169.254.170.23", "fd00:ec2::23"];

/// Where machines ask.
const MACHINE: &str = "http://169.254.169.254";
const ROLES: &str = "latest/meta-data/iam/security-credentials/";

/// How long the machine's word for it may be used, in seconds.
const TOKEN_FOR: &str = "300";

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

/// The machine's keys, by the second version of its service, which wants a word from the machine first.
pub(super) async fn of_instance(world: &World) -> Result<Keys, String> {
    let environment = &world.environment;
    if environment.get("AWS_EC2_METADATA_DISABLED").is_some_and(|word| word.eq_ignore_ascii_case("true")) {
        return Err("AWS_EC2_METADATA_DISABLED is set".to_owned());
    }
    let root = environment.get("AWS_EC2_METADATA_SERVICE_ENDPOINT").unwrap_or_else(|| MACHINE.to_owned());
    let root = root.trim_end_matches('/');
    let wish = [("x-aws-ec2-metadata-token-ttl-seconds", TOKEN_FOR)];
    let asked = request(Method::PUT, &format!("{root}/latest/api/token"), &wish, Bytes::new())?;
    let token = world.ask(asked, |_| None).await?;
    let shown = [("x-aws-ec2-metadata-token", token.trim())];
    let role = world.ask(get(&format!("{root}/{ROLES}"), &shown)?, |_| None).await?;
    let role = role.lines().next().unwrap_or_default().trim();
    let json = world.ask_json(get(&format!("{root}/{ROLES}{role}"), &shown)?, |_| None).await?;
    of_json(&json, "Token")
}

#[cfg(test)]
mod tests {
    use super::*;

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
