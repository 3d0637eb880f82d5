//! Networks with their initial weights, to be run and trained a little: for measuring how long that takes.
//!
//! Training is the loop that trains models, one pass over the examples at a time, and lists are made as those of the validation
//! are, so nothing is measured here that does not happen elsewhere. The learning rate hardly leaves zero: however many passes
//! are taken, the network stays what it was. What it costs to run depends on the weights in one place alone, the search of
//! Edge-Rerank, which ends the earlier the more alike its probabilities are.

use std::sync::Arc;

use nar4rec_features::FeatureBatch;
use nar4rec_generator::Generator;
use nar4rec_model::{Model, Trained};
use nar4rec_rivals::{Rival, SystemKind};
use nar4rec_tensor::{Eager, Exec, Isa, ParameterSpec, Parameters, Purpose, Weights, Workspace};

use crate::{
    Config, Example, FitConfig, Prepared, TrainError,
    fit::{Fit, Machine, Progress},
    run::{model_config, resolved},
    systems::{RivalTask, declare, ranked},
    task::{EvaluatorTask, GeneratorTask, Task, greedy},
};

/// So many epochs that the warm-up of the learning rate is far from its end after the few that are run.
const EPOCHS: u64 = 1_000_000;

/// What is run and trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// NAR4Rec's generator, whose list is the greedy one.
    Generator,
    /// NAR4Rec's evaluator, which makes no list.
    Evaluator,
    /// A system that NAR4Rec is compared with.
    Rival(SystemKind),
}

/// A network with its initial weights, which depend on the configuration's seed.
#[derive(Debug)]
pub struct Untrained {
    network: Network,
    specs: Arc<[ParameterSpec]>,
    parameters: Parameters,
    config: Config,
    isa: Isa,
    /// For inference, which has other packed forms and its own memory.
    weights: Weights,
    memory: Workspace,
    decoding: nar4rec_decoding::Workspace,
    /// Training on its way, once it has begun.
    training: Option<(Progress, Machine)>,
}

#[derive(Debug)]
enum Network {
    Generator(Generator),
    /// The evaluator, and the generator whose lists it learns from.
    Evaluator(nar4rec_evaluator::Evaluator, Box<Trained<Generator>>),
    Rival(SystemKind, Box<dyn Rival>),
}

/// NAR4Rec with its initial weights and the data's items.
///
/// # Errors
/// If configuration and data make no model.
pub fn untrained_model(prepared: &Prepared, config: &Config) -> Result<Model, TrainError> {
    let config = resolved(config, prepared);
    let mut model = Model::build(model_config(&config), prepared.encoder.schema().clone(), config.seed)?;
    model.items.clone_from(&prepared.items);
    Ok(model)
}

impl Untrained {
    /// A network of these sizes.
    ///
    /// # Errors
    /// If configuration and data make none.
    pub fn new(part: Part, prepared: &Prepared, config: &Config, isa: Isa) -> Result<Self, TrainError> {
        let config = resolved(config, prepared);
        let (network, parameters) = match part {
            Part::Generator => {
                let Trained { layers, parameters } = untrained_model(prepared, &config)?.generator;
                (Network::Generator(layers), parameters)
            }
            Part::Evaluator => {
                let Model { generator, evaluator, .. } = untrained_model(prepared, &config)?;
                (Network::Evaluator(evaluator.layers, Box::new(generator)), evaluator.parameters)
            }
            Part::Rival(kind) => {
                let (rival, specs) = declare(kind, &config.systems, prepared.encoder.schema())?;
                (Network::Rival(kind, rival), Parameters::initialise(specs, config.seed))
            }
        };
        Ok(Self {
            network,
            specs: parameters.specs().clone(),
            weights: Weights::new(parameters.clone(), isa, Purpose::Inference),
            parameters,
            config,
            isa,
            memory: Workspace::default(),
            decoding: nar4rec_decoding::Workspace::default(),
            training: None,
        })
    }

