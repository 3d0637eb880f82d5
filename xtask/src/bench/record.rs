//! `record`: a run, kept in `benches/records` as `DATE-COMMIT.json` and `DATE-COMMIT.md`.
#![allow(clippy::print_stdout, reason = "it says what it wrote")]

use std::fs;
use std::path::Path;

use anyhow::Context;

use super::report::{self, Report, RunOptions};
use super::shown;

/// Where records are kept.
const FOLDER: &str = "benches/records";

/// Times and writes both files.
pub(crate) fn record(root: &Path, options: &RunOptions) -> anyhow::Result<()> {
    let report = report::run(root, options)?;
    let folder = root.join(FOLDER);
    fs::create_dir_all(&folder).with_context(|| format!("making {FOLDER}"))?;
    let json = serde_json::to_string_pretty(&report)? + "\n";
    for (extension, text) in [("json", json), ("md", document(&report))] {
        let file = folder.join(format!("{}.{extension}", name(&report)));
        fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
        println!("wrote {}", shown(root, &file).display());
    }
    Ok(())
}

/// A record of changes that are not committed is told from one of the commit.
fn name(report: &Report) -> String {
    let machine = &report.machine;
    let changed = if machine.dirty { "-changed" } else { "" };
    format!("{}-{}{changed}", machine.date, machine.commit)
}

fn document(report: &Report) -> String {
    let machine = &report.machine;
    let note = "Medians of one run of `cargo xtask bench record`; a share is of the peak of the same run, a ratio the \
                peer's time over ours.";
    format!("# Benchmarks of {}\n\n{}\n\n{note}\n\n{}", machine.date, machine.line(), report.table().markdown())
}
