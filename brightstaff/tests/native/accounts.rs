//! What accounts in clouds lend: from servers on loopback, by the variables and files that the clouds' own tools read.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use brightstaff::Settings;
use brightstaff::accounts::Environment;
use rustls::SignatureScheme;
use serde_json::{Value, json};
use shared::api::Api;
use shared::dialect::Dialect;
use shared::gateway::{
    AwsRole, AwsSource, Compiled, CompiledKeys, CompiledProvider, CompiledSigning, Listener, TokenSource,
};
use shared::host::Timestamp;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::provider::{self, Provider, Script};
use crate::rig::{Rig, ask, json_of, logged, request, settings};
use crate::rsa;

/// A cloud: what it answers to a method and a path.
pub(crate) type Answers = fn(&str, &str) -> Option<String>;

pub(crate) struct Cloud {
    pub(crate) base: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Cloud {
    pub(crate) async fn start(answers: Answers) -> Cloud {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", socket.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = socket.accept().await {
                let heard = Arc::clone(&heard);
                tokio::spawn(async move {
                    while let Some(request) = provider::read(&mut stream).await {
                        let mut words = request.split(' ').map(str::to_owned);
                        let (method, path) = (words.next().unwrap(), words.next().unwrap());
                        heard.lock().unwrap().push(request);
                        // Long enough for others to ask as well.
                        tokio::time::sleep(Duration::from_millis(30)).await;
                        let (status, body) = match answers(&method, &path) {
                            Some(body) => ("200 OK", body),
                            None => ("403 Forbidden", REFUSAL.to_owned()),
                        };
                        let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", body.len());
                        stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
                    }
                });
            }
        });
        Cloud { base, asked }
    }

    /// What was asked, each as its first line, and the whole of one.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|asked| asked.lines().next().unwrap().to_owned()).collect()
    }

    pub(crate) fn whole(&self, index: usize) -> String {
        self.asked.lock().unwrap()[index].clone()
    }
}

const REFUSAL: &str = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>User: arn:aws:sts::1:assumed-role/me \
                       may not</Message></Error></ErrorResponse>";

