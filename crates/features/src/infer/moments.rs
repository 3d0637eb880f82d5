//! Mean and standard deviation of a stream, by Welford's update:
//!
//! ```text
//! δ = x - mean_(k-1)     mean_k = mean_(k-1) + δ / k     S_k = S_(k-1) + δ (x - mean_k)     std = sqrt(S / k)
//! ```

/// Numbers beyond this magnitude count as this, so that no sum can overflow.
const GREATEST: f64 = 1e100;

/// Running moments.
#[derive(Debug, Clone, Default)]
pub(super) struct Moments {
    count: u64,
    mean: f64,
    squares: f64,
}

impl Moments {
    pub(super) fn push(&mut self, number: f64) {
        let number = number.clamp(-GREATEST, GREATEST);
        self.count += 1;
        let deviation = number - self.mean;
        self.mean += deviation / self.count as f64;
        self.squares += deviation * (number - self.mean);
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The mean, short to read: seven significant digits, or as many more as bring it within 1/1000 of a deviation (of 1, if
    /// there is none).
    pub(super) fn mean(&self) -> f64 {
        let within = 1e-3 * self.std().unwrap_or(1.0);
        let close = |digits: &usize| (rounded(self.mean, *digits) - self.mean).abs() <= within;
        rounded(self.mean, (SHORT..EXACT).find(close).unwrap_or(EXACT))
    }

    /// The population standard deviation; none if all numbers were equal, or there were none.
    pub(super) fn std(&self) -> Option<f64> {
        let std = rounded((self.squares / self.count.max(1) as f64).sqrt(), SHORT);
        (std > 0.0).then_some(std)
    }
}

/// Significant digits that are as exact as an `f32`, short to read, and the same number again after any JSON reader, including
/// those that round the last bit of longer ones.
const SHORT: usize = 7;
/// Significant digits that every `f64` comes back from.
const EXACT: usize = 17;

fn rounded(number: f64, digits: usize) -> f64 {
    format!("{number:.*e}", digits - 1).parse().expect("a formatted number is a number")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn moments(numbers: &[f64]) -> Moments {
        let mut moments = Moments::default();
        numbers.iter().for_each(|&number| moments.push(number));
        moments
    }

    #[test]
    fn equal_numbers_have_no_deviation() {
        assert_eq!(moments(&[0.1; 9]).std(), None);
        assert_eq!(moments(&[]).std(), None);
        assert_eq!(moments(&[0.1; 9]).mean(), 0.1);
    }

    #[test]
    fn the_greatest_numbers_do_not_overflow() {
        let moments = moments(&[f64::MAX, f64::MIN, f64::MAX]);
        assert!(moments.mean().is_finite() && moments.std().is_some_and(f64::is_finite));
    }

    #[test]
    fn a_great_offset_costs_no_precision() {
        let times = moments(&[1_700_000_449.0, 1_700_000_451.0]);
        assert_eq!((times.mean(), times.std()), (1_700_000_450.0, Some(1.0)));
        let dates = moments(&[20_240_115.0, 20_240_118.0, 20_240_121.0]);
        assert!((dates.mean() - 20_240_118.0).abs() < 1e-3 * dates.std().unwrap(), "{}", dates.mean());
        let tenths = moments(&[0.1, 0.2]);
        assert_eq!(tenths.mean(), 0.15, "no more digits than are of use");
    }

    proptest! {
        #[test]
        fn agrees_with_two_passes(numbers in prop::collection::vec(-1e3..1e3, 2..200), offset in -1e4..1e4) {
            let numbers: Vec<f64> = numbers.iter().map(|x: &f64| x + offset).collect();
            let count = numbers.len() as f64;
            let mean = numbers.iter().sum::<f64>() / count;
            let std = (numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt();
            let streamed = moments(&numbers);
            let close = |a: f64, b: f64| (a - b).abs() <= 1e-6 * b.abs().max(1e-3);
            prop_assert!(close(streamed.mean(), mean), "{} is not {mean}", streamed.mean());
            prop_assert!(close(streamed.std().unwrap_or(0.0), std), "{:?} is not {std}", streamed.std());
        }
    }
}
