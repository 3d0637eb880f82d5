//! One decoding task: scores and rules brought together, with the length of the list decided.
//!
//! A candidate is *usable* unless it is excluded, or possible at none of the positions asked for (padding). The list is
//! as long as was asked, but never longer than the scores have positions or than there are usable candidates:
//!
//! ```text
//! length = min(asked, m, usable candidates)
//! ```
//!
//! Pins are settled here, once: a pin beyond the list is an error, and pins that break a group or stand on an
//! impossible cell leave no list at all. Code below only has to fill the positions between them.

use crate::rules::IndexedGroup;
use crate::{DecodeError, Rules, Scores};

/// Scores, rules and a length that fit together.
pub(crate) struct Task<'a> {
    pub(crate) scores: &'a Scores<'a>,
    pub(crate) rules: &'a Rules,
    /// The number of positions to fill.
    pub(crate) length: usize,
    /// The pinned candidate of each position, if it has one.
    pub(crate) pinned: &'a [Option<usize>],
    /// Usable and not pinned, in ascending order: what free positions choose from.
    pub(crate) choices: &'a [usize],
    /// Whether a choice is impossible at some position of the list.
    pub(crate) has_holes: bool,
    /// Whether any choice may follow any other, so that no partial list is a dead end.
    pub(crate) is_free: bool,
    /// Whether besides nothing is pinned.
    pub(crate) is_plain: bool,
}

/// The memory of a task's pins and choices.
#[derive(Debug, Default)]
pub(crate) struct Places {
    pinned: Vec<Option<usize>>,
    choices: Vec<usize>,
}

impl<'a> Task<'a> {
    /// A task for a list of `asked` candidates, or as many as there are.
    pub(crate) fn new(
        scores: &'a Scores<'a>,
        rules: &'a Rules,
        asked: usize,
        places: &'a mut Places,
    ) -> Result<Self, DecodeError> {
        if rules.candidates() != scores.candidates() {
            return Err(DecodeError::RulesSize { found: rules.candidates(), candidates: scores.candidates() });
        }
        let asked = asked.min(scores.positions());
        let Places { pinned, choices } = places;
        let is_usable = |&c: &usize| !rules.is_excluded(c) && (rules.is_pinned(c) || has_place(scores, c, asked));
        choices.clear();
        choices.extend((0..scores.candidates()).filter(is_usable));
        let length = asked.min(choices.len());
        pinned.clear();
        pinned.resize(length, None);
        for (position, candidate) in rules.pins() {
            let slot = pinned.get_mut(position).ok_or(DecodeError::PinBeyondList { candidate, position, length })?;
            *slot = Some(candidate);
        }
        if rules.pins().next().is_some() {
            choices.retain(|&choice| !rules.is_pinned(choice));
        }
        let task = Self::of(scores, rules, pinned, choices);
        if task.pins_fit() { Ok(task) } else { Err(task.unsatisfiable()) }
    }

    /// The same task with fewer choices.
    pub(crate) fn choosing_from<'b>(&self, choices: &'b [usize]) -> Task<'b>
    where
        'a: 'b,
    {
        Task::of(self.scores, self.rules, self.pinned, choices)
    }

    fn of(scores: &'a Scores<'a>, rules: &'a Rules, pinned: &'a [Option<usize>], choices: &'a [usize]) -> Self {
        let length = pinned.len();
        let is_hole = |choice| move |position| !scores.is_possible(choice, position);
        let has_holes = scores.has_impossible() && choices.iter().any(|&choice| (0..length).any(is_hole(choice)));
        let is_free = rules.groups().is_empty() && !has_holes;
        let is_plain = is_free && rules.pins().next().is_none();
        Self { scores, rules, length, pinned, choices, has_holes, is_free, is_plain }
    }

    /// The error that says no list keeps the rules.
    pub(crate) fn unsatisfiable(&self) -> DecodeError {
        DecodeError::Unsatisfiable { length: self.length }
    }

    /// Σ_j log P̂ of `list`.
    pub(crate) fn log_probability(&self, list: &[usize]) -> f64 {
        list.iter().enumerate().map(|(position, &c)| f64::from(self.scores.log_probability(c, position))).sum()
    }

    fn pins_fit(&self) -> bool {
        let possible = self.rules.pins().all(|(position, candidate)| self.scores.is_possible(candidate, position));
        possible && self.rules.groups().iter().all(|group| self.pins_keep(group))
    }

    fn pins_keep(&self, group: &IndexedGroup) -> bool {
        let neighbours = self.pinned.windows(2).all(|pair| match (pair[0], pair[1]) {
            (Some(a), Some(b)) => group.allows_neighbours(a, b),
            _ => true,
        });
        let carrying = |value: usize| self.pinned.iter().flatten().filter(|&&c| group.carries(c, value)).count();
        let fits = |&candidate: &usize| group.values[candidate].iter().all(|&value| carrying(value) <= group.at_most);
        neighbours && self.pinned.iter().flatten().all(fits)
    }
}

fn has_place(scores: &Scores, candidate: usize, positions: usize) -> bool {
    !scores.has_impossible() || (0..positions).any(|position| scores.is_possible(candidate, position))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Group;

    const NEVER: f32 = f32::NEG_INFINITY;

    fn length(log_probabilities: &[f32], rules: &Rules, asked: usize) -> Result<usize, DecodeError> {
        let positions = log_probabilities.len() / rules.candidates();
        let scores = Scores::new(log_probabilities, &[], rules.candidates(), positions)?;
        Task::new(&scores, rules, asked, &mut Places::default()).map(|task| task.length)
    }

    #[test]
    fn a_list_is_as_long_as_positions_and_usable_candidates_allow() {
        let rules = Rules::none(3);
        assert_eq!(length(&[0.0; 6], &rules, 9), Ok(2));
        assert_eq!(length(&[0.0; 6], &rules, 1), Ok(1));
        assert_eq!(length(&[0.0; 12], &rules, 4), Ok(3));
        assert_eq!(length(&[0.0; 12], &rules.clone().exclude(1).unwrap(), 4), Ok(2));
        // A padded row shortens the list; a row with a single possible cell does not.
        assert_eq!(length(&[0.0, 0.0, 0.0, NEVER, NEVER, NEVER, 0.0, NEVER, 0.0], &rules, 3), Ok(2));
    }

    #[test]
    fn pins_are_settled_before_anything_is_decoded() {
        let pinned = Rules::none(3).pin(0, 2).unwrap();
        let beyond = DecodeError::PinBeyondList { candidate: 0, position: 2, length: 2 };
        assert_eq!(length(&[0.0; 9], &pinned, 2), Err(beyond));
        let impossible = [0.0, 0.0, NEVER, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        assert_eq!(length(&impossible, &pinned, 3), Err(DecodeError::Unsatisfiable { length: 3 }));
        let group = Group { at_most: Some(1), ..Group::new(vec![vec![4], vec![4], vec![]]) };
        let crowded = pinned.pin(1, 0).unwrap().group(group).unwrap();
        assert_eq!(length(&[0.0; 9], &crowded, 3), Err(DecodeError::Unsatisfiable { length: 3 }));
    }

    #[test]
    fn rules_for_other_candidates_are_refused() {
        let scores = Scores::new(&[0.0; 4], &[], 2, 2).unwrap();
        let error = Task::new(&scores, &Rules::none(3), 2, &mut Places::default()).err();
        assert_eq!(error, Some(DecodeError::RulesSize { found: 3, candidates: 2 }));
    }
}
