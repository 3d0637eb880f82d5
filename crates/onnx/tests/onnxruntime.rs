//! ONNX Runtime agrees with this project on what it is given, where it is installed.
//!
//! The interpreter is `python3`, or what `NAR4REC_PYTHON` names; without one that has onnxruntime the test says so and passes.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may")]

mod made;

use std::{env, fs, process::Command};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/compare.py");

#[test]
fn onnx_runtime_agrees() {
    let python = env::var("NAR4REC_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let found = Command::new(&python).args(["-c", "import onnxruntime"]).output();
    if !found.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: {python} has no onnxruntime; NAR4REC_PYTHON can name an interpreter that has");
        return;
    }
    for (name, model) in made::models() {
        let exported = nar4rec_onnx::export(&model).unwrap();
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("generator.onnx"), exported.generator).unwrap();
        fs::write(dir.path().join("evaluator.onnx"), exported.evaluator).unwrap();
        fs::write(dir.path().join("sample.json"), serde_json::to_vec(&exported.sample).unwrap()).unwrap();
        let output = Command::new(&python).arg(SCRIPT).arg(dir.path()).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "{name}:\n{}{}", text(&output.stdout), text(&output.stderr));
    }
}
