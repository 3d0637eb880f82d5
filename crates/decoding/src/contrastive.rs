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
use crate::columns::Columns;
use crate::draft::Draft;
use crate::likeness::Likeness;
use crate::setting::{Setting, at_least_one};
use crate::step::{Choice, Preference, open_from, step_by_step};
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
        let top_k = self.top_k.unwrap_or(usize::MAX);
        let Memory { likeness, shortlist, .. } = memory;
        let mut unlike = Unlike { alpha: self.alpha, top_k, likeness, shortlist, beyond: 0 };
        let score = step_by_step(task, &mut memory.walk, &mut unlike)?;
        memory.found.add(task, &memory.walk.draft.list, score);
        Ok(())
    }
}

/// One of the candidates that compete for a position.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shortlisted {
    candidate: usize,
    /// P̂ at this position.
    p: f64,
    is_proposed: bool,
}

impl Shortlisted {
    fn new(candidate: usize, log_p: f32) -> Self {
        Self { candidate, p: f64::from(log_p).exp(), is_proposed: false }
    }
}

/// The key of the formula above.
struct Unlike<'a> {
    alpha: f64,
    top_k: usize,
    likeness: &'a mut Likeness,
    /// In order of probability.
    shortlist: &'a mut Vec<Shortlisted>,
    /// Where the column goes on after what is shortlisted and what was proposed after that.
    beyond: usize,
}

/// Less than any cosine, however rounded.
const LEAST_COSINE: f64 = -1.001;

impl Unlike<'_> {
    /// The key of a candidate after `list`, unless it is known not to be greater than that of a candidate before.
    fn key(&mut self, task: &Task, list: &[usize], at: Shortlisted, before: Option<f64>) -> Option<f64> {
        let alpha = self.alpha;
        let key = |likeness: f64| (1.0 - alpha) * at.p - alpha * likeness;
        if list.is_empty() {
            return Some(key(0.0));
        }
        let is_less = |likeness: f64| before.is_some_and(|before| key(likeness.max(LEAST_COSINE)) <= before);
        self.likeness.greatest(task.scores, (at.candidate, list), is_less).map(key)
    }

    /// The place in the shortlist of the greatest key, and that key. Of equal keys the first is taken, which is that of
    /// the more probable candidate.
    fn best(&mut self, task: &Task, list: &[usize]) -> Option<(usize, f64)> {
        let mut best: Option<(usize, f64)> = None;
        for place in 0..self.shortlist.len() {
            let at = self.shortlist[place];
            let before = best.map(|(_, key)| key);
            if !at.is_proposed
                && let Some(key) = self.key(task, list, at, before)
                && before.is_none_or(|before| key > before)
            {
                best = Some((place, key));
            }
        }
        best
    }
}

impl Preference for Unlike<'_> {
    fn begin(&mut self, _task: &Task) {
        self.likeness.begin_list();
    }

    fn enter(&mut self, task: &Task, draft: &Draft, columns: &mut Columns) {
        let column = columns.column(task, draft.position());
        let open = open_from(task, draft, column, 0).take(self.top_k);
        self.shortlist.clear();
        self.beyond = 0;
        for (place, cell) in open {
            self.shortlist.push(Shortlisted::new(cell.candidate(), cell.log_p));
            self.beyond = place + 1;
        }
    }

    fn next(&mut self, task: &Task, draft: &Draft, columns: &mut Columns) -> Option<Choice> {
        if let Some((place, key)) = self.best(task, &draft.list) {
            self.shortlist[place].is_proposed = true;
            return Some(Choice { candidate: self.shortlist[place].candidate, key });
        }
        let column = columns.column(task, draft.position());
        let (place, cell) = open_from(task, draft, column, self.beyond).next()?;
        self.beyond = place + 1;
        let key = self.key(task, &draft.list, Shortlisted::new(cell.candidate(), cell.log_p), None)?;
        Some(Choice { candidate: cell.candidate(), key })
    }
}
