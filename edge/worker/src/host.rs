//! What the core asks of the world, asked of Workers.

use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::{Request, Response};
use shared::host::{CallError, Host, Patient, Timer, Timestamp, within};

use crate::call::{Answer, Call};
use crate::clock::{self, Alarm};
use crate::platform;

/// The most of a side call's answer that is taken in.
const CALL_BYTES: usize = 1 << 20;

/// Workers, as the core sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Worker;

impl Host for Worker {
    type Body = Patient<Answer>;
    type Sleep = Alarm;
    const RESENDS: bool = true;
    const FETCHES: bool = true;
    // workerd ends a body in pieces as if it were whole, however its stream ended (KJ's writer of chunks does when it is
    // destroyed); where the length is told, that is seen.
    const BREAKS_OFF: bool = false;
    const NAME: &'static str = "worker";

    async fn call(&self, request: Request<Bytes>, deadline: Duration) -> Result<Response<Bytes>, CallError> {
        let whole = async {
            let (head, body) = Call::send(&request).answer().await?.into_parts();
            Ok(Response::from_parts(head, collect(body).await?))
        };
        within(whole, self.sleep(deadline)).await.unwrap_or(Err(CallError::Timeout))
    }

    async fn send(
        &self,
        request: Request<Bytes>,
        deadline: Duration,
    ) -> Result<Response<Self::Body>, CallError> {
        let response = within(Call::send(&request).answer(), self.sleep(deadline)).await;
        let response = response.unwrap_or(Err(CallError::Timeout))?;
        Ok(response.map(|body| Patient::new(body, deadline, timer)))
    }

    /// What a name comes to is the platform's to know, which has no way into anybody's network but a tunnel of one's own.
    async fn fetch(
        &self,
        request: Request<Bytes>,
        deadline: Duration,
    ) -> Result<Response<Self::Body>, CallError> {
        self.send(request, deadline).await
    }

    fn sleep(&self, time: Duration) -> Alarm {
        Alarm::after(time)
    }

    fn now(&self) -> Timestamp {
        Timestamp((clock::now() * 1_000.0) as u64)
    }

    fn random(&self) -> u64 {
        let half = || (platform::fraction() * f64::from(u32::MAX)) as u64;
        (half() << 32) | half()
    }
}

fn timer(time: Duration) -> Timer {
    Box::pin(Alarm::after(time))
}

async fn collect(mut body: Answer) -> Result<Bytes, CallError> {
    let mut whole = BytesMut::new();
    while let Some(piece) = std::future::poll_fn(|context| Pin::new(&mut body).poll_next(context)).await {
        whole.extend_from_slice(&piece.map_err(|error| CallError::Broken(error.to_string()))?);
        if whole.len() > CALL_BYTES {
            return Err(CallError::Broken(format!("the answer is longer than {CALL_BYTES} bytes")));
        }
    }
    Ok(whole.freeze())
}
