//! Contrastive decoding: probable, and unlike what stands in the list already.
//!
//! ```text
//! y_t = argmax over untaken x of  (1-α) P̂(x, t) - α max over chosen y of cos(x, y)
//! ```
//!
//! The maximum over nothing, at the first position, is 0. The score is the sum over positions of what was maximised.
//!
//! P̂ is of order 1/n and a cosine of order 1, so over many candidates even a small α drowns the probabilities. `top_k`
//! keeps them in charge: the formula then chooses among the k most probable candidates of the position only.
//!
//! A cosine is computed when a shortlisted candidate meets a chosen one for the first time, never for all pairs: each
//! candidate remembers its greatest cosine and how many of the chosen it has met. O(n m + s m d) for s candidates that
//! are ever shortlisted, s ≤ min(n, m·top_k). Products are summed in f64, where no product of two f32 overflows.

use serde::{Deserialize, Serialize};

use crate::setting::{Setting, at_least_one};
use crate::step::{Open, Preference, step_by_step};
use crate::task::Task;
use crate::{DecodeError, Decoded, Scores};

/// Contrastive decoding.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Contrastive {
    /// α in 0..=1: 0 is greedy, 1 looks at similarities alone.
    pub alpha: f64,
    /// Choose among this many most probable candidates; all if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_k: Option<usize>,
}

impl Default for Contrastive {
    fn default() -> Self {
        Self { alpha: 0.1, top_k: None }
    }
}

impl Contrastive {
    pub(crate) fn validate(&self) -> Result<(), DecodeError> {
        let setting = Setting { decoder: "contrastive", field: "alpha", found: self.alpha };
        setting.check((0.0..=1.0).contains(&self.alpha), "a number from 0 to 1")?;
        at_least_one("contrastive", "top_k", self.top_k.unwrap_or(1))
    }

    pub(crate) fn decode(&self, task: &Task) -> Result<Vec<Decoded>, DecodeError> {
        Ok(vec![step_by_step(task, self.top_k, || Unlike::new(self.alpha, task.scores))?])
    }
}

/// The key of the formula above, with what it remembers between positions.
struct Unlike<'a> {
    alpha: f64,
    scores: &'a Scores<'a>,
    /// 1/‖x‖ per candidate; 0 for a zero vector, whose cosine with anything is 0.
    inverse_norm: Vec<f64>,
    /// Per candidate, how many of the chosen it has met and its greatest cosine with them.
    met: Vec<(usize, f64)>,
}

impl<'a> Unlike<'a> {
    fn new(alpha: f64, scores: &'a Scores<'a>) -> Self {
        let inverse = |candidate| {
            let norm = dot(scores.state(candidate), scores.state(candidate)).sqrt();
            if norm > 0.0 { norm.recip() } else { 0.0 }
        };
        let inverse_norm = (0..scores.candidates()).map(inverse).collect();
        Self { alpha, scores, inverse_norm, met: vec![(0, f64::NEG_INFINITY); scores.candidates()] }
    }

    fn cosine(&self, a: usize, b: usize) -> f64 {
        dot(self.scores.state(a), self.scores.state(b)) * self.inverse_norm[a] * self.inverse_norm[b]
    }

    /// max over `list` of cos(candidate, y); 0 for an empty list.
    fn likeness(&mut self, candidate: usize, list: &[usize]) -> f64 {
        if list.is_empty() {
            return 0.0;
        }
        let (met, greatest) = self.met[candidate];
        let greatest = list[met..].iter().fold(greatest, |greatest, &y| greatest.max(self.cosine(candidate, y)));
        self.met[candidate] = (list.len(), greatest);
        greatest
    }
}

impl Preference for Unlike<'_> {
    fn rate(&mut self, list: &[usize], open: &mut [Open]) {
        for open in open {
            let likeness = self.likeness(open.candidate, list);
            open.key = (1.0 - self.alpha) * open.log_p.exp() - self.alpha * likeness;
        }
    }
}

/// Σ a_i b_i, in eight sums side by side so that the compiler can use vectors.
fn dot(a: &[f32], b: &[f32]) -> f64 {
    let (a_chunks, a_rest) = a.as_chunks::<8>();
    let (b_chunks, b_rest) = b.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for (sum, (&a, &b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += f64::from(a) * f64::from(b);
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dot_is_the_plain_sum_at_every_length() {
        for length in [0, 1, 7, 8, 9, 16, 23] {
            let a: Vec<f32> = (0..length).map(|i| i as f32 + 1.0).collect();
            let b: Vec<f32> = (0..length).map(|i| 2.0 - i as f32).collect();
            let plain: f64 = (0..length).map(|i| (i as f64 + 1.0) * (2.0 - i as f64)).sum();
            assert_eq!(dot(&a, &b), plain, "length {length}");
        }
    }

    #[test]
    fn cosines_survive_extreme_states_and_zero_vectors() {
        let states = [f32::MAX, f32::MAX, f32::MIN_POSITIVE, f32::MIN_POSITIVE, 0.0, 0.0, -1.0, -1.0];
        let scores = Scores::new(&[0.0; 4], &states, 4, 1).unwrap();
        let unlike = Unlike::new(0.5, &scores);
        let close = |a, b, expected: f64| assert!((unlike.cosine(a, b) - expected).abs() < 1e-12, "cos({a}, {b})");
        close(0, 1, 1.0);
        close(0, 3, -1.0);
        close(1, 2, 0.0);
        close(2, 2, 0.0);
    }
}
