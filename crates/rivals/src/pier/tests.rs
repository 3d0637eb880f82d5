//! The whole system: against a naive network in f64, and what must hold of any system.

mod naive;

use std::sync::Arc;

use nar4rec_autograd::TapeMemory;
use nar4rec_features::{Bags, FeatureBatch};
use nar4rec_tensor::{Isa, ParameterSpec, Parameters, Purpose};
use nar4rec_testing::{assert_close, named_gradients, random_batch, rearranged, small_spec};

use super::*;
use crate::{SystemConfig, SystemKind};
use naive::{Naive, Point};

/// Small, with everything on: 12 of 60 lists are kept.
fn config() -> PierConfig {
    PierConfig {
        width: 6,
        tower: vec![5],
        attention: 3,
        hidden: vec![7],
        dropout: 0.0,
        enumerated: 60,
        beam: 20,
        kept: 12,
        bits: 16,
        past: 4,
        recency: 0.75,
        item_weight: 2.0,
        contrast: 0.5,
        contrasted: 2,
        drawn_lists: 1,
    }
}

struct World {
    spec: InputSpec,
    pier: Pier,
    specs: Arc<[ParameterSpec]>,
    weights: Weights,
    batch: FeatureBatch,
    ranks: Vec<u32>,
}

impl World {
    fn of(spec: InputSpec, config: &PierConfig) -> Self {
        let mut registry = Registry::default();
        let pier = Pier::new(&mut registry, &spec, config).unwrap();
        let specs = registry.finish();
        let mut parameters = Parameters::initialise(Arc::clone(&specs), 11);
        // Biases begin at zero and tables near it; a check needs to see them.
        for (index, values) in parameters.values_mut().iter_mut().enumerate() {
            let shift = |(i, x): (usize, &mut f32)| *x = 1.5 * *x + 0.2 * ((index + 3 * i) as f32).sin();
            values.iter_mut().enumerate().for_each(shift);
        }
        let weights = Weights::new(parameters, Isa::detect(), Purpose::Training);
        let mut batch = random_batch(&spec, &[4, 3, 5], 5);
        let ranks = vec![0, 1, 2, 3, 2, 1, 0, 4, 3, 0, 1, 2];
        if let Some(past) = batch.user_bags.first_mut() {
            // More than count, none, and some.
            *past = Bags { offsets: vec![0, 5, 5, 8], ids: vec![1, 2, 3, 4, 8, 7, 0, 2] };
        }
        Self { spec, pier, specs, weights, batch, ranks }
    }

    fn new() -> Self {
        Self::of(small_spec(), &config())
    }

    /// Without bags, nothing tells of a past.
    fn without_bags() -> Self {
        let spec = InputSpec {
            tables: Vec::new(),
            user_bags: Vec::new(),
            candidate_bags: Vec::new(),
            interactions: Vec::new(),
            ..small_spec()
        };
        Self::of(spec, &config())
    }

    fn candidates(&self) -> Candidates<'_> {
        Candidates { batch: &self.batch, ranks: &self.ranks }
    }

    /// All of the first request's candidates are known, of the second only what was shown, of the third some.
    fn targets() -> Vec<f32> {
        let unknown = f32::NAN;
        vec![1.0, 0.0, 0.25, 1.0, 0.0, unknown, 1.0, unknown, 0.0, 1.0, unknown, 0.5]
    }

    fn shown() -> Lists {
        Lists::new([&[2, 0, 1][..], &[6, 4], &[7, 11, 9]])
    }

    fn rank(&self, length: usize) -> Vec<Ranked> {
        self.pier.rank(&self.weights, &mut Workspace::default(), self.candidates(), length)
    }

    fn lessons(&self, targets: &[f32], seed: u64) -> loss::Lessons {
        let (mut memory, lists) = (TapeMemory::default(), Self::shown());
        let mut tape = Tape::new(&self.weights, &mut memory, seed);
        let items = self.pier.items(&mut tape, self.candidates());
        self.pier.lessons(&mut tape, &items, &Shown { candidates: self.candidates(), lists: &lists, targets })
    }

    fn loss(&self, seed: u64) -> (f64, Gradients) {
        let (lists, targets) = (Self::shown(), Self::targets());
        let shown = Shown { candidates: self.candidates(), lists: &lists, targets: &targets };
        let (mut memory, mut gradients) = (TapeMemory::default(), Gradients::zeros(&self.specs));
        let tape = Tape::new(&self.weights, &mut memory, seed);
        (self.pier.loss(tape, &shown, 0.5, &mut gradients), gradients)
    }

    fn point(&self) -> Point {
        naive::point(self.weights.parameters())
    }

    fn naive<'a>(&'a self, point: &'a Point) -> Naive<'a> {
        Naive { point, spec: &self.spec, batch: &self.batch, ranks: &self.ranks, past: self.pier.config.past }
    }
}

