//! Images and documents at addresses, for providers that take only bytes: fetched where a host can, from where the
//! configuration says, and refused where it cannot.

use serde_json::{Value, json};

use super::{Outcome, equal, holds};
use crate::client::{Answer, Question};
use crate::configuration;
use crate::host::{Host, Kind};
use crate::provider::{Provider, Received, Script};
use corpus::Body;

/// What is fetched, in the configuration; `SITE` is where the provider's site is.
const FETCH: &str = "fetch:
  hosts: [SITE]
  http: true
  private_networks: [127.0.0.0/8]
  file_bytes: 4000
  request_bytes: 6000
  files: 3
  timeout: 2s
";

const PNG_IN_BASE64: &str = "iVBORw0KGgogYW5kIG1vcmU=";

/// Plays all of it.
pub async fn fetching(kind: Kind) {
    let configuration =
        |port, site| configuration::yaml(port, site) + &FETCH.replace("SITE", &site.to_string());
    super::play_with(kind, "fetching", configuration, async |host, provider| {
        let refusals = [
            ("a redirect is not followed", "moved", (400, "redirects are not followed", 1)),
            ("what is too long is not taken", "long", (413, "is longer than 4000 bytes", 1)),
            ("what is no image is none", "page", (400, "it is no image", 1)),
            ("what is not there is no image", "absent", (400, "the answer has status 404", 1)),
            ("what is slow is not waited for", "silence", (400, "in", 1)),
        ];
        let mut outcomes = vec![
            ("an image is sent as bytes".to_owned(), image(host, provider).await),
            ("documents are what their bytes say".to_owned(), documents(host, provider).await),
            ("Claude on Bedrock gets bytes".to_owned(), claude(host, provider).await),
            ("who takes addresses gets them".to_owned(), addresses(host, provider).await),
            ("nothing is fetched from elsewhere".to_owned(), elsewhere(host, provider).await),
            ("many are too many".to_owned(), many(host, provider).await),
        ];
        for (case, path, told) in refusals {
            outcomes.push((case.to_owned(), refused(host, provider, &[at(provider, path)], told).await));
        }
        outcomes
    })
    .await;
}

/// The address of something on the site.
fn at(provider: &Provider, path: &str) -> String {
    format!("http://{}/site/{path}", provider.address)
}

async fn image(host: &Host, provider: &Provider) -> Outcome {
    let twice = [at(provider, "pixel.png?of=mine"), at(provider, "pixel.png?of=mine")];
    let answer = ask(host, provider, "/v1/chat/completions", &images("converse/m", &twice)).await?;
    let Some((fetched, sent)) = fetched(host, provider, &answer)? else { return Ok(()) };
    let image = json!({"image": {"format": "png", "source": {"bytes": PNG_IN_BASE64}}});
    equal("content", &json!([image, image]), &sent["messages"][0]["content"])?;
    // What is named twice is fetched once, and nothing of the client's goes along.
    equal("fetched", &1, &fetched.len())?;
    equal("path", &"/site/pixel.png?of=mine", &fetched[0].path.as_str())?;
    let heads = ["authorization", "cookie", "x-of-the-client"];
    holds("the client's headers went along", heads.iter().all(|name| !fetched[0].headers.contains_key(*name)))
}

async fn documents(host: &Host, provider: &Provider) -> Outcome {
    let document = |path| json!({"type": "document", "source": {"type": "url", "url": at(provider, path)}});
    let content = json!([document("document"), document("page"), {"type": "text", "text": "Read."}]);
    let body =
        json!({"model": "converse/m", "max_tokens": 9, "messages": [{"role": "user", "content": content}]});
    let answer = ask(host, provider, "/v1/messages", &body).await?;
    let Some((_, sent)) = fetched(host, provider, &answer)? else { return Ok(()) };
    let content = &sent["messages"][0]["content"];
    equal("the first", &json!("JVBERi0xLjcgd29yZHM="), &content[0]["document"]["source"]["bytes"])?;
    equal("the second", &json!("<html>no image</html>"), &content[1]["document"]["source"]["text"])
}

/// It speaks its client's own API, and fetches nothing all the same.
async fn claude(host: &Host, provider: &Provider) -> Outcome {
    let image = json!({"type": "image", "source": {"type": "url", "url": at(provider, "pixel.png")}});
    let body = json!({"model": "amazon_bedrock/anthropic.claude-x", "max_tokens": 9,
        "messages": [{"role": "user", "content": [image]}]});
    let answer = ask(host, provider, "/v1/messages", &body).await?;
    let Some((_, sent)) = fetched(host, provider, &answer)? else { return Ok(()) };
    let source = json!({"type": "base64", "media_type": "image/png", "data": PNG_IN_BASE64});
    equal("source", &source, &sent["messages"][0]["content"][0]["source"])
}

