//! Generator and evaluator, each as one graph.
//!
//! ```text
//!   generator.onnx   features [, mask]      → log_probabilities [batch, candidates, m], candidates [batch, candidates, d],
//!                                             positions [batch, m, d]
//!   evaluator.onnx   features, lists        → probabilities [lists, places, kinds], utility [lists]
//! ```

use nar4rec_evaluator::Lists;
use nar4rec_features::{FeatureBatch, InputSpec};
use nar4rec_model::Model;

use crate::{
    Options, Tensor,
    graph::int,
    inputs::{self, Dim, FeatureInputs, Signature},
    proto::ModelProto,
    recorder::{Recorder, Rows, Trace},
    sample,
    tensor::Dtype,
};

/// Requests and lists of the batch that layers are run with to record them: different numbers, so that nothing is mistaken
/// for something else.
const REQUESTS: usize = 2;
const LISTS: usize = 3;

/// A graph, and what goes in and comes out.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) inputs: Vec<Signature>,
    pub(crate) outputs: Vec<Signature>,
    pub(crate) proto: ModelProto,
}

/// The batch that layers are run with to record them: requests of one candidate more than there are positions.
fn trace_batch(spec: &InputSpec, positions: usize) -> FeatureBatch {
    sample::made_batch(spec, &[positions + 1; REQUESTS])
}

fn trace(positions: usize) -> Trace {
    Trace { requests: REQUESTS, candidates: REQUESTS * (positions + 1), positions, places: LISTS * positions }
}

/// The matching model.
pub(crate) fn generator(model: &Model, features: &FeatureInputs, options: Options) -> Part {
    let generator = &model.generator.layers;
    let (m, d) = (generator.config().list_length, generator.config().width);
    let mut recorder = Recorder::new(&model.generator.parameters, features, trace(m), options.mask);
    let output = generator.forward(&mut recorder, &trace_batch(&features.spec, m));
    let values = [output.log_probabilities, output.candidates, output.positions].map(|value| recorder.grid(value));
    let [batch, candidates] = ["batch", "candidates"].map(Dim::named);
    let outputs = [
        ("log_probabilities", [batch.clone(), candidates.clone(), Dim::Fixed(m)]),
        ("candidates", [batch.clone(), candidates, Dim::Fixed(d)]),
        ("positions", [batch, Dim::Fixed(m), Dim::Fixed(d)]),
    ];
    let outputs = outputs.map(|(name, shape)| Signature::new(name, Dtype::Float32, shape));
    let mut inputs = features.signatures();
    inputs.extend(options.mask.then(inputs::mask));
    let named: Vec<_> = values.into_iter().zip(outputs.clone()).collect();
    Part { proto: recorder.graph.finish("generator", &inputs, &named), inputs, outputs: outputs.to_vec() }
}

/// The list model, with the weights of the kinds of feedback in it.
pub(crate) fn evaluator(model: &Model, features: &FeatureInputs, options: Options) -> Part {
    let evaluator = &model.evaluator.layers;
    let m = model.generator.layers.config().list_length;
    let mut recorder = Recorder::new(&model.evaluator.parameters, features, trace(m), options.mask);
    let rows: Vec<u32> = (0..m as u32).collect();
    let lists = Lists::new([rows.as_slice(); LISTS]);
    let logits = evaluator.forward(&mut recorder, &trace_batch(&features.spec, m), &lists);
    let logits = recorder.grid(logits);
    let weights: Vec<f32> = evaluator.config().feedback.iter().map(|kind| kind.weight).collect();
    let kinds = weights.len();
    let values = worth(&mut recorder, &logits, weights);
    let [lists, places] = ["lists", "places"].map(Dim::named);
    let outputs = [
        Signature::new("probabilities", Dtype::Float32, [lists.clone(), places, Dim::Fixed(kinds)]),
        Signature::new("utility", Dtype::Float32, [lists]),
    ];
    let mut inputs = features.signatures();
    inputs.push(inputs::lists());
    let named: Vec<_> = values.into_iter().zip(outputs.clone()).collect();
    Part { proto: recorder.graph.finish("evaluator", &inputs, &named), inputs, outputs: outputs.to_vec() }
}

/// Probabilities, and Σ over places and kinds of weight · p.
fn worth(recorder: &mut Recorder<'_>, logits: &str, weights: Vec<f32>) -> [String; 2] {
    let present = recorder.present(Rows::Places).map(|present| recorder.as_numbers(&present));
    let graph = &mut recorder.graph;
    let mut probabilities = graph.op("Sigmoid", &[logits]);
    if let Some(present) = present {
        let last = graph.integers(&[-1]);
        let present = graph.op("Unsqueeze", &[&present, &last]);
        probabilities = graph.op("Mul", &[&probabilities, &present]);
    }
    let weights = graph.initialiser("feedback_weights", || Tensor::numbers(vec![weights.len()], weights));
    let worth = graph.op("Mul", &[&probabilities, &weights]);
    let of_list = graph.integers(&[1, 2]);
    let utility = graph.op_with("ReduceSum", &[&worth, &of_list], vec![int("keepdims", 0)]);
    [probabilities, utility]
}
