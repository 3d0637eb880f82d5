//! An A/B test on a user whose mind is known: what a feedback loop does to systems that learn from what they showed.
//!
//! ```text
//!   night 0    every arm is trained on the log's train split: all on the same lists
//!   day d      requests come (Traffic), each to one arm; its list is shown, the user gives feedback, the impression is kept
//!   night d    every arm is trained anew, on the train split and on everything it showed itself so far
//!
//!   cell = arm, seed, day: a Day       seed 1: day 1: arm 1, arm 2, …   day 2: arm 1, arm 2, …
//!
//!   OUT/models/ARM-s1-d2/              the model that serves day 2; that of day 1 is removed when this is there
//!   OUT/logs/ARM-s1/day-2.jsonl.gz     what the arm showed on day 2, and what was done about it
//!   OUT/nights/ARM-s1-d2/              the data set of the night before day 2; removed when the day is done
//! ```
//!
//! The arms share nothing but the log: an arm learns from its own days alone, and from no other's. Validation stays that of the log.
//!
//! Whatever is drawn is drawn by seed, day and number of the request (`nar4rec_simulator::Traffic`), and models are functions of
//! their data and seed, so a run that was killed ends in the same bytes.

mod day;
mod report;
mod serving;
mod summary;
#[cfg(test)]
mod tests;

pub use day::{Day, QueryTally};
pub use summary::{DayLine, Lift, OnlineSummary};

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use nar4rec_data::{DataSet, OnBad, Split};
use nar4rec_simulator::{Traffic, Truth};
use nar4rec_tensor::Isa;
use nar4rec_train::Config;
use serde_json::{Value, json};

use crate::{
    Done, ExperimentError, Store, Subject, Variant, Variants, Watcher,
    oracle::{check_length, truth_of},
    series::{self, Cell},
    store::disk,
    trainer::{Trainer, Training},
};
use day::DayLog;
use serving::{Requests, Serving};

/// The arms that are compared where none is named.
const DEFAULT_ARMS: [&str; 2] = ["edge_rerank", "nar4rec"];

/// The arms of these names in their order, or the default ones; the first is the control.
///
/// # Errors
/// If a name is no system's.
pub fn arms(systems: Variants, names: &[String]) -> Result<Vec<Variant>, ExperimentError> {
    let default = DEFAULT_ARMS.map(str::to_owned);
    let names = if names.is_empty() { &default } else { names };
    let mut arms = systems.named(names)?;
    arms.sort_by_key(|arm| names.iter().position(|name| *name == arm.name));
    Ok(arms)
}

/// The truth of a log, without which no list has feedback.
///
/// # Errors
/// If it is not a simulated log, or its truth is damaged.
pub fn known_user(data: &DataSet) -> Result<Truth, ExperimentError> {
    truth_of(data.folder())?.ok_or_else(|| ExperimentError::NotSimulated { folder: data.folder().to_owned() })
}

/// An arm on a day.
struct DayCell<'a> {
    /// The arm's place, from 0, which is its group of the traffic.
    place: usize,
    arm: &'a Variant,
    seed: u64,
    /// From 1.
    day: u64,
}

impl DayCell<'_> {
    /// The name of the same arm and seed on another day.
    fn named(&self, day: u64) -> String {
        format!("{}-s{}-d{day}", self.arm.name, self.seed)
    }
}

impl Cell for DayCell<'_> {
    fn name(&self) -> String {
        self.named(self.day)
    }
}

impl fmt::Display for DayCell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} seed {} day {}", self.arm.name, self.seed, self.day)
    }
}

/// Systems that serve a known user and learn from that, side by side.
#[derive(Debug)]
pub struct Online<'a> {
    /// The simulated log.
    pub data: &'a DataSet,
    /// Its truth.
    pub truth: &'a Truth,
    /// The configuration of all arms.
    pub config: &'a Config,
    /// The arms; the first is the control.
    pub arms: &'a [Variant],
    /// The seeds: each is a test of its own.
    pub seeds: &'a [u64],
    /// How many days.
    pub days: u64,
    /// Requests a day, over all arms.
    pub daily_lists: u64,
    /// The split whose queries are asked.
    pub split: Split,
    /// What to do with a bad line.
    pub on_bad: OnBad,
    /// The instructions to use.
    pub isa: Isa,
}

