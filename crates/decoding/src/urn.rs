//! An urn: candidates with weights, drawn one after another without replacement.
//!
//! ```text
//! P(x is drawn next) = w_x / Σ w of those left
//! ```
//!
//! This is the race of the Gumbel trick without running it. Give every candidate an independent exponential arrival time
//! of rate w_x; then log w_x plus a Gumbel variable is −ln of its time, and the greatest are the earliest. An exponential
//! has no memory, so the race can be told arrival by arrival: the next one comes after an exponential time of rate Σ w of
//! those left, and it is x with the probability above. One uniform and one exponential variable for each candidate that
//! matters, instead of one for each candidate there is, and the law is the same.
//!
//! Weights are relative to some scale; when the heaviest left becomes so light that the others would vanish beside those
//! drawn, all are weighed again relative to it. Sums of weights lose at most three digits before they are added up anew.

use crate::noise::Noise;

/// The weights of the candidates left, each at its place: the heaviest first.
#[derive(Debug, Default)]
pub(crate) struct Urn {
    /// Relative to the scale; [`GONE`] where there is no candidate any more.
    weights: Vec<f64>,
    /// ln of the scale.
    scale: f64,
    /// Σ of the weights.
    mass: f64,
    /// The same when it was last added up.
    counted: f64,
}

/// The weight of a candidate that is not in the urn: a negative zero, which changes no sum. A candidate that is too light
/// to tell from nothing weighs a positive zero.
pub(crate) const GONE: f64 = -0.0;

/// When the first candidate left weighs less than e to this, weights are taken relative to it.
const LIGHT: f64 = -300.0;

/// Makes `log_weights` and `weights` of logits, the greatest first, relative to it, at this temperature.
pub(crate) fn weigh(
    logits: impl Iterator<Item = f32>,
    temperature: f64,
    (log_weights, weights): (&mut Vec<f64>, &mut Vec<f64>),
) {
    let mut greatest = None;
    // Below this an exponential is zero many times over, and sums of logarithms stay finite.
    let relative =
        |logit: f32| ((f64::from(logit) - f64::from(*greatest.get_or_insert(logit))) / temperature).max(-1e12);
    log_weights.clear();
    log_weights.extend(logits.map(relative));
    weights.clear();
    weights.extend(log_weights.iter().map(|log_weight| log_weight.exp()));
}

impl Urn {
    /// Replaces what is in the urn.
    pub(crate) fn fill(&mut self, log_weights: &[f64], weights: impl Iterator<Item = f64>) {
        self.weights.clear();
        self.weights.extend(weights);
        self.scale = 0.0;
        self.count(log_weights);
    }

    /// ln Σ w of the candidates left; -inf if there are none.
    pub(crate) fn log_mass(&self) -> f64 {
        self.scale + self.mass.ln()
    }

    /// Draws the place of a candidate, if one is left, and takes it out of the urn.
    pub(crate) fn draw(&mut self, log_weights: &[f64], noise: &mut Noise) -> Option<usize> {
        let mut rest = noise.uniform() * self.mass;
        let is_hit = |weight: &f64| {
            rest -= weight;
            rest < 0.0
        };
        // Where rounding leaves something over it belongs to the last.
        let place = self.weights.iter().position(is_hit).or_else(|| self.weights.iter().rposition(|w| *w > 0.0))?;
        self.mass -= std::mem::replace(&mut self.weights[place], GONE);
        if self.mass < 1e-3 * self.counted {
            self.count(log_weights);
        }
        Some(place)
    }

    /// Adds up the weights, after weighing again if the first is too light.
    fn count(&mut self, log_weights: &[f64]) {
        let is_left = |weight: &f64| weight.is_sign_positive();
        if let Some(first) = self.weights.iter().position(is_left)
            && log_weights[first] - self.scale < LIGHT
        {
            self.scale = log_weights[first];
            for (weight, log_weight) in self.weights.iter_mut().zip(log_weights).filter(|(weight, _)| is_left(weight)) {
                *weight = (log_weight - self.scale).exp();
            }
        }
        let (chunks, rest) = self.weights.as_chunks::<4>();
        let mut sums = [0.0; 4];
        for chunk in chunks {
            (0..4).for_each(|lane| sums[lane] += chunk[lane]);
        }
        self.mass = sums.iter().chain(rest).sum();
        self.counted = self.mass;
    }
}

