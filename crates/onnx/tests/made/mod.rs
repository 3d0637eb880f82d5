//! Models of every make, with numbers in all their parameters.

#![allow(dead_code, reason = "each test uses some of it")]

use nar4rec_evaluator::{EvaluatorConfig, FeedbackKind};
use nar4rec_features::Schema;
use nar4rec_generator::{CrossSource, GeneratorConfig, PositionSource};
use nar4rec_layers::{Activation, NormPlacement};
use nar4rec_model::{Model, ModelConfig, PipelineConfig, Precision};
use nar4rec_onnx::proto::{GraphProto, ModelProto};
use nar4rec_onnx::{Export, Options};
use prost::Message;

/// m of the models.
pub(crate) const LENGTH: usize = 3;

/// Every kind of feature, with products, an interaction, and a table that two features share.
pub(crate) const FULL: &str = r#"{
    "version": 1,
    "score": {"mean": 0.25, "std": 0.5, "columns": ["value", "z_score", "rank", "missing"]},
    "user": [{"kind": "number", "name": "age", "mean": 30.0, "std": 9.0, "missing": {"value": 20.0}, "indicator": true},
             {"kind": "category", "name": "gender", "table": "gender"},
             {"kind": "list", "name": "recent", "table": "item_id", "max_length": 4}],
    "item": [{"kind": "category", "name": "id", "table": "item_id", "source": "id"},
             {"kind": "number", "name": "year", "transform": "log1p", "mean": 7.5, "std": 0.5, "missing": "zero"}],
    "candidate": [{"kind": "list", "name": "genres", "table": "genres", "max_length": 4},
                  {"kind": "number", "name": "price", "mean": 2.0, "std": 1.5}],
    "products": [{"user": "age", "item": "year"}],
    "interactions": [{"user": "recent", "item": "id"}],
    "tables": [{"name": "item_id", "dim": 5, "encoding": {"kind": "hash", "buckets": 11}},
               {"name": "gender", "dim": 2, "encoding": {"kind": "dictionary", "values": ["F", "M"]}},
               {"name": "genres", "dim": 3, "encoding": {"kind": "dictionary", "values": ["a", "b", "c", "d"]}}]
}"#;

/// Numbers of candidates and nothing else.
pub(crate) const NUMBERS: &str = r#"{"version": 1, "score": {"mean": 0.0, "std": 1.0, "columns": ["value", "rank"]}}"#;

/// Rows of tables and nothing else.
pub(crate) const BAGS: &str = r#"{
    "version": 1,
    "user": [{"kind": "category", "name": "country", "table": "country"}],
    "item": [{"kind": "list", "name": "tags", "table": "tags", "max_length": 4}],
    "tables": [{"name": "country", "dim": 2, "encoding": {"kind": "dictionary", "values": ["x", "y"]}},
               {"name": "tags", "dim": 3, "encoding": {"kind": "hash", "buckets": 7}}]
}"#;

pub(crate) const SCHEMAS: [&str; 3] = [FULL, NUMBERS, BAGS];

/// A make of generator and evaluator.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Make {
    pub(crate) norm: NormPlacement,
    pub(crate) activation: Activation,
    pub(crate) cross_source: CrossSource,
    pub(crate) positions: PositionSource,
    pub(crate) layers: usize,
    pub(crate) heads: usize,
    pub(crate) likeness: usize,
}

/// Each setting with each other one, numbers of layers, heads and likeness along with them.
pub(crate) fn makes() -> Vec<Make> {
    let mut makes = Vec::new();
    for norm in [NormPlacement::Pre, NormPlacement::Post, NormPlacement::None] {
        for activation in [Activation::Gelu, Activation::Relu] {
            for cross_source in [CrossSource::SameLayer, CrossSource::Final] {
                for positions in [PositionSource::Shared, PositionSource::Candidates] {
                    let (layers, heads, likeness) = (1 + makes.len() % 3, 1 + makes.len() % 2, makes.len() % 3);
                    makes.push(Make { norm, activation, cross_source, positions, layers, heads, likeness });
                }
            }
        }
    }
    makes
}

/// A model of this make. No parameter stays at a beginning such as 0 or 1, where a mistake could not be seen.
pub(crate) fn model(make: Make, schema: &str) -> Model {
    let Make { norm, activation, cross_source, positions, layers, heads, likeness } = make;
    let (width, feed_forward) = (heads * 4, 7);
    let generator = GeneratorConfig {
        list_length: LENGTH,
        width,
        layers,
        heads,
        feed_forward,
        norm,
        activation,
        cross_source,
        positions,
        ..GeneratorConfig::default()
    };
    let feedback = vec![FeedbackKind::new("click", 1.0), FeedbackKind::new("hide", -0.5)];
    let evaluator = EvaluatorConfig {
        width,
        layers,
        heads,
        feed_forward,
        norm,
        activation,
        likeness,
        feedback,
        ..EvaluatorConfig::default()
    };
    let config = ModelConfig {
        generator,
        evaluator,
        pipeline: PipelineConfig::default(),
        precision: Precision::default(),
        training: serde_json::Value::Null,
    };
    let schema: Schema = serde_json::from_str(schema).unwrap();
    let mut model = Model::build(config, schema, 7).unwrap();
    for parameters in [&mut model.generator.parameters, &mut model.evaluator.parameters] {
        let numbers = parameters.values_mut().iter_mut().flatten().enumerate();
        numbers.for_each(|(index, x)| *x += 0.1 * ((index * 37 % 101) as f32 / 50.0 - 1.0));
    }
    model
}

/// Generator and evaluator, read back from the bytes that are written.
pub(crate) fn graphs(model: &Model, options: Options) -> [GraphProto; 2] {
    let export = Export::new(model, None, options).unwrap();
    let read = |index: usize| {
        let (name, bytes) = &export.files()[index];
        assert!(name.ends_with(".onnx"));
        ModelProto::decode(bytes.as_slice()).unwrap()
    };
    [0, 1].map(|index| read(index).graph.unwrap())
}
