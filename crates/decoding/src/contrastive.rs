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
//! candidate remembers its greatest cosine and how many of the chosen it has met. Nor is it computed where it cannot
//! matter: a maximum only grows, so a candidate whose key is already no greater than that of a more probable one need not
//! meet the rest. O(n m + s m d) for s candidates that are ever shortlisted, s ≤ min(n, m·top_k).

use serde::{Deserialize, Serialize};

use crate::DecodeError;
use crate::columns::Ranked;
use crate::likeness::Likeness;
use crate::setting::{Setting, at_least_one};
use crate::shortlist::{Key, Shortlist};
use crate::step::step_by_step;
use crate::task::Task;
use crate::workspace::Memory;

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

    pub(crate) fn decode(&self, task: &Task, memory: &mut Memory) -> Result<(), DecodeError> {
        let Memory { likeness, shortlist, .. } = memory;
        let unlike = Unlike { alpha: self.alpha, likeness };
        let score = step_by_step(task, &mut memory.walk, &mut Shortlist::new(unlike, self.top_k, shortlist))?;
        memory.found.add(task, &memory.walk.draft.list, score);
        Ok(())
    }
}

/// The key of the formula above.
struct Unlike<'a> {
    alpha: f64,
    likeness: &'a mut Likeness,
}

/// Less than any cosine, however rounded.
const LEAST_COSINE: f64 = -1.001;

impl Key for Unlike<'_> {
    fn begin(&mut self, _task: &Task) {
        self.likeness.begin_list();
    }

    fn key(&mut self, task: &Task, list: &[usize], cell: Ranked, before: Option<f64>) -> Option<f64> {
        let (alpha, p) = (self.alpha, f64::from(cell.log_p).exp());
        let key = |likeness: f64| (1.0 - alpha) * p - alpha * likeness;
        if list.is_empty() {
            return Some(key(0.0));
        }
        let is_less = |likeness: f64| before.is_some_and(|before| key(likeness.max(LEAST_COSINE)) <= before);
        self.likeness.greatest(task.scores, (cell.candidate(), list), is_less).map(key)
    }
}
