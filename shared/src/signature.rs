//! Requests signed as AWS wants them (Signature Version 4): the secret itself stays here.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use std::collections::BTreeMap;
use std::fmt::Write;

use bytes::Bytes;
use hmac::{Hmac, Mac};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Request, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

use crate::secret::Secret;
use crate::sorted;
use crate::timestamp::Timestamp;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// What stays as it is in a path, which was encoded before and is encoded once more to be signed: only S3 has it once.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// How the names of headers begin that are signed: AWS's own, and Google's, which say for whom AWS vouches.
const NAMED: [&str; 2] = ["x-amz-", "x-goog-"];

/// Who signs, and for which service of which region.
#[derive(Debug)]
pub struct Signer {
    /// The access key's id, which is no secret.
    pub id: String,
    pub secret: Secret,
    /// What goes with keys that are valid for a while only.
    pub session_token: Option<Secret>,
    pub region: String,
    pub service: &'static str,
}

impl Signer {
    /// Signs a request as it is: neither its body, nor its address, nor the headers that are signed may change after.
    /// A request that was signed before is signed anew; a signature is good for minutes.
    ///
    /// Fails where the keys have characters that no header may have.
    pub fn sign(
        &self,
        request: &mut Request<Bytes>,
        now: Timestamp,
    ) -> Result<(), header::InvalidHeaderValue> {
        let time = Time::of(now);
        let headers = request.headers_mut();
        headers.remove(header::AUTHORIZATION);
        headers.insert(DATE, HeaderValue::from_str(&time.second)?);
        if let Some(token) = &self.session_token {
            headers.insert(TOKEN, sensitive(token.expose())?);
        }
        let authorization = sensitive(&self.authorization(request, &time))?;
        request.headers_mut().insert(header::AUTHORIZATION, authorization);
        Ok(())
    }

    fn authorization(&self, request: &Request<Bytes>, time: &Time) -> String {
        let headers = signed_headers(request);
        let names = headers.keys().map(String::as_str).collect::<Vec<_>>().join(";");
        let scope = format!("{}/{}/{}/aws4_request", time.day, self.region, self.service);
        let canonical = hex(&Sha256::digest(canonical(request, &headers, &names)));
        let text = format!("{ALGORITHM}\n{}\n{scope}\n{canonical}", time.second);
        let signature = hex(&mac(&self.key(&time.day), text.as_bytes()));
        format!("{ALGORITHM} Credential={}/{scope}, SignedHeaders={names}, Signature={signature}", self.id)
    }

    /// The key for one day, region and service.
    fn key(&self, day: &str) -> [u8; 32] {
        let secret = format!("AWS4{}", self.secret.expose());
        let key = mac(secret.as_bytes(), day.as_bytes());
        [self.region.as_str(), self.service, "aws4_request"]
            .iter()
            .fold(key, |key, word| mac(&key, word.as_bytes()))
    }
}

/// The region in the name of a host of AWS's, whatever else is in it: FIPS and VPC endpoints have it too.
pub fn region_of(host: &str) -> Option<&str> {
    host.split('.').find(|label| is_region(label))
}

/// `us-east-1`, `us-gov-west-1`: words, and a number last.
fn is_region(label: &str) -> bool {
    let Some((words, number)) = label.rsplit_once('-') else { return false };
    let is_word = |word: &str| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_lowercase());
    words.contains('-')
        && words.split('-').all(is_word)
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// A point in time as signatures write it.
struct Time {
    /// `20150830`
    day: String,
    /// `20150830T123600Z`
    second: String,
}

impl Time {
    fn of(now: Timestamp) -> Time {
        let seconds = now.seconds();
        let (year, month, date) = now.date();
        let day = format!("{year:04}{month:02}{date:02}");
        let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
        Time { second: format!("{day}T{hour:02}{minute:02}{second:02}Z"), day }
    }
}

/// The headers to sign, by name: where the request goes, what it is, and all that are AWS's own. Others may change on
/// their way.
fn signed_headers(request: &Request<Bytes>) -> BTreeMap<String, String> {
    let headers = request.headers();
    let is_named = |name: &HeaderName| NAMED.iter().any(|start| name.as_str().starts_with(start));
    let own = |name: &&HeaderName| **name == header::CONTENT_TYPE || is_named(name);
    let own = headers.keys().filter(own);
    let mut signed = sorted::map(own.map(|name| (name.as_str().to_owned(), value(headers, name))));
    let host = match headers.contains_key(header::HOST) {
        true => value(headers, &header::HOST),
        false => host(request.uri()),
    };
    signed.insert(header::HOST.as_str().to_owned(), host);
    signed
}

