//! What each family implements: [`Read`] into the [representation](crate::ir) and [`Write`] from it.

use bytes::{Bytes, BytesMut};

use super::aim::{Aim, Sink};
use super::cite::{Cited, Link};
use super::hosted::Work;
use super::lost::{self, Shape};
use super::steps::{Step, What};
use super::written::Written;
use crate::dialect::Quirks;
use crate::error::Error;
use crate::ir::{Delta, Event, Loss, Request, Response};
use crate::wire::Frame;
use crate::wire::json::{Json, Malformed};

/// From a family's bytes to the representation.
pub trait Read: Sync {
    /// A client's request in one spelling, where its API allows of several; none where it is to be read as it is.
    fn straighten(&self, _body: Json<'_>) -> Option<Bytes> {
        None
    }

    /// What tells a place of the representation as the client wrote it; none where both name all places alike.
    fn written(&self) -> Option<&'static Written> {
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
    fn steps(&self, _steps: &[Step<'_>], _first: u32, _losses: &mut Vec<Loss>) -> Vec<String> {
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

    /// Whether there is a word for an end that has none; without one, clients have the words as an enumeration.
    fn has_other_ends(&self) -> bool {
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

/// A family's both halves.
pub(super) trait Codec: Read + Write {}

impl<Family: Read + Write> Codec for Family {}

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

    /// When the answer was whole, in seconds since 1970. It is told before [`Event::End`], to clients who get to know it.
    fn completed(&mut self, _at: u64) {}

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
    /// When an answer that is written whole was, in seconds since 1970; none where nobody knows.
    pub completed: Option<u64>,
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
