//! The bytes of a model directory do not change unnoticed. `examples/golden.rs` wrote `tests/golden` and `tests/golden_int8`.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::fs;
use std::path::{Path, PathBuf};

use nar4rec_model::{Manifest, Model};

mod tiny;

/// The folder of each golden model, the model it is of, and its format.
fn goldens() -> [(PathBuf, Model, u32); 2] {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    [(folder.join("golden"), tiny::model(), 1), (folder.join("golden_int8"), tiny::narrow(), 2)]
}

/// The lines of a manifest that depend neither on the version of the program nor on the others.
fn lines(dir: &Path) -> Vec<String> {
    let text = fs::read_to_string(dir.join("manifest.json")).unwrap();
    let own = |line: &str| line.starts_with("  \"nar4rec\": ") || line.starts_with("  \"sha256\": ");
    text.lines().filter(|line| !own(line)).map(str::to_owned).collect()
}

#[test]
fn a_saved_model_has_the_golden_bytes() {
    for (golden, model, _) in goldens() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("m");
        model.save(&dir).unwrap();
        for name in ["config.json", "schema.json", "items.jsonl"] {
            let [found, expected] = [&dir, &golden].map(|dir| fs::read_to_string(dir.join(name)).unwrap());
            assert_eq!(found, expected, "{name}");
        }
        let name = "model.safetensors";
        assert!(fs::read(dir.join(name)).unwrap() == fs::read(golden.join(name)).unwrap(), "{name}");
        assert_eq!(lines(&dir), lines(&golden));
        assert_eq!(Manifest::read(&dir).unwrap().nar4rec, env!("CARGO_PKG_VERSION"));
    }
}

#[test]
fn the_golden_models_are_read() {
    for (golden, model, format) in goldens() {
        tiny::assert_same(&Model::load(&golden).unwrap(), &model);
        let manifest = Manifest::read(&golden).unwrap();
        assert_eq!(manifest.format, format);
        assert_eq!(manifest.parameters.generator, model.generator.parameters.count() as u64);
        assert_eq!(manifest.parameters.evaluator, model.evaluator.parameters.count() as u64);
    }
}
