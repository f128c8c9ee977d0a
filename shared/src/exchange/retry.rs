//! What to do with an attempt's outcome.

use std::time::Duration;

use http::{Response, StatusCode};

use crate::error::{Error, Fault, Kind};
use crate::gateway::Gateway;
use crate::host::CallError;

/// The first pause between two attempts; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The longest pause, also where the provider asks for a longer one: then its answer goes to the client.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What to do next.
pub(super) enum Verdict<B> {
    /// The answer, good or bad, is the client's.
    Relay(Response<B>),
    /// The same again after a pause.
    Again(Duration),
    /// There is nothing to relay.
    Stop(Error),
}

/// The attempts that are left.
pub(super) struct Retries {
    left: u32,
    pause: Duration,
}

impl Retries {
    /// As many as the configuration allows, none where the host must not send again.
    pub(super) fn new(gateway: &Gateway, resends: bool) -> Retries {
        Retries { left: if resends { gateway.max_retries() } else { 0 }, pause: FIRST_PAUSE }
    }

    /// Whether the attempt that comes next is the last one.
    pub(super) fn are_over(&self) -> bool {
        self.left == 0
    }

    /// Judges an attempt. `random` spreads the pauses of many clients.
    pub(super) fn judge<B>(&mut self, sent: Result<Response<B>, CallError>, random: u64) -> Verdict<B> {
        match sent {
            Ok(response) => match self.after_status(&response) {
                Some(pause) => Verdict::Again(spread(pause, random)),
                None if !is_final(response.status()) => Verdict::Stop(not_final(response.status())),
                None => Verdict::Relay(response),
            },
            Err(CallError::Connect(_) | CallError::Broken(_) | CallError::Garbled(_)) if self.left > 0 => {
                Verdict::Again(spread(self.next(), random))
            }
            Err(error) => Verdict::Stop(unreachable_provider(&error)),
        }
    }

    fn after_status<B>(&mut self, response: &Response<B>) -> Option<Duration> {
        let worth_it = matches!(response.status().as_u16(), 429 | 500 | 502 | 503 | 504 | 529);
        if self.left == 0 || !worth_it {
            return None;
        }
        let asked = response.headers().get(http::header::RETRY_AFTER);
        let asked = asked.and_then(|value| value.to_str().ok()?.trim().parse().ok()).map(Duration::from_secs);
        match asked {
            Some(pause) if pause > LONGEST_PAUSE => None,
            asked => Some(self.next().max(asked.unwrap_or_default())),
        }
    }

    fn next(&mut self) -> Duration {
        self.left = self.left.saturating_sub(1);
        let pause = self.pause;
        self.pause = (pause * 2).min(LONGEST_PAUSE);
        pause
    }
}

/// Between all and one and a half of `pause`.
fn spread(pause: Duration, random: u64) -> Duration {
    pause + pause.mul_f64((random % 512) as f64 / 1024.0)
}

/// Whether a status ends an exchange and has a meaning (RFC 9110, section 15): to a client that asked for no other protocol,
/// `101` would be the end of this one.
fn is_final(status: StatusCode) -> bool {
    (200..600).contains(&status.as_u16())
}

fn not_final(status: StatusCode) -> Error {
    let message =
        format!("The provider answered with status {}, which is none of an answer.", status.as_u16());
    Error::upstream(message).with_code("upstream_status")
}

fn unreachable_provider(error: &CallError) -> Error {
    match error {
        CallError::Timeout => {
            Error::new(Fault::Upstream, Kind::Timeout, "The provider did not begin its answer in time.")
                .with_code("upstream_timeout")
        }
        CallError::Forbidden(why) => Error {
            status: 502,
            ..Error::new(
                Fault::Configuration,
                Kind::Api,
                format!("The gateway may not call the provider: {why}."),
            )
        },
        CallError::Connect(_) => {
            Error::upstream("The provider could not be reached.").with_code("upstream_unreachable")
        }
        CallError::Garbled(_) => {
            Error::upstream("The provider answered with a head that HTTP does not allow.")
                .with_code("upstream_malformed")
        }
        CallError::Broken(_) => Error::upstream("The provider closed the connection before it answered.")
            .with_code("upstream_closed"),
    }
}
