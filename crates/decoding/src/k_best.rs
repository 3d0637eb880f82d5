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
//! parts wait in a heap by the value of their best list, so lists leave it in non-increasing order; the parts are disjoint,
//! so none leaves it twice; together they are all lists, so when the heap is empty there are no more. A part is put there
//! with a bound on its value, and solved only when the bound comes out on top: most parts never are.
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
//! Pinned positions take no part in any of this. The first list costs O(k³) for length k once the candidates of each
//! position are in order, each further one O(k²) for the bounds and usually a few reassignments of O(k²), at most k.
//! With groups the number of splits can be exponential in k at worst (a few dozen for k = 6, too many for k = 40 where
//! the most probable lists break the rules at many positions at once); between two lists it is limited by
//! [`SEARCH_LIMIT`](crate::SEARCH_LIMIT), and what is returned is exact or nothing. The score is Σ_j log P̂. Among
//! exactly equal sums the order is fixed but has no meaning.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use serde::{Deserialize, Serialize};

use crate::DecodeError;
use crate::assignment::{Assignment, Costs, Search};
use crate::cells::{Bits, collect};
use crate::columns::Columns;
use crate::decoded::MOST_RESERVED;
use crate::lookahead::Budget;
use crate::pool::Pool;
use crate::rules::Breach;
use crate::setting::at_least_one;
use crate::task::Task;
use crate::workspace::{Memory, Walk};

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

    pub(crate) fn decode(&self, task: &Task, memory: &mut Memory) -> Result<(), DecodeError> {
        let Memory { walk, parts, found, .. } = memory;
        let mut budget = Budget::new(task.length);
        let mut ranking = parts.begin(task, walk, self.lists);
        while found.as_slice().len() < self.lists
            && let Some(best) = ranking.next()
        {
            if task.rules.are_broken(&ranking.parts.list, &mut ranking.parts.breach) {
                ranking.parts.breach.positions.iter().try_for_each(|_| budget.spend())?;
                ranking.split_by_breach(best);
                continue;
            }
            found.add(task, &ranking.parts.list, best.value);
            if found.as_slice().len() < self.lists {
                ranking.split_by_list(best);
            }
            budget = Budget::new(task.length);
        }
        if found.as_slice().is_empty() { Err(task.unsatisfiable()) } else { Ok(()) }
    }
}

/// A set of lists, given by the cells they may use.
#[derive(Debug, Default)]
struct Part {
    /// The best of them.
    best: Assignment,
    /// The rows by which it is split, and how.
    split: Split,
    rows: Vec<usize>,
}

/// What the rows before the one at which a list leaves have in common with the best list.
#[derive(Debug, Clone, Copy, Default)]
enum Split {
    /// The candidate.
    #[default]
    Candidate,
    /// This value of this group.
    Value { group: usize, value: usize },
}

/// A part that waits; the one of greatest value comes first, of equals the one that came to wait first.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    /// Of its best list, or a bound on it; never above that of the part it was split from.
    value: f64,
    number: usize,
    /// The part, or the one it is split from.
    part: usize,
    /// By which of that one's rows, if it is not solved yet.
    place: Option<usize>,
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> Ordering {
        self.value.total_cmp(&other.value).then(other.number.cmp(&self.number))
    }
}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Waiting {}

/// The memory of a ranking.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    solved: Pool<Part>,
    heap: BinaryHeap<Waiting>,
    /// What room has been made for: parts, rows and words of cells.
    reserved: [usize; 3],
    /// How many parts have ever waited.
    waited: usize,
    /// The position that each row of the assignments stands for.
    free: Vec<usize>,
    search: Search,
    /// The list that left the heap last.
    list: Vec<usize>,
    breach: Breach,
    /// The candidates that carry the value of a split.
    carriers: Bits,
}

impl Parts {
    /// All lists in one part, unless it is plain that there are none.
    fn begin<'a>(&'a mut self, task: &'a Task<'a>, walk: &'a mut Walk, lists: usize) -> Ranking<'a> {
        let Walk { columns, draft, lookahead } = walk;
        self.solved.clear();
        self.heap.clear();
        self.waited = 0;
        self.free.clear();
        self.free.extend((0..task.length).filter(|&position| task.pinned[position].is_none()));
        for &position in &self.free {
            columns.column(task, position);
        }
        draft.begin(task);
        let is_possible = lookahead.within_bound(task, draft);
        let mut ranking = Ranking { task, columns, parts: self };
        ranking.make_room(lists);
        if is_possible {
            ranking.solve_whole();
        }
        ranking
    }
}

/// The costs of the free positions: −log P̂.
struct Negated<'a> {
    task: &'a Task<'a>,
    columns: &'a Columns,
    free: &'a [usize],
}

impl Costs for Negated<'_> {
    fn rows(&self) -> usize {
        self.free.len()
    }

    fn candidates(&self) -> usize {
        self.task.scores.candidates()
    }

    fn cost(&self, row: usize, candidate: usize) -> f64 {
        -f64::from(self.task.scores.log_probability(candidate, self.free[row]))
    }

    fn cheapest(&self, row: usize, mut is_wanted: impl FnMut(usize) -> bool) -> Option<(usize, f64)> {
        let column = self.columns.sorted(self.free[row]);
        let cell = column.iter().find(|cell| is_wanted(cell.candidate()))?;
        Some((cell.candidate(), -f64::from(cell.log_p)))
    }
}

