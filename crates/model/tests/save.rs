//! Models are built, saved and loaded; what could not be loaded again is not saved.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::fs;
use std::path::Path;

use nar4rec_features::Encoding;
use nar4rec_model::{InvalidModel, MAX_PARAMETERS, Model};

mod tiny;

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_model_comes_back_exactly() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("m");
    let mut model = Model::build(tiny::config(), tiny::schema(), 11).unwrap();
    for (index, value) in [f32::MIN_POSITIVE, -0.0, f32::MAX, 1e-45].into_iter().enumerate() {
        model.generator.parameters.values_mut()[0][index] = value;
    }
    model.save(&dir).unwrap();
    let loaded = Model::load(&dir).unwrap();
    tiny::assert_same(&loaded, &model);
    assert_eq!(loaded.generator.parameters.bits(), model.generator.parameters.bits());
    assert_eq!(names(root.path()), ["m"]);
    assert_eq!(names(&dir), ["config.json", "manifest.json", "model.safetensors", "schema.json"]);

    loaded.save(&root.path().join("again")).unwrap();
    for name in names(&dir) {
        assert!(
            fs::read(dir.join(&name)).unwrap() == fs::read(root.path().join("again").join(&name)).unwrap(),
            "{name}"
        );
    }
}

/// Bits, because −0 equals 0.
trait Bits {
    fn bits(&self) -> Vec<u32>;
}

impl Bits for nar4rec_tensor::Parameters {
    fn bits(&self) -> Vec<u32> {
        self.iter().flat_map(|(_, values)| values).map(|value| value.to_bits()).collect()
    }
}

#[test]
fn the_beginning_follows_the_seed_and_the_names_the_part() {
    let build = |seed| Model::build(tiny::config(), tiny::schema(), seed).unwrap();
    assert_eq!(build(3).generator.parameters, build(3).generator.parameters);
    assert_ne!(build(3).evaluator.parameters, build(4).evaluator.parameters);
    assert_eq!(build(3).provenance.seed, 3);
    assert!(build(3).generator.parameters.iter().all(|(spec, _)| spec.name.starts_with("generator.")));
    assert!(build(3).evaluator.parameters.iter().all(|(spec, _)| spec.name.starts_with("evaluator.")));
}

#[test]
fn a_model_is_saved_over_another() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("m");
    tiny::model().save(&dir).unwrap();
    fs::write(dir.join("report.html"), "report").unwrap();
    Model::check_target(&dir).unwrap();
    let second = Model::build(tiny::config(), tiny::schema(), 1).unwrap();
    second.save(&dir).unwrap();
    tiny::assert_same(&Model::load(&dir).unwrap(), &second);
    assert_eq!(names(&dir), ["config.json", "manifest.json", "model.safetensors", "report.html", "schema.json"]);
    assert_eq!(names(root.path()), ["m"]);
}

#[test]
fn a_foreign_directory_is_refused() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("thesis.tex"), "").unwrap();
    let expected = format!(
        "{}: is a directory of other files, expected nothing, an empty directory or a model directory; it stays as it is",
        root.path().display()
    );
    assert_eq!(Model::check_target(root.path()).unwrap_err().to_string(), expected);
    assert_eq!(tiny::model().save(root.path()).unwrap_err().to_string(), expected);
    assert_eq!(names(root.path()), ["thesis.tex"]);
}

#[test]
fn what_cannot_be_built_is_named() {
    let message = |problem: Result<Model, InvalidModel>| problem.unwrap_err().to_string();
    let mut config = tiny::config();
    config.generator.heads = 3;
    assert_eq!(
        message(Model::build(config, tiny::schema(), 0)),
        "generator.heads: 3, expected a divisor of the width 4"
    );
    let mut schema = tiny::schema();
    schema.tables[0].dim = usize::MAX;
    let expected = format!("tables[0].dim: {}, expected at most 16384", usize::MAX);
    assert_eq!(message(Model::build(tiny::config(), schema.clone(), 0)), expected);
    schema.tables[0].dim = 16384;
    schema.tables[0].encoding = Encoding::Hash { buckets: u32::MAX };
    let problem = Model::build(tiny::config(), schema, 0).unwrap_err();
    assert!(matches!(problem, InvalidModel::TooLarge { part: "generator", numbers } if numbers > MAX_PARAMETERS));
    let mut schema = tiny::schema();
    schema.tables.clear();
    assert_eq!(message(Model::build(tiny::config(), schema, 0)), "user[0].table: \"id\" is none of the tables");
}

#[test]
fn what_could_not_be_loaded_again_is_not_saved() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("m");
    let message = |change: &dyn Fn(&mut Model)| {
        let mut model = tiny::model();
        change(&mut model);
        let message = model.save(&dir).unwrap_err().to_string();
        assert_eq!(names(root.path()), [""; 0]);
        message
    };
    assert_eq!(
        message(&|model| model.evaluator.parameters.values_mut()[0][1] = f32::NAN),
        "this model cannot be saved: parameter \"evaluator.input.tables.id\" holds a number that is not finite"
    );
    let foreign = "this model cannot be saved: the generator's parameters are not those of its configuration";
    assert_eq!(message(&|model| model.config.generator.width = 8), foreign);
    assert_eq!(message(&|model| model.generator.parameters.values_mut()[0].clear()), foreign);
    assert_eq!(
        message(&|model| model.config.pipeline.decoders.clear()),
        "this model cannot be saved: pipeline.decoders: empty, expected at least one decoder"
    );
}
