//! What reranked lists of a simulated log are truly worth, and what was lost where:
//!
//! ```text
//! nar4rec rerank --model MODEL --input requests.jsonl --output lists.jsonl --lists 2000
//! cargo run --release -p nar4rec-simulator --example worth -- DIR lists.jsonl
//! ```
//!
//! The requests of a query are alike, so one session of each is enough. With `--lists` at least the number of lists that the
//! pipeline proposes (and one more with `choice = "items"`), the loss comes apart into the generator's and the evaluator's; with fewer, the generator is charged with
//! what was proposed and not written.
#![allow(clippy::print_stdout, reason = "it prints what it measured")]

use std::error::Error;

use nar4rec_data::JsonLines;
use nar4rec_simulator::{ForecastError, Query, Regret, SimulatorError, Truth};
use nar4rec_slate::Permutation;
use serde::Deserialize;

/// A line of what `nar4rec rerank` wrote.
#[derive(Deserialize)]
struct Answer {
    request_id: String,
    #[serde(flatten)]
    best: List,
    #[serde(default)]
    alternatives: Vec<List>,
}

#[derive(Deserialize)]
struct List {
    list: Vec<Item>,
    utility: f64,
}

#[derive(Deserialize)]
struct Item {
    id: String,
}

impl List {
    fn of(&self, query: &Query) -> Result<Permutation, SimulatorError> {
        let ids: Vec<&str> = self.list.iter().map(|item| item.id.as_str()).collect();
        query.list(&ids)
    }
}

/// Everything that is measured, a value for each request.
#[derive(Default)]
struct Worth {
    regrets: Vec<Regret>,
    /// Of the chosen lists.
    predicted: Vec<f64>,
    /// Between the lists proposed for a request, where there are several.
    rank_correlations: Vec<f64>,
    proposed: usize,
}

impl Worth {
    fn add(&mut self, truth: &Truth, answer: &Answer) -> Result<(), SimulatorError> {
        let query = truth.query(&answer.request_id)?;
        let lists: Vec<&List> = std::iter::once(&answer.best).chain(&answer.alternatives).collect();
        let proposed = lists.iter().map(|list| list.of(query)).collect::<Result<Vec<_>, _>>()?;
        let worth: Vec<f64> = proposed.iter().map(|list| truth.user().utility(query, list)).collect();
        let predicted: Vec<f64> = lists.iter().map(|list| list.utility).collect();
        self.regrets.push(truth.regret(query.id(), &proposed, 0)?);
        self.predicted.push(answer.best.utility);
        self.rank_correlations.extend(ForecastError::of(&predicted, &worth).and_then(|error| error.rank_correlation));
        self.proposed += proposed.len();
        Ok(())
    }

    fn to_text(&self) -> Option<String> {
        let mean = Regret::mean(&self.regrets)?;
        let chosen: Vec<f64> = self.regrets.iter().map(|regret| regret.chosen).collect();
        let forecast = ForecastError::of(&self.predicted, &chosen)?;
        let rows = [
            ("optimum", mean.optimum),
            ("best proposed", mean.best_proposed),
            ("chosen", mean.chosen),
            ("generator's error", mean.generator_error()),
            ("evaluator's error", mean.evaluator_error()),
        ];
        let row =
            |(name, value): (&str, f64)| format!("  {name:<20}{value:>8.4}{:>8.2} %\n", 100.0 * value / mean.optimum);
        let correlations = self.rank_correlations.len();
        let within = match correlations {
            0 => String::new(),
            _ => {
                let average = self.rank_correlations.iter().sum::<f64>() / correlations as f64;
                format!("; rank correlation within a request {average:.3}")
            }
        };
        Some(format!(
            "{} requests, {:.1} lists each\n{}  the chosen lists' utility predicted: mean error {:.4}, RMSE {:.4}{within}\n",
            self.regrets.len(),
            self.proposed as f64 / self.regrets.len() as f64,
            rows.map(row).concat(),
            forecast.mean_error,
            forecast.rmse
        ))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(lists)) = (arguments.next(), arguments.next()) else {
        return Err("expected the folder of a simulated log and a file that nar4rec rerank wrote".into());
    };
    let truth = Truth::open(folder)?;
    let mut worth = Worth::default();
    for line in JsonLines::<Answer>::open(lists)? {
        worth.add(&truth, &line?.value)?;
    }
    print!("{}", worth.to_text().ok_or("no lists")?);
    Ok(())
}
