//! The API families: which one a path names, and the two traits that each of them implements.
//!
//! A family reads into the [representation](crate::ir) and writes from it, never from one family to another.

mod cite;
pub mod completions;
pub mod converse;
pub(crate) mod count;
mod effort;
pub(crate) mod embeddings;
mod exception;
mod form;
mod gather;
pub mod generate;
mod hosted;
mod identity;
mod lost;
mod marks;
mod member;
pub mod messages;
mod openai;
pub mod responses;
mod spelling;
mod steps;
pub(crate) mod tap;
pub(crate) mod unpaired;

pub use cite::{Cited, Link, Place, Unit};
pub(crate) use exception::kind as exception_kind;
pub use hosted::{Search, Work};
pub use lost::Shape;
pub use steps::{Step, What};

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};

use crate::dialect::{CallIds, Quirks};
use crate::error::Error;
use crate::ir::{Delta, Event, Loss, Request, Response, Why};
use crate::wire::json::{Json, Malformed};
use crate::wire::{Frame, Framing};

/// A family of APIs: what clients speak, and what providers speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Api {
    /// OpenAI Chat Completions and everything that follows it.
    Completions,
    /// Anthropic Messages.
    Messages,
    /// OpenAI Responses.
    Responses,
    /// Amazon Bedrock's Converse and ConverseStream, spoken to providers only.
    Converse,
    /// Gemini's generateContent.
    Generate,
}

impl Api {
    /// All of them.
    pub const ALL: [Api; 5] = [Api::Completions, Api::Messages, Api::Responses, Api::Converse, Api::Generate];

    /// The word for the family in configurations, reports and headers.
    pub fn name(self) -> &'static str {
        match self {
            Api::Completions => "completions",
            Api::Messages => "messages",
            Api::Responses => "responses",
            Api::Converse => "converse",
            Api::Generate => "generate",
        }
    }

    /// How the family frames its streams.
    pub fn framing(self) -> Framing {
        match self {
            Api::Completions | Api::Messages | Api::Responses | Api::Generate => Framing::Events,
            Api::Converse => Framing::Binary,
        }
    }

    /// Whether requests name their model in the body; otherwise the path does, and says whether to stream.
    pub fn names_model(self) -> bool {
        self != Api::Generate
    }

    /// Whether the family has a place for the addresses of images, and whether for those of documents.
    pub fn takes_addresses(self) -> (bool, bool) {
        match self {
            Api::Completions => (true, false),
            Api::Messages | Api::Responses | Api::Generate => (true, true),
            Api::Converse => (false, false),
        }
    }

    /// Where whole answers name the model, and where events of streams do.
    pub fn model_places(self) -> (&'static [&'static str], &'static [&'static str]) {
        match self {
            Api::Completions => (&["model"], &["model"]),
            Api::Messages => (&["model"], &["message", "model"]),
            Api::Responses => (&["model"], &["response", "model"]),
            Api::Generate => (&["modelVersion"], &["modelVersion"]),
            Api::Converse => (&[], &[]),
        }
    }

    /// Reads the family's bodies.
    pub fn read(self) -> &'static dyn Read {
        match self {
            Api::Completions => &completions::Completions,
            Api::Messages => &messages::Messages,
            Api::Responses => &responses::Responses,
            Api::Converse => &converse::Converse,
            Api::Generate => &generate::Generate,
        }
    }

    /// A reader for a provider's stream of the family's events, however they are framed.
    pub fn read_stream(self, framing: Framing, aim: Aim) -> Box<dyn ReadStream> {
        let events = self.read().stream(aim);
        match framing {
            Framing::Chunks => Box::new(exception::Framed { events, over: false }),
            Framing::Events | Framing::Binary => events,
        }
    }

    /// Writes the family's bodies.
    pub fn write(self) -> &'static dyn Write {
        match self {
            Api::Completions => &completions::Completions,
            Api::Messages => &messages::Messages,
            Api::Responses => &responses::Responses,
            Api::Converse => &converse::Converse,
            Api::Generate => &generate::Generate,
        }
    }
}

