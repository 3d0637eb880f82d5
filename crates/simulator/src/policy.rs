//! Who showed the lists of the log: an upstream ranker that knows a few features and errs, and exploration around its order.
//!
//! ```text
//! score(x) = Σ_f w_f z_f(x) + σ N(0, 1)         z_f: feature f, standardised; the noise is drawn once for each document
//! P(y)     = Π_j exp(score(y_j) / τ) / Σ_{x not in y_1..y_{j-1}} exp(score(x) / τ)                (Plackett–Luce)
//! ```
//!
//! The order of score/τ + Gumbel noise is a draw from Plackett–Luce (Yellott 1977).

use nar4rec_slate::Permutation;
use rand::{Rng, RngExt as _};

use crate::UpstreamConfig;

impl UpstreamConfig {
    /// The score of a document with these standardised features.
    pub(crate) fn score(&self, standardised: &[f64], rng: &mut impl Rng) -> f64 {
        let known = self.features.iter().map(|known| known.weight * standardised[known.feature - 1]);
        known.sum::<f64>() + self.noise * normal(rng)
    }
}

/// A list of `length` candidates drawn from Plackett–Luce with these scores over `temperature`; of all, if there are fewer.
pub fn plackett_luce(scores: &[f64], temperature: f64, length: usize, rng: &mut impl Rng) -> Permutation {
    let mut keys: Vec<(f64, usize)> =
        scores.iter().enumerate().map(|(at, score)| (score / temperature + gumbel(rng), at)).collect();
    keys.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let list = keys.into_iter().take(length).map(|(_, at)| at).collect();
    Permutation::new(list, scores.len()).expect("each candidate has one key")
}

fn gumbel(rng: &mut impl Rng) -> f64 {
    -(-open(rng).ln()).ln()
}

/// Box and Muller.
fn normal(rng: &mut impl Rng) -> f64 {
    (-2.0 * open(rng).ln()).sqrt() * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}

/// Uniform over the open interval, so that its logarithm is finite and not 0.
fn open(rng: &mut impl Rng) -> f64 {
    rng.random::<f64>().clamp(f64::MIN_POSITIVE, 1.0 - f64::EPSILON)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand_pcg::Pcg64Mcg;

    use super::*;

    /// The share of each list among many draws is its probability, within five standard deviations.
    #[test]
    fn lists_are_drawn_with_the_probabilities_of_plackett_luce() {
        const DRAWS: usize = 100_000;
        let (scores, temperature) = ([0.5, 0.0, -1.0], 0.7);
        let weights = scores.map(|score: f64| (score / temperature).exp());
        let sum: f64 = weights.iter().sum();
        let mut rng = Pcg64Mcg::seed_from_u64(3);
        let draws: Vec<_> = (0..DRAWS).map(|_| plackett_luce(&scores, temperature, 2, &mut rng)).collect();
        for a in 0..3 {
            for b in (0..3).filter(|b| *b != a) {
                let probability = weights[a] / sum * weights[b] / (sum - weights[a]);
                let share = draws.iter().filter(|list| list.as_slice() == [a, b]).count() as f64 / DRAWS as f64;
                let bound = 5.0 * (probability * (1.0 - probability) / DRAWS as f64).sqrt();
                assert!((share - probability).abs() <= bound, "[{a}, {b}]: {share} of {probability}");
            }
        }
    }

    #[test]
    fn a_small_temperature_keeps_the_order() {
        let mut rng = Pcg64Mcg::seed_from_u64(3);
        assert_eq!(plackett_luce(&[0.0, 2.0, 1.0], 1e-6, 5, &mut rng).as_slice(), [1, 2, 0]);
    }

    #[test]
    fn the_noise_is_normal() {
        let mut rng = Pcg64Mcg::seed_from_u64(3);
        let draws: Vec<f64> = (0..100_000).map(|_| normal(&mut rng)).collect();
        let mean = |power: i32| draws.iter().map(|x| x.powi(power)).sum::<f64>() / draws.len() as f64;
        // Standard deviations of the mean of x, x² and x⁴: 1, √2 and √96, over √100,000.
        assert!(
            mean(1).abs() < 5.0 * 0.00317
                && (mean(2) - 1.0).abs() < 5.0 * 0.00448
                && (mean(4) - 3.0).abs() < 5.0 * 0.031
        );
    }
}
