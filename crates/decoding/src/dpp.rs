//! Deep DPP: the greedy MAP list of a determinantal point process, whose quality is P̂ and whose likeness is the cosine.
//!
//! ```text
//! S_xy = 1 where x = y,  (1 - ε) cos(x, y) elsewhere          ε = 1e-4
//! y_t  = argmax over untaken x of  log P̂(x, t) + α log d²(x | y_1 … y_t-1)
//! d²(x | Y) = det S_{Y ∪ x} / det S_Y                         score = Σ_t log P̂(y_t, t) + α log det S_Y
//! ```
//!
//! d² is what of x is not made up already of the chosen: the squared distance of its state, scaled to length 1, from the
//! span of theirs. It is 1 for whatever is at right angles to all of them, and for the first item. Were P̂ the same at all
//! positions, this would be the greedy search for the most probable set of the process with the kernel
//! `L = diag(q) S diag(q)`, `log q² = log P̂ / α`, since `α log det L_Y = Σ log P̂ + α log det S_Y`. P̂ does depend on the
//! position, so the quality of a candidate is that at the position being filled: a list is filled from the front, and
//! the greatest P̂ over positions would spend at the front what belongs further down.
//!
//! Cosines of unit vectors are a Gram matrix, so S is positive semidefinite. Shrinking what stands beside the diagonal by
//! ε adds ε to each eigenvalue: S becomes definite, d² is never below ε, and the repetition of an item costs a finite
//! `α log(1/2ε)`. A state of zeros is at right angles to all others.
//!
//! d² comes from the Cholesky factor of S, grown by one row with each item that is chosen (Chen, Zhang and Zhou 2018,
//! "Fast Greedy MAP Inference for Determinantal Point Process"):
//!
//! ```text
//! c_x[j] = (S_{y_j x} - Σ_{l < j} c_x[l] c_{y_j}[l]) / d(y_j)        d²(x) = 1 - Σ_j c_x[j]²
//! ```
//!
//! A candidate's row grows only when its key can still be the greatest: d² never rises, so a candidate that is behind with
//! the d² it has may rest. O(n m + s m² + s m d) for s candidates that are ever looked at, s ≤ min(n, m·top_k).

use serde::{Deserialize, Serialize};

use crate::DecodeError;
use crate::columns::Ranked;
use crate::likeness::Likeness;
use crate::setting::{Setting, at_least_one};
use crate::shortlist::{Key, Shortlist};
use crate::step::step_by_step;
use crate::task::Task;
use crate::workspace::Memory;

/// Greedy MAP of a determinantal point process.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dpp {
    /// α of at least 0: 0 is greedy, 1 the process whose quality is the square root of P̂.
    pub alpha: f64,
    /// Choose among this many most probable candidates; all if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_k: Option<usize>,
}

impl Default for Dpp {
    fn default() -> Self {
        Self { alpha: 1.0, top_k: None }
    }
}

impl Dpp {
    pub(crate) fn validate(&self) -> Result<(), DecodeError> {
        let setting = Setting { decoder: "dpp", field: "alpha", found: self.alpha };
        setting.check(self.alpha.is_finite() && self.alpha >= 0.0, "a number of at least 0")?;
        at_least_one("dpp", "top_k", self.top_k.unwrap_or(1))
    }

    pub(crate) fn decode(&self, task: &Task, memory: &mut Memory) -> Result<(), DecodeError> {
        let Memory { likeness, novelty, shortlist, .. } = memory;
        let adding = Adding { alpha: self.alpha, likeness, novelty };
        let score = step_by_step(task, &mut memory.walk, &mut Shortlist::new(adding, self.top_k, shortlist))?;
        memory.found.add(task, &memory.walk.draft.list, score);
        Ok(())
    }
}

/// The key of the formula above.
struct Adding<'a> {
    alpha: f64,
    likeness: &'a mut Likeness,
    novelty: &'a mut Novelty,
}

impl Key for Adding<'_> {
    fn begin(&mut self, task: &Task) {
        self.novelty.begin_list(task);
    }

    fn key(&mut self, task: &Task, list: &[usize], cell: Ranked, before: Option<f64>) -> Option<f64> {
        let key = |gain: f64| f64::from(cell.log_p) + self.alpha * gain.ln();
        let is_less = |gain: f64| before.is_some_and(|before| key(gain) <= before);
        let likeness = |a, b| self.likeness.cosine(task.scores, a, b);
        self.novelty.gain((cell.candidate(), list), likeness, is_less).map(key)
    }
}

/// ε: how much of each cosine is left out of S.
const SHRINKAGE: f64 = 1e-4;

/// The Cholesky rows of a task's candidates, each as far as it was needed.
#[derive(Debug, Default)]
pub(crate) struct Novelty {
    /// `[candidates, length]`: of each row c_x as many numbers as the candidate has met of the list.
    rows: Vec<f64>,
    length: usize,
    /// Per candidate, how many of the list it has met and its d² with regard to them.
    met: Vec<(usize, f64)>,
}

impl Novelty {
    /// Forgets whom the candidates have met.
    fn begin_list(&mut self, task: &Task) {
        let candidates = task.scores.candidates();
        self.length = task.length;
        let numbers = candidates * self.length;
        if self.rows.len() < numbers {
            self.rows.resize(numbers, 0.0);
        }
        self.met.clear();
        self.met.resize(candidates, (0, 1.0));
    }

    /// d² of `candidate` with regard to a list that grows from call to call, each of whose items was asked about before it
    /// was placed. None if `is_enough` holds of the d² so far before all have met.
    fn gain(
        &mut self,
        (candidate, list): (usize, &[usize]),
        mut cosine: impl FnMut(usize, usize) -> f64,
        is_enough: impl Fn(f64) -> bool,
    ) -> Option<f64> {
        let (mut met, mut gain) = self.met[candidate];
        while met < list.len() && !is_enough(gain) {
            let chosen = list[met];
            debug_assert!(self.met[chosen].0 == met, "an item was placed without a whole row");
            let (row, others) = (&self.rows[candidate * self.length..], &self.rows[chosen * self.length..]);
            let shared: f64 = row[..met].iter().zip(others).map(|(a, b)| a * b).sum();
            let similarity = (1.0 - SHRINKAGE) * cosine(candidate, chosen);
            let number = (similarity - shared) / self.met[chosen].1.sqrt();
            self.rows[candidate * self.length + met] = number;
            gain = (gain - number * number).max(SHRINKAGE);
            met += 1;
        }
        self.met[candidate] = (met, gain);
        (met == list.len()).then_some(gain)
    }
}

#[cfg(test)]
mod tests;
