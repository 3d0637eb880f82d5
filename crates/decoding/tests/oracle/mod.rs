//! Small decoding problems and the slow, plain way to solve them: try every list.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::cell::RefCell;

use nar4rec_decoding::{
    DecodeError, Decoded, Decoder, Group, Neighbours, Proposal, ProposalConfig, Proposals, Rules, Scores, Workspace,
};
use proptest::prelude::*;

pub(crate) const NEVER: f32 = f32::NEG_INFINITY;

thread_local! {
    /// The memory of all calls of a test, so that what one leaves behind is there for the next to stumble over.
    static MEMORY: RefCell<(Workspace, Proposals)> = RefCell::default();
}

/// A decoding problem, in the form a test wants to look at.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) candidates: usize,
    pub(crate) positions: usize,
    pub(crate) asked: usize,
    pub(crate) log_probabilities: Vec<f32>,
    pub(crate) states: Vec<f32>,
    /// (candidate, position)
    pub(crate) pins: Vec<(usize, usize)>,
    pub(crate) excluded: Vec<usize>,
    pub(crate) groups: Vec<Group>,
}

impl Case {
    pub(crate) fn log_p(&self, candidate: usize, position: usize) -> f64 {
        f64::from(self.log_probabilities[candidate * self.positions + position])
    }

    pub(crate) fn value(&self, list: &[usize]) -> f64 {
        list.iter().enumerate().map(|(position, &candidate)| self.log_p(candidate, position)).sum()
    }

    pub(crate) fn rules(&self) -> Rules {
        let mut rules = Rules::none(self.candidates);
        for &(candidate, position) in &self.pins {
            rules = rules.pin(candidate, position).unwrap();
        }
        for &candidate in &self.excluded {
            rules = rules.exclude(candidate).unwrap();
        }
        self.groups.iter().fold(rules, |rules, group| rules.group(group.clone()).unwrap())
    }

    pub(crate) fn decode(&self, decoder: Decoder, seed: u64) -> Result<Vec<Decoded>, DecodeError> {
        let scores = Scores::new(&self.log_probabilities, &self.states, self.candidates, self.positions).unwrap();
        MEMORY.with_borrow_mut(|(workspace, _)| {
            decoder.decode(&scores, &self.rules(), self.asked, seed, workspace).map(<[_]>::to_vec)
        })
    }

    pub(crate) fn propose(&self, config: &ProposalConfig) -> Result<Vec<Proposal>, DecodeError> {
        let scores = Scores::new(&self.log_probabilities, &self.states, self.candidates, self.positions).unwrap();
        MEMORY.with_borrow_mut(|(workspace, proposals)| {
            config.propose(&scores, &self.rules(), self.asked, workspace, proposals)?;
            Ok(proposals.as_slice().to_vec())
        })
    }

    /// The length a list must have.
    pub(crate) fn length(&self) -> usize {
        let asked = self.asked.min(self.positions);
        let is_usable = |&candidate: &usize| {
            let is_pinned = self.pins.iter().any(|&(pinned, _)| pinned == candidate);
            let has_place = (0..asked).any(|position| self.log_p(candidate, position) > f64::NEG_INFINITY);
            !self.excluded.contains(&candidate) && (is_pinned || has_place)
        };
        asked.min((0..self.candidates).filter(is_usable).count())
    }

    pub(crate) fn pins_fit(&self) -> bool {
        self.pins.iter().all(|&(_, position)| position < self.length())
    }

    /// Whether the filled places of a list keep every rule among themselves. Places not filled are `None`.
    pub(crate) fn keeps(&self, places: &[Option<usize>]) -> bool {
        let filled = || places.iter().enumerate().filter_map(|(position, &candidate)| Some((position, candidate?)));
        let cells = filled().all(|(position, candidate)| {
            let pinned = |&(c, p): &(usize, usize)| (c == candidate) == (p == position);
            self.log_p(candidate, position) > f64::NEG_INFINITY
                && !self.excluded.contains(&candidate)
                && self.pins.iter().all(pinned)
        });
        let distinct = filled().all(|(p, a)| filled().all(|(q, b)| p == q || a != b));
        cells && distinct && self.groups.iter().all(|group| keeps_group(group, places))
    }

    /// Every list that keeps the rules.
    pub(crate) fn lists(&self) -> Vec<Vec<usize>> {
        let mut lists = Vec::new();
        self.extend(&mut Vec::new(), &mut lists);
        lists
    }

    fn extend(&self, list: &mut Vec<usize>, lists: &mut Vec<Vec<usize>>) {
        let places: Vec<Option<usize>> = list.iter().copied().map(Some).collect();
        if !self.keeps(&places) {
            return;
        }
        if list.len() == self.length() {
            lists.push(list.clone());
            return;
        }
        for candidate in 0..self.candidates {
            list.push(candidate);
            self.extend(list, lists);
            list.pop();
        }
    }

    /// Every list that keeps the rules with its Σ log P̂, the most probable first.
    pub(crate) fn ranked(&self) -> Vec<(f64, Vec<usize>)> {
        let mut ranked: Vec<_> = self.lists().into_iter().map(|list| (self.value(&list), list)).collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        ranked
    }

