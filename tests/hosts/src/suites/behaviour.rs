//! What is not about one exchange: leaving, breaking, waiting, and everything that is not a model's answer.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use corpus::{Body, Case, messages};
use serde_json::{Value, json};

use super::{Outcome, case, equal, holds};
use crate::client::{Answer, Question};
use crate::host::Kind;
use crate::provider::{Ending, Provider, RECORDING, Script};

/// How long what must be noticed may take.
const NOTICED: Duration = Duration::from_secs(10);

/// Between two pieces of a slow provider.
const SLOW: Duration = Duration::from_millis(400);

/// For how long a silent provider is silent: more than twice what `keep_alive` says.
const SILENT: Duration = Duration::from_millis(2_600);

/// How many clients ask at once.
const CROWD: usize = 200;

/// More than the largest body that a gateway with the usual limits takes.
const TOO_LARGE: usize = 33 << 20;

/// A client's API: its path, a header that its clients send, and its sign of life.
struct Dialect {
    api: &'static str,
    path: &'static str,
    header: (&'static str, &'static str),
    ping: &'static str,
}

const BEARER: (&str, &str) = ("authorization", "Bearer x");
const VERSION: (&str, &str) = ("anthropic-version", "2023-06-01");
const KEY: (&str, &str) = ("x-goog-api-key", "x");
const COMMENT: &str = ": ping\n\n";
const PING: &str = "event: ping\ndata: {\"type\":\"ping\"}\n\n";
const GENERATE: &str = "/v1beta/models/completions/m:generateContent";

const DIALECTS: [Dialect; 4] = [
    Dialect { api: "completions", path: "/v1/chat/completions", header: BEARER, ping: COMMENT },
    Dialect { api: "messages", path: "/v1/messages", header: VERSION, ping: PING },
    Dialect { api: "responses", path: "/v1/responses", header: BEARER, ping: COMMENT },
    // Its sign of life is blank lines, which are nothing to a reader.
    Dialect { api: "generate", path: GENERATE, header: KEY, ping: "" },
];

/// Plays all of it.
pub async fn behaviour(kind: Kind) {
    super::play(kind, "behaviour", async |host, provider| {
        let at = host.address;
        let mut outcomes = vec![
            ("answers /healthz".to_owned(), healthz(at).await),
            ("lists models as OpenAI does".to_owned(), models_of_openai(at).await),
            ("lists models as Anthropic does".to_owned(), models_of_anthropic(at).await),
            ("knows aliases".to_owned(), aliases(at, provider).await),
            ("takes what is large and not too large".to_owned(), large(at, provider).await),
            ("takes no part of a recording for all of it".to_owned(), cut_recording(at, provider).await),
            ("says that the provider broke a text off".to_owned(), cut_text(at, provider).await),
            ("says that the provider broke a picture off".to_owned(), cut_picture(at, provider).await),
            ("says that the provider broke a transcript off".to_owned(), cut_transcript(at, provider).await),
            ("says that the provider broke a stored answer off".to_owned(), cut_stored(at, provider).await),
        ];
        for dialect in &DIALECTS {
            let mut add = |what: &str, outcome| outcomes.push((format!("{} {what}", dialect.api), outcome));
            add("says what is not there", not_found(at, dialect).await);
            add("says which method", wrong_method(at, dialect).await);
            add("says which media type", wrong_type(at, dialect).await);
            add("says what is no JSON", no_json(at, dialect).await);
            add("says what is too large", too_large(at, dialect).await);
            add("streams as it comes", slow(at, provider, dialect).await);
            add("covers for a silent provider", silent(kind, at, provider, dialect).await);
            add(
                "lets the provider go when the client leaves early",
                leaves_early(at, provider, dialect).await,
            );
            add("says that the provider broke off", cut(at, provider, dialect).await);
            add("lets the provider go when the client leaves", leaves(at, provider, dialect).await);
            add("says that the provider broke a whole answer off", cut_whole(at, provider, dialect).await);
        }
        // Last: `wrangler dev` keeps a crowd's connections to the Worker, answers 503 by itself where a POST comes upon one
        // that is being closed, and repeats GET only.
        outcomes.push(("keeps parallel streams apart".to_owned(), parallel(at, provider).await));
        outcomes
    })
    .await;
}

async fn healthz(at: SocketAddr) -> Outcome {
    let answer = Question::get("/healthz").ask(at).await?;
    equal("status", &200, &answer.status)
}

