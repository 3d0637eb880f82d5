//! Batches against the encoded requests they are made of, and the invariances that every model above relies on.

use nar4rec_slate::Request;
use proptest::prelude::*;

use super::*;
use crate::{Encoder, sample};

fn batch(encoder: &Encoder, catalog: &Catalog, requests: &[Request]) -> FeatureBatch {
    let mut batch = FeatureBatch::new(encoder.spec());
    requests.iter().for_each(|request| batch.push(&encoder.encode(request, catalog).unwrap(), catalog));
    batch
}

/// The rows of a batch, each as its numbers and bags.
fn rows(batch: &FeatureBatch) -> Vec<(Vec<f32>, Vec<Vec<u32>>)> {
    let width = batch.candidate_width;
    let row = |row: usize| {
        let bags = batch.candidate_bags.iter().map(|bags| bags.bag(row).to_vec());
        (batch.candidate_numbers[row * width..][..width].to_vec(), bags.collect())
    };
    (0..batch.rows()).map(row).collect()
}

#[test]
fn by_hand() {
    let encoder = sample::encoder();
    let first = sample::request(
        r#"{"features":{"als":0.5,"visits":0,"recent":["v2"]}}"#,
        r#"[{"id":"v1","score":3,"features":{"price":15}},{"id":"v2","score":-1,"features":{"als":0.25,"slot":"top"}}]"#,
    );
    let second = sample::request("{}", r#"[{"id":"v3"}]"#);
    let batch = batch(&encoder, &sample::catalog(&encoder), &[first, second]);
    assert_eq!(batch.request_offsets, [0, 2, 3]);
    assert_eq!((batch.requests(), batch.rows()), (2, 3));
    assert_eq!(batch.user_numbers, [1.0, -2.0, 0.0, 0.0, -2.0, 1.0]);
    assert_eq!(batch.user_bags[1], Bags { offsets: vec![0, 1, 1], ids: vec![2] });
    let numbers = [
        [1.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.5, 2.0, 0.0, 2.0, -2.0],
        [-1.0, -1.0, -1.0, 0.0, 0.0, 1.0, 0.9, 1.0, 0.0, 1.0, 0.0],
        [0.0, 0.0, 0.0, 1.0, 0.0, 1.0, -1.0, 0.0, 1.0, 0.0, 0.0],
    ];
    assert_eq!(batch.candidate_numbers, numbers.as_flattened());
    assert_eq!(batch.candidate_bags[0], Bags { offsets: vec![0, 0, 1, 1], ids: vec![1] }, "slot");
    assert_eq!(batch.candidate_bags[1], Bags { offsets: vec![0, 1, 2, 3], ids: vec![1, 2, 0] }, "id");
    assert_eq!(batch.candidate_bags[2], Bags { offsets: vec![0, 2, 2, 2], ids: vec![2, 3] }, "genres");
    assert_eq!(batch.lengths().collect::<Vec<_>>(), [2, 1]);
}

#[test]
fn a_request_costs_what_a_training_set_can_afford() {
    let encoder = sample::encoder();
    let catalog = sample::catalog(&encoder);
    let encoded = encoder.encode(&sample::request("{}", r#"[{"id":"v1"},{"id":"v2"},{"id":"v3"}]"#), &catalog).unwrap();
    let heap: usize = [&encoded.user, &encoded.rows, &encoded.own_items].iter().map(|c| c.heap_bytes()).sum();
    let user = 4 * (3 + 2);
    let per_candidate = 4 * (6 + 1);
    assert_eq!(heap, user + 3 * per_candidate);
    assert_eq!(encoded.items.capacity(), 3);
}

#[test]
fn a_batch_filled_again_takes_no_new_memory() {
    let encoder = sample::encoder();
    let catalog = sample::catalog(&encoder);
    let request = sample::request(r#"{"features":{"recent":["v1","v2"]}}"#, r#"[{"id":"v1","score":1},{"id":"v2"}]"#);
    let encoded = encoder.encode(&request, &catalog).unwrap();
    let mut batch = FeatureBatch::new(encoder.spec());
    let places = |batch: &FeatureBatch| {
        let bags = batch.user_bags.iter().chain(&batch.candidate_bags);
        let ids: Vec<_> = bags.map(|bags| (bags.ids.as_ptr(), bags.offsets.as_ptr())).collect();
        (batch.candidate_numbers.as_ptr(), batch.user_numbers.as_ptr(), batch.request_offsets.as_ptr(), ids)
    };
    (0..3).for_each(|_| batch.push(&encoded, &catalog));
    let (full, before) = (batch.clone(), places(&batch));
    batch.clear();
    assert_eq!((batch.requests(), batch.rows()), (0, 0));
    (0..3).for_each(|_| batch.push(&encoded, &catalog));
    assert_eq!(places(&batch), before);
    assert_eq!(batch, full);
}

proptest! {
    #[test]
    fn relabelling_candidates_relabels_the_rows(
        (request, order) in sample::any_request().prop_flat_map(|request| {
            let order: Vec<usize> = (0..request.candidates().len()).collect();
            (Just(request), Just(order).prop_shuffle())
        })
    ) {
        let encoder = sample::encoder();
        let catalog = sample::catalog(&encoder);
        let candidates = order.iter().map(|&index| request.candidates()[index].clone()).collect();
        let relabelled = Request::new("r", request.user().clone(), candidates).unwrap();
        let (before, after) = (batch(&encoder, &catalog, &[request]), batch(&encoder, &catalog, &[relabelled]));
        let expected: Vec<_> = order.iter().map(|&index| rows(&before)[index].clone()).collect();
        prop_assert_eq!(rows(&after), expected);
        prop_assert_eq!(after.user_numbers, before.user_numbers);
        prop_assert_eq!(after.user_bags, before.user_bags);
    }

    #[test]
    fn a_request_alone_is_the_same_in_a_batch(requests in prop::collection::vec(sample::any_request(), 1..5)) {
        let encoder = sample::encoder();
        let catalog = sample::catalog(&encoder);
        let together = batch(&encoder, &catalog, &requests);
        let users = encoder.spec().user_numbers;
        for (index, request) in requests.iter().enumerate() {
            let alone = batch(&encoder, &catalog, std::slice::from_ref(request));
            let range = together.request_offsets[index]..together.request_offsets[index + 1];
            prop_assert_eq!(&rows(&together)[range], rows(&alone));
            prop_assert_eq!(&together.user_numbers[index * users..][..users], alone.user_numbers);
            for (bags, alone) in together.user_bags.iter().zip(&alone.user_bags) {
                prop_assert_eq!(bags.bag(index), alone.bag(0));
            }
        }
    }

    #[test]
    fn a_selection_keeps_the_rows_of_the_whole_request(
        (request, selection) in sample::any_request().prop_flat_map(|request| {
            let order: Vec<usize> = (0..request.candidates().len()).collect();
            (Just(request), prop::sample::subsequence(order.clone(), 0..=order.len()).prop_shuffle())
        })
    ) {
        let encoder = sample::encoder();
        let catalog = sample::catalog(&encoder);
        let all = rows(&batch(&encoder, &catalog, std::slice::from_ref(&request)));
        let mut selected = FeatureBatch::new(encoder.spec());
        selected.push_selection(&encoder.encode(&request, &catalog).unwrap(), &catalog, &selection);
        let expected: Vec<_> = selection.iter().map(|&index| all[index].clone()).collect();
        prop_assert_eq!(rows(&selected), expected);
        prop_assert_eq!(selected.requests(), 1);
    }

    #[test]
    fn every_number_is_finite_and_every_id_a_row(request in sample::any_request()) {
        let encoder = sample::encoder();
        let batch = batch(&encoder, &sample::catalog(&encoder), &[request]);
        let numbers = batch.user_numbers.iter().chain(&batch.candidate_numbers);
        prop_assert!(numbers.clone().all(|x| x.abs() <= 64.0), "{:?}", numbers.collect::<Vec<_>>());
        let spec = encoder.spec();
        let user = batch.user_bags.iter().zip(&spec.user_bags);
        let bags = user.chain(batch.candidate_bags.iter().zip(&spec.candidate_bags));
        for (bags, spec_bag) in bags {
            prop_assert!(bags.ids.iter().all(|&id| (id as usize) < spec.tables[spec_bag.table].rows));
        }
    }
}
