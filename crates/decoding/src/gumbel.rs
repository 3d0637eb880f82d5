//! Gumbel-top-k sampling of whole lists: several *distinct* lists, drawn without replacement.
//!
//! The law is that of sampling position by position without a shortlist,
//!
//! ```text
//! p(y) = ∏_t softmax over untaken x of ( log P̂(x, t) / T ) at y_t
//! ```
//!
//! and the first list is an ordinary draw from it. If every complete list had its log p(y) perturbed by an independent
//! Gumbel variable, the k greatest would be k draws without replacement. They are found without enumerating lists
//! ("Stochastic beams and where to find them", Kool, van Hoof and Welling, 2019): the greatest perturbed value below a
//! partial list is itself Gumbel distributed around its log-probability φ, and the children of a partial list of value
//! G get
//!
//! ```text
//! H_c = φ_c + Gumbel noise,   Z = max_c H_c,   G_c = -ln( e^-G - e^-Z + e^-H_c )
//! ```
//!
//! Gumbel values conditioned to have their maximum at G. A beam as wide as the number of lists, kept by G, ends with
//! the k greatest. O(lists · n log n · m); the score is G of the whole list, greatest first.
//!
//! Under rules that can lead to a dead end, partial lists that cannot be completed are refused a place; the law is then
//! that of the lists left only in so far as nothing else in the beam had to make way for them.

use serde::{Deserialize, Serialize};

use crate::beam::{Growth, Hypothesis, Value, search};
use crate::noise::Noise;
use crate::setting::{at_least_one, temperature};
use crate::step::{Open, sort_by_probability};
use crate::task::Task;
use crate::{DecodeError, Decoded};

/// Sampling of distinct lists.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gumbel {
    /// T above 0: towards 0 it becomes greedy, large values make all lists equal.
    pub temperature: f64,
    /// How many lists to draw; fewer come back only if fewer exist.
    pub lists: usize,
}

impl Default for Gumbel {
    fn default() -> Self {
        Self { temperature: 1.0, lists: 1 }
    }
}

impl Gumbel {
    pub(crate) fn validate(&self) -> Result<(), DecodeError> {
        at_least_one("gumbel", "lists", self.lists)?;
        temperature("gumbel", self.temperature)
    }

    pub(crate) fn decode(&self, task: &Task, seed: u64) -> Result<Vec<Decoded>, DecodeError> {
        let (temperature, lists) = (self.temperature, self.lists);
        let mut growth = Stochastic { temperature, lists, noise: Noise::new(seed), open: Vec::new() };
        search(task, lists, &mut growth)
    }
}

/// The key is G of the page above, `log_p` is φ.
struct Stochastic {
    temperature: f64,
    /// How many lists are drawn.
    lists: usize,
    noise: Noise,
    /// Candidates open to the hypothesis at hand; `key` is the log-probability of each given the partial list.
    open: Vec<Open>,
}

/// The least log-probability of one choice that is told from zero: below it an exponential is zero many times over, and
/// sums of it stay finite, so that no difference of two of them is NaN.
const LEAST: f64 = -1e12;

impl Stochastic {
    /// Sets `key` to the log-softmax of log P̂/T.
    fn normalise(&mut self) {
        sort_by_probability(&mut self.open);
        let greatest = self.open.first().map_or(0.0, |open| open.log_p);
        for open in &mut self.open {
            open.key = ((open.log_p - greatest) / self.temperature).max(LEAST);
        }
        let log_sum = self.open.iter().map(|open| open.key.exp()).sum::<f64>().ln();
        self.open.iter_mut().for_each(|open| open.key -= log_sum);
    }
}

impl Growth for Stochastic {
    fn grow(&mut self, parent: &Hypothesis, open: &[usize], mut child: impl FnMut(usize, Value)) {
        let (scores, position) = (parent.draft.task.scores, parent.draft.position());
        self.open.clear();
        self.open.extend(open.iter().map(|&candidate| {
            let log_p = f64::from(scores.log_probability(candidate, position));
            Open { candidate, log_p, key: log_p }
        }));
        self.normalise();
        let so_far = parent.value.log_p;
        let noise = &mut self.noise;
        let mut children: Vec<(f64, &Open)> =
            self.open.iter().map(|open| (so_far + open.key + noise.gumbel(), open)).collect();
        // G grows with H, and of children that may all be completed no more than the width of the beam can stay.
        if parent.draft.task.is_free() && self.lists < children.len() {
            children.select_nth_unstable_by(self.lists, |(a, _), (b, _)| b.total_cmp(a));
            children.truncate(self.lists);
        }
        let greatest = children.iter().map(|(perturbed, _)| *perturbed).fold(f64::NEG_INFINITY, f64::max);
        for (perturbed, open) in children {
            let key = below(parent.value.key, greatest, perturbed);
            child(open.candidate, Value { log_p: so_far + open.key, key });
        }
    }
}

/// -ln( e^-limit - e^-greatest + e^-value ), stable for any differences. At value = greatest it is the limit.
fn below(limit: f64, greatest: f64, value: f64) -> f64 {
    let excess = limit - value + (-(value - greatest).exp()).ln_1p();
    limit - excess.max(0.0) - (-excess.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_child_inherits_its_parents_value_and_the_others_stay_below() {
        assert_eq!(below(-1.5, 0.7, 0.7), -1.5);
        for (limit, greatest, value) in [(-1.5, 0.7, 0.2), (0.3, -4.0, -5.0), (2.0, 2.0, -3.0)] {
            let plain = -(f64::exp(-limit) - f64::exp(-greatest) + f64::exp(-value)).ln();
            assert!((below(limit, greatest, value) - plain).abs() < 1e-12);
            assert!(below(limit, greatest, value) < limit);
        }
        assert!(below(0.0, 0.0, -1e12).is_finite());
    }
}
