//! Whether a partial list can still be completed under the rules.
//!
//! A decoder that fills positions in order may run into a dead end: the last two candidates left are by one author and
//! may not stand side by side. Deciding this in general is hard (items carry several values in several groups, which
//! contains set packing), so there are two answers.
//!
//! **The bound** is necessary and cheap. Let r be the number of free positions left. Count every candidate left under
//! one of its values (the first), so that nothing is counted twice; of value v no more can be placed than
//!
//! ```text
//! min( candidates counted under v, room left by at_most, places no two of which are adjacent )
//! ```
//!
//! and the sum of these over the values, plus the candidates without a value, must reach r in every group. Where cells
//! are impossible there must also be a matching of the free positions to the candidates left, found by augmenting
//! paths. Without groups the matching decides exactly; without either, every draft can be completed.
//!
//! **The search** is exact: depth first over the positions, the bound at every node, and where the bound holds the
//! first candidate that fits at each position left, which mostly ends the search at its root. Candidates that carry the
//! same values are interchangeable where every cell is possible, so after one of a kind has failed the others are
//! skipped. At worst the search is exponential, so it is given up after [`SEARCH_LIMIT`] steps, with an error of its
//! own. The completion that it finds is kept: mostly it serves the next candidate as well, after one exchange, and
//! nothing needs to be searched.

use crate::DecodeError;
use crate::draft::Draft;
use crate::rules::{Breach, IndexedGroup, Neighbours};
use crate::task::Task;

/// The number of search steps after which a decoder gives up one question: whether a partial list can be completed
/// (steps are candidates tried), or which list is the next best that keeps the rules (steps are subproblems solved).
/// The first rarely needs a step for rules met in practice. This many take about a millisecond for 60 candidates and 10
/// positions, a few milliseconds for 400 and 40.
pub const SEARCH_LIMIT: usize = 2_000;

/// Search steps left to one question.
pub(crate) struct Budget {
    left: usize,
    length: usize,
}

impl Budget {
    /// [`SEARCH_LIMIT`] steps in search of a list of `length` candidates.
    pub(crate) fn new(length: usize) -> Self {
        Self { left: SEARCH_LIMIT, length }
    }

    /// One step less.
    pub(crate) fn spend(&mut self) -> Result<(), DecodeError> {
        let error = DecodeError::SearchLimit { length: self.length, limit: SEARCH_LIMIT };
        self.left = self.left.checked_sub(1).ok_or(error)?;
        Ok(())
    }
}

/// How sure a decoder wants to be before it takes a candidate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Care {
    /// The bound does not rule it out.
    #[default]
    Bound,
    /// Some completion exists.
    Exact,
}

/// Accepts or refuses the next candidate of a draft.
#[derive(Debug, Default)]
pub(crate) struct Lookahead {
    care: Care,
    /// What was refused at the position being filled, in order: (draft, candidate), or (draft, kind) where kinds suffice.
    refused: Vec<(usize, usize)>,
    bound: Bound,
    /// The completion that was found last; empty for one that is known to exist but was not worked out.
    found: Vec<usize>,
    breach: Breach,
    /// The candidates open at each level of the search, and the kinds that have failed there.
    open: Vec<usize>,
    failed: Vec<usize>,
}

impl Lookahead {
    /// Becomes this sure.
    pub(crate) fn begin(&mut self, care: Care) {
        self.care = care;
        self.refused.clear();
    }

    /// Forgets what was refused, because another position is filled next.
    pub(crate) fn next_position(&mut self) {
        self.refused.clear();
    }

    /// Whether the open `candidate` may be placed next in `draft`, which is the one numbered `number` at this position.
    pub(crate) fn accepts(
        &mut self,
        task: &Task,
        (number, draft): (usize, &mut Draft),
        candidate: usize,
    ) -> Result<bool, DecodeError> {
        if task.is_free {
            return Ok(true);
        }
        let same = (number, if task.has_holes { candidate } else { task.rules.kind(candidate) });
        let Err(place) = self.refused.binary_search(&same) else { return Ok(false) };
        let accepted = match self.care {
            Care::Bound => {
                draft.place(task, candidate);
                let accepted = self.bound.holds(task, draft);
                draft.undo(task);
                accepted
            }
            Care::Exact => self.can_take(task, draft, candidate)?,
        };
        if !accepted {
            self.refused.insert(place, same);
        }
        Ok(accepted)
    }

    /// The bound of this page: false only if no completion of `draft` exists.
    pub(crate) fn within_bound(&mut self, task: &Task, draft: &Draft) -> bool {
        self.bound.holds(task, draft)
    }

    /// Whether `draft` can be completed with the open `candidate` next. If so, its known completion has the candidate
    /// there.
    fn can_take(&mut self, task: &Task, draft: &mut Draft, candidate: usize) -> Result<bool, DecodeError> {
        let is_found = self.exchanged(task, draft, candidate) || {
            draft.place(task, candidate);
            let found = self.complete(task, draft, &mut Budget::new(task.length));
            draft.undo(task);
            found?
        };
        if is_found {
            std::mem::swap(&mut draft.completion, &mut self.found);
        }
        Ok(is_found)
    }

