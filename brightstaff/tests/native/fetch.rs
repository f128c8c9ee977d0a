//! What a client names by its address is fetched for a provider that takes only bytes, from where the operator says.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use shared::api::Api;
use shared::dialect::Dialect;
use shared::egress::{Egress, Network, Pattern};
use shared::gateway::{Compiled, CompiledProvider, Fetch, Listener, Template};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Barrier;

use crate::provider::{Provider, Script};
use crate::rig::{Rig, ask, json_of, request, settings};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and more";
const PNG_IN_BASE64: &str = "iVBORw0KGgogYW5kIG1vcmU=";

/// A server with a few things at its paths.
struct Site {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Site {
    async fn start() -> Site {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (heard, both) = (Arc::clone(&asked), Arc::new(Barrier::new(2)));
        tokio::spawn(async move {
            while let Ok((stream, _)) = socket.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&heard), Arc::clone(&both)));
            }
        });
        Site { address, asked }
    }

    fn at(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn answer(mut stream: TcpStream, heard: Arc<Mutex<Vec<String>>>, both: Arc<Barrier>) {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let head = String::from_utf8(bytes).unwrap();
    let path = head.split(' ').nth(1).unwrap().to_owned();
    heard.lock().unwrap().push(head);
    let page = b"<html>no image</html>".to_vec();
    let (status, header, body) = match path.split('?').next().unwrap() {
        "/pixel.png" => ("200 OK", "content-type: text/plain", PNG.to_vec()),
        "/document" => ("200 OK", "content-type: image/png", b"%PDF-1.7 words".to_vec()),
        "/page" => ("200 OK", "content-type: image/png", page),
        "/long" => ("200 OK", "content-type: image/png", [PNG, &[b'x'; 5_000]].concat()),
        "/moved" => ("302 Found", "location: /pixel.png", Vec::new()),
        "/absent" => ("404 Not Found", "x: y", page),
        path if path.starts_with("/together") => {
            // Nobody is answered before both are there.
            both.wait().await;
            ("200 OK", "content-type: image/png", PNG.to_vec())
        }
        _ => return drop(stream.read(&mut [0; 1]).await),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\n{header}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
}

/// What is fetched from this site.
fn fetch(site: &Site) -> Fetch {
    let hosts = [format!("127.0.0.1:{}", site.address.port()), format!("localhost:{}", site.address.port())];
    let hosts: Vec<Pattern> = hosts.iter().map(|host| host.parse().unwrap()).collect();
    let private: Vec<Network> = ["127.0.0.0/8", "::1"].map(|network| network.parse().unwrap()).to_vec();
    let egress = Egress { hosts, http: true, private };
    Fetch { egress, file_bytes: 4_000, request_bytes: 6_000, files: 3, timeout: Duration::from_millis(1_500) }
}

fn compiled(base: &str, dialect: &str, apis: Vec<Api>, fetch: Option<Fetch>) -> Compiled {
    let provider = CompiledProvider {
        base: base.to_owned(),
        apis,
        access_key: Some(Template::new("$KEY".to_owned())),
        ..CompiledProvider::usual(Dialect::named(dialect).unwrap())
    };
    let listener = Listener { port: 0, ..Listener::model() };
    Compiled { listeners: vec![listener], fetch, ..Compiled::new(vec![provider]) }
}

const SAID: &str = r#"{"output":{"message":{"role":"assistant","content":[{"text":"A pixel."}]}},"stopReason":"end_turn",
    "usage":{"inputTokens":1,"outputTokens":1,"totalTokens":2}}"#;

/// A gateway before a provider that speaks Converse.
async fn converse(fetch: Option<Fetch>) -> (Provider, Rig) {
    let body = SAID.to_owned();
    let provider =
        Provider::start(Script::Answer { status: 200, media_type: "application/json", body }).await;
    let compiled = compiled(&provider.base, "amazon_bedrock", vec![Api::Converse], fetch);
    let rig = Rig::start_with(compiled, settings()).await;
    (provider, rig)
}

fn images(model: &str, addresses: &[String]) -> String {
    let images = addresses.iter().map(|url| json!({"type": "image_url", "image_url": {"url": url}}));
    let content = Value::from_iter(images);
    json!({"model": model, "messages": [{"role": "user", "content": content}]}).to_string()
}

async fn chat(rig: &Rig, body: &str) -> (String, Value) {
    let headers = "authorization: Bearer callers-key\r\ncookie: callers=cookie\r\n";
    let answer = ask(rig.address, &request("/v1/chat/completions", headers, body)).await;
    (answer.split(' ').nth(1).unwrap().to_owned(), json_of(&answer))
}

fn got(provider: &Provider) -> Value {
    serde_json::from_str(provider.requests()[0].split_once("\r\n\r\n").unwrap().1).unwrap()
}

/// What is counted is what would be generated from.
#[tokio::test]
async fn what_a_count_names_by_its_address_is_fetched_too() {
    let site = Site::start().await;
    let body = r#"{"inputTokens":7}"#.to_owned();
    let provider =
        Provider::start(Script::Answer { status: 200, media_type: "application/json", body }).await;
    let compiled = compiled(&provider.base, "amazon_bedrock", vec![Api::Converse], Some(fetch(&site)));
    let rig = Rig::start_with(compiled, settings()).await;
    let image = json!({"type": "image", "source": {"type": "url", "url": site.at("pixel.png")}});
    let asked = json!({"model": "amazon_bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0",
        "messages": [{"role": "user", "content": [image]}]});
    let answer = ask(rig.address, &request("/v1/messages/count_tokens", "", &asked.to_string())).await;
    assert_eq!(json_of(&answer), json!({"input_tokens": 7}));
    let image = json!({"image": {"format": "png", "source": {"bytes": PNG_IN_BASE64}}});
    assert_eq!(got(&provider)["input"]["converse"]["messages"][0]["content"], json!([image]));
}

#[tokio::test]
async fn images_at_addresses_reach_a_provider_that_takes_only_bytes() {
    let site = Site::start().await;
    let (provider, rig) = converse(Some(fetch(&site))).await;
    let addresses = [site.at("pixel.png?of=mine"), site.at("pixel.png?of=mine")];
    let (status, answer) = chat(&rig, &images("amazon_bedrock/nova", &addresses)).await;
    assert_eq!((status.as_str(), &answer["choices"][0]["message"]["content"]), ("200", &json!("A pixel.")));
    let image = json!({"image": {"format": "png", "source": {"bytes": PNG_IN_BASE64}}});
    assert_eq!(got(&provider)["messages"][0]["content"], json!([image, image]));
    // What is named twice is fetched once, and nothing of the client's goes along.
    let asked = site.asked();
    assert!(asked.len() == 1 && asked[0].starts_with("GET /pixel.png?of=mine HTTP/1.1\r\n"), "{asked:?}");
    assert!(!asked[0].contains("callers"), "{asked:?}");
}

#[tokio::test]
async fn several_are_fetched_at_once() {
    let site = Site::start().await;
    let (_, rig) = converse(Some(fetch(&site))).await;
    let addresses = [site.at("together/1"), site.at("together/2")];
    let (status, answer) = chat(&rig, &images("amazon_bedrock/nova", &addresses)).await;
    assert_eq!(status, "200", "{answer}");
}

#[tokio::test]
async fn documents_are_what_their_bytes_say() {
    let site = Site::start().await;
    let (provider, rig) = converse(Some(fetch(&site))).await;
    let document = |path: &str| json!({"type": "document", "source": {"type": "url", "url": site.at(path)}});
    let body = json!({"model": "amazon_bedrock/nova", "max_tokens": 9, "messages": [
        {"role": "user", "content": [document("document"), document("page"), {"type": "text", "text": "Read."}]},
    ]});
    let answer = ask(rig.address, &request("/v1/messages", "", &body.to_string())).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let sent = got(&provider);
    let content = &sent["messages"][0]["content"];
    assert_eq!(content[0]["document"]["format"], "pdf");
    assert_eq!(content[0]["document"]["source"]["bytes"], "JVBERi0xLjcgd29yZHM=");
    assert_eq!(content[1]["document"]["source"]["text"], "<html>no image</html>");
}

/// Claude on Bedrock speaks its client's own API, and fetches nothing all the same.
#[tokio::test]
async fn claude_on_bedrock_gets_bytes_of_a_client_of_its_own_api() {
    let site = Site::start().await;
    let said = r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[{"type":"text","text":"hi"}],
        "stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}"#;
    let script = Script::Answer { status: 200, media_type: "application/json", body: said.to_owned() };
    let provider = Provider::start(script).await;
    let rig = Rig::start_with(
        compiled(&provider.base, "amazon_bedrock", Vec::new(), Some(fetch(&site))),
        settings(),
    )
    .await;
    let image = json!({"type": "image", "source": {"type": "url", "url": site.at("pixel.png")}});
    let result = json!({"type": "tool_result", "tool_use_id": "t", "content": [image]});
    let call = json!({"type": "tool_use", "id": "t", "name": "look", "input": {}});
    let body = json!({"model": "amazon_bedrock/anthropic.claude-sonnet-4-5", "max_tokens": 9, "messages": [
        {"role": "user", "content": [image]},
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": [result]},
    ]});
    let answer = ask(rig.address, &request("/v1/messages", "", &body.to_string())).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let source = json!({"type": "base64", "media_type": "image/png", "data": PNG_IN_BASE64});
    let sent = got(&provider);
    assert_eq!(sent["messages"][0]["content"][0]["source"], source);
    assert_eq!(sent["messages"][2]["content"][0]["content"][0]["source"], source);
}

/// Who can fetch itself gets the address, and nobody else looks at it.
#[tokio::test]
async fn a_provider_that_takes_addresses_gets_them() {
    let site = Site::start().await;
    let script = Script::Answer { status: 200, media_type: "application/json", body: "{}".to_owned() };
    let provider = Provider::start(script).await;
    let rig = Rig::start_with(
        compiled(&provider.base, "openai", vec![Api::Completions], Some(fetch(&site))),
        settings(),
    )
    .await;
    let body = images("openai/gpt", &[site.at("pixel.png")]);
    ask(rig.address, &request("/v1/chat/completions", "", &body)).await;
    assert_eq!(got(&provider)["messages"][0]["content"][0]["image_url"]["url"], site.at("pixel.png"));
    assert!(site.asked().is_empty());
}

/// The request is refused with these words, and nothing reaches the provider.
async fn refused(fetch: Fetch, addresses: &[String], status: &str, why: &str) {
    let (provider, rig) = converse(Some(fetch)).await;
    let (told, answer) = chat(&rig, &images("amazon_bedrock/nova", addresses)).await;
    let error = &answer["error"];
    assert_eq!((told.as_str(), &error["code"]), (status, &json!("unfetched_content")), "{answer}");
    assert!(error["message"].as_str().unwrap().contains(why), "{answer}");
    assert!(provider.requests().is_empty());
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let site = Site::start().await;
    refused(fetch(&site), &[site.at("moved")], "400", "redirects are not followed").await;
    assert_eq!(site.asked().len(), 1);
}

#[tokio::test]
async fn what_is_too_long_is_not_taken() {
    let site = Site::start().await;
    refused(fetch(&site), &[site.at("long")], "413", "is longer than 4000 bytes").await;
    let less = Fetch { request_bytes: 30, ..fetch(&site) };
    let both = [site.at("pixel.png?1"), site.at("pixel.png?2")];
    refused(less, &both, "413", "is longer than 30 bytes").await;
    let many: Vec<String> = (0..4).map(|number| site.at(&format!("pixel.png?{number}"))).collect();
    let before = site.asked().len();
    refused(fetch(&site), &many, "400", "has 4 addresses to fetch, and at most 3 are fetched").await;
    assert_eq!(site.asked().len(), before);
}

#[tokio::test]
async fn what_is_slow_is_not_waited_for() {
    let site = Site::start().await;
    let short = Fetch { timeout: Duration::from_millis(200), ..fetch(&site) };
    refused(short, &[site.at("pixel.png"), site.at("silence")], "400", "in").await;
}

#[tokio::test]
async fn what_is_no_image_is_none_whatever_its_server_says() {
    let site = Site::start().await;
    refused(fetch(&site), &[site.at("page")], "400", "it is no image").await;
    refused(fetch(&site), &[site.at("document")], "400", "it is no image").await;
    refused(fetch(&site), &[site.at("absent")], "400", "the answer has status 404").await;
}

/// Neither an address of the gateway's own network nor a name of one is called, though its host be on the list.
#[tokio::test]
async fn private_addresses_are_not_called() {
    let site = Site::start().await;
    let mut closed = fetch(&site);
    closed.egress.private.clear();
    let named = format!("http://localhost:{}/pixel.png", site.address.port());
    for address in [site.at("pixel.png"), named.clone()] {
        refused(closed.clone(), &[address], "400", "its host has no public address").await;
    }
    assert!(site.asked().is_empty());
    let nowhere = Fetch { egress: Egress { http: true, ..Egress::default() }, ..fetch(&site) };
    refused(nowhere, std::slice::from_ref(&named), "400", "nothing is fetched from its host").await;
    // The name is good where the network is.
    let (_, rig) = converse(Some(fetch(&site))).await;
    let (status, answer) = chat(&rig, &images("amazon_bedrock/nova", &[named])).await;
    assert_eq!(status, "200", "{answer}");
}

#[tokio::test]
async fn without_configuration_nothing_is_fetched_and_the_error_says_how() {
    let site = Site::start().await;
    let (provider, rig) = converse(None).await;
    let (status, answer) = chat(&rig, &images("amazon_bedrock/nova", &[site.at("pixel.png")])).await;
    assert_eq!((status.as_str(), &answer["error"]["code"]), ("400", &json!("unsupported_content")));
    assert!(answer["error"]["message"].as_str().unwrap().contains("`fetch`"), "{answer}");
    assert!(site.asked().is_empty() && provider.requests().is_empty());
}
