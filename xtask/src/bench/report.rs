//! `run`: every kernel and path at the named shapes, set beside the peak and the peers that were measured in the same run.
#![allow(clippy::print_stdout, reason = "it prints a table")]

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use regex::Regex;
use serde::Serialize;

use super::engine::{After, Program, Sampling, Timed, Unit};
use super::machine::Machine;
use super::shown;
use super::table::{Table, digits, duration};

/// What to time and how.
#[derive(Debug, Args)]
pub struct RunOptions {
    /// Only names that this regular expression matches; peaks they are a share of are added
    #[arg(long, value_name = "REGEX")]
    filter: Option<Regex>,
    /// A few milliseconds each, and nothing that takes seconds: for the answers, which are checked, more than for the times
    #[arg(long)]
    quick: bool,
    /// Writes the results to a file as well
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Benchmarks of which one run takes a second or so.
const LONG: &str = "^training/(large|kuaishou)|/large/64$|/(1600x.*|200x.*|480x.*)/portable$";

/// A run's results.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) results: Vec<Timed>,
}

/// Times what the options ask for, prints it and writes the file.
pub(crate) fn run(root: &Path, options: &RunOptions) -> anyhow::Result<Report> {
    let program = Program::build(root, None)?;
    let mut names = program.names(options.filter.as_ref())?;
    anyhow::ensure!(!names.is_empty(), "no benchmark has a name that the filter matches");
    let mut sampling = Sampling { millis: 200, samples: 3, after: After::Drop };
    if options.quick {
        let long = Regex::new(LONG).context("the pattern of long benchmarks")?;
        names.retain(|name| !long.is_match(name));
        sampling = Sampling { millis: 3, samples: 1, ..sampling };
    }
    let report = Report { machine: Machine::this(root), results: time_all(&program, &names, sampling)? };
    println!("{}\n", report.machine.line());
    print!("{}", report.table().text());
    if let Some(file) = &options.json {
        fs::write(file, serde_json::to_string_pretty(&report)? + "\n")
            .with_context(|| format!("writing {}", file.display()))?;
        println!("\nwrote {}", shown(root, file).display());
    }
    Ok(report)
}

/// Times benchmarks, and before each the one that it is a share of.
fn time_all(program: &Program, names: &[String], sampling: Sampling) -> anyhow::Result<Vec<Timed>> {
    let mut engine = program.start()?;
    let mut results: Vec<Timed> = Vec::new();
    for name in names {
        if results.iter().any(|known| known.name == *name) {
            continue;
        }
        let timed = engine.time(name, sampling)?;
        if let Some(peak) = timed.peak.as_ref().filter(|peak| results.iter().all(|known| known.name != **peak)) {
            results.push(engine.time(peak, sampling)?);
        }
        results.push(timed);
    }
    Ok(results)
}

impl Report {
    /// A line per benchmark.
    pub(crate) fn table(&self) -> Table {
        let mut table = Table::new(["benchmark", "time", "speed", "of peak", "matrixmultiply", "ndarray"]);
        let by_name: HashMap<&str, &Timed> = self.results.iter().map(|timed| (timed.name.as_str(), timed)).collect();
        for timed in &self.results {
            let share = timed.peak.as_ref().and_then(|peak| by_name.get(peak.as_str()));
            let share = share.map(|peak| format!("{:.0} %", 100.0 * timed.speed() / peak.speed()));
            let ratio = |peer: &str| {
                let peer = by_name.get(peer_of(&timed.name, peer)?.as_str())?;
                Some(format!("{:.2}×", peer.median / timed.median))
            };
            table.push([
                timed.name.clone(),
                duration(timed.median),
                speed(timed),
                share.unwrap_or_default(),
                ratio("matrixmultiply").unwrap_or_default(),
                ratio("ndarray").unwrap_or_default(),
            ]);
        }
        table
    }
}

/// What a peer's benchmark of the same product is called, if this is one of ours.
fn peer_of(name: &str, peer: &str) -> Option<String> {
    let (product, way) = name.rsplit_once('/')?;
    let is_ours = ["product/", "int8/"].iter().any(|kind| name.starts_with(kind)) && way != "ndarray";
    let product = product.replacen("int8/", "product/", 1);
    (is_ours && way != "matrixmultiply").then(|| format!("{product}/{peer}"))
}

/// Whether what is multiplied are bytes.
fn is_of_bytes(name: &str) -> bool {
    ["int8/", "peak/dot4/"].iter().any(|kind| name.starts_with(kind))
}

fn speed(timed: &Timed) -> String {
    match timed.unit {
        Unit::Operations if is_of_bytes(&timed.name) => format!("{} GOP/s", digits(timed.speed())),
        Unit::Operations => format!("{} GFLOP/s", digits(timed.speed())),
        Unit::Bytes => format!("{} GB/s", digits(timed.speed())),
        Unit::Answers => format!("{:.0} /s", 1e9 * timed.speed()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::engine::tests::timed;
    use super::*;

    fn machine() -> Machine {
        let word = || "x".to_owned();
        let (date, cpu, rustc, commit) = (word(), word(), word(), word());
        Machine { date, cpu, cores: 2, caches: vec![], rustc, commit, dirty: false }
    }

    #[test]
    fn lines_are_set_beside_peak_and_peers() {
        let results = vec![
            timed("peak/fma/avx2", 10.0, 1000.0, None),
            timed("product/2x2x2/avx2", 20.0, 1000.0, Some("peak/fma/avx2")),
            timed("product/2x2x2/ndarray", 30.0, 1000.0, None),
            timed("softmax/small", 2000.0, 4000.0, Some("peak/copy/24")),
        ];
        let text = Report { machine: machine(), results }.table().text();
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[2], ["product/2x2x2/avx2", "20.0", "ns", "50.0", "GFLOP/s", "50", "%", "1.50×"]);
        assert_eq!(lines[4], ["softmax/small", "2.00", "µs", "2.00", "GFLOP/s"], "its peak was not measured");
    }

    #[test]
    fn peers_are_those_of_the_same_product() {
        let peer = |name| peer_of(name, "ndarray");
        assert_eq!(peer("product/1x2x3/avx2").as_deref(), Some("product/1x2x3/ndarray"));
        assert_eq!(peer("int8/1x2x3/avx2").as_deref(), Some("product/1x2x3/ndarray"));
        assert_eq!([peer("product/1x2x3/ndarray"), peer("rerank/small/1"), peer("x")], [None, None, None]);
    }

    #[test]
    fn what_takes_long_is_told_apart() {
        let long = Regex::new(LONG).unwrap();
        for name in ["training/large/1", "training/kuaishou/2", "rerank/large/64", "int8/480x128x512/portable"] {
            assert!(long.is_match(name), "{name}");
        }
        for name in ["training/small/1", "rerank/large/1", "int8/60x128x128/portable", "product/480x128x512/avx2"] {
            assert!(!long.is_match(name), "{name}");
        }
    }
}
