//! Golden cases of generator and evaluator: a model, what it is given, and PyTorch's numbers.

use std::sync::Arc;

use nar4rec_evaluator::{Evaluator, Lists};
use nar4rec_features::{FeatureBatch, InputSpec};
use nar4rec_generator::Generator;
use nar4rec_tensor::{ParameterSpec, Parameters, Registry};

use crate::{
    EvaluatorTask, GeneratorTask, Golden, LabelledLists, NamedTensors, ShownList,
    about::{About, EvaluatorAbout, GeneratorAbout},
    batches::golden_batch,
};

/// A generator, a batch, and what it makes of it.
#[derive(Debug, Clone)]
pub struct GeneratorCase {
    /// The configuration's name in `about.json`.
    pub name: String,
    /// The model and its objective.
    pub task: GeneratorTask,
    /// Its weights.
    pub parameters: Parameters,
    /// Requests.
    pub batch: FeatureBatch,
    /// The list each was shown.
    pub targets: Vec<ShownList>,
    /// log P̂, `[rows, m]`.
    pub log_probabilities: Vec<f32>,
    /// Final candidate states, `[rows, d]`.
    pub candidates: Vec<f32>,
    /// Final position states, `[requests · m, d]`.
    pub positions: Vec<f32>,
    /// The training loss.
    pub loss: f32,
    /// Its gradient by parameter.
    pub gradients: NamedTensors,
}

/// An evaluator, a batch with lists, and what it makes of them.
#[derive(Debug, Clone)]
pub struct EvaluatorCase {
    /// The configuration's name in `about.json`.
    pub name: String,
    /// The model.
    pub task: EvaluatorTask,
    /// Its weights.
    pub parameters: Parameters,
    /// Requests.
    pub batch: FeatureBatch,
    /// Lists over their rows, with feedback.
    pub targets: LabelledLists,
    /// `[places, kinds]`.
    pub logits: Vec<f32>,
    /// The training loss.
    pub loss: f32,
    /// Its gradient by parameter.
    pub gradients: NamedTensors,
}

/// Every golden case of the generator: each norm, cross source, position source and activation at least twice.
///
/// # Panics
/// If a file does not have the form that the models expect.
pub fn generator_cases() -> Vec<GeneratorCase> {
    About::read().generators.into_iter().map(generator_case).collect()
}

/// Every golden case of the evaluator: each norm and activation.
///
/// # Panics
/// If a file does not have the form that the models expect.
pub fn evaluator_cases() -> Vec<EvaluatorCase> {
    About::read().evaluators.into_iter().map(evaluator_case).collect()
}

fn generator_case(about: GeneratorAbout) -> GeneratorCase {
    let name = about.name.clone();
    let golden = Golden::read(&format!("generator_{name}"));
    let (task, specs) = generator_task(about);
    GeneratorCase {
        parameters: parameters(&name, &specs, golden.under("parameters")),
        batch: golden_batch(&golden, "batch", &task.spec),
        targets: shown_lists(&golden, "targets"),
        log_probabilities: golden.numbers("outputs.log_probabilities").to_vec(),
        candidates: golden.numbers("outputs.candidates").to_vec(),
        positions: golden.numbers("outputs.positions").to_vec(),
        loss: golden.number("loss"),
        gradients: golden.under("gradients"),
        name,
        task,
    }
}

fn evaluator_case(about: EvaluatorAbout) -> EvaluatorCase {
    let name = about.name.clone();
    let golden = Golden::read(&format!("evaluator_{name}"));
    let (task, specs) = evaluator_task(about);
    EvaluatorCase {
        parameters: parameters(&name, &specs, golden.under("parameters")),
        batch: golden_batch(&golden, "batch", &task.spec),
        targets: labelled_lists(&golden, "targets"),
        logits: golden.numbers("outputs.logits").to_vec(),
        loss: golden.number("loss"),
        gradients: golden.under("gradients"),
        name,
        task,
    }
}

/// The model that a golden describes, and its parameters' declarations.
pub(crate) fn generator_task(about: GeneratorAbout) -> (GeneratorTask, Arc<[ParameterSpec]>) {
    let spec = InputSpec::from(about.spec);
    let mut registry = Registry::default();
    let generator = Generator::new(&mut registry, &spec, &about.config)
        .unwrap_or_else(|error| panic!("generator {}: {error}", about.name));
    let task = GeneratorTask { spec, generator, margin: about.objective.margin, omega: about.objective.omega };
    (task, registry.finish())
}

/// The model that a golden describes, and its parameters' declarations.
pub(crate) fn evaluator_task(about: EvaluatorAbout) -> (EvaluatorTask, Arc<[ParameterSpec]>) {
    let spec = InputSpec::from(about.spec);
    let mut registry = Registry::default();
    let evaluator = Evaluator::new(&mut registry, &spec, about.list_length, &about.config)
        .unwrap_or_else(|error| panic!("evaluator {}: {error}", about.name));
    (EvaluatorTask { spec, list_length: about.list_length, evaluator }, registry.finish())
}

/// Parameters of these declarations with the golden's numbers: names and shapes must agree.
pub(crate) fn parameters(name: &str, specs: &Arc<[ParameterSpec]>, named: NamedTensors) -> Parameters {
    Parameters::from_named(Arc::clone(specs), named).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The shown list of each request.
pub(crate) fn shown_lists(golden: &Golden, prefix: &str) -> Vec<ShownList> {
    let lists = golden.lists(&format!("{prefix}.shown")).into_iter();
    let positive = golden.indices(&format!("{prefix}.positive"));
    let shown = lists.zip(positive).map(|(list, positive)| ShownList {
        candidates: list.iter().map(|candidate| *candidate as usize).collect(),
        positive: *positive == 1,
    });
    shown.collect()
}

/// Lists over a batch's rows, with labels.
pub(crate) fn labelled_lists(golden: &Golden, prefix: &str) -> LabelledLists {
    LabelledLists {
        lists: Lists::new(golden.lists(&format!("{prefix}.lists"))),
        labels: golden.numbers(&format!("{prefix}.labels")).to_vec(),
    }
}
