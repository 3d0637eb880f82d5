//! Times in buckets: whatever their number they need the same memory, so that measuring long changes nothing.
//!
//! A bucket is as wide as 1/128 of its times, and stands for its middle: a percentile is right to half a per cent.

use std::time::Duration;

use serde::Serialize;

/// Buckets of one octave, as a power of two.
const PARTS: u32 = 7;

/// Times of 2^40 ns, 18 minutes, and more share the last bucket.
const LONGEST: u64 = (1 << 40) - 1;

/// How often which time was measured.
#[derive(Debug, Clone)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
    count: u64,
    sum: u128,
    max: u64,
}

/// What is told of a histogram, in microseconds. A percentile beyond which there is not one whole time is not known.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Latency {
    /// How many times were measured.
    pub(crate) count: u64,
    pub(crate) mean: f64,
    pub(crate) p50: Option<f64>,
    pub(crate) p90: Option<f64>,
    pub(crate) p99: Option<f64>,
    #[serde(rename = "p99.9")]
    pub(crate) p999: Option<f64>,
    pub(crate) max: f64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; bucket(LONGEST) + 1], count: 0, sum: 0, max: 0 }
    }
}

impl Histogram {
    /// Adds a time.
    pub(crate) fn record(&mut self, time: Duration) {
        let time = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.counts[bucket(time.min(LONGEST))] += 1;
        self.count += 1;
        self.sum += u128::from(time);
        self.max = self.max.max(time);
    }

    /// Adds the times of another.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(count, more)| *count += more);
        self.count += other.count;
        self.sum += other.sum;
        self.max = self.max.max(other.max);
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.counts.fill(0);
        (self.count, self.sum, self.max) = (0, 0, 0);
    }

    /// The time that this many of a thousand do not exceed, in microseconds: the nearest rank.
    fn percentile(&self, per_mille: u64) -> Option<f64> {
        if self.count * (1000 - per_mille) < 1000 {
            return None;
        }
        let rank = (self.count * per_mille).div_ceil(1000);
        let mut below = 0;
        let at = self.counts.iter().position(|count| {
            below += count;
            below >= rank
        })?;
        Some(middle(at).min(self.max as f64) / 1e3)
    }

    /// What is told of it; nothing where nothing was measured.
    pub(crate) fn latency(&self) -> Option<Latency> {
        (self.count > 0).then(|| Latency {
            count: self.count,
            mean: self.sum as f64 / self.count as f64 / 1e3,
            p50: self.percentile(500),
            p90: self.percentile(900),
            p99: self.percentile(990),
            p999: self.percentile(999),
            max: self.max as f64 / 1e3,
        })
    }
}

/// Where a time is counted: below 2^7 every nanosecond has its own bucket, above it every octave has 2^7.
fn bucket(time: u64) -> usize {
    let octave = time.checked_ilog2().unwrap_or(0).saturating_sub(PARTS);
    ((octave as usize) << PARTS) + (time >> octave) as usize
}

/// The time in the middle of a bucket.
fn middle(bucket: usize) -> f64 {
    let octave = (bucket >> PARTS).saturating_sub(1);
    let least = ((bucket - (octave << PARTS)) as u64) << octave;
    least as f64 + ((1_u64 << octave) - 1) as f64 / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(times: impl IntoIterator<Item = u64>) -> Histogram {
        let mut histogram = Histogram::default();
        times.into_iter().for_each(|time| histogram.record(Duration::from_nanos(time)));
        histogram
    }

    #[test]
    fn a_bucket_stands_for_its_times_to_half_a_per_cent_and_buckets_follow_each_other() {
        for time in (0..100_000).chain((0..40).map(|bits| (1 << bits) - 1)).chain((0..40).map(|bits| 1 << bits)) {
            let found = middle(bucket(time));
            assert!((found - time as f64).abs() <= 0.004 * time as f64, "{time}: {found}");
            assert!((0..=1).contains(&(bucket(time + 1) - bucket(time))), "{time}");
        }
    }

    #[test]
    fn percentiles_are_those_of_the_sorted_times() {
        let times: Vec<u64> = (1..=2000).map(|i| i * 1000).collect();
        let found = of(times.iter().rev().copied()).latency().unwrap();
        for (found, rank) in [(found.p50, 1000), (found.p90, 1800), (found.p99, 1980), (found.p999, 1998)] {
            let (found, expected) = (found.unwrap(), times[rank - 1] as f64 / 1e3);
            assert!((found - expected).abs() <= 0.004 * expected, "{found} {expected}");
        }
        assert_eq!((found.count, found.mean, found.max), (2000, 1000.5, 2000.0));
    }

    #[test]
    fn what_too_few_times_cannot_tell_is_left_open() {
        assert_eq!(of([]).latency(), None);
        let one = of([5000]).latency().unwrap();
        assert_eq!((one.p50, one.max, one.mean), (None, 5.0, 5.0));
        let hundred = of(1..=100).latency().unwrap();
        assert!(hundred.p99.is_some() && hundred.p999.is_none());
    }

    #[test]
    fn two_merged_are_one_of_both() {
        let mut merged = of(1..500);
        merged.merge(&of(500..=1000));
        assert_eq!(merged.latency(), of(1..=1000).latency());
        merged.clear();
        assert_eq!(merged.latency(), None);
    }
}
