//! 95% intervals by the percentile bootstrap over lists.
//!
//! A resample draws as many lists as there are, with replacement; what a statistic sees of it is how often each list was
//! drawn. The interval runs from the 2.5% to the 97.5% quantile (linear interpolation) of the statistic over the resamples.
//! Draws depend on the seed and the groups alone, so statistics of the same lists are measured on the same resamples: a
//! statistic that is the difference of two systems gives a paired interval, as [`Bootstrap::difference`] does.
//!
//! Lists of one group ([`Groups`]) are drawn together, as many groups as there are: where a log has the same request many
//! times over, its lists are no new evidence one by one, and an interval over them would be too narrow.

use std::{collections::HashMap, hash::Hash};

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// How many times to resample and from which seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bootstrap {
    /// The number of resamples; with none, an interval is its value alone.
    pub resamples: usize,
    /// The seed of the draws.
    pub seed: u64,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self { resamples: 1000, seed: 0 }
    }
}

/// A value measured on all lists and its 95% interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The statistic of the lists as they are.
    pub value: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
}

/// Which lists are drawn together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Groups {
    /// Of each list the number of its group.
    of: Vec<u32>,
    count: u32,
}

impl Groups {
    /// So many lists, each by itself.
    ///
    /// # Panics
    /// If they are more than a `u32` counts.
    pub fn single(lists: usize) -> Self {
        let count = u32::try_from(lists).expect("each list is numbered by a u32");
        Self { of: (0..count).collect(), count }
    }

    /// Lists with these numbers: those with the same number are one group. Groups count in the order of their first lists.
    pub fn of<K: Eq + Hash>(keys: impl IntoIterator<Item = K>) -> Self {
        let mut numbers: HashMap<K, u32> = HashMap::new();
        let mut number = |key| {
            let next = numbers.len() as u32;
            *numbers.entry(key).or_insert(next)
        };
        let of: Vec<u32> = keys.into_iter().map(&mut number).collect();
        Self { of, count: numbers.len() as u32 }
    }

    /// Of each list the number of its group, from 0.
    pub fn numbers(&self) -> &[u32] {
        &self.of
    }

    /// The number of lists.
    pub fn lists(&self) -> usize {
        self.of.len()
    }
}

impl Bootstrap {
    /// The estimate of a statistic of `lists` lists, each drawn by itself. `statistic` is given how often each list counts;
    /// where it has no value for a resample (such as an AUC without a positive) that resample is left out. `None` if it has
    /// no value for the lists as they are.
    ///
    /// ```
    /// use nar4rec_metrics::Bootstrap;
    /// let lengths = [3.0, 5.0, 4.0];
    /// let mean = |weights: &[u32]| {
    ///     let sum: f64 = lengths.iter().zip(weights).map(|(length, &weight)| length * f64::from(weight)).sum();
    ///     Some(sum / 3.0)
    /// };
    /// let estimate = Bootstrap::default().estimate(3, mean).expect("a mean of three has a value");
    /// assert_eq!(estimate.value, 4.0);
    /// assert!(estimate.low >= 3.0 && estimate.high <= 5.0);
    /// ```
    pub fn estimate(&self, lists: usize, statistic: impl Fn(&[u32]) -> Option<f64>) -> Option<Estimate> {
        self.in_groups(&Groups::single(lists), statistic)
    }

    /// The same of lists that are drawn in groups.
    pub(crate) fn in_groups(&self, groups: &Groups, statistic: impl Fn(&[u32]) -> Option<f64>) -> Option<Estimate> {
        Some(self.resample(groups, statistic)?.0)
    }

    /// The estimate, and the statistic of every resample in rising order.
    pub(crate) fn resample(
        &self,
        groups: &Groups,
        statistic: impl Fn(&[u32]) -> Option<f64>,
    ) -> Option<(Estimate, Vec<f64>)> {
        let value = statistic(&vec![1; groups.lists()])?;
        let mut rng = Pcg64Mcg::seed_from_u64(self.seed);
        let (mut drawn, mut weights) = (vec![0u32; groups.count as usize], vec![0u32; groups.lists()]);
        let mut values = Vec::with_capacity(self.resamples);
        for _ in 0..self.resamples {
            drawn.fill(0);
            for _ in 0..groups.count {
                drawn[rng.random_range(0..groups.count) as usize] += 1;
            }
            weights.iter_mut().zip(&groups.of).for_each(|(weight, group)| *weight = drawn[*group as usize]);
            values.extend(statistic(&weights));
        }
        values.sort_by(f64::total_cmp);
        let end = |share| quantile(&values, share).unwrap_or(value);
        Some((Estimate { value, low: end(0.025), high: end(0.975) }, values))
    }
}

