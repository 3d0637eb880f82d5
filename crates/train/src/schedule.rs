//! How the learning rate moves, and which lists count as good.

use serde::{Deserialize, Serialize};

/// How the learning rate falls after the warm-up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decay {
    /// Half a cosine, from the full rate to zero.
    #[default]
    Cosine,
    /// A straight line to zero.
    Linear,
    /// Not at all.
    None,
}

impl Decay {
    /// The share of the full learning rate at `step` of `steps`, the first `warmup` of which rise linearly.
    pub fn share(self, step: u64, steps: u64, warmup: u64) -> f32 {
        if step < warmup {
            return (step + 1) as f32 / warmup as f32;
        }
        let done = (step - warmup) as f32 / (steps - warmup).max(1) as f32;
        match self {
            Self::Cosine => 0.5 * (1.0 + (std::f32::consts::PI * done).cos()),
            Self::Linear => 1.0 - done,
            Self::None => 1.0,
        }
    }
}

/// τ: the utility from which a list is positive (docs/method.md §2).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Threshold {
    /// This utility.
    Value(f32),
    /// The utility that this share of the training lists do not reach; above 0, that some do not reach, if they differ.
    Quantile(f32),
}

impl Default for Threshold {
    fn default() -> Self {
        Self::Value(0.0)
    }
}

impl Threshold {
    /// τ for training lists of these utilities: at quantile q of n lists the one at place ⌊q·n⌋, from 0, in rising order,
    /// so that at most a share q of the lists has less. If that one is worth as little as the first, as in a log in which most
    /// lists were not clicked at all, the least of those worth more: else all lists would reach τ, whatever users did.
    pub fn resolve(self, mut utilities: Vec<f32>) -> f32 {
        match self {
            Self::Value(value) => value,
            Self::Quantile(share) => {
                utilities.sort_by(f32::total_cmp);
                let Some(&least) = utilities.first() else { return 0.0 };
                let index = (f64::from(share) * utilities.len() as f64).floor() as usize;
                let there = utilities[index.min(utilities.len() - 1)];
                if share == 0.0 || there > least {
                    return there;
                }
                utilities.into_iter().find(|&utility| utility > least).unwrap_or(least)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_rises_and_falls() {
        let rates = |decay: Decay| [0, 1, 2, 6, 9].map(|step| decay.share(step, 10, 2));
        assert_eq!(rates(Decay::None), [0.5, 1.0, 1.0, 1.0, 1.0]);
        assert_eq!(rates(Decay::Linear), [0.5, 1.0, 1.0, 0.5, 0.125]);
        let cosine = rates(Decay::Cosine);
        assert!((cosine[3] - 0.5).abs() < 1e-6 && cosine[4] > 0.0 && cosine[4] < 0.05);
        assert_eq!(Decay::Cosine.share(0, 1, 0), 1.0);
    }

    #[test]
    fn quantiles_of_small_sets() {
        let of = |share| Threshold::Quantile(share).resolve(vec![3.0, 1.0, 2.0, 4.0]);
        assert_eq!([0.0, 0.25, 0.5, 0.99, 1.0].map(of), [1.0, 2.0, 3.0, 4.0, 4.0]);
        assert_eq!(Threshold::Value(2.5).resolve(vec![1.0]), 2.5);
        assert_eq!(Threshold::Quantile(0.5).resolve(vec![]), 0.0);
    }

    #[test]
    fn a_quantile_among_lists_that_are_worth_nothing_is_above_them() {
        let of = |share| Threshold::Quantile(share).resolve(vec![2.0, 0.0, 0.0, 1.0, 0.0]);
        assert_eq!([0.0, 0.25, 0.5, 0.6, 0.8].map(of), [0.0, 1.0, 1.0, 1.0, 2.0]);
        assert_eq!(Threshold::Quantile(0.5).resolve(vec![1.0, 1.0]), 1.0);
    }
}