/// So many seconds from now, as AWS writes it.
pub(crate) fn after(seconds: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + seconds;
    let (year, month, day) = Timestamp(now * 1_000_000).date();
    let (hour, minute, second) = (now / 3_600 % 24, now / 60 % 60, now % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

fn keys(id: &str, seconds: u64) -> String {
    json!({ "Code": "Success", "AccessKeyId": id, "SecretAccessKey": "of-nobody", "Token": format!("token-of-{id}"),
            "Expiration": after(seconds) })
    .to_string()
}

fn role(id: &str) -> String {
    format!(
        "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>{id}</AccessKeyId>\
         <SecretAccessKey>of-nobody</SecretAccessKey><SessionToken>token-of-{id}</SessionToken>\
         <Expiration>{}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>",
        after(3_600)
    )
}

/// The services of AWS.
pub(crate) fn aws(method: &str, path: &str) -> Option<String> {
    match (method, path) {
        ("PUT", "/latest/api/token") => Some("a-word".to_owned()),
        ("GET", "/latest/meta-data/iam/security-credentials/") => Some("my-role\n".to_owned()),
        ("GET", "/latest/meta-data/iam/security-credentials/my-role") => Some(keys("AKINSTANCE", 3_600)),
        ("GET", "/latest/meta-data/placement/region") => Some("eu-west-3".to_owned()),
        ("GET", "/container") => Some(keys("AKCONTAINER", 3_600)),
        ("GET", "/short") => Some(keys("AKSHORT", 13)),
        ("GET", path) if path.starts_with("/federation/credentials?account_id=1&role_name=r") => {
            let keys = json!({ "accessKeyId": "AKSSO", "secretAccessKey": "s", "sessionToken": "token-of-AKSSO",
                               "expiration": 4_000_000_000_000_u64 });
            Some(json!({ "roleCredentials": keys }).to_string())
        }
        ("POST", "/token") => {
            let token = json!({ "accessToken": "renewed", "expiresIn": 28_800, "refreshToken": "second" });
            Some(token.to_string())
        }
        ("POST", "/") => Some(role("AKROLE")),
        _ => None,
    }
}

/// A gateway with one provider, whose account is found by these variables; and the provider.
pub(crate) async fn gateway(entry: CompiledProvider, variables: &[(&str, &str)]) -> (Provider, Rig) {
    let said =
        r#"{"output":{"message":{"role":"assistant","content":[]}},"stopReason":"end_turn"}"#.to_owned();
    let provider =
        Provider::start(Script::Answer { status: 200, media_type: "application/json", body: said }).await;
    let listener = Listener { port: 0, ..Listener::model() };
    let entry = CompiledProvider { base: provider.base.clone(), access_key: None, ..entry };
    let compiled = Compiled { listeners: vec![listener], ..Compiled::new(vec![entry]) };
    let variables: BTreeMap<String, String> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let environment = Environment::new(move |name| variables.get(name).cloned());
    let rig = Rig::start_with(compiled, Settings { environment, ..settings() }).await;
    (provider, rig)
}

pub(crate) fn bedrock(source: AwsSource) -> CompiledProvider {
    let signing = CompiledSigning { keys: CompiledKeys::Lent(source), region: "us-west-2".to_owned() };
    CompiledProvider {
        apis: vec![Api::Converse],
        signing: Some(signing),
        ..CompiledProvider::usual(Dialect::named("amazon_bedrock").unwrap())
    }
}

pub(crate) async fn chat(rig: &Rig, model: &str) -> String {
    let body = json!({"model": model, "messages": [{"role": "user", "content": "hi"}]}).to_string();
    ask(rig.address, &request("/v1/chat/completions", "", &body)).await
}

/// What the provider was shown last.
fn shown(provider: &Provider) -> String {
    let requests = provider.requests();
    let head = requests.last().expect("the provider was asked").split("\r\n\r\n").next().unwrap().to_owned();
    let shown = head
        .lines()
        .filter(|line| line.starts_with("authorization: ") || line.starts_with("x-amz-security-token: "));
    shown.collect::<Vec<_>>().join("\n")
}

/// The log, once these words are in it: it is written with a little delay.
pub(crate) async fn log_with(words: &str) -> String {
    for _ in 0..500 {
        let log = logged();
        if log.contains(words) {
            return log;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("nothing in the log of: {words}");
}

/// The key that an account lends is the one that requests are signed with.
pub(crate) async fn lends(source: AwsSource, variables: &[(&str, &str)], id: &str) {
    let (provider, rig) = gateway(bedrock(source), variables).await;
    let answer = chat(&rig, "amazon_bedrock/nova").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}\n{}", logged());
    let shown = shown(&provider);
    assert!(shown.contains(&format!("AWS4-HMAC-SHA256 Credential={id}/")), "{shown}");
    assert!(shown.contains("/us-west-2/bedrock/aws4_request"), "{shown}");
    let with_token = shown.contains(&format!("x-amz-security-token: token-of-{id}"));
    assert_eq!(with_token, !["AKPLAIN", "AKPROCESS"].contains(&id), "{shown}");
}

#[tokio::test]
async fn a_machines_role_may_take_another() {
    let cloud = Cloud::start(aws).await;
    let role = AwsRole {
        arn: "arn:aws:iam::1:role/other".to_owned(),
        session_name: Some("me".to_owned()),
        external_id: Some("a b".to_owned()),
        of: AwsSource::Instance,
    };
    let variables = [
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", cloud.base.as_str()),
        ("AWS_ENDPOINT_URL_STS", cloud.base.as_str()),
    ];
    lends(AwsSource::Role(Box::new(role)), &variables, "AKROLE").await;
    let asked = cloud.asked();
    assert_eq!(asked.len(), 4, "{asked:?}");
    assert!(cloud.whole(0).contains("x-aws-ec2-metadata-token-ttl-seconds: "));
    assert!(cloud.whole(2).contains("x-aws-ec2-metadata-token: a-word"));
    let taking = cloud.whole(3);
    assert!(taking.contains("Credential=AKINSTANCE/") && taking.contains("/us-west-2/sts/aws4_request"));
    assert!(taking.contains("x-amz-security-token: token-of-AKINSTANCE"), "{taking}");
    let form = "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fother&RoleSessionName=me\
                &ExternalId=a%20b";
    assert!(taking.ends_with(form), "{taking}");
}

#[tokio::test]
async fn containers_have_roles() {
    let cloud = Cloud::start(aws).await;
    let address = format!("{}/container", cloud.base);
    let variables = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", address.as_str()),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "a-token"),
    ];
    lends(AwsSource::Container, &variables, "AKCONTAINER").await;
    lends(AwsSource::Chain, &variables, "AKCONTAINER").await;
    assert!(cloud.whole(0).contains("authorization: a-token"));
}

/// A folder for the files of one test; what stands in it says `CLOUD` for the cloud's address.
pub(crate) fn home(name: &str, files: &[(&str, &str)], cloud: &Cloud) -> PathBuf {
    let home = std::env::temp_dir().join(format!("planoai-accounts-{}-{name}", std::process::id()));
    for (file, text) in files {
        let file = home.join(file);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text.replace("CLOUD", &cloud.base)).unwrap();
    }
    home
}

#[tokio::test]
async fn profiles_lead_to_keys() {
    let cloud = Cloud::start(aws).await;
    let process = r#"echo '{"Version": 1, "AccessKeyId": "AKPROCESS", "SecretAccessKey": "s"}'"#;
    let config = format!(
        "[default]\nregion = eu-west-1\nsource_profile = run\nrole_arn = arn:aws:iam::1:role/r\n\
         [profile run]\ncredential_process = {process}\n\
         [profile signed]\nsso_session = s\nsso_account_id = 1\nsso_role_name = r\n\
         [sso-session s]\nsso_start_url = https://h/start\nsso_region = us-east-1\n\
         [profile web]\nrole_arn = arn:aws:iam::1:role/w\nweb_identity_token_file = HOME/token\n\
         [profile round]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = round2\n\
         [profile round2]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = round\n"
    );
    let session =
        r#"{"startUrl": "https://h/start", "accessToken": "signed-on", "expiresAt": "2100-01-01T00:00:00Z"}"#;
    let old =
        r#"{"startUrl": "https://h/start", "accessToken": "long-ago", "expiresAt": "2020-01-01T00:00:00Z"}"#;
    let credentials = "[plain]\naws_access_key_id = AKPLAIN\naws_secret_access_key = s\n";
    let files = [
        (".aws/credentials", credentials),
        (".aws/sso/cache/0.json", old),
        (".aws/sso/cache/1.json", session),
        ("token", "of-the-platform\n"),
    ];
    let home = home("profiles", &files, &cloud);
    let text = config.replace("HOME", &home.display().to_string());
    std::fs::write(home.join(".aws/config"), text).unwrap();
    let at = home.display().to_string();
    let variables = [
        ("HOME", at.as_str()),
        ("AWS_ENDPOINT_URL_STS", cloud.base.as_str()),
        ("AWS_ENDPOINT_URL_SSO", cloud.base.as_str()),
    ];
    let profile = |name: &str| AwsSource::Profile(name.to_owned());
    lends(profile("plain"), &variables, "AKPLAIN").await;
    lends(profile("run"), &variables, "AKPROCESS").await;
    lends(profile("default"), &variables, "AKROLE").await;
    lends(AwsSource::Chain, &variables, "AKROLE").await;
    assert!(cloud.whole(0).contains("Credential=AKPROCESS/") && cloud.whole(0).contains("/eu-west-1/sts/"));
    lends(profile("web"), &variables, "AKROLE").await;
    assert!(cloud.whole(2).contains("Action=AssumeRoleWithWebIdentity&"), "{}", cloud.whole(2));
    assert!(cloud.whole(2).contains("WebIdentityToken=of-the-platform"), "{}", cloud.whole(2));
    lends(profile("signed"), &variables, "AKSSO").await;
    assert!(cloud.whole(3).contains("x-amz-sso_bearer_token: signed-on"), "{}", cloud.whole(3));
    let (_, rig) = gateway(bedrock(profile("round")), &variables).await;
    assert!(chat(&rig, "amazon_bedrock/nova").await.starts_with("HTTP/1.1 503"));
    log_with("profiles lead to profiles without an end").await;
    std::fs::remove_dir_all(home).unwrap();
}

#[tokio::test]
async fn the_platforms_token_takes_a_role() {
    let cloud = Cloud::start(aws).await;
    let home = home("web-identity", &[("token", "of-the-platform")], &cloud);
    let file = home.join("token").display().to_string();
    let variables = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", file.as_str()),
        ("AWS_ROLE_ARN", "arn:aws:iam::1:role/w"),
        ("AWS_ENDPOINT_URL_STS", cloud.base.as_str()),
    ];
    lends(AwsSource::WebIdentity, &variables, "AKROLE").await;
    lends(AwsSource::Chain, &variables, "AKROLE").await;
    std::fs::remove_dir_all(home).unwrap();
}

