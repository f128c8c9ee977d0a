//! Heads of requests and answers as they cross the border to JavaScript: one text, a name or a value a line.

use std::str::Split;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode, Uri};

/// A client's request: the lines are its method, its address, and a name and a value for each header. Nothing where it is
/// none that HTTP knows.
pub(crate) fn to_request(head: &str, body: Bytes) -> Option<Request<Bytes>> {
    let mut lines = head.split('\n');
    let mut request = Request::new(body);
    *request.method_mut() = Method::from_bytes(lines.next()?.as_bytes()).ok()?;
    *request.uri_mut() = Uri::try_from(lines.next()?).ok()?;
    *request.headers_mut() = headers(lines);
    Some(request)
}

/// The head of a provider's answer: the lines are a name and a value for each header.
pub(crate) fn to_response(status: u16, head: &str) -> Option<Response<()>> {
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(status).ok()?;
    *response.headers_mut() = headers(head.split('\n'));
    Some(response)
}

/// The head of a request as it is sent.
pub(crate) fn of_request(request: &Request<Bytes>) -> String {
    let mut head = format!("{}\n{}", request.method(), request.uri());
    for (name, value) in text(request.headers()) {
        head.extend(["\n", name, "\n", value]);
    }
    head
}

/// The headers of an answer.
pub(crate) fn of_headers(headers: &HeaderMap) -> String {
    let mut head = String::new();
    for (name, value) in text(headers) {
        head.extend([name, "\n", value, "\n"]);
    }
    head
}

/// The headers whose values are text, as JavaScript has them. What is none, which no API asks for, stays here.
fn text(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
}

fn headers(mut lines: Split<'_, char>) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(16);
    while let (Some(name), Some(value)) = (lines.next(), lines.next()) {
        let name = HeaderName::from_bytes(name.as_bytes());
        let value = HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_comes_through_whole() {
        let head = "POST\nhttp://host/v1/messages?beta=true\naccept\n*/*\nx-name\nŁódź\nx-empty\n\n";
        let request = to_request(head, Bytes::from_static(b"{}")).unwrap();
        assert_eq!((request.method(), request.uri().path()), (&Method::POST, "/v1/messages"));
        assert_eq!(request.uri().query(), Some("beta=true"));
        assert_eq!(request.headers()["x-name"].as_bytes(), "Łódź".as_bytes());
        assert_eq!((request.headers()["x-empty"].as_bytes(), request.headers().len()), (&b""[..], 3));
    }

    #[test]
    fn what_goes_out_comes_in_as_it_was() {
        let head = "GET\nhttp://host/a\naccept\n*/*\nvia\n1\nvia\n2\n";
        let request = to_request(head, Bytes::new()).unwrap();
        assert_eq!(of_request(&request), head.trim_end());
        let response = to_response(404, "a\nb\nc\nd\n").unwrap();
        assert_eq!(
            (response.status().as_u16(), of_headers(response.headers()).as_str()),
            (404, "a\nb\nc\nd\n")
        );
    }

    #[test]
    fn what_is_no_request_is_none() {
        for head in ["", "GET", "G T\nhttp://host/", "GET\nhttp://a b/"] {
            assert!(to_request(head, Bytes::new()).is_none(), "{head:?}");
        }
        assert!(to_response(42, "").is_none());
    }
}
