//! Feature batches for tests: from a golden file, at random, or from the rows of another.

use nar4rec_features::{BagSpec, Bags, FeatureBatch, InputSpec, TableSpec};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use crate::Golden;

/// The batch whose tensors begin with `prefix`.
pub(crate) fn golden_batch(golden: &Golden, prefix: &str, spec: &InputSpec) -> FeatureBatch {
    let name = |name: &str| format!("{prefix}.{name}");
    let bags = |side: &str, index: usize| Bags {
        offsets: golden.indices(&name(&format!("{side}.{index}.offsets"))).to_vec(),
        ids: golden.indices(&name(&format!("{side}.{index}.ids"))).to_vec(),
    };
    let mut batch = FeatureBatch::new(spec);
    batch.request_offsets = golden.indices(&name("request_offsets")).iter().map(|offset| *offset as usize).collect();
    batch.user_numbers = golden.numbers(&name("user_numbers")).to_vec();
    batch.candidate_numbers = golden.numbers(&name("candidate_numbers")).to_vec();
    batch.user_bags = (0..spec.user_bags.len()).map(|index| bags("user_bags", index)).collect();
    batch.candidate_bags = (0..spec.candidate_bags.len()).map(|index| bags("candidate_bags", index)).collect();
    batch
}

/// A small input with everything an input can have: numbers, bags of several ids, a table that user and candidate share, and
/// the product of their bags.
pub fn small_spec() -> InputSpec {
    let table = |name: &str, rows, dim| TableSpec { name: name.into(), rows, dim };
    let bag = |name: &str, table| BagSpec { name: name.into(), table };
    InputSpec {
        user_numbers: 2,
        candidate_numbers: 3,
        own_numbers: 1,
        item_numbers: 2,
        user_number_names: (0..2).map(|i| format!("user.{i}")).collect(),
        candidate_number_names: (0..3).map(|i| format!("candidate.{i}")).collect(),
        tables: vec![table("item", 9, 4), table("genre", 6, 3)],
        user_bags: vec![bag("user.recent", 0)],
        candidate_bags: vec![bag("candidate.id", 0), bag("candidate.genres", 1)],
        own_bags: 0,
        interactions: vec![(0, 0)],
        products: Vec::new(),
    }
}

/// A batch of requests with these numbers of candidates. Numbers are in ±2, bags hold up to four ids.
pub fn random_batch(spec: &InputSpec, lengths: &[usize], seed: u64) -> FeatureBatch {
    let mut rng = Pcg64Mcg::seed_from_u64(seed);
    let mut batch = FeatureBatch::new(spec);
    for length in lengths {
        let end = batch.rows() + length;
        batch.request_offsets.push(end);
    }
    let mut numbers = |count: usize| (0..count).map(|_| rng.random_range(-2.0_f32..2.0)).collect();
    batch.user_numbers = numbers(batch.requests() * spec.user_numbers);
    batch.candidate_numbers = numbers(batch.rows() * spec.candidate_numbers);
    let (requests, rows) = (batch.requests(), batch.rows());
    let mut bags = |count: usize, table: usize| {
        let mut bags = Bags::default();
        for _ in 0..count {
            let size = rng.random_range(0..5);
            let ids: Vec<u32> = (0..size).map(|_| rng.random_range(0..spec.tables[table].rows as u32)).collect();
            bags.push(&ids);
        }
        bags
    };
    batch.user_bags = spec.user_bags.iter().map(|bag| bags(requests, bag.table)).collect();
    batch.candidate_bags = spec.candidate_bags.iter().map(|bag| bags(rows, bag.table)).collect();
    batch
}

/// The requests of `batch` that are named, in that order, each with these of its candidates in this order.
///
/// # Panics
/// If there is no such request or candidate.
pub fn rearranged(spec: &InputSpec, batch: &FeatureBatch, requests: &[(usize, Vec<usize>)]) -> FeatureBatch {
    let mut made = FeatureBatch::new(spec);
    for (request, candidates) in requests {
        made.user_numbers.extend_from_slice(&batch.user_numbers[request * spec.user_numbers..][..spec.user_numbers]);
        copy_bags(&batch.user_bags, *request, &mut made.user_bags);
        let rows = batch.request_offsets[*request]..batch.request_offsets[request + 1];
        for candidate in candidates {
            let row = rows.start + candidate;
            assert!(rows.contains(&row), "request {request} has no candidate {candidate}");
            let numbers = &batch.candidate_numbers[row * spec.candidate_numbers..][..spec.candidate_numbers];
            made.candidate_numbers.extend_from_slice(numbers);
            copy_bags(&batch.candidate_bags, row, &mut made.candidate_bags);
        }
        let end = made.rows() + candidates.len();
        made.request_offsets.push(end);
    }
    made
}

fn copy_bags(from: &[Bags], row: usize, to: &mut [Bags]) {
    for (from, to) in from.iter().zip(to) {
        to.push(from.bag(row));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_bags_follow_their_request() {
        let spec = small_spec();
        let batch = random_batch(&spec, &[3, 2], 1);
        assert_eq!(batch, random_batch(&spec, &[3, 2], 1));
        assert_eq!(rearranged(&spec, &batch, &[(0, vec![0, 1, 2]), (1, vec![0, 1])]), batch);
        let turned = rearranged(&spec, &batch, &[(1, vec![1]), (0, vec![2, 0])]);
        assert_eq!(turned.request_offsets, [0, 1, 3]);
        assert_eq!(turned.user_numbers, [&batch.user_numbers[2..], &batch.user_numbers[..2]].concat());
        assert_eq!(turned.candidate_numbers[..3], batch.candidate_numbers[12..]);
        assert_eq!(turned.candidate_bags[0].bag(1), batch.candidate_bags[0].bag(2));
        assert_eq!(turned.user_bags[0].bag(0), batch.user_bags[0].bag(1));
    }
}