async fn models_of_openai(at: SocketAddr) -> Outcome {
    let list = Question::get("/v1/models").header("authorization", "Bearer x").ask(at).await?.json();
    equal("object", &json!("list"), &list["object"])?;
    let listed = listed(&list)?;
    equal("object of a model", &json!("model"), &listed["object"])?;
    holds(listed, listed["created"].is_u64() && listed["owned_by"].is_string())?;
    let one = Question::get("/v1/models/openai/gpt-listed").ask(at).await?;
    equal("the same by its id", listed, &one.json())?;
    equal("an unknown one", &404, &Question::get("/v1/models/nobody").ask(at).await?.status)
}

async fn models_of_anthropic(at: SocketAddr) -> Outcome {
    let list =
        Question::get("/v1/models?limit=20").header("anthropic-version", "2023-06-01").ask(at).await?.json();
    let listed = listed(&list)?;
    equal("type", &json!("model"), &listed["type"])?;
    holds(listed, listed["display_name"].is_string() && listed["created_at"].is_string())?;
    holds(&list, list["has_more"] == false && list["first_id"].is_string() && list["last_id"].is_string())
}

/// The one model that the configuration names.
fn listed(list: &Value) -> Result<&Value, String> {
    let models = list["data"].as_array().map(Vec::as_slice).unwrap_or_default();
    let listed = models.iter().find(|model| model["id"] == "openai/gpt-listed");
    listed.ok_or_else(|| format!("openai/gpt-listed is not in {list}"))
}

async fn aliases(at: SocketAddr, provider: &Provider) -> Outcome {
    let case = case("completions-to-completions--tool-results");
    provider.say(Script::of(&case));
    let body = String::from_utf8_lossy(&case.request).replace("\"completions/m\"", "\"fast\"");
    let answer = Question::post("/v1/chat/completions", body).ask(at).await?;
    equal("status", &200, &answer.status)?;
    let sent: Value = provider.received().pop().map(|sent| json_of(&sent.body)).unwrap_or_default();
    equal("model", &json!("m"), &sent["model"])
}

/// A crowd of clients at once, each of whom must get its own whole answer.
async fn parallel(at: SocketAddr, provider: &Provider) -> Outcome {
    let case = case("messages-to-completions--parallel-tools-streamed");
    provider.say(Script { pause: Duration::from_millis(20), ..Script::of(&case) });
    drop(provider.received());
    let question = Question::post(&case.path(), case.request.clone());
    let ask = |question: Question| tokio::spawn(async move { question.ask(at).await });
    let asked: Vec<_> = std::iter::repeat_n(question, CROWD).map(ask).collect();
    for answer in asked {
        let answer = answer.await.map_err(|error| error.to_string())??;
        // A crowd may be slow enough for signs of life.
        case.check_got(answer.text().replace(PING, "").as_bytes())?;
    }
    equal("requests", &CROWD, &provider.received().len())
}

/// A question of three megabytes, and an event of two (E12, P10).
async fn large(at: SocketAddr, provider: &Provider) -> Outcome {
    let arguments = json!({"city": "x".repeat(2 << 20)}).to_string();
    let call = json!({"index": 0, "id": "call_1", "function": {"name": "f", "arguments": arguments}});
    let chunk = |choice| format!("data: {}\n\n", json!({"id": "chatcmpl-1", "choices": [choice]}));
    let stream = chunk(json!({"delta": {"tool_calls": [call]}}))
        + &chunk(json!({"delta": {}, "finish_reason": "tool_calls"}))
        + "data: [DONE]\n\n";
    provider.say(Script::body(&Body { extension: "sse".to_owned(), bytes: stream.into_bytes() }));
    let messages = json!([{"role": "user", "content": "y".repeat(3 << 20)}]);
    let question = json!({"model": "completions/m", "max_tokens": 9, "stream": true, "messages": messages});
    let answer = Question::post("/v1/messages", question.to_string()).ask(at).await?;
    let events = corpus::messages(&answer.body);
    let pieces = events.iter().map(|event| json_of(event.data.as_bytes())["delta"]["partial_json"].clone());
    let came: String = pieces.filter_map(|piece| Some(piece.as_str()?.to_owned())).collect();
    let said = || answer.text().chars().take(500).collect::<String>();
    holds(
        format!("{} bytes of arguments came: {} {}", came.len(), answer.status, said()),
        came == arguments,
    )?;
    equal("the last event", &Some("message_stop"), &events.last().map(|event| event.name.as_str()))?;
    let sent = provider.received().pop().map(|received| received.body.len()).unwrap_or_default();
    holds(format!("{sent} bytes were sent"), sent > 3 << 20)
}

