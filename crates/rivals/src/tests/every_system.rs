//! Gradients, batches and relabelling, for every form of every system.

use nar4rec_autograd::{Gradients, Tape, TapeMemory};
use nar4rec_evaluator::Lists;
use nar4rec_tensor::{Isa, Purpose, Registry, Weights};
use nar4rec_testing::{named_gradients, rearranged, small_spec};

use super::{Case, Log, forms};
use crate::{PierConfig, SystemConfig, SystemKind};

/// A softmax does not see what all its logits have in common.
const UNSEEN: [&str; 2] = ["prm.blocks.1.feed_forward_norm.bias", "prm.head.bias"];

/// A rectifier may turn within a long step, and in a short one the rounding of an f32 loss is seen: one of three must agree.
#[test]
fn gradients_are_differences_of_the_loss() {
    for (kind, config) in forms() {
        let case = Case::new(kind, &config, 2);
        let log = Log::new(&[4, 1, 6], 2);
        let (_, gradients) = case.loss(&log);
        let gradients = named_gradients(case.weights.isa(), &gradients);
        for (index, spec) in case.parameters.specs().iter().enumerate() {
            let gradient = &gradients[&spec.name];
            let greatest = gradient.iter().fold(0.0_f32, |greatest, d| greatest.max(d.abs()));
            let seen = greatest > 2e-3 || UNSEEN.contains(&spec.name.as_str());
            assert!(seen, "{kind:?}: d_{} is at most {greatest:e}, as a wrong one could be", spec.name);
            for (place, d) in gradient.iter().enumerate() {
                let at = |by: f32| {
                    let mut parameters = case.parameters.clone();
                    parameters.values_mut()[index][place] += by;
                    case.loss_with(&Weights::new(parameters, Isa::detect(), Purpose::Training), &log).0
                };
                let numeric = [4e-3, 1e-3, 2.5e-4].map(|step| ((at(step) - at(-step)) / f64::from(2.0 * step)) as f32);
                let agrees = |numeric: &f32| (d - numeric).abs() < 2e-4 + 1e-2 * greatest;
                assert!(numeric.iter().any(agrees), "{kind:?}: d_{}[{place}] = {d}, not {numeric:?}", spec.name);
            }
        }
    }
}

#[test]
fn memory_does_not_grow_from_step_to_step() {
    for (kind, config) in forms() {
        let (case, log) = (Case::new(kind, &config, 3), Log::new(&[4, 1, 7], 5));
        let (mut memory, mut gradients) = (TapeMemory::default(), Gradients::zeros(case.parameters.specs()));
        let mut reserve = || {
            case.rival.loss(Tape::new(&case.weights, &mut memory, 0), &log.shown(), 0.5, &mut gradients);
            memory.reserve()
        };
        let (second, later) = ([reserve(), reserve()][1], [reserve(), reserve(), reserve()]);
        assert!(second > 0 && later == [second; 3], "{kind:?}: {second}, then {later:?}");
    }
}

/// Bit for bit.
#[test]
fn a_request_alone_equals_the_same_in_a_batch() {
    let lengths = [4, 1, 7, 3];
    let log = Log::new(&lengths, 5);
    for (kind, config) in forms() {
        let case = Case::new(kind, &config, 3);
        let together = case.rank(&log, 5);
        let probabilities = case.probabilities(&log, &log.lists);
        for (request, n) in lengths.into_iter().enumerate() {
            let rows = log.batch.request_offsets[request]..log.batch.request_offsets[request + 1];
            let places = log.lists.segments().range(request);
            let shown: Vec<u32> = log.lists.rows()[places.clone()].iter().map(|row| row - rows.start as u32).collect();
            let alone = Log {
                batch: rearranged(&small_spec(), &log.batch, &[(request, (0..n).collect())]),
                ranks: log.ranks[rows.clone()].to_vec(),
                lists: Lists::new([shown.as_slice()]),
                targets: log.targets[rows].to_vec(),
            };
            assert_eq!(case.rank(&alone, 5), together[request..=request], "{kind:?}");
            let expected = probabilities.as_ref().map(|p| p[places].to_vec());
            assert_eq!(case.probabilities(&alone, &alone.lists), expected, "{kind:?}");
        }
    }
}

#[test]
fn a_loss_is_the_sum_of_the_losses_of_its_requests() {
    let log = Log::new(&[4, 1, 7], 5);
    for (kind, config) in forms() {
        let case = Case::new(kind, &config, 3);
        let apart: f64 = (0..3)
            .map(|request| {
                let rows = log.batch.request_offsets[request]..log.batch.request_offsets[request + 1];
                let places = log.lists.segments().range(request);
                let shown: Vec<u32> = log.lists.rows()[places].iter().map(|row| row - rows.start as u32).collect();
                let alone = Log {
                    batch: rearranged(&small_spec(), &log.batch, &[(request, (0..rows.len()).collect())]),
                    ranks: log.ranks[rows.clone()].to_vec(),
                    lists: Lists::new([shown.as_slice()]),
                    targets: log.targets[rows].to_vec(),
                };
                case.loss(&alone).0
            })
            .sum();
        let together = case.loss(&log).0;
        assert!((together - apart).abs() < 1e-5 * (1.0 + apart), "{kind:?}: {together}, not {apart}");
    }
}

