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

use std::collections::BTreeSet;

use crate::DecodeError;
use crate::draft::Draft;
use crate::rules::{IndexedGroup, Neighbours};

/// The number of search steps after which a decoder gives up one question: whether a partial list can be completed
/// (steps are candidates tried), or which list is the next best that keeps the rules (steps are subproblems solved).
/// The first rarely needs a step for rules met in practice. This many take some milliseconds for 60 candidates and 6
/// positions, some tens of milliseconds for 400 and 40.
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
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Care {
    /// The bound does not rule it out.
    Bound,
    /// Some completion exists.
    Exact,
}

/// Accepts or refuses the next candidate of a draft.
pub(crate) struct Lookahead {
    care: Care,
    /// What was refused at the position being filled: (draft, candidate), or (draft, kind) where kinds suffice.
    refused: BTreeSet<(usize, usize)>,
}

impl Lookahead {
    /// A look-ahead that is this sure.
    pub(crate) fn new(care: Care) -> Self {
        Self { care, refused: BTreeSet::new() }
    }

    /// Forgets what was refused, because another position is filled next.
    pub(crate) fn next_position(&mut self) {
        self.refused.clear();
    }

    /// Whether the open `candidate` may be placed next in `draft`, which is the one numbered `number` at this position.
    pub(crate) fn accepts(&mut self, draft: &mut Draft, number: usize, candidate: usize) -> Result<bool, DecodeError> {
        if draft.task.is_free() {
            return Ok(true);
        }
        let same = if draft.task.has_holes { candidate } else { draft.task.rules.kind(candidate) };
        if self.refused.contains(&(number, same)) {
            return Ok(false);
        }
        let accepted = match self.care {
            Care::Bound => {
                draft.place(candidate);
                let accepted = within_bound(draft);
                draft.undo();
                accepted
            }
            Care::Exact => can_take(draft, candidate)?,
        };
        if !accepted {
            self.refused.insert((number, same));
        }
        Ok(accepted)
    }
}

/// Whether `draft` can be completed with the open `candidate` next. If so, its known completion has the candidate
/// there.
fn can_take(draft: &mut Draft, candidate: usize) -> Result<bool, DecodeError> {
    if let Some(completion) = draft.completion_with(candidate) {
        draft.completion = completion;
        return Ok(true);
    }
    draft.place(candidate);
    let found = complete(draft, &mut Budget::new(draft.task.length));
    draft.undo();
    let found = found?;
    let is_found = found.is_some();
    draft.completion = found.unwrap_or(std::mem::take(&mut draft.completion));
    Ok(is_found)
}

/// A full list that begins with `draft` and keeps the rules, if there is one; an empty list stands for one that is
/// known to exist but was not worked out.
fn complete(draft: &mut Draft, budget: &mut Budget) -> Result<Option<Vec<usize>>, DecodeError> {
    if !within_bound(draft) {
        return Ok(None);
    }
    if draft.is_full() {
        return Ok(Some(draft.list.clone()));
    }
    if draft.task.rules.groups().is_empty() {
        return Ok(Some(Vec::new()));
    }
    match first_fit(draft) {
        Some(list) => Ok(Some(list)),
        None => branch(draft, budget),
    }
}

/// `draft` completed with the first candidate open at each position, if that does not end in a dead end.
fn first_fit(draft: &mut Draft) -> Option<Vec<usize>> {
    let from = draft.position();
    while let Some(candidate) = draft.first_open() {
        draft.place(candidate);
    }
    let list = draft.is_full().then(|| draft.list.clone());
    while draft.position() > from {
        draft.undo();
    }
    list
}

/// Every candidate open at the next position in turn.
fn branch(draft: &mut Draft, budget: &mut Budget) -> Result<Option<Vec<usize>>, DecodeError> {
    let mut open = Vec::new();
    draft.open_into(&mut open);
    let mut failed = BTreeSet::new();
    for candidate in open {
        let kind = draft.task.rules.kind(candidate);
        if !draft.task.has_holes && failed.contains(&kind) {
            continue;
        }
        budget.spend()?;
        draft.place(candidate);
        let found = complete(draft, budget);
        draft.undo();
        if let Some(list) = found? {
            return Ok(Some(list));
        }
        failed.insert(kind);
    }
    Ok(None)
}

