//! `compare`: a revision and the working tree, timed in turns, so that whatever disturbs one disturbs the other as well.
//!
//! The ratio of a benchmark is that of the working tree's time to the revision's, of neighbours in time: below 1 it has become
//! faster.
#![allow(clippy::print_stdout, reason = "it prints a table")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use clap::Args;
use regex::Regex;

use super::engine::{After, Engine, Program, Sampling};
use super::table::{Table, duration, median};

/// What to compare with.
#[derive(Debug, Args)]
pub struct CompareOptions {
    /// The revision, by any name git knows
    revision: String,
    /// Only names that this regular expression matches
    #[arg(long, value_name = "REGEX")]
    filter: Option<Regex>,
    /// Turns of each
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Milliseconds of a turn
    #[arg(long, default_value_t = 20)]
    millis: u64,
}

/// Where revisions are checked out.
const FOLDER: &str = "target/bench";

/// Builds both, times them and prints the ratios.
pub(crate) fn compare(root: &Path, options: &CompareOptions) -> anyhow::Result<()> {
    let before = built(root, &options.revision)?;
    let now = Program::build(root, None)?;
    let known = before.names(None)?;
    let mut names = now.names(options.filter.as_ref())?;
    names.retain(|name| known.contains(name));
    anyhow::ensure!(!names.is_empty(), "no benchmark of both has a name that the filter matches");
    let mut table = Table::new(["benchmark", &options.revision, "now", "ratio", "least", "greatest"]);
    let (mut before, mut now) = (before.start()?, now.start()?);
    for name in names {
        let turns = turns(&mut before, &mut now, &name, options)?;
        let (times, ratios): (Vec<[f64; 2]>, Vec<f64>) = turns.iter().map(|turn| (*turn, turn[1] / turn[0])).unzip();
        let time = |which: usize| duration(median(&times.iter().map(|turn| turn[which]).collect::<Vec<_>>()));
        let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        let greatest = ratios.iter().copied().fold(0.0, f64::max);
        let [ratio, least, greatest] = [median(&ratios), least, greatest].map(|ratio| format!("{ratio:.3}"));
        table.push([name, time(0), time(1), ratio, least, greatest]);
    }
    print!("{}", table.text());
    Ok(())
}

/// The times of one benchmark, turn by turn.
fn turns(before: &mut Engine, now: &mut Engine, name: &str, options: &CompareOptions) -> anyhow::Result<Vec<[f64; 2]>> {
    let mut times = Vec::new();
    for round in 0..options.rounds.max(1) {
        let after = if round + 1 < options.rounds { After::Keep } else { After::Drop };
        let sampling = Sampling { millis: options.millis, samples: 1, after };
        // Who comes first takes turns too.
        let [first, second] = if round % 2 == 0 { [&mut *before, &mut *now] } else { [&mut *now, &mut *before] };
        let mut turn = [first.time(name, sampling)?.median, second.time(name, sampling)?.median];
        if round % 2 == 1 {
            turn.swap(0, 1);
        }
        times.push(turn);
    }
    Ok(times)
}

/// `measure` of a revision.
fn built(root: &Path, revision: &str) -> anyhow::Result<Program> {
    let folder = root.join(FOLDER);
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let worktree = Worktree::add(root, folder.join("revision"), revision)?;
    let has_it = worktree.path.join("benches/src/bin/measure.rs").exists();
    anyhow::ensure!(has_it, "{revision} has no `measure`: it is older than these benchmarks");
    // Both build into one folder, so that dependencies are compiled once.
    Program::build(&worktree.path, Some(&root.join("target")))?.copied_to(folder.join("measure-before"))
}

/// A revision checked out beside the working tree; gone when dropped.
#[derive(Debug)]
struct Worktree<'a> {
    root: &'a Path,
    path: PathBuf,
}

impl<'a> Worktree<'a> {
    fn add(root: &'a Path, path: PathBuf, revision: &str) -> anyhow::Result<Self> {
        let worktree = Self { root, path };
        // One that an interrupted run left behind.
        worktree.remove();
        let mut git = worktree.git();
        let status = git.args(["add", "--quiet", "--force", "--detach"]).arg(&worktree.path).arg(revision).status()?;
        anyhow::ensure!(status.success(), "git has no revision {revision} to check out");
        Ok(worktree)
    }

    fn git(&self) -> Command {
        let mut git = Command::new("git");
        git.arg("-C").arg(self.root).arg("worktree");
        git
    }

    fn remove(&self) {
        let _ = self.git().args(["remove", "--force"]).arg(&self.path).output();
    }
}

impl Drop for Worktree<'_> {
    fn drop(&mut self) {
        self.remove();
    }
}
