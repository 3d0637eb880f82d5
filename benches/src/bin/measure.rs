//! Times benchmarks by name, a line of JSON for each: what `cargo xtask bench` drives.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line prints")]

use std::collections::HashMap;
use std::io::{self, BufRead, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use nar4rec_benches::{Benchmark, Budget, Shape, Shared, Timing, Training, Work, export, names, time};
use serde::{Deserialize, Serialize};

/// Times benchmarks by name.
#[derive(Parser)]
enum Task {
    /// Prints the name of every benchmark at the named shapes
    List,
    /// Answers each line of standard input, a JSON object such as {"name": "softmax/small", "millis": 20}, with a line: the
    /// time a run took. With "keep" it stays ready for another time
    Serve,
    /// Writes models, inputs and answers for other implementations to be compared with
    Export {
        /// The shape, by name or sizes
        shape: Shape,
        /// The folder
        dir: PathBuf,
        /// With what a training step needs
        #[arg(long)]
        training: bool,
    },
}

/// What to time.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    name: String,
    /// How long to time it.
    millis: u64,
    /// The least number of samples.
    #[serde(default)]
    samples: usize,
    /// Whether it will be asked for again.
    #[serde(default)]
    keep: bool,
}

/// The answer.
#[derive(Debug, Serialize)]
struct Timed<'a> {
    name: &'a str,
    /// Nanoseconds of a run.
    least: f64,
    median: f64,
    greatest: f64,
    samples: usize,
    #[serde(flatten)]
    work: Work,
    peak: Option<&'a str>,
}

fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::List => {
            names().iter().for_each(|name| println!("{name}"));
            Ok(())
        }
        Task::Serve => serve(),
        Task::Export { shape, dir, training } => {
            export(&shape, &dir, if training { Training::Written } else { Training::Left })
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> anyhow::Result<()> {
    let (mut shared, mut kept) = (Shared::default(), HashMap::new());
    for line in io::stdin().lock().lines() {
        let asked: Asked = serde_json::from_str(&line?)?;
        let mut benchmark = match kept.remove(&asked.name) {
            Some(benchmark) => benchmark,
            None => Benchmark::named(&asked.name, &mut shared)?,
        };
        let budget = Budget { time: Duration::from_millis(asked.millis), least_samples: asked.samples };
        let Timing { least, median, greatest, samples } = time(&mut benchmark.run, budget);
        let (name, peak) = (asked.name.as_str(), benchmark.peak.as_deref());
        let timed = Timed { name, least, median, greatest, samples, work: benchmark.work, peak };
        println!("{}", serde_json::to_string(&timed)?);
        io::stdout().flush()?;
        if asked.keep {
            kept.insert(asked.name, benchmark);
        }
    }
    Ok(())
}
