//! `nar4rec export`: a model as graphs for another runtime.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use nar4rec_model::{Model, write_atomically};
use serde::Serialize;

use crate::{
    args::{ExportArgs, ExportFormat},
    console,
};

/// The files of an export.
const FILES: [&str; 5] = ["generator.onnx", "evaluator.onnx", "inputs.json", "schema.json", "sample.json"];

/// Writes the graphs, what goes into them, and a sample to check them with.
pub(crate) fn export(args: ExportArgs) -> anyhow::Result<()> {
    check_target(&args.out)?;
    let model = Model::load(&args.model)?;
    let exported = match args.format {
        ExportFormat::Onnx => nar4rec_onnx::export(&model).with_context(|| args.model.display().to_string())?,
    };
    fs::create_dir_all(&args.out).with_context(|| format!("{}: cannot create", args.out.display()))?;
    let contents = [
        exported.generator,
        exported.evaluator,
        json(&exported.inputs)?,
        json(&model.schema)?,
        json(&exported.sample)?,
    ];
    for (name, bytes) in FILES.iter().zip(contents) {
        let path = args.out.join(name);
        write_atomically(&path, &bytes).with_context(|| format!("{}: cannot write", path.display()))?;
    }
    console::note(&format!("{}: {}", args.out.display(), FILES.join(", ")));
    Ok(())
}

fn json(value: &impl Serialize) -> anyhow::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// An export replaces nothing, an empty directory or another export.
fn check_target(dir: &Path) -> anyhow::Result<()> {
    let Ok(metadata) = fs::metadata(dir) else { return Ok(()) };
    let is_free = metadata.is_dir()
        && (FILES.iter().all(|name| dir.join(name).is_file())
            || fs::read_dir(dir).with_context(|| format!("{}: cannot read", dir.display()))?.next().is_none());
    if !is_free {
        bail!("--out {}: is there already, expected nothing, an empty directory or an export", dir.display());
    }
    Ok(())
}