/// A client's request in its API, and what of it nobody has heard of.
pub fn read_request(body: Json<'_>, from: Api) -> Result<Request<'_>, Error> {
    let mut request = from.read().request(body)?;
    request.unread = lost::unread(body, from.read().shape());
    request.unread.extend(unpaired::in_request(body));
    Ok(request)
}

/// A request for a provider of the API `to`, and what is lost on the way there; see [`Write::request`].
///
/// Seals and ids that this gateway packed for the client are the provider's own again.
pub fn write_request(
    mut request: Request<'_>,
    to: Api,
    quirks: &Quirks,
    out: &mut BytesMut,
) -> Result<Vec<Loss>, Error> {
    let (opened, moved) = identity::open(&mut request, to, quirks);
    let mut losses = identity::adapt(&mut request, to, quirks);
    identity::fit(&mut request, to, quirks);
    losses.extend(marks::fit(&mut request, to, quirks));
    let written = to.write().request(&request, quirks, out);
    losses.extend(written.map_err(|error| spelling::error(&request, &moved, error))?);
    losses.extend(hosted::losses(&request.tools, to));
    let opened = spelling::losses(&request, &identity::Moved::new(), opened);
    let losses = spelling::losses(&request, &moved, losses);
    Ok(opened.into_iter().chain(losses).chain(request.unread).collect())
}

/// The id that a call has at its provider, where a client knows it by one that this gateway packed seals into.
pub fn call_id(id: &str) -> Cow<'_, str> {
    identity::id_in(id).map_or(Cow::Borrowed(id), Cow::Owned)
}

/// Whether the ids of calls in a request are such as a provider takes.
pub(crate) fn fits(request: &Request<'_>, rule: CallIds) -> bool {
    identity::fit_as_they_are(request, rule)
}

/// Whether a body has something in it that this gateway packed for a client, and that is to reach no provider.
pub(crate) fn has_packed(body: &[u8]) -> bool {
    identity::is_in(body)
}

/// What an answer goes through between the reader of one family and the writer of another.
///
/// It gives [`Event::Lost`] for all that the client will not get.
pub struct Passage {
    to: Api,
    unwrap: form::Unwrap,
    cite: cite::Cite,
    tell: steps::Tell,
    /// None within one API, where seals stay as they are.
    sealer: Option<identity::Sealer>,
    /// Those of the other answers.
    others: BTreeMap<u32, Passage>,
}

impl Passage {
    /// From a provider of the API `from` to a client of `to`.
    pub fn new(from: Api, to: Api, echo: &Echo) -> Passage {
        Passage::of(to, (from != to).then(|| identity::Sealer::new(to, from, echo)))
    }

    fn of(to: Api, sealer: Option<identity::Sealer>) -> Passage {
        let (unwrap, cite, tell) = (form::Unwrap::default(), cite::Cite::new(to), steps::Tell::new(to));
        Passage { to, unwrap, cite, tell, sealer, others: BTreeMap::new() }
    }

    /// Takes the next event and gives 0..n on.
    pub fn push(&mut self, event: Event<'_>, sink: &mut Sink<'_>) {
        if let Event::Choice { number, event } = event {
            return self.choose(number, *event, sink);
        }
        let Passage { to, unwrap, cite, tell, sealer, .. } = self;
        let mut seal = |event: Event<'_>| match sealer {
            Some(sealer) => sealer.push(event, sink),
            None => sink(event),
        };
        let mut give = |event: Event<'_>| lost::give(*to, event, &mut seal);
        unwrap.push(event, &mut |event| cite.push(event, &mut |event| tell.push(event, &mut give)));
    }

    fn choose(&mut self, number: u32, event: Event<'_>, sink: &mut Sink<'_>) {
        let to = self.to;
        if !to.write().has_choices() {
            let loss = Loss::of_answer(format_args!("choices[{number}]"), Why::Dropped);
            return sink(Event::Lost(loss));
        }
        let another = || Passage::of(to, self.sealer.as_ref().map(identity::Sealer::another));
        let other = self.others.entry(number).or_insert_with(another);
        other.push(event, &mut |event| event.of_choice(number, sink));
    }
}

/// What an answer is read for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Aim {
    /// For a client of another API: all that it says, and [`Event::Lost`] for what the representation has no place for.
    #[default]
    Translation,
    /// For its account alone, where the client gets the provider's own bytes: `Start`, `Usage`, `Stop`, `Fail` and `End`
    /// as ever. Losses are not looked for, and what is said may be left out but for the first delta of a stream.
    Account,
}

impl Aim {
    /// Whether losses are looked for.
    fn tells_losses(self) -> bool {
        self == Aim::Translation
    }

    /// Whether all that is said is wanted, and not only what an account is kept of.
    fn tells_words(self) -> bool {
        self == Aim::Translation
    }
}

/// Where a reader puts the events it finds.
pub type Sink<'s> = dyn FnMut(Event<'_>) + 's;

