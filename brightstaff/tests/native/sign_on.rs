//! Single sign-on to AWS: what `aws sso login` left is renewed, as AWS's own tools do it, for as long as the sign-on lasts.

use std::path::Path;

use serde_json::{Value, json};
use shared::gateway::AwsSource;

use crate::accounts::{Cloud, after, aws, bedrock, chat, gateway, home, lends, log_with};

const CONFIG: &str = "[profile signed]\nsso_session = s\nsso_account_id = 1\nsso_role_name = r\n\
                      [sso-session s]\nsso_start_url = https://h/start\nsso_region = us-east-1\n";

/// What is left of a sign-on whose token is good for so many seconds, and that may be renewed.
fn left(seconds: u64) -> Value {
    json!({
        "startUrl": "https://h/start", "region": "us-east-1", "accessToken": "signed-on", "expiresAt": after(seconds),
        "clientId": "c", "clientSecret": "s", "registrationExpiresAt": after(99_999), "refreshToken": "first",
    })
}

/// The profile of a home where this is left, and the variables that lead there.
fn signed(name: &str, cloud: &Cloud, left: &Value) -> (std::path::PathBuf, Vec<(&'static str, String)>) {
    let files = [(".aws/config", CONFIG), (".aws/sso/cache/0.json", &left.to_string())];
    let home = home(name, &files, cloud);
    let variables = vec![
        ("HOME", home.display().to_string()),
        ("AWS_ENDPOINT_URL_SSO", cloud.base.clone()),
        ("AWS_ENDPOINT_URL_SSO_OIDC", cloud.base.clone()),
    ];
    (home, variables)
}

fn profile() -> AwsSource {
    AwsSource::Profile("signed".to_owned())
}

fn pairs<'v>(variables: &'v [(&'static str, String)]) -> Vec<(&'static str, &'v str)> {
    variables.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

fn kept(home: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(home.join(".aws/sso/cache/0.json")).unwrap()).unwrap()
}

#[tokio::test]
async fn a_sign_on_is_renewed_where_awss_tools_find_it() {
    for (name, seconds) in [("long-ago", 0), ("nearly-over", 600)] {
        let cloud = Cloud::start(aws).await;
        let (home, variables) = signed(name, &cloud, &left(seconds));
        lends(profile(), &pairs(&variables), "AKSSO").await;
        let asked = cloud.whole(0);
        let (_, asked) = asked.split_once("\r\n\r\n").unwrap();
        let wanted = json!({"grantType": "refresh_token", "clientId": "c", "clientSecret": "s", "refreshToken": "first"});
        assert_eq!(serde_json::from_str::<Value>(asked).unwrap(), wanted);
        assert!(cloud.whole(1).contains("x-amz-sso_bearer_token: renewed"), "{}", cloud.whole(1));
        let kept = kept(&home);
        assert_eq!((&kept["accessToken"], &kept["refreshToken"]), (&json!("renewed"), &json!("second")));
        assert!(kept["expiresAt"].as_str().unwrap() > after(28_000).as_str(), "{kept}");
        assert_eq!((&kept["clientId"], &kept["region"]), (&json!("c"), &json!("us-east-1")));
        // The next gateway finds it renewed.
        lends(profile(), &pairs(&variables), "AKSSO").await;
        assert_eq!(cloud.asked().iter().filter(|line| line.starts_with("POST")).count(), 1);
        let files = std::fs::read_dir(home.join(".aws/sso/cache")).unwrap().count();
        assert_eq!(files, 1);
        std::fs::remove_dir_all(home).unwrap();
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_renewed_sign_on_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let cloud = Cloud::start(aws).await;
    let (home, variables) = signed("private", &cloud, &left(0));
    lends(profile(), &pairs(&variables), "AKSSO").await;
    let mode = std::fs::metadata(home.join(".aws/sso/cache/0.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    std::fs::remove_dir_all(home).unwrap();
}

/// A server that is away spoils nothing as long as there is time.
#[tokio::test]
async fn a_sign_on_that_cannot_be_renewed_is_used_to_its_end() {
    let cloud = Cloud::start(|method, path| (path != "/token").then(|| aws(method, path)).flatten()).await;
    let (home, variables) = signed("refused", &cloud, &left(600));
    lends(profile(), &pairs(&variables), "AKSSO").await;
    assert!(cloud.whole(1).contains("x-amz-sso_bearer_token: signed-on"), "{}", cloud.whole(1));
    assert_eq!(kept(&home), left_like(&home));
    std::fs::write(home.join(".aws/sso/cache/0.json"), left(0).to_string()).unwrap();
    let (_, rig) = gateway(bedrock(profile()), &pairs(&variables)).await;
    assert!(chat(&rig, "amazon_bedrock/nova").await.starts_with("HTTP/1.1 503"));
    log_with("/token answered with status 403): `aws sso login --profile signed`").await;
    std::fs::remove_dir_all(home).unwrap();
}

/// What is left, with the time that stands there.
fn left_like(home: &Path) -> Value {
    let mut same = left(600);
    same["expiresAt"] = kept(home)["expiresAt"].clone();
    same["registrationExpiresAt"] = kept(home)["registrationExpiresAt"].clone();
    same
}

#[tokio::test]
async fn a_sign_on_that_is_over_is_told_with_the_way_back() {
    let cloud = Cloud::start(aws).await;
    let mut unregistered = left(0);
    unregistered["registrationExpiresAt"] = json!("2020-01-01T00:00:00Z");
    let mut old = left(0);
    old.as_object_mut().unwrap().remove("refreshToken");
    let mut others = left(9_999);
    others["startUrl"] = json!("https://others/start");
    for (name, left, told) in [
        ("unregistered", unregistered, "the tool that signed on is not registered any more): `aws sso login"),
        ("old", old, "nothing was left to renew it with): `aws sso login"),
        ("others", others, "nobody has signed on: `aws sso login --profile signed`"),
    ] {
        let (home, variables) = signed(name, &cloud, &left);
        let (_, rig) = gateway(bedrock(profile()), &pairs(&variables)).await;
        assert!(chat(&rig, "amazon_bedrock/nova").await.starts_with("HTTP/1.1 503"));
        log_with(told).await;
        std::fs::remove_dir_all(home).unwrap();
    }
    assert!(cloud.asked().is_empty(), "{:?}", cloud.asked());
}
