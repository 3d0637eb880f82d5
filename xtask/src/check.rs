//! Everything that continuous integration checks besides tests: form, house rules, layers, lints, documentation.
#![allow(clippy::print_stdout, reason = "it says what it does and how long that took")]

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::Context;

use crate::layers::{self, Graph, ROLES, inference};
use crate::{none_of, tidy};

/// A check: its name, and what it does at the root of the repository.
type Step = (&'static str, fn(&Path) -> anyhow::Result<()>);

/// The checks, the quick ones first.
const STEPS: [Step; 5] =
    [("format", format), ("house rules", house_rules), ("layers", layering), ("lints", lints), ("documentation", docs)];

/// Runs each check and says how long it took.
///
/// # Errors
/// If a check fails; those after it do not run.
pub fn run(root: &Path) -> anyhow::Result<()> {
    for (name, step) in STEPS {
        println!("== check: {name}");
        let start = Instant::now();
        step(root).with_context(|| format!("check {name}"))?;
        println!("== check: {name}: {:.1} s", start.elapsed().as_secs_f64());
    }
    Ok(())
}

fn format(root: &Path) -> anyhow::Result<()> {
    cargo(root, &["fmt", "--all", "--check"])
}

fn house_rules(root: &Path) -> anyhow::Result<()> {
    none_of(&tidy::findings(root)?)
}

fn layering(root: &Path) -> anyhow::Result<()> {
    none_of(&Graph::of_workspace(root)?.violations(&ROLES))?;
    none_of(&inference::violations(&inference::packages(root)?))?;
    let facade = root.join(layers::facade::FACADE);
    let text = fs::read_to_string(&facade).with_context(|| format!("reading {}", facade.display()))?;
    none_of(&layers::facade::check(&text))
}

fn lints(root: &Path) -> anyhow::Result<()> {
    cargo(root, &["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"])
}

/// The libraries only: the program `nar4rec` and the library `nar4rec` would be written to the same page.
fn docs(root: &Path) -> anyhow::Result<()> {
    cargo(root, &["doc", "--workspace", "--lib", "--no-deps", "--locked"])
}

/// Runs cargo with warnings of rustdoc as errors.
fn cargo(root: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let command = format!("cargo {}", arguments.join(" "));
    let mut process = Command::new(cargo);
    process.current_dir(root).args(arguments).env("RUSTDOCFLAGS", "--deny warnings");
    let status = process.status().with_context(|| format!("running `{command}`"))?;
    anyhow::ensure!(status.success(), "`{command}`: {status}");
    Ok(())
}