/// However many ask, it is got once; and once more when it ends.
#[tokio::test]
async fn what_is_lent_is_got_once_for_all_and_anew_when_it_ends() {
    let cloud = Cloud::start(aws).await;
    let address = format!("{}/short", cloud.base);
    let variables = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", address.as_str())];
    let (provider, rig) = gateway(bedrock(AwsSource::Container), &variables).await;
    let rig = Arc::new(rig);
    let at_once: Vec<_> = (0..8)
        .map(|_| {
            let rig = Arc::clone(&rig);
            tokio::spawn(async move { chat(&rig, "amazon_bedrock/nova").await })
        })
        .collect();
    for answer in at_once {
        assert!(answer.await.unwrap().starts_with("HTTP/1.1 200"));
    }
    assert_eq!((cloud.asked().len(), provider.requests().len()), (1, 8));
    // Keys for thirteen seconds are not used in the last ten.
    tokio::time::sleep(Duration::from_millis(3_100)).await;
    assert!(chat(&rig, "amazon_bedrock/nova").await.starts_with("HTTP/1.1 200"));
    assert_eq!(cloud.asked().len(), 2);
}

/// Who calls learns that, and not why; the log has the why, and no secret.
#[tokio::test]
async fn what_cannot_be_had_is_told_to_whom_it_concerns() {
    let cloud = Cloud::start(aws).await;
    let role = AwsRole {
        arn: "arn:aws:iam::1:role/secret-place".to_owned(),
        session_name: None,
        external_id: None,
        of: AwsSource::Chain,
    };
    let sts = format!("{}/refuses", cloud.base);
    let variables = [
        ("AWS_ACCESS_KEY_ID", "AKOWN"),
        ("AWS_SECRET_ACCESS_KEY", "the-secret-of-my-own"),
        ("AWS_ENDPOINT_URL_STS", sts.as_str()),
    ];
    let (provider, rig) = gateway(bedrock(AwsSource::Role(Box::new(role))), &variables).await;
    let answer = chat(&rig, "amazon_bedrock/nova").await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    let message = json_of(&answer)["error"]["message"].as_str().unwrap().to_owned();
    assert_eq!(
        message,
        "The credentials for `amazon_bedrock/*` cannot be had now: the gateway's log says why."
    );
    // Who asks at once hears the same, and nobody is asked again for it.
    assert!(chat(&rig, "amazon_bedrock/nova").await.starts_with("HTTP/1.1 503"));
    assert!(provider.requests().is_empty() && cloud.asked().len() == 1);
    let log = log_with("AccessDenied: User: arn:aws:sts::1:assumed-role/me may not").await;
    assert!(!log.contains("the-secret-of-my-own"));
}

