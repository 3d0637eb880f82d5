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

use crate::rules::IndexedGroup;
use crate::task::Task;

#[derive(Clone)]
pub(crate) struct Draft<'a> {
    pub(crate) task: &'a Task<'a>,
    /// The candidate at each filled position.
    pub(crate) list: Vec<usize>,
    /// Whether a candidate stands in the list already or is pinned further on.
    taken: Vec<bool>,
    /// Per group and value: how many more choices may carry it.
    room: Vec<Vec<usize>>,
    /// A full list that begins with this one and keeps the rules; empty while none is known.
    pub(crate) completion: Vec<usize>,
}

impl<'a> Draft<'a> {
    /// The empty draft.
    pub(crate) fn new(task: &'a Task<'a>) -> Self {
        let mut taken = vec![false; task.scores.candidates()];
        let mut room: Vec<Vec<usize>> =
            task.rules.groups().iter().map(|group| vec![group.at_most; group.count]).collect();
        for &candidate in task.pinned.iter().flatten() {
            taken[candidate] = true;
            for (room, group) in room.iter_mut().zip(task.rules.groups()) {
                group.values[candidate].iter().for_each(|&value| room[value] -= 1);
            }
        }
        Self { task, list: Vec::with_capacity(task.length), taken, room, completion: Vec::new() }
    }

    /// The next position to fill.
    pub(crate) fn position(&self) -> usize {
        self.list.len()
    }

    /// Whether every position is filled.
    pub(crate) fn is_full(&self) -> bool {
        self.list.len() == self.task.length
    }

    /// The candidate at `position`: placed, or pinned there.
    pub(crate) fn standing(&self, position: usize) -> Option<usize> {
        self.list.get(position).or(self.task.pinned.get(position)?.as_ref()).copied()
    }

    /// Fills `open` with the candidates open at the next position, in ascending order.
    pub(crate) fn open_into(&self, open: &mut Vec<usize>) {
        open.clear();
        match self.task.pinned[self.position()] {
            Some(candidate) => open.push(candidate),
            None => open.extend(self.task.choices.iter().copied().filter(|&choice| self.is_open(choice))),
        }
    }

    /// The first candidate open at the next position, if the list is not full and there is one.
    pub(crate) fn first_open(&self) -> Option<usize> {
        let pinned = self.task.pinned.get(self.position())?;
        pinned.or_else(|| self.task.choices.iter().copied().find(|&choice| self.is_open(choice)))
    }

    /// Whether `candidate` is a choice that no group keeps from some later position.
    pub(crate) fn is_left(&self, candidate: usize) -> bool {
        let has_room =
            |(group, room): (&IndexedGroup, &Vec<usize>)| group.values[candidate].iter().all(|&value| room[value] > 0);
        !self.taken[candidate] && self.task.rules.groups().iter().zip(&self.room).all(has_room)
    }

    /// How many more choices may carry `value` of the group numbered `group`.
    pub(crate) fn room(&self, group: usize, value: usize) -> usize {
        self.room[group][value]
    }

    /// The known completion with the open `candidate` at the next position, where that breaks nothing: what stands
    /// there moves to the place that the candidate leaves, or out of the list.
    pub(crate) fn completion_with(&self, candidate: usize) -> Option<Vec<usize>> {
        let position = self.position();
        let mut list = self.completion.clone();
        let displaced = std::mem::replace(list.get_mut(position)?, candidate);
        let is_possible = match self.completion[position..].iter().position(|&other| other == candidate) {
            None | Some(0) => true,
            Some(distance) => {
                list[position + distance] = displaced;
                self.task.scores.is_possible(displaced, position + distance)
            }
        };
        (is_possible && self.task.rules.broken(&list).is_none()).then_some(list)
    }

    fn is_open(&self, choice: usize) -> bool {
        let position = self.position();
        if !self.is_left(choice) || !self.task.scores.is_possible(choice, position) {
            return false;
        }
        let groups = self.task.rules.groups();
        if groups.is_empty() {
            return true;
        }
        let before = self.list.last().copied();
        let after = self.task.pinned.get(position + 1).copied().flatten();
        let fits = |group: &IndexedGroup| {
            before.into_iter().chain(after).all(|neighbour| group.allows_neighbours(neighbour, choice))
        };
        groups.iter().all(fits)
    }

    /// Puts an open candidate at the next position.
    pub(crate) fn place(&mut self, candidate: usize) {
        let is_pinned = self.task.pinned[self.position()].is_some();
        self.list.push(candidate);
        if is_pinned {
            return;
        }
        debug_assert!(!self.taken[candidate], "candidate {candidate} is taken");
        self.taken[candidate] = true;
        for (room, group) in self.room.iter_mut().zip(self.task.rules.groups()) {
            group.values[candidate].iter().for_each(|&value| room[value] -= 1);
        }
    }

    /// Takes back the last candidate placed.
    pub(crate) fn undo(&mut self) {
        let candidate = self.list.pop().expect("undo follows place");
        if self.task.pinned[self.position()].is_some() {
            return;
        }
        self.taken[candidate] = false;
        for (room, group) in self.room.iter_mut().zip(self.task.rules.groups()) {
            group.values[candidate].iter().for_each(|&value| room[value] += 1);
        }
    }
}
