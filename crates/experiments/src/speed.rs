//! How long systems take: training and inference per 1,024 lists, on one thread, with initial weights.
//!
//! ```text
//!   outcome = one row in one round: a Timing      rows: every system, the variants of `sizes`; some again at m = 2, 5, 10, 20, 40
//!   round 1: row 1, row 2, …      round 2: row 1, row 2, …      what else the machine does hits all rows of a round alike
//!   table   = medians over rounds      ratio = median over rounds of time / the generator's time in the same round
//! ```
//!
//! Requests are the first 1,024 of the split, with all their candidates. Training is one pass over them in the batches of the
//! configuration: forward, loss, backward, optimiser, by the loop that trains models. Inference begins with features that were
//! read before and ends with lists. How many requests share a pass is chosen for each system by trying, so that none is slow
//! for want of a larger batch, or of a smaller one; beside it stands the time of requests that come one at a time. The whole of NAR4Rec is timed from request to list by the reranker that
//! serves: it also reads features, the time of which has a row of its own. Everything is run once before it is timed, and the
//! lists are looked at: as long as they should be, and no candidate twice.
//!
//! As the list grows, a logged list is cut or continued by other candidates to m items, for all systems alike.

mod clock;
mod report;
mod rows;
mod summary;
#[cfg(test)]
mod tests;

pub use rows::{Timed, TimedSystem, timed};
pub use summary::{Ratios, SpeedLine, SpeedSummary, Spread};

pub(crate) use rows::systems;

use std::fmt;

use nar4rec_data::{DataSet, OnBad, Split};
use nar4rec_slate::{Impression, Request};
use nar4rec_tensor::Isa;
use nar4rec_train::{Config, Example, PrepareOptions, Prepared, first_impressions, prepare};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    Done, ExperimentError, Store, Watcher,
    series::{self, Cell},
};
use clock::Clock;
use rows::{SpeedRow, rows};

/// The lists that a time is told for, and the most that are timed.
pub(crate) const LISTS: usize = 1024;

/// One row in one round, as it is kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timing {
    /// The system's name.
    pub system: String,
    /// m, the items of a list.
    pub list_length: usize,
    /// Whether this is of the rows that follow the growing list.
    pub grown: bool,
    /// Decides the initial weights, and is another in every round.
    pub seed: u64,
    /// The split that the requests are from.
    pub split: String,
    /// The lists that were timed.
    pub lists: usize,
    /// Candidates of a request, on average.
    pub candidates: f64,
    /// Seconds of one pass of training over these lists; nothing where nothing is trained.
    pub training_seconds: Option<f64>,
    /// Seconds in which lists were made for all requests.
    pub inference_seconds: f64,
    /// The same where each request is a pass of its own, as in a service that is asked one at a time; nothing where no list is
    /// made.
    pub single_seconds: Option<f64>,
    /// Requests that shared a pass of inference; nothing where the system decides.
    pub per_pass: Option<usize>,
    /// The row's configuration.
    pub config: String,
}

impl fmt::Display for Timing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(seconds) = self.training_seconds {
            write!(f, "training {seconds:.3} s, ")?;
        }
        write!(f, "inference {:.3} s, of {} lists", self.inference_seconds, self.lists)
    }
}

/// A row in one round.
struct TimedCell<'a> {
    row: &'a SpeedRow,
    seed: u64,
}

impl Cell for TimedCell<'_> {
    fn name(&self) -> String {
        format!("{}-s{}", self.row.name(), self.seed)
    }
}

impl fmt::Display for TimedCell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} seed {}", self.row.name(), self.seed)
    }
}

/// Systems timed on one data set.
#[derive(Debug)]
pub struct Speed<'a> {
    /// The data.
    pub data: &'a DataSet,
    /// The sizes of all systems.
    pub config: &'a Config,
    /// The systems.
    pub systems: &'a [TimedSystem],
    /// A round for each seed.
    pub seeds: &'a [u64],
    /// The split that requests are from.
    pub split: Split,
    /// What to do with a bad line.
    pub on_bad: OnBad,
    /// The instructions to use.
    pub isa: Isa,
}

