//! What a decoder returns.

use nar4rec_slate::Permutation;

use crate::pool::Pool;
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
    /// The list of nothing.
    pub(crate) fn empty() -> Self {
        Self { list: Permutation::default(), log_probability: 0.0, score: 0.0 }
    }

    /// Becomes a list that a decoder of this crate made for `task`.
    pub(crate) fn refill(&mut self, task: &Task, list: &[usize], score: f64) {
        self.list.refill(list, task.scores.candidates()).expect("decoders place existing candidates, each once");
        self.log_probability = task.log_probability(list) as f32;
        self.score = score as f32;
    }
}

/// The lists that a decoder finds.
pub(crate) type Found = Pool<Decoded>;

/// Room is made in advance for this many lists at most; a decoder that finds more grows as it finds them.
pub(crate) const MOST_RESERVED: usize = 256;

impl Found {
    /// Makes room for `lists` lists for `task`.
    pub(crate) fn make_room(&mut self, task: &Task, lists: usize) {
        self.reserve(lists.min(MOST_RESERVED), Decoded::empty, |decoded| decoded.list.reserve(task.length));
    }

    /// One more list.
    pub(crate) fn add(&mut self, task: &Task, list: &[usize], score: f64) {
        self.next(Decoded::empty).refill(task, list, score);
    }
}
