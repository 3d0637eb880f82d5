//! Samples follow the laws on the decoders' pages, on a problem small enough to write the laws out.
//!
//! Each test draws N = 20,000 times with fixed seeds and compares the share of every list with its probability p. The
//! share's standard deviation is sqrt(p (1-p) / N) ≤ 0.0035; the tolerance of 0.015 is more than four of them at the
//! widest, while the laws told apart here (another temperature, no shortlist, no renormalisation) differ by 0.03 or
//! more.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::BTreeMap;

use nar4rec_decoding::{Decoder, Gumbel, Rules, Sample, Scores, Workspace};

const DRAWS: u64 = 20_000;
const TOLERANCE: f64 = 0.015;
/// Three candidates, two positions; columns sum to one.
const P: [[f64; 2]; 3] = [[0.6, 0.2], [0.3, 0.5], [0.1, 0.3]];

type Law = BTreeMap<Vec<usize>, f64>;

/// softmax over the `top_k` most probable of `left` of log P / T.
fn choice(left: &[usize], position: usize, top_k: usize, temperature: f64) -> Vec<(usize, f64)> {
    let mut left = left.to_vec();
    left.sort_by(|&a, &b| P[b][position].total_cmp(&P[a][position]));
    left.truncate(top_k);
    let weight = |candidate: usize| P[candidate][position].powf(1.0 / temperature);
    let total: f64 = left.iter().map(|&candidate| weight(candidate)).sum();
    left.into_iter().map(|candidate| (candidate, weight(candidate) / total)).collect()
}

/// The probability of every list of two.
fn law(top_k: usize, temperature: f64) -> Law {
    let mut law = Law::new();
    for (first, p) in choice(&[0, 1, 2], 0, top_k, temperature) {
        let left: Vec<usize> = (0..3).filter(|&candidate| candidate != first).collect();
        for (second, q) in choice(&left, 1, top_k, temperature) {
            law.insert(vec![first, second], p * q);
        }
    }
    law
}

/// The share of each outcome over seeds 0, 1, ….
fn shares(decoder: Decoder, outcome: impl Fn(Vec<Vec<usize>>) -> Vec<usize>) -> Law {
    let log_probabilities: Vec<f32> = P.iter().flatten().map(|p| p.ln() as f32).collect();
    let scores = Scores::new(&log_probabilities, &[], 3, 2).unwrap();
    let (mut shares, mut workspace) = (Law::new(), Workspace::default());
    for seed in 0..DRAWS {
        let found = decoder.decode(&scores, &Rules::none(3), 2, seed, &mut workspace).unwrap();
        let lists = found.iter().map(|found| found.list.as_slice().to_vec()).collect();
        *shares.entry(outcome(lists)).or_insert(0.0) += 1.0 / DRAWS as f64;
    }
    shares
}

fn assert_close(found: &Law, expected: &Law) {
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (list, p) in expected {
        assert!((found[list] - p).abs() < TOLERANCE, "{list:?}: drawn {:.4}, expected {p:.4}", found[list]);
    }
}

fn first(lists: Vec<Vec<usize>>) -> Vec<usize> {
    lists[0].clone()
}

#[test]
fn sample_draws_each_position_from_the_softmax_of_what_is_left() {
    for (top_k, temperature) in [(None, 1.0), (None, 2.5), (Some(2), 1.0), (Some(1), 1.0)] {
        let decoder = Decoder::Sample(Sample { top_k, temperature, lists: 1 });
        assert_close(&shares(decoder, first), &law(top_k.unwrap_or(3), temperature));
    }
}

#[test]
fn lists_of_one_call_are_independent() {
    let decoder = Decoder::Sample(Sample { lists: 2, ..Sample::default() });
    let once = law(3, 1.0);
    let pairs = once.iter().flat_map(|(a, p)| once.iter().map(move |(b, q)| ([a.as_slice(), b].concat(), p * q)));
    assert_close(&shares(decoder, |lists| lists.concat()), &pairs.collect());
}

#[test]
fn the_first_gumbel_list_is_an_ordinary_sample() {
    for temperature in [1.0, 2.5] {
        let decoder = Decoder::Gumbel(Gumbel { temperature, lists: 3 });
        assert_close(&shares(decoder, first), &law(3, temperature));
    }
}

/// p(a, then b) = p(a) p(b) / (1 - p(a)).
#[test]
fn gumbel_draws_without_replacement() {
    let once = law(3, 1.0);
    let pairs = once.iter().flat_map(|(a, p)| {
        let others = once.iter().filter(move |(b, _)| *b != a);
        others.map(move |(b, q)| ([a.as_slice(), b].concat(), p * q / (1.0 - p)))
    });
    let decoder = Decoder::Gumbel(Gumbel { temperature: 1.0, lists: 2 });
    assert_close(&shares(decoder, |lists| lists.concat()), &pairs.collect());
}