    /// Whether the known completion of `draft` with the open `candidate` at the next position breaks nothing: what stands
    /// there moves to the place that the candidate leaves, or out of the list.
    fn exchanged(&mut self, task: &Task, draft: &Draft, candidate: usize) -> bool {
        let position = draft.position();
        self.found.clone_from(&draft.completion);
        let Some(slot) = self.found.get_mut(position) else { return false };
        let displaced = std::mem::replace(slot, candidate);
        let is_possible = match draft.completion[position..].iter().position(|&other| other == candidate) {
            None | Some(0) => true,
            Some(distance) => {
                self.found[position + distance] = displaced;
                task.scores.is_possible(displaced, position + distance)
            }
        };
        is_possible && !task.rules.are_broken(&self.found, &mut self.breach)
    }

    /// Whether a full list begins with `draft` and keeps the rules.
    fn complete(&mut self, task: &Task, draft: &mut Draft, budget: &mut Budget) -> Result<bool, DecodeError> {
        if !self.bound.holds(task, draft) {
            return Ok(false);
        }
        self.found.clear();
        if !draft.is_full(task) && task.rules.groups().is_empty() {
            return Ok(true);
        }
        if self.first_fit(task, draft) { Ok(true) } else { self.branch(task, draft, budget) }
    }

    /// Whether `draft` is completed by the first candidate open at each position.
    fn first_fit(&mut self, task: &Task, draft: &mut Draft) -> bool {
        let from = draft.position();
        loop {
            let first = draft.open(task).next();
            let Some(candidate) = first else { break };
            draft.place(task, candidate);
        }
        let is_full = draft.is_full(task);
        if is_full {
            self.found.clone_from(&draft.list);
        }
        while draft.position() > from {
            draft.undo(task);
        }
        is_full
    }

    /// Every candidate open at the next position in turn.
    fn branch(&mut self, task: &Task, draft: &mut Draft, budget: &mut Budget) -> Result<bool, DecodeError> {
        let (first_open, first_failed) = (self.open.len(), self.failed.len());
        self.open.extend(draft.open(task));
        let mut found = Ok(false);
        for place in first_open..self.open.len() {
            let candidate = self.open[place];
            let kind = task.rules.kind(candidate);
            if !task.has_holes && self.failed[first_failed..].contains(&kind) {
                continue;
            }
            found = budget.spend().and_then(|()| {
                draft.place(task, candidate);
                let found = self.complete(task, draft, budget);
                draft.undo(task);
                found
            });
            if found != Ok(false) {
                break;
            }
            self.failed.push(kind);
        }
        self.open.truncate(first_open);
        self.failed.truncate(first_failed);
        found
    }
}

/// The memory of the bound.
#[derive(Debug, Default)]
struct Bound {
    /// The free positions left.
    free: Vec<usize>,
    /// Their maximal runs, as (first, last).
    runs: Vec<(usize, usize)>,
    /// The candidates left.
    left: Vec<usize>,
    /// Per value of a group, how many of them are counted under it.
    counts: Vec<usize>,
    /// Per candidate left, the position it is matched to, and whether the path at hand has been there.
    holders: Vec<Option<usize>>,
    seen: Vec<bool>,
}

impl Bound {
    /// False only if no completion of `draft` exists.
    fn holds(&mut self, task: &Task, draft: &Draft) -> bool {
        if task.is_free {
            return true;
        }
        self.free.clear();
        self.free.extend((draft.position()..task.length).filter(|&position| task.pinned[position].is_none()));
        if self.free.is_empty() {
            return true;
        }
        self.runs.clear();
        self.runs.extend(runs(&self.free));
        self.left.clear();
        self.left.extend(task.choices.iter().copied().filter(|&choice| draft.is_left(task, choice)));
        let groups = task.rules.groups();
        groups.iter().all(|group| self.supply(task, draft, group) >= self.free.len())
            && (!task.has_holes || self.has_matching(task))
    }

    /// At most this many of the candidates left fit the free positions, by one group alone.
    fn supply(&mut self, task: &Task, draft: &Draft, group: &IndexedGroup) -> usize {
        self.counts.clear();
        self.counts.resize(group.count, 0);
        let mut unconstrained = 0;
        for &candidate in &self.left {
            match group.values[candidate].first() {
                Some(&value) => self.counts[value] += 1,
                None => unconstrained += 1,
            }
        }
        let places = |value: usize| match group.neighbours {
            Neighbours::Free => self.free.len(),
            Neighbours::Distinct => self.runs.iter().map(|&run| spread(task, draft, (group, value), run)).sum(),
        };
        let most = |(value, &count): (usize, &usize)| match count {
            0 => 0,
            _ => count.min(draft.room(group, value)).min(places(value)),
        };
        unconstrained + self.counts.iter().enumerate().map(most).sum::<usize>()
    }

