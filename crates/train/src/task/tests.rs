//! A data set of three lists and a model for it, for the tests of the tasks.

use std::fs;

use nar4rec_data::DataSet;
use nar4rec_model::{Model, ModelConfig, PipelineConfig};
use nar4rec_slate::Impression;
use nar4rec_tensor::{Isa, Purpose, Weights};

use super::Task;
use crate::{Config, Example, PrepareOptions, Prepared, examples::questions, prepare};

/// Four candidates, of which two or three were shown; `like` is worth 1 and `share` 0.5. On the first list the items are
/// worth 1 and 0.5, on the second nothing, and on the third `share` was not observed.
pub(crate) const LINES: &str = r#"{"request_id":"r1","candidates":[{"id":"a","score":1},{"id":"b","score":2},{"id":"c","score":3},{"id":"d","score":5}],"shown":[{"id":"b","feedback":{"like":1,"share":0}},{"id":"d","feedback":{"like":0,"share":1}}]}
{"request_id":"r2","candidates":[{"id":"b","score":4},{"id":"c","score":1},{"id":"e","score":0},{"id":"a","score":3}],"shown":[{"id":"a","feedback":{"like":0,"share":0}},{"id":"b","feedback":{"like":0,"share":0}}]}
{"request_id":"r3","candidates":[{"id":"a","score":9},{"id":"d","score":7},{"id":"c","score":8},{"id":"e","score":2}],"shown":[{"id":"c","feedback":{"like":1}},{"id":"e","feedback":{"like":0}},{"id":"a","feedback":{"like":1}}]}
"#;

const CONFIG: &str = r#"
[generator]
list_length = 3
width = 8
layers = 1
heads = 2
feed_forward = 8
dropout = 0.0
[evaluator]
width = 8
layers = 1
heads = 2
feed_forward = 8
dropout = 0.0
feedback = [{ name = "like", weight = 1.0 }, { name = "share", weight = 0.5 }]
"#;

/// The configuration of that model.
pub(crate) fn config() -> Config {
    Config::from_toml(CONFIG).unwrap()
}

/// The data set, ready to train on, and a model that has learned nothing.
pub(crate) fn small() -> (Prepared, Model) {
    let dir = tempfile::tempdir().unwrap();
    for split in ["train", "valid"] {
        fs::write(dir.path().join(format!("{split}.jsonl")), LINES).unwrap();
    }
    let config = config();
    let prepared = prepare(&DataSet::open(dir.path()).unwrap(), &config, PrepareOptions::default()).unwrap();
    let model_config = ModelConfig {
        generator: config.generator.clone(),
        evaluator: config.evaluator.clone(),
        pipeline: PipelineConfig::default(),
        precision: nar4rec_model::Precision::F32,
        training: serde_json::Value::Null,
    };
    let model = Model::build(model_config, prepared.encoder.schema().clone(), 3).unwrap();
    (prepared, model)
}

/// Fails if the memory of a lane grows from step to step.
pub(crate) fn memory_stays(task: &impl Task, weights: &Weights) {
    let (examples, mut lane): (Vec<&Example>, _) = (task.prepared().train.iter().collect(), task.lane());
    let mut reserve = || {
        task.loss(weights, &examples, 1.0, 1, &mut lane);
        lane.tape.reserve()
    };
    let (second, later) = ([reserve(), reserve()][1], [reserve(), reserve(), reserve()]);
    assert!(second > 0 && later == [second; 3], "{second}, then {later:?}");
}

/// Fails if validation depends on whether equal questions, which are answered once, come in a row, or leaves a list of theirs out.
pub(crate) fn every_list_of_a_question_counts(
    mut prepared: Prepared,
    validate: impl Fn(&Prepared) -> Vec<(String, f64)>,
) {
    let lines: Vec<&str> = LINES.lines().collect();
    let other =
        lines[0].replace(r#"{"id":"b","feedback":{"like":1,"share":0}}"#, r#"{"id":"a","feedback":{"like":1}}"#);
    let mut figures = |order: [&str; 5]| {
        let impressions = order.map(|line| serde_json::from_str::<Impression>(line).unwrap());
        prepared.valid = impressions.iter().map(|impression| Example::new(impression, &prepared).unwrap()).collect();
        (questions(&prepared.valid).len(), validate(&prepared))
    };
    let (first, second, third) = (lines[0], lines[1], lines[2]);
    let (few, in_a_row) = figures([first, &other, first, second, third]);
    let (many, apart) = figures([first, second, &other, third, first]);
    assert_eq!((few, many), (3, 5));
    assert_eq!(in_a_row, apart);
    let (_, without) = figures([first, first, first, second, third]);
    assert_ne!(in_a_row, without);
}

/// Parameters as training has them.
pub(crate) fn weights(parameters: &nar4rec_tensor::Parameters) -> Weights {
    Weights::new(parameters.clone(), Isa::detect(), Purpose::Training)
}
