//! The growing Cholesky factor against determinants, and the decoder where its list is known.

use proptest::prelude::*;

use super::*;
use crate::{Decoder, Greedy, Rules, Scores, Workspace};

/// det of a square matrix, by the definition: along the first row.
fn determinant(matrix: &[Vec<f64>]) -> f64 {
    let Some((first, rest)) = matrix.split_first() else { return 1.0 };
    let without = |column: usize| -> Vec<Vec<f64>> {
        let others = |row: &Vec<f64>| (0..row.len()).filter(|&at| at != column).map(|at| row[at]).collect();
        rest.iter().map(others).collect()
    };
    let sign = |column: usize| if column.is_multiple_of(2) { 1.0 } else { -1.0 };
    first.iter().enumerate().map(|(column, number)| sign(column) * number * determinant(&without(column))).sum()
}

/// S of unit vectors in f64.
fn kernel(states: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let cosine = |a: &Vec<f64>, b: &Vec<f64>| dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
    let entry = |x: usize, y: usize| {
        if x == y { 1.0 } else { (1.0 - SHRINKAGE) * cosine(&states[x], &states[y]) }
    };
    (0..states.len()).map(|x| (0..states.len()).map(|y| entry(x, y)).collect()).collect()
}

fn determinant_of(kernel: &[Vec<f64>], items: &[usize]) -> f64 {
    let row = |&x: &usize| items.iter().map(|&y| kernel[x][y]).collect();
    determinant(&items.iter().map(row).collect::<Vec<Vec<f64>>>())
}

fn states(candidates: usize) -> impl Strategy<Value = Vec<Vec<f64>>> {
    // Three dimensions span at most three items: from the fourth on, d² is near its least.
    let width = prop_oneof![Just(3_usize), Just(8)];
    width.prop_flat_map(move |width| prop::collection::vec(prop::collection::vec(-1.0_f64..1.0, width), candidates))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// Items are chosen by the greatest d² of all, which is found out by determinants, and d² is their quotient.
    #[test]
    fn a_gain_is_a_quotient_of_determinants(states in states(7)) {
        let kernel = kernel(&states);
        // Not of the states, but of the kernel's own entries, so that both are f64.
        let cosine = |a: usize, b: usize| kernel[a][b] / (1.0 - SHRINKAGE);
        let mut novelty = Novelty { rows: vec![0.0; 7 * 5], length: 5, met: vec![(0, 1.0); 7] };
        let mut list: Vec<usize> = Vec::new();
        while list.len() < 5 {
            let of_list = determinant_of(&kernel, &list);
            let mut best = (0, f64::NEG_INFINITY);
            for candidate in (0..7).filter(|candidate| !list.contains(candidate)) {
                let expected = determinant_of(&kernel, &[&list[..], &[candidate]].concat()) / of_list;
                let found = novelty.gain((candidate, &list), cosine, |_| false).expect("it is never enough");
                prop_assert!((found - expected).abs() < 1e-6 * expected, "{found} and {expected} after {list:?}");
                prop_assert!((SHRINKAGE..=1.0).contains(&found));
                if expected > best.1 {
                    best = (candidate, expected);
                }
            }
            list.push(best.0);
        }
    }
}

/// The list of a decoder for candidates that are as probable at every position.
fn decode(decoder: Decoder, p: &[f32], states: &[f32], length: usize) -> Vec<usize> {
    let log_probabilities: Vec<f32> = p.iter().flat_map(|p| vec![p.ln(); length]).collect();
    let scores = Scores::new(&log_probabilities, states, p.len(), length).unwrap();
    let mut workspace = Workspace::default();
    let found = decoder.decode(&scores, &Rules::none(p.len()), length, 0, &mut workspace).unwrap();
    found[0].list.as_slice().to_vec()
}

fn dpp(alpha: f64, p: &[f32], states: &[f32], length: usize) -> Vec<usize> {
    decode(Decoder::Dpp(Dpp { alpha, top_k: None }), p, states, length)
}

#[test]
fn a_repeated_item_comes_when_nothing_new_is_left() {
    // Of three twins and two others at right angles, the twins are more probable.
    let (p, states) =
        ([0.4, 0.3, 0.2, 0.06, 0.04], [1.0, 0.0, 0.0, 2.0, 0.0, 0.0, 3.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    assert_eq!(dpp(1.0, &p, &states, 5), [0, 3, 4, 1, 2]);
    // An α so small that the greatest cost of a repetition, α log(1/2ε) = 8.5 α, is less than log(0.2 / 0.06).
    assert_eq!(dpp(0.1, &p, &states, 5), [0, 1, 2, 3, 4]);
}

#[test]
fn what_is_made_up_of_two_chosen_items_is_not_new() {
    // The third is like neither of the first two by much, but lies in the plane of them; contrastive decoding cannot tell.
    let (p, states) = ([0.4, 0.3, 0.2, 0.1], [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.7, 0.7, 0.0, 0.8, 0.0, 0.6]);
    assert_eq!(dpp(1.0, &p, &states, 3), [0, 1, 3]);
}

#[test]
fn without_states_or_weight_it_is_greedy() {
    let (p, states) = ([0.1, 0.4, 0.3, 0.2], [1.0_f32; 4]);
    let greedy = decode(Decoder::Greedy(Greedy {}), &p, &[], 4);
    assert_eq!(dpp(5.0, &p, &[], 4), greedy);
    assert_eq!(dpp(5.0, &p, &[0.0; 8], 4), greedy);
    assert_eq!(dpp(0.0, &p, &states, 4), greedy);
}
