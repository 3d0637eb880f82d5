//! The generator's training: likelihood of good lists, unlikelihood of the others, and the contrastive terms
//! (docs/method.md §2).

use std::sync::Arc;

use nar4rec_autograd::Tape;
use nar4rec_decoding::{Decoder, Greedy, Rules, Scores};
use nar4rec_features::FeatureBatch;
use nar4rec_generator::{Generator, GeneratorOutput};
use nar4rec_losses::{Contrastive, Target, likelihood, unlikelihood};
use nar4rec_tensor::{Eager, Exec, ParameterSpec, Weights, Workspace};
use rayon::prelude::*;

use super::{Judged, Lane, Task, Validation};
use crate::{Example, LossConfig, Order, Prepared, Weighting, examples::questions};

/// Lists that share one pass when validating.
const LISTS_PER_PASS: usize = 16;

/// The generator and what it is trained on.
#[derive(Debug)]
pub(crate) struct GeneratorTask<'a> {
    pub(crate) generator: &'a Generator,
    pub(crate) specs: Arc<[ParameterSpec]>,
    pub(crate) prepared: &'a Prepared,
    pub(crate) loss: &'a LossConfig,
    /// τ as a number.
    pub(crate) threshold: f32,
}

impl GeneratorTask<'_> {
    /// The weight of each position of a shown list, and whether the list is positive. An item of which nothing was observed is
    /// neither likelier nor unlikelier for it, where items are weighed.
    fn target_weights(&self, example: &Example) -> (Vec<f32>, bool) {
        let kinds = &self.prepared.feedback;
        let positive = example.utilities(kinds).sum::<f32>() >= self.threshold;
        let weights = example.worths(kinds).map(|worth| match (self.loss.weighting, positive) {
            (Weighting::List, _) => 1.0,
            (Weighting::Item, _) if worth.is_nan() => 0.0,
            (Weighting::Item, true) => worth,
            (Weighting::Item, false) => 1.0 - worth,
        });
        (weights.collect(), positive)
    }

    /// The likelihood or unlikelihood of one example, whose gradient is added to `d`.
    fn list_loss(&self, example: &Example, log_probabilities: &[f32], scale: f32, d: &mut [f32]) -> f64 {
        let (mut weights, positive) = self.target_weights(example);
        let (positions, mut shown) = (self.generator.config().list_length, example.shown.clone());
        // Turned as often as it is long, a list has each of its items once at each of its places.
        let turns = if self.loss.order == Order::Any { shown.len() } else { 1 };
        let mut loss = 0.0;
        for _ in 0..turns {
            let target = Target { log_probabilities, positions, shown: &shown, weights: &weights };
            loss += match (positive, self.loss.unlikelihood) {
                (true, _) => likelihood(target, scale / turns as f32, d),
                (false, true) => unlikelihood(target, scale / turns as f32, d),
                (false, false) => 0.0,
            };
            shown.rotate_left(1);
            weights.rotate_left(1);
        }
        loss
    }

    /// The greedy lists for a few questions, judged by each of their examples.
    fn judge(&self, weights: &Weights, questions: &[&[Example]]) -> Vec<Judged> {
        let mut batch = FeatureBatch::new(self.prepared.encoder.spec());
        for examples in questions {
            batch.push(&examples[0].request, &self.prepared.catalog);
        }
        let mut workspace = Workspace::default();
        let mut ex = Eager::new(weights, &mut workspace);
        let output = self.generator.forward(&mut ex, &batch);
        let positions = self.generator.config().list_length;
        let logs = ex.data(output.log_probabilities);
        let judged = questions.iter().zip(output.segments.iter()).flat_map(|(examples, rows)| {
            let logs = &logs[rows.start * positions..rows.end * positions];
            let list = greedy((logs, rows.len()), positions, &mut nar4rec_decoding::Workspace::default());
            examples.iter().map(move |example| self.judge_list(example, list.as_deref(), logs))
        });
        judged.collect()
    }

    fn judge_list(&self, example: &Example, list: Option<&[usize]>, logs: &[f32]) -> Judged {
        let rows = logs.chunks_exact(self.generator.config().list_length);
        let scores = rows.map(|row| row.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        Judged::new((example, self.prepared), list.map(|list| list.iter().copied()), scores)
    }
}

/// The greedy list of `length` items of a request's log P̂, `[candidates, positions]`. A model that has come to give NaN gives no list, and no
/// metric: training notices by its loss.
pub(crate) fn greedy(
    (logs, candidates): (&[f32], usize),
    length: usize,
    memory: &mut nar4rec_decoding::Workspace,
) -> Option<Vec<usize>> {
    let scores = Scores::new(logs, &[], candidates, logs.len().checked_div(candidates)?).ok()?;
    let decoded = Decoder::Greedy(Greedy {}).decode(&scores, &Rules::none(candidates), length, 0, memory).ok()?;
    decoded.last().map(|decoded| decoded.list.iter().collect())
}

impl Task for GeneratorTask<'_> {
    fn name(&self) -> &'static str {
        "generator"
    }

    fn stream(&self) -> u64 {
        1
    }

    fn specs(&self) -> &Arc<[ParameterSpec]> {
        &self.specs
    }

    fn prepared(&self) -> &Prepared {
        self.prepared
    }

    fn scale(&self, batch: &[&Example]) -> f32 {
        1.0 / batch.len() as f32
    }

    fn loss(&self, weights: &Weights, examples: &[&Example], scale: f32, seed: u64, lane: &mut Lane) -> f64 {
        lane.batch.clear();
        for example in examples {
            lane.batch.push(&example.request, &self.prepared.catalog);
        }
        let mut tape = Tape::new(weights, &mut lane.tape, seed);
        let output = self.generator.forward(&mut tape, &lane.batch);
        let GeneratorOutput { log_probabilities, candidates, positions, segments } = output;
        let m = self.generator.config().list_length;
        let width = self.generator.config().width;
        let mut outputs = [log_probabilities, candidates, positions].map(|value| tape.output_gradient(value));
        let [d_logs, d_candidates, d_positions] = &mut outputs;
        let contrastive = Contrastive { margin: self.loss.margin };
        let apart = scale * self.loss.contrastive_weight;
        let mut total = 0.0;
        for (index, (example, rows)) in examples.iter().zip(segments.iter()).enumerate() {
            let cells = rows.start * m..rows.end * m;
            total += self.list_loss(example, &tape.data(log_probabilities)[cells.clone()], scale, &mut d_logs[cells]);
            let numbers = rows.start * width..rows.end * width;
            let places = index * m * width..(index + 1) * m * width;
            for (value, d, part) in [(candidates, &mut *d_candidates, numbers), (positions, &mut *d_positions, places)]
            {
                let states = (&tape.data(value)[part.clone()], width);
                total += contrastive.loss(weights.isa(), states, apart, &mut d[part], &mut lane.contrastive);
            }
        }
        tape.backward(outputs, &mut lane.gradients);
        total
    }

    fn validate(&self, weights: &Weights) -> Validation {
        let questions = questions(&self.prepared.valid);
        let passes = questions.par_chunks(LISTS_PER_PASS);
        let judged: Vec<Judged> = passes.flat_map_iter(|pass| self.judge(weights, pass)).collect();
        Validation::of_lists(&judged, self.generator.config().list_length)
    }
}

#[cfg(test)]
mod tests;
