//! A check of every line of a data set, with counts that tell whether it is what its owner thinks it is.
//!
//! Memory is bounded whatever the size of the data: distinct values are counted in sets that stop growing at a limit
//! and then say "≥". Only the catalog's ids are all kept, as training does too.

mod features;
mod report;
mod tally;
mod text;
mod warnings;

use std::collections::{BTreeMap, HashSet};

use nar4rec_slate::{Features, Impression, Item};

pub use features::{FeatureReport, Level};
pub use report::{CatalogReport, KindReport, SplitReport, TimeRange, ValidationReport};
pub use tally::{Distinct, NumberRange};

use crate::{DataError, DataSet, JsonLines, Line, Split};
use features::{FeatureTable, Place};
use tally::{DistinctSet, Problems, Running, hash};

/// Limits of a validation.
#[derive(Debug, Clone)]
pub struct ValidateOptions {
    /// How many errors are listed; all are counted.
    pub max_errors: usize,
    /// Up to where distinct values of one feature are counted.
    pub max_distinct: usize,
    /// Up to where distinct users, items and request ids are counted.
    pub max_ids: usize,
    /// How many feature names of one level and kinds of feedback of one split are looked at.
    pub max_names: usize,
}

impl Default for ValidateOptions {
    fn default() -> Self {
        Self { max_errors: 20, max_distinct: 100_000, max_ids: 1_000_000, max_names: 1000 }
    }
}

/// Checks every line of every split and of the catalog.
///
/// # Errors
/// If a file cannot be opened. Bad lines and truncated files are no such error: the report lists them.
pub fn validate(data: &DataSet, options: &ValidateOptions) -> Result<ValidationReport, DataError> {
    let mut check = Check::new(options);
    if let Some(items) = data.items()? {
        check.catalog(items);
    }
    for split in Split::ALL {
        if data.has(split) {
            check.split(split, data.impressions(split)?);
        }
    }
    Ok(check.into_report())
}

/// What is counted while the lines pass by.
struct Check<'a> {
    options: &'a ValidateOptions,
    problems: Problems,
    features: FeatureTable,
    catalog: Option<(CatalogReport, HashSet<u64>)>,
    splits: Vec<SplitReport>,
    users: DistinctSet,
    items: DistinctSet,
    requests: DistinctSet,
    repeated_requests: u64,
    first_repeated: Option<String>,
}

impl<'a> Check<'a> {
    fn new(options: &'a ValidateOptions) -> Self {
        Self {
            options,
            problems: Problems::new(options.max_errors),
            features: FeatureTable::new(options.max_names, options.max_distinct),
            catalog: None,
            splits: Vec::new(),
            users: DistinctSet::new(options.max_ids),
            items: DistinctSet::new(options.max_ids),
            requests: DistinctSet::new(options.max_ids),
            repeated_requests: 0,
            first_repeated: None,
        }
    }

    fn catalog(&mut self, lines: JsonLines<Item>) {
        let file = lines.name().to_owned();
        let (mut report, mut ids) = (CatalogReport::default(), HashSet::new());
        for line in lines {
            match line {
                Err(error) => {
                    report.bad_lines += 1;
                    self.problems.add(error.to_string());
                }
                Ok(Line { number, value: item }) => {
                    report.items += 1;
                    ids.insert(hash(item.id.as_str()));
                    self.observe(Level::Item, &item.features, "", Place { file: &file, line: number });
                }
            }
        }
        self.features.end(Level::Item, report.items);
        self.catalog = Some((report, ids));
    }

    fn split(&mut self, split: Split, lines: JsonLines<Impression>) {
        let file = lines.name().to_owned();
        let mut tally = SplitTally::new(split);
        for line in lines {
            match line {
                Err(error) => {
                    tally.report.bad_lines += 1;
                    self.problems.add(error.to_string());
                }
                Ok(Line { number, value }) => self.impression(&value, &mut tally, Place { file: &file, line: number }),
            }
        }
        self.features.end(Level::User, tally.report.lists);
        self.features.end(Level::Candidate, tally.candidate_count);
        self.splits.push(tally.into_report());
    }