/// What is unknown is left out, though it was shown: of a request of which nothing is known nothing is learned.
#[test]
fn shown_items_of_unknown_worth_teach_nothing() {
    for (kind, config) in forms() {
        // Its contrast needs no labels.
        let case = Case::new(kind, &SystemConfig { pier: PierConfig { contrast: 0.0, ..config.pier }, ..config }, 3);
        let mut log = Log::new(&[4, 3], 5);
        let first = log.batch.request_offsets[1];
        log.targets[..first].fill(f32::NAN);
        let known = case.loss(&log);
        assert!(known.0 > 0.0, "{kind:?}");
        log.targets[first..].fill(f32::NAN);
        let (loss, gradients) = case.loss(&log);
        assert_eq!(loss, 0.0, "{kind:?}");
        for (name, gradient) in named_gradients(case.weights.isa(), &gradients) {
            assert!(gradient.iter().all(|d| *d == 0.0), "{kind:?}: d_{name}");
        }
    }
}

#[test]
fn relabelling_the_candidates_relabels_the_result() {
    let log = Log::new(&[6], 4);
    let order = [3, 5, 0, 2, 4, 1];
    let place = |candidate: usize| order.iter().position(|old| *old == candidate).expect("a permutation");
    let shown: Vec<u32> = log.lists.rows().iter().map(|row| place(*row as usize) as u32).collect();
    let turned = Log {
        batch: rearranged(&small_spec(), &log.batch, &[(0, order.to_vec())]),
        ranks: order.map(|old| log.ranks[old]).to_vec(),
        lists: Lists::new([shown.as_slice()]),
        targets: order.map(|old| log.targets[old]).to_vec(),
    };
    for (kind, config) in forms() {
        let case = Case::new(kind, &config, 11);
        let (before, after) = (&case.rank(&log, 4)[0], &case.rank(&turned, 4)[0]);
        assert_eq!(before.list, after.list.iter().map(|new| order[*new]).collect::<Vec<_>>(), "{kind:?}");
        for (new, old) in order.into_iter().enumerate() {
            assert!((before.scores[old] - after.scores[new]).abs() < 1e-5, "{kind:?}");
        }
        let (before, after) = (case.probabilities(&log, &log.lists), case.probabilities(&turned, &turned.lists));
        for (before, after) in before.into_iter().flatten().zip(after.into_iter().flatten()) {
            assert!((before - after).abs() < 1e-5, "{kind:?}");
        }
        let (before, after) = (case.loss(&log).0, case.loss(&turned).0);
        assert!((before - after).abs() < 1e-5, "{kind:?}: {before}, then {after}");
    }
}

#[test]
fn lists_are_of_distinct_candidates_and_no_longer_than_asked() {
    let log = Log::new(&[4, 1, 7, 0], 1);
    for (kind, config) in forms() {
        let case = Case::new(kind, &config, 1);
        for length in 0..9 {
            for (ranked, n) in case.rank(&log, length).iter().zip(log.batch.lengths()) {
                assert_eq!((ranked.list.len(), ranked.scores.len()), (n.min(length), n), "{kind:?}");
                let mut sorted = ranked.list.clone();
                sorted.sort_unstable();
                sorted.dedup();
                assert_eq!(sorted.len(), ranked.list.len(), "{kind:?}");
                assert!(sorted.iter().all(|candidate| *candidate < n), "{kind:?}");
                assert!(ranked.scores.iter().all(|score| score.is_finite()), "{kind:?}");
            }
        }
        let nothing = Log::new(&[0], 1);
        assert_eq!(case.rank(&nothing, 3)[0].list, [0; 0], "{kind:?}");
        assert_eq!(case.loss(&nothing).0, 0.0, "{kind:?}");
        let lists = log.lists.rows().len();
        assert!(case.probabilities(&log, &log.lists).is_none_or(|p| p.len() == lists), "{kind:?}");
    }
}

#[test]
fn systems_are_found_by_name_and_wrong_sizes_named() {
    for kind in SystemKind::ALL {
        assert_eq!(kind.name().parse(), Ok(kind));
    }
    let problem = |change: &dyn Fn(&mut SystemConfig)| {
        let mut config = SystemConfig::default();
        change(&mut config);
        let build = |kind| config.build(kind, &mut Registry::default(), &small_spec()).err();
        let errors: Vec<String> =
            SystemKind::ALL.into_iter().filter_map(build).map(|error| error.to_string()).collect();
        errors.concat()
    };
    assert_eq!(problem(&|_| {}), "");
    assert_eq!(problem(&|c| c.seq2slate.width = 0), "seq2slate.width: 0, expected between 1 and 16384");
    assert_eq!(problem(&|c| c.edge_rerank.heads = 3), "edge_rerank.heads: 3, expected a divisor of the width 128");
    assert_eq!(problem(&|c| c.edge_rerank.beam = 0), "edge_rerank.beam: 0, expected between 1 and 1024");
    let stability = "edge_rerank.stability: 1.5, expected above 0 and at most 1";
    assert_eq!(problem(&|c| c.edge_rerank.stability = 1.5), stability);
    let has_next = "edge_rerank.has_next: NaN, expected above 0 and at most 1";
    assert_eq!(problem(&|c| c.edge_rerank.has_next = f32::NAN), has_next);
}
