//! Which headers pass, which do not, and which are made here.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{CONTROLS, utf8_percent_encode};

use crate::error::{Error, Fault, Kind};
use crate::gateway::Keys;
use crate::wire::Framing;

/// Whether a request header never goes to a provider; [`PRIVATE_PREFIXES`] are besides.
///
/// The caller's credentials and cookies, what belongs to one connection (RFC 9110, section 7.6.1), what is made
/// anew, what tells of the caller's network, whose account pays, and what makes another method of the request's.
fn is_private(name: &str) -> bool {
    matches!(
        name,
        "accept"
            | "accept-encoding"
            | "api-key"
            | "authorization"
            | "connection"
            | "content-length"
            | "content-type"
            | "cookie"
            | "expect"
            | "fastly-client-ip"
            | "forwarded"
            | "host"
            | "keep-alive"
            | "ocp-apim-subscription-key"
            | "openai-organization"
            | "openai-project"
            | "origin"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "proxy-connection"
            | "referer"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "true-client-ip"
            | "upgrade"
            | "via"
            | "x-access-token"
            | "x-api-key"
            | "x-auth-token"
            | "x-client-ip"
            | "x-forwarded-for"
            | "x-forwarded-host"
            | "x-forwarded-port"
            | "x-forwarded-proto"
            | "x-goog-api-key"
            | "x-goog-user-project"
            | "x-http-method"
            | "x-http-method-override"
            | "x-method-override"
            | "x-model-affinity"
            | "x-real-ip"
            | "x-request-id"
    )
}

/// Beginnings of request headers that never go to a provider: this gateway's own and its platforms'.
const PRIVATE_PREFIXES: &[&str] =
    &["x-arch-", "x-plano-", "x-envoy-", "x-amz-", "cf-", "sec-", "spin-", "mf-"];

/// Beginnings of request headers that only a provider of the client's own API understands.
const OF_ONE_API: &[&str] = &["anthropic-", "openai-", "x-goog-", "x-stainless-"];

/// Whether an answer's header stays here: of one connection, made anew, or about the operator's account.
fn is_kept(name: &str) -> bool {
    matches!(
        name,
        "alt-svc"
            | "connection"
            | "content-encoding"
            | "content-length"
            | "date"
            | "keep-alive"
            | "openai-organization"
            | "openai-project"
            | "proxy-authenticate"
            | "set-cookie"
            | "strict-transport-security"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
            | "x-request-id"
    )
}

/// The longest request id that is taken over from a client.
const LONGEST_ID: usize = 128;

/// Copies what of a client's headers a provider may see. `same` is whether both speak one API.
pub(super) fn forward(from: &HeaderMap, same: bool, to: &mut HeaderMap) {
    let ends_here = of_one_connection(from);
    for (name, value) in from {
        let word = name.as_str();
        let private = is_private(word) || starts_with_any(word, PRIVATE_PREFIXES);
        if !private && (same || !starts_with_any(word, OF_ONE_API)) && !ends_here(word) {
            to.append(name, value.clone());
        }
    }
}

/// Whether a header ends with the connection it came by, for `connection` names it (RFC 9110, section 7.6.1).
fn of_one_connection(from: &HeaderMap) -> impl Fn(&str) -> bool + use<> {
    let values: Vec<HeaderValue> = from.get_all(header::CONNECTION).into_iter().cloned().collect();
    move |word| {
        let names = values.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
        names.map(str::trim).any(|name| name.eq_ignore_ascii_case(word))
    }
}

/// What of a provider's headers a client may see: what begins with `x-plano-` this gateway says itself, and what quotes one
/// of the operator's `keys` nobody is to know.
pub(super) fn backward(keys: &Keys, mut from: HeaderMap) -> HeaderMap {
    let ends_here = of_one_connection(&from);
    let stays = |word: &str| is_kept(word) || word.starts_with("x-plano-") || ends_here(word);
    // Most pass, so the few are taken out and not the many put elsewhere.
    let kept: Vec<HeaderName> = from.keys().filter(|name| stays(name.as_str())).cloned().collect();
    kept.iter().for_each(|name| drop(from.remove(name)));
    match from.values().any(|value| keys.are_in(value.as_bytes())) {
        true => unquoting(keys, from),
        false => from,
    }
}

/// The same headers without the values that quote one of the `keys`.
fn unquoting(keys: &Keys, from: HeaderMap) -> HeaderMap {
    let mut to = HeaderMap::with_capacity(from.len());
    // Of a header's values only the first comes with the name.
    let mut name = None;
    for (next, value) in from {
        name = next.or(name);
        if let Some(name) = name.as_ref().filter(|_| !keys.are_in(value.as_bytes())) {
            to.append(name.clone(), value);
        }
    }
    to
}

