//! Times as clouds write them.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use shared::host::Timestamp;

/// Seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Instant(u64);

impl Instant {
    pub(super) const NEVER: Instant = Instant(u64::MAX);

    pub(super) fn now() -> Instant {
        Instant(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs())
    }

    pub(super) fn of_seconds(seconds: u64) -> Instant {
        Instant(seconds)
    }

    pub(super) fn of_milliseconds(milliseconds: u64) -> Instant {
        Instant(milliseconds / 1_000)
    }

    pub(super) fn seconds(self) -> u64 {
        self.0
    }

    pub(super) fn plus(self, seconds: u64) -> Instant {
        Instant(self.0.saturating_add(seconds))
    }

    pub(super) fn minus(self, seconds: u64) -> Instant {
        Instant(self.0.saturating_sub(seconds))
    }

    /// Seconds from `earlier` to here; 0 where it is later.
    pub(super) fn since(self, earlier: Instant) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Reads `2026-11-27T03:45:00Z`, with or without fractions, in universal time.
    pub(super) fn read(text: &str) -> Option<Instant> {
        let (date, time) = text.trim().split_once(['T', ' '])?;
        let time = ["Z", "+00:00", "UTC"].iter().find_map(|zone| time.strip_suffix(zone))?;
        let time = time.split('.').next()?;
        let [year, month, day] = numbers(date, '-')?;
        let [hour, minute, second] = numbers(time, ':')?;
        let sane =
            (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second <= 60;
        let days = Timestamp::days_until(year, month, day).filter(|_| sane)?;
        Some(Instant(days * 86_400 + hour * 3_600 + minute * 60 + second))
    }
}

/// `2026-11-27T03:45:00Z`
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = Timestamp(self.0.saturating_mul(1_000_000)).date();
        let (hour, minute, second) = (self.0 / 3_600 % 24, self.0 / 60 % 60, self.0 % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

fn numbers(text: &str, mark: char) -> Option<[u64; 3]> {
    let numbers: Vec<u64> = text.split(mark).map(str::parse).collect::<Result<_, _>>().ok()?;
    numbers.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2000-02-29T00:00:00Z", Some(951_782_400)),
            ("2024-12-31T23:59:59.123Z", Some(1_735_689_599)),
            ("2100-03-01T00:00:00+00:00", Some(4_107_542_400)),
            ("2000-02-29 00:00:00UTC", Some(951_782_400)),
            ("2024-12-31T23:59:59", None),
            ("2024-12-31T23:59:59+02:00", None),
            ("2024-13-31T23:59:59Z", None),
            ("soon", None),
        ] {
            assert_eq!(Instant::read(text).map(Instant::seconds), seconds, "{text}");
        }
    }

    #[test]
    fn what_is_written_reads_the_same() {
        assert_eq!(Instant(951_782_400).to_string(), "2000-02-29T00:00:00Z");
        for day in 0..60_000 {
            let instant = Instant(day * 86_400 + day);
            assert_eq!(Instant::read(&instant.to_string()), Some(instant));
        }
    }
}
