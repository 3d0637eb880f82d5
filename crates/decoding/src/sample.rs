//! Top-k sampling: each position is drawn from the distribution over the candidates that are left.
//!
//! ```text
//! y_t ~ softmax over the top_k most probable untaken x of  log P̂(x, t) / T
//! ```
//!
//! It is the greatest of log P̂/T + Gumbel noise, drawn from an [`Urn`](crate::urn::Urn). A draw that would make the rules
//! impossible to keep is replaced by the next greatest, which is a draw from the others. The score is the sum of the keys,
//! noise included.
//!
//! Lists are independent draws in the order drawn, so they may repeat, and the first of five is the same list as the
//! first of two. O(n m) a list, after sorting. For distinct lists see [`Gumbel`](crate::Gumbel).

use serde::{Deserialize, Serialize};

use crate::DecodeError;
use crate::columns::{Columns, Ranked};
use crate::draft::Draft;
use crate::noise::Noise;
use crate::setting::{at_least_one, temperature};
use crate::step::{Choice, Preference, open_from, step_by_step};
use crate::task::Task;
use crate::urn::{GONE, Urn, log_add, weigh};
use crate::workspace::Memory;

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

    pub(crate) fn decode(&self, task: &Task, seed: u64, memory: &mut Memory) -> Result<(), DecodeError> {
        let (temperature, top_k) = (self.temperature, self.top_k.unwrap_or(usize::MAX));
        let Memory { walk, draws, found, .. } = memory;
        let mut seeds = Noise::new(seed);
        for _ in 0..self.lists {
            let seed = seeds.seed();
            let mut perturbed = Perturbed { temperature, top_k, seed, noise: Noise::new(seed), draws };
            let score = step_by_step(task, walk, &mut perturbed)?;
            found.add(task, &walk.draft.list, score);
        }
        Ok(())
    }
}

/// The key log P̂/T + Gumbel noise: −ln of the arrival time of the urn's page.
struct Perturbed<'a> {
    temperature: f64,
    top_k: usize,
    seed: u64,
    noise: Noise,
    draws: &'a mut Draws,
}

/// The memory of the draws, and how far they have come at the position being filled.
#[derive(Debug, Default)]
pub(crate) struct Draws {
    /// Of the column up to the last shortlisted candidate.
    log_weights: Vec<f64>,
    weights: Vec<f64>,
    /// The shortlist.
    urn: Urn,
    /// log P̂/T of the most probable candidate of the column, which weighs 1.
    heaviest: f64,
    /// ln of the time of the last arrival.
    log_time: f64,
    /// Where the column goes on after the shortlist and what was proposed after that.
    beyond: usize,
}

impl Preference for Perturbed<'_> {
    fn begin(&mut self, _task: &Task) {
        self.noise = Noise::new(self.seed);
    }

    fn enter(&mut self, task: &Task, draft: &Draft, columns: &mut Columns) {
        let Draws { log_weights, weights, urn, heaviest, log_time, beyond } = &mut *self.draws;
        let column = columns.column(task, draft.position());
        *beyond = match self.top_k {
            usize::MAX => column.len(),
            top_k => open_from(task, draft, column, 0).take(top_k).last().map_or(0, |(place, _)| place + 1),
        };
        let column = &column[..*beyond];
        weigh(column.iter().map(|cell| cell.log_p), self.temperature, (log_weights, weights));
        let is_open = |cell: &Ranked| draft.is_open(task, cell.candidate());
        let open = column.iter().zip(weights).map(|(cell, weight)| if is_open(cell) { *weight } else { GONE });
        urn.fill(log_weights, open);
        *heaviest = column.first().map_or(0.0, |cell| f64::from(cell.log_p) / self.temperature);
        *log_time = f64::NEG_INFINITY;
    }

    fn next(&mut self, task: &Task, draft: &Draft, columns: &mut Columns) -> Option<Choice> {
        let Draws { log_weights, urn, heaviest, log_time, beyond, .. } = &mut *self.draws;
        let column = columns.column(task, draft.position());
        let log_rate = *heaviest + urn.log_mass();
        if let Some(place) = urn.draw(log_weights, &mut self.noise) {
            *log_time = log_add(*log_time, self.noise.log_exponential() - log_rate);
            return Some(Choice { candidate: column[place].candidate(), key: -*log_time });
        }
        let (place, cell) = open_from(task, draft, column, *beyond).next()?;
        *beyond = place + 1;
        let key = f64::from(cell.log_p) / self.temperature - self.noise.log_exponential();
        Some(Choice { candidate: cell.candidate(), key })
    }
}
