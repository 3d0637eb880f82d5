//! Days and times of the log: `2015-05-10`, `2015-05-10 18:11:01.0`. The log states no time zone; it is read as if it were
//! UTC, so that its days stay days.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub(super) const DAY_SECONDS: u32 = 86_400;

/// A day, as the number of days since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Day(u32);

/// A text that is no day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("found {0:?}, expected a day such as 2015-04-28")]
pub struct NotADay(String);

impl Day {
    /// The first day of Avito's published protocol.
    pub(super) const AVITO: Self = Self(16_553);

    pub(super) fn of(seconds: u32) -> Self {
        Self(seconds / DAY_SECONDS)
    }

    /// How many days after another day it is.
    pub(super) fn since(self, earlier: Self) -> i64 {
        i64::from(self.0) - i64::from(earlier.0)
    }

    pub(super) fn plus(self, days: u32) -> Self {
        Self(self.0.saturating_add(days))
    }
}

impl FromStr for Day {
    type Err = NotADay;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let day = || {
            let mut parts = text.split('-');
            let mut part = |digits: usize| parts.next().filter(|part| part.len() == digits).and_then(whole);
            let (year, month, day) = (part(4)?, part(2)?, part(2)?);
            (parts.next().is_none()).then_some((year, month, day))
        };
        let (year, month, day) = day().ok_or_else(|| NotADay(text.to_owned()))?;
        days_since_1970(year, month, day).map(Self).ok_or_else(|| NotADay(text.to_owned()))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Years of 366 days are few enough that counting them is quick.
        let (mut year, mut left) = (1970, self.0);
        while left >= year_length(year) {
            left -= year_length(year);
            year += 1;
        }
        let mut month = 1;
        while left >= month_length(year, month) {
            left -= month_length(year, month);
            month += 1;
        }
        write!(f, "{year:04}-{month:02}-{:02}", left + 1)
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
    let (day, time) = text.split_once(' ')?;
    let day: Day = day.parse().ok()?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
    let mut parts = time.split(':').map(|part| Some(part).filter(|part| part.len() == 2).and_then(whole));
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    let in_range = hour < 24 && minute < 60 && second < 60 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let within = hour * 3600 + minute * 60 + second;
    (in_range && parts.next().is_none()).then_some(day.0.checked_mul(DAY_SECONDS)?.checked_add(within)?)
}

fn whole(digits: &str) -> Option<u32> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

fn days_since_1970(year: u32, month: u32, day: u32) -> Option<u32> {
    let exists = (1970..=2105).contains(&year) && (1..=12).contains(&month);
    if !exists || !(1..=month_length(year, month)).contains(&day) {
        return None;
    }
    let years: u32 = (1970..year).map(year_length).sum();
    let months: u32 = (1..month).map(|month| month_length(year, month)).sum();
    Some(years + months + day - 1)
}

fn is_leap(year: u32) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn year_length(year: u32) -> u32 {
    if is_leap(year) { 366 } else { 365 }
}

fn month_length(year: u32, month: u32) -> u32 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
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
        for text in ["", "2015", "2015-4-28", "2015-02-29", "2015-13-01", "2015-00-01", "1969-12-31", "2015-04-28-1"] {
            assert_eq!(text.parse::<Day>(), Err(NotADay(text.to_owned())));
        }
        for text in
            ["", "2015-05-10", "2015-05-10 18:11", "2015-05-10 24:00:00", "2015-05-10 1:00:00", "2015-05-10 18:11:01.x"]
        {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