async fn not_found(at: SocketAddr, dialect: &Dialect) -> Outcome {
    let path = format!("{}/of/tomorrow", dialect.path);
    let answer = with(dialect, Question::post(&path, "{}")).ask(at).await?;
    error(dialect, &answer, 404)
}

async fn wrong_method(at: SocketAddr, dialect: &Dialect) -> Outcome {
    let answer = with(dialect, Question::get(dialect.path)).ask(at).await?;
    error(dialect, &answer, 405)?;
    holds("no `allow`", answer.header("allow").is_some_and(|methods| methods.contains("POST")))
}

async fn wrong_type(at: SocketAddr, dialect: &Dialect) -> Outcome {
    let question =
        Question::post(dialect.path, "model=m").header("content-type", "application/x-www-form-urlencoded");
    error(dialect, &with(dialect, question).ask(at).await?, 415)
}

async fn no_json(at: SocketAddr, dialect: &Dialect) -> Outcome {
    for body in ["", "{", "[]", "{\"model\":", "nonsense", "{\"model\":\"completions/m\",}"] {
        let answer = with(dialect, Question::post(dialect.path, body)).ask(at).await?;
        error(dialect, &answer, 400).map_err(|why| format!("{body:?}: {why}"))?;
    }
    Ok(())
}

async fn too_large(at: SocketAddr, dialect: &Dialect) -> Outcome {
    let mut body = br#"{"model":"completions/m","messages":[{"role":"user","content":""#.to_vec();
    body.resize(TOO_LARGE, b'x');
    let question = with(dialect, Question::post(dialect.path, body));
    error(dialect, &question.ask(at).await?, 413)?;
    // The same without a length.
    error(dialect, &question.header("transfer-encoding", "chunked").ask(at).await?, 413)
}

/// The first words must be there long before the last.
async fn slow(at: SocketAddr, provider: &Provider, dialect: &Dialect) -> Outcome {
    let (case, question, script) = streamed(dialect);
    let pieces = script.pieces.len() as u32;
    provider.say(Script { pause: SLOW, ..script });
    let begin = Instant::now();
    let mut answer = question.open(at).await?;
    equal("status", &200, &answer.status)?;
    let (mut arrivals, mut whole) = (Vec::new(), Vec::new());
    while let Some(piece) = answer.next().await? {
        arrivals.push(begin.elapsed());
        whole.extend_from_slice(&piece);
    }
    // An event that is long in coming may be waited for.
    let words = String::from_utf8_lossy(&whole).replace(dialect.ping, "");
    case.check_got(words.as_bytes())?;
    let first = arrivals.first().copied().unwrap_or(Duration::MAX);
    holds(format!("the first piece came after {first:?}"), first < SLOW * (pieces - 1))?;
    let apart = arrivals.windows(2).filter(|pair| pair[1] - pair[0] > SLOW / 4).count();
    holds(format!("{pieces} pieces came as {arrivals:?}"), apart as u32 >= pieces / 2)
}

/// A client that waits is shown that somebody is there, before the first byte and after it, where the host can do that; and
/// gets the same words in any case.
async fn silent(kind: Kind, at: SocketAddr, provider: &Provider, dialect: &Dialect) -> Outcome {
    let (case, question, script) = streamed(dialect);
    let (said, rest) = script.pieces.split_at(script.pieces.len() / 2);
    let pieces = [said.concat(), rest.concat()].map(Into::into).into();
    provider.say(Script { wait: SILENT, pause: SILENT, pieces, ..script });
    let begin = Instant::now();
    let mut answer = question.open(at).await?;
    let head = begin.elapsed();
    let (mut signs, mut words) = (Vec::new(), String::new());
    while let Some(piece) = answer.next().await? {
        let piece = String::from_utf8_lossy(&piece);
        let before = words.matches(dialect.ping).count();
        words.push_str(&piece);
        // A sign of life may come in two pieces, and one that is blank lines in one of its own.
        let blank = dialect.ping.is_empty() && !piece.is_empty() && piece.trim().is_empty();
        let sign = !dialect.ping.is_empty() && words.matches(dialect.ping).count() > before;
        signs.extend((sign || blank).then(|| begin.elapsed()));
    }
    case.check_got(words.replace(dialect.ping, "").as_bytes())?;
    let early = signs.iter().filter(|sign| **sign < SILENT).count();
    let told = format!("the head came after {head:?}, signs of life after {signs:?}");
    match kind {
        // What comes later is the provider's own.
        Kind::Envoy => holds(told, early == 0),
        _ => holds(told, head < SILENT && early > 0 && signs.len() > early),
    }
}

