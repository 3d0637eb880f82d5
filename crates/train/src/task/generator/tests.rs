//! The generator's loss is the formula of docs/method.md §2, under every switch.

use super::*;
use crate::{
    Threshold,
    task::tests::{every_list_of_a_question_counts, memory_stays, small, weights},
};

/// The states and log P̂ of one example, from a pass of its own.
struct Pass {
    logs: Vec<f64>,
    candidates: Vec<f64>,
    positions: Vec<f64>,
}

impl Pass {
    fn of(task: &GeneratorTask<'_>, weights: &Weights, example: &Example) -> Self {
        let mut batch = FeatureBatch::new(task.prepared.encoder.spec());
        batch.push(&example.request, &task.prepared.catalog);
        let mut workspace = Workspace::default();
        let mut ex = Eager::new(weights, &mut workspace);
        let output = task.generator.forward(&mut ex, &batch);
        let wide = |data: &[f32]| data.iter().map(|number| f64::from(*number)).collect();
        Self {
            logs: wide(ex.data(output.log_probabilities)),
            candidates: wide(ex.data(output.candidates)),
            positions: wide(ex.data(output.positions)),
        }
    }

    /// P̂ of the candidate at the position, of three.
    fn p(&self, candidate: usize, position: usize) -> f64 {
        self.logs[candidate * 3 + position].exp()
    }
}

/// mean over i ≠ j of max(0, ρ − 1 + cos)
fn contrastive(states: &[f64], margin: f64) -> f64 {
    let rows: Vec<&[f64]> = states.chunks(8).collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let cosine = |a: &[f64], b: &[f64]| dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
    let pairs = (0..rows.len()).flat_map(|i| (0..rows.len()).map(move |j| (i, j))).filter(|(i, j)| i != j);
    let hinges: f64 = pairs.map(|(i, j)| (margin - 1.0 + cosine(rows[i], rows[j])).max(0.0)).sum();
    hinges / (rows.len() * (rows.len() - 1)) as f64
}

/// The task's loss of the first list (b then d, worth 1 and 0.5) and what a formula makes of the same pass.
fn compare(loss: LossConfig, formula: impl Fn(&Pass) -> f64) {
    let (prepared, model) = small();
    let Threshold::Value(threshold) = loss.utility_threshold else { panic!("the tests give τ as a number") };
    let specs = model.generator.parameters.specs().clone();
    let task = GeneratorTask { generator: &model.generator.layers, specs, prepared: &prepared, loss: &loss, threshold };
    let (weights, example) = (weights(&model.generator.parameters), &prepared.train[0]);
    let found = task.loss(&weights, &[example], 0.25, 1, &mut task.lane());
    let expected = 0.25 * formula(&Pass::of(&task, &weights, example));
    assert!((found - expected).abs() < 1e-5, "{loss:?}: {found}, expected {expected}");
}

#[test]
fn memory_does_not_grow() {
    let (prepared, model) = small();
    let specs = model.generator.parameters.specs().clone();
    let loss = LossConfig::default();
    let task =
        GeneratorTask { generator: &model.generator.layers, specs, prepared: &prepared, loss: &loss, threshold: 1.0 };
    memory_stays(&task, &weights(&model.generator.parameters));
}

/// The paper's loss at this τ, without the contrastive terms.
fn loss(threshold: f32) -> LossConfig {
    LossConfig {
        utility_threshold: Threshold::Value(threshold),
        weighting: Weighting::List,
        contrastive_weight: 0.0,
        ..LossConfig::default()
    }
}

#[test]
fn a_list_worth_the_threshold_is_made_likelier() {
    for threshold in [f32::MIN, 0.0, 1.5] {
        compare(loss(threshold), |pass| -pass.p(1, 0).ln() - pass.p(3, 1).ln());
    }
}

#[test]
fn a_list_worth_less_is_made_unlikelier() {
    compare(loss(1.6), |pass| -(1.0 - pass.p(1, 0)).ln() - (1.0 - pass.p(3, 1)).ln());
    compare(LossConfig { unlikelihood: false, ..loss(1.6) }, |_| 0.0);
}

#[test]
fn an_item_can_count_by_its_own_worth() {
    // Of 1.5, the most an item can be worth, they have two thirds and one third.
    let item = |threshold| LossConfig { weighting: Weighting::Item, ..loss(threshold) };
    compare(item(1.5), |pass| -2.0 / 3.0 * pass.p(1, 0).ln() - 1.0 / 3.0 * pass.p(3, 1).ln());
    let missing = |p: f64| (1.0 - p).ln();
    compare(item(1.6), |pass| -1.0 / 3.0 * missing(pass.p(1, 0)) - 2.0 / 3.0 * missing(pass.p(3, 1)));
}

