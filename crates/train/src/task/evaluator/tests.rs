//! The lists the evaluator learns from, and its loss on them.

use nar4rec_evaluator::EvaluatorConfig;
use nar4rec_tensor::Registry;

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
fn an_evaluator_with_context_is_given_all_candidates_and_the_same_lists() {
    let (prepared, model) = small();
    prepared.propose(&model.generator.layers, &weights(&model.generator.parameters));
    let negatives = NegativesConfig { lists: 2, ..NegativesConfig::default() };
    let examples: Vec<&Example> = prepared.train.iter().collect();
    let of = |context_layers: usize| {
        let config = EvaluatorConfig { context_layers, ..model.evaluator.layers.config().clone() };
        let mut registry = Registry::default();
        let evaluator = Evaluator::new(&mut registry, prepared.encoder.spec(), 3, &config).unwrap();
        let task = EvaluatorTask {
            evaluator: &evaluator,
            specs: registry.finish(),
            prepared: &prepared,
            negatives: &negatives,
        };
        let places = task.places(&examples, &mut Pcg64Mcg::seed_from_u64(3));
        let offsets = places.candidates.iter().scan(0, |first, candidates| {
            *first += candidates.len();
            Some(*first - candidates.len())
        });
        let lists =
            offsets.zip(places.lists.chunks(3)).zip(&places.candidates).flat_map(|((first, lists), candidates)| {
                lists
                    .iter()
                    .map(move |rows| rows.iter().map(|row| candidates[*row as usize - first]).collect::<Vec<_>>())
            });
        (lists.collect::<Vec<_>>(), bits(&places.labels), places.candidates.clone())
    };
    let (without, with) = (of(0), of(1));
    assert_eq!((&with.0, &with.1), (&without.0, &without.1));
    for (candidates, example) in with.2.iter().zip(&examples) {
        let mut all = candidates.clone();
        all.sort_unstable();
        assert_eq!(all, (0..example.request.candidates()).collect::<Vec<_>>());
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