/// From a family's bytes to the representation.
pub trait Read: Sync {
    /// A client's request in one spelling, where its API allows of several; none where it is to be read as it is.
    fn straighten(&self, _body: Json<'_>) -> Option<Bytes> {
        None
    }

    /// A client's request. Fails where the request cannot be right in its own API; what the gateway merely does not
    /// know goes to `rest`, `Opaque`, `Hosted` or `Other`.
    fn request<'a>(&self, body: Json<'a>) -> Result<Request<'a>, Error>;

    /// What is read of a request where its members are objects whose others go nowhere.
    fn shape(&self) -> &'static Shape {
        &Shape(&[lost::OTHERS])
    }

    /// Fails where a request of this API has something that no other API can be asked for, and that cannot be left out
    /// either: a conversation that only its provider keeps.
    fn portable(&self, _request: &Request<'_>) -> Result<(), Error> {
        Ok(())
    }

    /// The names of the tools that take free text among a client's `tools`, as providers of other APIs know them.
    fn customs(&self, _tools: Json<'_>) -> Vec<String> {
        Vec::new()
    }

    /// Whether a member that the representation has no place for asks of other APIs what they give anyway.
    fn carries(&self, _name: &str, _value: Json<'_>) -> bool {
        false
    }

    /// The work that a tool of this API's providers is for, where others do it too.
    fn work<'a>(&self, _kind: &str, _tool: Json<'a>) -> Option<Work<'a>> {
        None
    }

    /// The members of such a tool that are read, or that only say which tool it is; none where all others are lost
    /// elsewhere.
    fn work_members(&self) -> Option<&'static [&'static str]> {
        None
    }

    /// What a block of an answer, in this API's own words, tells of what its provider did itself, and what of it no step
    /// has a place for.
    fn steps<'a>(&self, _block: Json<'a>, _losses: &mut Vec<Loss>) -> Vec<Step<'a>> {
        Vec::new()
    }

    /// The members of such blocks that steps are made of.
    fn step_shape(&self) -> &'static Shape {
        &Shape(&[])
    }

    /// The sources in citations of `text`, a list in this API's words, and what of them others have no form for.
    fn links<'a>(&self, _citations: Json<'a>, _text: &str, _losses: &mut Vec<Loss>) -> Vec<Link<'a>> {
        Vec::new()
    }

    /// A provider's whole answer, as the events it would have been streamed as, [`Event::End`] last.
    ///
    /// An answer that says it failed (Responses' `status: failed`) gives [`Event::Fail`].
    fn response(&self, body: Json<'_>, aim: Aim, sink: &mut Sink<'_>) -> Result<(), Malformed>;

    /// A reader for a provider's stream.
    fn stream(&self, aim: Aim) -> Box<dyn ReadStream>;

    /// A provider's answer with an error status. `body` may be anything, HTML and nothing included.
    ///
    /// Keeps the provider's status, message, code and parameter. The kind comes from the body's own word where it has
    /// one, else from the status.
    fn error(&self, status: u16, body: &[u8]) -> Error;

    /// Whether the body of an error is in this API's own words, and not in those of whoever hosts it.
    fn is_error(&self, _body: Json<'_>) -> bool {
        true
    }
}

