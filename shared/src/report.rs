//! What every request ends in: who answered, how much it used, how long it took, what was lost. Never content.

mod json;

use std::borrow::Cow;

use serde::Deserialize;

use crate::api::Api;
use crate::error::Error;
use crate::ir::{Event, Loss, Usage};
use crate::timestamp::Timestamp;

/// The most losses that an answer's are added to.
const MOST_LOSSES: usize = 200;

/// The account of one request. Its JSON form is what `POST /v1/reports` takes; what is not known is not in it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Report {
    /// The gateway's id of the request, also in the answer's `x-request-id`.
    pub id: String,
    /// The host that served it: `native`, `envoy`, `worker`, `spin`.
    pub host: Cow<'static, str>,
    /// When it came.
    pub began: Timestamp,
    /// What was asked: `chat`, `embeddings`, `count_tokens`, …; empty where there is nothing at the path.
    pub operation: Cow<'static, str>,
    /// The API it was asked in; none where the path named none.
    pub client: Option<Api>,
    /// The API it was sent in; none where it was not sent.
    pub upstream: Option<Api>,
    /// The model as the client named it.
    pub model: String,
    /// The provider that was chosen, by its configured name.
    pub provider: String,
    /// The model as that provider names it: in its answer where it says, else as it was asked for.
    pub provider_model: String,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// The status the client got.
    pub status: u16,
    pub outcome: Outcome,
    /// What went wrong, in a word of [`Kind`](crate::error::Kind), and whose fault it was.
    pub error: Option<Failure>,
    /// How often the provider was asked.
    pub attempts: u32,
    /// Why the last of the attempts that got no answer got none, as the network has it: `could not connect: …`.
    pub trouble: Option<String>,
    pub usage: Usage,
    /// Why the answer ended, in a word of [`StopReason`](crate::ir::StopReason).
    pub stop: Option<Cow<'static, str>>,
    /// What the translation could not carry: of the request, and (`answer.…`) of what came back.
    pub losses: Vec<String>,
    pub times: Times,
    /// Bytes of the request's body as the client sent it.
    pub bytes_in: u64,
    /// Bytes of the answer's body as the client got it, signs of life aside.
    pub bytes_out: u64,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Answered whole.
    #[default]
    Answered,
    /// Refused by the gateway, or answered with an error.
    Failed,
    /// The provider broke off in mid-answer.
    Cut,
    /// The client left in mid-answer.
    Abandoned,
}

/// How a provider's body ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// As HTTP says it should.
    Complete,
    /// The connection broke, or the body made no sense to HTTP.
    Broken(String),
    /// The client left first.
    Abandoned,
}

/// What went wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Failure {
    /// As in `rate_limit`.
    pub kind: String,
    /// `client`, `upstream`, `configuration`, `policy` or `ours`.
    pub fault: String,
}

/// Microseconds since the request came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Times {
    /// Until the provider's head came.
    pub head: Option<u64>,
    /// Until the first words, thoughts or arguments came.
    pub first_token: Option<u64>,
    /// Until the last byte.
    pub total: u64,
}

impl Report {
    /// Notes that the client left before its answer began. No status was sent; 499 is nginx's word for it.
    pub fn abandon(&mut self, now: Timestamp) {
        self.outcome = Outcome::Abandoned;
        self.status = 499;
        self.times.total = now.since(self.began);
    }

    /// Notes the model that an answer names; one that names none is of the model that was asked.
    pub(crate) fn note_model(&mut self, name: &str) {
        if !name.is_empty() && name != self.provider_model {
            name.clone_into(&mut self.provider_model);
        }
    }

    /// Keeps the account of an answer's event.
    pub(crate) fn note(&mut self, event: &Event<'_>) {
        match event {
            Event::Start(start) => self.note_model(&start.model),
            Event::Usage(usage) => self.usage.update(usage),
            Event::Stop(stop) => self.stop = Some(stop.reason.word()),
            _ => {}
        }
    }

    /// Notes something that an answer had and the client did not get, once.
    pub(crate) fn lose(&mut self, loss: &Loss) {
        let loss = loss.to_string();
        if self.losses.len() < MOST_LOSSES && !self.losses.contains(&loss) {
            self.losses.push(loss);
        }
    }

    /// Closes the account of an answer whose head is sent and whose bytes pass as they are.
    pub fn close(&mut self, ending: Ending, now: Timestamp) {
        self.times.total = now.since(self.began);
        match ending {
            Ending::Complete => {}
            Ending::Abandoned => self.outcome = Outcome::Abandoned,
            Ending::Broken(why) => {
                self.fail_late(&Error::cut(why));
                self.outcome = Outcome::Cut;
            }
        }
    }

    /// Notes an error as the end of an answer whose status is sent.
    pub(crate) fn fail_late(&mut self, error: &Error) {
        let status = self.status;
        self.fail(error);
        self.status = status;
    }

    /// Notes an error as the request's end.
    pub fn fail(&mut self, error: &Error) {
        self.outcome = Outcome::Failed;
        self.status = error.status;
        self.error = Some(Failure { kind: snake(&error.kind), fault: snake(&error.fault) });
    }
}

/// A variant's name in snake case.
fn snake(variant: &impl std::fmt::Debug) -> String {
    let mut word = String::new();
    for character in format!("{variant:?}").chars() {
        if character.is_ascii_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.push(character.to_ascii_lowercase());
    }
    word
}
