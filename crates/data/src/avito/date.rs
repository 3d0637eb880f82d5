//! Days and times of the log: `2015-05-10`, `2015-05-10 18:11:01.0`. The log states no time zone; it is read as if it were
//! UTC, so that its days stay days.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use time::format_description::BorrowedFormatItem;
use time::macros::{date, format_description};
use time::{Date, Duration, PrimitiveDateTime, UtcDateTime};

pub(super) const DAY_SECONDS: u32 = 86_400;

const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
const TIME: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");

/// A day, from 1970 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Day(Date);

/// A text that is no day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("found {0:?}, expected a day such as 2015-04-28")]
pub struct NotADay(String);

impl Day {
    /// The first day of Avito's published protocol.
    pub(super) const AVITO: Self = Self(date!(2015 - 04 - 28));

    /// The day of a time in seconds since 1970.
    pub(super) fn of(seconds: u32) -> Self {
        Self(UtcDateTime::UNIX_EPOCH.saturating_add(Duration::seconds(seconds.into())).date())
    }

    /// How many days after another day it is.
    pub(super) fn since(self, earlier: Self) -> i64 {
        (self.0 - earlier.0).whole_days()
    }

    /// The day so many days later, or the last that there is.
    pub(super) fn plus(self, days: u32) -> Self {
        Self(self.0.saturating_add(Duration::days(days.into())))
    }
}

impl FromStr for Day {
    type Err = NotADay;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let day = Date::parse(text, DAY).ok().filter(|day| is_unsigned(text) && is_in_range(*day));
        day.map(Self).ok_or_else(|| NotADay(text.to_owned()))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

impl TryFrom<String> for Day {
    type Error = NotADay;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// Seconds since 1970 of a day and a time of it, with or without a fraction, which is dropped.
pub(super) fn seconds(text: &str) -> Option<u32> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let time = PrimitiveDateTime::parse(whole, TIME).ok()?;
    let is_time = is_unsigned(whole) && is_in_range(time.date()) && fraction.bytes().all(|byte| byte.is_ascii_digit());
    is_time.then(|| u32::try_from(time.as_utc().unix_timestamp()).ok())?
}

/// Years may be read with a sign, which no log has.
fn is_unsigned(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit())
}

/// All seconds of such a day are numbers of 32 bits.
fn is_in_range(day: Date) -> bool {
    (1970..=2105).contains(&day.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_are_read_and_written() {
        assert_eq!("2015-04-28".parse(), Ok(Day::AVITO));
        assert_eq!(Day::AVITO.to_string(), "2015-04-28");
        for day in ["1970-01-01", "2000-02-29", "2015-12-31", "2100-03-01", "2105-12-31"] {
            assert_eq!(day.parse::<Day>().unwrap().to_string(), day);
        }
        // `date -u -d '2015-05-10 18:11:01' +%s`
        assert_eq!(seconds("2015-05-10 18:11:01.0"), Some(1_431_281_461));
        assert_eq!(seconds("2015-05-10 18:11:01"), Some(1_431_281_461));
    }

    #[test]
    fn what_is_no_day_or_time_is_told() {
        for text in [
            "",
            "2015",
            "2015-4-28",
            "2015-02-29",
            "2015-13-01",
            "2015-00-01",
            "1969-12-31",
            "2015-04-28-1",
            "+2015-04-28",
        ] {
            assert_eq!(text.parse::<Day>(), Err(NotADay(text.to_owned())));
        }
        for text in [
            "",
            "2015-05-10",
            "2015-05-10 18:11",
            "2015-05-10 24:00:00",
            "2015-05-10 1:00:00",
            "2015-05-10 18:11:01.x",
            "+2015-05-10 18:11:01",
            "2015-06-30 23:59:60",
            "2106-01-01 00:00:00",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