/// The credential that a client sent: `authorization` without its `Bearer`, else `x-api-key` or `x-goog-api-key`; blank is
/// none.
pub(super) fn credential(headers: &HeaderMap) -> Option<&str> {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = authorization.map(|value| without_scheme(value).trim());
    let key = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let all = [bearer, key("x-api-key"), key("x-goog-api-key")];
    all.into_iter().flatten().find(|value| !value.is_empty())
}

fn without_scheme(value: &str) -> &str {
    match value.split_at_checked(6) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => rest,
        _ => value,
    }
}

/// The client's `x-request-id` where it is short and plain, else a new one.
pub(super) fn request_id(headers: &HeaderMap, mut random: impl FnMut() -> u64) -> String {
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    match given {
        Some(id) if is_plain(id) => id.to_owned(),
        _ => hexadecimal([random(), random()]),
    }
}

/// 128 bits in 32 digits.
fn hexadecimal(halves: [u64; 2]) -> String {
    let mut digits = String::with_capacity(32);
    for byte in halves.into_iter().flat_map(u64::to_be_bytes) {
        for nibble in [byte >> 4, byte & 15] {
            digits.push(char::from(if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble }));
        }
    }
    digits
}

fn is_plain(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
    !id.is_empty() && id.len() <= LONGEST_ID && id.bytes().all(plain)
}

/// Refuses a body that says it is not JSON, or packed. One that says nothing is taken for JSON.
pub(super) fn check_content_type(headers: &HeaderMap) -> Result<(), Error> {
    if coding(headers).is_some() {
        let message = "The body must come as it is: send no `content-encoding`.";
        return Err(unsupported(message).with_code("unsupported_content_encoding"));
    }
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    if value.to_str().is_ok_and(is_json) {
        return Ok(());
    }
    let message = "The body must be JSON: send `content-type: application/json`.";
    Err(unsupported(message).with_code("unsupported_media_type"))
}

fn unsupported(message: &str) -> Error {
    Error::new(Fault::Client, Kind::UnsupportedMediaType, message)
}

/// How a body is packed, where it is.
///
/// <https://www.rfc-editor.org/rfc/rfc9110#section-8.4>
pub(super) fn coding(of: &HeaderMap) -> Option<&str> {
    let coding = of.get(header::CONTENT_ENCODING)?.to_str().ok()?.trim();
    (!coding.is_empty() && !coding.eq_ignore_ascii_case("identity")).then_some(coding)
}

/// Whether a media type is JSON (RFC 6839, section 3.1), its parameters aside.
pub(super) fn is_json(media_type: &str) -> bool {
    // Nearly all are that alone.
    if media_type == "application/json" {
        return true;
    }
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    let suffix = essence.rfind('+').and_then(|plus| essence.get(plus..)).unwrap_or_default();
    essence.eq_ignore_ascii_case("application/json") || suffix.eq_ignore_ascii_case("+json")
}

/// Whether the media type is that of a stream framed so.
pub(super) fn is_stream(framing: Framing, headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let wanted = framing.media_type();
    let beginning = value.and_then(|value| value.trim_start().get(..wanted.len()));
    beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(wanted))
}

/// The word for an error that AWS has in a header, without the address that may follow it.
///
/// <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization>
pub(super) fn error_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("x-amzn-errortype")?.to_str().ok()?;
    value.split(':').next().map(str::to_owned)
}

/// A header for this value; `None` where it cannot be one.
pub(super) fn secret(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A header for this text: what is not visible ASCII in it is percent-encoded.
pub(super) fn plain(text: &str) -> Option<HeaderValue> {
    let encoded = || HeaderValue::from_str(&utf8_percent_encode(text, CONTROLS).to_string());
    HeaderValue::from_str(text).or_else(|_| encoded()).ok()
}

/// The media type of all that is written here and not streamed.
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The header that carries the request's id.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The header that carries the configured name of the provider that answers.
pub(super) const PROVIDER: HeaderName = HeaderName::from_static("x-plano-provider");

/// The header that carries the provider's own name for the model.
pub(super) const MODEL: HeaderName = HeaderName::from_static("x-plano-model");

fn starts_with_any(word: &str, beginnings: &[&str]) -> bool {
    beginnings.iter().any(|beginning| word.starts_with(beginning))
}