/// Google's and Microsoft's servers of tokens.
fn tokens(method: &str, path: &str) -> Option<String> {
    let token =
        |name: &str| json!({"access_token": name, "expires_in": 3_600, "token_type": "Bearer"}).to_string();
    match (method, path) {
        ("POST", "/token") => Some(token("a-token-of-google")),
        ("GET", "/computeMetadata/v1/instance/service-accounts/default/token") => {
            Some(token("of-the-machine"))
        }
        ("POST", "/my-tenant/oauth2/v2.0/token") => Some(token("a-token-of-azure")),
        ("GET", path) if path.starts_with("/metadata/identity/oauth2/token?resource=https%3A%2F%2F") => {
            Some(json!({"access_token": "of-the-machine", "expires_in": "3600"}).to_string())
        }
        _ => None,
    }
}

pub(crate) fn entry(dialect: &str, source: TokenSource) -> CompiledProvider {
    CompiledProvider { tokens: Some(source), ..CompiledProvider::usual(Dialect::named(dialect).unwrap()) }
}

pub(crate) async fn shows(dialect: &str, source: TokenSource, variables: &[(&str, &str)], token: &str) {
    let (provider, rig) = gateway(entry(dialect, source), variables).await;
    chat(&rig, &format!("{dialect}/some-model")).await;
    assert!(!provider.requests().is_empty(), "{}", logged());
    assert_eq!(shown(&provider), format!("authorization: Bearer {token}"));
}

