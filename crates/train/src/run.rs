//! A whole training run: generator, then evaluator, with a checkpoint that both share.

use std::{collections::BTreeMap, path::PathBuf};

use nar4rec_data::{DataError, DataSet, Split};
use nar4rec_evaluator::EvaluatorConfig;
use nar4rec_features::{FeatureError, SchemaError};
use nar4rec_metrics::MetricsError;
use nar4rec_model::{InvalidModel, Model, ModelConfig, ModelError, Provenance, TrainingData};
use nar4rec_tensor::{Isa, Parameters};
use serde::{Deserialize, Serialize};

use crate::{
    CheckpointError, Config, EpochRecord, Observer, PrepareOptions, Prepared, checkpoint,
    examples::prepare,
    fit::{Ended, Fit, Progress},
    seeds::seed_at,
    task::{EvaluatorTask, GeneratorTask, Task},
};

/// Why a model could not be trained or evaluated.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The data cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// An item of the catalog does not fit the schema.
    #[error("items: item {id:?}: {source}")]
    Item {
        /// The item's id.
        id: String,
        /// Which feature, what was found and what was expected.
        source: FeatureError,
    },
    /// No schema can be made of the data, or the one given is not valid.
    #[error("schema: {0}")]
    Schema(#[from] SchemaError),
    /// A split without a list.
    #[error("{split}: no impression, expected at least one")]
    Empty {
        /// Which split.
        split: Split,
    },
    /// No kind of feedback in the training split.
    #[error("train: no feedback on any shown item, expected at least one kind")]
    NoFeedback,
    /// The kind that makes items relevant is not one of the model's.
    #[error("relevance: {found:?} is no kind of feedback here, expected one of {expected:?}")]
    Relevance {
        /// What was asked for.
        found: String,
        /// What there is.
        expected: Vec<String>,
    },
    /// Configuration and data make no model.
    #[error(transparent)]
    Invalid(#[from] InvalidModel),
    /// A model cannot be read or written.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The loss or its gradient became infinite or NaN.
    #[error("{model}: the loss is not finite at step {step}; a lower learning_rate or clip_norm may help")]
    Diverged {
        /// Which model.
        model: &'static str,
        /// The step, from 1.
        step: u64,
    },
    /// The checkpoint cannot be read or written.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The checkpoint belongs to another run.
    #[error("{}: this checkpoint is of another configuration or data set; train without resuming it", .0.display())]
    OtherRun(PathBuf),
    /// A metric was given an impossible number.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
}

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

/// What a checkpoint holds.
#[derive(Debug, Serialize, Deserialize)]
struct Checkpoint {
    /// Of configuration and data: a run is only resumed by itself.
    identity: String,
    generator: Stage,
    evaluator: Stage,
}

/// How far one model's training is.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum Stage {
    Waiting,
    Running(Progress),
    Done { parameters: Vec<Vec<f32>>, history: Vec<EpochRecord> },
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
    let resolved = Config {
        relevance: Some(prepared.feedback[prepared.relevance].name.clone()),
        evaluator: EvaluatorConfig { feedback: prepared.feedback.clone(), ..config.evaluator.clone() },
        ..config.clone()
    };
    let schema = prepared.encoder.schema().clone();
    let training = serde_json::to_value(&resolved).expect("a configuration is plain data");
    let model_config = ModelConfig {
        generator: resolved.generator.clone(),
        evaluator: resolved.evaluator.clone(),
        pipeline: resolved.pipeline.clone(),
        training,
    };
    let mut model = Model::build(model_config, schema, config.seed)?;
    let identity = format!("{resolved:?} {fingerprint:?} {:?}", model.schema);
    let mut saved = Saved::open(options.checkpoint, options.resume, identity)?;

    let threshold = config.training.loss.utility_threshold;
    let utilities = prepared.train.iter().map(|example| example.utilities(&prepared.feedback).sum()).collect();
    let task = GeneratorTask {
        generator: &model.generator.layers,
        specs: model.generator.parameters.specs().clone(),
        prepared: &prepared,
        loss: &config.training.loss,
        threshold: threshold.resolve(utilities),
    };
    let fit = Fit {
        task: &task,
        config: &config.training.generator,
        examples: &prepared.train,
        seed: seed_at(config.seed, &[1]),
        isa: options.isa,
    };
    let Some((parameters, generator)) =
        stage(&fit, &model.generator.parameters, &mut saved, |c| &mut c.generator, observer)?
    else {
        return Ok(Outcome::Interrupted);
    };
    model.generator.parameters = parameters;

    let task = EvaluatorTask {
        evaluator: &model.evaluator.layers,
        specs: model.evaluator.parameters.specs().clone(),
        prepared: &prepared,
        negatives: &config.training.negatives,
    };
    let fit = Fit {
        task: &task,
        config: &config.training.evaluator,
        examples: &prepared.train,
        seed: seed_at(config.seed, &[2]),
        isa: options.isa,
    };
    let Some((parameters, evaluator)) =
        stage(&fit, &model.evaluator.parameters, &mut saved, |c| &mut c.evaluator, observer)?
    else {
        return Ok(Outcome::Interrupted);
    };
    model.evaluator.parameters = parameters;
    model.items.clone_from(&prepared.items);
    model.provenance = Provenance {
        seed: config.seed,
        data: TrainingData {
            files: fingerprint.files.into_iter().map(|file| (file.name, file.sha256)).collect(),
            lists: prepared.train.len() as u64,
        },
        metrics: BTreeMap::from([
            ("generator.valid".to_owned(), best_figures(&generator)),
            ("evaluator.valid".to_owned(), best_figures(&evaluator)),
        ]),
    };
    Ok(Outcome::Finished(Box::new(Trained { model, generator, evaluator, prepared })))
}

