//! A whole training run: generator, then evaluator, with a checkpoint that both share.

use std::{collections::BTreeMap, path::PathBuf};

use nar4rec_data::{DataSet, Fingerprint};
use nar4rec_evaluator::EvaluatorConfig;
use nar4rec_features::Schema;
use nar4rec_model::{Model, ModelConfig, Precision, Provenance, TrainingData};
use nar4rec_tensor::{Isa, Parameters, Purpose, Weights};

use crate::{
    Config, EpochRecord, Event, FitConfig, Observer, PrepareOptions, Prepared, TrainError,
    examples::prepare,
    fit::{Ended, Fit},
    saved::{Saved, Stage},
    seeds::seed_at,
    task::{EvaluatorTask, GeneratorTask, Task},
};

/// What a training run needs besides data and configuration.
#[derive(Debug)]
pub struct TrainOptions {
    /// The instructions to use.
    pub isa: Isa,
    /// How the data is prepared.
    pub prepare: PrepareOptions,
    /// Where checkpoints go; no checkpoints if not given.
    pub checkpoint: Option<PathBuf>,
    /// Whether to go on from the checkpoint, if there is one.
    pub resume: Resume,
}

/// Whether a run goes on from its checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resume {
    /// It begins anew.
    Never,
    /// It goes on where the checkpoint is, and begins anew if there is none.
    IfPossible,
}

/// How a run ended.
#[derive(Debug)]
pub enum Outcome {
    /// With a model.
    Finished(Box<Trained>),
    /// Stopped by the observer; the checkpoint has what was done.
    Interrupted,
}

/// A trained model and how it came about.
#[derive(Debug)]
pub struct Trained {
    /// The model, not saved yet.
    pub model: Model,
    /// The generator's epochs.
    pub generator: Vec<EpochRecord>,
    /// The evaluator's epochs.
    pub evaluator: Vec<EpochRecord>,
    /// What was trained on.
    pub prepared: Prepared,
}

/// Trains generator and evaluator.
///
/// # Errors
/// If the data or configuration cannot be used, the loss diverges, or a checkpoint cannot be read or written.
pub fn train(
    data: &DataSet,
    config: &Config,
    options: TrainOptions,
    observer: &mut dyn Observer,
) -> Result<Outcome, TrainError> {
    let fingerprint = data.fingerprint()?;
    let prepared = prepare(data, config, options.prepare)?;
    let config = resolved(config, &prepared);
    let mut model = Model::build(model_config(&config), prepared.encoder.schema().clone(), config.seed)?;
    let identity = identity(&config, &fingerprint, &model.schema, "nar4rec");
    let saved = Saved::open(options.checkpoint, options.resume, &identity)?;
    let mut run = Run { config: &config, prepared: &prepared, isa: options.isa, saved, observer };
    let Some(generator) = run.generator(&mut model)? else { return Ok(Outcome::Interrupted) };
    let Some(evaluator) = run.evaluator(&mut model)? else { return Ok(Outcome::Interrupted) };

    model.items.clone_from(&prepared.items);
    let histories = [("generator", generator.as_slice()), ("evaluator", &evaluator)];
    model.provenance = provenance(config.seed, fingerprint, &prepared, histories);
    Ok(Outcome::Finished(Box::new(Trained { model, generator, evaluator, prepared })))
}

/// Where a model comes from, and how good each of its parts was on the validation split.
pub(crate) fn provenance<'a>(
    seed: u64,
    data: Fingerprint,
    prepared: &Prepared,
    histories: impl IntoIterator<Item = (&'a str, &'a [EpochRecord])>,
) -> Provenance {
    let metrics = histories.into_iter().map(|(part, history)| (format!("{part}.valid"), best_figures(history)));
    Provenance {
        seed,
        data: TrainingData {
            files: data.files.into_iter().map(|file| (file.name, file.sha256)).collect(),
            lists: prepared.train.len() as u64,
        },
        metrics: metrics.collect(),
        quantisation: None,
    }
}

/// What makes a run the same run: configuration, data, schema, system and the program's version.
pub(crate) fn identity(config: &Config, data: &Fingerprint, schema: &Schema, system: &str) -> String {
    format!("{} {system} {config:?} {data:?} {schema:?}", env!("CARGO_PKG_VERSION"))
}

