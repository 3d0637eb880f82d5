//! An untrained model for trying things out: its lists mean nothing. A real one comes from `nar4rec train`.

use std::error::Error;

use nar4rec_evaluator::{EvaluatorConfig, FeedbackKind};
use nar4rec_features::{SchemaBuilder, SchemaOptions};
use nar4rec_generator::GeneratorConfig;
use nar4rec_infer::{Item, Model, Request};
use nar4rec_model::{ModelConfig, PipelineConfig};

/// Features that belong to the items whatever the request.
const ITEMS: &str = r#"[
    {"id": "v1", "features": {"genres": ["war", "drama"], "year": 1995}},
    {"id": "v2", "features": {"genres": ["comedy"], "year": 1987}},
    {"id": "v3", "features": {"genres": ["drama"], "year": 2003}},
    {"id": "v4", "features": {"genres": ["comedy", "drama"], "year": 1999}},
    {"id": "v5", "features": {"genres": ["war"], "year": 1970}}
]"#;

/// What logged requests look like. The kinds of their features become the schema.
const LOGGED: &str = r#"[
    {"request_id": "r0", "user": {"id": "u1", "features": {"age": 25, "recent": ["v2", "v5"]}},
     "candidates": [{"id": "v1", "score": 0.9}, {"id": "v2", "score": 0.7}, {"id": "v3", "score": 0.4}]},
    {"request_id": "r1", "user": {"id": "u2", "features": {"age": 47, "recent": ["v1"]}},
     "candidates": [{"id": "v4", "score": 0.6}, {"id": "v5", "score": 0.3}]}
]"#;

/// Lists of three items, worth a tenth of a like for every click and a like for every like.
pub(crate) fn model() -> Result<Model, Box<dyn Error>> {
    let items: Vec<Item> = serde_json::from_str(ITEMS)?;
    let logged: Vec<Request> = serde_json::from_str(LOGGED)?;
    let mut builder = SchemaBuilder::new(SchemaOptions { min_count: 1, id_dim: 4, ..SchemaOptions::default() });
    items.iter().try_for_each(|item| builder.observe_item(item))?;
    logged.iter().try_for_each(|request| builder.observe_request(request))?;

    let generator = GeneratorConfig { list_length: 3, width: 16, heads: 2, feed_forward: 32, ..Default::default() };
    let feedback = vec![FeedbackKind::new("click", 0.1), FeedbackKind::new("like", 1.0)];
    let evaluator = EvaluatorConfig { width: 16, heads: 2, feed_forward: 32, feedback, ..Default::default() };
    let config = ModelConfig {
        generator,
        evaluator,
        pipeline: PipelineConfig::default(),
        precision: Default::default(),
        training: Default::default(),
    };
    let model = Model::build(config, builder.finish()?.schema, 7)?;
    Ok(Model { items: Some(items), ..model })
}