    /// The same problem with candidate i called `names[i]`.
    pub(crate) fn relabelled(&self, names: &[usize]) -> Self {
        let moved = |values: &[f32]| {
            let width = values.len() / self.candidates;
            let mut rows = vec![0.0; values.len()];
            for (candidate, &name) in names.iter().enumerate() {
                rows[name * width..][..width].copy_from_slice(&values[candidate * width..][..width]);
            }
            rows
        };
        let group = |group: &Group| {
            let mut values = group.values.clone();
            names.iter().zip(&group.values).for_each(|(&name, row)| values[name] = row.clone());
            Group { values, ..group.clone() }
        };
        Self {
            log_probabilities: moved(&self.log_probabilities),
            states: moved(&self.states),
            pins: self.pins.iter().map(|&(candidate, position)| (names[candidate], position)).collect(),
            excluded: self.excluded.iter().map(|&candidate| names[candidate]).collect(),
            groups: self.groups.iter().map(group).collect(),
            ..self.clone()
        }
    }
}

fn keeps_group(group: &Group, places: &[Option<usize>]) -> bool {
    let shared = |a: usize, b: usize| group.values[a].iter().any(|value| group.values[b].contains(value));
    let neighbours = places.windows(2).all(|pair| match (pair[0], pair[1]) {
        (Some(a), Some(b)) => group.neighbours == Neighbours::Free || !shared(a, b),
        _ => true,
    });
    let carrying = |value: u32| places.iter().flatten().filter(|&&c| group.values[c].contains(&value)).count();
    let crowded = group.values.iter().flatten().any(|&value| carrying(value) > group.at_most.unwrap_or(usize::MAX));
    neighbours && !crowded
}

/// Cells of which no two are equal, except where they are impossible.
fn log_probabilities(cells: usize) -> impl Strategy<Value = Vec<f32>> {
    let values = prop_oneof![
        4 => prop::collection::vec(-6.0_f32..0.0, cells),
        2 => prop::collection::vec(prop_oneof![4 => -6.0_f32..0.0, 1 => Just(NEVER)], cells),
        1 => prop::collection::vec(prop_oneof![2 => -6.0_f32..0.0, 3 => Just(NEVER)], cells),
    ];
    values.prop_filter("two cells are equal", |cells| {
        let mut cells: Vec<f32> = cells.iter().copied().filter(|cell| cell.is_finite()).collect();
        cells.sort_by(f32::total_cmp);
        cells.is_sorted_by(|a, b| a < b)
    })
}

fn group(candidates: usize) -> impl Strategy<Value = Group> {
    let values = prop_oneof![
        3 => prop::collection::vec(prop::collection::vec(10_u32..14, 1), candidates),
        1 => prop::collection::vec(prop::collection::vec(10_u32..15, 0..3), candidates),
    ];
    let neighbours = prop_oneof![Just(Neighbours::Free), Just(Neighbours::Distinct)];
    let at_most = prop::option::of(1_usize..4);
    (values, at_most, neighbours).prop_map(|(values, at_most, neighbours)| Group { values, at_most, neighbours })
}

/// Problems of up to `most` candidates with all kinds of rules, satisfiable or not. Pins may lie beyond the list.
pub(crate) fn cases(most: usize) -> impl Strategy<Value = Case> {
    let candidates = prop_oneof![1 => 1..=most, 4 => most - 2..=most];
    let sizes = candidates.prop_flat_map(|n| (Just(n), prop_oneof![1 => 0..=n + 1, 4 => 3.min(n)..=n.min(5)]));
    sizes.prop_flat_map(|(candidates, positions)| {
        let most_rules = || prop_oneof![2 => Just(0_usize), 1 => 1_usize..3];
        let pins =
            most_rules().prop_flat_map(move |count| prop::collection::vec((0..candidates, 0..positions.max(1)), count));
        let excluded = most_rules().prop_flat_map(move |count| prop::collection::vec(0..candidates, count));
        let groups = prop_oneof![
            1 => prop::collection::vec(group(candidates), 0..1),
            2 => prop::collection::vec(group(candidates), 1..3),
        ];
        let asked = prop_oneof![3 => Just(positions), 1 => 0..=positions + 1];
        let states = prop::collection::vec(-1.0_f32..1.0, candidates * 3);
        let numbers = (log_probabilities(candidates * positions), states);
        (Just((candidates, positions)), asked, numbers, pins, excluded, groups).prop_map(case)
    })
}

/// The same without pins beyond the list.
pub(crate) fn cases_with_pins_inside(most: usize) -> impl Strategy<Value = Case> {
    cases(most).prop_map(|mut case| {
        while !case.pins_fit() {
            case.pins.pop();
        }
        case
    })
}

type Parts = ((usize, usize), usize, (Vec<f32>, Vec<f32>), Vec<(usize, usize)>, Vec<usize>, Vec<Group>);

/// A case from its parts, leaving out pins and exclusions that contradict earlier ones.
fn case(((candidates, positions), asked, (log_probabilities, states), pins, excluded, groups): Parts) -> Case {
    let mut kept: Vec<(usize, usize)> = Vec::new();
    for (candidate, position) in pins {
        if kept.iter().all(|&(c, p)| c != candidate && p != position) {
            kept.push((candidate, position));
        }
    }
    let excluded = excluded.into_iter().filter(|&candidate| kept.iter().all(|&(c, _)| c != candidate)).collect();
    Case { candidates, positions, asked, log_probabilities, states, pins: kept, excluded, groups }
}
