//! Ten optimiser steps of PyTorch, one batch each: the losses on the way and the parameters at the end.
//!
//! ```text
//!   step k:  loss and gradients of batch k          losses[k], norms[k] = |gradients| over all parameters
//!            gradients · min(1, clip_norm / (norm + 1e-6))
//!            AdamW; matrices are decayed, vectors and tables are not; a table's untouched rows move by their moments
//! ```
//!
//! `losses[0]` comes before any step, so `losses[k]` sees k steps and `final_parameters` all ten. The generator's gradients
//! are clipped at every step, the evaluator's at some.

use nar4rec_features::FeatureBatch;
use nar4rec_tensor::{ParameterSpec, Parameters};

use crate::{
    EvaluatorTask, GeneratorTask, Golden, OptimiserAbout, Task,
    about::About,
    batches::golden_batch,
    cases::{evaluator_task, generator_task, labelled_lists, parameters, shown_lists},
};

/// A model, ten batches, and how ten steps go.
#[derive(Debug, Clone)]
pub struct TenSteps<T: Task> {
    /// The model and its objective.
    pub task: T,
    /// The optimiser.
    pub optimiser: OptimiserAbout,
    /// The parameters before the first step.
    pub parameters: Parameters,
    /// A batch and its targets for each step.
    pub batches: Vec<(FeatureBatch, T::Targets)>,
    /// The loss of each batch before its step.
    pub losses: Vec<f32>,
    /// The norm of all gradients of each step, before clipping.
    pub norms: Vec<f32>,
    /// The parameters after the last step.
    pub final_parameters: Parameters,
}

/// Ten steps of a generator's training loss.
///
/// # Panics
/// If the file does not have the form that the model expects.
pub fn ten_generator_steps() -> TenSteps<GeneratorTask> {
    let about = About::read().ten_steps;
    let (task, specs) = generator_task(about.generator);
    let golden = Golden::read("ten_steps_generator");
    let batches = |prefix: &str| {
        let batch = golden_batch(&golden, &format!("{prefix}.batch"), &task.spec);
        (batch, shown_lists(&golden, &format!("{prefix}.targets")))
    };
    let batches = (0..10).map(|step| batches(&format!("steps.{step}"))).collect();
    ten_steps(&golden, &specs, (task, batches), about.optimiser)
}

/// Ten steps of an evaluator's training loss.
///
/// # Panics
/// If the file does not have the form that the model expects.
pub fn ten_evaluator_steps() -> TenSteps<EvaluatorTask> {
    let about = About::read().ten_steps;
    let (task, specs) = evaluator_task(about.evaluator);
    let golden = Golden::read("ten_steps_evaluator");
    let batches = |prefix: &str| {
        let batch = golden_batch(&golden, &format!("{prefix}.batch"), &task.spec);
        (batch, labelled_lists(&golden, &format!("{prefix}.targets")))
    };
    let batches = (0..10).map(|step| batches(&format!("steps.{step}"))).collect();
    ten_steps(&golden, &specs, (task, batches), about.optimiser)
}

fn ten_steps<T: Task>(
    golden: &Golden,
    specs: &std::sync::Arc<[ParameterSpec]>,
    (task, batches): (T, Vec<(FeatureBatch, T::Targets)>),
    optimiser: OptimiserAbout,
) -> TenSteps<T> {
    TenSteps {
        parameters: parameters("ten steps", specs, golden.under("parameters")),
        losses: golden.numbers("losses").to_vec(),
        norms: golden.numbers("norms").to_vec(),
        final_parameters: parameters("ten steps", specs, golden.under("final")),
        task,
        optimiser,
        batches,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_of_everything_and_both_sides_of_the_clip() {
        let (generator, evaluator) = (ten_generator_steps(), ten_evaluator_steps());
        assert_eq!([generator.batches.len(), generator.losses.len(), generator.norms.len()], [10; 3]);
        assert_eq!([evaluator.batches.len(), evaluator.losses.len(), evaluator.norms.len()], [10; 3]);
        let clipped = |norms: &[f32]| norms.iter().filter(|norm| **norm > 1.0).count();
        assert!(clipped(&generator.norms) > 0 && (1..10).contains(&clipped(&evaluator.norms)));
        assert_ne!(generator.parameters, generator.final_parameters);
    }
}
