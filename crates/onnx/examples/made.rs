//! Exports an untrained model of a given size, to time runtimes with:
//! `cargo run --release -p nar4rec-onnx --example made -- DIR [POSITIONS WIDTH LAYERS HEADS FEED_FORWARD NUMBERS]`.

use anyhow::Context;
use nar4rec_evaluator::{EvaluatorConfig, FeedbackKind};
use nar4rec_features::{Feature, Missing, NumberFeature, SCHEMA_VERSION, Schema, Transform};
use nar4rec_generator::GeneratorConfig;
use nar4rec_model::{Model, ModelConfig, PipelineConfig, Precision};
use nar4rec_onnx::{Export, Options};

/// The size that the paper's system has, in numbers that it does not tell.
const SIZES: [usize; 6] = [6, 128, 2, 4, 512, 32];

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let dir = arguments.next().context("expected a directory to write")?;
    let mut sizes = SIZES;
    for (size, argument) in sizes.iter_mut().zip(arguments) {
        *size = argument.parse().with_context(|| format!("{argument}: expected a number"))?;
    }
    let [list_length, width, layers, heads, feed_forward, numbers] = sizes;
    let generator = GeneratorConfig { list_length, width, layers, heads, feed_forward, ..GeneratorConfig::default() };
    let feedback = vec![FeedbackKind::new("click", 1.0)];
    let evaluator = EvaluatorConfig { width, layers, heads, feed_forward, feedback, ..EvaluatorConfig::default() };
    let config = ModelConfig {
        generator,
        evaluator,
        pipeline: PipelineConfig::default(),
        precision: Precision::default(),
        training: serde_json::Value::Null,
    };
    let model = Model::build(config, schema(numbers), 0)?;
    Export::new(&model, None, Options::default())?.save(dir.as_ref())?;
    Ok(())
}

/// So many numbers of each candidate, and nothing else.
fn schema(numbers: usize) -> Schema {
    let number = |index: usize| {
        Feature::Number(NumberFeature {
            name: format!("x{index}"),
            transform: Transform::Identity,
            mean: 0.0,
            std: 1.0,
            missing: Missing::Mean,
            indicator: false,
        })
    };
    Schema {
        version: SCHEMA_VERSION,
        score: None,
        user: Vec::new(),
        item: Vec::new(),
        candidate: (0..numbers).map(number).collect(),
        products: Vec::new(),
        interactions: Vec::new(),
        tables: Vec::new(),
    }
}
