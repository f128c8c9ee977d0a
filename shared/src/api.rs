//! The families of APIs, each with its reader and its writer.
//!
//! A family reads into the [representation](crate::ir) and writes from it, never from one family to another.

mod aim;
mod cite;
mod codec;
pub mod completions;
mod context;
pub mod converse;
pub(crate) mod count;
mod effort;
pub(crate) mod embeddings;
mod exception;
pub(crate) mod family;
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
mod passage;
pub mod responses;
mod rest;
mod spelling;
mod steps;
pub(crate) mod tap;
pub(crate) mod unpaired;
mod written;

pub use aim::{Aim, Sink};
pub use cite::{Cited, Link, Place, Unit};
pub use codec::{Echo, Read, ReadStream, Write, WriteStream};
pub(crate) use exception::kind as exception_kind;
pub use family::Api;
pub use hosted::{Search, Work};
pub use lost::Shape;
pub use passage::Passage;
pub use steps::{Step, What};
pub use written::Written;

use std::borrow::Cow;

use bytes::BytesMut;

use codec::Codec;

use crate::dialect::{CallIds, Quirks};
use crate::error::Error;
use crate::ir::{Loss, Request};
use crate::wire::Framing;
use crate::wire::json::Json;

impl Api {
    fn codec(self) -> &'static dyn Codec {
        match self {
            Api::Completions => &completions::Completions,
            Api::Messages => &messages::Messages,
            Api::Responses => &responses::Responses,
            Api::Converse => &converse::Converse,
            Api::Generate => &generate::Generate,
        }
    }

    /// Reads the family's bodies.
    pub fn read(self) -> &'static dyn Read {
        self.codec()
    }

    /// Writes the family's bodies.
    pub fn write(self) -> &'static dyn Write {
        self.codec()
    }

    /// A reader for a provider's stream of the family's events, however they are framed.
    pub fn read_stream(self, framing: Framing, aim: Aim) -> Box<dyn ReadStream> {
        let events = self.read().stream(aim);
        match framing {
            Framing::Chunks => Box::new(exception::Framed { events, over: false }),
            Framing::Events | Framing::Binary => events,
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
    let (opened, moved) = identity::open(&mut request, to, quirks)?;
    let mut losses = identity::adapt(&mut request, to, quirks);
    identity::fit(&mut request, to, quirks);
    losses.extend(marks::fit(&mut request, to, quirks));
    let written = to.write().request(&request, quirks, out);
    let written = written.and_then(|lost| check_own(&request, to).map(|()| lost));
    losses.extend(written.map_err(|error| spelling::error(&request, &moved, error))?);
    losses.extend(hosted::losses(&request.tools, to));
    let opened = spelling::losses(&request, &identity::Moved::new(), opened);
    let losses = spelling::losses(&request, &moved, losses);
    Ok(opened.into_iter().chain(losses).chain(request.unread).collect())
}

/// Fails for what a provider would refuse in words that its client does not know; the same API's provider has better ones.
fn check_own(request: &Request<'_>, to: Api) -> Result<(), Error> {
    match request.api.is_some_and(|from| from != to) {
        true => gather::check_asks(request),
        false => Ok(()),
    }
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

#[cfg(test)]
mod tests;
