//! The evaluator's training: masked cross-entropy on lists that were shown (docs/method.md §4), and, where an item that was
//! not shown is one that was not wanted, on lists drawn from the generator, in which such items stand. The second kind is
//! what it will be asked about: lists that the generator holds for good.

use std::sync::Arc;

use nar4rec_autograd::Tape;
use nar4rec_decoding::{Decoder, Rules, Sample, Scores};
use nar4rec_evaluator::{Evaluator, Lists};
use nar4rec_features::FeatureBatch;
use nar4rec_losses::binary_cross_entropy;
use nar4rec_metrics::auc;
use nar4rec_tensor::{Eager, Exec, ParameterSpec, Weights, Workspace};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;

use super::{Lane, Task, Validation};
use crate::{Example, NegativesConfig, Prepared, seeds::seed_at};

/// Lists that share one pass when validating.
const LISTS_PER_PASS: usize = 64;

/// The evaluator and what it is trained on.
#[derive(Debug)]
pub(crate) struct EvaluatorTask<'a> {
    pub(crate) evaluator: &'a Evaluator,
    pub(crate) specs: Arc<[ParameterSpec]>,
    pub(crate) prepared: &'a Prepared,
    pub(crate) negatives: &'a NegativesConfig,
}

/// The places of some lists: which candidate of which example stands there and what the user did with it.
#[derive(Debug, Default)]
struct Places {
    /// Of each example the candidates that are looked at.
    candidates: Vec<Vec<usize>>,
    /// Rows of the batch, by list.
    lists: Vec<Vec<u32>>,
    /// `[places, kinds]`
    labels: Vec<f32>,
}

impl EvaluatorTask<'_> {
    fn kinds(&self) -> usize {
        self.prepared.feedback.len()
    }

    /// The lists to learn from: for each example the one that was shown and those drawn from the generator.
    fn places(&self, examples: &[&Example], rng: &mut impl Rng) -> Places {
        let mut places = Places::default();
        let mut first = 0;
        for example in examples {
            let mut candidates = example.shown.clone();
            places.lists.push((first..first + candidates.len() as u32).collect());
            places.labels.extend_from_slice(&example.labels);
            for _ in 0..self.negatives.lists {
                let list = self.drawn(example, &mut candidates, rng);
                for place in &list {
                    let known = example.observed(self.kinds()).find(|(candidate, _)| *candidate == candidates[*place]);
                    match known {
                        Some((_, labels)) => places.labels.extend_from_slice(labels),
                        None => places.labels.extend(std::iter::repeat_n(0.0, self.kinds())),
                    }
                }
                places.lists.push(list.into_iter().map(|place| first + place as u32).collect());
            }
            first += candidates.len() as u32;
            places.candidates.push(candidates);
        }
        places
    }

    /// A list drawn from the generator's P̂, as indices into `candidates`, which grows by those of its items that were not
    /// shown.
    fn drawn(&self, example: &Example, candidates: &mut Vec<usize>, rng: &mut impl Rng) -> Vec<usize> {
        let total = example.request.candidates();
        let logs = example.log_probabilities.get().expect("the generator has seen every example before the evaluator");
        let sample = Sample { top_k: None, temperature: self.negatives.temperature, lists: 1 };
        let (rules, length, mut memory) =
            (Rules::none(total), self.list_length(example), nar4rec_decoding::Workspace::default());
        let lists = Scores::new(logs, &[], total, logs.len() / total)
            .and_then(|scores| Decoder::Sample(sample).decode(&scores, &rules, length, rng.next_u64(), &mut memory));
        let lists = lists.expect("log-probabilities of a trained generator are finite and nothing constrains the list");
        let place = |index: usize| {
            let known = candidates.iter().position(|candidate| *candidate == index);
            known.unwrap_or_else(|| {
                candidates.push(index);
                candidates.len() - 1
            })
        };
        lists[0].list.iter().map(place).collect()
    }

    /// The items of a list drawn for an example.
    fn list_length(&self, example: &Example) -> usize {
        self.prepared.list_length.min(example.request.candidates())
    }

    fn fill(&self, batch: &mut FeatureBatch, examples: &[&Example], places: &Places) -> Lists {
        batch.clear();
        for (example, candidates) in examples.iter().zip(&places.candidates) {
            batch.push_selection(&example.request, &self.prepared.catalog, candidates);
        }
        Lists::new(places.lists.iter().map(Vec::as_slice))
    }

    /// The summed loss and the number of labels of a few validation examples, and score and label of each shown item.
    fn judge(&self, weights: &Weights, pass: u64, examples: &[Example]) -> (f64, usize, Vec<(f32, bool)>) {
        let examples: Vec<&Example> = examples.iter().collect();
        let places = self.places(&examples, &mut Pcg64Mcg::seed_from_u64(seed_at(0, &[pass])));
        let mut batch = FeatureBatch::new(self.prepared.encoder.spec());
        let lists = self.fill(&mut batch, &examples, &places);
        let mut workspace = Workspace::default();
        let mut ex = Eager::new(weights, &mut workspace);
        let logits = self.evaluator.forward(&mut ex, &batch, &lists);
        let logits = ex.data(logits);
        let loss = binary_cross_entropy(logits, &places.labels, 1.0, &mut vec![0.0; logits.len()]);
        let labels = places.labels.iter().filter(|label| !label.is_nan()).count();
        let per_example = 1 + self.negatives.lists;
        let shown = lists.segments().iter().step_by(per_example).flatten().filter_map(|place| {
            let at = place * self.kinds() + self.prepared.relevance;
            let label = places.labels[at];
            (!label.is_nan()).then_some((logits[at], label >= 0.5))
        });
        (loss, labels, shown.collect())
    }
}