#[test]
fn what_is_predicted_is_what_a_naive_network_predicts() {
    for world in [World::new(), World::without_bags()] {
        let lists = Lists::new([&[2, 0, 1, 3][..], &[5], &[10, 7], &[], &[1, 2], &[11, 8, 9, 10, 7]]);
        let found = world.pier.probabilities(&world.weights, &mut Workspace::default(), world.candidates(), &lists);
        let point = world.point();
        let logits = world.naive(&point).lists(&lists).into_iter();
        let expected: Vec<f32> = logits.map(|z| naive::sigmoid(z) as f32).collect();
        // Three layers of sums of a dozen products of numbers around 1, in f32.
        assert_close("probabilities", &found.unwrap(), &expected, 1e-5);
    }
}

#[test]
fn the_loss_and_all_gradients_are_those_of_a_naive_network() {
    for world in [World::new(), World::without_bags()] {
        let (value, gradients) = world.loss(3);
        let lessons = world.lessons(&World::targets(), 3);
        let targets = World::targets();
        let mut point = world.point();
        let loss = |point: &Point| world.naive(point).loss(&lessons, &targets, [2.0, 0.5, 0.5]);
        assert!((value - loss(&point)).abs() < 1e-5, "{value}, expected {}", loss(&point));
        let gradients = named_gradients(Isa::detect(), &gradients);
        assert_eq!(gradients.len(), point.len());
        for (name, d) in &gradients {
            let width = point[name][0].len();
            // Past the last place and rank of this batch nothing is touched.
            let rows = point[name].len().min(12);
            let mut seen = false;
            for (i, d) in d.iter().enumerate().take(rows * width) {
                let mut at = |step: f64| {
                    let number = &mut point.get_mut(name).unwrap()[i / width][i % width];
                    let before = *number;
                    *number += step;
                    let loss = loss(&point);
                    point.get_mut(name).unwrap()[i / width][i % width] = before;
                    loss
                };
                let numeric = (at(1e-5) - at(-1e-5)) / 2e-5;
                let close = (f64::from(*d) - numeric).abs() <= 2e-5 * (1.0 + numeric.abs());
                assert!(close, "d_{name}[{i}] = {d}, difference quotient {numeric}");
                seen |= numeric.abs() > 1e-4;
            }
            assert!(seen, "d_{name} is zero, which a wrong one could be too");
            assert!(d[rows * width..].iter().all(|d| *d == 0.0));
        }
    }
}

