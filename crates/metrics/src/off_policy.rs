//! Off-policy estimates: what another policy would have earned, from the log of the one that acted.
//!
//! Row i of the log is one decision: the logging policy chose the action with probability p_i, its propensity, and earned
//! r_i; the policy in question, the target, would have chosen the same action with probability π_i. With w_i = π_i / p_i:
//!
//! ```text
//! IPS   = mean(w r)                        unbiased where the logging policy can do whatever the target can
//! SNIPS = Σ w r / Σ w                      biased by order 1/n, mostly of much smaller variance; r + c gives exactly + c
//! DR    = mean(q̂_π + w (r - q̂_a))          unbiased if propensities or reward model are right
//! ESS   = (Σ w)² / Σ w²                    so many rows of the target's own log tell about as much
//! ```
//!
//! q̂_a is what a reward model expects of the logged action, q̂_π what it expects of the target in the same situation: its
//! mean over the target's actions. *Clipping* puts min(w, clip) in the place of w: less variance, and with rewards that are
//! not negative an IPS too low. Intervals are those of [`Bootstrap`] over rows, which is right where rows are independent.
//!
//! The references are Horvitz and Thompson 1952 (IPS), Swaminathan and Joachims 2015 (SNIPS), Dudík, Langford and Li 2011
//! (DR).

use crate::{Bootstrap, Estimate, MetricsError};

/// A decision in a log.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoggedAction {
    /// What was earned.
    pub reward: f64,
    /// How probable the action was for the policy that chose it: above 0.
    pub propensity: f64,
    /// How probable it is for the target.
    pub target: f64,
}

/// What a reward model expects where a decision was made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExpectedReward {
    /// Of the logged action.
    pub of_action: f64,
    /// Of the target: the mean over its actions.
    pub of_target: f64,
}

/// A log, checked, with the weight of each row.
///
/// ```
/// use nar4rec_metrics::{Bootstrap, LoggedAction, OffPolicy};
///
/// // Two actions, chosen by the flip of a coin; the target chooses the first three times out of four.
/// let (first, second) = (0.75, 0.25);
/// let row = |target, reward| LoggedAction { reward, propensity: 0.5, target };
/// let log = OffPolicy::new(&[row(first, 1.0), row(second, 0.0), row(first, 0.0), row(second, 1.0)], None)?;
/// let estimate = log.ips(&Bootstrap::default()).expect("there are rows");
/// assert_eq!(estimate.value, (1.5 + 0.5) / 4.0);
/// assert!(log.effective_sample_size() < 4.0);
/// # Ok::<(), nar4rec_metrics::MetricsError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct OffPolicy {
    rewards: Vec<f64>,
    weights: Vec<f64>,
}

impl OffPolicy {
    /// The log of `rows`, with weights of at most `clip` if that is given.
    ///
    /// # Errors
    /// If a propensity is not above 0 and at most 1, a target's probability not from 0 to 1, a reward not finite, each with
    /// its row, counted from 0; or the clip not above 0.
    pub fn new(rows: &[LoggedAction], clip: Option<f64>) -> Result<Self, MetricsError> {
        let most = clip.unwrap_or(f64::INFINITY);
        if most.is_nan() || most <= 0.0 {
            return Err(MetricsError::Clip { value: most });
        }
        let (mut rewards, mut weights) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
        for (row, &LoggedAction { reward, propensity, target }) in rows.iter().enumerate() {
            if !(propensity > 0.0 && propensity <= 1.0) {
                return Err(MetricsError::Propensity { row, value: propensity });
            }
            if !(0.0..=1.0).contains(&target) {
                return Err(MetricsError::Target { row, value: target });
            }
            if !reward.is_finite() {
                return Err(MetricsError::Reward { row, value: reward });
            }
            rewards.push(reward);
            weights.push((target / propensity).min(most).min(f64::MAX));
        }
        Ok(Self { rewards, weights })
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.rewards.len()
    }

    /// What the logging policy itself earned: the mean reward.
    pub fn logged(&self, bootstrap: &Bootstrap) -> Option<Estimate> {
        self.mean(bootstrap, |row| self.rewards[row])
    }

    /// Inverse propensity scoring; `None` of an empty log.
    pub fn ips(&self, bootstrap: &Bootstrap) -> Option<Estimate> {
        self.mean(bootstrap, |row| self.weights[row] * self.rewards[row])
    }

    /// Self-normalised inverse propensity scoring; `None` where no row has a weight.
    pub fn self_normalised(&self, bootstrap: &Bootstrap) -> Option<Estimate> {
        bootstrap.estimate(self.rows(), |counts| {
            let (mut earned, mut weight) = (0.0, 0.0);
            for ((&count, reward), w) in counts.iter().zip(&self.rewards).zip(&self.weights) {
                let w = f64::from(count) * w;
                earned += w * reward;
                weight += w;
            }
            (weight > 0.0).then(|| earned / weight)
        })
    }

    /// The doubly robust estimate, given what a reward model expects for each row; `None` of an empty log.
    ///
    /// # Errors
    /// If there are not as many expectations as rows, or one is not finite.
    pub fn doubly_robust(
        &self,
        expected: &[ExpectedReward],
        bootstrap: &Bootstrap,
    ) -> Result<Option<Estimate>, MetricsError> {
        if expected.len() != self.rows() {
            return Err(MetricsError::Expectations { rows: self.rows(), found: expected.len() });
        }
        for (row, expected) in expected.iter().enumerate() {
            if let Some(value) = [expected.of_action, expected.of_target].into_iter().find(|value| !value.is_finite()) {
                return Err(MetricsError::Reward { row, value });
            }
        }
        let corrected = |row: usize| {
            let ExpectedReward { of_action, of_target } = expected[row];
            of_target + self.weights[row] * (self.rewards[row] - of_action)
        };
        Ok(self.mean(bootstrap, corrected))
    }

    /// (Σ w)² / Σ w²: at most the number of rows, and 0 where no row has a weight.
    pub fn effective_sample_size(&self) -> f64 {
        // Scaled by the greatest, so that no square overflows.
        let most = self.largest_weight();
        let (sum, squares) = self.weights.iter().fold((0.0, 0.0), |(sum, squares), weight| {
            let weight = weight / most;
            (sum + weight, squares + weight * weight)
        });
        if most > 0.0 { sum * sum / squares } else { 0.0 }
    }

    /// The greatest weight: how much a single row can say.
    pub fn largest_weight(&self) -> f64 {
        self.weights.iter().copied().fold(0.0, f64::max)
    }

    fn mean(&self, bootstrap: &Bootstrap, value: impl Fn(usize) -> f64) -> Option<Estimate> {
        let values: Vec<f64> = (0..self.rows()).map(value).collect();
        bootstrap.mean(&values)
    }
}

#[cfg(test)]
mod tests;