async fn leaves_early(at: SocketAddr, provider: &Provider, dialect: &Dialect) -> Outcome {
    let (_, question, script) = streamed(dialect);
    provider.say(Script { wait: NOTICED * 2, ..script });
    let asked = tokio::spawn(async move {
        // A host that can begins its answer meanwhile.
        let answer = question.open(at).await;
        tokio::time::sleep(NOTICED * 2).await;
        drop(answer);
    });
    tokio::time::sleep(SILENT).await;
    asked.abort();
    holds("the provider was not let go", provider.was_left(NOTICED).await)
}

async fn cut(at: SocketAddr, provider: &Provider, dialect: &Dialect) -> Outcome {
    let (_, question, script) = streamed(dialect);
    let pieces = script.pieces.len();
    let said: Vec<_> = script.pieces.iter().take(pieces / 2).cloned().collect();
    for ending in [Ending::Broken, Ending::Complete] {
        provider.say(Script { pieces: said.clone(), ending, ..script.clone() });
        let answer = question.ask(at).await?;
        let events = messages(&answer.body);
        let last =
            events.last().map(|last| (last.name.as_str(), json_of(last.data.as_bytes()))).unwrap_or_default();
        let fails = match dialect.api {
            "completions" | "generate" => last.1["error"]["message"].is_string(),
            "messages" => last.0 == "error" && last.1["error"]["type"].is_string(),
            _ => matches!(last.0, "error" | "response.failed"),
        };
        holds(format!("{ending:?}: the last event is {last:?}"), fails)?;
    }
    Ok(())
}

/// A whole answer that breaks off is an error with a status, also between two of one family.
async fn cut_whole(at: SocketAddr, provider: &Provider, dialect: &Dialect) -> Outcome {
    for upstream in ["completions", "messages"] {
        let case = case(&format!("{}-to-{upstream}--text", dialect.api));
        let script = Script::of(&case);
        let (said, _) = case.answer.bytes.split_at(case.answer.bytes.len() / 2);
        let body = Body { bytes: said.to_vec(), ..case.answer.clone() };
        provider.say(Script { ending: Ending::Broken, pieces: Script::body(&body).pieces, ..script });
        let answer = with(dialect, Question::post(&case.path(), case.request)).ask(at).await?;
        error(dialect, &answer, 502)?;
    }
    Ok(())
}

/// What is cut without having said its length, however it was asked for: nothing in such bytes tells where they end.
async fn cut_recording(at: SocketAddr, provider: &Provider) -> Outcome {
    let body = Body { extension: "bin".to_owned(), bytes: RECORDING.to_vec() };
    provider.say(Script { ending: Ending::Broken, media_type: "audio/mpeg", ..Script::body(&body) });
    for accept in ["*/*", "text/event-stream", "application/vnd.amazon.eventstream"] {
        let asked = r#"{"model":"completions/tts","input":"Hi","voice":"a"}"#;
        let answer = Question::post("/v1/audio/speech", asked).header("accept", accept).ask(at).await?;
        holds(format!("{accept}: all is well: {answer:?}"), answer.status == 502 || !answer.complete)?;
    }
    Ok(())
}

