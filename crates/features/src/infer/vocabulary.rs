//! The distinct strings of a feature and how often each occurs, in bounded memory.
//!
//! While there are few, all are kept and everything is exact. Beyond [`CAPACITY`] only those remain whose hash begins
//! with one zero bit, then two, and so on: a sample of the distinct strings (Wegman's adaptive sampling). Which
//! strings are in it depends on their hashes alone, so their counts stay exact, the order of the data changes
//! nothing, and two vocabularies sample the same strings, which is what [`Vocabulary::share_in`] needs.

use std::collections::HashMap;

use crate::stable_hash;

/// The greatest number of strings kept.
const CAPACITY: usize = 1 << 18;

/// Distinct strings with their counts.
#[derive(Debug, Clone)]
pub(super) struct Vocabulary {
    counts: HashMap<Box<str>, u64>,
    /// How many zero bits begin the hash of each string that is kept.
    level: u32,
    capacity: usize,
}

impl Default for Vocabulary {
    fn default() -> Self {
        Self::with_capacity(CAPACITY)
    }
}

impl Vocabulary {
    fn with_capacity(capacity: usize) -> Self {
        Self { counts: HashMap::new(), level: 0, capacity }
    }

    /// Counts an occurrence.
    pub(super) fn push(&mut self, value: &str) {
        self.add(value, 1);
    }

    /// Takes note that a string exists, without counting an occurrence.
    pub(super) fn note(&mut self, value: &str) {
        self.add(value, 0);
    }

    fn add(&mut self, value: &str, occurrences: u64) {
        if let Some(count) = self.counts.get_mut(value) {
            *count += occurrences;
        } else if sampled(value, self.level) {
            self.counts.insert(value.into(), occurrences);
            while self.counts.len() > self.capacity && self.level < u64::BITS {
                self.level += 1;
                let level = self.level;
                self.counts.retain(|value, _| sampled(value, level));
            }
        }
    }

    /// Whether every distinct string was kept.
    pub(super) fn is_complete(&self) -> bool {
        self.level == 0
    }

    /// The only string there is, if there is only one.
    pub(super) fn sole(&self) -> Option<&str> {
        match (self.counts.len(), self.counts.keys().next()) {
            (1, Some(value)) if self.is_complete() => Some(value),
            _ => None,
        }
    }

    /// The strings that occur at least `min_count` times, sorted; of a sample, those in it.
    pub(super) fn frequent(&self, min_count: u64) -> Vec<String> {
        let frequent = self.counts.iter().filter(|&(_, &count)| count >= min_count.max(1));
        let mut values: Vec<String> = frequent.map(|(value, _)| value.to_string()).collect();
        values.sort_unstable();
        values
    }

    /// The share of occurrences, 0 to 1, whose string is in `other` too.
    pub(super) fn share_in(&self, other: &Self) -> f64 {
        let level = self.level.max(other.level);
        let (mut shared, mut all) = (0, 0);
        for (value, count) in self.counts.iter().filter(|(value, _)| sampled(value, level)) {
            all += count;
            shared += if other.counts.contains_key(value) { *count } else { 0 };
        }
        if all == 0 { 0.0 } else { shared as f64 / all as f64 }
    }
}

fn sampled(value: &str, level: u32) -> bool {
    level == 0 || stable_hash(value).leading_zeros() >= level
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each number of `range` as often as its last digit says.
    fn vocabulary(capacity: usize, range: std::ops::Range<u64>) -> Vocabulary {
        let mut vocabulary = Vocabulary::with_capacity(capacity);
        for i in range {
            vocabulary.add(&i.to_string(), i % 10);
        }
        vocabulary
    }

    #[test]
    fn few_strings_are_counted_exactly() {
        let vocabulary = vocabulary(100, 0..20);
        assert!(vocabulary.is_complete());
        assert_eq!(vocabulary.frequent(8), ["18", "19", "8", "9"]);
        assert_eq!(vocabulary.frequent(0).len(), 18, "0 and 10 never occurred");
    }

    #[test]
    fn many_strings_take_bounded_memory_and_keep_exact_counts() {
        let vocabulary = vocabulary(100, 0..10_000);
        assert!(!vocabulary.is_complete());
        assert!((30..=100).contains(&vocabulary.counts.len()), "{}", vocabulary.counts.len());
        assert!(vocabulary.counts.iter().all(|(value, &count)| count == value.parse::<u64>().unwrap() % 10));
    }

    #[test]
    fn the_order_of_the_data_changes_nothing() {
        let forwards = vocabulary(64, 0..5_000);
        let mut backwards = Vocabulary::with_capacity(64);
        (0..5_000_u64).rev().for_each(|i| backwards.add(&i.to_string(), i % 10));
        assert_eq!((forwards.counts, forwards.level), (backwards.counts, backwards.level));
    }

    #[test]
    fn the_share_in_another_survives_sampling() {
        let half = |capacity| vocabulary(capacity, 0..4_000).share_in(&vocabulary(capacity, 2_000..9_000));
        assert_eq!(half(100_000), 0.5);
        assert!((half(2_000) - 0.5).abs() < 0.1, "{}", half(2_000));
        assert_eq!(Vocabulary::default().share_in(&vocabulary(10, 0..5)), 0.0);
    }

    #[test]
    fn a_sole_string_is_told() {
        let mut vocabulary = Vocabulary::default();
        assert_eq!(vocabulary.sole(), None);
        vocabulary.push("x");
        vocabulary.push("x");
        assert_eq!(vocabulary.sole(), Some("x"));
        vocabulary.note("y");
        assert_eq!(vocabulary.sole(), None);
    }
}
