//! Constraints on a list, by index: pins, exclusions and groups.
//!
//! A caller resolves its own words ("at most two of one author") to indices once per request. [`Rules`] exist only if
//! they do not contradict themselves; whether a list can keep them is for the decoder to find out.

use std::collections::BTreeMap;

use crate::DecodeError;

/// Whether two adjacent positions may share a value of a group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Neighbours {
    /// They may.
    #[default]
    Free,
    /// They may not.
    Distinct,
}

/// An attribute of the candidates and what the list may hold of it.
///
/// ```
/// use nar4rec_decoding::{Group, Neighbours};
/// // Candidates 0 and 1 are by author 7, candidate 2 by authors 7 and 8, candidate 3 has none.
/// let authors = vec![vec![7], vec![7], vec![7, 8], vec![]];
/// let group = Group { at_most: Some(2), neighbours: Neighbours::Distinct, ..Group::new(authors) };
/// assert_eq!(group.values.len(), 4);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    /// The values each candidate carries; none leaves it unconstrained.
    pub values: Vec<Vec<u32>>,
    /// How many items of the list may carry the same value.
    pub at_most: Option<usize>,
    /// Whether two adjacent items may carry the same value.
    pub neighbours: Neighbours,
}

impl Group {
    /// A group that constrains nothing yet.
    pub fn new(values: Vec<Vec<u32>>) -> Self {
        Self { values, ..Self::default() }
    }
}

/// A group with its values renumbered 0, 1, ….
#[derive(Debug, Clone)]
pub(crate) struct IndexedGroup {
    /// Per candidate, sorted and distinct.
    pub(crate) values: Vec<Vec<usize>>,
    /// The number of distinct values.
    pub(crate) count: usize,
    /// The number of distinct values of the groups before it: where its own begin in a table of all.
    pub(crate) first: usize,
    /// See [`Group::at_most`]; `usize::MAX` where there is no limit.
    pub(crate) at_most: usize,
    /// See [`Group::neighbours`].
    pub(crate) neighbours: Neighbours,
}

impl IndexedGroup {
    fn new(group: Group, first: usize) -> Self {
        let mut numbers = BTreeMap::new();
        let mut number_of = |value| {
            let next = numbers.len();
            *numbers.entry(value).or_insert(next)
        };
        let index = |row: Vec<u32>| {
            let mut row: Vec<usize> = row.into_iter().map(&mut number_of).collect();
            row.sort_unstable();
            row.dedup();
            row
        };
        let values = group.values.into_iter().map(index).collect();
        let at_most = group.at_most.unwrap_or(usize::MAX);
        Self { values, count: numbers.len(), first, at_most, neighbours: group.neighbours }
    }

    /// Whether `candidate` carries `value`.
    pub(crate) fn carries(&self, candidate: usize, value: usize) -> bool {
        self.values[candidate].contains(&value)
    }

    /// The first value that two candidates share.
    pub(crate) fn shared(&self, a: usize, b: usize) -> Option<usize> {
        self.values[a].iter().copied().find(|&value| self.carries(b, value))
    }

    /// Whether a value is carried by more items of `list` than `at_most`; `breach` tells which and where.
    fn is_crowded(&self, list: &[usize], breach: &mut Breach) -> bool {
        breach.carrying.clear();
        breach.carrying.resize(self.count, 0);
        for (position, &candidate) in list.iter().enumerate() {
            for &value in &self.values[candidate] {
                breach.carrying[value] += 1;
                if breach.carrying[value] > self.at_most {
                    breach.value = value;
                    breach.positions.clear();
                    breach.positions.extend((0..=position).filter(|&place| self.carries(list[place], value)));
                    return true;
                }
            }
        }
        false
    }

    /// Whether two neighbours of `list` share a value that they must not; `breach` tells which and where.
    fn has_adjacent(&self, list: &[usize], breach: &mut Breach) -> bool {
        if self.neighbours == Neighbours::Free {
            return false;
        }
        let shared = |(position, pair): (usize, &[usize])| Some((position, self.shared(pair[0], pair[1])?));
        let Some((position, value)) = list.windows(2).enumerate().find_map(shared) else { return false };
        breach.value = value;
        breach.positions.clear();
        breach.positions.extend([position, position + 1]);
        true
    }

