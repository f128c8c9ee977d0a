//! Where a provider is: what a host must be allowed to call, and what Envoy makes a cluster of.

use std::fmt;

use http::Uri;

/// A scheme, a host and a port. Two providers on one host with different ports or schemes are at two origins.
///
/// Written as `https://api.openai.com`, the port only where it is not the scheme's own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// Whether the scheme is `https`.
    pub tls: bool,
    /// A name or an address; IPv6 without its brackets.
    pub host: String,
    pub port: u16,
}

impl Origin {
    /// The origin of an `http` or `https` address.
    pub fn of(uri: &Uri) -> Option<Origin> {
        let tls = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let host = uri.host()?.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let port = uri.port_u16().unwrap_or(usual_port(tls));
        Some(Origin { tls, host, port })
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &'static str {
        if self.tls { "https" } else { "http" }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Origin { tls, host, port } = self;
        match host.contains(':') {
            true => write!(f, "{}://[{host}]", self.scheme())?,
            false => write!(f, "{}://{host}", self.scheme())?,
        }
        if *port != usual_port(*tls) { write!(f, ":{port}") } else { Ok(()) }
    }
}

fn usual_port(tls: bool) -> u16 {
    if tls { 443 } else { 80 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(uri: &str) -> Option<String> {
        Origin::of(&uri.parse().unwrap()).map(|origin| origin.to_string())
    }

    /// A12: one host at two ports, or under two schemes, is two upstreams.
    #[test]
    fn a12_ports_and_schemes_tell_origins_apart() {
        assert_eq!(written("https://api.openai.com/v1").as_deref(), Some("https://api.openai.com"));
        assert_eq!(written("http://LocalHost/v1").as_deref(), Some("http://localhost"));
        assert_eq!(written("https://localhost:80").as_deref(), Some("https://localhost:80"));
        assert_eq!(written("http://localhost:8080").as_deref(), Some("http://localhost:8080"));
        assert_eq!(written("http://[::1]:9/v1").as_deref(), Some("http://[::1]:9"));
        assert_eq!(written("ftp://x/"), None);
        assert_eq!(written("/v1"), None);
    }
}
