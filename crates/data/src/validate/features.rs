//! Which features occur at which level, of what kind, how often and with how many values.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use nar4rec_slate::FeatureValue;
use serde::Serialize;

use super::tally::{Distinct, DistinctSet, NumberRange, Running};

/// What a feature belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The user or the context.
    User,
    /// An item of the catalog.
    Item,
    /// A candidate of one request.
    Candidate,
}

impl Level {
    const ALL: [Self; 3] = [Self::User, Self::Item, Self::Candidate];

    /// The other level whose features join with this one's under the same names.
    fn joined(self) -> Option<Self> {
        match self {
            Self::User => None,
            Self::Item => Some(Self::Candidate),
            Self::Candidate => Some(Self::Item),
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::User => "user",
            Self::Item => "item",
            Self::Candidate => "candidate",
        })
    }
}

/// One feature as it occurs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FeatureReport {
    /// What it belongs to.
    pub level: Level,
    /// Its name.
    pub name: String,
    /// `a number`, `a string`, `a list of strings`, or `null` if it never has a value.
    pub kind: &'static str,
    /// How often it has a value.
    pub present: u64,
    /// The share of lists, items or candidates without it.
    pub missing_share: f64,
    /// Its distinct values; of a list, the distinct entries.
    pub distinct: Distinct,
    /// The range of a number.
    pub range: Option<NumberRange>,
}

/// A line of a file, for messages.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) file: &'a str,
    pub(super) line: u64,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// A value of another kind than the feature had before.
pub(super) struct Mismatch {
    pub(super) problem: String,
    /// Whether it is the first of this kind for this feature.
    pub(super) first: bool,
}

struct FeatureTally {
    /// The kind of the first value and where it stood.
    kind: Option<(&'static str, String)>,
    wrong_kinds: BTreeSet<&'static str>,
    present: u64,
    distinct: DistinctSet,
    numbers: Running,
}

/// All features of a data set.
pub(super) struct FeatureTable {
    tallies: [BTreeMap<String, FeatureTally>; 3],
    /// How many things there were at each level.
    totals: [u64; 3],
    max_names: usize,
    max_distinct: usize,
    names_left_out: bool,
}

impl FeatureTable {
    pub(super) fn new(max_names: usize, max_distinct: usize) -> Self {
        let tallies = [BTreeMap::new(), BTreeMap::new(), BTreeMap::new()];
        Self { tallies, totals: [0; 3], max_names, max_distinct, names_left_out: false }
    }

    /// Adds to the number of things that could have had features.
    pub(super) fn end(&mut self, level: Level, things: u64) {
        self.totals[level as usize] += things;
    }

    /// Whether there were more names than are looked at.
    pub(super) fn names_left_out(&self) -> bool {
        self.names_left_out
    }

    /// Counts one value; tells if its kind is not the one the feature had before.
    pub(super) fn observe(
        &mut self,
        level: Level,
        name: &str,
        value: &FeatureValue,
        place: Place<'_>,
    ) -> Option<Mismatch> {
        if !self.tallies[level as usize].contains_key(name) && !self.start(level, name) {
            return None;
        }
        let tally = self.tallies[level as usize].get_mut(name)?;
        if *value == FeatureValue::Missing {
            return None;
        }
        let (kind, since) = tally.kind.get_or_insert_with(|| (value.kind(), place.to_string()));
        if *kind != value.kind() {
            let problem = format!("found {}, expected {kind} as on {since}", value.kind());
            return Some(Mismatch { problem, first: tally.wrong_kinds.insert(value.kind()) });
        }
        tally.count(value);
        None
    }

    /// Makes room for a feature. It starts with the kind that the joined level's feature of that name has.
    fn start(&mut self, level: Level, name: &str) -> bool {
        if self.tallies[level as usize].len() == self.max_names {
            self.names_left_out = true;
            return false;
        }
        let joined = level.joined().and_then(|joined| self.tallies[joined as usize].get(name));
        let tally = FeatureTally {
            kind: joined.and_then(|tally| tally.kind.clone()),
            wrong_kinds: BTreeSet::new(),
            present: 0,
            distinct: DistinctSet::new(self.max_distinct),
            numbers: Running::default(),
        };
        self.tallies[level as usize].insert(name.to_owned(), tally);
        true
    }

    pub(super) fn into_reports(self) -> Vec<FeatureReport> {
        let mut reports = Vec::new();
        for ((level, tallies), total) in Level::ALL.into_iter().zip(self.tallies).zip(self.totals) {
            reports.extend(tallies.into_iter().map(|(name, tally)| tally.into_report(level, name, total)));
        }
        reports
    }
}

impl FeatureTally {
    fn count(&mut self, value: &FeatureValue) {
        self.present += 1;
        match value {
            FeatureValue::Missing => {}
            FeatureValue::Number(number) => {
                self.numbers.add(*number);
                self.distinct.insert(&number.to_bits());
            }
            FeatureValue::Text(text) => {
                self.distinct.insert(text.as_str());
            }
            FeatureValue::List(entries) => {
                for entry in entries {
                    self.distinct.insert(entry.as_str());
                }
            }
        }
    }

    fn into_report(self, level: Level, name: String, total: u64) -> FeatureReport {
        let missing = total.saturating_sub(self.present);
        FeatureReport {
            level,
            name,
            kind: self.kind.map_or(FeatureValue::Missing.kind(), |(kind, _)| kind),
            present: self.present,
            missing_share: if total == 0 { 0.0 } else { missing as f64 / total as f64 },
            distinct: self.distinct.distinct(),
            range: self.numbers.range(),
        }
    }
}