/// The parts not yet looked at, and what they are parts of.
struct Ranking<'a> {
    task: &'a Task<'a>,
    columns: &'a Columns,
    parts: &'a mut Parts,
}

impl Ranking<'_> {
    /// Makes room for all parts that `lists` lists can need where there are no groups.
    fn make_room(&mut self, lists: usize) {
        let Parts { solved, heap, free, reserved, .. } = &mut *self.parts;
        let costs = Negated { task: self.task, columns: self.columns, free };
        let parts = lists.saturating_mul(free.len()).saturating_add(1).min(MOST_RESERVED);
        let size = [parts, free.len(), free.len() * costs.candidates().div_ceil(64)];
        if size.iter().zip(&*reserved).all(|(size, reserved)| size <= reserved) {
            return;
        }
        reserved.iter_mut().zip(size).for_each(|(reserved, size)| *reserved = size.max(*reserved));
        heap.reserve(parts);
        solved.reserve(parts, Part::default, |part| {
            part.best.reserve(&costs);
            part.rows.reserve(free.len().saturating_sub(part.rows.len()));
        });
    }

    /// The solved part of greatest value, whose best list is put into `list`.
    fn next(&mut self) -> Option<Waiting> {
        while let Some(waiting) = self.parts.heap.pop() {
            match waiting.place {
                Some(place) => self.solve(waiting, place),
                None => {
                    self.write_list(waiting.part);
                    return Some(waiting);
                }
            }
        }
        None
    }

    /// Puts the part of all lists into the heap.
    fn solve_whole(&mut self) {
        let Parts { solved, free, search, .. } = &mut *self.parts;
        let costs = Negated { task: self.task, columns: self.columns, free };
        if solved.next(Part::default).best.assign(&costs, search) {
            self.add_solved(0, f64::INFINITY);
        }
    }

    /// Puts into the heap the part that is split from another by its row at `place`, if it holds any list.
    fn solve(&mut self, waiting: Waiting, place: usize) {
        let Parts { solved, free, search, carriers, .. } = &mut *self.parts;
        let number = solved.as_slice().len();
        let mut part = std::mem::take(solved.next(Part::default));
        let whole = &solved.as_slice()[waiting.part];
        part.best.copy(&whole.best);
        let (staying, leaving) = (&whole.rows[..place], whole.rows[place]);
        match whole.split {
            Split::Candidate => {
                let held = whole.best.candidates();
                staying.iter().for_each(|&row| part.best.allowed.keep_only(row, held[row]));
                part.best.allowed.remove(leaving, held[leaving]);
            }
            Split::Value { group, value } => {
                let group = &self.task.rules.groups()[group];
                collect(carriers, self.task.scores.candidates(), |candidate| group.carries(candidate, value));
                staying.iter().for_each(|&row| part.best.allowed.keep_all(row, carriers));
                part.best.allowed.remove_all(leaving, carriers);
            }
        }
        let costs = Negated { task: self.task, columns: self.columns, free };
        let is_solved = part.best.reassign(&costs, search, leaving);
        solved.as_mut_slice()[number] = part;
        if is_solved {
            self.add_solved(number, waiting.value);
        }
    }

    fn add_solved(&mut self, part: usize, at_most: f64) {
        self.write_list(part);
        let value = self.task.log_probability(&self.parts.list).min(at_most);
        self.parts.waited += 1;
        self.parts.heap.push(Waiting { value, number: self.parts.waited, part, place: None });
    }

    /// Splits a part so that its best list is in none of the new parts.
    fn split_by_list(&mut self, best: Waiting) {
        self.split(best, Split::Candidate, |_| true);
    }

    /// Splits a part so that no list with the breach of its best list is in any of the new parts.
    fn split_by_breach(&mut self, best: Waiting) {
        let Breach { group, value, .. } = self.parts.breach;
        let carrying = &self.task.rules.groups()[group];
        self.split(best, Split::Value { group, value }, |candidate| !carrying.carries(candidate, value));
    }

    /// Puts into the heap a part for each row of a split, in which the row holds another candidate that is wanted.
    fn split(&mut self, best: Waiting, split: Split, is_wanted: impl Fn(usize) -> bool) {
        let mut part = std::mem::take(&mut self.parts.solved.as_mut_slice()[best.part]);
        let Parts { free, search, breach, heap, waited, .. } = &mut *self.parts;
        let is_split_by = |row: &usize| match split {
            Split::Candidate => true,
            Split::Value { .. } => breach.positions.contains(&free[*row]),
        };
        part.split = split;
        part.rows.clear();
        part.rows.extend((0..free.len()).filter(is_split_by));
        let costs = Negated { task: self.task, columns: self.columns, free };
        part.best.bounds((&costs, search), &part.rows, is_wanted, |place, bound| {
            if bound < f64::INFINITY {
                *waited += 1;
                heap.push(Waiting { value: best.value - bound, number: *waited, part: best.part, place: Some(place) });
            }
        });
        self.parts.solved.as_mut_slice()[best.part] = part;
    }

    /// Writes the best list of a part.
    fn write_list(&mut self, part: usize) {
        let Parts { solved, list, .. } = &mut *self.parts;
        let mut held = solved.as_slice()[part].best.candidates().iter().copied();
        list.clear();
        list.extend(self.task.pinned.iter().filter_map(|pinned| pinned.or_else(|| held.next())));
    }
}
