//! The parts that naive references share: one row at a time, in f64, every parameter by its name.

use std::collections::BTreeMap;

use nar4rec_features::Bags;
use nar4rec_testing::{named_gradients, small_spec};

use super::{Case, Log};

/// Parameters by name, as rows.
pub(super) type Named = BTreeMap<String, Vec<Vec<f64>>>;

pub(super) fn named(case: &Case) -> Named {
    let wide = |row: &[f32]| row.iter().map(|x| f64::from(*x)).collect();
    let all = case.parameters.iter();
    all.map(|(spec, values)| (spec.name.clone(), values.chunks(spec.shape[1]).map(wide).collect())).collect()
}

/// x·Wᵀ + b, if there is a b.
pub(super) fn linear(p: &Named, name: &str, x: &[f64]) -> Vec<f64> {
    let rows = p[&format!("{name}.weight")].iter();
    let mut y: Vec<f64> = rows.map(|w| dot(w, x)).collect();
    if let Some(b) = p.get(&format!("{name}.bias")) {
        y = sum(&y, &b[0]);
    }
    y
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

pub(super) fn sum(a: &[f64], b: &[f64]) -> Vec<f64> {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

pub(super) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The softmax of numbers.
pub(super) fn softmax(z: &[f64]) -> Vec<f64> {
    let total: f64 = z.iter().map(|z| z.exp()).sum();
    z.iter().map(|z| z.exp() / total).collect()
}

/// What a query sees of rows of keys and values side by side, `[k|v]`, with heads of this width.
pub(super) fn attended(q: &[f64], key_values: &[Vec<f64>], head: usize) -> Vec<f64> {
    let mut seen = Vec::new();
    for first in (0..q.len()).step_by(head) {
        let columns = first..first + head;
        let score = |kv: &Vec<f64>| dot(&q[columns.clone()], &kv[columns.clone()]) / (head as f64).sqrt();
        let shares = softmax(&key_values.iter().map(score).collect::<Vec<_>>());
        let value = |column| shares.iter().zip(key_values).map(|(share, kv)| share * kv[q.len() + column]).sum::<f64>();
        seen.extend(columns.map(value));
    }
    seen
}

/// The states of a request's candidates: features, and the place in the initial list.
pub(super) fn states(p: &Named, scope: &str, log: &Log, request: usize) -> Vec<Vec<f64>> {
    let (spec, batch) = (small_spec(), &log.batch);
    let mean = |table: usize, bags: &Bags, row: usize| -> Vec<f64> {
        let table = &p[&format!("{scope}.input.tables.{}", spec.tables[table].name)];
        let ids = bags.bag(row);
        let share = |column: usize| ids.iter().map(|id| table[*id as usize][column]).sum::<f64>() / ids.len() as f64;
        (0..table[0].len()).map(|column| if ids.is_empty() { 0.0 } else { share(column) }).collect()
    };
    let part = |numbers: &[f32], row: usize, width: usize| -> Vec<f64> {
        numbers[row * width..][..width].iter().map(|x| f64::from(*x)).collect()
    };
    let recent = mean(0, &batch.user_bags[0], request);
    let user = [part(&batch.user_numbers, request, 2), recent.clone()].concat();
    let user = linear(p, &format!("{scope}.input.user"), &user);
    let rows = batch.request_offsets[request]..batch.request_offsets[request + 1];
    let state = |row: usize| {
        let id = mean(0, &batch.candidate_bags[0], row);
        let product = id.iter().zip(&recent).map(|(a, b)| a * b).collect();
        let genres = mean(1, &batch.candidate_bags[1], row);
        let input = [part(&batch.candidate_numbers, row, 3), id, genres, product].concat();
        let x = sum(&linear(p, &format!("{scope}.input.candidate"), &input), &user);
        sum(&x, &p[&format!("{scope}.ranks")][log.ranks[row] as usize])
    };
    rows.map(state).collect()
}

/// The logit of an item, given the states of a request, its list, and item and place.
type PlacedLogit<'a> = dyn Fn(&[Vec<f64>], &[usize], [usize; 2]) -> f64 + 'a;

/// Half the cross-entropy of every candidate whose worth is known, where it stood or, if it was not shown, where `seed` puts it.
pub(super) fn placed_loss(
    (log, seed): (&Log, u64),
    states: &dyn Fn(usize) -> Vec<Vec<f64>>,
    logit: &PlacedLogit<'_>,
) -> f64 {
    let mut loss = 0.0;
    for request in 0..log.batch.requests() {
        let (x, first) = (states(request), log.batch.request_offsets[request]);
        let places = log.lists.segments().range(request);
        let list: Vec<usize> = log.lists.rows()[places.clone()].iter().map(|row| *row as usize - first).collect();
        for item in (0..x.len()).filter(|item| !log.targets[first + item].is_nan()) {
            let place = log.shown().place(&log.lists.rows()[places.clone()], first + item, seed);
            let (z, y) = (logit(&x, &list, [item, place]), f64::from(log.targets[first + item]));
            // Of what is nearly certain 1 − σ(z) would have no digits left.
            loss += y * (-z).exp().ln_1p() + (1.0 - y) * z.exp().ln_1p();
        }
    }
    0.5 * loss
}

/// Checks a system's loss against a naive one, and its gradients against central differences of that, which are good to 1e-9.
pub(super) fn assert_loss(case: &Case, log: &Log, naive: &dyn Fn(&Named) -> f64) {
    let (loss, gradients) = case.loss(log);
    let mut point = named(case);
    let expected = naive(&point);
    assert!((loss - expected).abs() < 1e-5 * (1.0 + expected.abs()), "a loss of {loss}, not {expected}");
    for (name, gradient) in named_gradients(case.weights.isa(), &gradients) {
        let columns = point[&name][0].len();
        for (place, d) in gradient.into_iter().enumerate() {
            let mut at = |by: f64| {
                let value =
                    &mut point.get_mut(&name).expect("a parameter of the model")[place / columns][place % columns];
                let before = *value;
                *value += by;
                let loss = naive(&point);
                point.get_mut(&name).expect("a parameter of the model")[place / columns][place % columns] = before;
                loss
            };
            let numeric = (at(1e-5) - at(-1e-5)) / 2e-5;
            let error = (f64::from(d) - numeric).abs() / (1.0 + numeric.abs());
            assert!(error < 3e-5, "d_{name}[{place}] = {d}, not {numeric}");
        }
    }
}
