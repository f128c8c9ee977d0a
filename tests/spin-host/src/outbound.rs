//! `allowed_outbound_hosts`: where a component may send requests to. Nowhere, unless the manifest says so.
//!
//! The forms are those of <https://spinframework.dev/v3/http-outbound>: `scheme://host[:port]`, where the scheme, the host
//! or its first label, and the port may be `*`. Address ranges and templates are not known here and refused.

use http::{Request, Response, Uri};
use http_body_util::BodyExt;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks, default_send_request};

/// What sends an instance's requests: each on a connection of its own, and only where it is allowed.
pub(crate) struct Outbound {
    allowed: Allowed,
}

/// What becomes of the connection, told once the body was read.
type Closed = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl Outbound {
    pub(crate) fn new(allowed: Allowed) -> Outbound {
        Outbound { allowed }
    }
}

impl WasiHttpHooks for Outbound {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _sent: Closed,
    ) -> Box<dyn Future<Output = Result<(Response<WasiBody>, Closed), Error>> + Send> {
        if !self.allowed.allows(request.uri()) {
            eprintln!("the manifest does not allow requests to {:?}", request.uri().authority());
            return Box::new(async { Err(Error::HttpRequestDenied) });
        }
        Box::new(async move {
            let (response, closed) = default_send_request(request, options).await?;
            Ok((response.map(BodyExt::boxed_unsync), Box::new(closed) as Closed))
        })
    }
}

/// The destinations a component may reach.
#[derive(Clone, Debug, Default)]
pub(crate) struct Allowed {
    destinations: Vec<Destination>,
}

#[derive(Clone, Debug)]
struct Destination {
    scheme: Part,
    host: Part,
    port: Part,
}

/// One part of a destination.
#[derive(Clone, Debug)]
enum Part {
    Any,
    /// Any name below this one, which begins with its dot.
    Below(String),
    Exactly(String),
}

impl Allowed {
    /// Allows one more destination.
    pub(crate) fn add(&mut self, pattern: &str) -> Result<(), String> {
        let destination = Destination::read(pattern).ok_or_else(|| {
            format!("`{pattern}` is no outbound host: scheme://host or scheme://host:port is")
        })?;
        self.destinations.push(destination);
        Ok(())
    }

    /// Whether a request to `uri` may leave.
    pub(crate) fn allows(&self, uri: &Uri) -> bool {
        let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else { return false };
        let port =
            uri.port_u16().map(|port| port.to_string()).or_else(|| default_port(scheme).map(str::to_owned));
        self.destinations.iter().any(|destination| {
            destination.scheme.matches(scheme)
                && destination.host.matches(host)
                && port.as_deref().is_some_and(|port| destination.port.matches(port))
        })
    }
}

impl Destination {
    fn read(pattern: &str) -> Option<Destination> {
        let (scheme, rest) = pattern.split_once("://")?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '{', '?', '#', '@']) {
            return None;
        }
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Part::read(port)?),
            _ => (rest, Part::Exactly(default_port(scheme)?.to_owned())),
        };
        Some(Destination { scheme: Part::read(scheme)?, host: Part::read(host)?, port })
    }
}

impl Part {
    fn read(text: &str) -> Option<Part> {
        match text.strip_prefix('*') {
            _ if text.is_empty() => None,
            Some("") => Some(Part::Any),
            Some(below) if below.starts_with('.') => Some(Part::Below(below.to_ascii_lowercase())),
            _ if text.contains('*') => None,
            _ => Some(Part::Exactly(text.to_ascii_lowercase())),
        }
    }

    fn matches(&self, text: &str) -> bool {
        let text = text.to_ascii_lowercase();
        match self {
            Part::Any => true,
            Part::Below(below) => text.ends_with(below),
            Part::Exactly(exactly) => text == *exactly,
        }
    }
}

fn default_port(scheme: &str) -> Option<&'static str> {
    match scheme {
        "http" => Some("80"),
        "https" => Some("443"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(pattern: &str, uri: &str) -> bool {
        let mut allowed = Allowed::default();
        allowed.add(pattern).unwrap();
        allowed.allows(&uri.parse().unwrap())
    }

    #[test]
    fn nothing_is_allowed_that_is_not_named() {
        assert!(!Allowed::default().allows(&"https://api.openai.com/v1".parse().unwrap()));
        assert!(!allows("https://api.openai.com", "http://api.openai.com/v1"));
        assert!(!allows("https://api.openai.com", "https://api.openai.com.evil.example/v1"));
        assert!(!allows("https://api.openai.com", "https://api.openai.com:8443/v1"));
        assert!(!allows("https://*.openai.com", "https://openai.com/v1"));
    }

    #[test]
    fn what_is_named_is_allowed() {
        assert!(allows("https://api.openai.com", "https://API.openai.com/v1"));
        assert!(allows("https://api.openai.com:443/", "https://api.openai.com/v1"));
        assert!(allows("http://127.0.0.1:*", "http://127.0.0.1:4000/v1"));
        assert!(allows("https://*.openai.com", "https://eu.api.openai.com/v1"));
        assert!(allows("*://*:*", "http://[::1]:80/"));
        assert!(allows("http://[::1]:81", "http://[::1]:81/"));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for pattern in
            ["api.openai.com", "https://a/v1", "https://", "https://a*b", "https://{{ host }}", "redis://a"]
        {
            assert!(Allowed::default().add(pattern).is_err(), "{pattern}");
        }
    }
}