#[tokio::test]
async fn googles_accounts_lend_tokens() {
    let cloud = Cloud::start(tokens).await;
    let key = json!({ "type": "service_account", "client_email": "me@project.iam", "private_key_id": "k1",
                      "private_key": rsa::private(), "token_uri": "CLOUD/token" });
    let user = json!({ "type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r",
                       "token_uri": "CLOUD/token" });
    let files = [("key.json", key.to_string()), ("user.json", user.to_string())];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let home = home("google", &files, &cloud);
    let file = |name: &str| home.join(name).display().to_string();

    let account = TokenSource::Google { file: Some(file("key.json")) };
    shows("vertex", account, &[], "a-token-of-google").await;
    let asked = cloud.whole(0);
    let (_, assertion) = asked.split_once("assertion=").unwrap();
    let (claim, signature) = assertion.rsplit_once('.').unwrap();
    verify(claim.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap());
    let part = |index: usize| -> Value {
        let part = claim.split('.').nth(index).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    assert_eq!(part(0), json!({"alg": "RS256", "typ": "JWT", "kid": "k1"}));
    let claims = part(1);
    assert_eq!(
        (&claims["iss"], &claims["aud"]),
        (&json!("me@project.iam"), &json!(format!("{}/token", cloud.base)))
    );
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 3_600);

    let user = file("user.json");
    let usual = TokenSource::Google { file: None };
    shows("vertex", usual.clone(), &[("GOOGLE_APPLICATION_CREDENTIALS", &user)], "a-token-of-google").await;
    assert!(cloud.whole(1).ends_with("grant_type=refresh_token&client_id=c&client_secret=s&refresh_token=r"));
    let host = cloud.base.trim_start_matches("http://");
    shows("vertex", usual, &[("GCE_METADATA_HOST", host)], "of-the-machine").await;
    assert!(cloud.whole(2).contains("metadata-flavor: Google"));
    std::fs::remove_dir_all(home).unwrap();
}

/// Checks a signature as anybody could who knows the public key.
fn verify(claim: &[u8], signature: &[u8]) {
    let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms;
    let found = algorithms.mapping.iter().find(|(scheme, _)| *scheme == SignatureScheme::RSA_PKCS1_SHA256);
    let (_, algorithms) = found.expect("ring knows it");
    algorithms[0].verify_signature(&rsa::public(), claim, signature).expect("the signature is good");
}

#[tokio::test]
async fn azures_applications_lend_tokens() {
    let cloud = Cloud::start(tokens).await;
    let home = home("azure", &[("vouched", "by-the-platform")], &cloud);
    let own =
        TokenSource::Azure { tenant: Some("my-tenant".to_owned()), client: Some("my-client".to_owned()) };
    let secret = [("AZURE_CLIENT_SECRET", "a secret"), ("AZURE_AUTHORITY_HOST", cloud.base.as_str())];
    shows("azure_openai", own, &secret, "a-token-of-azure").await;
    let scope = "scope=https%3A%2F%2Fcognitiveservices.azure.com%2F.default";
    let form = format!("grant_type=client_credentials&client_id=my-client&{scope}&client_secret=a%20secret");
    assert!(cloud.whole(0).ends_with(&form), "{}", cloud.whole(0));

    let file = home.join("vouched").display().to_string();
    let usual = TokenSource::Azure { tenant: None, client: None };
    let vouched = [
        ("AZURE_TENANT_ID", "my-tenant"),
        ("AZURE_CLIENT_ID", "other-client"),
        ("AZURE_FEDERATED_TOKEN_FILE", file.as_str()),
        ("AZURE_AUTHORITY_HOST", cloud.base.as_str()),
    ];
    shows("azure_openai", usual.clone(), &vouched, "a-token-of-azure").await;
    assert!(cloud.whole(1).ends_with("client_assertion=by-the-platform"), "{}", cloud.whole(1));

    let machine = [("AZURE_POD_IDENTITY_AUTHORITY_HOST", cloud.base.as_str())];
    shows("azure_openai", usual, &machine, "of-the-machine").await;
    assert!(cloud.whole(2).contains("metadata: true"));
    std::fs::remove_dir_all(home).unwrap();
}
