//! `cargo xtask`: developer tasks of the workspace.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line prints")]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use xtask::{bench, check, evaluation, layers, none_of, root, tidy};

/// Developer tasks of the workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Everything that continuous integration checks besides tests
    Check,
    /// The house rules: file and function length, documentation, links, manifests
    Tidy,
    /// Prints the crates by layer, with what each depends on
    Layers,
    /// Benchmarks: what is timed, tuned, compared and recorded
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Checks the object that `nar4rec evaluate --json` printed
    Evaluation {
        /// The file that holds it
        file: PathBuf,
    },
}

fn main() -> ExitCode {
    match run(Task::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> anyhow::Result<()> {
    match task {
        Task::Check => check::run(root()),
        Task::Tidy => none_of(&tidy::findings(root())?),
        Task::Layers => {
            print!("{}", layers::Graph::of_workspace(root())?.map());
            Ok(())
        }
        Task::Bench(bench) => bench::run(root(), bench),
        Task::Evaluation { file } => evaluation::check_file(&file),
    }
}
