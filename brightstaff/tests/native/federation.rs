//! Google Cloud for whom another platform vouches, and for who may act as a service account.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use shared::gateway::TokenSource;
use shared::host::Timestamp;
use shared::secret::Secret;
use shared::signature::Signer;

use crate::accounts::{Cloud, after, aws, chat, entry, gateway, home, log_with, shows};

const AUDIENCE: &str = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q";

fn answers(method: &str, path: &str) -> Option<String> {
    let token =
        |name: &str| json!({"access_token": name, "expires_in": "3600", "token_type": "Bearer"}).to_string();
    match (method, path) {
        ("GET", "/vouch?for=me") => Some(json!({"value": "by-the-platform"}).to_string()),
        ("POST", "/exchange") => Some(token("exchanged")),
        ("POST", "/token") => Some(token("of-a-user")),
        ("POST", "/v1/sa:generateAccessToken") => {
            Some(json!({"accessToken": "of-the-service", "expireTime": after(3_600)}).to_string())
        }
        _ => aws(method, path),
    }
}

/// An account of this source, and whatever else its file says.
fn account(source: Value, more: Value) -> String {
    let mut account = json!({
        "type": "external_account", "audience": AUDIENCE, "token_url": "CLOUD/exchange",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "credential_source": source,
    });
    account.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    account.to_string()
}

/// Shows the provider this token, for the account of a file; and gives what was asked on the way.
async fn asked(name: &str, account: &str, token: &str) -> Vec<String> {
    asked_with(name, account, &[], token).await
}

/// The same with variables.
async fn asked_with(name: &str, account: &str, variables: &[(&str, &str)], token: &str) -> Vec<String> {
    let cloud = Cloud::start(answers).await;
    let home = home(name, &[("account.json", account), ("vouched", "by-the-file\n")], &cloud);
    let file = home.join("account.json");
    let text = std::fs::read_to_string(&file).unwrap().replace("HOME", &home.display().to_string());
    std::fs::write(&file, text).unwrap();
    let source = TokenSource::Google { file: Some(file.display().to_string()) };
    shows("vertex", source, variables, token).await;
    std::fs::remove_dir_all(home).unwrap();
    (0..cloud.asked().len()).map(|index| cloud.whole(index)).collect()
}

#[tokio::test]
async fn the_token_in_a_file_is_exchanged() {
    let asked = asked("file", &account(json!({"file": "HOME/vouched"}), json!({})), "exchanged").await;
    let form = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&audience=%2F%2Fiam.googleapis.com\
                %2Fprojects%2F1%2Flocations%2Fglobal%2FworkloadIdentityPools%2Fp%2Fproviders%2Fq&scope=https%3A%2F%2F\
                www.googleapis.com%2Fauth%2Fcloud-platform&requested_token_type=urn%3Aietf%3Aparams%3Aoauth%3A\
                token-type%3Aaccess_token&subject_token=by-the-file&subject_token_type=urn%3Aietf%3Aparams%3Aoauth\
                %3Atoken-type%3Ajwt";
    assert!(asked[0].ends_with(form), "{}", asked[0]);
    assert!(asked.len() == 1 && !asked[0].contains("authorization:"), "{asked:?}");
}

#[tokio::test]
async fn the_token_at_an_address_is_exchanged_and_acts_as_a_service_account() {
    let format = json!({"type": "json", "subject_token_field_name": "value"});
    let source = json!({"url": "CLOUD/vouch?for=me", "headers": {"Metadata": "True"}, "format": format});
    let more = json!({
        "service_account_impersonation_url": "CLOUD/v1/sa:generateAccessToken",
        "service_account_impersonation": {"token_lifetime_seconds": 600},
        "client_id": "c", "client_secret": "s",
    });
    let asked = asked("address", &account(source, more), "of-the-service").await;
    assert!(asked[0].to_lowercase().contains("metadata: true"), "{}", asked[0]);
    assert!(
        asked[1].contains("authorization: Basic Yzpz") && asked[1].contains("subject_token=by-the-platform&")
    );
    let (head, body) = asked[2].split_once("\r\n\r\n").unwrap();
    assert!(head.contains("authorization: Bearer exchanged"), "{head}");
    let wanted = json!({"delegates": [], "lifetime": "600s", "scope": ["https://www.googleapis.com/auth/cloud-platform"]});
    assert_eq!(serde_json::from_str::<Value>(body).unwrap(), wanted);
}

/// What AWS vouches with: a question that its account has signed.
#[derive(serde::Deserialize)]
struct Question {
    url: String,
    method: String,
    headers: Vec<Told>,
}

#[derive(serde::Deserialize)]
struct Told {
    key: String,
    value: String,
}