    /// Whether the free positions can be matched to distinct possible candidates.
    fn has_matching(&mut self, task: &Task) -> bool {
        self.holders.clear();
        self.holders.resize(self.left.len(), None);
        (0..self.free.len()).all(|place| {
            self.seen.clear();
            self.seen.resize(self.left.len(), false);
            self.finds_place(task, self.free[place])
        })
    }

    /// One augmenting path: gives `position` a candidate, moving the positions that hold one where needed.
    fn finds_place(&mut self, task: &Task, position: usize) -> bool {
        for place in 0..self.left.len() {
            if self.seen[place] || !task.scores.is_possible(self.left[place], position) {
                continue;
            }
            self.seen[place] = true;
            let is_free = match self.holders[place] {
                None => true,
                Some(other) => self.finds_place(task, other),
            };
            if is_free {
                self.holders[place] = Some(position);
                return true;
            }
        }
        false
    }
}

/// The maximal runs of consecutive positions, as (first, last).
fn runs(free: &[usize]) -> impl Iterator<Item = (usize, usize)> + '_ {
    free.chunk_by(|a, b| a + 1 == *b).map(|run| (run[0], run[run.len() - 1]))
}

/// How many items carrying a value of a group fit a run of free positions when no two may be adjacent.
fn spread(task: &Task, draft: &Draft, (group, value): (&IndexedGroup, usize), (first, last): (usize, usize)) -> usize {
    let holds =
        |position: usize| draft.standing(task, position).is_some_and(|candidate| group.carries(candidate, value));
    let before = first > 0 && holds(first - 1);
    let after = holds(last + 1);
    (last + 1 - first).saturating_sub(usize::from(before) + usize::from(after)).div_ceil(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::Places;
    use crate::{Group, Rules, Scores};

    /// The squares of a 10 × 10 board, but rows 0 to 4 have only the columns 0 to 2; no two in one row or column. Rows
    /// alone and columns alone leave room for ten, yet eight is the most: three in the upper half, five in the lower.
    fn rook_problem() -> Rules {
        let cells: Vec<(u32, u32)> = (0..10)
            .flat_map(|row| (0..10).map(move |column| (row, column)))
            .filter(|&(r, c)| r >= 5 || c < 3)
            .collect();
        let rows = cells.iter().map(|&(row, _)| vec![row]).collect();
        let columns = cells.iter().map(|&(_, column)| vec![column]).collect();
        Rules::none(cells.len())
            .group(Group { at_most: Some(1), ..Group::new(rows) })
            .and_then(|rules| rules.group(Group { at_most: Some(1), ..Group::new(columns) }))
            .unwrap()
    }

    fn completable(rules: &Rules, length: usize) -> Result<bool, DecodeError> {
        let log_probabilities = vec![0.0; rules.candidates() * length];
        let scores = Scores::new(&log_probabilities, &[], rules.candidates(), length).unwrap();
        let mut places = Places::default();
        let task = Task::new(&scores, rules, length, &mut places).unwrap();
        let mut draft = Draft::default();
        draft.begin(&task);
        Lookahead::default().complete(&task, &mut draft, &mut Budget::new(length))
    }

    #[test]
    fn search_gives_up_with_an_error_of_its_own() {
        assert_eq!(completable(&rook_problem(), 8), Ok(true));
        let error = completable(&rook_problem(), 9).unwrap_err();
        assert_eq!(error, DecodeError::SearchLimit { length: 9, limit: SEARCH_LIMIT });
    }

    #[test]
    fn bound_alone_settles_one_crowded_group() {
        // Three of four candidates share a value: side by side they cannot be avoided in a list of four.
        let values = vec![vec![1], vec![1], vec![1], vec![2]];
        let rules =
            |at_most, neighbours| Rules::none(4).group(Group { at_most, neighbours, values: values.clone() }).unwrap();
        assert_eq!(completable(&rules(None, Neighbours::Distinct), 4), Ok(false));
        assert_eq!(completable(&rules(None, Neighbours::Distinct), 3), Ok(true));
        assert_eq!(completable(&rules(Some(1), Neighbours::Free), 3), Ok(false));
        assert_eq!(completable(&rules(Some(1), Neighbours::Free), 2), Ok(true));
    }

    #[test]
    fn a_run_between_two_holders_of_a_value_has_fewer_places_for_it() {
        let group = Group { neighbours: Neighbours::Distinct, ..Group::new(vec![vec![1]; 6]) };
        let rules = Rules::none(6).pin(0, 4).unwrap().group(group).unwrap();
        let scores = Scores::new(&[0.0; 36], &[], 6, 6).unwrap();
        let mut places = Places::default();
        let task = Task::new(&scores, &rules, 6, &mut places).unwrap();
        let mut draft = Draft::default();
        draft.begin(&task);
        let places = |draft: &Draft, run| spread(&task, draft, (&rules.groups()[0], 0), run);
        assert_eq!(places(&draft, (0, 3)), 2);
        assert_eq!(places(&draft, (5, 5)), 0);
        draft.place(&task, 1);
        assert_eq!(places(&draft, (1, 3)), 1);
    }
}
