//! Who asks, and for what: all that a request's head tells before its body is looked at.

use bytes::{Bytes, BytesMut};
use http::Request;

use super::headers;
use super::operation::{self, Found, Operation};
use crate::api::{Api, Echo};
use crate::error::Error;
use crate::host::Host;

/// Who asks. A host that may have to say something when no exchange can any more keeps a clone.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The API in whose words the caller wants its errors.
    pub(super) api: Api,
    /// What there is at the path.
    pub(super) found: Option<Found>,
    /// The request's id: the one that its exchange and its report have.
    pub id: String,
}

impl Caller {
    /// Who asks this.
    pub fn of<H: Host>(host: &H, request: &Request<Bytes>) -> Caller {
        let found = Operation::at(request.uri().path());
        let api = operation::caller(request, found.as_ref());
        Caller { api, found, id: headers::request_id(request.headers(), || host.random()) }
    }

    /// The body of an answer that tells of an error.
    #[must_use]
    pub fn told(&self, error: &Error) -> Bytes {
        let echo = Echo { id: self.id.clone(), ..Echo::default() };
        let mut body = BytesMut::new();
        self.api.write().error(error, &echo, &mut body);
        body.freeze()
    }
}