/// The quantile of sorted values, interpolated between neighbours; `None` of nothing.
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let place = share * sorted.len().checked_sub(1)? as f64;
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    Some(sorted[below] + (sorted[above] - sorted[below]) * place.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(values: &[f64]) -> impl Fn(&[u32]) -> Option<f64> {
        move |weights| {
            let total: u32 = weights.iter().sum();
            let sum: f64 = values.iter().zip(weights).map(|(value, &weight)| value * f64::from(weight)).sum();
            (total > 0).then(|| sum / f64::from(total))
        }
    }

    #[test]
    fn quantiles_interpolate() {
        let values = [1.0, 2.0, 4.0];
        assert_eq!([0.0, 0.25, 0.5, 0.75, 1.0].map(|s| quantile(&values, s).unwrap()), [1.0, 1.5, 2.0, 3.0, 4.0]);
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn every_resample_draws_as_many_lists_as_there_are() {
        let drawn = Bootstrap::default().estimate(17, |weights| Some(f64::from(weights.iter().sum::<u32>())));
        assert_eq!(drawn, Some(Estimate { value: 17.0, low: 17.0, high: 17.0 }));
    }

    #[test]
    fn lists_of_a_group_are_drawn_together() {
        let groups = Groups::of([7, 3, 7, 7]);
        assert_eq!(groups, Groups { of: vec![0, 1, 0, 0], count: 2 });
        let (_, sums) = Bootstrap::default()
            .resample(&groups, |weights| {
                assert!(weights[0] == weights[2] && weights[0] == weights[3] && weights[0] + weights[1] == 2);
                Some(f64::from(weights.iter().sum::<u32>()))
            })
            .unwrap();
        // The lists of the first group twice, of the second twice, or of each once.
        assert!([2.0, 4.0, 6.0].iter().all(|sum| sums.contains(sum)) && sums.iter().all(|sum| sum % 2.0 == 0.0));
        assert_eq!(Groups::of(0..5), Groups::single(5));
    }

    #[test]
    fn repeated_lists_are_no_new_evidence() {
        let values: Vec<f64> = (0..20).map(|i| f64::from(i * 7 % 20)).collect();
        let repeated: Vec<f64> = values.iter().flat_map(|value| [*value; 30]).collect();
        let groups = Groups::of((0..20).flat_map(|list| [list; 30]));
        let once = Bootstrap::default().estimate(20, mean(&values)).unwrap();
        let (often, _) = Bootstrap::default().resample(&groups, mean(&repeated)).unwrap();
        let close = |a: f64, b: f64| (a - b).abs() < 1e-12;
        assert!(close(once.value, often.value) && close(once.low, often.low) && close(once.high, often.high));
        let naive = Bootstrap::default().estimate(600, mean(&repeated)).unwrap();
        assert!(naive.high - naive.low < 0.3 * (often.high - often.low), "{naive:?} {often:?}");
    }

    #[test]
    fn the_interval_of_a_mean_is_near_the_normal_one() {
        // 400 values of 0 or 1, three of ten 1: the standard error is sqrt(0.3 · 0.7 / 400) = 0.0229.
        let values: Vec<f64> = (0..400).map(|i| f64::from(u8::from(i % 10 < 3))).collect();
        let found = Bootstrap::default().estimate(400, mean(&values)).unwrap();
        assert!((found.value - 0.3).abs() < 1e-12);
        assert!((found.low - (0.3 - 1.96 * 0.0229)).abs() < 0.006, "{found:?}");
        assert!((found.high - (0.3 + 1.96 * 0.0229)).abs() < 0.006, "{found:?}");
    }

    #[test]
    fn the_same_seed_gives_the_same_interval() {
        let values: Vec<f64> = (0..50).map(|i| f64::from(i * i % 17)).collect();
        let with_seed = |seed| Bootstrap { seed, ..Bootstrap::default() }.estimate(50, mean(&values)).unwrap();
        assert_eq!(with_seed(7), with_seed(7));
        assert_ne!(with_seed(7), with_seed(8));
    }

    #[test]
    fn resamples_without_a_value_are_left_out() {
        let only_with_first = |weights: &[u32]| (weights[0] > 0).then(|| f64::from(weights[0].min(1)));
        let found = Bootstrap::default().estimate(2, only_with_first);
        assert_eq!(found, Some(Estimate { value: 1.0, low: 1.0, high: 1.0 }));
        assert_eq!(Bootstrap::default().estimate(0, mean(&[])), None);
        let none = Bootstrap { resamples: 0, seed: 0 }.estimate(2, mean(&[1.0, 2.0]));
        assert_eq!(none, Some(Estimate { value: 1.5, low: 1.5, high: 1.5 }));
    }
}