    /// Whether two candidates may stand next to one another.
    pub(crate) fn allows_neighbours(&self, a: usize, b: usize) -> bool {
        self.neighbours == Neighbours::Free || self.shared(a, b).is_none()
    }
}

/// A value that stands at positions which must not all carry it.
#[derive(Debug, Default)]
pub(crate) struct Breach {
    /// The number of the group.
    pub(crate) group: usize,
    pub(crate) value: usize,
    pub(crate) positions: Vec<usize>,
    /// Per value of a group, how many items carry it.
    carrying: Vec<usize>,
}

/// What a list must keep. The rules are consistent by construction.
///
/// ```
/// use nar4rec_decoding::Rules;
/// let rules = Rules::none(5).pin(3, 0)?.exclude(1)?;
/// assert!(rules.exclude(3).is_err()); // pinned already
/// # Ok::<(), nar4rec_decoding::DecodeError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Rules {
    candidates: usize,
    pins: BTreeMap<usize, usize>,
    /// Per candidate; empty where none is.
    excluded: Vec<bool>,
    groups: Vec<IndexedGroup>,
    /// Candidates of the same kind carry the same values in every group. Empty where there are no groups.
    kinds: Vec<usize>,
}

impl Rules {
    /// No rules for `candidates` candidates.
    pub fn none(candidates: usize) -> Self {
        Self { candidates, pins: BTreeMap::new(), excluded: Vec::new(), groups: Vec::new(), kinds: Vec::new() }
    }

    /// `candidate` stands at `position`, counted from zero.
    ///
    /// # Errors
    /// If there is no such candidate, or it is excluded or pinned, or the position has a pin.
    pub fn pin(mut self, candidate: usize, position: usize) -> Result<Self, DecodeError> {
        self.check(candidate)?;
        if self.is_excluded(candidate) {
            return Err(DecodeError::PinnedAndExcluded { candidate });
        }
        if let Some((&first, _)) = self.pins.iter().find(|&(_, &pinned)| pinned == candidate) {
            return Err(DecodeError::PinnedTwice { candidate, first, second: position });
        }
        if let Some(first) = self.pins.insert(position, candidate) {
            return Err(DecodeError::PositionPinnedTwice { position, first, second: candidate });
        }
        Ok(self)
    }

    /// `candidate` is not in the list. Excluding it again changes nothing.
    ///
    /// # Errors
    /// If there is no such candidate, or it is pinned.
    pub fn exclude(mut self, candidate: usize) -> Result<Self, DecodeError> {
        self.check(candidate)?;
        if self.is_pinned(candidate) {
            return Err(DecodeError::PinnedAndExcluded { candidate });
        }
        self.excluded.resize(self.candidates, false);
        self.excluded[candidate] = true;
        Ok(self)
    }

    /// The list keeps `group` as well.
    ///
    /// # Errors
    /// If it does not describe exactly the candidates there are, or its `at_most` is 0.
    pub fn group(mut self, group: Group) -> Result<Self, DecodeError> {
        if group.values.len() != self.candidates() {
            return Err(DecodeError::GroupSize { found: group.values.len(), candidates: self.candidates() });
        }
        if group.at_most == Some(0) {
            return Err(DecodeError::GroupAllowsNone);
        }
        let group = IndexedGroup::new(group, self.values());
        self.kinds.resize(self.candidates, 0);
        let mut kinds = BTreeMap::new();
        for (kind, values) in self.kinds.iter_mut().zip(&group.values) {
            let next = kinds.len();
            *kind = *kinds.entry((*kind, values.as_slice())).or_insert(next);
        }
        self.groups.push(group);
        Ok(self)
    }

    /// The number of candidates these rules are about.
    pub fn candidates(&self) -> usize {
        self.candidates
    }

