//! The lists the evaluator learns from, and its loss on them.

use super::*;
use crate::task::tests::{memory_stays, small, weights};

/// Calls with a task that draws so many lists of each example.
fn with_task(lists: usize, call: impl Fn(&EvaluatorTask<'_>, &Weights)) {
    let (prepared, model) = small();
    prepared.propose(&model.generator.layers, &weights(&model.generator.parameters));
    let negatives = NegativesConfig { lists, ..NegativesConfig::default() };
    let specs = model.evaluator.parameters.specs().clone();
    let task = EvaluatorTask { evaluator: &model.evaluator.layers, specs, prepared: &prepared, negatives: &negatives };
    call(&task, &weights(&model.evaluator.parameters));
}

#[test]
fn memory_does_not_grow() {
    with_task(2, |task, weights| memory_stays(task, weights));
}

/// Bits, so that a label that was not observed equals itself.
fn bits(labels: &[f32]) -> Vec<u32> {
    labels.iter().map(|label| label.to_bits()).collect()
}

#[test]
fn a_drawn_list_holds_distinct_candidates_with_the_labels_that_were_observed() {
    with_task(4, |task, _| {
        let examples: Vec<&Example> = task.prepared.train.iter().collect();
        let mut strangers = 0;
        for seed in 0..20 {
            let places = task.places(&examples, &mut Pcg64Mcg::seed_from_u64(seed));
            let mut labels = places.labels.chunks_exact(2);
            let mut first = 0;
            for (index, example) in examples.iter().enumerate() {
                let candidates = &places.candidates[index];
                let distinct: std::collections::BTreeSet<_> = candidates.iter().collect();
                assert_eq!(distinct.len(), candidates.len());
                assert!(candidates.starts_with(&example.shown) && candidates.iter().all(|candidate| *candidate < 4));
                for (list, rows) in places.lists[5 * index..5 * index + 5].iter().enumerate() {
                    let rows: Vec<usize> = rows.iter().map(|row| *row as usize - first).collect();
                    let distinct: std::collections::BTreeSet<_> = rows.iter().collect();
                    assert_eq!(
                        (distinct.len(), rows.len()),
                        (rows.len(), if list == 0 { example.shown.len() } else { 3 })
                    );
                    assert!(list > 0 || rows.is_sorted(), "the first list is the one that was shown");
                    for row in rows {
                        let shown = example.labels.get(2 * row..2 * row + 2);
                        strangers += usize::from(shown.is_none());
                        let found = labels.next().unwrap();
                        assert_eq!(bits(found), bits(shown.unwrap_or(&[0.0, 0.0])));
                    }
                }
                first += candidates.len();
            }
            assert!(labels.next().is_none());
        }
        assert!(strangers > 20, "items that were not shown are drawn too");
    });
}

#[test]
fn an_item_that_was_shown_below_the_list_keeps_its_labels() {
    with_task(8, |task, _| {
        let whole = &task.prepared.train[2];
        let mut cut = Example { shown: whole.shown[..2].to_vec(), labels: whole.labels[..4].to_vec(), ..copy(whole) };
        cut.below.push((whole.shown[2], whole.labels[4..].to_vec()));
        let places = task.places(&[&cut], &mut Pcg64Mcg::seed_from_u64(1));
        let rows = places.lists.iter().flatten().zip(places.labels.chunks_exact(2));
        let of_below = rows.filter(|(row, _)| places.candidates[0][**row as usize] == whole.shown[2]);
        let labels: Vec<Vec<u32>> = of_below.map(|(_, labels)| bits(labels)).collect();
        assert!(!labels.is_empty() && labels.iter().all(|labels| *labels == bits(&whole.labels[4..])));
    });
}

/// The same example, as one can be changed.
fn copy(example: &Example) -> Example {
    Example {
        request: example.request.clone(),
        ranks: example.ranks.clone(),
        shown: example.shown.clone(),
        labels: example.labels.clone(),
        below: example.below.clone(),
        log_probabilities: example.log_probabilities.clone(),
    }
}

#[test]
fn the_loss_is_the_cross_entropy_of_observed_feedback() {
    with_task(0, |task, weights| {
        let examples: Vec<&Example> = task.prepared.train.iter().collect();
        // Two kinds on the first two lists of two items, one on the third of three.
        let scale = task.scale(&examples);
        assert_eq!(scale, 1.0 / 11.0);
        let found = task.loss(weights, &examples, scale, 1, &mut task.lane());
        let mut sum = 0.0;
        for example in &examples {
            let mut batch = FeatureBatch::new(task.prepared.encoder.spec());
            batch.push_selection(&example.request, &task.prepared.catalog, &example.shown);
            let list: Vec<u32> = (0..example.shown.len() as u32).collect();
            let mut workspace = Workspace::default();
            let mut ex = Eager::new(weights, &mut workspace);
            let logits = task.evaluator.forward(&mut ex, &batch, &Lists::new([list.as_slice()]));
            for (logit, label) in ex.data(logits).iter().zip(&example.labels).filter(|(_, label)| !label.is_nan()) {
                let p = 1.0 / (1.0 + (-f64::from(*logit)).exp());
                sum -= if *label > 0.5 { p.ln() } else { (1.0 - p).ln() };
            }
        }
        assert!((found - sum / 11.0).abs() < 1e-6, "{found}, expected {}", sum / 11.0);
    });
}
