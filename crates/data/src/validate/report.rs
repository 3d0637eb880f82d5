//! What a validation found, as numbers.

use serde::Serialize;

use super::{Distinct, FeatureReport, NumberRange};
use crate::Split;

/// What a data set holds and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ValidationReport {
    /// The splits that exist, in order of time.
    pub splits: Vec<SplitReport>,
    /// The item catalog, if there is one.
    pub catalog: Option<CatalogReport>,
    /// Distinct user ids.
    pub users: Distinct,
    /// Distinct items among the candidates.
    pub candidate_items: Distinct,
    /// Distinct request ids.
    pub requests: Distinct,
    /// Lines whose request id stood on an earlier line, as far as ids are counted.
    pub repeated_requests: u64,
    /// The first of them.
    pub first_repeated_request: Option<String>,
    /// Whether there were more feature names than are looked at.
    pub names_left_out: bool,
    /// The features, by level and name.
    pub features: Vec<FeatureReport>,
    /// What is allowed but looks like a mistake.
    pub warnings: Vec<String>,
    /// The first errors, each with file, line and field.
    pub errors: Vec<String>,
    /// The number of all errors.
    pub error_count: u64,
}

/// One split.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SplitReport {
    /// Which one.
    pub split: Split,
    /// Lists read without error.
    pub lists: u64,
    /// Lines with an error, and 1 if the file is truncated.
    pub bad_lines: u64,
    /// Candidates per list.
    pub candidates: Option<NumberRange>,
    /// Shown items per list.
    pub shown: Option<NumberRange>,
    /// The share of candidates that the catalog holds; none without a catalog.
    pub candidates_in_catalog: Option<f64>,
    /// First and last timestamp.
    pub time: Option<TimeRange>,
    /// Lists without a timestamp.
    pub lists_without_time: u64,
    /// Lists of which no candidate has a score.
    pub lists_without_score: u64,
    /// Lists of which some candidates have a score and some have not.
    pub lists_partly_scored: u64,
    /// Lists whose candidates were all shown.
    pub lists_without_choice: u64,
    /// Lists of which no shown item has feedback.
    pub lists_without_feedback: u64,
    /// The kinds of feedback.
    pub feedback: Vec<KindReport>,
    /// Whether there were more kinds than are looked at.
    pub kinds_left_out: bool,
}

/// One kind of feedback in one split.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KindReport {
    /// Its name.
    pub kind: String,
    /// On how many shown items it was observed, and its values; the mean of a 0/1 kind is its rate.
    pub values: NumberRange,
}

/// Seconds since 1970, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TimeRange {
    /// The earliest.
    pub first: i64,
    /// The latest.
    pub last: i64,
}

/// The item catalog.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CatalogReport {
    /// Items read without error.
    pub items: u64,
    /// Lines with an error, and 1 if the file is truncated.
    pub bad_lines: u64,
}

impl SplitReport {
    pub(super) fn new(split: Split) -> Self {
        Self {
            split,
            lists: 0,
            bad_lines: 0,
            candidates: None,
            shown: None,
            candidates_in_catalog: None,
            time: None,
            lists_without_time: 0,
            lists_without_score: 0,
            lists_partly_scored: 0,
            lists_without_choice: 0,
            lists_without_feedback: 0,
            feedback: Vec::new(),
            kinds_left_out: false,
        }
    }

    pub(super) fn add_time(&mut self, timestamp: Option<i64>) {
        let Some(time) = timestamp else {
            self.lists_without_time += 1;
            return;
        };
        let range = self.time.get_or_insert(TimeRange { first: time, last: time });
        *range = TimeRange { first: range.first.min(time), last: range.last.max(time) };
    }
}

impl ValidationReport {
    /// Whether no line is bad.
    pub fn is_valid(&self) -> bool {
        self.error_count == 0
    }
}
