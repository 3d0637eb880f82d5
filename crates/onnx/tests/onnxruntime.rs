//! The exported directory in ONNX Runtime, where there is one: `onnxruntime.py` loads the graphs and runs the sample.
//!
//! `NAR4REC_PYTHON` names the interpreter, `python3` if it is not set. Without the packages `onnxruntime` and `numpy` nothing is
//! checked, and the test says so; if `NAR4REC_PYTHON` is set and they are missing, it fails.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may")]

use std::process::{Command, Stdio};

use nar4rec_onnx::{Export, Options};

mod made;

/// The interpreter, if it can run the check.
fn python() -> Option<String> {
    let named = std::env::var("NAR4REC_PYTHON").ok();
    let python = named.clone().unwrap_or_else(|| "python3".to_owned());
    // From another folder than this one, where a file has the package's name.
    let mut command = Command::new(&python);
    command.args(["-c", "import numpy, onnxruntime"]).current_dir(std::env::temp_dir()).stderr(Stdio::null());
    let has_it = command.status().is_ok_and(|status| status.success());
    assert!(has_it || named.is_none(), "NAR4REC_PYTHON: {python} cannot import numpy and onnxruntime");
    has_it.then_some(python)
}

#[test]
fn onnx_runtime_agrees() {
    let Some(python) = python() else {
        eprintln!("skipped: python3 cannot import numpy and onnxruntime; NAR4REC_PYTHON names another interpreter");
        return;
    };
    for (number, make) in made::makes().into_iter().enumerate() {
        let model = made::model(make, made::SCHEMAS[number % made::SCHEMAS.len()]);
        let dir = tempfile::tempdir().unwrap();
        let options = Options { mask: number % 2 == 1 };
        Export::new(&model, None, options).unwrap().save(dir.path()).unwrap();
        let mut command = Command::new(&python);
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/onnxruntime.py")).arg(dir.path());
        let output = command.output().unwrap();
        let [said, failed] = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        assert!(output.status.success() && said.contains("agrees"), "{make:?} {options:?}\n{said}{failed}");
    }
}
