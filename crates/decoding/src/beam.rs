//! Beam search: the w most probable partial lists are kept at every position.
//!
//! ```text
//! start with the empty list
//! at each position: extend each of the kept lists by each candidate open to it,
//!                   keep the w with the greatest Σ_j log P̂(y_j, j)          score = that sum
//! ```
//!
//! O(w n m). A partial list that cannot be completed under the rules never takes a place in the beam, so a beam of one
//! is greedy and a beam as wide as there are lists is exhaustive. Ties go to the extension of the better list, then to
//! the lower candidate.
//!
//! [`Gumbel`](crate::Gumbel) runs the same search with another key, which is why the key is a trait here.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use serde::{Deserialize, Serialize};

use crate::draft::Draft;
use crate::lookahead::{Care, Lookahead};
use crate::setting::at_least_one;
use crate::task::Task;
use crate::{DecodeError, Decoded};

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

    pub(crate) fn decode(&self, task: &Task) -> Result<Vec<Decoded>, DecodeError> {
        let mut lists = search(task, self.width, &mut Product)?;
        lists.truncate(self.lists);
        Ok(lists)
    }
}

/// A partial list in the beam.
pub(crate) struct Hypothesis<'a> {
    pub(crate) draft: Draft<'a>,
    pub(crate) value: Value,
}

/// What a partial list is worth.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Value {
    /// The log-probability of the partial list, as the growth counts it.
    pub(crate) log_p: f64,
    /// What the beam keeps the greatest of.
    pub(crate) key: f64,
}

/// How values grow along a list.
pub(crate) trait Growth {
    /// Calls `child` with each open candidate and the value of the hypothesis extended by it.
    fn grow(&mut self, parent: &Hypothesis, open: &[usize], child: impl FnMut(usize, Value));
}

/// The key is Σ log P̂.
struct Product;

impl Growth for Product {
    fn grow(&mut self, parent: &Hypothesis, open: &[usize], mut child: impl FnMut(usize, Value)) {
        let (scores, position) = (parent.draft.task.scores, parent.draft.position());
        for &candidate in open {
            let log_p = parent.value.log_p + f64::from(scores.log_probability(candidate, position));
            child(candidate, Value { log_p, key: log_p });
        }
    }
}

/// An extension that wants a place in the beam; the greatest comes first.
struct Child {
    parent: usize,
    candidate: usize,
    value: Value,
}

impl Ord for Child {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_key = self.value.key.total_cmp(&other.value.key);
        by_key.then(other.parent.cmp(&self.parent)).then(other.candidate.cmp(&self.candidate))
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

/// The lists that end in the beam, greatest key first, with the key as their score.
pub(crate) fn search(task: &Task, width: usize, growth: &mut impl Growth) -> Result<Vec<Decoded>, DecodeError> {
    let mut beam = vec![Hypothesis { draft: Draft::new(task), value: Value { log_p: 0.0, key: 0.0 } }];
    let mut lookahead = Lookahead::new(Care::Exact);
    for _ in 0..task.length {
        lookahead.next_position();
        let children = children(&beam, growth);
        beam = survivors(&mut beam, children, width, &mut lookahead)?;
        if beam.is_empty() {
            return Err(task.unsatisfiable());
        }
    }
    Ok(beam.into_iter().map(|end| Decoded::new(task, end.draft.list, end.value.key)).collect())
}

fn children(beam: &[Hypothesis], growth: &mut impl Growth) -> Vec<Child> {
    let (mut open, mut children) = (Vec::new(), Vec::new());
    for (parent, hypothesis) in beam.iter().enumerate() {
        hypothesis.draft.open_into(&mut open);
        growth.grow(hypothesis, &open, |candidate, value| children.push(Child { parent, candidate, value }));
    }
    children
}

fn survivors<'a>(
    beam: &mut [Hypothesis<'a>],
    children: Vec<Child>,
    width: usize,
    lookahead: &mut Lookahead,
) -> Result<Vec<Hypothesis<'a>>, DecodeError> {
    let mut children = BinaryHeap::from(children);
    let mut kept = Vec::new();
    while kept.len() < width
        && let Some(Child { parent, candidate, value }) = children.pop()
    {
        let draft = &mut beam[parent].draft;
        if lookahead.accepts(draft, parent, candidate)? {
            let mut draft = draft.clone();
            draft.place(candidate);
            kept.push(Hypothesis { draft, value });
        }
    }
    Ok(kept)
}
