//! A host, or many, as the operator lists them.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// `images.example.com`, `*.example.com` for all names below, `*` for any; with a port where it is not the scheme's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct Pattern {
    /// Whether it is what is below the name; the empty name is above all.
    below: bool,
    /// In lower case; IPv6 without its brackets.
    name: String,
    port: Option<u16>,
}

impl Pattern {
    /// Whether it is for this host. `usual` is whether the port is the scheme's own.
    pub(super) fn fits(&self, host: &str, port: u16, usual: bool) -> bool {
        let at_port = self.port.map_or(usual, |own| own == port);
        at_port && if self.below { self.is_above(host) } else { self.names(host) }
    }

    /// Whether it is this host and no other.
    pub(super) fn names(&self, host: &str) -> bool {
        !self.below && self.name == host
    }

    fn is_above(&self, host: &str) -> bool {
        let before = host.strip_suffix(self.name.as_str());
        self.name.is_empty() || before.is_some_and(|before| before.len() > 1 && before.ends_with('.'))
    }
}

impl FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Pattern, String> {
        let wrong =
            || format!("`{text}` is no host: write it like `images.example.com`, `*.example.com` or `*`");
        let (host, port) = split(text);
        let port = port.map(str::parse).transpose().map_err(|_| wrong())?;
        let (below, name) = match host.strip_prefix('*') {
            Some(rest) => {
                (true, rest.strip_prefix('.').or((rest.is_empty()).then_some("")).ok_or_else(wrong)?)
            }
            None => (false, host),
        };
        let name = name.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
        let named = name.bytes().all(plain) && !name.starts_with('.') && !name.ends_with('.');
        if !named || (name.is_empty() && host != "*") || port == Some(0) {
            return Err(wrong());
        }
        Ok(Pattern { below, name, port })
    }
}

/// The host and the port; the colons of an address of IPv6 stand in brackets, or are no port's.
fn split(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        Some((host, port)) if host.ends_with(']') || !host.contains(':') => (host, Some(port)),
        _ => (text, None),
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dot = if self.name.is_empty() { "" } else { "." };
        match (self.below, self.name.contains(':')) {
            (true, _) => write!(f, "*{dot}{}", self.name)?,
            (false, true) => write!(f, "[{}]", self.name)?,
            (false, false) => f.write_str(&self.name)?,
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> String {
        pattern.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_written_as_they_are_read() {
        for text in
            ["*", "*:8443", "*.example.com", "a-b.example.com:80", "127.0.0.1:1", "[::1]", "[::1]:8080"]
        {
            assert_eq!(text.parse::<Pattern>().unwrap().to_string(), text);
        }
        assert_eq!("Images.Example.com".parse::<Pattern>().unwrap().to_string(), "images.example.com");
        let wrongs = [
            "",
            "https://h",
            "h/path",
            "*h",
            "*.",
            ".h",
            "h:",
            "h:x",
            "h:0",
            "h:65536",
            "a.*.b",
            "h.",
            "u@h",
        ];
        for wrong in wrongs {
            assert!(wrong.parse::<Pattern>().is_err(), "{wrong}");
        }
    }
}
