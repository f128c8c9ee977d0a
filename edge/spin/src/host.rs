//! What the core asks of the world, asked of Spin.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use http::{Request, Response};
use http_body_util::{BodyDataStream, BodyExt, Full, Limited};
use shared::host::{BodyError, CallError, Host, Patient, Timer, Timestamp, within};
use spin_sdk::http::{Response as Incoming, send};
use spin_sdk::wasip3::clocks::{monotonic_clock, system_clock};
use spin_sdk::wasip3::http::types::ErrorCode;
use spin_sdk::wasip3::random::random;

/// The most of a side call's answer that is taken in.
const CALL_BYTES: usize = 1 << 20;

/// Spin, as the core sees it. One instance serves one request, so there is nothing to hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spin;

impl Host for Spin {
    type Body = Patient<Answer>;
    type Sleep = Timer;
    const RESENDS: bool = true;
    const FETCHES: bool = true;
    const NAME: &'static str = "spin";

    async fn call(&self, request: Request<Bytes>, deadline: Duration) -> Result<Response<Bytes>, CallError> {
        let whole = async {
            let (head, body) = call(request).await?.into_parts();
            let body = Limited::new(body.map_err(broken), CALL_BYTES).collect().await;
            let body = body.map_err(|error| CallError::Broken(error.to_string()))?;
            Ok(Response::from_parts(head, body.to_bytes()))
        };
        within(whole, self.sleep(deadline)).await.unwrap_or(Err(CallError::Timeout))
    }

    async fn send(
        &self,
        request: Request<Bytes>,
        deadline: Duration,
    ) -> Result<Response<Self::Body>, CallError> {
        let response =
            within(call(request), self.sleep(deadline)).await.unwrap_or(Err(CallError::Timeout))?;
        let answer = |body| Answer(Box::pin(BodyDataStream::new(body)));
        Ok(response.map(|body| Patient::new(answer(body), deadline, timer)))
    }

    /// What a name comes to is the runtime's to know; the manifest lists the hosts.
    async fn fetch(
        &self,
        request: Request<Bytes>,
        deadline: Duration,
    ) -> Result<Response<Self::Body>, CallError> {
        self.send(request, deadline).await
    }

    fn sleep(&self, time: Duration) -> Timer {
        timer(time)
    }

    fn now(&self) -> Timestamp {
        let now = system_clock::now();
        let seconds = u64::try_from(now.seconds).unwrap_or_default();
        Timestamp(seconds.saturating_mul(1_000_000).saturating_add(u64::from(now.nanoseconds / 1_000)))
    }

    fn random(&self) -> u64 {
        random::get_random_u64()
    }
}

fn timer(time: Duration) -> Timer {
    Box::pin(monotonic_clock::wait_for(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)))
}

async fn call(request: Request<Bytes>) -> Result<Incoming, CallError> {
    send(request.map(Full::new)).await.map_err(call_error)
}

fn call_error(error: ErrorCode) -> CallError {
    let why = why(&error).to_owned();
    match error {
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => CallError::Forbidden(why),
        ErrorCode::ConnectionTimeout | ErrorCode::HttpResponseTimeout => CallError::Timeout,
        ErrorCode::DnsError(_)
        | ErrorCode::DnsTimeout
        | ErrorCode::DestinationNotFound
        | ErrorCode::DestinationUnavailable
        | ErrorCode::DestinationIpUnroutable
        | ErrorCode::ConnectionRefused
        | ErrorCode::ConnectionLimitReached
        | ErrorCode::TlsProtocolError
        | ErrorCode::TlsCertificateError
        | ErrorCode::TlsAlertReceived(_) => CallError::Connect(why),
        _ => CallError::Broken(why),
    }
}

/// A code in words. Its own `Debug` takes kilobytes of the component, most of them for codes that Spin never gives.
fn why(error: &ErrorCode) -> &str {
    match error {
        ErrorCode::InternalError(Some(why)) => why,
        ErrorCode::HttpRequestDenied => "allowed_outbound_hosts in the manifest does not name its host",
        ErrorCode::DestinationIpProhibited => "the runtime blocks the network that its address is in",
        ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => "its host's name has no address",
        ErrorCode::DnsTimeout => "who knows its host's address did not answer in time",
        ErrorCode::ConnectionRefused => "its host refused the connection",
        ErrorCode::DestinationUnavailable | ErrorCode::DestinationIpUnroutable => {
            "its host cannot be reached"
        }
        ErrorCode::ConnectionLimitReached => "the runtime has too many connections open",
        ErrorCode::TlsCertificateError => "its certificate is not trusted",
        ErrorCode::TlsProtocolError | ErrorCode::TlsAlertReceived(_) => "TLS came to no agreement",
        ErrorCode::ConnectionReadTimeout | ErrorCode::HttpResponseTimeout => "nothing came for too long",
        ErrorCode::ConnectionTerminated | ErrorCode::HttpResponseIncomplete => {
            "it ended before the answer did"
        }
        ErrorCode::ConfigurationError => "the runtime's configuration does not allow it",
        _ => "the runtime could not carry it over HTTP",
    }
}

/// A provider's body.
pub(crate) struct Answer(Pin<Box<dyn Stream<Item = Result<Bytes, ErrorCode>>>>);

impl Stream for Answer {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(context).map_err(broken)
    }
}

/// A body that broke off.
pub(crate) fn broken(error: ErrorCode) -> BodyError {
    BodyError(why(&error).to_owned())
}
