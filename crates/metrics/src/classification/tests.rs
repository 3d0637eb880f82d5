//! Hand-computed values, the quadratic oracle, and what is refused.

use proptest::prelude::*;

use super::*;

/// AUC by its definition: every pair of a positive and a negative, an item of list l counting `weights[l]` times.
fn auc_by_pairs(items: &[ScoredItem], weights: &[u32]) -> Option<f64> {
    let (mut won, mut pairs) = (0.0, 0.0);
    for positive in items.iter().filter(|item| item.positive) {
        for negative in items.iter().filter(|item| !item.positive) {
            let weight = f64::from(weights[positive.list as usize]) * f64::from(weights[negative.list as usize]);
            pairs += weight;
            won += match positive.score.partial_cmp(&negative.score).unwrap() {
                std::cmp::Ordering::Greater => weight,
                std::cmp::Ordering::Equal => weight / 2.0,
                std::cmp::Ordering::Less => 0.0,
            };
        }
    }
    (pairs > 0.0).then(|| won / pairs)
}

#[test]
fn auc_by_hand() {
    assert_eq!(auc(&[0.1, 0.4, 0.35, 0.8], &[false, false, true, true]), Ok(Some(0.75)));
    assert_eq!(auc(&[0.5; 4], &[true, false, true, false]), Ok(Some(0.5)));
    assert_eq!(auc(&[-0.0, 0.0], &[true, false]), Ok(Some(0.5)));
    assert_eq!(auc(&[0.2, 0.3], &[true, true]), Ok(None));
    assert_eq!(auc(&[], &[]), Ok(None));
}

#[test]
fn log_loss_by_hand() {
    let found = log_loss(&[0.5, 0.25], &[true, false]).unwrap().unwrap();
    assert!((found.value - (2f64.ln() - 0.75f64.ln()) / 2.0).abs() < 1e-12);
    assert!((found.base_rate - 2f64.ln()).abs() < 1e-12);
    assert_eq!(log_loss(&[], &[]), Ok(None));
    assert_eq!(log_loss(&[0.5], &[true]).unwrap().unwrap().base_rate, 0.0);
}

#[test]
fn a_confident_mistake_stays_finite() {
    let found = log_loss(&[0.0, 1.0], &[true, false]).unwrap().unwrap();
    assert!((found.value + PROBABILITY_MARGIN.ln()).abs() < 1e-6, "{found:?}");
}

#[test]
fn what_cannot_be_measured_is_refused() {
    assert_eq!(auc(&[0.5], &[]), Err(MetricsError::Lengths { scores: 1, labels: 0 }));
    assert!(matches!(auc(&[0.0, f32::NAN], &[true, false]), Err(MetricsError::Score { index: 1, .. })));
    assert!(matches!(auc(&[f32::INFINITY], &[true]), Err(MetricsError::Score { index: 0, .. })));
    assert!(log_loss(&[0.5], &[true, false]).is_err());
    for bad in [f32::NAN, -0.1, 1.1, f32::INFINITY] {
        let message = log_loss(&[bad], &[true]).unwrap_err().to_string();
        assert!(message.contains("probability 0 is"), "{message}");
    }
}

fn items() -> impl Strategy<Value = Vec<ScoredItem>> {
    let item = (-4i8..5, any::<bool>(), 0u32..6);
    prop::collection::vec(
        item.prop_map(|(score, positive, list)| ScoredItem { score: f32::from(score) / 2.0, positive, list }),
        0..60,
    )
}

proptest! {
    #[test]
    fn auc_is_the_share_of_pairs_won(items in items(), weights in prop::collection::vec(0u32..4, 6)) {
        let expected = auc_by_pairs(&items, &weights);
        let found = RankedItems::new(items).auc(&weights);
        prop_assert_eq!(found.is_some(), expected.is_some());
        let (found, expected) = (found.unwrap_or(0.0), expected.unwrap_or(0.0));
        prop_assert!((found - expected).abs() < 1e-12, "found {}, expected {}", found, expected);
    }

    #[test]
    fn turning_the_scores_round_turns_auc_round(items in items()) {
        let labels: Vec<bool> = items.iter().map(|item| item.positive).collect();
        let scores: Vec<f32> = items.iter().map(|item| item.score).collect();
        let negated: Vec<f32> = scores.iter().map(|score| -score).collect();
        if let Some(found) = auc(&scores, &labels).unwrap() {
            let turned = auc(&negated, &labels).unwrap().unwrap();
            prop_assert!((0.0..=1.0).contains(&found));
            prop_assert!((found + turned - 1.0).abs() < 1e-12, "{} and {}", found, turned);
        }
    }

    #[test]
    fn weights_are_repetitions(items in items(), weights in prop::collection::vec(0u32..4, 6)) {
        let repeated: Vec<ScoredItem> =
            items.iter().flat_map(|item| std::iter::repeat_n(*item, weights[item.list as usize] as usize)).collect();
        prop_assert_eq!(RankedItems::new(items).auc(&weights), RankedItems::new(repeated).auc(&[1; 6]));
    }

    #[test]
    fn the_best_constant_is_the_base_rate(labels in prop::collection::vec(any::<bool>(), 1..50), other in 0.01f32..0.99) {
        let rate = labels.iter().filter(|&&label| label).count() as f32 / labels.len() as f32;
        let loss = |p: f32| log_loss(&vec![p; labels.len()], &labels).unwrap().unwrap();
        prop_assert!((loss(rate).value - loss(rate).base_rate).abs() < 1e-6);
        prop_assert!(loss(other).value >= loss(rate).base_rate - 1e-6);
    }
}
