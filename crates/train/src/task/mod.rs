//! What is trained: a model's forward pass, its loss and its validation, behind one trait, so that all train in one loop.

mod evaluator;
mod generator;
mod judged;

pub(crate) use evaluator::EvaluatorTask;
pub(crate) use generator::{GeneratorTask, greedy};
pub(crate) use judged::Judged;

use std::sync::Arc;

use nar4rec_autograd::{Gradients, TapeMemory};
use nar4rec_features::FeatureBatch;
use nar4rec_losses::ContrastiveScratch;
use nar4rec_tensor::{ParameterSpec, Weights};

use crate::{Example, Prepared};

/// Memory that one thread of work reuses from step to step.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) batch: FeatureBatch,
    pub(crate) tape: TapeMemory,
    pub(crate) contrastive: ContrastiveScratch,
    pub(crate) gradients: Gradients,
}

/// How a model does on the validation split.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Validation {
    /// What early stopping watches: more is better.
    pub(crate) objective: f64,
    /// Figures to report, by name.
    pub(crate) figures: Vec<(String, f64)>,
}

/// A model that can be trained.
pub(crate) trait Task: Sync {
    /// Its name, for people and for the checkpoint.
    fn name(&self) -> &'static str;

    /// Which of the run's streams of random numbers is its own.
    fn stream(&self) -> u64;

    /// Its parameters.
    fn specs(&self) -> &Arc<[ParameterSpec]>;

    /// What it is trained and validated on.
    fn prepared(&self) -> &Prepared;

    /// Memory for one thread.
    fn lane(&self) -> Lane {
        Lane {
            batch: FeatureBatch::new(self.prepared().encoder.spec()),
            tape: TapeMemory::default(),
            contrastive: ContrastiveScratch::default(),
            gradients: Gradients::zeros(self.specs()),
        }
    }

    /// The scale of the loss of a whole batch, such as one over the number of its lists.
    fn scale(&self, batch: &[&Example]) -> f32;

    /// The scaled loss of a few examples of the batch; adds its gradients to the lane's.
    fn loss(&self, weights: &Weights, examples: &[&Example], scale: f32, seed: u64, lane: &mut Lane) -> f64;

    /// How the model does on the validation split.
    fn validate(&self, weights: &Weights) -> Validation;
}

#[cfg(test)]
pub(crate) mod tests;
