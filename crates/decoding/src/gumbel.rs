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
//! the k greatest. The score is G of the whole list, greatest first.
//!
//! Of a partial list no more than `lists` children can stay, so they are made one at a time, greatest first. e^-H_c is the
//! arrival time of c in the race that [`Urn`] tells, where c has the rate e^φ_c: the first child is drawn and inherits G,
//! and each later one is drawn from those left and comes after a further delay,
//!
//! ```text
//! e^-H_c - e^-Z = e^-φ D,   D = Σ over the draws after the first of  Exponential / (share of φ that was left)
//! ```
//!
//! O(lists · n m) after sorting.
//!
//! Under rules that can lead to a dead end, partial lists that cannot be completed are refused a place; the law is then
//! that of the lists left only in so far as nothing else in the beam had to make way for them.

use serde::{Deserialize, Serialize};

use crate::DecodeError;
use crate::beam::{Growth, Hypothesis, Value};
use crate::columns::Ranked;
use crate::noise::Noise;
use crate::pool::Pool;
use crate::setting::{at_least_one, temperature};
use crate::task::Task;
use crate::urn::{GONE, Urn, log_add, weigh};
use crate::workspace::Memory;

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

    pub(crate) fn decode(&self, task: &Task, seed: u64, memory: &mut Memory) -> Result<(), DecodeError> {
        let Memory { walk, beams, drawings, found, .. } = memory;
        let mut growth = Stochastic { temperature: self.temperature, noise: Noise::new(seed), drawings };
        beams.search(task, walk, self.lists, &mut growth)?;
        beams.put_into(task, found);
        Ok(())
    }
}

/// The key is G of the page above, `log_p` is φ.
struct Stochastic<'a> {
    temperature: f64,
    noise: Noise,
    drawings: &'a mut Drawings,
}

/// The memory of the draws.
#[derive(Debug, Default)]
pub(crate) struct Drawings {
    /// log P̂/T of the column, relative to the greatest.
    log_weights: Vec<f64>,
    weights: Vec<f64>,
    /// Of each parent.
    drawings: Pool<Drawing>,
}

/// The children of one parent.
#[derive(Debug, Default)]
struct Drawing {
    urn: Urn,
    /// ln of what the full urn weighs.
    log_whole: f64,
    /// ln D; none before the first draw.
    log_delay: Option<f64>,
}

impl Growth for Stochastic<'_> {
    fn enter(&mut self, column: &[Ranked], _parents: usize) {
        let Drawings { log_weights, weights, drawings } = &mut *self.drawings;
        weigh(column.iter().map(|cell| cell.log_p), self.temperature, (log_weights, weights));
        drawings.clear();
    }

    fn next(
        &mut self,
        task: &Task,
        column: &[Ranked],
        (number, parent): (usize, &Hypothesis),
    ) -> Option<(usize, Value)> {
        let Drawings { log_weights, weights, drawings } = &mut *self.drawings;
        if number == drawings.as_slice().len() {
            let is_open = |cell: &Ranked| parent.draft.is_open(task, cell.candidate());
            let open = column.iter().zip(weights).map(|(cell, weight)| if is_open(cell) { *weight } else { GONE });
            drawings.next(Drawing::default).begin(log_weights, open);
        }
        let drawing = &mut drawings.as_mut_slice()[number];
        let (place, log_delay) = drawing.draw(log_weights, &mut self.noise)?;
        let log_p = parent.value.log_p + log_weights[place] - drawing.log_whole;
        let key = later(parent.value.key, log_delay - parent.value.log_p);
        Some((column[place].candidate(), Value { log_p, key }))
    }
}

impl Drawing {
    /// Begins with these in the urn.
    fn begin(&mut self, log_weights: &[f64], weights: impl Iterator<Item = f64>) {
        self.urn.fill(log_weights, weights);
        (self.log_whole, self.log_delay) = (self.urn.log_mass(), None);
    }

    /// The place drawn next and its ln D.
    fn draw(&mut self, log_weights: &[f64], noise: &mut Noise) -> Option<(usize, f64)> {
        let log_delay = match self.log_delay {
            None => f64::NEG_INFINITY,
            Some(so_far) => log_add(so_far, noise.log_exponential() - (self.urn.log_mass() - self.log_whole)),
        };
        self.log_delay = Some(log_delay);
        Some((self.urn.draw(log_weights, noise)?, log_delay))
    }
}

/// -ln( e^-limit + e^log_delay ), stable for any differences.
fn later(limit: f64, log_delay: f64) -> f64 {
    let excess = limit + log_delay;
    limit - excess.max(0.0) - (-excess.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value of a child whose perturbed value is `value`, in place of `greatest`.
    fn below(limit: f64, greatest: f64, value: f64) -> f64 {
        later(limit, -value + (-(value - greatest).exp()).ln_1p())
    }

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
