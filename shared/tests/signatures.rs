//! Signatures against those of AWS's own Python library, over requests of any shape.

#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops where the core must not, and starts the Python it compares with"
)]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use bytes::Bytes;
use http::Request;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use shared::api::Api;
use shared::dialect::Dialect;
use shared::host::Timestamp;
use shared::secret::Secret;
use shared::signature::Signer;

const REQUESTS: usize = 300;

/// The service that the requests are for.
const SERVICE: &str = "bedrock";

/// What is to be signed, as JSON.
fn requests() -> Vec<Value> {
    let model = prop_oneof![
        "\\PC{1,20}",
        "[a-z:./%@~ ]{1,20}",
        Just("arn:aws:bedrock:us-east-1:1:x/us.y".to_owned())
    ];
    let api = prop::sample::select(vec![Api::Converse, Api::Messages]);
    let host = prop::sample::select(vec![
        "https://bedrock-runtime.us-west-2.amazonaws.com",
        "https://vpce-1-2.bedrock-runtime.eu-west-1.vpce.amazonaws.com:8443",
        "http://localhost:9",
        "https://h:443/a//b/../c",
        "http://h:80",
    ]);
    let query = prop::option::of("([a-z]{1,3}(=[a-z%0-9]{0,3})?&){0,3}z=1");
    let media_type = prop::sample::select(vec!["application/json", "text/plain;  charset=utf-8", " x/y "]);
    let token = prop::option::of("[a-zA-Z0-9/+=]{1,60}");
    let region = prop::sample::select(vec!["us-west-2", "us-gov-west-1"]);
    let body = prop::collection::vec(any::<u8>(), 0..200);
    let all =
        ((model, api, any::<bool>()), host, query, media_type, token, region, body, 0_u64..4_102_444_800);
    let mut runner = TestRunner::deterministic();
    let draw = |_| {
        let ((model, api, stream), host, query, media_type, token, region, body, seconds) =
            all.new_tree(&mut runner).unwrap().current();
        let address = Dialect::named("amazon").unwrap().address(host, api, &model, None, stream);
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        json!({
            "method": "POST", "url": format!("{address}{query}"), "headers": {"content-type": media_type},
            "body": body, "seconds": seconds, "id": "AKIDEXAMPLE", "secret": "wJalrXUtnFEMI/K7MDENG+bPx",
            "token": token, "region": region, "service": SERVICE,
        })
    };
    (0..REQUESTS).map(draw).collect()
}

/// The headers that the gateway signs a request with.
fn signed(asked: &Value) -> Value {
    let text = |name: &str| asked[name].as_str().unwrap().to_owned();
    let body = asked["body"].as_array().unwrap().iter().map(|byte| byte.as_u64().unwrap() as u8);
    let media_type = asked["headers"]["content-type"].as_str().unwrap();
    let request = Request::post(text("url")).header("content-type", media_type).header("user-agent", "any");
    let mut request = request.body(body.collect::<Bytes>()).unwrap();
    let signer = Signer {
        id: text("id"),
        secret: Secret::new(text("secret")),
        session_token: asked["token"].as_str().map(|token| Secret::new(token.to_owned())),
        region: text("region"),
        service: SERVICE,
    };
    signer.sign(&mut request, Timestamp(asked["seconds"].as_u64().unwrap() * 1_000_000)).unwrap();
    let headers = ["authorization", "x-amz-date", "x-amz-security-token"].into_iter();
    let headers = headers.filter_map(|name| Some((name, request.headers().get(name)?.to_str().unwrap())));
    headers
        .map(|(name, value)| (name.to_owned(), Value::from(value)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn signed_by_botocore(python: &std::ffi::OsStr, requests: &[Value]) -> Vec<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/sdks/python/sign.py");
    let mut signing = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python can be started");
    let asked = serde_json::to_vec(requests).unwrap();
    signing.stdin.take().unwrap().write_all(&asked).unwrap();
    let output = signing.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// F6: the same signature, byte for byte.
#[test]
fn f6_signatures_are_those_of_botocore() {
    let Some(python) = std::env::var_os("PLANO_PYTHON") else {
        println!("not compared: PLANO_PYTHON is not set; `cargo xtask test` sets it");
        return;
    };
    let requests = requests();
    let theirs = signed_by_botocore(&python, &requests);
    assert_eq!(theirs.len(), REQUESTS);
    for (request, theirs) in requests.iter().zip(theirs) {
        assert_eq!(signed(request), theirs, "{request}");
    }
}