/// The configuration with what the data decided.
pub(crate) fn resolved(config: &Config, prepared: &Prepared) -> Config {
    Config {
        relevance: Some(prepared.feedback[prepared.relevance].name.clone()),
        evaluator: EvaluatorConfig { feedback: prepared.feedback.clone(), ..config.evaluator.clone() },
        ..config.clone()
    }
}

pub(crate) fn model_config(config: &Config) -> ModelConfig {
    ModelConfig {
        generator: config.generator.clone(),
        evaluator: config.evaluator.clone(),
        pipeline: config.pipeline.clone(),
        precision: Precision::F32,
        training: serde_json::to_value(config).expect("a configuration is plain data"),
    }
}

/// The validation figures of the epoch that is kept.
fn best_figures(history: &[EpochRecord]) -> BTreeMap<String, Option<f64>> {
    let best = history.iter().rfind(|record| record.best);
    best.into_iter().flat_map(|record| &record.figures).map(|(name, value)| (name.clone(), Some(*value))).collect()
}

/// A run on its way.
pub(crate) struct Run<'a> {
    pub(crate) config: &'a Config,
    pub(crate) prepared: &'a Prepared,
    pub(crate) isa: Isa,
    pub(crate) saved: Saved,
    pub(crate) observer: &'a mut dyn Observer,
}

impl Run<'_> {
    /// Trains the model's generator. `None` if the observer stopped it.
    fn generator(&mut self, model: &mut Model) -> Result<Option<Vec<EpochRecord>>, TrainError> {
        let loss = &self.config.training.loss;
        let examples = self.prepared.train.iter();
        let utilities: Vec<f32> = examples.map(|example| example.utilities(&self.prepared.feedback).sum()).collect();
        let threshold = loss.utility_threshold.resolve(utilities.clone());
        let reached = utilities.iter().filter(|&&utility| utility >= threshold).count();
        let task = GeneratorTask {
            generator: &model.generator.layers,
            specs: model.generator.parameters.specs().clone(),
            prepared: self.prepared,
            loss,
            threshold,
        };
        if !matches!(self.saved.stage(task.name()), Stage::Done { .. }) {
            self.observer.event(&Event::Threshold { utility: threshold, reached, lists: utilities.len() });
        }
        self.stage(&task, &self.config.training.generator, &mut model.generator.parameters)
    }

    /// Trains the model's evaluator, given a trained generator. `None` if the observer stopped it.
    fn evaluator(&mut self, model: &mut Model) -> Result<Option<Vec<EpochRecord>>, TrainError> {
        if self.config.training.negatives.lists > 0 {
            let weights = Weights::new(model.generator.parameters.clone(), self.isa, Purpose::Inference);
            self.prepared.propose(&model.generator.layers, &weights);
        }
        let task = EvaluatorTask {
            evaluator: &model.evaluator.layers,
            specs: model.evaluator.parameters.specs().clone(),
            prepared: self.prepared,
            negatives: &self.config.training.negatives,
        };
        self.stage(&task, &self.config.training.evaluator, &mut model.evaluator.parameters)
    }

    /// Trains one model from where the checkpoint has it. `None` if the observer stopped it.
    pub(crate) fn stage<T: Task>(
        &mut self,
        task: &T,
        config: &FitConfig,
        parameters: &mut Parameters,
    ) -> Result<Option<Vec<EpochRecord>>, TrainError> {
        let model = task.name();
        let (examples, seed) = (self.prepared.train.as_slice(), seed_at(self.config.seed, &[task.stream()]));
        let fit = Fit { task, config, examples, seed, isa: self.isa };
        let progress = match self.saved.stage(model) {
            Stage::Done { parameters: values, history } => {
                parameters.values_mut().clone_from_slice(&values);
                return Ok(Some(history));
            }
            Stage::Running(progress) => progress,
            Stage::Waiting => fit.start(parameters),
        };
        let saved = &mut self.saved;
        let save = |progress: &_| saved.write(model, Stage::Running(Clone::clone(progress)));
        match fit.run(progress, parameters, self.observer, save)? {
            Ended::Stopped => Ok(None),
            Ended::Done(history) => {
                let values = parameters.iter().map(|(_, values)| values.to_vec()).collect();
                self.saved.write(model, Stage::Done { parameters: values, history: history.clone() })?;
                Ok(Some(history))
            }
        }
    }
}
