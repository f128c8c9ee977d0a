//! TLS to providers: whom it trusts, and how long it waits.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::provider::{Provider, Script};
use crate::rig::{Rig, ask, compiled, json_of, request, settings};

const BODY: &str = r#"{"model":"openai/gpt","messages":[]}"#;

/// A provider with TLS, and the file of the authority that vouches for it.
async fn secure_provider(name: &str) -> (String, PathBuf) {
    let (authority, chain, key) = certificates();
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}.pem", std::process::id()));
    std::fs::write(&file, authority).unwrap();
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(ring).with_safe_default_protocol_versions().unwrap();
    let config = builder.with_no_client_auth().with_single_cert(chain, key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://localhost:{}/v1", socket.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((stream, _)) = socket.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let _ = stream.read(&mut [0; 4096]).await;
            let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (base, file)
}

/// An authority (as PEM), a certificate of it for `localhost`, and that one's key.
fn certificates() -> (String, Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let own = KeyPair::generate().unwrap();
    let pem = authority.self_signed(&own).unwrap().pem();
    let issuer = Issuer::new(authority, own);
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    (pem, vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
}

async fn rig_trusting(base: &str, authorities: Option<String>) -> Rig {
    let mut compiled = compiled(base);
    compiled.authorities = authorities;
    Rig::start_with(compiled, settings()).await
}

#[tokio::test]
async fn a_provider_of_the_configured_authority_is_called() {
    let (base, file) = secure_provider("trusted").await;
    let rig = rig_trusting(&base, file.to_str().map(str::to_owned)).await;
    let answer = ask(rig.address, &request("/v1/chat/completions", "", BODY)).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

/// Nothing of the request, the key least of all, is sent to somebody whom nobody vouches for.
#[tokio::test]
async fn a_provider_of_an_unknown_authority_is_not_called() {
    let (base, _) = secure_provider("unknown").await;
    let rig = rig_trusting(&base, None).await;
    let answer = ask(rig.address, &request("/v1/chat/completions", "", BODY)).await;
    assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
    assert_eq!(json_of(&answer)["error"]["code"], "upstream_unreachable");
}

#[tokio::test]
async fn a_file_without_authorities_is_an_error_at_the_start() {
    for (name, why) in
        [("absent.pem", "cannot use the certificate authorities in"), ("Cargo.toml", "no certificate")]
    {
        let mut compiled = compiled("https://127.0.0.1:1/v1");
        compiled.authorities = Some(format!("{}/{name}", env!("CARGO_MANIFEST_DIR")));
        let gateway = compiled.open(|_| Some("key".to_owned())).unwrap();
        let error = brightstaff::Server::bind(gateway, &settings()).await.err().unwrap().to_string();
        assert!(error.contains(why) && error.contains(name), "{error}");
    }
}

/// The time to connect covers TLS, too: a server that accepts and says nothing holds nobody up.
#[tokio::test]
async fn a_handshake_that_does_not_end_is_given_up() {
    let provider = Provider::start(Script::Silence).await;
    let mut compiled = compiled(&provider.base.replace("http:", "https:"));
    compiled.connect_timeout = Duration::from_millis(200);
    let rig = Rig::start_with(compiled, settings()).await;
    let begun = Instant::now();
    let answer = ask(rig.address, &request("/v1/chat/completions", "", BODY)).await;
    assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
    assert!(begun.elapsed() < Duration::from_secs(5));
}