/// On every host: nobody but the provider looks at them.
async fn addresses(host: &Host, provider: &Provider) -> Outcome {
    let address = at(provider, "pixel.png");
    ask(host, provider, "/v1/chat/completions", &images("completions/m", std::slice::from_ref(&address)))
        .await?;
    let received = provider.received();
    let [sent] = &received[..] else { return Err(format!("{} requests were sent", received.len())) };
    let sent: Value = serde_json::from_slice(&sent.body).unwrap_or_default();
    equal("address", &json!(address), &sent["messages"][0]["content"][0]["image_url"]["url"])
}

/// Another port, another address of the same network, and what is nobody's business.
async fn elsewhere(host: &Host, provider: &Provider) -> Outcome {
    let port = provider.address.port();
    for address in [
        format!("http://127.0.0.2:{port}/site/pixel.png"),
        format!("http://[::1]:{port}/site/pixel.png"),
        format!("http://2130706433:{port}/site/pixel.png"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://127.0.0.1/site/pixel.png".to_owned(),
    ] {
        refused(host, provider, &[address], (400, "nothing is fetched from its host", 0)).await?;
    }
    Ok(())
}

async fn many(host: &Host, provider: &Provider) -> Outcome {
    let many: Vec<String> = (0..4).map(|number| at(provider, &format!("pixel.png?{number}"))).collect();
    refused(host, provider, &many, (400, "has 4 addresses to fetch, and at most 3 are fetched", 0)).await
}

/// The status, a part of the message, and how often the site is asked.
type Told = (u16, &'static str, usize);

/// The request is refused, and nothing reaches the provider.
async fn refused(host: &Host, provider: &Provider, addresses: &[String], told: Told) -> Outcome {
    let answer = ask(host, provider, "/v1/chat/completions", &images("converse/m", addresses)).await?;
    if !fetches(host) {
        return unfetched(provider, &answer);
    }
    let (status, why, asked) = told;
    let error = &answer.json()["error"];
    equal("status", &(status, &json!("unfetched_content")), &(answer.status, &error["code"]))?;
    holds(error, error["message"].as_str().is_some_and(|message| message.contains(why)))?;
    let received = provider.received();
    holds("the provider was asked", received.iter().all(|asked| asked.path.starts_with("/site/")))?;
    equal("asked of the site", &asked, &received.len())
}

/// A filter reaches only what a cluster is for.
fn fetches(host: &Host) -> bool {
    host.kind != Kind::Envoy
}

/// What was fetched, and the body that the provider got; none on a host that rightly refused.
fn fetched(
    host: &Host,
    provider: &Provider,
    answer: &Answer,
) -> Result<Option<(Vec<Received>, Value)>, String> {
    if !fetches(host) {
        return unfetched(provider, answer).map(|()| None);
    }
    equal("status", &200, &answer.status).map_err(|why| format!("{why}: {}", answer.text()))?;
    let mut received = provider.received();
    let sent = received.pop().ok_or("nobody was asked")?;
    Ok(Some((received, serde_json::from_slice(&sent.body).unwrap_or_default())))
}

fn unfetched(provider: &Provider, answer: &Answer) -> Outcome {
    let json = answer.json();
    equal("status", &400, &answer.status).map_err(|why| format!("{why}: {json}"))?;
    let told = json["error"]["message"].as_str().unwrap_or_default().to_owned();
    holds(&json, told.contains("address"))?;
    holds("somebody was asked", provider.received().is_empty())
}

fn images(model: &str, addresses: &[String]) -> Value {
    let images = addresses.iter().map(|url| json!({"type": "image_url", "image_url": {"url": url}}));
    let content = Value::from_iter(images);
    json!({"model": model, "messages": [{"role": "user", "content": content}]})
}

/// Asks, before a provider that has an answer in every API that the cases need.
async fn ask(host: &Host, provider: &Provider, path: &str, body: &Value) -> Result<Answer, String> {
    provider.received();
    let said = json!({
        "output": {"message": {"role": "assistant", "content": [{"text": "A pixel."}]}}, "stopReason": "end_turn",
        "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
        "content": [{"type": "text", "text": "A pixel."}], "choices": [],
    });
    provider.say(Script::body(&Body { extension: "json".to_owned(), bytes: said.to_string().into_bytes() }));
    let question = Question::post(path, body.to_string())
        .header("authorization", "Bearer of-the-client")
        .header("cookie", "of=the-client")
        .header("x-of-the-client", "yes");
    question.ask(host.address).await
}
