//! A model of a few hundred numbers with every kind of feature, the same on every machine.

#![allow(dead_code, reason = "each test uses some of it")]

use std::collections::BTreeMap;

use nar4rec_decoding::{Decoder, Greedy, KBest};
use nar4rec_evaluator::EvaluatorConfig;
use nar4rec_features::Schema;
use nar4rec_generator::GeneratorConfig;
use nar4rec_model::{Model, ModelConfig, PipelineConfig, Precision, Quantisation, TrainingData};
use nar4rec_slate::Item;
use nar4rec_tensor::Parameters;

const SCHEMA: &str = r#"{
    "version": 1,
    "score": { "mean": 0.1, "std": 0.30000000000000004, "columns": ["value", "rank"] },
    "user": [{ "kind": "list", "name": "recent", "table": "id", "max_length": 5 }],
    "item": [
        { "kind": "category", "name": "id", "table": "id", "source": "id" },
        { "kind": "number", "name": "year", "mean": 1986.1, "std": 16.6, "missing": { "value": 1990 }, "indicator": true }
    ],
    "interactions": [{ "user": "recent", "item": "id" }],
    "tables": [
        { "name": "id", "dim": 2, "encoding": { "kind": "dictionary", "values": ["v1", "é \"quoted\""] } }
    ]
}"#;

const ITEMS: &str = r#"[
    { "id": "v1", "features": { "year": 1995, "genres": ["war", "drama"] } },
    { "id": "é \"quoted\"", "features": { "year": null } },
    { "id": "v3", "features": {} }
]"#;

const EVALUATOR: &str = r#"{
    "width": 4, "layers": 1, "heads": 1, "feed_forward": 4,
    "feedback": [{ "name": "click" }, { "name": "play_seconds", "weight": 0.3, "scale": 30 }]
}"#;

/// What it is made of.
pub(crate) fn config() -> ModelConfig {
    let (list_length, width, layers, heads, feed_forward) = (2, 4, 1, 2, 4);
    let generator =
        GeneratorConfig { list_length, width, layers, heads, feed_forward, dropout: 0.1, ..GeneratorConfig::default() };
    let decoders = vec![Decoder::Greedy(Greedy {}), Decoder::KBest(KBest { lists: 4 })];
    ModelConfig {
        generator,
        evaluator: serde_json::from_str(EVALUATOR).expect("an evaluator's configuration"),
        pipeline: PipelineConfig { seed: 5, generator_weight: 0.1, decoders, ..PipelineConfig::default() },
        precision: Precision::F32,
        training: serde_json::json!({ "epochs": 4, "rate": 0.001 }),
    }
}

/// Its features.
pub(crate) fn schema() -> Schema {
    serde_json::from_str(SCHEMA).expect("a schema")
}

/// Its item catalog.
pub(crate) fn items() -> Vec<Item> {
    serde_json::from_str(ITEMS).expect("items")
}

/// The same in int8, with what that cost.
pub(crate) fn narrow() -> Model {
    let mut model = model().narrowed();
    model.provenance.quantisation = Some(Quantisation {
        split: "test".to_owned(),
        lists: 9,
        metrics: BTreeMap::from([("pipeline.NDCG@2".to_owned(), [Some(0.5), None])]),
        same_lists: 0.75,
        log_probability_error: 0.125,
    });
    model
}

/// The model. Its numbers are multiples of 1/64, which f32 and decimals hold exactly.
pub(crate) fn model() -> Model {
    let mut model = Model::build(config(), schema(), 7).expect("a sound model");
    number(&mut model.generator.parameters, 1);
    number(&mut model.evaluator.parameters, 2);
    model.items = Some(items());
    model.provenance.data =
        TrainingData { files: BTreeMap::from([("train.jsonl".to_owned(), "00ff".repeat(16))]), lists: 36_962 };
    let metrics = BTreeMap::from([("AUC".to_owned(), None), ("NDCG@6".to_owned(), Some(0.465))]);
    model.provenance.metrics = BTreeMap::from([("test".to_owned(), metrics)]);
    model
}

fn number(parameters: &mut Parameters, first: usize) {
    let numbers = parameters.values_mut().iter_mut().flatten();
    numbers.zip(first..).for_each(|(number, count)| *number = (count * 37 % 129) as f32 / 64.0 - 1.0);
}

/// Whether two models are the same in everything that is saved.
pub(crate) fn assert_same(left: &Model, right: &Model) {
    assert_eq!(left.config, right.config);
    assert_eq!(left.schema, right.schema);
    assert_eq!(left.items, right.items);
    assert_eq!(left.generator.parameters, right.generator.parameters);
    assert_eq!(left.evaluator.parameters, right.evaluator.parameters);
    assert_eq!(left.provenance, right.provenance);
    assert_eq!(left.generator.layers.config(), right.generator.layers.config());
    let evaluator: &EvaluatorConfig = left.evaluator.layers.config();
    assert_eq!(evaluator, right.evaluator.layers.config());
}
