//! Greedy decoding: at each position the most probable candidate that is not yet taken.
//!
//! ```text
//! y_t = argmax over untaken x of  log P̂(x, t)          score = Σ_t log P̂(y_t, t)
//! ```
//!
//! O(n m), by looking for the greatest: nothing is sorted. It is contrastive decoding with α = 0 and beam search of width
//! one. A strong candidate taken early may be worth more later; [`KBest`](crate::KBest) does not have that weakness.

use serde::{Deserialize, Serialize};

use crate::DecodeError;
use crate::columns::{Columns, key};
use crate::draft::Draft;
use crate::step::{Choice, Preference, step_by_step};
use crate::task::Task;
use crate::workspace::{Memory, Walk};

/// Greedy decoding; it has no settings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Greedy {}

impl Greedy {
    pub(crate) fn decode(self, task: &Task, memory: &mut Memory) -> Result<(), DecodeError> {
        let score = self.fill(task, &mut memory.walk)?;
        memory.found.add(task, &memory.walk.draft.list, score);
        Ok(())
    }

    /// Fills the draft of `walk` and returns the score.
    pub(crate) fn fill(self, task: &Task, walk: &mut Walk) -> Result<f64, DecodeError> {
        step_by_step(task, walk, &mut MostProbable { last: None })
    }
}

/// The key is log P̂.
struct MostProbable {
    /// The candidate proposed last at this position, with the integer that orders as its log P̂.
    last: Option<(i32, usize)>,
}

/// Before any candidate.
const NONE: (i32, usize) = (i32::MIN, usize::MAX);

impl MostProbable {
    /// Whether a candidate comes after the one proposed last.
    fn is_left(&self, key: i32, candidate: usize) -> bool {
        self.last.is_none_or(|last| key < last.0 || (key == last.0 && candidate > last.1))
    }
}

impl Preference for MostProbable {
    fn enter(&mut self, _task: &Task, _draft: &Draft, _columns: &mut Columns) {
        self.last = None;
    }

    fn next(&mut self, task: &Task, draft: &Draft, _columns: &mut Columns) -> Option<Choice> {
        let position = draft.position();
        let pinned = task.pinned[position].as_slice();
        let candidates = if pinned.is_empty() { task.choices } else { pinned };
        let mut best = NONE;
        for &candidate in candidates {
            let key = key(task.scores.log_probability(candidate, position));
            if key > best.0 && self.is_left(key, candidate) && draft.is_open(task, candidate) {
                best = (key, candidate);
            }
        }
        if best == NONE {
            return None;
        }
        self.last = Some(best);
        Some(Choice { candidate: best.1, key: f64::from(task.scores.log_probability(best.1, position)) })
    }
}
