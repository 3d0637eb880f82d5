//! How probable the generator makes a list that was shown (docs/method.md §2).
//!
//! ```text
//!   likelihood     −Σ_j w_j · log P̂(y_j, j)             of a list worth repeating
//!   unlikelihood   −Σ_j w_j · log(1 − P̂(y_j, j))        of a list that is not; 1 − P̂ is at least 1e-5
//! ```
//!
//! With l = log P̂ the gradients are −w and w·P̂/(1 − P̂); where the clamp holds, zero.

/// 1 − P̂ is never taken to be less.
const LEAST: f32 = 1e-5;

/// A shown list, beside the log-probabilities of its request.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// log P̂, `[candidates, positions]`.
    pub log_probabilities: &'a [f32],
    /// m.
    pub positions: usize,
    /// The candidate y_j at each position; at most m.
    pub shown: &'a [usize],
    /// w_j, one for each of `shown`.
    pub weights: &'a [f32],
}

impl Target<'_> {
    /// The place of each shown item in the matrix, and its weight.
    fn cells(&self) -> impl Iterator<Item = (usize, f32)> + '_ {
        debug_assert!(self.shown.len() <= self.positions && self.shown.len() == self.weights.len());
        let places = self.shown.iter().enumerate().map(|(position, candidate)| candidate * self.positions + position);
        places.zip(self.weights.iter().copied())
    }
}

/// The likelihood loss; adds its gradient to `d`, of the shape of the log-probabilities.
pub fn likelihood(target: Target<'_>, scale: f32, d: &mut [f32]) -> f64 {
    let mut loss = 0.0;
    for (cell, weight) in target.cells() {
        loss -= f64::from(weight * target.log_probabilities[cell]);
        d[cell] -= scale * weight;
    }
    loss * f64::from(scale)
}

/// The unlikelihood loss; adds its gradient to `d`, of the shape of the log-probabilities.
pub fn unlikelihood(target: Target<'_>, scale: f32, d: &mut [f32]) -> f64 {
    let mut loss = 0.0;
    for (cell, weight) in target.cells() {
        let p = target.log_probabilities[cell].exp();
        let rest = 1.0 - p;
        loss -= f64::from(weight * rest.max(LEAST).ln());
        if rest > LEAST {
            d[cell] += scale * weight * p / rest;
        }
    }
    loss * f64::from(scale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::assert_gradient;

    const LOGS: [f32; 8] = [-0.2, -3.0, -1.9, -0.4, -4.0, -1.4, -2.5, -2.2];

    fn target<'a>(logs: &'a [f32], weights: &'a [f32]) -> Target<'a> {
        Target { log_probabilities: logs, positions: 2, shown: &[3, 1], weights }
    }

    #[test]
    fn values_and_gradients() {
        let weights = [1.0, 0.5];
        let (mut d, mut u) = ([0.0; 8], [0.0; 8]);
        let loss = likelihood(target(&LOGS, &weights), 0.1, &mut d);
        // Candidate 3 at position 0 and candidate 1 at position 1: −0.1·(−2.5 − 0.5·0.4)
        assert!((loss - 0.27).abs() < 1e-7);
        let unlike = unlikelihood(target(&LOGS, &weights), 0.1, &mut u);
        let by_hand = -0.1 * ((1.0 - (-2.5_f64).exp()).ln() + 0.5 * (1.0 - (-0.4_f64).exp()).ln());
        assert!((unlike - by_hand).abs() < 1e-6);

        let naive = |x: &[f64], like: bool| -> f64 {
            let of = |cell: usize| if like { x[cell] } else { (1.0 - x[cell].exp()).ln() };
            -0.1 * (of(6) + 0.5 * of(3))
        };
        assert_gradient(&LOGS, &d, &|x| naive(x, true));
        assert_gradient(&LOGS, &u, &|x| naive(x, false));
    }

    #[test]
    fn certainty_is_clamped() {
        let mut d = [0.0; 8];
        let logs = [0.0; 8];
        let loss = unlikelihood(target(&logs, &[1.0, 1.0]), 1.0, &mut d);
        assert!((loss + 2.0 * f64::from(1e-5_f32.ln())).abs() < 1e-5);
        assert_eq!(d, [0.0; 8]);
    }
}
