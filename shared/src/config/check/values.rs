//! Single values: each is what it has to be, or a message.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// `30s`, `0.005s`, `250ms`, `5m`, `1h`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no duration: write it like `30s`, `250ms` or `5m`");
    let unit_at = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').ok_or_else(wrong)?;
    let (number, unit) = text.split_at_checked(unit_at).ok_or_else(wrong)?;
    let seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(wrong()),
    };
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let duration = Duration::try_from_secs_f64(number * seconds).map_err(|_| wrong())?;
    if duration.is_zero() { Err(format!("`{text}` is no time at all")) } else { Ok(duration) }
}

/// An IP address, or `localhost`.
pub(super) fn address(text: &str) -> Result<IpAddr, String> {
    if text == "localhost" {
        return Ok(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    text.parse().map_err(|_| format!("`{text}` is no IP address to listen on"))
}

/// An address to put paths behind, without a slash at its end.
pub(super) fn base_url(text: &str) -> Result<String, String> {
    let wrong = |why: &str| Err(format!("`{}` is no usable address: {why}", without_credentials(text)));
    let Ok(uri) = text.parse::<http::Uri>() else {
        return wrong("write it like `https://api.example.com/v1`");
    };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return wrong("it must begin with `https://` or `http://`");
    };
    if !matches!(scheme, "http" | "https") {
        return wrong("it must begin with `https://` or `http://`");
    }
    if authority.as_str().contains('@') {
        return wrong("a user name or password does not belong there");
    }
    if authority.host().is_empty() || !is_port(authority) {
        return wrong("its host or port is not one");
    }
    if uri.query().is_some() || text.contains('#') {
        return wrong("it is a root that paths are put behind, so it can have no `?` and no `#`");
    }
    Ok(format!("{scheme}://{authority}{}", uri.path().trim_end_matches('/')))
}

/// A name that is to be part of an address: of a region or a project.
pub(super) fn part_of_address(text: &str) -> Result<&str, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b':' | b'_');
    match !text.is_empty() && text.bytes().all(plain) {
        true => Ok(text),
        false => Err(format!("`{text}` cannot be part of an address")),
    }
}

/// Whether the address of a [`base_url`] is on this machine.
pub(super) fn is_loopback(url: &str) -> bool {
    let host = url.parse::<http::Uri>().ok().and_then(|uri| Some(uri.host()?.to_owned()));
    let host = host.unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether no port is given, or one that is a number up to 65535.
fn is_port(authority: &http::uri::Authority) -> bool {
    let after = authority.as_str().strip_prefix(authority.host()).unwrap_or_default();
    after.is_empty() || authority.port_u16().is_some_and(|port| port != 0)
}

/// The text to show: a password in an address stays hidden.
fn without_credentials(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((_, host)) => format!("…@{host}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_as_people_write_them() {
        assert_eq!(duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("0.005s"), Ok(Duration::from_millis(5)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("5m"), Ok(Duration::from_secs(300)));
        for wrong in ["", "30", "s", "30 s", "-1s", "1d", "1.2.3s", "99999999999999999999h", "0s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn addresses_are_roots() {
        assert_eq!(base_url("https://h/v1/").as_deref(), Ok("https://h/v1"));
        assert_eq!(base_url("http://[::1]:8080").as_deref(), Ok("http://[::1]:8080"));
        let wrongs = [
            "h",
            "//h",
            "ftp://h",
            "https://",
            "https://u:p@h",
            "https://h:0",
            "https://h:x/",
            "https://h/?a",
            "https://h/#a",
            "",
        ];
        for wrong in wrongs {
            assert!(base_url(wrong).is_err(), "{wrong}");
        }
        assert!(!base_url("https://user:hunter2@h").unwrap_err().contains("hunter2"));
        assert!(
            is_loopback("http://[::1]:1") && is_loopback("http://localhost:1") && !is_loopback("http://h")
        );
    }
}
