//! `nar4rec simulate`: a log of a user whose mind is known, and what its lists are worth beside the best.

use std::{
    io::{self, IsTerminal},
    path::Path,
    time::Instant,
};

use indicatif::{ProgressBar, ProgressStyle};
use nar4rec_data::{DataSet, Split};
use nar4rec_simulator::{References, SimulatorConfig, SimulatorError, Truth};
use rayon::prelude::*;

use super::read_text;
use crate::{args::SimulateArgs, console, failure::Misuse};

/// Simulates, finds the best list of every test query, and prints what was written and what it is worth.
pub(crate) fn simulate(args: SimulateArgs) -> anyhow::Result<()> {
    let mut config = args.config.as_deref().map_or_else(|| Ok(SimulatorConfig::default()), read_config)?;
    config.seed = args.seed.unwrap_or(config.seed);
    config.sessions = args.sessions.unwrap_or(config.sessions);
    config.validate().map_err(|error| Misuse(error.to_string()))?;

    let bar = progress("{spinner} writing: {pos} lists");
    let summary = nar4rec_simulator::simulate(&args.mq2008, &args.out, &config, |lists| bar.set_position(lists));
    bar.finish_and_clear();
    console::result(&summary?.to_text())?;

    let begin = Instant::now();
    let truth = Truth::open(&args.out)?;
    solve(&truth)?;
    let references = References::measure(&truth, &DataSet::open(&args.out)?, Split::Test)?;
    console::result(&format!("\nmean expected utility of a list over the test queries\n{}", references.to_text()))?;
    console::note(&format!("best lists found in {:.1} s", begin.elapsed().as_secs_f64()));
    Ok(())
}

/// Finds the best lists of the test split, on all threads.
fn solve(truth: &Truth) -> Result<(), SimulatorError> {
    let queries: Vec<&str> = truth.queries(Split::Test).map(nar4rec_simulator::Query::id).collect();
    let bar = progress("{spinner} finding the best lists: {pos} of {len} queries");
    bar.set_length(queries.len() as u64);
    let solved = queries.into_par_iter().try_for_each(|id| {
        truth.optimum(id)?;
        bar.inc(1);
        Ok(())
    });
    bar.finish_and_clear();
    solved
}

fn progress(template: &str) -> ProgressBar {
    let bar = if io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

fn read_config(path: &Path) -> anyhow::Result<SimulatorConfig> {
    let text = read_text(path)?;
    Ok(SimulatorConfig::from_toml(&text).map_err(|error| Misuse(format!("{}: {error}", path.display())))?)
}
