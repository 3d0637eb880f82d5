//! The model directory on disk: weights, configuration, schema, items and a manifest.
//!
//! ```text
//!   M/model.safetensors    all weights, f32, named generator.… and evaluator.…
//!   M/config.json          [`ModelConfig`]: what generator, evaluator and pipeline are made of
//!   M/schema.json          [`Schema`](nar4rec_features::Schema): features and their encoding
//!   M/items.jsonl          the item catalog it was trained with, one item a line; optional
//!   M/manifest.json        [`Manifest`]: format version, size and SHA-256 of each file, where the model comes from
//! ```
//!
//! Writing is all or nothing: the files are written and synced beside the target and the whole directory is renamed into
//! place, the manifest having been written last. Reading is suspicious: the manifest is read first, and a file that is
//! missing, truncated, changed or of a newer format is named in the error, as are weights that do not fit the
//! configuration. `docs/file-formats.md` has every field.
//!
//! ```
//! use nar4rec_model::{Model, ModelConfig, PipelineConfig};
//! # let schema = serde_json::from_str(r#"{"version": 1, "score": {"mean": 0.0, "std": 1.0, "columns": ["value"]}}"#)?;
//! # let evaluator = serde_json::from_str(r#"{"feedback": [{"name": "click"}]}"#)?;
//! # let folder = std::env::temp_dir().join(format!("nar4rec-model-{}", std::process::id()));
//! # let dir = folder.join("m");
//! # let generator = nar4rec_generator::GeneratorConfig::default();
//! let config = ModelConfig { generator, evaluator, pipeline: PipelineConfig::default(), precision: Default::default(), training: Default::default() };
//! let model = Model::build(config, schema, 0)?;
//! model.save(&dir)?;
//! assert_eq!(Model::load(&dir)?.generator.parameters, model.generator.parameters);
//!
//! std::fs::write(dir.join("config.json"), "{}")?;
//! let error = Model::load(&dir).unwrap_err().to_string();
//! assert!(error.contains("config.json: 2 bytes, but the manifest says"), "{error}");
//! # std::fs::remove_dir_all(folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod atomic;
mod config;
mod contents;
mod declared;
mod directory;
mod disk;
mod error;
mod hash;
mod items;
mod json;
mod manifest;
mod model;
mod network;
mod read;
mod weights;

pub use atomic::{followed, write_atomically};
pub use config::{Choice, ExchangeConfig, ModelConfig, PipelineConfig, Precision};
pub use declared::{MAX_PARAMETERS, declare};
pub use directory::{DirectoryKind, NamedFile};
pub use error::{InvalidModel, ModelError};
pub use manifest::{
    FileRecord, MODEL_FORMAT, Manifest, Metrics, ParameterCounts, Provenance, Quantisation, TrainingData,
};
pub use model::{Model, Trained};
pub use network::Network;

/// All weights.
const WEIGHTS: &str = "model.safetensors";
/// The [`ModelConfig`].
const CONFIG: &str = "config.json";
/// The features and their encoding.
const SCHEMA: &str = "schema.json";
/// The item catalog.
const ITEMS: &str = "items.jsonl";
/// What the other files must be.
const MANIFEST: &str = "manifest.json";
