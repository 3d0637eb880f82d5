//! From a model to the files of an export.

use std::collections::BTreeMap;

use nar4rec_evaluator::Lists;
use nar4rec_features::{Bags, FeatureBatch, InputSpec};
use nar4rec_model::{InvalidModel, Model};
use nar4rec_tensor::{Eager, Exec, Isa, Purpose, Weights, Workspace};
use prost::Message;
use serde::Serialize;

use crate::{
    graph::Axis,
    recorder::{BagNames, EXAMPLE, Recorder},
};

/// What an export is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Exported {
    /// `generator.onnx`
    pub generator: Vec<u8>,
    /// `evaluator.onnx`
    pub evaluator: Vec<u8>,
    /// What each input is: `inputs.json`.
    pub inputs: Vec<InputDescription>,
    /// Made inputs and what comes out for them: `sample.json`.
    pub sample: Sample,
}

/// An input of a graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InputDescription {
    /// Its name.
    pub name: String,
    /// `float32` or `int64`.
    pub dtype: &'static str,
    /// Its axes: a number, or a name where the length is free.
    pub axes: Vec<String>,
    /// What its last axis holds, in order: columns of numbers, or rows of a table.
    pub holds: Vec<String>,
    /// How it is encoded.
    pub encoding: String,
}

/// Inputs and outputs that belong together.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Sample {
    /// Inputs of both graphs; `lists` is the evaluator's alone.
    pub inputs: BTreeMap<String, SampleTensor>,
    /// The generator's outputs.
    pub generator: BTreeMap<String, SampleTensor>,
    /// The evaluator's outputs.
    pub evaluator: BTreeMap<String, SampleTensor>,
}

/// A tensor of the sample.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SampleTensor {
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its numbers, row-major.
    #[serde(flatten)]
    pub numbers: SampleInput,
}

/// Numbers of the sample.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SampleInput {
    /// `f32`
    Float32(Vec<f32>),
    /// `i64`
    Int64(Vec<i64>),
}

/// The graphs of a model, what goes into them, and a sample. A model in int8 is exported in f32, its matrices being what their
/// int8 form stands for.
///
/// # Errors
/// If the schema contradicts itself.
pub fn export(model: &Model) -> Result<Exported, InvalidModel> {
    let spec = model.schema.input_spec()?;
    Ok(Exported {
        generator: generator(model, &spec),
        evaluator: evaluator(model, &spec),
        inputs: describe(&spec),
        sample: sample(model, &spec),
    })
}

/// A batch that tells shapes and nothing else.
fn example(spec: &InputSpec) -> FeatureBatch {
    made(spec, EXAMPLE)
}

fn generator(model: &Model, spec: &InputSpec) -> Vec<u8> {
    let layers = &model.generator.layers;
    let mut ex = Recorder::new(&model.generator.parameters, spec);
    let output = layers.forward(&mut ex, &example(spec));
    let (m, d) = (layers.config().list_length, layers.config().width);
    let [batch, candidates] = [Axis::Named("batch"), Axis::Named("candidates")];
    for (name, value, axes) in [
        ("log_probabilities", output.log_probabilities, [batch.clone(), candidates.clone(), Axis::Fixed(m)]),
        ("candidate_states", output.candidates, [batch.clone(), candidates, Axis::Fixed(d)]),
        ("position_states", output.positions, [batch, Axis::Fixed(m), Axis::Fixed(d)]),
    ] {
        let value = ex.name(value).to_owned();
        ex.graph.output(name, &value, &axes);
    }
    ex.graph.finish("generator").encode_to_vec()
}

