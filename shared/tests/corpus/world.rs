//! A provider that says what the case says, and what came of it.

use bytes::Bytes;
use corpus::{Body, Case, Expected, MADE_AT, MADE_ID};
use http::{HeaderMap, Request, Response};
use shared::host::Timestamp;
use shared::report::Report;

use crate::common::{Answer, Pieces, World};
use crate::gateway::GATEWAY;

/// What came of a case.
pub(crate) struct Played {
    /// The body that the provider received, where it was asked.
    pub(crate) sent: Option<Bytes>,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) report: Report,
}

/// Plays a case whose provider answers in these pieces; where the outline says so, its connection breaks after them.
pub(crate) fn play(case: &Case, pieces: &[&[u8]]) -> Played {
    run(case, Pieces::new(pieces, case.outline.cut))
}

/// Plays a case whose provider's connection breaks after these pieces.
pub(crate) fn play_broken(case: &Case, pieces: &[&[u8]]) -> Played {
    run(case, Pieces::new(pieces, true))
}

fn run(case: &Case, pieces: Pieces) -> Played {
    let now = Timestamp(MADE_AT * 1_000_000);
    let world = World::<false> { now, dice: 4, ..World::saying([answer(case, pieces)]) };
    let mut reached = world.play(&GATEWAY, request(case));
    Played {
        sent: reached.sent.pop().map(Request::into_body),
        status: reached.head.status.as_u16(),
        headers: reached.head.headers,
        body: reached.body,
        report: reached.report,
    }
}

fn answer(case: &Case, pieces: Pieces) -> Answer {
    let mut response = Response::builder().status(case.outline.status);
    for (name, value) in &case.outline.answer_headers {
        response = response.header(name, value);
    }
    let response = response.header("content-type", case.answer.media_type());
    Ok(response.body(pieces).expect("the case is a response"))
}

fn request(case: &Case) -> Request<Bytes> {
    let mut request = Request::post(case.path()).header("content-type", "application/json");
    for (name, value) in &case.outline.headers {
        request = request.header(name, value);
    }
    let request = request.header("x-request-id", MADE_ID);
    request.body(Bytes::copy_from_slice(&case.request)).expect("the case is a request")
}

impl Played {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// What came, as what is expected from now on.
    pub(crate) fn expected(&self) -> Expected<'_> {
        let streams = self.header("content-type").is_some_and(|value| value.starts_with("text/event-stream"));
        let extension = if streams { "sse" } else { "json" };
        Expected {
            sent: self.sent.as_deref(),
            got: Body { extension: extension.to_owned(), bytes: self.body.to_vec() },
            status: self.status,
            losses: &self.report.losses,
        }
    }
}

/// Words by which an API's stream says that it is over.
pub(crate) struct Marks {
    stopped: &'static [&'static str],
    failed: &'static [&'static str],
}

/// The marks of an API, by its name.
pub(crate) fn marks(api: &str) -> Marks {
    match api {
        "completions" => {
            Marks { stopped: &["\"finish_reason\":\"", "data: [DONE]"], failed: &["data: {\"error\":"] }
        }
        "messages" => Marks {
            // The last is how the first begins in Base64, as Bedrock's frames have it.
            stopped: &[
                "\"type\":\"message_delta\"",
                "event: message_stop",
                "eyJ0eXBlIjoibWVzc2FnZV9kZWx0YSIs",
            ],
            failed: &["event: error\n"],
        },
        "generate" => Marks {
            stopped: &["\"finishReason\":", "\"blockReason\":"],
            // In an event, or in the array that a stream is without `alt=sse`.
            failed: &["{\"error\":{\"code\":"],
        },
        "converse" => Marks { stopped: &["messageStop"], failed: &[":exception-type"] },
        _ => Marks {
            stopped: &["event: response.completed", "event: response.incomplete"],
            failed: &["event: error\n", "event: response.failed\n"],
        },
    }
}

impl Marks {
    pub(crate) fn stopped(&self, stream: &[u8]) -> bool {
        contains_any(stream, self.stopped)
    }

    pub(crate) fn failed(&self, stream: &[u8]) -> bool {
        contains_any(stream, self.failed)
    }
}

fn contains_any(stream: &[u8], words: &[&str]) -> bool {
    let text = String::from_utf8_lossy(stream);
    words.iter().any(|word| text.contains(word))
}
