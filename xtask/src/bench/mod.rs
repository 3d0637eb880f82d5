//! `cargo xtask bench`: what is timed, tuned, compared and recorded.
//!
//! The workloads are those of the crate `nar4rec-benches`; its program `measure` times them by name (`engine.rs`). Everything
//! else is here: which names, in which order, what the numbers are set beside, and how that is told.

mod check;
mod compare;
mod engine;
mod fit;
mod growth;
mod machine;
mod plot;
mod record;
mod report;
mod rival;
mod sweep;
mod table;
mod tune;
mod tuning_file;

use std::path::{Path, PathBuf};

use clap::Subcommand;

/// What to do with the benchmarks.
#[derive(Debug, Subcommand)]
pub enum Bench {
    /// Times kernels and paths and prints a table: time, speed, share of the peak, ratio to the peers
    Run(report::RunOptions),
    /// Times and keeps: a dated record in `benches/records`
    Record(report::RunOptions),
    /// Sweeps the blocking of products and writes `crates/kernels/src/tuning.rs`
    Tune(tune::TuneOptions),
    /// Fails if the instruction set and blocking that products run with are not within 5 % of the best there are
    Check,
    /// Times a revision and the working tree in turns and prints the ratio of each benchmark
    Compare(compare::CompareOptions),
    /// How the time of generator and rerank grows with each size: exponents, cliffs, a plot
    Growth(growth::GrowthOptions),
    /// Times PyTorch and ONNX Runtime beside ours: same weights, same answers, in turns
    Rival(rival::RivalOptions),
}

/// Does it, in the repository at a root.
///
/// # Errors
/// If a benchmark gives a wrong answer or cannot be built, or a file cannot be written.
pub fn run(root: &Path, bench: Bench) -> anyhow::Result<()> {
    match bench {
        Bench::Run(options) => report::run(root, &options).map(drop),
        Bench::Record(options) => record::record(root, &options),
        Bench::Tune(options) => tune::tune(root, &options),
        Bench::Check => check::check(root),
        Bench::Compare(options) => compare::compare(root, &options),
        Bench::Growth(options) => growth::growth(root, &options),
        Bench::Rival(options) => rival::rival(root, &options),
    }
}

/// A file below the root that a command writes, for its message.
fn shown(root: &Path, path: &Path) -> PathBuf {
    path.strip_prefix(root).unwrap_or(path).to_owned()
}
