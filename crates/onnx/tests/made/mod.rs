//! Models of every make, with random weights.

#![allow(dead_code, reason = "each test uses some of it")]

use nar4rec_evaluator::{EvaluatorConfig, FeedbackKind};
use nar4rec_features::{Schema, SchemaBuilder, SchemaOptions};
use nar4rec_generator::{CrossSource, GeneratorConfig, PositionSource};
use nar4rec_layers::{Activation, NormPlacement};
use nar4rec_model::{Model, ModelConfig, PipelineConfig, Precision};
use nar4rec_slate::{Item, Request};

const ITEMS: &str = r#"[
    {"id": "v1", "features": {"year": 1995, "genres": ["war", "drama"]}},
    {"id": "v2", "features": {"year": 2001, "genres": ["comedy"]}},
    {"id": "v3", "features": {"year": 1980}}
]"#;

const LOGGED: &str = r#"[
    {"request_id": "a", "user": {"id": "u", "features": {"age": 25, "recent": ["v1", "v3"]}},
     "candidates": [{"id": "v1", "score": 0.5, "features": {"author": "x", "price": 2}}, {"id": "v2", "score": 0.2}]},
    {"request_id": "b", "user": {"features": {"age": 31, "recent": ["v2"]}},
     "candidates": [{"id": "v3", "score": 0.4, "features": {"author": "y", "price": 5}}, {"id": "v2", "score": 0.9}]}
]"#;

/// A schema with numbers, categories, lists and interactions of user and candidate.
pub(crate) fn rich() -> Schema {
    let mut builder = SchemaBuilder::new(SchemaOptions { min_count: 1, id_dim: 4, ..SchemaOptions::default() });
    let items: Vec<Item> = serde_json::from_str(ITEMS).unwrap();
    let requests: Vec<Request> = serde_json::from_str(LOGGED).unwrap();
    items.iter().for_each(|item| builder.observe_item(item).unwrap());
    requests.iter().for_each(|request| builder.observe_request(request).unwrap());
    builder.finish().unwrap().schema
}

/// A schema of one number.
pub(crate) fn plain() -> Schema {
    serde_json::from_str(r#"{"version": 1, "score": {"mean": 0.0, "std": 1.0, "columns": ["value"]}}"#).unwrap()
}

/// A model of each make, and its name.
pub(crate) fn models() -> Vec<(String, Model)> {
    let mut models = Vec::new();
    for (norm, activation, cross_source, positions, schema) in [
        (NormPlacement::Pre, Activation::Gelu, CrossSource::SameLayer, PositionSource::Shared, rich()),
        (NormPlacement::Post, Activation::Relu, CrossSource::Final, PositionSource::Shared, plain()),
        (NormPlacement::None, Activation::Gelu, CrossSource::SameLayer, PositionSource::Candidates, rich()),
        (NormPlacement::Pre, Activation::Relu, CrossSource::Final, PositionSource::Candidates, plain()),
    ] {
        let name = format!("{norm:?} {activation:?} {cross_source:?} {positions:?}");
        let generator = GeneratorConfig {
            list_length: 3,
            width: 8,
            heads: 2,
            feed_forward: 12,
            norm,
            activation,
            cross_source,
            positions,
            ..GeneratorConfig::default()
        };
        let feedback = vec![FeedbackKind::new("click", 1.0), FeedbackKind::new("hide", -0.5)];
        let evaluator = EvaluatorConfig {
            width: 8,
            layers: 1,
            heads: 2,
            feed_forward: 12,
            norm,
            activation,
            feedback,
            ..EvaluatorConfig::default()
        };
        let pipeline = PipelineConfig::default();
        let training = serde_json::Value::Null;
        let config = ModelConfig { generator, evaluator, pipeline, precision: Precision::F32, training };
        models.push((name, Model::build(config, schema, 7).unwrap()));
    }
    models
}
