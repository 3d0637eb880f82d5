//! Generator and evaluator as ONNX graphs, for runtimes that are not ours.
//!
//! ```text
//!   DIR/generator.onnx   features → log P̂, candidate states, position states
//!   DIR/evaluator.onnx   features and lists → probability of each kind of feedback, utility of each list
//!   DIR/inputs.json      every input: name, type, shape, which feature of the schema it is and how it is encoded
//!   DIR/schema.json      the model's schema
//!   DIR/sample.json      a request with what our own executor makes of it, to check a deployment with
//! ```
//!
//! The graphs are not written by hand: the layers are run once on an executor that notes what they ask for, so what is exported
//! is what is trained and served. `docs/onnx.md` says how to use them.
//!
//! ```
//! use nar4rec_model::{Model, ModelConfig, PipelineConfig};
//! use nar4rec_onnx::{Export, Options, proto::ModelProto};
//! use prost::Message;
//! # let schema = serde_json::from_str(r#"{"version": 1, "score": {"mean": 0.0, "std": 1.0, "columns": ["value"]}}"#)?;
//! # let evaluator = serde_json::from_str(r#"{"feedback": [{"name": "click"}]}"#)?;
//! # let generator = nar4rec_generator::GeneratorConfig::default();
//! # let (pipeline, precision, training) = (PipelineConfig::default(), Default::default(), Default::default());
//! # let model = Model::build(ModelConfig { generator, evaluator, pipeline, precision, training }, schema, 0)?;
//! let export = Export::new(&model, None, Options::default())?;
//!
//! let (name, bytes) = &export.files()[0];
//! let graph = ModelProto::decode(bytes.as_slice())?.graph.expect("a file has a graph");
//! assert_eq!((*name, graph.input[0].name.as_str()), ("generator.onnx", "candidate_numbers"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod describe;
mod export;
mod graph;
mod inputs;
mod parts;
pub mod proto;
mod recorder;
mod sample;
mod tensor;

pub use export::{
    EVALUATOR, Export, ExportError, GENERATOR, INPUTS, INPUTS_FORMAT, Options, SAMPLE, SCHEMA, Sample, expected,
    made_batch,
};
pub use sample::{Run, Tensors};
pub use tensor::{Data, Dtype, Tensor};
