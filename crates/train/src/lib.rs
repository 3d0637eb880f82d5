//! Training of generator and evaluator: optimiser, schedule, early stopping, checkpoints.
//!
//! ```text
//!   DataSet ── prepare ──▶ Prepared { schema, catalog, examples }
//!                             │
//!   Config ── train ──────────┴──▶ fit(generator task) ──▶ fit(evaluator task) ──▶ Model
//!                                      │ every epoch: validate, keep the best, checkpoint
//!   Model, DataSet ── evaluate ──▶ Evaluation { generator, pipeline, evaluator }
//! ```
//!
//! Every random choice is a function of the seed and of where it is made (epoch, batch, shard), never of a thread or of
//! what ran before; so a run that was interrupted and resumed ends in the same bytes, at any number of threads.

mod agreement;
mod checkpoint;
mod compared;
mod comparison;
mod config;
mod error;
mod evaluation;
mod examples;
mod feedback;
mod fit;
mod item_vectors;
mod optimiser;
mod run;
mod saved;
mod schedule;
mod seeds;
mod systems;
mod task;
mod untrained;

pub use agreement::{Agreement, agreement};
pub use checkpoint::CheckpointError;
pub use compared::{BaselineRanker, Nar4rec};
pub use comparison::{Answer, Compared, Comparison, DEEP, Diversity, SystemFigures, compare};
pub use config::{
    Config, ConfigFileError, FitChanges, FitConfig, Kept, LossConfig, NegativesConfig, Order, TrainingConfig, Unshown,
    Weighting,
};
pub use error::TrainError;
pub use evaluation::{Baseline, EvaluateOptions, Evaluation, KindFigures, evaluate};
pub use examples::{Example, PrepareOptions, Prepared, first_impressions, prepare, read_through};
pub use fit::{EpochRecord, Event, Flow, Observer};
pub use nar4rec_rivals::{Ranked, SystemKind};
pub use optimiser::{AdamW, AdamWConfig, clip_norm};
pub use run::{Outcome, Resume, TrainOptions, Trained, train};
pub use schedule::{Decay, Threshold};
pub use systems::{RivalConfig, RivalRanker, TrainedRival, load_rival, system_at, train_rival};
pub use untrained::{Part, Untrained, untrained_model};
