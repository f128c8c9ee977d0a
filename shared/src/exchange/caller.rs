//! Who asks, for a host that has to say something when no exchange can any more.

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Request};

use super::headers;
use super::operation::{self, Operation};
use crate::api::{Api, Echo};
use crate::error::Error;
use crate::host::Host;

/// Who asks: what has to be known of a request to put an error in its caller's words.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The API in whose words the caller wants its errors.
    api: Api,
    /// The request's id: the one that its exchange and its report have.
    pub id: String,
}

impl Caller {
    /// Who asks this. Afterwards the request bears its id, so that its exchange takes the same.
    pub fn of<H: Host>(host: &H, request: &mut Request<Bytes>) -> Caller {
        let api = operation::caller(request, Operation::at(request.uri().path()).as_ref());
        let id = headers::request_id(request.headers(), || host.random());
        let is_borne = request.headers().get(headers::REQUEST_ID).is_some_and(|borne| *borne == id);
        if let Some(value) = HeaderValue::from_str(&id).ok().filter(|_| !is_borne) {
            request.headers_mut().insert(headers::REQUEST_ID, value);
        }
        Caller { api, id }
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
