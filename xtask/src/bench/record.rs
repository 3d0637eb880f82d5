//! `record`: a run, kept in `benches/records` as `DATE-COMMIT.json` and `DATE-COMMIT.md`. No record is ever replaced.
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
    let name = free(&name(&report), |name| folder.join(format!("{name}.json")).exists());
    for (extension, text) in [("json", json), ("md", document(&report))] {
        let file = folder.join(format!("{name}.{extension}"));
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

/// The first of `name`, `name-2`, `name-3` and so on that is not taken.
fn free(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let mut free = name.to_owned();
    for count in 2.. {
        if !is_taken(&free) {
            break;
        }
        free = format!("{name}-{count}");
    }
    free
}

fn document(report: &Report) -> String {
    let machine = &report.machine;
    let note = "Medians of one run of `cargo xtask bench record`; a share is of the peak of the same run, a ratio the \
                peer's time over ours.";
    format!("# Benchmarks of {}\n\n{}\n\n{note}\n\n{}", machine.date, machine.line(), report.table().markdown())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_takes_a_name_that_is_free() {
        let taken = ["a", "a-2", "b"];
        assert_eq!(free("a", |name| taken.contains(&name)), "a-3");
        assert_eq!(free("b", |name| taken.contains(&name)), "b-2");
        assert_eq!(free("c", |name| taken.contains(&name)), "c");
    }
}