/// ln(e^a + e^b).
pub(crate) fn log_add(a: f64, b: f64) -> f64 {
    let (less, more) = if a < b { (a, b) } else { (b, a) };
    if more.is_infinite() { more } else { more + (less - more).exp().ln_1p() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urn(log_weights: &[f64]) -> Urn {
        let mut urn = Urn::default();
        urn.fill(log_weights, log_weights.iter().map(|log_weight| log_weight.exp()));
        urn
    }

    #[test]
    fn every_candidate_is_drawn_once_however_light() {
        let log_weights = [0.0, -1.0, -1.0, -2.0, -1e3, -1e3, -5e5, -1e12];
        for seed in 0..100 {
            let (mut urn, mut noise) = (urn(&log_weights), Noise::new(seed));
            let mut drawn = Vec::new();
            while let Some(place) = urn.draw(&log_weights, &mut noise) {
                drawn.push(place);
            }
            assert_eq!(drawn[6..], [6, 7]);
            drawn.sort_unstable();
            assert_eq!(drawn, [0, 1, 2, 3, 4, 5, 6, 7]);
            assert_eq!(urn.log_mass(), f64::NEG_INFINITY);
        }
    }

    #[test]
    fn what_is_gone_is_never_drawn() {
        let (mut urn, mut noise) = (Urn::default(), Noise::new(1));
        let log_weights = [0.0, -400.0, -401.0];
        urn.fill(&log_weights, [GONE, (-400.0_f64).exp(), (-401.0_f64).exp()].into_iter());
        let mut drawn = [0; 2].map(|_| urn.draw(&log_weights, &mut noise));
        drawn.sort_unstable();
        assert_eq!(drawn, [Some(1), Some(2)]);
        assert_eq!(urn.draw(&log_weights, &mut noise), None);
    }

    #[test]
    fn the_mass_is_that_of_the_candidates_left() {
        let log_weights = [0.0, -30.0, -2000.0, -2001.0];
        let (mut urn, mut noise) = (urn(&log_weights), Noise::new(3));
        for expected in [0.0, -30.0, -2000.0 + (-1.0_f64).exp().ln_1p()] {
            assert!((urn.log_mass() - expected).abs() < 1e-12, "{} beside {expected}", urn.log_mass());
            urn.draw(&log_weights, &mut noise);
        }
    }

    /// Of 40,000 draws the shares of first and second, within four standard deviations (0.01).
    #[test]
    fn draws_follow_the_weights() {
        let weights = [0.5, 0.3, 0.2_f64];
        let log_weights = weights.map(f64::ln);
        let (mut noise, mut shares) = (Noise::new(1), [[0.0; 3]; 3]);
        for _ in 0..40_000 {
            let mut urn = urn(&log_weights);
            let [first, second] = [0; 2].map(|_| urn.draw(&log_weights, &mut noise).unwrap());
            shares[first][second] += 1.0 / 40_000.0;
        }
        for (first, row) in shares.iter().enumerate() {
            for (second, share) in row.iter().enumerate().filter(|(second, _)| *second != first) {
                let expected = weights[first] * weights[second] / (1.0 - weights[first]);
                assert!((share - expected).abs() < 0.01, "({first}, {second}): {share} beside {expected}");
            }
        }
    }

    #[test]
    fn logs_are_added_at_any_distance() {
        assert!((log_add(1.0_f64.ln(), 3.0_f64.ln()) - 4.0_f64.ln()).abs() < 1e-15);
        assert_eq!((log_add(-1e9, 2.0), log_add(2.0, -1e9)), (2.0, 2.0));
        assert_eq!(log_add(f64::NEG_INFINITY, f64::NEG_INFINITY), f64::NEG_INFINITY);
        assert_eq!(log_add(f64::INFINITY, f64::INFINITY), f64::INFINITY);
    }
}
