//! 95% intervals by the percentile bootstrap over lists.
//!
//! A resample draws as many lists as there are, with replacement; what a statistic sees of it is how often each list was
//! drawn. The interval runs from the 2.5% to the 97.5% quantile (linear interpolation) of the statistic over the resamples.
//! Draws depend on the seed and the number of lists alone, so statistics of the same lists are measured on the same
//! resamples: a statistic that is the difference of two systems gives a paired interval, as [`Bootstrap::difference`] does.

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

impl Bootstrap {
    /// The estimate of a statistic of `lists` lists. `statistic` is given how often each list counts; where it has no
    /// value for a resample (such as an AUC without a positive) that resample is left out. `None` if it has no value for
    /// the lists as they are.
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
        Some(self.resample(lists, statistic)?.0)
    }

    /// The estimate, and the statistic of every resample in rising order.
    pub(crate) fn resample(
        &self,
        lists: usize,
        statistic: impl Fn(&[u32]) -> Option<f64>,
    ) -> Option<(Estimate, Vec<f64>)> {
        let value = statistic(&vec![1; lists])?;
        let count = u32::try_from(lists).expect("each list is numbered by a u32");
        let mut rng = Pcg64Mcg::seed_from_u64(self.seed);
        let mut weights = vec![0u32; lists];
        let mut values = Vec::with_capacity(self.resamples);
        for _ in 0..self.resamples {
            weights.fill(0);
            for _ in 0..lists {
                weights[rng.random_range(0..count) as usize] += 1;
            }
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
