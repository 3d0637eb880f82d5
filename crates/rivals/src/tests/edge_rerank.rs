//! Edge-Rerank against the same network written naively, and its search against every list there is.

use std::cell::Cell;

use nar4rec_evaluator::Lists;

use super::{
    Case, Log,
    reference::{Named, assert_loss, attended, linear, named, placed_loss, sigmoid, states, sum},
    tiny,
};
use crate::{
    EdgeRerankConfig, SystemConfig, SystemKind,
    edge_rerank::{BeamSearch, Contexts, Found},
};

const SCOPE: &str = "edge_rerank";

/// The logit of an item of a request after those before it.
fn logit(p: &Named, x: &[Vec<f64>], before: &[usize], item: usize) -> f64 {
    let config = tiny().edge_rerank;
    let places = &p[&format!("{SCOPE}.places")];
    let mut context = vec![places[0].clone()];
    context.extend(before.iter().zip(&places[1..]).map(|(item, place)| sum(&x[*item], place)));
    let q = linear(p, &format!("{SCOPE}.query"), &x[item]);
    let key_values: Vec<Vec<f64>> =
        context.iter().map(|state| linear(p, &format!("{SCOPE}.key_value"), state)).collect();
    let seen = attended(&q, &key_values, config.width / config.heads);
    let mut state = [sum(&x[item], &places[before.len() + 1]), seen].concat();
    for layer in 0..config.hidden.len() {
        state = linear(p, &format!("{SCOPE}.hidden.{layer}"), &state).iter().map(|x| x.max(0.0)).collect();
    }
    linear(p, &format!("{SCOPE}.head"), &state)[0]
}

fn loss(p: &Named, log: &Log, seed: u64) -> f64 {
    placed_loss((log, seed), &|request| states(p, SCOPE, log, request), &|x, list, [item, place]| {
        logit(p, x, &list[..place], item)
    })
}

fn case(beam: usize, stability: f32, has_next: f32, seed: u64) -> Case {
    let edge_rerank = EdgeRerankConfig { beam, stability, has_next, ..tiny().edge_rerank };
    Case::new(SystemKind::EdgeRerank, &SystemConfig { edge_rerank, ..tiny() }, seed)
}

#[test]
fn the_loss_and_its_gradients_are_the_reference() {
    for seed in 0..3 {
        let log = Log::new(&[4, 1, 6], seed);
        let case = case(5, 0.95, 1.0, seed);
        assert_loss(&case, &log, &|p| loss(p, &log, case.seed()));
    }
}

#[test]
fn the_list_is_the_one_that_the_reference_would_show() {
    let log = Log::new(&[4, 1, 5], 3);
    let case = case(1000, 1.0, 0.8, 3);
    let p = named(&case);
    for (request, ranked) in case.rank(&log, 3).iter().enumerate() {
        let x = states(&p, SCOPE, &log, request);
        let wanted = |before: &[u32], item: u32| {
            let before: Vec<usize> = before.iter().map(|item| *item as usize).collect();
            sigmoid(logit(&p, &x, &before, item as usize)) as f32
        };
        let (best, _) = exhaustive(x.len(), 3, 0.8, &wanted);
        assert_eq!(ranked.list, best.iter().map(|item| *item as usize).collect::<Vec<_>>());
        for (item, score) in ranked.scores.iter().enumerate() {
            assert!((score - wanted(&[], item as u32)).abs() < 1e-5);
        }
    }
}

#[test]
fn probabilities_depend_on_what_stands_before_and_not_on_what_follows() {
    let log = Log::new(&[5], 1);
    let case = case(5, 0.95, 1.0, 1);
    let p = named(&case);
    let x = states(&p, SCOPE, &log, 0);
    let lists = [vec![0, 1, 2], vec![0, 1, 4, 3], vec![1, 0, 2], vec![]];
    let found = case.probabilities(&log, &Lists::new(lists.iter().map(Vec::as_slice))).expect("probabilities");
    let expected = lists.iter().flat_map(|list: &Vec<u32>| {
        let list: Vec<usize> = list.iter().map(|item| *item as usize).collect();
        let x = &x;
        let p = &p;
        (0..list.len()).map(move |place| sigmoid(logit(p, x, &list[..place], list[place])) as f32).collect::<Vec<_>>()
    });
    let expected: Vec<f32> = expected.collect();
    nar4rec_testing::assert_close("p", &found, &expected, 1e-5);
    assert_eq!(found[..2], found[3..5]);
    assert!((found[2] - found[9]).abs() > 1e-4, "the order of what stands before counts: {found:?}");
    assert_eq!(case.probabilities(&log, &Lists::default()), Some(Vec::new()));
}

/// A probability that depends on all that stands before.
fn made_up(before: &[u32], item: u32) -> f32 {
    let mixed = before.iter().fold(item * 7 + 3, |mixed, row| mixed.wrapping_mul(31).wrapping_add(row * 5 + 1));
    0.02 + 0.96 * ((f64::from(mixed) * 0.618_034).fract() as f32)
}

