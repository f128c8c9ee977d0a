//! Envoy's header maps as requests and responses, and back.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Request, Response, StatusCode};
use shared::origin::Origin;

use crate::pairs::Pairs;

/// Names and values on their way out, borrowed from what they say.
pub(crate) type Said<'m> = Vec<(&'m str, Cow<'m, [u8]>)>;

/// The header by which the route chooses the cluster; the route removes it.
pub(crate) const CLUSTER: &str = "x-plano-cluster";

/// The header by which the inner listener says why it answers in a provider's stead; it lets no provider send it.
pub(crate) const DETAILS: &str = "x-plano-details";

/// Without it Envoy finds no route at all; the route removes it too.
const FORWARDED_PROTO: &str = "x-forwarded-proto";

/// A request's head; none where its method or its path is no HTTP.
pub(crate) fn read_request(pairs: &Pairs) -> Option<Request<()>> {
    let mut request = Request::new(());
    *request.method_mut() = pairs.get(":method")?.try_into().ok()?;
    *request.uri_mut() = pairs.get(":path")?.try_into().ok()?;
    let authority = pairs.get(":authority").map(|value| HeaderValue::from_maybe_shared(pairs.share(value)));
    if let Some(Ok(authority)) = authority {
        request.headers_mut().insert(header::HOST, authority);
    }
    read_headers(pairs, request.headers_mut());
    Some(request)
}

/// A response's head; none where it has no status.
pub(crate) fn read_response(pairs: &Pairs) -> Option<Response<()>> {
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_bytes(pairs.get(":status")?).ok()?;
    read_headers(pairs, response.headers_mut());
    Some(response)
}

/// The head under which Envoy sends a request on to the cluster that has the name of its address's origin.
///
/// None where the address is not absolute.
pub(crate) fn write_request(request: &Request<Bytes>) -> Option<Said<'_>> {
    let origin = Origin::of(request.uri())?;
    let mut pairs = call(request)?;
    pairs.push((CLUSTER, owned(&origin)));
    pairs.push((FORWARDED_PROTO, borrowed(origin.scheme())));
    Some(pairs)
}

/// The head of a side call.
pub(crate) fn call(request: &Request<Bytes>) -> Option<Said<'_>> {
    let uri = request.uri();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let host = request.headers().get(header::HOST).map(HeaderValue::as_bytes);
    let authority = host.unwrap_or(uri.authority()?.as_str().as_bytes());
    let mut pairs = vec![
        (":method", borrowed(request.method().as_str())),
        (":scheme", borrowed(uri.scheme_str()?)),
        (":authority", Cow::Borrowed(authority)),
        (":path", borrowed(path)),
    ];
    write_headers(request.headers(), &mut pairs);
    pairs.push(("content-length", owned(request.body().len())));
    Some(pairs)
}

/// The head of a response whose length is known, or is not.
pub(crate) fn write_response<B>(response: &Response<B>, length: Option<usize>) -> Said<'_> {
    let mut pairs = vec![(":status", owned(response.status().as_str()))];
    write_headers(response.headers(), &mut pairs);
    pairs.extend(length.map(|length| ("content-length", owned(length))));
    pairs
}

/// A header's value for the calls that take text only: what is not UTF-8 is read as the alphabet that headers had before
/// (RFC 9110, section 5.5).
pub(crate) fn text(value: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(value) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => value.iter().map(|&byte| char::from(byte)).collect(),
    }
}

/// Envoy lets no header pass that HTTP does not allow, so none is left out here.
fn read_headers(pairs: &Pairs, to: &mut HeaderMap) {
    to.reserve(pairs.len());
    for (name, value) in pairs.iter().filter(|(name, _)| !name.starts_with(b":")) {
        let name = HeaderName::from_bytes(name);
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_maybe_shared(pairs.share(value))) {
            to.append(name, value);
        }
    }
}

/// The length that a head says its body has.
pub(crate) fn length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The host and the length are said elsewhere.
fn write_headers<'m>(from: &'m HeaderMap, to: &mut Said<'m>) {
    let rest = from.iter().filter(|(name, _)| **name != header::HOST && **name != header::CONTENT_LENGTH);
    to.extend(rest.map(|(name, value)| (name.as_str(), Cow::Borrowed(value.as_bytes()))));
}

fn borrowed(value: &str) -> Cow<'_, [u8]> {
    Cow::Borrowed(value.as_bytes())
}

fn owned<'m>(value: impl ToString) -> Cow<'m, [u8]> {
    Cow::Owned(value.to_string().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pairs::tests::written;

    fn pairs(text: &[(&str, &str)]) -> Pairs {
        Pairs::new(written(text).into())
    }

    fn said<'m>(text: &[(&'m str, &'m str)]) -> Said<'m> {
        text.iter().map(|(name, value)| (*name, borrowed(value))).collect()
    }

    #[test]
    fn a_request_is_read() {
        let given = pairs(&[
            (":authority", "gateway:12000"),
            (":path", "/v1/messages?beta=true"),
            (":method", "POST"),
            ("x-a", "1"),
            ("x-a", "2"),
        ]);
        let request = read_request(&given).unwrap();
        assert_eq!(request.method(), "POST");
        assert_eq!(request.uri(), "/v1/messages?beta=true");
        assert_eq!(request.headers()["host"], "gateway:12000");
        assert_eq!(request.headers().get_all("x-a").iter().count(), 2);
    }

    #[test]
    fn nonsense_is_no_request() {
        assert!(read_request(&pairs(&[(":method", "POST")])).is_none());
        assert!(read_request(&pairs(&[(":method", "POST"), (":path", "/\u{7f} \"")])).is_none());
    }

    #[test]
    fn only_what_goes_out_is_written() {
        let request = Request::post("https://api.example.com/v1/messages?beta=true")
            .header("host", "other.example.com")
            .header("content-length", "99")
            .header("x-api-key", "k")
            .body(Bytes::from_static(b"{}"))
            .unwrap();
        let expected = said(&[
            (":method", "POST"),
            (":scheme", "https"),
            (":authority", "other.example.com"),
            (":path", "/v1/messages?beta=true"),
            ("x-api-key", "k"),
            ("content-length", "2"),
            (CLUSTER, "https://api.example.com"),
            (FORWARDED_PROTO, "https"),
        ]);
        assert_eq!(write_request(&request), Some(expected));
        assert_eq!(write_request(&Request::post("/v1").body(Bytes::new()).unwrap()), None);
    }

    #[test]
    fn no_value_is_left_out_for_its_letters() {
        assert_eq!(text(b"plain"), "plain");
        assert_eq!(text("Zürich".as_bytes()), "Zürich");
        assert_eq!(text(b"Z\xfcrich"), "Zürich");
    }

    #[test]
    fn a_response_is_read_and_written() {
        let given = pairs(&[(":status", "429"), ("retry-after", "3"), ("content-length", "7")]);
        let response = read_response(&given).unwrap();
        assert_eq!(response.status(), 429);
        let streamed = write_response(&response, None);
        assert_eq!(streamed, said(&[(":status", "429"), ("retry-after", "3")]));
        let whole = write_response(&response, Some(2));
        assert_eq!(whole, said(&[(":status", "429"), ("retry-after", "3"), ("content-length", "2")]));
    }
}