/// A header's values, with single spaces between their words.
fn value(headers: &HeaderMap, name: &HeaderName) -> String {
    let words = |value: &HeaderValue| {
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    headers.get_all(name).iter().map(words).collect::<Vec<_>>().join(",")
}

/// What a client sends as `host`: the port only where it is not the scheme's own.
fn host(uri: &Uri) -> String {
    let name = uri.host().unwrap_or_default();
    let usual = if uri.scheme_str() == Some("http") { 80 } else { 443 };
    match uri.port_u16().filter(|port| *port != usual) {
        Some(port) => format!("{name}:{port}"),
        None => name.to_owned(),
    }
}

fn canonical(request: &Request<Bytes>, headers: &BTreeMap<String, String>, names: &str) -> String {
    let uri = request.uri();
    let mut lines = format!("{}\n{}\n{}\n", request.method(), path(uri.path()), query(uri.query()));
    for (name, value) in headers {
        lines.extend([name.as_str(), ":", value, "\n"]);
    }
    lines.extend(["\n", names, "\n", &hex(&Sha256::digest(request.body()))]);
    lines
}

/// The path without empty and relative segments, encoded once more.
fn path(path: &str) -> String {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            _ => segments.push(segment),
        }
    }
    let last = if path.ends_with('/') && !segments.is_empty() { "/" } else { "" };
    let plain = format!("/{}{last}", segments.join("/"));
    utf8_percent_encode(&plain, PATH).to_string()
}

/// The parameters by name and then by value; they are encoded already.
fn query(query: Option<&str>) -> String {
    let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    // The same pair may be there twice.
    let pairs = sorted::set(pairs.enumerate().map(|(index, (name, value))| (name, value, index)));
    pairs.iter().map(|(name, value, _)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn mac(key: &[u8], text: &[u8]) -> [u8; 32] {
    // A key of any length is one.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    mac.update(text);
    mac.finalize().into_bytes().into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn sensitive(value: &str) -> Result<HeaderValue, header::InvalidHeaderValue> {
    let mut value = HeaderValue::from_str(value)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The credentials and the moment of the examples that AWS publishes.
    const NOW: Timestamp = Timestamp(1_440_938_160_000_000);

    fn signer(session_token: Option<&str>) -> Signer {
        Signer {
            id: "AKIDEXAMPLE".to_owned(),
            secret: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned()),
            session_token: session_token.map(|token| Secret::new(token.to_owned())),
            region: "us-east-1".to_owned(),
            service: "service",
        }
    }

    fn request(method: &str, uri: &str) -> Request<Bytes> {
        Request::builder().method(method).uri(uri).body(Bytes::new()).unwrap()
    }

    fn check(mut request: Request<Bytes>, names: &str, signature: &str) {
        signer(None).sign(&mut request, NOW).unwrap();
        let scope = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request";
        let wanted = format!("{scope}, SignedHeaders={names}, Signature={signature}");
        assert_eq!(request.headers()[header::AUTHORIZATION], wanted, "{request:?}");
        assert_eq!(request.headers()[DATE], "20150830T123600Z");
    }

    /// F6: what AWS's own examples are signed with.
    #[test]
    fn f6_signatures_as_published() {
        let plain = "host;x-amz-date";
        let root = "https://example.amazonaws.com/";
        let vanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
        check(request("GET", root), plain, vanilla);
        check(request("GET", &format!("{root}//example//..//./")), plain, vanilla);
        check(
            request("GET", &format!("{root}?Param2=value2&Param1=value1")),
            plain,
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        );
        check(
            request("POST", root),
            plain,
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        );
        let mut form = request("POST", root).map(|_| Bytes::from_static(b"Param1=value1"));
        let media_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        form.headers_mut().insert(header::CONTENT_TYPE, media_type);
        check(
            form,
            "content-type;host;x-amz-date",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        );
    }

    #[test]
    fn what_others_may_change_is_not_signed() {
        let mut signed = request("GET", "https://example.amazonaws.com:443/");
        signed.headers_mut().insert("user-agent", HeaderValue::from_static("any"));
        signed.headers_mut().insert("authorization", HeaderValue::from_static("Bearer other"));
        check(signed, "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
    }

    /// A retry is signed for its own moment, and nothing of the first signature is in it.
    #[test]
    fn signing_again_is_signing_anew() {
        let (mut once, mut twice) = (request("GET", "https://h/"), request("GET", "https://h/"));
        let signer = signer(Some("token"));
        signer.sign(&mut twice, Timestamp(0)).unwrap();
        signer.sign(&mut twice, NOW).unwrap();
        signer.sign(&mut once, NOW).unwrap();
        assert_eq!(once.headers(), twice.headers());
        assert!(once.headers().get(TOKEN).is_some_and(HeaderValue::is_sensitive));
        assert!(!format!("{signer:?} {:?}", once.headers()).contains("wJalr"));
    }

    #[test]
    fn regions_are_found_in_all_forms_of_hosts() {
        for (host, region) in [
            ("bedrock-runtime.us-west-2.amazonaws.com", Some("us-west-2")),
            ("bedrock-runtime-fips.us-gov-west-1.amazonaws.com", Some("us-gov-west-1")),
            (
                "vpce-0123456789-12345678.bedrock-runtime.eu-central-1.vpce.amazonaws.com",
                Some("eu-central-1"),
            ),
            ("bedrock-runtime.ap-southeast-10.api.aws", Some("ap-southeast-10")),
            ("bedrock.example.com", None),
            ("127.0.0.1", None),
        ] {
            assert_eq!(region_of(host), region);
        }
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        for (seconds, wanted) in [
            (0, "19700101T000000Z"),
            (951_782_399, "20000228T235959Z"),
            (951_782_400, "20000229T000000Z"),
            (1_709_164_800, "20240229T000000Z"),
            (1_735_689_599, "20241231T235959Z"),
            (4_107_542_400, "21000301T000000Z"),
        ] {
            assert_eq!(Time::of(Timestamp(seconds * 1_000_000)).second, wanted);
        }
    }
}
