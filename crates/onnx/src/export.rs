//! The exported directory: graphs, the description of their inputs, and a sample to check them with.

use std::{fs, path::Path};

use nar4rec_features::{FeatureBatch, SchemaError};
use nar4rec_model::{DirectoryKind, Model, ModelError, NamedFile};
use prost::Message;
use serde::{Deserialize, Serialize};

use crate::{
    describe::Description,
    inputs::FeatureInputs,
    parts::{self, Part},
    sample::{self, Run},
};

/// The version of `inputs.json` and `sample.json`.
pub const INPUTS_FORMAT: u32 = 1;

/// The matching model.
pub const GENERATOR: &str = "generator.onnx";
/// The list model.
pub const EVALUATOR: &str = "evaluator.onnx";
/// What goes in.
pub const INPUTS: &str = "inputs.json";
/// The features and their encoding, as in the model.
pub const SCHEMA: &str = "schema.json";
/// A request with what comes out.
pub const SAMPLE: &str = "sample.json";

/// A protobuf message is no larger: its lengths are 31 bits.
const MAX_BYTES: usize = i32::MAX as usize;

/// The candidates of a made sample, unless lists are longer.
const SAMPLE_CANDIDATES: usize = 8;

/// The exported directory.
const KIND: DirectoryKind = DirectoryKind {
    called: "a directory that was exported before",
    names: &[GENERATOR, EVALUATOR, SCHEMA, SAMPLE, INPUTS],
    is_at: is_export,
};

/// How to export.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether requests of a batch may have fewer candidates than its longest, and lists fewer places. The generator then has
    /// an input `mask`, and -1 in the evaluator's `lists` is no place. It costs a little time.
    pub mask: bool,
}

/// Why a model cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A schema that contradicts itself.
    #[error("{0}")]
    Schema(#[from] SchemaError),
    /// A sample that is no request.
    #[error("a sample of no candidates, expected a request with some")]
    EmptySample,
    /// A graph that no ONNX file can hold.
    #[error(
        "the {part} would be a file of {bytes} bytes, expected at most {MAX_BYTES}, which is all that ONNX can hold in one"
    )]
    TooLarge {
        /// `generator` or `evaluator`.
        part: &'static str,
        /// How many bytes it would have.
        bytes: usize,
    },
    /// A directory that could not be written.
    #[error("{0}")]
    Write(#[from] ModelError),
}

/// A model as ONNX, in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Export {
    files: Vec<NamedFile>,
}

/// What `sample.json` holds: a run of each graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// [`INPUTS_FORMAT`].
    pub format: u32,
    /// Of the matching model.
    pub generator: Run,
    /// Of the list model.
    pub evaluator: Run,
}

impl Export {
    /// The graphs of a model, with a sample: requests encoded by the model's schema, or one that is made up.
    ///
    /// # Errors
    /// If the model's schema is not valid, a request of the sample has no candidates, or a graph would be larger than 2 GiB.
    pub fn new(model: &Model, requests: Option<&FeatureBatch>, options: Options) -> Result<Self, ExportError> {
        let features = FeatureInputs::new(&model.schema)?;
        let generator = parts::generator(model, &features, options);
        let evaluator = parts::evaluator(model, &features, options);
        let feedback = &model.evaluator.layers.config().feedback;
        let described = [(GENERATOR, &generator), (EVALUATOR, &evaluator)];
        let inputs = json(&Description::new(&model.schema, &features, described, feedback));
        let made = || features.made_batch(&[SAMPLE_CANDIDATES.max(list_length(model))]);
        let sample = sample(model, &features, requests.cloned().unwrap_or_else(made), options)?;
        let files = vec![
            (GENERATOR, encoded("generator", &generator)?),
            (EVALUATOR, encoded("evaluator", &evaluator)?),
            (SCHEMA, json(&model.schema)),
            (SAMPLE, json(&sample)),
            (INPUTS, inputs),
        ];
        Ok(Self { files })
    }

    /// Names and bytes of the files, the one last by which the directory is known.
    pub fn files(&self) -> &[NamedFile] {
        &self.files
    }

