//! The run of a grid: cell after cell, each kept when it is done.

use std::{fmt, num::NonZeroUsize, time::Instant};

use nar4rec_data::{DataSet, OnBad, Split};
use nar4rec_metrics::Groups;
use nar4rec_simulator::Truth;
use nar4rec_tensor::Isa;
use nar4rec_train::{Compared, Config, EvaluateOptions, compare, read_through};
use serde_json::{Value, json};

use crate::{
    Done, ExperimentError, Outcome, Store, Variant, Watcher,
    oracle::{Oracle, check_length, truth_of},
    series::{self, Cell},
    stopwatch::Stopwatch,
    trainer::{Trainer, Training, relevance},
};

/// A variant with one seed.
struct GridCell<'a> {
    variant: &'a Variant,
    seed: u64,
}

impl Cell for GridCell<'_> {
    fn name(&self) -> String {
        named(&self.variant.name, self.seed)
    }
}

impl fmt::Display for GridCell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} seed {}", self.variant.name, self.seed)
    }
}

fn named(what: &str, seed: u64) -> String {
    format!("{what}-s{seed}")
}

/// Variants × seeds on one data set.
#[derive(Debug)]
pub struct Grid<'a> {
    /// The data.
    pub data: &'a DataSet,
    /// The configuration that variants change.
    pub config: &'a Config,
    /// The variants.
    pub variants: &'a [Variant],
    /// The seeds.
    pub seeds: &'a [u64],
    /// The split that is measured.
    pub split: Split,
    /// What to do with a bad line.
    pub on_bad: OnBad,
    /// The instructions to use.
    pub isa: Isa,
}

impl Grid<'_> {
    /// What makes it the same run; there may be more variants and more seeds.
    pub fn settings(&self) -> Value {
        json!({ "config": self.config, "split": self.split })
    }

    /// Checks that every variant can be run on this data: what is wrong with the last is told before the first is trained.
    ///
    /// # Errors
    /// If one cannot.
    pub fn check(&self) -> Result<(), ExperimentError> {
        self.checked().map(|_| ())
    }

    /// The truth that was looked at for that, if there is one.
    fn checked(&self) -> Result<Option<Truth>, ExperimentError> {
        let truth = truth_of(self.data.folder())?;
        for cell in self.cells() {
            let config = cell.variant.config(self.config, cell.seed)?;
            truth.as_ref().map_or(Ok(()), |truth| check_length(truth, &config))?;
        }
        Ok(truth)
    }

    /// The outcomes that are there.
    ///
    /// # Errors
    /// If one cannot be read.
    pub fn done(&self, store: &Store) -> Result<Vec<Outcome>, ExperimentError> {
        Ok(series::known(&self.cells(), store)?.into_iter().flatten().collect())
    }

    /// Runs every cell that is not done. `tell` is called after each, with all outcomes that are there.
    ///
    /// # Errors
    /// If a configuration cannot be, a training fails, or a file cannot be read or written.
    pub fn run(
        &self,
        store: &Store,
        watcher: &mut dyn Watcher,
        tell: impl FnMut(&[Outcome]) -> Result<(), ExperimentError>,
    ) -> Result<Done, ExperimentError> {
        let cells = self.cells();
        let truth = self.checked()?;
        let config = &self.config.with_feedback_of(self.data, self.on_bad)?;
        if self.on_bad == OnBad::Fail {
            read_through(self.data, self.split, config)?;
        }
        let run = Run { grid: self, config, store, truth };
        series::run(&cells, (store, watcher), |cell, watcher| run.one(cell, watcher), tell)
    }

    /// The cells, seed by seed, so that all variants have one seed before any has two.
    fn cells(&self) -> Vec<GridCell<'_>> {
        let of_seed =
            |seed: &u64| self.variants.iter().map(|variant| GridCell { variant, seed: *seed }).collect::<Vec<_>>();
        self.seeds.iter().flat_map(of_seed).collect()
    }
}

/// A grid at work.
struct Run<'a> {
    grid: &'a Grid<'a>,
    /// The grid's configuration with what the data decide.
    config: &'a Config,
    store: &'a Store,
    truth: Option<Truth>,
}

impl Run<'_> {
    /// One cell, from training to outcome. `None` if its training was stopped.
    fn one(&self, cell: &GridCell<'_>, watcher: &mut dyn Watcher) -> Result<Option<Outcome>, ExperimentError> {
        let (variant, seed) = (cell.variant, cell.seed);
        let config = variant.config(self.config, seed)?;
        let mut outcome = Outcome {
            variant: variant.name.clone(),
            seed,
            config: serde_json::to_string(&config).expect("a configuration is plain data"),
            ..Outcome::default()
        };
        let model = variant.model().map(|model| self.store.models().join(named(model, seed)));
        if let Some(model) = &model {
            let begun = Instant::now();
            let trained_with = variant.training_config(self.config, seed)?;
            match self.trainer().trained(variant.subject, &trained_with, model, watcher)? {
                Training::Stopped => return Ok(None),
                Training::Here | Training::WentOn => (),
                Training::Whole => outcome.training_seconds = Some(begun.elapsed().as_secs_f64()),
            }
        }
        let (used, length) = ((variant.subject, model.as_deref()), config.generator.list_length);
        self.trainer().loaded(used, &config, |system| self.compared(outcome, system, length, watcher)).map(Some)
    }

    fn trainer(&self) -> Trainer<'_> {
        Trainer { data: self.grid.data, on_bad: self.grid.on_bad, isa: self.grid.isa }
    }

    fn compared(
        &self,
        outcome: Outcome,
        system: &dyn Compared,
        length: usize,
        watcher: &mut dyn Watcher,
    ) -> Result<Outcome, ExperimentError> {
        let Grid { data, split, on_bad, .. } = *self.grid;
        let options = EvaluateOptions { split, relevance: relevance(self.config).to_owned(), on_bad };
        let cutoff = NonZeroUsize::new(length).expect("a valid configuration's lists have items");
        let mut oracle = self.truth.as_ref().map(Oracle::new);
        let timed = Stopwatch::new(system);
        let comparison = compare(&[&timed], cutoff, data, &options, |lists, impression, answers| {
            watcher.measured(lists);
            if let Some(oracle) = &mut oracle {
                oracle.judge_once(impression.request(), &answers[0]);
            }
        })?;
        let outcome = Outcome {
            split: split.name().to_owned(),
            lists: comparison.lists,
            skipped: comparison.skipped.count,
            relevance: options.relevance,
            questions: Groups::of(&comparison.questions).numbers().to_vec(),
            answered: timed.read().requests,
            answering_seconds: timed.read().seconds,
            ..outcome
        };
        let outcome = outcome.measured(&comparison.systems[0], length);
        match oracle {
            Some(oracle) => oracle.finish(outcome),
            None => Ok(outcome),
        }
    }
}

#[cfg(test)]
mod tests;