/// A text that goes through as it comes, as a stream and as an answer that is none though one was asked for.
async fn cut_text(at: SocketAddr, provider: &Provider) -> Outcome {
    let asked = r#"{"model":"completions/m","prompt":"Once","stream":true}"#;
    let question = Question::post("/v1/completions", asked).header(BEARER.0, BEARER.1);
    let (event, whole) = (r#"{"choices":[{"text":"a"}]}"#, r#"{"choices":[{"text":"a"}"#);
    for ending in [Ending::Broken, Ending::Complete] {
        let said = Body { extension: "sse".to_owned(), bytes: format!("data: {event}\n\n").into_bytes() };
        provider.say(Script { ending, ..Script::body(&said) });
        let answer = question.ask(at).await?;
        let events = messages(&answer.body);
        let last = events.last().map(|last| json_of(last.data.as_bytes())).unwrap_or_default();
        holds(format!("{ending:?}: the last event is {last}"), last["error"]["message"].is_string())?;
        let said = Body { extension: "json".to_owned(), bytes: whole.into() };
        provider.say(Script { ending, ..Script::body(&said) });
        equal("status", &502, &question.ask(at).await?.status)?;
    }
    Ok(())
}

async fn cut_picture(at: SocketAddr, provider: &Provider) -> Outcome {
    let asked = r#"{"model":"completions/m","prompt":"A cat","stream":true,"partial_images":1}"#;
    let question = Question::post("/v1/images/generations", asked);
    cut_carried(at, provider, question, r#"{"type":"image_generation.partial_image","b64_json":"eA=="}"#)
        .await
}

async fn cut_transcript(at: SocketAddr, provider: &Provider) -> Outcome {
    let part = |name: &str, text: &str| {
        format!("--b\r\ncontent-disposition: form-data; name={name}\r\n\r\n{text}\r\n")
    };
    let form = part("model", "completions/m") + &part("stream", "true") + &part("file", "x") + "--b--\r\n";
    let question = Question::post("/v1/audio/transcriptions", form)
        .header("content-type", "multipart/form-data; boundary=b");
    cut_carried(at, provider, question, r#"{"type":"transcript.text.delta","delta":"Hel"}"#).await
}

async fn cut_stored(at: SocketAddr, provider: &Provider) -> Outcome {
    let question = Question::get("/v1/responses/resp_1?stream=true&starting_after=3");
    let question = question.header("x-arch-llm-provider-hint", "responses");
    let event = r#"{"type":"response.output_text.delta","sequence_number":4,"item_id":"msg_1","output_index":0,"content_index":0,"delta":"Hel"}"#;
    cut_carried(at, provider, question, event).await
}

/// Of a stream that goes through as it comes there is only the beginning, however it ends.
async fn cut_carried(at: SocketAddr, provider: &Provider, question: Question, event: &str) -> Outcome {
    let said = Body { extension: "sse".to_owned(), bytes: format!("data: {event}\n\n").into_bytes() };
    for ending in [Ending::Broken, Ending::Complete] {
        provider.say(Script { ending, ..Script::body(&said) });
        let answer = question.ask(at).await?;
        let events = messages(&answer.body);
        let said = events.iter().map(|event| json_of(event.data.as_bytes())).collect::<Vec<_>>();
        let is_first = said.first().is_some_and(|first| *first == json_of(event.as_bytes()));
        let last = said.last().cloned().unwrap_or_default();
        let is_told = last["error"]["message"].is_string() || last["type"] == "error";
        holds(format!("{ending:?}: {} {said:?}", answer.status), is_first && is_told)?;
    }
    Ok(())
}

async fn leaves(at: SocketAddr, provider: &Provider, dialect: &Dialect) -> Outcome {
    let (_, question, script) = streamed(dialect);
    let said = script.pieces.iter().take(3).cloned().collect();
    provider.say(Script { pieces: said, ending: Ending::Silent, ..script });
    let mut answer = question.open(at).await?;
    holds("no first words", answer.next().await?.is_some())?;
    drop(answer);
    holds("the provider was not let go", provider.was_left(NOTICED).await)
}

/// A streamed exchange with a provider of another family, an event a piece.
fn streamed(dialect: &Dialect) -> (Case, Question, Script) {
    let upstream = if dialect.api == "completions" { "messages" } else { "completions" };
    let case = case(&format!("{}-to-{upstream}--turns-streamed", dialect.api));
    let events = String::from_utf8_lossy(&case.answer.bytes).into_owned();
    let pieces = events.split_inclusive("\n\n").map(|event| event.to_owned().into()).collect();
    let question = with(dialect, Question::post(&case.path(), case.request.clone()));
    let script = Script { pieces, ..Script::of(&case) };
    (case, question, script)
}

fn with(dialect: &Dialect, question: Question) -> Question {
    question.header(dialect.header.0, dialect.header.1)
}

/// An error in the words of its client's API.
fn error(dialect: &Dialect, answer: &Answer, status: u16) -> Outcome {
    equal("status", &status, &answer.status).map_err(|why| format!("{why}: {}", answer.text()))?;
    let body = answer.json();
    let inner = &body["error"];
    let shaped = match dialect.api {
        "messages" => body["type"] == "error" && inner["type"].is_string(),
        "generate" => inner["code"] == status && inner["status"].is_string(),
        _ => inner.get("code").is_some() && inner.get("param").is_some() && inner["type"].is_string(),
    };
    holds(&body, shaped && inner["message"].is_string())?;
    equal("media type", &Some("application/json"), &answer.header("content-type"))
}

fn json_of(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_default()
}