    fn check(&self, candidate: usize) -> Result<(), DecodeError> {
        let candidates = self.candidates();
        if candidate < candidates { Ok(()) } else { Err(DecodeError::NoSuchCandidate { candidate, candidates }) }
    }

    /// Pins as (position, candidate), by position.
    pub(crate) fn pins(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.pins.iter().map(|(&position, &candidate)| (position, candidate))
    }

    pub(crate) fn is_pinned(&self, candidate: usize) -> bool {
        self.pins.values().any(|&pinned| pinned == candidate)
    }

    /// Whether no list may hold the candidate.
    pub fn is_excluded(&self, candidate: usize) -> bool {
        self.excluded.get(candidate).is_some_and(|excluded| *excluded)
    }

    pub(crate) fn groups(&self) -> &[IndexedGroup] {
        &self.groups
    }

    /// The number of distinct values of all groups.
    pub(crate) fn values(&self) -> usize {
        self.groups.last().map_or(0, |last| last.first + last.count)
    }

    /// Whether `list` breaks a group; `breach` tells the first way in which it does.
    pub(crate) fn are_broken(&self, list: &[usize], breach: &mut Breach) -> bool {
        let is_broken = |group: &IndexedGroup, breach: &mut Breach| {
            group.is_crowded(list, breach) || group.has_adjacent(list, breach)
        };
        let broken = self.groups.iter().position(|group| is_broken(group, breach));
        breach.group = broken.unwrap_or(0);
        broken.is_some()
    }

    /// Whether `list`, of distinct candidates that there are, keeps the rules.
    pub fn are_kept(&self, list: &[usize]) -> bool {
        let pinned = |(position, candidate): (usize, usize)| list.get(position) == Some(&candidate);
        !list.iter().any(|candidate| self.is_excluded(*candidate))
            && self.pins().all(pinned)
            && (self.groups.is_empty() || !self.are_broken(list, &mut Breach::default()))
    }

    pub(crate) fn kind(&self, candidate: usize) -> usize {
        self.kinds.get(candidate).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contradictions_do_not_exist() {
        let rules = || Rules::none(4).pin(1, 2).unwrap().exclude(0).unwrap();
        assert_eq!(rules().pin(0, 1).unwrap_err(), DecodeError::PinnedAndExcluded { candidate: 0 });
        assert_eq!(rules().exclude(1).unwrap_err(), DecodeError::PinnedAndExcluded { candidate: 1 });
        assert_eq!(rules().pin(1, 0).unwrap_err(), DecodeError::PinnedTwice { candidate: 1, first: 2, second: 0 });
        assert_eq!(
            rules().pin(3, 2).unwrap_err(),
            DecodeError::PositionPinnedTwice { position: 2, first: 1, second: 3 }
        );
        assert_eq!(rules().pin(4, 0).unwrap_err(), DecodeError::NoSuchCandidate { candidate: 4, candidates: 4 });
        assert_eq!(rules().exclude(9).unwrap_err(), DecodeError::NoSuchCandidate { candidate: 9, candidates: 4 });
        let short = Group::new(vec![vec![]; 3]);
        assert_eq!(rules().group(short).unwrap_err(), DecodeError::GroupSize { found: 3, candidates: 4 });
        let none = Group { at_most: Some(0), ..Group::new(vec![vec![]; 4]) };
        assert_eq!(rules().group(none).unwrap_err(), DecodeError::GroupAllowsNone);
    }

    #[test]
    fn candidates_of_one_kind_carry_the_same_values_in_every_group() {
        let rules = Rules::none(4)
            .group(Group::new(vec![vec![5], vec![5, 5], vec![9], vec![9]]))
            .and_then(|rules| rules.group(Group::new(vec![vec![], vec![], vec![1, 2], vec![2]])))
            .unwrap();
        let kinds: Vec<usize> = (0..4).map(|candidate| rules.kind(candidate)).collect();
        assert_eq!(kinds, [0, 0, 1, 2]);
        assert_eq!(rules.groups()[1].shared(2, 3), Some(1));
    }
}