/// What systems are timed on.
struct Lists {
    prepared: Prepared,
    impressions: Vec<Impression>,
    requests: Vec<Request>,
}

impl Lists {
    fn candidates(&self) -> impl ExactSizeIterator<Item = usize> + '_ {
        self.requests.iter().map(|request| request.candidates().len())
    }

    /// The lists of a row.
    fn examples(&self, row: &SpeedRow) -> Result<Vec<Example>, ExperimentError> {
        let example = |impression: &Impression| match row.grown {
            Some(length) => Example::sized(impression, &self.prepared, length),
            None => Example::new(impression, &self.prepared),
        };
        self.impressions.iter().map(|impression| example(impression).map_err(|error| answer(row, error))).collect()
    }
}

/// A row that does not answer.
fn answer(row: &SpeedRow, problem: impl ToString) -> ExperimentError {
    ExperimentError::Answer { row: row.name(), problem: problem.to_string() }
}

impl Speed<'_> {
    /// What makes it the same run; there may be more systems and more rounds.
    pub fn settings(&self) -> Value {
        json!({ "config": self.config, "split": self.split, "isa": self.isa.name() })
    }

    /// Times every row of every round that was not timed. `tell` is called after each with all timings that are there.
    ///
    /// # Errors
    /// If the data cannot be read, a configuration makes no system, one does not answer as it should, or a file cannot be read
    /// or written.
    pub fn run(
        &self,
        store: &Store,
        watcher: &mut dyn Watcher,
        tell: impl FnMut(&[Timing]) -> Result<(), ExperimentError>,
    ) -> Result<Done, ExperimentError> {
        let lists = self.lists()?;
        let rows = rows(self.systems, lists.candidates().max().unwrap_or(1));
        for row in &rows {
            row.config(self.config, self.config.seed)?;
        }
        let clock = Clock::new(self.isa)?;
        let cells = self.seeds.iter().flat_map(|&seed| rows.iter().map(move |row| TimedCell { row, seed }));
        let cells: Vec<TimedCell<'_>> = cells.collect();
        series::run(&cells, (store, watcher), |cell, _| self.time(cell, (&lists, &clock)).map(Some), tell)
    }

    fn lists(&self) -> Result<Lists, ExperimentError> {
        let mut prepared = prepare(self.data, self.config, PrepareOptions { schema: None, on_bad: self.on_bad })?;
        // Encoding and items are all that is wanted of them.
        (prepared.train, prepared.valid) = (Vec::new(), Vec::new());
        let impressions = first_impressions((self.data, self.split), LISTS, &prepared, self.on_bad)?;
        let requests = impressions.iter().map(|impression| impression.request().clone()).collect();
        Ok(Lists { prepared, impressions, requests })
    }

    fn time(&self, cell: &TimedCell<'_>, (lists, clock): (&Lists, &Clock)) -> Result<Timing, ExperimentError> {
        let &TimedCell { row, seed } = cell;
        let config = row.config(self.config, seed)?;
        let examples = lists.examples(row)?;
        let timing = Timing {
            system: row.system.name().to_owned(),
            list_length: config.generator.list_length,
            grown: row.grown.is_some(),
            seed,
            split: self.split.name().to_owned(),
            lists: examples.len(),
            candidates: lists.candidates().sum::<usize>() as f64 / examples.len() as f64,
            config: serde_json::to_string(&config).expect("a configuration is plain data"),
            ..Timing::default()
        };
        match row.system.timed {
            Timed::Features => clock.features(timing, row, lists),
            Timed::Rival(_) | Timed::Generator => clock.network(timing, row, (&config, lists, &examples)),
            Timed::Pipeline => clock.pipeline(timing, row, (&config, lists, &examples)),
        }
    }
}
