//! Connections to providers: pooled, HTTP/1.1 and HTTP/2, TLS by rustls.
//!
//! Redirects are not followed and no proxy is taken from the environment: a request goes where the configuration says.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::uri::Scheme;
use http::{Request, Response, Uri};
use http_body_util::Full;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use shared::egress::Egress;
use shared::gateway::Gateway;
use shared::host::CallError;

use super::body::why;
use super::connect::Within;
use super::guard::{self, Guard};

pub(crate) type Client = legacy::Client<Within<HttpsConnector<HttpConnector>>, Full<Bytes>>;

/// The client for addresses that the gateway's own clients name.
pub(super) type Fetcher = legacy::Client<Within<HttpsConnector<HttpConnector<Guard>>>, Full<Bytes>>;

/// How long a connection waits in the pool: less than the 75 s and more after which servers commonly close theirs.
const IDLE: Duration = Duration::from_secs(60);

/// The most that a connection's buffer grows to, and the longest head of an answer. It stays as large as one answer made it
/// for as long as the connection is open, in the pool, too.
const BUFFER: usize = 64 * 1024;

/// How often an open HTTP/2 connection is asked whether it is alive.
const PING: Duration = Duration::from_secs(30);

/// The file of certificate authorities is of no use.
#[derive(Debug)]
pub struct TrustError {
    file: PathBuf,
    why: String,
}

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot use the certificate authorities in {}: {}", self.file.display(), self.why)
    }
}

impl std::error::Error for TrustError {}

/// Connections that take at most the configured time to make. Without a file of certificate authorities the ones that
/// Mozilla trusts are built in, so that a container without certificates and every laptop trust the same.
pub(super) fn new(gateway: &Gateway) -> Result<Client, TrustError> {
    Ok(pool(connector(gateway, HttpConnector::new())?))
}

/// Connections that are made to nothing but what `egress` admits: a name is resolved once, its addresses are checked, and
/// one of those is connected to.
pub(super) fn fetcher(gateway: &Gateway, egress: &Egress) -> Result<Fetcher, TrustError> {
    Ok(pool(connector(gateway, HttpConnector::new_with_resolver(Guard::new(egress.clone())))?))
}

fn connector<R>(
    gateway: &Gateway,
    mut http: HttpConnector<R>,
) -> Result<Within<HttpsConnector<HttpConnector<R>>>, TrustError> {
    http.enforce_http(false);
    http.set_nodelay(true);
    http.set_connect_timeout(Some(gateway.connect_timeout));
    let https = HttpsConnectorBuilder::new()
        .with_tls_config(tls(gateway.authorities.as_deref().map(Path::new))?)
        .https_or_http()
        .enable_all_versions()
        .wrap_connector(http);
    Ok(Within::new(https, gateway.connect_timeout))
}

fn pool<C: Connect + Clone>(connector: C) -> legacy::Client<C, Full<Bytes>> {
    legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .http1_max_buf_size(BUFFER)
        .http2_adaptive_window(true)
        .http2_keep_alive_interval(PING)
        .build(connector)
}

/// Sends a request and waits for the head of its answer.
pub(crate) async fn send(
    client: &Client,
    request: Request<Bytes>,
) -> Result<Response<hyper::body::Incoming>, CallError> {
    check(request.uri())?;
    client.request(request.map(Full::new)).await.map_err(|error| match error.is_connect() {
        true => CallError::Connect(why(&error)),
        false => unanswered(&error),
    })
}

/// Why a request that may have been sent has no answer.
fn unanswered(error: &legacy::Error) -> CallError {
    let cause = error.source().and_then(|source| source.downcast_ref::<hyper::Error>());
    match cause.is_some_and(hyper::Error::is_parse) {
        true => CallError::Garbled(why(error)),
        false => CallError::Broken(why(error)),
    }
}

/// The same for an address that a client of the gateway names.
pub(super) async fn fetch(
    fetcher: &Fetcher,
    request: Request<Bytes>,
) -> Result<Response<hyper::body::Incoming>, CallError> {
    check(request.uri())?;
    fetcher.request(request.map(Full::new)).await.map_err(|error| match error.is_connect() {
        true if guard::refused(&error) => CallError::Forbidden(why(&error)),
        true => CallError::Connect(why(&error)),
        false => unanswered(&error),
    })
}

/// Lets through `http` and `https` to a host, and nothing else.
fn check(uri: &Uri) -> Result<(), CallError> {
    let web = uri.scheme() == Some(&Scheme::HTTP) || uri.scheme() == Some(&Scheme::HTTPS);
    let Some(authority) = uri.authority().filter(|_| web) else {
        return Err(CallError::Forbidden("only http:// and https:// addresses are called".to_owned()));
    };
    match authority.as_str().contains('@') {
        true => Err(CallError::Forbidden("an address must not carry a user or a password".to_owned())),
        false => Ok(()),
    }
}

fn tls(authorities: Option<&Path>) -> Result<ClientConfig, TrustError> {
    // Named, so that another crate's choice of cryptography cannot make the choice ambiguous.
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .expect("ring has the cipher suites of TLS 1.2 and 1.3");
    let Some(file) = authorities else { return Ok(builder.with_webpki_roots().with_no_client_auth()) };
    let roots = read(file).map_err(|why| TrustError { file: file.to_owned(), why })?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn read(file: &Path) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| error.to_string())? {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    match roots.is_empty() {
        true => Err("there is no certificate in it".to_owned()),
        false => Ok(roots),
    }
}