fn evaluator(model: &Model, spec: &InputSpec) -> Vec<u8> {
    let layers = &model.evaluator.layers;
    let mut ex = Recorder::new(&model.evaluator.parameters, spec);
    let logits = layers.forward(&mut ex, &example(spec), &Lists::new([&[0_u32, 1][..], &[4, 5, 3]]));
    let logits = ex.name(logits).to_owned();
    let kinds = &layers.config().feedback;
    let p = ex.graph.node("Sigmoid", &[&logits], &[]);
    let weights = ex.graph.floats("utility_weights", &[kinds.len()], || kinds.iter().map(|kind| kind.weight).collect());
    let worth = ex.graph.node("Mul", &[&p, &weights], &[]);
    let axes = ex.graph.whole(&[1, 2]);
    let utility = ex.graph.node("ReduceSum", &[&worth, &axes], &[crate::graph::Setting::Int("keepdims", 0)]);
    let [lists, places] = [Axis::Named("lists"), Axis::Named("places")];
    ex.graph.output("probabilities", &p, &[lists.clone(), places, Axis::Fixed(kinds.len())]);
    ex.graph.output("utility", &utility, &[lists]);
    ex.graph.finish("evaluator").encode_to_vec()
}

/// What each input is.
fn describe(spec: &InputSpec) -> Vec<InputDescription> {
    let mut inputs = Vec::new();
    let mut numbers = |name: &str, axes: &[&str], columns: &[String]| {
        if !columns.is_empty() {
            let axes = axes.iter().map(|axis| (*axis).to_owned()).chain([columns.len().to_string()]).collect();
            let encoding = "each as schema.json says: transformed, standardised, clipped".to_owned();
            let holds = columns.to_vec();
            inputs.push(InputDescription { name: name.to_owned(), dtype: "float32", axes, holds, encoding });
        }
    };
    numbers("user_numbers", &["batch"], &spec.user_number_names);
    numbers("candidate_numbers", &["batch", "candidates"], &spec.candidate_number_names);
    let names = BagNames::of(spec);
    for (names, bags, axes) in [
        (names.user, &spec.user_bags, &["batch"][..]),
        (names.candidate, &spec.candidate_bags, &["batch", "candidates"]),
    ] {
        for (name, bag) in names.into_iter().zip(bags) {
            let table = &spec.tables[bag.table];
            let axes = axes.iter().map(|axis| (*axis).to_owned()).chain(["ids".to_owned()]).collect();
            let encoding = format!("rows of table {} (below {}), −1 where there are fewer", table.name, table.rows);
            inputs.push(InputDescription { name, dtype: "int64", axes, holds: vec![bag.name.clone()], encoding });
        }
    }
    inputs.push(InputDescription {
        name: "lists".to_owned(),
        dtype: "int64",
        axes: vec!["lists".to_owned(), "places".to_owned()],
        holds: vec!["the candidate at each place, in display order".to_owned()],
        encoding: "of the evaluator alone: request · candidates + index, both from 0".to_owned(),
    });
    inputs
}

/// A batch of numbers and ids that are made, not drawn: the same everywhere.
fn made(spec: &InputSpec, [requests, candidates]: [usize; 2]) -> FeatureBatch {
    let mut batch = FeatureBatch::new(spec);
    let rows = requests * candidates;
    let number = |i: usize| ((i * 37 + 11) % 101) as f32 / 50.0 - 1.0;
    batch.request_offsets = (0..=requests).map(|request| request * candidates).collect();
    batch.user_numbers = (0..requests * spec.user_numbers).map(number).collect();
    batch.candidate_numbers = (0..rows * spec.candidate_numbers).map(|i| number(i + 7)).collect();
    let fill = |bags: &mut [Bags], specs: &[nar4rec_features::BagSpec], count: usize| {
        for (index, (bags, bag)) in bags.iter_mut().zip(specs).enumerate() {
            let rows = spec.tables[bag.table].rows;
            for row in 0..count {
                // Bags of no, one and two ids.
                let ids = [row * 7 + index, row * 3 + index + 1].map(|id| (id % rows) as u32);
                bags.push(&ids[..(row + index) % 3]);
            }
        }
    };
    fill(&mut batch.user_bags, &spec.user_bags, requests);
    fill(&mut batch.candidate_bags, &spec.candidate_bags, rows);
    batch
}