/// From the representation to a family's bytes.
pub trait Write: Sync {
    /// A request for a provider, and what of it the provider's API has no place for.
    ///
    /// Fails where leaving something out would change what is asked (a hosted tool the provider does not have).
    fn request(&self, request: &Request<'_>, quirks: &Quirks, out: &mut BytesMut)
    -> Result<Vec<Loss>, Error>;

    /// Blocks in this API's own words that tell of what a provider did itself, as far as it has any. `first` is how many
    /// blocks there have been.
    fn steps(&self, _steps: &[Step<'_>], _first: u32) -> Vec<String> {
        Vec::new()
    }

    /// Whether [`steps`](Write::steps) tells of this.
    fn tells(&self, _what: &What<'_>) -> bool {
        false
    }

    /// A list in this API's words of what a text of an answer rests on, as far as the API has any; the rest is lost.
    fn citations(&self, _cited: &Cited<'_>, _losses: &mut Vec<Loss>) -> Option<String> {
        None
    }

    /// Whether one answer may have several choices.
    fn has_choices(&self) -> bool {
        false
    }

    /// What of an event clients of this API do not get as it is. Words, thinking and arguments they always do.
    fn lacks(&self, _event: &Event<'_>) -> Vec<Loss> {
        Vec::new()
    }

    /// A whole answer for a client.
    fn response(&self, response: &Response, echo: &Echo, out: &mut BytesMut);

    /// A writer for a client's stream.
    fn stream(&self, echo: Echo) -> Box<dyn WriteStream>;

    /// Whether [`break_off`](Write::break_off) repeats the client's request.
    fn repeats_request(&self) -> bool {
        false
    }

    /// Ends a stream whose `events` so far were the provider's own, and that broke off.
    fn break_off(&self, error: &Error, echo: Echo, _events: u64, out: &mut BytesMut) {
        self.stream(echo).push(&Event::Fail(error.clone()), out);
    }

    /// What a client's stream gets between two events to show that somebody is there. Clients skip it.
    fn ping(&self) -> &'static [u8] {
        b": ping\n\n"
    }

    /// An error body for a client; the status goes with it elsewhere.
    fn error(&self, error: &Error, echo: &Echo, out: &mut BytesMut);
}

/// What of `request.rest` is lost on the way to the API `to`: nothing within the family, where the writer must write it.
///
/// Each writer calls it first; it fails for requests that are not [portable](Read::portable).
pub(crate) fn losses(request: &Request<'_>, to: Api) -> Result<Vec<Loss>, Error> {
    let Some(from) = request.api.filter(|from| *from != to) else { return Ok(Vec::new()) };
    from.read().portable(request)?;
    let is_lost = |name: &str, value| !from.read().carries(name, value) && !openai::is_shared(from, to, name);
    let lost = request.rest.iter().filter(|(name, value)| is_lost(name, *value));
    Ok(lost.map(|(name, _)| Loss::dropped(name.clone().into_owned())).collect())
}

/// Reads one stream. It knows which block is open, and keeps the invariant of [`Event`].
///
/// A stream's state is plain data, so it may move between the threads of a host that has several.
pub trait ReadStream: Send {
    /// Takes the next frame and gives 0..n events. Data that makes no sense in this API gives [`Event::Fail`].
    ///
    /// After `End` or `Fail` everything is ignored.
    fn push(&mut self, frame: Frame<'_>, sink: &mut Sink<'_>);

    /// The members of an event's data that say nothing and may be another in each; none where the reader does not
    /// [go on](ReadStream::go_on).
    fn idle(&self) -> Option<&'static [&'static str]> {
        None
    }

    /// Takes a frame that is like the last one pushed but for its words and what is [idle](ReadStream::idle). The last
    /// one gave only a delta of this kind, and this is the one that it would give. `false` where it must be pushed.
    fn go_on(&mut self, _delta: Delta<'_>, _sink: &mut Sink<'_>) -> bool {
        false
    }

    /// The provider closed the connection. Where all has been said that must be said (a stop reason, though no
    /// `[DONE]`), gives what is missing and [`Event::End`]; otherwise nothing: the answer was cut off.
    fn finish(&mut self, sink: &mut Sink<'_>);
}

/// Writes one stream: for each event of [`Event`]'s order, 0..n of the client's. Plain data, like [`ReadStream`].
///
/// The client's own last words come only for [`Event::End`]; after [`Event::Fail`] or `End` nothing is written.
pub trait WriteStream: Send {
    fn push(&mut self, event: &Event<'_>, out: &mut BytesMut);

    /// What came when its place in the stream was past, told when the stream has ended.
    fn late(&self) -> Vec<Loss> {
        Vec::new()
    }
}

/// What a writer must know of the client's request to answer it.
#[derive(Clone, Debug, Default)]
pub struct Echo {
    /// The model as the client named it.
    pub model: String,
    /// The gateway's id of this request, without a prefix; ids that the provider did not give are made from it.
    pub id: String,
    /// Now, in seconds since 1970, for answers whose provider does not say when they were made.
    pub created: u64,
    /// Whether a stream of completions ends with a chunk of usage.
    pub include_usage: bool,
    /// Whether a stream of Gemini's API is one array, and not events.
    pub array: bool,
    /// Whether a client of completions asked for words that go on from a text, not for a chat.
    pub is_text: bool,
    /// The client's request as it came: Responses repeats its parameters in the answer.
    pub request: Bytes,
}

impl Echo {
    /// The same without the client's request, which may be large where the answer takes long.
    pub(crate) fn without_request(self) -> Echo {
        Echo { request: Bytes::new(), ..self }
    }
}

#[cfg(test)]
mod tests;
