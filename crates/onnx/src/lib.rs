//! A model's generator and evaluator as ONNX graphs, to be deployed elsewhere.
//!
//! The graphs are not written by hand: the layers run on an executor that records them (`recorder.rs`), so they are the
//! layers that are trained and served. `docs/onnx.md` says what goes in and what comes out.

mod export;
mod graph;
mod names;
pub mod proto;
mod recorder;

pub use export::{Exported, InputDescription, Sample, SampleInput, SampleTensor, export};
