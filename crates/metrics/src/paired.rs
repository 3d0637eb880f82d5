//! The paired bootstrap: is one system better than another on the same lists?
//!
//! ```text
//! d_i = first_i - second_i            difference = mean d,  interval and share over resamples of the lists
//! ```
//!
//! Lists differ much more from one another than systems do on one list. Resampling lists, each with the values of both
//! systems, leaves that common part out; two intervals side by side would contain it twice.

use crate::{Bootstrap, Estimate, Groups, MetricsError};

/// How much one system's mean is above another's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// The mean of first − second, with its 95% interval.
    pub mean: Estimate,
    /// The share of resamples in which the first was not better: the difference was 0 or less. Without resamples, whether
    /// that is so of the lists as they are.
    pub not_above: f64,
}

impl Bootstrap {
    /// The difference of two systems' values on the same lists, in the same order, those of a group drawn together; `None` of no
    /// lists.
    ///
    /// ```
    /// use nar4rec_metrics::{Bootstrap, Groups};
    /// let (first, second) = ([0.9, 0.4, 0.7, 0.2], [0.8, 0.3, 0.7, 0.1]);
    /// let difference = Bootstrap::default().difference(&first, &second, &Groups::single(4))?.expect("there are lists");
    /// assert!((difference.mean.value - 0.075).abs() < 1e-12);
    /// // Only the third list drawn four times leaves the two alike: once in 256.
    /// assert!(difference.mean.low > 0.0 && difference.not_above < 0.02);
    /// # Ok::<(), nar4rec_metrics::MetricsError>(())
    /// ```
    ///
    /// # Errors
    /// If there are not as many values of each, or one is not finite.
    ///
    /// # Panics
    /// If there are not as many lists in the groups.
    pub fn difference(
        &self,
        first: &[f64],
        second: &[f64],
        groups: &Groups,
    ) -> Result<Option<Difference>, MetricsError> {
        if first.len() != second.len() {
            return Err(MetricsError::Pairs { first: first.len(), second: second.len() });
        }
        assert_eq!(first.len(), groups.lists(), "one group of each list");
        let mut differences = Vec::with_capacity(first.len());
        for (index, (a, b)) in first.iter().zip(second).enumerate() {
            if let Some(&value) = [a, b].into_iter().find(|value| !value.is_finite()) {
                return Err(MetricsError::Value { index, value });
            }
            differences.push(a - b);
        }
        let Some((mean, resampled)) = self.resample(groups, |counts| mean(&differences, counts)) else {
            return Ok(None);
        };
        let values = if resampled.is_empty() { &[mean.value][..] } else { &resampled };
        let not_above = values.partition_point(|&difference| difference <= 0.0);
        Ok(Some(Difference { mean, not_above: not_above as f64 / values.len() as f64 }))
    }

    /// The mean of values, one a list; `None` of no lists.
    pub(crate) fn mean(&self, values: &[f64]) -> Option<Estimate> {
        self.estimate(values.len(), |counts| mean(values, counts))
    }
}

/// The mean of values that count so often.
fn mean(values: &[f64], counts: &[u32]) -> Option<f64> {
    let sum: f64 = values.iter().zip(counts).map(|(value, &count)| value * f64::from(count)).sum();
    let drawn: f64 = counts.iter().map(|&count| f64::from(count)).sum();
    (drawn > 0.0).then(|| sum / drawn)
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    use super::*;

    fn values(seed: usize, lists: usize) -> Vec<f64> {
        (0..lists).map(|list| ((list * 7919 + seed * 104_729) % 1009) as f64 / 1009.0).collect()
    }

    /// The difference of lists each by itself.
    fn difference(bootstrap: Bootstrap, first: &[f64], second: &[f64]) -> Result<Option<Difference>, MetricsError> {
        bootstrap.difference(first, second, &Groups::single(first.len()))
    }

    /// Every resample written out: the lists drawn, the two means, their difference, a sort.
    fn naive(bootstrap: Bootstrap, first: &[f64], second: &[f64]) -> (Vec<f64>, f64) {
        let mut rng = Pcg64Mcg::seed_from_u64(bootstrap.seed);
        let lists = first.len();
        let mut differences = Vec::new();
        for _ in 0..bootstrap.resamples {
            let drawn: Vec<usize> = (0..lists).map(|_| rng.random_range(0..lists as u32) as usize).collect();
            let mean = |values: &[f64]| drawn.iter().map(|&list| values[list]).sum::<f64>() / lists as f64;
            differences.push(mean(first) - mean(second));
        }
        differences.sort_by(f64::total_cmp);
        let not_above = differences.iter().filter(|&&difference| difference <= 0.0).count();
        (differences, not_above as f64 / bootstrap.resamples as f64)
    }

    #[test]
    fn it_is_what_writing_every_resample_out_gives() {
        let (first, second) = (values(1, 60), values(2, 60));
        let bootstrap = Bootstrap { resamples: 401, seed: 9 };
        let found = difference(bootstrap, &first, &second).unwrap().unwrap();
        let (differences, not_above) = naive(bootstrap, &first, &second);
        // Quantiles of 401 values stand on whole places: 10 and 390 of 0 to 400.
        let ends = [found.mean.low - differences[10], found.mean.high - differences[390]];
        assert!(ends.iter().all(|end| end.abs() < 1e-12), "{ends:?}");
        assert_eq!(found.not_above, not_above);
        assert!(not_above > 0.0 && not_above < 1.0);
    }

    #[test]
    fn a_small_gain_on_every_list_is_beyond_doubt_only_in_pairs() {
        let second = values(3, 100);
        let first: Vec<f64> =
            second.iter().enumerate().map(|(list, value)| value + 0.01 + 0.001 * (list % 3) as f64).collect();
        let bootstrap = Bootstrap::default();
        let found = difference(bootstrap, &first, &second).unwrap().unwrap();
        assert!(found.mean.low > 0.0 && found.not_above == 0.0, "{found:?}");
        assert!(bootstrap.mean(&first).unwrap().low < bootstrap.mean(&second).unwrap().high);
        let turned = difference(bootstrap, &second, &first).unwrap().unwrap();
        assert_eq!((turned.mean.value, turned.not_above), (-found.mean.value, 1.0));
    }

    #[test]
    fn the_same_system_is_never_above_itself() {
        let same = difference(Bootstrap::default(), &values(4, 20), &values(4, 20)).unwrap().unwrap();
        assert_eq!((same.mean.low, same.mean.high, same.not_above), (0.0, 0.0, 1.0));
        let none = Bootstrap { resamples: 0, seed: 0 };
        assert_eq!(difference(none, &[1.0], &[0.5]).unwrap().unwrap().not_above, 0.0);
        assert_eq!(difference(none, &[], &[]), Ok(None));
    }

    #[test]
    fn the_seed_decides() {
        let with_seed = |seed| difference(Bootstrap { seed, ..Bootstrap::default() }, &values(1, 30), &values(2, 30));
        assert_eq!(with_seed(1), with_seed(1));
        assert_ne!(with_seed(1), with_seed(2));
    }

    #[test]
    fn what_is_refused_is_named() {
        let message =
            |first: &[f64], second: &[f64]| difference(Bootstrap::default(), first, second).unwrap_err().to_string();
        assert_eq!(message(&[1.0], &[]), "1 values in the first row but 0 in the second, expected as many in each");
        assert_eq!(message(&[1.0, 2.0], &[1.0, f64::NAN]), "value 1 is NaN, expected a finite number");
    }
}
