//! A partial list: positions 0..t are filled, the rest are open. Every decoder that works position by position grows
//! one.
//!
//! Two questions are asked of a draft.
//!
//! *Is a candidate open at the next position?* It is if it is not taken, its cell is possible, and no group is broken
//! by what stands before it or is pinned right after it. Pins are counted in the groups from the start, so a choice can
//! never take a place that a later pin needs.
//!
//! *Can the draft still be completed?* See [`Lookahead`](crate::lookahead::Lookahead).

use std::iter::repeat_n;

use crate::rules::IndexedGroup;
use crate::task::Task;

/// A partial list of the task that it is begun for and that every method is given.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    /// The candidate at each filled position.
    pub(crate) list: Vec<usize>,
    /// Whether a candidate stands in the list already or is pinned further on.
    taken: Vec<bool>,
    /// Per value of every group, one group after another: how many more choices may carry it.
    room: Vec<usize>,
    /// A full list that begins with this one and keeps the rules; empty while none is known.
    pub(crate) completion: Vec<usize>,
}

impl Draft {
    /// Becomes the empty draft.
    pub(crate) fn begin(&mut self, task: &Task) {
        self.list.clear();
        self.completion.clear();
        self.taken.clear();
        self.taken.resize(task.scores.candidates(), false);
        self.room.clear();
        for group in task.rules.groups() {
            self.room.extend(repeat_n(group.at_most, group.count));
        }
        for &candidate in task.pinned.iter().flatten() {
            self.take(task, candidate);
        }
    }

    /// Becomes a copy of `other`.
    pub(crate) fn copy(&mut self, other: &Self) {
        self.list.clone_from(&other.list);
        self.taken.clone_from(&other.taken);
        self.room.clone_from(&other.room);
        self.completion.clone_from(&other.completion);
    }

    /// The next position to fill.
    pub(crate) fn position(&self) -> usize {
        self.list.len()
    }

    /// Whether every position is filled.
    pub(crate) fn is_full(&self, task: &Task) -> bool {
        self.list.len() == task.length
    }

    /// The candidate at `position`: placed, or pinned there.
    pub(crate) fn standing(&self, task: &Task, position: usize) -> Option<usize> {
        self.list.get(position).or(task.pinned.get(position)?.as_ref()).copied()
    }

    /// The candidates open at the next position, in ascending order; none if the list is full.
    pub(crate) fn open<'a>(&'a self, task: &'a Task) -> impl Iterator<Item = usize> + 'a {
        let (pinned, choices) = match task.pinned.get(self.position()) {
            None => (None, &[][..]),
            Some(Some(pinned)) => (Some(*pinned), &[][..]),
            Some(None) => (None, task.choices),
        };
        pinned.into_iter().chain(choices.iter().copied().filter(|&choice| self.is_open(task, choice)))
    }

    /// Whether `candidate`, pinned to the next position or a choice, is open there.
    #[inline]
    pub(crate) fn is_open(&self, task: &Task, candidate: usize) -> bool {
        if task.is_plain { !self.taken[candidate] } else { self.is_open_under_rules(task, candidate) }
    }

    fn is_open_under_rules(&self, task: &Task, candidate: usize) -> bool {
        let position = self.position();
        if let Some(pinned) = task.pinned[position] {
            return pinned == candidate;
        }
        if !self.is_left(task, candidate) || !task.scores.is_possible(candidate, position) {
            return false;
        }
        let before = self.list.last().copied();
        let after = task.pinned.get(position + 1).copied().flatten();
        let fits = |group: &IndexedGroup| {
            before.into_iter().chain(after).all(|neighbour| group.allows_neighbours(neighbour, candidate))
        };
        task.rules.groups().iter().all(fits)
    }

    /// Whether `candidate` is a choice that no group keeps from some later position.
    pub(crate) fn is_left(&self, task: &Task, candidate: usize) -> bool {
        let has_room =
            |group: &IndexedGroup| group.values[candidate].iter().all(|&value| self.room[group.first + value] > 0);
        !self.taken[candidate] && task.rules.groups().iter().all(has_room)
    }

    /// How many more choices may carry `value` of `group`.
    pub(crate) fn room(&self, group: &IndexedGroup, value: usize) -> usize {
        self.room[group.first + value]
    }

    /// Puts an open candidate at the next position.
    pub(crate) fn place(&mut self, task: &Task, candidate: usize) {
        let is_pinned = task.pinned[self.position()].is_some();
        self.list.push(candidate);
        if !is_pinned {
            debug_assert!(!self.taken[candidate], "candidate {candidate} is taken");
            self.take(task, candidate);
        }
    }

    /// Takes back the last candidate placed.
    pub(crate) fn undo(&mut self, task: &Task) {
        let candidate = self.list.pop().expect("undo follows place");
        if task.pinned[self.position()].is_some() {
            return;
        }
        self.taken[candidate] = false;
        for group in task.rules.groups() {
            group.values[candidate].iter().for_each(|&value| self.room[group.first + value] += 1);
        }
    }

    fn take(&mut self, task: &Task, candidate: usize) {
        self.taken[candidate] = true;
        for group in task.rules.groups() {
            group.values[candidate].iter().for_each(|&value| self.room[group.first + value] -= 1);
        }
    }
}
