//! What a method and a path ask for.

use bytes::Bytes;
use http::{Method, Request};
use percent_encoding::percent_decode_str;

use crate::api::{Api, generate};
use crate::error::{Error, Fault, Kind};

/// What is asked. What is not here does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// An answer from a model, in this API.
    Generate(Api),
    /// The models on offer.
    Models,
    /// One of them.
    Model(String),
    /// Whether the gateway is alive.
    Health,
}

impl Operation {
    /// What a request asks for, by a method that is answered there.
    pub fn of<B>(request: &Request<B>) -> Result<Operation, Error> {
        let path = request.uri().path();
        let operation = Operation::at(path).ok_or_else(|| unknown(request.method(), path))?;
        operation.check_method(request.method())?;
        Ok(operation)
    }

    /// What there is at a path, without its query; a slash at its end does not matter.
    pub fn at(path: &str) -> Option<Operation> {
        let path = path.trim_end_matches('/');
        Some(match path {
            "/v1/chat/completions" => Operation::Generate(Api::Completions),
            "/v1/messages" => Operation::Generate(Api::Messages),
            "/v1/responses" => Operation::Generate(Api::Responses),
            "/v1/models" => Operation::Models,
            "/healthz" => Operation::Health,
            _ if generate::Path::read(path).is_some() => Operation::Generate(Api::Generate),
            _ => Operation::Model(model_of(path)?),
        })
    }

    /// The methods that the operation answers, as an `Allow` header has them (RFC 9110, section 10.2.1).
    pub fn methods(&self) -> &'static str {
        match self {
            Operation::Generate(_) => "POST",
            Operation::Models | Operation::Model(_) | Operation::Health => "GET, HEAD",
        }
    }

    fn check_method(&self, method: &Method) -> Result<(), Error> {
        if self.methods().split(", ").any(|allowed| allowed == method.as_str()) {
            return Ok(());
        }
        let message = format!("{method} is not answered here; use {}.", self.methods());
        Err(Error::new(Fault::Client, Kind::MethodNotAllowed, message).with_code("method_not_allowed"))
    }
}

/// The API in whose words a caller wants its errors: the one its path names, else the one its headers look like.
pub(super) fn caller(request: &Request<Bytes>) -> Api {
    let path = request.uri().path();
    let headers = request.headers();
    match path.trim_end_matches('/') {
        "/v1/chat/completions" => Api::Completions,
        "/v1/responses" => Api::Responses,
        path if path.starts_with("/v1beta/") || generate::Path::read(path).is_some() => Api::Generate,
        _ if path.starts_with("/v1/messages") || headers.contains_key("anthropic-version") => Api::Messages,
        _ => Api::Completions,
    }
}

fn model_of(path: &str) -> Option<String> {
    let id = path.strip_prefix("/v1/models/")?;
    Some(percent_decode_str(id).decode_utf8().ok()?.into_owned())
}

fn unknown(method: &Method, path: &str) -> Error {
    let message = format!("There is nothing at {method} {path}.");
    Error::new(Fault::Client, Kind::NotFound, message).with_code("unknown_url")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(method: &str, uri: &str) -> Result<Operation, u16> {
        let request = Request::builder().method(method).uri(uri).body(()).unwrap();
        Operation::of(&request).map_err(|error| error.status)
    }

    #[test]
    fn paths_with_queries_and_trailing_slashes() {
        assert_eq!(of("POST", "/v1/messages?beta=true"), Ok(Operation::Generate(Api::Messages)));
        assert_eq!(of("POST", "/v1/chat/completions/"), Ok(Operation::Generate(Api::Completions)));
        assert_eq!(of("GET", "/v1/models/?limit=5"), Ok(Operation::Models));
        assert_eq!(of("GET", "/v1/models/openai%2Fgpt"), Ok(Operation::Model("openai/gpt".to_owned())));
        let gemini = "/v1beta/models/openai/gpt:streamGenerateContent?alt=sse";
        assert_eq!(of("POST", gemini), Ok(Operation::Generate(Api::Generate)));
        assert_eq!(of("GET", "/v1/models/openai/gpt"), Ok(Operation::Model("openai/gpt".to_owned())));
    }

    #[test]
    fn what_is_not_listed_does_not_exist() {
        assert_eq!(of("POST", "/v1/messages/../models"), Err(404));
        assert_eq!(of("POST", "/v1//messages"), Err(404));
        assert_eq!(of("POST", "/"), Err(404));
        assert_eq!(of("GET", "/v1/responses"), Err(405));
        assert_eq!(of("POST", "/healthz"), Err(405));
    }
}
