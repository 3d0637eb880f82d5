//! Top-k sampling: each position is drawn from the distribution over the candidates that are left.
//!
//! ```text
//! y_t ~ softmax over the top_k most probable untaken x of  log P̂(x, t) / T
//! ```
//!
//! Drawn with the Gumbel trick, as the greatest of log P̂/T + noise. A draw that would make the rules impossible to
//! keep is replaced by the next greatest, which is a draw from the others. The score is the sum of the keys, noise
//! included.
//!
//! Lists are independent draws in the order drawn, so they may repeat, and the first of five is the same list as the
//! first of two. O(n log n · m) a list. For distinct lists see [`Gumbel`](crate::Gumbel).

use serde::{Deserialize, Serialize};

use crate::noise::Noise;
use crate::setting::{at_least_one, temperature};
use crate::step::{Open, Preference, sort_by_probability, step_by_step};
use crate::task::Task;
use crate::{DecodeError, Decoded};

/// Top-k sampling with temperature.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sample {
    /// Draw among this many most probable candidates; all if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_k: Option<usize>,
    /// T above 0: towards 0 it becomes greedy, large values make all candidates equal.
    pub temperature: f64,
    /// How many lists to draw.
    pub lists: usize,
}

impl Default for Sample {
    fn default() -> Self {
        Self { top_k: None, temperature: 1.0, lists: 1 }
    }
}

impl Sample {
    pub(crate) fn validate(&self) -> Result<(), DecodeError> {
        at_least_one("sample", "top_k", self.top_k.unwrap_or(1))?;
        at_least_one("sample", "lists", self.lists)?;
        temperature("sample", self.temperature)
    }

    pub(crate) fn decode(&self, task: &Task, seed: u64) -> Result<Vec<Decoded>, DecodeError> {
        let mut seeds = Noise::new(seed);
        let draw = |_| {
            let seed = seeds.seed();
            let start = || Perturbed { temperature: self.temperature, noise: Noise::new(seed) };
            step_by_step(task, self.top_k, start)
        };
        (0..self.lists).map(draw).collect()
    }
}

/// The key log P̂/T + Gumbel noise.
struct Perturbed {
    temperature: f64,
    noise: Noise,
}

impl Preference for Perturbed {
    fn rate(&mut self, _list: &[usize], open: &mut [Open]) {
        sort_by_probability(open);
        for open in open {
            open.key = open.log_p / self.temperature + self.noise.gumbel();
        }
    }
}