impl Task for EvaluatorTask<'_> {
    fn name(&self) -> &'static str {
        "evaluator"
    }

    fn stream(&self) -> u64 {
        2
    }

    fn specs(&self) -> &Arc<[ParameterSpec]> {
        &self.specs
    }

    fn prepared(&self) -> &Prepared {
        self.prepared
    }

    fn scale(&self, batch: &[&Example]) -> f32 {
        let observed = |example: &&&Example| example.labels.iter().filter(|label| !label.is_nan()).count();
        let shown: usize = batch.iter().map(|example| observed(&example)).sum();
        let drawn = self.negatives.lists * self.kinds();
        let others: usize = batch.iter().map(|example| drawn * self.list_length(example)).sum();
        1.0 / (shown + others).max(1) as f32
    }

    fn loss(&self, weights: &Weights, examples: &[&Example], scale: f32, seed: u64, lane: &mut Lane) -> f64 {
        let places = self.places(examples, &mut Pcg64Mcg::seed_from_u64(seed_at(seed, &[1])));
        let lists = self.fill(&mut lane.batch, examples, &places);
        let mut tape = Tape::new(weights, &mut lane.tape, seed);
        let logits = self.evaluator.forward(&mut tape, &lane.batch, &lists);
        let mut d = tape.output_gradient(logits);
        let loss = binary_cross_entropy(tape.data(logits), &places.labels, scale, &mut d);
        tape.backward([d], &mut lane.gradients);
        loss
    }

    fn validate(&self, weights: &Weights) -> Validation {
        let passes = self.prepared.valid.par_chunks(LISTS_PER_PASS).enumerate();
        let judged: Vec<_> = passes.map(|(pass, examples)| self.judge(weights, pass as u64, examples)).collect();
        let loss: f64 = judged.iter().map(|(loss, ..)| loss).sum();
        let labels: usize = judged.iter().map(|(_, labels, _)| labels).sum();
        let (scores, relevant): (Vec<f32>, Vec<bool>) = judged.into_iter().flat_map(|(.., shown)| shown).unzip();
        let loss = loss / labels.max(1) as f64;
        let mut figures = vec![("Loss".to_owned(), loss)];
        if let Ok(Some(auc)) = auc(&scores, &relevant) {
            figures.push(("AUC".to_owned(), auc));
        }
        Validation { objective: -loss, figures }
    }
}

#[cfg(test)]
mod tests;
