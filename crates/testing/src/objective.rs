//! Training losses of generator and evaluator over a batch, with the gradients of all parameters.
//!
//! ```text
//!   generator   1/B · Σ_requests [ likelihood or unlikelihood + ω·(L_item + L_position) ]
//!   evaluator   mean cross-entropy over the observed labels
//! ```
//!
//! The plainest way from a model to its gradients: one tape, no threads, no dropout.

use std::collections::BTreeMap;

use nar4rec_autograd::{Gradients, Tape, TapeMemory};
use nar4rec_evaluator::{Evaluator, Lists};
use nar4rec_features::{FeatureBatch, InputSpec};
use nar4rec_generator::Generator;
use nar4rec_losses::{Contrastive, ContrastiveScratch, Target, binary_cross_entropy, likelihood, unlikelihood};
use nar4rec_tensor::{Exec, Isa, Weights};

/// A model with a training loss.
pub trait Task {
    /// What a batch is compared with.
    type Targets;

    /// The loss of a batch and its gradients.
    fn loss(&self, weights: &Weights, batch: &FeatureBatch, targets: &Self::Targets) -> (f64, Gradients);
}

/// A list that was shown to one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownList {
    /// The candidate at each position, counted within the request.
    pub candidates: Vec<usize>,
    /// Whether its utility reached the threshold.
    pub positive: bool,
}

/// A generator and its objective. Targets: one shown list per request.
#[derive(Debug, Clone)]
pub struct GeneratorTask {
    /// The shape of its inputs.
    pub spec: InputSpec,
    /// The model.
    pub generator: Generator,
    /// ρ
    pub margin: f32,
    /// ω
    pub omega: f32,
}

/// Lists over the rows of a batch, with feedback.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelledLists {
    /// The lists.
    pub lists: Lists,
    /// `[places, kinds]`; NaN where nothing was observed.
    pub labels: Vec<f32>,
}

/// An evaluator. Targets: lists with feedback.
#[derive(Debug, Clone)]
pub struct EvaluatorTask {
    /// The shape of its inputs.
    pub spec: InputSpec,
    /// The longest list it takes.
    pub list_length: usize,
    /// The model.
    pub evaluator: Evaluator,
}

impl Task for GeneratorTask {
    type Targets = Vec<ShownList>;

    fn loss(&self, weights: &Weights, batch: &FeatureBatch, targets: &Vec<ShownList>) -> (f64, Gradients) {
        let mut memory = TapeMemory::default();
        let mut tape = Tape::new(weights, &mut memory, 0);
        let output = self.generator.forward(&mut tape, batch);
        let (m, width) = (self.generator.config().list_length, self.generator.config().width);
        let (logs, x, t) = (output.log_probabilities, output.candidates, output.positions);
        let [mut d_logs, mut d_x, mut d_t] = [logs, x, t].map(|value| tape.output_gradient(value));
        let share = 1.0 / targets.len() as f32;
        let mut loss = 0.0;
        for (request, (rows, shown)) in output.segments.iter().zip(targets).enumerate() {
            let cells = rows.start * m..rows.end * m;
            loss += fit(shown, (&tape.data(logs)[cells.clone()], m), share, &mut d_logs[cells]);
            let states = [
                (x, rows.start * width..rows.end * width, &mut d_x),
                (t, request * m * width..(request + 1) * m * width, &mut d_t),
            ];
            for (value, part, d) in states {
                let states = &tape.data(value)[part.clone()];
                loss += self.apart(weights.isa(), (states, width), share, &mut d[part]);
            }
        }
        let mut gradients = Gradients::zeros(weights.parameters().specs());
        tape.backward([d_logs, d_x, d_t], &mut gradients);
        (loss, gradients)
    }
}

impl GeneratorTask {
    /// ω times the contrastive loss of one request's states.
    fn apart(&self, isa: Isa, states: (&[f32], usize), share: f32, d: &mut [f32]) -> f64 {
        let contrastive = Contrastive { margin: self.margin };
        contrastive.loss(isa, states, share * self.omega, d, &mut ContrastiveScratch::default())
    }
}

/// How well log P̂ fits a shown list, or avoids it.
fn fit(shown: &ShownList, (log_probabilities, positions): (&[f32], usize), share: f32, d: &mut [f32]) -> f64 {
    let weights = vec![1.0; shown.candidates.len()];
    let target = Target { log_probabilities, positions, shown: &shown.candidates, weights: &weights };
    if shown.positive { likelihood(target, share, d) } else { unlikelihood(target, share, d) }
}

impl Task for EvaluatorTask {
    type Targets = LabelledLists;

    fn loss(&self, weights: &Weights, batch: &FeatureBatch, targets: &LabelledLists) -> (f64, Gradients) {
        let mut memory = TapeMemory::default();
        let mut tape = Tape::new(weights, &mut memory, 0);
        let logits = self.evaluator.forward(&mut tape, batch, &targets.lists);
        let observed = targets.labels.iter().filter(|label| !label.is_nan()).count();
        let mut d = tape.output_gradient(logits);
        let loss = binary_cross_entropy(tape.data(logits), &targets.labels, 1.0 / observed as f32, &mut d);
        let mut gradients = Gradients::zeros(weights.parameters().specs());
        tape.backward([d], &mut gradients);
        (loss, gradients)
    }
}

/// The gradient of every parameter by name, tables as whole matrices.
pub fn named_gradients(isa: Isa, gradients: &Gradients) -> BTreeMap<String, Vec<f32>> {
    let specs = gradients.specs().iter().enumerate();
    let whole = specs.map(|(index, spec)| {
        let mut sum = vec![0.0; spec.len()];
        gradients.add_to(isa, index, &mut sum);
        (spec.name.clone(), sum)
    });
    whole.collect()
}
