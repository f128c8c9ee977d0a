//! What the gateway asks of the world.

mod patient;

pub use patient::{Patient, Timer};

use std::fmt;
use std::future::{Future, ready};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use http::{Request, Response};
use serde::{Deserialize, Serialize};

use crate::dialect::Encoding;
use crate::gateway::{Account, Lent};

/// A point in time: microseconds since 1970 (UTC).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// Whole seconds since 1970, as the APIs write times.
    pub fn seconds(self) -> u64 {
        self.0 / 1_000_000
    }

    /// Microseconds from `earlier` to now; 0 where the clock went back.
    pub fn since(self, earlier: Timestamp) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Year, month and day of the month, in universal time. Years are counted from March, so that the leap day is a year's
    /// last, in eras of 400 years, which all have the same number of days.
    pub fn date(self) -> (u64, u64, u64) {
        // From the first of March of the year 0.
        let days = self.seconds() / 86_400 + 719_468;
        let (era, day) = (days / 146_097, days % 146_097);
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        // Months from March on are 31, 30, 31, 30, 31, and again: 153 days in five.
        let month = (5 * day + 2) / 153;
        let date = day - (153 * month + 2) / 5 + 1;
        let (month, later) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
        (400 * era + year + later, month, date)
    }

    /// A date as HTTP writes it, `Sun, 06 Nov 1994 08:49:37 GMT`. Its two obsolete forms are none (RFC 9110, section
    /// 5.6.7).
    pub fn of_http(text: &str) -> Option<Timestamp> {
        let (_, date) = text.strip_suffix(" GMT")?.split_once(", ")?;
        let mut parts = date.split([' ', ':']);
        let day = number(parts.next()?)?;
        let name = parts.next()?;
        let month = MONTHS.iter().position(|month| *month == name)? as u64 + 1;
        let year = number(parts.next()?)?;
        let time = [number(parts.next()?)?, number(parts.next()?)?, number(parts.next()?)?];
        let days = Timestamp::days_until(year, month, day)?;
        let seconds = time.iter().fold(0, |sum, part| 60 * sum + part);
        parts.next().is_none().then_some(Timestamp((86_400 * days + seconds) * 1_000_000))
    }

    /// Days from 1970 to a day, the inverse of [`Timestamp::date`]; `None` before. As there, years begin with March.
    pub fn days_until(year: u64, month: u64, day: u64) -> Option<u64> {
        let (year, month) = if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
        let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
        days.checked_sub(719_469)
    }
}

/// The months as HTTP names them.
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fn number(digits: &str) -> Option<u64> {
    digits.parse::<u16>().ok().map(u64::from)
}

/// The world, as far as the gateway needs it. A host moves bytes and decides nothing.
///
/// Nothing here asks for `Send` or an executor: the futures are polled by tokio, by JavaScript's event loop, by Spin's
/// runtime, or by the callbacks of an Envoy filter.
pub trait Host {
    /// A provider's answer as it comes.
    type Body: Stream<Item = Result<Bytes, BodyError>> + Unpin;

    /// A timer.
    type Sleep: Future<Output = ()> + Unpin;

    /// Whether a request that failed may be sent again; in Envoy its own retry policy does that.
    const RESENDS: bool;

    /// Whether [`fetch`](Host::fetch) does anything.
    const FETCHES: bool = false;

    /// Whether a client sees that an answer of unknown length broke off. Where it does not, such an answer is told whole or
    /// not at all.
    const BREAKS_OFF: bool = true;

    /// The host's word for itself in reports: `native`, `worker`, `spin`, `envoy`.
    const NAME: &'static str;

    /// A side call: small, answered whole.
    fn call(
        &self,
        request: Request<Bytes>,
        deadline: Duration,
    ) -> impl Future<Output = Result<Response<Bytes>, CallError>>;

    /// An attempt at the provider: the head when it comes (within `deadline`), the body as it comes.
    fn send(
        &self,
        request: Request<Bytes>,
        deadline: Duration,
    ) -> impl Future<Output = Result<Response<Self::Body>, CallError>>;

