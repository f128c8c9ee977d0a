//! placeholder

use bytes::BytesMut;

use super::{Echo, Read, ReadStream, Sink, Write, WriteStream};
use crate::dialect::Quirks;
use crate::error::Error;
use crate::ir::{Loss, Request, Response};
use crate::wire::json::{Json, Malformed};

/// The family.
pub struct Messages;

impl Read for Messages {
    fn request<'a>(&self, _: Json<'a>) -> Result<Request<'a>, Error> {
        Err(Error::invalid("not there yet"))
    }
    fn response(&self, _: Json<'_>, _: &mut Sink<'_>) -> Result<(), Malformed> {
        Err(Malformed { offset: 0, what: "not there yet" })
    }
    fn stream(&self) -> Box<dyn ReadStream> {
        struct Nothing;
        impl ReadStream for Nothing {
            fn push(&mut self, _: crate::wire::Frame<'_>, _: &mut Sink<'_>) {}
            fn finish(&mut self, _: &mut Sink<'_>) {}
        }
        Box::new(Nothing)
    }
    fn error(&self, status: u16, _: &[u8]) -> Error {
        Error { status, ..Error::upstream("") }
    }
}

impl Write for Messages {
    fn request(&self, _: &Request<'_>, _: &Quirks, _: &mut BytesMut) -> Result<Vec<Loss>, Error> {
        Err(Error::invalid("not there yet"))
    }
    fn response(&self, _: &Response, _: &Echo, _: &mut BytesMut) {}
    fn stream(&self, _: Echo) -> Box<dyn WriteStream> {
        struct Nothing;
        impl WriteStream for Nothing {
            fn push(&mut self, _: &crate::ir::Event<'_>, _: &mut BytesMut) {}
        }
        Box::new(Nothing)
    }
    fn error(&self, _: &Error, _: &Echo, _: &mut BytesMut) {}
}
