//! How lists, histories and splits are formed.

use serde::{Deserialize, Serialize};

use super::date::Day;
use super::ids::mixed;
use crate::{DataError, Split};

/// How lists, histories and splits are formed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AvitoOptions {
    /// Shown ads per list: a page with more or fewer is no list.
    pub slate: usize,
    /// How many of the user's pages before a list make the history.
    pub history: usize,
    /// The least number of ads of a list whose click is recorded.
    pub known_clicks: usize,
    /// The first day of training. Pages before it are history only.
    pub first_day: Day,
    /// Days from the first day on that are for training and validation.
    pub train_days: u32,
    /// How many of them, the last, are for validation.
    pub valid_days: u32,
    /// Days after these that are the test split; what comes later is left out.
    pub test_days: u32,
    /// The share of users, drawn at random, whose pages are converted.
    pub user_share: f64,
    /// Decides which users are drawn.
    pub seed: u64,
}

impl Default for AvitoOptions {
    fn default() -> Self {
        Self {
            slate: 5,
            history: 5,
            known_clicks: 1,
            first_day: Day::AVITO,
            train_days: 21,
            valid_days: 1,
            test_days: 7,
            user_share: 1.0,
            seed: 0,
        }
    }
}

impl AvitoOptions {
    pub(super) fn check(&self) -> Result<(), DataError> {
        let bad = |option, problem: String| Err(DataError::Option { option, problem });
        let most = nar4rec_slate::MAX_CANDIDATES;
        if !(1..=most).contains(&self.slate) {
            return bad("slate", format!("found {}, expected 1 to {most}", self.slate));
        }
        if self.known_clicks > self.slate {
            let problem = format!("found {}, expected at most the {} ads of a list", self.known_clicks, self.slate);
            return bad("known_clicks", problem);
        }
        if self.valid_days > self.train_days {
            let problem = format!("found {}, expected at most the {} training days", self.valid_days, self.train_days);
            return bad("valid_days", problem);
        }
        if !(self.user_share > 0.0 && self.user_share <= 1.0) {
            return bad("user_share", format!("found {}, expected more than 0 and at most 1", self.user_share));
        }
        Ok(())
    }

    /// The split of a day; none before the first. Later days than the last never get here.
    pub(super) fn split(&self, day: Day) -> Option<Split> {
        let day = u32::try_from(day.since(self.first_day)).ok()?;
        Some(match day {
            day if day < self.train_days - self.valid_days => Split::Train,
            day if day < self.train_days => Split::Valid,
            _ => Split::Test,
        })
    }

    pub(super) fn is_after_last_day(&self, day: Day) -> bool {
        day >= self.first_day.plus(self.train_days).plus(self.test_days)
    }

    /// Whether a user is drawn.
    pub(super) fn has_user(&self, user: u32) -> bool {
        // Thirty-two bits are exact as a double, and 1 is above all of them.
        ((mixed(user, self.seed) >> 32) as f64) < self.user_share * 2_f64.powi(32)
    }
}
