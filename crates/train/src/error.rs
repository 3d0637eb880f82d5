//! What can go wrong in training and evaluation.

use std::path::PathBuf;

use nar4rec_data::DataError;
use nar4rec_features::SchemaError;
use nar4rec_metrics::MetricsError;
use nar4rec_model::{InvalidModel, ModelError};

use crate::CheckpointError;

/// Why a model could not be trained or evaluated.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The data cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// No schema can be made of the data, or the one given is not valid.
    #[error("schema: {0}")]
    Schema(#[from] SchemaError),
    /// A split without a list.
    #[error("{file}: no impression besides {bad} bad lines, expected at least one")]
    Empty {
        /// The split's file.
        file: String,
        /// How many lines were left out.
        bad: u64,
    },
    /// No kind of feedback in the training split.
    #[error("{file}: no feedback on any shown item, expected at least one kind")]
    NoFeedback {
        /// The split's file.
        file: String,
    },
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
    /// A model of a system that this version does not know.
    #[error("{}: {problem}", .dir.display())]
    System {
        /// The model directory.
        dir: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// An item of a model's catalog does not fit its schema.
    #[error("item {id:?}: {source}")]
    Item {
        /// The item.
        id: String,
        /// Why not.
        source: nar4rec_features::FeatureError,
    },
    /// The loss, its gradient, the parameters or a figure of the validation became infinite or NaN.
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
