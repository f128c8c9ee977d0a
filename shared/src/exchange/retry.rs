//! What to do with an attempt's outcome.

use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{Response, StatusCode};

use crate::error::{Error, Fault, Kind};
use crate::gateway::Gateway;
use crate::host::{CallError, Host, Timestamp};

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

    /// Judges an attempt. The host's dice spread the pauses of many clients.
    pub(super) fn judge<H: Host>(
        &mut self,
        sent: Result<Response<H::Body>, CallError>,
        host: &H,
    ) -> Verdict<H::Body> {
        match sent {
            Ok(response) => match self.after_status(&response, host) {
                Some(pause) => Verdict::Again(spread(pause, host.random())),
                None if !is_final(response.status()) => Verdict::Stop(not_final(response.status())),
                None => Verdict::Relay(response),
            },
            Err(CallError::Connect(_) | CallError::Broken(_) | CallError::Garbled(_)) if self.left > 0 => {
                Verdict::Again(spread(self.next(), host.random()))
            }
            Err(error) => Verdict::Stop(unreachable_provider(&error)),
        }
    }

    fn after_status<B>(&mut self, response: &Response<B>, host: &impl Host) -> Option<Duration> {
        let worth_it = matches!(response.status().as_u16(), 429 | 500 | 502 | 503 | 504 | 529);
        if self.left == 0 || !worth_it {
            return None;
        }
        match asked_pause(response, host) {
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

/// How long the provider wants to be left alone: seconds, or a date (RFC 9110, section 10.2.3).
fn asked_pause<B>(response: &Response<B>, host: &impl Host) -> Option<Duration> {
    let asked = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    match asked.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => Some(Duration::from_micros(Timestamp::of_http(asked)?.since(host.now()))),
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
