//! Finds the commit that is built, for `--version` and for reports of what a build has made.

use std::{path::Path, process::Command};

fn main() {
    // A path that is not there would have the crate built every time.
    let watched = ["../../.git/logs/HEAD", "../../crates"].into_iter().filter(|path| Path::new(path).exists());
    watched.for_each(|path| println!("cargo::rerun-if-changed={path}"));
    let version = env!("CARGO_PKG_VERSION");
    let build = commit().map_or_else(|| version.to_owned(), |commit| format!("{version} ({commit})"));
    println!("cargo::rustc-env=NAR4REC_BUILD={build}");
}

/// The commit, with a + where files differ from it; nothing outside the project's own checkout.
fn commit() -> Option<String> {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().ok()?;
    let top = git(&["rev-parse", "--show-toplevel"])?;
    if Path::new(&top).canonicalize().ok()? != checkout {
        return None;
    }
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let is_changed = !git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty();
    Some(if is_changed { commit + "+" } else { commit })
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok().map(|text| text.trim().to_owned())
}