/// The bound of this page: false only if no completion of `draft` exists.
pub(crate) fn within_bound(draft: &Draft) -> bool {
    let free: Vec<usize> =
        (draft.position()..draft.task.length).filter(|&position| draft.task.pinned[position].is_none()).collect();
    if free.is_empty() || draft.task.is_free() {
        return true;
    }
    let left: Vec<usize> = draft.task.choices.iter().copied().filter(|&choice| draft.is_left(choice)).collect();
    let groups = draft.task.rules.groups();
    groups.iter().enumerate().all(|(number, group)| supply(draft, (number, group), &left, &free) >= free.len())
        && (!draft.task.has_holes || has_matching(draft, &left, &free))
}

/// At most this many of the candidates `left` fit the `free` positions, by one group alone.
fn supply(draft: &Draft, (number, group): (usize, &IndexedGroup), left: &[usize], free: &[usize]) -> usize {
    let mut counts = vec![0; group.count];
    let mut unconstrained = 0;
    for &candidate in left {
        match group.values[candidate].first() {
            Some(&value) => counts[value] += 1,
            None => unconstrained += 1,
        }
    }
    let runs = match group.neighbours {
        Neighbours::Free => Vec::new(),
        Neighbours::Distinct => runs(free),
    };
    let places = |value: usize| match group.neighbours {
        Neighbours::Free => free.len(),
        Neighbours::Distinct => runs.iter().map(|&run| spread(draft, group, value, run)).sum(),
    };
    let most = |(value, &count): (usize, &usize)| match count {
        0 => 0,
        _ => count.min(draft.room(number, value)).min(places(value)),
    };
    unconstrained + counts.iter().enumerate().map(most).sum::<usize>()
}

/// The maximal runs of consecutive positions, as (first, last).
fn runs(free: &[usize]) -> Vec<(usize, usize)> {
    let chunks = free.chunk_by(|a, b| a + 1 == *b);
    chunks.map(|run| (run[0], run[run.len() - 1])).collect()
}

/// How many items carrying `value` fit a run of free positions when no two may be adjacent.
fn spread(draft: &Draft, group: &IndexedGroup, value: usize, (first, last): (usize, usize)) -> usize {
    let holds = |position: usize| draft.standing(position).is_some_and(|candidate| group.carries(candidate, value));
    let before = first > 0 && holds(first - 1);
    let after = holds(last + 1);
    (last + 1 - first).saturating_sub(usize::from(before) + usize::from(after)).div_ceil(2)
}

/// Whether the free positions can be matched to distinct possible candidates.
fn has_matching(draft: &Draft, left: &[usize], free: &[usize]) -> bool {
    let mut holder = vec![None; left.len()];
    free.iter().all(|&position| {
        let mut seen = vec![false; left.len()];
        finds_place(draft, left, position, &mut holder, &mut seen)
    })
}

/// One augmenting path: gives `position` a candidate, moving the positions that hold one where needed.
fn finds_place(
    draft: &Draft,
    left: &[usize],
    position: usize,
    holder: &mut [Option<usize>],
    seen: &mut [bool],
) -> bool {
    for (index, &candidate) in left.iter().enumerate() {
        if seen[index] || !draft.task.scores.is_possible(candidate, position) {
            continue;
        }
        seen[index] = true;
        let is_free = match holder[index] {
            None => true,
            Some(other) => finds_place(draft, left, other, holder, seen),
        };
        if is_free {
            holder[index] = Some(position);
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::Task;
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
        let task = Task::new(&scores, rules, length).unwrap();
        Ok(complete(&mut Draft::new(&task), &mut Budget::new(length))?.is_some())
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
        let task = Task::new(&scores, &rules, 6).unwrap();
        let mut draft = Draft::new(&task);
        let places = |draft: &Draft, run| spread(draft, &rules.groups()[0], 0, run);
        assert_eq!(places(&draft, (0, 3)), 2);
        assert_eq!(places(&draft, (5, 5)), 0);
        draft.place(1);
        assert_eq!(places(&draft, (1, 3)), 1);
    }
}
