//! The request that a provider gets, whatever is asked of it.

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Uri};

use super::headers;
use crate::api::Api;
use crate::dialect::Auth;
use crate::error::{Error, Fault, Kind};
use crate::gateway::{Credential, Lent, Provider};
use crate::host::{Host, Timestamp};
use crate::signature::Signer;

/// A request for a provider, but for the headers that it is called with.
pub(super) struct Outgoing<'g> {
    pub(super) provider: &'g Provider,
    /// The API it is called in.
    pub(super) api: Api,
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) body: Bytes,
    /// Whether the client speaks this API too, and its headers mean the same there.
    pub(super) same: bool,
    /// The body's media type; none where there is no body.
    pub(super) content_type: Option<HeaderValue>,
    pub(super) accept: HeaderValue,
}

/// Answers are read here, so they are asked for as they are: without a word any encoding would do (RFC 9110, section 12.5.3).
const AS_IT_IS: HeaderValue = HeaderValue::from_static("identity");

impl Outgoing<'_> {
    /// The whole request, with what of the client's headers may go along, and with the credential.
    pub(super) fn request(self, client: &HeaderMap) -> Result<Request<Bytes>, Error> {
        let headers = self.headers(client)?;
        let mut request = Request::new(self.body);
        *request.method_mut() = self.method;
        *request.uri_mut() = self.uri;
        *request.headers_mut() = headers;
        Ok(request)
    }

    fn headers(&self, client: &HeaderMap) -> Result<HeaderMap, Error> {
        // As many as are added here are not handed on, or more.
        let mut to = HeaderMap::with_capacity(client.len());
        headers::forward(client, self.same, &mut to);
        // Where they are members of the body instead, they are there by now.
        let moves = self.provider.dialect.form(self.api).into_iter().flat_map(|form| form.moves);
        moves.for_each(|moved| drop(to.remove(moved.header)));
        if let Some(content_type) = &self.content_type {
            to.insert(header::CONTENT_TYPE, content_type.clone());
        }
        to.insert(header::ACCEPT, self.accept.clone());
        to.insert(header::ACCEPT_ENCODING, AS_IT_IS);
        for (name, value) in self.provider.dialect.headers(self.api) {
            to.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
        }
        self.authenticate(client, &mut to)?;
        for (name, value) in &self.provider.headers {
            to.insert(name, value.clone());
        }
        if let Some(host) = &self.provider.http_host {
            to.insert(header::HOST, host.clone());
        }
        Ok(to)
    }

    /// Puts the credential where the provider looks for it.
    fn authenticate(&self, client: &HeaderMap, to: &mut HeaderMap) -> Result<(), Error> {
        let key = match &self.provider.credential {
            // A signature comes last, when all else is as it will be sent; and so does what is valid for a while only.
            Credential::None | Credential::Signature(_) | Credential::Account(_) => return Ok(()),
            Credential::Key(key) => key.expose(),
            Credential::Passthrough => headers::credential(client).ok_or_else(no_credential)?,
        };
        let (name, value) = match self.provider.auth(self.api) {
            Auth::Bearer => (header::AUTHORIZATION, headers::secret(&format!("Bearer {key}"))),
            Auth::Header(name) => (HeaderName::from_static(name), headers::secret(key)),
        };
        to.insert(name, value.ok_or_else(|| no_header(&self.provider.name))?);
        Ok(())
    }
}

/// Puts in what is good for one attempt only: a signature is good for minutes, and what an account lends for hours.
pub(super) async fn authorize<H: Host>(
    host: &H,
    provider: &Provider,
    request: &mut Request<Bytes>,
) -> Result<(), Error> {
    match &provider.credential {
        Credential::Signature(signer) => sign(signer, request, host.now(), provider),
        Credential::Account(account) => {
            let lent = host.lend(account).await.map_err(|_| not_lent(&provider.name))?;
            show(&lent, request, host.now(), provider)
        }
        Credential::None | Credential::Key(_) | Credential::Passthrough => Ok(()),
    }
}

/// Shows the provider what an account has lent.
fn show(lent: &Lent, attempt: &mut Request<Bytes>, now: Timestamp, provider: &Provider) -> Result<(), Error> {
    let token = match lent {
        Lent::Signer(signer) => return sign(signer, attempt, now, provider),
        Lent::Token(token) => headers::secret(&format!("Bearer {}", token.expose())),
    };
    attempt.headers_mut().insert(header::AUTHORIZATION, token.ok_or_else(|| no_header(&provider.name))?);
    Ok(())
}

fn sign(
    signer: &Signer,
    attempt: &mut Request<Bytes>,
    now: Timestamp,
    provider: &Provider,
) -> Result<(), Error> {
    signer.sign(attempt, now).map_err(|_| no_header(&provider.name))
}

fn no_credential() -> Error {
    let message = "This provider is called with your own credential: send `authorization: Bearer …`.";
    Error::new(Fault::Client, Kind::Authentication, message)
}

fn no_header(provider: &str) -> Error {
    let message = format!("The credential for `{provider}` has characters that no header may have.");
    Error::new(Fault::Configuration, Kind::Api, message)
}

/// Why is the host's to log: it may name accounts.
fn not_lent(provider: &str) -> Error {
    let message = format!("The credentials for `{provider}` cannot be had now: the gateway's log says why.");
    Error { status: 503, ..Error::new(Fault::Configuration, Kind::Overloaded, message) }
}