    /// Whether an export may be saved at `dir`: there is nothing, an empty directory, or an earlier one.
    ///
    /// # Errors
    /// If something else is there.
    pub fn check_target(dir: &Path) -> Result<(), ExportError> {
        Ok(KIND.check_target(dir)?)
    }

    /// Saves it as the directory `dir`, in place of an earlier one. Files that do not belong to it stay.
    ///
    /// # Errors
    /// If something else is at `dir`, or writing fails. What was there is then still there, and nothing half-written.
    pub fn save(&self, dir: &Path) -> Result<(), ExportError> {
        Ok(KIND.save(dir, &self.files)?)
    }
}

/// The runs that `sample.json` holds, over lists of each request's first candidates, and of its last in the opposite order.
///
/// # Errors
/// If a request has no candidates.
fn sample(
    model: &Model,
    features: &FeatureInputs,
    batch: FeatureBatch,
    options: Options,
) -> Result<Sample, ExportError> {
    if batch.requests() == 0 || batch.lengths().any(|candidates| candidates == 0) {
        return Err(ExportError::EmptySample);
    }
    let mut lists = Vec::new();
    for bounds in batch.request_offsets.windows(2) {
        let rows: Vec<u32> = (bounds[0] as u32..bounds[1] as u32).collect();
        let places = rows.len().min(list_length(model));
        lists.push(rows[..places].to_vec());
        lists.push(rows.iter().rev().take(places).copied().collect());
    }
    Ok(Sample {
        format: INPUTS_FORMAT,
        generator: sample::generator(model, features, &batch, options.mask),
        evaluator: sample::evaluator(model, features, &batch, &lists),
    })
}

/// What our own executor makes of a batch, and of lists of its rows, with the tensors that the exported graphs are given for
/// it. Requests of unlike numbers of candidates need [`Options::mask`]; what stands for absent ones in the outputs is zeros.
///
/// # Errors
/// If the model's schema is not valid.
pub fn expected(
    model: &Model,
    (batch, lists): (&FeatureBatch, &[Vec<u32>]),
    options: Options,
) -> Result<Sample, ExportError> {
    let features = FeatureInputs::new(&model.schema)?;
    Ok(Sample {
        format: INPUTS_FORMAT,
        generator: sample::generator(model, &features, batch, options.mask),
        evaluator: sample::evaluator(model, &features, batch, lists),
    })
}

/// Requests made up for a model's schema, one of each number of candidates.
///
/// # Errors
/// If the schema is not valid.
pub fn made_batch(model: &Model, candidates: &[usize]) -> Result<FeatureBatch, ExportError> {
    Ok(FeatureInputs::new(&model.schema)?.made_batch(candidates))
}

fn list_length(model: &Model) -> usize {
    model.generator.layers.config().list_length
}

fn encoded(part: &'static str, graph: &Part) -> Result<Vec<u8>, ExportError> {
    match graph.proto.encoded_len() {
        bytes if bytes > MAX_BYTES => Err(ExportError::TooLarge { part, bytes }),
        _ => Ok(graph.proto.encode_to_vec()),
    }
}

fn json(value: &impl Serialize) -> Vec<u8> {
    let mut bytes =
        serde_json::to_vec_pretty(value).expect("these types have string keys, and memory takes every byte");
    bytes.push(b'\n');
    bytes
}

/// Whether the directory holds a description of inputs that nar4rec wrote, of any format.
fn is_export(dir: &Path) -> bool {
    #[derive(Deserialize)]
    struct Mark {
        #[serde(rename = "format")]
        _format: u64,
        #[serde(rename = "nar4rec")]
        _nar4rec: String,
        #[serde(rename = "opset")]
        _opset: u64,
    }
    /// Without a limit, a mistaken path could be a very large file.
    const MOST: u64 = 1 << 28;
    let file = dir.join(INPUTS);
    let is_small = fs::metadata(&file).is_ok_and(|found| found.is_file() && found.len() <= MOST);
    is_small && fs::read(&file).is_ok_and(|bytes| serde_json::from_slice::<Mark>(&bytes).is_ok())
}