#[test]
fn the_list_shown_is_the_best_of_the_nearest() {
    let world = World::new();
    let point = world.point();
    let naive = world.naive(&point);
    let items: Vec<f64> = naive.items().into_iter().map(naive::sigmoid).collect();
    let mut memory = Workspace::default();
    let mut ex = Eager::new(&world.weights, &mut memory);
    let known = world.pier.items(&mut ex, world.candidates());
    for ((request, rows), ranked) in requests(&world.batch.request_offsets).zip(world.rank(3)) {
        let scores: Vec<f32> = items[rows.clone()].iter().map(|p| *p as f32).collect();
        assert_close("scores", &ranked.scores, &scores, 1e-5);
        let selection = world.pier.select(&ex, &known, (request, rows.clone()), 3);
        assert_eq!(selection.measured, request != 1, "the second user has no past");
        let worth = |list: &[usize]| -> f64 {
            let list: Vec<u32> = list.iter().map(|c| (rows.start + c) as u32).collect();
            naive.lists(&Lists::new([&list[..]])).into_iter().map(naive::sigmoid).sum()
        };
        let kept = selection.lists.iter().take(12).map(|list| list.iter().map(|c| *c as usize).collect::<Vec<_>>());
        let best = kept.map(|list| worth(&list)).fold(f64::MIN, f64::max);
        assert!((worth(&ranked.list) - best).abs() < 1e-5);
    }
}

#[test]
fn relabelled_candidates_give_the_relabelled_list() {
    let world = World::new();
    let orders = [vec![3, 1, 0, 2], vec![1, 2, 0], vec![4, 0, 3, 2, 1]];
    let turned: Vec<(usize, Vec<usize>)> = orders.iter().cloned().enumerate().collect();
    let starts = &world.batch.request_offsets;
    let ranks = turned.iter().flat_map(|(r, order)| order.iter().map(|c| world.ranks[starts[*r] + c])).collect();
    let batch = rearranged(&world.spec, &world.batch, &turned);
    let other = World { batch, ranks, ..World::new() };
    for length in [1, 3, 5] {
        for ((ranked, turned), order) in world.rank(length).iter().zip(other.rank(length)).zip(&orders) {
            assert_eq!(ranked.list, turned.list.iter().map(|c| order[*c]).collect::<Vec<_>>());
            assert!(order.iter().zip(&turned.scores).all(|(c, score)| ranked.scores[*c] == *score));
        }
    }
}

#[test]
fn a_request_alone_gives_the_same_as_in_company() {
    for world in [World::new(), World::without_bags()] {
        let together = world.rank(3);
        for (request, rows) in requests(&world.batch.request_offsets) {
            let batch = rearranged(&world.spec, &world.batch, &[(request, (0..rows.len()).collect())]);
            let candidates = Candidates { batch: &batch, ranks: &world.ranks[rows] };
            let alone = world.pier.rank(&world.weights, &mut Workspace::default(), candidates, 3);
            assert_eq!(alone, together[request..=request]);
        }
    }
}

#[test]
fn any_number_of_candidates_and_places() {
    for world in [World::new(), World::without_bags()] {
        let batch = random_batch(&world.spec, &[0, 1, 70, 0], 9);
        let ranks: Vec<u32> = (0..71).collect();
        let world = World { batch, ranks, ..world };
        for length in [1, 6, 70, 80] {
            let ranked = world.rank(length);
            let lengths: Vec<usize> = ranked.iter().map(|ranked| ranked.list.len()).collect();
            assert_eq!(lengths, [0, 1, length.min(70), 0]);
            for (ranked, count) in ranked.iter().zip([0, 1, 70, 0]) {
                let mut list = ranked.list.clone();
                list.sort_unstable();
                list.dedup();
                assert_eq!((list.len(), ranked.scores.len()), (ranked.list.len(), count), "distinct candidates");
            }
        }
        assert!(world.rank(0).iter().all(|ranked| ranked.list.is_empty()));
        let (batch, ranks) = (random_batch(&world.spec, &[], 9), Vec::new());
        assert_eq!(World { batch, ranks, ..world }.rank(6), []);
    }
}

