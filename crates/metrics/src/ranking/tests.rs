//! Hand-computed lists, what is refused, and the properties that hold for any list.

use proptest::prelude::*;

use super::*;

fn at(k: usize, list: &[f32], candidates: &[f32]) -> Result<RankingMetrics, MetricsError> {
    let ideal = Ideal::new(candidates)?.expect("the tests measure lists with a positive");
    RankingMetrics::at(NonZeroUsize::new(k).unwrap(), list, &ideal)
}

fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-12, "found {found}, expected {expected}");
}

#[test]
fn a_binary_list_by_hand() {
    // Hits at positions 1 and 3 of 4; three positives among the candidates.
    let metrics = at(4, &[1.0, 0.0, 1.0, 0.0], &[1.0, 1.0, 1.0, 0.0, 0.0, 0.0]).unwrap();
    close(metrics.precision, 0.5);
    close(metrics.recall, 2.0 / 3.0);
    close(metrics.f1, 4.0 / 7.0);
    close(metrics.map, (1.0 + 2.0 / 3.0) / 3.0);
    close(metrics.ndcg, 1.5 / (1.0 + 1.0 / 3f64.log2() + 0.5));
}

#[test]
fn a_graded_list_by_hand() {
    let metrics = at(2, &[1.0, 3.0], &[0.0, 3.0, 1.0, 2.0]).unwrap();
    close(metrics.ndcg, (1.0 + 3.0 / 3f64.log2()) / (3.0 + 2.0 / 3f64.log2()));
    close(metrics.precision, 1.0);
    close(metrics.recall, 2.0 / 3.0);
    close(metrics.map, 1.0);
}

#[test]
fn a_short_list_counts_as_filled_up_with_misses() {
    let candidates = [1.0, 1.0, 0.0];
    assert_eq!(at(6, &[1.0, 0.0], &candidates), at(6, &[1.0, 0.0, 0.0, 0.0, 0.0, 0.0], &candidates));
    close(at(6, &[1.0, 1.0], &candidates).unwrap().precision, 1.0 / 3.0);
    close(at(6, &[1.0, 1.0], &candidates).unwrap().ndcg, 1.0);
    let nothing = at(6, &[], &candidates).unwrap();
    assert_eq!((nothing.precision, nothing.ndcg, nothing.map, nothing.f1, nothing.recall), (0.0, 0.0, 0.0, 0.0, 0.0));
}

#[test]
fn a_request_without_a_positive_has_no_ideal() {
    assert_eq!(Ideal::new(&[0.0, 0.0]), Ok(None));
    assert_eq!(Ideal::new(&[]), Ok(None));
    assert_eq!(Ideal::binary(0), None);
    assert_eq!(Ideal::binary(2), Ideal::new(&[0.0, 1.0, 1.0]).unwrap());
}

#[test]
fn impossible_relevances_are_refused() {
    for bad in [f32::NAN, f32::INFINITY, -1.0] {
        let message = Ideal::new(&[0.0, bad]).unwrap_err().to_string();
        assert!(message.contains("relevance 1 is"), "{message}");
        assert!(at(2, &[bad], &[1.0]).is_err());
    }
    let beyond = at(3, &[1.0, 0.0, 1.0], &[1.0, 0.0, 0.0]).unwrap_err();
    assert_eq!(beyond, MetricsError::BeyondIdeal { place: 2, found: 1.0, allowed: 0.0 });
    assert!(at(1, &[2.0], &[1.0, 1.0]).is_err());
}

#[test]
fn orders_are_stable_and_finite() {
    assert_eq!(order_by_score(&[0.0, 2.0, -0.0, 2.0, -1.0]).unwrap(), [1, 3, 0, 2, 4]);
    assert!(matches!(order_by_score(&[0.0, f32::NAN]), Err(MetricsError::Score { index: 1, .. })));
}

#[test]
fn shown_recall_by_hand() {
    let recall = |k| shown_recall(&[4, 2, 0, 1, 3], &[2, 3, 0], NonZeroUsize::new(k).unwrap());
    assert_eq!([1, 2, 3, 5, 9].map(|k| recall(k).unwrap()), [0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0, 1.0]);
    assert_eq!(shown_recall(&[0], &[], NonZeroUsize::MIN), None);
}

/// Candidates with relevances 0..=3, at least one positive, and a score each; equal scores occur.
fn requests() -> impl Strategy<Value = Vec<(u8, i8)>> {
    prop::collection::vec((0u8..4, -5i8..5), 1..30).prop_filter("a positive", |list| list.iter().any(|c| c.0 > 0))
}

proptest! {
    #[test]
    fn every_metric_is_from_0_to_1(request in requests(), k in 1usize..12) {
        let relevance: Vec<f32> = request.iter().map(|c| f32::from(c.0)).collect();
        let scores: Vec<f32> = request.iter().map(|c| f32::from(c.1)).collect();
        let list: Vec<f32> = order_by_score(&scores).unwrap().into_iter().map(|c| relevance[c]).collect();
        let metrics = at(k, &list, &relevance).unwrap();
        for value in [metrics.precision, metrics.ndcg, metrics.map, metrics.f1, metrics.recall] {
            prop_assert!((0.0..=1.0).contains(&value), "{metrics:?}");
        }
    }

    #[test]
    fn the_perfect_order_gives_1(request in requests(), k in 1usize..12) {
        let relevance: Vec<f32> = request.iter().map(|c| f32::from(c.0)).collect();
        let list: Vec<f32> = order_by_score(&relevance).unwrap().into_iter().map(|c| relevance[c]).collect();
        let metrics = at(k, &list, &relevance).unwrap();
        prop_assert_eq!((metrics.ndcg, metrics.map), (1.0, 1.0));
        let positives = relevance.iter().filter(|&&r| r > 0.0).count();
        prop_assert_eq!(metrics.precision, positives.min(k) as f64 / k as f64);
        prop_assert_eq!(metrics.recall, positives.min(k) as f64 / positives as f64);
    }

    #[test]
    fn moving_a_hit_up_never_hurts(request in requests(), k in 1usize..12, place in 0usize..30) {
        let relevance: Vec<f32> = request.iter().map(|c| f32::from(c.0)).collect();
        let place = place % relevance.len();
        let mut better = relevance.clone();
        if place > 0 && better[place] > better[place - 1] {
            better.swap(place, place - 1);
        }
        let (before, after) = (at(k, &relevance, &relevance).unwrap(), at(k, &better, &relevance).unwrap());
        prop_assert!(after.ndcg >= before.ndcg && after.map >= before.map && after.recall >= before.recall);
    }
}