    /// Gets what is at an address that a client names; the gateway has checked how it is
    /// [written](crate::egress::Egress::check). A host that resolves names itself connects to no address that the egress
    /// rules do not [admit](crate::egress::Egress::admits); none follows redirects.
    fn fetch(
        &self,
        _request: Request<Bytes>,
        _deadline: Duration,
    ) -> impl Future<Output = Result<Response<Self::Body>, CallError>> {
        ready(Err(CallError::Forbidden("this host fetches nothing".to_owned())))
    }

    /// What an account lends for now. A host that can keeps it and renews it before its time is up, once for all who
    /// ask; why it cannot be had goes to its log.
    fn lend(&self, _account: &Account) -> impl Future<Output = Result<Arc<Lent>, CallError>> {
        ready(Err(CallError::Forbidden("this host asks no accounts".to_owned())))
    }

    /// Waits.
    fn sleep(&self, time: Duration) -> Self::Sleep;

    /// The time of day.
    fn now(&self) -> Timestamp;

    /// Any number, as hard to guess as the host can make it.
    fn random(&self) -> u64;

    /// How many tokens a text has in a published encoding; none where the host has no table of it, or none for a text so
    /// long. The tables have megabytes, so guests have none.
    fn tokens(&self, _encoding: Encoding, _text: &str) -> Option<u64> {
        None
    }
}

/// A request that got no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// No connection: name resolution, TCP or TLS. The request was not sent.
    Connect(String),
    /// No head within the deadline.
    Timeout,
    /// The connection broke before the head came.
    Broken(String),
    /// What came is no head that HTTP allows, or is longer than the host takes.
    Garbled(String),
    /// The host does not let this address be called.
    Forbidden(String),
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallError::Connect(why) => write!(f, "could not connect: {why}"),
            CallError::Timeout => f.write_str("no answer in time"),
            CallError::Broken(why) => write!(f, "the connection broke: {why}"),
            CallError::Garbled(why) => write!(f, "what came is not HTTP: {why}"),
            CallError::Forbidden(why) => write!(f, "not allowed: {why}"),
        }
    }
}

impl std::error::Error for CallError {}

/// An answer's body that broke off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BodyError(pub String);

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BodyError {}

/// What `work` comes to, or nothing where `time` is up first. For hosts whose runtime brings no such thing.
pub async fn within<T>(work: impl Future<Output = T>, time: impl Future<Output = ()>) -> Option<T> {
    let mut work = std::pin::pin!(work);
    let mut time = std::pin::pin!(time);
    std::future::poll_fn(|context| match (work.as_mut().poll(context), time.as_mut()) {
        (Poll::Ready(value), _) => Poll::Ready(Some(value)),
        (Poll::Pending, time) => time.poll(context).map(|()| None),
    })
    .await
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_date_of_http_is_its_second() {
        let date = Timestamp::of_http("Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(date, Some(Timestamp(784_111_777_000_000)));
        for none in ["", "120", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(Timestamp::of_http(none), None, "{none}");
        }
        assert_eq!(Timestamp::of_http("Wed, 31 Dec 1969 23:59:59 GMT"), None);
    }

    proptest! {
        /// Until the year 9999, which is the last that HTTP writes.
        #[test]
        fn a_date_is_read_as_it_is_written(seconds in 0..253_402_300_800_u64) {
            let now = Timestamp(seconds * 1_000_000);
            let (year, month, day) = now.date();
            let name = MONTHS[month as usize - 1];
            let (hours, minutes) = (seconds / 3600 % 24, seconds / 60 % 60);
            let text = format!("Day, {day:02} {name} {year:04} {hours:02}:{minutes:02}:{:02} GMT", seconds % 60);
            prop_assert_eq!(Timestamp::of_http(&text), Some(now));
        }

        #[test]
        fn whatever_is_there_of_a_date_is_taken(text in "[A-Z][a-z]{2}, [0-9]{1,5} (Jan|Feb|Mar) [0-9]{1,6} [0-9]{1,5}:[0-9]{1,5}:[0-9]{1,5} GMT") {
            let _ = Timestamp::of_http(&text);
        }
    }
}
