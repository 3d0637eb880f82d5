//! Beam search: the w most probable partial lists are kept at every position.
//!
//! ```text
//! start with the empty list
//! at each position: extend each of the kept lists by each candidate open to it,
//!                   keep the w with the greatest Σ_j log P̂(y_j, j)          score = that sum
//! ```
//!
//! O(w n m). The extensions of a list come in order of probability, each when the one before it has been looked at, so
//! that mostly few of them are. A partial list that cannot be completed under the rules never takes a place in the beam,
//! so a beam of one is greedy and a beam as wide as there are lists is exhaustive. Ties go to the extension of the better
//! list, then to the more probable candidate.
//!
//! [`Gumbel`](crate::Gumbel) runs the same search with another order and key, which is why they are a trait here.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use serde::{Deserialize, Serialize};

use crate::DecodeError;
use crate::columns::Ranked;
use crate::decoded::Found;
use crate::draft::Draft;
use crate::lookahead::{Care, Lookahead};
use crate::pool::Pool;
use crate::setting::at_least_one;
use crate::step::open_from;
use crate::task::Task;
use crate::workspace::{Memory, Walk};

/// Beam search over the product of P̂.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Beam {
    /// How many partial lists are kept.
    pub width: usize,
    /// How many of them are returned at the end, best first; more than `width` is the same as `width`.
    pub lists: usize,
}

impl Default for Beam {
    fn default() -> Self {
        Self { width: 4, lists: 1 }
    }
}

impl Beam {
    pub(crate) fn validate(&self) -> Result<(), DecodeError> {
        at_least_one("beam", "width", self.width)?;
        at_least_one("beam", "lists", self.lists)
    }

    pub(crate) fn decode(&self, task: &Task, memory: &mut Memory) -> Result<(), DecodeError> {
        let Memory { walk, beams, ranks, found, .. } = memory;
        beams.search(task, walk, self.width, &mut Product { ranks })?;
        beams.kept.truncate(self.lists);
        beams.put_into(task, found);
        Ok(())
    }
}

/// A partial list in the beam.
#[derive(Debug, Default)]
pub(crate) struct Hypothesis {
    pub(crate) draft: Draft,
    pub(crate) value: Value,
}

/// What a partial list is worth.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Value {
    /// The log-probability of the partial list, as the growth counts it.
    pub(crate) log_p: f64,
    /// What the beam keeps the greatest of.
    pub(crate) key: f64,
}

/// How lists grow, and their values with them.
pub(crate) trait Growth {
    /// Each of `parents` hypotheses is to be extended by a candidate of `column`.
    fn enter(&mut self, column: &[Ranked], parents: usize);

    /// Of the extensions of `parent`, the one numbered `number`, that with the greatest key of those not yet given.
    fn next(&mut self, task: &Task, column: &[Ranked], parent: (usize, &Hypothesis)) -> Option<(usize, Value)>;
}

/// The key is Σ log P̂.
struct Product<'a> {
    /// Where the column goes on for each parent.
    ranks: &'a mut Vec<usize>,
}

impl Growth for Product<'_> {
    fn enter(&mut self, _column: &[Ranked], parents: usize) {
        self.ranks.clear();
        self.ranks.resize(parents, 0);
    }

    fn next(
        &mut self,
        task: &Task,
        column: &[Ranked],
        (number, parent): (usize, &Hypothesis),
    ) -> Option<(usize, Value)> {
        let (rank, cell) = open_from(task, &parent.draft, column, self.ranks[number]).next()?;
        self.ranks[number] = rank + 1;
        let log_p = parent.value.log_p + f64::from(cell.log_p);
        Some((cell.candidate(), Value { log_p, key: log_p }))
    }
}

/// An extension that wants a place in the beam; the greatest comes first.
#[derive(Debug)]
struct Child {
    parent: usize,
    candidate: usize,
    value: Value,
}

impl Ord for Child {
    fn cmp(&self, other: &Self) -> Ordering {
        self.value.key.total_cmp(&other.value.key).then(other.parent.cmp(&self.parent))
    }
}

impl PartialOrd for Child {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Child {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Child {}

/// The memory of a search.
#[derive(Debug, Default)]
pub(crate) struct Beams {
    /// The beam, greatest key first.
    pub(crate) kept: Pool<Hypothesis>,
    /// The beam of the next position.
    next: Pool<Hypothesis>,
    /// The best extension of each hypothesis that was not looked at yet.
    children: BinaryHeap<Child>,
}

impl Beams {
    /// Leaves in the beam the lists that end there.
    pub(crate) fn search(
        &mut self,
        task: &Task,
        walk: &mut Walk,
        width: usize,
        growth: &mut impl Growth,
    ) -> Result<(), DecodeError> {
        let Walk { columns, lookahead, .. } = walk;
        self.kept.clear();
        let root = self.kept.next(Hypothesis::default);
        root.draft.begin(task);
        root.value = Value::default();
        lookahead.begin(Care::Exact);
        for position in 0..task.length {
            lookahead.next_position();
            self.lengthen(task, columns.column(task, position), (width, lookahead), growth)?;
            if self.kept.as_slice().is_empty() {
                return Err(task.unsatisfiable());
            }
        }
        Ok(())
    }

    /// Adds the lists of the beam to `found`, with the key as their score.
    pub(crate) fn put_into(&self, task: &Task, found: &mut Found) {
        for end in self.kept.as_slice() {
            found.add(task, &end.draft.list, end.value.key);
        }
    }

    /// The beam of the next position.
    fn lengthen(
        &mut self,
        task: &Task,
        column: &[Ranked],
        (width, lookahead): (usize, &mut Lookahead),
        growth: &mut impl Growth,
    ) -> Result<(), DecodeError> {
        let Self { kept, next, children } = self;
        let kept = kept.as_mut_slice();
        growth.enter(column, kept.len());
        let mut child = |parent: usize, kept: &[Hypothesis]| {
            let (candidate, value) = growth.next(task, column, (parent, &kept[parent]))?;
            Some(Child { parent, candidate, value })
        };
        children.clear();
        children.extend((0..kept.len()).filter_map(|parent| child(parent, kept)));
        next.clear();
        while next.as_slice().len() < width
            && let Some(Child { parent, candidate, value }) = children.pop()
        {
            if lookahead.accepts(task, (parent, &mut kept[parent].draft), candidate)? {
                let hypothesis = next.next(Hypothesis::default);
                hypothesis.draft.copy(&kept[parent].draft);
                hypothesis.draft.place(task, candidate);
                hypothesis.value = value;
            }
            if next.as_slice().len() < width {
                children.extend(child(parent, kept));
            }
        }
        std::mem::swap(&mut self.kept, &mut self.next);
        Ok(())
    }
}