    /// Trains on every example once, in batches of the configured size. The first call takes its memory; those after it take
    /// what an epoch of so many examples takes, without validation.
    ///
    /// # Errors
    /// If the loss is not finite.
    pub fn train(&mut self, examples: &[Example], prepared: &Prepared) -> Result<(), TrainError> {
        let training = &self.config.training;
        let specs = Arc::clone(&self.specs);
        let mut passes = Passes {
            examples,
            isa: self.isa,
            seed: self.config.seed,
            parameters: &self.parameters,
            training: &mut self.training,
        };
        match &self.network {
            Network::Generator(generator) => {
                let loss = &training.loss;
                let utilities = examples.iter().map(|example| example.utilities(&prepared.feedback).sum());
                let threshold = loss.utility_threshold.resolve(utilities.collect());
                let task = GeneratorTask { generator, specs, prepared, loss, threshold };
                passes.pass(&task, &training.generator)
            }
            Network::Evaluator(evaluator, generator) => {
                let negatives = &training.negatives;
                if negatives.lists > 0 && examples.iter().any(|example| example.log_probabilities.get().is_none()) {
                    let weights = Weights::new(generator.parameters.clone(), self.isa, Purpose::Inference);
                    prepared.propose_for(examples, &generator.layers, &weights);
                }
                let task = EvaluatorTask { evaluator, specs, prepared, negatives };
                passes.pass(&task, &training.evaluator)
            }
            Network::Rival(kind, rival) => {
                let task = RivalTask { kind: *kind, rival: rival.as_ref(), specs, prepared, training };
                passes.pass(&task, &training.fit_of(*kind))
            }
        }
    }

    /// The lists it makes, of `length` items or of the generator's: `per_pass` examples at a time.
    pub fn lists(
        &mut self,
        (examples, prepared): (&[Example], &Prepared),
        length: usize,
        per_pass: usize,
    ) -> Vec<Vec<usize>> {
        let passes = examples.chunks(per_pass.max(1));
        let lists = passes.flat_map(|pass| match &self.network {
            Network::Generator(generator) => {
                let memory = (&mut self.memory, &mut self.decoding);
                greedy_lists((generator, &self.weights), (pass, prepared), length, memory)
            }
            Network::Evaluator(..) => Vec::new(),
            Network::Rival(_, rival) => {
                let ranked = ranked((rival.as_ref(), &self.weights), (pass.iter(), prepared), length, &mut self.memory);
                ranked.into_iter().map(|ranked| ranked.list).collect()
            }
        });
        lists.collect()
    }
}

/// The greedy lists of a few examples, in one pass.
fn greedy_lists(
    (generator, weights): (&Generator, &Weights),
    (examples, prepared): (&[Example], &Prepared),
    length: usize,
    (memory, decoding): (&mut Workspace, &mut nar4rec_decoding::Workspace),
) -> Vec<Vec<usize>> {
    let mut batch = FeatureBatch::new(prepared.encoder.spec());
    examples.iter().for_each(|example| batch.push(&example.request, &prepared.catalog));
    let mut ex = Eager::new(weights, memory);
    let output = generator.forward(&mut ex, &batch);
    let (logs, positions) = (ex.data(output.log_probabilities), generator.config().list_length);
    let list = |rows: std::ops::Range<usize>| {
        let logs = &logs[rows.start * positions..rows.end * positions];
        greedy((logs, rows.len()), positions.min(length), decoding).unwrap_or_default()
    };
    output.segments.iter().map(list).collect()
}

/// One network's passes over some examples.
struct Passes<'a> {
    examples: &'a [Example],
    isa: Isa,
    seed: u64,
    parameters: &'a Parameters,
    training: &'a mut Option<(Progress, Machine)>,
}

impl Passes<'_> {
    fn pass<T: Task>(&mut self, task: &T, config: &FitConfig) -> Result<(), TrainError> {
        let config = &FitConfig { epochs: EPOCHS, warmup: 1.0, ..config.clone() };
        let fit = Fit { task, config, examples: self.examples, seed: self.seed, isa: self.isa };
        let start = || (fit.start(self.parameters), fit.machine(self.parameters));
        let (progress, machine) = self.training.get_or_insert_with(start);
        fit.pass(progress, machine)
    }
}

#[cfg(test)]
mod tests;