impl Online<'_> {
    /// A tenth of the lists in the log's train split: so many that a night's training has something new to learn from.
    pub fn usual_daily_lists(truth: &Truth) -> u64 {
        (truth.summary().lists_by_split[Split::Train as usize] / 10).max(1)
    }

    /// What makes it the same test; there may be more seeds and more days.
    pub fn settings(&self) -> Value {
        let arms: Vec<&str> = self.arms.iter().map(|arm| arm.name.as_str()).collect();
        let (config, split, daily_lists) = (self.config, self.split, self.daily_lists);
        json!({ "config": config, "arms": arms, "split": split, "daily_lists": daily_lists })
    }

    /// Checks that every arm can be run: what is wrong with the last is told before the first is trained.
    ///
    /// # Errors
    /// If one cannot.
    pub fn check(&self) -> Result<(), ExperimentError> {
        let configs = self.arms.iter().map(|arm| arm.config(self.config, self.config.seed));
        configs.into_iter().try_for_each(|config| check_length(self.truth, &config?))
    }

    /// Runs every day that is not done. `tell` is called after each arm's day with all that are there.
    ///
    /// # Errors
    /// If a configuration cannot be, a training fails, a system does not answer, or a file cannot be read or written.
    pub fn run(
        &self,
        store: &Store,
        watcher: &mut dyn Watcher,
        tell: impl FnMut(&[Day]) -> Result<(), ExperimentError>,
    ) -> Result<Done, ExperimentError> {
        let cells = self.cells();
        self.check()?;
        let config = &self.config.with_feedback_of(self.data, self.on_bad)?;
        let requests = serving::requests((self.data, self.split), self.truth, self.on_bad)?;
        let one = |cell: &DayCell<'_>, watcher: &mut dyn Watcher| {
            let day = self.one(cell, (config, &requests), (store, watcher))?;
            if day.is_some() {
                removed(&night(cell, store))?;
            }
            Ok(day)
        };
        series::run(&cells, (store, watcher), one, tell)
    }

    /// The cells, seed by seed and day by day, so that all arms have a day before any has the next.
    fn cells(&self) -> Vec<DayCell<'_>> {
        let mut cells = Vec::new();
        for &seed in self.seeds {
            for day in 1..=self.days {
                let arms = self.arms.iter().enumerate();
                cells.extend(arms.map(|(place, arm)| DayCell { place, arm, seed, day }));
            }
        }
        cells
    }

    /// An arm's day, from the night before to its outcome. `None` if the training was stopped.
    fn one(
        &self,
        cell: &DayCell<'_>,
        (config, requests): (&Config, &Requests),
        (store, watcher): (&Store, &mut dyn Watcher),
    ) -> Result<Option<Day>, ExperimentError> {
        let config = cell.arm.config(config, cell.seed)?;
        let length = config.generator.list_length;
        let log = DayLog::of(cell, store, self.data)?;
        let night = self.data.extended(Split::Train, &log.before(), &night(cell, store))?;
        let trainer = Trainer { data: &night, on_bad: self.on_bad, isa: self.isa };
        let model = match cell.arm.subject {
            Subject::Baseline(_) => None,
            Subject::Rival(_) | Subject::Nar4rec => Some(store.models().join(cell.name())),
        };
        if let Some(model) = &model {
            if let Training::Stopped = trainer.trained(cell.arm.subject, &config, model, watcher)? {
                return Ok(None);
            }
            removed(&store.models().join(cell.named(cell.day - 1)))?;
        }
        let traffic = Traffic::new(self.truth, self.split, cell.seed)?;
        trainer.loaded((cell.arm.subject, model.as_deref()), &config, |system| {
            let serving = Serving { system, length, requests };
            let visits = (0..self.daily_lists).map(|number| traffic.visit(cell.day, number, self.arms.len()));
            let visits: Vec<_> = visits.filter(|visit| visit.group == cell.place).collect();
            let mut day = day::served(&serving, (self.truth, &traffic), &visits, (&log, watcher))?;
            (day.arm, day.seed, day.day) = (cell.arm.name.clone(), cell.seed, cell.day);
            day.config = serde_json::to_string(&config).expect("a configuration is plain data");
            Ok(Some(day))
        })
    }
}

/// Where the data set of the night before an arm's day is put together.
fn night(cell: &DayCell<'_>, store: &Store) -> PathBuf {
    store.folder().join("nights").join(cell.name())
}

/// Removes a folder, if it is there.
fn removed(folder: &Path) -> Result<(), ExperimentError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(disk(folder, "write", error)),
        _ => Ok(()),
    }
}