/// The validation figures of the epoch that is kept.
fn best_figures(history: &[EpochRecord]) -> BTreeMap<String, Option<f64>> {
    let best = history.iter().rfind(|record| record.best);
    best.into_iter().flat_map(|record| &record.figures).map(|(name, value)| (name.clone(), Some(*value))).collect()
}

/// Trains one model from where the checkpoint has it. `None` if the observer stopped it.
fn stage<T: Task>(
    fit: &Fit<'_, T>,
    parameters: &Parameters,
    saved: &mut Saved,
    of: fn(&mut Checkpoint) -> &mut Stage,
    observer: &mut dyn Observer,
) -> Result<Option<(Parameters, Vec<EpochRecord>)>, TrainError> {
    let progress = match of(&mut saved.checkpoint).clone() {
        Stage::Done { parameters: values, history } => {
            let mut parameters = parameters.clone();
            parameters.values_mut().clone_from_slice(&values);
            return Ok(Some((parameters, history)));
        }
        Stage::Running(progress) => progress,
        Stage::Waiting => fit.start(parameters),
    };
    let mut history = Vec::new();
    let ended = fit.run(progress, parameters.clone(), observer, |progress| {
        history.clone_from(&progress.history);
        *of(&mut saved.checkpoint) = Stage::Running(progress.clone());
        saved.write()
    })?;
    let Ended::Done(parameters) = ended else { return Ok(None) };
    let values = parameters.iter().map(|(_, values)| values.to_vec()).collect();
    *of(&mut saved.checkpoint) = Stage::Done { parameters: values, history: history.clone() };
    saved.write()?;
    Ok(Some((parameters, history)))
}

/// The checkpoint and its file.
struct Saved {
    checkpoint: Checkpoint,
    path: Option<PathBuf>,
}

impl Saved {
    fn open(path: Option<PathBuf>, resume: Resume, identity: String) -> Result<Self, TrainError> {
        let fresh = Checkpoint { identity, generator: Stage::Waiting, evaluator: Stage::Waiting };
        let checkpoint = match &path {
            Some(path) if resume == Resume::IfPossible && path.exists() => {
                let found: Checkpoint = checkpoint::load(path)?;
                if found.identity != fresh.identity {
                    return Err(TrainError::OtherRun(path.clone()));
                }
                found
            }
            _ => fresh,
        };
        Ok(Self { checkpoint, path })
    }

    fn write(&self) -> Result<(), TrainError> {
        match &self.path {
            Some(path) => Ok(checkpoint::save(path, &self.checkpoint)?),
            None => Ok(()),
        }
    }
}