/// The list of greatest reward, by trying all; and that reward.
fn exhaustive(n: usize, length: usize, has_next: f32, p: &dyn Fn(&[u32], u32) -> f32) -> (Vec<u32>, f32) {
    let mut all: Vec<(Vec<u32>, f32)> = vec![(Vec::new(), 0.0)];
    for step in 0..length.min(n) {
        let longer = all.iter().flat_map(|(list, reward)| {
            let left = (0..n as u32).filter(|item| !list.contains(item));
            left.map(move |item| {
                let list_and_item = list.iter().copied().chain([item]).collect();
                (list_and_item, reward + has_next.powi(step as i32) * p(list, item))
            })
        });
        all = longer.collect();
    }
    all.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).expect("at least the empty list")
}

/// What a search finds for requests of so many candidates, and how many continuations it looks at.
fn searched(search: BeamSearch, sizes: &[usize], length: usize) -> (Vec<Found>, usize) {
    let mut start = 0;
    let requests = sizes.iter().map(|n| {
        start += n;
        start - n..start
    });
    let requests: Vec<_> = requests.collect();
    let asked = Cell::new(0);
    let found = search.run(requests.into_iter(), length, |contexts: &Contexts| {
        asked.set(asked.get() + contexts.items().len());
        let of_context = |(before, items): (&[u32], &[u32])| -> Vec<f32> {
            items.iter().map(|item| made_up(before, *item)).collect()
        };
        contexts.iter().flat_map(of_context).collect()
    });
    (found, asked.get())
}

#[test]
fn a_beam_of_one_is_greedy() {
    let search = BeamSearch { beam: 1, stability: 0.95, has_next: 0.9 };
    let (found, asked) = searched(search, &[6], 4);
    let mut list: Vec<u32> = Vec::new();
    for _ in 0..4 {
        let left = (0..6).filter(|item| !list.contains(item));
        list.push(left.max_by(|a, b| made_up(&list, *a).total_cmp(&made_up(&list, *b))).expect("an item is left"));
    }
    assert_eq!(found[0].list, list);
    assert_eq!(asked, 6 + 5 + 4 + 3);
}

#[test]
fn a_full_beam_finds_the_best_of_all_lists() {
    for (n, length) in [(1, 1), (3, 3), (5, 3), (4, 6)] {
        for has_next in [1.0, 0.7] {
            let search = BeamSearch { beam: 200, stability: 1.0, has_next };
            let (found, _) = searched(search, &[n], length);
            let (_, reward) = exhaustive(n, length, has_next, &made_up);
            assert!((found[0].reward - reward).abs() < 1e-6, "{n} candidates: {found:?}, not {reward}");
            let list = &found[0].list;
            let of_list = list.iter().enumerate().map(|(t, row)| has_next.powi(t as i32) * made_up(&list[..t], *row));
            assert!((of_list.sum::<f32>() - reward).abs() < 1e-6);
        }
    }
}

#[test]
fn a_search_that_has_settled_looks_at_fewer_lists() {
    let run = |beam, stability| searched(BeamSearch { beam, stability, has_next: 1.0 }, &[9], 5);
    let ((greedy, one), (_, all)) = (run(1, 1.0), run(6, 1.0));
    assert_eq!((one, all), (9 + 8 + 7 + 6 + 5, 9 + 6 * (8 + 7 + 6 + 5)));
    // 0.8 is reached on the way, 0 with the first item.
    let (_, fewer) = run(6, 0.8);
    assert!(one < fewer && fewer < all, "{one}, {fewer}, {all}");
    assert_eq!(run(6, 1e-6), (greedy, one));
}

#[test]
fn requests_are_searched_apart() {
    let search = BeamSearch { beam: 3, stability: 0.9, has_next: 1.0 };
    let (together, _) = searched(search, &[4, 0, 2], 3);
    let (alone, _) = searched(search, &[4], 3);
    assert_eq!(together[0], alone[0]);
    assert_eq!((together[1].list.len(), together[2].list.len()), (0, 2));
    let (nothing, _) = searched(search, &[4], 0);
    assert_eq!((nothing[0].list.len(), nothing[0].first.len()), (0, 4));
}

#[test]
fn lists_are_drawn_where_strangers_are_known() {
    let with = |drawn_lists| {
        let edge_rerank = EdgeRerankConfig { drawn_lists, ..tiny().edge_rerank };
        Case::new(SystemKind::EdgeRerank, &SystemConfig { edge_rerank, ..tiny() }, 4)
    };
    let mut log = Log::new(&[6, 5, 7], 3);
    log.targets.iter_mut().filter(|target| target.is_nan()).for_each(|target| *target = 0.0);
    let loss = |drawn, log: &Log| with(drawn).loss(log).0;
    let [none, one, two] = [0, 1, 2].map(|drawn| loss(drawn, &log));
    assert!(none < one && one < two, "every known item counts once for each list: {none}, {one}, {two}");
    assert_eq!(loss(2, &log), two, "the tape's seed decides what is drawn");
    let shown = log.lists.rows().to_vec();
    let unknown = (0..).zip(&mut log.targets).filter(|(row, _)| !shown.contains(row));
    unknown.for_each(|(_, target)| *target = f32::NAN);
    assert_eq!(loss(2, &log), loss(0, &log));
}