#[test]
fn the_nearest_lists_are_contrasted_with_the_farthest() {
    let world = World::new();
    let lessons = world.lessons(&World::targets(), 3);
    let mut memory = Workspace::default();
    let mut ex = Eager::new(&world.weights, &mut memory);
    let items = world.pier.items(&mut ex, world.candidates());
    let count = world.pier.config.contrasted;
    for (request, rows) in requests(&world.batch.request_offsets) {
        let (places, length) = (&lessons.requests[request], World::shown().segments().range(request).len());
        let selection = world.pier.select(&ex, &items, (request, rows.clone()), length);
        let count = if selection.measured { count } else { 0 };
        let of = |lists: &[Vec<u32>]| lists.iter().flatten().map(|c| rows.start as u32 + c).collect::<Vec<u32>>();
        assert_eq!(lessons.lists.rows()[places.near.clone()], of(&selection.lists[..count]));
        assert_eq!(lessons.lists.rows()[places.far.clone()], of(&selection.lists[selection.lists.len() - count..]));
    }
}

#[test]
fn lists_are_drawn_where_strangers_are_known() {
    let world = World::new();
    let lessons = world.lessons(&World::targets(), 3);
    let lists: Vec<&[u32]> = lessons.lists.segments().iter().map(|places| &lessons.lists.rows()[places]).collect();
    // Shown, drawn and two near and two far; shown alone, as this user has no past; and as the first.
    assert_eq!(lists.len(), 6 + 1 + 6);
    assert_eq!((lists[0], lists[6], lists[7]), (&[2, 0, 1][..], &[6, 4][..], &[7, 11, 9][..]));
    assert!(lists[1].iter().all(|row| *row < 4) && lists[1].len() == 3);
    assert!(lists[8].iter().all(|row| [8, 9, 11].contains(row)), "only what is known");
    let known = |list: &[u32]| list.iter().all(|row| !World::targets()[*row as usize].is_nan());
    assert!(known(lists[1]) && known(lists[8]));
    assert_eq!(lessons.requests[1], loss::Places { labelled: 18..20, near: 20..20, far: 20..20 });
    assert_eq!(lessons.requests[0], loss::Places { labelled: 0..6, near: 6..12, far: 12..18 });
    assert!(lessons.labels[6..18].iter().all(|label| label.is_nan()));

    assert_eq!(lessons.lists, world.lessons(&World::targets(), 3).lists, "the seed decides");
    assert!((0..20).any(|seed| world.lessons(&World::targets(), seed).lists != lessons.lists));
    let mut shown_only = vec![f32::NAN; 12];
    World::shown().rows().iter().for_each(|row| shown_only[*row as usize] = 1.0);
    assert_eq!(world.lessons(&shown_only, 3).lists.segments().count(), 5 + 1 + 5);
    let quiet = World::of(small_spec(), &PierConfig { drawn_lists: 0, contrast: 0.0, ..config() });
    assert_eq!(quiet.lessons(&World::targets(), 3).lists, World::shown());
}

#[test]
fn it_learns() {
    let mut world = World::new();
    let before = world.loss(0).0;
    for step in 0..200 {
        let (_, gradients) = world.loss(step);
        world.weights.update(|parameters| {
            for (index, values) in parameters.values_mut().iter_mut().enumerate() {
                let mut d = vec![0.0; values.len()];
                gradients.add_to(Isa::detect(), index, &mut d);
                values.iter_mut().zip(d).for_each(|(value, d)| *value -= 0.3 * d);
            }
        });
    }
    assert!(world.loss(0).0 < 0.6 * before, "{} of {before}", world.loss(0).0);
}

#[test]
fn it_is_a_system_like_others() {
    assert_eq!("pier".parse(), Ok(SystemKind::Pier));
    let build = |pier| {
        let config = SystemConfig { pier, ..SystemConfig::default() };
        let built = config.build(SystemKind::Pier, &mut Registry::default(), &small_spec());
        built.map(|rival| rival.counted()).map_err(|error| error.to_string())
    };
    assert_eq!(build(PierConfig::default()), Ok(Counted::Lists));
    let wrong = build(PierConfig { bits: 0, ..PierConfig::default() });
    assert_eq!(wrong, Err("pier.bits: 0, expected between 1 and 64".to_owned()));
}
