//! The memory of decoding: what decoders need between and within calls, made once and used again.
//!
//! Every vector grows to the greatest request it has met and is never given back. Room is made for what a request of its
//! size can need, not for what this one does, so once a request of the greatest size has been met nothing is allocated,
//! whatever the decoder and the numbers. That holds of the lists found as well: they lie here, or in
//! [`Proposals`](crate::Proposals), until the next call.
//!
//! Two searches still grow when they go further than any before. Under groups, or impossible cells, what the look-ahead
//! refuses and tries depends on the numbers, and a `k_best` keeps every part it has solved, up to
//! [`SEARCH_LIMIT`](crate::SEARCH_LIMIT) between two lists. And what is asked for by the hundred, such as 1,000 lists, is
//! not paid for in advance. Rules that are not [`Rules::none`](crate::Rules::none) allocate when they are made.

use crate::beam::Beams;
use crate::columns::Columns;
use crate::decoded::Found;
use crate::dpp::Novelty;
use crate::draft::Draft;
use crate::gumbel::Drawings;
use crate::k_best::Parts;
use crate::likeness::Likeness;
use crate::lookahead::Lookahead;
use crate::sample::Draws;
use crate::shortlist::Shortlisted;
use crate::task::{Places, Task};

/// The memory of one thread's decoders. It carries nothing from one call to the next but capacity.
///
/// ```
/// use nar4rec_decoding::{Decoder, Greedy, Rules, Scores, Workspace};
/// let mut workspace = Workspace::default();
/// for log_probabilities in [[-1.0, -2.0], [-2.0, -1.0]] {
///     let scores = Scores::new(&log_probabilities, &[], 2, 1)?;
///     let found = Decoder::Greedy(Greedy {}).decode(&scores, &Rules::none(2), 1, 0, &mut workspace)?;
///     assert_eq!(found[0].log_probability, -1.0);
/// }
/// # Ok::<(), nar4rec_decoding::DecodeError>(())
/// ```
#[derive(Debug, Default)]
pub struct Workspace {
    /// What the task at hand is made of.
    pub(crate) places: Places,
    pub(crate) memory: Memory,
}

/// All but the task itself.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) walk: Walk,
    pub(crate) likeness: Likeness,
    pub(crate) novelty: Novelty,
    pub(crate) shortlist: Vec<Shortlisted>,
    pub(crate) draws: Draws,
    pub(crate) beams: Beams,
    /// Where the columns go on for each hypothesis of a beam.
    pub(crate) ranks: Vec<usize>,
    pub(crate) drawings: Drawings,
    pub(crate) parts: Parts,
    /// The lists of the decoder that ran last.
    pub(crate) found: Found,
    /// The items of a list that is being arranged.
    pub(crate) items: Vec<usize>,
}

/// What a walk over the positions of one list needs.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    pub(crate) columns: Columns,
    pub(crate) draft: Draft,
    pub(crate) lookahead: Lookahead,
}

impl Memory {
    /// Forgets what was worked out for another task. No decoder will find more than `lists` lists.
    pub(crate) fn begin(&mut self, task: &Task, lists: usize) {
        self.found.make_room(task, lists);
        self.walk.columns.begin(task);
        self.likeness.begin(task.scores);
    }
}