/// Requests and candidates of the sample: others than those of the example.
const SAMPLE: [usize; 2] = [2, 5];

fn sample(model: &Model, spec: &InputSpec) -> Sample {
    let [requests, candidates] = SAMPLE;
    let batch = made(spec, SAMPLE);
    let mut sample = Sample { inputs: inputs(spec, &batch), ..Sample::default() };
    let floats = |shape: &[usize], numbers: &[f32]| SampleTensor {
        shape: shape.to_vec(),
        numbers: SampleInput::Float32(numbers.to_vec()),
    };

    let (layers, mut workspace) = (&model.generator.layers, Workspace::default());
    let weights = Weights::new(model.generator.parameters.clone(), Isa::detect(), Purpose::Inference);
    let mut ex = Eager::new(&weights, &mut workspace);
    let output = layers.forward(&mut ex, &batch);
    let (m, d) = (layers.config().list_length, layers.config().width);
    for (name, value, shape) in [
        ("log_probabilities", output.log_probabilities, [requests, candidates, m]),
        ("candidate_states", output.candidates, [requests, candidates, d]),
        ("position_states", output.positions, [requests, m, d]),
    ] {
        sample.generator.insert(name.to_owned(), floats(&shape, ex.data(value)));
    }

    let places = m.min(candidates);
    let rows: Vec<u32> =
        (0..3 * places).map(|at| (at / places % requests * candidates + at * 2 % candidates) as u32).collect();
    let lists = Lists::new(rows.chunks(places));
    let layers = &model.evaluator.layers;
    let weights = Weights::new(model.evaluator.parameters.clone(), Isa::detect(), Purpose::Inference);
    let mut ex = Eager::new(&weights, &mut workspace);
    let logits = layers.forward(&mut ex, &batch, &lists);
    let p: Vec<f32> = ex.data(logits).iter().map(|z| 1.0 / (1.0 + (-z).exp())).collect();
    let kinds = layers.config().feedback.len();
    let utility: Vec<f32> = p.chunks(places * kinds).map(|list| layers.utility(list)).collect();
    sample.evaluator.insert("probabilities".to_owned(), floats(&[3, places, kinds], &p));
    sample.evaluator.insert("utility".to_owned(), floats(&[3], &utility));
    let numbers = SampleInput::Int64(rows.iter().map(|row| i64::from(*row)).collect());
    sample.inputs.insert("lists".to_owned(), SampleTensor { shape: vec![3, places], numbers });
    sample
}

/// A batch as the graphs' inputs.
fn inputs(spec: &InputSpec, batch: &FeatureBatch) -> BTreeMap<String, SampleTensor> {
    let [requests, candidates] = SAMPLE;
    let mut inputs = BTreeMap::new();
    for (name, numbers, shape) in [
        ("user_numbers", &batch.user_numbers, vec![requests, spec.user_numbers]),
        ("candidate_numbers", &batch.candidate_numbers, vec![requests, candidates, spec.candidate_numbers]),
    ] {
        if !numbers.is_empty() {
            let numbers = SampleInput::Float32(numbers.clone());
            inputs.insert(name.to_owned(), SampleTensor { shape, numbers });
        }
    }
    let names = BagNames::of(spec);
    for (names, bags, mut shape) in [
        (names.user, &batch.user_bags, vec![requests]),
        (names.candidate, &batch.candidate_bags, vec![requests, candidates]),
    ] {
        shape.push(2);
        for (name, bags) in names.into_iter().zip(bags) {
            let padded = |bag: &[u32]| [0, 1].map(|at| bag.get(at).map_or(-1, |id| i64::from(*id)));
            let ids = (0..bags.len()).flat_map(|bag| padded(bags.bag(bag))).collect();
            inputs.insert(name, SampleTensor { shape: shape.clone(), numbers: SampleInput::Int64(ids) });
        }
    }
    inputs
}
