//! Which of the addresses that requests name may be fetched: hosts of the operator's list, at addresses that everybody
//! can reach. What only the gateway can reach (its own machine, its network, its cloud's metadata) stays out.

mod network;
mod pattern;

pub use network::Network;
pub use pattern::Pattern;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use http::Uri;
use serde::Serialize;

use crate::origin::Origin;

/// The operator's rules for addresses that requests name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Egress {
    /// The hosts that may be called; none, if empty.
    pub hosts: Vec<Pattern>,
    /// Whether addresses without TLS may be called, too.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub http: bool,
    /// Networks that may be called though they are not public.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub private: Vec<Network>,
}

/// Why an address is not called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Neither `https`, nor `http` where that is allowed.
    Scheme,
    /// It has a user's name or password in it.
    User,
    /// The host is on no list.
    Host,
    /// The host is at no address that may be called. What it is at is for nobody to know.
    Private,
}

impl Egress {
    /// Checks an address as it is written. Where names are resolved, what they come to is [`admits`](Egress::admits)'s.
    pub fn check(&self, uri: &Uri) -> Result<(), Refused> {
        let origin = Origin::of(uri).filter(|origin| origin.tls || self.http).ok_or(Refused::Scheme)?;
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(Refused::User);
        }
        let host = origin.host.strip_suffix('.').unwrap_or(&origin.host);
        let usual = origin.port == if origin.tls { 443 } else { 80 };
        let mut fitting =
            self.hosts.iter().filter(|pattern| pattern.fits(host, origin.port, usual)).peekable();
        fitting.peek().ok_or(Refused::Host)?;
        match host.parse::<IpAddr>() {
            Ok(address) if self.admits(address) => Ok(()),
            Ok(_) => Err(Refused::Private),
            Err(_) if is_number(host) => Err(Refused::Private),
            // A name that only the operator's own network knows must be on the list itself.
            Err(_) if is_local(host) && !fitting.any(|pattern| pattern.names(host)) => Err(Refused::Private),
            Err(_) => Ok(()),
        }
    }

    /// Whether this may be connected to.
    pub fn admits(&self, address: IpAddr) -> bool {
        let address = network::plain(address);
        !network::is_metadata(address)
            && (network::is_public(address) || self.private.iter().any(|network| network.contains(address)))
    }
}

/// Whether some resolvers take the host for an IPv4 address though it is not written as one: `127.1`, `0x7f000001`.
///
/// <https://url.spec.whatwg.org/#ends-in-a-number-checker>
fn is_number(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    let hexadecimal =
        last.strip_prefix("0x").is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    hexadecimal || (!last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether the name has no meaning outside of a network.
///
/// <https://www.iana.org/assignments/special-use-domain-names>
fn is_local(host: &str) -> bool {
    let Some((_, last)) = host.rsplit_once('.') else { return true };
    matches!(
        last,
        "localhost" | "local" | "internal" | "lan" | "home" | "corp" | "arpa" | "test" | "invalid" | "onion"
    )
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refused::Scheme => "its scheme is not fetched",
            Refused::User => "it has a user's name in it",
            Refused::Host => "nothing is fetched from its host",
            Refused::Private => "its host has no public address",
        })
    }
}

impl std::error::Error for Refused {}

/// The address of Azure's own agent, which is public by its number only.
///
/// <https://learn.microsoft.com/en-us/azure/virtual-network/what-is-ip-address-168-63-129-16>
const WIRE_SERVER: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);

#[cfg(test)]
mod tests {
    use super::*;

    fn egress(hosts: &[&str]) -> Egress {
        let hosts = hosts.iter().map(|host| host.parse().unwrap()).collect();
        Egress { hosts, http: false, private: Vec::new() }
    }

    fn check(egress: &Egress, uri: &str) -> Result<(), Refused> {
        egress.check(&uri.parse().unwrap())
    }

    #[test]
    fn hosts_of_the_list_are_called_and_no_others() {
        let listed = egress(&["images.example.com", "*.cdn.example.org", "h.example:8443"]);
        for fine in [
            "https://images.example.com/a.png?b=c",
            "https://IMAGES.example.com./a",
            "https://images.example.com:443/a",
            "https://a.cdn.example.org/",
            "https://a.b.cdn.example.org/",
            "https://h.example:8443/",
        ] {
            assert_eq!(check(&listed, fine), Ok(()), "{fine}");
        }
        for (wrong, why) in [
            ("https://example.com/", Refused::Host),
            ("https://images.example.com.evil.net/", Refused::Host),
            ("https://evilimages.example.com/", Refused::Host),
            ("https://cdn.example.org/", Refused::Host),
            ("https://evilcdn.example.org/", Refused::Host),
            ("https://images.example.com:8443/", Refused::Host),
            ("https://h.example/", Refused::Host),
            ("http://images.example.com/", Refused::Scheme),
            ("ftp://images.example.com/", Refused::Scheme),
            ("/images.example.com", Refused::Scheme),
            ("https://images.example.com@evil.net/", Refused::User),
        ] {
            assert_eq!(check(&listed, wrong), Err(why), "{wrong}");
        }
        assert_eq!(check(&egress(&[]), "https://images.example.com/"), Err(Refused::Host));
    }

    /// However an address of one's own is written, `*` does not open it.
    #[test]
    fn private_addresses_are_private_in_every_spelling() {
        let any = egress(&["*"]);
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f.0.0.1",
            "0x7f000001",
            "0",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.100.100.200",
            "192.0.0.192",
            "168.63.129.16",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:10.0.0.1]",
            "[::127.0.0.1]",
            "[64:ff9b::127.0.0.1]",
            "[64:ff9b:1::1]",
            "[2002:7f00:1::]",
            "[2001:0:1::1]",
            "[fe80::1]",
            "[fc00::1]",
            "[fd00:ec2::254]",
            "[fd20:ce::254]",
            "[fec0::1]",
            "[ff02::1]",
            "[2001:db8::1]",
            "localhost",
            "localhost.",
            "a.localhost",
            "metadata.google.internal",
            "router",
            "printer.local",
        ] {
            assert_eq!(check(&any, &format!("https://{host}/")), Err(Refused::Private), "{host}");
        }
        for host in ["8.8.8.8", "[2606:4700::1111]", "[::ffff:8.8.8.8]", "[64:ff9b::8.8.8.8]", "example.com"]
        {
            assert_eq!(check(&any, &format!("https://{host}/")), Ok(()), "{host}");
        }
    }

    #[test]
    fn what_is_private_is_called_where_the_operator_says_so() {
        let networks = ["127.0.0.0/8", "10.0.0.0/8", "169.254.0.0/16", "fd00::/8"];
        let private = networks.map(|network| network.parse().unwrap()).to_vec();
        let own = Egress { private, http: true, ..egress(&["*", "*:8080", "localhost:9"]) };
        for fine in [
            "http://127.0.0.1/",
            "http://[::ffff:127.0.0.1]:8080/",
            "https://10.2.3.4/",
            "http://localhost:9/",
        ] {
            assert_eq!(check(&own, fine), Ok(()), "{fine}");
        }
        // A cloud's metadata is nobody's.
        for wrong in [
            "http://192.168.0.1/",
            "http://169.254.169.254/",
            "https://[fd00:ec2::254]/",
            "http://localhost/",
        ] {
            assert_eq!(check(&own, wrong), Err(Refused::Private), "{wrong}");
        }
    }
}