#[test]
fn the_order_can_say_nothing() {
    let any = |weighting| LossConfig { weighting, order: Order::Any, ..loss(0.0) };
    let everywhere = |pass: &Pass, candidate| -(pass.p(candidate, 0).ln() + pass.p(candidate, 1).ln()) / 2.0;
    compare(any(Weighting::List), |pass| everywhere(pass, 1) + everywhere(pass, 3));
    compare(any(Weighting::Item), |pass| 2.0 / 3.0 * everywhere(pass, 1) + 1.0 / 3.0 * everywhere(pass, 3));
    let unlike = |pass: &Pass, candidate, position| -(1.0 - pass.p(candidate, position)).ln() / 2.0;
    compare(LossConfig { order: Order::Any, ..loss(1.6) }, |pass| {
        [(1, 0), (1, 1), (3, 0), (3, 1)]
            .into_iter()
            .map(|(candidate, position)| unlike(pass, candidate, position))
            .sum()
    });
}

#[test]
fn both_contrastive_terms_count_with_their_weight() {
    for (weight, margin) in [(0.7, 0.9), (0.05, 1.6)] {
        let config = LossConfig { contrastive_weight: weight, margin, unlikelihood: false, ..loss(9.0) };
        compare(config, |pass| {
            let apart = contrastive(&pass.candidates, margin.into()) + contrastive(&pass.positions, margin.into());
            assert!(apart > 0.0, "the check would see nothing");
            f64::from(weight) * apart
        });
    }
}

#[test]
fn the_loss_of_a_batch_is_the_mean_of_its_lists() {
    let (prepared, model) = small();
    let (config, specs) = (LossConfig::default(), model.generator.parameters.specs().clone());
    let task =
        GeneratorTask { generator: &model.generator.layers, specs, prepared: &prepared, loss: &config, threshold: 0.5 };
    let weights = weights(&model.generator.parameters);
    let batch: Vec<&Example> = prepared.train.iter().collect();
    let scale = task.scale(&batch);
    let together = task.loss(&weights, &batch, scale, 1, &mut task.lane());
    let alone = batch.iter().map(|example| task.loss(&weights, &[example], 1.0, 1, &mut task.lane()));
    let mean = alone.sum::<f64>() / 3.0;
    assert!((together - mean).abs() < 1e-6, "{together}, alone {mean}");
}

#[test]
fn kinds_worth_nothing_give_no_item_a_share() {
    let (mut prepared, model) = small();
    prepared.feedback.iter_mut().for_each(|kind| kind.weight = 0.0);
    let config = LossConfig { weighting: Weighting::Item, ..loss(0.0) };
    let specs = model.generator.parameters.specs().clone();
    let task =
        GeneratorTask { generator: &model.generator.layers, specs, prepared: &prepared, loss: &config, threshold: 0.0 };
    assert_eq!(task.target_weights(&prepared.train[0]), (vec![0.0, 0.0], true));
}

#[test]
fn what_was_not_observed_of_an_item_makes_it_neither_likelier_nor_unlikelier() {
    let (mut prepared, model) = small();
    prepared.train[0].labels = vec![f32::NAN, f32::NAN, 1.0, f32::NAN];
    let config = LossConfig { weighting: Weighting::Item, ..loss(0.0) };
    for (threshold, observed, positive) in [(0.5, 1.0 / 1.5, true), (2.0, 1.0 - 1.0 / 1.5, false)] {
        let (generator, specs) = (&model.generator.layers, model.generator.parameters.specs().clone());
        let task = GeneratorTask { generator, specs, prepared: &prepared, loss: &config, threshold };
        assert_eq!(task.target_weights(&prepared.train[0]), (vec![0.0, observed], positive));
    }
}

#[test]
fn a_question_that_comes_again_counts_again() {
    let (prepared, model) = small();
    let (loss, weights) = (LossConfig::default(), weights(&model.generator.parameters));
    every_list_of_a_question_counts(prepared, |prepared| {
        let specs = model.generator.parameters.specs().clone();
        let generator = &model.generator.layers;
        GeneratorTask { generator, specs, prepared, loss: &loss, threshold: 0.0 }.validate(&weights).figures
    });
}
