//! Greedy decoding: at each position the most probable candidate that is not yet taken.
//!
//! ```text
//! y_t = argmax over untaken x of  log P̂(x, t)          score = Σ_t log P̂(y_t, t)
//! ```
//!
//! O(n m). It is contrastive decoding with α = 0 and beam search of width one. A strong candidate taken early may be
//! worth more later; [`KBest`](crate::KBest) does not have that weakness.

use serde::{Deserialize, Serialize};

use crate::step::{Open, Preference, step_by_step};
use crate::task::Task;
use crate::{DecodeError, Decoded};

/// Greedy decoding; it has no settings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Greedy {}

/// The key is log P̂, as the loop sets it.
struct MostProbable;

impl Preference for MostProbable {
    fn rate(&mut self, _list: &[usize], _open: &mut [Open]) {}
}

impl Greedy {
    pub(crate) fn decode(self, task: &Task) -> Result<Vec<Decoded>, DecodeError> {
        Ok(vec![step_by_step(task, None, || MostProbable)?])
    }
}
