//! What is written where, and what cannot be.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::{fs, path::Path};

use nar4rec_features::FeatureBatch;
use nar4rec_model::Model;
use nar4rec_onnx::{EVALUATOR, Export, GENERATOR, INPUTS, Options, SAMPLE, SCHEMA, Sample, made_batch};
use serde_json::Value;

mod made;

fn export(schema: &str, options: Options) -> Export {
    Export::new(&made::model(made::makes()[0], schema), None, options).unwrap()
}

fn file(export: &Export, name: &str) -> Value {
    let (_, bytes) = export.files().iter().find(|(file, _)| *file == name).unwrap();
    serde_json::from_slice(bytes).unwrap()
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn an_earlier_export_is_replaced_and_nothing_else() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("a/export");
    for schema in [made::NUMBERS, made::FULL] {
        let export = export(schema, Options::default());
        export.save(&dir).unwrap();
        assert_eq!(names(&dir), [EVALUATOR, GENERATOR, INPUTS, SAMPLE, SCHEMA]);
        assert!(export.files().iter().all(|(name, bytes)| fs::read(dir.join(name)).unwrap() == *bytes));
        fs::write(dir.join("notes.txt"), "mine").unwrap();
        export.save(&dir).unwrap();
        assert_eq!(fs::read(dir.join("notes.txt")).unwrap(), b"mine");
        fs::remove_file(dir.join("notes.txt")).unwrap();
        assert_eq!(names(dir.parent().unwrap()), ["export"], "nothing is left beside it");
    }
    let others = root.path().join("others");
    made::model(made::makes()[0], made::NUMBERS).save(&others).unwrap();
    let before = names(&others);
    let message = export(made::NUMBERS, Options::default()).save(&others).unwrap_err().to_string();
    let ending = "expected nothing, an empty directory or a directory that was exported before; it stays as it is";
    assert_eq!(message, format!("{}: is a directory of other files, {ending}", others.display()));
    assert_eq!(Export::check_target(&others).unwrap_err().to_string(), message);
    assert_eq!(names(&others), before);
    assert!(Model::load(&others).is_ok() && made::model(made::makes()[0], made::NUMBERS).save(&dir).is_err());
}

#[test]
fn inputs_are_described() {
    let inputs = file(&export(made::FULL, Options::default()), INPUTS);
    assert_eq!((&inputs["format"], &inputs["opset"]), (&1.into(), &20.into()));
    let names: Vec<&str> = inputs["inputs"].as_array().unwrap().iter().map(|i| i["name"].as_str().unwrap()).collect();
    let of_features =
        ["candidate_numbers", "candidate.genres", "item.id", "user_numbers", "user.gender", "user.recent"];
    assert_eq!(names, [&of_features[..], &["lists"]].concat());
    assert_eq!(inputs["generator"]["inputs"], serde_json::json!(of_features));
    let numbers = &inputs["inputs"][0];
    assert_eq!(numbers["shape"], serde_json::json!(["batch", "candidates", 7]));
    let columns: Vec<&str> =
        numbers["columns"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    let scores = ["score.value", "score.z_score", "score.rank", "score.missing"];
    assert_eq!(columns, [&scores[..], &["candidate.price", "item.year", "user.age*item.year"]].concat());
    let year = &numbers["columns"][5]["encoding"];
    assert_eq!(year, "(sign(x) * ln(1 + |x|) - 7.5) / 0.5, clipped to ±8; missing: as x = 0");
    assert_eq!(inputs["inputs"][1]["shape"], serde_json::json!(["batch", "candidates", "candidate.genres.length"]));
    assert_eq!((&inputs["inputs"][1]["table"], &inputs["inputs"][2]["table"]), (&"genres".into(), &"item_id".into()));
    assert!(inputs["inputs"][2]["encoding"].as_str().unwrap().starts_with("the row of the id: bucket("));
    assert_eq!(inputs["feedback"][1]["weight"], -0.5);
    let masked = file(&export(made::NUMBERS, Options { mask: true }), INPUTS);
    assert_eq!(masked["generator"]["inputs"], serde_json::json!(["candidate_numbers", "mask"]));
    assert_eq!(masked["evaluator"]["inputs"], serde_json::json!(["candidate_numbers", "lists"]));
}

#[test]
fn a_sample_may_be_a_request_of_ones_own() {
    let model = made::model(made::makes()[0], made::FULL);
    let batch = made_batch(&model, &[2]).unwrap();
    let export = Export::new(&model, Some(&batch), Options::default()).unwrap();
    let sample: Sample = serde_json::from_value(file(&export, SAMPLE)).unwrap();
    assert_eq!(sample.generator.inputs["candidate_numbers"].shape, [1, 2, 7]);
    assert_eq!(sample.evaluator.inputs["lists"].shape, [2, 2]);
    assert_eq!(sample.evaluator.outputs["utility"].shape, [2]);
    let empty = FeatureBatch::new(&model.schema.input_spec().unwrap());
    let message = Export::new(&model, Some(&empty), Options::default()).unwrap_err().to_string();
    assert_eq!(message, "a sample of no candidates, expected a request with some");
}

#[test]
fn the_same_model_gives_the_same_bytes() {
    let exports = [0, 1].map(|_| export(made::FULL, Options { mask: true }));
    assert_eq!(exports[0], exports[1]);
}
