//! Points in time, dates as others write them, and how long something took in words.

use std::time::Duration;

use serde::Deserialize;

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

/// A duration in words, to the millisecond: `0.3 seconds`. Without the floating point of `Duration`'s own forms, which a
/// guest would carry for this alone.
pub(crate) fn in_seconds(time: Duration) -> String {
    let seconds = format!("{}.{:03}", time.as_secs(), time.subsec_millis());
    format!("{} seconds", seconds.trim_end_matches('0').trim_end_matches('.'))
}

/// The months as HTTP names them.
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fn number(digits: &str) -> Option<u64> {
    digits.parse::<u16>().ok().map(u64::from)
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

    #[test]
    fn a_duration_is_told_in_seconds() {
        for (milliseconds, words) in
            [(300_000, "300 seconds"), (300, "0.3 seconds"), (1_050, "1.05 seconds"), (0, "0 seconds")]
        {
            assert_eq!(in_seconds(Duration::from_millis(milliseconds)), words);
        }
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
