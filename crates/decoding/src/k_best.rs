//! The exact k most probable lists, in order.
//!
//! P̂ factorises over positions, so the most probable list is an assignment problem with costs −log P̂, solved exactly
//! by [`Assignment`]. Murty's method ranks the next ones: once a list y is known to be the best of a set of lists, the
//! others in the set are split by the first position at which they leave y,
//!
//! ```text
//! for each position j:   y_1 … y_{j-1} as in y,  position j anything but y_j
//! ```
//!
//! Each part is an assignment problem with some cells forbidden, and its best list is one reassignment away from y. The
//! best lists of all parts wait in a heap, so lists leave it in non-increasing order; the parts are disjoint, so none
//! leaves it twice; together they are all lists, so when the heap is empty there are no more.
//!
//! **Groups** cannot be written as costs. A list that leaves the heap and breaks one carries some value v at a set of
//! positions that must not all carry v (one more than `at_most`, or two neighbours). It is dropped, and its set is
//! split in the same way by the first of these positions that does *not* carry v:
//!
//! ```text
//! for each of the positions j_1, j_2, …:   j_1 … j_{i-1} carry v,  j_i does not
//! ```
//!
//! No list that keeps the rules is lost, and all lists that break this one in the same way are gone at once.
//!
//! The first list costs O(k² n) for length k, each further one at most k reassignments of O(k n), usually far less.
//! With groups the number of splits can be exponential in k at worst (a few dozen for k = 6, too many for k = 40 where
//! the most probable lists break the rules at many positions at once); between two lists it is limited by
//! [`SEARCH_LIMIT`](crate::SEARCH_LIMIT), and what is returned is exact or nothing. The score is Σ_j log P̂. Among
//! exactly equal sums the order is fixed but has no meaning.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use crate::assignment::{Assignment, Costs};
use crate::draft::Draft;
use crate::lookahead::{Budget, within_bound};
use crate::setting::at_least_one;
use crate::task::Task;
use crate::{DecodeError, Decoded};

/// The exact k best assignments.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KBest {
    /// k; fewer lists come back only if fewer exist.
    pub lists: usize,
}

impl Default for KBest {
    fn default() -> Self {
        Self { lists: 1 }
    }
}

impl KBest {
    pub(crate) fn validate(&self) -> Result<(), DecodeError> {
        at_least_one("k_best", "lists", self.lists)
    }

    pub(crate) fn decode(&self, task: &Task) -> Result<Vec<Decoded>, DecodeError> {
        let mut ranking = Ranking::new(task);
        let mut budget = Budget::new(task.length);
        let mut found = Vec::new();
        while found.len() < self.lists
            && let Some(best) = ranking.parts.pop()
        {
            if let Some(broken) = task.rules.broken(&best.list) {
                broken.positions.iter().try_for_each(|_| budget.spend())?;
                ranking.split(&best, &broken.positions, |_, candidate| broken.group.carries(candidate, broken.value));
                continue;
            }
            if found.len() + 1 < self.lists {
                let positions: Vec<usize> = (0..task.length).collect();
                ranking.split(&best, &positions, |position, candidate| best.list[position] == candidate);
            }
            found.push(Decoded::new(task, best.list, best.value));
            budget = Budget::new(task.length);
        }
        if found.is_empty() { Err(task.unsatisfiable()) } else { Ok(found) }
    }
}

/// A set of lists, given by the cells they may use, and the best of them.
struct Part {
    costs: Costs,
    assignment: Assignment,
    /// The best list.
    list: Vec<usize>,
    /// Its Σ_j log P̂, never above that of the part this one was split from.
    value: f64,
}

impl Ord for Part {
    fn cmp(&self, other: &Self) -> Ordering {
        self.value.total_cmp(&other.value).then_with(|| other.list.cmp(&self.list))
    }
}

impl PartialOrd for Part {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Part {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Part {}

/// The parts not yet looked at, and what they have in common.
struct Ranking<'a> {
    task: &'a Task<'a>,
    /// The candidate that each column of the costs stands for.
    columns: Vec<usize>,
    parts: BinaryHeap<Part>,
}

impl<'a> Ranking<'a> {
    /// All lists in one part, unless it is plain that there are none.
    fn new(task: &'a Task<'a>) -> Self {
        let columns: Vec<usize> = task.choices.iter().chain(task.pinned.iter().flatten()).copied().collect();
        let mut ranking = Self { task, columns, parts: BinaryHeap::new() };
        let costs: Costs = (0..task.length).map(|position| ranking.row(position)).collect();
        if within_bound(&Draft::new(task))
            && let Some(assignment) = Assignment::cheapest(&costs, ranking.columns.len())
        {
            ranking.add(costs, assignment, f64::INFINITY);
        }
        ranking
    }

    /// The costs of a position: −log P̂, infinite for all but the pinned candidate if there is one.
    fn row(&self, position: usize) -> Rc<[f64]> {
        let pinned = self.task.pinned[position];
        let cost = |&candidate: &usize| {
            let is_allowed = pinned.is_none_or(|pinned| pinned == candidate);
            let log_p = f64::from(self.task.scores.log_probability(candidate, position));
            if is_allowed { -log_p } else { f64::INFINITY }
        };
        self.columns.iter().map(cost).collect()
    }

    fn add(&mut self, costs: Costs, assignment: Assignment, at_most: f64) {
        let list: Vec<usize> = assignment.candidates().iter().map(|&column| self.columns[column]).collect();
        let value = self.task.log_probability(&list).min(at_most);
        self.parts.push(Part { costs, assignment, list, value });
    }

    /// Splits a part by the first of `positions` whose candidate `holds` is false for. The best list of the part, for
    /// which it is true at all of them, is in none of the new parts.
    fn split(&mut self, part: &Part, positions: &[usize], holds: impl Fn(usize, usize) -> bool) {
        let mut costs = part.costs.clone();
        for &position in positions {
            let without = |wanted: bool| -> Rc<[f64]> {
                let cells = costs[position].iter().zip(&self.columns);
                cells.map(|(&cost, &c)| if holds(position, c) == wanted { f64::INFINITY } else { cost }).collect()
            };
            let (leaving, staying) = (without(true), without(false));
            costs[position] = leaving;
            if let Some(assignment) = part.assignment.reassigned(&costs, position) {
                self.add(costs.clone(), assignment, part.value);
            }
            costs[position] = staying;
        }
    }
}
