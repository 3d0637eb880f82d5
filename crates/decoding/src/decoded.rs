//! What a decoder returns.

use nar4rec_slate::Permutation;

use crate::task::Task;

/// A list and how probable it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// The candidate at each position.
    pub list: Permutation,
    /// Σ_j log P̂(y_j, j), the same for every decoder.
    pub log_probability: f32,
    /// What the decoder itself maximised or drew; each decoder's page says what. Comparable only within one decoder.
    pub score: f32,
}

impl Decoded {
    /// A list that a decoder of this crate made for `task`.
    pub(crate) fn new(task: &Task, list: Vec<usize>, score: f64) -> Self {
        let log_probability = task.log_probability(&list) as f32;
        let list =
            Permutation::new(list, task.scores.candidates()).expect("decoders place existing candidates, each once");
        Self { list, log_probability, score: score as f32 }
    }
}
