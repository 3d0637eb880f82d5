//! Counting in bounded memory.

use std::collections::HashSet;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Serialize;

/// A 64-bit hash that is the same in every run of one build: a set of hashes counts strings in 8 bytes each, and among
/// a million of them two collide once in 37 million data sets.
pub(crate) fn hash<T: Hash + ?Sized>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// A number of distinct values, exact up to the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Distinct {
    /// The number, or the limit at which counting stopped.
    pub count: u64,
    /// Whether counting stopped.
    pub or_more: bool,
}

impl fmt::Display for Distinct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&if self.or_more { format!("≥ {}", self.count) } else { self.count.to_string() })
    }
}

/// Counts distinct values up to a limit.
pub(super) struct DistinctSet {
    seen: HashSet<u64>,
    limit: usize,
    or_more: bool,
}

impl DistinctSet {
    pub(super) fn new(limit: usize) -> Self {
        Self { seen: HashSet::new(), limit, or_more: false }
    }

    /// Whether `value` is new; none if the set is full and does not know it.
    pub(super) fn insert<T: Hash + ?Sized>(&mut self, value: &T) -> Option<bool> {
        let value = hash(value);
        if self.seen.contains(&value) {
            return Some(false);
        }
        if self.seen.len() == self.limit {
            self.or_more = true;
            return None;
        }
        self.seen.insert(value);
        Some(true)
    }

    pub(super) fn distinct(&self) -> Distinct {
        Distinct { count: self.seen.len() as u64, or_more: self.or_more }
    }
}

/// How many numbers, and their range.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct NumberRange {
    /// How many.
    pub count: u64,
    /// The least.
    pub min: f64,
    /// The mean.
    pub mean: f64,
    /// The greatest.
    pub max: f64,
}

/// Minimum, mean and maximum of numbers as they pass by.
#[derive(Debug, Clone, Default)]
pub(super) struct Running {
    count: u64,
    sum: f64,
    min: f64,
    max: f64,
}

impl Running {
    pub(super) fn add(&mut self, value: f64) {
        (self.min, self.max) =
            if self.count == 0 { (value, value) } else { (self.min.min(value), self.max.max(value)) };
        self.count += 1;
        self.sum += value;
    }

    /// None if there were no numbers.
    pub(super) fn range(&self) -> Option<NumberRange> {
        let Self { count, sum, min, max } = *self;
        (count > 0).then(|| NumberRange { count, min, mean: sum / count as f64, max })
    }
}

/// The first few errors and the number of all.
pub(super) struct Problems {
    first: Vec<String>,
    count: u64,
    limit: usize,
}

impl Problems {
    pub(super) fn new(limit: usize) -> Self {
        Self { first: Vec::new(), count: 0, limit }
    }

    pub(super) fn add(&mut self, problem: String) {
        self.count += 1;
        if self.first.len() < self.limit {
            self.first.push(problem);
        }
    }

    /// Counts an error whose like is listed already.
    pub(super) fn count_only(&mut self) {
        self.count += 1;
    }

    pub(super) fn into_parts(self) -> (Vec<String>, u64) {
        (self.first, self.count)
    }
}