impl Question {
    /// The one that was exchanged.
    fn of(exchange: &str) -> Question {
        let form = exchange.split_once("\r\n\r\n").unwrap().1;
        let token = form.split('&').find_map(|pair| pair.strip_prefix("subject_token=")).unwrap();
        // It is in the words of a query, in a form.
        let plain =
            |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned();
        serde_json::from_str(&plain(&plain(token))).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        &self.headers.iter().find(|told| told.key == name).unwrap().value
    }

    /// The same question signed at another time.
    fn signed(&self, signer: &Signer, second: u64) -> String {
        let mut request = Request::post(&self.url).header(TARGET, AUDIENCE).body(Bytes::new()).unwrap();
        signer.sign(&mut request, Timestamp(second * 1_000_000)).unwrap();
        request.headers()["authorization"].to_str().unwrap().to_owned()
    }
}

const TARGET: &str = "x-goog-cloud-target-resource";

fn of_aws() -> String {
    let source = json!({
        "environment_id": "aws1",
        "url": "CLOUD/latest/meta-data/iam/security-credentials",
        "region_url": "CLOUD/latest/meta-data/placement/availability-zone",
        "regional_cred_verification_url": "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15",
    });
    account(source, json!({"subject_token_type": "urn:ietf:params:aws:token-type:aws4_request"}))
}

#[tokio::test]
async fn a_machine_of_aws_is_vouched_for_by_a_question_it_signs() {
    let asked = asked("aws", &of_aws(), "exchanged").await;
    let question = Question::of(asked.last().unwrap());
    assert_eq!(
        question.url,
        "https://sts.eu-west-3.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"
    );
    assert_eq!(question.method, "POST");
    assert_eq!(question.header("host"), "sts.eu-west-3.amazonaws.com");
    assert_eq!(question.header(TARGET), AUDIENCE);
    assert_eq!(question.header("x-amz-security-token"), "token-of-AKINSTANCE");
    let signer = Signer {
        id: "AKINSTANCE".to_owned(),
        secret: Secret::new("of-nobody".to_owned()),
        session_token: Some(Secret::new("token-of-AKINSTANCE".to_owned())),
        region: "eu-west-3".to_owned(),
        service: "sts",
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let shown = question.header("authorization");
    assert!(
        shown.contains("SignedHeaders=host;x-amz-date;x-amz-security-token;x-goog-cloud-target-resource,")
    );
    assert!((now - 30..=now).any(|second| question.signed(&signer, second) == shown), "{shown}");
}

#[tokio::test]
async fn variables_of_aws_come_before_the_machine() {
    let variables =
        [("AWS_ACCESS_KEY_ID", "AKME"), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_REGION", "us-east-1")];
    let asked = asked_with("variables", &of_aws(), &variables, "exchanged").await;
    assert_eq!(asked.len(), 1);
    let shown = Question::of(&asked[0]).header("authorization").to_owned();
    assert!(shown.contains("Credential=AKME/") && shown.contains("/us-east-1/sts/aws4_request"), "{shown}");
}

#[tokio::test]
async fn who_signed_on_may_act_as_a_service_account() {
    let user = json!({ "type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r",
                       "token_uri": "CLOUD/token" });
    let account = json!({
        "type": "impersonated_service_account", "source_credentials": user, "delegates": ["d"],
        "service_account_impersonation_url": "CLOUD/v1/sa:generateAccessToken",
    });
    let asked = asked("acting", &account.to_string(), "of-the-service").await;
    assert!(
        asked[1].contains("authorization: Bearer of-a-user") && asked[1].contains(r#""delegates":["d"]"#)
    );
    assert!(asked[1].contains(r#""lifetime":"3600s""#), "{}", asked[1]);
}

/// A program that a file names is not run; that is told, and so is what is missing.
#[tokio::test]
async fn what_cannot_be_exchanged_is_told() {
    let cloud = Cloud::start(answers).await;
    for (name, source, told) in [
        (
            "program",
            json!({"executable": {"command": "/bin/me"}}),
            "names a program, and the gateway runs none",
        ),
        ("absent", json!({"file": "/nowhere/to/be/found"}), "/nowhere/to/be/found: "),
        (
            "other",
            json!({"url": "CLOUD/vouch?for=me", "format": {"type": "json", "subject_token_field_name": "x"}}),
            "there is no `x` in it",
        ),
        ("refusing", json!({"url": "CLOUD/refuses"}), "/refuses answered with status 403"),
    ] {
        let home = home(name, &[("account.json", &account(source, json!({})))], &cloud);
        let file = home.join("account.json").display().to_string();
        let (provider, rig) = gateway(entry("vertex", TokenSource::Google { file: Some(file) }), &[]).await;
        assert!(chat(&rig, "vertex/some-model").await.starts_with("HTTP/1.1 503"));
        let log = log_with(told).await;
        assert!(provider.requests().is_empty() && !log.contains("by-the-platform"));
        std::fs::remove_dir_all(home).unwrap();
    }
}