    fn impression(&mut self, impression: &Impression, tally: &mut SplitTally, place: Place<'_>) {
        let request = impression.request();
        if self.requests.insert(request.request_id()) == Some(false) {
            self.repeated_requests += 1;
            self.first_repeated.get_or_insert_with(|| format!("{:?} at {place}", request.request_id()));
        }
        if let Some(id) = &request.user().id {
            self.users.insert(id);
        }
        self.observe(Level::User, &request.user().features, "user.", place);
        for (index, candidate) in request.candidates().iter().enumerate() {
            self.items.insert(&candidate.id);
            if let Some((_, ids)) = &self.catalog {
                tally.in_catalog += u64::from(ids.contains(&hash(candidate.id.as_str())));
            }
            if !candidate.features.is_empty() {
                self.observe(Level::Candidate, &candidate.features, &format!("candidates[{index}]."), place);
            }
        }
        tally.add(impression, self.catalog.is_some(), self.options.max_names);
    }

    /// Looks at the features of one thing; `owner` stands before `features` in the field's name.
    fn observe(&mut self, level: Level, features: &Features, owner: &str, place: Place<'_>) {
        for (name, value) in features {
            if let Some(mismatch) = self.features.observe(level, name, value, place) {
                let text = format!("{place}: {owner}features.{name}: {}", mismatch.problem);
                if mismatch.first { self.problems.add(text) } else { self.problems.count_only() }
            }
        }
    }

    fn into_report(self) -> ValidationReport {
        let (errors, error_count) = self.problems.into_parts();
        let mut report = ValidationReport {
            splits: self.splits,
            catalog: self.catalog.map(|(report, _)| report),
            users: self.users.distinct(),
            candidate_items: self.items.distinct(),
            requests: self.requests.distinct(),
            repeated_requests: self.repeated_requests,
            first_repeated_request: self.first_repeated,
            names_left_out: self.features.names_left_out(),
            features: self.features.into_reports(),
            warnings: Vec::new(),
            errors,
            error_count,
        };
        report.warnings = warnings::warnings(&report);
        report
    }
}

/// What is counted within one split.
struct SplitTally {
    report: SplitReport,
    candidates: Running,
    shown: Running,
    kinds: BTreeMap<String, Running>,
    candidate_count: u64,
    in_catalog: u64,
    has_catalog: bool,
}

impl SplitTally {
    fn new(split: Split) -> Self {
        Self {
            report: SplitReport::new(split),
            candidates: Running::default(),
            shown: Running::default(),
            kinds: BTreeMap::new(),
            candidate_count: 0,
            in_catalog: 0,
            has_catalog: false,
        }
    }

    fn add(&mut self, impression: &Impression, has_catalog: bool, max_kinds: usize) {
        let (request, shown) = (impression.request(), impression.shown());
        let candidates = request.candidates();
        self.has_catalog = has_catalog;
        self.report.lists += 1;
        self.candidate_count += candidates.len() as u64;
        self.candidates.add(candidates.len() as f64);
        self.shown.add(shown.len() as f64);
        self.report.add_time(request.timestamp());
        let unscored = candidates.iter().filter(|candidate| candidate.score.is_none()).count();
        self.report.lists_without_score += u64::from(unscored == candidates.len());
        self.report.lists_partly_scored += u64::from(unscored > 0 && unscored < candidates.len());
        self.report.lists_without_choice += u64::from(shown.len() == candidates.len());
        self.report.lists_without_feedback += u64::from(shown.iter().all(|exposure| exposure.feedback.is_empty()));
        for (kind, &value) in shown.iter().flat_map(|exposure| &exposure.feedback) {
            if let Some(values) = self.kinds.get_mut(kind) {
                values.add(value);
            } else if self.kinds.len() < max_kinds {
                self.kinds.entry(kind.clone()).or_default().add(value);
            } else {
                self.report.kinds_left_out = true;
            }
        }
    }

    fn into_report(mut self) -> SplitReport {
        self.report.candidates = self.candidates.range();
        self.report.shown = self.shown.range();
        if self.has_catalog && self.candidate_count > 0 {
            self.report.candidates_in_catalog = Some(self.in_catalog as f64 / self.candidate_count as f64);
        }
        let kinds = self.kinds.into_iter();
        self.report.feedback =
            kinds.filter_map(|(kind, values)| Some(KindReport { kind, values: values.range()? })).collect();
        self.report
    }
}

#[cfg(test)]
mod tests;
